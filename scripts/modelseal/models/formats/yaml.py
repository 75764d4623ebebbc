"""YAML beside models: configurations of MLflow, NeMo, SpeechBrain, Lightning and conda."""

import re
from collections.abc import Iterator

from modelseal.gate.finding import Severity
from modelseal.gate.strict_json import short
from modelseal.models.budget import MIB, Budget
from modelseal.models.content import Content
from modelseal.models.documents import judges, parsing, yaml_events
from modelseal.models.documents.hugging_face import ELSEWHERE, outside
from modelseal.models.documents.yaml_events import Reading
from modelseal.models.event import Event, Fetches, Found, Requires
from modelseal.models.faults import LimitReached, Malformed
from modelseal.models.format import Format
from modelseal.models.keras.names import known
from modelseal.models.rule import Rule
from modelseal.models.texts import kind
from modelseal.models.texts.kind import Kind

_ATLAS = ("AML.T0011.000", "AML.T0010.003")
OBJECT = Rule(
    id="yaml-object-tag",
    title="A tag that makes objects of a programming language",
    severity=Severity.CRITICAL,
    happens="Loaders that are not restricted to plain values (`yaml.load` with `Loader`, `UnsafeLoader` or, in old "
    "versions, `FullLoader` and by default; SnakeYAML; Psych) import what the tag names, and call it.",
    remedy="Remove the tag: plain values need none. Read YAML with `yaml.safe_load`.",
    atlas=_ATLAS,
    cwe=("CWE-502",),
    references=("CVE-2017-18342", "CVE-2020-14343", "CVE-2022-1471"),
)
PLAIN = Rule(
    id="yaml-python-value",
    title="A tag for a plain value of Python",
    severity=Severity.LOW,
    happens="Nothing runs, but `yaml.safe_load` refuses the file, which makes people use unsafe loaders.",
    remedy="Remove the tag, and write a list in place of a tuple.",
    atlas=("AML.T0011.000",),
    cwe=("CWE-502",),
)
TAG = Rule(
    id="yaml-unknown-tag",
    title="A tag that only the program that reads the file can explain",
    severity=Severity.UNKNOWN,
    happens="The program that reads the file has registered what is made of it; the file does not say what that is.",
    remedy="Find out which program it is. Waive this finding for the file if the tag is harmless there.",
    atlas=_ATLAS,
    cwe=("CWE-502",),
)
BOMB = Rule(
    id="yaml-alias-bomb",
    title="Aliases that come to far more than what is written",
    severity=Severity.HIGH,
    happens="Whoever walks through the document, copies it or writes it out takes all memory of the machine.",
    remedy="Write the values out, or remove them.",
    atlas=("AML.T0029",),
    cwe=("CWE-776", "CWE-400"),
)
REPEATED = Rule(
    id="yaml-repeated-key",
    title="A key that comes twice in one mapping",
    severity=Severity.MEDIUM,
    happens="One reader takes the first value and another the last: what is checked is not what is loaded.",
    remedy="Remove one of the two, after finding out who put it there.",
    atlas=("AML.T0074",),
    cwe=("CWE-436", "CWE-694"),
)
_MAX_SIZE = 16 * MIB
_MAX_EXPANDED = 1_000_000
_CORE = "tag:yaml.org,2002:"
_CORE_TAGS = frozenset(
    {
        "binary",
        "bool",
        "float",
        "int",
        "map",
        "merge",
        "null",
        "omap",
        "pairs",
        "seq",
        "set",
        "str",
        "timestamp",
        "value",
    }
)
_PLAIN_PYTHON = frozenset(
    {"bool", "bytes", "complex", "dict", "float", "int", "list", "long", "none", "str", "tuple", "unicode"}
)
_HYPERPYYAML = re.compile(r"!(new|name|apply|module|include|ref|copy|tuple|PLACEHOLDER|applyref)(?::(.*))?")
_LANGUAGES = re.compile(
    r"(?:!|:)(?:python|ruby|perl|php|java|javax|com|org|net|sun|hash|struct|object|js)[/:.]", re.IGNORECASE
)
_FRONT = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*\n", re.DOTALL)


