"""Bundles that were signed earlier: read, and verified as far as can be without knowing who should have signed.

Whom to believe is for `verify` to say. But that a signature does not fit what it signs, or that no root of trust knows
a keyless certificate, is seen without that, and is said before such a bundle goes anywhere.
"""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509

from modelseal.attestation import bundle, given, identity, keys, signing, store, storing
from modelseal.attestation.rejection import Rejection
from modelseal.attestation.sigstore_errors import MALFORMED, first_line
from modelseal.errors import VerificationFailed

if TYPE_CHECKING:
    from modelseal.attestation.keyless import KeylessVerifier


def read(folder: Path, wanted: signing.Wanted) -> tuple[tuple[storing.Item, ...], tuple[str, ...]]:
    """Read and verify every bundle of a folder.

    Args:
        folder: Where they are.
        wanted: Its private key, if there is one, says with which key they were signed; its trust configuration, which
            root of trust knows the keyless ones. Without it that is the one which each asks for.

    Returns:
        The bundles, and a sentence about those that were signed with a key that was not given.

    Raises:
        InputError: A file is not a bundle with a statement in it; the key or the trust configuration cannot be used.
        VerificationFailed: A bundle does not hold.
        ToolError: A root of trust cannot be fetched.
    """
    files = store.read(folder)
    items = tuple(storing.item_of(name, data) for name, data in files.items())
    check = _Check(wanted)
    unchecked = [name for name, data in files.items() if not check.holds(name, data)]
    if not unchecked:
        return items, ()
    notice = (
        f"Signed with a key, and not verified, as `private-key` was not given: {', '.join(unchecked)}. "
        "`verify` with the public key tells whether they hold."
    )
    return items, (notice,)


@dataclass(frozen=True)
class _Check:
    wanted: signing.Wanted = field(repr=False)

    @cached_property
    def _public_key(self) -> keys.PublicKey | None:
        if not self.wanted.private_key:
            return None
        return keys.load_private_key(given.pem(self.wanted.private_key), self.wanted.private_key_password).public_key()

    @cached_property
    def _keyless(self) -> "KeylessVerifier":
        from modelseal.attestation import keyless  # noqa: PLC0415 - 0.3 seconds that others do not need

        return keyless.verifier(self.wanted.trust_config)

    def holds(self, name: str, data: bytes) -> bool:
        """Refuse a bundle that does not hold; tell whether it was verified that it does."""
        try:
            signed = bundle.parse(data)
            if signed.proof is bundle.Proof.CERTIFICATE:
                self._require_certified(signed)
            elif self._public_key is not None:
                keys.verify(self._public_key, signed)
            else:
                return False
        except Rejection as error:
            raise VerificationFailed(
                f"A bundle does not verify, and nothing was stored: {error}.",
                where=name,
                mend="Give the folder as `attest` wrote it, or attest anew.",
            ) from error
        return True

    def _require_certified(self, signed: bundle.Bundle) -> None:
        try:
            leaf = x509.load_der_x509_certificate(signed.certificates[0])
            keyless = identity.is_of_sigstore(leaf)
        except MALFORMED as error:
            raise Rejection(f"its certificate is malformed: {first_line(error)}") from error
        if keyless:
            self._keyless.verify(signed)
        else:
            from modelseal.attestation import certificates  # noqa: PLC0415 - few need it

            keys.check_signature(certificates.key_of(leaf), signed.envelope)
