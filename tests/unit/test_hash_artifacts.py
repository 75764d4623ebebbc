import errno
import hashlib
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from modelseal import files, station
from modelseal.artifacts import hashing, manifest
from modelseal.commands import hash_artifacts
from modelseal.errors import InputError, ToolError
from modelseal.station import Context, Outcome
from modelseal.verdict import ExitCode


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "here"
    (place / "model/sub").mkdir(parents=True)
    (place / "model/a.bin").write_bytes(b"a")
    (place / "model/sub/b.bin").write_bytes(b"bb")
    monkeypatch.chdir(place)
    return place


def run(out: Path, **texts: str) -> Outcome:
    out.mkdir(exist_ok=True)
    temporary = out.parent / "temporary"
    temporary.mkdir(exist_ok=True)
    inputs = station.read_inputs(hash_artifacts.Inputs, {"paths": "model"} | texts)
    return hash_artifacts.run(inputs, Context(output_dir=out, environ=dict(os.environ), temp_dir=temporary))


def outputs(outcome: Outcome) -> hash_artifacts.Outputs:
    assert isinstance(outcome.outputs, hash_artifacts.Outputs)
    return outcome.outputs


def test_what_is_written(here: Path, tmp_path: Path) -> None:
    outcome = run(tmp_path / "out")
    made = outputs(outcome)
    assert outcome.exit_code is ExitCode.PASSED
    assert Path(made.manifest) == tmp_path / "out/model.manifest.json"
    assert made.digest == f"sha256:{hashlib.sha256(Path(made.manifest).read_bytes()).hexdigest()}"
    assert (made.file_count, made.total_bytes) == ("2", "3")
    assert manifest.parse(Path(made.manifest).read_bytes()).digests == (
        ("a.bin", hashlib.sha256(b"a").hexdigest()),
        ("sub/b.bin", hashlib.sha256(b"bb").hexdigest()),
    )
    subprocess.run(["sha256sum", "--strict", "-c", made.checksums], cwd=here / "model", check=True)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["SHA256SUMS", "model.manifest.json"]
    assert "sha256sum -c" in outcome.summary


def test_checksums_of_several_paths_hold_in_the_current_directory(here: Path, tmp_path: Path) -> None:
    (here / "data.csv").write_text("1")
    made = outputs(run(tmp_path / "out", paths="model\ndata.csv"))
    subprocess.run(["sha256sum", "--strict", "-c", made.checksums], cwd=here, check=True)
    assert Path(made.manifest).name == "here.manifest.json"


@pytest.mark.usefixtures("here")
def test_a_second_run_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = outputs(run(tmp_path / "1")), outputs(run(tmp_path / "2"))
    assert first.digest == second.digest
    assert outputs(run(tmp_path / "1", workers="1")).digest == first.digest
    assert Path(first.checksums).read_bytes() == Path(second.checksums).read_bytes()


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("against", ["manifest", "checksums"])
def test_a_check_that_holds(tmp_path: Path, against: str) -> None:
    first = outputs(run(tmp_path / "1"))
    outcome = run(tmp_path / "2", check=getattr(first, against))
    assert outcome.exit_code is ExitCode.PASSED
    assert outputs(outcome).digest == first.digest
    assert run(tmp_path / "1", check=getattr(first, against)).exit_code is ExitCode.PASSED


@pytest.mark.parametrize("against", ["manifest", "checksums"])
def test_a_check_that_does_not_hold(here: Path, tmp_path: Path, against: str, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("gone", "old"):
        (here / "model" / name).write_text(name)
    first = outputs(run(tmp_path / "1"))
    before = Path(first.manifest).read_bytes()
    (here / "model/a.bin").write_bytes(b"A")
    (here / "model/gone").unlink()
    (here / "model/old").rename(here / "model/new")
    (here / "model/evil|<b>`\n::error::\x1b[31m").write_text("added")
    with caplog.at_level(logging.INFO):
        outcome = run(tmp_path / "1", check=getattr(first, against))
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    made = outputs(outcome)
    assert (made.manifest, made.checksums, made.digest, made.file_count) == ("", "", "", "4")
    assert Path(first.manifest).read_bytes() == before, "the evidence was overwritten by what disagrees with it"
    for line in ("changed: a.bin", "missing: gone", "renamed: old → new", "added: evil|<b>`\\n::error::\\x1b[31m"):
        assert line in caplog.text
        what, _, name = line.partition(": ")
        if what != "added":
            assert f"| {what} | `{name}` |" in outcome.summary
    assert "| added | <code>evil&#124;&#60;b&#62;&#96;" in outcome.summary
    assert "\x1b" not in outcome.summary + outcome.headline


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"[" * 100_000, b"\xff\xfe", b"{" * 10, b"not checksums\n", b"\0" * 100],
)
def test_a_check_that_cannot_be_read_is_an_error(here: Path, tmp_path: Path, content: bytes) -> None:
    (here / "check").write_bytes(content)
    with pytest.raises(InputError):
        run(tmp_path / "out", check="check")
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("check", ["nowhere", "model", "fifo", "/dev/zero"])
def test_a_check_that_is_not_a_file_is_an_error(here: Path, tmp_path: Path, check: str) -> None:
    os.mkfifo(here / "fifo")
    with pytest.raises(InputError):
        run(tmp_path / "out", check=check)


def test_a_check_that_is_too_large_is_an_error(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hash_artifacts, "_CHECK_BYTES", 10)
    (here / "check").write_bytes(b" " * 11)
    with pytest.raises(InputError, match="larger"):
        run(tmp_path / "out", check="check")


