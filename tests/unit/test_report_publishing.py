"""What is told to GitHub of a result, and what is said where GitHub does not take it."""

import base64
import gzip
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

import gate_results
import github_server
from github_server import TOKEN, Reply, Request, Server
from modelseal.errors import InputError, ToolError
from modelseal.gate.result import Decision, Judged, Result
from modelseal.github import code_scanning, rest
from modelseal.report import sarif
from modelseal.report.publishing import Publisher

RUN = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_RUN_ID": "99"}
RESULT = gate_results.result([gate_results.finding()])
BOT = {"login": "github-actions[bot]"}


@dataclass
class Hub:
    """A repository that takes alerts and comments, and keeps what it gets."""

    comments: list[dict[str, Any]] = field(default_factory=list)
    logs: list[dict[str, Any]] = field(default_factory=list)
    state: str = "complete"

    def __call__(self, request: Request) -> Reply:
        if request.path.endswith("/sarifs"):
            self.logs.append(json.loads(gzip.decompress(base64.b64decode(request.body["sarif"]))))
            return Reply(202, {"id": "abc-123"})
        if "/sarifs/" in request.path:
            return Reply(body={"processing_status": self.state, "errors": ["because"]})
        if "/comments" not in request.path:
            return Reply(body={"data": {"viewer": BOT}})
        if request.method == "GET":
            return Reply(body=self.comments)
        body = request.body["body"]
        if request.method == "PATCH":
            (made,) = [item for item in self.comments if request.path.endswith(f"/{item['id']}")]
        else:
            made = {"id": len(self.comments) + 1, "user": BOT}
            self.comments.append(made)
        made |= {"body": body, "html_url": f"https://github.com/octo/model/pull/7#issuecomment-{made['id']}"}
        return Reply(201 if request.method == "POST" else 200, made)


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture
def server(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(rest, "Patience", github_server.Clock().patience)
    with github_server.running(hub) as running:
        yield running


@pytest.fixture
def publisher(server: Server, tmp_path: Path) -> Publisher:
    environ = server.environ(tmp_path, "pull_request", github_server.pull_request(), GITHUB_REF="refs/pull/7/merge")
    return Publisher(environ | RUN, TOKEN, "Dockerfile")


def tell(publisher: Publisher, *results: tuple[Result, str], alerts: bool = True, comment: bool = True) -> None:
    publisher.tell(results or [(RESULT, "modelseal/scan-image/fraud")], alerts=alerts, comment=comment, failed=False)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(("alerts", "comment"), [(False, False), (True, False), (False, True)])
def test_only_what_was_asked_for(publisher: Publisher, hub: Hub, *, alerts: bool, comment: bool) -> None:
    tell(publisher, alerts=alerts, comment=comment)
    assert (len(hub.logs), len(hub.comments)) == (int(alerts), int(comment))


@pytest.mark.parametrize(
    ("status", "alerts"), [(401, True), (422, True), (500, True), (401, False), (403, False), (422, False)]
)
def test_what_is_allowed_and_does_not_work_is_an_error(
    publisher: Publisher, server: Server, status: int, *, alerts: bool
) -> None:
    server.answer = lambda _request: Reply(status, {"message": f"because of {TOKEN}"})
    with pytest.raises(ToolError) as caught:
        tell(publisher, alerts=alerts, comment=not alerts)
    assert caught.value.mend
    assert TOKEN not in str(caught.value)


def test_what_github_cannot_read_is_an_error(publisher: Publisher, hub: Hub) -> None:
    hub.state = "failed"
    with pytest.raises(ToolError, match="could not read"):
        tell(publisher)


def test_what_github_has_not_read_yet_is_said(
    publisher: Publisher, hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:  # fmt: skip
    hub.state = "pending"
    tell(publisher, comment=False)
    assert len(warnings(caplog)) == 1
    assert "not read them yet" in warnings(caplog)[0]


@pytest.mark.parametrize("token", ["a b", "a\nb", "ü"])
def test_a_wrong_token_is_an_input_error(publisher: Publisher, server: Server, token: str) -> None:
    with pytest.raises(InputError) as caught:
        tell(Publisher(publisher.environ, token, "Dockerfile"))
    assert token not in str(caught.value)
    assert server.requests == []


@pytest.mark.parametrize("change", [{"token": ""}, {"GITHUB_REPOSITORY": ""}, {"GITHUB_EVENT_NAME": ""}])
def test_where_it_is_not_allowed_that_is_a_notice(
    publisher: Publisher, server: Server, caplog: pytest.LogCaptureFixture, change: dict[str, str]
) -> None:
    environ = {**publisher.environ, **change}
    token = environ.pop("token", TOKEN)
    tell(Publisher(environ, token, "Dockerfile"))
    assert len(warnings(caplog)) == 2
    assert server.requests == []


def test_a_comment_is_made_once_and_then_kept_up_to_date(publisher: Publisher, hub: Hub) -> None:
    tell(publisher, alerts=False)
    tell(publisher, (gate_results.result(), "modelseal/scan-image/fraud"), alerts=False)
    (comment,) = hub.comments
    assert "passed" in comment["body"]
    assert "https://github.com/octo/model/actions/runs/99" in comment["body"]


def test_other_keys_are_other_comments_and_other_analyses(publisher: Publisher, hub: Hub) -> None:
    keys = ["modelseal/scan-image/fraud", "modelseal/scan-image/fraud/python:3.12", "-->", "a--b", "x" * 5000, "\udcff"]
    tell(publisher, *((RESULT, key) for key in keys[:4]))
    tell(publisher, *((RESULT, key) for key in keys[4:]), alerts=False)
    assert len(hub.comments) == len(keys)
    assert len({log["runs"][0]["automationDetails"]["id"] for log in hub.logs}) == 4


def test_what_is_let_through_is_no_alert(publisher: Publisher, hub: Hub) -> None:
    """Code scanning shows suppressed results as open alerts, so they are not sent."""
    waived = Judged(gate_results.finding(id="CVE-2023-0002"), Decision.WAIVED, "waived until 2026-12-31 by Ada")
    tell(publisher, (gate_results.result([gate_results.finding(), waived]), "x"), comment=False)
    assert [item["ruleId"] for item in hub.logs[0]["runs"][0]["results"]] == ["CVE-2023-0001"]


def test_what_does_not_fit_is_said(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made = sarif.render(RESULT, category="x", location="Dockerfile")
    monkeypatch.setattr(sarif, "render", lambda *_, **__: replace(made, left_out=7))
    tell(publisher, comment=False)
    assert any("not 7 more" in text for text in warnings(caplog))


def test_the_log_fits_what_github_takes(publisher: Publisher, hub: Hub) -> None:
    tell(publisher, (gate_results.hostile_result(), "x"))
    assert len(hub.logs) == len(hub.comments) == 1
    assert len(json.dumps(hub.logs[0])) < code_scanning._MOST_BYTES * 10


def test_the_token_is_in_no_repr_and_no_log(publisher: Publisher, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    tell(publisher)
    assert TOKEN not in repr(publisher) + caplog.text
