import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelseal.errors import InputError
from modelseal.gate import license_names
from modelseal.gate.licenses import Terms
from modelseal.gate.policy import Licenses


def refused(license_: str, denied: str = "", allowed: str = "") -> bool:
    lists = (tuple(item.strip() for item in text.split(",") if item.strip()) for text in (denied, allowed))
    return Terms(Licenses(*lists)).judge(license_)[0]


# What Trivy 0.74 writes for Debian's packages and Python's, what PyPI's classifiers say, and what npm and Maven allow.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MIT", "MIT"),
        ("mit", "MIT"),
        ("The MIT License", "MIT"),
        ("License :: OSI Approved :: MIT License", "MIT"),
        ("Expat", "MIT"),
        ("GPL-2", "GPL-2.0-only"),
        ("GPL-2+", "GPL-2.0-or-later"),
        ("GPL-2.0", "GPL-2.0-only"),
        ("GPL-2.0+", "GPL-2.0-or-later"),
        ("gpl-2.0-or-later", "GPL-2.0-or-later"),
        ("GPL version 3", "GPL-3.0-only"),
        ("GPLv3+", "GPL-3.0-or-later"),
        ("GNU General Public License v2 or later (GPLv2+)", "GPL-2.0-or-later"),
        ("GNU Lesser General Public License v3 (LGPLv3)", "LGPL-3.0-only"),
        ("GNU Affero General Public License v3", "AGPL-3.0-only"),
        ("AGPL3", "AGPL-3.0-only"),
        ("LGPL-2.1+", "LGPL-2.1-or-later"),
        ("GFDL-1.3+", "GFDL-1.3-or-later"),
        ("GFDL-1.3-no-invariants-or-later", "GFDL-1.3-no-invariants-or-later"),
        ("GPL-3+ with Bison exception", "GPL-3.0-or-later WITH bison exception"),
        ("GPL-2+-libtool-exception", "GPL-2.0-or-later WITH Libtool-exception"),
        ("GPL-3.0-with-autoconf-exception+", "GPL-3.0-or-later WITH autoconf-exception"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"),
        ("BSD-3-clause", "BSD-3-Clause"),
        ("BSD-2", "BSD-2-Clause"),
        ("New BSD License", "BSD-3-Clause"),
        ("BSD License", "BSD-2-Clause|BSD-3-Clause"),
        ("GPL", "GPL-2.0-only|GPL-3.0-only"),
        ("Apache 2.0", "Apache-2.0"),
        ("Apache-2", "Apache-2.0"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("http://www.apache.org/licenses/LICENSE-2.0.txt", "Apache-2.0"),
        ("https://opensource.org/licenses/MIT", "MIT"),
        ("MPL-2.0+", "MPL-2.0+"),
        ("Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0"),
        ("Artistic-2", "Artistic-2.0"),
        ("zlib/libpng", "Zlib"),
        ("public-domain", ""),
        ("CUSTOM License: Permission to use,...", ""),
        ("Dual License", ""),
        ("UNKNOWN", ""),
        ("LicenseRef-acme", ""),
        ("GPL-9", ""),
        ("GPL v2, GPLv3", ""),
        ("MIT AND AGPL-3.0-only", ""),
        ("MIT WITH x AND AGPL-3.0-only", ""),
        ("MIT\nAGPL-3.0-only", ""),
        ("https://evil.example/AGPL-3.0 https://evil.example/MIT", ""),
        ("Classpath-exception-2.0", ""),
        ("", ""),
    ],
)
def test_reads_names(text: str, expected: str) -> None:
    assert "|".join(map(str, license_names.read(text))) == expected


