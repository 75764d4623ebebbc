"""Enter the hash-locked environment, then run the command line."""

import atexit
import gc
import signal
import sys
from pathlib import Path

# Imports make thousands of objects and no garbage. To look for it all the same, now and once more at the end, takes a
# fifth of a short station's time.
gc.set_threshold(100_000)
atexit.register(gc.freeze)

# Until the station is there to say so, Ctrl-C just ends it: Python's own answer can get lost between two imports.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from modelseal import environment  # noqa: E402 # gains by the above

environment.enter(Path(__file__).resolve().parent)

from modelseal.cli import main  # noqa: E402 # its imports are only there inside the environment

sys.exit(main())
