"""Files that a hostile repository could hold to change what Modelseal does in it, and how to see whether one did.

    plant(workspace)
    run_the_station(cwd=workspace, env=os.environ | environment(workspace))
    assert sprung(workspace) == []

A trap that takes effect leaves a file named `TRAP-SPRUNG-…` in the folder, or the word `trap-took-effect` in what was
written there. Two can only be seen by what is missing: `.trivyignore` and the severities of `trivy.yaml` hide findings,
so compare a scan's findings with those of a clean folder.
"""

import os
from pathlib import Path

MARK = b"TRAP-SPRUNG-"
TRACE = b"trap-took-effect"

# Python that must never be imported from a caller's repository: the standard library's, ours, our dependencies'.
_MODULES = (
    "cryptography/__init__.py",
    "json.py",
    "logging.py",
    "modelseal/__init__.py",
    "modelseal/__main__.py",
    "modelseal/cli.py",
    "pip.py",
    "sigstore/__init__.py",
    "sitecustomize.py",
    "usercustomize.py",
    "yaml.py",
)
_MODULE = """\
import os
with open(os.path.join({folder!r}, "TRAP-SPRUNG-{name}"), "w"):
    pass
"""

_SETTINGS = {
    ".syft.yaml": """\
log:
  file: {folder}/TRAP-SPRUNG-syft
  verbosity: 3
exclude: ["./**"]
source: {{name: trap-took-effect}}
""",
    ".trivyignore": "{ids}\n",
    ".trivyignore.yaml": "vulnerabilities:\n{yaml_ids}\n",
    "pip.conf": """\
[global]
log = {folder}/TRAP-SPRUNG-pip
index-url = http://127.0.0.1:9/trap-took-effect
""",
    "setup.cfg": """\
[metadata]
name = trap-took-effect
[build]
build_base = {folder}/TRAP-SPRUNG-setup-cfg
""",
    "trivy-secret.yaml": """\
rules:
  - id: trap-took-effect
    category: general
    title: trap-took-effect
    severity: CRITICAL
    regex: "def main"
""",
    "trivy.yaml": """\
cache: {{dir: {folder}/TRAP-SPRUNG-trivy-cache}}
output: {folder}/TRAP-SPRUNG-trivy
severity: [UNKNOWN]
""",
}

# Everything CRITICAL or HIGH that the test database knows about the sample project's vulnerable image.
IGNORED_IDS = (
    "CVE-2019-1010022",
    "CVE-2023-31486",
    "CVE-2023-36095",
    "CVE-2023-38860",
    "CVE-2023-39631",
    "CVE-2023-43804",
    "CVE-2023-45853",
    "CVE-2024-23334",
    "CVE-2024-3651",
)

HOSTILE_NAMES = (
    b" leading and trailing spaces ",
    b"$(touch TRAP-SPRUNG-shell)",
    b"`touch TRAP-SPRUNG-backticks`",
    b"; touch TRAP-SPRUNG-semicolon; #",
    b"&& touch TRAP-SPRUNG-and",
    b"\n::set-output name=result::passed",
    b"::set-output name=x::y",
    b"::stop-commands::x",
    b"##[set-output name=x]y",
    b"%0A::error::x",
    b"line\nbreak",
    b"carriage\rreturn",
    b"tab\there",
    b"escape\x1b[2Jsequence",
    b'"double quotes"',
    b"'single quotes'",
    b"back\\slash\\n",
    b"--output=x",
    b"-",
    b"*",
    b"~",
    b"${{ github.token }}",
    b"| a | table | <img src=x> [link](x)",
    b"latin-1 \xe9 is not UTF-8",
    b"\xff\xfe",
    "right-to-left \u202egnp.exe".encode(),
    "composed \u00e9".encode(),
    "decomposed e\u0301".encode(),
)


def plant(folder: Path) -> None:
    """Write every trap into an existing folder, over what has its name there."""
    for path, content in _traps(folder).items():
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 -- pathlib has no paths of bytes
        with open(path, "wb") as file:  # noqa: PTH123 -- as above
            file.write(content)


def plant_names(folder: Path) -> None:
    """Write only the files whose names are hostile; for a model's folder."""
    for path, content in _named(folder).items():
        with open(path, "wb") as file:  # noqa: PTH123 -- as above
            file.write(content)


def environment(folder: Path) -> dict[str, str]:
    """Return the environment variables that a hostile repository would want set, pointing to the planted files."""
    return {
        "PIP_CONFIG_FILE": f"{folder}/pip.conf",
        "PYTHONPATH": str(folder),
        "PYTHONSTARTUP": f"{folder}/json.py",
        "SYFT_CONFIG": f"{folder}/.syft.yaml",
        "SYFT_LOG_FILE": f"{folder}/TRAP-SPRUNG-syft-environment",
        "TRIVY_CONFIG": f"{folder}/trivy.yaml",
        "TRIVY_IGNOREFILE": f"{folder}/.trivyignore",
        "TRIVY_OUTPUT": f"{folder}/TRAP-SPRUNG-trivy-environment",
        "TRIVY_SEVERITY": "UNKNOWN",
    }


def sprung(folder: Path) -> list[str]:
    """Return what shows that traps took effect: names below the folder, sorted; nothing when none did."""
    planted = _traps(folder)
    found = []
    for parent, folders, files in os.walk(os.fsencode(folder)):
        paths = {name: os.path.join(parent, name) for name in (*folders, *files)}  # noqa: PTH118 -- as above
        for name, path in paths.items():
            if name.startswith(MARK) or (name in files and _changed(path, planted) and _has_trace(path)):
                found.append(os.fsdecode(os.path.relpath(path, os.fsencode(folder))))
    return sorted(found)


def _traps(folder: Path) -> dict[bytes, bytes]:
    where = str(folder.resolve())
    yaml_ids = "\n".join(f"  - id: {name}\n    statement: trap-took-effect" for name in IGNORED_IDS)
    values = {"folder": where, "ids": "\n".join(IGNORED_IDS), "yaml_ids": yaml_ids}
    texts = {name: text.format(**values) for name, text in _SETTINGS.items()}
    texts["syft.yaml"] = texts[".syft.yaml"]
    for name in _MODULES:
        marker = name.removesuffix(".py").removesuffix("/__init__").replace("/", "-")
        texts[name] = _MODULE.format(folder=where, name=marker)
    return {os.fsencode(folder / name): text.encode() for name, text in texts.items()} | _named(folder)


def _named(folder: Path) -> dict[bytes, bytes]:
    return {os.fsencode(folder) + b"/" + name: b"a file with a hostile name\n" for name in HOSTILE_NAMES}


def _changed(path: bytes, planted: dict[bytes, bytes]) -> bool:
    return path not in planted or Path(os.fsdecode(path)).read_bytes() != planted[path]


def _has_trace(path: bytes) -> bool:
    file = Path(os.fsdecode(path))
    return file.is_file() and TRACE in file.read_bytes()
