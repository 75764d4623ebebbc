"""GitHub's REST API: with the token for one host only, patience within bounds, and errors that say what GitHub said.

https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api
"""

import json
import logging
import re
import time
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

import urllib3

from modelseal import __version__
from modelseal.errors import InputError, ToolError
from modelseal.github import transport

logger = logging.getLogger(__name__)

API_VERSION = "2022-11-28"
_DEFAULT_API = "https://api.github.com"
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_TIMEOUT = urllib3.Timeout(connect=10.0, read=60.0)
_ATTEMPTS = 5
_PATIENCE_SECONDS = 180.0
_PAUSE_SECONDS = 1.0
_SECONDARY_LIMIT_SECONDS = 60.0  # what GitHub asks for where it names no time
_REDIRECTS = 3
_MESSAGE_LENGTH = 500
_TRANSIENT = frozenset({500, 502, 503, 504})
_MOVED = frozenset({301, 302, 307, 308})
_LIMITED = frozenset({403, 429})
_STATUS = "https://www.githubstatus.com"


class RestError(ToolError):
    """GitHub refused a request, or gave no answer that can be used.

    Attributes:
        status: Of GitHub's answer; 0 when there was none.
        message: What GitHub said; empty when it said nothing.
        documentation_url: Where GitHub explains it; empty when it does not.
    """

    def __init__(  # noqa: PLR0913 # the three parts of every error, and the three of GitHub's
        self, what: str, *, where: str, mend: str, status: int = 0, message: str = "", documentation_url: str = ""
    ) -> None:
        super().__init__(what, where=where, mend=mend)
        self.status = status
        self.message = message
        self.documentation_url = documentation_url


@dataclass(frozen=True)
class Answer:
    """What GitHub answered: status, headers by lower-case names, and the body's JSON; None when it is empty."""

    status: int
    headers: Mapping[str, str]
    body: object


@dataclass(frozen=True)
class Patience:
    """How long to keep trying, and by which clock."""

    seconds: float = _PATIENCE_SECONDS
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time


