"""How long it takes to check the SBOMs of an image: Modelseal beside the libraries it uses, unaided, in one run.

    python benchmarks/sbom_validation.py                       # of modelseal-base:bookworm
    python benchmarks/sbom_validation.py --image python:3.12   # of another image that the engine has
    python benchmarks/sbom_validation.py --archive image.tar   # of a saved one

Each way runs in a process of its own and checks the same bytes with the same rules. Seconds of processor time, so that
what else the machine does counts little; the best of three, but of one for spdx-tools, which takes long. The unaided
way comes first, so that it has no advantage from files read before it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"
sys.path.insert(0, str(SCRIPTS))

from modelseal import tools  # noqa: E402
from modelseal.image import archive as saved  # noqa: E402
from modelseal.image import docker  # noqa: E402
from modelseal.report import markdown  # noqa: E402
from modelseal.sbom import sources, syft  # noqa: E402
from modelseal.sbom.documents import Format  # noqa: E402

PLAIN_SPDX = """
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
IMPORTED = process_time()
assert validate_full_spdx_document(parse_file(FILE)) == []
"""
PLAIN_CYCLONEDX = """
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
IMPORTED = process_time()
with open(FILE, encoding="utf-8") as file:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(file.read()) is None
"""
OURS = """
from pathlib import Path
from modelseal.sbom import validation
from modelseal.sbom.documents import Format
validation.preload([Format(FORMAT)])
IMPORTED = process_time()
validation.validate(Path(FILE), Format(FORMAT))
"""


def measure(program: str, file: Path, format_: Format, times: int) -> tuple[float, float]:
    """Return the seconds for the imports and for the check, each the best of `times`."""
    head = f"import sys\nfrom time import process_time\nsys.path.insert(0, {str(SCRIPTS)!r})\nSTART = process_time()\n"
    head += f"FILE, FORMAT = {str(file)!r}, {format_.value!r}\n"
    tail = "\nprint(IMPORTED - START, process_time() - IMPORTED)\n"
    runs = []
    for _ in range(times):
        result = subprocess.run(
            [sys.executable, "-c", head + program + tail], check=True, stdout=subprocess.PIPE, text=True
        )
        runs.append(tuple(map(float, result.stdout.split())))
    return min(run[0] for run in runs), min(run[1] for run in runs)


def size(files: dict[Format, Path]) -> str:
    """Say how large the documents are."""
    spdx = json.loads(files[Format.SPDX].read_bytes())
    parts = ("packages", "files", "relationships")
    components = len(json.loads(files[Format.CYCLONEDX].read_bytes())["components"])
    return ", ".join(f"{len(spdx.get(part, ())):,} {part}" for part in parts) + f"; {components:,} components"


def main() -> None:
    """Make the documents, measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image", default="modelseal-base:bookworm")
    parser.add_argument("--archive", type=Path)
    parser.add_argument("--syft", default="1.18.1", help="version of the lock")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if arguments.archive:
            image = saved.read(arguments.archive)
        else:
            image = saved.save(docker.find(os.environ, to_build=False), arguments.image, folder / "image.tar")
        source = sources.of_archive(image.path, name="benchmark", version=image.image_id)
        executable = tools.provide("syft", arguments.syft, tools_dir=None, environ=os.environ).path
        files = syft.generate(executable, source, tuple(Format), folder, environ=os.environ)
        rows = []
        for format_, plain, times in ((Format.SPDX, PLAIN_SPDX, 1), (Format.CYCLONEDX, PLAIN_CYCLONEDX, 3)):
            theirs = measure(plain, files[format_], format_, times)
            ours = measure(OURS, files[format_], format_, 3)
            for what, one, other in zip(("import", "check"), theirs, ours, strict=True):
                cells = (f"{one:.2f} s", f"{other:.2f} s", f"{other / one:.3f}")
                rows.append((f"{format_.label}: {what}", *cells))
        print(f"{size(files)}\n")
        print(markdown.table(("", "unaided", "Modelseal", "ratio"), rows))


if __name__ == "__main__":
    main()
