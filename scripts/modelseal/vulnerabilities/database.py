"""Trivy's databases: where they are, how old they are, and that they are ones we can read.

Their metadata: https://github.com/aquasecurity/trivy-db/blob/main/pkg/metadata/metadata.go
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from modelseal.errors import ToolError
from modelseal.files import open_regular

METADATA = "metadata.json"
_METADATA_BYTES = 64 * 1024
_CLOCK_SKEW = timedelta(hours=1)
_AGAIN = "Fetch it again."


@dataclass(frozen=True)
class Kind:
    """One of Trivy's databases.

    Attributes:
        title: What people call it.
        folder: Its folder in a Trivy cache.
        file: Its file there.
        schema: The version of its layout that we, and the Trivy of the lock, can read.
    """

    title: str
    folder: str
    file: str
    schema: int


VULNERABILITIES = Kind("vulnerability database", "db", "trivy.db", 2)
JAVA = Kind("Java index", "java-db", "trivy-java.db", 1)


@dataclass(frozen=True)
class Database:
    """A database as its metadata describes it.

    Attributes:
        folder: With its file and its metadata.
        version: Of its layout.
        updated_at: When what it knows was collected.
        digest: Of the manifest that it was fetched by; empty for a folder that was given.
    """

    folder: Path
    version: int
    updated_at: datetime
    digest: str = ""


def read(cache_dir: Path, kind: Kind = VULNERABILITIES, *, digest: str = "") -> Database:
    """Read the metadata of a database in a Trivy cache folder.

    Raises:
        ToolError: There is no database, it may not be read, or it is of another schema.
    """
    folder = cache_dir / kind.folder
    metadata = folder / METADATA
    try:
        with open_regular(metadata) as file:
            content = json.loads(file.read(_METADATA_BYTES))
        version, updated_at = content["Version"], _time(content["UpdatedAt"])
        with open_regular(folder / kind.file) as file:
            empty = not file.read(1)
    except OSError as error:
        raise ToolError(
            f"There is no {kind.title}: {error.strerror}.",
            where=str(error.filename),
            mend=f"A Trivy cache folder has `{kind.folder}/{kind.file}` and `{kind.folder}/{METADATA}` in it, which "
            "may be read.",
        ) from error
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ToolError(f"The {kind.title}'s metadata cannot be read.", where=str(metadata), mend=_AGAIN) from error
    if version != kind.schema or type(version) is not int:
        raise ToolError(
            f"The {kind.title} has schema {str(version)[:20]}, not {kind.schema}.",
            where=str(metadata),
            mend=f"Fetch the one that is tagged {kind.schema}.",
        )
    if empty:
        raise ToolError(f"The {kind.title} is empty.", where=str(folder / kind.file), mend=_AGAIN)
    return Database(folder, version, updated_at, digest)


def check_age(database: Database, *, max_age: timedelta, now: datetime, kind: Kind = VULNERABILITIES) -> None:
    """Stop if the database is older than allowed, or from the future.

    Raises:
        ToolError: It is.
    """
    age = now - database.updated_at
    if age < -_CLOCK_SKEW:
        raise ToolError(
            f"The {kind.title} says it was made in the future, on {database.updated_at:%Y-%m-%d %H:%M} UTC.",
            where=str(database.folder),
            mend="Check this machine's clock; fetch the database again.",
        )
    if age > max_age:
        raise ToolError(
            f"The {kind.title} is {span(age)} old; at most {span(max_age)} is allowed.",
            where=str(database.folder),
            mend="Update it; or allow more with `max-db-age`, knowing that newer vulnerabilities are then not seen.",
        )


def span(age: timedelta) -> str:
    """Return a length of time as people tell it."""
    minutes = int(age.total_seconds() // 60)
    days, hours = divmod(minutes // 60, 24)
    parts = {"day": days, "hour": hours, "minute": 0 if days else minutes % 60}
    told = (f"{count} {unit}{'s' if count > 1 else ''}" for unit, count in parts.items() if count)
    return " ".join(told) or "less than a minute"


def _time(text: str) -> datetime:
    # Go writes nanoseconds, of which Python keeps the first six digits.
    moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment.astimezone(UTC)
