"""Measure `modelseal hash-artifacts` beside openssl, alternately and in one run, and print what the README states.

    python benchmarks/hashing.py [--quick]

Ours is run as users run it, from `bash scripts/run`, the start-up of everything included. The peers: `openssl speed`,
which hashes one block in the core's cache over and over, and so is the limit of the machine; and `openssl dgst` over
what `find` finds, shared between the cores by `xargs`. The files lie in memory (`/dev/shm`) where there is room, or
where `--folder` says, so that no disk is measured: on one, they are read from the page cache.

Exits with 1 when a target is missed.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MEBI = 1 << 20
MEMORY_LIMIT_MB = 200.0


@dataclass(frozen=True)
class Result:
    """One row: both figures, their ratio, and whether that is good enough."""

    what: str
    ours: str
    peer: str
    ratio: str
    target: str
    met: bool


def main() -> int:
    """Run everything; returns the exit code."""
    parser = argparse.ArgumentParser(description="Measure hashing beside openssl.")
    parser.add_argument("--quick", action="store_true", help="an eighth of the data, for a first impression")
    parser.add_argument("--runs", type=int, default=3, help="how often each is run; the best counts")
    parser.add_argument("--folder", type=Path, help="where to put the files, 4 GiB at a time")
    arguments = parser.parse_args()
    scale = 8 if arguments.quick else 1
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    memory = Path("/dev/shm")
    fits = memory.is_dir() and shutil.disk_usage(memory).free > 2 * 5 * 1024 * MEBI // scale
    place = arguments.folder or (memory if fits else Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(dir=place, prefix="modelseal-bench-") as folder:
        base = Path(folder)
        ours(base, make_small(base / "warm-up", 1))  # makes the Python environment
        results = [
            small(base, 20_000 // scale, cores, arguments.runs),
            large(base, 40 // scale, cores, arguments.runs),
            *huge(base, 4096 // scale, arguments.runs),
        ]
    print(f"{cores} cores, files in {place}, best of {arguments.runs}, start-up included\n")
    print("| files | modelseal | openssl | ratio | target | |\n| --- | --- | --- | --- | --- | --- |")
    for row in results:
        print(
            f"| {row.what} | {row.ours} | {row.peer} | {row.ratio} | {row.target} | {'met' if row.met else 'MISSED'} |"
        )
    return 0 if all(row.met for row in results) else 1


def small(base: Path, count: int, cores: int, runs: int) -> Result:
    """Compare the time for many small files with one `openssl dgst` process for each core."""
    folder = make_small(base / "small", count)
    share = -(-count // cores)

    def peer() -> float:
        started = time.perf_counter()
        hash_them = ["xargs", "-0", f"-P{cores}", "-n", str(share), "-s", "2000000", "openssl", "dgst", "-sha256"]
        with subprocess.Popen(["find", folder, "-type", "f", "-print0"], stdout=subprocess.PIPE) as found:
            subprocess.run(hash_them, stdin=found.stdout, stdout=subprocess.DEVNULL, check=True)
        return time.perf_counter() - started

    mine, theirs = alternately(lambda: ours(base, folder)[0], peer, runs)
    shutil.rmtree(folder)
    ratio = min(mine) / min(theirs)
    return Result(
        f"{count:,} x 16 KiB",
        f"{min(mine):.2f} s",
        f"{min(theirs):.2f} s",
        f"{ratio:.2f}",
        "at most 1.60",
        ratio <= 1.6,
    )


def large(base: Path, count: int, cores: int, runs: int) -> Result:
    """Compare the throughput of large files with the limit of all cores."""
    folder = make_large(base / "large", count, 100)
    mine, theirs = alternately(lambda: ours(base, folder)[0], lambda: -speed(cores), runs)
    shutil.rmtree(folder)
    return throughput(f"{count} x 100 MiB", count * 100 * MEBI / min(mine), -min(theirs), 0.80)


def huge(base: Path, size: int, runs: int) -> list[Result]:
    """Compare the throughput of one very large file with the limit of one core, and look at the memory it took."""
    folder = make_large(base / "huge", 1, size)
    peaks: list[float] = []

    def run() -> float:
        seconds, peak = ours(base, folder)
        peaks.append(peak)
        return seconds

    mine, theirs = alternately(run, lambda: -speed(1), runs)
    shutil.rmtree(folder)
    what = f"1 x {size} MiB"
    peak = max(peaks)
    return [
        throughput(what, size * MEBI / min(mine), -min(theirs), 0.90),
        Result(f"{what}, peak memory", f"{peak:.0f} MB", "", "", "under 200 MB", peak < MEMORY_LIMIT_MB),
    ]


def throughput(what: str, mine: float, theirs: float, target: float) -> Result:
    """Make the row for two figures in bytes a second."""
    ratio = mine / theirs
    shown = (f"{mine / 1e9:.2f} GB/s", f"{theirs / 1e9:.2f} GB/s")
    return Result(what, *shown, f"{ratio:.2f}", f"at least {target:.2f}", ratio >= target)


def alternately(first: Callable[[], float], second: Callable[[], float], runs: int) -> tuple[list[float], list[float]]:
    """Run both in turn, so that what else the machine does hits both."""
    pairs = [(first(), second()) for _ in range(runs)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def ours(base: Path, folder: Path) -> tuple[float, float]:
    """Hash a folder with Modelseal; returns seconds and the largest process's peak memory in MB."""
    argv = [
        "bash",
        str(ROOT / "scripts/run"),
        "hash-artifacts",
        "--paths",
        str(folder),
        "--output-dir",
        str(base / "out"),
    ]
    started = time.perf_counter()
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"hash-artifacts ended with exit code {process.returncode}")
    # Kilobytes on Linux, bytes on macOS. Of a process that was waited for, and of those that it waited for.
    return seconds, usage.ru_maxrss / (1000 if sys.platform == "linux" else 1_000_000)


def speed(cores: int) -> float:
    """Return the bytes a second that `openssl speed` reaches on some cores, by the clock."""
    argv = ["openssl", "speed", "-elapsed", "-evp", "sha256", "-bytes", str(MEBI), "-seconds", "2"]
    if cores > 1:
        argv += ["-multi", str(cores)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    match = re.search(r"^sha256\s+([\d.]+)k$", done.stdout, re.MULTILINE | re.IGNORECASE)
    if match is None:
        raise SystemExit(f"openssl speed printed something else:\n{done.stdout}")
    return float(match[1]) * 1000


def make_small(folder: Path, count: int) -> Path:
    """Make files of 16 KiB, at most a thousand in a folder."""
    content = os.urandom(16 << 10)
    for index in range(count):
        path = folder / f"{index // 1000:02}" / f"{index % 1000:04}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(index.to_bytes(8, "big") + content[8:])
    os.sync()  # what is still to be written would be, while we measure
    return folder


def make_large(folder: Path, count: int, mebibytes: int) -> Path:
    """Make files of a size."""
    folder.mkdir()
    content = os.urandom(MEBI)
    for index in range(count):
        with (folder / f"{index:02}.bin").open("wb") as file:
            for _ in range(mebibytes):
                file.write(content)
    os.sync()
    return folder


if __name__ == "__main__":
    sys.exit(main())
