"""Copy a folder, or a file, to where this run's artifacts are kept."""

import os
import shutil
import sys
from pathlib import Path

source = Path(os.environ["FILES"])
target = Path(os.environ["END_TO_END_ARTIFACTS"], os.environ["NAME"])
hidden = os.environ["INCLUDE_HIDDEN_FILES"] == "true"


def left_out(_folder: str, names: list[str]) -> list[str]:
    return [] if hidden else [name for name in names if name.startswith(".")]


if target.exists():
    sys.exit(f"an artifact named {target.name} exists already")
if source.is_dir():
    shutil.copytree(source, target, ignore=left_out)
elif source.is_file():
    target.mkdir(parents=True)
    shutil.copy(source, target)
elif os.environ["IF_NO_FILES_FOUND"] == "error":
    sys.exit(f"no files were found: {source}")
