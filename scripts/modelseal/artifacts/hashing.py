"""Hash files as fast as the machine can, with SHA-256 and in constant memory.

Which way is fastest depends on the sizes. Threads make small files slower, for they fight over the interpreter; so
files are shared between processes, except where starting those takes longer than the hashing. One file that is larger
than each core's share of the whole gets a second thread that reads ahead.
"""

import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from modelseal import process
from modelseal.artifacts import reading
from modelseal.artifacts.search import File
from modelseal.errors import InputError, ModelsealError, ToolError
from modelseal.report.markdown import visible

# Below both, this process alone is done before others have started.
_ALONE_BYTES = 1 << 25
_ALONE_FILES = 1000
_BATCH_BYTES = 1 << 23
_BATCH_FILES = 500
_HEX_DIGITS = 64
# Where the interpreter itself may find its library; this process runs with the same.
_LIBRARY_PATHS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FRAMEWORK_PATH")

_Batch = tuple[int, ...]


def available_cores() -> int:
    """Return how many cores this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def hash_files(
    files: Sequence[File],
    *,
    workers: int,
    temp_dir: Path,
    environ: Mapping[str, str],
    on_progress: Callable[[int], object] = lambda _: None,
) -> tuple[str, ...]:
    """Return the SHA-256 of each file, in hexadecimal and in the order of the files.

    Args:
        files: Regular files, as they were found.
        workers: How many processes may hash at the same time.
        temp_dir: A folder for a file that the workers count in.
        environ: The environment, for what the workers' interpreter needs of it.
        on_progress: Called now and then with the number of bytes done so far; from one thread at a time.

    Raises:
        InputError: A file cannot be read, has vanished, is no regular file any more, or changed.
        ToolError: A worker died, or gave an answer that cannot be right.
    """
    progress = _Progress(on_progress)
    total = sum(file.size for file in files)
    if workers == 1 or len(files) == 1 or (total <= _ALONE_BYTES and len(files) <= _ALONE_FILES):
        return tuple(_hash_here(file, progress, reading.PIPELINED) for file in files)
    # A file above its worker's share is still being hashed when the others are done: the second thread has a core.
    share = max(reading.PIPELINED, total // workers + 1)
    return _Pool(files, temp_dir, environ, progress, share).run(workers)


class _Progress:
    """Adds up what several threads report."""

    def __init__(self, on_progress: Callable[[int], object]) -> None:
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self._done = 0

    def add(self, count: int) -> None:
        with self._lock:
            self._done += count
            self._on_progress(self._done)


def _hash_here(file: File, progress: _Progress, pipeline_from: int) -> str:
    try:
        digest, size = reading.digest_file(file.path, progress.add, pipeline_from)
    except reading.ReadingError as error:
        raise _unread(file, str(error)) from error
    if size != file.size:
        raise _unread(file, reading.CHANGED)
    return digest


def _unread(file: File, why: str) -> InputError:
    return InputError(
        f"{visible(file.name)} {why}.".replace("..", "."),
        mend="Make it readable, and see that nothing writes to it while it is hashed.",
    )


def _batches(files: Sequence[File]) -> tuple[_Batch, ...]:
    """Cut the work into portions: the largest files first, one by one, then the small ones together."""
    large = sorted((i for i, file in enumerate(files) if file.size >= _BATCH_BYTES), key=lambda i: -files[i].size)
    batches: list[_Batch] = [(index,) for index in large]
    batch: list[int] = []
    size = 0
    for index, file in enumerate(files):
        if file.size >= _BATCH_BYTES:
            continue
        batch.append(index)
        size += file.size
        if size >= _BATCH_BYTES or len(batch) == _BATCH_FILES:
            batches.append(tuple(batch))
            batch, size = [], 0
    if batch:
        batches.append(tuple(batch))
    return tuple(batches)


class _Pool:
    """This process and others over one list of batches; see `reading` for how they share it."""

    def __init__(
        self, files: Sequence[File], temp_dir: Path, environ: Mapping[str, str], progress: _Progress, pipeline_from: int
    ) -> None:
        self._files = files
        self._batches = _batches(files)
        self._jobs = b"\0\0".join(b"\0".join([files[index].path for index in batch]) for batch in self._batches)
        self._counter = temp_dir / f"next-batch-{os.urandom(8).hex()}"
        self._progress = progress
        self._pipeline_from = pipeline_from
        libraries = {name: environ[name] for name in _LIBRARY_PATHS if name in environ}
        self._environ = process.scrubbed_environment(environ, **libraries)
        self._digests = [""] * len(files)
        self._answers: list[bytes] = []
        self._errors: list[ModelsealError] = []

    def run(self, workers: int) -> tuple[str, ...]:
        """Let that many processes, this one included, hash everything."""
        others = min(workers, len(self._batches)) - 1
        counter = os.open(self._counter, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        threads = [threading.Thread(target=self._work_elsewhere, args=(counter,)) for _ in range(others)]
        try:
            for thread in threads:
                thread.start()
            self._work_here(counter)
        except BaseException:
            reading.stop(counter)
            raise
        finally:
            for thread in threads:
                thread.join()
            os.close(counter)
            self._counter.unlink(missing_ok=True)
        if self._errors:
            raise self._errors[0]
        self._read_answers()
        return tuple(self._digests)

    def _work_here(self, counter: int) -> None:
        while (number := reading.claim(counter)) < len(self._batches):
            for index in self._batches[number]:
                self._digests[index] = _hash_here(self._files[index], self._progress, self._pipeline_from)

    def _work_elsewhere(self, counter: int) -> None:
        # -S and a script instead of a module: nothing but this one file and the standard library is looked at.
        argv = [sys.executable, "-I", "-S", reading.__file__, str(self._counter), str(self._pipeline_from)]
        try:
            done = process.run(argv, env=self._environ, stdin=self._jobs, on_line=self._count)
        except ModelsealError as error:
            self._errors.append(error)
            reading.stop(counter)
        else:
            self._answers.append(done.stdout)

    def _count(self, line: str) -> None:
        if line.isascii() and line.isdigit():
            self._progress.add(int(line))

    def _read_answers(self) -> None:
        try:
            for answer in self._answers:
                for line in answer.decode().split("\n")[:-1]:
                    self._read(line)
        except (ValueError, IndexError) as error:
            raise _broken() from error
        if not all(map(len, self._digests)):
            raise _broken()

    def _read(self, line: str) -> None:
        number, *found = line.split("\t")
        batch = self._batches[int(number)]
        if found[0].startswith("!"):
            raise _unread(self._files[batch[int(found[0][1:])]], found[1])
        for index, answer in zip(batch, found, strict=True):
            if int(answer[_HEX_DIGITS + 1 :]) != self._files[index].size:
                raise _unread(self._files[index], reading.CHANGED)
            self._digests[index] = answer[:_HEX_DIGITS]


def _broken() -> ToolError:
    return ToolError("A worker process ended before its work was done.", mend="Run again with `workers` set to 1.")
