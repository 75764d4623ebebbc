"""Find the executable that may run: in a given folder, in our own cache, on the machine, or at one of its sources."""

import contextlib
import gzip
import hashlib
import json
import logging
import mmap
import os
import re
import secrets
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from modelseal.environment import cache_folder
from modelseal.errors import InputError, ToolError
from modelseal.files import write_atomically
from modelseal.tools import download
from modelseal.tools.lock import Release, Source, refused_versions, releases, this_platform

logger = logging.getLogger(__name__)

_CHUNK = 1024 * 1024
_digests: dict[tuple[int, ...], str] = {}
_EXECUTABLE_LIMIT = 1024**3


@dataclass(frozen=True)
class Tool:
    """An executable whose digest was right a moment ago."""

    name: str
    version: str
    path: Path
    sha256: str


def provide(name: str, requested: str, *, tools_dir: Path | None, environ: Mapping[str, str]) -> Tool:
    """Return the executable of a tool, fetched if need be, its digest checked.

    Args:
        name: `syft` or `trivy`.
        requested: Nothing for the locked default, a version of the lock, or `version@sha256:<digest>`.
        tools_dir: A folder with executables, release archives or wheels. With it nothing is looked for elsewhere.
        environ: For the cache's place, the PATH, and the settings of proxies and pip.

    Raises:
        InputError: The request names nothing that may run.
        ToolError: The executable cannot be had, or is not the one that it should be.
    """
    candidates = releases(name, requested)
    cache = cache_folder(environ) / "tools"
    for release in candidates:
        found = _in_folder(release, tools_dir, cache) if tools_dir else _on_machine(release, cache, environ)
        if found:
            return _accepted(found, vouched_for="@" in requested)
    if tools_dir:
        raise ToolError(
            f"No locked release of {name} is in the tools folder.", where=str(tools_dir), mend=_wanted(candidates)
        )
    return _accepted(_fetched(candidates, cache, environ), vouched_for="@" in requested)


def _accepted(tool: Tool, *, vouched_for: bool) -> Tool:
    """Look into an executable that only the caller vouches for: a known-bad version may hide behind another name."""
    if vouched_for and tool.path.stat().st_size:
        for version in refused_versions(tool.name):
            # Go's linker writes the version flag into the build information of the executable.
            pattern = rf"{tool.name}\b[^\"\n ]{{0,80}}[.=\t]v?{re.escape(version)}\b".encode()
            with tool.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                if re.search(pattern, content):
                    raise InputError(
                        f"This executable is {tool.name} {version}, which is refused.",
                        where=str(tool.path),
                        mend="Delete it.",
                    )
    logger.info("%s %s, sha256 %s", tool.name, tool.version, tool.sha256)
    return tool


def _in_folder(release: Release, folder: Path, cache: Path) -> Tool | None:
    """Look for the executable itself, then for an archive or wheel that is in the lock by its digest."""
    direct = folder / release.tool
    if direct.is_file() and release.executable and _sha256(direct) == release.executable:
        return Tool(release.tool, release.version, direct.absolute(), release.executable)
    wanted = {source.sha256: source for source in release.sources}
    for file in sorted(folder.iterdir() if folder.is_dir() else ()):
        if file.is_file() and file.suffix in (".gz", ".tgz", ".whl") and (source := wanted.get(_sha256(file))):
            return _install(release, source, file, cache)
    return None


def _on_machine(release: Release, cache: Path, environ: Mapping[str, str]) -> Tool | None:
    """Look into our cache, where another digest is an alarm, then along the PATH, where it is none of our business."""
    expected = release.executable or _recorded(release, cache)
    if expected is None:
        return None
    cached = cache / expected / release.tool
    if cached.is_file():
        _refuse_replaced(cached, expected)
        return Tool(release.tool, release.version, cached, expected)
    on_path = shutil.which(release.tool, path=environ.get("PATH", ""))
    if on_path and _sha256(Path(on_path)) == expected:
        return Tool(release.tool, release.version, Path(on_path).resolve(), expected)
    return None


def _refuse_replaced(cached: Path, expected: str) -> None:
    found = _sha256(cached)
    if found != expected:
        raise ToolError(
            f"The {cached.name} executable has been replaced: its SHA-256 is {found}, not {expected}.",
            where=str(cached),
            mend="Find out who did that; treat this machine's secrets as stolen. Then delete the file.",
        )


