"""The audit log: what is written survives, and what is changed is found."""

import hashlib
import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import jsonschema
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

import audit_logs
from audit_logs import chained, lines, run, ticking, written
from modelseal.audit import chain, entry, grammar, log, recording
from modelseal.audit.chain import verify_chain
from modelseal.audit.entry import LogEntry, Place, Repair, Statement, Subject
from modelseal.errors import InputError, ModelsealError, ToolError, VerificationFailed
from modelseal.verdict import ExitCode

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs" / "schemas" / "audit-entry.schema.json").read_bytes())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
WHOLE = lines(6)
OTHER = chained([run(number, message="of another log") for number in range(6)])
TEXT = b"".join(WHOLE)
FIRST = Place(0, entry.BEFORE_THE_FIRST)
# What the child processes below run: entries until they are killed, or as many as they are told to.
WRITER = """
import sys
sys.path[:0] = sys.argv[1:3]
import audit_logs
from pathlib import Path
from modelseal.audit import log
for number in range(int(sys.argv[4])):
    log.append(Path(sys.argv[3]), audit_logs.run(number, message=sys.argv[5] * int(sys.argv[6])))
    sys.stdout.write("x")
    sys.stdout.flush()
"""


def writer(path: Path, count: int, name: str, size: int = 1) -> subprocess.Popen[bytes]:
    folders = [str(ROOT / "scripts"), str(ROOT / "tests")]
    arguments = [sys.executable, "-c", WRITER, *folders, str(path), str(count), name, str(size)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE)


def problems(path: Path) -> list[tuple[int, str]]:
    return [(each.line, each.reason) for each in verify_chain(path).problems]


def is_found(path: Path, data: bytes) -> bool:
    path.write_bytes(data)
    return bool(verify_chain(path).problems)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("audit") / "audit.jsonl"


# --- what an entry is ----------------------------------------------------------------------------------------------


