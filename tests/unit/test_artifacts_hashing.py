import hashlib
import os
import random
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from modelseal import process
from modelseal.artifacts import hashing, reading
from modelseal.artifacts.search import File
from modelseal.errors import InputError, ToolError

LARGE = [reading._BUFFER * 9, reading._PIECE * 12, reading.TWO_THREADS + 12345]
SIZES = [0, 1, 16384, reading.AT_ONCE, reading.AT_ONCE + 1, *LARGE]


def make(folder: Path, sizes: list[int]) -> tuple[list[File], list[str]]:
    source = random.Random(0).randbytes(1 << 20)
    files, digests = [], []
    for index, size in enumerate(sizes):
        content = index.to_bytes(8, "big") + source * (size // len(source) + 1)
        path = folder / f"{index} \n\xff"
        path.write_bytes(content[:size])
        digests.append(hashlib.sha256(content[:size]).hexdigest())
        files.append(File(path.name, os.fsencode(path), size, path.stat().st_mtime_ns))
    return files, digests


def run(files: list[File], temp_dir: Path, workers: int = 3) -> tuple[str, ...]:
    with hashing.Pool(workers=workers, temp_dir=temp_dir, environ=os.environ) as pool:
        return pool.digests(files)


def leftovers(temp_dir: Path) -> list[Path]:
    return [*temp_dir.glob("*.jobs"), *temp_dir.glob("*.counter")]


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Share even little work between processes."""
    monkeypatch.setattr(hashing, "_ALONE_BYTES", -1)
    monkeypatch.setattr(hashing, "_BATCH_FILES", 3)


@pytest.mark.parametrize("two_threads_from", [0, 1 << 60])
@pytest.mark.parametrize("size", [*SIZES, reading.REPORTED_EACH, reading.REPORTED_EACH * 2 + 1])
def test_digest_of_every_kind_of_size(tmp_path: Path, size: int, two_threads_from: int) -> None:
    files, digests = make(tmp_path, [size])
    counted: list[int] = []
    assert reading.digest_file(*files[0][1:], counted.append, two_threads_from) == digests[0]
    assert sum(counted) == size


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.usefixtures("shared")
def test_digests_come_in_the_order_of_the_files(tmp_path: Path, workers: int) -> None:
    files, digests = make(tmp_path, [*SIZES, *range(20)])
    done: list[int] = []
    with hashing.Pool(workers=workers, temp_dir=tmp_path, environ=os.environ, on_progress=done.append) as pool:
        found = pool.digests(files)
    assert list(found) == digests
    assert 0 < done[-1] <= sum(file.size for file in files)
    assert done == sorted(done)
    assert not leftovers(tmp_path)


def test_little_work_starts_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "run", lambda *_, **__: pytest.fail("a process was started"))
    files, digests = make(tmp_path, [10] * 100)
    assert list(run(files, tmp_path)) == digests


@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize("what", ["gone", "folder", "fifo", "link", "grown", "shrunk", "written to", "replaced"])
def test_a_file_that_is_not_what_was_found_is_an_error(
    tmp_path: Path, what: str, *, parallel: bool, request: pytest.FixtureRequest
) -> None:
    if parallel:
        request.getfixturevalue("shared")
    files, _ = make(tmp_path, [100] * 12)
    path = Path(os.fsdecode(files[7].path))
    if what == "written to":
        with path.open("r+b") as file:
            file.write(b"z")  # the size stays
        os.utime(path, ns=(0, files[7].modified + 1))  # as far as clocks tell at the least
    else:
        path.unlink()
    if what == "folder":
        path.mkdir()
    elif what == "fifo":
        os.mkfifo(path)
    elif what == "link":
        path.symlink_to(os.fsdecode(files[6].path))
    elif what == "replaced":
        path.write_bytes(bytes(100))
        os.utime(path, ns=(0, files[7].modified + 1))
    elif what in ("grown", "shrunk"):
        path.write_bytes(bytes(101 if what == "grown" else 99))
        os.utime(path, ns=(0, files[7].modified))
    with pytest.raises(InputError) as caught:
        run(files, tmp_path)
    assert caught.value.what.startswith("7 \\n\xff ")
    assert not leftovers(tmp_path)


def test_a_file_that_is_written_to_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    files, _ = make(tmp_path, [reading.TWO_THREADS * 4])
    with Path(os.fsdecode(files[0].path)).open("r+b", buffering=0) as file:

        def write(_: int) -> None:
            file.write(b"y")  # the size stays

        with pytest.raises(reading.ReadingError, match="changed"):
            reading.digest_file(*files[0][1:], write)


def test_a_file_that_grows_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    files, _ = make(tmp_path, [1000])
    path = Path(os.fsdecode(files[0].path))
    with path.open("ab", buffering=0) as file, pytest.raises(reading.ReadingError, match="changed"):
        reading.digest_file(*files[0][1:], lambda _: file.write(b"y"))


def test_a_file_whose_size_lies_is_an_error() -> None:
    if sys.platform == "linux":
        with pytest.raises(reading.ReadingError, match="changed"):
            reading.digest_file(b"/proc/self/status", 0, Path("/proc/self/status").stat().st_mtime_ns, lambda _: None)


@pytest.mark.parametrize("good_reads", range(4))
def test_a_read_error_in_either_thread_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, good_reads: int
) -> None:
    files, _ = make(tmp_path, [reading.TWO_THREADS])
    preadv = os.preadv

    def failing(descriptor: int, buffers: list[memoryview], offset: int) -> int:
        if offset >= good_reads * reading._PIECE:
            raise OSError(5, "Input/output error")
        return preadv(descriptor, buffers, offset)

    monkeypatch.setattr(os, "preadv", failing)
    with pytest.raises(reading.ReadingError, match="Input/output error"):
        reading.digest_file(*files[0][1:], lambda _: None)


def test_reads_that_give_less_than_asked_for_leave_nothing_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As those of a file system over the network may, and those of more than two gigabytes at once."""
    files, digests = make(tmp_path, [reading.TWO_THREADS + 5])
    preadv = os.preadv
    monkeypatch.setattr(os, "preadv", lambda file, buffers, at: preadv(file, [buffers[0][: 1 << 20]], at))
    counted: list[int] = []
    assert reading.digest_file(*files[0][1:], counted.append) == digests[0]
    assert sum(counted) == files[0].size


def test_who_counts_the_bytes_may_end_it(tmp_path: Path) -> None:
    """A worker that is not needed any more ends itself so: the other thread must not go on, or be waited for."""
    files, _ = make(tmp_path, [reading.TWO_THREADS])
    threads = threading.active_count()
    with pytest.raises(SystemExit):
        reading.digest_file(*files[0][1:], lambda _: sys.exit())
    assert threading.active_count() == threads


WORKERS = {
    "killed": "import os, sys; os.kill(os.getpid(), 9)",
    "fails": "import sys; sys.exit(1)",
    "not a worker": "import sys; print('hello')",
    "unknown batch": "import sys; print('99', 'a' * 64, sep='\\t')",
    "cut off": "import sys; print('0', 'a' * 3 * 64, sep='\\t', end='')",
    "too short": "import sys; print('0', 'a' * 64, sep='\\t')",
    "half a digest": "[print(batch, 'a' * (3 * 64 - 32), sep='\\t') for batch in range(10)]",
    "claims and forgets": "from modelseal.artifacts import worker; worker.Counter(counter).claim()",
    "reads other jobs": "from modelseal.artifacts import worker; worker.work('/dev/null', counter)",
}


@pytest.mark.parametrize("worker", WORKERS)
@pytest.mark.usefixtures("shared")
def test_a_worker_that_does_not_do_its_work_is_an_error(
    tmp_path: Path, worker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, _ = make(tmp_path, [100] * 30)
    program = f"import sys; sys.path.append(sys.argv[1]); jobs, counter = sys.argv[2:]; {WORKERS[worker]}"
    monkeypatch.setattr(hashing, "_WORKER", program)
    monkeypatch.setattr(hashing._Share, "claim", lambda _: None)
    with pytest.raises(ToolError):
        run(files, tmp_path)


@pytest.mark.usefixtures("shared")
def test_a_worker_sees_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, str]] = []
    real = process.run

    def spy(argv: list[str], **options: object) -> process.Completed:
        seen.append(options["env"])  # type: ignore[arg-type]
        return real(argv, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(process, "run", spy)
    files, digests = make(tmp_path, [100] * 12)
    environ = {"GITHUB_TOKEN": "secret", "PYTHONPATH": "/planted", "PATH": os.environ["PATH"]}
    with hashing.Pool(workers=2, temp_dir=tmp_path, environ=environ) as pool:
        assert list(pool.digests(files)) == digests
    assert seen
    assert not any({"GITHUB_TOKEN", "PYTHONPATH"} & env.keys() for env in seen)


def test_large_files_go_first_and_alone() -> None:
    sizes = [1, hashing._BATCH_BYTES, 2, hashing._BATCH_BYTES * 2, 3]
    files = [File(str(index), b"", size, 0) for index, size in enumerate(sizes)]
    assert [[file.name for file in batch] for batch in hashing._batches(files)] == [["3"], ["1"], ["0", "2", "4"]]


@pytest.mark.parametrize("offered", [slice(0, 6), slice(None), slice(2, None)])
@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.usefixtures("shared")
def test_what_is_offered_is_begun_before_it_is_asked_for(
    tmp_path: Path, workers: int, offered: slice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "_ALONE_FILES", 4)
    monkeypatch.setattr(hashing, "_BATCH_BYTES", 5000)
    files, digests = make(tmp_path, [100, 6000, 0, 9000, *range(30)])
    with hashing.Pool(workers=workers, temp_dir=tmp_path, environ=os.environ) as pool:
        for file in files[offered]:
            pool.offer([file])
        assert bool(pool._threads) is (workers > 1)
        if workers > 1:
            wait_for(lambda: pool._share.backlog == 0)
        assert list(pool.digests(files)) == digests
    assert not leftovers(tmp_path)


@pytest.mark.usefixtures("shared")
def test_what_was_begun_ends_when_the_search_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "_ALONE_FILES", 4)
    files, _ = make(tmp_path, [100] * 12)
    pool = hashing.Pool(workers=3, temp_dir=tmp_path, environ=os.environ)

    def search() -> None:
        pool.offer(files)
        assert pool._threads
        raise InputError("There is a socket in it.")

    with pytest.raises(InputError), pool:
        search()
    assert not any(thread.is_alive() for thread in pool._threads)
    assert not leftovers(tmp_path)


@pytest.mark.usefixtures("shared")
def test_one_bad_file_ends_the_others_soon(tmp_path: Path) -> None:
    files, _ = make(tmp_path, [100] * 300)
    Path(os.fsdecode(files[0].path)).unlink()
    with hashing.Pool(workers=2, temp_dir=tmp_path, environ=os.environ) as pool:
        with pytest.raises(InputError):
            pool.digests(files)
        assert pool._share.backlog > 0


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)
