"""Keys that never leave where they are: hardware tokens (PKCS#11), and the key services of three clouds.

The library that speaks to them is securesystemslib (https://github.com/secure-systems-lab/securesystemslib). What it
needs for each of them is large and of use to few, so it is not installed with Modelseal; a folder of packages can be
given instead.
"""

import importlib
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib import parse

from modelseal.attestation import dsse, keys
from modelseal.errors import InputError, ToolError

logger = logging.getLogger(__name__)

T = TypeVar("T")

_COMMON = ("builtins:OSError", "builtins:RuntimeError", "builtins:AttributeError", "builtins:TypeError")
_MISTAKES = (
    "builtins:ValueError",
    "securesystemslib.exceptions:Error",
    "securesystemslib.signer._azure_signer:UnsupportedKeyType",
)
_WHERE = "input `key-uri`"


class _Signature(Protocol):
    """What the library's signers return; the signature is in hexadecimal."""

    signature: str


class _Signer(Protocol):
    """A signer of the library."""

    def sign(self, payload: bytes) -> _Signature:
        """Sign bytes with the scheme that belongs to the key."""


@dataclass(frozen=True)
class _Service:
    """What is needed for one kind of key.

    Attributes:
        what: The service, for people.
        packages: What must be installed for it.
        modules: Modules of these packages, which cannot be imported without them.
        errors: Classes that its packages raise, as `module:class`.
        speaks: Whether its errors may be repeated: those of a token may be about the PIN.
    """

    what: str
    packages: str
    modules: tuple[str, ...]
    errors: tuple[str, ...]
    speaks: bool = True


_SERVICES = {
    "hsm": _Service(
        "the hardware token", "python-pkcs11", ("pkcs11",), ("pkcs11.exceptions:PKCS11Error",), speaks=False
    ),
    "awskms": _Service(
        "AWS KMS", "boto3", ("boto3",), ("botocore.exceptions:BotoCoreError", "botocore.exceptions:ClientError")
    ),
    "gcpkms": _Service(
        "Google Cloud KMS",
        "google-cloud-kms",
        ("google.cloud.kms",),
        ("google.api_core.exceptions:GoogleAPIError", "google.auth.exceptions:GoogleAuthError"),
    ),
    "azurekms": _Service(
        "Azure Key Vault",
        "azure-identity azure-keyvault-keys",
        ("azure.identity", "azure.keyvault.keys"),
        ("azure.core.exceptions:AzureError",),
    ),
}
_FORMS = (
    "hsm:KEY-ID?label=TOKEN, awskms:KEY-ID, gcpkms:projects/…/cryptoKeyVersions/1, or "
    "azurekms://VAULT.vault.azure.net/keys/NAME/VERSION"
)


