"""Results of a gate for tests of what is made from them: small, hostile and large ones, without any scanner."""

import functools
import hashlib
import random
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from modelseal.gate.finding import Finding, Kind, Severity, worst_first
from modelseal.gate.policy import DEFAULT_FAIL_ON, Policy, Waiver
from modelseal.gate.result import (
    OF_MODELS,
    Decision,
    Evidence,
    Fixed,
    Judged,
    Judgement,
    Novelty,
    Result,
    Scanned,
    Scanner,
)
from modelseal.verdict import Verdict

OF_IMAGES = tuple(decision for decision in Decision if decision not in OF_MODELS)
KINDS = tuple(kind for kind in Kind if kind is not Kind.MODEL)  # those that images have
IMAGE_ID = f"sha256:{'1' * 64}"
LAYER = f"sha256:{'a' * 64}"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MEGABYTE = 1024 * 1024

# Each is meant for one of the places where findings are shown.
HOSTILE_TEXTS = (
    "**bold** [link](javascript:alert(1)) `code` ![image](https://evil.example/x.png) | cell | cell |",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    '"><svg/onload=alert(1)>',
    "</script><script>alert(1)</script><!-- --> ]]> <![CDATA[",
    "</td></tr></table></details><h1>passed</h1>",
    "\n::error title=injected::from a package\n::set-output name=result::passed\n::add-mask::e",
    "%0A::warning::injected%0D%0A::stop-commands::x",
    "##[error]injected",
    "\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x07click\x1b]8;;\x07 \x1b[2J\x1b[H \x9b31m",
    "one\ntwo\r\nthree\rfour\x0bfive\x0csix\x85seven\u2028eight\u2029nine",
    "\u202egnp.exe\u202c \u2066isolated\u2069 \u200b\u200e\u200f\ufeff",
    "NUL \x00 BEL \x07 BS \x08 DEL \x7f",
    "\ud800 \udfff lone surrogates \udc80",
    "\U0001f600 \U000e0001 \uffff \ufdd0 Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319",
    "${{ secrets.GITHUB_TOKEN }} $(touch /tmp/x) `touch /tmp/x` ; rm -rf / #",
    "{{ template }} {% include %} %s %d %(x)s {0} {x!r}",
    "@octocat #1 octocat/Hello-World#1 https://evil.example/ mailto:a@evil.example",
    "../../../../etc/passwd",
    "C:\\Windows\\..\\..\\x",
    '=HYPERLINK("https://evil.example")',
    "pkg:npm/%2e%2e/x@1?y=<z>#w",
    "~~~\n```\n</code></pre>\n---\n# heading\n- [ ] task\n> quote\n\\",
    " leading and trailing \t ",
    "'; DROP TABLE findings; --",
)
HOSTILE_URLS = (
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    'https://evil.example/" onmouseover="alert(1)',
    "https://evil.example/a b\nc)](x)",
    "//evil.example",
    "file:///etc/passwd",
    "https://user:password@evil.example:99999/",
)


def finding(**fields: Any) -> Finding:
    """Return an ordinary finding, with fields of it replaced."""
    usual: dict[str, Any] = {
        "kind": Kind.VULNERABILITY,
        "id": "CVE-2023-0001",
        "severity": Severity.HIGH,
        "package": "zlib1g",
        "version": "1:1.2.13.dfsg-1",
        "purl": "pkg:deb/debian/zlib1g@1.2.13.dfsg-1?arch=amd64&distro=debian-12.15&epoch=1",
        "type": "debian",
        "path": "debian 12.15",
        "fixed_version": "1:1.2.13.dfsg-2",
        "status": "fixed",
        "title": "zlib: a title",
        "description": "A description of it.",
        "url": "https://avd.aquasec.com/nvd/cve-2023-0001",
        "aliases": ("DLA-1234-1",),
        "published": datetime(2023, 10, 14, 2, 15, tzinfo=UTC),
        "score": 7.5,
        "weaknesses": ("CWE-190",),
        "layer": LAYER,
    }
    return Finding(**(usual | fields))


def secret(**fields: Any) -> Finding:
    """Return a secret."""
    usual: dict[str, Any] = {
        "kind": Kind.SECRET,
        "id": "aws-access-key-id",
        "severity": Severity.CRITICAL,
        "package": "srv/credentials",
        "type": "secret",
        "path": "srv/credentials",
        "line": 3,
        "title": "AWS Access Key ID",
        "layer": LAYER,
    }
    return Finding(**(usual | fields))


