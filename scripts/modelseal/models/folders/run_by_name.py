"""Files that are run because of what they are called, whether anything names them or not."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from modelseal.gate.finding import Severity
from modelseal.models.event import Fetches, Found, Requires
from modelseal.models.folder import Check, Told
from modelseal.models.rule import Rule
from modelseal.models.walking import Report

STARTED = Rule(
    id="folder-started-by-name",
    title="A script that is started because of its name",
    severity=Severity.HIGH,
    happens="Servers, Python itself and Git run a file of this name without being told to.",
    remedy="Read the script. Remove it if the model is served otherwise.",
    atlas=("AML.T0010.003", "AML.T0011"),
    cwe=("CWE-829", "CWE-427"),
    references=(
        "https://huggingface.co/docs/inference-endpoints/guides/custom_handler",
        "https://docs.python.org/3/library/site.html",
    ),
)
SHADOWS = Rule(
    id="folder-shadows-module",
    title="A script with the name of a module that loaders import",
    severity=Severity.HIGH,
    happens="Where the model's folder is the current one, or on Python's path, the script is imported in place of the "
    "module, and run.",
    remedy="Rename or remove the script.",
    atlas=("AML.T0010.003", "AML.T0011"),
    cwe=("CWE-427", "CWE-426"),
)
_STARTED = (
    (re.compile(r"(?:.*/)?(?:site|user)customize\.py"), "Python runs it at every start"),
    (re.compile(r"(?:.*/)?handler\.py"), "inference endpoints run it"),
    (re.compile(r"(?:.*/)?code/inference\.py"), "SageMaker runs it"),
    (re.compile(r"(?:.*/)?hubconf\.py"), "`torch.hub.load` runs it"),
    (re.compile(r"(?:.*/)?custom_generate/generate\.py"), "`generate` runs it"),
    (re.compile(r"(?:.*/)?\d+/model\.py"), "Triton runs it"),
    (re.compile(r"(?:.*/)?(?:\.git/hooks|\.githooks|\.husky)/[\w-]+"), "Git runs it"),
    (re.compile(r"(?:.*/)?[^/]+\.pth"), "Python runs its lines that begin with `import`, in a folder of packages"),
)
_MODULES = re.compile(
    r"(?:torch|numpy|transformers|tensorflow|keras|sklearn|joblib|pickle|json|os|re|sys|typing|random|math|copy|io|types"
    r"|dataclasses|collections|functools|pathlib|subprocess|logging|yaml|safetensors|tokenizers|huggingface_hub|diffusers"
    r"|onnx|onnxruntime|jax|pandas|scipy|requests|tqdm|mlflow|peft|accelerate|datasets|packaging|abc|enum|struct|zipfile"
    r"|tempfile|warnings|importlib|inspect|shutil|socket|ssl|string|time|uuid|platform|codecs|base64|hashlib|queue)"
    r"(?:\.py|/__init__\.py|\.\w+\.so|\.so|\.pyd)"
)
_PROGRAMS = frozenset({"python", "script", "executable"})
# What a text is taken for depends on what is written in it: a name by which it is run says enough.
_TEXTS = frozenset({"", "text", "json", "yaml", "xml", "jinja"})
_RUN_AS_TEXT = re.compile(
    r".*\.py|(?:.*/)?(?:pre|post|prepare|commit|applypatch|push|update|reference|fsmonitor)[\w-]*"
)
# What is in folders of source code, too, where nobody loads models.
_NO_MODELS = _PROGRAMS | _TEXTS | {"media"}


def look(files: Mapping[str, Report]) -> Iterator[Told]:
    """Look at the names of all scripts and programs."""
    models = {posixpath.dirname(name) for name, report in files.items() if _first(report) not in _NO_MODELS}
    for name, report in files.items():
        if posixpath.basename(name) == ".envrc" and report.size:
            yield Told(name, Found(STARTED, "direnv runs it in a shell that enters the folder"))
        if not _runs(name, report):
            continue
        reason = _started(name)
        if reason:
            yield Told(name, Found(STARTED, reason))
            yield Told(name, requires=Requires(Fetches.CODE, name))
        elif module := _shadowed(name, models):
            yield Told(name, Found(SHADOWS, f"it stands in the way of the module {module}"))


def _runs(name: str, report: Report) -> bool:
    """Tell whether a file can be run: it is a program, or would be taken for one by its name."""
    if _first(report) in _TEXTS:
        return report.size > 0 and bool(_RUN_AS_TEXT.fullmatch(name))
    return _first(report) in _PROGRAMS


def _first(report: Report) -> str:
    return report.formats[0] if report.formats else ""


def _shadowed(name: str, models: AbstractSet[str]) -> str:
    """Return the module that a file stands in for, where its folder, or the one above, is a model's."""
    for folder in ("", posixpath.dirname(name), posixpath.dirname(posixpath.dirname(name))):
        own = posixpath.relpath(name, folder or ".")
        if (not folder or folder in models) and _MODULES.fullmatch(own):
            return own.partition(".")[0].partition("/")[0]
    return ""


def _started(name: str) -> str:
    return next((why for pattern, why in _STARTED if pattern.fullmatch(name)), "")


CHECK = Check("run-by-name", look, (STARTED, SHADOWS))
