import io
import os
import tarfile
from pathlib import Path

import pytest

from modelseal.errors import InputError
from modelseal.sbom.sources import Scheme, Source, of_archive, of_path


def archive(path: Path, *names: str) -> Path:
    with tarfile.open(path, "w") as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = 2
            tar.addfile(member, io.BytesIO(b"{}"))
    return path


@pytest.mark.parametrize(
    ("names", "scheme"),
    [
        (("manifest.json", "layer.tar"), Scheme.DOCKER_ARCHIVE),
        (("index.json", "oci-layout"), Scheme.OCI_ARCHIVE),
        (("index.json", "oci-layout", "manifest.json"), Scheme.DOCKER_ARCHIVE),
    ],
)
@pytest.mark.parametrize("called", ["image.tar", "docker-image.oci", "index.json", "no ending", "a:b.tar"])
def test_what_is_in_an_archive_decides_how_it_is_read(
    tmp_path: Path, names: tuple[str, ...], scheme: Scheme, called: str
) -> None:
    path = archive(tmp_path / called, *names)
    assert of_archive(path, name="n", version="v") == Source(scheme, path, "n", "v")


@pytest.mark.parametrize("names", [(), ("etc/passwd",), ("index.json",), ("oci-layout",), ("sub/manifest.json",)])
def test_an_archive_without_an_image_is_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match=r"no image|not a tar"):
        of_archive(archive(tmp_path / "x.tar", *names), name="n", version="v")


@pytest.mark.parametrize("data", [b"", b"not a tar", b"\x1f\x8b" + bytes(600), b"PK\x03\x04", bytes(100)])
def test_what_is_no_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(data)
    with pytest.raises(InputError):
        of_archive(path, name="n", version="v")


def test_an_archive_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        of_archive(tmp_path / "none.tar", name="n", version="v")
    with pytest.raises(InputError, match="cannot be read"):
        of_archive(tmp_path, name="n", version="v")


def test_a_folder_and_a_file_are_called_by_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    file = folder / "requirements.txt"
    file.write_text("x==1\n")
    assert of_path(folder) == Source(Scheme.FOLDER, folder, "project")
    assert of_path(file) == Source(Scheme.FILE, file, "requirements.txt")
    monkeypatch.chdir(folder)
    assert of_path(Path()).name == "project"
    assert of_path(Path("/")).name == "root"


def test_what_cannot_be_described_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    for name, message in (
        ("empty", "empty"),
        ("none", "cannot be read"),
        ("loop", "cannot be read"),
        ("pipe", "neither"),
    ):
        with pytest.raises(InputError, match=message):
            of_path(tmp_path / name)
