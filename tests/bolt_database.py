"""Trivy databases with advisories of a test's own choosing.

Trivy keeps its advisories in a bbolt file. This writes the smallest one that bbolt reads: two meta pages, an empty list
of free pages, and one long leaf page in which every bucket lies inline.
https://github.com/etcd-io/bbolt/blob/main/internal/common/page.go, meta.go, inode.go and bucket.go beside it
"""

import json
import struct
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Tree = Mapping[str, Any]  # of trees and bytes

_PAGE = 4096
_META, _FREELIST, _LEAF = 0x04, 0x10, 0x02
_BUCKET = 0x01
_HEADER = struct.Struct("<QHHI")  # id, flags, count, overflow
_ELEMENT = struct.Struct("<IIII")  # flags, position, key size, value size
_META_FIELDS = struct.Struct("<IIIIQQQQQ")


def unpack(folder: Path, advisories: Tree, details: Mapping[str, Any], sources: Mapping[str, Any]) -> Path:
    """Make `folder` a Trivy cache folder, dated now, with these advisories in it, and return it.

    https://github.com/aquasecurity/trivy-db/tree/main/pkg/db

    Args:
        folder: Made if it is not there.
        advisories: By ecosystem, package and id.
        details: Severity and texts, by id.
        sources: Who publishes each ecosystem's advisories.
    """
    (folder / "db").mkdir(parents=True)
    tree = {**advisories, "vulnerability": _dumped(details), "data-source": _dumped(sources)}
    (folder / "db" / "trivy.db").write_bytes(_database(tree))
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    metadata = {"Version": 2, "NextUpdate": "2099-01-01T00:00:00Z", "UpdatedAt": now, "DownloadedAt": now}
    (folder / "db" / "metadata.json").write_text(json.dumps(metadata))
    return folder


def _dumped(values: Mapping[str, Any]) -> dict[str, bytes]:
    return {name: json.dumps(value).encode() for name, value in values.items()}


def _database(tree: Tree) -> bytes:
    leaf = _leaf(tree, 3)
    pages = -(-len(leaf) // _PAGE)
    leaf = _leaf(tree, 3, overflow=pages - 1).ljust(pages * _PAGE, b"\0")
    freelist = _HEADER.pack(2, _FREELIST, 0, 0).ljust(_PAGE, b"\0")
    metas = [_meta(number, high_water=3 + pages) for number in (0, 1)]
    return b"".join((*metas, freelist, leaf))


def _meta(number: int, high_water: int) -> bytes:
    # magic, version, page size, flags, root page, sequence, free pages, high water, transaction
    fields = _META_FIELDS.pack(0xED0CDAED, 2, _PAGE, 0, 3, 0, 2, high_water, number)
    checksum = 0xCBF29CE484222325  # FNV-1a
    for byte in fields:
        checksum = (checksum ^ byte) * 0x100000001B3 % 2**64
    return (_HEADER.pack(number, _META, 0, 0) + fields + struct.pack("<Q", checksum)).ljust(_PAGE, b"\0")


def _leaf(tree: Tree, page: int, overflow: int = 0) -> bytes:
    entries = sorted(
        (name.encode(), 0, value) if isinstance(value, bytes) else (name.encode(), _BUCKET, _inline(value))
        for name, value in tree.items()
    )
    elements, data = b"", b""
    for number, (key, flags, value) in enumerate(entries):
        position = (len(entries) - number) * _ELEMENT.size + len(data)  # from this element on
        elements += _ELEMENT.pack(flags, position, len(key), len(value))
        data += key + value
    return _HEADER.pack(page, _LEAF, len(entries), overflow) + elements + data


def _inline(tree: Tree) -> bytes:
    return struct.pack("<QQ", 0, 0) + _leaf(tree, 0)  # no page of its own; sequence