@dataclass(frozen=True)
class Client:
    """A way to one API, with one token.

    Attributes:
        base: The API's address: `https://api.github.com`, `https://api.octo.ghe.com`, `https://git.example/api/v3`.
        token: Sent to that host and no other; empty for what anybody may read.
    """

    base: str
    token: str = field(repr=False)
    pool: urllib3.PoolManager = field(repr=False)
    patience: Patience = field(default=Patience(), repr=False)

    @property
    def is_server(self) -> bool:
        """Whether this is a GitHub Enterprise Server, and not one of GitHub's own hosts."""
        host = urllib.parse.urlsplit(self.base).hostname or ""
        return host != "api.github.com" and not host.endswith(".ghe.com")

    @property
    def graphql(self) -> str:
        """The address of the GraphQL API, on the same host."""
        return f"{self.base.removesuffix('/v3')}/graphql"

    def request(  # noqa: PLR0913 - what a request is
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: object = None,
        repeatable: bool = True,
        largest: int | None = None,
    ) -> Answer:
        """Send a request, again if need be, and return GitHub's answer to it.

        Args:
            method: `GET`, `POST`, `PATCH`, `DELETE`.
            path: From the API's root, `/repos/…`; or an address on the API's host.
            query: Parameters.
            body: What is sent as JSON.
            repeatable: Whether it may be sent again when GitHub may have acted on it. What was refused because of a
                rate limit is sent again in any case.
            largest: The most bytes that are taken of an answer; by default 16 MiB.

        Raises:
            RestError: GitHub refuses, cannot be reached, is too slow, or does not answer with JSON.
        """
        url = path if path.startswith(("https:", "http:")) else f"{self.base}{path}"
        if query:
            url += "?" + urllib.parse.urlencode(query)
        encoded = None if body is None else json.dumps(body, separators=(",", ":")).encode("ascii")
        deadline = self.patience.clock() + self.patience.seconds
        for attempt in range(1, _ATTEMPTS + 1):
            outcome = self._once(method, url, encoded, deadline, largest or transport.ANSWER_BYTES)
            if isinstance(outcome, Answer) and outcome.status < 300:  # noqa: PLR2004
                return outcome
            pause = self._pause(outcome, attempt, repeatable=repeatable)
            if pause is None or attempt == _ATTEMPTS or self.patience.clock() + pause > deadline:
                self._refuse(outcome, method, url)
            logger.info("GitHub's API: %s; trying again in %.0f seconds", self._said(outcome), pause)
            self.patience.sleep(pause)
        raise AssertionError

    def _once(self, method: str, url: str, encoded: bytes | None, deadline: float, largest: int) -> Answer | str:
        """Send it once and follow redirects on the same host. What is no answer is told in words."""
        for _ in range(_REDIRECTS + 1):
            if transport.origin(url) != transport.origin(self.base):
                raise RestError(
                    "GitHub's API points to another server, and the token is not for that one.",
                    where=transport.origin(url),
                    mend=f"Check GITHUB_API_URL; if it is right, look at {_STATUS}.",
                )
            try:
                response = self.pool.request(
                    method, url, body=encoded, headers=self._headers(encoded), timeout=_TIMEOUT, retries=False,
                    redirect=False, preload_content=False, decode_content=True,
                )  # fmt: skip
                content = transport.read(response, lambda: self.patience.clock() > deadline, largest)
            except transport.TooMuchError as error:
                return str(error)
            except (urllib3.exceptions.HTTPError, OSError) as error:
                return self.masked(f"it cannot be reached ({type(error).__name__})")
            finally:
                self.pool.clear()  # a connection that idles between two polls may die, and a dead one loses a POST
            headers = {name.lower(): value for name, value in response.headers.items()}
            if response.status not in _MOVED or "location" not in headers:
                return self._answer(response.status, headers, content)
            url = urllib.parse.urljoin(url, headers["location"])
        return "it sends us round in circles"

    def _headers(self, encoded: bytes | None) -> dict[str, str]:
        headers = {
            "Accept": "application/vnd.github+json, application/json",
            "Connection": "close",
            "User-Agent": f"modelseal/{__version__}",
            "X-GitHub-Api-Version": API_VERSION,
        }
        headers |= {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return headers | ({"Content-Type": "application/json"} if encoded is not None else {})

    def _answer(self, status: int, headers: Mapping[str, str], content: bytes) -> Answer | str:
        try:
            return Answer(status, headers, transport.parse(content) if content.strip() else None)
        except ValueError as error:
            if status < 300:  # noqa: PLR2004 # an error page may be of any kind
                return self.masked(f"its answer is not JSON ({error})")
        return Answer(status, headers, None)

    def _pause(self, outcome: Answer | str, attempt: int, *, repeatable: bool) -> float | None:
        """Return for how many seconds to wait before the next attempt; None when there should be none."""
        backoff = _PAUSE_SECONDS * 2.0 ** (attempt - 1)
        if isinstance(outcome, str):
            return backoff if repeatable and "be reached" in outcome else None
        if outcome.status in _LIMITED:
            return self._limit(outcome, backoff)
        return backoff if repeatable and outcome.status in _TRANSIENT else None

    def _limit(self, answer: Answer, backoff: float) -> float | None:
        named = answer.headers.get("retry-after", "")
        if re.fullmatch(r"[0-9]{1,6}", named):
            return max(float(named), backoff)
        reset = answer.headers.get("x-ratelimit-reset", "")
        if answer.headers.get("x-ratelimit-remaining") == "0" and re.fullmatch(r"[0-9]{1,12}", reset):
            return max(float(reset) - self.patience.wall(), backoff)
        if "rate limit" in _message(answer).lower() or answer.status == 429:  # noqa: PLR2004
            return _SECONDARY_LIMIT_SECONDS
        return None

    def _said(self, outcome: Answer | str) -> str:
        if isinstance(outcome, str):
            return outcome
        message = _message(outcome)
        return self.masked(f"it answered {outcome.status}{f', {message}' if message else ''}")

    def _refuse(self, outcome: Answer | str, method: str, url: str) -> NoReturn:
        where = self.masked(f"{method} {urllib.parse.urlsplit(url)._replace(query='').geturl()}")
        what = f"GitHub's API does not do what was asked: {self._said(outcome)}."
        if isinstance(outcome, str):
            raise RestError(what, where=where, mend=f"Run the job again; if it stays so, look at {_STATUS}.")
        if outcome.status in _LIMITED and self._limit(outcome, 0.0) is not None:
            mend = "The rate limit of this token is used up: wait, or run fewer jobs at once."
        elif outcome.status in _TRANSIENT:
            mend = f"Run the job again; if it stays so, look at {_STATUS}."
        elif outcome.status == 401:  # noqa: PLR2004
            mend = "Check `github-token`: it is not valid, or no longer."
        else:
            mend = "Check the job's permissions, and what `github-token` may do."
        documentation = _text(outcome.body, "documentation_url")
        raise RestError(
            what, where=where, mend=mend, status=outcome.status, message=self.masked(_message(outcome)),
            documentation_url=self.masked(documentation) if documentation.startswith("https://") else "",
        )  # fmt: skip

    def masked(self, text: str) -> str:
        """Return a text without the token, should somebody have put it in."""
        return text.replace(self.token, "***") if self.token else text


def client(
    environ: Mapping[str, str], token: str, patience: Patience | None = None, *, anonymous: bool = False
) -> Client:
    """Return a client of the API that the environment names.

    Args:
        environ: For `GITHUB_API_URL` and the proxies' variables.
        token: Never empty, unless `anonymous`.
        patience: How long to keep trying.
        anonymous: Whether it will do without a token, for what anybody may read.

    Raises:
        InputError: The token cannot be one, or the API's address is not https.
    """
    if not re.fullmatch(r"[!-~]{1,4096}", token) and not (anonymous and not token):
        raise InputError(
            "The token for GitHub has a character in it that no token has, or is empty.",
            where="input `github-token`",
            mend="Give `${{ github.token }}`, or a secret without spaces and line breaks.",
        )
    base = (environ.get("GITHUB_API_URL") or _DEFAULT_API).rstrip("/")
    parts = urllib.parse.urlsplit(base)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise InputError(
            "GITHUB_API_URL is not an https address, and the token would travel in the open.",
            mend="Leave the variable as GitHub sets it.",
        )
    return Client(base, token, transport.pool(base, environ), patience or Patience())


def _text(body: object, name: str) -> str:
    value = body.get(name) if isinstance(body, dict) else None
    return value[:_MESSAGE_LENGTH] if isinstance(value, str) else ""


def _message(answer: Answer) -> str:
    """What GitHub said, with the reasons that a 422 lists."""
    listed = answer.body.get("errors") if isinstance(answer.body, dict) else None
    errors = listed[:5] if isinstance(listed, list) else []
    reasons = [error if isinstance(error, str) else _text(error, "message") for error in errors]
    parts = [_text(answer.body, "message"), *reasons]
    return " / ".join(filter(None, parts))[:_MESSAGE_LENGTH]
