"""Say in a CycloneDX document which executable made it, by its SHA-256: the name and version alone prove nothing."""

import re

# Syft writes what made the document at its beginning, before anything that comes from the image.
_TOOL = re.compile(
    rb'"metadata"\s*:\s*\{[^{}\[\]]*"tools"\s*:\s*\{\s*"components"\s*:\s*\[\s*\{[^{}\[\]]*"name"\s*:\s*"syft"[^{}\[\]]*?'
    rb"(?=\s*\})"
)
_HEAD = 4096


def with_digest(data: bytes, sha256: str) -> bytes:
    """Add the digest of Syft's executable; a document of another form stays as it is.

    Args:
        data: The document as Syft wrote it.
        sha256: 64 hexadecimal digits.
    """
    match = _TOOL.search(data[:_HEAD])
    if match is None:
        return data
    hashes = f',"hashes":[{{"alg":"SHA-256","content":"{sha256}"}}]'.encode()
    return data[: match.end()] + hashes + data[match.end() :]
