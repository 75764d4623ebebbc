"""Classes that a configuration has made by their names: Hydra's `_target_`, `target` of latent diffusion, Lightning's.

Caffe's layers in Python: https://github.com/BVLC/caffe/blob/1.0/include/caffe/layers/python_layer.hpp

Hydra: https://hydra.cc/docs/advanced/instantiate_objects/overview/; NeMo reads its configurations so.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from modelseal.gate.finding import Severity
from modelseal.models.budget import Budget
from modelseal.models.documents import reaching
from modelseal.models.documents.judge import Judge
from modelseal.models.event import Event, Fetches, Found, Requires
from modelseal.models.keras.names import known
from modelseal.models.rule import Rule

TARGET = Rule(
    id="config-foreign-target",
    title="A configuration that makes something of a module that no model needs",
    severity=Severity.HIGH,
    happens="Whoever instantiates the configuration imports the module and calls what is named, with the arguments "
    "that are written beside it.",
    remedy="Remove the entry, or name a class of the framework that reads the configuration.",
    atlas=("AML.T0011.000", "AML.T0010.003"),
    cwe=("CWE-470", "CWE-502"),
    references=(
        "CVE-2025-23304",
        "CVE-2026-22584",
        "https://unit42.paloaltonetworks.com/rce-vulnerabilities-in-ai-python-libraries/",
    ),
)
_KEYS = ("_target_", "target", "class_path", "_class_", "__target__")
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
# Packages with classes that models are made of: their classes may be named, not what they lead to.
_OF_MODELS = frozenset(
    {"torch", "transformers", "numpy", "jax", "sklearn", "torchvision", "tensorflow", "huggingface_hub", "xgboost"}
    | {"lightgbm", "scipy"}
)


def judge(node: Mapping[str, Any], _: Budget) -> Iterator[Event]:
    """Judge what an object of a configuration would be made of."""
    for key in _KEYS:
        name = node.get(key)
        if not isinstance(name, str) or not _DOTTED.fullmatch(name):
            continue
        root = name.partition(".")[0]
        if (known().foreign_to(name) and root not in _OF_MODELS) or reaching.reaches(name):
            yield Found(TARGET, f"{name[:200]} is what {key} makes", subject=name[:200])
        elif key != "target":
            yield Requires(Fetches.CODE, name)
    layer = node.get("python_param")
    if isinstance(layer, dict) and isinstance(layer.get("module"), str):
        name = f"{layer['module']}.{layer.get('layer')}"
        yield Found(TARGET, f"{name[:200]} is what a layer is made of", subject=name[:200])


JUDGE = Judge(judge, (TARGET,))