def test_entries_are_what_the_published_schema_says(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    for number in range(3):
        assert log.append(path, run(number)) == number
    path.write_bytes(path.read_bytes() + WHOLE[0][:40])
    assert log.append(path, run(3, policy="", message="", statements=(), subjects=())) == 4
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    entries = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert [each["event"] for each in entries] == ["run", "run", "run", "repair", "run"]
    for each in entries:
        VALIDATOR.validate(each)
    assert verify_chain(path).problems == ()


def test_hashes_are_what_the_documentation_says(tmp_path: Path) -> None:
    previous = "0" * 64
    for number, line in enumerate(WHOLE):
        read = json.loads(line)
        own = read.pop("hash")
        assert hashlib.sha256(rfc8785.dumps(read)).hexdigest() == own
        assert (read["previous"], read["sequence"]) == (previous, number)
        previous = own
    assert verify_chain(written(tmp_path / "log", WHOLE)).head == previous


TEXTS = st.one_of(
    st.text(max_size=30),
    st.text(alphabet=st.characters(categories=["Cs", "Cc", "Cf", "Zl", "Zp"]), max_size=10),
    st.sampled_from(
        ["\n", '"', "\\", "\x7f", "\u2028", "\ud800", "\0", "{}[],", '","hash":"', "x" * 5000, "\U0001f512"]
    ),
)
DIGESTS = st.binary(min_size=32, max_size=32).map(bytes.hex)
STATEMENTS = st.builds(
    Statement, TEXTS, DIGESTS, TEXTS, st.none() | st.builds(LogEntry, DIGESTS, st.integers(0, 2**53 - 1))
)
RUNS = st.builds(
    entry.Run,
    station=st.sampled_from(["attest", "verify"]),
    who=st.dictionaries(st.sampled_from(grammar.WHO), TEXTS),
    exit_code=st.sampled_from(ExitCode),
    subjects=st.lists(st.builds(Subject, TEXTS, DIGESTS), max_size=3).map(tuple),
    statements=st.lists(STATEMENTS, max_size=3).map(tuple),
    policy=st.just("") | DIGESTS,
    message=TEXTS,
)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(RUNS | st.builds(Repair, st.binary(max_size=9)), min_size=1, max_size=4),
    st.integers(0, 2**32).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
)
def test_hostile_values_make_whole_entries(events: list[entry.Run | Repair], at: datetime) -> None:
    made, place = [], FIRST
    for event in events:
        line = entry.encode(event, place, at)
        place = Place(place.sequence + 1, audit_logs.own_hash(line))
        made.append(line)
        assert b"\n" not in line
        read = json.loads(line)
        assert rfc8785.dumps(read) == line
        VALIDATOR.validate(read)
    reading = chain._Reading(0)
    for line in made:
        reading.take(line, is_end=False)
    assert reading.concluded({}).problems == ()


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "x", "run", "b" * 64, "passed"]),
        lambda inner: (
            st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["", "x", "name"]), inner, max_size=2)
        ),
        max_leaves=4,
    ),
    st.data(),
)
def test_schema_and_grammar_agree(value: object, data: st.DataObject) -> None:
    # A member anywhere in an entry is replaced, removed or added: either both take it, or neither.
    document = json.loads(WHOLE[1])
    holder = document
    while True:
        key = data.draw(
            st.sampled_from(sorted(holder)) if isinstance(holder, dict) else st.sampled_from(range(len(holder)))
        )
        inner = holder[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            break
        holder = inner
    if isinstance(value, dict) and isinstance(holder, dict) and "x" in value:
        holder["x"] = value["x"]
    elif value is None:
        del holder[key]
    else:
        holder[key] = value
    accepted = grammar.ENTRY.fullmatch(rfc8785.dumps(document).decode()) is not None
    assert accepted == VALIDATOR.is_valid(document)


def test_a_long_text_is_cut_and_says_so() -> None:
    line = json.loads(
        entry.encode(run(message="x" * 1_000_000, subjects=(Subject("é" * 2000, "a" * 64),)), FIRST, datetime.now(UTC))
    )
    assert line["message"] == "x" * 1000 + "… (999000 more)"
    assert line["subjects"][0]["name"] == "é" * 1000 + "… (1000 more)"


@pytest.mark.parametrize(
    "changes",
    [
        {"policy": "sha1:abc"},
        {"subjects": (Subject("x", "A" * 64),)},
        {"statements": (Statement("x", ""),)},
        {"subjects": (Subject("x", "a" * 64),) * 4097},
        {"subjects": (Subject("\0" * 1000, "a" * 64),) * 1500},
    ],
)
def test_what_is_no_entry_is_refused_and_nothing_is_written(tmp_path: Path, changes: dict[str, object]) -> None:
    path = written(tmp_path / "log", WHOLE)
    with pytest.raises(InputError):
        log.append(path, run(**changes))  # type: ignore[arg-type]
    assert path.read_bytes() == TEXT


def test_bundle_is_described_by_its_bytes_and_its_place_in_the_transparency_log() -> None:
    key_id = "wNI9atQGlz+VWfO6LRygH4QUfY/8W4RFwiT5i5WRgB0="
    bundle = json.dumps(
        {"verificationMaterial": {"tlogEntries": [{"logIndex": "25579", "logId": {"keyId": key_id}}]}}
    ).encode()
    made = entry.statement_of(bundle, audit_logs.PROVENANCE, "octo")
    assert made.bundle == hashlib.sha256(bundle).hexdigest()
    # Rekor's log ID, as its own interface writes it.
    assert made.log == LogEntry("c0d23d6ad406973f9559f3ba2d1ca01f84147d8ffc5b8445c224f98b9591801d", 25579)


@pytest.mark.parametrize(
    "bundle",
    [
        b"",
        b"[]",
        b"{}",
        b'{"verificationMaterial":{"tlogEntries":[]}}',
        b'{"verificationMaterial":{"tlogEntries":[{"logIndex":"x","logId":{"keyId":"AAAA"}}]}}',
        b'{"verificationMaterial":{"tlogEntries":[{"logIndex":"-1","logId":{"keyId":"AAAA"}}]}}',
        b'{"verificationMaterial":{"tlogEntries":[{"logIndex":"9999999999999999","logId":{"keyId":"AAAA"}}]}}',
        b'{"verificationMaterial":{"tlogEntries":[{"logIndex":"1","logId":{"keyId":"?"}}]}}',
        b'{"verificationMaterial":{"tlogEntries":[{"logIndex":"1","logId":{"keyId":""}}]}}',
        b'{"verificationMaterial":{"tlogEntries":[{"logIndex":"1"}]}}',
    ],
)
def test_bundle_without_a_place_in_a_transparency_log(bundle: bytes) -> None:
    assert entry.statement_of(bundle, "x").log is None


def test_who_runs() -> None:
    environ = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTOR": "octocat",
        "GITHUB_RUN_ID": "7",
        "GITHUB_TOKEN": "secret",
        "GITHUB_SHA": "",
    }
    assert entry.who_runs(environ) == {"actor": "octocat", "run-id": "7"}
    (name,) = entry.who_runs({"GITHUB_ACTOR": "not on GitHub", "USER": "not what the system says"}).items()
    assert name[0] == "user"
    assert name[1] not in ("", "not what the system says")


