import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelseal.errors import ToolError
from modelseal.vulnerabilities import database
from modelseal.vulnerabilities.database import Database

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
METADATA = {"Version": 2, "UpdatedAt": "2026-11-22T00:00:00Z", "NextUpdate": "2026-11-23T00:00:00Z"}


def made(folder: Path, metadata: Any = METADATA, content: bytes | None = b"db") -> Path:
    db = folder / "db"
    db.mkdir()
    if metadata is not None:
        (db / "metadata.json").write_bytes(metadata if isinstance(metadata, bytes) else json.dumps(metadata).encode())
    if content is not None:
        (db / "trivy.db").write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22T00:00:00Z", datetime(2026, 11, 22, tzinfo=UTC)),
        ("2026-11-22T00:00:00.123456789Z", datetime(2026, 11, 22, 0, 0, 0, 123456, tzinfo=UTC)),
        ("2026-11-22T01:30:00.5+02:00", datetime(2026, 11, 21, 23, 30, 0, 500000, tzinfo=UTC)),
    ],
)
def test_reads_when_it_was_made(tmp_path: Path, text: str, moment: datetime) -> None:
    current = database.read(made(tmp_path, METADATA | {"UpdatedAt": text}))
    assert current == Database(tmp_path / "db", 2, moment)


@pytest.mark.parametrize(
    "metadata",
    [
        None, b"", b"{", b"[]", b"null", b"5", b'"text"', b"\xff\xfe", b"[" * 100_000, {},
        METADATA | {"Version": 1}, METADATA | {"Version": 3}, METADATA | {"Version": "2"}, METADATA | {"Version": None},
        METADATA | {"Version": True}, METADATA | {"UpdatedAt": None}, METADATA | {"UpdatedAt": 5},
        METADATA | {"UpdatedAt": ""}, METADATA | {"UpdatedAt": "yesterday"}, METADATA | {"UpdatedAt": "2026-11-22"},
        METADATA | {"UpdatedAt": "2026-11-22T00:00:00"}, METADATA | {"UpdatedAt": "2026-13-22T00:00:00Z"},
        METADATA | {"UpdatedAt": "0001-01-01T00:00:00+05:00"}, METADATA | {"UpdatedAt": "9999-12-31T23:59:59-05:00"},
        {"Version": 2}, {"UpdatedAt": "2026-11-22T00:00:00Z"},
    ],
    ids=repr,
)  # fmt: skip
def test_refuses_metadata(tmp_path: Path, metadata: Any) -> None:
    with pytest.raises(ToolError):
        database.read(made(tmp_path, metadata))


@pytest.mark.parametrize("content", [None, b""])
def test_refuses_no_database_and_an_empty_one(tmp_path: Path, content: bytes | None) -> None:
    with pytest.raises(ToolError, match="database"):
        database.read(made(tmp_path, content=content))


@pytest.mark.parametrize("name", ["metadata.json", "trivy.db"])
def test_waits_for_no_pipe(tmp_path: Path, name: str) -> None:
    folder = made(tmp_path)
    (folder / "db" / name).unlink()
    os.mkfifo(folder / "db" / name)
    with pytest.raises(ToolError, match="no regular file"):
        database.read(folder)


def test_refuses_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="no vulnerability database") as caught:
        database.read(tmp_path / "missing")
    assert "metadata.json" in caught.value.mend


@settings(max_examples=100)
@given(st.one_of(st.text(max_size=40), st.datetimes().map(lambda moment: f"{moment.isoformat()}Z")))
def test_any_date_is_read_or_refused(text: str) -> None:
    import tempfile  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        try:
            current = database.read(made(Path(folder), METADATA | {"UpdatedAt": text}))
        except ToolError:
            return
        assert current.updated_at.tzinfo is not None


@pytest.mark.parametrize(
    ("age", "good"),
    [
        (timedelta(0), True),
        (timedelta(hours=48), True),
        (timedelta(hours=48, seconds=1), False),
        (timedelta(days=900), False),
        (timedelta(minutes=-59), True),
        (timedelta(minutes=-61), False),
        (timedelta(days=-900), False),
    ],
)
def test_old_and_future_databases_are_refused(tmp_path: Path, age: timedelta, *, good: bool) -> None:
    current = Database(tmp_path, 2, NOW - age)
    if good:
        database.check_age(current, max_age=timedelta(hours=48), now=NOW)
        return
    with pytest.raises(ToolError) as caught:
        database.check_age(current, max_age=timedelta(hours=48), now=NOW)
    assert caught.value.mend


def test_ages_are_told_as_people_tell_them(tmp_path: Path) -> None:
    current = Database(tmp_path, 2, NOW - timedelta(hours=2, minutes=5))
    with pytest.raises(ToolError, match="is 2 hours 5 minutes old; at most 1 hour 30 minutes is allowed"):
        database.check_age(current, max_age=timedelta(minutes=90), now=NOW)
