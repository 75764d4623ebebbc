"""The chain beside the plain sequence that a user would write, on the same image, with the same tools and database.

Plain: Syft on the image, then Trivy on the image, both from the engine. Ours: the image saved once, then both side by
side on the archive, with all that Modelseal does around them: start-up, tools hashed, documents validated, gate judged.
Between them, the least that saving once and scanning side by side can take here: the three programs and nothing else.
Caches are cold: every Trivy run has a cache folder of its own. Prints Markdown tables; ends with 1 if a target is
missed.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "scripts")]

import trivy_db  # noqa: E402 # from the folder above
from modelseal import environment, tools  # noqa: E402 # from the folder above

IMAGE = "modelseal-benchmark:chain"
RUNS = 3
RATIO_TARGET = 0.60
OVERHEAD_TARGET = 0.4

# Ours, as the chain does it: one process, the image saved, then both stations at the same time. What the chain does
# before the image is built, or meanwhile, is done and counted here while it is saved: imports, and hashing the tools.
OURS = """
import atexit, gc
gc.set_threshold(100_000)  # both as scripts/__main__.py does
atexit.register(gc.freeze)
import os, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from modelseal.image import archive, docker
image, database, output = sys.argv[1:]
client = docker.find(os.environ, to_build=False)
saving = ThreadPoolExecutor(1).submit(archive.save, client, image, Path(output) / "image.tar")
from modelseal import chain, station
from modelseal.commands.build_image import Outputs
inputs = station.read_inputs(chain.Inputs, {"image": image, "db-dir": database, "ignore-unfixed": "true"})
context = station.Context(Path(output), dict(os.environ), Path(output) / "temporary")
context.temp_dir.mkdir()
chain.prepare(inputs, context)
saved = saving.result()
chain.side_by_side(inputs, Outputs(image=image, image_id=saved.image_id, archive=str(saved.path)), context)
"""


def main() -> int:
    """Measure, print, and tell whether the targets are met."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        database = trivy_db.unpack(work / "database", updated_at=trivy_db.now())
        build(work)
        plain, bare, ours = [], [], []
        syft, trivy = map(tool, ("syft", "trivy"))
        for number in range(RUNS):  # alternately, so that the machine's moods hit both
            for name in ("plain", "bare", "ours"):
                (work / f"{name}-{number}").mkdir()
            for name in ("plain", "bare"):
                shutil.copytree(database / "db", work / f"{name}-{number}" / "cache" / "db")
            plain.append(seconds(partial(run_plain, work / f"plain-{number}", syft, trivy)))
            bare.append(seconds(partial(run_bare, work / f"bare-{number}", syft, trivy)))
            ours.append(seconds(partial(run_ours, work / f"ours-{number}", database)))
        ratio = min(ours) / min(plain)
        print("| from the built image to SBOMs and scan | seconds | ratio | target |\n|---|---|---|---|")
        print(f"| Syft, then Trivy | {min(plain):.2f} | 1.00 | |")
        print(f"| Saved once, both side by side, and no more | {min(bare):.2f} | {min(bare) / min(plain):.2f} | |")
        print(f"| Modelseal, the saving included | {min(ours):.2f} | **{ratio:.2f}** | {RATIO_TARGET:.2f} |\n")
        missed = ratio > RATIO_TARGET
        print("| what our Python adds to a station | seconds | target |\n|---|---|---|")
        for name, added in overheads(work, database):
            print(f"| `{name}` | {added:.2f} | {OVERHEAD_TARGET:.2f} |")
            missed = missed or added > OVERHEAD_TARGET
        print()
    return int(missed)


def build(work: Path) -> None:
    """Build the sample project's image, with the larger set of requirements."""
    project = work / "project"
    shutil.copytree(ROOT / "tests/assets/sample-project", project)
    fetch = [str(project / "fetch_wheels.sh"), "requirements-vulnerable.txt", "3.11"]
    subprocess.run(fetch, check=True, env={**os.environ, "PYTHON": sys.executable}, stderr=subprocess.DEVNULL)
    arguments = ("BASE_IMAGE=modelseal-base:bookworm", "PIP_NO_INDEX=1", "REQUIREMENTS=requirements-vulnerable.txt")
    build_args = [part for argument in arguments for part in ("--build-args", argument)]
    modelseal(
        "build-image", "--image", IMAGE, "--context", str(project), *build_args, "--pull", "false",
        "--output-dir", str(work / "built"),
    )  # fmt: skip


