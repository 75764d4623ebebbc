"""MLflow's `MLmodel`: which loader runs, with which code and which files.

The format: https://mlflow.org/docs/latest/ml/model/
"""

from collections.abc import Iterator, Mapping
from typing import Any

from modelseal.gate.finding import Severity
from modelseal.gate.strict_json import short
from modelseal.models.budget import Budget
from modelseal.models.documents.hugging_face import outside
from modelseal.models.documents.judge import Judge
from modelseal.models.event import Event, Fetches, Found, Requires
from modelseal.models.keras.names import known
from modelseal.models.rule import Rule

LOADER = Rule(
    id="mlflow-foreign-loader",
    title="A loader that is not MLflow's",
    severity=Severity.HIGH,
    happens="`mlflow.pyfunc.load_model` imports the module and calls its `_load_pyfunc`.",
    remedy="Log the model with one of MLflow's flavours, and name its loader: `mlflow.sklearn`, `mlflow.pytorch` ...",
    atlas=("AML.T0010.003", "AML.T0011.000"),
    cwe=("CWE-470", "CWE-829"),
)
CODE = Rule(
    id="mlflow-own-code",
    title="Code that comes with the model and runs when it is loaded",
    severity=Severity.HIGH,
    happens="The folder of code is put before all installed modules, or the script is run: whatever is in it counts.",
    remedy="Read the code. Install what the model needs as packages, pinned by their digests.",
    atlas=("AML.T0010.003", "AML.T0011.000"),
    cwe=("CWE-829", "CWE-427"),
    references=("https://mlflow.org/docs/latest/ml/model/models-from-code/",),
)
OUTSIDE = Rule(
    id="mlflow-outside-path",
    title="A file of the model that is not in its folder",
    severity=Severity.HIGH,
    happens="Loading the model reads, or unpickles, a file of the machine or from an address.",
    remedy="Keep everything in the model's folder.",
    atlas=("AML.T0010.003", "AML.T0011.000"),
    cwe=("CWE-22", "CWE-73", "CWE-918"),
)
_CODE_KEYS = ("code", "code_paths", "code_dir_subpath", "model_code_path", "python_model_code")
_PATH_KEYS = (
    "data",
    "model_path",
    "pickled_model",
    "python_model",
    "model_data",
    "tokenizer",
    "saved_model_dir",
    "path",
)
_ARTIFACT = {"path", "uri"}  # where it is in the model, and where it was taken from


def judge(node: Mapping[str, Any], _: Budget) -> Iterator[Event]:
    """Judge a flavour of a model."""
    if "loader_module" in node:
        yield from _loader(node["loader_module"])
    elif node.keys() == _ARTIFACT:
        yield from _path("path", node["path"])
        return
    elif "flavors" not in node and "serialization_format" not in node and "cloudpickle_version" not in node:
        return
    for key in _CODE_KEYS:
        value = node.get(key)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str) and item and "loader_module" in node:
                yield Found(CODE, f"{key} is {short(item)}", subject=item[:200])
                yield Requires(Fetches.CODE, item[:500])
    for key in _PATH_KEYS:
        yield from _path(key, node.get(key))


def _path(key: str, value: object) -> Iterator[Event]:
    if isinstance(value, str) and value:
        if outside(value):
            yield Found(OUTSIDE, f"{key} is {short(value)}", subject=value[:200])
        yield Requires(Fetches.FILE, value[:500])


def _loader(name: object) -> Iterator[Event]:
    if isinstance(name, str) and (name == "mlflow" or name.startswith("mlflow.")):
        return
    worst = Severity.CRITICAL if isinstance(name, str) and known().foreign_to(name) else None
    yield Found(LOADER, f"{short(name)} is the loader", subject=str(name)[:200], severity=worst)
    yield Requires(Fetches.CODE, str(name)[:500])


JUDGE = Judge(judge, (LOADER, CODE, OUTSIDE))
