"""Findings as alerts of GitHub's code scanning: upload a SARIF log, and wait until GitHub has read it.

https://docs.github.com/rest/code-scanning/code-scanning#upload-an-analysis-as-sarif-data

Where GitHub does not allow it, that is said and changes nothing: no fork, private repository without code scanning or
GitHub Enterprise Server becomes red because of it. Where it is allowed and does not work, it is an error: somebody
asked for alerts, and they are not there.
"""

import base64
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass

from modelseal.errors import ToolError
from modelseal.github import rest, run
from modelseal.github.rest import Client, Patience, RestError

logger = logging.getLogger(__name__)

_TOOL = "Modelseal"
_MOST_BYTES = 10 * 1000 * 1000
_PROCESSING_SECONDS = 300.0
_FIRST_PAUSE_SECONDS = 2.0
_LONGEST_PAUSE_SECONDS = 15.0
_ERRORS_SHOWN = 5
_ERROR_LENGTH = 300
# As GitHub words it; the last is what a job without the permission hears, one of a fork's pull request among them.
_NOT_ENABLED = re.compile(r"(?i)(?:advanced|code) security must be enabled|code scanning is not (?:enabled|available)")
_ARCHIVED = re.compile(r"(?i)\barchived\b")
_NO_PERMISSION = re.compile(r"(?i)not accessible by (?:integration|personal access token)")
_IDENTIFIER = re.compile(r"[A-Za-z0-9-]{1,100}")
_FORBIDDEN, _NOT_FOUND, _TOO_LARGE = 403, 404, 413


@dataclass(frozen=True)
class Uploaded:
    """GitHub has the log.

    Attributes:
        complete: Whether it has read it; otherwise it had not come to that within five minutes.
        ref: The branch, tag or pull request that the alerts belong to.
    """

    complete: bool
    ref: str


@dataclass(frozen=True)
class NotAllowed:
    """There is no code scanning here, for this job. `reason` and `mend` are whole sentences."""

    reason: str
    mend: str


def upload(
    compressed: bytes, environ: Mapping[str, str], token: str, patience: Patience | None = None
) -> Uploaded | NotAllowed:
    """Upload a SARIF log for the commit that this run is about.

    Args:
        compressed: The log, with gzip.
        environ: The job's environment.
        token: With `security-events: write`; empty when there is none.
        patience: For tests.

    Raises:
        InputError: The token or the API's address cannot be one.
        ToolError: It is allowed and does not work: the job lacks the permission, GitHub cannot be reached or does not
            take the log.
    """
    about = run.read(environ)
    if not about.repository or not about.event:
        return NotAllowed("This is no workflow run of GitHub Actions.", "Upload the SARIF file from a workflow.")
    if not token:
        return NotAllowed("There is no token.", "Give `github-token: ${{ github.token }}`.")
    if about.commit is None:
        return NotAllowed(
            f"The event {about.event} does not say which commit and branch of this repository was scanned.",
            "Upload from the workflow that builds the image.",
        )
    if len(compressed) > _MOST_BYTES:
        raise ToolError("The SARIF log is larger than GitHub takes.", mend="Report this: logs are made to fit.")
    client = rest.client(environ, token, patience)
    logger.info("uploading %d bytes of SARIF for %s", len(compressed), about.commit.ref)
    body = {
        "commit_sha": about.commit.sha,
        "ref": about.commit.ref,
        "sarif": base64.b64encode(compressed).decode("ascii"),
        "tool_name": _TOOL,
    }
    path = f"/repos/{about.repository}/code-scanning/sarifs"
    try:
        answer = client.request("POST", path, body=body)  # the same category again only replaces what was there
    except RestError as error:
        if refusal := _refusal(error, about, client):
            return refusal
        raise _explained(error) from error
    identifier = answer.body.get("id") if isinstance(answer.body, dict) else None
    if not isinstance(identifier, str) or not _IDENTIFIER.fullmatch(identifier):
        raise ToolError("GitHub took the SARIF log, but did not say under which name.", where=path, mend=_AGAIN)
    return Uploaded(_processed(client, f"{path}/{identifier}"), about.commit.ref)


_AGAIN = "Run the job again; if it stays so, look at https://www.githubstatus.com."


def _refusal(error: RestError, about: run.Run, client: Client) -> NotAllowed | None:
    """Tell whether GitHub does not allow it here, which nobody can mend in the workflow."""
    if error.status not in (_FORBIDDEN, _NOT_FOUND):
        return None
    if _NOT_ENABLED.search(error.message):
        return NotAllowed(
            "Code scanning is not enabled for this repository.",
            "Enable it in the repository's security settings; private repositories need GitHub Code Security for it.",
        )
    if _ARCHIVED.search(error.message):
        return NotAllowed("The repository is archived.", "Leave `upload-sarif` out.")
    if about.only_reads:
        return NotAllowed(
            "Jobs of pull requests from forks, and those that Dependabot starts, have a token that only reads.",
            "Nothing is to be done: the alerts come with the first run after the merge.",
        )
    if client.is_server and (error.status == _NOT_FOUND or not _NO_PERMISSION.search(error.message)):
        return NotAllowed(
            "This GitHub Enterprise Server has no code scanning for this repository.",
            "Ask its administrator for GitHub Code Security.",
        )
    return None


def _explained(error: RestError) -> ToolError:
    if error.status in (_FORBIDDEN, _NOT_FOUND):
        mend = "Give the job `permissions: security-events: write`, in a private repository `actions: read` too."
    elif error.status == _TOO_LARGE:
        mend = "Report this: logs are made to fit."
    else:
        mend = error.mend
    return ToolError("The findings could not be uploaded to code scanning.", where=str(error.what), mend=mend)


def _processed(client: Client, path: str) -> bool:
    """Wait until GitHub has read the log, for at most five minutes.

    Raises:
        ToolError: It could not read it, or does not say.
    """
    deadline = client.patience.clock() + _PROCESSING_SECONDS
    pause = _FIRST_PAUSE_SECONDS
    while client.patience.clock() + pause <= deadline:
        client.patience.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)
        try:
            answer = client.request("GET", path).body
        except RestError as error:
            if error.status == _NOT_FOUND:  # not yet known on every machine of GitHub's
                continue
            raise _explained(error) from error
        state = answer if isinstance(answer, dict) else {}
        status = state.get("processing_status")
        if status == "complete":
            return True
        if status == "failed":
            raise ToolError(
                "GitHub's code scanning could not read the findings.",
                where=client.masked(_errors(state.get("errors"))),
                mend="Report this, with the SARIF file.",
            )
        if status != "pending":
            raise ToolError("GitHub does not say what became of the SARIF log.", where=path, mend=_AGAIN)
    return False


def _errors(errors: object) -> str:
    listed = [error for error in errors if isinstance(error, str)] if isinstance(errors, list) else []
    return "; ".join(error[:_ERROR_LENGTH] for error in listed[:_ERRORS_SHOWN]) or "it does not say why"
