"""Trivy's database in a real registry: fetched as Trivy fetches it, kept, raced for, and broken off."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import hostile_registry as hostile
import loopback_registry
import trivy_db
from hostile_registry import Answer, Behaviour, Hostile, status
from modelseal import tools
from modelseal.errors import ToolError
from modelseal.registry import Client, Limits
from modelseal.vulnerabilities import database_fetch
from modelseal.vulnerabilities import trivy as trivy_room
from modelseal.vulnerabilities.database import Database
from saved_images import debian, saved
from station_processes import ROOT

NAME = "team/trivy-db"
ZLIB = {"zlib1g": ("zlib", "1:1.2.13.dfsg-1")}
JOB = """
import json, os, sys
sys.path.insert(0, {scripts!r})
from datetime import UTC, datetime, timedelta
from pathlib import Path
from modelseal.registry import Client
from modelseal.vulnerabilities import database_fetch
found = database_fetch.current(
    Path(sys.argv[1]), sys.argv[3:], max_age=timedelta(hours=48), now=datetime.now(UTC), temp_dir=Path(sys.argv[2]),
    client=Client(os.environ),
)
sys.stdout.write(json.dumps([str(found.folder), found.digest]))
"""


@pytest.fixture(scope="module")
def trivy() -> Path:
    return tools.provide("trivy", "", tools_dir=None, environ=dict(os.environ)).path


@pytest.fixture(scope="module")
def fixture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trivy_db.unpack(tmp_path_factory.mktemp("database"), updated_at=datetime.now(UTC) - timedelta(hours=1))


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory, fixture: Path) -> Iterator[str]:
    with loopback_registry.running(tmp_path_factory.mktemp("registry")) as address:
        loopback_registry.push_database(address, NAME, fixture)
        yield address


@pytest.fixture
def front(registry: str) -> Iterator[Hostile]:
    """What stands before the registry, and hands everything through until it is told otherwise."""
    with hostile.serving() as server:
        for path in paths(registry):
            server.on(path, forward(registry))
        yield server


def paths(registry: str) -> list[str]:
    """Return where the manifest is by its tag, by its digest, and where its layer is."""
    digest = loopback_registry.served_digest(registry, NAME, "2")
    manifest = f"/v2/{NAME}/manifests"
    request = urllib.request.Request(f"http://{registry}{manifest}/{digest}", headers={"Accept": hostile.MANIFEST})
    with urllib.request.urlopen(request, timeout=10) as answer:
        layer = json.load(answer)["layers"][0]["digest"]
    return [f"{manifest}/2", f"{manifest}/{digest}", f"/v2/{NAME}/blobs/{layer}"]


def forward(registry: str, *, part: int | None = None, pause: float = 0.0) -> Behaviour:
    """Hand through; break off after a part of the content, or give it slowly."""

    def behave(answer: Answer) -> None:
        headers = {name: value for name, value in answer.headers.items() if name in ("Accept", "Range")}
        request = urllib.request.Request(f"http://{registry}{answer.path}", headers=headers, method=answer.command)
        with urllib.request.urlopen(request, timeout=10) as real:
            kept = ("Content-Type", "Content-Length", "Content-Range", "Docker-Content-Digest")
            answer.start(real.status, {name: real.headers[name] for name in kept if name in real.headers})
            content = real.read()[:part]
            for start in range(0, len(content), 16384):
                answer.wfile.write(content[start : start + 16384])
                time.sleep(pause)

    return behave


def fetch(folder: Path, *names: str, now: datetime | None = None, limits: Limits | None = None) -> Database:
    job = folder / f"job-{len(list(folder.glob('job-*')))}"
    job.mkdir()
    return database_fetch.current(
        folder / "cache", names, max_age=timedelta(hours=48), now=now or datetime.now(UTC), temp_dir=job,
        client=Client({}, {}, limits or Limits(longest_wait=2, attempts=2)),
    )  # fmt: skip


def start(folder: Path, *names: str) -> subprocess.Popen[str]:
    job = folder / f"process-{len(list(folder.glob('process-*')))}"
    job.mkdir()
    code = JOB.format(scripts=str(ROOT / "scripts"))
    argv: list[str | Path] = [sys.executable, "-I", "-c", code, folder / "cache", job, *names]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def result(process: subprocess.Popen[str]) -> Any:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return json.loads(out)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def blobs(server: Hostile) -> list[str]:
    return [path for path in server.paths() if "/blobs/" in path]


def test_we_and_trivy_get_the_same(trivy: Path, registry: str, fixture: Path, tmp_path: Path) -> None:
    started = time.monotonic()
    ours = fetch(tmp_path, f"{registry}/{NAME}")
    between = time.monotonic()
    subprocess.run(
        [trivy, "image", "--download-db-only", "--db-repository", f"{registry}/{NAME}", "--cache-dir",
         tmp_path / "theirs", "--no-progress", "--skip-version-check", "--disable-telemetry"],
        check=True, capture_output=True, timeout=60, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    sys.stderr.write(f"\nwe: {between - started:.2f} s, trivy: {time.monotonic() - between:.2f} s\n")
    theirs = tmp_path / "theirs" / "db"
    assert sha256(ours.folder / "trivy.db") == sha256(theirs / "trivy.db") == sha256(fixture / "db" / "trivy.db")
    own, other = (json.loads((folder / "metadata.json").read_bytes()) for folder in (ours.folder, theirs))
    assert {name: own[name] for name in ("Version", "UpdatedAt")} == {
        name: other[name] for name in ("Version", "UpdatedAt")
    }
    assert ours.digest == loopback_registry.served_digest(registry, NAME, "2")


def test_trivy_scans_with_it_and_changes_nothing(trivy: Path, registry: str, tmp_path: Path) -> None:
    for number in range(2):
        current = fetch(tmp_path, f"{registry}/{NAME}")
        (tmp_path / f"private-{number}").mkdir()
        scanner = trivy_room.Trivy(trivy, {"PATH": "/usr/bin:/bin"}, tmp_path / f"private-{number}")
        before = sha256(current.folder / "trivy.db")
        archive = saved(tmp_path / "small.tar", debian(ZLIB))
        scan = trivy_room.scan(scanner, archive, ("vuln",), current)
        assert "CVE-2023-45853" in scan.report.decode()
        assert sha256(current.folder / "trivy.db") == before


def test_second_job_asks_for_the_digest_alone(front: Hostile, tmp_path: Path) -> None:
    first = fetch(tmp_path, f"{front.address}/{NAME}")
    assert len(blobs(front)) == 1
    front.asked.clear()
    assert fetch(tmp_path, f"{front.address}/{NAME}").digest == first.digest
    assert [(method, path) for method, path, _ in front.asked] == [("HEAD", f"/v2/{NAME}/manifests/2")]


def test_mirrors_are_tried_in_turn(registry: str, tmp_path: Path) -> None:
    current = fetch(tmp_path, "127.0.0.1:9/none/trivy-db", f"{registry}/no/such", f"{registry}/{NAME}")
    assert current.digest == loopback_registry.served_digest(registry, NAME, "2")


def test_rate_limit_that_ends(front: Hostile, registry: str, tmp_path: Path) -> None:
    for path in paths(registry):
        front.on(path, status(429, {"Retry-After": "1"}), forward(registry))
    assert fetch(tmp_path, f"{front.address}/{NAME}").digest


def test_rate_limit_without_end_is_explained(front: Hostile, registry: str, tmp_path: Path) -> None:
    front.on(paths(registry)[2], status(429, {"Retry-After": "1"}))
    with pytest.raises(ToolError) as caught:
        fetch(tmp_path, f"{front.address}/{NAME}")
    assert f"Rate limited by {front.address}" in caught.value.where
    assert "docs/database.md" in caught.value.mend
    assert list((tmp_path / "cache").glob("sha256-*")) == []


def test_registry_that_dies_midway(fixture: Path, tmp_path: Path) -> None:
    (tmp_path / "registry").mkdir()
    with loopback_registry.running(tmp_path / "registry") as address, hostile.serving() as front:
        loopback_registry.push_database(address, NAME, fixture)
        manifest, exact, blob = paths(address)
        for path in (manifest, exact):
            front.on(path, forward(address))
        front.on(blob, forward(address, part=200_000), hostile.hang_up)
        with pytest.raises(ToolError, match="cannot be fetched"):
            fetch(tmp_path, f"{front.address}/{NAME}")
        assert list((tmp_path / "cache").glob("sha256-*")) == []
        front.asked.clear()
        front.on(blob, forward(address))
        found = fetch(tmp_path, f"{front.address}/{NAME}")
        assert [headers["Range"] for headers in front.headers(blob)] == ["bytes=200000-"]
    assert sha256(found.folder / "trivy.db") == sha256(fixture / "db" / "trivy.db")


def test_racing_jobs_fetch_once(front: Hostile, registry: str, fixture: Path, tmp_path: Path) -> None:
    front.on(paths(registry)[2], forward(registry, pause=0.02))
    found = [result(process) for process in [start(tmp_path, f"{front.address}/{NAME}") for _ in range(2)]]
    assert [digest for _, digest in found] == [loopback_registry.served_digest(registry, NAME, "2")] * 2
    assert {sha256(Path(folder) / "trivy.db") for folder, _ in found} == {sha256(fixture / "db" / "trivy.db")}
    assert len(blobs(front)) == 1


def test_killed_job_leaves_nothing_that_is_taken_for_whole(front: Hostile, registry: str, tmp_path: Path) -> None:
    blob = paths(registry)[2]
    front.on(blob, forward(registry, pause=0.2))
    victim = start(tmp_path, f"{front.address}/{NAME}")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not any(part.stat().st_size for part in (tmp_path / "cache").glob("*.part")):
        time.sleep(0.01)
    os.kill(victim.pid, signal.SIGKILL)
    victim.communicate()
    assert victim.returncode == -signal.SIGKILL
    assert list((tmp_path / "cache").glob("sha256-*")) == []
    front.on(blob, forward(registry))
    _, digest = result(start(tmp_path, f"{front.address}/{NAME}"))
    assert digest == loopback_registry.served_digest(registry, NAME, "2")
    assert front.headers(blob)[-1]["Range"].startswith("bytes=")
    assert [path.name for path in (tmp_path / "cache").iterdir() if path.suffix in (".part", ".tmp")] == []


def test_without_network_a_young_cache_will_do_and_an_old_one_will_not(
    front: Hostile, registry: str, tmp_path: Path
) -> None:
    digest = fetch(tmp_path, f"{front.address}/{NAME}").digest
    front.on(paths(registry)[0], hostile.hang_up)
    assert fetch(tmp_path, f"{front.address}/{NAME}").digest == digest
    with pytest.raises(ToolError, match=r"cannot be fetched\. The cached one is no use: .* is 3 days 1 hour old"):
        fetch(tmp_path, f"{front.address}/{NAME}", now=datetime.now(UTC) + timedelta(days=3))