def run_plain(folder: Path, syft: str, trivy: str) -> None:
    """Run the two tools one after the other, as their documentation shows."""
    for argv in (inventory(folder, syft, IMAGE), scan(folder, trivy, IMAGE)):
        subprocess.run(argv, check=True, env=cold(folder))


def run_bare(folder: Path, syft: str, trivy: str) -> None:
    """Save the image and run the two tools on the archive at the same time, each as fast as we know how to."""
    archive = folder / "image.tar"
    subprocess.run(["docker", "save", "--output", archive, IMAGE], check=True)
    environ = {**cold(folder), "GOGC": "400", "GOMEMLIMIT": "2GiB", "SYFT_PARALLELISM": str(os.cpu_count())}
    commands = (inventory(folder, syft, f"docker-archive:{archive}"), scan(folder, trivy, "--input", str(archive)))
    running = [subprocess.Popen(argv, env=environ) for argv in commands]
    if [code for process in running if (code := process.wait())]:
        sys.exit("a tool failed")


def inventory(folder: Path, syft: str, source: str) -> list[str]:
    """Return the command that makes both SBOMs."""
    return [syft, source, "-q", "-o", f"spdx-json={folder}/spdx.json", "-o", f"cyclonedx-json={folder}/cdx.json"]


def scan(folder: Path, trivy: str, *source: str) -> list[str]:
    """Return the command that scans."""
    options = ("--skip-db-update", "--skip-java-db-update", "--offline-scan", "--format", "json")
    places = ("--cache-dir", str(folder / "cache"), "--output", str(folder / "trivy.json"))
    return [trivy, "image", "-q", *places, *options, *source]


def cold(folder: Path) -> dict[str, str]:
    """Return the environment of a tool that has never run here."""
    return {**os.environ, "XDG_CACHE_HOME": str(folder), "SYFT_CHECK_FOR_APP_UPDATE": "false"}


def run_ours(folder: Path, database: Path) -> None:
    """Save once, and run both at the same time, as the chain does."""
    python = environment.location(ROOT / "scripts" / "requirements.lock", os.environ) / "bin" / "python"
    code = f"import sys; sys.path.insert(0, {str(ROOT / 'scripts')!r})\n{OURS}"
    subprocess.run([python, "-I", "-c", code, IMAGE, str(database), str(folder)], check=True, stderr=subprocess.DEVNULL)


def overheads(work: Path, database: Path) -> list[tuple[str, float]]:
    """Measure each station's time without that of the programs it ran, the best of three."""
    archive = next((work / "built").glob("*.tar"))
    model = ROOT / "tests/assets/sample-project/model"
    stations = {
        "build-image": ("--image", IMAGE, "--context", str(work / "project"), "--pull", "false",
                        "--build-args", "BASE_IMAGE=modelseal-base:bookworm", "--build-args", "PIP_NO_INDEX=1",
                        "--build-args", "REQUIREMENTS=requirements-vulnerable.txt"),
        "scan-image": ("--archive", str(archive), "--db-dir", str(database), "--ignore-unfixed", "true"),
        "hash-artifacts": ("--paths", str(model)),
    }  # fmt: skip
    measured = []
    for name, arguments in stations.items():
        added = []
        for number in range(RUNS):
            output = work / f"{name}-{number}"
            started = time.perf_counter()
            log = modelseal(name, *arguments, "--output-dir", str(output))
            added.append(time.perf_counter() - started - sum(durations(log)))
        measured.append((name, min(added)))
    return measured


def durations(log: str) -> list[float]:
    """Read how long the programs ran that a station started; it says so when RUNNER_DEBUG is 1."""
    return [float(line.rpartition("after ")[2].split()[0]) for line in log.splitlines() if " ended with " in line]


def modelseal(*arguments: str) -> str:
    """Run a station as users do, and return its log. The gate may fail."""
    completed = subprocess.run(
        ["bash", str(ROOT / "scripts/run"), *arguments],
        env={**os.environ, "RUNNER_DEBUG": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if completed.returncode not in (0, 10):
        sys.exit(f"{arguments[0]} ended with {completed.returncode}:\n{completed.stderr[-2000:]}")
    return completed.stderr


def tool(name: str) -> str:
    """Return the same executable that the stations use."""
    return str(tools.provide(name, "", tools_dir=None, environ=os.environ).path)


def seconds(action: Callable[[], None]) -> float:
    """Measure one run."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
