"""Databases that outlive a job: kept by the digest of their manifest, shared by jobs, never seen half written.

A cache has these in it:
- `sha256-<manifest's digest>/`: a Trivy cache folder with one database, and `record.json`, the SHA-256 of its files;
- `names/<digest of a reference>`: which manifest a reference meant when its registry was last asked;
- `<digest>.part`: a layer that was not fetched to its end; `.<random>.tmp`: what a killed job was about to put there.
"""

import contextlib
import fcntl
import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from modelseal.errors import ToolError
from modelseal.files import open_regular, write_atomically
from modelseal.vulnerabilities import database
from modelseal.vulnerabilities.database import Database, Kind

logger = logging.getLogger(__name__)

KEPT = 2
_RECORD = "record.json"
_RECORD_BYTES = 64 * 1024
_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Cache:
    """The databases of one kind in a folder."""

    root: Path
    kind: Kind

    @contextlib.contextmanager
    def alone(self, seconds: float) -> Iterator[None]:
        """Keep other jobs from changing it meanwhile. A job that is killed stands in nobody's way.

        Raises:
            ToolError: Another job does not come to its end.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / f"{self.kind.folder}.lock").open("ab") as lock:
            deadline, told = time.monotonic() + seconds, False
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise ToolError(
                            f"Another job has been fetching the {self.kind.title} for {seconds:.0f} seconds.",
                            where=str(self.root),
                            mend="Wait for it or end it, and run again.",
                        ) from None
                    if not told:
                        logger.info("another job is fetching the %s: waiting for it", self.kind.title)
                        told = True
                    time.sleep(_POLL_SECONDS)
                else:
                    break
            yield

    def part(self, digest: str) -> Path:
        """Return where the layer with a digest is fetched to."""
        return self.root / f"{self.kind.folder}-{_name(digest)}.part"

    def has(self, digest: str) -> bool:
        """Tell whether a database is there, be it whole or not."""
        return self._files(self.root / _name(digest) / _RECORD, digest) is not None

    def made(self, digest: str) -> datetime:
        """Return when a database was made, as it says itself; long ago if it does not say so."""
        try:
            return database.read(self.root / _name(digest), self.kind).updated_at
        except ToolError:
            return datetime.min.replace(tzinfo=UTC)

    def keep(self, digest: str, unpack: Callable[[Path], Mapping[str, str]]) -> None:
        """Put a database there, as a whole or not at all.

        Args:
            digest: Its manifest's.
            unpack: Writes its files into a folder, and returns their SHA-256.
        """
        temporary = self.root / f".{self.kind.folder}-{os.urandom(8).hex()}.tmp"
        try:
            (temporary / self.kind.folder).mkdir(parents=True)
            digests = dict(unpack(temporary / self.kind.folder))
            record = {"version": 1, "kind": self.kind.folder, "digest": digest, "files": digests}
            (temporary / _RECORD).write_text(json.dumps(record), encoding="utf-8")
            database.read(temporary, self.kind)
            self.drop(digest)
            temporary.rename(self.root / _name(digest))
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def drop(self, digest: str) -> None:
        """Remove a database."""
        entry = self.root / _name(digest)
        if entry.is_symlink():
            entry.unlink()
        elif entry.exists():
            aside = self.root / f".{self.kind.folder}-{os.urandom(8).hex()}.tmp"
            entry.rename(aside)  # so that nobody sees half of it
            shutil.rmtree(aside, ignore_errors=True)

    def snapshot(self, digest: str, folder: Path) -> Database:
        """Keep a database for as long as this run needs it, in a folder of this run: another job may remove it.

        Raises:
            ToolError: It is not there, or not whole.
            OSError: It cannot be linked or copied.
        """
        own = folder / self.kind.folder
        shutil.rmtree(own, ignore_errors=True)
        own.mkdir(parents=True)
        entry = self.root / _name(digest)
        wanted = {own / name: entry / self.kind.folder / name for name in (self.kind.file, database.METADATA)}
        for target, source in (wanted | {self._own_record(own): entry / _RECORD}).items():
            target.unlink(missing_ok=True)
            try:
                target.hardlink_to(source)  # an update makes new files, it does not write into these
            except FileNotFoundError as error:
                raise ToolError(f"The cached {self.kind.title} lacks {source.name}.", where=str(entry)) from error
            except OSError:  # on another disk, or on one without links
                shutil.copyfile(source, target)
        with contextlib.suppress(OSError):
            os.utime(entry / _RECORD)  # used now: see `tidy`
        return database.read(folder, self.kind, digest=digest)

    def is_whole(self, current: Database) -> bool:
        """Tell whether a snapshot's files are still what was unpacked from the artifact; 700 MB take half a second."""
        digests = self._files(self._own_record(current.folder), current.digest)
        return digests is not None and all(
            digests.get(name) == _sha256(current.folder / name) for name in (self.kind.file, database.METADATA)
        )

    def note(self, reference: str, digest: str) -> None:
        """Remember which manifest a reference means."""
        (self.root / "names").mkdir(exist_ok=True)
        content = json.dumps({"reference": reference, "digest": digest}).encode()
        write_atomically(self._name_file(reference), content)

    def noted(self, reference: str) -> str:
        """Return which manifest a reference meant last; nothing if that is not known."""
        noted = _read(self._name_file(reference))
        digest = noted.get("digest") if noted.get("reference") == reference else None
        return digest if isinstance(digest, str) and self.has(digest) else ""

    def tidy(self, keep: str) -> None:
        """Remove what killed jobs left, and all databases but the two that were used last.

        Args:
            keep: A digest that stays in any case.
        """
        prefix = self.kind.folder
        for leftover in (*self.root.glob(f".{prefix}-*.tmp"), *self.root.glob(f"{prefix}-sha256-*.part")):
            if leftover.is_dir():
                shutil.rmtree(leftover, ignore_errors=True)
            else:
                leftover.unlink(missing_ok=True)
        used: list[tuple[int, str]] = []
        for entry in self.root.glob("sha256-*"):
            digest = entry.name.replace("-", ":", 1)
            record = entry / _RECORD
            if digest != keep and _read(record).get("kind", prefix) == prefix:
                used.append((record.stat().st_mtime_ns if record.is_file() else 0, digest))
        for _, digest in sorted(used, reverse=True)[KEPT - 1 :]:
            logger.info("removing the cached %s %s, which has not been used lately", self.kind.title, digest)
            self.drop(digest)

    def _files(self, file: Path, digest: str) -> dict[str, str] | None:
        record = _read(file)
        files = record.get("files")
        right = record.get("digest") == digest and record.get("kind") == self.kind.folder and isinstance(files, dict)
        return {str(name): str(value) for name, value in files.items()} if right and isinstance(files, dict) else None

    @staticmethod
    def _own_record(own: Path) -> Path:
        return own.with_name(f"{own.name}-{_RECORD}")

    def _name_file(self, reference: str) -> Path:
        return self.root / "names" / hashlib.sha256(f"{self.kind.folder} {reference}".encode()).hexdigest()


def _name(digest: str) -> str:
    return digest.replace(":", "-", 1)


def _read(path: Path) -> dict[str, object]:
    """Return what a small JSON file says; nothing if it cannot be read: then it is as if it were not there."""
    try:
        with open_regular(path) as file:
            read = json.loads(file.read(_RECORD_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _sha256(path: Path) -> str:
    try:
        with open_regular(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