def misconfiguration(**fields: Any) -> Finding:
    """Return a misconfiguration of the image itself."""
    usual: dict[str, Any] = {
        "kind": Kind.MISCONFIGURATION,
        "id": "DS-0002",
        "severity": Severity.HIGH,
        "package": "Dockerfile",
        "type": "dockerfile",
        "path": "Dockerfile",
        "title": "Image user should not be 'root'",
        "description": "Running containers with 'root' user can lead to a container escape situation.",
        "mend": "Add 'USER <non root user name>' line to the Dockerfile",
        "url": "https://avd.aquasec.com/misconfig/ds-0002",
    }
    return Finding(**(usual | fields))


def license_(**fields: Any) -> Finding:
    """Return a package's licence."""
    usual: dict[str, Any] = {
        "kind": Kind.LICENSE,
        "id": "AGPL-3.0-only",
        "severity": Severity.CRITICAL,
        "package": "ghostscript",
        "type": "debian",
        "path": "debian 12.15",
        "title": "forbidden",
    }
    return Finding(**(usual | fields))


def evidence(**fields: Any) -> Evidence:
    """Return what was looked at, with fields of it replaced."""
    usual: dict[str, Any] = {
        "name": "registry.example/team/fraud:1.4",
        "digest": "",
        "scanned": (Scanned("", IMAGE_ID, f"sha256:{'2' * 64}", "debian 12.15", 431),),
        "scanner": Scanner("trivy", "0.74.0", "3" * 64),
        "scanners": ("vuln", "secret"),
        "database_updated": NOW - timedelta(hours=5),
        "database_digest": f"sha256:{'4' * 64}",
        "started": NOW - timedelta(seconds=9),
        "finished": NOW,
    }
    return Evidence(**(usual | fields))


def judged(
    findings: Iterable[Finding], policy: Policy | None = None, novelty: Novelty | None = None
) -> tuple[Judged, ...]:
    """Judge findings by their severity alone, without what the real judge knows, the worst first."""
    policy = policy or Policy()
    bars = dict(policy.thresholds)
    return tuple(
        Judged(item, Decision.FAILS, f"{item.severity} fails", novelty)
        if item.severity in (bars[item.kind].fail_on if item.kind in bars else DEFAULT_FAIL_ON)
        else Judged(item, Decision.BELOW, f"{item.severity} does not fail", novelty)
        for item in sorted(findings, key=worst_first)
    )


def result(
    findings: Iterable[Finding | Judged] = (),
    *,
    policy: Policy | None = None,
    fixed: Sequence[Fixed] | None = None,
    expired: Sequence[Waiver] = (),
    unused: Sequence[Waiver] = (),
    **about: Any,
) -> Result:
    """Return a result: failed when a finding fails.

    Args:
        findings: Plain findings are judged by `judged`, judged ones are taken as they are.
        policy: The default one without it.
        fixed: What the baseline had; None when there is none.
        expired: Waivers whose day has passed.
        unused: Waivers that met nothing.
        about: Fields of the evidence.
    """
    policy = policy or Policy()
    items = list(findings)
    all_judged = [item for item in items if isinstance(item, Judged)]
    all_judged += judged((item for item in items if isinstance(item, Finding)), policy)
    all_judged.sort(key=lambda item: worst_first(item.finding))
    failed = any(item.decision is Decision.FAILS for item in all_judged)
    return Result(
        evidence(**about),
        policy,
        Judgement(
            Verdict.FAILED if failed else Verdict.PASSED,
            tuple(all_judged),
            None if fixed is None else tuple(fixed),
            tuple(expired),
            tuple(unused),
        ),
    )


def hostile_findings(*, surrogates: bool = True) -> tuple[Finding, ...]:
    """Return findings with hostile texts in every field, of every kind, and one with a megabyte in each.

    Args:
        surrogates: Whether lone surrogates are among them: names of files have them, Trivy's reports cannot.
    """
    texts = [text if surrogates else text.replace("\ud800", "").replace("\udfff", "").replace("\udc80", "")
             for text in HOSTILE_TEXTS]  # fmt: skip
    severities = list(Severity)
    found: list[Finding] = []
    for number, text in enumerate(texts):
        url = HOSTILE_URLS[number % len(HOSTILE_URLS)]
        found += [_hostile(kind, severities[number % 5], text, url) for kind in KINDS]
    huge = "A" * MEGABYTE
    found.append(_hostile(Kind.VULNERABILITY, Severity.CRITICAL, huge, f"https://evil.example/{huge}"))
    found.append(_hostile(Kind.VULNERABILITY, Severity.HIGH, "<b>**" * 1000, "https://evil.example/"))
    found.append(finding(id="", package="", version="", purl="", type="", path="", fixed_version="", title="", url=""))
    return tuple(found)


def _hostile(kind: Kind, severity: Severity, text: str, url: str) -> Finding:
    return Finding(
        kind=kind, id=text, severity=severity, package=text, version=text, purl=f"pkg:generic/{text}@{text}",
        type=text, path=text, line=2**63, fixed_version=text, status=text, title=text, description=text[:1000],
        mend=text, url=url, aliases=(text, url), published=datetime(1, 1, 1, tzinfo=UTC), score=10.0,
        weaknesses=(text,), platform=text, layer=text,
    )  # fmt: skip