@dataclass(frozen=True)
class ExternalSigner:
    """Signs statements with a key that is somewhere else.

    Attributes:
        public_key: Its public half.
        chain: As of `keys.KeySigner`.
    """

    public_key: keys.PublicKey
    scheme: str
    signer: _Signer = field(repr=False)
    chain: tuple[bytes, ...] = ()

    @property
    def identity(self) -> str:
        """Who signs, for people."""
        return f"{keys.name(self.public_key)} in {_SERVICES[self.scheme].what}"

    def certified(self, chain: tuple[bytes, ...]) -> "ExternalSigner":
        """Return the same signer with certificates for its key."""
        return replace(self, chain=chain)

    def sign(self, statements: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Sign each statement and return its bundle.

        Raises:
            ToolError: The service refused, did not answer, or answered with something else.
        """
        return tuple(keys.sealed(self._signed(payload), self.public_key, self.chain) for payload in statements)

    def _signed(self, payload: bytes) -> dsse.Envelope:
        made = _asked(self.scheme, "did not sign", lambda: self.signer.sign(dsse.pae(payload)))
        return dsse.Envelope(payload, bytes.fromhex(made.signature))


def load(uri: str, pin: str, packages: Path | None) -> ExternalSigner:
    """Find a key, and return who signs with it.

    Args:
        uri: Which key: see `_FORMS`.
        pin: The token's PIN; empty where there is none.
        packages: A folder of Python packages, as `pip install --target` makes it, for what is not installed.

    Raises:
        InputError: The URI is not one of a key, a package is missing, or the key cannot be used.
        ToolError: The service refused, or did not answer.
    """
    scheme = uri.partition(":")[0]
    if scheme not in _SERVICES:
        raise InputError(f"{uri!r} does not name a key.", where=_WHERE, mend=f"Write one of {_FORMS}.")
    if scheme == "hsm" and not pin:
        raise InputError(
            "The hardware token needs its PIN.",
            where="input `private-key-password`",
            mend="Give the token's PIN in it.",
        )
    _require(_SERVICES[scheme], packages)

    def handler(_what: str) -> str:
        return pin

    found, public = _asked(scheme, "does not give the public key", lambda: _public_key(scheme, uri, handler))
    signer: _Signer = _asked(
        scheme, "cannot be used", lambda: _library().Signer.from_priv_key_uri(found, public, handler)
    )
    public_key = keys.load_public_key(public.keyval["public"].encode())
    logger.info("signing with the %s in %s", keys.name(public_key), _SERVICES[scheme].what)
    return ExternalSigner(public_key, scheme, signer)


def _public_key(scheme: str, uri: str, handler: Callable[[str], str]) -> Any:
    """Ask for the public half of the key, and for the URI that names exactly that one."""
    signer = _library()
    rest = uri.partition(":")[2]
    if scheme == "hsm":
        number, _, query = rest.partition("?")
        if number and not (number.isascii() and number.isdigit()):
            raise ValueError("the key's ID is not a number")
        label = dict(parse.parse_qsl(query)).get("label")
        return signer.HSMSigner.import_(int(number) if number else None, label, handler)
    if scheme == "awskms":
        return signer.AWSSigner.import_(rest)
    if scheme == "gcpkms":
        return signer.GCPSigner.import_(rest)
    vault, _, path = rest.removeprefix("//").partition("/")
    parts = path.split("/")
    if not vault.endswith(".vault.azure.net") or parts[0] != "keys" or len(parts) not in (2, 3):
        raise ValueError("the URI is not azurekms://VAULT.vault.azure.net/keys/NAME/VERSION")
    found, public = signer.AzureSigner.import_(vault.removesuffix(".vault.azure.net"), parts[1])
    if len(parts) == 3 and not found.endswith(f"/{parts[2]}"):  # noqa: PLR2004 - with a version
        raise ValueError("the version is not the key's current one")
    return found, public


def _library() -> Any:
    return importlib.import_module("securesystemslib.signer")  # a tenth of a second that few need


def _require(service: _Service, packages: Path | None) -> None:
    """Import what a service needs: from what is installed, else from the given folder.

    Raises:
        InputError: It is in neither.
    """
    if packages is not None:
        if not packages.is_dir():
            raise InputError("The folder of packages is not there.", where=str(packages), mend="Check `key-packages`.")
        folder = str(packages.resolve())
        if folder not in sys.path:
            sys.path.append(folder)  # at the end: nothing in it can stand in for what is installed
    try:
        for module in service.modules:
            importlib.import_module(module)
    except ImportError as error:
        raise InputError(
            f"A key in {service.what} needs packages that are not installed: {service.packages}.",
            where=f"{error.name or error}",
            mend=f"Run `pip install --target DIR {service.packages}`, with versions and hashes pinned, and give DIR as "
            "`key-packages`.",
        ) from error


def _asked(scheme: str, what: str, ask: Callable[[], T]) -> T:
    """Ask a service for something, and say what it was if that fails. Neither PIN nor token is repeated."""
    service = _SERVICES[scheme]
    mistakes = _classes(*_MISTAKES)
    refusals = _classes(*_COMMON, *service.errors)
    try:
        return ask()
    except mistakes as error:  # of the library, about the URI or the key
        raise InputError(
            f"The key in {service.what} cannot be used: {_first_line(error)}.",
            where=_WHERE,
            mend=f"Write one of {_FORMS}.",
        ) from None
    except refusals as error:
        said = f": {_first_line(error)}" if service.speaks else ""
        raise ToolError(
            f"{service.what[0].upper()}{service.what[1:]} {what} ({type(error).__name__}{said}).",
            where=_WHERE,
            mend="Nothing was attested. Check the key, the PIN or credentials, and that this machine may sign with it.",
        ) from None


def _classes(*names: str) -> tuple[type[Exception], ...]:
    """Return the classes of errors with these names, `module:class`: they share no other base than all errors have."""
    found = (name.partition(":") for name in names)
    return tuple(getattr(importlib.import_module(module), name) for module, _, name in found)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".")[:300] if lines else type(error).__name__
