"""Somebody's repository, what happens in it, and the GitHub that it lies on."""

import base64
import gzip
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from end_to_end import act
from github_server import TOKEN, Reply, Request, Server

_REFUSED = Reply(403, {"message": "Resource not accessible by integration"})


@dataclass
class GitHub:
    """GitHub's API, for one pull request: what it keeps. With `only_reads` it treats its callers as it does forks."""

    only_reads: bool = False
    comments: list[str] = field(default_factory=list)
    analyses: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, request: Request) -> Reply:  # noqa: PLR0911 -- one answer for each question
        """Answer as GitHub does."""
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        match request.method, request.path.partition("?")[0].removeprefix("/repos/octo/model").split("/")[1:]:
            case "POST", ["graphql"]:
                return Reply(body={"data": {"viewer": {"login": "github-actions[bot]"}}})
            case "GET", ["issues", "7", "comments"]:
                return Reply(body=[self._comment(number) for number in range(1, len(self.comments) + 1)])
            case "GET", ["code-scanning", "sarifs", "1"]:
                return Reply(body={"processing_status": "complete"})
            case _ if self.only_reads:
                return _REFUSED
            case "POST", ["code-scanning", "sarifs"]:
                self.analyses.append(request.body)
                return Reply(202, {"id": "1"})
            case "POST", ["issues", "7", "comments"]:
                self.comments.append(request.body["body"])
                return Reply(201, self._comment(len(self.comments)))
            case "PATCH", ["issues", "comments", number]:
                self.comments[int(number) - 1] = request.body["body"]
                return Reply(body=self._comment(int(number)))
        return Reply(404, {"message": "Not Found"})

    def _comment(self, number: int) -> dict[str, Any]:
        return {"id": number, "body": self.comments[number - 1], "user": {"login": "github-actions[bot]"}}

    def categories(self) -> list[str]:
        """Return the category of each analysis that was uploaded."""
        logs = [json.loads(gzip.decompress(base64.b64decode(item["sarif"]))) for item in self.analyses]
        return sorted(run["automationDetails"]["id"].rstrip("/") for log in logs for run in log["runs"])


@dataclass
class Project:
    """A repository with a branch `main`, and all its runs.

    Attributes:
        folder: The checkout.
        runs: What each run kept, with what `gh` knows of it; the later, the higher its number.
        github: Where it lies.
        server: How that is reached.
        release: What `modelseal/modelseal` is served from.
        cache: The runner's.
    """

    folder: Path
    runs: Path
    github: GitHub
    server: Server
    release: Path
    cache: Path

    def git(self, *arguments: str) -> str:
        """Run git in it."""
        identity = ("-c", "user.name=octo", "-c", "user.email=octo@example.invalid", "-c", "commit.gpgsign=false")
        argv = ["git", *identity, *arguments]
        return subprocess.run(argv, cwd=self.folder, check=True, capture_output=True, text=True).stdout.strip()

    def change(self, files: Mapping[str, str]) -> str:
        """Commit files, by their paths, and return the commit."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--allow-empty", "--message", f"Change {', '.join(files) or 'nothing'}")
        return self.git("rev-parse", "HEAD")

    def remember(self, event: str, commit: str, branch: str = "main") -> Path:
        """Begin a run that `gh` will know of, and return its folder."""
        number = len(list(self.runs.iterdir())) + 1
        folder = self.runs / str(number)
        folder.mkdir()
        about = {"databaseId": number, "event": event, "headBranch": branch, "headSha": commit, "workflowName": "Gate"}
        (folder / "run.json").write_text(json.dumps(about), encoding="utf-8")
        return folder

    def happen(self, event: str, payload: Mapping[str, object], branch: str = "main") -> tuple[act.Run, Path]:
        """Let something happen to the commit that is checked out. Returns the run, and its artifacts."""
        folder = self.remember(event, self.git("rev-parse", "HEAD"), branch)
        environ = {"GITHUB_API_URL": self.server.url, "END_TO_END_CACHES": str(self.runs.parent / "caches")}
        happened = act.Event(event, payload, environ, {"GITHUB_TOKEN": TOKEN})
        return act.happen(happened, self.folder, self.release, self.cache, folder), folder / "artifacts"

    def pull_request(self, head: str = "octo/model") -> tuple[act.Run, Path]:
        """Let number 7 happen: a pull request to main, of what is checked out, from a repository."""
        branch = {"ref": "change", "sha": self.git("rev-parse", "HEAD"), "repo": {"full_name": head}}
        base = {"ref": "main", "sha": self.git("rev-parse", "main"), "repo": {"full_name": "octo/model"}}
        payload = {"number": 7, "pull_request": {"number": 7, "head": branch, "base": base}}
        return self.happen("pull_request", payload, "change")