@pytest.mark.parametrize("hours", [-11, 0, 5.75, 14])
def test_times_are_written_in_utc_whatever_the_time_zone(hours: float) -> None:
    at = audit_logs.START.astimezone(timezone(timedelta(hours=hours)))
    assert json.loads(entry.encode(run(), FIRST, at))["time"] == "2026-11-22T23:21:51.123456Z"


def test_two_machines_in_two_time_zones_write_one_log(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log.append(path, run(), clock=lambda: datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))))
    log.append(path, run(), clock=lambda: datetime(2025, 12, 31, 23, 30, tzinfo=UTC))
    found = verify_chain(path)
    assert (found.problems, found.remarks) == ((), ())


def test_clock_that_goes_backwards_is_recorded_and_told(tmp_path: Path) -> None:
    path = tmp_path / "log"
    clock = ticking(step=timedelta(hours=-1))
    for number in range(3):
        log.append(path, run(number), clock=clock)
    found = verify_chain(path)
    assert found.problems == ()
    assert [each.line for each in found.remarks] == [2, 3]


# --- what is changed is found --------------------------------------------------------------------------------------


def test_whole_log_holds(tmp_path: Path) -> None:
    found = verify_chain(written(tmp_path / "log", WHOLE), sizes=(3, 6, 9), last=2)
    assert (found.size, found.problems, found.remarks, found.problem_count) == (6, (), (), 0)
    assert [line + b"\n" for line in found.last] == WHOLE[-2:]
    assert set(found.roots) == {3, 6}
    assert found.roots[6] == found.root


@settings(max_examples=250, deadline=None)
@given(st.integers(0, len(TEXT) - 1), st.integers(0, 255))
def test_any_edited_byte_is_found(scratch: Path, at: int, byte: int) -> None:
    edited = TEXT[:at] + bytes([byte]) + TEXT[at + 1 :]
    assert is_found(scratch, edited) == (edited != TEXT)


@pytest.mark.parametrize("number", [0, 5])
@pytest.mark.slow
def test_every_edited_byte_of_the_structure_is_found(scratch: Path, number: int) -> None:
    line = WHOLE[number]
    start = sum(map(len, WHOLE[:number]))
    for at in {match.start() for match in re.finditer(rb'[{}\[\]:,"\n]', line)}:
        for byte in b' x}"\0\r\n':
            edited = TEXT[: start + at] + bytes([byte]) + TEXT[start + at + 1 :]
            assert is_found(scratch, edited) == (edited != TEXT), (at, byte)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(TEXT)), st.binary(min_size=1, max_size=3))
