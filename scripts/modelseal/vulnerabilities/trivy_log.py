"""What Trivy's log tells that its report does not: what it could not read, and what it left out.

Trivy ends with 0 and a good report when a package's own record, a package manager's database or a version number made
no sense to it. It says so in its log alone, most of it only with `--debug`:
https://github.com/aquasecurity/trivy/blob/v0.74.0/pkg/fanal/analyzer/analyzer.go ("Analysis error"),
https://github.com/aquasecurity/trivy/blob/v0.74.0/pkg/utils/fsutils/fs.go ("Walk error"),
https://github.com/aquasecurity/trivy/blob/v0.74.0/pkg/fanal/analyzer/pkg/dpkg/dpkg.go ("Parse error"),
https://github.com/aquasecurity/trivy/blob/v0.74.0/pkg/detector/library/compare/compare.go ("Version matching error").
"""

import ast
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

_GAPS = {
    "Analysis error",
    "Walk error",
    "Parse error",
    "Permission error",
    "Invalid version",
    "Invalid source version",
    "Invalid version found",
    "Version matching error",
}
# Warnings with an error in them, and errors, that leave no gap.
_HARMLESS = {
    # There are no other checks than those in the executable: nothing is fetched, and our cache folder is fresh.
    ("misconfig", "Falling back to embedded checks"),
    # The text of a licence beside a package; the package itself was read.
    ("python", "Unable to collect additional info"),
}
# Where the records are that a part of Trivy reads; it does not always say.
_RECORDS = {"dpkg": "var/lib/dpkg/status", "apk": "lib/apk/db/installed", "rpmdb": "var/lib/rpm"}
_MESSAGE = re.compile(r"(?:\[(?P<part>[a-z-]+)\] )?(?P<text>[^\t]*)(?:\t(?P<fields>.*))?", re.DOTALL)
_PATH = re.compile(r'\bfile_path=("(?:[^"\\]|\\.)*")')
_PATH_IN_ERROR = re.compile(r"(?:failed|unable) to parse ([^:]+): ")
_ERROR = re.compile(r'\berr=("(?:[^"\\]|\\.)*")')
_BASE_LAYERS = re.compile(r"sha256:[0-9a-f]{64}")
_STACK = re.compile(r"\s+(?:[\w.-]+/\S+\.|/\S+\.go:\d|[\w./-]+\.go:\d)")
_COMPLAINTS = {"ERROR", "FATAL"}
_LENGTH = 2000
_LINES = 5
# https://github.com/aquasecurity/trivy/blob/v0.74.0/pkg/commands/artifact/run.go
_ENABLED = {
    "vuln": "Vulnerability scanning is enabled",
    "secret": "Secret scanning is enabled",
    "misconfig": "Misconfiguration scanning is enabled",
    "license": "License scanning is enabled",
}
# Trivy only warns when it does not know a release, and then reports no vulnerability of any package in it; with the
# family "none" it leaves even the packages out of the report:
# https://github.com/aquasecurity/trivy/blob/v0.74.0/pkg/scan/ospkg/scan.go and pkg/detector/ospkg/version/version.go
_UNKNOWN_SYSTEM = ("This OS version is not on the EOL list", "Unsupported os")


@dataclass(frozen=True)
class Gap:
    """Something in the image that Trivy could not read.

    Attributes:
        path: The file, where Trivy says which; else empty.
        reason: What it says, with its fields.
    """

    path: str
    reason: str

    def __str__(self) -> str:
        """The file and the reason."""
        return f"{self.path}: {self.reason}" if self.path else self.reason


def is_noise(line: str) -> bool:
    """Whether a line is one of the many that Trivy prints for each file in which it looks for secrets."""
    return line.startswith("\tDEBUG\t[secret] ", line.find("\t"))  # asked for each of tens of thousands of lines


def is_detail(line: str) -> bool:
    """Whether a line is of no interest to a person who watches."""
    return _split(line)[1:2] == ["DEBUG"]


def gaps(lines: Iterable[str]) -> tuple[Gap, ...]:
    """Return what Trivy could not read, each once, in its order."""
    return tuple(dict.fromkeys(gap for line in lines if (gap := _gap(line))))


def complaints(lines: Sequence[str]) -> str:
    """Return what was printed from the first error on; the reason often follows on lines of its own."""
    for number, line in enumerate(lines):
        time, *rest = _split(line)
        if rest[:1] and rest[0] in _COMPLAINTS and time and not _harmless(line):
            kept = [text for text in lines[number:] if not _STACK.match(text)]
            return " ".join(" ".join(kept).split())[:_LENGTH]
    return ""


def tail(lines: Sequence[str]) -> str:
    """Return the last lines that are of interest to a person."""
    kept = [line for line in lines if not is_detail(line)][-_LINES:]
    return " ".join(" ".join(kept).split())[-_LENGTH:]


def unknown_system(lines: Iterable[str]) -> str:
    """Return the line that says that the system's release is unknown to Trivy; empty when there is none."""
    for line in lines:
        _, level, message = (*_split(line), "", "", "")[:3]
        found = _MESSAGE.fullmatch(message)
        if level == "WARN" and found and found["text"].startswith(_UNKNOWN_SYSTEM):
            return message.replace("\t", " ")[:200]
    return ""


def missing_scanners(lines: Iterable[str], scanners: Collection[str]) -> tuple[str, ...]:
    """Return the scanners of which Trivy does not say that they are at work."""
    said = {found["text"] for line in lines if (found := _MESSAGE.fullmatch(line.rpartition("\tINFO\t")[2]))}
    return tuple(scanner for scanner in scanners if _ENABLED[scanner] not in said)


def base_layers(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the diff ids of the layers that Trivy takes for the base image's; it does not look for secrets in them.

    https://github.com/aquasecurity/trivy/blob/v0.74.0/pkg/fanal/artifact/image/image.go
    """
    for line in lines:
        if "\t[image] Detected base layers\t" in line:
            return tuple(_BASE_LAYERS.findall(line))
    return ()


def _gap(line: str) -> Gap | None:
    _, level, message = (*_split(line), "", "", "")[:3]
    found = _MESSAGE.fullmatch(message)
    if not found or _harmless(line):
        return None
    fields = found["fields"] or ""
    if found["text"] not in _GAPS and not (level == "WARN" and "err=" in fields):
        return None
    return Gap(_path(found["part"] or "", fields), " ".join(f"{found['text']} {fields}".split())[:_LENGTH])


def _path(part: str, fields: str) -> str:
    if path := _PATH.search(fields):
        return _unquoted(path[1])
    error = _ERROR.search(fields)
    if error and (named := _PATH_IN_ERROR.search(_unquoted(error[1]))):
        return _RECORDS.get(named[1], named[1])
    return _RECORDS.get(part, "")


def _unquoted(text: str) -> str:
    """Undo Go's quotation marks, whose escapes are Python's too."""
    try:
        return str(ast.literal_eval(text))
    except (ValueError, SyntaxError):
        return text[1:-1]


def _harmless(line: str) -> bool:
    found = _MESSAGE.fullmatch((*_split(line), "", "", "")[2])
    return found is not None and (found["part"] or "", found["text"]) in _HARMLESS


def _split(line: str) -> list[str]:
    # time, level, message with fields: between tabs
    return line.split("\t", maxsplit=2)
