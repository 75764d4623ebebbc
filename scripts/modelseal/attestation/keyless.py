"""Signing and verifying with Sigstore: a certificate for a workflow's identity instead of a key.

The library takes 0.4 seconds to import, so nothing imports this module before it is needed.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import requests
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from sigstore import dsse as sigstore_dsse
from sigstore import models
from sigstore._internal.fulcio import ExpiredCertificate
from sigstore._internal.fulcio.client import FulcioClientError
from sigstore._internal.rekor import RekorClientError
from sigstore.errors import Error as SigstoreError
from sigstore.oidc import ExpiredIdentity, IdentityError, IdentityToken
from sigstore.sign import SigningContext
from sigstore.verify import Verifier

from modelseal.attestation import bundle, identity, jsontext
from modelseal.attestation.rejection import Rejection
from modelseal.attestation.statement import PAYLOAD_TYPE
from modelseal.errors import InputError, ToolError

logger = logging.getLogger(__name__)

T = TypeVar("T")

_SIGNING_SECONDS = 180.0
_ROOT_SECONDS = 60.0
_CONFIG_TYPE = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"
_ROOT_TYPE = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
# What sigstore-python and the libraries below it raise on a document or an answer that is not as it should be.
_MALFORMED = (
    ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, UnsupportedAlgorithm,
    x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, x509.InvalidVersion,
)  # fmt: skip
# The services' own errors have no public base class.
_SERVICE_ERRORS = (ExpiredCertificate, FulcioClientError, RekorClientError)


@dataclass(frozen=True)
class Services:
    """Where to sign: a certificate authority and a transparency log, and the root of trust for what they return."""

    config: models.ClientTrustConfig


@dataclass(frozen=True)
class Verified:
    """A payload whose signature, certificate and log entry hold, and who signed it."""

    payload: bytes
    signer: identity.Identity


def services(trust_config: Path | None) -> Services:
    """Return the services to sign with: those of a client trust configuration, or the public ones.

    Raises:
        InputError: The file is not a client trust configuration.
        ToolError: The public configuration cannot be fetched.
    """
    if trust_config is None:
        return Services(_public())
    document = _read(trust_config)
    if jsontext.dig(document, "mediaType") != _CONFIG_TYPE:
        raise _not_trusted(trust_config, "it names no services to sign with")
    return Services(_config(trust_config))


def verifier(trust_config: Path | None) -> "KeylessVerifier":
    """Return a verifier for a root of trust.

    Args:
        trust_config: A client trust configuration, or a trusted root in JSON or on one line of JSON Lines. Without it
            the public root is used, refreshed from Sigstore's update repository.

    Raises:
        InputError: The file is none of these.
        ToolError: The public root cannot be fetched.
    """
    try:
        return KeylessVerifier(Verifier(trusted_root=_trusted_root(trust_config)))
    except (SigstoreError, *_MALFORMED) as error:
        raise _not_trusted(trust_config, _first_line(error)) from error


def verifier_for(where: Services) -> "KeylessVerifier":
    """Return a verifier for what these services sign.

    Raises:
        InputError: Their root of trust is incomplete.
    """
    try:
        return KeylessVerifier(Verifier(trusted_root=where.config.trusted_root))
    except (SigstoreError, *_MALFORMED) as error:
        raise _not_trusted(None, _first_line(error)) from error


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
        """Sign each statement and return its bundle, with the transparency log's proof in it.

        Raises:
            ToolError: The authority or the log refused, did not answer, or answered with something else.
        """
        return _within(_SIGNING_SECONDS, "Signing with Sigstore", lambda: self._sign(statements))

    def _sign(self, statements: tuple[bytes, ...]) -> tuple[bytes, ...]:
        try:
            context = SigningContext.from_trust_config(self._where.config)
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
        except (SigstoreError, *_SERVICE_ERRORS, *_MALFORMED) as error:
            raise ToolError(
                f"Sigstore did not sign: {_first_line(error) or type(error).__name__}.",
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
    """Verifies bundles against a root of trust, without any network.

    Args:
        inner: The library's verifier.
    """

    def __init__(self, inner: Verifier) -> None:
        self._inner = inner

    def verify(self, signed: bundle.Bundle) -> Verified:
        """Verify certificate chain, log entry and signature. Who signed is for the caller to judge.

        Raises:
            Rejection: Any of them does not hold.
        """
        if signed.proof is not bundle.Proof.CERTIFICATE:
            raise Rejection("it was signed with a key, not keyless")
        if not jsontext.dig(jsontext.parse(signed.document), "verificationMaterial", "tlogEntries"):
            raise Rejection("it has no entry of a transparency log, so nothing shows when it was signed")
        try:
            read = models.Bundle.from_json(signed.document)
            payload_type, payload = self._inner.verify_dsse(read, _AnySigner())
        except SigstoreError as error:
            raise Rejection(f"Sigstore refuses it: {_first_line(error) or type(error).__name__}") from error
        except _MALFORMED as error:
            raise Rejection(f"it is malformed ({type(error).__name__}: {_first_line(error)})") from error
        if payload_type != PAYLOAD_TYPE or payload != signed.envelope.payload:
            raise Rejection("it can be read in two ways")  # the library's reader and ours must see the same payload
        return Verified(payload, identity.of_certificate(read.signing_certificate))


class _AnySigner:
    """Leaves it to `identity.mismatches`, which names all that does not match and not only the first."""

    def verify(self, cert: x509.Certificate) -> None:
        """Accept it."""


def _trusted_root(path: Path | None) -> models.TrustedRoot:
    if path is None:
        return _public().trusted_root
    document = _read(path)
    media_type = jsontext.dig(document, "mediaType")
    if media_type == _CONFIG_TYPE:
        return _config(path).trusted_root
    if media_type == _ROOT_TYPE:
        return models.TrustedRoot.from_file(str(path))
    raise _not_trusted(path, "it is neither a client trust configuration nor a trusted root")


def _config(path: Path) -> models.ClientTrustConfig:
    try:
        return models.ClientTrustConfig.from_json(path.read_text("utf-8"))
    except (SigstoreError, OSError, *_MALFORMED) as error:
        raise _not_trusted(path, _first_line(error)) from error


def _read(path: Path) -> object:
    """Read the file's one document; JSON Lines with a single line are that too (`gh attestation trusted-root`)."""
    try:
        return jsontext.parse(path.read_bytes())
    except OSError as error:
        raise _not_trusted(path, error.strerror or "it cannot be read") from error
    except Rejection as error:
        raise _not_trusted(path, f"{error}; of several trusted roots, give one") from error


