"""Copy a folder back from where caches are kept: the one of the key, else the newest that begins as it may."""

import os
import shutil
import sys
from pathlib import Path
from urllib.parse import quote

caches = Path(os.environ["END_TO_END_CACHES"])
exact = caches / quote(os.environ["KEY"], safe="")
beginnings = [quote(line, safe="") for line in os.environ["RESTORE_KEYS"].split()]
others = [
    path
    for beginning in beginnings
    for path in sorted(caches.glob(f"{beginning}*"), key=lambda path: -path.stat().st_mtime)
]
found = exact if exact.is_dir() else next(iter(others), None)
if found is not None:
    shutil.copytree(found, os.environ["FOLDER"], dirs_exist_ok=True)
sys.stderr.write(f"Cache restored from key: {found.name}\n" if found else "Cache not found\n")
with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as outputs:
    outputs.write(f"cache-hit={str(found == exact).lower() if found else ''}\n")
