"""Where `verify` takes statements from: a folder, GitHub, or the registry that holds the image.

A folder is somebody's own: every file in it must be a bundle that verifies. Into GitHub's store and a registry others
may put things too. There, what does not verify is passed over and told; it counts for nothing, so what is required must
be among what does verify.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from modelseal.attestation import model_signature, store
from modelseal.attestation.rejection import Rejection
from modelseal.attestation.verification import Evidence
from modelseal.errors import InputError

logger = logging.getLogger(__name__)

FOLDER, GITHUB, OCI = "folder", "github", "oci"


@dataclass(frozen=True)
class Wanted:
    """Where to look, and for what.

    Attributes:
        source: `folder`, `github` or `oci`.
        bundles: The folder.
        image: The image's name; empty without one.
        digest: Its digest; empty without an image.
        signature: The model's signature; None without a model, or if it is in the folder.
        has_model: Whether a model is verified.
        repository: Whose attestations to look at, on GitHub; with or without the server's address.
        token: For GitHub; empty for a public repository.
    """

    source: str
    bundles: Path | None
    image: str
    digest: str
    signature: Path | None
    has_model: bool
    repository: str
    token: str = field(repr=False)

    def check(self) -> None:
        """Refuse what contradicts itself, or leaves nothing to verify with.

        Raises:
            InputError: It does.
        """
        if self.source == FOLDER:
            if self.bundles is None and (self.image or self.signature is None):
                raise InputError(
                    "There are no attestations to verify with.",
                    mend="Give `bundles`, the folder with them, or `bundles-from`.",
                )
            return
        where = f"bundles-from: {self.source}"
        if self.bundles is not None:
            raise InputError("`bundles` is for `bundles-from: folder`.", where=where, mend="Give one or the other.")
        if self.has_model and self.signature is None:
            raise InputError(
                "A model's signature is a file that travels with the model; it is not looked for elsewhere.",
                where=where,
                mend="Give `signature`.",
            )
        if self.source == OCI and not self.image:
            raise InputError(
                "Statements in a registry are about the images there.",
                where=where,
                mend="Give `image` and `digest`; a model's statements are in a folder or at GitHub.",
            )
        if self.source == GITHUB and not self.repository:
            raise InputError(
                "It is not known whose attestations to look at.", where=where, mend="Give `repository` as owner/name."
            )


def read(wanted: Wanted, environ: Mapping[str, str], mask: Callable[[str], None]) -> dict[str, bytes]:
    """Return all bundles by the names of their places. None of them has been verified.

    Raises:
        InputError: The folder or the signature cannot be read.
        ToolError: GitHub or the registry does not give them: then nothing is known, which is no evidence.
    """
    if wanted.source == FOLDER:
        return store.read(wanted.bundles) if wanted.bundles else {}
    if wanted.source == OCI:
        from modelseal.attestation import registry_store  # noqa: PLC0415 - only where it is needed

        return registry_store.read(wanted.image, wanted.digest, environ, mask)
    from modelseal.attestation import github_store  # noqa: PLC0415 - only where it is needed

    repository = "/".join(wanted.repository.rstrip("/").split("/")[-2:])
    digests = [*((wanted.digest,) if wanted.image else ()), *_manifest_digest(wanted.signature)]
    return github_store.read(environ, repository, wanted.token, digests)


def counted(wanted: Wanted, evidence: Evidence) -> tuple[str, ...]:
    """Return which of the reasons against single bundles are reasons to refuse; tell of the others."""
    if wanted.source == FOLDER:
        return evidence.reasons if wanted.bundles else ()
    if not evidence.attestations:
        return evidence.reasons
    for reason in evidence.reasons:
        logger.warning("passed over: %s", reason)
    return ()


def _manifest_digest(signature: Path | None) -> tuple[str, ...]:
    """Return the digest of what a model's signature is over, manifest or file: what its provenance is about."""
    if signature is None:
        return ()
    try:
        return (f"sha256:{model_signature.digest_said(store.signature(signature))}",)
    except Rejection:
        return ()  # why, is told where it is verified
