"""Copy a folder to where caches are kept; a key is written once."""

import os
import shutil
import sys
from pathlib import Path
from urllib.parse import quote

kept = Path(os.environ["END_TO_END_CACHES"]) / quote(os.environ["KEY"], safe="")
if not Path(os.environ["FOLDER"]).is_dir():
    sys.exit(f"there is no folder {os.environ['FOLDER']}")
try:
    kept.mkdir()
except FileExistsError:
    sys.stderr.write("Failed to save: there is a cache with this key already\n")
    sys.exit(0)  # as it ends on GitHub
shutil.copytree(os.environ["FOLDER"], kept, dirs_exist_ok=True)
