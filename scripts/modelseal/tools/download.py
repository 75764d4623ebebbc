"""Fetch a file over the network: with progress, time limits, retries, and a continuation of what was cut off."""

import hashlib
import http.client
import logging
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from modelseal import process
from modelseal.errors import ToolError

logger = logging.getLogger(__name__)

_PROBE_SECONDS = 3.0
_STALL_SECONDS = 30.0
_ATTEMPTS = 4
_CHUNK = 1024 * 1024
_PROGRESS_SECONDS = 5.0
_WHEEL_SECONDS = 900.0
_PARTIAL_CONTENT = 206
_RANGE_NOT_SATISFIABLE = 416
_FAULTS = (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError)
# Where pip's configuration, cache and index are. The digest decides what is accepted.
_PIP_SETTINGS = (
    "HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "PIP_CERT", "PIP_CLIENT_CERT", "PIP_CONFIG_FILE", "PIP_CACHE_DIR",
    "PIP_DEFAULT_TIMEOUT", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_NO_INDEX", "PIP_PROXY",
    "PIP_RETRIES", "PIP_TRUSTED_HOST",
)  # fmt: skip
_AGENT = {"User-Agent": "modelseal"}


def answering(urls: tuple[str, ...], environ: Mapping[str, str]) -> frozenset[str]:
    """Ask all servers at once and return the addresses that answer within three seconds."""

    def answers(url: str) -> bool:
        request = urllib.request.Request(url, method="HEAD", headers=_AGENT)  # noqa: S310 # from the lock
        try:
            with _opener(environ).open(request, timeout=_PROBE_SECONDS):
                return True
        except _FAULTS:
            return False

    if not urls:
        return frozenset()
    with ThreadPoolExecutor(len(urls)) as pool:
        return frozenset(url for url, ok in zip(urls, pool.map(answers, urls), strict=True) if ok)


def fetch(url: str, file: Path, *, sha256: str, environ: Mapping[str, str]) -> None:
    """Fetch a file, going on where an earlier attempt was cut off.

    Args:
        url: Where it is.
        file: Where it goes. What is there already is taken for its beginning.
        sha256: The digest that it must have.
        environ: For the proxy's settings.

    Raises:
        ToolError: It cannot be fetched, or is another file; then nothing is left of it.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            _continue(url, file, environ)
        except urllib.error.HTTPError as error:
            if error.code != _RANGE_NOT_SATISFIABLE and error.code < 500:  # noqa: PLR2004 # 4xx stays as it is
                raise ToolError(f"The server answered {error.code} {error.reason}.", where=url) from error
            fault = f"{error.code} {error.reason}"
        except _FAULTS as error:
            fault = str(getattr(error, "reason", "") or error or type(error).__name__)
        else:
            fault = ""
        if not fault or _is_whole(file, sha256):
            break
        if attempt == _ATTEMPTS:
            raise ToolError(f"The download failed {_ATTEMPTS} times, last with: {fault}.", where=url)
        logger.info("attempt %d of %d failed (%s), trying again", attempt, _ATTEMPTS, fault)
        time.sleep(2 ** (attempt - 1))
    if not _is_whole(file, sha256):
        file.unlink(missing_ok=True)
        raise ToolError(f"What the server gave is not the locked file (SHA-256 {sha256}).", where=url)


def _continue(url: str, file: Path, environ: Mapping[str, str]) -> None:
    there = file.stat().st_size if file.exists() else 0
    headers = _AGENT | ({"Range": f"bytes={there}-"} if there else {})
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 # from the lock
    with _opener(environ).open(request, timeout=_STALL_SECONDS) as answer:
        mode = "ab" if answer.status == _PARTIAL_CONTENT else "wb"
        expected = int(answer.headers.get("Content-Length") or 0) + (there if mode == "ab" else 0)
        with file.open(mode) as target:
            last = time.monotonic()
            while chunk := answer.read(_CHUNK):
                target.write(chunk)
                if time.monotonic() - last > _PROGRESS_SECONDS:
                    last = time.monotonic()
                    logger.info("%s: %d of %d MB", url.rpartition("/")[2], target.tell() // 10**6, expected // 10**6)
            if expected and target.tell() < expected:
                raise ConnectionError(f"the connection ended after {target.tell()} of {expected} bytes")


def fetch_wheel(requirement: str, folder: Path, *, sha256: str, environ: Mapping[str, str]) -> Path:
    """Fetch a wheel with pip, which knows this machine's index, mirrors and certificates.

    Raises:
        ToolError: pip failed, or gave another file.
    """
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{requirement} --hash=sha256:{sha256}\n")
    settings = {name: value for name, value in environ.items() if name.startswith(_PIP_SETTINGS)}
    logger.info("fetching %s with pip", requirement)
    process.run(
        [
            sys.executable, "-I", "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input",
            "--no-deps", "--only-binary", ":all:", "--require-hashes", "--dest", folder, "--requirement", requirements,
        ],
        env=process.scrubbed_environment(environ, **settings),
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
