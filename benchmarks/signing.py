"""Measure signing and verifying beside model_signing, alternately and in one run, and print what the README states.

    python benchmarks/signing.py [--quick]

Both sign with the same key, and both are run as users run them, start-up included. For us, signing is two programs,
`hash-artifacts` and `attest`, which also makes the provenance; verifying is one. An image is verified by its digest and
three statements about it, for which nothing has to be hashed.

Exits with 1 when a target is missed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hashing import MEBI, ROOT, Result, alternately, make_large, make_small

PEER = Path(sys.executable).parent / "model_signing"
RELEASES = ROOT / "tests" / "assets" / "refusals"
IMAGE = ("--image", "registry.example/octo/fraud:1.0", "--digest", "sha256:" + "1f" * 32)
LARGE_TARGET, SMALL_TARGET, IMAGE_TARGET = 1.3, 5.0, 0.5


def main() -> int:
    """Run everything; returns the exit code."""
    parser = argparse.ArgumentParser(description="Measure signing and verifying beside model_signing.")
    parser.add_argument("--quick", action="store_true", help="an eighth of the data, for a first impression")
    parser.add_argument("--runs", type=int, default=5, help="how often each is run; the best counts")
    arguments = parser.parse_args()
    scale = 8 if arguments.quick else 1
    memory = Path("/dev/shm")
    place = memory if memory.is_dir() and shutil.disk_usage(memory).free > 10 * 1024 * MEBI // scale else None
    with tempfile.TemporaryDirectory(dir=place, prefix="modelseal-bench-") as folder:
        base = Path(folder)
        make_key(base)
        results = image(base, arguments.runs)  # makes the Python environment, too
        files = make_large(base / "model", 40 // scale, 100)
        results += model(base, files, f"{40 // scale} x 100 MiB", LARGE_TARGET, arguments.runs)
        shutil.rmtree(files)
        files = make_small(base / "model", 20_000 // scale)
        results += model(base, files, f"{20_000 // scale:,} x 16 KiB", SMALL_TARGET, arguments.runs)
    print(f"{os.cpu_count()} cores, {'memory' if place else 'disk'}, best of {arguments.runs}, start-up included\n")
    print("| what | modelseal | model_signing | times as fast | target | |\n| --- | --- | --- | --- | --- | --- |")
    for row in results:
        print(
            f"| {row.what} | {row.ours} | {row.peer} | {row.ratio} | {row.target} | {'met' if row.met else 'MISSED'} |"
        )
    return 0 if all(row.met for row in results) else 1


def model(base: Path, folder: Path, name: str, target: float, runs: int) -> list[Result]:
    """Compare signing a model, and verifying it."""
    signing = alternately(lambda: sign(base, folder), lambda: peer(base, "sign", folder, "--private_key"), runs)
    verifying = alternately(lambda: verify(base, folder), lambda: peer(base, "verify", folder, "--public_key"), runs)
    rows = []
    for what, (mine, theirs) in (("sign", signing), ("verify", verifying)):
        ratio = min(theirs) / min(mine)
        shown = (f"{min(mine):.2f} s", f"{min(theirs):.2f} s", f"{ratio:.2f}", f"at least {target:.1f}")
        rows.append(Result(f"{what} {name}", *shown, ratio >= target))
    return rows


def image(base: Path, runs: int) -> list[Result]:
    """Measure verifying an image that is attested: with a key, with a log's entry, with a timestamp."""
    rows = []
    for kind, name in (("key", "signed with a key"), ("keyless", "keyless"), ("unlogged", "keyless, with timestamps")):
        release = RELEASES / kind
        identity = ("--repository", "octo/model", "--trust-config", release / "trusted-root.jsonl")
        given: tuple[str | Path, ...] = ("--public-key", release / "key.pub") if kind == "key" else identity
        seconds = min(
            ours(base, "verify", *IMAGE, "--bundles", release / "bundles", *given, "--require", "provenance,spdx,vulns")
            for _ in range(runs + 1)
        )
        target = f"at most {IMAGE_TARGET} s"
        rows.append(Result(f"verify an image, {name}", f"{seconds:.2f} s", "", "", target, seconds <= IMAGE_TARGET))
    return rows


def sign(base: Path, folder: Path) -> float:
    """Sign a model with Modelseal."""
    hashed, key = base / "hashed", ("--sign", "key", "--private-key", base / "key.pem")
    seconds = ours(base, "hash-artifacts", "--paths", folder, output=hashed)
    made = ours(base, "attest", "--manifest", hashed / f"{folder.name}.manifest.json", *key, output=base / "attested")
    return seconds + made


def verify(base: Path, folder: Path) -> float:
    """Verify a model with Modelseal."""
    signature = base / "attested" / "bundles" / f"{folder.name}.sig"
    given = ("--signature", signature, "--public-key", base / "key.pub", "--require", "model-signature")
    return ours(base, "verify", "--paths", folder, *given)


def ours(base: Path, station: str, *arguments: str | Path, output: Path | None = None) -> float:
    """Run a station; returns seconds."""
    folder = output or base / "output"
    shutil.rmtree(folder, ignore_errors=True)
    return timed("bash", ROOT / "scripts" / "run", station, *arguments, "--output-dir", folder)


def peer(base: Path, what: str, folder: Path, option: str) -> float:
    """Run model_signing; returns seconds."""
    key = base / ("key.pem" if what == "sign" else "key.pub")
    return timed(PEER, what, "key", folder, "--signature", base / "peer.sig", option, key)


def timed(*argv: str | Path) -> float:
    """Run a program that must succeed; returns seconds."""
    started = time.perf_counter()
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, argv))} ended with exit code {done.returncode}:\n{done.stderr}")
    return seconds


def make_key(base: Path) -> None:
    """Make the key that both sign with."""
    kind = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    timed("openssl", "genpkey", *kind, "-out", base / "key.pem")
    timed("openssl", "pkey", "-in", base / "key.pem", "-pubout", "-out", base / "key.pub")


if __name__ == "__main__":
    sys.exit(main())
