"""A model's signature, found and verified: https://github.com/ossf/model-signing-spec, or one of its only file."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from modelseal.artifacts import manifest
from modelseal.artifacts.manifest import Manifest
from modelseal.attestation import bundle, store
from modelseal.attestation.rejection import Rejection
from modelseal.attestation.trust import IdentityTrust, Trust
from modelseal.errors import InputError


@dataclass(frozen=True)
class Signed:
    """What a signature covers, with names for all files or for none.

    Attributes:
        manifest: The files.
        sha256: By which statements name the model: of the signed manifest, or of the file that was signed directly.
    """

    manifest: Manifest
    sha256: str


def read(signature: Path | None, files: Mapping[str, bytes], trusted: Trust) -> Signed:
    """Return what the model's signature covers.

    Args:
        signature: The signature's file; None to take the only one among the bundles.
        files: The bundles.
        trusted: Whom to believe.

    Raises:
        Rejection: There is no signature, it does not hold, or there are several to choose from.
        InputError: It cannot be read.
    """
    if signature:
        return _given(bundle.parse_any(store.signature(signature)), trusted)
    names = [name for name in files if name.endswith(store.SIGNATURE_SUFFIX)]
    if not names:
        raise Rejection("there is no model signature (a file that ends in .sig)")
    if len(names) > 1:
        raise Rejection(f"there are several model signatures ({', '.join(names)}): name one with `signature`")
    try:
        payload = trusted.prove(bundle.parse(files[names[0]])).payload
    except Rejection as error:  # why, is told of the bundle already
        raise Rejection(f"its signature, {names[0]}, does not hold") from error
    return _of_manifest(payload)


def digest_said(data: bytes) -> str:
    """Return by which SHA-256 statements name the model if its signature holds, which is not looked at.

    Raises:
        Rejection: It is no signature.
    """
    found = bundle.parse_any(data)
    return found.sha256 if isinstance(found, bundle.FileSignature) else _sha256(found.envelope.payload)


def _given(found: bundle.Bundle | bundle.FileSignature, trusted: Trust) -> Signed:
    if isinstance(found, bundle.Bundle):
        return _of_manifest(trusted.prove(found).payload)
    if not isinstance(trusted, IdentityTrust):
        raise Rejection("it signs a file directly, which is accepted only where it was signed keyless")
    sha256 = trusted.prove(found).payload.decode()
    return Signed(Manifest("", ((manifest.ITSELF, sha256),)), sha256)


def _of_manifest(payload: bytes) -> Signed:
    """Read a signed manifest; here one that cannot be read is evidence that does not hold, and no wrong input."""
    try:
        return Signed(manifest.parse_any(payload), _sha256(payload))
    except InputError as error:
        raise Rejection(error.what.rstrip(".")) from error


def _sha256(payload: bytes) -> str:
    return hashlib.sha256(payload).hexdigest()