def hostile_result(*, surrogates: bool = True) -> Result:
    """Return a result that is hostile from end to end: findings, reasons, waivers, policy, baseline and names."""
    policy = Policy(source=HOSTILE_TEXTS[0], sha256="5" * 64)
    items: list[Finding | Judged] = []
    for number, item in enumerate(hostile_findings(surrogates=surrogates)):
        decision = OF_IMAGES[number % len(OF_IMAGES)]
        items.append(Judged(item, decision, f"{decision} because {item.title[:2000]}", list(Novelty)[number % 2]))
    texts = [item.finding.id for item in items if isinstance(item, Judged)]
    waivers = [
        Waiver(id=text, reason=text, owner=text, expires=date(2026, 1, 1), package=text, path=text, image=text, line=7)
        for text in texts[:40]
    ]
    return result(
        items,
        policy=policy,
        fixed=[Fixed(Kind.VULNERABILITY, text, Severity.HIGH, text, text) for text in texts[:40]],
        expired=waivers[:20],
        unused=waivers[20:],
        name=texts[6],
        scanned=(
            Scanned("", IMAGE_ID, "", texts[1], 3),
            Scanned(texts[2], IMAGE_ID, f"sha256:{'6' * 64}", texts[3], 2**40),
        ),
    )


@functools.lru_cache(maxsize=1)
def large_findings(count: int, *, seed: int = 20_000) -> tuple[Finding, ...]:
    """Return as many different findings, of all kinds but mostly vulnerabilities; the same ones for the same seed.

    Their shape is that of a big image: about four findings for each package, descriptions of several hundred
    characters, most of them MEDIUM and LOW.
    """
    chance = random.Random(seed)
    sentence = "buffer overflow in parser allows remote attackers to cause denial of service via crafted input file"
    words = sentence.split()
    layers = tuple(f"sha256:{hashlib.sha256(str(number).encode()).hexdigest()}" for number in range(30))
    return tuple(_large(number, chance, words, layers) for number in range(count))


def _large(number: int, chance: random.Random, words: list[str], layers: Sequence[str]) -> Finding:
    severity = chance.choices(list(Severity), (3, 15, 45, 32, 5))[0]
    layer = chance.choice(layers)
    if number % 50 == 49:
        return secret(id=chance.choice(("aws-access-key-id", "github-pat", "private-key")), severity=severity,
                      package=f"srv/app/{number}.env", path=f"srv/app/{number}.env", line=number % 90 + 1,
                      layer=layer)  # fmt: skip
    if number % 50 == 48:
        return misconfiguration(id=f"DS-{number % 40:04}", severity=severity, package=f"srv/{number}/Dockerfile",
                                path=f"srv/{number}/Dockerfile", line=number % 9)  # fmt: skip
    if number % 50 == 47:
        return license_(id=chance.choice(("GPL-2.0-only", "MIT", "AGPL-3.0-only")), severity=severity,
                        package=f"package-{number}")  # fmt: skip
    package = number // 4
    type_ = ("debian", "python-pkg", "node-pkg", "jar", "gobinary")[package % 5]
    ecosystem = ("deb/debian", "pypi", "npm", "maven/org.example", "golang")[package % 5]
    version = f"{package % 9}.{package % 17}.{package % 5}"
    fixed = chance.random() < 0.6
    text = " ".join(chance.choices(words, k=chance.randrange(20, 120)))
    return finding(
        id=f"CVE-{2015 + number % 11}-{1000 + number}",
        severity=severity,
        package=f"package-{package}",
        version=version,
        purl=f"pkg:{ecosystem}/package-{package}@{version}",
        type=type_,
        path="debian 12.15" if type_ == "debian" else f"opt/{type_}/package-{package}",
        fixed_version=f"{package % 9 + 1}.{number % 3}.0" if fixed else "",
        status="fixed" if fixed else chance.choice(("affected", "will_not_fix", "fix_deferred")),
        title=text[:90],
        description=text[:1000],
        url=f"https://avd.aquasec.com/nvd/cve-{number}",
        aliases=(f"GHSA-{number:04x}-xxxx-yyyy",) if number % 3 else (),
        published=NOW - timedelta(days=chance.randrange(3000)) if number % 10 else None,
        score=chance.randrange(0, 101) / 10 if number % 10 else None,
        weaknesses=(f"CWE-{number % 1000}",),
        layer=layer,
    )


@functools.lru_cache(maxsize=1)
def large_result(count: int, *, seed: int = 20_000, **about: Any) -> Result:
    """Return a result of `large_findings`."""
    return result(large_findings(count, seed=seed), **about)
