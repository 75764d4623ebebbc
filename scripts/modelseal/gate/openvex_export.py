"""A result written as OpenVEX 0.2.0, for `trivy --vex`, `grype --vex`, `vexctl` and the next scan here.

What people said is passed on in their words: statements that were honoured, and waivers. Of the rest only this is said
to affect the image: what fails and has a version that mends it, as it is plain what to do. All else is `under
investigation`: a scanner saw a version in a range, and nobody has looked whether the image is affected.
"""

import json
import re
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

import modelseal
from modelseal.gate.finding import Finding, Kind
from modelseal.gate.policy import Waiver
from modelseal.gate.result import Decision, Judged, Result
from modelseal.gate.statement import JUSTIFICATIONS, Statement, Status

_CONTEXT = "https://openvex.dev/ns/v0.2.0"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, _CONTEXT)
# CycloneDX' words where OpenVEX has one for the same; its others are passed on in the impact statement.
# https://cyclonedx.org/docs/1.6/json/#vulnerabilities_items_analysis_justification
_JUSTIFICATIONS = {word: word for word in JUSTIFICATIONS} | {
    "code_not_present": "vulnerable_code_not_present",
    "code_not_reachable": "vulnerable_code_not_in_execute_path",
    "protected_by_compiler": "inline_mitigations_already_exist",
}

_WORD = r"[A-Za-z0-9._~+:-]|%[0-9A-F]{2}"
_PLAIN_URL = re.compile(
    rf"pkg:[a-z]+(?:/(?:{_WORD})+)+@(?:{_WORD})+(?:\?[a-z_]+=(?:{_WORD}|/)+(?:&[a-z_]+=(?:{_WORD}|/)+)*)?"
)
_IRI = re.compile(r"[A-Za-z0-9._~:/?&=%@+!$'()*,;-]+(?:#[A-Za-z0-9._~:/%-]+)?")

_Fields = dict[str, object]


def write(
    result: Result, *, products: Sequence[str] = (), packages: bool = True, author: str = "Modelseal"
) -> bytes | None:
    """Return the decisions about a result's vulnerabilities; equal results give equal bytes.

    Args:
        result: What was decided.
        products: What the image is called, as package URLs: `package_url.of_image`. Each vulnerable package is named as
            a component of each of them.
        packages: Whether the packages themselves are named as products, too. Trivy needs that for an image that no
            registry has given a digest, as then it knows no package URL of it. Another image with the same package is
            then spoken of as well, so leave it out for an image that has a digest. Ignored without `products`.
        author: Who answers for the document.

    Returns:
        The document; None when there is nothing to say, as OpenVEX knows no empty document.
    """
    finished = result.evidence.finished
    groups: dict[str, tuple[_Fields, dict[str, None]]] = {}
    for judged in result.judgement.findings:
        if judged.finding.kind is not Kind.VULNERABILITY or not (purl := _iri(judged.finding.purl)):
            continue  # what has no package URL cannot be named, and the image as a whole is more than was decided about
        fields = {"vulnerability": _vulnerability(judged.finding), **_said(judged, finished)}
        _, purls = groups.setdefault(json.dumps(fields, sort_keys=True), (fields, {}))
        purls[purl] = None
    statements = [
        {**fields, "products": _products(sorted(purls), products, packages=packages)}
        for _, (fields, purls) in sorted(groups.items())
    ]
    if not statements:
        return None
    head: _Fields = {
        "@context": _CONTEXT,
        "author": author,
        "timestamp": _moment(finished),
        "version": 1,
        "tooling": f"Modelseal {modelseal.__version__}",
    }
    lines = [json.dumps(statement) for statement in statements]
    name = uuid.uuid5(_NAMESPACE, "\n".join((json.dumps(head), *lines)))
    opening = json.dumps({"@id": f"urn:uuid:{name}", **head}, indent=1).removesuffix("\n}")
    body = ",\n  ".join(lines)
    return f'{opening},\n "statements": [\n  {body}\n ]\n}}\n'.encode("ascii")


def _iri(purl: str) -> str:
    """Return a package URL as a reader takes it; empty where none would."""
    if _PLAIN_URL.fullmatch(purl):
        return purl
    from modelseal.gate import package_url  # noqa: PLC0415 -- only for odd ones, and those are rare

    url = package_url.parse(purl)
    try:
        canonical = url.to_string() if url is not None else ""
    except ValueError:  # half a character, which no package URL can hold
        return ""
    return canonical if _IRI.fullmatch(canonical) and package_url.parse(canonical) == url else ""


def _vulnerability(finding: Finding) -> _Fields:
    aliases = sorted(set(finding.aliases) - {finding.id})
    return {"name": finding.id} | ({"aliases": aliases} if aliases else {})


def _products(purls: Sequence[str], products: Sequence[str], *, packages: bool) -> list[_Fields]:
    parts: list[_Fields] = [{"@id": purl} for purl in purls]
    named: list[_Fields] = [{"@id": product, "subcomponents": parts} for product in dict.fromkeys(products)]
    return named + (parts if packages or not products else [])


def _said(judged: Judged, finished: datetime) -> _Fields:
    if judged.statement is not None and judged.decision is not Decision.WAIVED:
        return _passed_on(judged.statement)
    if judged.decision is Decision.WAIVED and judged.waiver is not None:
        return _waived(judged.waiver)
    finding = judged.finding
    if judged.decision is Decision.NOT_AFFECTED:
        return {"status": Status.NOT_AFFECTED.value, "impact_statement": judged.reason}
    if judged.decision is Decision.FAILS and finding.fixed_version:
        return {
            "status": Status.AFFECTED.value,
            "action_statement": f"upgrade {finding.package} to {finding.fixed_version}",
            "action_statement_timestamp": _moment(finished),
        }
    return {"status": Status.UNDER_INVESTIGATION.value, "status_notes": f"{judged.decision}: {judged.reason}"}


def _passed_on(statement: Statement) -> _Fields:
    word = _JUSTIFICATIONS.get(statement.justification, "")
    impact = statement.impact
    if statement.justification and not word:
        impact = ": ".join(text for text in (statement.justification.replace("_", " "), impact) if text)
    status = statement.status
    fields = {
        "status": status.value,
        "status_notes": f"said by {statement.author or 'an author it does not name'} in {statement.document}",
        "timestamp": _moment(statement.timestamp) if statement.timestamp else "",
        "justification": word if status is Status.NOT_AFFECTED else "",
        "impact_statement": impact if status is Status.NOT_AFFECTED else "",
        "action_statement": (statement.action or "none was given") if status is Status.AFFECTED else "",
        "supplier": statement.supplier,
    }
    return {key: text for key, text in fields.items() if text}


def _waived(waiver: Waiver) -> _Fields:
    if waiver.justification:
        return {
            "status": Status.NOT_AFFECTED.value,
            "status_notes": f"waived until {waiver.expires.isoformat()} by {waiver.owner}",
            "justification": waiver.justification,
            "impact_statement": waiver.reason,
        }
    accepted = f"accepted until {waiver.expires.isoformat()} by {waiver.owner}: {waiver.reason}"
    return {"status": Status.AFFECTED.value, "action_statement": accepted}


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
