"""Every benchmark in one run; prints the tables of the README's section on figures. Ends with 1 if a target is missed.

Run it on a machine that does nothing else: `make bench`.
"""

import os
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PARTS = (
    ("The chain", "chain.py"),
    ("Hashing", "hashing.py"),
    ("Signing and verifying", "signing.py"),
    ("Checking SBOMs", "sbom_validation.py"),
    ("The gate on large reports", "gate.py"),
    ("Model scanning", "models.py"),
    ("The stations' environment", "environment.py"),
)


def main() -> int:
    """Run each part in a process of its own, so that none warms up another."""
    print(f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}.\n")
    missed = []
    for title, file in PARTS:
        print(f"### {title}\n", flush=True)
        if subprocess.run([sys.executable, HERE / file], check=False).returncode != 0:
            missed.append(title)
        print(flush=True)
    if missed:
        print(f"Targets missed: {', '.join(missed)}.")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
