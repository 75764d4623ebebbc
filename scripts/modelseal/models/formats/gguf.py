"""GGUF, the format of llama.cpp and its kin: metadata with chat templates, and tensors."""

from collections.abc import Iterator
from itertools import islice

from modelseal.gate.strict_json import short
from modelseal.models import carried
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found
from modelseal.models.format import Format
from modelseal.models.ggufs import rules
from modelseal.models.ggufs.reading import MAGIC, Entry, Impossible, Reader
from modelseal.models.ggufs.tensors import judged
from modelseal.models.templates import rules as template_rules
from modelseal.models.templates.chat import judge

_TEMPLATE = "tokenizer.chat_template"
_ALIGNMENT = "general.alignment"
_DEFAULT_ALIGNMENT = 32
_UINT32 = 4
_TOLD = 20


def _recognises(content: Content) -> bool:
    return content.read(0, 4) == MAGIC


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    reader = Reader(content, budget)
    yield from (Found(rules.COUNTS, what, offset) for what, offset in reader.impossible_counts())
    seen: set[str] = set()
    alignment = _DEFAULT_ALIGNMENT
    try:
        for entry in reader.entries():
            if entry.key in seen:
                yield Found(rules.DUPLICATE, f"the key {short(entry.key)} comes twice", entry.offset, subject=entry.key)
            seen.add(entry.key)
            alignment = _power_of_two(entry) if entry.key == _ALIGNMENT else alignment
            yield from _entry(entry, budget)
        tensors = list(reader.tensors())
    except Impossible as fault:
        yield Found(rules.COUNTS, fault.what, fault.offset)
        return
    if not alignment:
        yield Found(rules.TENSORS, f"its {_ALIGNMENT} is no power of two")
        return
    start = -(-reader.at // alignment) * alignment
    yield from islice(judged(tensors, content.part(start), start, alignment), _TOLD)


def _entry(entry: Entry, budget: Budget) -> Iterator[Event]:
    if entry.depth > 1:
        yield Found(rules.NESTED, f"the key {short(entry.key)} has arrays within arrays", entry.offset)
    given = entry.value if isinstance(entry.value, tuple) else (entry.value,)
    for text in given:
        if not isinstance(text, str):
            continue
        if entry.key == _TEMPLATE or entry.key.startswith(f"{_TEMPLATE}.") or _is_template(entry.key, text):
            yield from judge(text, budget, entry.offset)
        elif not isinstance(entry.value, tuple):
            yield from carried.judged(entry.key, text, rules.METADATA, budget, entry.offset)


def _is_template(key: str, text: str) -> bool:
    """Tell whether another key is said to have a template, and has one."""
    return "template" in key and ("{{" in text or "{%" in text)


def _power_of_two(entry: Entry) -> int:
    """Return the value of an entry; 0 when it is something else."""
    value = entry.value
    return value if entry.kind == _UINT32 and isinstance(value, int) and value & (value - 1) == 0 else 0


FORMAT = Format(
    name="gguf",
    title="GGUF",
    recognises=_recognises,
    inspect=_inspect,
    rules=(*rules.RULES, *template_rules.RULES),
    extensions=(".gguf",),
)
