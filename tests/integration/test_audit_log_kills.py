"""The audit log under kill -9, at the moment in which the file grows: real processes, real cuts."""

import json
import subprocess
import sys
import time
from pathlib import Path

from audit_logs import run
from modelseal.audit import log
from modelseal.audit.chain import verify_chain

ROOT = Path(__file__).resolve().parents[2]
KILLS = 40
# Entries of 400 KB: the kernel lets a process be killed between two pages of one write.
WRITER = """
import sys
sys.path[:0] = sys.argv[1:3]
import audit_logs
from pathlib import Path
from modelseal.audit import log
from modelseal.audit.entry import Subject
run = audit_logs.run(subjects=(Subject("x" * 990, "a" * 64),) * 400)
while True:
    log.append(Path(sys.argv[3]), run)
    sys.stdout.write("x")
    sys.stdout.flush()
"""


def killed_while_writing(path: Path) -> int:
    """Start a writer, kill it as soon as the file has grown, and return how many entries it knows to be written."""
    before = path.stat().st_size
    arguments = [sys.executable, "-c", WRITER, str(ROOT / "scripts"), str(ROOT / "tests"), str(path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as process:
        deadline = time.monotonic() + 60
        while path.stat().st_size == before:
            assert process.poll() is None
            assert time.monotonic() < deadline
        process.kill()
        confirmed, _ = process.communicate()
    return len(confirmed)


def test_no_confirmed_entry_is_lost_and_none_is_half_there(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    log.append(path, run())
    confirmed, cut_off = 1, 0
    for _ in range(KILLS):
        confirmed += killed_while_writing(path)
        found = verify_chain(path)
        assert found.problems == ()
        cut_off += len(found.remarks)
    log.append(path, run())
    found = verify_chain(path)
    assert (found.problems, found.remarks) == ((), ())
    events = [json.loads(line)["event"] for line in path.read_bytes().splitlines()]
    assert confirmed + 1 <= events.count("run") <= confirmed + 1 + KILLS
    # Each cut has its note, unless nothing but the line break was missing.
    assert events.count("repair") <= cut_off
