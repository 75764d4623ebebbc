"""A mirror on this machine that behaves as mirrors do: dead, slow, half, wrong, and in disorder."""

import fcntl
import hashlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from modelseal.errors import ToolError
from modelseal.tools import download

CONTENT = bytes(range(256)) * 2000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
NO_PROXY: dict[str, str] = {}

Behaviour = Callable[["Answer"], None]


@dataclass
class Mirror:
    url: str
    behaviours: list[Behaviour]
    ranges: list[str | None] = field(default_factory=list)


class Answer(BaseHTTPRequestHandler):
    mirror: Mirror

    def do_GET(self) -> None:
        self.mirror.ranges.append(self.headers.get("Range"))
        behaviours = self.mirror.behaviours
        (behaviours.pop(0) if len(behaviours) > 1 else behaviours[0])(self)

    def do_HEAD(self) -> None:
        self.start(200, len(CONTENT))

    def start(self, status: int, length: int | None) -> None:
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(*behaviours: Behaviour) -> Iterator[Mirror]:
    handler = type("Handler", (Answer,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        mirror = Mirror(f"http://127.0.0.1:{server.server_address[1]}/tool.tar.gz", list(behaviours))
        handler.mirror = mirror  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield mirror
        finally:
            server.shutdown()
            thread.join()


def whole(answer: Answer) -> None:
    answer.start(200, len(CONTENT))
    answer.wfile.write(CONTENT)


def resuming(answer: Answer) -> None:
    wanted = answer.headers.get("Range")
    if wanted is None:
        return whole(answer)
    start = int(wanted.removeprefix("bytes=").rstrip("-"))
    if start >= len(CONTENT):
        return answer.start(416, 0)
    answer.start(206, len(CONTENT) - start)
    answer.wfile.write(CONTENT[start:])
    return None


def cut_off(answer: Answer) -> None:
    answer.start(200, len(CONTENT))
    answer.wfile.write(CONTENT[:100_000])


def chunked_and_cut_off(answer: Answer) -> None:
    answer.protocol_version = "HTTP/1.1"
    answer.send_response(200)
    answer.send_header("Transfer-Encoding", "chunked")
    answer.end_headers()
    answer.wfile.write(b"1000\r\n" + CONTENT[:0x1000] + b"\r\n1000\r\n" + CONTENT[:10])


def without_length(answer: Answer) -> None:
    answer.start(200, None)
    answer.wfile.write(CONTENT)


def nonsense_length(answer: Answer) -> None:
    answer.send_response(200)
    answer.send_header("Content-Length", "many")
    answer.end_headers()
    answer.wfile.write(CONTENT)


def no_http(answer: Answer) -> None:
    answer.wfile.write(b"\0\1\2 what is this?\r\n\r\n")


def other_file(answer: Answer) -> None:
    answer.start(200, 5)
    answer.wfile.write(b"other")


def silent(_answer: Answer) -> None:
    time.sleep(60)


def dripping(answer: Answer) -> None:
    answer.start(200, len(CONTENT))
    for start in range(600):
        answer.wfile.write(CONTENT[start : start + 1])
        time.sleep(0.1)


def status(code: int) -> Behaviour:
    return lambda answer: answer.start(code, 0)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(download, "_STALL_SECONDS", 0.3)
    monkeypatch.setattr(download, "_PROBE_SECONDS", 0.3)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file.part"


def fetch(mirror: Mirror, file: Path) -> None:
    download.fetch(mirror.url, file, sha256=SHA256, environ=NO_PROXY)


@pytest.mark.parametrize(
    "behaviours",
    [
        [whole],
        [resuming],
        [without_length],
        [status(500), whole],
        [status(503), status(502), status(504), whole],
        [cut_off, resuming],
        [cut_off, whole],
        [cut_off, cut_off, cut_off, resuming],
        [chunked_and_cut_off, resuming],
        [nonsense_length, whole],
        [no_http, whole],
        [silent, whole],
    ],
)
def test_file_is_had_in_the_end(behaviours: list[Behaviour], file: Path) -> None:
    with serving(*behaviours) as mirror:
        fetch(mirror, file)
    assert file.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        (status(404), "answered 404"),
        (status(403), "answered 403"),
        (status(500), r"failed 4 times, last with: 500"),
        (cut_off, r"failed 4 times, last with: the connection ended after 100000 of 512000 bytes"),
        (other_file, "is not the locked file"),
        (no_http, "failed 4 times"),
        (nonsense_length, "failed 4 times"),
    ],
)
def test_file_that_cannot_be_had_is_an_error(behaviour: Behaviour, message: str, file: Path) -> None:
    with serving(behaviour) as mirror, pytest.raises(ToolError, match=message) as raised:
        fetch(mirror, file)
    assert raised.value.where == mirror.url
    assert not file.exists() or file.stat().st_size in (0, 100_000)


