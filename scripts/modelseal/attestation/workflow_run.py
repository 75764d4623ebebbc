"""The workflow run that made something: from the runner's environment, and from the token that vouches for it.

https://docs.github.com/actions/reference/security/oidc (claims),
https://docs.github.com/actions/reference/workflows-and-actions/variables (environment)
"""

from collections.abc import Mapping
from dataclasses import dataclass

from modelseal.errors import InputError

# Claim, and the variable that says the same. Where both speak they must agree: a step may change its own
# environment, the token it cannot change.
_SOURCES = {
    "repository": "GITHUB_REPOSITORY",
    "repository_id": "GITHUB_REPOSITORY_ID",
    "repository_owner_id": "GITHUB_REPOSITORY_OWNER_ID",
    "ref": "GITHUB_REF",
    "sha": "GITHUB_SHA",
    "event_name": "GITHUB_EVENT_NAME",
    "workflow_ref": "GITHUB_WORKFLOW_REF",
    "runner_environment": "RUNNER_ENVIRONMENT",
    "run_id": "GITHUB_RUN_ID",
    "run_attempt": "GITHUB_RUN_ATTEMPT",
}


@dataclass(frozen=True)
class Run:
    """One attempt of one workflow run on GitHub; all texts as GitHub gives them.

    Attributes:
        server_url: `https://github.com` or that of an enterprise server.
        job_workflow_ref: The workflow file that holds the job, a reusable one included; what the signer is called.
    """

    server_url: str
    repository: str
    repository_id: str
    repository_owner_id: str
    ref: str
    sha: str
    event_name: str
    workflow_ref: str
    job_workflow_ref: str
    runner_environment: str
    run_id: str
    run_attempt: str


def from_environment(environ: Mapping[str, str]) -> Run | None:
    """Return the run that the environment tells of; nothing outside of GitHub Actions.

    The environment does not name the reusable workflow that a job is in: only the token does.

    Raises:
        InputError: It is GitHub Actions, and a variable is missing.
    """
    if environ.get("GITHUB_ACTIONS") != "true":
        return None
    values = {claim: _variable(environ, variable) for claim, variable in _SOURCES.items()}
    server_url = environ.get("GITHUB_SERVER_URL", "https://github.com")
    return Run(server_url=server_url, job_workflow_ref=values["workflow_ref"], **values)


def from_claims(claims: Mapping[str, object], environ: Mapping[str, str]) -> Run | None:
    """Return the run that an identity token tells of; nothing if the token is not from a workflow.

    Args:
        claims: The token's claims. Their signature is Fulcio's to check: it refuses a token that is not genuine, and
            nothing is signed then.
        environ: The environment; where it names the same things it must not contradict.

    Raises:
        InputError: A claim is missing, the environment contradicts one, or a workflow uses another issuer's token.
    """
    on_github = environ.get("GITHUB_ACTIONS") == "true"
    if "job_workflow_ref" not in claims:
        if on_github:
            raise InputError(
                "The identity token is not one of this workflow run.",
                mend="Remove SIGSTORE_ID_TOKEN from the step's environment, so that GitHub's own token is used.",
            )
        return None
    values = {claim: _claim(claims, claim) for claim in (*_SOURCES, "job_workflow_ref")}
    server_url = claims.get("server_url") or environ.get("GITHUB_SERVER_URL") or "https://github.com"
    if on_github:
        _refuse_contradiction(values, environ)
    return Run(server_url=str(server_url), **values)


def _refuse_contradiction(values: Mapping[str, str], environ: Mapping[str, str]) -> None:
    for claim, variable in _SOURCES.items():
        said = environ.get(variable)
        if said and said != values[claim]:
            raise InputError(
                f"{variable} says {said!r}, and the identity token says {values[claim]!r}.",
                where=f"claim `{claim}`",
                mend="Leave GitHub's own variables as they are: nothing is signed for another run than this one.",
            )


def _variable(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name)
    if not value:
        raise InputError(
            f"{name} is not set, so the provenance would not say where this was built.",
            mend="Run the action as a step of a workflow, which sets it.",
        )
    return value


def _claim(claims: Mapping[str, object], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise InputError(
            f"The identity token has no claim `{name}`, so the provenance would be incomplete.",
            mend="Use the token of GitHub's own issuer.",
        )
    return value
