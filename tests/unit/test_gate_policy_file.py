import hashlib
import json
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import policy_reference
from modelseal.errors import InputError
from modelseal.gate import policy_file, policy_grammar, yaml_text
from modelseal.gate.deployment import Deployment
from modelseal.gate.finding import Kind, Severity
from modelseal.gate.grammar import Reading, every_key
from modelseal.gate.policy import Licenses, Policy, Rule, Threshold, Waiver

TODAY = policy_reference.TODAY
SOURCE = ".github/modelseal.yml"
PAGE = policy_reference.PAGE.read_text(encoding="utf-8")
EXAMPLES = policy_reference.examples(PAGE)
SECONDS = 1.0


@pytest.fixture(params=["libyaml", "pure Python"], autouse=True, scope="module")
def parser(request: pytest.FixtureRequest) -> Any:
    """Run everything with each of the two parsers that PyYAML can have."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "libyaml":
            assert hasattr(yaml, "CSafeLoader"), "the locked PyYAML has libyaml"
        else:
            patch.delattr(yaml, "CSafeLoader")
        yield


def parse(text: str | bytes) -> Policy:
    content = text.encode() if isinstance(text, str) else text
    return policy_file.parse(content, SOURCE, today=TODAY)


def mistakes(text: str | bytes) -> list[tuple[int, str, str, str]]:
    with pytest.raises(policy_file.PolicyError) as caught:
        parse(text)
    return [(item.place.line, item.key, item.what, item.mend) for item in caught.value.mistakes]


# --- what is accepted ----------------------------------------------------------------------------------------------


def test_the_least_policy_is_the_default_one() -> None:
    content = b"version: 1\n"
    assert parse(content) == Policy(source=SOURCE, sha256=hashlib.sha256(content).hexdigest())


def test_every_key_reaches_the_policy() -> None:
    usual = frozenset({Severity.CRITICAL, Severity.HIGH})
    text = EXAMPLES["complete"]
    assert parse(text) == Policy(
        thresholds=(
            (Kind.VULNERABILITY, Threshold(usual, grace_days=((Severity.CRITICAL, 2), (Severity.HIGH, 7)))),
            (Kind.SECRET, Threshold(usual | {Severity.MEDIUM})),
            (Kind.MISCONFIGURATION, Threshold(frozenset({Severity.CRITICAL}))),
        ),
        rules=(
            Rule(
                ("debian",),
                (),
                ("pkg:deb/debian/linux-libc-dev",),
                frozenset({Severity.CRITICAL}),
                ignore_unfixed=True,
                line=10,
            ),
            Rule((), ("opt/tools/**",), (), None, None, ((Severity.CRITICAL, 7), (Severity.HIGH, 30)), line=14),
        ),
        licenses=Licenses(("AGPL-3.0-only", "AGPL-3.0-or-later")),
        waivers=(
            Waiver(
                "CVE-2024-0001",
                "Only images that we made ourselves are opened.",
                "ml-platform",
                date(2026, 12, 31),
                "pkg:pypi/pillow",
                "**/site-packages/**",
                "ghcr.io/acme/*",
                "vulnerable_code_cannot_be_controlled_by_adversary",
                line=33,
                expires_line=37,
            ),
            Waiver(
                "aws-access-key-id",
                "The key in the documentation's example was never valid.",
                "docs-team",
                date(2026, 12, 31),
                path="srv/docs/example.env",
                line=41,
                expires_line=43,
            ),
        ),
        unreadable=("srv/tests/broken/**",),
        deployments=(
            ("staging", Deployment("acme/fraud-model", require=("provenance", "vulns"), line=49)),
            (
                "production",
                Deployment(
                    repository="acme/fraud-model",
                    repository_id="804070735",
                    owner_id="16248153",
                    signer_workflow="acme/fraud-model/.github/workflows/release.yml",
                    source_ref="refs/tags/v*",
                    runner="github-hosted",
                    triggers=("push", "release"),
                    require=("provenance", "spdx", "cyclonedx", "vulns", "model-signature"),
                    max_age=timedelta(days=7),
                    line=52,
                ),
            ),
        ),
        source=SOURCE,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
    )


def waiver(**changes: str) -> str:
    """Return a policy with a waiver, some of its lines changed or, where they are empty, left out."""
    lines = {"id": "CVE-2024-0001", "expires": "2026-12-31", "reason": "Never reached.", "owner": "a-team"} | changes
    return "version: 1\nwaivers:\n  -\n" + "".join(f"    {key}: {text}\n" for key, text in lines.items() if text)


@pytest.mark.parametrize(
    "text",
    [
        "version: 1",
        "---\nversion: 1\n...\n",
        "\ufeffversion: 1\n",
        "version: 1\r\nsecrets:\r\n  fail-on: []\r\n",
        "version: 1 # with a comment\n#\twith a tab in it\n",
        '{"version": 1, "secrets": {"fail-on": ["HIGH"]}}',
        "version: 1\nmisconfigurations: {fail-on: []}\n",
        "version: 1\nvulnerabilities: {}\nwaivers: []\n",
        "version: 1\nvulnerabilities: {rules: [{packages: ['pkg:deb/debian/linux-libc-dev'], fail-on: []}]}\n",
        "version: 1\nvulnerabilities: {rules: [{types: [debian], grace-period: {}}]}\n",
        "version: 1\nlicenses: {allowed: [MIT, LicenseRef-ours], denied: []}\n",
        waiver(id="GHSA-2f9x-5v75-3qv4"),
        waiver(id="DLA-1234-1"),
        waiver(id="AVD-DS-0002"),
        waiver(id="AGPL-3.0-only"),
        waiver(expires='"2026-12-31"'),
        waiver(expires="2020-02-29"),
        waiver(expires="2027-05-21"),
        waiver(reason=">\n      It takes\n      two lines.", owner="no"),
        waiver(reason='"no: yes"', owner="12:30:00"),
        waiver(reason="1_000", owner="on"),
        f"{waiver(expires='2027-11-23')}waiver-maximum-days: 366\n",
    ],
)
def test_accepted(text: str) -> None:
    assert parse(text).sha256 == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("text", ["no", "on", "yes", "1_000", "12:30:00", "2026-12-31", "=", "0b11", "<<"])
def test_texts_that_older_yaml_turns_into_something_else_stay_texts(text: str) -> None:
    assert parse(waiver(owner=text)).waivers[0].owner == text


def test_texts_are_brought_to_one_line() -> None:
    assert parse(waiver(reason="|\n      a\n\n      b")).waivers[0].reason == "a b"


# --- what is refused: as a new user would write it ------------------------------------------------------------------

V = "version: 1\n"
VULNERABILITIES = f"{V}vulnerabilities:\n"
RULE = f"{VULNERABILITIES}  rules:\n    - "
WRONG = [
    # The file as a whole, and its shape.
    ("version: 1\n  vulnerabilities:\n", 2, "", "begin in the same column"),
    (f"{VULNERABILITIES}  fail-on: [HIGH]\n   ignore-unfixed: true\n", 4, "", "begin in the same column"),
    (f"{VULNERABILITIES}    fail-on: [HIGH]\n  ignore-unfixed: true\n", 4, "", "begin in the same column"),
    (f"{VULNERABILITIES}\tfail-on: [HIGH]\n", 3, "", "Indent with spaces"),
    (f"{V}\t\nsecrets: {{}}\n", 2, "", "Indent with spaces"),
    (f"{V}waivers:\n  - id: CVE-2024-0001\n  reason: x\n", 4, "", "- "),
    (f"{V}secrets:\n  fail-on: [HIGH\n", 4, "", "[CRITICAL, HIGH]"),
    (f"{V}secrets:\n  fail-on: [HIGH}}\n", 3, "", "[CRITICAL, HIGH]"),
    (f"{V}scan:\n  unreadable: [**/x]\n", 3, "", "into quotes"),
    (f"{V}scan:\n  unreadable: [*.pem]\n", 3, "", "into quotes"),
    (f"{V}scan:\n  unreadable:\n    - !srv/**\n", 4, "scan.unreadable[0]", "into quotes"),
    (f"{V}scan:\n  unreadable: [@srv/**]\n", 3, "", "into quotes"),
    (f"{V}scan:\n  unreadable: ['srv/**]\n", 4, "", "Close it"),
    (f'{V}scan:\n  unreadable: ["srv\\d"]\n', 3, "", "single quotes"),
    (f"{V}vulnerabilities\nsecrets: {{}}\n", 3, "", "colon"),
    (f"{V}---\nversion: 1\n", 2, "", "one document"),
    (f"%YAML 1.1\n---\n{V}", 1, "", "Take it out"),
    (f"{V}secrets: &s {{}}\n", 2, "secrets", "Take it out"),
    (f"{V}secrets: {{}}\nmisconfigurations: *s\n", 3, "misconfigurations", "Write the value out"),
    (f"{V}secrets: !!map {{}}\n", 2, "secrets", "Take it out"),
    (f"{V}secrets:\n  <<: {{}}\n", 3, "secrets.<<", "Write the keys out"),
    (f"{V}version: 1\n", 2, "version", "Keep one of them"),
    (f"{V}? [a]\n: b\n", 2, "", "Write `key: value`"),
    (f"{V}secrets: \x00\n", 2, "", "Delete it"),
    (f"{V}secrets: {{}} # \u202egnp\n", 2, "", "Delete it"),
    (f"{V}a: {'[' * 40}\n", 2, "", "docs/policy.md"),
    ("version 1\n", 1, "", "`version`"),
    ("- version: 1\n", 1, "", "`version`"),
    # Keys.
    ("secrets: {}\n", 1, "version", "Add `version: 1`."),
    ("version: 2\n", 1, "version", "Use a newer Modelseal"),
    ("version: 0\n", 1, "version", "Write 1"),
    ("version: 1.0\n", 1, "version", "Write 1"),
    ('version: "1"\n', 1, "version", "without quotes"),
    ("version: v1\n", 1, "version", "Write 1"),
    ("version:\n", 1, "version", "Give it one"),
    (f"{V}vulnerability: {{}}\n", 2, "vulnerability", "Did you mean `vulnerabilities`?"),
    (f"{V}secret: {{}}\n", 2, "secret", "Did you mean `secrets`?"),
    (f"{V}licences: {{}}\n", 2, "licences", "Did you mean `licenses`?"),
    (f"{V}ignore: []\n", 2, "ignore", "Did you mean `waivers`?"),
    (f"{VULNERABILITIES}  failOn: [HIGH]\n", 3, "vulnerabilities.failOn", "Did you mean `fail-on`?"),
    (f"{VULNERABILITIES}  fail_on: [HIGH]\n", 3, "vulnerabilities.fail_on", "Did you mean `fail-on`?"),
    (f"{VULNERABILITIES}  severity: [HIGH]\n", 3, "vulnerabilities.severity", "Did you mean `fail-on`?"),
    (f"{VULNERABILITIES}  fial-on: [HIGH]\n", 3, "vulnerabilities.fial-on", "Did you mean `fail-on`?"),
    (f"{V}fail-on: [HIGH]\n", 2, "fail-on", "below `vulnerabilities`, "),
    (f"{V}secrets: {{ignore-unfixed: true}}\n", 2, "secrets.ignore-unfixed", "It belongs below `vulnerabilities`"),
    (f"{VULNERABILITIES}  waivers: []\n", 3, "vulnerabilities.waivers", "at the top level"),
    (f"{V}scanners: [vuln]\n", 2, "scanners", "below `with:`"),
    (f"{V}datasets: {{}}\n", 2, "datasets", "Known here: version, "),
    # Severities, booleans, numbers.
    (f"{VULNERABILITIES}  fail-on: [high]\n", 3, "vulnerabilities.fail-on[0]", "Write HIGH."),
    (f"{VULNERABILITIES}  fail-on:\n    - HIGH\n    - critical\n", 5, "vulnerabilities.fail-on[1]", "Write CRITICAL."),
    (f"{VULNERABILITIES}  fail-on: [HIHG]\n", 3, "vulnerabilities.fail-on[0]", "Did you mean HIGH?"),
    (f"{VULNERABILITIES}  fail-on: [SEVERE]\n", 3, "vulnerabilities.fail-on[0]", "Write one of them"),
    (f"{VULNERABILITIES}  fail-on: HIGH\n", 3, "vulnerabilities.fail-on", "Write [HIGH]."),
    (f"{VULNERABILITIES}  fail-on: CRITICAL,HIGH\n", 3, "vulnerabilities.fail-on", "Write [CRITICAL, HIGH]."),
    (f'{VULNERABILITIES}  fail-on: ["CRITICAL,HIGH"]\n', 3, "vulnerabilities.fail-on[0]", "item of its own"),
    (f"{VULNERABILITIES}  fail-on: [HIGH, HIGH]\n", 3, "vulnerabilities.fail-on[1]", "Take one of them out."),
    (f"{VULNERABILITIES}  fail-on: []\n", 3, "vulnerabilities.fail-on", "a gate that cannot fail is none"),
    (f"{VULNERABILITIES}  fail-on:\n", 3, "vulnerabilities.fail-on", "take the line out"),
    (f"{VULNERABILITIES}  fail-on: [[HIGH]]\n", 3, "vulnerabilities.fail-on[0]", "CRITICAL, HIGH"),
    (f"{VULNERABILITIES}  ignore-unfixed: yes\n", 3, "vulnerabilities.ignore-unfixed", "Write `true`"),
    (f"{VULNERABILITIES}  ignore-unfixed: True\n", 3, "vulnerabilities.ignore-unfixed", "Write `true`"),
    (f"{VULNERABILITIES}  ignore-unfixed: off\n", 3, "vulnerabilities.ignore-unfixed", "Write `false`"),
    (f'{VULNERABILITIES}  ignore-unfixed: "false"\n', 3, "vulnerabilities.ignore-unfixed", "without quotes"),
    (f"{VULNERABILITIES}  ignore-unfixed: maybe\n", 3, "vulnerabilities.ignore-unfixed", "Write one of the two"),
    (f"{VULNERABILITIES}  grace-period: 7\n", 3, "vulnerabilities.grace-period", "{CRITICAL: 2, HIGH: 7}"),
    (f"{VULNERABILITIES}  grace-period: {{high: 7}}\n", 3, "vulnerabilities.grace-period.high", "Write HIGH."),
    (
        f"{VULNERABILITIES}  grace-period: {{HIGH: 7d}}\n",
        3,
        "vulnerabilities.grace-period.HIGH",
        "without quotes or unit",
    ),
    (f"{VULNERABILITIES}  grace-period: {{HIGH: -1}}\n", 3, "vulnerabilities.grace-period.HIGH", "from 0 to 365"),
    (f"{VULNERABILITIES}  grace-period: {{HIGH: 07}}\n", 3, "vulnerabilities.grace-period.HIGH", "plain digits"),
    (f"{VULNERABILITIES}  grace-period: {{HIGH: 1_0}}\n", 3, "vulnerabilities.grace-period.HIGH", "plain digits"),
    (f"{V}waiver-maximum-days: 9999\n", 2, "waiver-maximum-days", "from 1 to 366"),
    (f"{V}waiver-maximum-days: {'9' * 5000}\n", 2, "waiver-maximum-days", "from 1 to 366"),
    # Rules.
    (f"{RULE}fail-on: [HIGH]\n", 4, "vulnerabilities.rules[0]", "Add `types`, `paths` or `packages`"),
    (f"{RULE}types: [debian]\n", 4, "vulnerabilities.rules[0]", "Add `fail-on`"),
    (f"{RULE}{{types: [debian], fail-on: []}}\n", 4, "vulnerabilities.rules[0].fail-on", "`packages`, without `*`"),
    (f"{RULE}{{packages: ['pkg:npm/*'], fail-on: []}}\n", 4, "vulnerabilities.rules[0].fail-on", "without `*`"),
    (f"{RULE}{{types: [pypi], fail-on: [HIGH]}}\n", 4, "vulnerabilities.rules[0].types[0]", "Write python-pkg."),
    (f"{RULE}{{types: [Debian], fail-on: [HIGH]}}\n", 4, "vulnerabilities.rules[0].types[0]", "Write debian."),
    (f"{RULE}{{types: [], fail-on: [HIGH]}}\n", 4, "vulnerabilities.rules[0].types", "Name a type."),
    (f"{RULE}{{paths: ['**'], fail-on: [HIGH]}}\n", 4, "vulnerabilities.rules[0].paths[0]", "Name a folder"),
    (f"{RULE}{{paths: [usr/], fail-on: [HIGH]}}\n", 4, "vulnerabilities.rules[0].paths[0]", "`usr/**`"),
    (f"{RULE}{{packages: [pillow], fail-on: [HIGH]}}\n", 4, "vulnerabilities.rules[0].packages[0]", "pkg:pypi/pillow"),
    (f"{VULNERABILITIES}  rules:\n    types: [debian]\n", 4, "vulnerabilities.rules", "with `- ` before its first key"),
    # Licences.
    (f"{V}licenses: {{allowed: []}}\n", 2, "licenses.allowed", "take the line out"),
    (f"{V}licenses: {{denied: [AGPL-3.0-onyl]}}\n", 2, "licenses.denied[0]", "AGPL-3.0-only"),
    (f"{V}licenses: {{denied: [MIT OR ISC]}}\n", 2, "licenses.denied[0]", "each licence on its own"),
    # Waivers.
    (f"{V}waivers:\n  id: CVE-2024-0001\n", 3, "waivers", "with `- ` before its first key"),
    (f"{V}waivers:\n  - CVE-2024-0001\n", 3, "waivers[0]", "`id`, `package`"),
    (f"{V}waivers:\n", 2, "waivers", "take the line out"),
    (waiver(id=""), 4, "waivers[0].id", "Add `id: "),
    (waiver(expires=""), 4, "waivers[0].expires", "Add `expires: "),
    (waiver(reason=""), 4, "waivers[0].reason", "Add `reason: "),
    (waiver(owner=""), 4, "waivers[0].owner", "Add `owner: "),
    (waiver(id='""'), 4, "waivers[0].id", "Copy the id"),
    (waiver(id="~"), 4, "waivers[0].id", "Give it one"),
    (waiver(id="CVE-2024-*"), 4, "waivers[0].id", "without `*`"),
    (waiver(id='"*"'), 4, "waivers[0].id", "without `*`"),
    (waiver(id="cve-2024-0001"), 4, "waivers[0].id", "Write CVE-2024-0001."),
    (waiver(id="GHSA-2F9X-5V75-3QV4"), 4, "waivers[0].id", "Write GHSA-2f9x-5v75-3qv4."),
    (waiver(id="CVE-2024-1"), 4, "waivers[0].id", "Copy the id"),
    (waiver(id="CVE-2024-0001, CVE-2024-0002"), 4, "waivers[0].id", "a waiver of its own"),
    (waiver(id="[CVE-2024-0001]"), 4, "waivers[0].id", "Write one value"),
    (waiver(id="1234"), 4, "waivers[0].id", '"1234"'),
    (waiver(reason='""'), 6, "waivers[0].reason", "says why"),
    (waiver(reason='"  "'), 6, "waivers[0].reason", "says why"),
    (waiver(reason="true"), 6, "waivers[0].reason", "Put it into quotes"),
    (waiver(reason="x" * 1001), 6, "waivers[0].reason", "Shorten it."),
    (waiver(reason="see: this"), 6, "", "into quotes"),
    (waiver(expires="31.12.2026"), 5, "waivers[0].expires", "Write 2026-12-31."),
    (waiver(expires="2026/12/1"), 5, "waivers[0].expires", "Write 2026-12-01."),
    (waiver(expires="20261231"), 5, "waivers[0].expires", "Write 2026-12-31."),
    (waiver(expires="2026-12-31T00:00:00Z"), 5, "waivers[0].expires", "Write 2026-12-31."),
    (waiver(expires="12/31/2026"), 5, "waivers[0].expires", "Write year-month-day"),
    (waiver(expires="Dec 31, 2026"), 5, "waivers[0].expires", "Write year-month-day"),
    (waiver(expires="2026-02-30"), 5, "waivers[0].expires", "a day that there is"),
    (waiver(expires="0000-01-01"), 5, "waivers[0].expires", "a day that there is"),
    (waiver(expires="never"), 5, "waivers[0].expires", "renewed"),
    (waiver(expires="2027-05-22"), 5, "waivers[0].expires", "Write 2027-05-21 or earlier"),
    (waiver(expires="9999-12-31"), 5, "waivers[0].expires", "Write 2027-05-21 or earlier"),
    (f"waiver-maximum-days: 9\n{waiver()}", 6, "waivers[0].expires", "Write 2026-12-01 or earlier"),
    (waiver(package="pillow"), 8, "waivers[0].package", "pkg:pypi/pillow"),
    (waiver(package="pkg:pypi/pil*"), 8, "waivers[0].package", "pkg:npm/%40scope/*"),
    (waiver(package="pkg:deb/zlib1g"), 8, "waivers[0].package", "pkg:deb/debian/zlib1g"),
    (waiver(path='"**"'), 8, "waivers[0].path", "Name a folder"),
    (waiver(path='"a[12]"'), 8, "waivers[0].path", "`?` for a bracket"),
    (waiver(image='"*"'), 8, "waivers[0].image", "Name a folder"),
    (waiver(justification="not_reached"), 8, "waivers[0].justification", "Write one of them"),
    (
        waiver(justification="component-not-present"),
        8,
        "waivers[0].justification",
        "Write component_not_present.",
    ),
    (f"{V}models:\n  fail-on: []\n", 3, "models.fail-on", "a gate that cannot fail is none"),
    (f"{V}models:\n  fail-on: [UNKNOWN]\n", 3, "models.fail-on[0]", "`unknown: fail`"),
    (f"{V}models:\n  fail-on: HIGH\n", 3, "models.fail-on", "Write [HIGH]."),
    (f"{V}models:\n  unknown: pass\n", 3, "models.unknown", "Write one of them"),
    (f"{V}models:\n  unknown: error\n", 3, "models.unknown", "Write fail."),
    (f"{V}models:\n  unread: false\n", 3, "models.unread", "Write warn."),
    (f"{V}models:\n  allowed-globals: [acme.*]\n", 3, "models.allowed-globals[0]", "without `*`"),
    (f"{V}models:\n  allowed-globals: [Scaler]\n", 3, "models.allowed-globals[0]", "with its module"),
    (f"{V}models:\n  allowed-globals: ['acme..x']\n", 3, "models.allowed-globals[0]", "Copy it from the report"),
    (f"{V}models:\n  allowed-formats: []\n", 3, "models.allowed-formats", "take the line out"),
    (f"{V}models:\n  denied-formats: [.pkl]\n", 3, "models.denied-formats[0]", "as the report has it"),
    (f"{V}models:\n  paths: [a]\n", 3, "models.paths", "Did you mean `rules`?"),
    (f"{V}models:\n  rules: [{{paths: [a]}}]\n", 3, "models.rules[0]", "Add `allowed-formats`"),
    (f"{V}models:\n  rules: [{{unread: warn}}]\n", 3, "models.rules[0].paths", "Add `paths:"),
    (f"{V}models:\n  rules:\n    - paths: ['**']\n      unread: warn\n", 4, "models.rules[0].paths[0]", "Name a f"),
    (f"{V}models:\n  rules: [{{paths: [a], fail-on: []}}]\n", 3, "models.rules[0].fail-on", "cannot fail"),
    (waiver(note="x"), 8, "waivers[0].note", "Did you mean `reason`?"),
    (waiver(expires="", expiry="2026-12-31"), 7, "waivers[0].expiry", "Did you mean `expires`?"),
    (waiver(expires="", until="2030-01-01", reason="a"), 7, "waivers[0].until", "Did you mean `expires`?"),
    (waiver(maximum_days="3"), 8, "waivers[0].maximum_days", "Known here"),
]


@pytest.mark.parametrize(("text", "line", "key", "mend"), WRONG, ids=range(len(WRONG)))
def test_refused(text: str, line: int, key: str, mend: str) -> None:
    found = mistakes(text)
    assert (line, key) in [item[:2] for item in found], found
    assert [item for item in found if item[:2] == (line, key) and mend in item[3]], found
    for _, _, what, said in found:
        assert what.endswith((".", "?"))
        assert said.endswith((".", "?")) or "`" in said


def test_the_table_is_of_single_mistakes() -> None:
    several = {number for number, (text, *_) in enumerate(WRONG) if len(mistakes(text)) > 1}
    assert len(WRONG) >= 60
    assert len(several) < 12


@pytest.mark.parametrize(
    ("content", "what", "mend"),
    [
        (b"", "empty", "version: 1"),
        (b"\n\n# nothing\n", "empty", "version: 1"),
        (b"---\n", "", ""),
        (b"version: 1\nsecrets: {} # \xe9\n", "Line 2, column 15", "UTF-8"),
        ("version: 1\n".encode("utf-16"), "UTF-16", "UTF-8"),
        (b"#" * ((1 << 20) + 1), "1,048,577", "expired"),
    ],
)
def test_files_that_are_no_policy(content: bytes, what: str, mend: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(content)
    assert what in caught.value.what
    assert mend in caught.value.mend
    assert SOURCE in caught.value.where


def test_one_mistake_says_where() -> None:
    with pytest.raises(InputError) as caught:
        parse(f"{VULNERABILITIES}  fail-on: [high]\n")
    assert str(caught.value) == (
        "`vulnerabilities.fail-on[0]`: `high` is not one of CRITICAL, HIGH, MEDIUM, LOW, UNKNOWN. "
        "(.github/modelseal.yml, line 3, column 13) Write HIGH."
    )


def test_mistakes_are_listed_by_line_ten_at_most() -> None:
    text = "secrets: 1\n" + "".join(f"k{number}: 1\n" for number in range(30))
    with pytest.raises(policy_file.PolicyError) as caught:
        parse(text)
    lines = caught.value.what.splitlines()
    assert lines[0] == "There are 32 mistakes in the policy."
    assert [line.split(",")[0] for line in lines[1:-1]] == ["line 1", "line 1", *(f"line {n}" for n in range(2, 10))]
    assert lines[-1] == "and 22 more"
    assert len(caught.value.mistakes) == 32


def test_what_is_repeated_of_the_file_is_short_and_visible() -> None:
    text = f'{V}"::error::\\u001b[31m`\\u202e{"x" * 10_000}": 1\n'
    with pytest.raises(InputError) as caught:
        parse(text)
    assert len(str(caught.value)) < 600
    assert all(char.isprintable() for char in str(caught.value))


# --- the schema, the page ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "text"), policy_reference.files().items(), ids=lambda value: getattr(value, "name", "")
)
def test_what_is_committed_is_what_the_grammar_makes(path: Path, text: str) -> None:
    assert path.read_text(encoding="utf-8") == text, "run: python tests/policy_reference.py --write"


SCHEMA = json.loads(policy_reference.schema())
CHECKER = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)


def test_the_schema_is_one_and_describes_every_key() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    count = sum(1 for _ in every_key(policy_grammar.POLICY))
    assert policy_reference.schema().count('"description"') == count + 1


@pytest.mark.parametrize("name", ["first", "waiver", "rules", "complete"])
def test_the_page_s_examples_are_policies(name: str) -> None:
    parse(EXAMPLES[name])
    assert CHECKER.is_valid(yaml.load(EXAMPLES[name], Loader=yaml.BaseLoader)) is False  # texts only: the version
    assert CHECKER.is_valid(dates_as_texts(yaml.safe_load(EXAMPLES[name])))


def dates_as_texts(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))


@pytest.mark.parametrize(("place", "key"), list(every_key(policy_grammar.POLICY)), ids=lambda value: str(value)[:20])
def test_every_key_s_example_and_default_are_values_of_it(place: str, key: Any) -> None:
    del place
    texts = [key.example] + [key.default] * (key.default not in ("", "any", "all", "none"))
    for text in texts:
        document = yaml_text.read(f"example: {text}".encode())
        reading = Reading(policy_grammar.hints())
        assert document.root is not None
        ((_, node),) = document.root.entries  # type: ignore[union-attr]
        key.type.read(node, key.name, reading)
        assert (reading.mistakes, document.mistakes) == ([], ())


# What a schema cannot say, by what we say then.
BEYOND_THE_SCHEMA = (
    "days ahead", "not one licence", "SPDX knows no licence", "can be several licences", "has no namespace",
    "has a namespace", "is not a type of package URLs", "is not a package URL pattern", "in the list twice",
)  # fmt: skip
LEAVES = st.sampled_from([
    None, True, False, 0, 1, 2, -1, 7, 400, 1.5, "", " ", "x", "HIGH", "high", "CRITICAL", "1", "true", "no", "~",
    "2026-12-31", "2026-02-30", "2026-2-1", "20261231", "2030-01-01", "2020-01-01", "CVE-2024-0001", "cve-2024-0001",
    "CVE-*", "GHSA-aaaa-bbbb-cccc", "aws-access-key-id", "a b", "a,b", "debian", "python", "MIT", "AGPL", "MIT OR ISC",
    "pkg:pypi/pillow", "pkg:pypi/*", "pkg:pypi/pil*", "pkg:deb/x", "pkg:npm/@a/b@1?arch=x", "pkg:x", "usr/**", "**",
    "/usr", "usr/", "a//b", "../a", "a[1]", "**/*.pem", "a**", "ghcr.io/acme/*", "component_not_present", "é",
])  # fmt: skip
NAMES = sorted({key.name for _, key in every_key(policy_grammar.POLICY)} | {"HIGH", "LOW", "x", "high"})
ANYTHING = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
)
GOOD = dates_as_texts(yaml.safe_load(EXAMPLES["complete"]))


def spots(value: Any, path: tuple[Any, ...] = ()) -> Any:
    yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from spots(inner, (*path, key))


@st.composite
def documents(draw: st.DrawFn) -> Any:
    """Make a document that is mostly right: parts of the complete example, with some changed, added or taken away."""
    document = json.loads(json.dumps(GOOD))
    for name in draw(st.sets(st.sampled_from(sorted(GOOD)), max_size=4)):
        del document[name]
    for _ in range(draw(st.integers(0, 2))):
        path = draw(st.sampled_from(list(spots(document))))
        if not path:
            continue
        holder = document
        for step in path[:-1]:
            holder = holder[step]
        action = draw(st.sampled_from(["change", "leaf", "leaf", "remove", "add"]))
        if action == "remove":
            del holder[path[-1]]
        elif action == "add" and isinstance(holder, dict):
            holder[draw(st.sampled_from(NAMES))] = draw(ANYTHING)
        elif action == "add":
            holder.append(draw(ANYTHING))
        else:
            holder[path[-1]] = draw(LEAVES if action == "leaf" else ANYTHING)
    return document


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(document=documents(), block_style=st.booleans())
@pytest.mark.slow
def test_the_schema_accepts_what_we_accept(document: Any, *, block_style: bool) -> None:
    text = yaml.safe_dump(document, allow_unicode=True) if block_style else json.dumps(document, ensure_ascii=False)
    valid = CHECKER.is_valid(document)
    refused: tuple[Any, ...] = ()
    try:
        parse(text)
    except policy_file.PolicyError as error:
        refused = error.mistakes
    beyond = all(any(words in item.what for words in BEYOND_THE_SCHEMA) for item in refused)
    assert valid if not refused else not valid or beyond, (text, refused)


# --- what is demanded before a deployment ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("{}", "names no environment"),
        ("[production]", "stands where keys belong"),
        ("{production: {}}", "who must have signed"),
        ("{production: {require: [provenance]}}", "who must have signed"),
        ("{'': {repository: a/b}}", "not a name for an environment"),
        ("{'pro duction': {repository: a/b}}", "not a name for an environment"),
        ("{1: {repository: a/b}}", "not a name for an environment"),
        ("{production: {repository: a}}", "not a repository"),
        ("{production: {repository: 'a/*'}}", "not a repository"),
        ("{production: {repository: 'http://github.com/a/b'}}", "not a repository"),
        ("{production: {repository: a/b, repository-id: '12'}}", "not a whole number"),
        ("{production: {repository: a/b, owner-id: 0}}", "not between"),
        ("{production: {repository: a/b, signer-workflow: release.yml}}", "not a workflow"),
        ("{production: {repository: a/b, source-ref: main}}", "not a full git ref"),
        ("{production: {repository: a/b, source-ref: 'refs/**x'}}", "not a full git ref"),
        ("{production: {repository: a/b, runner: hosted}}", "not one of"),
        ("{production: {repository: a/b, triggers: []}}", "is empty"),
        ("{production: {repository: a/b, require: [sbom]}}", "not a statement"),
        ("{production: {repository: a/b, require: [Provenance]}}", "not a statement"),
        ("{production: {repository: a/b, max-age: 7}}", "is a number"),
        ("{production: {repository: a/b, max-age: 7 days}}", "not a duration"),
        ("{production: {repository: a/b, max-age: 0d}}", "not a duration"),
        ("{production: {public-key: a.pub, signer-workflow: a/b/.github/workflows/c.yml}}", "not of which repository"),
        ("{production: {public-key: a.pub, trust-config: b.json}}", "about keyless signatures"),
        ("{production: {certificate-root: a.pem, issuer: 'https://a.example'}}", "about keyless signatures"),
        ("{production: {certificate-subject: a@b.example}}", "who vouched for it"),
        ("{production: {public-key: a.pub, certificate-root: a.pem}}", "two ways to sign"),
        ("{production: {public-key: a.pub, repository: a/b, certificate-subject: CN=x}}", "without any"),
        ("{production: {repository: a/b, fail-on: [HIGH]}}", "does not belong here"),
        ("{production: {repository: a/b, environment: x}}", "no key"),
    ],
)
def test_demands_that_are_none(section: str, words: str) -> None:
    told = mistakes(f"version: 1\nverify: {section}\n")
    assert any(words in what for _, _, what, _ in told), told


def test_of_the_same_environment_there_is_one() -> None:
    text = "version: 1\nverify:\n  production: {repository: a/b}\n  production: {repository: a/c}\n"
    assert any("twice" in what or "again" in what for _, _, what, _ in mistakes(text)), mistakes(text)


# --- hostile files -------------------------------------------------------------------------------------------------

PIECES = [
    *"[]{}:,-?&*!|>'\"%@`#\t\n \\",
    "- ",
    ": ",
    "\n  ",
    "\r\n",
    "---\n",
    "<<: ",
    "!!int ",
    "&a ",
    "*a",
    "\x00",
    "é",
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.integers(0, len(EXAMPLES["complete"])), st.integers(0, 9), st.sampled_from(PIECES)), max_size=6
    )
)
@pytest.mark.slow
def test_damaged_files_are_refused_or_read(damages: list[tuple[int, int, str]]) -> None:
    text = EXAMPLES["complete"]
    for start, cut, piece in damages:
        text = text[:start] + piece + text[start + cut :]
    assert_read_or_refused(text.encode())


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=60), st.lists(st.sampled_from([*PIECES, "a", "version: 1\n"])).map("".join).map(str.encode)
    )
)
def test_any_bytes_are_refused_or_read(content: bytes) -> None:
    assert_read_or_refused(content)


def assert_read_or_refused(content: bytes) -> None:
    started = time.process_time()
    try:
        parse(content)
    except InputError as error:
        told = str(error)
    else:
        told = ""
    assert time.process_time() - started < SECONDS
    assert SOURCE in told or not told


@pytest.mark.parametrize(
    "content",
    [
        b"version: 1\na: " + b"[" * 20_000,
        b"version: 1\na: " + b"{a: " * 20_000,
        b"version: 1\n" + b"- " * 20_000,
        b"? " * 20_000,
        b"a: &a [x]\n" + b"".join(b"b%d: [*a, *a, *a]\n" % number for number in range(500)),
        b"'" * 20_000,
        b"a" * 20_000 + b": 1",
        b"version: " + b"1" * 20_000,
        b"version: 1\nwaivers: [" + b"{}," * 500 + b"]",
    ],
    ids=range(9),
)
def test_hostile_files_take_no_time(content: bytes) -> None:
    assert_read_or_refused(content)


@pytest.mark.slow
def test_a_large_policy_is_read_in_time(request: pytest.FixtureRequest) -> None:
    one = waiver().partition("waivers:\n")[2]
    text = f"{V}waivers:\n" + "".join(one.replace("0001", f"{number:05}") for number in range(500))
    started = time.process_time()
    assert len(parse(text).waivers) == 500
    limit = SECONDS if "libyaml" in request.node.name else 6 * SECONDS
    assert time.process_time() - started < limit


def test_without_a_policy_nothing_large_is_imported() -> None:
    code = (
        "import sys; from modelseal.gate import policy, policy_file;"
        "sys.exit(bool({'yaml', 'packageurl', 'license_expression', 'jsonschema'} & set(sys.modules)))"
    )
    scripts = policy_reference.ROOT / "scripts"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=scripts, env={"PYTHONPATH": str(scripts)})
