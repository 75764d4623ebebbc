"""Walk over the graphs, functions and tensors of an ONNX model."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from modelseal.gate.strict_json import short
from modelseal.models.event import Event, Found
from modelseal.models.faults import LimitReached
from modelseal.models.onnx import rules, tensors
from modelseal.models.protobuf import BYTES, Message

_DEPTH = 32
_STANDARD = frozenset({"", "ai.onnx", "ai.onnx.ml"})
_VETTED = _STANDARD | {
    *("ai.onnx.training", "ai.onnx.preview", "ai.onnx.preview.training", "com.microsoft", "com.microsoft.nchwc"),
    *("com.microsoft.experimental", "com.microsoft.dml", "com.ms.internal.nhwc"),
}
_EXTENSIONS = frozenset({"ai.onnx.contrib", "com.microsoft.extensions"})
# The native operators of onnxruntime-extensions: https://github.com/microsoft/onnxruntime-extensions/blob/main/docs/custom_ops.md
_NATIVE = """
    BasicTokenizer BertTokenizer BertTokenizerDecoder BlingFireSentenceBreaker BpeDecoder CLIPTokenizer
    GPT2Tokenizer HfBertTokenizer HfJsonTokenizer RobertaTokenizer SentencepieceDecoder SentencepieceTokenizer
    SpmTokenizer TrieDetokenizer TrieTokenizer WordpieceTokenizer MaskedFill StringConcat StringECMARegexReplace
    StringECMARegexSplitWithOffsets StringEqual StringHash StringHashFast StringJoin StringLength StringLower
    StringMapping StringRaggedTensorToDense StringRegexReplace StringRegexSplitWithOffsets StringSplit StringStrip
    StringToVector StringUpper VectorToString RaggedTensorToDense RaggedTensorToSparse Inverse SegmentExtraction
    SegmentSum NegPos DecodeImage EncodeImage ImageDecoder DrawBoundingBoxes GaussianBlur StftNorm STFT
    AudioDecoder
"""
_PYTHON = re.compile(r"Py(Op|CustomOp|Func|Call|Exec|thon)\w*|EagerPyFunc|(Azure|OpenAI)\w+")
_SOUNDS_LIKE = re.compile(
    r"(?i)py(thon|op|func)|exec|shell|system|eval|subproc|script|command|http|download|readfile|writefile"
)
_EXPANDED = 1_000_000

Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Model:
    """What is known of a model while it is walked over.

    Attributes:
        functions: The functions that it brings along, by domain and name.
        calls: For each function, which operators it calls.
        told: Domains and operators that were told of.
    """

    functions: frozenset[Name]
    calls: dict[Name, list[Name]] = field(default_factory=dict)
    told: set[Name] = field(default_factory=set)


def graph(message: Message, model: Model, depth: int = 0, owner: Name = ("", "")) -> Iterator[Event]:
    """Judge a graph (`GraphProto`): its nodes and initial values, and the graphs in them."""
    for part in message.fields():
        if part.wire != BYTES:
            continue
        if part.number == 1:
            yield from node(message.inner(part), model, depth, owner)
        elif part.number == 5:  # noqa: PLR2004 -- the fields' numbers are the format
            yield from tensors.judged(message.inner(part))
        elif part.number == 15:  # noqa: PLR2004
            yield from _sparse(message.inner(part))


def function(message: Message, model: Model) -> Iterator[Event]:
    """Judge a function (`FunctionProto`)."""
    owner = function_name(message)
    if owner[0] in _STANDARD:
        yield Found(rules.FUNCTIONS, f"a function replaces the operator {short(owner[1])}", message.start)
    model.calls.setdefault(owner, [])
    for each in message.messages(7):
        yield from node(each, model, 0, owner)
    for each in message.messages(11):
        yield from _attribute(each, model, 0, owner)


def function_name(message: Message) -> Name:
    """Return the domain and the name of a function."""
    found = {
        part.number: message.text(part) for part in message.fields() if part.wire == BYTES and part.number in (1, 10)
    }
    return found.get(10, ""), found.get(1, "")


def node(message: Message, model: Model, depth: int, owner: Name) -> Iterator[Event]:
    """Judge a node (`NodeProto`): its operator, and the tensors and graphs in its attributes."""
    if depth > _DEPTH:
        raise LimitReached(f"it has graphs that are nested more than {_DEPTH} deep")
    kind = domain = ""
    for part in message.fields():
        if part.number == 4 and part.wire == BYTES:  # noqa: PLR2004
            kind = message.text(part)
        elif part.number == 7 and part.wire == BYTES:  # noqa: PLR2004
            domain = message.text(part)
        elif part.number == 5 and part.wire == BYTES:  # noqa: PLR2004
            yield from _attribute(message.inner(part), model, depth, owner)
    if owner in model.calls and (domain, kind) in model.functions:
        model.calls[owner].append((domain, kind))
    if (domain, kind) not in model.told:
        model.told.add((domain, kind))
        yield from _operator(domain, kind, model, message.start)


def _operator(domain: str, kind: str, model: Model, offset: int) -> Iterator[Found]:
    shown = f"{domain}::{kind}" if domain else kind
    if _PYTHON.fullmatch(kind):
        yield Found(rules.PYTHON, f"it has the operator {short(shown)}", offset, subject=shown[:200])
    elif domain in _VETTED or (domain, kind) in model.functions or (domain in _EXTENSIONS and kind in _NATIVE.split()):
        return
    elif _SOUNDS_LIKE.search(kind):
        yield Found(
            rules.PYTHON, f"it has the operator {short(shown)} of no known library", offset, subject=shown[:200]
        )
    else:
        yield Found(rules.CUSTOM, f"it has the operator {short(shown)}", offset, subject=domain[:200])


def _attribute(message: Message, model: Model, depth: int, owner: Name) -> Iterator[Event]:
    name, text = "", ""
    for part in message.fields():
        if part.wire != BYTES:
            continue
        inner = message.inner(part)
        match part.number:
            case 1:
                name = message.text(part)
            case 4 if name == "ep_cache_context":
                text = message.text(part)
            case 5 | 10:
                yield from tensors.judged(inner)
            case 6 | 11:
                yield from graph(inner, model, depth + 1, owner)
            case 22 | 23:
                yield from _sparse(inner)
    if text and len(text) < 4096 and re.search(r"^[\\/]|^[A-Za-z]:|(^|[\\/])\.\.([\\/]|$)", text):  # noqa: PLR2004
        yield Found(rules.EXTERNAL, f"an execution provider's context is read from {short(text)}", message.start)


def _sparse(message: Message) -> Iterator[Event]:
    for part in message.fields():
        if part.number in (1, 2) and part.wire == BYTES:
            yield from tensors.judged(message.inner(part))


def expansion(model: Model) -> Iterator[Found]:
    """Tell where functions call each other without end, or expand to far more than they are."""
    sizes: dict[Name, int] = {}
    for start in model.calls:
        waiting = [(start, False)]
        inside: set[Name] = set()
        while waiting:
            name, done = waiting.pop()
            if done:
                inside.discard(name)
                sizes[name] = 1 + sum(sizes.get(called, 1) for called in model.calls.get(name, ()))
            elif name in inside:
                yield Found(rules.FUNCTIONS, f"the function {short(name[1])} calls itself")
                return
            elif name not in sizes:
                inside.add(name)
                waiting.append((name, True))
                waiting.extend((called, False) for called in dict.fromkeys(model.calls.get(name, ())))
    if max(sizes.values(), default=0) > _EXPANDED:
        yield Found(rules.FUNCTIONS, f"its functions expand to more than {_EXPANDED:,} calls")