def inspect(content: Content, budget: Budget) -> Iterator[Event]:
    """Judge the tags and values of every document.

    Raises:
        LimitReached: It is too large.
    """
    if len(content) > _MAX_SIZE:
        raise LimitReached(f"it is YAML of more than {_MAX_SIZE // MIB} MiB")
    text = (kind.decode(content) or "").removeprefix("\ufeff")
    try:
        for reading in yaml_events.read(text, budget):
            yield from _judge(reading, budget)
    except Malformed:
        # What cannot be read as YAML is text: a model card begins with a few lines of YAML, as notes may.
        front = _FRONT.match(text)
        if front:
            yield from _front(front[1], budget)
        if text.lstrip()[:1] in ("{", "["):
            yield from _commented(text, budget)


def _commented(text: str, budget: Budget) -> Iterator[Event]:
    """Judge settings in JSON that have comments, or a comma behind the last item."""
    try:
        document = parsing.parse(parsing.relaxed(text).encode())
    except Malformed:
        return
    yield from judges.judged(parsing.nodes(document, budget), budget)


def _front(text: str, budget: Budget) -> Iterator[Event]:
    try:
        for reading in yaml_events.read(text, budget):
            yield from _judge(reading, budget)
    except Malformed:
        return


def _judge(reading: Reading, budget: Budget) -> Iterator[Event]:
    for tag, line in dict.fromkeys(reading.tags):
        yield from _tag(tag, line)
    for key, line in reading.repeated[:10] if reading.whole else ():
        yield Found(REPEATED, f"line {line}: the key {short(key)} comes twice")
    if reading.whole and reading.expanded > _MAX_EXPANDED:
        yield Found(BOMB, f"its aliases come to {reading.expanded:.2g} values")
    for value in reading.values:
        yield from judges.judged(parsing.within(value, budget), budget)


def _tag(tag: str, line: int) -> Iterator[Event]:
    core = tag.removeprefix(_CORE) if tag.startswith(_CORE) else ""
    if core in _CORE_TAGS:
        return
    if core.startswith("python/"):
        yield from _python(core.removeprefix("python/"), line)
    elif (special := _HYPERPYYAML.fullmatch(tag)) is not None:
        yield from _made(special[1], special[2] or "", line)
    elif core or _LANGUAGES.search(tag):
        yield Found(OBJECT, f"line {line}: the tag {short(tag)}", subject=tag[:200])
    else:
        yield Found(TAG, f"line {line}: the tag {short(tag)}", subject=tag[:200])


def _python(name: str, line: int) -> Iterator[Event]:
    if name in _PLAIN_PYTHON:
        yield Found(PLAIN, f"line {line}: the tag !!python/{name}")
    else:
        yield Found(OBJECT, f"line {line}: the tag {short(f'!!python/{name}')}", subject=name[:200])


def _made(verb: str, name: str, line: int) -> Iterator[Event]:
    """Judge a tag of SpeechBrain's: https://github.com/speechbrain/HyperPyYAML."""
    if verb == "include" and outside(name):
        yield Found(ELSEWHERE, f"line {line}: {short(name)} is included", subject=name[:200])
    if verb == "include" or not name:
        return
    if known().foreign_to(name) and name.partition(".")[0] not in {
        "torch",
        "torchaudio",
        "transformers",
        "numpy",
        "scipy",
    }:
        yield Found(OBJECT, f"line {line}: the tag {short(f'!{verb}:{name}')}", subject=name[:200])
    else:
        yield Requires(Fetches.CODE, name[:500])


FORMAT = Format(
    name="yaml",
    title="YAML",
    recognises=lambda content: kind.of(content) is Kind.YAML,
    inspect=inspect,
    rules=(OBJECT, PLAIN, TAG, BOMB, REPEATED, *judges.RULES),
    last=True,
)
