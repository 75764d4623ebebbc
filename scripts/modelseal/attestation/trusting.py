"""From what is demanded to whom is believed: reads keys and roots of trust."""

from pathlib import Path

from modelseal.attestation import bundle, identity, keys
from modelseal.attestation.requirements import Requirements
from modelseal.attestation.trust import IdentityTrust, KeyTrust, Trust
from modelseal.errors import InputError


def trust_of(demanded: Requirements) -> Trust:
    """Return whom a verifier believes.

    Raises:
        InputError: A key or root cannot be read, or it is not said who must have signed.
        ToolError: The public root of trust cannot be fetched.
    """
    wanted = demanded.expected()
    if demanded.public_key:
        return KeyTrust(keys.load_public_key(_content(demanded.public_key)), wanted)
    if wanted is None:
        raise InputError("It is not said who must have signed.", mend="Give `repository` or `public-key`.")
    from modelseal.attestation import keyless  # noqa: PLC0415 - 0.4 seconds that verifying with a key does not need

    verifier = keyless.verifier(demanded.trust_config)

    def verify(signed: bundle.Bundle) -> tuple[bytes, identity.Identity]:
        verified = verifier.verify(signed)
        return verified.payload, verified.signer

    return IdentityTrust(verify, wanted)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"The public key cannot be read: {error.strerror or error}.",
            where=str(path),
            mend="Check the input `public-key`.",
        ) from error
