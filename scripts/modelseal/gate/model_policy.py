"""What fails of what is found in model files, and which formats may be where."""

from collections.abc import Iterable
from dataclasses import dataclass

from modelseal.gate.finding import SERIOUS, Severity

# What a finding's `status` says, where its severity does not say all.
UNREAD = "unread"
DENIED = "denied"


@dataclass(frozen=True)
class ModelRule:
    """Other terms for some files. Of the rules that match a file the first counts; what is None is as without it.

    Attributes:
        paths: Glob patterns of files' paths, at least one.
        fail_on: The severities that fail.
        unknown_fails: Whether what nobody has vetted fails.
        unread_fails: Whether what could not be read fails.
        allowed_formats: What the files may be; empty for as without the rule.
        denied_formats: What neither they nor anything packed in them may be; empty for as without the rule.
        line: In the policy file.
    """

    paths: tuple[str, ...]
    fail_on: frozenset[Severity] | None = None
    unknown_fails: bool | None = None
    unread_fails: bool | None = None
    allowed_formats: tuple[str, ...] = ()
    denied_formats: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True)
class Models:
    """What fails of model files. Everything is reported all the same.

    Attributes:
        fail_on: The severities that fail, UNKNOWN never among them.
        unknown_fails: Whether what nobody has vetted fails: a class of one's own in a pickle.
        unread_fails: Whether what could not be read fails.
        allowed_globals: Names of what somebody has vetted, in full: `acme.features.Scaler`.
        allowed_formats: What files may be; empty for anything.
        denied_formats: What neither files nor anything packed in them may be.
        rules: Other terms for some files.
    """

    fail_on: frozenset[Severity] = SERIOUS
    unknown_fails: bool = True
    unread_fails: bool = True
    allowed_globals: tuple[str, ...] = ()
    allowed_formats: tuple[str, ...] = ()
    denied_formats: tuple[str, ...] = ()
    rules: tuple[ModelRule, ...] = ()

    @property
    def named_formats(self) -> tuple[tuple[str, int], ...]:
        """Every format that is named, with the line of the rule that names it; 0 for none."""
        own = [(name, 0) for name in (*self.allowed_formats, *self.denied_formats)]
        return (
            *own,
            *((name, rule.line) for rule in self.rules for name in (*rule.allowed_formats, *rule.denied_formats)),
        )


def and_worse(severities: Iterable[Severity]) -> frozenset[Severity]:
    """Return severities with all that are worse: where HIGH fails, CRITICAL does. UNKNOWN has a key of its own."""
    least = max((item.rank for item in severities if item is not Severity.UNKNOWN), default=-1)
    return frozenset(item for item in Severity if item.rank <= least and item is not Severity.UNKNOWN)
