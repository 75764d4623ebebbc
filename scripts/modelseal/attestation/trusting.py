"""From what is demanded to whom is believed: reads keys and roots of trust."""

from datetime import datetime
from pathlib import Path

from modelseal.attestation import keys
from modelseal.attestation.requirements import Requirements
from modelseal.attestation.trust import CertificateTrust, IdentityTrust, KeyTrust, Trust
from modelseal.errors import InputError
from modelseal.files import read_bounded

_PEM_LIMIT = 1024 * 1024


def trust_of(demanded: Requirements, now: datetime) -> Trust:
    """Return whom a verifier believes.

    Args:
        demanded: What is demanded.
        now: The time at which certificates of one's own authority must be valid.

    Raises:
        InputError: A key or root cannot be read, or it is not said who must have signed.
        ToolError: The public root of trust cannot be fetched.
    """
    wanted = demanded.expected()
    if demanded.public_key:
        return KeyTrust(keys.load_public_key(_content(demanded.public_key, "public-key")), wanted)
    if demanded.certificate_root:
        from modelseal.attestation import certificates  # noqa: PLC0415 - few need it

        roots = certificates.load_roots(_content(demanded.certificate_root, "certificate-root"))
        return CertificateTrust(roots, now, wanted, demanded.certificate_subject)
    if wanted is None:
        raise InputError(
            "It is not said who must have signed.", mend="Give `repository`, `public-key` or `certificate-root`."
        )
    # 0.3 seconds that verifying with a key does not need.
    from modelseal.attestation.deferral import defer_models  # noqa: PLC0415

    defer_models()
    from modelseal.attestation import keyless  # noqa: PLC0415

    return IdentityTrust(keyless.verifier(demanded.trust_config).verify, wanted, demanded.expected_of_verdicts())


def _content(path: Path, name: str) -> bytes:
    try:
        return read_bounded(path, _PEM_LIMIT, pipe=True)
    except OSError as error:
        raise InputError(
            f"The file cannot be read: {error.strerror or error}.",
            where=str(path),
            mend=f"Check the input `{name}`.",
        ) from error
