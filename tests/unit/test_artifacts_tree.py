import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelseal.artifacts import patterns, tree
from modelseal.errors import InputError

STRANGE = [
    b"plain.bin",
    b"with space",
    b" leading",
    b"-dash",
    b".hidden",
    b"line\nbreak",
    b"carriage\rreturn",
    b"quote'\"`",
    b"$(touch planted)",
    b"::set-output name=x::y",
    b"%0A",
    b"back\\slash",
    b"not-utf8-\xff\xfe",
    "caf\u00e9 \U0001f600".encode(),
    b"*",
    b"a[1].csv",
]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def names(here: Path, *paths: str, ignore: tuple[str, ...] = ()) -> list[str]:
    return [file.name for file in tree.find(paths, ignore, here).files]


def test_one_folder_gives_names_relative_to_it(here: Path) -> None:
    write(here / "model/sub/b")
    write(here / "model/a.b")
    write(here / "model/a/b")
    found = tree.find(["model"], [], here)
    assert [file.name for file in found.files] == ["a/b", "a.b", "sub/b"]
    assert (found.one_folder, found.own_name, found.total_bytes) == (True, "model", 3)


@pytest.mark.parametrize("spelled", ["model/", "./model", "model/.", "model/../model", "link"])
def test_a_folder_is_the_same_however_it_is_spelled(here: Path, spelled: str) -> None:
    write(here / "model/a")
    (here / "link").symlink_to("model")
    assert names(here, spelled) == ["a"]


def test_one_folder_may_lie_outside_of_the_current_directory(
    here: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    write(elsewhere / "a")
    assert names(here, str(elsewhere)) == ["a"]


def test_several_paths_give_names_relative_to_the_current_directory(here: Path) -> None:
    write(here / "model/a")
    write(here / "data.csv")
    assert names(here, "model", "data.csv", str(here / "model/a"), "./model/../data.csv") == ["data.csv", "model/a"]


def test_one_file_is_named_relative_to_the_current_directory(here: Path) -> None:
    write(here / "model/weights.bin")
    found = tree.find(["model/weights.bin"], [], here)
    assert [file.name for file in found.files] == ["model/weights.bin"]
    assert (found.one_folder, found.own_name) == (False, "weights.bin")


@pytest.mark.parametrize("path", ["../outside", "/etc/hostname", "../*", "/etc/host*", "out"])
def test_paths_outside_of_the_current_directory_are_refused(here: Path, path: str) -> None:
    inside = here / "inside"
    write(here / "outside")
    write(inside / "a")
    (inside / "out").symlink_to(here)
    with pytest.raises(InputError, match="outside of the current directory"):
        tree.find([path, "a"], [], inside)


def test_strange_names_survive(here: Path) -> None:
    folder = here / "model"
    folder.mkdir()
    for name in STRANGE:
        (folder / os.fsdecode(name)).write_bytes(name)
    found = tree.find(["model"], [], here)
    assert {file.name.encode("utf-8", "surrogateescape") for file in found.files} == set(STRANGE)
    for file in found.files:
        assert Path(os.fsdecode(file.path)).read_bytes() == file.name.encode("utf-8", "surrogateescape")
    assert not (here / "planted").exists()


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("*.onnx", ["a.onnx"]),
        ("**/*.onnx", [".h/b.onnx", "a.onnx", "m/c.onnx", "m/n/d.onnx"]),
        ("m/**", ["m/c.onnx", "m/n/d.onnx", "m/n/e.txt"]),
        ("m/*", ["m/c.onnx", "m/n/d.onnx", "m/n/e.txt"]),
        ("m/?.onnx", ["m/c.onnx"]),
        ("[!a]/[nx]", ["m/n/d.onnx", "m/n/e.txt"]),
        (".*/*", [".h/b.onnx"]),
        ("m/**/n/*.txt", ["m/n/e.txt"]),
        ("**/n", ["m/n/d.onnx", "m/n/e.txt"]),
    ],
)
def test_globs(here: Path, glob: str, expected: list[str]) -> None:
    for name in ("a.onnx", ".h/b.onnx", "m/c.onnx", "m/n/d.onnx", "m/n/e.txt"):
        write(here / name)
    assert sorted(names(here, glob)) == expected


def test_a_planted_name_that_looks_like_a_glob_hides_nothing(here: Path) -> None:
    for name in ("*.bin", "a.bin"):
        write(here / name)
    assert names(here, "*.bin") == ["*.bin", "a.bin"]


def test_a_name_with_brackets_can_be_given_as_it_is(here: Path) -> None:
    write(here / "a[1].csv")
    assert names(here, "a[1].csv") == ["a[1].csv"]


@pytest.mark.parametrize("path", ["nothing", "*.bin", "no/where/*.bin", "a/b", "x" * 300])
def test_what_does_not_exist_is_an_error(here: Path, path: str) -> None:
    write(here / "a")
    with pytest.raises(InputError):
        tree.find(["a", path], [], here)


def test_an_empty_folder_is_an_error(here: Path) -> None:
    (here / "model/sub").mkdir(parents=True)
    with pytest.raises(InputError, match="There is no file"):
        tree.find(["model"], [], here)


def test_nothing_is_ignored_unasked(here: Path) -> None:
    for name in (
        ".gitattributes",
        ".git/config",
        ".github/x",
        "__pycache__/a.pyc",
        ".DS_Store",
        "a~",
        "empty/.gitkeep",
    ):
        write(here / "model" / name)
    assert len(names(here, "model")) == 7


