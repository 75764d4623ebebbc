"""The errors that a user sees. Each says what happened, where, and what to do next."""

from typing import ClassVar

from modelseal.verdict import ExitCode


class ModelsealError(Exception):
    """Anything that ends a station early and that the user can do something about.

    Args:
        what: What happened, one sentence.
        where: The file, input, image or service it happened with; empty when `what` names it.
        mend: What to do next, one sentence.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.TOOL

    def __init__(self, what: str, *, where: str = "", mend: str = "") -> None:
        super().__init__(what, where, mend)
        self.what = what
        self.where = where
        self.mend = mend

    def __str__(self) -> str:
        """All three parts as one line of prose."""
        place = f" ({self.where})" if self.where else ""
        mend = f" {self.mend}" if self.mend else ""
        return f"{self.what}{place}{mend}"


class InputError(ModelsealError):
    """An input is missing, malformed, or contradicts another one."""

    exit_code = ExitCode.INPUT


class ContentError(InputError):
    """What an input leads to was read, and is no release: it is empty, or has a device or a link out of it in it."""


class ToolError(ModelsealError):
    """A tool, the network or a service failed, or gave an answer that cannot be used as evidence."""

    exit_code = ExitCode.TOOL


class VerificationFailed(ModelsealError):
    """The evidence was read, and it does not hold."""

    exit_code = ExitCode.VERIFICATION_FAILED