@pytest.mark.parametrize(
    ("text", "denied", "expected"),
    [
        ("AGPL-3.0-only", "AGPL-3.0-only", True),
        ("agpl-3.0", "AGPL-3.0-only", True),
        ("AGPLv3+", "AGPL-3.0-only", True),  # there is no later version to take
        ("MIT", "AGPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", "GPL-3.0-only", False),
        ("GPL-3.0-only OR MIT", "GPL-3.0-only", False),
        ("MIT AND GPL-3.0-only", "GPL-3.0-only", True),
        ("MIT OR (GPL-3.0-only AND ISC)", "GPL-3.0-only", False),
        ("MIT AND (GPL-3.0-only OR ISC)", "GPL-3.0-only", False),
        ("(MIT AND GPL-3.0-only) OR AGPL-3.0-only", "GPL-3.0-only, AGPL-3.0-only", True),
        ("MIT OR ISC AND GPL-3.0-only", "GPL-3.0-only", False),  # AND binds more tightly
        ("GPL-2.0-or-later", "GPL-2.0-only", False),  # as GPL-3.0-only
        ("GPL-2.0-or-later", "GPL-3.0-only", False),
        ("GPL-2.0-or-later", "GPL-2.0-only, GPL-3.0-only", True),
        ("GPL-2.0-or-later", "GPL-2.0-or-later", True),
        ("GPL-3.0-only", "GPL-2.0-or-later", True),
        ("GPL-2.0-only", "GPL-3.0-or-later", False),
        ("LGPL-2.1-only", "GPL-2.0-or-later", False),
        ("GPL-2.0-or-later AND MIT", "GPL-2.0-only", False),
        ("GPL v3 or later and MIT", "GPL-3.0-only", True),
        ("AGPL-3.0-or-later AND MIT", "AGPL-3.0-only", True),
        ("AGPL-3.0-or-later OR MIT", "AGPL-3.0-only", False),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only", True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0", True),
        ("GPL-2.0-only", "GPL-2.0-only WITH Classpath-exception-2.0", False),
        ("GPL-3+ with Bison exception", "GPL-3.0-only", True),
        ("GPL", "GPL-3.0-only", True),
        ("BSD-3-clause and/or GPL-3+", "GPL-3.0-only", True),
        ("MIT/GPL-3.0", "GPL-3.0-only", True),
        ("MIT, GPL-3.0", "GPL-3.0-only", True),
        ("MIT || GPL-3.0", "GPL-3.0-only", False),
        ("something odd", "GPL-3.0-only", False),
        ("", "GPL-3.0-only", False),
        ("something odd OR GPL-3.0-only", "GPL-3.0-only", True),
        ("something odd AND GPL-3.0-only", "GPL-3.0-only", True),
        ("AGPL-3.0 with our own words", "AGPL-3.0-only", True),
        ("see AGPL-3.0 (in part)", "AGPL-3.0-only", True),
        ("MIT WITH x AND AGPL-3.0-only", "AGPL-3.0-only", True),
        ("AGPL-3.0-only AND", "AGPL-3.0-only", True),
        ("((AGPL-3.0-only)", "AGPL-3.0-only", True),
        (f"{'(' * 900}AGPL-3.0-only{')' * 900}", "AGPL-3.0-only", True),
        ("LicenseRef-Acme", "LicenseRef-acme", True),
        ("Acme License", "LicenseRef-acme", True),
        ("LicenseRef-other", "LicenseRef-acme", False),
    ],
)
def test_denied(text: str, denied: str, expected: bool) -> None:  # noqa: FBT001 -- a column of the table
    assert refused(text, denied=denied) is expected


