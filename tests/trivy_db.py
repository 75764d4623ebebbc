"""The Trivy database that tests scan with; see `assets/trivy-db/NOTICE.md`."""

import gzip
import json
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

_PACKED = Path(__file__).resolve().parent / "assets" / "trivy-db"


def unpack(folder: Path, *, updated_at: datetime | None = None) -> Path:
    """Make `folder` a Trivy cache folder with the test database in it, and return it.

    Args:
        folder: Made if it is not there; what was in its `db` is overwritten.
        updated_at: When the database claims to have been made and downloaded, timezone-aware; without it, the date
            that it came with.
    """
    db = folder / "db"
    db.mkdir(parents=True, exist_ok=True)
    with gzip.open(_PACKED / "trivy.db.gz") as packed, (db / "trivy.db").open("wb") as unpacked:
        shutil.copyfileobj(packed, unpacked)
    metadata = json.loads((_PACKED / "metadata.json").read_text(encoding="utf-8"))
    if updated_at is not None:
        moment = updated_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        metadata |= {"UpdatedAt": moment, "DownloadedAt": moment}
    (db / "metadata.json").write_text(json.dumps(metadata, separators=(",", ":")), encoding="utf-8")
    return folder


def now() -> datetime:
    """Return the current time, as `unpack` takes it."""
    return datetime.now(UTC)


if __name__ == "__main__":
    unpack(Path(sys.argv[1]), updated_at=now())
