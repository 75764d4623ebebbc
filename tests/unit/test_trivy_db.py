import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from trivy_db import unpack


def test_unpacks_a_cache_folder(tmp_path: Path) -> None:
    cache = unpack(tmp_path / "cache")
    assert cache == tmp_path / "cache"
    assert {path.name for path in (cache / "db").iterdir()} == {"trivy.db", "metadata.json"}
    metadata = json.loads((cache / "db" / "metadata.json").read_text(encoding="utf-8"))
    assert metadata["Version"] == 2
    assert metadata["UpdatedAt"] == "2026-11-22T00:00:00Z"
    # bbolt's magic number, in the header of its first page: https://github.com/etcd-io/bbolt
    assert (cache / "db" / "trivy.db").read_bytes()[16:20] == bytes.fromhex("edda0ced")


@pytest.mark.parametrize(
    ("given", "written"),
    [
        (datetime(2030, 1, 2, 3, 4, 5, 678, tzinfo=UTC), "2030-01-02T03:04:05Z"),
        (datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2))), "2030-01-02T01:04:05Z"),
    ],
)
def test_dates_the_database_as_asked(tmp_path: Path, given: datetime, written: str) -> None:
    metadata = json.loads((unpack(tmp_path, updated_at=given) / "db" / "metadata.json").read_text(encoding="utf-8"))
    assert (metadata["UpdatedAt"], metadata["DownloadedAt"]) == (written, written)
    assert metadata["NextUpdate"] == "2099-01-01T00:00:00Z"


def test_unpacking_twice_gives_the_same(tmp_path: Path) -> None:
    digests = {hashlib.sha256((unpack(tmp_path) / "db" / "trivy.db").read_bytes()).digest() for _ in range(2)}
    assert len(digests) == 1
