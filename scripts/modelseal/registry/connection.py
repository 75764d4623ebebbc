"""One question to a server and its answer: over HTTPS, within a time, and through redirects that lead nowhere else."""

import contextlib
import http.client
import logging
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from modelseal.registry.faults import RegistryError, Unavailable
from modelseal.registry.opening import Watch, opener
from modelseal.registry.reference import is_loopback

logger = logging.getLogger(__name__)

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_READING = frozenset({"GET", "HEAD"})
_SAME = frozenset({307, 308})  # they leave the method and what is sent as they are
_MOST_REDIRECTS = 5
_CHUNK = 1024 * 1024
_FAULTS = (http.client.HTTPException, OSError, ValueError)
_URL = re.compile(r"[!-~]{1,65536}")
_AGENT = {"User-Agent": "modelseal"}


@dataclass(frozen=True)
class Question:
    """What to ask.

    Attributes:
        method: `GET` or `HEAD`; what changes something is followed to no other server.
        url: Where.
        headers: What every server on the way may see.
        authorization: What only the first server may see; empty for nothing.
        content: What is sent; with `GET` and `HEAD` nothing.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    authorization: str = field(default="", repr=False)
    content: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Answer:
    """The beginning of an answer, and what comes after it.

    Attributes:
        status: The HTTP status.
        reason: Its words.
        headers: In the order in which they came.
        host: Who answered, after redirects.
        redirected: Whether it is another server than the one that was asked.
    """

    status: int
    reason: str
    headers: http.client.HTTPMessage
    host: str
    redirected: bool
    _read: Callable[[int], bytes]

    def header(self, name: str) -> str:
        """Return a header; nothing if there is none."""
        return str(self.headers.get(name) or "").strip()

    def chunks(self) -> Iterator[bytes]:
        """Yield what comes, as it comes.

        Raises:
            Unavailable: The connection broke, or its time was over.
        """
        while True:
            try:
                chunk = self._read(_CHUNK)
            except _FAULTS as error:
                raise _unreachable(self.host, error) from error
            if not chunk:
                return
            yield chunk

    def content(self, limit: int) -> bytes:
        """Return all that comes.

        Raises:
            RegistryError: It is longer than `limit` bytes.
            Unavailable: The connection broke, or its time was over.
        """
        content = bytearray()
        for chunk in self.chunks():
            content += chunk
            if len(content) > limit:
                raise RegistryError(f"{self.host} answered with more than {limit} bytes.")
        declared = self.header("Content-Length")
        if declared.isdecimal() and declared != str(len(content)):
            raise Unavailable(f"The connection to {self.host} ended after {len(content)} of {declared} bytes.")
        return bytes(content)


@contextlib.contextmanager
def asked(question: Question, *, proxies: Mapping[str, str], silence: float, seconds: float) -> Iterator[Answer]:
    """Ask, follow redirects, and yield the answer, whatever its status is.

    Args:
        question: What to ask.
        proxies: The environment's settings: `https_proxy`, `no_proxy`.
        silence: Seconds that a connection may be silent.
        seconds: After which the connection is cut: a server may send a byte now and then, for ever.

    Raises:
        RegistryError: A redirect leads where none may, or the server's certificate does not hold.
        Unavailable: The server cannot be reached, or what it says is not HTTP.
    """
    url, authorization = question.url, question.authorization
    with Watch(seconds) as watch:
        for _ in range(_MOST_REDIRECTS + 1):
            headers = {**_AGENT, **question.headers, **({"Authorization": authorization} if authorization else {})}
            request = urllib.request.Request(  # noqa: S310 # see check_url
                url, question.content, headers, method=question.method
            )
            with contextlib.closing(_opened(request, proxies, silence, watch)) as response:
                if response.status not in _REDIRECTS:
                    yield _answer(response, url, question.url, watch)
                    return
                target = _redirect(url, response.headers.get("Location") or "")
                if question.method not in _READING and not (response.status in _SAME and same_origin(target, url)):
                    raise RegistryError(f"{host_of(url)} sends what is written elsewhere, to {host_of(target)}.")
            if not same_origin(target, url):
                authorization = ""  # and it stays away, wherever the next redirect leads
            url = target
    raise RegistryError(f"{host_of(question.url)} redirects without end.")


def check_url(url: str, *, near: str) -> None:
    """Stop if a server sends us where we do not go: HTTPS only, or to this machine from this machine.

    Args:
        url: Where it sends us.
        near: Its own address.

    Raises:
        RegistryError: It does.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
        plain = parts.scheme == "http" and is_loopback(host) and is_loopback(urlsplit(near).hostname or "")
    except ValueError as error:
        raise RegistryError(f"{host_of(near)} sends us to an address that is none.") from error
    safe = host and parts.username is None and _URL.fullmatch(url)
    if not safe or not (plain or parts.scheme == "https"):
        shown = re.sub(r"[^ -~]", "?", f"{parts.scheme}://{host}")[:100]
        raise RegistryError(f"{host_of(near)} sends us to {shown}, where we do not go: only HTTPS is followed.")


def same_origin(url: str, other: str) -> bool:
    """Tell whether two addresses are of the same server, which may see the same secrets."""
    return _origin(url) == _origin(other)


def host_of(url: str) -> str:
    """Return the host of an address: all of it that may be shown, for signed addresses are passwords."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _opened(
    request: urllib.request.Request, proxies: Mapping[str, str], silence: float, watch: Watch
) -> http.client.HTTPResponse:
    host = host_of(request.full_url)
    try:
        answer: http.client.HTTPResponse = opener(host, proxies, watch).open(request, timeout=silence)
    except _FAULTS as error:
        if watch.over:
            raise _unreachable(host, TimeoutError("its time was over")) from error
        raise _unreachable(host, error) from error
    return answer


def _answer(response: http.client.HTTPResponse, url: str, asked_url: str, watch: Watch) -> Answer:
    def read(size: int) -> bytes:
        chunk = response.read1(size)
        if not chunk and watch.over:
            raise TimeoutError("its time was over")
        return chunk

    reason = re.sub(r"[^ -~]", "?", response.reason or "")[:100]
    redirected = _origin(url) != _origin(asked_url)
    return Answer(response.status, reason, response.headers, host_of(url), redirected, read)


def _redirect(url: str, location: str) -> str:
    try:
        target = urljoin(url, location)
    except ValueError as error:
        raise RegistryError(f"{host_of(url)} redirects to an address that is none.") from error
    check_url(target, near=url)
    logger.debug("%s redirects to %s", host_of(url), host_of(target))
    return target


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _unreachable(host: str, error: Exception) -> RegistryError:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    reason = str(getattr(cause, "strerror", "") or cause or type(cause).__name__)
    shown = re.sub(r"[^ -~]+", "?", reason)[:200]
    if isinstance(cause, ssl.SSLCertVerificationError):
        return RegistryError(
            f"The certificate of {host} does not hold: {re.sub(r'[^ -~]+', '?', cause.verify_message)[:200]}.",
            mend="If a proxy of your own stands between, let SSL_CERT_FILE name its certificate.",
        )
    return Unavailable(f"{host} cannot be reached: {shown}.", mend="Check the network and the proxy's settings.")
