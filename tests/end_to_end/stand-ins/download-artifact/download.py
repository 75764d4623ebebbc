"""Copy one artifact of this run, or all, into a folder."""

import os
import shutil
import sys
from pathlib import Path

kept = Path(os.environ["END_TO_END_ARTIFACTS"], os.environ["NAME"])
if not kept.is_dir():
    sys.exit(f"there is no artifact named {kept.name}")
shutil.copytree(kept, os.environ["FOLDER"] or ".", dirs_exist_ok=True)
