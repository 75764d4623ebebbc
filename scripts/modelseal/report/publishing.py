"""Tell GitHub of a result: alerts in code scanning, a comment on the pull request.

Where GitHub does not allow it (a fork, a repository without code scanning), that is a notice and changes no verdict.
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from modelseal.errors import ModelsealError
from modelseal.gate.result import Result
from modelseal.github import code_scanning, comments
from modelseal.report import comment, sarif

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Publisher:
    """How to tell GitHub.

    Attributes:
        environ: The job's environment.
        token: With the permissions that are needed; empty when there is none.
        location: File of the repository at which code scanning shows the findings.
    """

    environ: Mapping[str, str] = field(repr=False)
    token: str = field(repr=False)
    location: str

    def tell(self, results: Sequence[tuple[Result, str]], *, alerts: bool, comment: bool, failed: bool) -> None:
        """Tell GitHub of results, each with its category. What goes wrong with it never hides a gate that failed.

        Raises:
            ModelsealError: It is allowed and does not work, and no gate failed.
        """
        failures: list[ModelsealError] = []
        for result, category in results:
            for wanted, tell in ((alerts, self.alerts), (comment, self.comment)):
                try:
                    if wanted:
                        tell(result, category)
                except ModelsealError as error:  # what can be told is told all the same
                    failures.append(error)
        raised = failures.pop(0) if failures and not failed else None
        for another in failures:
            logger.warning("%s", another)
        if raised:
            raise raised

    def alerts(self, result: Result, category: str) -> None:
        """Upload a result to code scanning, and wait until GitHub has read it.

        Raises:
            ToolError: It is allowed and does not work.
        """
        log = sarif.render(result, category=category, location=self.location, suppressed=False)
        if log.left_out:
            logger.warning("Code scanning gets the %d worst findings, and not %d more.", log.kept, log.left_out)
        uploaded = code_scanning.upload(sarif.compress(log.content), self.environ, self.token)
        if isinstance(uploaded, code_scanning.NotAllowed):
            logger.warning("Nothing was uploaded to code scanning. %s %s", uploaded.reason, uploaded.mend)
        elif uploaded.complete:
            logger.info("code scanning has %d findings of %s, as %s", log.kept, uploaded.ref, category)
        else:
            logger.warning("Code scanning has the findings, but has not read them yet.")

    def comment(self, result: Result, key: str) -> None:
        """Write the comment on this run's pull request, or bring it up to date.

        Raises:
            ToolError: It is allowed and does not work.
        """
        body = comment.render(result, key=key, run_url=_run_url(self.environ))
        written = comments.write(body, comments.marker("scan-image", _short(key)), self.environ, self.token)
        if isinstance(written, comments.NotWritten):
            logger.warning("There is no comment on a pull request. %s %s", written.reason, written.mend)
        else:
            logger.info("the pull request's comment says so: %s", written.url)


def _short(key: str) -> str:
    """Make a key for a comment's hidden line, in which not everything may stand that a category may hold."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _run_url(environ: Mapping[str, str]) -> str:
    parts = [environ.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")]
    server, repository, number = parts
    return f"{server}/{repository}/actions/runs/{number}" if all(parts) else ""
