"""The policy file's grammar, declared once: its checks, its JSON Schema and its reference are made from this.

A new section is one more `Key` in `POLICY`.
"""

import re
from collections.abc import Iterable
from typing import Any

from modelseal.gate import patterns
from modelseal.gate.deployment_grammar import DEPLOYMENTS
from modelseal.gate.finding import Severity
from modelseal.gate.grammar import Demand, Key, ListOf, MapOf, Section, every_key
from modelseal.gate.grammar_types import Boolean, Choice, Constant, Day, Number, Text
from modelseal.gate.key_hints import Hints
from modelseal.gate.model_grammar import MODELS
from modelseal.gate.policy import Licenses

VERSION = 1
DEFAULT_MAXIMUM_DAYS = 180

_ID = (
    r"^(CVE-[0-9]{4}-[0-9]{4,}|GHSA(-[0-9a-z]{4}){3}"
    r"|(?![Cc][Vv][Ee]-|[Gg][Hh][Ss][Aa]-)[^*?,\s]([^*?,\n\r\t]*[^*?,\s])?)$"
)
# https://github.com/aquasecurity/trivy/blob/v0.74.0/pkg/fanal/types/const.go
_SYSTEMS = (
    "activestate", "alma", "alpine", "amazon", "azurelinux", "bottlerocket", "cbl-mariner", "centos", "centos-stream",
    "chainguard", "cleanstart", "coreos", "debian", "echo", "fedora", "minimos", "opensuse", "opensuse-leap",
    "opensuse-tumbleweed", "oracle", "photon", "redhat", "rocky", "slem", "sles", "ubuntu", "wolfi",
)  # fmt: skip
_LANGUAGES = (
    "bitnami", "bun", "bundler", "cargo", "cocoapods", "composer", "composer-vendor", "conan", "conda-environment",
    "conda-pkg", "dotnet-core", "gemspec", "gobinary", "gomod", "gradle", "hex", "jar", "javascript", "julia",
    "node-pkg", "npm", "nuget", "packages-props", "pip", "pipenv", "pnpm", "poetry", "pom", "pub", "pylock",
    "python-pkg", "rustbinary", "sbt", "swift", "uv", "yarn",
)  # fmt: skip
_ALSO_TYPES = (
    ("apk", "alpine"), ("conda", "conda-pkg"), ("crates", "rustbinary"), ("deb", "debian or ubuntu"),
    ("dotnet", "dotnet-core"), ("gem", "gemspec"), ("go", "gobinary"), ("golang", "gobinary"), ("java", "jar"),
    ("maven", "jar"), ("node", "node-pkg"), ("nodejs", "node-pkg"), ("pypi", "python-pkg"), ("python", "python-pkg"),
    ("rhel", "redhat"), ("rpm", "redhat, or the system's own name"), ("ruby", "gemspec"), ("rubygems", "gemspec"),
    ("rust", "rustbinary"),
)  # fmt: skip
# https://github.com/openvex/spec/blob/v0.2.0/OPENVEX-SPEC.md#status-justifications
_JUSTIFICATIONS = (
    "component_not_present", "vulnerable_code_not_present", "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary", "inline_mitigations_already_exist",
)  # fmt: skip
_OF_THE_ACTION = "That is an input of the action: give it in the workflow, below `with:`."
_FOREIGN = dict.fromkeys(
    ("baseline", "db-dir", "db-repository", "max-db-age", "policy", "sarif-category", "scanners", "upload-sarif"),
    _OF_THE_ACTION,
) | {"vex": f"{_OF_THE_ACTION} It takes VEX documents."}


def _explain_id(text: str) -> str:
    if re.search(r"[*?]", text):
        return "A waiver is for one finding: write its whole id, without `*` or `?`."
    if "," in text:
        return "A waiver is for one finding: give each id a waiver of its own."
    kind, dash, number = text.strip().partition("-")
    right = kind.upper() + dash + (number.lower() if kind.upper() == "GHSA" else number)
    return (
        f"Write {right}." if right != text and re.search(_ID, right) else "Copy the id from the report: CVE-2024-0001."
    )


def _check_licenses(entries: Licenses) -> None:
    from modelseal.gate import licenses  # noqa: PLC0415 -- takes long to import

    licenses.Terms(entries)


_SEVERITY = Choice(tuple(Severity), "severity")
_GLOB = Text("path pattern", patterns.GLOB, "Write it like `srv/tests/**`.", patterns.MAX_LENGTH, patterns.compile_path)
_IMAGE = Text(
    "name pattern", patterns.GLOB, "Write it like ghcr.io/acme/*.", patterns.MAX_LENGTH, patterns.compile_name
)
_PURL = Text(
    "package URL pattern", patterns.PACKAGE_URL, "Write it like pkg:pypi/pillow.", patterns.MAX_LENGTH,
    patterns.compile_purl,
)  # fmt: skip
_LICENSE = (
    "SPDX licence id", r"^[A-Za-z0-9][A-Za-z0-9.+:_ -]*$",
    "Write it like AGPL-3.0-only: https://spdx.org/licenses/. Any other is LicenseRef-<name>.", 200,
)  # fmt: skip
_DENIED = Text(*_LICENSE, check=lambda text: _check_licenses(Licenses(denied=(text,))))
_ALLOWED = Text(*_LICENSE, check=lambda text: _check_licenses(Licenses(allowed=(text,))))
_GRACE = MapOf(tuple(Severity), Number(0, 365, "days"), "{CRITICAL: 2, HIGH: 7}")
_NO_GATE = (
    "Name the severities that fail: a gate that cannot fail is none. For single findings use `waivers`, for packages "
    "`rules`."
)
_SEVERITIES_HELP = "Severities that fail: CRITICAL, HIGH, MEDIUM, LOW, UNKNOWN. All are reported."