def test_ignore(here: Path) -> None:
    for name in ("a.tmp", "s/b.tmp", "s/c", "logs/d", "logs/e/f", "g"):
        write(here / "model" / name)
    found = tree.find(["model"], ["*.tmp", "logs/"], here)
    assert [file.name for file in found.files] == ["g", "s/b.tmp", "s/c"]
    assert found.ignored == ("a.tmp", "logs")
    assert names(here, "model", ignore=("**/*.tmp",)) == ["g", "logs/d", "logs/e/f", "s/c"]


def test_ignore_holds_for_files_and_folders_that_are_named(here: Path) -> None:
    for name in ("logs/a/b", "c"):
        write(here / name)
    found = tree.find(["logs/a/b", "logs/a", "logs/**", "c"], ["logs"], here)
    assert ([file.name for file in found.files], found.ignored) == (["c"], ("logs",))


def test_everything_ignored_is_an_error(here: Path) -> None:
    write(here / "model/a")
    with pytest.raises(InputError, match="There is no file"):
        tree.find(["model"], ["**"], here)


def test_a_link_to_a_file_in_the_tree_is_that_file_under_its_own_name(here: Path) -> None:
    write(here / "model/blobs/1", b"content")
    (here / "model/weights").symlink_to("blobs/1")
    found = tree.find(["model"], [], here)
    assert [file.name for file in found.files] == ["blobs/1", "weights"]
    assert found.has_links
    assert found.files[1].path == found.files[0].path


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.symlink_to("/etc/hostname"), "leaves the tree"),
        (lambda path: path.symlink_to("../secret"), "leaves the tree"),
        (lambda path: path.symlink_to("../model-2/a"), "leaves the tree"),
        (lambda path: path.symlink_to("/etc"), "leaves the tree"),
        (lambda path: path.symlink_to("sub"), "symbolic link to a folder"),
        (lambda path: path.symlink_to("."), "symbolic link to a folder"),
        (lambda path: path.symlink_to("nowhere"), "leads nowhere"),
        (lambda path: path.symlink_to("x"), "leads nowhere"),
        (os.mkfifo, "a named pipe"),
        (_socket, "a socket"),
    ],
)
def test_what_cannot_be_hashed_is_refused(here: Path, make: object, message: str) -> None:
    for name in ("model/sub/a", "secret", "model-2/a"):
        write(here / name)
    make(here / "model/x")  # type: ignore[operator]
    with pytest.raises(InputError, match=message):
        tree.find(["model"], [], here)
    assert names(here, "model", ignore=("x",)) == ["sub/a"]


@pytest.mark.parametrize("paths", [["model/x", "secret"], ["model/*"], ["model", "secret"]])
@pytest.mark.parametrize("target", ["/etc/hostname", "nowhere", "/etc"])
def test_a_link_out_of_the_current_directory_is_refused(here: Path, target: str, paths: list[str]) -> None:
    for name in ("model/sub/a", "secret"):
        write(here / name)
    (here / "model/x").symlink_to(target)
    with pytest.raises(InputError, match=r"leaves the tree|leads nowhere|outside of the current directory"):
        tree.find(paths, [], here)


def test_a_device_is_refused() -> None:
    with pytest.raises(InputError, match="a device"):
        tree.find(["null"], [], Path("/dev"))


def test_a_link_to_a_folder_is_not_passed_over_by_a_glob(here: Path) -> None:
    write(here / "data/a.onnx")
    (here / "more").symlink_to("data")
    with pytest.raises(InputError, match="symbolic link to a folder"):
        tree.find(["**/*.onnx"], [], here)
    assert names(here, "**/*.onnx", ignore=("more",)) == ["data/a.onnx"]


@pytest.fixture
def unreadable(here: Path) -> Iterator[Path]:
    write(here / "model/locked/a")
    write(here / "model/b")
    (here / "model/locked").chmod(0)
    yield here
    (here / "model/locked").chmod(0o700)


@pytest.mark.parametrize("paths", [["model"], ["model/**"], ["**/*.onnx"], ["model/locked/a", "model/b"]])
def test_an_unreadable_folder_is_an_error(unreadable: Path, paths: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() == 0:  # the superuser reads everything: let the system call say what it would say to others
        real_scandir, real_lstat = os.scandir, os.lstat

        def scandir(path: bytes) -> object:
            if path.endswith(b"locked"):
                raise PermissionError(13, "Permission denied", path)
            return real_scandir(path)

        def lstat(path: bytes) -> object:
            if b"locked/" in os.fsencode(path):
                raise PermissionError(13, "Permission denied", path)
            return real_lstat(path)

        monkeypatch.setattr(os, "scandir", scandir)
        monkeypatch.setattr(os, "lstat", lstat)
    with pytest.raises(InputError, match=r"locked.*Permission denied"):
        tree.find(paths, [], unreadable)


def test_a_very_deep_tree(here: Path) -> None:
    folder = here / "model" / Path(*["d"] * 900)
    folder.mkdir(parents=True)
    write(folder / "a")
    assert names(here, "model") == ["d/" * 900 + "a"]


@pytest.mark.parametrize(("paths", "ignore"), [(["a\0b"], []), (["model"], ["a\0"])])
def test_nul_is_an_error(here: Path, paths: list[str], ignore: list[str]) -> None:
    write(here / "model/a")
    with pytest.raises(InputError, match="NUL"):
        tree.find(paths, ignore, here)


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("*", "a/b", False),
        ("**", "a/b", True),
        ("**/b", "b", True),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("a/**/b", "a/x/y/c", False),
        ("**/**/**/x", "a/" * 60 + "y", False),
        ("a?", "a/", False),
        ("[", "[", True),
        ("a**b", "axxb", True),
        ("a**b", "ax/xb", False),
        ("*", "line\nbreak", True),
        ("A", "a", False),
        ("a", "ab", False),
    ],
)
def test_patterns(pattern: str, name: str, *, matches: bool) -> None:
    assert patterns.parse(pattern).matches(name) is matches
