"""Model scanning: what is found, what is wrongly accused, and what it costs, beside other scanners.

    python benchmarks/models.py

The corpus is that of the tests, each file under a name that its kind usually has, for some tools go by that. Each tool
looks at the same files, in one process over all of them, its start-up included once. A malicious file counts as found
when the tool reports something dangerous in it, and as `silent` when it says nothing at all; a benign one counts as a
false alarm when the tool reports anything that would stop a pipeline. A class of the user's own, which nobody can vet,
is left out of the false alarms: it must be named, and is.

Then the sizes: a 2 GB PyTorch checkpoint, a 5 GB safetensors file, a 600 MB pickle with its payload last, three million
opcodes. Prints Markdown tables; ends with 1 if a target is missed.
"""

import json
import os
import pickle
import resource
import struct
import subprocess
import sys
import tempfile
import time
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "scripts")]

from assets.models import case as corpus  # noqa: E402 # from the folder above

PEERS = {
    "picklescan": ("picklescan==1.0.5", "numpy==2.4.6"),
    "picklescan --strict": ("picklescan==1.0.5", "numpy==2.4.6"),
    "modelscan": ("modelscan==0.8.8",),
    "fickling": ("fickling==0.1.12", "typing_extensions==4.16.0"),
    "hayward": ("hayward==1.4.1",),
}
# The magic of containers; what else has no name of its own in the corpus is a pickle.
ENDINGS = (
    (b"PK", ".zip"), (b"\x1f\x8b", ".gz"), (b"BZh", ".bz2"), (b"\xfd7zXZ", ".xz"), (b"7z\xbc\xaf", ".7z"),
    (b"\x93NUMPY", ".npy"), (b"\x28\xb5\x2f\xfd", ".zst"), (b"\x04\x22\x4d\x18", ".lz4"),
)  # fmt: skip
DETECTION, FALSE_ALARMS, SECONDS = 0.99, 0.02, 0.1
GB = 1_000_000_000
MB = 1_000_000


@dataclass(frozen=True)
class Scored:
    """How a tool did: shares of the corpus, and seconds a file."""

    found: float
    silent: int
    alarms: float
    seconds: float


def main() -> int:
    """Measure, print, and tell whether the targets are met."""
    with tempfile.TemporaryDirectory() as folder:
        return int(_compared(Path(folder)) | _sizes(Path(folder)))


def _compared(folder: Path) -> bool:
    cases = {f"{number:04}": item for number, item in enumerate(corpus.every())}
    files = 0
    for number, item in cases.items():
        for name, content in item.files.items():
            path = folder / "cases" / number / _usual(item.name, name, content)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            files += 1
    malicious = {number for number, item in cases.items() if item.expected == "malicious"}
    benign = {number for number, item in cases.items() if item.expected == "benign"}
    print(f"{len(malicious)} malicious and {len(benign)} benign cases, {files} files.\n")
    print("| tool | found | silent | false alarms | seconds a file |\n|---|---|---|---|---|")

    def scored(flagged: set[str], noted: set[str], seconds: float) -> Scored:
        return Scored(
            len(flagged & malicious) / len(malicious), len(malicious - noted), len(noted & benign) / len(benign),
            seconds / files,
        )  # fmt: skip

    ours = scored(*_ours(folder))
    _row("**modelseal**", ours)
    better = True
    for peer, requirements in PEERS.items():
        told = json.loads(_run(_python(requirements), HERE / "model_peers.py", peer, folder / "cases"))
        flagged = set(told["flagged"])
        theirs = scored(flagged, flagged | set(told["failed"]), told["seconds"])
        # What a tool could not read is no false alarm of it, and no silence either.
        theirs = Scored(theirs.found, theirs.silent, len(flagged & benign) / len(benign), theirs.seconds)
        _row(peer, theirs)
        better &= ours.found >= theirs.found and ours.alarms <= theirs.alarms
    print()
    met = ours.found >= DETECTION and ours.alarms <= FALSE_ALARMS and ours.seconds <= SECONDS and not ours.silent
    return not (better and met)


def _usual(case: str, name: str, content: bytes) -> str:
    """Return the name that such a file usually has, where the corpus says nothing of it."""
    if name != "model.bin":
        return name
    family = case.partition("/")[0]
    by_magic = (ending for magic, ending in ENDINGS if content.startswith(magic))
    return f"model{'.pt' if family == 'torch' else next(by_magic, '.pkl')}"


def _ours(folder: Path) -> tuple[set[str], set[str], float]:
    """Return the cases with something dangerous, those with anything that is not clean, and seconds."""
    started = time.perf_counter()
    # One process, as the peers have; by default there is one for each core.
    _scan(folder / "cases", folder / "out", "--workers", "1")
    seconds = time.perf_counter() - started
    verdict = json.loads(next((folder / "out").glob("*.verdict.json")).read_bytes())
    noted = {(finding["path"].split("/")[0], finding["severity"]) for finding in verdict["findings"]}
    dangerous = {number for number, severity in noted if severity in ("CRITICAL", "HIGH", "MEDIUM")}
    return dangerous, dangerous | {number for number, severity in noted if severity == "UNKNOWN"}, seconds


