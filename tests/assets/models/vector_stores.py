"""Texts beside an index of Faiss, as LangChain pickles them: models of Pydantic, whose state replaces their own."""

from collections.abc import Iterator

from assets.models.case import Case, one
from assets.models.pickle_writing import short, stacked, whole

_DOCUMENT = stacked("langchain_core.documents.base", "Document") + b")\x81"
_PARTIAL = stacked("functools", "partial")


def _dictionary(**items: bytes) -> bytes:
    return b"}" + b"".join(short(key) + value + b"s" for key, value in items.items())


def _document(**state: bytes) -> bytes:
    return _DOCUMENT + _dictionary(**state) + b"b"


_TEXT = {"page_content": short("a text"), "metadata": _dictionary(source=short("a.pdf"))}
_ATTACKS = (
    ("method", _document(__dict__=_dictionary(append=_PARTIAL)), "a method is overwritten"),
    ("special-method", _document(__dict__=_dictionary(__class__=short("x"))), "it becomes another"),
    ("callable", _document(__dict__=_dictionary(metadata=_PARTIAL)), "a function for data"),
    (
        "private",
        _document(__dict__=_dictionary(), __private_attribute_values__=_dictionary(keys=short("x"))),
        "a method",
    ),
    ("unknown-part", _document(__dict__=_dictionary(), __reduce__=short("x")), "no part of a state"),
    ("no-dictionary", _DOCUMENT + b"](" + short("x") + b"eb", "a list for a state"),
    ("no-attributes", _document(__dict__=short("x")), "a text for attributes"),
    ("prompt", stacked("langchain_core.prompts.prompt", "PromptTemplate") + b")\x81}b", "it makes what it names"),
)


def cases() -> Iterator[Case]:
    for name, content, why in _ATTACKS:
        yield one(f"vector-stores/{name}", "malicious", whole(content), why, file="index.pkl")
    state = {"__dict__": _dictionary(**_TEXT), "__pydantic_fields_set__": b"\x8f", "__pydantic_private__": b"N"}
    yield one("vector-stores/document", "benign", whole(_document(**state)), "as Pydantic writes it", file="index.pkl")