@pytest.mark.parametrize("out", ["model", "model/out", "model/sub/deep", "link/out"])
@pytest.mark.parametrize("paths", ["model", "model\nother", ".", "**/*.bin\nmodel"])
def test_an_output_folder_within_the_tree_is_refused(here: Path, out: str, paths: str) -> None:
    (here / "other").write_text("x")
    (here / "link").symlink_to("model")
    (here / out).mkdir(parents=True, exist_ok=True)
    with pytest.raises(InputError, match="output folder lies within"):
        run(here / out, paths=paths, ignore="link\ntemporary\n**/temporary")
    assert not list(here.rglob("SHA256SUMS"))


def test_an_output_folder_within_the_tree_is_fine_when_it_is_ignored(here: Path) -> None:
    first = outputs(run(here / "model/out", ignore="out\ntemporary"))
    second = outputs(run(here / "model/out", ignore="out\ntemporary"))
    assert first.digest == second.digest
    assert b'"ignore_paths": ["out", "temporary"]' in Path(first.manifest).read_bytes()


def test_a_file_beside_the_outputs_can_be_hashed_but_not_they_themselves(here: Path, tmp_path: Path) -> None:
    out = here / "out"
    run(out, paths="model/a.bin", name="n")
    (out / "image.tar").write_text("image")
    assert run(out, paths="out/image.tar", name="n").exit_code is ExitCode.PASSED
    for path in ("out/SHA256SUMS", "out/n.manifest.json", "out/*"):
        with pytest.raises(InputError, match="output folder lies within"):
            run(out, paths=path, name="n")
    del tmp_path


def test_nothing_of_an_earlier_run_is_left_unless_it_is_what_is_checked_against(here: Path, tmp_path: Path) -> None:
    reference = outputs(run(tmp_path / "reference")).manifest
    run(tmp_path / "out")
    (here / "model/a.bin").write_bytes(b"changed")
    assert run(tmp_path / "out", check=reference).exit_code is ExitCode.VERIFICATION_FAILED
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "-x", "a b", "é", "x" * 101, "a\\b", "$(x)", "..", "a%0Ab"])
def test_a_name_that_is_not_safe_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError) as caught:
        run(tmp_path / "out", name=name)
    assert caught.value.where == "input `name`"


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("my model", "my-model"),
        (".hidden", "hidden"),
        ("-rf", "rf"),
        ("modèle\n\udcff", "mod-le-"),
        ("…", "-"),
        ("x" * 200, "x" * 100),
    ],
)
def test_a_name_that_is_derived_is_made_safe(here: Path, tmp_path: Path, folder: str, name: str) -> None:
    (here / folder).mkdir()
    (here / folder / "a").write_text("a")
    inputs = hash_artifacts.Inputs(paths=(f"./{folder}",), name="", kind="model", ignore=(), check=None, workers=None)
    (tmp_path / "out").mkdir()
    outcome = hash_artifacts.run(inputs, Context(output_dir=tmp_path / "out", environ={}, temp_dir=tmp_path))
    expected = name if name.strip("-") else "artifacts"
    assert Path(outputs(outcome).manifest).name == f"{expected}.manifest.json"


def test_names_that_are_not_utf8_are_kept_and_warned_about(
    here: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (here / "model" / os.fsdecode(b"\xff")).write_bytes(b"x")
    made = outputs(run(tmp_path / "out"))
    assert "not UTF-8" in caplog.text
    assert json.loads(Path(made.manifest).read_bytes())["predicate"]["resources"][-1]["name"] == "\udcff"
    assert run(tmp_path / "2", check=made.manifest).exit_code is ExitCode.PASSED


@pytest.mark.usefixtures("here")
def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ToolError, match="disk is full"):
        run(tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_a_file_is_whole_or_the_earlier_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    files.write_atomically(path, b"earlier")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        files.write_atomically(path, b"later")
    assert [item.read_bytes() for item in tmp_path.iterdir()] == [b"earlier"]


def test_a_link_in_the_place_of_an_output_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "file").symlink_to("victim")
    files.write_atomically(tmp_path / "file", b"x")
    assert (tmp_path / "victim").read_text() == "mine"


def test_a_folder_that_is_not_there_is_a_tool_error(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="cannot be written"):
        files.write_atomically(tmp_path / "nowhere/file", b"x")


@pytest.mark.usefixtures("here")
def test_git_files_are_pointed_out(here: Path, tmp_path: Path) -> None:
    (here / "model/.gitattributes").write_text("x")
    assert "--no-ignore-git-paths" in run(tmp_path / "out").summary


def test_many_files_are_hashed_by_several_processes(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "_ALONE_BYTES", -1)
    for index in range(1200):
        (here / "model" / str(index)).write_text(str(index))
    made = outputs(run(tmp_path / "out", workers="3"))
    assert made.file_count == "1202"
    subprocess.run(["sha256sum", "--status", "--strict", "-c", made.checksums], cwd=here / "model", check=True)


def test_only_the_standard_library_is_imported() -> None:
    scripts = str(Path(hash_artifacts.__file__).parents[2])
    program = (
        f"import sys; sys.path.insert(0, {scripts!r}); import modelseal.commands.hash_artifacts\n"
        "print(*{name.partition('.')[0] for name in sys.modules} - sys.stdlib_module_names - {'__main__', 'modelseal'})"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, check=True, text=True)
    assert done.stdout.split() == []
