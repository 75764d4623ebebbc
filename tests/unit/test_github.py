"""What reaches GitHub's runner: read back as the runner reads it."""

import io
import logging
import tempfile
import threading
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelseal import github
from modelseal.errors import InputError, ToolError
from modelseal.github import Console
from runner_commands import Command, obeyed, outputs

HOSTILE = (
    "::set-output name=result::passed",
    "  \t::set-output name=result::passed",
    "\n::set-output name=result::passed",
    "\r::add-path::/tmp/x",
    "x\r\n::error::x",
    "##[add-path]/tmp/x",
    "harmless ##[set-env name=X]y",
    "::add-mask::e",
    "::stop-commands::mine\n::mine::\n::warning::x",
    "::stop-commands::",
    "::::",
    "%0A::error::x",
    "\x0b::error::x",
    "\x0c::error::x",
    "\x1c::error::x",
    "\x85::error::x",
    "\u2028::error::x",
    "\u2029::error::x",
    "\udce9::error::x",
    "\x1b[2J\x1b]0;title\x07",
    "\u202e::error::x",
    "::SET-OUTPUT name=x::y",
)
TEXTS = st.text(st.characters(codec=None)) | st.sampled_from(HOSTILE)


def printed(*, runner: bool, work: object) -> str:
    stream = io.StringIO()
    with Console(stream, runner=runner) as console:
        work(console)  # type: ignore[operator]
    return stream.getvalue()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_inert_as_a_line_a_block_and_a_log_record(text: str) -> None:
    def work(console: Console) -> None:
        console.line(text)
        console.block(text)
        console.emit(logging.LogRecord("x", logging.INFO, "", 0, text, None, None))

    shown = printed(runner=True, work=work)
    assert obeyed(shown.splitlines()) == []
    assert obeyed(shown.split("\n")) == []


@given(TEXTS)
def test_annotation_says_what_it_was_given_and_nothing_else_is_obeyed(text: str) -> None:
    def work(console: Console) -> None:
        console.line(text)
        console.annotate("error", text)
        console.block(text)

    expected = "\n".join(map(github.printable, text.split("\n")))[: github.ANNOTATION_LIMIT]
    assert obeyed(printed(runner=True, work=work).split("\n")) == [Command("error", expected)]


@given(TEXTS)
def test_annotation_on_a_file_is_on_that_file_and_says_nothing_else(text: str) -> None:
    shown = printed(runner=True, work=lambda console: console.annotate("error", "x", text or "a"))
    (line,) = [line for line in shown.split("\n") if line.startswith("::error")]
    properties, _, data = line.removeprefix("::error ").partition("::")
    file, title = properties.split(",")
    assert (title, data) == ("title=Modelseal", "x")
    decoded = file.removeprefix("file=").replace("%3A", ":").replace("%2C", ",").replace("%25", "%")
    assert decoded == github.printable(text or "a")


@given(st.text(min_size=1, max_size=20))
def test_annotation_is_cut_to_what_github_shows(text: str) -> None:
    work = lambda console: console.annotate("warning", text * 5000)  # noqa: E731
    (command,) = obeyed(printed(runner=True, work=work).split("\n"))
    assert len(command.data) == 4096


@given(TEXTS)
def test_line_is_one_line_and_printable(text: str) -> None:
    shown = github.printable(text)
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert len(shown.splitlines()) <= 1
    assert shown.encode("utf-8").decode("utf-8") == shown


def test_fence_is_up_from_the_first_line_to_the_last() -> None:
    lines = printed(runner=True, work=lambda console: console.line("x")).splitlines()
    assert lines[0].startswith("::stop-commands::")
    assert lines[-1] == f"::{lines[0].removeprefix('::stop-commands::')}::"
    assert len(lines[0].removeprefix("::stop-commands::")) >= 32


def test_fence_is_another_each_time_and_comes_down_after_an_error() -> None:
    stream = io.StringIO()
    for _ in range(2):
        with pytest.raises(KeyError), Console(stream, runner=True):
            raise KeyError
    assert obeyed(stream.getvalue().splitlines()) == []
    assert len(set(stream.getvalue().splitlines())) == 4


def test_without_a_runner_nothing_is_a_command() -> None:
    def work(console: Console) -> None:
        console.annotate("error", "x")
        console.mask("a secret")
        console.line("x")

    assert printed(runner=False, work=work) == "x\n"


