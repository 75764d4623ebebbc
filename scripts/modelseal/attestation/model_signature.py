"""A model's signature, found and verified: https://github.com/ossf/model-signing-spec, or one of its only file."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from modelseal.artifacts import manifest
from modelseal.artifacts.manifest import Manifest
from modelseal.attestation import bundle, store
from modelseal.attestation.attested import Attestation
from modelseal.attestation.plan import MODEL_SIGNATURE
from modelseal.attestation.rejection import Rejection, short
from modelseal.attestation.statement import Statement, Subject
from modelseal.attestation.trust import IdentityTrust, Proved, Trust
from modelseal.errors import InputError


@dataclass(frozen=True)
class Signed:
    """What a signature covers, with names for all files or for none.

    Attributes:
        manifest: The files.
        sha256: By which statements name the model: of the signed manifest, or of the file that was signed directly.
        evidence: The signature, as a statement about that digest.
    """

    manifest: Manifest
    sha256: str
    evidence: Attestation


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
        return _given(signature.name, store.signature(signature), trusted)
    names = [name for name in files if name.endswith(store.SIGNATURE_SUFFIX)]
    if not names:
        raise Rejection("there is no model signature (a file that ends in .sig)")
    if len(names) > 1:
        raise Rejection(f"there are several model signatures ({', '.join(names)}): name one with `signature`")
    (name,) = names
    try:
        proved = trusted.prove(bundle.parse(files[name]))
    except Rejection as error:  # why, is told of the bundle already
        raise Rejection(f"its signature, {name}, does not hold") from error
    return _of_manifest(name, files[name], proved)


def digest_said(data: bytes) -> str:
    """Return by which SHA-256 statements name the model if its signature holds, which is not looked at.

    Raises:
        Rejection: It is no signature.
    """
    found = bundle.parse_any(data)
    return found.sha256 if isinstance(found, bundle.FileSignature) else _sha256(found.envelope.payload)


def _given(file: str, data: bytes, trusted: Trust) -> Signed:
    found = bundle.parse_any(data)
    if isinstance(found, bundle.Bundle):
        return _of_manifest(file, data, trusted.prove(found))
    if not isinstance(trusted, IdentityTrust):
        raise Rejection("it signs a file directly, which is accepted only where it was signed keyless")
    proved = trusted.prove(found)
    sha256 = proved.payload.decode()
    return _signed(Manifest("", ((manifest.ITSELF, sha256),)), sha256, file, data, proved)


def _of_manifest(file: str, data: bytes, proved: Proved) -> Signed:
    """Read a signed manifest; here one that cannot be read is evidence that does not hold, and no wrong input."""
    try:
        covered = manifest.parse_any(proved.payload)
    except InputError as error:
        raise Rejection(error.what.rstrip(".")) from error
    return _signed(covered, _sha256(proved.payload), file, data, proved)


def _signed(covered: Manifest, sha256: str, file: str, data: bytes, proved: Proved) -> Signed:
    if proved.verdicts_only:
        raise Rejection(f"{short(proved.signer)} may sign verdicts only")
    # The format's own subject is a digest that names no file; what others state about the model has this one.
    said = Statement((Subject(covered.name or file, sha256),), MODEL_SIGNATURE, {})
    return Signed(covered, sha256, Attestation(file, said, proved, _sha256(data), data))


def _sha256(payload: bytes) -> str:
    return hashlib.sha256(payload).hexdigest()
