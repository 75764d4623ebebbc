"""Why something could not be read to its end. Neither is ever the end of a scan: both become findings."""


class Malformed(Exception):
    """Bytes are not what their format says they must be.

    Args:
        what: What is wrong, in words that begin with `it` and have no full stop.
        offset: Where, in bytes from the beginning of the content; None when that is not known.
    """

    def __init__(self, what: str, offset: int | None = None) -> None:
        super().__init__(what, offset)
        self.what = what
        self.offset = offset


class LimitReached(Exception):
    """A limit on what one file may cost was reached.

    Args:
        what: Which, in words that begin with `it` and have no full stop.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class OutOfTime(Exception):
    """The time for one file is over. Raised from outside, wherever the reader happens to be; only the walk ends it."""