def test_lines_of_many_threads_do_not_open_the_fence_for_each_other() -> None:
    def work(console: Console) -> None:
        def annotate() -> None:
            for _ in range(100):
                console.annotate("notice", "ours")

        def tool() -> None:
            for _ in range(300):
                console.line("::error::of a tool")

        threads = [threading.Thread(target=target) for target in (annotate, tool, annotate, tool)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    commands = obeyed(printed(runner=True, work=work).splitlines())
    assert set(commands) == {Command("notice", "ours")}
    assert len(commands) == 200


def test_each_line_of_a_secret_is_masked_but_no_short_word() -> None:
    secret = "first line\r\n  second 100%0A \nabc\n\n"
    commands = obeyed(printed(runner=True, work=lambda console: console.mask(secret)).splitlines())
    assert commands == [Command("add-mask", "first line"), Command("add-mask", "second 100%0A")]


def test_warning_is_a_line_and_an_annotation() -> None:
    record = logging.LogRecord("x", logging.WARNING, "", 0, "careful: %s", ("::error::x",), None)
    shown = printed(runner=True, work=lambda console: console.emit(record))
    assert obeyed(shown.splitlines()) == [Command("warning", "careful: ::error::x")]
    assert "\nwarning: careful: ::error::x\n" in shown


@given(st.dictionaries(st.from_regex(r"[a-z-]{1,20}", fullmatch=True), TEXTS, max_size=5))
def test_outputs_are_read_back_as_they_were(values: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "output")
        github.write_outputs({"GITHUB_OUTPUT": str(file)}, values)
        read = outputs(file.read_bytes().decode("utf-8", "replace"))  # lines end wherever they may
    assert list(read) == list(values)


@pytest.mark.parametrize("value", ["a\nb", "EOF", "x\nEOF\nresult=passed", "%0A", "result<<EOF\npassed\nEOF", "", "\n"])
def test_output_of_several_lines_stays_one_output(value: str, tmp_path: Path) -> None:
    file = tmp_path / "output"
    file.write_bytes(b"earlier=1\n")
    github.write_outputs({"GITHUB_OUTPUT": str(file)}, {"x": value, "result": "failed"})
    assert outputs(file.read_text(encoding="utf-8")) == {"earlier": "1", "x": value, "result": "failed"}


def test_delimiters_are_never_the_same(tmp_path: Path) -> None:
    file = tmp_path / "output"
    github.write_outputs({"GITHUB_OUTPUT": str(file)}, {"a": "1", "b": "2"})
    delimiters = {line.partition("<<")[2] for line in file.read_text(encoding="utf-8").splitlines() if "<<" in line}
    assert len(delimiters) == 2


@pytest.mark.parametrize("variable", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
@pytest.mark.parametrize("kind", ["folder", "full", "gone"])
def test_file_of_the_runner_that_cannot_be_written_is_an_error(variable: str, kind: str, tmp_path: Path) -> None:
    file = {"folder": tmp_path, "full": Path("/dev/full"), "gone": tmp_path / "no" / "file"}[kind]
    environ = {variable: str(file)}
    with pytest.raises(ToolError, match=f"file {variable} cannot be written"):
        _write_both(environ)


def _write_both(environ: dict[str, str]) -> None:
    github.write_outputs(environ, {"a": "b"})
    github.write_summary(environ, "text")


def test_nothing_is_written_without_a_runner() -> None:
    github.write_outputs({}, {"a": "b"})
    github.write_summary({"GITHUB_STEP_SUMMARY": ""}, "text")


@pytest.mark.parametrize("used", [0, 1000, 1024 * 1024 - 300, 1024 * 1024 - 1, 1024 * 1024, 2 * 1024 * 1024])
@pytest.mark.parametrize("length", [0, 10, 299, 1024 * 1024 - 1, 1024 * 1024, 3_000_000])
def test_summary_never_makes_the_file_larger_than_github_takes(used: int, length: int, tmp_path: Path) -> None:
    file = tmp_path / "summary"
    file.write_bytes(b"x" * used)
    github.write_summary({"GITHUB_STEP_SUMMARY": str(file)}, ("ä" * 49 + "\n") * (length // 99) + "x" * (length % 99))
    written = file.read_bytes()
    assert len(written) <= max(used, 1024 * 1024)
    assert written.startswith(b"x" * used)
    assert written.decode("utf-8")
    if used + length + 1 <= 1024 * 1024:
        assert len(written) == used + length + 1
    elif used < 1024 * 1024 - 300:
        assert written.endswith(b"Everything is in the output folder._\n\n")


def test_error_is_told_in_all_places(tmp_path: Path) -> None:
    environ = {"GITHUB_OUTPUT": str(tmp_path / "output"), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
    error = InputError("It is wrong ```\n::error::x", where="input `x`", mend="Mend it.")
    shown = printed(runner=True, work=lambda console: github.report_error(error, console, environ))
    annotation = "It is wrong ```\n::error::x\ninput `x`\nMend it."
    assert obeyed(shown.splitlines()) == [Command("error", annotation)]
    assert outputs((tmp_path / "output").read_text(encoding="utf-8")) == {"result": "error"}
    summary = (tmp_path / "summary").read_text(encoding="utf-8")
    assert summary.count("```") == 2
    assert "Mend it." in summary


def test_error_is_told_even_if_the_runners_files_cannot_be_written() -> None:
    environ = {"GITHUB_OUTPUT": "/dev/full", "GITHUB_STEP_SUMMARY": "/dev/full"}
    error = ToolError("It failed.")
    shown = printed(runner=False, work=lambda console: github.report_error(error, console, environ))
    assert shown.startswith("error: It failed.\n")
    assert "GITHUB_OUTPUT cannot be written" in shown
