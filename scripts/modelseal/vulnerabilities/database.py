"""Trivy's vulnerability database: where it is, how old it is, and that it is one we can read.

Its metadata: https://github.com/aquasecurity/trivy-db/blob/main/pkg/metadata/metadata.go
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from modelseal.errors import ToolError

_SCHEMA = 2
_CLOCK_SKEW = timedelta(hours=1)


@dataclass(frozen=True)
class Database:
    """A database as its metadata describes it. `updated_at` is when its advisories were collected."""

    folder: Path
    version: int
    updated_at: datetime


def read(cache_dir: Path) -> Database:
    """Read the metadata of the database in a Trivy cache folder.

    Raises:
        ToolError: There is no database, or its metadata is not of schema 2.
    """
    folder = cache_dir / "db"
    metadata = folder / "metadata.json"
    try:
        content = json.loads(metadata.read_bytes())
        version, updated_at = content["Version"], _time(content["UpdatedAt"])
        size = (folder / "trivy.db").stat().st_size
    except OSError as error:
        raise ToolError(
            f"There is no vulnerability database: {error.strerror}.",
            where=str(error.filename),
            mend="A Trivy cache folder has `db/trivy.db` and `db/metadata.json` in it.",
        ) from error
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ToolError("The vulnerability database's metadata cannot be read.", where=str(metadata)) from error
    if version != _SCHEMA:
        raise ToolError(f"The vulnerability database has schema {version}, not {_SCHEMA}.", where=str(metadata))
    if size == 0:
        raise ToolError("The vulnerability database is empty.", where=str(folder / "trivy.db"))
    return Database(folder, version, updated_at)


def check_age(database: Database, *, max_age: timedelta, now: datetime) -> None:
    """Stop if the database is older than allowed, or from the future.

    Raises:
        ToolError: It is.
    """
    age = now - database.updated_at
    if age < -_CLOCK_SKEW:
        raise ToolError(
            f"The vulnerability database says it was made in the future, on {database.updated_at:%Y-%m-%d %H:%M} UTC.",
            where=str(database.folder),
            mend="Check this machine's clock; fetch the database again.",
        )
    if age > max_age:
        raise ToolError(
            f"The vulnerability database is {_span(age)} old; at most {_span(max_age)} is allowed.",
            where=str(database.folder),
            mend="Update it; or allow more with `max-db-age`, knowing that newer vulnerabilities are then not seen.",
        )


def _span(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    days, hours = divmod(minutes // 60, 24)
    parts = {"days": days, "hours": hours, "minutes": 0 if days else minutes % 60}
    return " ".join(f"{count} {unit}" for unit, count in parts.items() if count) or "less than a minute"


def _time(text: str) -> datetime:
    # Go writes nanoseconds, of which Python keeps the first six digits.
    moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment.astimezone(UTC)
