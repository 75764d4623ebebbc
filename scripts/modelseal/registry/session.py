"""Ask a registry with the authorization that it wants, again as long as that may help, and explain what it refuses."""

import contextlib
import email.utils
import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Self, TypeVar

from modelseal.registry import authorization, connection
from modelseal.registry.authorization import Credentials
from modelseal.registry.connection import Answer, Question
from modelseal.registry.faults import NotFound, RateLimited, RegistryError, Unavailable
from modelseal.registry.limits import Clock, Limits
from modelseal.registry.reference import Reference

logger = logging.getLogger(__name__)

READ, WRITE = "pull", "pull,push"
_SMALL_BYTES = 256 * 1024
_MOST_PAUSE = 30.0
_OK, _PARTIAL, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _BAD_RANGE, _TOO_MANY = 200, 206, 401, 403, 404, 416, 429
_FOR_NOW = frozenset({408, 425, 500, 502, 503, 504})
# What we send has the digest that we say. A registry that finds otherwise has mixed it up with somebody else's upload
# of the same content, or has lost its beginning.
_UPLOAD_LOST = frozenset({"BLOB_UPLOAD_INVALID", "BLOB_UPLOAD_UNKNOWN", "DIGEST_INVALID", "SIZE_INVALID"})
READING = frozenset({_OK, _PARTIAL, _BAD_RANGE})
T = TypeVar("T")


