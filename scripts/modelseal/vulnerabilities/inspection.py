"""Look into images with Trivy: one run for each platform, with one database, and what was found in all of them."""

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from modelseal import registry
from modelseal.environment import cache_folder
from modelseal.errors import ModelsealError, ToolError
from modelseal.gate import patterns
from modelseal.gate.finding import Finding
from modelseal.gate.policy import Policy
from modelseal.gate.result import Evidence, Scanned, Scanner
from modelseal.image.platforms import Images, PlatformImage
from modelseal.vulnerabilities import database, database_fetch, trivy, trivy_report
from modelseal.vulnerabilities.database import Database
from modelseal.vulnerabilities.trivy import JavaIndexMissing, Scan, Trivy
from modelseal.vulnerabilities.trivy_report import Report

logger = logging.getLogger(__name__)

# It is published less often than the advisories; an older one only knows fewer names of archives.
_JAVA_MAX_AGE = timedelta(days=30)


@dataclass(frozen=True)
class Databases:
    """Where the databases come from.

    Attributes:
        folder: A Trivy cache folder that is used as it is; None to fetch what is needed.
        repositories: Where to fetch the advisories from, in the order of trying; empty for Trivy's own.
        temp_dir: A folder of this run.
        max_age: How old the advisories may be.
        environ: For the folder that outlives the run, and the proxy's settings.
    """

    folder: Path | None
    repositories: tuple[str, ...]
    temp_dir: Path
    max_age: timedelta
    environ: Mapping[str, str]

    def advisories(self) -> Database:
        """Return the vulnerability database.

        Raises:
            ToolError: There is none that is whole and young enough.
        """
        now = datetime.now(UTC)
        if self.folder is None:
            return database_fetch.current(
                self._cache, self.repositories, max_age=self.max_age, now=now, temp_dir=self.temp_dir,
                client=registry.Client(self.environ),
            )  # fmt: skip
        found = database_fetch.given(self.folder.absolute())
        database.check_age(found, max_age=self.max_age, now=now)
        return found

    def check_unchanged(self, advisories: Database) -> None:
        """Stop if the database in the given folder is another one now; what is fetched is never replaced.

        Raises:
            ToolError: It is, or it is not there any more.
        """
        if self.folder is not None and database.read(self.folder.absolute()) != advisories:
            raise ToolError(
                "The vulnerability database was replaced while it was in use: nobody knows which one was asked.",
                where=str(self.folder),
                mend="Scan again; update a `db-dir` that others use by moving a new folder into its place.",
            )

    @property
    def _cache(self) -> Path:
        return cache_folder(self.environ) / "trivy"

    def add_java_index(self) -> None:
        """Put the index that names Java archives beside the advisories.

        Raises:
            ToolError: It cannot be fetched.
        """
        database_fetch.java_index(
            self._cache, (), max_age=_JAVA_MAX_AGE, now=datetime.now(UTC), temp_dir=self.temp_dir,
            client=registry.Client(self.environ),
        )  # fmt: skip


@dataclass(frozen=True)
class Inspection:
    """What Trivy found in one image, or in each platform of it.

    Attributes:
        evidence: What was looked at, with what, and when.
        findings: Of all platforms.
        reports: Trivy's own report for each platform; the platform is empty for an image that is no index.
        products: The image's own package URLs, by which VEX documents name it.
    """

    evidence: Evidence
    findings: tuple[Finding, ...]
    reports: tuple[tuple[str, bytes], ...]
    products: tuple[str, ...]


class Inspector:
    """Scans one image after the other, all with the same database.

    Args:
        scanner: The executable and its folder.
        identity: What it is, for the record.
        scanners: What to look for: `vuln`, `secret`, `misconfig`, `license`.
        databases: Where the database comes from.
        policy: What Trivy may fail to read, and whether an image needs an operating system.
    """

    def __init__(
        self, scanner: Trivy, identity: Scanner, scanners: tuple[str, ...], databases: Databases, policy: Policy
    ) -> None:
        self._scanner = scanner
        self._identity = identity
        self._scanners = scanners
        self._databases = databases
        self._policy = policy
        self._advisories = databases.advisories()

    def inspect(self, name: str, images: Images) -> Inspection:
        """Scan every platform of an image.

        Raises:
            InputError: An image's layers are not those of its configuration.
            ToolError: There is no evidence to judge for one of them.
        """
        done = [(item, *self._look_into(item, alone=len(images.items) == 1)) for item in images.items]
        self._databases.check_unchanged(self._advisories)
        scans = [scan for _, scan, _ in done]
        evidence = Evidence(
            name=name,
            digest=images.digest,
            scanned=tuple(
                Scanned(report.platform, report.image_id, item.digest, report.system, report.packages)
                for item, _, report in done
            ),
            scanner=self._identity,
            scanners=self._scanners,
            database_updated=self._advisories.updated_at,
            database_digest=self._advisories.digest,
            started=min(scan.started for scan in scans),
            finished=max(scan.finished for scan in scans),
            unread=tuple(dict.fromkeys(text for scan in scans for text in scan.unread)),
            without_secrets=tuple(dict.fromkeys(layer for scan in scans for layer in scan.without_secrets)),
            left_out=images.left_out,
            attestations=images.attestations,
        )
        return Inspection(
            evidence,
            tuple(finding for _, _, report in done for finding in report.findings),
            tuple((item.platform, scan.report) for item, scan, _ in done),
            _products(name, images),
        )

    def _look_into(self, item: PlatformImage, *, alone: bool) -> tuple[Scan, Report]:
        """Scan, and hash what is scanned at the same time."""
        if not alone:
            logger.info("scanning %s, %s", item.platform, item.image_id)
        try:
            with ThreadPoolExecutor(1) as pool:
                hashed = pool.submit(item.check)
                scan = self._scan(item)
                hashed.result()
            report = trivy_report.parse(
                scan.report, image_id=item.image_id, platform=item.platform,
                without_system=self._policy.without_system, scanners=self._scanners,
            )  # fmt: skip
        except ModelsealError as error:
            if alone:
                raise
            raise type(error)(error.what, where=f"{item.platform}: {error.where}", mend=error.mend) from error
        return scan, report

    def _scan(self, item: PlatformImage) -> Scan:
        try:
            return self._run(item)
        except JavaIndexMissing:
            if self._databases.folder is not None:
                raise
            logger.info("the image has Java archives: fetching the index that names them")
            self._databases.add_java_index()
            return self._run(item)

    def _run(self, item: PlatformImage) -> Scan:
        return trivy.scan(
            self._scanner, item.source, self._scanners, self._advisories,
            manifest="" if item.saved else item.digest, tolerated=self._tolerated,
        )  # fmt: skip

    def _tolerated(self, path: str) -> bool:
        return any(patterns.matches_path(pattern, path) for pattern in self._policy.unreadable)


def _products(name: str, images: Images) -> tuple[str, ...]:
    from modelseal.gate import package_url  # noqa: PLC0415 # after the scan, where a few milliseconds do not matter

    made = [
        package_url.of_image(
            name, [digest for digest in (images.digest, item.digest or item.image_id) if digest],
            item.runs_on.architecture,
        )
        for item in images.items
    ]  # fmt: skip
    return tuple(dict.fromkeys(url for urls in made for url in urls))
