"""GitHub's own Sigstore, which signs for repositories that are not public.

https://github.com/actions/toolkit/blob/main/packages/attest/src/endpoints.ts (addresses),
https://github.com/cli/cli/blob/trunk/pkg/cmd/attestation/verification/tuf.go (root of trust)
"""

import re
from collections.abc import Mapping
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID
from sigstore._internal.tuf import TrustUpdater
from sigstore.errors import Error as SigstoreError

from modelseal.attestation.sigstore_errors import MALFORMED, first_line
from modelseal.attestation.unlogged import Services
from modelseal.errors import InputError, ToolError

ORGANIZATION = "GitHub, Inc."
_REPOSITORY = "https://tuf-repo.github.com"
# The third root, which gh 2.x has built in; the repository leads from it to the newest one.
_FIRST_ROOT = Path(__file__).parent / "github_tuf_root.json"
_ISSUER = re.compile(r"https://token\.actions\.(githubusercontent\.com|[a-z0-9-]+\.ghe\.com)")
_PUBLIC = "public"


def serves(claims: Mapping[str, object]) -> bool:
    """Tell whether a run's statements belong to GitHub's own instance: those of a repository that is not public do.

    Args:
        claims: Those of the run's identity token; a token that is not GitHub's says nothing of visibility.
    """
    visibility = claims.get("repository_visibility")
    return visibility is not None and visibility != _PUBLIC


def services(claims: Mapping[str, object]) -> Services:
    """Return where to sign for a run. The token's issuer says which GitHub it is: nobody but it may get the token.

    Raises:
        InputError: It is not github.com or a tenant of ghe.com.
    """
    match = _ISSUER.fullmatch(str(claims.get("iss")))
    if match is None:
        raise InputError(
            "This repository is not public, and its server has no Sigstore of its own.",
            where=f"issuer {claims.get('iss')}",
            mend="Give `trust-config` with services to sign with, or use `sign: key`.",
        )
    host = "githubapp.com" if match[1] == "githubusercontent.com" else match[1]
    return Services(f"https://fulcio.{host}", (f"https://timestamp.{host}/api/v1/timestamp",))


def issued(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate says that GitHub's authority issued it; which only chooses the root to ask."""
    names = certificate.issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return [name.value for name in names] == [ORGANIZATION]


def trusted_root() -> bytes:
    """Return the root of trust of github.com's instance, refreshed from its update repository.

    Raises:
        ToolError: It cannot be fetched, or is not what it should be.
    """
    try:
        updater = TrustUpdater(_REPOSITORY, bootstrap_root=_FIRST_ROOT)
        return Path(updater.get_trusted_root_path()).read_bytes()
    except (SigstoreError, OSError, *MALFORMED) as error:
        raise ToolError(
            f"The trust root of GitHub's own Sigstore cannot be refreshed: {first_line(error)}.",
            where=_REPOSITORY,
            mend="Allow the network, or give `trust-config`: what `gh attestation trusted-root` prints.",
        ) from error