def _any_of(names: tuple[str, ...], what: str, mend: str) -> Demand:
    schema = {"anyOf": [{"required": [name]} for name in names]}
    return Demand("", lambda values: any(name in values for name in names), schema, what, mend)


def _silences_by_name(values: Any) -> bool:
    """Whether a rule by which nothing fails names its packages one by one."""
    packages = values.get("packages", ())
    return values.get("fail-on") != () or (bool(packages) and not any("*" in pattern for pattern in packages))


_RULE = Section(
    (
        Key("types", ListOf(Choice((*_SYSTEMS, *_LANGUAGES), "package type", _ALSO_TYPES), 1, "Name a type."),
            "Package types, as the report has them.", "[debian]", also=("type", "ecosystem", "ecosystems")),
        Key("paths", ListOf(_GLOB, 1, "Name a path, or take the line out."),
            "Patterns of paths in the image; see [patterns](#patterns).", '["usr/share/**"]',
            also=("files", "targets")),
        Key("packages", ListOf(_PURL, 1, "Name a package, or take the line out."),
            "Package URL patterns; see [patterns](#patterns).", '["pkg:deb/debian/linux-libc-dev"]',
            also=("purl", "purls")),
        Key("fail-on", ListOf(_SEVERITY),
            "Severities that fail for these packages. `[]`: none does, which needs `packages` without `*`.",
            "[CRITICAL]", also=("severity", "severities", "threshold")),
        Key("ignore-unfixed", Boolean(), "Whether their vulnerabilities without a fixed version pass.", "true"),
        Key("grace-period", _GRACE,
            "Days of grace for these packages. It takes the place of the other one whole: `{}` is no grace.",
            "{HIGH: 14}", also=("grace", "grace-days")),
    ),
    (
        _any_of(("types", "paths", "packages"), "The rule does not say for which packages it is.",
                "Add `types`, `paths` or `packages`; what is for all stands directly below `vulnerabilities`."),
        _any_of(("fail-on", "ignore-unfixed", "grace-period"), "The rule changes nothing.",
                "Add `fail-on`, `ignore-unfixed` or `grace-period`."),
        Demand("fail-on", _silences_by_name,
               {"if": {"required": ["fail-on"], "properties": {"fail-on": {"maxItems": 0}}},
                "then": {"required": ["packages"],
                         "properties": {"packages": {"items": {"pattern": r"^[^*]*$"}}}}},
               "Nothing would fail for packages that the rule does not name one by one.",
               "Name them in `packages`, without `*`, or name the severities that fail."),
    ),
)  # fmt: skip

_WAIVER = Section(
    (
        Key("id", Text("finding's id", _ID, "Copy the id from the report: CVE-2024-0001.", 200, explain=_explain_id),
            "The finding's id or another id of the same advisory, exactly. A secret's, a misconfiguration's or that "
            "of something in a model: its rule's.", "CVE-2024-0001", required=True,
            also=("cve", "cve-id", "ids", "vulnerability", "vulnerability-id", "rule", "rule-id")),
        Key("package", _PURL, "Only in this package: a package URL pattern; see [patterns](#patterns).",
            "pkg:pypi/pillow", "any", also=("purl", "purls", "packages", "pkg")),
        Key("path", _GLOB, "Only at this path: a pattern; see [patterns](#patterns).", '"srv/app/**"', "any",
            also=("paths", "file", "files", "target")),
        Key("image", _IMAGE, "Only in this image: a pattern of its name; see [patterns](#patterns).",
            "ghcr.io/acme/*", "any", also=("images",)),
        Key("expires", Day(),
            "The last day on which it counts, in UTC; at most `waiver-maximum-days` ahead.", "2026-12-31",
            required=True, also=("expiry", "expiration", "expires-at", "expires-on", "expired-at", "until", "end")),
        Key("reason", Text("reason", mend="Write a sentence that says why the finding may pass."),
            "Why the finding may pass, for those who read the report.", "Only our own images are opened.",
            required=True, also=("statement", "comment", "note", "description", "why")),
        Key("owner", Text("owner", mend="Write who answers for it: a person or a team.", limit=200),
            "Who answers for it: a person or a team.", "platform-team", required=True,
            also=("author", "approved-by", "approver", "by", "contact", "team")),
        Key("justification", Choice(_JUSTIFICATIONS, "justification"),
            "When the reason is that the image is not affected: why, in OpenVEX's words. The waiver is then exported "
            "as `not_affected`.", "vulnerable_code_not_in_execute_path", "none"),
    )
)  # fmt: skip


