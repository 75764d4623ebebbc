"""OpenVEX documents: read, and written from a result so that decisions made here travel.

The format is https://github.com/openvex/spec/blob/v0.2.0/OPENVEX-SPEC.md. What its JSON Schema refuses is refused here,
but for the keys that go-vex itself writes beyond it.
"""

from datetime import datetime

from modelseal.gate import package_url
from modelseal.gate.json_document import Node, shown
from modelseal.gate.openvex_export import write
from modelseal.gate.statement import JUSTIFICATIONS, Claim, Component, Statement, Status

__all__ = ["read", "write"]

_NAMESPACE = "https://openvex.dev/ns"
_CURRENT = f"{_NAMESPACE}/v0.2.0"
# Before 0.2.0 a vulnerability and a product were texts, and components stood beside the products. The namespace alone
# was for both: https://github.com/openvex/go-vex/blob/v0.2.5/pkg/vex/compat.go
_OLD = (_NAMESPACE, f"{_NAMESPACE}/v0.0.1", f"{_NAMESPACE}/v0.0.2", f"{_NAMESPACE}/v0.1.0")
_DOCUMENT_KEYS = (
    "@context", "@id", "author", "role", "timestamp", "last_updated", "version", "tooling", "supplier", "statements",
)  # fmt: skip
_STATEMENT_KEYS = (
    "@id", "version", "vulnerability", "timestamp", "last_updated", "products", "status", "supplier", "status_notes",
    "justification", "impact_statement", "action_statement", "action_statement_timestamp",
)  # fmt: skip
_COMPONENT_KEYS = ("@id", "identifiers", "hashes", "supplier")
_IDENTIFIERS = ("purl", "cpe22", "cpe23")
_UNSET = 1  # the year of a moment that Go's programs write where there is none


def read(document: Node) -> tuple[Claim, ...]:
    """Read a document whose `@context` is OpenVEX's.

    Raises:
        InputError: It is not valid OpenVEX, or could say more than its author meant.
    """
    context = document.text("@context")
    old = context in _OLD
    if not old and context != _CURRENT:
        raise document.refused(
            f"is of a version of OpenVEX that is not known: {shown(context)}", f"Write its `@context` as {_CURRENT}."
        )
    document.only(_DOCUMENT_KEYS)
    document.required("@id")
    author = document.required("author")
    issued = document.time("timestamp")
    if issued is None:
        raise document.refused("has no `timestamp`", "Add when it was issued: of several statements the latest counts.")
    version = document.value.get("version")
    if not old and not (type(version) is int and version >= 1):
        raise document.refused("has no `version` of 1 or more", 'Add `"version": 1`.')
    statements = document.nodes("statements", "statement")
    if not statements:
        raise document.refused("has no `statements`", "Leave the document away if it says nothing.")
    supplier = document.text("supplier")
    return tuple(claim for statement in statements for claim in _claims(statement, author, supplier, issued, old=old))


def _claims(node: Node, author: str, supplier: str, issued: datetime, *, old: bool) -> tuple[Claim, ...]:
    node.only((*_STATEMENT_KEYS, "vuln_description", "subcomponents") if old else _STATEMENT_KEYS)
    names = _vulnerability(node, old=old)
    said = node.time("timestamp")
    status = node.word("status", tuple(Status))
    if not status:
        raise node.refused("has no `status`", f"Add one of {', '.join(sorted(Status))}.")
    statement = Statement(
        vulnerability=names[0],
        status=Status(status),
        author=author,
        document=node.document,
        timestamp=said if said is not None and said.year > _UNSET else issued,
        justification=node.word("justification", JUSTIFICATIONS),
        impact=node.text("impact_statement"),
        action=node.text("action_statement"),
        supplier=node.text("supplier") or supplier,
    )
    _check_reasons(node, statement, old=old)
    ids = frozenset(names)
    return tuple(
        Claim(statement, ids, product, part)
        for product, parts in _products(node, old=old)
        for part in (parts or (None,))
    )