def _fetched(candidates: tuple[Release, ...], cache: Path, environ: Mapping[str, str]) -> Tool:
    """Try every source of every candidate: what answers first, then in the order of the lock."""
    offers = [(release, source) for release in candidates for source in release.sources]
    if not offers:
        raise ToolError(
            f"The executable with the digest that was given for {candidates[0].tool} is not on this machine, and no "
            "source is known for it.",
            mend="Put it on the PATH, or into a folder named by the input `tools-dir`.",
        )
    answering = download.answering(tuple(source.url for _, source in offers if source.url), environ)
    offers.sort(key=lambda offer: bool(offer[1].url) and offer[1].url not in answering)
    failures = []
    for release, source in offers:
        try:
            with _downloaded(source, cache, environ) as file:
                return _install(release, source, file, cache)
        except ToolError as error:
            logger.warning("%s could not be had from %s: %s", release.tool, source.name, error)
            failures.append(f"{source.name}: {error.what}")
    raise ToolError(
        f"{candidates[0].tool} could not be had from any of its sources.",
        where="; ".join(failures),
        mend="Check the network, or put it into a folder named by the input `tools-dir`.",
    )


@contextlib.contextmanager
def _downloaded(source: Source, cache: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    """Fetch an archive or wheel whose digest is right. A part that was fetched earlier is gone on with."""
    cache.mkdir(parents=True, exist_ok=True)
    if source.url:
        with download.part(cache, source.sha256) as file:
            download.fetch(source.url, file, sha256=source.sha256, environ=environ)
            try:
                yield file
            finally:
                file.unlink(missing_ok=True)  # it was whole: there is nothing in it to go on with
    else:
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            yield download.fetch_wheel(source.requirement, Path(folder), sha256=source.sha256, environ=environ)


def _install(release: Release, source: Source, archive: Path, cache: Path) -> Tool:
    """Take the executable out of a verified archive, and move it to the place that its own digest names."""
    cache.mkdir(parents=True, exist_ok=True)
    temporary = cache / f".{secrets.token_hex(8)}.tmp"
    try:
        with temporary.open("wb") as target:
            digest = _extract(archive, source, target)
            target.flush()
            os.fsync(target.fileno())  # after a power cut half of it would look like a replaced one
        expected = release.executable or _recorded(release, cache)
        if expected is not None and digest != expected:
            raise ToolError(
                f"The {release.tool} executable in the archive has the SHA-256 {digest}, not {expected}.",
                where=source.name,
                mend="Do not use it; please report this to Modelseal.",
            )
        temporary.chmod(0o755)
        installed = cache / digest / release.tool
        installed.parent.mkdir(exist_ok=True)
        if installed.is_file():
            _refuse_replaced(installed, digest)
        temporary.replace(installed)
    finally:
        temporary.unlink(missing_ok=True)
    if release.executable is None:
        _record(release, digest, cache)
    return Tool(release.tool, release.version, installed, digest)


def _extract(archive: Path, source: Source, target: IO[bytes]) -> str:
    """Copy one member out of an archive and return its SHA-256."""
    try:
        with _member(archive, source.member) as stream:
            digest, size = hashlib.sha256(), 0
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                if size > _EXECUTABLE_LIMIT:
                    raise ToolError("The executable in the archive is larger than 1 GiB.", where=source.name)
                digest.update(chunk)
                target.write(chunk)
    except (KeyError, tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise ToolError(f"The archive cannot be read: {error}.", where=source.name) from error
    return digest.hexdigest()


@contextlib.contextmanager
def _member(archive: Path, name: str) -> Iterator[IO[bytes]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as wheel, wheel.open(name) as stream:
            yield stream
        return
    with tarfile.open(archive) as tar:
        stream_or_none = tar.extractfile(name)
        if stream_or_none is None:
            raise KeyError(name)
        with stream_or_none as stream:
            yield stream


def _record_file(release: Release, cache: Path) -> Path:
    return cache / f"{release.tool}-{release.version}-{this_platform().replace('/', '-')}.json"


def _recorded(release: Release, cache: Path) -> str | None:
    """Return the digest that was written down when this release was first extracted from a verified archive."""
    try:
        digest = json.loads(_record_file(release, cache).read_bytes())["executable"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return digest if isinstance(digest, str) and re.fullmatch(r"[0-9a-f]{64}", digest) else None


def _record(release: Release, digest: str, cache: Path) -> None:
    write_atomically(_record_file(release, cache), json.dumps({"executable": digest}).encode())


def _wanted(candidates: tuple[Release, ...]) -> str:
    names = [source.url.rpartition("/")[2] or source.requirement for item in candidates for source in item.sources]
    digests = [f"sha256:{item.executable}" for item in candidates if item.executable]
    return f"Put one of these there, unchanged: {', '.join(names)}; or the executable itself, {' or '.join(digests)}."


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            # The chain asks twice in one run. Nobody but root can change a file and leave its ctime as it was.
            unchanged = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            if unchanged not in _digests:
                _digests[unchanged] = hashlib.file_digest(file, "sha256").hexdigest()
            return _digests[unchanged]
    except OSError as error:
        raise ToolError(f"The file cannot be read: {error.strerror}.", where=str(path)) from error
