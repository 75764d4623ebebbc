"""Roots of trust, and the services whose work they let others check: given in a file, or refreshed over the network."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import requests
from sigstore import models
from sigstore.errors import Error as SigstoreError
from sigstore_models.trustroot import v1 as trustroot

from modelseal.attestation import github_instance, jsontext, unlogged
from modelseal.attestation.rejection import Rejection
from modelseal.attestation.sigstore_errors import MALFORMED, first_line
from modelseal.attestation.time_limit import within
from modelseal.errors import InputError, ToolError
from modelseal.files import read_bounded

_ROOT_SECONDS = 60.0
_CONFIG_TYPE = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"
_ROOT_TYPE = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
_ROOT_LISTS = ("tlogs", "ctlogs", "certificateAuthorities", "timestampAuthorities")
_CONFIG_LISTS = ("caUrls", "oidcUrls", "rekorTlogUrls", "tsaUrls")
_MOST_ROOTS = 16
_FILE_LIMIT = 16 * 1024 * 1024
_VERSION = [1]  # of the interfaces of authorities


@dataclass(frozen=True, slots=True)
class Services:
    """Where to sign, and the roots of trust for what comes back.

    Attributes:
        config: For services with a transparency log, which the library signs with; else where else.
        roots: The roots of trust.
    """

    config: models.ClientTrustConfig | unlogged.Services
    roots: tuple[models.TrustedRoot, ...]


def services(trust_config: Path | None, claims: Mapping[str, object]) -> Services:
    """Return the services to sign with.

    Args:
        trust_config: A client trust configuration; or roots of trust, for a repository that is not public.
        claims: Those of the identity token. Without a client trust configuration they decide: a public repository's
            statements go to the public services, any other's to GitHub's own.

    Raises:
        InputError: The file is not what it should be, or names no services.
        ToolError: A root of trust cannot be fetched.
    """
    if trust_config:
        document = _documents(trust_config)[0]
        if document.get("mediaType") == _CONFIG_TYPE:
            return _of_config(_config(trust_config, document), trust_config)
    if github_instance.serves(claims):
        where = github_instance.services(claims)
        return Services(where, given(trust_config) if trust_config else (github(),))
    if trust_config:
        raise not_trusted(trust_config, "it names no services to sign with")
    config = public()
    return Services(config, (config.trusted_root,))


def given(path: Path) -> tuple[models.TrustedRoot, ...]:
    """Return the roots of trust in a file.

    Args:
        path: A client trust configuration, a trusted root, or one or more of them in JSON Lines, as
            `gh attestation trusted-root` prints them.

    Raises:
        InputError: It is none of these.
    """
    return tuple(_root(path, document) for document in _documents(path))


def public() -> models.ClientTrustConfig:
    """Return the configuration of the public services, refreshed from their update repository.

    Raises:
        ToolError: It cannot be fetched.
    """

    def fetch() -> models.ClientTrustConfig:
        try:
            return models.ClientTrustConfig.production()
        except (SigstoreError, requests.RequestException, OSError, *MALFORMED) as error:
            raise ToolError(
                f"The public trust root of Sigstore cannot be refreshed: {first_line(error)}.",
                mend="Allow the network, or give `trust-config` (a trusted root file) to verify offline.",
            ) from error

    return within(_ROOT_SECONDS, "Refreshing the trust root of Sigstore", fetch)


def github() -> models.TrustedRoot:
    """Return the root of trust of GitHub's own instance, refreshed from its update repository.

    Raises:
        ToolError: It cannot be fetched.
    """
    found = within(_ROOT_SECONDS, "Refreshing the trust root of GitHub's own Sigstore", github_instance.trusted_root)
    try:
        return _read_root(jsontext.parse_object(found))
    except (SigstoreError, *MALFORMED) as error:
        raise ToolError(f"The trust root of GitHub's own Sigstore cannot be read: {first_line(error)}.") from error


def not_trusted(path: Path | None, why: str) -> InputError:
    """Return the error for a root of trust that cannot be used."""
    return InputError(
        f"The trust configuration cannot be used: {why}.",
        where=str(path) if path else "the public trust root",
        mend="Give a client trust configuration or a trusted root of Sigstore, or leave `trust-config` out.",
    )


def _documents(path: Path) -> list[dict[str, object]]:
    """Read one document, or the one on each line (`gh attestation trusted-root`)."""
    try:
        content = read_bounded(path, _FILE_LIMIT)
    except OSError as error:
        raise not_trusted(path, error.strerror or "it cannot be read") from error
    lines = [line for line in content.splitlines() if line.strip()]
    several = 1 < len(lines) <= _MOST_ROOTS and all(line.startswith(b'{"') for line in lines)
    try:
        return [jsontext.parse_object(document) for document in (lines if several else [content])]
    except Rejection as error:
        raise not_trusted(path, str(error)) from error


def _root(path: Path, document: dict[str, object]) -> models.TrustedRoot:
    if document.get("mediaType") == _CONFIG_TYPE:
        return _config(path, document).trusted_root
    if document.get("mediaType") != _ROOT_TYPE:
        raise not_trusted(path, "it is neither a client trust configuration nor a trusted root")
    try:
        return _read_root(document)
    except (SigstoreError, *MALFORMED) as error:
        raise not_trusted(path, first_line(error)) from error


def _read_root(document: dict[str, object]) -> models.TrustedRoot:
    return models.TrustedRoot(trustroot.TrustedRoot.from_json(jsontext.encode(_with_lists(document, _ROOT_LISTS))))


def _config(path: Path, document: dict[str, object]) -> models.ClientTrustConfig:
    try:
        parts = {
            "trustedRoot": _with_lists(document.get("trustedRoot"), _ROOT_LISTS),
            "signingConfig": _with_lists(document.get("signingConfig"), _CONFIG_LISTS),
        }
        return models.ClientTrustConfig.from_json(jsontext.encode({**document, **parts}).decode())
    except (SigstoreError, *MALFORMED) as error:
        raise not_trusted(path, first_line(error)) from error


def _with_lists(document: object, names: tuple[str, ...]) -> dict[str, object]:
    """Add the lists that are left out because nothing is in them, as GitHub's root does; the library misses them.

    https://protobuf.dev/programming-guides/json/#presence
    """
    return {name: [] for name in names} | jsontext.as_object(document, "the trust configuration")


def _of_config(config: models.ClientTrustConfig, path: Path) -> Services:
    """Return a configuration's services. Only one that names no log at all is for signing without a log."""
    inner = config._inner.signing_config  # noqa: SLF001 - the library reads only those with a log
    root = (config.trusted_root,)
    if inner.rekor_tlog_urls:
        return Services(config, root)
    select = models.SigningConfig._get_valid_services  # noqa: SLF001 - the rules for choosing among services
    try:
        authorities = select(inner.ca_urls, _VERSION, None)
        stamping = select(inner.tsa_urls, _VERSION, inner.tsa_config)
    except MALFORMED as error:
        raise not_trusted(path, first_line(error)) from error
    if not authorities or not stamping:
        raise not_trusted(path, "it names no certificate authority, or neither a log nor a timestamp authority")
    return Services(unlogged.Services(authorities[0].url, tuple(item.url for item in stamping)), root)
