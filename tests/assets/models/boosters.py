"""Gradient boosting libraries' own formats: as they write them, and with something else in or behind them."""

import base64
import json
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

from assets.models.case import Case, one
from assets.models.flatbuffers import Node, root
from assets.models.safetensors import PICKLE

_REAL = Path(__file__).parent / "benign" / "boosters"
_ENCODED = base64.b64encode(PICKLE).decode()


def ubj(value: object) -> bytes:
    """Write a value as XGBoost does."""
    match value:
        case str():
            return b"S" + _key(value)
        case int():
            return b"l" + struct.pack(">i", value)
        case list():
            return b"[" + b"".join(map(ubj, value)) + b"]"
        case Mapping():
            return b"{" + b"".join(_key(key) + ubj(each) for key, each in value.items()) + b"}"
    raise TypeError(value)


def _key(text: str) -> bytes:
    return b"L" + struct.pack(">q", len(text.encode())) + text.encode()


def learner(attributes: Mapping[str, str]) -> Mapping[str, object]:
    return {"learner": {"attributes": attributes, "feature_names": ["a"]}, "version": [3, 2, 0]}


def binary(attributes: Mapping[str, str], rest: bytes = b"") -> bytes:
    """Write a model without trees as XGBoost 1.7 does."""
    made = b"binf" + struct.pack("<fIiii116x", 0.5, 4, 0, int(bool(attributes)), 0)
    for name in ("reg:squarederror", "gbtree"):
        made += struct.pack("<Q", len(name)) + name.encode()
    made += struct.pack("<i156x", 0)
    if attributes:
        made += struct.pack("<Q", len(attributes))
    for text in (text for pair in attributes.items() for text in pair):
        made += struct.pack("<Q", len(text)) + text.encode()
    return made + rest


def catboost(information: Mapping[str, str], rest: bytes = b"", parts: tuple[str, ...] = ()) -> bytes:
    pairs: list[Node] = [{0: key, 1: value} for key, value in information.items()]
    core = root({0: "FlabuffersModel_v1", 2: pairs, 3: list(parts)} if parts else {0: "FlabuffersModel_v1", 2: pairs})
    return b"CBM1" + struct.pack("<I", len(core)) + core + rest


def cases() -> Iterator[Case]:
    for path in sorted(_REAL.iterdir()):
        file = f"model{path.suffix}"
        yield one(f"boosters/{path.name.lower()}", "benign", path.read_bytes(), f"written by {path.stem}", file=file)
    plain = {"scikit_learn": json.dumps({"_estimator_type": "classifier"}), "note": "never calls eval() or os.system"}
    for name, content, file in (
        ("json-attributes", json.dumps(learner(plain)).encode(), "model.json"),
        ("ubj-attributes", ubj(learner(plain)), "model.ubj"),
        ("ubj-pickled", ubj({"Config": {"version": [3, 2, 0]}, "Model": learner(plain)}), "booster.bin"),
        ("binary-attributes", binary(plain), "model.bin"),
        ("catboost-information", catboost({"params": "{}", **plain}), "model.cbm"),
        ("catboost-with-parts", catboost({}, b"\0" * 64, ("static_provider_v1",)), "model.cbm"),
    ):
        yield one(f"boosters/{name}", "benign", content, "ordinary attributes", file=file)
    for name, content, rule, file in _attacks():
        yield one(f"boosters/{name}", "malicious", content, "carries something else", rule, file=file)
    for name, content, file in _unread():
        yield one(f"boosters/{name}", "unknown", content, "cannot be read", "unread", file=file)
    parts = catboost({}, b"\0" * 64, ("own_provider",))
    yield one("boosters/catboost-part", "unknown", parts, "no such part", "catboost-trailing", file="model.cbm")


def _attacks() -> Iterator[tuple[str, bytes, str, str]]:
    for name, text in {"pickle": _ENCODED, "python": "__import__('os').system('id')", "script": "#!/bin/sh"}.items():
        yield f"json-{name}", json.dumps(learner({"loader": text})).encode(), "xgboost-metadata-code", "model.json"
        yield f"ubj-{name}", ubj(learner({"loader": text})), "xgboost-metadata-code", "model.ubj"
        pickled = ubj({"Config": {}, "Model": learner({"loader": text})})
        yield f"ubj-pickled-{name}", pickled, "xgboost-metadata-code", "booster.bin"
        yield f"binary-{name}", binary({"loader": text}), "xgboost-metadata-code", "model.bin"
        yield f"catboost-{name}", catboost({"loader": text}), "catboost-metadata-code", "model.cbm"
    yield "ubj-pickle-behind", ubj(learner({})) + PICKLE, "xgboost-trailing", "model.ubj"
    yield "binary-pickle-behind", binary({}, PICKLE), "xgboost-trailing", "model.bin"
    yield "catboost-pickle-behind", catboost({}, PICKLE), "catboost-trailing", "model.cbm"
    yield "pickle-as-ubj", PICKLE, "disguised", "model.ubj"
    yield "pickle-as-catboost", PICKLE, "disguised", "model.cbm"


def _unread() -> Iterator[tuple[str, bytes, str]]:
    whole = ubj(learner({"a": "b" * 50}))
    yield "ubj-cut-off", whole[:60], "model.ubj"
    beginning = b"{L" + struct.pack(">q", 7) + b"learner"
    yield "ubj-huge-array", beginning + b"[$d#L" + struct.pack(">q", (1 << 63) - 1), "model.ubj"
    yield "ubj-negative-array", beginning + b"[$d#L" + struct.pack(">q", -1), "model.ubj"
    yield "binary-cut-off", binary({"a": "b" * 50})[:-20], "model.bin"
    yield "catboost-cut-off", catboost({})[:-20], "model.cbm"
