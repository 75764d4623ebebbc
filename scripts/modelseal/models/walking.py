"""Look into one file and all that is packed in it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from modelseal.models import expansion
from modelseal.models import format as formats
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found, Member, Requires, Traced, Unread
from modelseal.models.faults import LimitReached, Malformed, OutOfTime
from modelseal.models.format import Format
from modelseal.models.reading_rules import AMBIGUOUS, BOMB, DISGUISED, LIMIT, UNREAD, UNRECOGNISED
from modelseal.models.texts import kind
from modelseal.models.texts.kind import Kind

_CHECKPOINTS = frozenset({".pth", ".pt", ".ckpt"})
# Endings of packed data and pictures, which no text has; of data, which no program is; and of texts, which may look
# like a program without being one.
_PACKED = _CHECKPOINTS | frozenset(
    {".bin", ".pkl", ".pickle", ".joblib", ".h5", ".hdf5", ".npy", ".npz", ".parquet", ".png", ".jpg", ".jpeg", ".gif"}
    | {".pdf", ".zip", ".tar", ".gz"}
)
_DATA = _PACKED | frozenset({".dat", ".weights", ".params", ".pb", ".json", ".model"})
_TEXTS = frozenset({".md", ".rst", ".txt", ".jsonl", ".yaml", ".yml", ".toml", ".cfg", ".csv", ".tsv", ".xml"})
_SCRIPTS = frozenset({"python", "script"})
_MARKUP = "xml"  # and pages


@dataclass(frozen=True, slots=True)
class Placed:
    """What was found, and in which member of which members of the file; empty for the file itself."""

    found: Found
    members: tuple[str, ...]
    format: str


@dataclass(frozen=True, slots=True)
class Report:
    """All that is known of one file.

    Attributes:
        size: In bytes.
        formats: What it is: the formats' names, the file's own first, then those of all that is packed in it.
        findings: In the order in which they were found, each once.
        requires: What loading it would run or fetch, with the members in which it says so.
        traced: The steps of programs in it, where they were asked for, with their members.
    """

    size: int
    formats: tuple[str, ...]
    findings: tuple[Placed, ...]
    requires: tuple[tuple[Requires, tuple[str, ...]], ...]
    traced: tuple[tuple[Traced, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class _Walk:
    budget: Budget
    formats: dict[str, None] = field(default_factory=dict)
    findings: dict[Placed, None] = field(default_factory=dict)
    requires: dict[tuple[Requires, tuple[str, ...]], None] = field(default_factory=dict)
    traced: list[tuple[Traced, tuple[str, ...]]] = field(default_factory=list)


def inspect(content: Content, name: str, budget: Budget) -> Report:
    """Look into a file. What was found before a limit was reached counts in any case.

    Args:
        content: Its bytes.
        name: What it is called. Its ending is only compared with what the bytes are.
        budget: What that may cost.
    """
    walk = _Walk(budget)
    try:
        _enter(walk, Member(name, content), ())
    except OutOfTime:
        walk.findings[Placed(Found(LIMIT, "it takes more time to read than one file may"), (), "")] = None
    return Report(len(content), tuple(walk.formats), tuple(walk.findings), tuple(walk.requires), tuple(walk.traced))


def _enter(walk: _Walk, member: Member, members: tuple[str, ...]) -> None:
    found = formats.recognised(member.content)
    for placed in _identity(member, found):
        walk.findings[Placed(placed, members, found[0].name if found else "")] = None
    doubtful = _written_as(member, found) is not None
    for item in found:
        walk.formats[item.name] = None
        doubtful |= not _read(walk, member, members, item)
    # A few bytes that say what it is may stand before something else, which a lenient loader finds.
    for item in formats.otherwise(member.content) if doubtful else ():
        if item not in found:
            _read(walk, member, members, item)


def _identity(member: Member, found: tuple[Format, ...]) -> Iterator[Found]:
    """Tell where bytes are of no format, of several, or of another than they should be."""
    if factor := expansion.enormous(member.content):
        yield Found(BOMB, f"it unpacks to {len(member.content) >> 20:,} MiB, {factor:,} times its size")
    names = {name for item in found for name in (item.name, *item.refines)}
    if len(found) > 1:
        yield Found(AMBIGUOUS, f"it is {' and '.join(item.title for item in found)} at once")
    if language := _written_as(member, found):
        yield Found(AMBIGUOUS, f"it is {found[0].title}, and what it begins with is {language}")
    ending = _ending(member.name)
    promised = {item.name for item in formats.known() if ending in item.extensions}
    expected = promised | ({member.known} if member.known else set())
    if expected and not expected & names and not any(item.stands_in for item in found):
        titles = " or ".join(sorted(item.title for item in formats.known() if item.name in expected))
        holds = " and ".join(item.title for item in found) or "something else"
        yield Found(DISGUISED, f"it should be {titles} and is {holds}")
    elif found and _pretends(found[0].name, ending, member.content):
        yield Found(DISGUISED, f"its name promises data and it is {found[0].title}")
    elif not found and len(member.content):
        yield Found(UNRECOGNISED, "its bytes are of no known format", evidence=repr(member.content.read(0, 64)))


def _written_as(member: Member, found: tuple[Format, ...]) -> Kind | None:
    """Return the language that packed data begin with, whose readers may stop at their end or not mind the rest."""
    packed = bool(found) and all(item.data and not item.last for item in found)
    return kind.beginning(member.content) if packed else None


def _pretends(kind: str, ending: str, content: Content) -> bool:
    """Tell whether a name promises data, for bytes that are a page, or a program: a text is one if it says so."""
    if kind == _MARKUP:
        return ending in _PACKED
    return kind in _SCRIPTS and (ending in _DATA or (ending in _TEXTS and content.read(0, 2) == b"#!"))


def _ending(name: str) -> str:
    """Return the ending of a name that promises something; PyTorch's examples call checkpoints `.pth.tar`."""
    path = PurePosixPath(name.lower())
    return "" if path.suffix == ".tar" and PurePosixPath(path.stem).suffix in _CHECKPOINTS else path.suffix


def _read(walk: _Walk, member: Member, members: tuple[str, ...], kind: Format) -> bool:
    """Let a format tell what it reads, and return whether the bytes are of it to their end."""

    def place(found: Found) -> None:
        walk.findings[Placed(found, members, kind.name)] = None

    try:
        for event in kind.inspect(member.content, walk.budget):
            _take(walk, event, members, kind)
    except Malformed as fault:
        place(Found(UNREAD, fault.what, fault.offset))
        return False
    except LimitReached as fault:
        place(Found(LIMIT, fault.what))
    except (MemoryError, RecursionError):
        place(Found(LIMIT, "it takes more memory to read than one file may"))
    return True


def _take(walk: _Walk, event: Event, members: tuple[str, ...], kind: Format) -> None:
    match event:
        case Found():
            walk.budget.finding()
            walk.findings[Placed(event, members, kind.name)] = None
        case Unread():
            walk.findings[Placed(Found(UNREAD, event.what, event.offset), members, kind.name)] = None
        case Requires():
            walk.requires[event, members] = None
        case Traced():
            walk.traced.append((event, members))
        case Member():
            walk.budget.member()
            walk.budget.depth(len(members) + 1)
            _enter(walk, event, (*members, event.name))
