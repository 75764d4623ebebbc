"""One comment on a pull request, made once and then kept up to date.

https://docs.github.com/rest/issues/comments

It is found again by a hidden first line. That line is no secret, so only comments of our own account count: one of
somebody else that begins with it is never touched.
"""

import hashlib
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from modelseal.errors import ToolError
from modelseal.github import rest, run
from modelseal.github.rest import Client, Patience, RestError

logger = logging.getLogger(__name__)

BODY_LIMIT = 65_536
_PAGE = 100
_MOST_PAGES = 100
_ACTIONS_ACCOUNT = "github-actions[bot]"
_FORBIDDEN, _NOT_FOUND, _GONE = 403, 404, 410
_KEY = re.compile(r"[A-Za-z0-9._:=/-]{1,200}")


@dataclass(frozen=True)
class Written:
    """The comment says what it should; `url` is its address, empty when GitHub named none."""

    url: str


@dataclass(frozen=True)
class NotWritten:
    """There is nowhere to write to, or this job may not. `reason` and `mend` are whole sentences."""

    reason: str
    mend: str


def marker(station: str, key: str) -> str:
    """Return the hidden first line of a comment.

    Args:
        station: Which station writes it.
        key: Tells apart what one pull request has several comments of, such as the jobs of a matrix. One that could end
            the line early is replaced by its digest.
    """
    if not _KEY.fullmatch(key) or "--" in key:
        key = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return f"<!-- modelseal:{station}:{key} -->"


def write(
    body: str, first_line: str, environ: Mapping[str, str], token: str, patience: Patience | None = None
) -> Written | NotWritten:
    """Write a comment on this run's pull request, or bring the one that is there up to date.

    Args:
        body: Markdown.
        first_line: What `marker` gives; it is put before the body.
        environ: The job's environment.
        token: With `pull-requests: write`; empty when there is none.
        patience: For tests.

    Raises:
        InputError: The token or the API's address cannot be one.
        ToolError: It is allowed and does not work.
    """
    about = run.read(environ)
    if not about.repository or about.pull_request is None:
        return NotWritten("This run is about no pull request.", "Nothing is to be done.")
    if not token:
        return NotWritten("There is no token.", "Give `github-token: ${{ github.token }}`.")
    text = f"{first_line}\n{body}"
    if len(text.encode("utf-16-le", "backslashreplace")) > 2 * BODY_LIMIT:
        raise ToolError("The comment is longer than GitHub takes.", mend="Report this: comments are made to fit.")
    client = rest.client(environ, token, patience)
    issue = f"/repos/{about.repository}/issues/{about.pull_request}/comments"
    single = f"/repos/{about.repository}/issues/comments"
    try:
        return Written(_written(client, issue, single, first_line, text))
    except RestError as error:
        if error.status in (_FORBIDDEN, _NOT_FOUND) and about.only_reads:
            return NotWritten(
                "Jobs of pull requests from forks and of Dependabot have a token that only reads.",
                "Nothing is to be done: the job summary says the same.",
            )
        if error.status in (_FORBIDDEN, _GONE) and re.search(r"(?i)locked|disabled|archived", error.message):
            return NotWritten("The pull request takes no comments.", "Unlock it, if they are wanted.")
        mend = error.mend
        if error.status in (_FORBIDDEN, _NOT_FOUND):
            mend = "Give the job `permissions: pull-requests: write`."
        raise ToolError("The pull request's comment could not be written.", where=error.what, mend=mend) from error


def _written(client: Client, issue: str, single: str, first_line: str, text: str) -> str:
    account = _account(client)
    ours = _ours(client, issue, first_line, account)
    if not ours:
        ours = _created(client, issue, first_line, account, text)
    oldest = ours[0]
    if oldest.get("body") != text:
        answer = client.request("PATCH", f"{single}/{oldest['id']}", body={"body": text})
        oldest = answer.body if isinstance(answer.body, dict) else oldest
    for extra in ours[1:]:  # two jobs were here at the same time; both keep the oldest
        try:
            client.request("DELETE", f"{single}/{extra['id']}")
        except RestError as error:
            if error.status != _NOT_FOUND:
                raise
    url = oldest.get("html_url")
    return url if isinstance(url, str) and url.startswith("https://") else ""


def _created(client: Client, issue: str, first_line: str, account: str, text: str) -> list[dict[str, object]]:
    """Create the comment once, and return ours, the oldest first.

    What GitHub may have done in spite of an error is looked for before it is tried again.
    """
    try:
        made = client.request("POST", issue, body={"body": text}, repeatable=False).body
    except RestError as error:
        if 0 < error.status < 500:  # noqa: PLR2004
            raise
        if ours := _ours(client, issue, first_line, account):
            return ours
        made = client.request("POST", issue, body={"body": text}, repeatable=False).body
    if not isinstance(made, dict) or not _is_number(made.get("id")):
        _unreadable(issue)
    # Now it is certain as whom we write. There may be an older one of that account: another job's that was faster.
    return _ours(client, issue, first_line, _author(made) or account) or [made]


def _account(client: Client) -> str:
    """Return the account that the token writes as. A job's own token cannot ask the REST API for it."""
    try:
        answer = client.request("POST", client.graphql, body={"query": "query { viewer { login } }"})
    except RestError as error:
        logger.debug("the account of the token is not known: %s", error)
        return _ACTIONS_ACCOUNT
    data = answer.body.get("data") if isinstance(answer.body, dict) else None
    viewer = data.get("viewer") if isinstance(data, dict) else None
    login = viewer.get("login") if isinstance(viewer, dict) else None
    return login if isinstance(login, str) and login else _ACTIONS_ACCOUNT


def _ours(client: Client, issue: str, first_line: str, account: str) -> list[dict[str, object]]:
    """Return our own comments with that first line, the oldest first."""
    found: list[dict[str, object]] = []
    for page in range(1, _MOST_PAGES + 1):
        listed = client.request("GET", issue, query={"per_page": _PAGE, "page": page}).body
        if not isinstance(listed, list):
            _unreadable(issue)
        found += [item for item in listed if _is_ours(item, first_line, account)]
        if len(listed) < _PAGE:
            break
    return sorted(found, key=lambda item: int(str(item["id"])))


def _is_ours(comment: object, first_line: str, account: str) -> bool:
    if not isinstance(comment, dict):
        return False
    body = comment.get("body")
    lines = body.splitlines() if isinstance(body, str) else []
    return _author(comment) == account and lines[:1] == [first_line] and _is_number(comment.get("id"))


def _author(comment: Mapping[str, object]) -> str:
    user = comment.get("user")
    login = user.get("login") if isinstance(user, dict) else None
    return login if isinstance(login, str) else ""


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _unreadable(where: str) -> NoReturn:
    raise ToolError(
        "GitHub's answer about comments cannot be read.",
        where=where,
        mend="Run the job again; if it stays so, look at https://www.githubstatus.com.",
    )