def test_any_inserted_byte_is_found(scratch: Path, at: int, data: bytes) -> None:
    edited = TEXT[:at] + data + TEXT[at:]
    # After the last line break the beginning of an entry is one whose writing was cut off, and is told as that.
    told = at == len(TEXT) and grammar.is_cut_off(data)
    assert is_found(scratch, edited) == (not told)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(TEXT) - 2), st.integers(1, 3))
def test_any_removed_byte_is_found(scratch: Path, at: int, count: int) -> None:
    edited = TEXT[:at] + TEXT[min(at + count, len(TEXT) - 1) :]
    assert is_found(scratch, edited)


@pytest.mark.parametrize("number", range(len(WHOLE) - 1))
def test_removed_line_is_named(tmp_path: Path, number: int) -> None:
    path = written(tmp_path / "log", WHOLE[:number] + WHOLE[number + 1 :])
    assert problems(path) == [(number + 1, f"it is entry {number + 1}, and 1 before it are missing, from {number}")]


@pytest.mark.parametrize("number", range(len(WHOLE)))
def test_duplicated_line_is_named(tmp_path: Path, number: int) -> None:
    path = written(tmp_path / "log", WHOLE[: number + 1] + WHOLE[number:])
    found = problems(path)
    assert found == [(number + 2, f"it is entry {number}, and entry {number + 1} belongs here")]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 5), st.integers(0, 5))
def test_swapped_lines_are_found(scratch: Path, one: int, two: int) -> None:
    moved = [*WHOLE]
    moved[one], moved[two] = moved[two], moved[one]
    assert is_found(scratch, b"".join(moved)) == (one != two)


@settings(deadline=None)
@given(st.permutations(range(6)))
def test_reordered_lines_are_found(scratch: Path, order: list[int]) -> None:
    assert is_found(scratch, b"".join(WHOLE[number] for number in order)) == (order != sorted(order))


@settings(deadline=None)
@given(st.integers(0, 6), st.integers(0, 6))
def test_two_logs_in_one_are_found(scratch: Path, head: int, tail: int) -> None:
    spliced = WHOLE[:head] + OTHER[tail:]
    is_one_log = spliced in [WHOLE[:head], OTHER] and bool(spliced)
    assert is_found(scratch, b"".join(spliced)) == (not is_one_log)


def test_edited_entry_with_its_own_hash_made_anew_is_found_in_the_next(tmp_path: Path) -> None:
    forged = json.loads(WHOLE[2])
    del forged["hash"]
    forged["result"] = "failed"
    forged["hash"] = hashlib.sha256(rfc8785.dumps(forged)).hexdigest()
    path = written(tmp_path / "log", [*WHOLE[:2], rfc8785.dumps(forged) + b"\n", *WHOLE[3:]])
    assert problems(path) == [(4, "it does not name the hash of the entry before it")]


def test_every_edited_line_is_named_and_only_those(tmp_path: Path) -> None:
    edited = [*WHOLE]
    edited[1] = edited[1].replace(b"run 1", b"run 9")
    edited[4] = edited[4].replace(b'"passed"', b'"failed"')
    path = written(tmp_path / "log", edited)
    assert problems(path) == [
        (2, "its content does not fit its hash: it was edited"),
        (5, "its content does not fit its hash: it was edited"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"{}\n",
        b"null\n",
        b"\xff\xfe\n",
        b" " + WHOLE[0],
        WHOLE[0].replace(b"\n", b" \n"),
        WHOLE[0].replace(b"\n", b"\r\n"),
        WHOLE[0].replace(b'{"event":"run",', b'{"event":"run","event":"run",'),
        WHOLE[0].replace(b'"run 0"', b'"r\\u0075n 0"'),
        WHOLE[0].replace(b'"exit-code":0', b'"exit-code":0.0'),
        WHOLE[0].replace(b'"exit-code":0', b'"exit-code":-0'),
        WHOLE[0].replace(b'"version":1', b'"version":2'),
        WHOLE[0].replace(b'{"actor"', b'{,"actor"'),
        WHOLE[0].replace(b'"statements":[{', b'"statements":[,{'),
        b"x" * (9 << 20) + b"\n",
    ],
)
def test_what_is_no_entry_is_named(tmp_path: Path, line: bytes) -> None:
    path = written(tmp_path / "log", [line])
    number, reason = problems(path)[0]
    assert number == 1
    assert reason in ("it is not an entry in the form in which entries are written", "it is not UTF-8 text")


