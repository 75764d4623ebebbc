"""Pickles: how they are recognised, what is told of them, what that costs, and that nothing of them is ever run."""

import io
import json
import pickle
import random
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.models.pickle_writing import ATTACK, SYSTEM, called, framed, line, short, stacked, whole
from assets.unpickling.streams import made
from modelseal.models import walking
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.pickles import program, recognition, storages
from modelseal.models.pickles.machine import Loader, Machine
from modelseal.models.pickles.showing import shown, told, within
from modelseal.models.pickles.trace import Container, Global, Kind, Value

WATCHED = Path(__file__).resolve().parents[1] / "assets" / "unpickling" / "watched.py"
FORBIDDEN = (
    *("pickle.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.", "socket.", "urllib.", "ctypes."),
    *("os.remove", "os.rename", "os.mkdir", "shutil.", "sqlite3.", "webbrowser.", "smtplib.", "http.", "ftplib."),
)


def steps(data: bytes, loader: Loader = Loader.JOBLIB) -> list[str]:
    return [told(step) for step in program.run(Machine(Content(data), 0, Budget(), loader=loader))]


def rules(data: bytes) -> set[str]:
    return {placed.found.rule.id for placed in walking.inspect(Content(data), "model.bin", Budget()).findings}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"cos\nsystem\n(S'id'\ntR.", ["import os.system", "call os.system('id')"]),
        (b"c__builtin__\neval\n.", ["import builtins.eval (written __builtin__.eval)"]),
        (whole(called(stacked("a", "f"), b"]", b"K\x01\x85", b"N")), ["import a.f", "call a.f([], (1,), None)"]),
        (whole(stacked("a", "C") + b")\x81}" + short("x") + b"K\x01sb"),
         ["import a.C", "call a.C.__new__()", "call a.C.__new__().__setstate__({'x': 1})"]),
        (whole(stacked("a", "C") + b")\x81(K\x01K\x02e"),
         ["import a.C", "call a.C.__new__()", "call a.C.__new__().extend(1, 2)"]),
        (whole(b"K\x05Q"), ["call persistent_load(5)"]),
        (whole(b"\x82\x05"), ["import <extension 5>"]),
        (whole(short("os") + b"N\x93"), ["import <global 'os'.None>"]),
        (whole(stacked("a", "f") + b"\x8fR"), ["import a.f", "call a.f(*{})"]),
        (b"cos\nsystemX", ["import os.system"]),
        (b"cos\n", ["import os."]),
    ],
)  # fmt: skip
def test_steps_are_told_as_python_would_write_them(data: bytes, expected: list[str]) -> None:
    assert steps(data) == expected


def test_the_unpickler_in_c_forgets_the_rest_of_a_frame_when_it_reads_a_file() -> None:
    data = framed(b"cos\nxx", 6) + b"system\n0N."

    class Noting(pickle.Unpickler):
        found = ""

        def find_class(self, module: str, name: str) -> str:
            Noting.found = f"{module}.{name}"
            return ""

    Noting(io.BytesIO(data)).load()
    assert Noting.found == "os.system"
    assert steps(data) == ["import os.xxsystem"]
    assert steps(data, Loader.FILE_IN_C) == ["import os.system"]
    assert {"pickle-torn-frame", "pickle-dangerous-import"} <= rules(data)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("value", [None, 5, "text", [1, 2, {"a": (1.5, b"x")}], {1, 2}, list(range(3000))], ids=repr)
def test_pickles_are_recognised(value: object, protocol: int) -> None:
    assert recognition.begins(Content(pickle.dumps(value, protocol)))


@pytest.mark.parametrize("length", range(2, 30))
def test_cut_off_attacks_are_recognised_as_soon_as_they_do_something(length: int) -> None:
    data = b"cos\nsystem\n(S'id'\ntR."[:length]
    assert recognition.begins(Content(data)) == (length >= len(b"cos\nsy"))
    signed = whole(ATTACK)[:length]
    assert recognition.begins(Content(signed)) == (length > 2)


