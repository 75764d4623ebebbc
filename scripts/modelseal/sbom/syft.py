"""Run Syft: once for all formats, without network, tokens or settings that are not ours."""

import logging
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from modelseal.errors import ToolError
from modelseal.process import run, scrubbed_environment
from modelseal.sbom.documents import Format
from modelseal.sbom.sources import Source

logger = logging.getLogger(__name__)

_TIMEOUT_SECONDS = 3600.0
# Only how fast Syft works, never what it finds: the documents are the same but for times and random ids (a test).
# GOGC=400 lets its heap grow to five times what is in use before it is searched for garbage; measured on a Debian image
# with Python (Syft 1.18.1, 2 cores): 3.8 instead of 4.8 seconds of processor time, 370 instead of 210 MB of memory.
# GOMEMLIMIT is where it becomes thrifty again.
_TUNING = {"GOGC": "400", "GOMEMLIMIT": "2GiB"}
_PROXIES = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"})


def generate(
    executable: Path,
    source: Source,
    formats: tuple[Format, ...],
    folder: Path,
    *,
    environ: Mapping[str, str],
) -> dict[Format, Path]:
    """Make the SBOMs of a source, all in one run, and return their files.

    Between two runs on the same source differ: in SPDX `documentNamespace` and `creationInfo.created`, in CycloneDX
    `serialNumber` and `metadata.timestamp`. All else is the same, byte for byte.

    Args:
        executable: Syft, its digest checked; 1.18.1 and 1.54.1 understand what they are told here.
        source: What to make them of.
        formats: Which to make.
        folder: Where they go; an existing folder that nobody else writes to.
        environ: The environment, of which Syft sees what `process.scrubbed_environment` lets through.

    Raises:
        ToolError: Syft failed, or one of the documents is missing or empty.
    """
    files = {format_: folder / f"syft{format_.suffix}" for format_ in formats}
    outputs = [f"--output={format_}@{format_.spec_version}={file.resolve()}" for format_, file in files.items()]
    identity = [f"--source-name={source.name}"] + ([f"--source-version={source.version}"] if source.version else [])
    logger.info("Syft looks into %s", source.name)
    with tempfile.TemporaryDirectory(prefix="syft-", dir=folder) as home:
        run(
            [executable, "scan", f"{source.scheme}:{source.path.resolve()}", *outputs, *identity],
            env=_environment(environ, Path(home).resolve()),
            cwd=_empty_folder(home),
            timeout=_TIMEOUT_SECONDS,
            on_line=lambda line: logger.debug("syft: %s", line),
        )
    for file in files.values():
        if not file.is_file() or file.stat().st_size == 0:
            raise ToolError(
                "Syft ended without an error and without a document.",
                where=file.name,
                mend="Look for a full disk, and try again.",
            )
    return files


def _environment(environ: Mapping[str, str], home: Path) -> dict[str, str]:
    """Give Syft a home of its own, without settings: it reads `.syft.yaml` from the current and the home folder."""
    places = {name: str(home / name.lower()) for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME")}
    settings = {
        "SYFT_CHECK_FOR_APP_UPDATE": "false",
        "SYFT_CACHE_DIR": str(home / "cache"),
        "SYFT_PARALLELISM": str(os.cpu_count() or 1),
    }
    nowhere = {"XDG_CONFIG_DIRS": str(home / "xdg"), "HOME": str(home), "TMPDIR": str(home)}
    scrubbed = scrubbed_environment(environ, **places, **nowhere, **settings, **_TUNING)
    return {name: value for name, value in scrubbed.items() if name.upper() not in _PROXIES}


def _empty_folder(home: str) -> Path:
    folder = Path(home, "empty")
    folder.mkdir()
    return folder
