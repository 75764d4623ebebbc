"""Signing and verifying with Sigstore: a certificate for a workflow's identity instead of a key.

The library takes 0.3 seconds to import, so nothing imports this module before it is needed.
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import requests
from cryptography import x509
from sigstore import dsse as sigstore_dsse
from sigstore import models
from sigstore._internal.fulcio import ExpiredCertificate
from sigstore._internal.fulcio.client import FulcioClientError
from sigstore._internal.rekor import RekorClientError
from sigstore.errors import Error as SigstoreError
from sigstore.hashes import Hashed
from sigstore.oidc import ExpiredIdentity, IdentityError, IdentityToken
from sigstore.sign import SigningContext
from sigstore.verify import Verifier
from sigstore_models.common.v1 import HashAlgorithm

from modelseal.attestation import bundle, github_instance, identity, jsontext, log_entry, sigstore_roots, unlogged
from modelseal.attestation.rejection import Rejection, short
from modelseal.attestation.sigstore_errors import MALFORMED, first_line
from modelseal.attestation.sigstore_roots import Services
from modelseal.attestation.statement import PAYLOAD_TYPE
from modelseal.attestation.time_limit import within
from modelseal.attestation.verified import Verified
from modelseal.errors import InputError, ToolError

logger = logging.getLogger(__name__)

_SIGNING_SECONDS = 180.0
# The services' own errors have no public base class.
_SERVICE_ERRORS = (ExpiredCertificate, FulcioClientError, RekorClientError)


class RootVerifier(Protocol):
    """Verifies bundles against one root of trust."""

    def verify(self, signed: bundle.Bundle | bundle.FileSignature) -> Verified:
        """Verify all but who signed."""


def verifier(trust_config: Path | None) -> "KeylessVerifier":
    """Return a verifier for roots of trust.

    Args:
        trust_config: A client trust configuration, or trusted roots in JSON or JSON Lines. Without it, a certificate's
            issuer says which root is fetched: that of GitHub's own instance, or the public one.

    Raises:
        InputError: The file is none of these.
    """
    return KeylessVerifier(_given(sigstore_roots.given(trust_config), trust_config) if trust_config else _Fetched())


def verifier_for(where: Services) -> "KeylessVerifier":
    """Return a verifier for what these services sign.

    Raises:
        InputError: Their root of trust is incomplete.
    """
    return KeylessVerifier(_given(where.roots, None))


class KeylessSigner:
    """Signs statements with one certificate that lives for ten minutes.

    Args:
        where: The services.
        token: The identity token; never shown.
    """

    def __init__(self, where: Services, token: str) -> None:
        self._where = where
        try:
            self._token = IdentityToken(token)
        except IdentityError as error:
            raise InputError(
                f"The identity token cannot be used: {error}.",
                mend="Its audience must be `sigstore`, and it must not have expired.",
            ) from None

    def __repr__(self) -> str:
        """Show no token."""
        return f"KeylessSigner({self.identity!r})"

    @property
    def identity(self) -> str:
        """Who signs, for people."""
        return self._token.identity

    def sign(self, statements: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Sign each statement and return its bundle, with a log's or a timestamp authority's proof in it.

        Raises:
            ToolError: A service refused, did not answer, or answered with something else.
        """
        return within(_SIGNING_SECONDS, "Signing with Sigstore", lambda: self._sign(statements))

    def _sign(self, statements: tuple[bytes, ...]) -> tuple[bytes, ...]:
        config = self._where.config
        if isinstance(config, unlogged.Services):
            return unlogged.sign(config, str(self._token), statements)
        return self._sign_logged(config, statements)

    def _sign_logged(self, config: models.ClientTrustConfig, statements: tuple[bytes, ...]) -> tuple[bytes, ...]:
        try:
            context = SigningContext.from_trust_config(config)
            with context.signer(self._token) as signer:
                made = [signer.sign_dsse(_Statement(payload)) for payload in statements]
        except requests.RequestException as error:
            raise ToolError(
                f"Sigstore cannot be reached: {type(error).__name__}.",
                where=str(error.request.url) if error.request is not None else "",
                mend="Nothing was attested. Run the job again; see https://status.sigstore.dev.",
            ) from None
        except ExpiredIdentity:
            raise InputError(
                "The identity token has expired.", mend="Ask for the token right before signing; nothing was attested."
            ) from None
        except (SigstoreError, *_SERVICE_ERRORS, *MALFORMED) as error:
            raise ToolError(
                f"Sigstore did not sign: {first_line(error) or type(error).__name__}.",
                mend="Nothing was attested. Check the identity token and the trust configuration, and try again.",
            ) from None
        for each in made:
            logger.info("signed; transparency log index %s", each.log_entry._inner.log_index)  # noqa: SLF001
        return tuple(each.to_json().encode() for each in made)


class _Statement(sigstore_dsse.Statement):
    """A statement of ours, signed byte for byte as it is.

    The library would parse it first, and refuses what JSON allows and a manifest needs: a lone surrogate, which stands
    for a byte of a file's name that is not UTF-8.
    """

    def __init__(self, contents: bytes) -> None:
        self._contents = contents


