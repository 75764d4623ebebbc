"""Tell whether a text is an IRI reference (RFC 3987), without paying for a grammar that is hardly ever needed.

CycloneDX calls for this check on every URL in a document. The library that `jsonschema` uses for it builds an Earley
parser when it is imported (1.2 seconds) and takes some 15 milliseconds for one URL, 40 seconds for the two URLs of each
of 1,000 npm packages. So plain ASCII URLs are recognised by an expression, which takes a part of what RFC 3987 allows
and nothing else; the parser is loaded for the first text that is not one of those, and decides on it.
"""

import contextlib
import functools
import re
import sys
from collections.abc import Iterator

_GRAMMAR = "rfc3987_syntax"
_PCHAR = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
_PLAIN_URL = re.compile(
    rf"[A-Za-z][A-Za-z0-9+.-]*://[A-Za-z0-9._~-]+(?::[0-9]*)?(?:/{_PCHAR}*)*(?:\?(?:{_PCHAR}|[/?])*)?(?:#(?:{_PCHAR}|[/?])*)?"
)


def is_iri_reference(value: object) -> bool:
    """Tell whether `value` is an IRI reference; what is no text at all is another check's business."""
    return not isinstance(value, str) or _PLAIN_URL.fullmatch(value) is not None or _parses(value)


@contextlib.contextmanager
def grammar_postponed() -> Iterator[None]:
    """Let `jsonschema` be imported without the grammar; `is_iri_reference` must then take the place of its check."""
    if _GRAMMAR in sys.modules:
        yield
        return
    # None is how Python is told that a module cannot be imported: https://docs.python.org/3/reference/import.html
    sys.modules[_GRAMMAR] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[_GRAMMAR]


@functools.lru_cache(maxsize=4096)
def _parses(text: str) -> bool:
    from rfc3987_syntax import is_valid_syntax  # type: ignore[import-untyped]  # noqa: PLC0415

    return bool(is_valid_syntax("iri_reference", text))
