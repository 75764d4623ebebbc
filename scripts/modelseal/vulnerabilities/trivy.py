"""Run Trivy, once, on a saved image."""

import contextlib
import fcntl
import hashlib
import logging
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
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
# Only how fast Trivy works: its heap may grow to five times what is in use before it is searched for garbage, up to
# 2 GiB; see `sbom/syft.py`.
_TUNING = {"GOGC": "400", "GOMEMLIMIT": "2GiB"}
_COMPLAINT = re.compile(r"\t(?:ERROR|FATAL)\t")
# Trivy only warns when it does not know a release, and then reports no vulnerability of any package in it:
# https://github.com/aquasecurity/trivy/blob/v0.74.0/pkg/scan/ospkg/scan.go and pkg/detector/ospkg/version/version.go
_UNKNOWN_SYSTEM = re.compile(r"\tWARN\t(?:.*\t)?.*(?:This OS version is not on the EOL list|Unsupported os)")
_COMPLAINT_LENGTH = 2000
_DATABASE_FILES = ("trivy.db", "metadata.json")


@dataclass(frozen=True)
class Scan:
    """What Trivy reported, word for word, what it looked for, with which database, and when."""

    report: bytes
    scanners: tuple[str, ...]
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

    def run(self, *arguments: str, timeout: float) -> tuple[str, ...]:
        """Run Trivy in an empty folder, so that no trivy.yaml, .trivyignore or trivy-secret.yaml is found.

        Returns:
            What it printed, line by line.

        Raises:
            ToolError: It failed or took too long.
        """
        home = self.folder / "home"
        empty = self.folder / "empty"
        home.mkdir(exist_ok=True)
        empty.mkdir(exist_ok=True)
        env = process.scrubbed_environment(
            self.environ, HOME=str(home), XDG_CACHE_HOME=str(home), TMPDIR=str(self.folder), **_TUNING
        )
        lines: list[str] = []

        def listen(line: str) -> None:
            lines.append(line)
            _log(line)

        try:
            process.run([self.executable, *arguments], env=env, cwd=empty, timeout=timeout, on_line=listen)
        except ToolError as error:
            where = _complaints(lines) or error.where
            raise ToolError(error.what, where=where, mend=error.mend or _mend(where)) from error
        return tuple(lines)


def scan(trivy: Trivy, archive: Path, scanners: tuple[str, ...], current: Database, *, offline: bool) -> Scan:
    """Scan a saved image with a given database.

    Args:
        trivy: The executable and its folder.
        archive: The saved image.
        scanners: `vuln`, `secret`.
        current: The database; it is read where it is and not written to.
        offline: Whether nothing may be fetched, the Java index for instance.

    Raises:
        ToolError: Trivy failed or complained, does not know the image's operating system, or left no report.
    """
    cache = trivy.folder / "cache"
    cache.mkdir()
    for name in ("db", "java-db"):
        source = current.folder.parent / name
        if source.is_dir():
            (cache / name).symlink_to(source.absolute())
    report = trivy.folder / "report.json"
    started = datetime.now(UTC)
    lines = trivy.run(
        "image", "--input", str(archive.absolute()), "--format", "json", "--output", str(report),
        "--scanners", ",".join(scanners), "--list-all-pkgs", "--exit-code", "0", "--timeout", f"{_SCAN_SECONDS}s",
        "--cache-dir", str(cache), "--cache-backend", "memory", "--skip-db-update", "--no-progress",
        "--skip-version-check", "--disable-telemetry",
        *(("--offline-scan", "--skip-java-db-update") if offline else ()),
        timeout=_SCAN_SECONDS + 60,
    )  # fmt: skip
    _refuse_complaints(lines)
    try:
        content = report.read_bytes()
    except OSError as error:
        raise ToolError("Trivy ended well, but left no report.", where=str(report), mend="Run it again.") from error
    return Scan(content, scanners, current, started, datetime.now(UTC))


def update(trivy: Trivy, cache_dir: Path, repository: str) -> Database:
    """Bring the machine's own copy of a database up to date, one job at a time, and return it as it is now.

    Args:
        trivy: The executable and its folder.
        cache_dir: The folder for databases that outlives this run; one for each repository.
        repository: Where to fetch it from, several between commas; Trivy's own choice when empty.

    Raises:
        ToolError: It cannot be fetched.
    """
    cache = cache_dir / (hashlib.sha256(repository.encode()).hexdigest()[:16] if repository else "default")
    with _alone(cache):
        logger.info("updating the vulnerability database")
        try:
            # Its complaints do not matter: it complains of each mirror that fails, and goes on with the next.
            trivy.run(
                "image", "--download-db-only", "--cache-dir", str(cache), "--no-progress", "--skip-version-check",
                "--disable-telemetry", *(("--db-repository", repository) if repository else ()),
                timeout=_DOWNLOAD_SECONDS,
            )  # fmt: skip
        except ToolError as error:
            raise ToolError(
                "The vulnerability database cannot be fetched.",
                where=f"{error.what} {error.where}",
                mend="Check the network; name a mirror with `db-repository`, or a folder with `db-dir`.",
            ) from error
        database.read(cache)
        return database.read(_snapshot(cache, trivy.folder / "database"))


def _complaints(lines: Sequence[str]) -> str:
    """Return what was printed from the first complaint on; the reason often follows on lines of its own."""
    for number, line in enumerate(lines):
        if _COMPLAINT.search(line):
            return " ".join(" ".join(lines[number:]).split())[:_COMPLAINT_LENGTH]
    return ""


def _mend(where: str) -> str:
    if "Java DB" in where:
        return "The image has Java archives: put Trivy's Java index into the `db-dir`, as `java-db` beside `db`."
    return "Mend what its last lines say, and scan again."


def _refuse_complaints(lines: tuple[str, ...]) -> None:
    # It then ends with 0 all the same, and its report lacks what it could not read.
    if complaints := _complaints(lines):
        raise ToolError("Trivy reported errors.", where=complaints, mend=_mend(complaints))
    unknown = [line for line in lines if _UNKNOWN_SYSTEM.search(line)]
    if unknown:
        raise ToolError(
            "The scanner does not know this release of the image's operating system, so it knows none of its "
            "vulnerabilities.",
            where=unknown[0].rpartition("WARN\t")[2].replace("\t", " ")[:200],
            mend="Build on a release that Trivy knows, or use a newer Trivy.",
        )


def _snapshot(cache: Path, folder: Path) -> Path:
    """Keep this database for as long as this run needs it: the next job's update replaces the files in the cache."""
    (folder / "db").mkdir(parents=True)
    for name in _DATABASE_FILES:
        source, target = cache / "db" / name, folder / "db" / name
        try:
            target.hardlink_to(source)  # an update makes new files, it does not write into these
        except OSError:  # on another disk, or on one without links
            shutil.copyfile(source, target)
    return folder


@contextlib.contextmanager
def _alone(cache_dir: Path) -> Iterator[None]:
    cache_dir.mkdir(parents=True, exist_ok=True)
    with (cache_dir / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _log(line: str) -> None:
    # time, level, message, fields: between tabs
    _, _, message = line.partition("\t")
    logger.info("trivy: %s", (message or line).replace("\t", "  "))