def test_what_stays_as_it_is_is_not_asked_for_again(file: Path) -> None:
    with serving(status(404)) as mirror, pytest.raises(ToolError):
        fetch(mirror, file)
    assert len(mirror.ranges) == 1


def test_only_what_is_missing_is_fetched_again(file: Path) -> None:
    with serving(cut_off, resuming) as mirror:
        fetch(mirror, file)
    assert mirror.ranges == [None, "bytes=100000-"]


@pytest.mark.parametrize("behaviour", [silent, dripping])
def test_mirror_that_hardly_answers_is_not_waited_for(
    behaviour: Behaviour, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "_ATTEMPTS", 2)
    started = time.monotonic()
    with serving(behaviour) as mirror, pytest.raises(ToolError, match="failed 2 times"):
        fetch(mirror, file)
    assert time.monotonic() - started < 30


def test_part_of_an_earlier_run_is_gone_on_with(file: Path) -> None:
    file.write_bytes(CONTENT[:300_000])
    with serving(resuming) as mirror:
        fetch(mirror, file)
    assert (file.read_bytes(), mirror.ranges) == (CONTENT, ["bytes=300000-"])


def test_whole_file_of_an_earlier_run_needs_no_network(file: Path) -> None:
    file.write_bytes(CONTENT)
    download.fetch("http://127.0.0.1:9/none", file, sha256=SHA256, environ=NO_PROXY)
    assert file.read_bytes() == CONTENT


@pytest.mark.parametrize("garbage", [b"garbage", b"x" * len(CONTENT), CONTENT + b"and more", CONTENT[:-1] + b"x"])
@pytest.mark.parametrize("behaviour", [resuming, whole])
def test_garbage_of_an_earlier_run_is_thrown_away(garbage: bytes, behaviour: Behaviour, file: Path) -> None:
    file.write_bytes(garbage)
    with serving(behaviour) as mirror:
        fetch(mirror, file)
    assert file.read_bytes() == CONTENT
    assert len(mirror.ranges) <= 2


def test_dead_and_silent_servers_do_not_count_as_answering() -> None:
    with socket.socket() as taken, serving(whole) as mirror:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        black_hole = f"http://127.0.0.1:{taken.getsockname()[1]}/x"
        dead, unknown = "http://127.0.0.1:9/x", "http://no-such-host.invalid/x"
        started = time.monotonic()
        answering = download.answering((black_hole, mirror.url, dead, unknown), NO_PROXY)
    assert answering == {mirror.url}
    assert time.monotonic() - started < 30


def test_nobody_is_asked_when_there_is_nobody() -> None:
    assert download.answering((), NO_PROXY) == frozenset()


def test_proxy_of_the_environment_is_used(file: Path) -> None:
    with serving(whole) as mirror:
        proxy = {"http_proxy": mirror.url.removesuffix("/tool.tar.gz")}
        download.fetch("http://no-such-host.invalid/tool.tar.gz", file, sha256=SHA256, environ=proxy)
    assert file.read_bytes() == CONTENT


def test_full_disk_is_not_taken_for_a_fault_of_the_server(file: Path) -> None:
    file.symlink_to("/dev/full")
    with serving(whole) as mirror, pytest.raises(OSError, match="No space left"):
        fetch(mirror, file)
    assert len(mirror.ranges) == 1


def test_two_at_the_same_time_do_not_write_to_the_same_file(tmp_path: Path) -> None:
    with download.part(tmp_path, "x") as first, download.part(tmp_path, "x") as second:
        assert first != second
        first.write_bytes(b"1")
        second.write_bytes(b"2")
        assert (first.read_bytes(), second.read_bytes()) == (b"1", b"2")
    assert list(tmp_path.iterdir()) == []


def test_part_that_was_cut_off_is_there_again_next_time_and_a_spare_one_is_not(tmp_path: Path) -> None:
    def fail() -> None:
        with download.part(tmp_path, "x") as first, download.part(tmp_path, "x") as second:
            first.write_bytes(b"1")
            second.write_bytes(b"2")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == ["x.part"]
    with download.part(tmp_path, "x") as again:
        assert again.read_bytes() == b"1"
    assert list(tmp_path.iterdir()) == []


def test_part_that_another_process_has_finished_meanwhile_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock = fcntl.flock

    def late(held: int, operation: int) -> None:
        (tmp_path / "x.part").unlink()
        flock(held, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with download.part(tmp_path, "x") as spare:
        assert spare.name != "x.part"


def test_many_at_the_same_time_all_get_the_whole_file(tmp_path: Path) -> None:
    seen: list[bytes] = []

    def work(url: str) -> None:
        with download.part(tmp_path, "x") as file:
            download.fetch(url, file, sha256=SHA256, environ=NO_PROXY)
            seen.append(file.read_bytes())

    with serving(cut_off, resuming) as mirror:
        threads = [threading.Thread(target=work, args=(mirror.url,)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert seen == [CONTENT] * 6
    assert list(tmp_path.iterdir()) == []