@pytest.mark.parametrize("number", range(1, len(WHOLE)))
def test_what_replaces_an_entry_is_named_alone(tmp_path: Path, number: int) -> None:
    path = written(tmp_path / "log", [*WHOLE[: number - 1], b"{}\n", *WHOLE[number:]])
    assert [line for line, _ in problems(path)] == [number]


@pytest.mark.parametrize("content", [b"", WHOLE[0][:50], b"\0" * 100])
def test_log_without_an_entry_does_not_hold(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "log"
    assert is_found(path, content)
    assert verify_chain(path).size == 0


def test_no_more_problems_are_listed_than_anyone_reads(tmp_path: Path) -> None:
    found = verify_chain(written(tmp_path / "log", [b"?\n"] * 1000))
    assert (len(found.problems), found.problem_count) == (100, 1000)


# --- what was cut off ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("left", [1, 2, 9, 10, 11, 60, 500, len(WHOLE[5]) - 2])
@pytest.mark.parametrize("zeros", [0, 1, 4000])
def test_entry_that_was_cut_off_is_told_and_removed(tmp_path: Path, left: int, zeros: int) -> None:
    torn = WHOLE[5][:left] + b"\0" * zeros
    path = written(tmp_path / "log", [*WHOLE[:5], torn])
    found = verify_chain(path)
    assert (found.size, found.problems) == (5, ())
    assert [each.line for each in found.remarks] == [6]
    assert log.append(path, run(5)) == 6
    assert path.read_bytes().startswith(b"".join(WHOLE[:5]))
    note = json.loads(path.read_bytes().splitlines()[5])
    assert note["event"] == "repair"
    assert note["removed"] == {"bytes": len(torn), "sha256": hashlib.sha256(torn).hexdigest()}
    assert verify_chain(path).problems == ()


def test_every_cut_of_an_entry_is_told_from_a_whole_one() -> None:
    note = entry.encode(Repair(b"x"), FIRST, audit_logs.START)
    hostile = entry.encode(run(message='"}]\\"{[\u00e9\n', who={"user": "\\"}), FIRST, audit_logs.START)
    for line in (WHOLE[0][:-1], note, hostile):
        assert [length for length in range(len(line) + 1) if not grammar.is_cut_off(line[:length])] == [len(line)]


def test_cut_off_first_entry_is_removed(tmp_path: Path) -> None:
    path = written(tmp_path / "log", [WHOLE[0][:100]])
    assert log.append(path, run()) == 1
    assert verify_chain(path).problems == ()


def test_whole_entry_without_its_line_break_is_kept(tmp_path: Path) -> None:
    for count in range(1, 5):
        path = written(tmp_path / "log", [TEXT[: sum(map(len, WHOLE[:count])) - 1]])
        found = verify_chain(path)
        assert (found.size, found.problems, len(found.remarks)) == (count, (), 1)
        assert log.append(path, run(count)) == count
        assert path.read_bytes().splitlines()[:count] == [line[:-1] for line in WHOLE[:count]]
        assert verify_chain(path).problems == ()


FOREIGN_ENDS = [
    b"x",
    b"garbage",
    b"{}",
    b'{"other":1',
    b" ",
    b"\r",
    WHOLE[5][:-1] + b"x",
    WHOLE[5][:-1] + b"\0",
    WHOLE[5][:-1] + b" ",
    WHOLE[5][:-1].replace(b"run 5", b"run 6"),
    WHOLE[4][:-1],
    WHOLE[5][:100] + b"\r",
    WHOLE[5][:100] + b"\0" * 5 + b"x",
]


@pytest.mark.parametrize("end", FOREIGN_ENDS)
def test_what_no_cut_leaves_is_a_change_and_nothing_is_repaired(tmp_path: Path, end: bytes) -> None:
    path = written(tmp_path / "log", [*WHOLE[:5], end])
    assert problems(path)
    for attempt in (log.check, lambda path: log.append(path, run())):
        with pytest.raises(VerificationFailed, match="has been changed"):
            attempt(path)
    assert path.read_bytes() == b"".join(WHOLE[:5]) + end


@pytest.mark.parametrize(
    "content",
    [
        [*WHOLE[:4], WHOLE[4].replace(b"run 4", b"run 5")],
        [*WHOLE[:3], WHOLE[4]],
        [*WHOLE[:4], WHOLE[3]],
        [*WHOLE[:4], OTHER[4]],
        [WHOLE[1]],
        [*WHOLE[:4], b"\n"],
        [b"?\n", WHOLE[1]],
        [b"x" * (30 << 20)],
        [b"x" * (30 << 20), b"\n"],
    ],
)
def test_changed_end_is_not_built_upon(tmp_path: Path, content: list[bytes]) -> None:
    path = written(tmp_path / "log", content)
    with pytest.raises(VerificationFailed):
        log.append(path, run())
    assert path.read_bytes() == b"".join(content)


@pytest.mark.parametrize(
    "place",
    [
        Place(7, audit_logs.own_hash(WHOLE[5])),
        Place(5, audit_logs.own_hash(WHOLE[5])),
        Place(6, audit_logs.own_hash(WHOLE[4])),
        FIRST,
    ],
)
def test_last_entry_out_of_place_is_not_built_upon(tmp_path: Path, place: Place) -> None:
    path = written(tmp_path / "log", [*WHOLE, entry.encode(run(6), place, audit_logs.START) + b"\n"])
    with pytest.raises(VerificationFailed, match="does not follow"):
        log.append(path, run())
    assert [line for line, _ in problems(path)] == [7]


def test_trying_the_log_writes_no_entry(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log.check(path)
    assert path.read_bytes() == b""
    assert log.append(path, run()) == 0
    written(path, [*WHOLE, WHOLE[5][:70]])
    log.check(path)
    assert path.read_bytes() == TEXT + WHOLE[5][:70]


# --- many at once, and killed --------------------------------------------------------------------------------------


def test_eight_processes_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    processes = [writer(path, 50, name) for name in "abcdefgh"]
    for process in processes:
        process.communicate(timeout=120)
        assert process.returncode == 0
    found = verify_chain(path)
    assert (found.size, found.problems) == (400, ())
    messages = [json.loads(line)["message"] for line in path.read_bytes().splitlines()]
    assert {name: messages.count(name) for name in "abcdefgh"} == dict.fromkeys("abcdefgh", 50)


def test_threads_of_one_process_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    threads = [threading.Thread(target=lambda: [log.append(path, run(n)) for n in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = verify_chain(path)
    assert (found.size, found.problems) == (80, ())


def test_reader_sees_whole_entries_while_others_write(tmp_path: Path) -> None:
    path = written(tmp_path / "audit.jsonl", WHOLE[:1])
    process = writer(path, 60, "x", 900)
    while process.poll() is None:
        found = verify_chain(path)
        assert (found.problems, found.remarks[:0]) == ((), ())
        assert not [each for each in found.remarks if "clock" not in each.reason]
    process.communicate()
    assert verify_chain(path).size == 61


def test_killed_writers_leave_a_log_that_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    confirmed = 0
    for attempt in range(10):
        process = writer(path, 10_000, "k", 1000)
        assert process.stdout is not None
        assert process.stdout.read(1) == b"x"  # it writes
        time.sleep(0.002 * attempt)
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate()
        confirmed += 1 + len(rest)
    found = verify_chain(path)
    assert found.problems == ()
    # What a process was told is written is there; the one that it was writing when it was killed may be, too.
    runs = sum(b'"event":"run"' in line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n"))
    assert confirmed <= runs <= confirmed + 10
    log.append(path, run())
    assert verify_chain(path).problems == ()


# --- what the machine refuses --------------------------------------------------------------------------------------


def test_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    path = written(tmp_path / "log", WHOLE)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        # A write beyond the limit is cut short, and the next one fails: what a full disk does.
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(TEXT) + 100, before[1]))
        with pytest.raises(ToolError, match="no room"):
            log.append(path, run())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == TEXT
    assert log.append(path, run()) == 6


def test_full_disk_keeps_what_was_cut_off(tmp_path: Path) -> None:
    torn = WHOLE[5][:300]
    path = written(tmp_path / "log", [*WHOLE[:5], torn])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, before[1]))
        with pytest.raises(ToolError, match="no room"):
            log.append(path, run())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == b"".join(WHOLE[:5]) + torn


def test_failing_sync_takes_the_entry_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "log", WHOLE)

    def broken(_descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(ToolError, match="Input/output error"):
        log.append(path, run())
    assert path.read_bytes() == TEXT


def link(path: Path) -> None:
    path.symlink_to(path.with_name("elsewhere"))


def link_to_log(path: Path) -> None:
    written(path.with_name("elsewhere"), WHOLE)
    path.symlink_to(path.with_name("elsewhere"))


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (link, "symbolic link"),
        (link_to_log, "symbolic link"),
        (Path.mkdir, "not a regular file"),
        (os.mkfifo, "not a regular file"),
    ],
)
def test_what_is_no_file_is_refused(tmp_path: Path, make: Callable[[Path], None], what: str) -> None:
    path = tmp_path / "audit.jsonl"
    make(path)
    for attempt in (log.check, lambda path: log.append(path, run()), verify_chain):
        with pytest.raises(InputError, match=what):
            attempt(path)
    assert not path.with_name("elsewhere").exists() or path.with_name("elsewhere").read_bytes() == TEXT


