"""Run Trivy, once, on a saved image."""

import contextlib
import fcntl
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from modelseal import process
from modelseal.errors import ToolError
from modelseal.vulnerabilities import database
from modelseal.vulnerabilities.database import Database

logger = logging.getLogger(__name__)

_SCAN_SECONDS = 3600
_DOWNLOAD_SECONDS = 900
_COMPLAINT = re.compile(r"\t(?:ERROR|FATAL)\t")


@dataclass(frozen=True)
class Scan:
    """What Trivy reported, word for word, with which database, and when."""

    report: bytes
    database: Database
    started: datetime
    finished: datetime


@dataclass(frozen=True)
class Trivy:
    """Trivy's executable and where it may write: it sees no configuration of the caller, and no token.

    Attributes:
        executable: Whose digest has been checked.
        environ: The environment that it gets a scrubbed part of.
        folder: A private folder, empty at first.
    """

    executable: Path
    environ: Mapping[str, str]
    folder: Path

    def run(self, *arguments: str, timeout: float) -> process.Completed:
        """Run Trivy in an empty folder, so that no trivy.yaml, .trivyignore or trivy-secret.yaml is found.

        Raises:
            ToolError: It failed, took too long, or complained.
        """
        home = self.folder / "home"
        empty = self.folder / "empty"
        home.mkdir(exist_ok=True)
        empty.mkdir(exist_ok=True)
        env = process.scrubbed_environment(
            self.environ, HOME=str(home), XDG_CACHE_HOME=str(home), TMPDIR=str(self.folder)
        )
        completed = process.run([self.executable, *arguments], env=env, cwd=empty, timeout=timeout, on_line=_log)
        complaints = [line for line in completed.stderr.splitlines() if _COMPLAINT.search(line)]
        if complaints:
            # It then ends with 0 all the same, and its report lacks what it could not read.
            raise ToolError("Trivy reported errors.", where=" / ".join(complaints)[-2000:], mend="See its lines above.")
        return completed


def scan(trivy: Trivy, archive: Path, scanners: tuple[str, ...], current: Database, *, offline: bool) -> Scan:
    """Scan a saved image with a given database.

    Args:
        trivy: The executable and its folder.
        archive: The saved image.
        scanners: `vuln`, `secret`.
        current: The database; it is read where it is and not written to.
        offline: Whether nothing may be fetched, the Java index for instance.

    Raises:
        ToolError: Trivy failed, or left no report.
    """
    cache = trivy.folder / "cache"
    cache.mkdir()
    for name in ("db", "java-db"):
        source = current.folder.parent / name
        if source.is_dir():
            (cache / name).symlink_to(source.absolute())
    report = trivy.folder / "report.json"
    started = datetime.now(UTC)
    trivy.run(
        "image", "--input", str(archive.absolute()), "--format", "json", "--output", str(report),
        "--scanners", ",".join(scanners), "--list-all-pkgs", "--exit-code", "0", "--timeout", f"{_SCAN_SECONDS}s",
        "--cache-dir", str(cache), "--cache-backend", "memory", "--skip-db-update", "--no-progress",
        "--skip-version-check", "--disable-telemetry",
        *(("--offline-scan", "--skip-java-db-update") if offline else ()),
        timeout=_SCAN_SECONDS + 60,
    )  # fmt: skip
    try:
        content = report.read_bytes()
    except OSError as error:
        raise ToolError("Trivy ended well, but left no report.", where=str(report)) from error
    return Scan(content, current, started, datetime.now(UTC))


def update(trivy: Trivy, cache_dir: Path, repository: str) -> Database:
    """Bring the machine's own copy of the database up to date; one job at a time.

    Args:
        trivy: The executable and its folder.
        cache_dir: The Trivy cache folder that outlives this run.
        repository: Where to fetch it from; Trivy's own choice when empty.

    Raises:
        ToolError: It cannot be fetched.
    """
    with _alone(cache_dir):
        logger.info("updating the vulnerability database")
        trivy.run(
            "image", "--download-db-only", "--cache-dir", str(cache_dir), "--no-progress", "--skip-version-check",
            "--disable-telemetry", *(("--db-repository", repository) if repository else ()),
            timeout=_DOWNLOAD_SECONDS,
        )  # fmt: skip
        return database.read(cache_dir)


@contextlib.contextmanager
def _alone(cache_dir: Path) -> Iterator[None]:
    cache_dir.mkdir(parents=True, exist_ok=True)
    with (cache_dir / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _log(line: str) -> None:
    logger.info("trivy: %s", line)
