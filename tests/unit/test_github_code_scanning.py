"""Uploads of SARIF: what is sent for which event, when it is a notice, and when an error."""

import base64
import gzip
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import github_server
from github_server import HEAD_SHA, SHA, TOKEN, Clock, Reply, Request, Server, pull_request
from modelseal.errors import ToolError
from modelseal.github import code_scanning, run
from modelseal.github.code_scanning import NotAllowed, Uploaded

LOG = gzip.compress(b'{"version": "2.1.0"}', mtime=0)
UPLOAD = ("POST", "/repos/octo/model/code-scanning/sarifs")
STATUS = ("GET", "/repos/octo/model/code-scanning/sarifs/abc-123")
NO_PERMISSION = {"message": "Resource not accessible by integration"}


@pytest.fixture
def server() -> Iterator[Server]:
    with github_server.running() as running:
        yield running


def taking(*states: Any) -> "Taking":
    return Taking(list(states or [{"processing_status": "complete", "analyses_url": "https://x.example"}]))


class Taking:
    """A repository that takes the log, and then says one thing after the other of it."""

    def __init__(self, states: list[Any]) -> None:
        self.states = states

    def __call__(self, request: Request) -> Reply:
        if request.method == "POST":
            return Reply(202, {"id": "abc-123", "url": "https://api.github.com/whatever"})
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return state if isinstance(state, Reply) else Reply(body=state)


def refusing(status: int, body: Any = None) -> Any:
    return lambda _request: Reply(status, body)


def upload(environ: dict[str, str], token: str = TOKEN, clock: Clock | None = None) -> Any:
    return code_scanning.upload(LOG, environ, token, (clock or Clock()).patience())


def test_a_log_is_uploaded_for_the_commit_and_awaited(server: Server, tmp_path: Path) -> None:
    pending = {"processing_status": "pending"}
    server.answer = taking(Reply(404, {"message": "Not Found"}), pending, pending, {"processing_status": "complete"})
    assert upload(server.environ(tmp_path)) == Uploaded(complete=True, ref="refs/heads/main")
    assert server.asked() == [UPLOAD, *[STATUS] * 4]
    sent = server.requests[0].body
    assert set(sent) == {"commit_sha", "ref", "sarif", "tool_name"}
    assert (sent["commit_sha"], sent["ref"], sent["tool_name"]) == (SHA, "refs/heads/main", "Modelseal")
    assert base64.b64decode(sent["sarif"], validate=True) == LOG


def test_what_github_has_not_read_in_five_minutes_is_left_to_it(server: Server, tmp_path: Path) -> None:
    clock = Clock()
    server.answer = taking({"processing_status": "pending"})
    assert upload(server.environ(tmp_path), clock=clock) == Uploaded(complete=False, ref="refs/heads/main")
    assert 240 < sum(clock.slept) <= 300


def test_what_github_cannot_read_is_an_error_with_its_reasons(server: Server, tmp_path: Path) -> None:
    errors = ["rejecting SARIF", f"as {TOKEN} is in it", *["x"] * 100]
    server.answer = taking({"processing_status": "failed", "errors": errors})
    with pytest.raises(ToolError, match="could not read") as caught:
        upload(server.environ(tmp_path))
    assert "rejecting SARIF" in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("state", [{}, [], "complete", None, {"processing_status": None}, {"processing_status": "x"}])
def test_an_answer_that_says_nothing_is_an_error(server: Server, tmp_path: Path, state: Any) -> None:
    server.answer = taking(Reply(body=state))
    with pytest.raises(ToolError, match="does not say"):
        upload(server.environ(tmp_path))


@pytest.mark.parametrize("receipt", [None, [], {}, {"id": 3}, {"id": ""}, {"id": "../../user"}, {"id": "a" * 101}])
def test_a_receipt_without_a_name_is_an_error(server: Server, tmp_path: Path, receipt: Any) -> None:
    server.answer = lambda _request: Reply(202, receipt)
    with pytest.raises(ToolError, match="under which name"):
        upload(server.environ(tmp_path))
    assert len(server.requests) == 1


