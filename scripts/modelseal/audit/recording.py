"""Record what a station does, however it ends.

with recording.of("attest", inputs.audit_log, context.environ) as record:
    ...
    record.accepts([(image, digest)], [(bundle, predicate_type, signer), ...])
    record.ends(outcome.exit_code, outcome.headline)
"""

import contextlib
import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from modelseal.errors import InputError, ModelsealError
from modelseal.verdict import ExitCode

if TYPE_CHECKING:
    from modelseal.audit.entry import Statement, Subject

logger = logging.getLogger(__name__)


class Record:
    """What is known of a run so far; `of` writes it down in the end.

    Attributes:
        subjects: What the run is about.
        statements: What was signed, or was accepted.
        policy: SHA-256 of the policy; empty without one.
        exit_code: How it ended: a bug, until something else is known.
        message: The conclusion in one line.
    """

    def __init__(self, *, kept: bool = True) -> None:
        self._kept = kept
        self.subjects: tuple[Subject, ...] = ()
        self.statements: tuple[Statement, ...] = ()
        self.policy = ""
        self.exit_code = ExitCode.BUG
        self.message = ""

    def ends(self, exit_code: ExitCode, message: str) -> None:
        """Say how the run ended."""
        self.exit_code = exit_code
        self.message = message

    def accepts(self, subjects: Iterable[tuple[str, str]], bundles: Iterable[tuple[bytes, str, str]]) -> None:
        """Say what the run is about, and what was signed or accepted.

        Args:
            subjects: Name and SHA-256 of each; those without one are left out.
            bundles: Each as it is stored, what it states, and who signed it.
        """
        if not self._kept:
            return
        from modelseal.audit import entry  # noqa: PLC0415 # most runs are not recorded

        self.subjects = tuple(entry.Subject(name, sha256) for name, sha256 in dict.fromkeys(subjects) if sha256)
        self.statements = tuple(entry.statement_of(*bundle) for bundle in bundles)


def refuse_among(written: Iterable[Path], path: Path | None) -> None:
    """Refuse a log that is a file which the run writes anew: what was there before would be gone.

    Raises:
        InputError: It is.
    """
    if path is not None and path.resolve() in [each.resolve() for each in written]:
        raise InputError(
            "This run writes that file anew, and an audit log is only ever appended to.",
            where=f"input `audit-log`, {path}",
            mend="Give another path as `audit-log`.",
        )


def check(path: Path | None) -> None:
    """Try the log, if there is one, before the work that is recorded in it.

    Raises:
        InputError: The log's path cannot be used.
        ToolError: The log cannot be written to.
        VerificationFailed: The log's end has been changed.
    """
    if path is not None:
        from modelseal.audit import log  # noqa: PLC0415 # as above

        log.check(path)


@contextlib.contextmanager
def of(station: str, path: Path | None, environ: Mapping[str, str]) -> Iterator[Record]:
    """Record a run in the log when the block ends, with its error if it ends with one.

    The log is tried before the block begins, so that nothing is signed that could not be recorded. A run that passed
    and cannot be recorded has not passed; one that failed keeps its own error.

    Args:
        station: `attest` or `verify`.
        path: The log; nothing is recorded without one.
        environ: The environment, for who runs it.

    Raises:
        InputError: The log's path cannot be used.
        ToolError: The log cannot be written to.
        VerificationFailed: The log's end has been changed.
    """
    record = Record(kept=path is not None)
    check(path)
    try:
        yield record
    except BaseException as error:
        if isinstance(error, ModelsealError):
            record.ends(error.exit_code, error.what)
        else:  # what it says is not for a log: it may hold anything
            machine = isinstance(error, OSError)
            record.ends(ExitCode.TOOL if machine else ExitCode.BUG, type(error).__name__)
        try:
            _write(station, path, environ, record)
        except (ModelsealError, OSError) as second:
            logger.error("this run is missing in the audit log: %s", second)  # noqa: TRY400 - a sentence, no bug
        raise
    _write(station, path, environ, record)


def _write(station: str, path: Path | None, environ: Mapping[str, str], record: Record) -> None:
    if path is None:
        return
    from modelseal.audit import entry, log  # noqa: PLC0415 # as above

    run = entry.Run(
        station,
        entry.who_runs(environ),
        record.exit_code,
        record.subjects,
        record.statements,
        record.policy,
        record.message,
    )
    number = log.append(path, run)
    logger.info("recorded in %s as entry %d", path, number)
