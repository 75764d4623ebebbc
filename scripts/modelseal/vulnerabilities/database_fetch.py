"""Fetch Trivy's databases, keep them between jobs, and use what is kept where no registry answers.

The default repositories, in Trivy's own order:
https://github.com/aquasecurity/trivy/blob/v0.74.0/pkg/db/db.go and pkg/javadb/client.go
"""

import errno
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from modelseal import registry
from modelseal.errors import ToolError
from modelseal.registry import Client, Reference
from modelseal.vulnerabilities import database, database_artifact
from modelseal.vulnerabilities.database import Database, Kind
from modelseal.vulnerabilities.database_artifact import Packed
from modelseal.vulnerabilities.database_cache import Cache

logger = logging.getLogger(__name__)

REPOSITORIES = ("mirror.gcr.io/aquasec/trivy-db:2", "ghcr.io/aquasecurity/trivy-db:2")
JAVA_REPOSITORIES = ("mirror.gcr.io/aquasec/trivy-java-db:1", "ghcr.io/aquasecurity/trivy-java-db:1")
_LOCK_SECONDS = 1200.0


def repositories(text: str) -> tuple[str, ...]:
    """Read a list of repositories, one a line or between commas, as Trivy's `--db-repository` takes them.

    Raises:
        InputError: One of them is no name.
    """
    names = tuple(dict.fromkeys(text.replace(",", " ").split()))
    for name in names:
        registry.parse(name)
    return names


def current(  # noqa: PLR0913 # each is given by the caller alone, none has a natural partner
    cache_dir: Path,
    repositories: Sequence[str],
    *,
    max_age: timedelta,
    now: datetime,
    temp_dir: Path,
    client: Client,
) -> Database:
    """Return the vulnerability database of the first repository that gives one which is young enough.

    It is downloaded only if its digest is not that of a cached one. Where no registry can be reached, the cached one
    is used if it is young enough, with a warning.

    Args:
        cache_dir: Outlives the job; made if it is not there.
        repositories: In the order in which they are tried: with a tag, a digest, or neither. Empty for Trivy's own.
        max_age: How old it may be.
        now: The time, in UTC.
        temp_dir: A folder of this run, which the database stays in until the run's end.
        client: Asks the registries.

    Raises:
        InputError: One of the repositories is no name.
        ToolError: There is no such database; with the reason of each repository.
    """
    fetch = _Fetch(
        Cache(cache_dir, database.VULNERABILITIES), database_artifact.VULNERABILITIES, max_age, now, temp_dir, client
    )
    return fetch.first(repositories or REPOSITORIES)


def java_index(  # noqa: PLR0913 # as above
    cache_dir: Path,
    repositories: Sequence[str],
    *,
    max_age: timedelta,
    now: datetime,
    temp_dir: Path,
    client: Client,
) -> Database:
    """Return the index that names Java archives by their SHA-1, as `current` does with the vulnerability database.

    With the same `temp_dir` it lies beside the vulnerability database, where Trivy looks for it. It is published less
    often: let `max_age` be weeks.

    Raises:
        InputError: One of the repositories is no name.
        ToolError: There is no such index; with the reason of each repository.
    """
    fetch = _Fetch(Cache(cache_dir, database.JAVA), database_artifact.JAVA, max_age, now, temp_dir, client)
    return fetch.first(repositories or JAVA_REPOSITORIES)


def given(db_dir: Path, kind: Kind = database.VULNERABILITIES) -> Database:
    """Return the database in a Trivy cache folder, used as it is: nothing is written there, and nothing fetched.

    Raises:
        ToolError: There is none, or it cannot be read, or is cut off.
    """
    found = database.read(db_dir, kind)
    database_artifact.check_whole(found, kind)
    return found