class KeylessVerifier:
    """Verifies bundles against roots of trust.

    Args:
        choose: Returns the verifiers for certificates of an issuer.
    """

    def __init__(self, choose: Callable[[x509.Certificate], Sequence[RootVerifier]]) -> None:
        self._choose = choose

    def verify(self, signed: bundle.Bundle | bundle.FileSignature) -> Verified:
        """Verify certificate chain, log entry or timestamp, and signature. Who signed is for the caller to judge.

        Raises:
            Rejection: Any of them does not hold.
            ToolError: A root of trust cannot be fetched.
        """
        if signed.proof is not bundle.Proof.CERTIFICATE:
            raise Rejection("it was signed with a key, not keyless")
        try:
            leaf = x509.load_der_x509_certificate(signed.certificates[0])
            chosen = self._choose(leaf)
        except MALFORMED as error:
            raise Rejection(f"its certificate is malformed: Sigstore refuses it ({first_line(error)})") from error
        refused: list[Rejection] = []
        for each in chosen:
            try:
                return each.verify(signed)
            except Rejection as error:
                refused.append(error)
        if refused:
            raise refused[0]
        raise Rejection(
            f"no given root of trust knows who issued its certificate, {short(leaf.issuer.rfc4514_string())}"
        )


class _Logged:
    """Verifies bundles against a root of trust with a transparency log, without any network."""

    def __init__(self, root: models.TrustedRoot) -> None:
        self._inner = Verifier(trusted_root=root)

    def verify(self, signed: bundle.Bundle | bundle.FileSignature) -> Verified:
        """Verify certificate chain, log entry and signature."""
        if not jsontext.dig(jsontext.parse(signed.document), "verificationMaterial", "tlogEntries"):
            raise Rejection("it has no entry of a transparency log, so nothing shows when it was signed")
        try:
            read = models.Bundle.from_json(_spelt_out(signed.document))
            payload = (
                self._file(read, signed) if isinstance(signed, bundle.FileSignature) else self._statement(read, signed)
            )
        except SigstoreError as error:
            raise Rejection(f"Sigstore refuses it: {first_line(error) or type(error).__name__}") from error
        except MALFORMED as error:
            raise Rejection(f"it is malformed ({type(error).__name__}: {first_line(error)})") from error
        signer = identity.of_certificate(read.signing_certificate)
        return Verified(payload, signer, log_entry.of_bundle(signed.document))

    def _statement(self, read: models.Bundle, signed: bundle.Bundle) -> bytes:
        payload_type, payload = self._inner.verify_dsse(read, _AnySigner())
        if payload_type != PAYLOAD_TYPE or payload != signed.envelope.payload:
            raise Rejection("it can be read in two ways")  # the library's reader and ours must see the same payload
        return payload

    def _file(self, read: models.Bundle, signed: bundle.FileSignature) -> bytes:
        digest = Hashed(algorithm=HashAlgorithm.SHA2_256, digest=bytes.fromhex(signed.sha256))
        self._inner.verify_artifact(digest, read, _AnySigner())
        return signed.sha256.encode()


def _spelt_out(document: bytes) -> bytes:
    """Write down what the proof of a log's first entry has, zero and no hashes, where it was left out.

    The library asks for both, sigstore-js writes neither: https://protobuf.dev/programming-guides/json/#presence
    """
    parsed = jsontext.parse(document)
    entries = jsontext.dig(parsed, "verificationMaterial", "tlogEntries")
    proofs = [jsontext.dig(entry, "inclusionProof") for entry in entries] if isinstance(entries, list) else []
    left_out = [proof for proof in proofs if isinstance(proof, dict) and not {"logIndex", "hashes"} <= proof.keys()]
    for proof in left_out:
        proof.update({"logIndex": "0", "hashes": []} | proof)
    return jsontext.encode(parsed) if left_out else document


class _AnySigner:
    """Leaves it to `identity.mismatches`, which names all that does not match and not only the first."""

    def verify(self, cert: x509.Certificate) -> None:
        """Accept it."""


def _given(
    roots: Sequence[models.TrustedRoot], path: Path | None
) -> Callable[[x509.Certificate], Sequence[RootVerifier]]:
    """Choose among given roots: the only one, or those that know a certificate's issuer."""
    try:
        known = [({item.subject for item in root.get_fulcio_certs()}, _of_root(root)) for root in roots]
    except (SigstoreError, Rejection, *MALFORMED) as error:
        raise sigstore_roots.not_trusted(path, first_line(error)) from error
    if len(known) == 1:
        return lambda _: [known[0][1]]
    return lambda leaf: [verifier_ for subjects, verifier_ in known if leaf.issuer in subjects]


class _Fetched:
    """Fetches the root that a certificate's issuer asks for, once."""

    def __init__(self) -> None:
        self._known: dict[bool, RootVerifier] = {}

    def __call__(self, leaf: x509.Certificate) -> Sequence[RootVerifier]:
        github = github_instance.issued(leaf)
        if github not in self._known:
            root = sigstore_roots.github() if github else sigstore_roots.public().trusted_root
            self._known[github] = _of_root(root)
        return [self._known[github]]


def _of_root(root: models.TrustedRoot) -> RootVerifier:
    """Return the verifier for a root of trust: a log that it knows is always asked for, never passed over."""
    if root._inner.tlogs:  # noqa: SLF001 - nothing public tells
        return _Logged(root)
    if not root.get_timestamp_authorities():
        raise Rejection("it knows neither a transparency log nor a timestamp authority, so no time can be shown")
    return unlogged.Verifier(root)
