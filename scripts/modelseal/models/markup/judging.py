"""Judge XML by the events of a parser that follows nothing, and HTML by what is written in it."""

import re
from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

from modelseal.gate.strict_json import short
from modelseal.models.budget import MIB, Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Fetches, Found, Requires
from modelseal.models.faults import LimitReached, Malformed
from modelseal.models.markup import rules
from modelseal.models.texts import kind

_MAX_SIZE = 256 * MIB
_SAMPLE = MIB // 16
_PIECE = MIB
_ACTIVE = re.compile(
    r"(?i)<script\b|\bon(?:load|error|click|mouseover|begin|toggle|focus)\s*=\s*[\"']?\w|javascript\s*:|<(?:iframe|embed|object|applet)\b"
    r"|<\?php\b|<meta[^>]{1,200}http-equiv\s*=\s*[\"']?refresh|data:text/html"
)
# A page says so first; what a server runs in it is another matter.
_PAGE = re.compile(r"(?is)\ufeff?\s*(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html)\b")
_SERVED = re.compile(r"(?i)<\?php\b")
# Of each of them, a word that is found sooner.
_ACTING = (
    *("<script", "onload", "onerror", "onclick", "onmouseover", "onbegin", "ontoggle", "onfocus", "javascript"),
    *("<iframe", "<embed", "<object", "<applet", "<?php", "http-equiv", "data:text/html"),
)
_CODE = re.compile(
    r"java\.(?:lang|io|net|util)\.|javax\.script|\bRuntime\.getRuntime|\bProcessBuilder\b|Class\.forName|groovy|\bos\.system\b"
    r"|\bsubprocess\b|\b(?:eval|exec|__import__)\s*\(|\$\{(?:jndi|script|T\()|\bT\(java|#\{|<\?php"
)
# Document types that drawings, pages and property lists name; their parsers have them, and fetch nothing.
_KNOWN_TYPES = re.compile(r"-//(?:W3C|Apple|Apple Computer|IETF)//.*")
_STYLES = "xml-stylesheet"
_INCLUDE = "http://www.w3.org/2001/XInclude"
_FUNCTIONS = frozenset({"Apply"})
_OF_EXTENSIONS = "extension"
# What its own tokenizers are made of: https://github.com/openvinotoolkit/openvino_tokenizers/tree/2025.3.0.0/src
_TOKENIZERS = frozenset(
    {
        "BPETokenizer",
        "ByteFallback",
        "BytesToChars",
        "CaseFold",
        "CharsMapNormalization",
        "CharsToBytes",
        "CombineSegments",
    }
    | {
        "EqualStr",
        "FuzeRagged",
        "NormalizeUnicode",
        "RaggedTensorPack",
        "RaggedToDense",
        "RaggedToRagged",
        "RaggedToSparse",
    }
    | {"RegexNormalization", "RegexSplit", "SentencepieceDetokenizer", "SentencepieceStreamDetokenizer"}
    | {"SentencepieceTokenizer", "SpecialTokensSplit", "StringTensorPack", "StringTensorUnpack", "StringToHashBucket"}
    | {
        "TrieTokenizer",
        "Truncate",
        "UTF8Validate",
        "UnigramTokenizer",
        "VocabDecoder",
        "VocabEncoder",
        "WordpieceTokenizer",
    }
)
_SCRIPTS = frozenset({"script", "Script", "Extension"})


def judge(content: Content, budget: Budget) -> Iterator[Event]:
    """Judge a document.

    Raises:
        Malformed: It says that it is XML, and is none.
        LimitReached: It is too large.
    """
    yield from _active(content)
    reading = _Reading()
    fault = reading.read(content, budget)
    yield from reading.found
    if fault and (kind.decode(content, _SAMPLE) or "").lstrip("\ufeff \t\r\n").startswith("<?xml"):
        raise Malformed(fault)
    if len(content) > _MAX_SIZE:
        raise LimitReached(f"it is XML of more than {_MAX_SIZE // MIB} MiB")