def _check_reasons(node: Node, statement: Statement, *, old: bool) -> None:
    if statement.status is Status.NOT_AFFECTED and not (statement.justification or statement.impact):
        raise node.refused(
            f"says `not_affected` of {shown(statement.vulnerability)} and not why",
            f"Add a `justification`, one of {', '.join(JUSTIFICATIONS)}, or an `impact_statement`.",
        )
    if statement.status is Status.AFFECTED and not old and not statement.action:
        raise node.refused("says `affected` and not what to do", "Add an `action_statement`.")


def _vulnerability(node: Node, *, old: bool) -> tuple[str, ...]:
    if old and isinstance(node.value.get("vulnerability"), str):
        return (node.required("vulnerability"),)
    vulnerability = node.node("vulnerability", f"the vulnerability of {node.place}")
    if vulnerability is None:
        raise node.refused("has no `vulnerability`", 'Add `"vulnerability": {"name": "CVE-…"}`.')
    vulnerability.only(("@id", "name", "description", "aliases"))
    iri = vulnerability.text("@id")
    return (vulnerability.required("name"), *vulnerability.texts("aliases"), *((iri,) if iri else ()))


def _products(node: Node, *, old: bool) -> tuple[tuple[Component, tuple[Component, ...]], ...]:
    """Return what a statement is about: each product with its components."""
    value = node.value.get("products")
    if old and isinstance(value, list) and all(isinstance(item, str) for item in value):
        parts = tuple(_named(text, node) for text in node.texts("subcomponents"))
        found = tuple((_named(text, node), parts) for text in node.texts("products"))
    else:
        if "subcomponents" in node.value:
            raise node.refused("has `subcomponents` beside its products", "Write them into each product.")
        found = tuple(_product(product) for product in node.nodes("products", "product"))
    if not found:
        raise node.refused("has no `products`", 'Add what it is about: `"products": [{"@id": "pkg:…"}]`.')
    return found


def _product(node: Node) -> tuple[Component, tuple[Component, ...]]:
    node.only((*_COMPONENT_KEYS, "subcomponents"))
    parts = node.nodes("subcomponents", "subcomponent")
    for part in parts:
        part.only(_COMPONENT_KEYS)
    return _component(node), tuple(map(_component, parts))


def _component(node: Node) -> Component:
    iri = node.text("@id")
    identifiers = node.node("identifiers", f"the identifiers of {node.place}")
    texts = []
    if identifiers is not None:
        identifiers.only(_IDENTIFIERS)
        texts = [identifiers.required(key) for key in identifiers.value]
        if identifiers.value.get("purl") and package_url.parse(identifiers.text("purl")) is None:
            raise node.refused(f"has {shown(identifiers.text('purl'))} as `purl`, which is no package URL", _URL_MEND)
    # Hashes are neither: they are of files, and what is scanned are packages and an image, known by its digest.
    hashes = node.node("hashes", f"the hashes of {node.place}")
    if hashes is not None:
        for algorithm in hashes.value:
            hashes.required(algorithm)
    named = [_named(text, node) for text in (iri, *texts) if text]
    if not named:
        raise node.refused("has neither an `@id` nor `identifiers`", "Name it by its package URL.")
    return Component(
        tuple(dict.fromkeys(url for item in named for url in item.purls)),
        tuple(dict.fromkeys(name for item in named for name in item.names)),
    )


_URL_MEND = "Write it like pkg:deb/debian/zlib1g@1.2.13.dfsg-1: type, namespace, name and version."


def _named(text: str, node: Node) -> Component:
    if not text.startswith("pkg:"):
        return Component((), (text,))
    if package_url.parse(text) is None:
        raise node.refused(f"has {shown(text)}, which is no package URL", _URL_MEND)
    return Component((text,), ())
