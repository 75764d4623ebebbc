import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelseal.artifacts import agreement, manifest
from modelseal.artifacts.manifest import Manifest

FILES = {"config.json": b"{}", "weights/a.bin": b"x" * 2500, "weights/empty": b""}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def signed(files: dict[str, bytes] = FILES, **changes: Any) -> Manifest:
    return manifest.make("model", ((name, sha256(data)) for name, data in files.items()), **changes)


def sharded(size: int, files: dict[str, bytes] = FILES) -> Manifest:
    shards = [
        (f"{name}:{start}:{min(start + size, len(data))}", sha256(data[start : start + size]))
        for name, data in files.items()
        for start in range(0, len(data), size)
    ]
    return Manifest("model", tuple(shards), (), allow_symlinks=False, shard_size=size)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    for name, data in FILES.items():
        (tmp_path / "model" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "model" / name).write_bytes(data)
    return tmp_path / "model"


def check(model: Path, of: Manifest, *ignore: str, signature: Path | None = None) -> agreement.Agreement:
    temp = model.parent / "temp"
    temp.mkdir(exist_ok=True)
    place = agreement.Place(model.parent, temp, {})
    return agreement.check([str(model)], of, place, ignore=ignore, signature=signature)


def reasons(model: Path, of: Manifest, *ignore: str, signature: Path | None = None) -> tuple[str, ...]:
    return check(model, of, *ignore, signature=signature).reasons


def test_same_files_agree(model: Path) -> None:
    assert check(model, signed()) == agreement.Agreement((), ())


@pytest.mark.parametrize("name", [".git/config", ".gitattributes", ".github/x.py", ".gitignore", "notes", "logs/a/b"])
def test_what_the_signature_leaves_out_is_refused_all_the_same(model: Path, name: str) -> None:
    (model / name).parent.mkdir(parents=True, exist_ok=True)
    (model / name).write_bytes(b"import os")
    top = name.split("/", maxsplit=1)[0]
    of = signed(ignored=[".git", ".gitattributes", ".github", ".gitignore", "notes", "logs"])
    (reason,) = reasons(model, of)
    assert reason.startswith(f"added: {name} (the signature says that it does not cover this")
    assert check(model, of, top) == agreement.Agreement((), (top,))
    assert reasons(model, of, name) == ()


@pytest.mark.parametrize("ignore", ["*", "**", "n*", "note?", "[n]otes", "note", "otes", "Notes", "notes/x", ""])
def test_only_the_name_itself_is_left_out(model: Path, ignore: str) -> None:
    (model / "notes").write_bytes(b"x")
    assert reasons(model, signed(), ignore) == ("added: notes",)


def test_what_was_signed_is_not_left_out(model: Path) -> None:
    assert "signed, and to be left out: weights/a.bin" in reasons(model, signed(), "weights")
    assert "signed, and to be left out: config.json" in reasons(model, signed(), "config.json")
    assert "signed, and to be left out: weights/a.bin" in reasons(model, sharded(1000), "weights")


def test_signature_does_not_cover_itself(model: Path) -> None:
    (model / "model.sig").write_bytes(b"{}")
    assert reasons(model, signed(), signature=model / "model.sig") == ()
    assert check(model, signed(), signature=model / "model.sig").left_out == ()
    assert reasons(model, signed()) == ("added: model.sig",)
    assert reasons(model, signed(), signature=model.parent / "model.sig") == ("added: model.sig",)
    (model / "other.sig").write_bytes(b"{}")
    assert reasons(model, signed(), signature=model / "model.sig") == ("added: other.sig",)


def test_link_to_the_signature_elsewhere_is_an_added_file(model: Path) -> None:
    (model.parent / "model.sig").write_bytes(b"{}")
    (model / "x").write_bytes(b"x")
    (model / "link.sig").symlink_to("x")
    found = reasons(model, signed(), signature=model.parent / "model.sig")
    assert {"added: x", "added: link.sig"} <= set(found)


@pytest.mark.parametrize("size", [1, 999, 1000, 1250, 2500, 10**9])
def test_shards_agree_but_an_empty_file_is_not_covered_by_them(model: Path, size: int) -> None:
    assert reasons(model, sharded(size)) == ("added: weights/empty",)
    assert reasons(model, sharded(size), "weights/empty") == ()


