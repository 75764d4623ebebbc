"""Run Trivy, once, on a saved image."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from modelseal import process
from modelseal.errors import ToolError
from modelseal.vulnerabilities import trivy_log
from modelseal.vulnerabilities.database import Database
from modelseal.vulnerabilities.trivy_report import MAX_BYTES

logger = logging.getLogger(__name__)

_SCAN_SECONDS = 3600
# Only how fast Trivy works: its heap may grow to five times what is in use before it is searched for garbage, up to
# 2 GiB; see `sbom/syft.py`.
_TUNING = {"GOGC": "400", "GOMEMLIMIT": "2GiB"}
_NO_JAVA_INDEX = "--skip-java-db-update' cannot be specified on the first run"
_NO_INSTRUCTIONS = "file with no instructions"
_GAPS_SHOWN = 20


class JavaIndexMissing(ToolError):
    """The image has Java archives, and there is no index to tell which they are: fetch it, and scan again."""


@dataclass(frozen=True)
class Scan:
    """What Trivy reported, word for word, what it looked for, with which database, and when.

    Attributes:
        report: Trivy's JSON report.
        scanners: What it looked for.
        database: The advisories.
        started: When the scan began.
        finished: When it ended.
        unread: What it could not read and was allowed not to.
        without_secrets: Diff ids of the layers where it did not look for secrets, because it takes them for the base
            image's; empty when it was not to look for any.
    """

    report: bytes
    scanners: tuple[str, ...]
    database: Database
    started: datetime
    finished: datetime
    unread: tuple[str, ...] = ()
    without_secrets: tuple[str, ...] = ()


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
            if trivy_log.is_noise(line):
                return
            lines.append(line)
            if not trivy_log.is_detail(line):
                _log(line)

        try:
            process.run([self.executable, *arguments], env=env, cwd=empty, timeout=timeout, on_line=listen)
        except ToolError as error:
            where = trivy_log.complaints(lines) or (trivy_log.tail(lines) if lines else error.where)
            if _NO_JAVA_INDEX in where:
                raise JavaIndexMissing(
                    "The image has Java archives, and there is no index (Trivy's Java DB) to know them by.",
                    mend="Put Trivy's Java index into the `db-dir`, as `java-db` beside `db`.",
                ) from error
            raise ToolError(
                error.what, where=where, mend=error.mend or "Mend what its last lines say, and scan again."
            ) from error
        return tuple(lines)


def scan(  # noqa: PLR0913 # each is a property of the scan, none has a natural partner
    trivy: Trivy,
    source: Path,
    scanners: tuple[str, ...],
    current: Database,
    *,
    manifest: str = "",
    tolerated: Callable[[str], bool] = frozenset[str]().__contains__,
) -> Scan:
    """Scan a saved image with a given database.

    Misconfigurations are looked for in the image's own configuration, not in files of other projects that lie in it;
    secrets in its files, its environment and its history. All checks are those in Trivy's executable.

    Args:
        trivy: The executable and its folder.
        source: The saved image, an archive in Docker's layout; or, with `manifest`, a folder in the OCI layout.
        scanners: `vuln`, `secret`, `misconfig`, `license`.
        current: The database; it is read where it is and not written to. The Java index lies beside it, as `java-db`.
        manifest: Digest of the image's manifest, which the folder's `index.json` must name itself: Trivy looks no
            deeper. https://github.com/aquasecurity/trivy/blob/v0.74.0/pkg/fanal/image/oci.go
        tolerated: Tells of a path in the image whether Trivy may fail to read it; where Trivy does not say which file
            it was, of what it says instead. Without it nothing may.

    Raises:
        JavaIndexMissing: The image has Java archives, and there is no index.
        ToolError: Trivy failed or complained, could not read something that is not tolerated, does not know the
            image's operating system, or left no report.
    """
    report = trivy.folder / "report.json"
    report.unlink(missing_ok=True)
    started = datetime.now(UTC)
    lines = trivy.run(
        "image", "--input", _input(trivy.folder, source, manifest), "--format", "json", "--output", str(report),
        *_looking_for(scanners), "--list-all-pkgs", "--exit-code", "0", "--timeout", f"{_SCAN_SECONDS}s",
        "--cache-dir", str(_cache(trivy.folder, current)), "--cache-backend", "memory", "--skip-db-update",
        "--skip-check-update", "--no-progress", "--skip-version-check", "--disable-telemetry", "--debug",
        "--offline-scan", "--skip-java-db-update",
        timeout=_SCAN_SECONDS + 60,
    )  # fmt: skip
    unread = _refuse_complaints(lines, scanners, tolerated)
    try:
        if report.stat().st_size > MAX_BYTES:
            raise ToolError(f"Trivy's report has more than {MAX_BYTES} bytes, and is not read.", where=str(report))
        content = report.read_bytes()
    except OSError as error:
        raise ToolError("Trivy ended well, but left no report.", where=str(report), mend="Run it again.") from error
    without_secrets = trivy_log.base_layers(lines) if "secret" in scanners else ()
    return Scan(content, scanners, current, started, datetime.now(UTC), unread, without_secrets)


def _input(folder: Path, source: Path, manifest: str) -> str:
    """Give the image a name without `@` and `:`, at which Trivy would cut the path of a folder."""
    if not manifest:
        return str(source.absolute())
    link = folder / "layout"
    link.unlink(missing_ok=True)
    link.symlink_to(source.absolute())
    return f"../{link.name}@{manifest}"  # it runs in a folder beside it


def _cache(folder: Path, current: Database) -> Path:
    cache = folder / "cache"
    cache.mkdir(exist_ok=True)
    for name, source in (("db", current.folder), ("java-db", current.folder.parent / "java-db")):
        (cache / name).unlink(missing_ok=True)
        if source.is_dir():
            (cache / name).symlink_to(source.absolute())
    return cache


def _looking_for(scanners: tuple[str, ...]) -> tuple[str, ...]:
    # `--scanners misconfig` would judge each Dockerfile, chart and playbook that some package brought with it.
    files = [scanner for scanner in scanners if scanner != "misconfig"]
    configuration = [scanner for scanner in scanners if scanner in ("misconfig", "secret")]
    return (
        "--scanners", ",".join(files or ["vuln"]),
        *(("--image-config-scanners", ",".join(configuration)) if configuration else ()),
    )  # fmt: skip


def _refuse_complaints(
    lines: tuple[str, ...], scanners: tuple[str, ...], tolerated: Callable[[str], bool]
) -> tuple[str, ...]:
    """Return what was not read and need not be. After the rest Trivy ends with 0 all the same."""
    if complaints := trivy_log.complaints(lines):
        if _NO_INSTRUCTIONS in complaints:
            raise ToolError(
                "The image's history has no instruction of a Dockerfile, so its configuration cannot be judged.",
                where=complaints[:500],
                mend="Leave `misconfig` out of `scanners` for this image, or build it from a Dockerfile.",
            )
        raise ToolError(
            "Trivy reported errors.", where=complaints, mend="Mend what its last lines say, and scan again."
        )
    if unknown := trivy_log.unknown_system(lines):
        raise ToolError(
            "The scanner does not know this release of the image's operating system, so it knows none of its "
            "vulnerabilities.",
            where=unknown,
            mend="Build on a release that Trivy knows, or use a newer Trivy.",
        )
    if missing := trivy_log.missing_scanners(lines, scanners):
        raise ToolError(
            f"Trivy did not say that it looked for: {', '.join(missing)}.", mend="Use a Trivy version of the lock."
        )
    gaps = trivy_log.gaps(lines)
    refused = [gap for gap in gaps if not tolerated(gap.path or gap.reason)]
    if refused:
        more = f"; and {len(refused) - _GAPS_SHOWN} more" if len(refused) > _GAPS_SHOWN else ""
        raise ToolError(
            "Trivy could not read something in the image, so nobody knows what is in it.",
            where="; ".join(str(gap)[:500] for gap in refused[:_GAPS_SHOWN]) + more,
            mend="Repair or delete it in the image; or list its path in the policy, under `scan: {unreadable: […]}`.",
        )
    return tuple(map(str, gaps))


def _log(line: str) -> None:
    # time, level, message, fields: between tabs
    _, _, message = line.partition("\t")
    logger.info("trivy: %s", (message or line).replace("\t", "  "))
