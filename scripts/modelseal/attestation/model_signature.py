"""A model's signature, found and verified: https://github.com/ossf/model-signing-spec."""

from collections.abc import Mapping
from pathlib import Path

from modelseal.attestation import bundle, store
from modelseal.attestation.rejection import Rejection
from modelseal.attestation.trust import Trust


def payload(signature: Path | None, files: Mapping[str, bytes], trusted: Trust) -> bytes:
    """Return the manifest's bytes as the model's signature covers them.

    Args:
        signature: The signature's file; None to take the only one among the bundles.
        files: The bundles.
        trusted: Whom to believe.

    Raises:
        Rejection: There is no signature, it does not hold, or there are several to choose from.
        InputError: It cannot be read.
    """
    if signature:
        return trusted.prove(bundle.parse(store.signature(signature))).payload
    names = [name for name in files if name.endswith(store.SIGNATURE_SUFFIX)]
    if not names:
        raise Rejection("there is no model signature (a file that ends in .sig)")
    if len(names) > 1:
        raise Rejection(f"there are several model signatures ({', '.join(names)}): name one with `signature`")
    try:
        return trusted.prove(bundle.parse(files[names[0]])).payload
    except Rejection as error:  # why, is told of the bundle already
        raise Rejection(f"its signature, {names[0]}, does not hold") from error