def _row(tool: str, scored: Scored) -> None:
    print(f"| {tool} | {scored.found:.1%} | {scored.silent} | {scored.alarms:.1%} | {scored.seconds:.3f} |", flush=True)


def _python(requirements: tuple[str, ...]) -> Path:
    """Make a peer's environment, once."""
    folder = ROOT / ".cache" / "peers" / requirements[0]
    if not (folder / "made").is_file():
        venv.create(folder, with_pip=True, clear=True)
        _run(folder / "bin" / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", *requirements)
        (folder / "made").touch()
    return folder / "bin" / "python"


def _run(*argv: str | Path) -> bytes:
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE).stdout


def _scan(path: Path, output: Path, *options: str) -> int:
    done = subprocess.run(
        ["bash", ROOT / "scripts" / "run", "scan-model", "--paths", path, "--output-dir", output, *options],
        check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=output.parent,
    )  # fmt: skip
    if done.returncode not in (0, 10):
        raise SystemExit(f"scan-model ended with {done.returncode} for {path}")
    return done.returncode


# --- sizes ---------------------------------------------------------------------------------------------------------

# What is scanned, whether it is to pass, seconds, and MB of memory.
SIZES = {
    "2 GB PyTorch checkpoint": (0, 1.0, 150),
    "5 GB safetensors": (0, 1.0, 150),
    "600 MB pickle, its payload last": (10, 5.0, 300),
    "three million opcodes": (0, 4.0, 300),
}


def _sizes(folder: Path) -> bool:
    missed = False
    print("| file | seconds | target | peak memory | target |\n|---|---|---|---|---|")
    for (title, (expected, seconds, memory)), make in zip(SIZES.items(), MAKERS, strict=True):
        path = folder / "large"
        make(path)
        best, peak = min(_measured(path, folder, expected) for _ in range(3))
        path.unlink()
        missed |= best > seconds or peak > memory
        print(f"| {title} | {best:.2f} | {seconds:g} | {peak:.0f} MB | {memory} MB |", flush=True)
    return missed


def _measured(path: Path, folder: Path, expected: int) -> tuple[float, float]:
    """Return seconds, and MB of memory of the largest of the processes; in a process of its own, for that."""
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        started = time.perf_counter()
        right = _scan(path, folder / "out") == expected
        seconds = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (1000 if sys.platform == "linux" else MB)
        os.write(write, json.dumps([seconds, peak]).encode())
        os._exit(0 if right else 1)
    _, status = os.waitpid(child, 0)
    os.close(write)
    with os.fdopen(read, "rb") as file:
        seconds, peak = json.loads(file.read())
    if status:
        raise SystemExit("the verdict is not what it must be")
    return seconds, peak


def _checkpoint(path: Path) -> None:
    """Write what `torch.save({"w": tensor})` does, with one float storage of 2 GB."""
    count = 2 * GB // 4
    program = (
        b"\x80\x02}q\x00X\x01\x00\x00\x00wq\x01ctorch._utils\n_rebuild_tensor_v2\nq\x02((X\x07\x00\x00\x00storageq\x03"
        b"ctorch\nFloatStorage\nq\x04X\x01\x00\x00\x000q\x05X\x03\x00\x00\x00cpuq\x06J"
        + struct.pack("<i", count)
        + b"tq\x07QK\x00J"
        + struct.pack("<i", count)
        + b"\x85q\x08K\x01\x85q\x09\x89ccollections\nOrderedDict\nq\x0a)Rq\x0btq\x0cRq\x0ds."
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("large/data.pkl", program)
        archive.writestr("large/byteorder", b"little")
        with archive.open(zipfile.ZipInfo("large/data/0"), "w", force_zip64=True) as storage:
            for _ in range(count * 4 // (16 * MB)):
                storage.write(bytes(16 * MB))
        archive.writestr("large/version", b"3\n")


def _safetensors(path: Path) -> None:
    size = 5 * GB // 100
    header = {
        f"layer.{number}": {"dtype": "F16", "shape": [size // 2], "data_offsets": [number * size, number * size + size]}
        for number in range(100)
    }
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + 100 * size)


def _payload_last(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"\x80\x04]\x94(")
        for _ in range(600):
            file.write(b"B" + struct.pack("<I", MB) + bytes(MB))
        file.write(b"cposix\nsystem\n\x8c\x04true\x85Re.")


def _opcodes(path: Path) -> None:
    path.write_bytes(pickle.dumps([[number, str(number)] for number in range(450_000)], protocol=4))


MAKERS = (_checkpoint, _safetensors, _payload_last, _opcodes)


if __name__ == "__main__":
    sys.exit(main())
