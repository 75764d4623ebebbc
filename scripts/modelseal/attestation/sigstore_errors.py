"""What sigstore-python and the libraries below it raise, and what of it is said to people."""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

# On a document or an answer that is not as it should be.
MALFORMED = (
    ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, UnsupportedAlgorithm,
    x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, x509.InvalidVersion,
)  # fmt: skip
_LONGEST = 300


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message without its full stop; empty if it has none."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".")[:_LONGEST] if lines else ""
