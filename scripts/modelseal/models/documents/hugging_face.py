"""Configurations of Hugging Face: code and models from elsewhere that they have loaded, and templates.

What they lead to: https://huggingface.co/docs/transformers/custom_models, https://huggingface.co/docs/peft and
https://www.sbert.net/docs/sentence_transformer/usage/custom_models.html
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from modelseal.gate.finding import Severity
from modelseal.gate.strict_json import short
from modelseal.models.budget import Budget
from modelseal.models.documents import reaching
from modelseal.models.documents.judge import Judge
from modelseal.models.event import Event, Fetches, Found, Requires
from modelseal.models.keras.names import known
from modelseal.models.pickles import dangerous
from modelseal.models.rule import Rule
from modelseal.models.templates import rules as template_rules
from modelseal.models.templates.chat import judge as judge_template

_REFERENCE = "https://github.com/huggingface/transformers/blob/main/SECURITY.md"
REMOTE_CODE = Rule(
    id="hugging-face-remote-code",
    title="A configuration that has Python files of a repository run",
    severity=Severity.HIGH,
    happens="With `trust_remote_code=True` loading the model runs the files that are named: of this repository, or of "
    "another one, in whatever state that is then.",
    remedy="Read the files, and load the model at a commit that you have read: `revision='<full commit id>'`. Better, "
    "use an architecture that the library has itself.",
    atlas=("AML.T0010.003", "AML.T0011.000"),
    cwe=("CWE-829", "CWE-494"),
    references=(_REFERENCE,),
)
TRUST = Rule(
    id="hugging-face-trusts-remote-code",
    title="A configuration that itself says that its code is to be trusted",
    severity=Severity.HIGH,
    happens="Programs that pass their settings on run code of the repository without anybody having agreed to it.",
    remedy="Remove `trust_remote_code` from the file. Who loads the model decides about it.",
    atlas=("AML.T0010.003", "AML.T0011.000"),
    cwe=("CWE-829", "CWE-1188"),
    references=(_REFERENCE,),
)
BASE = Rule(
    id="hugging-face-unpinned-base",
    title="An adapter for a model from elsewhere, of which no commit is named",
    severity=Severity.MEDIUM,
    happens="Loading the adapter fetches the base model in whatever state it is then: what was scanned and signed here "
    "is only a small part of what runs.",
    remedy='Put the full commit id into the adapter\'s configuration (`"revision"`), or keep the base model beside it.',
    atlas=("AML.T0010.003",),
    cwe=("CWE-494", "CWE-829"),
    references=("https://github.com/ossf/model-signing-spec/issues/16",),
)
ELSEWHERE = Rule(
    id="hugging-face-foreign-path",
    title="A model or file that is taken from an address or from outside of the folder",
    severity=Severity.HIGH,
    happens="Loading the model fetches the address, or reads what is at the path on the machine.",
    remedy="Keep everything that the model needs in its folder, and name it by relative paths.",
    atlas=("AML.T0010.003",),
    cwe=("CWE-73", "CWE-918", "CWE-22"),
)
CLASS = Rule(
    id="hugging-face-foreign-class",
    title="A module of sentence-transformers that is none of the library's",
    severity=Severity.HIGH,
    happens="Loading the model imports the module that is named, from the folder or from what is installed, and makes "
    "the class.",
    remedy="Name classes of `sentence_transformers.models` only.",
    atlas=("AML.T0010.003", "AML.T0011.000"),
    cwe=("CWE-470", "CWE-829"),
)
MAPPED = Rule(
    id="hugging-face-adapter-class",
    title="An adapter whose base model's class is of a package of one's own",
    severity=Severity.UNKNOWN,
    happens="PEFT imports the package that `auto_mapping` names, takes the class out of it, and has it load the base.",
    remedy="Name a package of the library that the base model is of, or remove `auto_mapping`.",
    atlas=("AML.T0010.003", "AML.T0011.000"),
    cwe=("CWE-470", "CWE-829"),
)
KERNEL = Rule(
    id="hugging-face-remote-kernel",
    title="Native code that is fetched when the model is loaded",
    severity=Severity.HIGH,
    happens="An attention implementation with the name of a repository is downloaded and run as compiled code.",
    remedy="Name an implementation of the library: `sdpa`, `eager` or `flash_attention_2`.",
    atlas=("AML.T0010.003", "AML.T0011.000"),
    cwe=("CWE-829", "CWE-494"),
    references=("https://huggingface.co/docs/transformers/kernel_doc/overview",),
)
TEMPLATES = (
    template_rules.ESCAPE,
    template_rules.BUILT_NAME,
    template_rules.UNUSUAL,
    template_rules.LOADS,
    template_rules.EXHAUSTS,
    template_rules.REFUSED,
    template_rules.SENDS,
    template_rules.MARKUP,
    template_rules.UNVETTED,
    template_rules.UNPARSED,
)
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://|\\\\")
_PRIVATE = re.compile(r"/(?!(?:dev|etc|proc|sys|tmp|run|var/tmp)(?:/|$))[\w.@+=,\- /]*")
_REPOSITORY = re.compile(r"[\w.\-]+(?:/[\w.\-]+)?")
# Transformers loads a kernel from the repository that one of them names; a model of several parts may name several.
_KERNELS = tuple(
    f"{start}{what}_implementation{end}"
    for what in ("attn", "experts")
    for start in ("", "_")
    for end in ("", "_internal")
)
_DENIED = frozenset({"false", "none", "null", "no", "off", "0", "0.0", "", "[]", "{}"})
_LIBRARIES = frozenset({"transformers", "diffusers", "sentence_transformers", "timm", "torch", "torchvision", "peft"})


def judge(node: Mapping[str, Any], budget: Budget) -> Iterator[Event]:
    """Judge an object of a configuration."""
    for key, judged in _KEYS.items():
        if key in node:
            yield from judged(node)
    if "chat_template" in node:
        yield from _template(node["chat_template"], budget)
    if "type" in node and "path" in node and "idx" in node:
        yield from _module(node)
    for key in _KERNELS:
        named = node.get(key)
        for kernel in named.values() if isinstance(named, dict) else (named,):
            if isinstance(kernel, str) and "/" in kernel:
                yield Found(KERNEL, f"{key} is the repository {short(kernel)}", subject=kernel[:200])
                yield Requires(Fetches.CODE, kernel[:500])


def _auto_map(node: Mapping[str, Any]) -> Iterator[Event]:
    """Judge the files in which classes are, written `file.Class` or `repository--file.Class`."""
    listed = node["auto_map"]
    values = listed.values() if isinstance(listed, dict) else [listed]
    names = [item for value in values for item in (value if isinstance(value, list) else [value]) if item is not None]
    for name in dict.fromkeys(str(item) for item in names):
        yield from _code(name, "auto_map")
    if not names and listed:
        yield Found(REMOTE_CODE, f"auto_map is {short(listed)}")


def _code(name: str, key: str) -> Iterator[Event]:
    repository, found, place = name.rpartition("--")
    where = f"of the repository {short(repository)}" if found else "of its own"
    yield Found(REMOTE_CODE, f"{key} has {short(place)} {where} run", subject=name[:200])
    yield Requires(Fetches.CODE, name[:500] if found else f"{place.rpartition('.')[0].replace('.', '/')[:500]}.py")


def _pipelines(node: Mapping[str, Any]) -> Iterator[Event]:
    listed = node["custom_pipelines"]
    for name, item in listed.items() if isinstance(listed, dict) else [("", listed)]:
        implementation = item.get("impl") if isinstance(item, dict) else item
        yield from _code(str(implementation), f"custom_pipelines {short(name)}")


def _trust(node: Mapping[str, Any]) -> Iterator[Event]:
    if str(node["trust_remote_code"]).lower() not in _DENIED:
        yield Found(TRUST, "trust_remote_code is true in it")


def _base(node: Mapping[str, Any]) -> Iterator[Event]:
    """Judge the model that an adapter is for."""
    base, revision = node["base_model_name_or_path"], node.get("revision")
    if not isinstance(base, str) or not base:
        return
    pinned = isinstance(revision, str) and bool(_COMMIT.fullmatch(revision))
    if outside(base):
        # PEFT writes where an adapter was made. Nobody else can put anything there, unless all may write to it.
        mild = Severity.LOW if _PRIVATE.fullmatch(base) and ".." not in base.split("/") else None
        yield Found(ELSEWHERE, f"the adapter's base is {short(base)}", subject=base[:200], severity=mild)
    elif not pinned and _REPOSITORY.fullmatch(base) and "peft_type" in node:
        yield Found(BASE, f"its base is {short(base)} at {short(revision)}", subject=base[:200])
    yield Requires(Fetches.MODEL, base[:500], str(revision or "")[:200], pinned)


def _mapped(node: Mapping[str, Any]) -> Iterator[Event]:
    """Judge where PEFT takes the class of an adapter's base from."""
    mapping = node["auto_mapping"]
    library = mapping.get("parent_library") if isinstance(mapping, dict) else None
    name = str(mapping.get("base_model_class")) if isinstance(mapping, dict) else ""
    own = isinstance(library, str) and library.partition(".")[0] in _LIBRARIES
    if isinstance(library, str) and (not own or reaching.reaches(f"{library}.{name}")):
        worst = Severity.CRITICAL if dangerous.technique(library, name) else None
        yield Found(MAPPED, f"it is taken from {short(library)}", subject=library[:200], severity=worst)
        yield Requires(Fetches.CODE, library[:500])


