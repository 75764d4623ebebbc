"""One comment: found again, kept up to date, and never somebody else's."""

import itertools
import logging
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import github_server
from github_server import TOKEN, Clock, Reply, Request, Server, pull_request
from modelseal.errors import ToolError
from modelseal.github import comments
from modelseal.github.comments import NotWritten, Written

ACCOUNT = "github-actions[bot]"
LINE = comments.marker("scan-image", "modelseal/scan-image/fraud")
LIST = "/repos/octo/model/issues/7/comments"


class PullRequest:
    """Comments as GitHub keeps them, seen by one account."""

    def __init__(self, *there: tuple[str, str], account: str = ACCOUNT, graphql: bool = True) -> None:
        self.numbers = itertools.count(100)
        self.comments = [self._made(author, body) for author, body in there]
        self.account = account
        self.graphql = graphql
        self.lock = threading.Lock()

    def _made(self, author: str, body: str) -> dict[str, Any]:
        number = next(self.numbers)
        return {"id": number, "body": body, "user": {"login": author},
                "html_url": f"https://github.com/octo/model/pull/7#issuecomment-{number}"}  # fmt: skip

    def __call__(self, request: Request) -> Reply:
        with self.lock:
            return self._answer(request)

    def _answer(self, request: Request) -> Reply:
        path, _, query = request.path.partition("?")
        if path == "/graphql":
            viewer = {"data": {"viewer": {"login": self.account}}}
            return Reply(body=viewer) if self.graphql else Reply(403, {"message": "Resource not accessible"})
        if path == LIST and request.method == "GET":
            page = int(query.rpartition("page=")[2])
            assert "per_page=100&" in query
            return Reply(body=self.comments[(page - 1) * 100 : page * 100])
        if path == LIST:
            self.comments.append(self._made(self.account, request.body["body"]))
            return Reply(201, self.comments[-1])
        number = int(path.rpartition("/")[2])
        found = next((item for item in self.comments if item["id"] == number), None)
        if found is None:
            return Reply(404, {"message": "Not Found"})
        if request.method == "DELETE":
            self.comments.remove(found)
            return Reply(204)
        found["body"] = request.body["body"]
        return Reply(body=found)

    def bodies(self) -> list[tuple[str, str]]:
        return [(item["user"]["login"], item["body"]) for item in self.comments]


@pytest.fixture
def server() -> Iterator[Server]:
    with github_server.running() as running:
        yield running


def write(server: Server, folder: Path, body: str, *, line: str = LINE, token: str = TOKEN, **more: Any) -> Any:
    event, payload = more.pop("event", "pull_request"), more.pop("payload", pull_request())
    environ = server.environ(folder, event, payload, **({"GITHUB_REF": "refs/pull/7/merge"} | more))
    return comments.write(body, line, environ, token, Clock().patience())


def changes(server: Server) -> list[str]:
    return [request.method for request in server.requests if request.path != "/graphql" and request.method != "GET"]


def test_it_is_made_once_and_then_updated_in_place(server: Server, tmp_path: Path) -> None:
    there = PullRequest(("octocat", "hello"))
    server.answer = there
    first = write(server, tmp_path, "one")
    again = write(server, tmp_path, "two")
    assert first == again == Written("https://github.com/octo/model/pull/7#issuecomment-101")
    assert there.bodies() == [("octocat", "hello"), (ACCOUNT, f"{LINE}\ntwo")]
    assert changes(server) == ["POST", "PATCH"]


def test_what_is_the_same_is_not_written_again(server: Server, tmp_path: Path) -> None:
    server.answer = PullRequest((ACCOUNT, f"{LINE}\none"))
    write(server, tmp_path, "one")
    assert changes(server) == []


@pytest.mark.parametrize(
    ("author", "body"),
    [
        ("mallory", f"{LINE}\nthe gate passed"),
        ("github-actions", f"{LINE}\nan account whose name is almost ours"),
        ("other-app[bot]", f"{LINE}\nof another app"),
        (ACCOUNT, f"Somebody wrote: {LINE}\nquoted"),
        (ACCOUNT, f"> {LINE}"),
        (ACCOUNT, f"\n{LINE}"),
        (ACCOUNT, f"{LINE} and more\nx"),
        (ACCOUNT, LINE.replace("fraud", "fraud2")),
        (ACCOUNT, ""),
    ],
)
def test_what_is_not_ours_is_not_touched(server: Server, tmp_path: Path, author: str, body: str) -> None:
    there = PullRequest((author, body))
    server.answer = there
    write(server, tmp_path, "mine")
    assert there.bodies() == [(author, body), (ACCOUNT, f"{LINE}\nmine")]


