"""Messages of protocol buffers in text: SavedModels (`saved_model.pbtxt`), graphs, and configurations of Triton."""

import re
from collections.abc import Iterator

from modelseal.models.budget import MIB, Budget
from modelseal.models.content import Content
from modelseal.models.documents import judges, parsing, yaml_events
from modelseal.models.event import Event
from modelseal.models.faults import LimitReached, Malformed
from modelseal.models.format import Format
from modelseal.models.formats import yaml
from modelseal.models.texts import kind, protobuf_text
from modelseal.models.texts.kind import Kind

_LARGEST = 32 * MIB
_KINDS = frozenset({Kind.YAML, Kind.TEXT})
_SAMPLE = 64 << 10
_BEGINNING = re.compile(r"(?:\s|#[^\n]*\n)*[A-Za-z_]\w*\s*[:{<\[]")
# A message that stands without a colon, or without a space behind it, which is no YAML.
_MESSAGE = re.compile(
    r"(?m)(?:^|[{<;,])[ \t]*[A-Za-z_]\w*(?:\s*|:)[{<\[]\s*(?:#[^\n]*\n\s*)*(?:[A-Za-z_]\w*\s*[:{<\[]|[{<])"
)
_OF_MODELS = re.compile(
    r"(?<![\w.])(?:op|(?:node|graph|meta_info|asset_file|signature)_def|meta_graphs|node|platform|backend|instance_group"
    r"|default_model_filename|model_config_list|python_param)\s*[:{\[<]"
)


def _recognises(content: Content) -> bool:
    if kind.of(content) not in _KINDS:
        return False
    sample = kind.decode(content, _SAMPLE) or ""
    return bool(_BEGINNING.match(sample) and _MESSAGE.search(sample) and _OF_MODELS.search(sample))


def inspect(content: Content, budget: Budget) -> Iterator[Event]:
    """Judge every message in a message.

    Raises:
        Malformed: It is none.
        LimitReached: It is too large.
    """
    if len(content) > _LARGEST:
        raise LimitReached(f"it is a message in text of more than {_LARGEST // MIB} MiB")
    # What reads configurations does not care whether something else can be read from them.
    yield from yaml.inspect(content, budget)
    text = (kind.decode(content) or "").removeprefix("\ufeff")
    try:
        message = protobuf_text.parse(text, budget)
    except Malformed:
        if _reads_as_yaml(text, budget):
            return
        raise
    yield from judges.judged(parsing.within(message, budget), budget)


def _reads_as_yaml(text: str, budget: Budget) -> bool:
    """Tell whether a text is YAML to its end, and so no message."""
    try:
        return all(reading.whole for reading in yaml_events.read(text, budget))
    except Malformed:
        return False


FORMAT = Format(
    name="protobuf-text",
    title="a message of protocol buffers in text",
    recognises=_recognises,
    inspect=inspect,
    rules=(*yaml.FORMAT.rules, *judges.RULES),
    refines=("yaml", "text"),
    last=True,
)
