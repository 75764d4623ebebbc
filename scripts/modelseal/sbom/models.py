"""Models in a CycloneDX BOM: their files with digests and formats, and what loading them would run or fetch.

The ML-BOM of CycloneDX 1.6: https://cyclonedx.org/docs/1.6/json/#components_items_type, `machine-learning-model`.
SPDX 2.3 has no words for models.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from modelseal.errors import ToolError
from modelseal.gate.result import Required, ScannedFile
from modelseal.sbom.documents import invalid, read_object

PREFIX = "modelseal:model:"
"""What the reference of everything that is in a BOM because of a model begins with."""

_FORMAT = "modelseal:model:format"
_PINNED = "modelseal:model:pinned"
_SAYS = "modelseal:model:stated-in"
_TYPES = {
    "model": "machine-learning-model", "adapter": "machine-learning-model", "tokenizer": "data", "data": "data",
    "package": "library", "code": "application", "file": "file",
}  # fmt: skip


@dataclass(frozen=True)
class Model:
    """A model as the BOM has it.

    Attributes:
        name: What it is called.
        files: Its files, each with its SHA-256.
        requires: What loading it would run or fetch.
    """

    name: str
    files: tuple[ScannedFile, ...]
    requires: tuple[Required, ...]


def with_models(data: bytes, models: Sequence[Model], where: str) -> bytes:
    """Return a CycloneDX document with models in it.

    Args:
        data: The document.
        models: The models; each has another name.
        where: The document's name, for errors.

    Raises:
        ToolError: It is not a document that models can be added to, or a file has no digest.
    """
    document: Any = read_object(data, where)
    components, dependencies = document.setdefault("components", []), document.setdefault("dependencies", [])
    if not isinstance(components, list) or not isinstance(dependencies, list):
        raise invalid(where, ("its components or dependencies are no list",))
    for model in models:
        required = _required(model)
        components += [_component(model), *required]
        own = {"ref": _reference(model.name)}
        dependencies.append(own | ({"dependsOn": [item["bom-ref"] for item in required]} if required else {}))
    return json.dumps(document, ensure_ascii=False, allow_nan=False).encode("utf-8", "backslashreplace")


def _component(model: Model) -> dict[str, Any]:
    files = [_file(model.name, item) for item in model.files]
    return {
        "bom-ref": _reference(model.name),
        "type": "machine-learning-model",
        "name": _readable(model.name),
        "properties": _properties({_FORMAT: dict.fromkeys(item.formats[0] for item in model.files if item.formats)}),
        "components": files,
    }


def _file(model: str, item: ScannedFile) -> dict[str, Any]:
    if not item.sha256:
        raise ToolError("A model's file could not be hashed.", where=item.name, mend="See that nothing writes to it.")
    return {
        "bom-ref": f"{_reference(model)}/{_readable(item.name)}",
        "type": "file",
        "name": _readable(item.name),
        "hashes": [{"alg": "SHA-256", "content": item.sha256}],
        "properties": _properties({_FORMAT: item.formats, "modelseal:model:size": (str(item.size),)}),
    }


def _required(model: Model) -> list[dict[str, Any]]:
    """Return each thing that loading the model takes along, once, with every file that says so."""
    said: dict[tuple[str, str, str, bool], list[str]] = {}
    for item in model.requires:
        said.setdefault((item.kind, item.reference, item.revision, item.pinned), []).append(item.path)
    return [
        {
            "bom-ref": f"{_reference(model.name)}#{number}",
            "type": _TYPES.get(kind, "file"),
            "name": _readable(reference) or kind,
            **({"version": _readable(revision)} if revision else {}),
            "scope": "required",
            "properties": _properties({
                "modelseal:model:requires": (kind,), _PINNED: (str(pinned).lower(),), _SAYS: map(_readable, paths),
            }),
        }
        for number, ((kind, reference, revision, pinned), paths) in enumerate(said.items(), 1)
    ]  # fmt: skip


def _properties(values: dict[str, Iterable[str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, each in values.items() for value in each]


def _reference(name: str) -> str:
    return f"{PREFIX}{_readable(name)}"


def _readable(text: str) -> str:
    r"""Return a text that every reader of UTF-8 can hold: a byte of a name that is not becomes `\udcff` in letters."""
    return text.encode("utf-8", "backslashreplace").decode()