class TestNotAllowed:
    @pytest.mark.parametrize(
        "message",
        ["Advanced Security must be enabled for this repository to use code scanning.",
         "Code Security must be enabled for this repository to use code scanning.",
         "Code scanning is not enabled for this repository. Please enable code scanning in the repository settings.",
         "Repository was archived so is read-only."],
    )  # fmt: skip
    def test_repositories_without_code_scanning(self, server: Server, tmp_path: Path, message: str) -> None:
        server.answer = refusing(403, {"message": message})
        assert isinstance(upload(server.environ(tmp_path)), NotAllowed)

    def test_pull_requests_from_forks(self, server: Server, tmp_path: Path) -> None:
        environ = server.environ(tmp_path, "pull_request", pull_request(head="mallory/model"))
        for head in ("mallory/model", None):  # None: the fork was deleted
            environ = server.environ(tmp_path, "pull_request", pull_request(head=head),
                                     GITHUB_REF="refs/pull/7/merge")  # fmt: skip
            server.answer = refusing(403, NO_PERMISSION)
            outcome = upload(environ)
            assert isinstance(outcome, NotAllowed)
            assert "forks" in outcome.reason

    def test_dependabot(self, server: Server, tmp_path: Path) -> None:
        server.answer = refusing(403, NO_PERMISSION)
        environ = server.environ(tmp_path, GITHUB_ACTOR="dependabot[bot]")
        assert isinstance(upload(environ), NotAllowed)

    @pytest.mark.parametrize("body", [None, {"message": "Not Found"}])
    def test_a_server_without_code_scanning(self, server: Server, tmp_path: Path, body: Any) -> None:
        server.answer = refusing(404, body)  # a loopback address is nobody's github.com, as a company's server is not
        outcome = upload(server.environ(tmp_path))
        assert isinstance(outcome, NotAllowed)
        assert "Enterprise Server" in outcome.reason

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"GITHUB_EVENT_NAME": ""}, "no workflow run"),
            ({"GITHUB_REPOSITORY": ""}, "no workflow run"),
            ({"GITHUB_REPOSITORY": "../evil"}, "no workflow run"),
            ({"GITHUB_REPOSITORY": "octo/model/../x"}, "no workflow run"),
            ({"GITHUB_SHA": "main"}, "does not say"),
            ({"GITHUB_REF": ""}, "does not say"),
            ({"GITHUB_REF": "refs/heads/a b"}, "does not say"),
        ],
    )
    def test_nothing_is_sent_where_nothing_is_known(
        self, server: Server, tmp_path: Path, change: dict[str, str], reason: str
    ) -> None:
        outcome = upload(server.environ(tmp_path) | change)
        assert isinstance(outcome, NotAllowed)
        assert reason in outcome.reason
        assert server.requests == []

    def test_nothing_is_sent_without_a_token(self, server: Server, tmp_path: Path) -> None:
        outcome = upload(server.environ(tmp_path), token="")
        assert isinstance(outcome, NotAllowed)
        assert server.requests == []


class TestBroken:
    @pytest.mark.parametrize("status", [400, 401, 409, 413, 422, 429, 500, 503])
    def test_what_is_allowed_and_does_not_work_is_an_error(
        self, server: Server, tmp_path: Path, status: int
    ) -> None:  # fmt: skip
        server.answer = refusing(status, {"message": "because"})
        with pytest.raises(ToolError, match="could not be uploaded") as caught:
            upload(server.environ(tmp_path))
        assert str(status) in caught.value.where
        assert caught.value.mend

    def test_a_missing_permission_is_named(self, server: Server, tmp_path: Path) -> None:
        server.answer = refusing(403, NO_PERMISSION)
        with pytest.raises(ToolError) as caught:
            upload(server.environ(tmp_path))
        assert "security-events: write" in caught.value.mend

    def test_a_fork_whose_token_may_write_but_github_is_down(self, server: Server, tmp_path: Path) -> None:
        server.answer = refusing(503)
        environ = server.environ(tmp_path, "pull_request", pull_request(head="m/model"), GITHUB_REF="refs/pull/7/merge")
        with pytest.raises(ToolError):
            upload(environ)

    def test_too_large_a_log_is_not_sent(self, server: Server, tmp_path: Path) -> None:
        with pytest.raises(ToolError, match="larger"):
            code_scanning.upload(b"x" * 10_000_001, server.environ(tmp_path), TOKEN)
        assert server.requests == []

    def test_a_malfunction_while_github_reads_is_an_error(self, server: Server, tmp_path: Path) -> None:
        server.answer = taking(Reply(500))
        with pytest.raises(ToolError):
            upload(server.environ(tmp_path))