def _active(content: Content) -> Iterator[Found]:
    """Tell what a browser or a server would run first; what a server would counts wherever it is."""
    is_page = _PAGE.match(kind.decode(content, _SAMPLE) or "") is not None
    told: Found | None = None
    for text in kind.pieces(content):
        lowered = text.lower()
        served = _SERVED.search(text) if "<?php" in lowered else None
        if served is None and (told or not any(word in lowered for word in _ACTING)):
            continue
        if active := served or _ACTIVE.search(text):
            rule = rules.PAGE if is_page and not served else rules.ACTIVE
            evidence = text[active.start() : active.start() + 200]
            told = Found(rule, f"it has {active[0][:60]!r}", evidence=evidence)
        if served:
            break
    if told is not None:
        yield told


class _Reading:
    """What the parser has met so far. It is given no way to fetch anything, and expands no entity."""

    def __init__(self) -> None:
        self.found: list[Event] = []
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.EntityDeclHandler = self._entity
        self._parser.ProcessingInstructionHandler = self._instruction
        self._parser.StartElementHandler = self._element
        self._parser.EndElementHandler = self._end
        self._parser.DefaultHandler = lambda _: None  # entities are handed over as they are written
        self._parser.CharacterDataHandler = self._text
        self._within = 0

    def read(self, content: Content, budget: Budget) -> str:
        """Read a document, and return what is wrong with it."""
        try:
            for start in range(0, min(len(content), _MAX_SIZE), _PIECE):
                budget.steps(1000)
                self._parser.Parse(content.read(start, _PIECE), False)  # noqa: FBT003 -- its only name is positional
            self._parser.Parse(b"", True)  # noqa: FBT003 -- as above
        except expat.ExpatError as error:
            return f"it is XML that is broken in line {error.lineno}"
        except (ValueError, LookupError):
            return "it is XML in an encoding that is not known"
        return ""

    def _doctype(self, _name: str, system: str | None, public: str | None, _internal: object) -> None:
        if system and not (public and _KNOWN_TYPES.fullmatch(public)):
            self._add(rules.ENTITY, f"its type is defined in {short(system)}", system)

    def _entity(
        self, name: str, _parameter: object, value: str | None, _base: object, system: str | None, *_: object
    ) -> None:
        if system is not None:
            self._add(rules.ENTITY, f"the entity {short(name)} is read from {short(system)}", system)
        elif value is not None:
            self._add(rules.BOMB, f"the entity {short(name)} is defined")

    def _instruction(self, target: str, data: str) -> None:
        if target == _STYLES and "text/css" not in data:
            self._add(rules.INCLUDES, f"a style sheet is applied: {short(data)}")

    def _element(self, name: str, attributes: dict[str, Any]) -> None:
        space, _, local = name.rpartition(" ")
        if space == _INCLUDE:
            self._add(rules.INCLUDES, f"{short(attributes.get('href'))} is included", str(attributes.get("href")))
        if local in _FUNCTIONS and "." in str(attributes.get("function", "")):
            self._add(rules.FUNCTION, f"{short(attributes['function'])} is applied")
        if local == "layer" and attributes.get("version") == _OF_EXTENSIONS:
            kind = str(attributes.get("type"))
            if kind not in _TOKENIZERS:
                self._add(rules.CUSTOM, f"it has the operator {short(kind)}", subject=kind)
        if local in _SCRIPTS:
            self._within += 1
            for value in attributes.values():
                self._text(str(value))

    def _end(self, name: str) -> None:
        if name.rpartition(" ")[2] in _SCRIPTS:
            self._within -= 1

    def _text(self, text: str) -> None:
        code = _CODE.search(text) if self._within else None
        if code:
            self._add(rules.EXTENSION, f"an extension has {code[0]!r} in it")

    def _add(self, rule: Any, what: str, reference: str = "", subject: str = "") -> None:
        if len(self.found) < 100:  # noqa: PLR2004 -- more say nothing new
            self.found.append(Found(rule, what, subject=(subject or reference)[:200]))
            if reference:
                self.found.append(Requires(Fetches.FILE, reference[:500]))
