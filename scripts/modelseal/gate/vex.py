"""What VEX documents say of a finding.

A statement is about a vulnerability and a product; the product is the image, with the package as its component or
without, or the package itself. Of several statements about the same finding the latest counts, and of those of the
same moment the worst for us, whatever document they are in.

Matching follows go-vex and Trivy (https://github.com/aquasecurity/trivy/blob/v0.74.0/pkg/vex/openvex.go), and is
stricter where those would hide more than an author said:

- Trivy asks for the package first and for the image then, one document after the other, and is content with the first
  that says not affected, though a later statement says affected. Here all are compared.
- Of two statements of the same moment Trivy takes that which is first in the document. Here it is the worse.
- A product with components hides in Trivy every package without a package URL, and the product itself where that is a
  package. Here a component must be the package.
- A product's `@id` and `identifiers` are alternatives in Trivy. Here both must match to hide a finding, as both are
  said of one thing; one of them is enough for what hides nothing.
"""

import functools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from packageurl import PackageURL

from modelseal.errors import InputError
from modelseal.gate import json_document, package_url
from modelseal.gate.finding import Finding, Kind
from modelseal.gate.json_document import Node
from modelseal.gate.statement import JUSTIFICATIONS, Claim, Component, Statement, Status

__all__ = ["JUSTIFICATIONS", "Statement", "Status", "Vex", "read"]

_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)
_CVE = "CVE-"
_KIND = "VEX document"


@dataclass(frozen=True, slots=True)
class _Target:
    """A package or an image that statements may be about, and the keys under which those are."""

    text: str
    url: PackageURL | None
    keys: tuple[str, ...]


@functools.lru_cache(maxsize=4096)
def _target(text: str) -> _Target:
    url = package_url.parse(text)
    return _Target(text, url, (text, package_url.key(url)) if url else (text,))


@functools.lru_cache(maxsize=64)
def _images(products: tuple[str, ...], platform: str) -> tuple[_Target, ...]:
    """Return what the image is called that a finding of this platform is in."""
    architecture = [*platform.split("/"), ""][1]
    targets = tuple(map(_target, products))
    return tuple(
        target
        for target in targets
        if not architecture or target.url is None or package_url.architecture(target.url) in ("", architecture)
    )


class Vex:
    """All that some documents say."""

    def __init__(self, claims: Iterable[Claim]) -> None:
        """Sort claims by what they are about, those first that count.

        Args:
            claims: In any order.
        """
        index: dict[str, dict[str, list[Claim]]] = defaultdict(lambda: defaultdict(list))
        self._count = 0
        for claim in claims:
            self._count += 1
            for key in frozenset(_keys(claim.part or claim.product)):
                for name in claim.ids:
                    index[name][key].append(claim)
        for by_key in index.values():
            for found in by_key.values():
                found.sort(key=_weight, reverse=True)
        self._index = {name: dict(by_key) for name, by_key in index.items()}
        # An image can hold one package in thousands of places, and a document can speak of it thousands of times.
        self._answers: dict[tuple[object, ...], Statement | None] = {}

    def __len__(self) -> int:
        """The number of claims: a statement makes one for each product or component that it names."""
        return self._count

    def about(self, finding: Finding, products: Sequence[str] = ()) -> Statement | None:
        """Return the statement that counts for a finding, whatever its status; None when there is none.

        A finding is hidden only where `statement.status.hides`.

        Args:
            finding: What was found. Nothing but a vulnerability is ever spoken of.
            products: What the image is called: package URLs (`package_url.of_image`), and the BOM-Links of its own
                SBOMs, `urn:cdx:serial/version`. One with an `arch` is not the product of another platform's finding.
        """
        if finding.kind is not Kind.VULNERABILITY:
            return None
        names = frozenset(name for name in (finding.id, *finding.aliases) if name in self._index)
        if not names:
            return None
        called = tuple(products)
        question = (finding.id, finding.aliases, finding.purl, finding.version, finding.platform, called)
        if question not in self._answers:
            self._answers[question] = self._answer(finding, names, called)
        return self._answers[question]

    def _answer(self, finding: Finding, names: frozenset[str], products: tuple[str, ...]) -> Statement | None:
        package, images = _target(finding.purl), _images(products, finding.platform)
        keys = {key for target in (package, *images) for key in target.keys if key}
        certain = _certain_names(finding)
        best: Claim | None = None
        for name in names:
            for key in keys:
                for claim in self._index[name].get(key, ()):
                    certainly = name in certain or not claim.statement.status.hides
                    if certainly and _applies(claim, finding, package, images):
                        best = claim if best is None else max(best, claim, key=_weight)
                        break  # those after it count for less
        return None if best is None else best.statement