@pytest.mark.parametrize("name", ["missing/audit.jsonl", "file/audit.jsonl", "x" * 300, "a\0b"])
def test_path_that_cannot_be_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError):
        log.append(tmp_path / name, run())


def test_device_is_refused() -> None:
    with pytest.raises(InputError, match="not a regular file"):
        log.append(Path("/dev/full"), run())


def test_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    # Not even the superuser can make files there.
    folder = Path("/sys") if os.geteuid() == 0 else tmp_path
    if folder == tmp_path:
        folder.chmod(0o500)
    with pytest.raises(ToolError, match="cannot be used"):
        log.append(folder / "audit.jsonl", run())


def test_missing_log_is_not_made_by_reading_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        verify_chain(tmp_path / "audit.jsonl")
    assert not (tmp_path / "audit.jsonl").exists()


def test_log_that_others_hold_is_waited_for_and_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl  # noqa: PLC0415 -- for this test

    path = written(tmp_path / "log", WHOLE)
    monkeypatch.setattr("modelseal.audit.locked._WAIT_SECONDS", 0.05)
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(ToolError, match="in use by another process"):
            log.append(path, run())
    assert log.append(path, run()) == 6


def test_log_that_is_moved_away_while_it_is_waited_for_is_left_alone(tmp_path: Path) -> None:
    import fcntl  # noqa: PLC0415 -- for this test

    path = written(tmp_path / "log", WHOLE)
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        thread = threading.Thread(target=log.append, args=(path, run()))
        thread.start()
        time.sleep(0.05)
        path.rename(tmp_path / "rotated")
    thread.join()
    assert (tmp_path / "rotated").read_bytes() == TEXT
    assert verify_chain(path).size == 1


