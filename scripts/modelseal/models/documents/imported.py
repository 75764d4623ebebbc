"""Modules that loaders import because a configuration names them, whatever it then makes of them.

Lightning: https://github.com/Lightning-AI/pytorch-lightning/blob/2.5.5/src/lightning/pytorch/core/saving.py; PEFT's
`megatron_core`: https://github.com/huggingface/peft/blob/v0.17.1/src/peft/tuners/lora/model.py; MMEngine:
https://github.com/open-mmlab/mmengine/blob/v0.10.7/mmengine/utils/misc.py, `import_modules_from_strings`; Spark:
https://github.com/apache/spark/blob/v4.0.1/python/pyspark/ml/util.py, `loadParamsInstance`; AutoGen:
https://github.com/microsoft/autogen/blob/python-v0.7.4/python/packages/autogen-core/src/autogen_core/_component_config.py;
Haystack: https://github.com/deepset-ai/haystack/blob/v2.17.1/haystack/core/serialization.py
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from modelseal.gate.finding import Severity
from modelseal.gate.strict_json import short
from modelseal.models.budget import Budget
from modelseal.models.documents.judge import Judge
from modelseal.models.event import Event, Fetches, Found, Requires
from modelseal.models.keras.names import known
from modelseal.models.rule import Rule

IMPORTED = Rule(
    id="config-imports-module",
    title="A module that a configuration has imported, and that is none of the loader's own",
    severity=Severity.UNKNOWN,
    happens="Loading the model imports the module that is named, from the folder or from what is installed, and may "
    "call what is in it.",
    remedy="Remove the entry, or allow the module by its name once you know where it comes from.",
    atlas=("AML.T0010.003", "AML.T0011.000"),
    cwe=("CWE-470", "CWE-829"),
)
_DOTTED = re.compile(r"[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*")
# A key; another that must be there; the packages whose modules the loader has itself.
_KEYS: tuple[tuple[str, str, frozenset[str]], ...] = (
    ("_instantiator", "_instantiator", frozenset({"lightning", "pytorch_lightning"})),
    ("megatron_core", "peft_type", frozenset({"megatron"})),
    ("class", "paramMap", frozenset({"org", "pyspark", "ml", "com", "xgboost", "synapse"})),
    ("provider", "component_type", frozenset({"autogen_core", "autogen_agentchat", "autogen_ext", "autogenstudio"})),
    ("type", "init_parameters", frozenset({"haystack", "haystack_integrations", "haystack_experimental"})),
)
_OPEN_MMLAB = re.compile(r"mm\w*|projects|opencompass|xtuner")


def judge(node: Mapping[str, Any], _: Budget) -> Iterator[Event]:
    """Judge the modules that an object names."""
    for key, beside, own in _KEYS:
        if beside in node and isinstance(name := node.get(key), str):
            yield from _named(key, name, name.partition(".")[0] in own)
    imports = node.get("custom_imports")
    listed = imports.get("imports") if isinstance(imports, dict) else None
    for name in listed if isinstance(listed, list) else [listed]:
        if isinstance(name, str):
            yield from _named("custom_imports", name, _OPEN_MMLAB.fullmatch(name.partition(".")[0]) is not None)


def _named(key: str, name: str, own: bool) -> Iterator[Event]:  # noqa: FBT001 -- of two callers, one a line above
    if own or not _DOTTED.fullmatch(name):
        return
    worst = Severity.HIGH if known().foreign_to(name) or key == "_instantiator" else None
    yield Found(IMPORTED, f"{key} is {short(name)}", subject=name[:200], severity=worst)
    yield Requires(Fetches.CODE, name[:500])


JUDGE = Judge(judge, (IMPORTED,), frozenset({"custom_imports", *(beside for _, beside, _ in _KEYS)}))
