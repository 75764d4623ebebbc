"""CycloneDX documents that say whether vulnerabilities can be exploited (VEX), as JSON.

The format: https://cyclonedx.org/docs/1.6/json/#vulnerabilities; a document is a VEX alone, or a bill of materials with
it. Trivy reads only BOM-Links to the very bill of materials that it scans
(https://github.com/aquasecurity/trivy/blob/v0.74.0/pkg/vex/cyclonedx.go); here references within the document and
package URLs count as well.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from modelseal.gate import package_url
from modelseal.gate.json_document import Node, shown
from modelseal.gate.statement import Claim, Component, Statement, Status

_VERSIONS = ("1.4", "1.5", "1.6", "1.7")
_STATES = {
    "resolved": Status.FIXED,
    "resolved_with_pedigree": Status.FIXED,
    "exploitable": Status.AFFECTED,
    "in_triage": Status.UNDER_INVESTIGATION,
    "false_positive": Status.NOT_AFFECTED,
    "not_affected": Status.NOT_AFFECTED,
}
_JUSTIFICATIONS = (
    "code_not_present", "code_not_reachable", "requires_configuration", "requires_dependency", "requires_environment",
    "protected_by_compiler", "protected_at_runtime", "protected_at_perimeter", "protected_by_mitigating_control",
)  # fmt: skip
_RESPONSES = ("can_not_fix", "will_not_fix", "update", "rollback", "workaround_available")
# https://cyclonedx.org/capabilities/bomlink/
_BOM_LINK = re.compile(r"(?P<bom>urn:cdx:[0-9a-f-]{36}/[1-9][0-9]{0,8})#(?P<ref>.+)", re.DOTALL)
_UUID = re.compile(r"urn:uuid:(?P<uuid>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


@dataclass(frozen=True, slots=True)
class _Bom:
    """What the references of a document can lead to.

    Attributes:
        link: Its own BOM-Link without a reference; empty where it has no serial number.
        root: What the whole of it is about; None where it does not tell by a package URL.
        root_ref: The reference of that.
        components: The components by their references.
    """

    link: str
    root: Component | None
    root_ref: str
    components: dict[str, Node]


def read(document: Node) -> tuple[Claim, ...]:
    """Read a document that has a `bomFormat`.

    Raises:
        InputError: It is not a CycloneDX VEX, or could say more than its author meant.
    """
    document.word("bomFormat", ("CycloneDX",))
    version = document.required("specVersion")
    if version not in _VERSIONS:
        raise document.refused(
            f"is CycloneDX {shown(version)}; read are {', '.join(_VERSIONS)}", "Convert it to one of these."
        )
    vulnerabilities = document.nodes("vulnerabilities", "vulnerability")
    metadata = document.node("metadata") or Node({}, document.document)
    bom = _bom(document, metadata)
    issued = metadata.time("timestamp")
    author, supplier = _authors(metadata)
    claims = tuple(
        claim
        for node in vulnerabilities
        if (statement := _statement(node, author, supplier, issued)) is not None
        for claim in _claims(node, statement, bom)
    )
    if not claims:
        raise document.refused(
            "is a bill of materials that says of no vulnerability whether it can be exploited",
            "Give a document with `vulnerabilities`, each with an `analysis` that has a `state`.",
        )
    return claims


def _bom(document: Node, metadata: Node) -> _Bom:
    serial = _UUID.fullmatch(document.text("serialNumber"))
    version = document.value.get("version", 1)
    if type(version) is not int or version < 1:
        raise document.refused("has a `version` that is no number of 1 or more", "Number its versions from 1.")
    link = f"urn:cdx:{serial['uuid']}/{version}" if serial else ""
    root = metadata.node("component", "the component of the metadata")
    components: dict[str, Node] = {}
    for node in _walk(document, root):
        ref = node.text("bom-ref")
        if ref and ref in components:
            raise node.refused(f"has the `bom-ref` of another component: {shown(ref)}", "Make each of them its own.")
        if ref:
            components[ref] = node
    if root is None:
        return _Bom(link, None, "", components)
    purl = _purl(root)
    names = (link,) if link else ()
    return _Bom(link, Component((purl,), names) if purl else None, root.text("bom-ref"), components)


def _walk(document: Node, root: Node | None) -> Iterator[Node]:
    """Go through all components, also those within others."""
    waiting = [*((root,) if root is not None else ()), *document.nodes("components", "component")]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += node.nodes("components", "component")


def _authors(metadata: Node) -> tuple[str, str]:
    """Return who says it, and who supplies the product."""
    authors = [author.text("name") or author.text("email") for author in metadata.nodes("authors", "author")]
    companies = [metadata.node(key) for key in ("supplier", "manufacturer", "manufacture")]
    supplier = next((name for company in companies if company is not None and (name := company.text("name"))), "")
    return ", ".join(filter(None, authors)) or supplier, supplier if any(authors) else ""


def _statement(node: Node, author: str, supplier: str, issued: datetime | None) -> Statement | None:
    """Return what is said of a vulnerability; None where it is only listed."""
    analysis = node.node("analysis", f"the analysis of {node.place}")
    if analysis is None:
        return None
    analysis.only(("state", "justification", "response", "detail", "firstIssued", "lastUpdated"))
    state = analysis.word("state", _STATES)
    if not state:
        return None
    responses = analysis.texts("response")
    for response in responses:
        Node({"response": response}, node.document, analysis.place).word("response", _RESPONSES)
    statement = Statement(
        vulnerability=node.required("id"),
        status=_STATES[state],
        author=author,
        document=node.document,
        timestamp=analysis.time("lastUpdated") or analysis.time("firstIssued") or issued,
        justification=analysis.word("justification", _JUSTIFICATIONS),
        impact=analysis.text("detail"),
        action=", ".join(response.replace("_", " ") for response in responses),
        supplier=supplier,
    )
    if statement.status is Status.NOT_AFFECTED and not (statement.justification or statement.impact):
        raise analysis.refused(
            f"says `{state}` of {shown(statement.vulnerability)} and not why",
            f"Add a `justification`, one of {', '.join(_JUSTIFICATIONS)}, or a `detail`.",
        )
    return statement


def _claims(node: Node, statement: Statement, bom: _Bom) -> Iterator[Claim]:
    ids = frozenset(
        (statement.vulnerability, *(other.required("id") for other in node.nodes("references", "reference")))
    )
    affects = node.nodes("affects", "entry of affects")
    if not affects:
        raise node.refused("names nothing that it is about", "Add `affects`, with the `ref` of each component.")
    for affected in affects:
        affected.only(("ref", "versions"))
        product, part, version = _resolved(affected, bom)
        versions = _unaffected(affected)
        if versions is None and version:
            versions = frozenset((version,))
        yield Claim(statement, ids, product, part, versions)


def _resolved(affected: Node, bom: _Bom) -> tuple[Component | None, Component | None, str]:
    """Return the product and the component that a reference leads to, and its version if its package URL has none."""
    ref = affected.required("ref")
    link = _BOM_LINK.fullmatch(ref)
    if link is not None:
        refs = tuple(dict.fromkeys((link["ref"], unquote(link["ref"]))))
        own = next((item for item in refs if link["bom"] == bom.link and item in bom.components), "")
        if not own:
            # A component of a bill of materials that is not here, though it may have this document's serial number as
            # a VEX that goes with it has. It is named exactly, as Trivy takes it, too.
            return Component((), (link["bom"],)), Component((), refs), ""
        ref = own
    if ref and ref == bom.root_ref:
        return bom.root or Component((), (bom.link,) if bom.link else ()), None, ""
    component = bom.components.get(ref)
    if component is None:
        if package_url.parse(ref) is None:
            raise affected.refused(
                f"has {shown(ref)} as `ref`, which is no component of the document",
                "Refer to a component by its `bom-ref`, its package URL, or a BOM-Link.",
            )
        return bom.root, Component((ref,)), ""
    purl = _purl(component)
    url = package_url.parse(purl)
    return bom.root, Component((purl,) if purl else ()), "" if url is None or url.version else component.text("version")


def _purl(node: Node) -> str:
    purl = node.text("purl")
    if purl and package_url.parse(purl) is None:
        raise node.refused(f"has {shown(purl)} as `purl`, which is no package URL", "Mend it, or leave it away.")
    return purl


def _unaffected(affected: Node) -> frozenset[str] | None:
    """Return the versions for which a finding may be hidden; None where the document has no list of them.

    A list narrows what is said, and its entries are affected where they do not say otherwise. Ranges are not computed,
    so nothing is hidden because of one. Trivy does not look at the list at all.
    """
    if "versions" not in affected.value:
        return None
    listed = affected.nodes("versions", "version")
    for node in listed:
        node.word("status", ("affected", "unaffected", "unknown"))
    return frozenset(
        node.text("version") for node in listed if node.text("status") == "unaffected" and node.text("version")
    )