def outside(path: str) -> bool:
    """Tell whether a path or name leads out of the folder, or is an address."""
    parts = path.replace("\\", "/").split("/")
    return bool(_ADDRESS.match(path)) or path.startswith(("/", "~")) or ".." in parts or path[1:3] in {":\\", ":/"}


def _template(template: object, budget: Budget) -> Iterator[Event]:
    listed = template if isinstance(template, list) else [template]
    for item in listed:
        text = item.get("template") if isinstance(item, dict) else item
        if isinstance(text, str):
            yield from judge_template(text, budget)
    if isinstance(template, dict):
        yield from (
            found for text in template.values() if isinstance(text, str) for found in judge_template(text, budget)
        )


def _module(node: Mapping[str, Any]) -> Iterator[Event]:
    """Judge an entry of the list of modules of sentence-transformers."""
    kind, path = node["type"], node["path"]
    if isinstance(kind, str) and "." in kind and not kind.startswith("sentence_transformers."):
        worst = Severity.CRITICAL if known().foreign_to(kind) else None
        yield Found(CLASS, f"{short(kind)} is named as a module", subject=kind[:200], severity=worst)
        yield Requires(Fetches.CODE, kind[:500])
    if isinstance(path, str) and outside(path):
        yield Found(ELSEWHERE, f"a module is taken from {short(path)}", subject=path[:200])


def _weight_map(node: Mapping[str, Any]) -> Iterator[Event]:
    """Judge the files in which an index finds weights."""
    listed = node["weight_map"]
    names = listed.values() if isinstance(listed, dict) else [listed]
    for name in dict.fromkeys(item if isinstance(item, str) else repr(item)[:200] for item in names):
        if outside(name):
            yield Found(ELSEWHERE, f"weights are taken from {short(name)}", subject=name[:200])
        yield Requires(Fetches.FILE, name[:500])


_KEYS: dict[str, Callable[[Mapping[str, Any]], Iterator[Event]]] = {
    "auto_map": _auto_map,
    "auto_mapping": _mapped,
    "base_model_name_or_path": _base,
    "custom_pipelines": _pipelines,
    "trust_remote_code": _trust,
    "weight_map": _weight_map,
}
JUDGE = Judge(judge, (REMOTE_CODE, TRUST, BASE, ELSEWHERE, CLASS, MAPPED, KERNEL, *TEMPLATES))
