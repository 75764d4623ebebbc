"""The words every room uses for how a station ended."""

from enum import IntEnum, StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    """What a gate, a check or a station concluded. `ERROR` means: nothing was concluded."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"


class ExitCode(IntEnum):
    """The exit codes of the contract. Users branch on them, so they never change their meaning."""

    PASSED = 0
    BUG = 1
    INPUT = 2
    TOOL = 3
    GATE_FAILED = 10
    VERIFICATION_FAILED = 11

    @property
    def verdict(self) -> Verdict:
        """The `result` output that belongs to this exit code."""
        if self is ExitCode.PASSED:
            return Verdict.PASSED
        if self in (ExitCode.GATE_FAILED, ExitCode.VERIFICATION_FAILED):
            return Verdict.FAILED
        return Verdict.ERROR


class Annotation(NamedTuple):
    """A message on the run's page.

    Attributes:
        level: `error`, `warning` or `notice`.
        text: It, whatever is in it.
        file: Where in the repository it is shown; empty for nowhere in particular.
    """

    level: str
    text: str
    file: str = ""
