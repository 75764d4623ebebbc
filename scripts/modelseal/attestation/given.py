"""What the inputs of `attest` name, read: documents, digests, keys."""

import hashlib
import re
from pathlib import Path

from modelseal.attestation import plan, provenance
from modelseal.errors import InputError
from modelseal.files import open_regular, read_bounded

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_PEM_LIMIT = 64 * 1024
_DOCUMENT_LIMIT = 512 * 1024 * 1024


def image(name: str, digest: str, image_id: str, archive: Path | None) -> plan.Image:
    """Return the image that is attested.

    Raises:
        InputError: A digest is none, or the archive cannot be read, or it is of another image.
    """
    of_registry, own = hexadecimal(digest, "digest"), hexadecimal(image_id, "image-id") if image_id else ""
    return plan.Image(name, of_registry, own, _saved(archive, image_id or digest) if archive else None)


def _saved(archive: Path, digest: str) -> provenance.File:
    from modelseal.image import digests  # noqa: PLC0415 - not where no archive is given

    try:
        found = digests.of_archive(archive)
        if digest not in found:
            raise InputError(
                f"The archive holds another image than the one that is attested: {', '.join(sorted(found))}.",
                where=str(archive),
                mend="Give the archive that was saved of it. For a pushed image, give `image-id` as well.",
            )
        with open_regular(archive) as file:
            return provenance.File(archive.name, hashlib.file_digest(file, "sha256").hexdigest())
    except OSError as error:
        raise _unreadable(archive, "archive", error) from error


def hexadecimal(digest: str, name: str) -> str:
    """Return the digits of a digest.

    Args:
        digest: `sha256:…`.
        name: The input's.

    Raises:
        InputError: It is not a digest.
    """
    match = _DIGEST.fullmatch(digest)
    if match is None:
        raise InputError(
            f"{digest!r} is not a digest.", where=f"input `{name}`", mend="Write sha256: and 64 hexadecimal digits."
        )
    return match[1]


def document(path: Path, name: str) -> plan.Document:
    """Return a file as it is.

    Args:
        path: Where it is.
        name: The input's.

    Raises:
        InputError: It is no regular file, or cannot be read.
    """
    try:
        return plan.Document(path.name, read_bounded(path, _DOCUMENT_LIMIT))
    except OSError as error:
        raise _unreadable(path, name, error) from error


def pem(text: str) -> bytes:
    """Return a private key's PEM text: given itself, or as the path of its file.

    Raises:
        InputError: It is neither.
    """
    if "-----BEGIN" in text:
        return text.encode()
    try:
        return read_bounded(Path(text), _PEM_LIMIT, pipe=True)
    except (OSError, ValueError):
        # What was given is not repeated: it may be a key in another form.
        raise InputError(
            "The private key is neither PEM text nor the path of a file that can be read.",
            where="input `private-key`",
            mend="Give the whole key with its BEGIN and END lines, or the path of its file.",
        ) from None


def _unreadable(path: Path, name: str, error: OSError) -> InputError:
    return InputError(
        f"The file cannot be read: {error.strerror or error}.", where=str(path), mend=f"Check the input `{name}`."
    )
