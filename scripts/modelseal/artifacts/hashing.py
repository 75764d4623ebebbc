"""Hash files as fast as the machine can, with SHA-256 and in constant memory.

Which way is fastest depends on the sizes. Threads make small files slower, for they fight over the interpreter; so
files are shared between processes, except where starting those takes longer than the hashing. One file that is larger
than each core's share of the whole gets a second thread that reads ahead.
"""

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from modelseal import process
from modelseal.artifacts import reading, worker
from modelseal.artifacts.search import File
from modelseal.errors import InputError, ModelsealError, ToolError
from modelseal.report.markdown import visible

# Below both, this process alone is done before others have started.
_ALONE_BYTES = 1 << 25
_ALONE_FILES = 1000
_BATCH_BYTES = 1 << 23
_BATCH_FILES = 100
_HEX_DIGITS = 64
_MEND = "Make it readable, and see that nothing writes to it while it is hashed."
_WORKER = "import sys; sys.path.append(sys.argv[1]); from modelseal.artifacts.worker import work; work(*sys.argv[2:])"
_PACKAGES = Path(__file__).parents[2]
# Where the interpreter itself may find its library; this process runs with the same.
_LIBRARY_PATHS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FRAMEWORK_PATH")


def available_cores() -> int:
    """Return how many cores this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Pool:
    """This process and others, which hash files together; a context manager.

    Args:
        workers: How many processes may hash at the same time, this one included.
        temp_dir: A folder for the files through which the processes share the work.
        environ: The environment, for what the workers' interpreter needs of it.
        on_progress: Called now and then with the number of bytes done so far; from one thread at a time.
    """

    def __init__(
        self,
        *,
        workers: int,
        temp_dir: Path,
        environ: Mapping[str, str],
        on_progress: Callable[[int], object] = lambda _: None,
    ) -> None:
        self._workers = workers
        self._progress = _Progress(on_progress)
        libraries = {name: environ[name] for name in _LIBRARY_PATHS if name in environ}
        self._environ = process.scrubbed_environment(environ, **libraries)
        self._share = _Share(temp_dir)
        self._offered: list[File] = []
        self._digests: dict[str, str] = {}
        self._threads: list[threading.Thread] = []
        self._answers: list[bytes] = []
        self._errors: list[ModelsealError] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._share.stop()
        if error is None or isinstance(error, Exception):  # else we are told to end, and so are the workers
            self._join()
        self._share.close()

    def offer(self, files: Iterable[File]) -> None:
        """Take files that will be asked for, so that others can begin on them while more are being looked for.

        Only small ones are begun: large ones are best done first, and which are the largest is known at the end.
        """
        if self._workers == 1:
            return
        self._offered += [file for file in files if file.size < _BATCH_BYTES]
        if len(self._offered) >= _ALONE_FILES or self._threads:
            while len(self._offered) >= _BATCH_FILES and self._share.backlog < self._workers:
                self._share.publish([tuple(self._offered[:_BATCH_FILES])], reading.TWO_THREADS)
                del self._offered[:_BATCH_FILES]
                self._start(self._workers - 1)

    def digests(self, files: Sequence[File]) -> tuple[str, ...]:
        """Return the SHA-256 of each file, in hexadecimal and in the order of the files.

        Args:
            files: Regular files, as they were found, whether they were offered or not.

        Raises:
            InputError: A file cannot be read, has vanished, is no regular file any more, or changed.
            ToolError: A worker died, or gave an answer that cannot be right.
        """
        begun = {file.name for batch in self._share.batches for file in batch}
        rest = [file for file in files if file.name not in begun] if begun else files
        total = sum([file.size for file in rest])
        few = len(files) == 1 or (total <= _ALONE_BYTES and len(files) <= _ALONE_FILES)
        if self._workers == 1 or (few and not begun):
            return tuple([self._hash_here(file, reading.TWO_THREADS, self._progress.add) for file in files])
        # A file above its worker's share is still being hashed when the others are done: a second thread has a core.
        two_threads_from = max(reading.TWO_THREADS, total // self._workers + 1)
        self._share.publish(_batches(rest), two_threads_from, complete=True)
        workers = min(self._workers, len(self._share.batches))
        self._start(workers - 1)
        self._work_here(two_threads_from)
        self._join()
        return self._collected(files)

    def _start(self, workers: int) -> None:
        while len(self._threads) < workers:
            self._threads.append(threading.Thread(target=self._work_elsewhere, daemon=True))
            self._threads[-1].start()

    def _work_here(self, two_threads_from: int) -> None:
        while (number := self._share.claim()) is not None:
            batch = self._share.batches[number]
            read: list[int] = []
            self._digests.update([(file.name, self._hash_here(file, two_threads_from, read.append)) for file in batch])
            self._progress.add(sum(read))

    def _join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _work_elsewhere(self) -> None:
        # -S: nothing but our files and the standard library is looked at. Imported, for scripts are compiled anew.
        argv = [sys.executable, "-I", "-S", "-c", _WORKER, str(_PACKAGES), *self._share.paths]
        try:
            done = process.run(argv, env=self._environ, on_line=self._count, check=False)
            if done.exit_code != 0:
                raise ToolError(f"A worker process ended with exit code {done.exit_code}.", where=done.stderr[-500:])
        except ModelsealError as error:
            self._errors.append(error)
            self._share.stop()
        else:
            self._answers.append(done.stdout)

    def _count(self, line: str) -> None:
        if line.isascii() and line.isdigit():
            self._progress.add(int(line))

    def _hash_here(self, file: File, two_threads_from: int, on_bytes: Callable[[int], object]) -> str:
        try:
            return reading.digest_file(file.path, file.size, file.modified, on_bytes, two_threads_from)
        except reading.ReadingError as error:
            raise _unread(file, str(error)) from error

    def _collected(self, files: Sequence[File]) -> tuple[str, ...]:
        if self._errors:
            raise self._errors[0]
        try:
            for answer in self._answers:
                for line in answer.decode().split("\n")[:-1]:
                    self._read(line)
            return tuple([self._digests[file.name] for file in files])
        except (LookupError, ValueError) as error:
            what = "A worker process ended before its work was done."
            raise ToolError(what, mend="Run again with `workers` set to 1.") from error

    def _read(self, line: str) -> None:
        number, digests, *why = line.split("\t")
        batch = self._share.batches[int(number)]
        if digests.startswith("!"):
            raise _unread(batch[int(digests[1:])], why[0])
        if len(digests) != len(batch) * _HEX_DIGITS:
            raise ValueError(number)
        each = [digests[at : at + _HEX_DIGITS] for at in range(0, len(digests), _HEX_DIGITS)]
        self._digests.update(zip([file.name for file in batch], each, strict=True))


class _Share:
    """The work in batches, and the two files that tell workers of it; see `worker`. No file before there is work."""

    def __init__(self, folder: Path) -> None:
        name = os.urandom(8).hex()
        self._jobs = folder / f"{name}.jobs"
        self._counter_path = folder / f"{name}.counter"
        self._counter: worker.Counter | None = None
        self._lock = threading.Lock()  # the counter's own lock is between processes, not between threads
        self.batches: list[Sequence[File]] = []

    @property
    def paths(self) -> tuple[str, str]:
        """The paths of both files."""
        return str(self._jobs), str(self._counter_path)

    @property
    def backlog(self) -> int:
        """How many batches nobody has begun yet."""
        return self._counter.backlog if self._counter is not None else 0

    def publish(self, batches: Iterable[Sequence[File]], two_threads_from: int, *, complete: bool = False) -> None:
        """Add batches, and say whether these were the last."""
        added = tuple(batches)
        with self._jobs.open("ab") as jobs:
            jobs.writelines(_job(batch, two_threads_from) for batch in added)
        self.batches += added
        with self._lock:
            if self._counter is None:
                self._counter = worker.Counter(str(self._counter_path))
            self._counter.publish(len(self.batches), complete=complete)

    def claim(self) -> int | None:
        """Return the number of the next batch for this process, None when there is none any more."""
        with self._lock:
            return self._counter.claim() if self._counter is not None else None

    def stop(self) -> None:
        """Let nobody begin anything any more."""
        with self._lock:
            if self._counter is not None:
                self._counter.stop()

    def close(self) -> None:
        """Remove the files."""
        with self._lock:
            if self._counter is not None:
                self._counter.close()
                self._counter = None
        for path in (self._jobs, self._counter_path):
            with contextlib.suppress(FileNotFoundError):
                path.unlink()


class _Progress:
    """Adds up what several threads report, and passes it on where it is worth it."""

    _EACH = 1 << 22

    def __init__(self, on_progress: Callable[[int], object]) -> None:
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self._done = 0
        self._told = 0

    def add(self, count: int) -> None:
        with self._lock:
            self._done += count
            if self._done - self._told >= self._EACH:
                self._told = self._done
                self._on_progress(self._done)


def _unread(file: File, why: str) -> InputError:
    return InputError(
        f"{visible(file.name)} {why}.",
        mend=_MEND,
    )


def _job(batch: Iterable[File], two_threads_from: int) -> bytes:
    """Write a batch down as `worker` wants it."""
    _, paths, sizes, modified = zip(*batch, strict=True)
    return b"\0".join([" ".join(map(str, (two_threads_from, *sizes, *modified))).encode(), *paths]) + b"\0\0"


def _batches(files: Iterable[File]) -> list[Sequence[File]]:
    """Cut the work into portions: the largest files first, one by one, then the small ones together."""
    batches: list[Sequence[File]] = []
    small: list[File] = []
    size = 0
    for file in files:
        if file.size >= _BATCH_BYTES:
            batches.append((file,))
            continue
        small.append(file)
        size += file.size
        if size >= _BATCH_BYTES or len(small) == _BATCH_FILES:
            batches.append(small)
            small, size = [], 0
    if small:
        batches.append(small)
    return sorted(batches, key=lambda batch: (len(batch) > 1, -batch[0].size if len(batch) == 1 else 0))