@pytest.mark.parametrize(
    "data",
    [
        b"", b".", b"\x80", b"\x80\x04", b"\x80\x04\0\0\0\0\0\0{", struct.pack("<Q", 0x4E0580) + b"{",
        b"GGUF\x03\0\0\0", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\xff\xd8\xff\xe0\0\x10JFIF", b"PK\x03\x04\x14\0",
        b"\x89HDF\r\n\x1a\n", b"\x93NUMPY\x01\0", b'{"a": 1}', b"[1, 2]", b"cat\ndog\nhouse\n",
        b"config\nvalue\nmore\n", b"import os\nos.system('id')\n", b"I have\na dream.\n", b"(a list)\n",
        b"None of this.\n", b"Kind regards.", b"N.B. this is text\n", b"]]]]\n", b"]]>\n", b"}\n",
        b"\x08\x07\x12\x07pytorch", b"BZh91AY", b"\x1f\x8b\x08", b"MZ\x90\0", b"\x7fELF", b"CRAB", b"ubj{",
        b"V1.0\nhello\n", b"Lorem ipsum\ndolor\n", b"p1\n", b"gpt\nbert\n", b"cos\nsine\ntangent\n",
        b"city\nNew York\nParis.\n", b"index\nword\n.", b"Tokyo", b"Xylophone\n", b"U.S.A.", b"SELECT 1.\n",
    ],
)  # fmt: skip
def test_other_bytes_are_no_pickles(data: bytes) -> None:
    assert not recognition.begins(Content(data))


def test_bytes_of_chance_are_no_pickles() -> None:
    chance = random.Random(1)
    claimed = sum(recognition.begins(Content(chance.randbytes(200))) for _ in range(20_000))
    assert claimed <= 3


def test_values_that_explode_are_printed_and_searched_within_bounds() -> None:
    shared: Value = ()
    for _ in range(1000):
        shared = (shared, shared)
    itself = Container(Kind.LIST, [])
    itself.items.append(itself)
    assert len(shown(shared)) < 1000
    assert shown(itself) == "[[[[[[...]]]]]]"
    assert sum(1 for _ in within(shared)) == 1000
    assert len(shown(Container(Kind.LIST, [1 << 100_000] * 50))) < 500
    assert len(shown("x" * 10_000)) < 300
    assert len(shown(tuple(range(10_000)))) < 300


def test_one_call_is_one_finding_however_often_it_comes() -> None:
    report = walking.inspect(Content(whole(called(line("os", "system"), short("id")) * 1000)), "x", Budget())
    assert sorted(placed.found.rule.id for placed in report.findings) == [
        "pickle-dangerous-call",
        "pickle-dangerous-import",
    ]


def test_a_finding_tells_what_where_and_with_what() -> None:
    (found,) = [
        placed.found
        for placed in walking.inspect(Content(whole(ATTACK)), "x", Budget()).findings
        if placed.found.rule.id == "pickle-dangerous-call"
    ]
    assert (found.subject, found.evidence) == ("os.system", "call os.system('echo harmless')")
    assert whole(ATTACK)[found.offset or 0 :] == b"R."


def test_every_step_is_traced_when_that_is_asked_for() -> None:
    report = walking.inspect(Content(whole(SYSTEM + b"0" + ATTACK + b"0]")), "x", Budget(traces=True))
    assert [(step.what, step.judged) for step, _ in report.traced] == [
        ("import os.system", "dangerous"),
        ("import os.system", "dangerous"),
        ("call os.system('echo harmless')", "dangerous"),
    ]
    assert walking.inspect(Content(whole(ATTACK)), "x", Budget()).traced == ()


def test_a_storage_is_known_by_its_reference() -> None:
    identity = ("storage", Global("torch", "HalfStorage"), "7", "cuda:0", 12)
    storage = storages.storage_of(identity)
    assert storage == storages.Storage("7", "cuda:0", 12, 2)
    assert storage.size == 24
    assert storages.storage_of(("storage", Global("evil", "HalfStorage"), "7", "cpu", 1)) == storages.Storage(
        "7", "cpu", 1, None
    )
    for other in ("storage", ("module", 1, 2, 3, 4), (*identity[:4], -1), (*identity[:2], 7, "cpu", 1), identity[:4]):
        assert storages.storage_of(other) is None


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 1 << 32), cut=st.integers(0, 100), garbage=st.binary(max_size=20))
def test_whatever_a_pickle_is_a_report_comes_of_it(seed: int, cut: int, garbage: bytes) -> None:
    data = made(random.Random(seed).randrange)
    for content in (data[cut:], garbage + data, data + garbage + data):
        walking.inspect(Content(content), "x", Budget())


