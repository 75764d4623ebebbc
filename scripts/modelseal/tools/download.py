"""Fetch a file over the network: with progress, time limits, retries, and a continuation of what was cut off."""

import contextlib
import fcntl
import hashlib
import http.client
import logging
import os
import ssl
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from modelseal import process
from modelseal.errors import ToolError
from modelseal.installation import pip_environment

logger = logging.getLogger(__name__)

_PROBE_SECONDS = 3.0
_STALL_SECONDS = 30.0
_STALL_BYTES = 256 * 1024  # less than that in the time above is as good as nothing
_ATTEMPTS = 4
_PAUSE_SECONDS = 1.0
_CHUNK = 1024 * 1024
_PROGRESS_SECONDS = 5.0
_WHEEL_SECONDS = 900.0
_PARTIAL_CONTENT = 206
_RANGE_NOT_SATISFIABLE = 416
_FAULTS = (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError, ssl.SSLError, ValueError)
_AGENT = {"User-Agent": "modelseal"}


def answering(urls: tuple[str, ...], environ: Mapping[str, str]) -> frozenset[str]:
    """Ask all servers at once and return the addresses that answer within three seconds."""

    def answers(url: str) -> bool:
        request = urllib.request.Request(url, method="HEAD", headers=_AGENT)  # noqa: S310 # from the lock
        try:
            with _opener(environ).open(request, timeout=_PROBE_SECONDS):
                return True
        except urllib.error.HTTPError as error:
            error.close()
            return False
        except _FAULTS:
            return False

    if not urls:
        return frozenset()
    with ThreadPoolExecutor(len(urls)) as pool:
        return frozenset(url for url, ok in zip(urls, pool.map(answers, urls), strict=True) if ok)


@contextlib.contextmanager
def part(folder: Path, name: str) -> Iterator[Path]:
    """Yield a file to fetch into that nobody else writes to at the same time, and remove it when the block ends well.

    It is the same file each time, so that what was cut off is gone on with; if another process is writing to that one,
    a new file.
    """
    file = folder / f"{name}.part"
    with file.open("ab") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            ours = file.exists() and os.path.samestat(os.fstat(held.fileno()), file.stat())
        except BlockingIOError:
            ours = False
        if not ours:
            file = folder / f"{name}.{os.urandom(8).hex()}.part"
        try:
            yield file
        except BaseException:
            if not (ours and file.exists() and file.stat().st_size):
                file.unlink(missing_ok=True)
            raise
        file.unlink(missing_ok=True)


def fetch(url: str, file: Path, *, sha256: str, environ: Mapping[str, str]) -> None:
    """Fetch a file, going on where an earlier attempt was cut off.

    Args:
        url: Where it is.
        file: Where it goes. What is there already is taken for its beginning.
        sha256: The digest that it must have.
        environ: For the proxy's settings.

    Raises:
        ToolError: It cannot be fetched, or is another file; then it is emptied.
    """
    if _is_whole(file, sha256):
        return
    for attempt in range(1, _ATTEMPTS + 1):
        fault = _attempt(url, file, sha256, environ)
        if not fault:
            return
        if attempt < _ATTEMPTS:
            logger.info("attempt %d of %d failed (%s), trying again", attempt, _ATTEMPTS, fault)
            time.sleep(_PAUSE_SECONDS * 2 ** (attempt - 1))
    raise ToolError(f"The download failed {_ATTEMPTS} times, last with: {fault}.", where=url)


def _attempt(url: str, file: Path, sha256: str, environ: Mapping[str, str]) -> str:
    """Return what went wrong and may go well next time; nothing when the file is there."""
    try:
        went_on = _continue(url, file, environ)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == _RANGE_NOT_SATISFIABLE:
            file.write_bytes(b"")  # no beginning of this file; emptied, for it is locked
        elif error.code < 500:  # noqa: PLR2004 # 4xx stays as it is
            raise ToolError(f"The server answered {error.code} {error.reason}.", where=url) from error
        return f"{error.code} {error.reason}"
    except _FAULTS as error:
        return str(getattr(error, "reason", "") or error or type(error).__name__)
    if _is_whole(file, sha256):
        return ""
    file.write_bytes(b"")
    if went_on:
        return "what was there was not its beginning"
    raise ToolError(f"What the server gave is not the locked file (SHA-256 {sha256}).", where=url)


def _continue(url: str, file: Path, environ: Mapping[str, str]) -> bool:
    """Fetch what is missing, and tell whether anything was there already."""
    there = file.stat().st_size if file.exists() else 0
    headers = _AGENT | ({"Range": f"bytes={there}-"} if there else {})
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 # from the lock
    with _opener(environ).open(request, timeout=_STALL_SECONDS) as answer:
        if answer.status != _PARTIAL_CONTENT:
            there = 0
        expected = int(answer.headers.get("Content-Length") or 0) + there
        with file.open("ab" if there else "wb") as target:
            _copy(answer, target, url.rpartition("/")[2], expected)
            if expected and target.tell() < expected:
                raise ConnectionError(f"the connection ended after {target.tell()} of {expected} bytes")
    return there > 0


def _copy(answer: http.client.HTTPResponse, target: IO[bytes], name: str, expected: int) -> None:
    told = checked = time.monotonic()
    before = target.tell()
    while chunk := answer.read1(_CHUNK):
        target.write(chunk)
        now = time.monotonic()
        if now - told > _PROGRESS_SECONDS:
            told = now
            logger.info("%s: %d of %d MB", name, target.tell() // 10**6, expected // 10**6)
        if now - checked > _STALL_SECONDS:
            if target.tell() - before < _STALL_BYTES:
                raise TimeoutError(f"only {target.tell() - before} bytes came in {now - checked:.0f} seconds")
            checked, before = now, target.tell()


def fetch_wheel(requirement: str, folder: Path, *, sha256: str, environ: Mapping[str, str]) -> Path:
    """Fetch a wheel with pip, which knows this machine's index, mirrors and certificates.

    Raises:
        ToolError: pip failed, or gave another file.
    """
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{requirement} --hash=sha256:{sha256}\n", encoding="utf-8")
    logger.info("fetching %s with pip", requirement)
    process.run(
        [
            sys.executable, "-I", "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input",
            "--no-deps", "--only-binary", ":all:", "--require-hashes", "--dest", folder, "--requirement", requirements,
        ],
        env=pip_environment(environ),
        timeout=_WHEEL_SECONDS,
    )  # fmt: skip
    wheels = tuple(folder.glob("*.whl"))
    if len(wheels) != 1 or not _is_whole(wheels[0], sha256):
        raise ToolError("pip did not give the locked wheel.", where=requirement)
    return wheels[0]


def _opener(environ: Mapping[str, str]) -> urllib.request.OpenerDirector:
    proxies = {
        scheme: value
        for scheme in ("http", "https")
        if (value := environ.get(f"{scheme}_proxy") or environ.get(f"{scheme.upper()}_PROXY"))
    }
    return urllib.request.build_opener(urllib.request.ProxyHandler(proxies))


def _is_whole(file: Path, sha256: str) -> bool:
    if not file.is_file():
        return False
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == sha256
