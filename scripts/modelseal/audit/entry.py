"""One entry of the log: what it says, and its one form.

`docs/schemas/audit-entry.schema.json` is the schema, `docs/audit-log.md` the explanation.
"""

import binascii
import hashlib
import os
import pwd
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import rfc8785

from modelseal import __version__
from modelseal.attestation import jsontext
from modelseal.attestation.rejection import Rejection
from modelseal.audit import grammar
from modelseal.errors import InputError
from modelseal.verdict import ExitCode

BEFORE_THE_FIRST = "0" * 64
MAX_BYTES = 8 << 20  # of a line
_MAX_TEXT = 1000
_MAX_ITEMS = 4096
_MAX_NUMBER = 2**53 - 1  # what every reader of JSON reads exactly
_SHA256 = re.compile(r"[0-9a-f]{64}")

# The variables that GitHub sets, by the names that the entry uses.
# https://docs.github.com/actions/reference/workflows-and-actions/variables
_GITHUB = {
    "actor": "GITHUB_ACTOR",
    "actor-id": "GITHUB_ACTOR_ID",
    "repository": "GITHUB_REPOSITORY",
    "repository-id": "GITHUB_REPOSITORY_ID",
    "run-attempt": "GITHUB_RUN_ATTEMPT",
    "run-id": "GITHUB_RUN_ID",
    "sha": "GITHUB_SHA",
    "workflow-ref": "GITHUB_WORKFLOW_REF",
}


@dataclass(frozen=True)
class Subject:
    """What a run was about.

    Attributes:
        name: What it is called.
        sha256: Its digest, 64 hexadecimal digits.
    """

    name: str
    sha256: str


@dataclass(frozen=True)
class LogEntry:
    """Where a transparency log holds a signature.

    Attributes:
        log_id: The log's key ID in hexadecimal, as the trust root names it.
        index: The entry's index in the log.
    """

    log_id: str
    index: int


@dataclass(frozen=True)
class Statement:
    """An attestation that was made, or was accepted as evidence.

    Attributes:
        predicate_type: What it states, a URI.
        bundle: SHA-256 of the bundle's bytes.
        signer: Who signed it; empty if that is not known.
        log: Its place in a transparency log; None for what was signed with a key.
    """

    predicate_type: str
    bundle: str
    signer: str = ""
    log: LogEntry | None = None


@dataclass(frozen=True)
class Run:
    """What a station did.

    Attributes:
        station: `attest` or `verify`.
        who: Who ran it, by the names of `grammar.WHO`; see `who_runs`.
        exit_code: How it ended.
        subjects: What it was about.
        statements: What was signed, or was accepted.
        policy: SHA-256 of the policy that it was judged by; empty without one.
        message: The conclusion, or what went wrong, in one line.
    """

    station: str
    who: Mapping[str, str]
    exit_code: ExitCode
    subjects: tuple[Subject, ...] = ()
    statements: tuple[Statement, ...] = ()
    policy: str = ""
    message: str = ""


@dataclass(frozen=True)
class Repair:
    """What was removed from the log's end, because the writing of it had been cut off."""

    removed: bytes = field(repr=False)


@dataclass(frozen=True)
class Place:
    """Where in the chain an entry stands: its number, from 0, and the hash of the entry before it."""

    sequence: int
    previous: str


def who_runs(environ: Mapping[str, str]) -> dict[str, str]:
    """Return who runs a station: GitHub's variables of the run, or elsewhere the name of the local user."""
    if environ.get("GITHUB_ACTIONS") == "true":
        return {name: value for name, variable in _GITHUB.items() if (value := environ.get(variable))}
    try:
        return {"user": pwd.getpwuid(os.getuid()).pw_name}
    except KeyError:  # a container may run as a user that nobody has named
        return {"user": f"uid {os.getuid()}"}


def statement_of(bundle: bytes, predicate_type: str, signer: str = "") -> Statement:
    """Describe a bundle that has been verified.

    Args:
        bundle: The bundle as it is stored, Sigstore's JSON.
        predicate_type: What it states.
        signer: Who signed it, for people.
    """
    return Statement(predicate_type, hashlib.sha256(bundle).hexdigest(), signer, log_entry(bundle))


