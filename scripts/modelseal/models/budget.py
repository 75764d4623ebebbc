"""What looking into one file may cost. The limits are fixed: the same bytes give the same verdict everywhere."""

from modelseal.models.faults import LimitReached

MIB = 1 << 20

DEPTH = 8
MEMBERS = 200_000
EXPANDED = 4096 * MIB
RATIO = 1100  # what DEFLATE can reach is 1,032: https://zlib.net/zlib_tech.html
RATIO_FROM = 64 * MIB
STEPS = 20_000_000
FINDINGS = 1000


class Budget:
    """Counts what one file, and all that is packed in it, has cost so far.

    Args:
        traces: Whether the steps of programs in it are wanted (`Traced`).
    """

    def __init__(self, *, traces: bool = False) -> None:
        self.traces = traces
        self._members = 0
        self._expanded = 0
        self._steps = 0
        self._findings = 0

    def member(self) -> None:
        """Count something packed in it.

        Raises:
            LimitReached: There are too many.
        """
        self._members += 1
        if self._members > MEMBERS:
            raise LimitReached(f"it has more than {MEMBERS:,} members")

    def expanded(self, size: int) -> None:
        """Count bytes that were unpacked.

        Raises:
            LimitReached: They are too many.
        """
        self._expanded += size
        if self._expanded > EXPANDED:
            raise LimitReached(f"it unpacks to more than {EXPANDED // MIB:,} MiB")

    def steps(self, count: int) -> None:
        """Count instructions, nodes or records that were looked at.

        Raises:
            LimitReached: They are too many.
        """
        self._steps += count
        if self._steps > STEPS:
            raise LimitReached(f"it takes more than {STEPS:,} steps to read")

    def finding(self) -> None:
        """Count something that was found.

        Raises:
            LimitReached: There are too many.
        """
        self._findings += 1
        if self._findings > FINDINGS:
            raise LimitReached(f"it has more than {FINDINGS:,} findings")

    def depth(self, depth: int) -> None:
        """Note how many containers something is packed in.

        Raises:
            LimitReached: They are too many.
        """
        if depth > DEPTH:
            raise LimitReached(f"it is packed more than {DEPTH} times")