def triggering(event: str, *, repository: str | None = "octo/model", pulls: list[int] | None = None) -> Any:
    return {"workflow_run": {
        "event": event, "head_sha": HEAD_SHA, "head_branch": "feature/x",
        "head_repository": {"full_name": repository} if repository else None,
        "pull_requests": [{"number": number} for number in pulls or []],
    }}  # fmt: skip


@pytest.mark.parametrize(
    ("event", "ref", "payload", "expected"),
    [
        ("push", "refs/heads/main", {}, (SHA, "refs/heads/main")),
        ("push", "refs/tags/v1.0", {}, (SHA, "refs/tags/v1.0")),
        ("schedule", "refs/heads/main", {}, (SHA, "refs/heads/main")),
        ("merge_group", "refs/heads/gh-readonly-queue/main/pr-7-abc", {},
         (SHA, "refs/heads/gh-readonly-queue/main/pr-7-abc")),
        ("pull_request", "refs/pull/7/merge", pull_request(), (SHA, "refs/pull/7/merge")),
        # the environment names the base branch, whose alerts these are not
        ("pull_request_target", "refs/heads/main", pull_request(), (HEAD_SHA, "refs/pull/7/head")),
        ("pull_request_target", "refs/heads/main", {}, None),
        ("workflow_run", "refs/heads/main", triggering("push"), (HEAD_SHA, "refs/heads/feature/x")),
        ("workflow_run", "refs/heads/main", triggering("pull_request", pulls=[7]), (HEAD_SHA, "refs/pull/7/head")),
        ("workflow_run", "refs/heads/main", triggering("pull_request"), None),  # from a fork
        ("workflow_run", "refs/heads/main", triggering("pull_request", pulls=[7, 8]), None),
        ("workflow_run", "refs/heads/main", triggering("push", repository="m/model"), None),
        ("workflow_run", "refs/heads/main", triggering("push", repository=None), None),
        ("workflow_run", "refs/heads/main", {}, None),
        ("workflow_run", "refs/heads/main", [], None),
    ],
)  # fmt: skip
def test_the_commit_of_each_event(  # noqa: PLR0913 # a row of the table
    server: Server, tmp_path: Path, event: str, ref: str, payload: Any, expected: tuple[str, str] | None
) -> None:
    server.answer = taking()
    environ = server.environ(tmp_path, event, payload, GITHUB_REF=ref)
    outcome = upload(environ)
    if expected is None:
        assert isinstance(outcome, NotAllowed)
        assert server.requests == []
    else:
        assert isinstance(outcome, Uploaded)
        assert (server.requests[0].body["commit_sha"], server.requests[0].body["ref"]) == expected


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b"\xff", b'{"a":1,"a":2}', b"null", b'"x"'])
def test_a_malformed_event_is_no_event(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "event.json"
    file.write_bytes(content)
    about = run.read({"GITHUB_EVENT_NAME": "pull_request_target", "GITHUB_EVENT_PATH": str(file),
                      "GITHUB_REPOSITORY": "octo/model"})  # fmt: skip
    assert (about.commit, about.pull_request, about.from_fork) == (None, None, False)


@pytest.mark.parametrize("number", [True, 0, -1, "7", 7.0, None, 10**30, "7/../../x"])
def test_a_number_that_is_none_is_no_pull_request(tmp_path: Path, number: Any, server: Server) -> None:
    payload = {"pull_request": {"number": number, "head": {"sha": HEAD_SHA}}}
    about = run.read(server.environ(tmp_path, "pull_request_target", payload))
    assert (about.commit, about.pull_request) == (None, None)


def test_the_token_is_in_no_log(server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.answer = taking({"processing_status": "pending"}, {"processing_status": "complete"})
    upload(server.environ(tmp_path))
    assert caplog.text
    assert TOKEN not in caplog.text
    assert not re.search(r"(?i)authorization|bearer", caplog.text)