@dataclass(frozen=True)
class Session:
    """A way to registries, with the time for all that is asked running from its making.

    Attributes:
        environ: For the proxy's settings.
        credentials: By host; without them everything is asked for as anybody may.
        limits: How long and how often.
        clock: The time.
        until: When its time is over, on that clock.
    """

    environ: Mapping[str, str] = field(repr=False)  # a proxy's address may hold a password
    credentials: Mapping[str, Credentials] = field(default_factory=dict, repr=False)
    limits: Limits = field(default_factory=Limits)
    clock: Clock = field(default_factory=Clock)
    until: float = 0.0
    _authorizations: dict[tuple[str, str, str], str] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.until:
            object.__setattr__(self, "until", self.clock.now() + self.limits.seconds)

    def hasty(self) -> Self:
        """Return this way as it is taken where somebody else can be asked: once, and once more at most."""
        return replace(self, limits=replace(self.limits, attempts=min(2, self.limits.attempts), longest_wait=0.0))

    @contextlib.contextmanager
    def answer(
        self,
        reference: Reference,
        question: Question,
        *,
        actions: str = READ,
        good: frozenset[int] = READING,
        long: bool = False,
    ) -> Iterator[Answer]:
        """Ask, with authorization where the registry wants it, and yield an answer that is none of an error.

        Args:
            reference: Whose registry and repository is asked; its authorization goes to its own origin alone.
            question: What to ask, without authorization.
            actions: What is to be done with the repository: `READ` or `WRITE`.
            good: The statuses that are no error.
            long: Whether it may take as long as there is time at all.

        Raises:
            RegistryError: It refuses, or does not answer.
        """
        key = (reference.host, reference.repository, actions)
        ours = connection.same_origin(question.url, reference.origin)
        with contextlib.ExitStack() as stack:
            for again in (True, False):
                authorized = replace(question, authorization=self._authorizations.get(key, "") if ours else "")
                answer = stack.enter_context(self._asked(authorized, long=long))
                if answer.status != _UNAUTHORIZED or answer.redirected or not ours or not again:
                    break
                self._authorizations.pop(key, None)  # it may have expired
                challenges = authorization.challenges(answer.headers.get_all("WWW-Authenticate") or ())
                stack.close()
                self._authorizations[key] = self._authorization(reference, challenges, actions)
            if answer.status not in good:
                raise self._refusal(answer, reference, actions)
            yield answer

    def tried(self, reference: Reference, ask: Callable[[], T]) -> T:
        """Ask again, after a growing pause, as long as it may help and there is time."""
        for attempt in range(1, self.limits.attempts + 1):
            try:
                return ask()
            except Unavailable as error:
                pause = min(2.0 ** (attempt - 1), _MOST_PAUSE) * (1 + self.clock.chance() / 2)
                pause = max(error.wait, pause)
                over = self.clock.now() + pause > self.until or error.wait > self.limits.longest_wait
                if attempt == self.limits.attempts or over:
                    times = f" It was tried {attempt} times." if attempt > 1 else ""
                    where = error.where or str(reference)
                    raise type(error)(f"{error.what}{times}", where=where, mend=error.mend, wait=error.wait) from error
                logger.info("%s Trying again in %.0f seconds.", error.what, pause)
                self.clock.sleep(pause)
        raise AssertionError

    def _asked(self, question: Question, *, long: bool = False) -> contextlib.AbstractContextManager[Answer]:
        rest = self.until - self.clock.now()
        seconds = rest if long else min(rest, self.limits.answer_seconds)
        return connection.asked(question, proxies=self.environ, silence=self.limits.silence_seconds, seconds=seconds)

    def _authorization(
        self, reference: Reference, challenges: tuple[authorization.Challenge, ...], actions: str
    ) -> str:
        credentials = self.credentials.get(reference.host)
        by_scheme = {challenge.scheme: challenge for challenge in reversed(challenges)}
        if "bearer" in by_scheme:
            return self._token(reference, by_scheme["bearer"], credentials, actions)
        if "basic" in by_scheme and credentials and not credentials.is_identity_token:
            return credentials.header
        doing = "read" if actions == READ else "write"
        raise RegistryError(
            f"{reference.host} lets nobody {doing} this without logging in.",
            where=str(reference),
            mend="Give credentials for it, or use a repository that anybody may read."
            if actions == READ
            else f"Log in before: docker login {reference.host}.",
        )

    def _token(
        self, reference: Reference, challenge: authorization.Challenge, credentials: Credentials | None, actions: str
    ) -> str:
        realm = challenge.get("realm")
        connection.check_url(realm, near=reference.origin)
        shown = credentials if authorization.may_see_credentials(realm, reference.origin) else None
        if credentials and not shown:
            logger.warning(
                "%s: %s gets no credentials, only %s does", reference, connection.host_of(realm), reference.host
            )
        question = authorization.token_question(challenge, f"repository:{reference.repository}:{actions}", shown)
        with self._asked(question) as answer:
            if answer.status != _OK:
                raise self._refusal(answer, reference, actions)
            return authorization.token(answer.content(_SMALL_BYTES), answer.host)

    def _refusal(self, answer: Answer, reference: Reference, actions: str) -> RegistryError:
        code, message = _explanation(answer)
        what = f"{answer.host} answered {answer.status} {answer.reason}{f': {message}' if message else ''}."
        wait = self._wait(answer.header("Retry-After"))
        where = str(reference)
        if answer.status == _TOO_MANY or code == "TOOMANYREQUESTS":
            asks = f" It asks to wait {wait:.0f} seconds." if wait else ""
            return RateLimited(
                f"Rate limited by {answer.host}, which has been asked too often from this address: {what}{asks}",
                where=where,
                mend="Wait and run again; keep what was fetched between jobs, or name a mirror of your own.",
                wait=wait,
            )
        if answer.status in _FOR_NOW or (actions == WRITE and code in _UPLOAD_LOST):
            return Unavailable(what, where=where, mend="Run again later.", wait=wait)
        if answer.status == _NOT_FOUND:
            return NotFound(what, where=where, mend="Check the name and its tag.")
        if actions == WRITE and answer.status in (_UNAUTHORIZED, _FORBIDDEN):
            login = f"Log in to {reference.host} with an account that may write to {reference.repository}"
            return RegistryError(what, where=where, mend=f"{login}; GitHub's registry needs `packages: write`.")
        return RegistryError(what, where=where, mend="Check the name; it may be one that not everybody may read.")

    def _wait(self, retry_after: str) -> float:
        """Return for how long to wait: seconds, or until a date."""
        if retry_after.isdecimal():
            return float(min(int(retry_after[:9]), 10**9))
        try:
            return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - self.clock.wall())
        except (ValueError, OverflowError):
            return 0.0


def _explanation(answer: Answer) -> tuple[str, str]:
    """Return the code and the words of an error, as far as the answer has any that may be shown."""
    if "json" not in answer.header("Content-Type").lower():
        return "", ""
    try:
        error = json.loads(answer.content(_SMALL_BYTES))["errors"][0]
        code, message = str(error.get("code", "")), str(error.get("message", ""))
    except (RegistryError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return "", ""
    return code.upper(), re.sub(r"[^ -~]+", " ", f"{code} {message}").strip()[:200]
