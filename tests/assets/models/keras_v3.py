"""Keras archives: models that Keras wrote, and archives that make it do something else."""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

from assets.models.case import Case, one
from assets.models.hdf5_writing import File, external_link, hard_link
from assets.models.keras_v2 import BENIGN, attacks, function, layer, model

METADATA = json.dumps({"keras_version": "3.8.0", "date_saved": "2026-01-01@00:00:00"})
_DATE = (2026, 1, 1, 0, 0, 0)


def archive(members: Mapping[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, content in members.items():
            packed.writestr(zipfile.ZipInfo(name, _DATE), content)
    return buffer.getvalue()


def weights() -> bytes:
    return File().done([])


def saved(config: Any, **more: str | bytes) -> bytes:
    text = config if isinstance(config, str) else json.dumps(config)
    return archive({"metadata.json": METADATA, "config.json": text, "model.weights.h5": weights(), **more})


def keras_3(node: Any) -> Any:
    """Put the module to every class that has none, as Keras 3 writes it."""
    if isinstance(node, list):
        return [keras_3(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {key: keras_3(value) for key, value in node.items()}
    if "class_name" in made and "module" not in made and not made["class_name"].startswith("__"):
        made |= {"module": "keras" if made["class_name"] == "Sequential" else "keras.layers", "registered_name": None}
    return made


def tricks() -> Iterator[Case]:
    escaped = json.dumps(model(layer("Popen", {}, module="subprocess"))).replace("class_name", "class\\u005fname")
    yield one(
        "keras_v3/escaped-keys",
        "malicious",
        saved(escaped),
        "keys written with escapes",
        "keras-foreign-module",
        file="m.keras",
    )
    hidden = {"wrapper": {"anything": [layer("Lambda", {"function": function("os", "system")})]}}
    yield one(
        "keras_v3/not-at-the-top",
        "malicious",
        saved(hidden),
        "an object in plain values",
        "keras-foreign-module",
        file="m.keras",
    )
    attack = json.dumps(layer("Popen", {}, module="subprocess"))
    twice = f'{{"class_name": "Sequential", "config": {{"a": {attack}}}, "config": {{}}}}'
    yield one(
        "keras_v3/key-twice",
        "malicious",
        saved(twice),
        "the attack under the first of two keys",
        "keras-foreign-module",
        "json-repeated-key",
        file="m.keras",
    )
    compiled = {**model(), "compile_config": {"loss": function("builtins", "eval"), "optimizer": "adam"}}
    yield one(
        "keras_v3/compile-config",
        "malicious",
        saved(compiled),
        "a loss that is no loss",
        "keras-foreign-module",
        file="m.keras",
    )
    built = {**model(), "build_config": {"input_shape": function("runpy", "run_path")}}
    yield one(
        "keras_v3/build-config",
        "malicious",
        saved(built),
        "a shape that is a function",
        "keras-foreign-module",
        file="m.keras",
    )
    spec: dict[str, Any] = {
        "class_name": "__typespec__",
        "spec_name": "system",
        "module": "os",
        "registered_name": None,
        "config": [],
    }
    yield one(
        "keras_v3/type-specification",
        "malicious",
        saved({"spec": spec}),
        "a specification of os",
        "keras-foreign-module",
        file="m.keras",
    )
    numpy = layer("Dense", {"units": function("numpy", "load")})
    yield one(
        "keras_v3/numpy-load",
        "malicious",
        saved(numpy),
        "numpy.load as a number of units",
        "keras-foreign-module",
        file="m.keras",
    )
    kind = layer("Dense", {}, module={"a": 1})
    yield one(
        "keras_v3/module-of-no-text",
        "malicious",
        saved(kind),
        "a module that is no text",
        "keras-foreign-module",
        file="m.keras",
    )
    yield one(
        "keras_v3/no-ending",
        "malicious",
        saved(model(layer("Popen", {}, module="subprocess"))),
        "by another name",
        "keras-foreign-module",
        file="weights.dat",
    )


def members() -> Iterator[Case]:
    plain = model(layer("Dense", {"units": 1}))
    link = File().done([external_link("w", "/etc/passwd")])
    yield one(
        "keras_v3/weights-external-link",
        "malicious",
        archive({"metadata.json": METADATA, "config.json": json.dumps(plain), "model.weights.h5": link}),
        "weights in another file",
        "hdf5-outside-file",
        file="m.keras",
    )
    file = File()
    outside = file.done([hard_link("w", file.outside("/etc/passwd"))])
    yield one(
        "keras_v3/weights-external-storage",
        "malicious",
        archive({"metadata.json": METADATA, "config.json": json.dumps(plain), "model.weights.h5": outside}),
        "weights in another file",
        "hdf5-outside-file",
        file="m.keras",
    )
    climbing = archive({"metadata.json": METADATA, "config.json": json.dumps(plain), "assets/../../../.bashrc": "id\n"})
    yield one("keras_v3/member-climbs", "malicious", climbing, "an asset that leaves the folder", file="m.keras")
    fake = archive({"metadata.json": METADATA, "config.json": "no configuration at all", "model.weights.h5": weights()})
    yield one(
        "keras_v3/configuration-of-text", "malicious", fake, "a configuration that is none", "disguised", file="m.keras"
    )


def benign() -> Iterator[Case]:
    for path in sorted(BENIGN.glob("*.keras")):
        yield one(f"keras_v3/{path.name}", "benign", path.read_bytes(), "written by Keras", file=path.name)
    lines = (BENIGN / "objects-3.jsonl").read_bytes()
    yield one("keras_v3/every-object", "benign", lines, "every layer, loss, metric and so on", file="objects.jsonl")
    for number, line in enumerate(lines.splitlines()[:40]):
        yield one(f"keras_v3/object-{number}", "benign", line, "an object as Keras writes it", file="config.json")
    asset = saved(keras_3(model()), **{"assets/vocabulary.txt": "a\nb\nos.system\n"})
    yield one("keras_v3/vocabulary", "benign", asset, "words as an asset", file="m.keras")


def cases() -> Iterator[Case]:
    for name, made, why, rule in attacks():
        yield one(f"keras_v3/{name}", "malicious", saved(keras_3(model(made))), why, rule, file="model.keras")
        if name.startswith(("lambda", "function")):
            text = json.dumps(keras_3(model(made)), indent=1).encode()
            yield one(f"keras_v3/json-{name}", "malicious", text, why, rule, file="model.json")
    for group in (tricks, members, benign):
        yield from group()
