"""Enter the hash-locked environment, then run the command line."""

import sys
from pathlib import Path

from modelseal import environment

environment.enter(Path(__file__).resolve().parent)

from modelseal.cli import main  # noqa: E402 # its imports are only there inside the environment

sys.exit(main())
