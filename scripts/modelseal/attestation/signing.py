"""Who signs: a workflow's identity, a private key, or a key that is somewhere else; with or without a certificate."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from modelseal.attestation import bundle, given, keys, workflow_run
from modelseal.errors import InputError

KEYLESS, KEY, KMS = "keyless", "key", "kms"


class Signer(Protocol):
    """Turns statements into bundles."""

    @property
    def identity(self) -> str:
        """Who signs, for people."""

    def sign(self, statements: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Sign each statement and return its bundle."""


@dataclass(frozen=True)
class Signing:
    """A signer, the run it signs for, and how to check what it signed.

    Attributes:
        signer: Who signs.
        run: The workflow run, if there is one.
        verified: Verifies a bundle of the signer and returns its payload.
        public_key: The public half of the key; None for an identity.
    """

    signer: Signer
    run: workflow_run.Run | None
    verified: Callable[[bundle.Bundle], bytes]
    public_key: keys.PublicKey | None = None


@dataclass(frozen=True)
class Wanted:
    """What was asked for; each attribute is the input of its name.

    Attributes:
        models: Whether a model's signature is to be made.
    """

    sign: str
    models: bool
    private_key: str = field(repr=False)
    private_key_password: str = field(repr=False)
    certificate_chain: Path | None
    key_uri: str
    key_packages: Path | None
    trust_config: Path | None

    def check(self) -> None:
        """Refuse what contradicts itself, before any file is read.

        Raises:
            InputError: It does.
        """
        if self.sign == KEY and not self.private_key:
            raise InputError("`sign: key` needs a private key.", mend="Give `private-key`.")
        if self.sign == KMS and not self.key_uri:
            raise InputError("`sign: kms` needs the key's name.", mend="Give `key-uri`.")
        if self.sign != KEY and self.private_key:
            raise InputError(
                f"A private key was given, but `sign` is `{self.sign}`.", mend="Set `sign: key`, or leave the key out."
            )
        if self.sign != KMS and (self.key_uri or self.key_packages):
            raise InputError(
                f"`key-uri` and `key-packages` are for keys elsewhere, but `sign` is `{self.sign}`.",
                mend="Set `sign: kms`, or leave them out.",
            )
        if self.sign == KEYLESS and self.certificate_chain:
            raise InputError(
                "A certificate was given, but `sign` is `keyless`: Sigstore issues its own.",
                mend="Set `sign: key` or `sign: kms`, or leave `certificate-chain` out.",
            )
        if self.sign != KEYLESS and self.trust_config:
            raise InputError("`trust-config` is for keyless signing.", mend=f"Leave it out with `sign: {self.sign}`.")


def ready(wanted: Wanted, environ: Mapping[str, str], mask: Callable[[str], None], now: datetime) -> Signing:
    """Return who signs, with everything at hand that signing needs.

    Args:
        wanted: What was asked for.
        environ: The environment.
        mask: Called with a token before anything else sees it.
        now: The time at which certificates must be valid.

    Raises:
        InputError: The key, the certificate or the token cannot be used.
        ToolError: A service does not answer.
    """
    if wanted.sign == KEYLESS:
        return _keyless(wanted, environ, mask)
    signer: Signer
    if wanted.sign == KEY:
        private_key = keys.load_private_key(given.pem(wanted.private_key), wanted.private_key_password)
        public_key = private_key.public_key()
        chain = _chain(wanted, public_key, now)
        signer = keys.KeySigner(private_key, chain)
    else:
        from modelseal.attestation import external_keys  # noqa: PLC0415 - few need it

        external = external_keys.load(wanted.key_uri, wanted.private_key_password, wanted.key_packages)
        public_key = external.public_key
        chain = _chain(wanted, public_key, now)
        signer = external.certified(chain)
    if wanted.models and not keys.can_sign_models(public_key):
        raise InputError(
            f"A model's signature cannot be made with this key ({keys.describe(public_key)}): "
            "the OpenSSF Model Signing format knows EC keys only.",
            where="input `private-key`" if wanted.sign == KEY else "input `key-uri`",
            mend="Use an EC key (P-256, P-384 or P-521) for models.",
        )

    def verified(signed: bundle.Bundle) -> bytes:
        if not chain:
            return keys.verify(public_key, signed)
        keys.check_signature(public_key, signed.envelope)
        return signed.envelope.payload

    return Signing(signer, workflow_run.from_environment(environ), verified, public_key)


def workflow(environ: Mapping[str, str], mask: Callable[[str], None]) -> workflow_run.Run | None:
    """Return the workflow run that this job's identity token vouches for; nothing if it is not a workflow's.

    Raises:
        InputError: The token cannot be had, is none, or says something else than the environment.
        ToolError: GitHub's endpoint does not answer.
    """
    from modelseal.attestation import oidc  # noqa: PLC0415 - not for signing with a key

    return workflow_run.from_claims(oidc.claims_of(oidc.identity_token(environ, mask)), environ)


def _chain(wanted: Wanted, public_key: keys.PublicKey, now: datetime) -> tuple[bytes, ...]:
    if wanted.certificate_chain is None:
        return ()
    from modelseal.attestation import certificates  # noqa: PLC0415 - few need it

    return certificates.load_chain(given.document(wanted.certificate_chain, "certificate-chain").data, public_key, now)


def _keyless(wanted: Wanted, environ: Mapping[str, str], mask: Callable[[str], None]) -> Signing:
    # 0.3 seconds that signing with a key does not need.
    from modelseal.attestation.deferral import defer_models  # noqa: PLC0415

    defer_models()
    from modelseal.attestation import keyless, oidc, sigstore_roots  # noqa: PLC0415

    if wanted.trust_config:
        sigstore_roots.given(wanted.trust_config)  # what is wrong with it is said before a token is asked for
    token = oidc.identity_token(environ, mask)
    claims = oidc.claims_of(token)
    run = workflow_run.from_claims(claims, environ)
    where = sigstore_roots.services(wanted.trust_config, claims)
    verifier = keyless.verifier_for(where)
    return Signing(keyless.KeylessSigner(where, token), run, lambda signed: verifier.verify(signed).payload)
