"""What pickles would import and call, found without unpickling anything.

`trace` has the words: values and steps. `program` interprets a stream of opcodes as the unpicklers of CPython would,
with symbols in place of objects; `judgement` says what is safe, dangerous or unknown of its steps.
"""

from typing import Final

PERSISTENT: Final = "pickle-persistent"
"""Where a content's memo has what its pickles leave to their loader, once they were read to their end: for containers
whose other members are named there."""