@pytest.mark.parametrize(
    ("opcodes", "times"),
    [(b"N0", 1_500_000), (b"K\x01K\x0200", 750_000), (b"](K\x01K\x02e0", 500_000), (b"h\x00)R0", 750_000)],
    ids=["none", "numbers", "lists", "calls"],
)  # fmt: skip
@pytest.mark.slow
def test_three_million_opcodes_take_less_than_four_seconds(opcodes: bytes, times: int) -> None:
    content = Content(whole(stacked("collections", "OrderedDict") + b"q\x00" + opcodes * times + ATTACK))
    before = time.process_time()
    assert walking.inspect(content, "x", Budget()).findings
    assert time.process_time() - before < 4


SCAN = """
import mmap, sys, time
sys.path.insert(0, sys.argv[1])
from modelseal.models import walking
from modelseal.models.budget import Budget
from modelseal.models.content import Content
with open(sys.argv[2], "rb") as file:
    mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
report = walking.inspect(Content(mapped), "x", Budget())
print(sorted({placed.found.rule.id for placed in report.findings}))
# Not `ru_maxrss`: what the process that started this one had in memory counts there, too.
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:"))
print(time.process_time(), peak)
"""


def scanned(path: Path) -> tuple[str, float, float]:
    """Scan a file in a process of its own; return the rules, the seconds, and the MiB at most."""
    scripts = str(Path(walking.__file__).parents[2])
    command = [sys.executable, "-c", SCAN, scripts, str(path)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    seconds, kilobytes = output[1].split()
    return output[0], float(seconds), int(kilobytes) / 1024


@pytest.mark.slow
def test_what_comes_last_in_six_hundred_megabytes_is_found(tmp_path: Path) -> None:
    file = tmp_path / "model.pkl"
    with file.open("wb") as stream:
        stream.write(b"\x80\x04](")
        for _ in range(6):
            stream.write(b"X" + struct.pack("<I", 100 << 20))
            stream.seek(100 << 20, io.SEEK_CUR)
        stream.write(b"e0" + ATTACK + b".")
    found, seconds, mebibytes = scanned(file)
    assert "pickle-dangerous-call" in found
    assert seconds < 5
    assert mebibytes < 300


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x04" + b"(" * 20_000_000,
        b"\x80\x04" + b"]" * 20_000_000,
        b"\x80\x04)" + b"\x85" * 20_000_000,
        b"\x80\x04N" + b"\x94" * 20_000_000,
        b"\x80\x04" + (b"\x8c\xff" + b"a" * 255 + b"\x94") * 100_000 + b"N" * 5_000_000,
        b"\x80\x04]q\x00" + b"(h\x00h\x00h\x00h\x00h\x00th\x00\x86" * 1_500_000,
    ],
    ids=["marks", "lists", "tuples", "memo", "texts", "shared"],
)
@pytest.mark.slow
def test_no_pickle_exhausts_memory(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "model.pkl").write_bytes(data)
    found, _, mebibytes = scanned(tmp_path / "model.pkl")
    assert found in {"['limit-reached']", "['unread']"}
    assert mebibytes - len(data) / (1 << 20) < 300


@pytest.mark.slow
def test_nothing_of_what_is_scanned_is_imported_run_or_opened() -> None:
    output = subprocess.run([sys.executable, "-IB", str(WATCHED)], capture_output=True, text=True, check=True).stdout
    first, second = json.loads(output)
    # What is unpacked is kept in files without a name, which some systems only know as files that are removed at once.
    unnamed = f"os.remove {tempfile.gettempdir()}"
    assert [event for event in first if event.startswith(FORBIDDEN) and not event.startswith(unnamed)] == []
    # Python's parser is given scripts, and raises Jinja's errors from code that Jinja makes for that.
    raised = [event for event in second if "raise __jinja_exception__" in event or "<unknown>" in event]
    tables = [event for event in second if event.startswith(f"open {Path(walking.__file__).parent}")]
    own = {*raised, *tables, *(event for event in second if tempfile.gettempdir() in event)}
    left = {event.split()[0] for event in second if event not in own}
    assert left <= {"builtins.id", "compile", "code.__new__", "mmap.__new__", "object.__getattr__"}