def change(name: str, data: bytes) -> Callable[[Path], object]:
    return lambda model: (model / name).write_bytes(data)


@pytest.mark.parametrize(
    ("tamper", "expected"),
    [
        (change("weights/a.bin", b"x" * 2499), "changed: weights/a.bin"),
        (change("weights/a.bin", b"x" * 2501), "changed: weights/a.bin"),
        (change("weights/a.bin", b"x" * 2499 + b"y"), "changed: weights/a.bin"),
        (change("weights/a.bin", b""), "changed: weights/a.bin"),
        (change("config.json", b"{ }"), "changed: config.json"),
        (change("extra", b"{"), "added: extra"),
        (change("__init__.py", b""), "added: __init__.py"),
        (lambda model: (model / "config.json").unlink(), "missing: config.json"),
        (lambda model: (model / "config.json").rename(model / "Config.json"), "renamed: config.json → Config.json"),
    ],
)
def test_shards_that_do_not_agree(model: Path, tamper: Callable[[Path], object], expected: str) -> None:
    (model / "weights" / "empty").unlink()
    tamper(model)
    assert reasons(model, sharded(1000)) == (expected,)


def test_shards_that_leave_a_part_out_are_no_cover(model: Path) -> None:
    (model / "weights" / "empty").unlink()
    whole = sharded(1000)
    for number in range(len(whole.digests)):
        part = Manifest("model", whole.digests[:number] + whole.digests[number + 1 :], shard_size=1000)
        assert reasons(model, part)


def test_other_digests(model: Path) -> None:
    digests = tuple((name, hashlib.blake2b(data).hexdigest()) for name, data in FILES.items())
    of = Manifest("model", digests, hash_type="blake2b")
    assert reasons(model, of) == ()
    (model / "config.json").write_bytes(b"[]")
    assert reasons(model, of) == ("changed: config.json",)


def test_file_that_was_signed_alone_has_the_subjects_name(model: Path) -> None:
    of = Manifest("config.json", ((".", sha256(b"{}")),))
    assert reasons(model / "config.json", of) == ()
    (model / "config.json").rename(model / "other.json")
    assert reasons(model / "other.json", of) == ("renamed: config.json → other.json",)
    assert reasons(model, of)


@pytest.mark.parametrize("evil", ["a/config.json", "z/config.json", "a/b/config.json"])
def test_file_that_was_signed_alone_covers_no_other_of_the_same_name(model: Path, evil: str) -> None:
    shutil.rmtree(model / "weights")
    of = Manifest("config.json", ((".", sha256(b"{}")),))
    assert reasons(model, of) == ()
    (model / evil).parent.mkdir(parents=True)
    (model / evil).write_bytes(b"evil")
    assert reasons(model, of) == (f"added: {evil}",)
    (model / "other").mkdir()
    (model / "config.json").rename(model / "other" / "config.json")
    assert f"added: {evil}" in reasons(model, of)


def test_link_where_none_was_signed(model: Path) -> None:
    (model / "config.json").unlink()
    (model / "weights" / "c").write_bytes(b"{}")
    (model / "config.json").symlink_to("weights/c")
    files = {**FILES, "weights/c": b"{}"}
    assert len(reasons(model, signed(files))) == 1
    assert reasons(model, signed(files, allow_symlinks=True)) == ()


@pytest.mark.parametrize(
    ("new", "shown"),
    [
        ("cоnfig.json", "('config.json' → 'c\\u043enfig.json')"),  # noqa: RUF001 - a Cyrillic o
        ("config.json ", "('config.json' → 'config.json ')"),
        ("ｃonfig.json", "('config.json' → '\\uff43onfig.json')"),  # noqa: RUF001 - of full width
        ("other.json", ""),
        ("Config.json", ""),
    ],
)
def test_names_that_look_the_same_are_told_apart(model: Path, new: str, shown: str) -> None:
    (model / "config.json").rename(model / new)
    (reason,) = reasons(model, signed())
    assert reason == f"renamed: config.json → {new} {shown}".removesuffix(" " if not shown else "")