# --- long logs -----------------------------------------------------------------------------------------------------


def test_appending_reads_the_end_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A log of 100 GB by its size: a hole, then the end of a real one.
    path = tmp_path / "log"
    with path.open("wb") as file:
        file.seek(100 << 30)
        file.write(b"\n" + TEXT)
    read = 0
    real = os.pread

    def counted(descriptor: int, length: int, offset: int) -> bytes:
        nonlocal read
        data = real(descriptor, length, offset)
        read += len(data)
        return data

    monkeypatch.setattr(os, "pread", counted)
    assert log.append(path, run()) == 6
    assert read <= 64 * 1024


def test_entries_of_many_blocks_are_read_from_the_end(tmp_path: Path) -> None:
    path = tmp_path / "log"
    large = run(subjects=tuple(Subject("x" * 900, f"{number:064x}") for number in range(1500)))
    for number in range(4):
        assert log.append(path, large) == number
    assert verify_chain(path).problems == ()


# --- recording a run -----------------------------------------------------------------------------------------------


def last(path: Path) -> dict[str, object]:
    read: dict[str, object] = json.loads(path.read_bytes().splitlines()[-1])
    return read


def test_run_is_recorded(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with recording.of("verify", path, {"GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "octocat"}) as record:
        record.subjects = (Subject("image", "sha256:" + "a" * 64),)
        record.policy = "sha256:" + "b" * 64
        record.ends(ExitCode.VERIFICATION_FAILED, "refused")
    read = last(path)
    assert (read["station"], read["result"], read["exit-code"], read["message"]) == ("verify", "failed", 11, "refused")
    assert read["who"] == {"actor": "octocat"}
    assert read["subjects"] == [{"name": "image", "sha256": "a" * 64}]
    assert read["policy"] == "b" * 64


@pytest.mark.parametrize(
    ("error", "result", "code", "message"),
    [
        (InputError("No key."), "error", 2, "No key."),
        (ToolError("Slow.", mend="Wait."), "error", 3, "Slow."),
        (VerificationFailed("Changed."), "failed", 11, "Changed."),
        (OSError(28, "canary"), "error", 3, "OSError"),
        (KeyError("canary"), "error", 1, "KeyError"),
        (KeyboardInterrupt(), "error", 1, "KeyboardInterrupt"),
        (SystemExit(143), "error", 1, "SystemExit"),
    ],
)
def test_run_that_ends_with_an_error_is_recorded_too(
    tmp_path: Path, error: BaseException, result: str, code: int, message: str
) -> None:
    path = tmp_path / "log"
    with pytest.raises(type(error)), recording.of("attest", path, {}) as record:  # noqa: PT012 -- what happens meanwhile is the point
        record.subjects = (Subject("image", "a" * 64),)
        raise error
    read = last(path)
    assert (read["result"], read["exit-code"], read["message"]) == (result, code, message)
    assert read["subjects"] == [{"name": "image", "sha256": "a" * 64}]
    assert b"canary" not in path.read_bytes()


def test_run_that_never_said_how_it_ended_has_not_passed(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with recording.of("attest", path, {}):
        pass
    assert last(path)["result"] == "error"


def test_nothing_begins_that_could_not_be_recorded(tmp_path: Path) -> None:
    path = written(tmp_path / "log", [b"changed\n"])
    with pytest.raises(VerificationFailed), recording.of("attest", path, {}):
        pytest.fail("it began")


def test_run_that_cannot_be_recorded_has_not_passed(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with pytest.raises(VerificationFailed), recording.of("attest", path, {}) as record:  # noqa: PT012 -- what happens meanwhile is the point
        path.write_bytes(b"changed\n")
        record.ends(ExitCode.PASSED, "signed")


def test_error_is_not_hidden_by_one_of_the_log(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with pytest.raises(InputError, match="the first"), recording.of("attest", path, {}):  # noqa: PT012 -- what happens meanwhile is the point
        path.write_bytes(b"changed\n")
        raise InputError("the first")


def test_without_a_log_nothing_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with recording.of("attest", None, {}) as record:
        record.ends(ExitCode.PASSED, "signed")
    with pytest.raises(ModelsealError), recording.of("attest", None, {}):
        raise ToolError("x")
    assert list(tmp_path.iterdir()) == []
