"""Models of NVIDIA NeMo: a tar archive with a configuration and weights.

https://docs.nvidia.com/nemo-framework/user-guide/24.07/nemotoolkit/checkpoints/intro.html
"""

import posixpath
import re
from collections.abc import Iterator

import yaml

from modelseal.gate.finding import Severity
from modelseal.gate.strict_json import short
from modelseal.models.budget import MIB, Budget
from modelseal.models.content import Content
from modelseal.models.documents import reaching
from modelseal.models.event import Event, Fetches, Found, Member, Requires, Unread
from modelseal.models.format import Format
from modelseal.models.rule import Rule
from modelseal.models.tars import archive as archives
from modelseal.models.tars.inspection import inspect

TARGET = Rule(
    id="nemo-target",
    title="A NeMo configuration that names a function of no machine-learning library",
    severity=Severity.HIGH,
    happens="NeMo and Hydra import what `target` and `_target_` name, and call it with the values beside it: any "
    "function of any module, when the model is loaded.",
    remedy="Do not load the model. Update NeMo to 2.3.2 or newer: it refuses modules that are not on its list.",
    atlas=("AML.T0011.000",),
    cwe=("CWE-94", "CWE-470"),
    references=("CVE-2025-23304", "https://unit42.paloaltonetworks.com/rce-vulnerabilities-in-ai-python-libraries/"),
)

_CONFIG = "model_config.yaml"
_KEYS = frozenset({"_target_", "target"})
_LONGEST = 4 * MIB
_LIBRARIES = re.compile(
    r"(?:nemo|nemo_text_processing|nemo_curator|megatron|apex|transformer_engine|pytorch_lightning|lightning|"
    r"torchmetrics|torchaudio|torchvision|transformers|omegaconf\.dictconfig|"
    r"torch\.(?:nn|optim))(?:\.[A-Za-z_]\w*)+"
)
_REACHES_OUT = re.compile(r"\.(?:os|sys|subprocess|builtins|shutil|importlib|pickle|load|system|exec|eval)(?:\.|$)")
_DOTTED = re.compile(r"[A-Za-z_][\w.]*")


def _recognises(content: Content) -> bool:
    archive = archives.of(content)
    return archive is not None and any(posixpath.basename(entry.name) == _CONFIG for entry in archive.entries)


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    for event in inspect(content, budget):
        yield event
        if isinstance(event, Member) and posixpath.basename(event.name).endswith((".yaml", ".yml")):
            yield from _config(event, budget)


def _config(config: Member, budget: Budget) -> Iterator[Event]:
    if len(config.content) > _LONGEST:
        yield Unread(f"it has a configuration of {len(config.content):,} bytes, which is not read")
        return
    try:
        for target in dict.fromkeys(_targets(config.content.read(), budget)):
            yield from _judged(target)
    except yaml.YAMLError:
        yield Unread(f"it has a configuration, {config.name!r}, that is no YAML")


def _judged(target: str) -> Iterator[Event]:
    if _LIBRARIES.fullmatch(target) and not (_REACHES_OUT.search(target) or reaching.reaches(target)):
        yield Requires(Fetches.CODE, target)
    elif _DOTTED.fullmatch(target) and "." not in target:
        return  # a word such as `mel`: nothing is imported for it
    else:
        yield Found(TARGET, f"it names {short(target)}", subject=target[:200])


def _targets(content: bytes, budget: Budget) -> Iterator[str]:
    """Find the values of the keys by which classes are named, without making anything of the document."""
    named: dict[str, str] = {}
    before = ""
    for event in yaml.parse(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        budget.steps(1)
        value = event.value if isinstance(event, yaml.ScalarEvent) else ""
        if isinstance(event, yaml.AliasEvent):
            value = named.get(event.anchor or "", "")
        elif isinstance(event, yaml.ScalarEvent) and event.anchor:
            named[event.anchor] = value
        if before in _KEYS and value:
            yield value
        before = value


FORMAT = Format(
    name="nemo",
    title="a NeMo model",
    recognises=_recognises,
    inspect=_inspect,
    rules=(TARGET,),
    extensions=(".nemo",),
    refines=("tar",),
)
