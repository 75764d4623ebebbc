"""What a release is called in the names of files that are written about it."""

import re

from modelseal.errors import InputError
from modelseal.report.markdown import visible

_FILE_NAME = re.compile(r"\w[\w.+@-]{0,99}", re.ASCII)


def checked(name: str) -> str:
    """Return a name that somebody gave.

    Raises:
        InputError: It cannot be part of a file's name.
    """
    if not _FILE_NAME.fullmatch(name):
        raise InputError(
            f"{visible(name)} cannot be part of a file's name.",
            where="input `name`",
            mend="Use up to 100 letters, digits and `._+@-`, with a letter or digit first.",
        )
    return name


def sanitised(name: str) -> str:
    """Make a file's or folder's own name into one that is safe everywhere."""
    safe = re.sub(r"[^\w.+@-]+", "-", name, flags=re.ASCII).lstrip(".+@-")[:100]
    return safe or "artifacts"
