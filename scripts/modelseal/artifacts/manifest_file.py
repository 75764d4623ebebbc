"""Read a manifest's file, and what identifies it: the SHA-256 of its bytes."""

import hashlib
from pathlib import Path

from modelseal.artifacts import manifest
from modelseal.artifacts.manifest import Manifest
from modelseal.errors import InputError
from modelseal.report.markdown import visible

_BYTES = 256 << 20
_MEND = "Give the manifest that `hash-artifacts` wrote as `manifest`."


def read(path: Path) -> tuple[Manifest, str]:
    """Return a manifest of the kind that we make, and its digest, `sha256:…`.

    Raises:
        InputError: The file cannot be read, or is none.
    """
    try:
        if path.exists() and not path.is_file():  # a named pipe would be waited for, a device read for ever
            raise InputError("The manifest is not a file.", where=visible(str(path)), mend=_MEND)
        with path.open("rb") as file:
            data = file.read(_BYTES + 1)
    except OSError as error:
        what = f"The manifest cannot be read: {error.strerror}."
        raise InputError(what, where=visible(str(path)), mend=_MEND) from error
    if len(data) > _BYTES:
        raise InputError("The manifest is larger than 256 MiB.", where=visible(str(path)), mend=_MEND)
    try:
        return manifest.parse(data), f"sha256:{hashlib.sha256(data).hexdigest()}"
    except InputError as error:
        raise InputError(error.what, where=visible(str(path)), mend=error.mend) from error