def _not_trusted(path: Path | None, why: str) -> InputError:
    return InputError(
        f"The trust configuration cannot be used: {why}.",
        where=str(path) if path else "the public trust root",
        mend="Give a client trust configuration or a trusted root of Sigstore, or leave `trust-config` out.",
    )


def _public() -> models.ClientTrustConfig:
    def fetch() -> models.ClientTrustConfig:
        try:
            return models.ClientTrustConfig.production()
        except (SigstoreError, requests.RequestException, OSError, *_MALFORMED) as error:
            raise ToolError(
                f"The public trust root of Sigstore cannot be refreshed: {_first_line(error)}.",
                mend="Allow the network, or give `trust-config` (a trusted root file) to verify offline.",
            ) from error

    return _within(_ROOT_SECONDS, "Refreshing the trust root of Sigstore", fetch)


def _within(seconds: float, what: str, work: Callable[[], T]) -> T:
    """Give work a time limit: the library's own requests have none, and a service that hangs would hang us."""
    results: list[T] = []
    failures: list[BaseException] = []

    def target() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - carried over to the caller's thread, not swallowed
            failures.append(error)

    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    thread.join(seconds)
    if failures:
        raise failures[0]
    if not results:
        raise ToolError(f"{what} took more than {seconds:g} seconds.", mend="Check the network and run the job again.")
    return results[0]


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".")[:300] if lines else ""