@pytest.mark.parametrize(
    ("text", "allowed", "expected"),
    [
        ("MIT", "MIT", False),
        ("Expat", "MIT", False),
        ("ISC", "MIT", True),
        ("MIT OR GPL-3.0-only", "MIT", False),
        ("MIT AND GPL-3.0-only", "MIT", True),
        ("MIT AND ISC", "MIT, ISC", False),
        ("GPL-2.0-or-later", "GPL-2.0-only", False),
        ("GPL-2.0-or-later", "GPL-3.0-only", False),
        ("GPL-2.0-or-later", "LGPL-3.0-only", True),
        ("GPL-3.0-only", "GPL-2.0-or-later", False),
        ("GPL-1.0-only", "GPL-2.0-or-later", True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only", False),
        ("GPL-2.0-only", "GPL-2.0-only WITH Classpath-exception-2.0", True),
        ("GPL-2.0-only WITH Bison-exception-2.2", "GPL-2.0-only WITH Classpath-exception-2.0", True),
        ("BSD", "BSD-3-Clause", True),
        ("BSD", "BSD-3-Clause, BSD-2-Clause", False),
        ("public-domain", "MIT", True),
        ("public-domain", "public-domain", False),
        ("Public-Domain AND Expat", "public-domain, MIT", False),
        ("public-domain-md5", "public-domain", True),
        ("MIT OR something odd", "MIT", False),
        ("MIT AND something odd", "MIT", True),
        ("something odd", "MIT", True),
        ("", "MIT", True),
        ("MIT-old", "MIT", True),
        ("NOASSERTION", "MIT", True),
    ],
)
def test_allowed(text: str, allowed: str, expected: bool) -> None:  # noqa: FBT001 -- a column of the table
    assert refused(text, allowed=allowed) is expected


def test_denied_counts_before_allowed() -> None:
    assert refused("MIT", denied="MIT", allowed="MIT")
    assert not refused("MIT OR ISC", denied="MIT", allowed="ISC, MIT")


@pytest.mark.parametrize(
    ("text", "denied", "allowed", "reason"),
    [
        ("GPL-2+", "GPL-2.0-only", "",
         "GPL-2.0-or-later (GPL-2+) can be taken as GPL-3.0-only, which is not denied"),
        ("MIT OR GPL-3.0-only", "GPL-3.0-only", "", "MIT is not denied"),
        ("MIT AND GPL-3.0-only", "GPL-3.0-only", "", "GPL-3.0-only is denied"),
        ("MIT AND ISC", "GPL-3.0-only", "", "MIT is not denied; ISC is not denied"),
        ("ISC", "", "MIT", "ISC is not among the licences that are allowed"),
        ("odd one", "", "MIT", "'odd one' is no licence that SPDX knows, and not allowed by that name"),
        ("odd one", "MIT", "", "'odd one' is no licence that SPDX knows"),
    ],
)  # fmt: skip
def test_says_why(text: str, denied: str, allowed: str, reason: str) -> None:
    terms = Terms(Licenses((denied,) if denied else (), (allowed,) if allowed else ()))
    assert terms.judge(text)[1] == reason


@pytest.mark.parametrize(
    ("denied", "mend"),
    [
        ("AGPL-3.0-onyl", "Did you mean `AGPL-3.0-only`?"),
        ("GPL", "GPL-2.0-only, GPL-3.0-only"),
        ("BSD", "BSD-3-Clause"),
        ("MIT OR X11", "on its own"),
        ("public-domain", "LicenseRef-"),
        ("", "on its own"),
    ],
)
def test_refuses_to_deny_what_would_deny_nothing_or_too_much(denied: str, mend: str) -> None:
    with pytest.raises(InputError) as caught:
        Terms(Licenses((denied,)), source="p.yml")
    assert mend in caught.value.mend
    assert caught.value.where == "p.yml"


LEAVES = st.sampled_from(["MIT", "ISC", "GPL-2.0-or-later", "GPL-3.0-only", "odd"])
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda part: st.tuples(part, st.sampled_from([" AND ", " OR "]), part).map(lambda parts: f"({''.join(parts)})"),
    max_leaves=8,
)
SOME = st.lists(st.sampled_from(["MIT", "ISC", "GPL-2.0-only", "GPL-3.0-only"]), max_size=3, unique=True)


@settings(max_examples=100, deadline=None)
@given(EXPRESSIONS, EXPRESSIONS, SOME, SOME, st.sampled_from(["MIT", "GPL-3.0-only"]))
def test_expressions_are_judged_as_logic(
    one: str, other: str, denied: list[str], allowed: list[str], more: str
) -> None:
    own = ",".join(denied), ",".join(allowed)
    both, either = refused(f"{one} AND {other}", *own), refused(f"{one} OR {other}", *own)
    assert both == (refused(one, *own) or refused(other, *own))
    if allowed or "odd" not in one + other:
        assert either == (refused(one, *own) and refused(other, *own))
    assert either <= both
    assert refused(one, *own) <= refused(one, ",".join({*denied, more}), own[1])
    if allowed:
        assert refused(one, own[0], ",".join({*allowed, more})) <= refused(one, *own)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="()/,|& ANDORWITHMIT-+.:123gpl\n\0é", max_size=60))
def test_any_text_is_judged(text: str) -> None:
    assert Terms(Licenses((), ("MIT",))).judge(text)[1]


@pytest.mark.parametrize("text", ["A" * 1_000_000, "(" * 1_000_000, "A OR " * 200_000, "A with " * 100_000])
def test_huge_texts_are_judged_in_time(text: str) -> None:
    started = time.process_time()
    assert refused(text, allowed="MIT")
    assert time.process_time() - started < 3