def test_line_ends_that_github_changes_do_not_hide_it(server: Server, tmp_path: Path) -> None:
    there = PullRequest((ACCOUNT, f"{LINE}\r\none"))
    server.answer = there
    write(server, tmp_path, "two")
    assert len(there.comments) == 1


def test_it_is_found_on_later_pages(server: Server, tmp_path: Path) -> None:
    there = PullRequest(*[("octocat", "chat")] * 230, (ACCOUNT, f"{LINE}\nold"))
    server.answer = there
    write(server, tmp_path, "new")
    assert there.bodies()[230] == (ACCOUNT, f"{LINE}\nnew")
    assert len(there.comments) == 231


@pytest.mark.parametrize("count", [100, 200])
def test_a_full_last_page_is_no_trap(server: Server, tmp_path: Path, count: int) -> None:
    there = PullRequest(*[("octocat", "chat")] * count)
    server.answer = there
    write(server, tmp_path, "new")
    assert len(there.comments) == count + 1


def test_each_job_of_a_matrix_has_its_own(server: Server, tmp_path: Path) -> None:
    there = PullRequest()
    server.answer = there
    lines = [comments.marker("scan-image", f"fraud/python:{version}") for version in ("3.11", "3.12")]
    for text in ("one", "two"):
        for line in lines:
            write(server, tmp_path, text, line=line)
    assert there.bodies() == [(ACCOUNT, f"{line}\ntwo") for line in lines]


@pytest.mark.parametrize("graphql", [True, False])
def test_an_app_of_ones_own_finds_its_own(server: Server, tmp_path: Path, graphql: bool) -> None:  # noqa: FBT001 # a parameter of a test
    there = PullRequest(("mallory", f"{LINE}\nx"), account="our-app[bot]", graphql=graphql)
    server.answer = there
    write(server, tmp_path, "one")
    write(server, tmp_path, "two")
    assert there.bodies() == [("mallory", f"{LINE}\nx"), ("our-app[bot]", f"{LINE}\ntwo")]


def test_of_two_jobs_at_the_same_time_one_comment_is_left(server: Server, tmp_path: Path) -> None:
    there = PullRequest()
    barrier = threading.Barrier(2, timeout=60)
    listed: set[int] = set()

    def racing(request: Request) -> Reply:
        reply = there(request)
        if request.method == "GET" and threading.get_ident() not in listed:
            listed.add(threading.get_ident())
            barrier.wait()  # both have seen that there is none
        return reply

    server.answer = racing
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda folder: write(server, folder, folder.name), folders))
    assert all(isinstance(outcome, Written) for outcome in outcomes)
    assert len(there.comments) == 1
    assert there.comments[0]["id"] == 100


def test_what_github_did_in_spite_of_an_error_is_not_done_again(server: Server, tmp_path: Path) -> None:
    there = PullRequest()
    broken = [Reply(502)]

    def answer(request: Request) -> Reply:
        reply = there(request)
        return broken.pop() if request.method == "POST" and request.path == LIST and broken else reply

    server.answer = answer
    assert isinstance(write(server, tmp_path, "one"), Written)
    assert there.bodies() == [(ACCOUNT, f"{LINE}\none")]


def test_what_github_did_not_do_is_tried_once_more(server: Server, tmp_path: Path) -> None:
    there = PullRequest()
    broken = [Reply(502)]

    def answer(request: Request) -> Reply:
        return broken.pop() if request.method == "POST" and request.path == LIST and broken else there(request)

    server.answer = answer
    assert isinstance(write(server, tmp_path, "one"), Written)
    assert len(there.comments) == 1


