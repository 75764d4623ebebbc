"""Copy one artifact of this run, or several, into a folder."""

import os
import shutil
import sys
from pathlib import Path

artifacts, folder = Path(os.environ["END_TO_END_ARTIFACTS"]), Path(os.environ["FOLDER"] or ".")
if name := os.environ["NAME"]:
    if not (artifacts / name).is_dir():
        sys.exit(f"there is no artifact named {name}")
    shutil.copytree(artifacts / name, folder, dirs_exist_ok=True)
else:
    for artifact in artifacts.glob(os.environ["PATTERN"] or "*"):
        shutil.copytree(artifact, folder / artifact.name, dirs_exist_ok=True)
