"""Ways to a server, and what is taken from it: proxies, bounds on size and time, JSON with one meaning only."""

import json
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from typing import NoReturn

import urllib3

ANSWER_BYTES = 16 * 1024 * 1024


class TooMuchError(ValueError):
    """An answer is larger, or takes longer, than anything that is waited for."""


def parse(content: bytes) -> object:
    """Read JSON in the one way that it can be read.

    Raises:
        ValueError: It is not JSON, is nested too deeply, or has a key twice or a number that is none.
    """
    try:
        value: object = json.loads(content.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key comes twice")
    return made


def _no_constant(_text: str) -> NoReturn:
    raise ValueError("not a number")


def read(response: urllib3.BaseHTTPResponse, too_late: Callable[[], bool], largest: int) -> bytes:
    """Read an answer to its end.

    Raises:
        TooMuchError: It is too large, or it is too late before its end.
    """
    content = bytearray()
    problem = ""
    try:
        while not problem and (chunk := response.read(64 * 1024, decode_content=True)):
            content += chunk
            if len(content) > largest:
                problem = f"its answer is larger than {largest} bytes"
            elif too_late():
                problem = "its answer takes too long"
    finally:
        response.close()
    if problem:
        raise TooMuchError(problem)
    return bytes(content)


def origin(url: str) -> str:
    """Return scheme, host and port of an address, without a login."""
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"


def pool(base: str, environ: Mapping[str, str]) -> urllib3.PoolManager:
    """Return connections to a server, through the proxy that the environment names for it."""
    parts = urllib.parse.urlsplit(base)
    proxy = environ.get(f"{parts.scheme}_proxy") or environ.get(f"{parts.scheme.upper()}_PROXY") or ""
    exceptions = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    if not proxy or _bypasses(parts.hostname or "", exceptions):
        return urllib3.PoolManager(num_pools=1)
    way = urllib.parse.urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    login = ":".join(urllib.parse.unquote(part) for part in (way.username, way.password) if part is not None)
    address = way._replace(netloc=way.netloc.rpartition("@")[2]).geturl()
    headers = urllib3.make_headers(proxy_basic_auth=login) if login else None
    return urllib3.ProxyManager(address, num_pools=1, proxy_headers=headers)


def _bypasses(host: str, exceptions: str) -> bool:
    names = [name.strip().lower().lstrip(".") for name in exceptions.split(",")]
    return any(name and (name in ("*", host) or host.endswith(f".{name}")) for name in names)
