"""Ask a registry: what a tag means, for a manifest, for a blob."""

import contextlib
import email.utils
import hashlib
import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from modelseal.registry import authorization, connection
from modelseal.registry.authorization import Credentials
from modelseal.registry.connection import Answer, Question
from modelseal.registry.content import INDEXES, MANIFESTS, Descriptor, Manifest, is_digest
from modelseal.registry.faults import RateLimited, RegistryError, Unavailable
from modelseal.registry.limits import Clock, Limits
from modelseal.registry.part import Part
from modelseal.registry.reference import Reference

logger = logging.getLogger(__name__)

_MANIFEST_BYTES = 4 * 1024 * 1024  # what the specification asks registries to accept
_SMALL_BYTES = 256 * 1024
_PROGRESS_SECONDS = 5.0
_PROGRESS_BYTES = 1024 * 1024
_MOST_PAUSE = 30.0
_OK, _PARTIAL, _UNAUTHORIZED, _NOT_FOUND, _BAD_RANGE, _TOO_MANY = 200, 206, 401, 404, 416, 429
_FOR_NOW = frozenset({408, 425, 500, 502, 503, 504})
_MANIFEST_TYPES = {"Accept": ", ".join((*MANIFESTS, *INDEXES))}
T = TypeVar("T")


@dataclass(frozen=True)
class Client:
    """Asks registries, with the time for all of it running from its making.

    Attributes:
        environ: For the proxy's settings.
        credentials: By host; without them everything is asked for as anybody may.
        limits: How long and how often.
        clock: The time.
        until: When its time is over, on that clock.
    """

    environ: Mapping[str, str]
    credentials: Mapping[str, Credentials] = field(default_factory=dict, repr=False)
    limits: Limits = field(default_factory=Limits)
    clock: Clock = field(default_factory=Clock)
    until: float = 0.0
    _authorizations: dict[tuple[str, str], str] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.until:
            object.__setattr__(self, "until", self.clock.now() + self.limits.seconds)

    def hasty(self) -> "Client":
        """Return this client as it asks where somebody else can be asked: once, and once more at most."""
        return replace(self, limits=replace(self.limits, attempts=min(2, self.limits.attempts), longest_wait=0.0))

    def resolve(self, reference: Reference) -> str:
        """Return the digest that a reference means now. It is the registry's word until the manifest is read.

        Raises:
            RegistryError: It has no such thing, does not let us read it, or does not answer.
        """
        if reference.digest:
            return reference.digest

        def ask() -> str:
            with self._answer(reference, "HEAD", f"manifests/{reference.tag}", _MANIFEST_TYPES) as answer:
                return answer.header("Docker-Content-Digest")

        digest = self._tried(reference, ask)
        # The header is optional; and a HEAD that leaves it out costs one request more, never the answer.
        return digest if is_digest(digest) else self.manifest(reference).digest

    def manifest(self, reference: Reference) -> Manifest:
        """Return a manifest or index: by its digest, which it then has, or by its tag.

        Raises:
            RegistryError: It cannot be had, is longer than 4 MiB, or is something else.
        """
        name = reference.digest or reference.tag

        def ask() -> Manifest:
            with self._answer(reference, "GET", f"manifests/{name}", _MANIFEST_TYPES) as answer:
                content = answer.content(_MANIFEST_BYTES)
                media_type = answer.header("Content-Type").partition(";")[0].strip().lower()
                said = answer.header("Docker-Content-Digest")
            return self._checked(reference, content, media_type, said)

        return self._tried(reference, ask)

    def blob(self, reference: Reference, blob: Descriptor, file: Path) -> None:
        """Fetch a blob into a file, whose size and digest are then those of its descriptor.

        Args:
            reference: Whose registry and repository to ask.
            blob: What to fetch.
            file: Where to. What is there already is taken for its beginning.

        Raises:
            RegistryError: It cannot be had, or is another one; then the file is emptied.
            ToolError: The file cannot be written.
        """
        with Part(file, blob.size) as part:
            older = part.size > 0
            while True:
                if part.size < blob.size:
                    self._fetch(reference, blob, part)
                if part.digest == blob.digest:
                    return
                found = part.digest
                part.restart()
                if not older:
                    raise RegistryError(
                        f"{reference.host} gave another blob: {found}.", where=f"{reference}, {blob.digest}"
                    )
                older = False  # its beginning may be from an earlier run, and wrong

    def _fetch(self, reference: Reference, blob: Descriptor, part: Part) -> None:
        """Go on until all is there. Attempts count since there was progress last."""
        while part.size < blob.size:
            before = part.size

            def go_on(before: int = before) -> None:
                try:
                    self._continue(reference, blob, part)
                except Unavailable as error:
                    if part.size < before + _PROGRESS_BYTES:
                        raise
                    logger.info("%s Going on at %d MB.", error.what, part.size // 10**6)

            self._tried(reference, go_on)

    def _continue(self, reference: Reference, blob: Descriptor, part: Part) -> None:
        headers = {"Range": f"bytes={part.size}-"} if part.size else {}
        with self._answer(reference, "GET", f"blobs/{blob.digest}", headers, long=True) as answer:
            start = re.match(r"bytes (\d{1,19})-", answer.header("Content-Range"))
            if part.size and (answer.status != _PARTIAL or start is None or int(start[1]) != part.size):
                part.restart()
                if answer.status != _OK:
                    raise Unavailable(f"{answer.host} does not go on where we were.", where=str(reference))
            declared = answer.header("Content-Length")
            if declared.isdecimal() and declared != str(blob.size - part.size):
                raise RegistryError(
                    f"{answer.host} announces {declared[:20]} bytes where {blob.size - part.size} are missing.",
                    where=f"{reference}, {blob.digest}",
                )
            self._copy(answer, blob, part, str(reference))
        if part.size < blob.size:
            raise Unavailable(f"The connection to {answer.host} ended after {part.size} of {blob.size} bytes.")

    def _copy(self, answer: Answer, blob: Descriptor, part: Part, name: str) -> None:
        told = checked = self.clock.now()
        before = part.size
        for chunk in answer.chunks():
            if part.size + len(chunk) > blob.size:
                part.restart()
                raise RegistryError(f"{answer.host} gave more than the {blob.size} bytes of a blob.", where=name)
            part.append(chunk)
            now = self.clock.now()
            if now - told > _PROGRESS_SECONDS:
                told = now
                logger.info("%s: %d of %d MB", name, part.size // 10**6, blob.size // 10**6)
            if now - checked > self.limits.stall_seconds:
                if part.size - before < self.limits.stall_bytes:
                    raise Unavailable(
                        f"{answer.host} is too slow: {part.size - before} bytes in {now - checked:.0f} seconds."
                    )
                checked, before = now, part.size

    def _checked(self, reference: Reference, content: bytes, media_type: str, said: str) -> Manifest:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        if media_type not in (*MANIFESTS, *INDEXES):
            shown = re.sub(r"[^ -~]", "?", media_type)[:100] or "something without a type"
            page = " A proxy or a login page may stand between." if media_type == "text/html" else ""
            raise RegistryError(f"{reference.host} gave {shown}, not a manifest.{page}", where=str(reference))
        expected = reference.digest or (said if is_digest(said) else digest)
        if digest != expected:
            raise RegistryError(f"{reference.host} gave another manifest, {digest}.", where=f"{reference}, {expected}")
        return Manifest(content, media_type, digest)

    @contextlib.contextmanager
    def _answer(
        self, reference: Reference, method: str, path: str, headers: Mapping[str, str], *, long: bool = False
    ) -> Iterator[Answer]:
        """Ask, with authorization where the registry wants it, and yield an answer that is none of an error."""
        url = f"{reference.origin}/v2/{reference.repository}/{path}"
        key = (reference.host, reference.repository)
        with contextlib.ExitStack() as stack:
            for again in (True, False):
                question = Question(method, url, headers, self._authorizations.get(key, ""))
                answer = stack.enter_context(self._asked(question, long=long))
                if answer.status != _UNAUTHORIZED or answer.redirected or not again:
                    break
                self._authorizations.pop(key, None)  # it may have expired
                challenges = authorization.challenges(answer.headers.get_all("WWW-Authenticate") or ())
                stack.close()
                self._authorizations[key] = self._authorization(reference, challenges)
            if answer.status not in (_OK, _PARTIAL, _BAD_RANGE):
                raise self._refusal(answer, reference)
            yield answer

    def _asked(self, question: Question, *, long: bool = False) -> contextlib.AbstractContextManager[Answer]:
        rest = self.until - self.clock.now()
        seconds = rest if long else min(rest, self.limits.answer_seconds)
        return connection.asked(question, proxies=self.environ, silence=self.limits.silence_seconds, seconds=seconds)

    def _authorization(self, reference: Reference, challenges: tuple[authorization.Challenge, ...]) -> str:
        credentials = self.credentials.get(reference.host)
        by_scheme = {challenge.scheme: challenge for challenge in reversed(challenges)}
        if "bearer" in by_scheme:
            return self._token(reference, by_scheme["bearer"], credentials)
        if "basic" in by_scheme and credentials:
            return credentials.header
        raise RegistryError(
            f"{reference.host} lets nobody read this without logging in.",
            where=str(reference),
            mend="Give credentials for it, or use a repository that anybody may read.",
        )

    def _token(self, reference: Reference, challenge: authorization.Challenge, credentials: Credentials | None) -> str:
        realm = challenge.get("realm")
        connection.check_url(realm, near=reference.origin)
        shown = credentials if authorization.may_see_credentials(realm, reference.origin) else None
        if credentials and not shown:
            logger.warning(
                "%s: %s gets no credentials, only %s does", reference, connection.host_of(realm), reference.host
            )
        url = authorization.token_address(challenge, f"repository:{reference.repository}:pull")
        with self._asked(Question("GET", url, {}, shown.header if shown else "")) as answer:
            if answer.status != _OK:
                raise self._refusal(answer, reference)
            return authorization.token(answer.content(_SMALL_BYTES), answer.host)

    def _refusal(self, answer: Answer, reference: Reference) -> RegistryError:
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
        if answer.status in _FOR_NOW:
            return Unavailable(what, where=where, mend="Run again later.", wait=wait)
        if answer.status == _NOT_FOUND:
            return RegistryError(what, where=where, mend="Check the name and its tag.")
        return RegistryError(what, where=where, mend="Check the name; it may be one that not everybody may read.")

    def _wait(self, retry_after: str) -> float:
        """Return for how long to wait: seconds, or until a date."""
        if retry_after.isdecimal():
            return float(min(int(retry_after[:9]), 10**9))
        try:
            return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - self.clock.wall())
        except (ValueError, OverflowError):
            return 0.0

    def _tried(self, reference: Reference, ask: Callable[[], T]) -> T:
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
