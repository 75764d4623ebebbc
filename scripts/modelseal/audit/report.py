"""Say what a log was found to be, for people."""

import json
from collections.abc import Iterator, Sequence

from modelseal.attestation.rejection import Rejection
from modelseal.audit import line
from modelseal.audit.chain import Chain
from modelseal.audit.checkpoint import Checkpoint
from modelseal.report import markdown

_SHOWN = 20
_NAME = 60  # of a subject, in the table


def mismatch(name: str, signed: Checkpoint, found: Chain) -> str:
    """Say how a log differs from what a checkpoint says of it; empty if it does not."""
    if not signed.size:
        return f"checkpoint {name}: it covers no entry, and so proves nothing"
    if signed.size > found.size:
        return (
            f"checkpoint {name}: it covers {signed.size} entries, and the log has {found.size}: "
            f"the last {signed.size - found.size} were removed"
        )
    if found.roots[signed.size] != signed.root:
        return f"checkpoint {name}: the first {signed.size} entries are not those that were signed for"
    return ""


def headline(name: str, found: Chain, reasons: Sequence[str], signed: Sequence[Checkpoint]) -> str:
    """Say it in one line."""
    shown = markdown.visible(name)
    if reasons:
        more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
        return f"{shown} has been changed, or cannot be trusted: {markdown.visible(reasons[0])}{more}"
    return f"{shown}: {_entries(found.size)}, {_coverage(found, signed)}"


def summary(name: str, found: Chain, reasons: Sequence[str], signed: Sequence[Checkpoint], verifier_key: str) -> str:
    """Say it in Markdown, with the last entries."""
    return "\n".join(_parts(name, found, reasons, signed, verifier_key))


def _parts(
    name: str, found: Chain, reasons: Sequence[str], signed: Sequence[Checkpoint], verifier_key: str
) -> Iterator[str]:
    if reasons:
        yield f"### Audit log {markdown.code(name)} cannot be trusted\n"
        yield from (f"- {markdown.escape(reason)}" for reason in reasons[:_SHOWN])
        if len(reasons) > _SHOWN:
            yield f"- and {len(reasons) - _SHOWN} more"
        yield ""
    else:
        yield f"### Audit log {markdown.code(name)}: {_entries(found.size)}\n"
        yield f"Every entry follows the one before it, {_coverage(found, signed)}.\n"
        yield f"The last one's hash is {markdown.code(found.head)}.\n"
    if verifier_key:
        yield f"A new checkpoint is signed by {markdown.code(verifier_key)}.\n"
    yield from (f"- line {each.line}: {markdown.escape(each.reason)}" for each in found.remarks[:_SHOWN])
    if found.remarks:
        yield ""
    if found.last:
        yield markdown.table(
            ("Entry", "Time", "Station", "Result", "Who", "Subject", "Statements"), map(_row, found.last)
        )


def _coverage(found: Chain, signed: Sequence[Checkpoint]) -> str:
    if not signed:
        return "without a checkpoint to show that the end is there"
    covered = max(each.size for each in signed)
    if covered == found.size:
        return "all of them signed for by a checkpoint"
    return f"the first {covered} of them signed for by a checkpoint"


def _entries(count: int) -> str:
    return f"{count} {'entry' if count == 1 else 'entries'}"


def _row(content: bytes) -> tuple[str, ...]:
    """Show one line; what is no entry is shown as that."""
    try:
        line.read(content)
    except Rejection:
        return ("?", "", "", "no entry", "", "", "")
    read = json.loads(content)
    if read["event"] == "repair":
        what = f"{read['removed']['bytes']} bytes of an entry that was cut off were removed"
        return (str(read["sequence"]), markdown.escape(read["time"][:19]), "", "repaired", "", what, "")
    subjects, who = read["subjects"], read["who"]
    first = f"{subjects[0]['name'][:_NAME]} {subjects[0]['sha256'][:12]}" if subjects else ""
    more = f" and {len(subjects) - 1} more" if len(subjects) > 1 else ""
    by = " ".join(who[name][:_NAME] for name in ("user", "actor", "repository", "run-id") if name in who)
    return (
        str(read["sequence"]),
        markdown.escape(read["time"][:19]),
        read["station"],
        f"{read['result']} ({read['exit-code']})",
        markdown.escape(by),
        markdown.escape(first) + more,
        str(len(read["statements"])),
    )
