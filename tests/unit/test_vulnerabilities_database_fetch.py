"""Trivy's databases from registries that work, limit, lie and die; and from the cache."""

import fcntl
import gzip
import io
import json
import os
import shutil
import sqlite3
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import hostile_registry as hostile
import trivy_db
from hostile_registry import INDEX, Hostile, body, digest_of, status
from modelseal import registry
from modelseal.errors import InputError, ToolError
from modelseal.registry import Client, Clock, Limits
from modelseal.vulnerabilities import database, database_artifact, database_cache, database_fetch
from modelseal.vulnerabilities.database import Database

pytestmark = pytest.mark.slow  # whole stations, one after the other

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
LAYER = "application/vnd.aquasec.trivy.db.layer.v1.tar+gzip"
JAVA_LAYER = "application/vnd.aquasec.trivy.javadb.layer.v1.tar+gzip"
DEAD = "127.0.0.1:9/none/trivy-db"


@dataclass
class Time:
    moment: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture(scope="module")
def bolt(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The beginning of a real database of bbolt, made to say that it ends there; `given` is tried with all of it."""
    content = (trivy_db.unpack(tmp_path_factory.mktemp("fixture")) / "db" / "trivy.db").read_bytes()
    small = bytearray(content[: 16 * 4096])
    for page in (0, 4096):
        small[page + 56 : page + 64] = (16).to_bytes(8, "little")
        checksum = database_artifact._fnv64a(bytes(small[page + 16 : page + 72]))
        small[page + 72 : page + 80] = checksum.to_bytes(8, "little")
    return bytes(small)


@pytest.fixture
def server() -> Iterator[Hostile]:
    with hostile.serving() as running:
        yield running


@pytest.fixture
def mirror() -> Iterator[Hostile]:
    with hostile.serving() as running:
        yield running


def metadata(age: timedelta = timedelta(hours=1), version: int = 2) -> bytes:
    made = (NOW - age).strftime("%Y-%m-%dT%H:%M:%S.000000789Z")
    return json.dumps({"Version": version, "UpdatedAt": made, "NextUpdate": made}).encode()


Entry = tuple[str, bytes] | tuple[tarfile.TarInfo, bytes]


def packed(*files: Entry) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        for name, content in files:
            member = tarfile.TarInfo(name) if isinstance(name, str) else name
            if isinstance(name, str):
                member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def artifact(bolt: bytes, age: timedelta = timedelta(hours=1)) -> bytes:
    return packed(("trivy.db", bolt), ("metadata.json", metadata(age)))


@dataclass
class Machine:
    """A cache that outlives jobs, and folders for each of them."""

    folder: Path
    time: Time = field(default_factory=Time)
    jobs: int = 0

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    def client(self) -> Client:
        return Client({}, {}, Limits(), Clock(self.time.now, time.time, self.time.sleep, lambda: 0.0))

    def job(self, *repositories: str, max_age: timedelta = 2 * DAY, now: datetime = NOW) -> Database:
        self.jobs += 1
        temporary = self.folder / f"job-{self.jobs}"
        temporary.mkdir()
        return database_fetch.current(
            self.cache, repositories, max_age=max_age, now=now, temp_dir=temporary, client=self.client()
        )

    def entries(self) -> set[str]:
        return {path.name for path in self.cache.glob("sha256-*")}

    def leftovers(self) -> set[str]:
        return {path.name for path in self.cache.iterdir() if path.name.startswith(".") or path.suffix == ".part"}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def repository(server: Hostile) -> str:
    return f"{server.address}/team/trivy-db"


def blobs(server: Hostile) -> list[str]:
    return [path for path in server.paths() if "/blobs/" in path]


def test_database_is_fetched_and_then_not_again(machine: Machine, server: Hostile, bolt: bytes) -> None:
    digest = server.serve_artifact("team/trivy-db", "2", artifact(bolt), LAYER)
    first = machine.job(repository(server))
    assert (first.version, first.digest) == (2, digest)
    assert first.updated_at == datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
    assert (first.folder / "trivy.db").read_bytes() == bolt
    assert (first.folder / "metadata.json").read_bytes() == metadata()
    assert len(blobs(server)) == 1
    server.asked.clear()
    second = machine.job(repository(server))
    assert second == Database(second.folder, 2, first.updated_at, digest)
    assert second.folder != first.folder
    assert [(method, path) for method, path, _ in server.asked] == [("HEAD", "/v2/team/trivy-db/manifests/2")]
    assert machine.entries() == {digest.replace(":", "-")}
    assert machine.leftovers() == set()


def test_what_the_cache_holds_is_one_trivy_cache_folder_for_each_digest(
    machine: Machine, server: Hostile, bolt: bytes
) -> None:
    digest = server.serve_artifact("team/trivy-db", "2", artifact(bolt), LAYER)
    machine.job(repository(server))
    found = database_fetch.given(machine.cache / digest.replace(":", "-"))
    assert found.digest == ""
    assert found.version == 2


def test_new_database_is_fetched_and_two_are_kept(machine: Machine, server: Hostile, bolt: bytes) -> None:
    digests, jobs = [], []
    for hours in (4, 3, 2, 1):
        content = artifact(bolt, timedelta(hours=hours))
        digests.append(server.serve_artifact("team/trivy-db", "2", content, LAYER))
        jobs.append(machine.job(repository(server)))
    assert [job.digest for job in jobs] == digests
    assert machine.entries() == {digest.replace(":", "-") for digest in digests[-2:]}
    for job in jobs:  # those that are gone from the cache are still there for the jobs that use them
        assert (job.folder / "trivy.db").read_bytes() == bolt


def test_pinned_digest_is_used_for_ever(machine: Machine, server: Hostile, bolt: bytes) -> None:
    pinned = server.serve_artifact("team/trivy-db", "2", artifact(bolt, timedelta(hours=5)), LAYER)
    server.serve_artifact("team/trivy-db", "2", artifact(bolt), LAYER)
    for _ in range(2):
        assert machine.job(f"{repository(server)}@{pinned}").digest == pinned
    assert len(blobs(server)) == 1
    asked = len(server.asked)
    machine.job(f"{repository(server)}@{pinned}")
    assert len(server.asked) == asked
    with pytest.raises(ToolError, match="cannot be fetched") as caught:
        machine.job(f"{repository(server)}@{pinned}", now=NOW + 3 * DAY)
    assert "is 3 days 5 hours old; at most 2 days is allowed" in caught.value.where


def test_tag_of_the_schema_is_taken_unless_another_is_named(machine: Machine, server: Hostile, bolt: bytes) -> None:
    digest = server.serve_artifact("team/trivy-db", "nightly", artifact(bolt), LAYER)
    assert machine.job(f"{repository(server)}:nightly").digest == digest
    with pytest.raises(ToolError, match="cannot be fetched"):
        machine.job(repository(server))


# Mirrors.


def test_next_repository_is_asked_when_one_fails(
    machine: Machine, server: Hostile, mirror: Hostile, bolt: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    digest = mirror.serve_artifact("team/trivy-db", "2", artifact(bolt), LAYER)
    for behaviour in (status(404), status(500), status(429, {"Retry-After": "60"}), hostile.no_http):
        server.on("/v2/team/trivy-db/manifests/2", behaviour)
        assert machine.job(repository(server), repository(mirror)).digest == digest
    assert max(machine.time.slept) <= 1
    assert "Rate limited by" in caplog.text
    assert f"{repository(server)}:2 gives no vulnerability database" in caplog.text


def test_repository_whose_blob_breaks_off_is_gone_on_with_elsewhere(
    machine: Machine, server: Hostile, mirror: Hostile, bolt: bytes
) -> None:
    layer = artifact(bolt)
    digest = server.serve_artifact("team/trivy-db", "2", layer, LAYER)
    server.on(f"/v2/team/trivy-db/blobs/{digest_of(layer)}", hostile.cut_off(layer, 1000))
    mirror.serve_artifact("team/trivy-db", "2", layer, LAYER)
    assert machine.job(repository(server), repository(mirror)).digest == digest
    assert [headers["Range"] for headers in mirror.headers(blobs(mirror)[0])] == ["bytes=2000-"]


def test_repository_that_lies_is_passed_by(machine: Machine, server: Hostile, mirror: Hostile, bolt: bytes) -> None:
    layer = artifact(bolt)
    server.serve_artifact("team/trivy-db", "2", layer, LAYER)
    server.on(f"/v2/team/trivy-db/blobs/{digest_of(layer)}", body(b"x" * len(layer)))
    digest = mirror.serve_artifact("team/trivy-db", "2", layer, LAYER)
    assert machine.job(repository(server), repository(mirror)).digest == digest


def test_old_database_of_a_mirror_is_not_the_last_word(
    machine: Machine, server: Hostile, mirror: Hostile, bolt: bytes
) -> None:
    server.serve_artifact("team/trivy-db", "2", artifact(bolt, 9 * DAY), LAYER)
    digest = mirror.serve_artifact("team/trivy-db", "2", artifact(bolt), LAYER)
    assert machine.job(repository(server), repository(mirror)).digest == digest


def test_rate_limit_everywhere_is_waited_for_and_then_explained(
    machine: Machine, server: Hostile, mirror: Hostile
) -> None:
    for host in (server, mirror):
        host.on("/v2/team/trivy-db/manifests/2", status(429, {"Retry-After": "60"}))
    with pytest.raises(ToolError, match=r"^.*The vulnerability database cannot be fetched\.") as caught:
        machine.job(repository(server), repository(mirror))
    assert machine.time.slept == [60] * 8
    for host in (server, mirror):
        assert f"{repository(host)}:2: Rate limited by {host.address}" in caught.value.where
    assert caught.value.mend == (
        "Wait and run again. So that it does not happen again: keep the cache between jobs (docs/database.md), or name "
        "a mirror of your own with `db-repository`."
    )


def test_rate_limit_that_ends_is_waited_for(machine: Machine, server: Hostile, bolt: bytes) -> None:
    digest = server.serve_artifact("team/trivy-db", "2", artifact(bolt), LAYER)
    good = server.routes["/v2/team/trivy-db/manifests/2"][0]
    server.on("/v2/team/trivy-db/manifests/2", status(429, {"Retry-After": "60"}), good)
    assert machine.job(repository(server)).digest == digest
    assert machine.time.slept == [60]


def test_repository_that_gives_nothing_is_an_error_with_the_reason(machine: Machine, server: Hostile) -> None:
    with pytest.raises(ToolError) as caught:
        machine.job(repository(server))
    assert caught.value.what == "The vulnerability database cannot be fetched."
    assert f"{repository(server)}:2: {server.address} answered 404 Not Found." in caught.value.where
    with pytest.raises(ToolError) as caught:
        machine.job(DEAD)
    assert "127.0.0.1:9 cannot be reached: Connection refused" in caught.value.where
    assert caught.value.mend == "Check the network; name a mirror with `db-repository`, or a folder with `db-dir`."


@pytest.mark.parametrize("name", ["--help", "https://ghcr.io/a", "A", "a:b:c", "x@sha256:1"])
def test_what_is_no_name_is_an_input_error(name: str, machine: Machine) -> None:
    with pytest.raises(InputError):
        machine.job(name)
    with pytest.raises(InputError):
        database_fetch.repositories(f"ghcr.io/a/b\n{name}")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ()),
        ("ghcr.io/a/b", ("ghcr.io/a/b",)),
        ("ghcr.io/a/b:2,mirror.gcr.io/c/d:2", ("ghcr.io/a/b:2", "mirror.gcr.io/c/d:2")),
        ("ghcr.io/a/b:2\n  mirror.gcr.io/c/d\n\n,", ("ghcr.io/a/b:2", "mirror.gcr.io/c/d")),
        ("ghcr.io/a/b,ghcr.io/a/b", ("ghcr.io/a/b",)),
    ],
)
def test_lists_of_repositories(text: str, names: tuple[str, ...]) -> None:
    assert database_fetch.repositories(text) == names


# Without a registry.


@pytest.mark.parametrize("behaviour", [status(500), status(429), hostile.hang_up])
def test_young_cached_database_is_used_where_no_registry_answers(
    behaviour: hostile.Behaviour, machine: Machine, server: Hostile, bolt: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    digest = server.serve_artifact("team/trivy-db", "2", artifact(bolt), LAYER)
    machine.job(repository(server))
    server.on("/v2/team/trivy-db/manifests/2", behaviour)
    found = machine.job(repository(server), now=NOW + DAY)
    assert found.digest == digest
    assert (found.folder / "trivy.db").read_bytes() == bolt
    (warning,) = [item.message for item in caplog.records if "could not be updated" in item.message]
    assert warning.startswith(
        "The vulnerability database could not be updated; the cached one is used, which is 1 day 1 hour old (at most "
        f"2 days is allowed). {repository(server)}:2: "
    )


def test_old_cached_database_is_not_used(machine: Machine, server: Hostile, bolt: bytes) -> None:
    server.serve_artifact("team/trivy-db", "2", artifact(bolt), LAYER)
    machine.job(repository(server))
    server.on("/v2/team/trivy-db/manifests/2", status(500))
    with pytest.raises(ToolError) as caught:
        machine.job(repository(server), now=NOW + 2 * DAY)
    assert caught.value.what == (
        "The vulnerability database cannot be fetched. The cached one is no use: The vulnerability database is 2 days "
        "1 hour old; at most 2 days is allowed."
    )
    assert "answered 500" in caught.value.where


def test_cached_database_from_the_future_is_not_used(machine: Machine, server: Hostile, bolt: bytes) -> None:
    server.serve_artifact("team/trivy-db", "2", artifact(bolt), LAYER)
    machine.job(repository(server))
    server.on("/v2/team/trivy-db/manifests/2", status(500))
    with pytest.raises(ToolError, match="made in the future"):
        machine.job(repository(server), now=NOW - DAY)


@pytest.mark.parametrize("code", [401, 403, 404])
def test_registry_that_refuses_is_not_one_that_cannot_be_reached(
    code: int, machine: Machine, server: Hostile, bolt: bytes
) -> None:
    server.serve_artifact("team/trivy-db", "2", artifact(bolt), LAYER)
    machine.job(repository(server))
    server.on("/v2/team/trivy-db/manifests/2", status(code))
    with pytest.raises(ToolError, match="cannot be fetched"):
        machine.job(repository(server))


def test_another_repositorys_database_is_not_taken(machine: Machine, server: Hostile, bolt: bytes) -> None:
    server.serve_artifact("team/trivy-db", "2", artifact(bolt), LAYER)
    machine.job(repository(server))
    with pytest.raises(ToolError, match="cannot be fetched"):
        machine.job(DEAD)


def test_youngest_of_what_is_cached_is_taken(machine: Machine, server: Hostile, mirror: Hostile, bolt: bytes) -> None:
    young = server.serve_artifact("team/trivy-db", "2", artifact(bolt), LAYER)
    mirror.serve_artifact("team/trivy-db", "2", artifact(bolt, DAY), LAYER)
    machine.job(repository(server))
    machine.job(repository(mirror))
    for host in (server, mirror):
        host.on("/v2/team/trivy-db/manifests/2", status(500))
    assert machine.job(repository(mirror), repository(server)).digest == young


# The cache, damaged.


def _overwrite(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def _overwrite_all(entry: Path) -> None:
    shutil.rmtree(entry)
    entry.write_bytes(b"")


DAMAGES = {
    "other bytes": lambda entry: _overwrite(entry / "db" / "trivy.db", b"x" * 1000),
    "empty": lambda entry: _overwrite(entry / "db" / "trivy.db", b""),
    "one bit": lambda entry: _flip(entry / "db" / "trivy.db"),
    "cut off": lambda entry: os.truncate(entry / "db" / "trivy.db", 1000),
    "no database": lambda entry: (entry / "db" / "trivy.db").unlink(),
    "no metadata": lambda entry: (entry / "db" / "metadata.json").unlink(),
    "younger metadata": lambda entry: _overwrite(entry / "db" / "metadata.json", metadata(timedelta(minutes=1))),
    "no record": lambda entry: (entry / "record.json").unlink(),
    "empty record": lambda entry: (entry / "record.json").write_bytes(b""),
    "record of nothing": lambda entry: (entry / "record.json").write_bytes(b"{}"),
    "nested record": lambda entry: (entry / "record.json").write_bytes(b"[" * 60_000),
    "no folder": lambda entry: shutil.rmtree(entry / "db"),
    "a file": _overwrite_all,
    "a link": lambda entry: entry.rename(entry.parent / "other").with_name(entry.name).symlink_to("nowhere"),
}


def _flip(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(50_000)
        (byte,) = file.read(1)
        file.seek(50_000)
        file.write(bytes([byte ^ 1]))


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_cache_is_noticed_and_fetched_again(
    damage: str, machine: Machine, server: Hostile, bolt: bytes
) -> None:
    digest = server.serve_artifact("team/trivy-db", "2", artifact(bolt), LAYER)
    machine.job(repository(server))
    DAMAGES[damage](machine.cache / digest.replace(":", "-"))  # type: ignore[no-untyped-call]
    again = machine.job(repository(server))
    assert (again.folder / "trivy.db").read_bytes() == bolt
    assert (again.folder / "metadata.json").read_bytes() == metadata()
    assert len(blobs(server)) == 2
    machine.job(repository(server))
    assert len(blobs(server)) == 2


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_cache_is_no_substitute(damage: str, machine: Machine, server: Hostile, bolt: bytes) -> None:
    digest = server.serve_artifact("team/trivy-db", "2", artifact(bolt), LAYER)
    machine.job(repository(server))
    DAMAGES[damage](machine.cache / digest.replace(":", "-"))  # type: ignore[no-untyped-call]
    server.on("/v2/team/trivy-db/manifests/2", status(500))
    with pytest.raises(ToolError, match="cannot be fetched"):
        machine.job(repository(server))


def test_what_killed_jobs_left_is_gone_on_with_or_removed(machine: Machine, server: Hostile, bolt: bytes) -> None:
    layer = artifact(bolt)
    server.serve_artifact("team/trivy-db", "2", layer, LAYER)
    machine.cache.mkdir()
    part = machine.cache / f"db-{digest_of(layer).replace(':', '-')}.part"
    part.write_bytes(layer[:500])
    (machine.cache / f"db-sha256-{'0' * 64}.part").write_bytes(b"old")
    (machine.cache / ".db-0123.tmp" / "db").mkdir(parents=True)
    (machine.cache / ".db-0123.tmp" / "db" / "trivy.db").write_bytes(b"half")
    (machine.cache / ".java-db-0123.tmp").mkdir()  # somebody else's business
    machine.job(repository(server))
    assert [headers["Range"] for headers in server.headers(blobs(server)[0])] == ["bytes=500-"]
    assert machine.leftovers() == {".java-db-0123.tmp"}


def test_other_things_in_the_cache_folder_stay(machine: Machine, server: Hostile, bolt: bytes) -> None:
    server.serve_artifact("team/trivy-db", "2", artifact(bolt), LAYER)
    (machine.cache / "default" / "db").mkdir(parents=True)
    machine.job(repository(server))
    assert (machine.cache / "default" / "db").is_dir()


@pytest.mark.parametrize("linkable", [True, False])
def test_job_has_files_of_its_own(
    *,
    linkable: bool,
    machine: Machine,
    server: Hostile,
    bolt: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not linkable:
        monkeypatch.setattr(Path, "hardlink_to", lambda *_: (_ for _ in ()).throw(OSError(18, "cross-device")))
    digest = server.serve_artifact("team/trivy-db", "2", artifact(bolt), LAYER)
    found = machine.job(repository(server))
    entry = machine.cache / digest.replace(":", "-") / "db" / "trivy.db"
    assert entry.samefile(found.folder / "trivy.db") is linkable
    shutil.rmtree(machine.cache)
    assert (found.folder / "trivy.db").read_bytes() == bolt


def test_cache_that_cannot_be_written_says_so(machine: Machine, server: Hostile, bolt: bytes) -> None:
    server.serve_artifact("team/trivy-db", "2", artifact(bolt), LAYER)
    machine.cache.write_bytes(b"")
    with pytest.raises(ToolError, match="The vulnerability database cannot be kept") as caught:
        machine.job(repository(server))
    assert "RUNNER_TOOL_CACHE" in caught.value.mend


def test_jobs_at_the_same_time_fetch_once(machine: Machine, server: Hostile, bolt: bytes) -> None:
    server.serve_artifact("team/trivy-db", "2", artifact(bolt), LAYER)
    machines = [Machine(machine.folder / str(number)) for number in range(6)]
    found: list[bytes] = []

    def work(own: Machine) -> None:
        own.folder.mkdir()
        (own.folder / "cache").symlink_to(machine.cache)
        found.append((own.job(repository(server)).folder / "trivy.db").read_bytes())

    machine.cache.mkdir()
    threads = [threading.Thread(target=work, args=(own,)) for own in machines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [bolt] * 6
    assert len(blobs(server)) == 1


def test_job_that_holds_the_cache_for_ever_is_named(
    machine: Machine, server: Hostile, bolt: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.serve_artifact("team/trivy-db", "2", artifact(bolt), LAYER)
    monkeypatch.setattr(database_fetch, "_LOCK_SECONDS", 0.1)
    monkeypatch.setattr(database_cache, "_POLL_SECONDS", 0.01)
    machine.cache.mkdir()
    with (machine.cache / "db.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ToolError) as caught:
            machine.job(repository(server))
    assert "Another job has been fetching the vulnerability database for 0 seconds" in str(caught.value)


# Artifacts that are none.


@pytest.mark.parametrize(
    ("manifest", "media_type", "message"),
    [
        ({"manifests": []}, INDEX, "This is an index of images, not a database"),
        ({"layers": []}, hostile.MANIFEST, "not one of Trivy's databases, but an image or something else"),
        ({"layers": [("application/vnd.oci.image.layer.v1.tar+gzip", 5)]}, hostile.MANIFEST, "but an image"),
        ({"layers": [(JAVA_LAYER, 5)]}, hostile.MANIFEST, "but an image or something else"),
        ({"layers": [(LAYER, 5), (LAYER, 5)]}, hostile.MANIFEST, "but an image or something else"),
        (
            {"layers": [(LAYER, 2**30 + 1)]},
            hostile.MANIFEST,
            "is said to be 1073741825 bytes large; at most 1073741824",
        ),
        ({"layers": "x"}, hostile.MANIFEST, "layers are malformed"),
        ({}, hostile.MANIFEST, "neither a manifest nor an index, or both"),
    ],
)
def test_other_artifacts_are_refused(
    manifest: dict[str, list[tuple[str, int]]], media_type: str, message: str, machine: Machine, server: Hostile
) -> None:
    if isinstance(manifest.get("layers"), list):
        layers = [{"mediaType": kind, "digest": digest_of(b""), "size": size} for kind, size in manifest["layers"]]
        manifest = {"layers": layers}  # type: ignore[dict-item]
    server.serve_manifest("team/trivy-db", "2", json.dumps(manifest).encode(), media_type)
    with pytest.raises(ToolError, match="cannot be fetched") as caught:
        machine.job(repository(server))
    assert message in caught.value.where
    assert blobs(server) == []


def special(name: str, kind: bytes, **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.type = kind
    for attribute, value in fields.items():
        setattr(member, attribute, value)
    return member, b""


def bomb() -> bytes:
    """A tar of 65 MB of zeros for a database, in 64 KB."""
    return packed(("metadata.json", metadata()), ("trivy.db", bytes(65 * 1024**2)))


def header_bomb() -> bytes:
    """A tar with one extended header of 20 MB."""
    member = tarfile.TarInfo("trivy.db")
    member.type = tarfile.XHDTYPE
    member.size = 20 * 1024**2
    return gzip.compress(member.tobuf() + bytes(20 * 1024**2), 1)


def many_headers() -> bytes:
    member = tarfile.TarInfo("x")
    member.type = tarfile.GNUTYPE_LONGNAME
    member.size = 5
    return gzip.compress((member.tobuf() + b"trivy".ljust(512, b"\0")) * 900, 1)


GOOD = ("metadata.json", metadata())
BAD_ARCHIVES: dict[str, tuple[bytes | Callable[[], bytes] | None, str]] = {
    "no gzip": (b"garbage", "cannot be read"),
    "empty": (b"", "cannot be read"),
    "no tar": (gzip.compress(b"garbage" * 1000), "cannot be read"),
    "cut off": (artifact(b"x" * 50_000)[:-50], "cannot be read"),
    "empty tar": (packed(), "lacks metadata.json, trivy.db"),
    "no metadata": (packed(("trivy.db", b"x")), "lacks metadata.json"),
    "no database": (packed(GOOD), "lacks trivy.db"),
    "more": (packed(GOOD, ("trivy.db", b"x"), ("evil", b"")), "does not belong there: 'evil'"),
    "above": (packed(GOOD, ("../trivy.db", b"x")), "does not belong there: '../trivy.db'"),
    "absolute": (packed(GOOD, ("/trivy.db", b"x")), "does not belong there: '/trivy.db'"),
    "below": (packed(GOOD, ("db/trivy.db", b"x")), "does not belong there: 'db/trivy.db'"),
    "in colour": (packed(("\x1b[31m\n::error::", b"")), r"does not belong there: '\x1b[31m\n::error::'"),
    "twice": (packed(GOOD, GOOD, ("trivy.db", b"x")), "does not belong there: 'metadata.json'"),
    "link": (packed(GOOD, special("trivy.db", tarfile.SYMTYPE, linkname="/etc/passwd")), "does not belong there"),
    "hard link": (packed(GOOD, special("trivy.db", tarfile.LNKTYPE, linkname="metadata.json")), "does not belong"),
    "pipe": (packed(GOOD, special("trivy.db", tarfile.FIFOTYPE)), "does not belong there"),
    "device": (packed(GOOD, special("trivy.db", tarfile.CHRTYPE)), "does not belong there"),
    "folder": (packed(GOOD, special("trivy.db", tarfile.DIRTYPE)), "does not belong there"),
    "large metadata": (packed(("metadata.json", bytes(70_000))), "would be 70000 bytes large unpacked"),
    "many folders": (packed(*[special("./", tarfile.DIRTYPE)] * 5000), "lacks"),
    "bomb": (bomb, "would be 68157440 bytes large unpacked; at most 67108864 are allowed"),
    "header bomb": (header_bomb, "cannot be read"),
    "many headers": (many_headers(), "cannot be read"),
    "wrong metadata": (packed(("metadata.json", b"{"), ("trivy.db", b"x")), "metadata cannot be read"),
    "old schema": (packed(("metadata.json", metadata(version=1)), ("trivy.db", b"x")), "has schema 1, not 2"),
    "new schema": (packed(("metadata.json", metadata(version=3)), ("trivy.db", b"x")), "has schema 3, not 2"),
    "empty database": (packed(GOOD, ("trivy.db", b"")), "is empty"),
    "no database in it": (packed(GOOD, ("trivy.db", b"x" * 9000)), "is no database"),
    "old": (None, "is 3 days old"),
    "future": (None, "made in the future"),
}


@pytest.mark.parametrize("case", BAD_ARCHIVES)
def test_bad_archives_are_refused_and_leave_nothing(case: str, machine: Machine, server: Hostile, bolt: bytes) -> None:
    layer, message = BAD_ARCHIVES[case]
    if callable(layer):
        layer = layer()
    if layer is None:
        age = -DAY if case == "future" else 3 * DAY
        layer = artifact(bolt, age)
    server.serve_artifact("team/trivy-db", "2", layer, LAYER)
    with pytest.raises(ToolError, match="cannot be fetched") as caught:
        machine.job(repository(server))
    assert message in caught.value.where
    assert not list(machine.cache.rglob("*.tmp"))
    if case not in ("old", "future"):
        assert machine.entries() == set()
    assert "\x1b" not in str(caught.value)


def test_database_that_is_cut_off_is_refused(machine: Machine, server: Hostile, bolt: bytes) -> None:
    server.serve_artifact("team/trivy-db", "2", artifact(bolt[: len(bolt) // 2]), LAYER)
    with pytest.raises(ToolError) as caught:
        machine.job(repository(server))
    assert "The vulnerability database is cut off" in caught.value.where
    assert machine.entries() == set()


def test_folder_of_the_archive_and_its_dots_are_as_tar_writes_them(
    machine: Machine, server: Hostile, bolt: bytes
) -> None:
    layer = packed(special("./", tarfile.DIRTYPE), ("./metadata.json", metadata()), ("./trivy.db", bolt))
    server.serve_artifact("team/trivy-db", "2", layer, LAYER)
    assert (machine.job(repository(server)).folder / "trivy.db").read_bytes() == bolt


# A given folder.


def test_given_folder_is_used_as_it_is(tmp_path: Path) -> None:
    folder = trivy_db.unpack(tmp_path / "given")
    before = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in folder.rglob("*")}
    found = database_fetch.given(folder)
    assert (found.folder, found.digest) == (folder / "db", "")
    assert {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in folder.rglob("*")} == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"x", "is no database"),
        (b"x" * 100_000, "is no database"),
        (bytes(100_000), "is no database"),
        (None, "There is no vulnerability database: No such file or directory"),
        (71, "is no database"),
        (100, "is cut off: 100 of at least"),
        (5000, "is cut off: 5000 of at least"),
        (100_000, "is cut off: 100000 of at least"),
    ],
)
def test_given_folder_that_cannot_be_used(content: bytes | int | None, message: str, tmp_path: Path) -> None:
    folder = trivy_db.unpack(tmp_path / "given")
    file = folder / "db" / "trivy.db"
    if isinstance(content, int):
        os.truncate(file, content)
    elif content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    with pytest.raises(ToolError) as caught:
        database_fetch.given(folder)
    assert message in caught.value.what
    assert caught.value.mend
    assert str(folder) in caught.value.where


def test_one_damaged_page_of_two_is_what_bbolt_can_bear(tmp_path: Path) -> None:
    folder = trivy_db.unpack(tmp_path / "given")
    with (folder / "db" / "trivy.db").open("r+b") as file:
        file.seek(16)
        file.write(b"\0" * 8)
    assert database_fetch.given(folder).version == 2


# The Java index.


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("sqlite") / "trivy-java.db"
    connection = sqlite3.connect(path)
    connection.executescript("create table artifacts (id integer); create table indices (sha1 blob);")
    connection.close()
    return path.read_bytes()


def test_java_index_lies_beside_the_database(machine: Machine, server: Hostile, bolt: bytes, sqlite: bytes) -> None:
    layer = packed(("trivy-java.db", sqlite), ("metadata.json", metadata(10 * DAY, 1)))
    server.serve_artifact("team/trivy-db", "2", artifact(bolt), LAYER)
    digest = server.serve_artifact("team/java", "1", layer, JAVA_LAYER)
    current = machine.job(repository(server))
    for _ in range(2):
        index = database_fetch.java_index(
            machine.cache, [f"{server.address}/team/java"], max_age=30 * DAY, now=NOW,
            temp_dir=machine.folder / "job-1", client=machine.client(),
        )  # fmt: skip
        assert (index.digest, index.version) == (digest, 1)
        assert index.folder == current.folder.parent / "java-db"
        assert (index.folder / "trivy-java.db").read_bytes() == sqlite
    assert len(blobs(server)) == 2
    assert (current.folder / "trivy.db").read_bytes() == bolt
    assert len(machine.entries()) == 2


def test_java_index_that_is_none(machine: Machine, server: Hostile, sqlite: bytes, tmp_path: Path) -> None:
    for content in (b"x" * 5000, sqlite[:-1], sqlite[:50]):
        layer = packed(("trivy-java.db", content), ("metadata.json", metadata(DAY, 1)))
        server.serve_artifact("team/java", "1", layer, JAVA_LAYER)
        with pytest.raises(ToolError, match="The Java index cannot be fetched"):
            database_fetch.java_index(
                machine.cache, [f"{server.address}/team/java"], max_age=30 * DAY, now=NOW, temp_dir=tmp_path,
                client=machine.client(),
            )  # fmt: skip


def test_default_repositories_are_those_of_trivy() -> None:
    assert [str(registry.parse(name)) for name in database_fetch.REPOSITORIES] == [
        "mirror.gcr.io/aquasec/trivy-db:2",
        "ghcr.io/aquasecurity/trivy-db:2",
    ]
    assert [str(registry.parse(name)) for name in database_fetch.JAVA_REPOSITORIES] == [
        "mirror.gcr.io/aquasec/trivy-java-db:1",
        "ghcr.io/aquasecurity/trivy-java-db:1",
    ]
    assert database.VULNERABILITIES.schema == 2
    assert database_artifact.VULNERABILITIES.media_type == LAYER


def test_messages_that_the_document_quotes_are_those_that_users_see(
    machine: Machine, server: Hostile, bolt: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    said: set[str] = set()

    def note(error: ToolError) -> None:
        said.update((error.what, error.where, error.mend))

    def fails(behaviour: hostile.Behaviour, now: datetime = NOW) -> None:
        server.on("/v2/team/trivy-db/manifests/2", behaviour)
        with pytest.raises(ToolError) as caught:
            machine.job(repository(server), now=now)
        note(caught.value)

    server.serve_artifact("team/trivy-db", "2", artifact(bolt), LAYER)
    machine.job(repository(server))
    server.on("/v2/team/trivy-db/manifests/2", status(500))
    machine.job(repository(server), now=NOW + DAY)
    said.update(record.message for record in caplog.records)
    fails(status(500), NOW + 2 * DAY)
    fails(status(404))
    shutil.rmtree(machine.cache)
    fails(status(429, {"Retry-After": "3600"}))
    folder = trivy_db.unpack(tmp_path / "given")
    for damage in (5000, 10, None):
        if damage:
            os.truncate(folder / "db" / "trivy.db", damage)
        else:
            (folder / "db" / "trivy.db").unlink()
        with pytest.raises(ToolError) as caught:
            database_fetch.given(folder)
        note(caught.value)
    seen = {text.replace(server.address, "registry.example") for text in said}
    lines = (Path(__file__).resolve().parents[2] / "docs" / "database.md").read_text(encoding="utf-8").splitlines()
    quoted = [line.removeprefix("> ") for line in lines if line.startswith("> ")]
    assert len(quoted) == 8
    prefixes = ("", "registry.example/team/trivy-db:2: ")
    assert [line for line in quoted if not {prefix + line for prefix in prefixes} & seen] == []
