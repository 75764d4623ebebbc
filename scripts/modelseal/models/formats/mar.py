"""Archives for TorchServe: a model with the Python code that serves it, and a manifest that names both.

https://github.com/pytorch/serve/blob/v0.12.0/model-archiver/README.md
"""

import re
from collections.abc import Iterator
from typing import Any

from modelseal.gate import strict_json
from modelseal.gate.finding import Severity
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Fetches, Found, Member, Requires
from modelseal.models.format import Format
from modelseal.models.rule import Rule
from modelseal.models.zips import archive as archives
from modelseal.models.zips.inspection import inspect

MANIFEST = Rule(
    id="mar-manifest",
    title="A manifest that cannot be understood, or names what lies outside of the archive",
    severity=Severity.HIGH,
    happens="The server runs a handler that is not in the archive, or none that anybody has looked at.",
    remedy="Pack the model anew: `torch-model-archiver --model-name NAME --version 1.0 --handler FILE ...`.",
    atlas=("AML.T0011.000", "AML.T0010.003"),
    cwe=("CWE-22", "CWE-829"),
)
PACKAGES = Rule(
    id="mar-packages",
    title="Packages that are installed from elsewhere when the model is served",
    severity=Severity.HIGH,
    happens="A server with `install_py_dep_per_model` installs them, from an index, an address or a repository that "
    "whoever packed the model chose: installing runs code.",
    remedy="Install what the model needs from your own index, with hashes, when you build the server's image.",
    atlas=("AML.T0010.001", "AML.T0011.001"),
    cwe=("CWE-829", "CWE-494"),
)

_MANIFEST = "MAR-INF/MANIFEST.json"
_BUILT_IN = frozenset({"image_classifier", "image_segmenter", "object_detector", "text_classifier", "base_handler"})
_OUTSIDE = re.compile(r"(?:^|[/\\])\.\.(?:[/\\]|$)|^[/\\]|^[A-Za-z]:[/\\]")
_ELSEWHERE = re.compile(r"--(?:extra-)?index-url|--find-links|--trusted-host|^-[ifr]\b|://|^git\+|@ *\w+:")
_SHOWN = 200
_NAMED = ("serializedFile", "modelFile", "handler", "requirementsFile")


def _recognises(content: Content) -> bool:
    archive = archives.of(content)
    return archive is not None and _MANIFEST in archive.by_name


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    wanted: set[str] = set()
    texts: dict[str, Content] = {}
    for event in inspect(content, budget):
        yield event
        if isinstance(event, Member) and event.name == _MANIFEST:
            model = _model(event.content)
            if model is None:
                yield Found(MANIFEST, "it does not say what the model is")
                continue
            yield from _named(model, content)
            wanted.add(str(model.get("requirementsFile") or "").rpartition("/")[2])
        elif isinstance(event, Member) and event.name.endswith(".txt"):
            texts[event.name] = event.content
    for name, text in texts.items():
        if name in wanted:
            yield from _packages(text)


def _model(manifest: Content) -> dict[str, Any] | None:
    try:
        found = strict_json.parse_object(manifest.read()).get("model")
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("handler"), str) else None


def _named(model: dict[str, Any], content: Content) -> Iterator[Event]:
    archive = archives.of(content)
    names = archive.by_name.keys() if archive is not None else ()
    for key in _NAMED:
        value = model.get(key)
        if not isinstance(value, str) or not value:
            continue
        name = value.partition(":")[0] if key == "handler" else value
        inside = {name, f"{name}.py", name.rpartition("/")[2]} & set(names)
        if _OUTSIDE.search(value) or (not inside and name not in _BUILT_IN):
            shown = value[:_SHOWN]
            yield Found(MANIFEST, f"its {key} is {shown!r}, which is not in the archive", subject=shown)
        elif key in {"handler", "modelFile"} and inside:
            yield Requires(Fetches.CODE, value)


def _packages(requirements: Content) -> Iterator[Event]:
    for line in requirements.read().decode("utf-8", "replace").splitlines():
        wanted = line.partition(" #")[0].strip()
        if wanted and not wanted.startswith("#"):
            shown = wanted[:_SHOWN]
            yield Requires(Fetches.PACKAGE, shown, pinned="--hash=" in line)
            if _ELSEWHERE.search(wanted):
                yield Found(PACKAGES, f"it installs {shown!r}", subject=shown)


FORMAT = Format(
    name="mar",
    title="a TorchServe archive",
    recognises=_recognises,
    inspect=_inspect,
    rules=(MANIFEST, PACKAGES),
    extensions=(".mar",),
    refines=("zip",),
)