def log_entry(bundle: bytes) -> LogEntry | None:
    """Return where a transparency log holds a bundle; None for one that was signed with a key.

    Bundles write the index as text, as the JSON of Protobuf does.
    """
    try:
        entries = jsontext.dig(jsontext.parse(bundle), "verificationMaterial", "tlogEntries")
    except Rejection:
        return None
    first = entries[0] if isinstance(entries, list) and entries else None
    index, key_id = jsontext.dig(first, "logIndex"), jsontext.dig(first, "logId", "keyId")
    if not isinstance(key_id, str) or not re.fullmatch(r"[0-9]{1,16}", str(index)):
        return None
    try:
        log_id = b64decode(key_id, validate=True).hex()
    except binascii.Error:
        return None
    return LogEntry(log_id, int(str(index))) if log_id and int(str(index)) <= _MAX_NUMBER else None


def encode(event: Run | Repair, place: Place, time: datetime) -> bytes:
    """Write an entry as the line it becomes, without the line break.

    Texts longer than 1,000 characters are cut, and say so. What cannot be written as UTF-8 is shown by its number.

    Args:
        event: What happened.
        place: Its place in the chain.
        time: When, with its time zone; written in UTC.

    Raises:
        InputError: It is too large for one entry, or a digest is none.
    """
    members = _repair(event) if isinstance(event, Repair) else _run(event)
    members |= {
        "modelseal": __version__,
        "previous": place.previous,
        "sequence": place.sequence,
        "time": time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "version": 1,
    }
    members["hash"] = hashlib.sha256(rfc8785.dumps(members)).hexdigest()
    line = rfc8785.dumps(members)
    if len(line) > MAX_BYTES:
        raise _too_large()
    if not grammar.ENTRY.fullmatch(line.decode()):
        raise ValueError(line[:_MAX_TEXT])  # what is written and what is read must agree: a bug if not
    return line


def _run(run: Run) -> dict[str, Any]:
    if max(len(run.subjects), len(run.statements)) > _MAX_ITEMS:
        raise _too_large()
    members: dict[str, Any] = {
        "event": "run",
        "exit-code": int(run.exit_code),
        "result": run.exit_code.verdict.value,
        "statements": [_statement(item) for item in run.statements],
        "station": run.station,
        "subjects": [{"name": _text(item.name), "sha256": _digest(item.sha256)} for item in run.subjects],
        "who": {name: _text(value) for name, value in run.who.items()},
    }
    if run.policy:
        members["policy"] = _digest(run.policy)
    if run.message:
        members["message"] = _text(run.message)
    return members


def _statement(statement: Statement) -> dict[str, Any]:
    members: dict[str, Any] = {
        "bundle": _digest(statement.bundle),
        "predicate-type": _text(statement.predicate_type),
    }
    if statement.signer:
        members["signer"] = _text(statement.signer)
    if statement.log:
        members["log"] = {"id": statement.log.log_id, "index": statement.log.index}
    return members


def _repair(repair: Repair) -> dict[str, Any]:
    removed = {"bytes": len(repair.removed), "sha256": hashlib.sha256(repair.removed).hexdigest()}
    return {"event": "repair", "removed": removed}


def _text(value: str) -> str:
    """Make any text into one that canonical JSON can hold, and that fits."""
    shown = value.encode("utf-8", "backslashreplace").decode()  # a lone surrogate: a byte of a name that is not UTF-8
    left = len(shown) - _MAX_TEXT
    return f"{shown[:_MAX_TEXT]}… ({left} more)" if left > 0 else shown or "?"


def _digest(value: str) -> str:
    sha256 = value.removeprefix("sha256:")
    if not _SHA256.fullmatch(sha256):
        raise InputError(f"{value[:100]!r} is not a digest.", where="audit log", mend="Give a SHA-256 in hexadecimal.")
    return sha256


def _too_large() -> InputError:
    return InputError(
        f"There is more than one entry of the audit log can hold: {_MAX_ITEMS} subjects or statements, or 8 MiB.",
        where="audit log",
        mend="Attest a manifest instead of many files, or split the run.",
    )
