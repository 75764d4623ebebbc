"""Statements at GitHub: stored there, and found again by the digest that they are about."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modelseal.attestation.storing import GITHUB, Declined, Item, Kept
from modelseal.errors import InputError
from modelseal.github import attestations

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class GitHubStore:
    """The attestations of a repository on GitHub, as a destination."""

    store: attestations.Store

    @property
    def kind(self) -> str:
        """Which kind of store this is."""
        return GITHUB

    @property
    def name(self) -> str:
        """The store for people."""
        return f"GitHub's attestations of {self.store.repository}"

    def ready(self) -> Declined | None:
        """Ask whether GitHub offers it here.

        Raises:
            ToolError: The repository cannot be read.
        """
        refusal = self.store.offered()
        return _declined(refusal) if refusal else None

    def takes(self, subjects: Sequence[str]) -> bool:
        """Take all: GitHub finds them by the digests that they are about."""
        return bool(subjects)

    def keep(self, item: Item) -> Kept | Declined:
        """Store a bundle.

        Raises:
            ToolError: It could not be stored.
        """
        created = self.store.create(item.data)
        if isinstance(created, attestations.NotOffered):
            return _declined(created)
        return Kept(GITHUB, item.file, self.name, str(created.identifier), created.url)

    def finish(self) -> None:
        """Do nothing: what GitHub has acknowledged is there."""


def destination(environ: Mapping[str, str], token: str) -> GitHubStore:
    """Return the attestations of the repository that this job runs in.

    Raises:
        InputError: There is no token, or the repository is not known.
    """
    if not token:
        raise InputError(
            "`store: github` needs a token.",
            where="input `github-token`",
            mend="Give `github-token: ${{ github.token }}`, and the job `permissions: attestations: write`.",
        )
    return GitHubStore(attestations.store(environ, environ.get("GITHUB_REPOSITORY", ""), token))


def read(environ: Mapping[str, str], repository: str, token: str, digests: Sequence[str]) -> dict[str, bytes]:
    """Return all bundles about digests, by names that say where they were found.

    Args:
        environ: For the API's address and the proxies.
        repository: `octo/model`.
        token: Empty for a public repository.
        digests: `sha256:…` each.

    Raises:
        ToolError: GitHub does not give them.
    """
    store = attestations.store(environ, repository, token, anonymous=True)
    found = dict.fromkeys(data for digest in digests for data in store.about(digest))
    if not found:  # its answer is the same for both
        logger.warning(
            "GitHub lists no attestation of %s in %s: there is none, or the token may not see that repository; a "
            "private one takes `attestations: read`",
            ", ".join(digests),
            repository,
        )
    return {f"{repository} attestation {number}": data for number, data in enumerate(found, 1)}


def _declined(refusal: attestations.NotOffered) -> Declined:
    return Declined(f"Not stored at GitHub: {refusal.reason} {refusal.mend}")
