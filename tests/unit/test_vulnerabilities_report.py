import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelseal.errors import ToolError
from modelseal.vulnerabilities import report
from modelseal.vulnerabilities.report import Severity
from vulnerability_reports import IMAGE_ID, PACKAGES, SECRET, document, vulnerability
from vulnerability_reports import report as written


def parse(content: bytes) -> report.Report:
    return report.parse(content, image_id=IMAGE_ID)


def result(**fields: Any) -> dict[str, Any]:
    return {"Target": "x", "Class": "os-pkgs", "Type": "debian", "Packages": PACKAGES} | fields


def system(**fields: Any) -> dict[str, Any]:
    return {"ImageID": IMAGE_ID, "OS": {"Family": "debian", "Name": "12.15"} | fields}


def test_reads_what_was_found() -> None:
    read = parse(written([vulnerability(PkgPath="a/b", Title="one\ntwo")], [SECRET]))
    assert (read.image_id, read.os, read.packages) == (IMAGE_ID, "debian 12.15", 2)
    vulnerable, secret = read.findings
    assert vulnerable == report.Finding(
        kind="vulnerability", id="CVE-2023-0001", severity=Severity.HIGH, package="zlib1g", version="1",
        purl="pkg:deb/debian/zlib1g@1?arch=amd64", type="debian", path="a/b", fixed_version="2", status="fixed",
        title="one", url="https://example.org/CVE-2023-0001",
    )  # fmt: skip
    assert (secret.kind, secret.id, secret.package, secret.path) == (
        "secret", "aws-access-key-id", "/srv/cred", "/srv/cred:3",
    )  # fmt: skip


def test_an_image_without_findings_is_evidence_too() -> None:
    assert parse(written()).findings == ()
    assert parse(written([], [])).findings == ()


@pytest.mark.parametrize("missing", ["FixedVersion", "Status", "Title", "PrimaryURL", "PkgIdentifier", "PkgPath"])
def test_what_is_not_always_there_may_be_missing(missing: str) -> None:
    item = vulnerability()
    item.pop(missing, None)
    assert len(parse(written([item])).findings) == 1
    assert len(parse(written([item | {missing: None}])).findings) == 1


