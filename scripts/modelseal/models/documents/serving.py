"""Configurations of models for servers: which files Triton and ONNX Runtime load.

https://github.com/triton-inference-server/common/blob/main/protobuf/model_config.proto and
https://onnxruntime.ai/docs/genai/reference/config.html
"""

from collections.abc import Iterator, Mapping
from typing import Any

from modelseal.gate.finding import Severity
from modelseal.gate.strict_json import short
from modelseal.models.budget import Budget
from modelseal.models.documents.hugging_face import outside
from modelseal.models.documents.judge import Judge
from modelseal.models.event import Event, Fetches, Found, Requires
from modelseal.models.rule import Rule

FILES = Rule(
    id="serving-foreign-file",
    title="A file that a server of models loads from outside of the model, or as a native library",
    severity=Severity.HIGH,
    happens="The server loads what is at the path on its machine, or runs the library or environment in its process.",
    remedy="Keep the model's file beside its configuration, and install libraries where the server is set up.",
    atlas=("AML.T0011.000", "AML.T0010.003"),
    cwe=("CWE-22", "CWE-73", "CWE-829"),
    references=(
        "https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/customization_guide/deploy.html",
    ),
)
_LIBRARIES = ("op_library_filename", "custom_ops_library")
_ENVIRONMENTS = frozenset({"EXECUTION_ENV_PATH", "shared_library_path", "custom_ops_library_path"})


def judge(node: Mapping[str, Any], _: Budget) -> Iterator[Event]:
    """Judge the files that an object of a configuration names."""
    yield from _models(node)
    for key in _LIBRARIES:
        for name in _texts(node.get(key)):
            yield Found(FILES, f"{key} is {short(name)}", subject=name[:200])
            yield Requires(Fetches.CODE, name[:500])
    value = node.get("value")
    if str(node.get("key")) in _ENVIRONMENTS and isinstance(value, dict):
        for path in _texts(value.get("string_value")):
            if outside(path):
                yield Found(FILES, f"{node['key']} is {short(path)}", subject=path[:200])
            yield Requires(Fetches.CODE, path[:500])


def _models(node: Mapping[str, Any]) -> Iterator[Event]:
    listed = node.get("cc_model_filenames")
    named = [item.get("value") for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    if isinstance(listed, dict):
        named += [listed["value"]] if "value" in listed else list(listed.values())
    genai = node.get("filename") if "session_options" in node or "pipeline" in node or "inputs" in node else None
    for name in (
        *_texts(genai),
        *_texts(node.get("default_model_filename")),
        *(item for value in named for item in _texts(value)),
    ):
        if outside(name):
            yield Found(FILES, f"the model is read from {short(name)}", subject=name[:200])


def _texts(value: object) -> list[str]:
    """Return a text, or the texts of a list."""
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)]


_KEYS = frozenset({"cc_model_filenames", "default_model_filename", "filename", "value", *_LIBRARIES})
JUDGE = Judge(judge, (FILES,), _KEYS)