def _fail_on(mend: str) -> Key:
    empty = "" if mend else " `[]`: they are only reported."
    return Key(
        "fail-on", ListOf(_SEVERITY, 1 if mend else 0, mend), f"{_SEVERITIES_HELP}{empty}", "[CRITICAL, HIGH]",
        "[CRITICAL, HIGH]", also=("severity", "severities", "threshold", "fail", "failon"),
    )  # fmt: skip


POLICY = Section(
    (
        Key("version", Constant(VERSION, "policy file's format"), "Version of this file's format.", "1", required=True),
        Key("vulnerabilities",
            Section((
                _fail_on(_NO_GATE),
                Key("ignore-unfixed", Boolean(), "Whether vulnerabilities without a fixed version pass. They are still "
                    "reported.", "true", "false", also=("only-fixed", "fixed-only", "unfixed")),
                Key("grace-period", _GRACE, "For a severity, for how many days after its publication a vulnerability "
                    "does not fail yet. One whose date of publication is not known has no grace.",
                    "{CRITICAL: 2, HIGH: 7}", "{}", also=("grace", "grace-days")),
                Key("fail-on-new-only", Boolean(), "Whether vulnerabilities that the `baseline` has too do not fail.",
                    "true", "false", also=("new-only", "only-new")),
                Key("rules", ListOf(_RULE), "Exceptions for some packages, in both directions. Of the rules that match "
                    "a finding the first counts; what it leaves out is as without it.",
                    "[{types: [debian], fail-on: [CRITICAL]}]", "[]", also=("rule", "overrides")),
            )),
            "What fails of the vulnerabilities.", "{fail-on: [CRITICAL]}", also=("vulnerability", "vuln", "vulns")),
        Key("secrets", Section((_fail_on(""),)), "What fails of the secrets in the image.",
            "{fail-on: [CRITICAL, HIGH, MEDIUM]}", also=("secret",)),
        Key("misconfigurations", Section((_fail_on(""),)), "What fails of the misconfigurations, where they are "
            "scanned.", "{fail-on: [CRITICAL]}", also=("misconfiguration", "misconfig", "misconfigs")),
        Key("licenses",
            Section((
                Key("denied", ListOf(_DENIED), "SPDX ids: a package whose licence cannot be taken without one of these "
                    "fails.", "[AGPL-3.0-only]", "[]", also=("deny", "forbidden")),
                Key("allowed", ListOf(_ALLOWED, 1, "Name a licence, or take the line out: without it all are allowed."),
                    "SPDX ids: a package whose licence cannot be met by these alone fails.", "[MIT, Apache-2.0]", "all",
                    also=("allow", "permitted")),
            )),
            "Which licences fail, where they are scanned. Without this section they are only reported.",
            "{denied: [AGPL-3.0-only]}", also=("licences", "license", "licence")),
        MODELS,
        Key("scan",
            Section((
                Key("unreadable", ListOf(_GLOB), "Patterns of files that the scanner may fail to read. Any other that "
                    "it cannot read is an error.", '["srv/tests/broken/**"]', "[]", also=("skip-files", "skip")),
                Key("without-operating-system", Boolean(), "Whether an image without an operating system (FROM "
                    "scratch) may be judged by its other packages.", "true", "false"),
            )),
            "What a scan may leave out without being an error.", "{without-operating-system: true}"),
        Key("waiver-maximum-days", Number(1, 366, "days"), "How far ahead a waiver's `expires` may be.", "90",
            str(DEFAULT_MAXIMUM_DAYS), also=("maximum-days", "max-days", "waiver-max-days")),
        Key("waivers", ListOf(_WAIVER), "Findings that somebody answers for, until a day. They stay visible in every "
            "report. Each key that a waiver has narrows it.",
            "[{id: CVE-2024-0001, expires: 2026-12-31, reason: Never reached., owner: platform-team}]", "[]",
            also=("waiver", "ignore", "ignores", "exceptions", "allowlist", "suppressions", "exemptions")),
        DEPLOYMENTS,
    )
)  # fmt: skip


def hints() -> Hints:
    """Return what the grammar knows about keys in the wrong place and by other names."""
    sections: dict[str, list[str]] = {}
    also: dict[str, list[str]] = {}
    for place, key in every_key(POLICY):
        sections.setdefault(key.name, []).append(place)
        _extend(also, key.also, key.name)
    return Hints(sections, also, _FOREIGN)


def _extend(also: dict[str, list[str]], names: Iterable[str], key: str) -> None:
    for name in names:
        also.setdefault(name, []).append(key)


def schema() -> dict[str, Any]:
    """Return the policy file's JSON Schema, draft 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://raw.githubusercontent.com/modelseal/modelseal/main/docs/schemas/policy.schema.json",
        "title": "Modelseal policy",
        "description": "What fails the gate, and what is let through with a name under it: .github/modelseal.yml",
        **POLICY.schema(),
    }