# Every rule under "Fail closed": what the report must have, or nothing has been shown.
BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty"),
    "blank": (b" \n\t", "empty"),
    "no JSON": (b"{", "cannot be read"),
    "cut off": (written([vulnerability()])[:-2], "cannot be read"),
    "two documents": (written() + written(), "cannot be read"),
    "not UTF-8": (b'{"SchemaVersion": "\xff\xfe"}', "cannot be read"),
    "endless nesting": (b'{"a":' * 200_000, "cannot be read"),
    "a number too long": (b'{"SchemaVersion": ' + b"2" * 5000 + b"}", "cannot be read"),
    "a list": (b"[]", "not an object"),
    "null": (b"null", "not an object"),
    "an empty object": (b"{}", "schema"),
    "schema 1": (written(SchemaVersion=1), "schema"),
    "schema 3": (written(SchemaVersion=3), "schema"),
    "schema as text": (written(SchemaVersion="2"), "schema"),
    "another image": (written(Metadata=system() | {"ImageID": f"sha256:{'2' * 64}"}), "another image"),
    "no image": (written(Metadata={"OS": {"Family": "debian", "Name": "12.15"}}), "another image"),
    "no metadata": (written(Metadata=None), "Metadata"),
    "metadata is a list": (written(Metadata=[1]), "Metadata"),
    "no results": (written(Results=None), "Results"),
    "empty results": (written(Results=[]), "Results"),
    "results are an object": (written(Results={"a": 1}), "Results"),
    "a result is a text": (written(Results=["x", result()]), "not an object"),
    "no package": (written(Results=[result(Packages=[])]), "no package"),
    "packages null": (written(Results=[result(Packages=None)]), "no package"),
    "packages are numbers": (written(Results=[result(Packages=[1])]), "not a list of objects"),
    "packages are an object": (written(Results=[result(Packages={"a": 1})]), "not a list of objects"),
    "only language packages": (written(Results=[result(Class="lang-pkgs", Type="python-pkg")]), "no package"),
    "no package of the system beside language packages": (
        written(Results=[result(Packages=[]), result(Class="lang-pkgs", Type="python-pkg")]),
        "no package",
    ),
    "no system": (written(Metadata={"ImageID": IMAGE_ID}), "operating system"),
    "no system and no results": (written(Metadata={"ImageID": IMAGE_ID}, Results=None), "FROM scratch"),
    "system none": (written(Metadata=system(Family="none", Name="")), "operating system"),
    "system without name": (written(Metadata=system(Name="")), "operating system"),
    "system without family": (written(Metadata=system(Family=None)), "operating system"),
    "system is a text": (written(Metadata={"ImageID": IMAGE_ID, "OS": "debian"}), "operating system"),
    "system's name is a number": (written(Metadata=system(Name=12)), "not a text"),
    "end of life": (written(Metadata=system(EOSL=True)), "has ended"),
    "end of life as text": (written(Metadata=system(EOSL="yes")), "has ended"),
    "severity never seen": (written([vulnerability(Severity="APOCALYPTIC")]), "APOCALYPTIC"),
    "severity in lower case": (written([vulnerability(Severity="high")]), "never seen"),
    "severity missing": (written([vulnerability(Severity=None)]), "no Severity"),
    "severity a number": (written([vulnerability(Severity=4)]), "not a text"),
    "secret's severity never seen": (written(None, [SECRET | {"Severity": "?"}]), "never seen"),
    "no id": (written([vulnerability(VulnerabilityID="")]), "no VulnerabilityID"),
    "no package name": (written([vulnerability(PkgName=None)]), "no PkgName"),
    "no version": (written([vulnerability(InstalledVersion="")]), "no InstalledVersion"),
    "no rule": (written(None, [SECRET | {"RuleID": None}]), "no RuleID"),
    "fixed version is a list": (written([vulnerability(FixedVersion=["2"])]), "not a text"),
    "identifier is a text": (written([vulnerability(PkgIdentifier="pkg:x")]), "not an object"),
    "a vulnerability is a text": (written(["CVE-2023-0001"]), "not a list of objects"),
    "a vulnerability is null": (written([None]), "not a list of objects"),
    "vulnerabilities are an object": (written(Results=[result(Vulnerabilities={"a": 1})]), "not a list of objects"),
    "secrets are a text": (written(Results=[result(Secrets="x")]), "not a list of objects"),
    "the same key twice": (written().replace(b'"Results":', b'"Results": [], "Results":', 1), "twice"),
    "the same key twice, deep": (
        written([vulnerability()]).replace(b'"Severity": "HIGH"', b'"Severity": "HIGH", "Severity": "LOW"', 1),
        "twice",
    ),
}


@pytest.mark.parametrize(("content", "what"), BAD.values(), ids=BAD.keys())
def test_what_is_no_evidence_is_an_error(content: bytes, what: str) -> None:
    with pytest.raises(ToolError) as caught:
        parse(content)
    assert what in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_every_truncation_is_an_error() -> None:
    content = written([vulnerability()], [SECRET])
    for size in range(len(content)):
        with pytest.raises(ToolError):
            parse(content[:size])


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from places(value, (*path, key))


WHOLE = document([vulnerability(), vulnerability(Severity="LOW", VulnerabilityID="CVE-2")], [SECRET])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from([path for path in places(WHOLE) if path]), JSON | st.just("\ud800\u202e"), st.booleans())
def test_a_strange_value_anywhere_is_read_or_refused(path: tuple[Any, ...], value: Any, remove: bool) -> None:  # noqa: FBT001
    changed = json.loads(json.dumps(WHOLE))
    node = changed
    for key in path[:-1]:
        node = node[key]
    if remove:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    try:
        read = parse(json.dumps(changed).encode())
    except ToolError:
        return
    assert read.image_id == IMAGE_ID
    assert read.packages > 0


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(ToolError):
        parse(content)
