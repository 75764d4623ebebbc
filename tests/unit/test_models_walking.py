"""The walk through a file: what formats tell is kept whatever happens afterwards, and limits are never silent."""

from collections.abc import Callable, Iterable, Iterator

import pytest

from modelseal.gate.finding import Severity
from modelseal.models import budget, walking
from modelseal.models import format as formats
from modelseal.models.budget import DEPTH, FINDINGS, Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found, Member, Requires, Traced, Unread
from modelseal.models.event import Fetches as Kind
from modelseal.models.faults import LimitReached, Malformed, OutOfTime
from modelseal.models.format import Format
from modelseal.models.rule import Rule
from modelseal.models.walking import Report

RULE = Rule(
    id="made-up", title="Something", severity=Severity.HIGH, happens="It.", remedy="Do.", atlas=(), cwe=(),
)  # fmt: skip
FOUND = Found(RULE, "it is here")
Inspect = Callable[[Content, Budget], Iterable[Event]]


def made_up(name: str, magic: bytes, inspect: Inspect, **more: object) -> Format:
    def recognises(content: Content) -> bool:
        return content.read(0, len(magic)) == magic

    return Format(name=name, title=name.upper(), recognises=recognises, inspect=inspect, **more)  # type: ignore[arg-type]


def telling(*events: Event | Exception) -> Inspect:
    def inspect(_content: Content, _budget: Budget) -> Iterator[Event]:
        for event in events:
            if isinstance(event, Exception):
                raise event
            yield event

    return inspect


@pytest.fixture
def walk(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Report]:
    def inspect(*known: Format, content: bytes = b"A", name: str = "model") -> Report:
        monkeypatch.setattr(formats, "known", lambda: known)
        return walking.inspect(Content(content), name, Budget())

    return inspect


def rules(report: Report) -> list[str]:
    return [placed.found.rule.id for placed in report.findings]


Walk = Callable[..., Report]


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        (Malformed("it is cut off", 7), "unread"),
        (LimitReached("it is too large"), "limit-reached"),
        (MemoryError(), "limit-reached"),
        (RecursionError(), "limit-reached"),
        (OutOfTime(), "limit-reached"),
    ],
)
def test_what_was_told_before_the_end_counts_and_the_end_is_told(walk: Walk, fault: Exception, rule: str) -> None:
    report = walk(made_up("a", b"A", telling(FOUND, fault)))
    assert rules(report) == ["made-up", rule]
    assert report.formats == ("a",)


def test_bug_in_a_format_is_not_hidden(walk: Walk) -> None:
    with pytest.raises(ZeroDivisionError):
        walk(made_up("a", b"A", telling(ZeroDivisionError())))


def test_everything_is_told_with_its_place(walk: Walk) -> None:
    requires = Requires(Kind.CODE, "a.b")
    traced = Traced(3, "import os", "dangerous")
    inner = made_up("b", b"B", telling(FOUND, requires, traced, Unread("it is odd", 5)))
    report = walk(made_up("a", b"A", telling(Member("x", Content(b"B")))), inner)
    assert [(placed.found.rule.id, placed.members, placed.format) for placed in report.findings] == [
        ("made-up", ("x",), "b"),
        ("unread", ("x",), "b"),
    ]
    assert report.requires == ((requires, ("x",)),)
    assert report.traced == ((traced, ("x",)),)
    assert report.formats == ("a", "b")


def test_equal_findings_count_once(walk: Walk) -> None:
    assert rules(walk(made_up("a", b"A", telling(FOUND, FOUND)))) == ["made-up"]


def test_content_that_holds_itself_ends_at_a_depth(walk: Walk) -> None:
    report = walk(made_up("a", b"A", telling(Member("again", Content(b"A")))))
    assert rules(report) == ["limit-reached"]
    assert len(report.findings[0].members) == DEPTH


def test_too_many_members_are_told(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MEMBERS", 50)

    def inspect(_content: Content, _budget: Budget) -> Iterator[Event]:
        for number in range(55):
            yield Member(str(number), Content(b""))

    assert rules(walk(made_up("a", b"A", inspect))) == ["limit-reached"]


def test_too_many_findings_are_cut_and_told(walk: Walk) -> None:
    events = [Found(RULE, f"it is here {number}") for number in range(FINDINGS + 5)]
    assert rules(walk(made_up("a", b"A", telling(*events)))) == ["made-up"] * FINDINGS + ["limit-reached"]


def test_bytes_of_two_formats_are_read_as_both(walk: Walk) -> None:
    report = walk(made_up("a", b"A", telling(FOUND)), made_up("b", b"A", telling()))
    assert rules(report) == ["ambiguous", "made-up"]
    assert report.formats == ("a", "b")


def test_refined_format_is_not_ambiguous(walk: Walk) -> None:
    report = walk(made_up("a", b"A", telling(FOUND)), made_up("b", b"A", telling(), refines=("a",)))
    assert (report.formats, rules(report)) == (("b",), [])


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("m.aaa", b"A", []),
        ("m.AAA", b"A", []),
        ("m.aaa", b"B", ["disguised"]),
        ("m.aaa", b"?", ["disguised"]),
        ("m.bbb", b"A", ["disguised"]),
        ("m.other", b"A", []),
        ("m.other", b"?", ["unrecognised"]),
        ("m.other", b"", []),
        ("m.aaa", b"", ["disguised"]),
    ],
)
def test_name_is_only_compared_with_what_the_bytes_are(
    walk: Walk, name: str, content: bytes, expected: list[str]
) -> None:
    first = made_up("a", b"A", telling(), extensions=(".aaa",))
    second = made_up("b", b"B", telling(), extensions=(".bbb",))
    assert rules(walk(first, second, content=content, name=name)) == expected


def test_no_name_contradicts_what_stands_in_for_a_file(walk: Walk) -> None:
    first = made_up("a", b"A", telling(), extensions=(".aaa",))
    second = made_up("b", b"B", telling(FOUND), stands_in=True)
    assert rules(walk(first, second, content=b"B", name="m.aaa")) == ["made-up"]


@pytest.mark.parametrize(("events", "expected"), [((), []), ((Malformed("it is cut off"),), ["unread", "made-up"])])
def test_broken_file_is_looked_into_as_anything_else(
    walk: Walk, events: tuple[Exception, ...], expected: list[str]
) -> None:
    report = walk(made_up("a", b"A", telling(*events)), made_up("b", b"A", telling(FOUND), last=True))
    assert rules(report) == expected


def test_pickle_behind_the_magic_of_another_format_is_found() -> None:
    payload = b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94."
    for head in (b"GGUF", b"\x89HDF\r\n\x1a\n", b"\x93NUMPY\x09\x09"):
        report = walking.inspect(Content(head + payload), "model", Budget())
        assert "pickle-dangerous-call" in rules(report), head