@dataclass(frozen=True)
class _Fetch:
    cache: Cache
    packed: Packed
    max_age: timedelta
    now: datetime
    temp_dir: Path
    client: Client

    @property
    def _kind(self) -> Kind:
        return self.cache.kind

    def first(self, names: Iterable[str]) -> Database:
        """Try each in turn; those that may yet answer once more, with patience; then what is cached."""
        references = tuple(registry.parse(name, default_tag=str(self._kind.schema)) for name in names)
        failures: dict[Reference, ToolError] = {}
        rounds = (self.client,) if len(references) == 1 else (self.client.hasty(), self.client)
        try:
            for client in rounds:
                for reference in references:
                    if isinstance(failures.get(reference), registry.Unavailable | None):
                        try:
                            return self._of(reference, client)
                        except ToolError as error:
                            failures[reference] = error
                            logger.warning("%s gives no %s: %s", reference, self._kind.title, error.what)
            return self._cached(references, failures)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            raise ToolError(
                f"The {self._kind.title} cannot be kept: "
                f"{'the disk is full' if full else error.strerror or type(error).__name__}.",
                where=str(error.filename or self.cache.root),
                mend="Free some space." if full else "Set RUNNER_TOOL_CACHE to a folder that can be written to.",
            ) from error

    def _of(self, reference: Reference, client: Client) -> Database:
        digest = client.resolve(reference)
        found = self._snapshot(digest)
        if found:
            logger.info("the cached %s is the current one of %s, %s", self._kind.title, reference, digest)
        with self.cache.alone(_LOCK_SECONDS):
            if not found:  # unless another job was faster
                found = self._whole(digest) or self._fetched(reference, digest, client)
            self.cache.tidy(digest)
            database.check_age(found, max_age=self.max_age, now=self.now, kind=self._kind)
            self.cache.note(str(reference), digest)
        return found

    def _fetched(self, reference: Reference, digest: str, client: Client) -> Database:
        exact = reference.at(digest)
        layer = database_artifact.layer(client.manifest(exact), self.packed, str(reference))
        logger.info("fetching the %s of %s, %s, %d MB", self._kind.title, reference, digest, layer.size // 10**6)
        part = self.cache.part(layer.digest)
        client.blob(exact, layer, part)
        self.cache.keep(digest, lambda folder: database_artifact.unpack(part, folder, self._kind, self.packed))
        part.unlink()
        found = self.cache.snapshot(digest, self.temp_dir)
        try:
            database_artifact.check_whole(found, self._kind)
        except ToolError:
            self.cache.drop(digest)
            raise
        return found

    def _snapshot(self, digest: str) -> Database | None:
        """Return a cached database; nothing if there is none, or it is not what was fetched.

        Its files are hashed while other jobs may go on: what was linked is ours.
        """
        with self.cache.alone(_LOCK_SECONDS):
            found = self._linked(digest)
        return self._checked(found)

    def _whole(self, digest: str) -> Database | None:
        return self._checked(self._linked(digest))

    def _linked(self, digest: str) -> Database | None:
        if self.cache.has(digest):
            try:
                return self.cache.snapshot(digest, self.temp_dir)
            except ToolError as error:
                logger.warning("the cached %s %s is damaged: %s", self._kind.title, digest, error.what)
        return None

    def _checked(self, found: Database | None) -> Database | None:
        if found and not self.cache.is_whole(found):
            logger.warning("the cached %s %s is damaged: its files have changed", self._kind.title, found.digest)
            return None
        return found

    def _cached(self, references: tuple[Reference, ...], failures: dict[Reference, ToolError]) -> Database:
        """Return the youngest cached database of these repositories, if any may be used."""
        reasons = "; ".join(f"{reference}: {error.what}" for reference, error in failures.items())
        age: ToolError | None = None
        if any(isinstance(error, registry.Unavailable) for error in failures.values()):
            noted = {self.cache.noted(str(reference)) for reference in references} - {""}
            for digest in sorted(noted, key=self.cache.made, reverse=True):
                if found := self._snapshot(digest):
                    try:
                        database.check_age(found, max_age=self.max_age, now=self.now, kind=self._kind)
                    except ToolError as error:
                        age = error
                    else:
                        self._warn(found, reasons)
                        return found
        raise ToolError(
            f"The {self._kind.title} cannot be fetched.{f' The cached one is no use: {age.what}' if age else ''}",
            where=reasons,
            mend=self._mend(failures),
        )

    def _warn(self, found: Database, reasons: str) -> None:
        logger.warning(
            "The %s could not be updated; the cached one is used, which is %s old (at most %s is allowed). %s",
            self._kind.title,
            database.span(self.now - found.updated_at),
            database.span(self.max_age),
            reasons,
        )

    def _mend(self, failures: dict[Reference, ToolError]) -> str:
        if any(isinstance(error, registry.RateLimited) for error in failures.values()):
            return (
                "Wait and run again. So that it does not happen again: keep the cache between jobs "
                "(docs/database.md), or name a mirror of your own with `db-repository`."
            )
        if all(not isinstance(error, registry.Unavailable) for error in failures.values()) and len(failures) == 1:
            return next(iter(failures.values())).mend or _MEND
        return _MEND


_MEND = "Check the network; name a mirror with `db-repository`, or a folder with `db-dir`."