class TestNotWritten:
    @pytest.mark.parametrize("event", ["push", "schedule", "merge_group", "release", ""])
    def test_where_there_is_no_pull_request(self, server: Server, tmp_path: Path, event: str) -> None:
        outcome = write(server, tmp_path, "x", event=event, payload={}, GITHUB_REF="refs/heads/main")
        assert isinstance(outcome, NotWritten)
        assert server.requests == []

    def test_on_an_issue_that_is_no_pull_request(self, server: Server, tmp_path: Path) -> None:
        assert isinstance(
            write(server, tmp_path, "x", event="issue_comment", payload={"issue": {"number": 7}}), NotWritten
        )

    def test_without_a_token(self, server: Server, tmp_path: Path) -> None:
        assert isinstance(write(server, tmp_path, "x", token=""), NotWritten)
        assert server.requests == []

    @pytest.mark.parametrize("status", [403, 404])
    def test_from_a_fork(self, server: Server, tmp_path: Path, status: int) -> None:
        server.answer = lambda _request: Reply(status, {"message": "Resource not accessible by integration"})
        assert isinstance(write(server, tmp_path, "x", payload=pull_request(head="m/model")), NotWritten)
        assert isinstance(write(server, tmp_path, "x", GITHUB_ACTOR="dependabot[bot]"), NotWritten)

    def test_where_the_conversation_is_locked(self, server: Server, tmp_path: Path) -> None:
        there = PullRequest()

        def answer(request: Request) -> Reply:
            locked = request.method == "POST" and request.path == LIST
            message = {"message": "Unable to create comment because issue is locked."}
            return Reply(403, message) if locked else there(request)

        server.answer = answer
        assert isinstance(write(server, tmp_path, "x"), NotWritten)


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("pull_request_target", pull_request()),
        ("pull_request_review", pull_request()),
        ("issue_comment", {"issue": {"number": 7, "pull_request": {"url": "x"}}}),
        ("workflow_run", {"workflow_run": {"pull_requests": [{"number": 7}]}}),
        ("pull_request", {}),  # the ref says it too
    ],
)
def test_every_event_that_is_about_a_pull_request(server: Server, tmp_path: Path, event: str, payload: Any) -> None:
    server.answer = PullRequest()
    assert isinstance(write(server, tmp_path, "x", event=event, payload=payload), Written)


class TestBroken:
    @pytest.mark.parametrize("status", [401, 403, 404, 422, 500])
    def test_what_is_allowed_and_does_not_work_is_an_error(self, server: Server, tmp_path: Path, status: int) -> None:
        server.answer = lambda _request: Reply(status, {"message": f"no, {TOKEN}"})
        with pytest.raises(ToolError, match="could not be written") as caught:
            write(server, tmp_path, "x")
        assert TOKEN not in str(caught.value)
        if status in (403, 404):
            assert "pull-requests: write" in caught.value.mend

    @pytest.mark.parametrize("listed", [{}, "x", None, 3])
    def test_a_list_that_is_none_is_an_error(self, server: Server, tmp_path: Path, listed: Any) -> None:
        server.answer = lambda _request: Reply(body=listed)
        with pytest.raises(ToolError, match="cannot be read"):
            write(server, tmp_path, "x")

    def test_malformed_entries_are_nobodys(self, server: Server, tmp_path: Path) -> None:
        there = PullRequest()
        entries: list[Any] = [None, 3, [], {}, {"id": "1"}, {"id": 1}, {"id": 2, "user": None, "body": LINE},
                              {"id": 3, "user": {"login": ACCOUNT}, "body": None},
                              {"id": True, "user": {"login": ACCOUNT}, "body": LINE}]  # fmt: skip
        there.comments = entries
        server.answer = there
        assert isinstance(write(server, tmp_path, "x"), Written)
        assert changes(server) == ["POST"]

    def test_too_long_a_body_is_not_sent(self, server: Server, tmp_path: Path) -> None:
        with pytest.raises(ToolError, match="longer"):
            write(server, tmp_path, "x" * 65_536)
        assert server.requests == []

    def test_the_list_ends_somewhere(self, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(comments, "_MOST_PAGES", 3)
        full = [{"id": number, "body": "x", "user": {"login": "x"}} for number in range(1, 101)]

        def answer(request: Request) -> Reply:
            return Reply(201, {"id": 5, "user": {"login": ACCOUNT}}) if request.method == "POST" else Reply(body=full)

        server.answer = answer
        write(server, tmp_path, "x")
        assert len(server.requests) < 10


def test_a_key_cannot_end_the_hidden_line() -> None:
    keys = ["", "a--b", "a -->", "a\nb", "a b", "\u202e", "x" * 201, "a>", "\ud800", "a"]
    lines = [comments.marker("scan-image", key) for key in keys]
    assert len(set(lines)) == len(keys)
    assert all(re.fullmatch(r"<!-- modelseal:scan-image:[0-9a-z]+ -->", line) for line in lines)


def test_the_token_is_in_no_log(server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.answer = PullRequest(graphql=False)
    write(server, tmp_path, "x")
    assert caplog.text
    assert TOKEN not in caplog.text
