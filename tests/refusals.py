"""Releases that must be refused, one folder each, in assets/refusals/cases. `refusal_cases.py` made them.

A case is a change to one of the good releases beside it, `key`, `keyless` (with a transparency log) and `unlogged`
(with timestamps): files that replace others, and in `case.json` what else is different, why it must fail, and what
other tools say.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent / "assets" / "refusals"
CASES = ROOT / "cases"
DESCRIPTION = "case.json"
PROVENANCE = "bundles/image.provenance.sigstore.json"


@dataclass(frozen=True)
class Peer:
    """What another tool is asked about the same case, and what it answers.

    Attributes:
        tool: `gh` or `model_signing`.
        bundle: The file it is given.
        flags: What else it is asked for.
        stricter: Empty where the tool refuses as well; else why we do though it does not.
    """

    tool: str
    bundle: str = PROVENANCE
    flags: tuple[str, ...] = ()
    stricter: str = ""


@dataclass(frozen=True)
class Case:
    """Something that must not pass.

    Attributes:
        name: Its folder.
        why: Why it must fail, in one line.
        base: The good release that it is a change of: `key`, `keyless` or `unlogged`.
        expect: Words that the reason must have in it.
        exit_code: 11, or 2 where no evidence is looked at.
        inputs: Inputs of the station beside those of the good release; `None` takes one away.
        files: Files that are different, by their paths.
        absent: Files that are not there.
        renamed: Files with other names: what a checkout may not keep, or git would read, has another one here.
        links: Symbolic links, and what they lead to.
        peer: Another tool that can judge the same.
    """

    name: str
    why: str
    base: str
    expect: str
    exit_code: int = 11
    inputs: Mapping[str, str | None] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    absent: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    peer: Peer | None = None


def write(case: Case) -> None:
    """Write a case's folder."""
    folder = CASES / case.name
    for path, data in case.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    said: dict[str, Any] = {"why": case.why, "base": case.base, "exit": case.exit_code, "expect": case.expect}
    for name in ("inputs", "absent", "renamed", "links"):
        if getattr(case, name):
            said[name] = getattr(case, name)
    if case.peer:
        said["peer"] = {key: value for key, value in case.peer.__dict__.items() if value or key == "tool"}
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(said, indent=2, ensure_ascii=True) + "\n"
    (folder / DESCRIPTION).write_text(text, encoding="ascii")


def read() -> list[Case]:
    """Read all cases."""
    return [_read(folder) for folder in sorted(CASES.iterdir())]


def _read(folder: Path) -> Case:
    said = json.loads((folder / DESCRIPTION).read_bytes())
    peer = said.get("peer")
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    del files[DESCRIPTION]
    return Case(
        name=folder.name,
        why=said["why"],
        base=said["base"],
        expect=said["expect"],
        exit_code=said["exit"],
        inputs=said.get("inputs", {}),
        files=files,
        absent=tuple(said.get("absent", ())),
        renamed=said.get("renamed", {}),
        links=said.get("links", {}),
        peer=Peer(**(peer | {"flags": tuple(peer.get("flags", ()))})) if peer else None,
    )


def lay_out(case: Case, folder: Path) -> None:
    """Put a case's release into an empty folder."""
    shutil.copytree(ROOT / case.base, folder, dirs_exist_ok=True)
    for path in case.absent:
        (folder / path).unlink()
    for path, data in case.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    for old, new in case.renamed.items():
        (folder / new).parent.mkdir(parents=True, exist_ok=True)
        (folder / old).rename(folder / new)
    for path, target in case.links.items():
        (folder / path).unlink(missing_ok=True)
        (folder / path).symlink_to(target)


def texts(case: Case, folder: Path) -> dict[str, str]:
    """Return the station's inputs for a case that was laid out: those of the good release, and its own."""
    said = json.loads((ROOT / case.base / "inputs.json").read_bytes()) | case.inputs
    return {name: text.replace("{}", str(folder)) for name, text in said.items() if text is not None}
