"""The identity token that says which workflow run this is.

https://docs.github.com/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-cloud-providers
"""

import base64
import logging
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping

from modelseal.attestation import jsontext
from modelseal.attestation.rejection import Rejection
from modelseal.errors import InputError, ToolError

logger = logging.getLogger(__name__)

AUDIENCE = "sigstore"
_ATTEMPTS = 4
_SECONDS = 15
_ANSWER_LIMIT = 1024 * 1024
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def identity_token(environ: Mapping[str, str], mask: Callable[[str], None]) -> str:
    """Return the token for Sigstore: the one in `SIGSTORE_ID_TOKEN`, or a fresh one from GitHub.

    Args:
        environ: The environment.
        mask: Called with the token before anything else sees it.

    Raises:
        InputError: The job may not ask for a token, and none was given.
        ToolError: GitHub's endpoint does not answer, or not with a token.
    """
    require_token(environ)
    if given := environ.get("SIGSTORE_ID_TOKEN"):
        mask(given)
        return given
    url, bearer = environ["ACTIONS_ID_TOKEN_REQUEST_URL"], environ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
    mask(bearer)
    token = _fetch(_with_audience(url), bearer)
    mask(token)
    return token


def require_token(environ: Mapping[str, str]) -> None:
    """Stop if this job cannot get a token: better said before a long build than after it.

    Raises:
        InputError: It cannot.
    """
    if environ.get("SIGSTORE_ID_TOKEN"):
        return
    if not environ.get("ACTIONS_ID_TOKEN_REQUEST_URL") or not environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN"):
        if environ.get("GITHUB_ACTIONS") == "true":
            raise InputError(
                "This job may not ask GitHub for an identity token, and keyless signing needs one.",
                mend="Give the job `permissions: id-token: write`; jobs of pull requests from forks never have it.",
            )
        raise InputError(
            "Keyless signing needs an identity token, and there is none outside of GitHub Actions.",
            mend="Sign with `sign: key`, or set SIGSTORE_ID_TOKEN to a token whose audience is `sigstore`.",
        )


def claims_of(token: str) -> Mapping[str, object]:
    """Read a token's claims. They are only trusted once Fulcio has issued a certificate for the token.

    Raises:
        InputError: It is not a token. Never says what it is.
    """
    try:
        _header, claims, _signature = token.split(".")
        return jsontext.parse_object(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    except ValueError:
        raise InputError(
            "The identity token is not a JSON Web Token.", mend="Check what SIGSTORE_ID_TOKEN is set from."
        ) from None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the bearer token to another server."""

    def redirect_request(self, *_: object) -> None:
        """Follow nothing."""


def _fetch(url: str, bearer: str) -> str:
    opener = urllib.request.build_opener(_NoRedirect)
    request = urllib.request.Request(  # noqa: S310 - `_with_audience` lets https and loopback through only
        url, headers={"Authorization": f"Bearer {bearer}", "Accept": "application/json"}
    )
    problem = ""
    for attempt in range(_ATTEMPTS):
        if attempt:
            logger.info("GitHub's token endpoint: %s; trying again", problem)
            time.sleep(2 ** (attempt - 1))
        try:
            with opener.open(request, timeout=_SECONDS) as answer:
                return jsontext.as_text(jsontext.parse_object(answer.read(_ANSWER_LIMIT)).get("value"), "the token")
        except urllib.error.HTTPError as error:
            problem = f"it answered with status {error.code}"
            error.close()
            if error.code in (400, 401, 403, 404):
                break
        except Rejection:
            problem = "its answer holds no token"
        except OSError as error:
            problem = f"it cannot be reached ({getattr(error, 'reason', error)})"
    raise ToolError(
        f"GitHub gave no identity token: {problem}.",
        where=urllib.parse.urlsplit(url).netloc,
        mend="Run the job again; if it stays so, see https://www.githubstatus.com.",
    )


def _with_audience(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise InputError(
            "ACTIONS_ID_TOKEN_REQUEST_URL is not an https address, and the token would travel in the open.",
            mend="Leave the variable as GitHub sets it.",
        )
    query = urllib.parse.urlencode({"audience": AUDIENCE})
    return urllib.parse.urlunsplit(parts._replace(query=f"{parts.query}&{query}" if parts.query else query))
