import errno
import os
from pathlib import Path

import pytest

from modelseal.attestation import store
from modelseal.errors import InputError, ToolError


def test_files_are_put_in_place_together(tmp_path: Path) -> None:
    folder = tmp_path / "bundles"
    with store.prepared(folder) as staging:
        assert not folder.exists()
        store.put(staging, folder, {"a.sigstore.json": b"a", "b.sig": b"b"})
    assert store.read(folder) == {"a.sigstore.json": b"a", "b.sig": b"b"}
    assert list(tmp_path.iterdir()) == [folder]


def test_nothing_is_left_of_what_failed(tmp_path: Path) -> None:
    folder = tmp_path / "bundles"
    with pytest.raises(RuntimeError), store.prepared(folder):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_full_disk_leaves_the_earlier_bundles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "bundles"
    with store.prepared(folder) as staging:
        store.put(staging, folder, {"a.sig": b"earlier"})

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ToolError, match="full"), store.prepared(folder) as staging:
        store.put(staging, folder, {"a.sig": b"later"})
    assert store.read(folder) == {"a.sig": b"earlier"}
    assert list(tmp_path.iterdir()) == [folder]


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ToolError, match="cannot be made"), store.prepared(tmp_path / "file" / "bundles"):
        pytest.fail("there is no such folder")


@pytest.mark.parametrize("name", ["thesis.txt", "a.json", ".hidden", "sub"])
def test_foreign_files_are_not_replaced(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "bundles"
    folder.mkdir()
    (folder / name).mkdir() if name == "sub" else (folder / name).write_text("x")
    with pytest.raises(InputError, match="something else"), store.prepared(folder):
        pytest.fail("it would be replaced")


def test_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "bundles").write_text("x")
    with pytest.raises(InputError, match="not a folder"), store.prepared(tmp_path / "bundles"):
        pytest.fail("it would be replaced")


def test_folder_in_a_folder_of_bundles_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    with pytest.raises(InputError, match="no regular file"):
        store.read(tmp_path)


def test_file_too_large_for_a_bundle_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.sigstore.json").open("wb") as file:
        file.truncate(65 * 1024 * 1024)
    with pytest.raises(InputError, match="too large"):
        store.read(tmp_path)


def test_earlier_bundles_come_back_when_the_new_ones_cannot_take_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bundles"
    with store.prepared(folder) as staging:
        store.put(staging, folder, {"a.sig": b"earlier"})
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if target == folder and self.name.startswith(".bundles-") and (self / "a.sig").read_bytes() == b"later":
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(ToolError, match="moved into place"), store.prepared(folder) as staging:
        store.put(staging, folder, {"a.sig": b"later"})
    assert store.read(folder) == {"a.sig": b"earlier"}
    assert list(tmp_path.iterdir()) == [folder]
