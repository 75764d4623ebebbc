"""The images that users name: which belong together, which are the same, and what their files are called."""

import os
from pathlib import Path

import pytest

import saved_images
from modelseal.errors import InputError
from modelseal.image import platform, reference, targets
from modelseal.image.targets import Target

NO_PLATFORM = platform.wanted(())


@pytest.fixture(autouse=True)
def archives_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.tar", "b.tar", "1.tar", "2.tar", "a/small.tar", "b/small.tar", "small.tar", "small.TAR",
                 "out/fraud.tar", "out/x.tar", "1", "2", "3", "4"):  # fmt: skip
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(b"")


def given(names: str = "", *archives: str) -> tuple[Target, ...]:
    return targets.given(reference.several(names), [Path(archive) for archive in archives])


@pytest.mark.parametrize(
    ("names", "archives", "what"),
    [
        ("", (), "nothing to scan"),
        ("a\nb", ("a.tar",), "2 lines"),
        ("a", ("a.tar", "b.tar"), "1 lines"),
        ("a\na", (), "twice"),
        ("", ("a.tar", "a.tar"), "twice"),
        ("a\na", ("a.tar", "b.tar"), "twice"),
    ],
)
def test_what_does_not_belong_together_is_refused(names: str, archives: tuple[str, ...], what: str) -> None:
    with pytest.raises(InputError, match=what) as caught:
        given(names, *archives)
    assert caught.value.mend


def test_an_only_image_has_the_names_of_the_other_stations() -> None:
    (by_name,) = given("registry.example/team/fraud:1.4")
    assert (by_name.name, by_name.stem) == ("registry.example/team/fraud:1.4", "fraud-1.4")
    (by_archive,) = given("", "out/fraud.tar")
    assert (by_archive.name, by_archive.stem, by_archive.reference) == ("out/fraud.tar", "fraud", None)
    (both,) = given("fraud:2", "out/x.tar")
    assert (both.name, both.stem, both.archive) == ("fraud:2", "fraud-2", Path("out/x.tar"))


@pytest.mark.parametrize(
    ("names", "archives"),
    [
        ("", ("a/small.tar", "b/small.tar", "small.tar", "small.TAR")),
        ("small:1\nsmall:2\nx/small\ny/small\nx-small", ()),
        ("small\nsmall:latest\nsmall-latest", ()),
        ("a/b\na-b\na.b\na_b", ("1", "2", "3", "4")),
    ],
)
def test_several_images_never_share_a_file(names: str, archives: tuple[str, ...]) -> None:
    stems = [target.stem for target in given(names, *archives)]
    assert len({stem.lower() for stem in stems}) == len(stems) >= 3
    assert not any("/" in stem for stem in stems)


def test_the_order_of_names_is_that_of_archives() -> None:
    assert [(target.name, str(target.archive)) for target in given("b:1\na:1", "1.tar", "2.tar")] == [
        ("b:1", "1.tar"), ("a:1", "2.tar"),
    ]  # fmt: skip


def test_names_depend_on_nothing_but_themselves() -> None:
    alone = {target.name: target.stem for target in given("small:1\nsmall:2")}
    others = {target.name: target.stem for target in given("churn:1\nsmall:2\nsmall:1")}
    assert alone.items() <= others.items()  # jobs of a matrix that put their files together do not meet


def test_a_missing_archive_is_refused_before_anything_is_done() -> None:
    with pytest.raises(InputError, match="no such archive") as caught:
        targets.require(given("", "a.tar", "missing.tar"))
    assert caught.value.where == "missing.tar"
    os.mkfifo("pipe.tar")
    with pytest.raises(InputError, match="no such archive"):
        targets.require(given("", "pipe.tar"))


def test_an_archive_that_is_gone_later_is_refused(tmp_path: Path) -> None:
    (target,) = given("", "a.tar")
    Path("a.tar").unlink()
    with pytest.raises(InputError):
        target.images(NO_PLATFORM, {}, tmp_path)


def test_an_archive_needs_no_engine(tmp_path: Path) -> None:
    saved = saved_images.saved(tmp_path / "small.tar", {"a": b"b"})
    for names in ("", "team/fraud:1"):
        (target,) = given(names, str(saved))
        images = target.images(NO_PLATFORM, {"PATH": "/nothing"}, tmp_path)
        assert [item.source for item in images.items] == [saved]
        assert images.name == "small:1"


def test_a_target_without_anything_is_a_mistake_of_ours(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Target"):
        Target("x", "x", None, None).images(NO_PLATFORM, {}, tmp_path)
