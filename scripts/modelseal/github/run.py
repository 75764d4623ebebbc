"""Which repository, commit and pull request a workflow run is about: what its event says, and the environment.

https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from modelseal.github import transport

_EVENT_BYTES = 32 * 1024 * 1024
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REF = re.compile(r"refs/(?:heads|tags|pull)/[^\x00-\x20\x7f~^:?*\[\\]+")
_MERGE_REF = re.compile(r"refs/pull/([1-9][0-9]{0,9})/(?:merge|head)")


@dataclass(frozen=True)
class Commit:
    """What an analysis is of: a commit, and the branch, tag or pull request that it stands for."""

    sha: str
    ref: str


@dataclass(frozen=True)
class Run:
    """What is known of this workflow run.

    Attributes:
        repository: `octo/model`; empty outside of GitHub Actions.
        event: `push`, `pull_request`; empty outside of GitHub Actions.
        commit: What is built and scanned; None where that cannot be known.
        pull_request: The number of the pull request that it is about; None when it is about none.
        from_fork: Whether that pull request comes from another repository: its jobs get a token that only reads.
        by_dependabot: Whether Dependabot started it: its jobs get such a token too.
    """

    repository: str
    event: str
    commit: Commit | None
    pull_request: int | None
    from_fork: bool
    by_dependabot: bool

    @property
    def only_reads(self) -> bool:
        """Whether GitHub gives such jobs a token that only reads, whatever permissions they ask for."""
        return (self.from_fork and self.event != "pull_request_target") or self.by_dependabot


def read(environ: Mapping[str, str]) -> Run:
    """Read it from the environment and the event's file. What is malformed counts as not there."""
    event, payload = environ.get("GITHUB_EVENT_NAME", ""), _payload(environ.get("GITHUB_EVENT_PATH", ""))
    repository = environ.get("GITHUB_REPOSITORY", "")
    own = _commit(environ.get("GITHUB_SHA"), environ.get("GITHUB_REF"))
    commit = own
    if event == "workflow_run":
        commit = _triggering(payload.get("workflow_run"), repository)
    elif event == "pull_request_target":
        # The environment names the base branch here. What is scanned is the pull request's, and must not close or open
        # alerts of the base branch.
        number = _number(_dig(payload, "pull_request", "number"))
        commit = _commit(_dig(payload, "pull_request", "head", "sha"), f"refs/pull/{number}/head") if number else None
    return Run(
        repository=repository if _REPOSITORY.fullmatch(repository) else "",
        event=event,
        commit=commit,
        pull_request=_pull_request(event, payload, own),
        from_fork=event.startswith("pull_request") and _from_fork(payload, repository),
        by_dependabot=environ.get("GITHUB_ACTOR") == "dependabot[bot]",
    )


def _triggering(triggering: object, repository: str) -> Commit | None:
    """Return what the run that started this one was about; its environment names the default branch instead."""
    head = _dig(triggering, "head_sha")
    if _dig(triggering, "event") in ("pull_request", "pull_request_target"):
        pulls = _dig(triggering, "pull_requests")  # none for one from a fork
        number = _number(_dig(pulls[0], "number")) if isinstance(pulls, list) and len(pulls) == 1 else None
        return _commit(head, f"refs/pull/{number}/head") if number else None
    if _dig(triggering, "head_repository", "full_name") != repository:
        return None
    return _commit(head, f"refs/heads/{_dig(triggering, 'head_branch')}")


def _pull_request(event: str, payload: Mapping[str, object], own: Commit | None) -> int | None:
    if event.startswith("pull_request"):
        merge = _MERGE_REF.fullmatch(own.ref) if own else None
        return _number(_dig(payload, "pull_request", "number")) or (int(merge[1]) if merge else None)
    if event == "issue_comment" and _dig(payload, "issue", "pull_request"):
        return _number(_dig(payload, "issue", "number"))
    if event == "workflow_run":
        pulls = _dig(payload, "workflow_run", "pull_requests")
        return _number(_dig(pulls[0], "number")) if isinstance(pulls, list) and len(pulls) == 1 else None
    return None


def _from_fork(payload: Mapping[str, object], repository: str) -> bool:
    head = _dig(payload, "pull_request", "head")
    return isinstance(head, dict) and _dig(head, "repo", "full_name") != repository  # None: the fork is gone


def _commit(sha: object, ref: object) -> Commit | None:
    if isinstance(sha, str) and isinstance(ref, str) and _COMMIT.fullmatch(sha) and _REF.fullmatch(ref):
        return Commit(sha, ref)
    return None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**53 else None


def _dig(value: object, *path: str) -> object:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _payload(path: str) -> Mapping[str, object]:
    try:
        with Path(path).open("rb") as file:
            content = file.read(_EVENT_BYTES + 1)
        value = transport.parse(content) if len(content) <= _EVENT_BYTES else None
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