def read(documents: Sequence[tuple[str, bytes]]) -> Vex:
    """Read VEX documents, each in OpenVEX or in CycloneDX as JSON.

    Args:
        documents: Name and bytes of each.

    Raises:
        InputError: One is not a VEX document, or is one that could be misunderstood.
    """
    return Vex(claim for name, content in documents for claim in _claims(name, content))


def _claims(name: str, content: bytes) -> tuple[Claim, ...]:
    if content.lstrip()[:1] == b"<":
        raise InputError("A VEX document is XML.", where=name, mend="Give it as JSON; XML is not read.")
    document = json_document.read(content, name, kind=_KIND)
    if "bomFormat" in document.value:
        from modelseal.gate import cyclonedx_vex  # noqa: PLC0415 -- only where it is needed

        return cyclonedx_vex.read(document)
    if str(document.value.get("@context", "")).startswith("https://openvex.dev/"):
        from modelseal.gate import openvex  # noqa: PLC0415 -- only where it is needed

        return openvex.read(document)
    raise InputError(
        _strange(document), where=name, mend="Give a document in OpenVEX or CycloneDX JSON; see docs/vex.md."
    )


def _strange(document: Node) -> str:
    """Name what was given in place of a VEX document."""
    keys = document.value.keys()
    inner = document.value.get("document")
    if isinstance(inner, dict) and "csaf_version" in inner:
        return "A CSAF document was given as VEX document; CSAF is not read."
    if {"payload", "payloadType"} <= keys or "predicateType" in keys:
        return "An attestation was given as VEX document; give the document that is in its predicate."
    if "spdxVersion" in keys or "spdx.org" in str(document.value.get("@context", "")):
        return "An SPDX document was given as VEX document; it is a bill of materials."
    if "SchemaVersion" in keys:
        return "A report of Trivy was given as VEX document."
    return "A document is neither OpenVEX (`@context`) nor CycloneDX (`bomFormat`)."


def _keys(component: Component | None) -> Iterator[str]:
    if component is None:
        return
    yield from component.names
    for text in component.purls:
        if url := package_url.parse(text):
            yield package_url.key(url)


def _certain_names(finding: Finding) -> frozenset[str]:
    """Return the names under which a finding may be hidden.

    An advisory that gathers several CVEs is not dealt with by what is said of one of them.
    """
    names = frozenset((finding.id, *finding.aliases))
    return names if sum(name.startswith(_CVE) for name in names) <= 1 else frozenset((finding.id,))


def _applies(claim: Claim, finding: Finding, package: _Target, images: Sequence[_Target]) -> bool:
    hides = claim.statement.status.hides
    if hides and claim.versions is not None and finding.version not in claim.versions:
        return False
    if claim.part is not None and not _means(claim.part, package, hides=hides):
        return False
    if claim.product is None:
        return True
    return any(_means(claim.product, target, hides=hides) for target in (package, *images))


def _means(component: Component, target: _Target, *, hides: bool) -> bool:
    if not target.text:
        return False
    if target.text in component.names:
        return True
    if target.url is None or not component.purls:
        return False
    matching = (
        (url := package_url.parse(text)) is not None and package_url.covers(url, target.url) for text in component.purls
    )
    return all(matching) if hides else any(matching)


def _weight(claim: Claim) -> tuple[object, ...]:
    """Order claims about one finding; the greatest counts. What has no time overrules nothing, if it hides."""
    statement = claim.statement
    moment = statement.timestamp or (_EARLIEST if statement.status.hides else _LATEST)
    texts = (
        statement.document, statement.author, statement.justification, statement.impact, statement.action,
        statement.supplier, statement.vulnerability,
    )  # fmt: skip
    return (moment, -statement.status.rank, texts)
