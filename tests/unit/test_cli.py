"""The command line as a process: what goes in, what comes out, and what is left when it is stopped."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from modelseal import __version__, cli, station
from modelseal.errors import InputError, ToolError, VerificationFailed
from runner_commands import Command, obeyed, outputs

pytestmark = pytest.mark.slow  # whole stations, one after the other

SCRIPTS = Path(cli.__file__).parents[1]
CANARY = "canary-of-a-secret"
# A station of the tests' own, in the place of a real one: what it does is given on its command line.
STAND_IN = """
import os, subprocess, sys, types
sys.path.insert(0, {scripts!r})
from dataclasses import dataclass
from modelseal import cli, process, station
from modelseal.errors import *
from modelseal.station import *
from modelseal.verdict import ExitCode

@dataclass(frozen=True)
class Inputs:
    paths: tuple = option("What to do, as 100 % Python.", lines, required=True)
    push: bool = option("Whether.", boolean, default="false")
    name: str = option("A name.", text, default="nobody")
    private_key: str = option("A key.", str, secret=True)

@dataclass(frozen=True)
class Outputs:
    digest: str = output("A digest.")
    manifest: str = output("A manifest.")

def run(inputs, context):
    def end(code=ExitCode.PASSED, summary="# A summary", headline="done", **values):
        return Outcome(code, Outputs(**values), summary, headline)
    made = dict(globals(), inputs=inputs, context=context, end=end)
    exec("\\n".join(inputs.paths), made)
    return made.get("outcome") or end()

module = types.ModuleType("modelseal.commands.hash_artifacts")
module.STATION = Station("hash-artifacts", "A stand-in.", "It stands in.", Inputs, Outputs,
    conclusions=("conclusion.json",))
module.run = run
sys.modules[module.__name__] = module
sys.exit(cli.main())
"""


@dataclass(frozen=True)
class Ended:
    code: int
    stdout: str
    stderr: str
    outputs: dict[str, str]
    summary: str

    @property
    def commands(self) -> list[Command]:
        return obeyed(self.stderr.splitlines())

    @property
    def everything(self) -> str:
        return "\n".join([self.stdout, self.stderr, self.summary, json.dumps(self.outputs)])


class Workplace:
    """A folder to work in, and the environment of a GitHub runner."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("temp", "work"):
            (folder / name).mkdir()
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_STEP_SUMMARY": str(folder / "summary"),
            "RUNNER_TEMP": str(folder / "temp"),
        }

    def start(self, *arguments: str | bytes, **environ: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-X", "utf8", "-I", "-c", STAND_IN.format(scripts=str(SCRIPTS)), *arguments],
            env={name: value for name, value in (self.environ | environ).items() if value != "-"},
            cwd=self.folder / "work",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def ended(self, process: subprocess.Popen[bytes]) -> Ended:
        stdout, stderr = process.communicate(timeout=30)
        written = self.folder / "output"
        summary = self.folder / "summary"
        return Ended(
            process.returncode,
            stdout.decode("utf-8", "surrogateescape"),
            stderr.decode("utf-8"),
            outputs(written.read_text(encoding="utf-8")) if written.is_file() else {},
            summary.read_text(encoding="utf-8") if summary.is_file() else "",
        )

    def run(self, *arguments: str | bytes, **environ: str) -> Ended:
        return self.ended(self.start(*arguments, **environ))

    def do(self, code: str, *arguments: str, **environ: str) -> Ended:
        return self.run("hash-artifacts", "--paths", code, *arguments, **environ)


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


def wait_for(file: Path) -> str:
    for _ in range(3000):
        if file.exists() and (text := file.read_text(encoding="ascii")).endswith("\n"):
            return text.strip()
        time.sleep(0.01)
    raise AssertionError(file)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def is_gone(pid: int) -> bool:
    for _ in range(2000):
        try:
            if Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.01)
    return False


# --- what goes in --------------------------------------------------------------------------------------------------


def test_option_comes_before_the_environment_and_the_environment_before_the_default(workplace: Workplace) -> None:
    show = "outcome = end(digest=inputs.name)"
    assert workplace.do(show).outputs["digest"] == "nobody"
    assert workplace.do(show, MODELSEAL_INPUT_NAME="environment\n").outputs["digest"] == "environment"
    given = workplace.do(show, "--name", "option", MODELSEAL_INPUT_NAME="environment")
    assert given.outputs["digest"] == "option"
    assert workplace.do(show, "--name=", MODELSEAL_INPUT_NAME="environment").outputs["digest"] == "nobody"


def test_everything_can_come_from_the_environment(workplace: Workplace) -> None:
    code = "outcome = end(digest=str(inputs.push),\n  manifest=inputs.name)"
    ended = workplace.run(
        "hash-artifacts", MODELSEAL_INPUT_PATHS=f"\n{code}\n", MODELSEAL_INPUT_PUSH="true\n", MODELSEAL_INPUT_NAME="x"
    )
    assert ended.outputs == {"digest": "True", "manifest": "x", "result": "passed"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "STATION"),
        (["no-such-station"], "invalid choice"),
        (["hash-artifacts"], "Input `paths` is required"),
        (["hash-artifacts", "--paths"], "expected one argument"),
        (["hash-artifacts", "--paths", "1", "--path", "x"], "no option --path"),
        (["hash-artifacts", "--paths", "1", "--nam=x"], "no option --nam"),
        (["hash-artifacts", "--paths", "1", "x"], "a word without an option"),
        (["hash-artifacts", "--paths", "1", "--push", "yes"], "neither `true` nor `false`"),
        (["hash-artifacts", "--paths", "1", "--push", "True"], "neither `true` nor `false`"),
        (["hash-artifacts", "--paths", "1", "--name", "a\nb"], "control character"),
        (["hash-artifacts", "--paths", "1", "--output-dir", "/dev/null/x"], "output folder cannot be made"),
        (["hash-artifacts", "--paths", "1", "--output-dir", "/dev/null"], "output folder cannot be made"),
        (["hash-artifacts", "--paths", "1", "--output-dir", "/proc/1"], "output folder cannot be written to"),
    ],
)
def test_wrong_input_is_an_error_everywhere(arguments: list[str], message: str, workplace: Workplace) -> None:
    ended = workplace.run(*arguments)
    assert ended.code == 2
    assert ended.outputs == {"result": "error"}
    assert message in ended.stderr
    assert message in ended.summary
    assert [command.name for command in ended.commands] == ["error"]
    assert message in ended.commands[0].data


@pytest.mark.parametrize("secret", [CANARY, f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----\n"])
@pytest.mark.parametrize("option", ["--private-key", "--private-ke"])
def test_secret_on_the_command_line_is_never_repeated(secret: str, option: str, workplace: Workplace) -> None:
    for arguments in ([option, secret], [f"{option}={secret}"]):
        ended = workplace.do("pass", *arguments)
        assert ended.code == 2
        assert CANARY not in ended.everything


def test_secret_is_read_from_a_file_or_the_environment_and_masked(workplace: Workplace) -> None:
    key = workplace.folder / "key.pem"
    key.write_text(f" {CANARY}\nsecond line\n", encoding="utf-8")
    code = f"assert inputs.private_key == ' {CANARY}\\nsecond line', 'not the key'"
    by_file = workplace.do(code, "--private-key", str(key))
    by_environment = workplace.do(code, MODELSEAL_INPUT_PRIVATE_KEY=f" {CANARY}\nsecond line\n")
    for ended in (by_file, by_environment):
        assert ended.code == 0
        masks = [command.data for command in ended.commands if command.name == "add-mask"]
        assert masks == [CANARY, "second line"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"0\x82\x01\xff\x80", "openssl pkey"),
        (b"\n", "is empty"),
        (b"x" * ((1 << 20) + 1), "at most 1024 KiB"),
        (None, "is empty"),  # a pipe that nobody writes to
    ],
    ids=["DER", "empty", "large", "pipe"],
)
def test_file_that_holds_no_secret_is_said_to(content: bytes | None, message: str, workplace: Workplace) -> None:
    key = workplace.folder / "key.pem"
    if content is None:
        os.mkfifo(key)
    else:
        key.write_bytes(content)
    ended = workplace.do("pass", "--private-key", str(key))
    assert ended.code == 2
    assert message in ended.stderr


@pytest.mark.parametrize("runner", ["true", "-"])
@pytest.mark.parametrize(
    "ending",
    [
        "raise ToolError(f'it said {told}', where=told)",
        "raise ValueError(told)",
        "outcome = end(summary=told, headline=told)",
        "outcome = end(ExitCode.GATE_FAILED, summary=told, headline=told)",
    ],
)
def test_secret_that_a_tool_prints_is_hidden_wherever_we_are(runner: str, ending: str, workplace: Workplace) -> None:
    code = (
        "import logging; context.mask('first line\\n  100 % of\\tit ');",
        "told = '#5 0.1 first line\\n#5 0.1 100 % of\\tit'; logging.warning(told); logging.info(told)",
        ending,
    )
    ended = workplace.do("\n".join(code), GITHUB_ACTIONS=runner)
    shown = ended.stdout + ended.stderr + ended.summary
    for masked in ("::add-mask::first line", "::add-mask::100 %25 of\tit"):
        shown = shown.replace(masked, "")
    assert "#5 0.1 ***" in shown
    assert "first line" not in shown
    assert "% of" not in shown
    assert "%25 of" not in shown


@pytest.mark.parametrize("runner", ["true", "-"])
def test_secret_is_not_in_the_traceback_of_a_bug(runner: str, workplace: Workplace) -> None:
    code = "raise ValueError(f'{inputs} {context} {vars(context).keys()}')"
    ended = workplace.do(code, MODELSEAL_INPUT_PRIVATE_KEY=CANARY, GITHUB_TOKEN=CANARY, GITHUB_ACTIONS=runner)
    assert ended.code == 1
    assert CANARY not in ended.everything.replace(f"::add-mask::{CANARY}", "")


@pytest.mark.slow
def test_help_names_every_station_and_option() -> None:
    for arguments in ([], *([name] for name in (*cli.STATIONS, cli.CHAIN))):
        code = f"import sys; sys.path.insert(0, {str(SCRIPTS)!r}); from modelseal.cli import main; main()"
        argv = [sys.executable, "-I", "-c", code, *arguments, "--help"]
        shown = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
        if not arguments:
            assert all(name in shown for name in cli.STATIONS)
            continue
        for name in station.options_of(cli.load(arguments[0]).STATION.inputs):
            assert f"--{name} " in shown
        assert "--output-dir" in shown


def test_version(workplace: Workplace) -> None:
    ended = workplace.run("--version")
    assert (ended.code, ended.stdout) == (0, f"modelseal {__version__}\n")
    assert ended.commands == []


# --- what comes out ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "exit_code", "result"),
    [
        ("pass", 0, "passed"),
        ("outcome = end(ExitCode.GATE_FAILED)", 10, "failed"),
        ("outcome = end(ExitCode.VERIFICATION_FAILED)", 11, "failed"),
        ("raise InputError('wrong')", 2, "error"),
        ("raise ToolError('broken')", 3, "error"),
        ("raise VerificationFailed('does not hold')", 11, "failed"),
        ("open('/no/such/file')", 3, "error"),
        ("raise OSError(28, 'No space left on device', '/x')", 3, "error"),
        ("raise ValueError", 1, "error"),
        ("raise MemoryError", 1, "error"),
        ("outcome = end(ExitCode.TOOL)", 1, "error"),
        ("outcome = end(ExitCode.BUG)", 1, "error"),
        ("outcome = 'passed'", 1, "error"),
    ],
)
def test_exit_code_and_result(code: str, exit_code: int, result: str, workplace: Workplace) -> None:
    ended = workplace.do(code)
    assert ended.code == exit_code
    assert ended.outputs["result"] == result
    errors = [command for command in ended.commands if command.name == "error"]
    assert len(errors) == (0 if exit_code == 0 else 1)
    assert "Traceback" not in ended.stderr or exit_code == 1


def test_errors_have_the_exit_codes_of_the_contract() -> None:
    assert [kind.exit_code for kind in (InputError, ToolError, VerificationFailed)] == [2, 3, 11]


def test_bug_shows_a_traceback_and_where_to_report_it(workplace: Workplace) -> None:
    ended = workplace.do("raise ValueError('boom\\n::set-output name=x::y')")
    assert "Traceback (most recent call last):" in ended.stderr
    assert "ValueError: boom" in ended.stderr
    assert "https://github.com/modelseal/modelseal/issues" in ended.stderr
    assert "https://github.com/modelseal/modelseal/issues" in ended.summary
    assert [command.name for command in ended.commands] == ["error"]


@pytest.mark.parametrize(
    "value", ["a\nresult=passed", "EOF\nresult<<EOF\npassed\nEOF", "100%0A%0D", "ä \U0001f512", ""]
)
def test_outputs_cannot_end_early(value: str, workplace: Workplace) -> None:
    ended = workplace.do(f"outcome = end(ExitCode.GATE_FAILED, digest={value!r})")
    assert ended.outputs == {"digest": value, "manifest": "", "result": "failed"}


def test_lines_of_tools_and_names_of_files_are_inert(workplace: Workplace) -> None:
    lines = ["::set-output name=result::passed", "##[add-path]/tmp/x", "::add-mask::e", "::stop-commands::x", "::x::",
             "::error::x", "\\x1b[2J", "\\r::error::x", "::debug::x"]  # fmt: skip
    code = (
        "import logging; logger = logging.getLogger('x')\n"
        "printing = ['sh', '-c', 'printf \"$1\\\\n\" >&2', 'x']\n"
        f"for line in {lines!r}: process.run([*printing, line], env=os.environ, on_line=logger.info)\n"
        f"raise ToolError({lines[0]!r}, where=chr(10).join({lines!r}))"
    )
    ended = workplace.do(code)
    assert ended.stderr.count("::set-output name=result::passed") >= 2
    assert [command.name for command in ended.commands] == ["error"]
    assert ended.outputs == {"result": "error"}


def test_fence_is_up_from_the_first_line_to_the_last(workplace: Workplace) -> None:
    for code in ("pass", "raise ToolError('x')", "raise ValueError"):
        lines = workplace.do(code).stderr.splitlines()
        token = lines[0].removeprefix("::stop-commands::")
        assert len(token) == 32
        assert lines[-1].startswith("::")
        assert lines[-1].endswith("::")


def test_summary_and_annotation_stay_within_githubs_limits(workplace: Workplace) -> None:
    code = "outcome = end(ExitCode.GATE_FAILED, summary='| row |\\n' * 300_000, headline='x' * 10_000)"
    ended = workplace.do(code)
    assert len(ended.summary.encode()) <= 1024 * 1024
    assert [len(command.data) for command in ended.commands] == [4096]


def test_people_at_a_terminal_get_outputs_without_commands(workplace: Workplace) -> None:
    ended = workplace.do("outcome = end(digest='sha256:1')", GITHUB_ACTIONS="-", GITHUB_OUTPUT="-", RUNNER_TEMP="-")
    assert ended.stdout == "digest=sha256:1\n"
    assert "::" not in ended.stderr
    assert "passed: done" in ended.stderr


@pytest.mark.parametrize(
    ("locale", "utf8"), [("C", "-X utf8"), ("C", ""), ("C.UTF-8", ""), ("en_US.ISO-8859-1", ""), ("no_such_locale", "")]
)
def test_result_does_not_depend_on_the_locale(locale: str, utf8: str, workplace: Workplace) -> None:
    folder = os.fsencode(workplace.folder) + b"/out \xff\xe9 \xc3\xa4"
    code = STAND_IN.format(scripts=str(SCRIPTS))
    do = "outcome = end(manifest=str(context.output_dir))\n(context.output_dir / 'x').touch()"
    argv: list[str | bytes] = [sys.executable, *utf8.split(), "-I", "-c", code, "hash-artifacts"]
    argv += ["--output-dir", folder, "--paths", do]
    environ = {"PATH": os.environ["PATH"], "LC_ALL": locale, "LANG": locale}
    ended = subprocess.run(argv, env=environ, cwd=workplace.folder, capture_output=True, check=True)
    assert ended.stdout == b"manifest=" + folder + b"\n"
    assert os.listdir(folder) == [b"x"]  # noqa: PTH208 -- pathlib has no paths of bytes


def test_output_folder_is_fresh_on_a_runner_and_the_temporary_one_is_gone(workplace: Workplace) -> None:
    code = "(context.temp_dir / 'x').touch(); outcome = end(digest=str(context.temp_dir),"
    ended = [workplace.do(f"{code} manifest=str(context.output_dir))").outputs for _ in range(2)]
    assert ended[0]["manifest"] != ended[1]["manifest"]
    assert {Path(item["manifest"]).name for item in ended} == set(names(workplace.folder / "temp"))
    assert not any(Path(item["digest"]).exists() for item in ended)


def test_link_in_the_place_of_the_default_folder_is_refused(workplace: Workplace) -> None:
    (workplace.folder / "work" / "modelseal-out").symlink_to(workplace.folder)
    ended = workplace.do("(context.output_dir / 'x').touch()", RUNNER_TEMP="-")
    assert ended.code == 2
    assert not (workplace.folder / "x").exists()


@pytest.mark.parametrize("given", [("--output-dir", "out"), ()])
def test_wrong_input_leaves_no_conclusion_of_an_earlier_run(given: tuple[str, ...], workplace: Workplace) -> None:
    folder = workplace.folder / "work" / (given[-1] if given else "modelseal-out")
    folder.mkdir()
    for name in ("conclusion.json", "of somebody else.json"):
        (folder / name).write_text('{"verdict": "passed"}')
    ended = workplace.do("pass", "--push", "maybe", *given, RUNNER_TEMP="-")
    assert ended.code == 2
    assert names(folder) == ["of somebody else.json"]


def test_temporary_folder_that_is_not_there_is_an_error_and_says_what_to_do(workplace: Workplace) -> None:
    ended = workplace.do("pass", "--output-dir", "out", RUNNER_TEMP=str(workplace.folder / "missing"))
    assert ended.code == 3
    assert "Let RUNNER_TEMP" in ended.stderr


@pytest.mark.parametrize("variable", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
def test_file_of_the_runner_that_cannot_be_written_is_no_pass(variable: str, workplace: Workplace) -> None:
    ended = workplace.do("pass", **{variable: "/dev/full"})
    assert ended.code == 3
    assert f"{variable} cannot be written" in ended.stderr
    assert f"Leave {variable} as the runner sets it" in ended.stderr
    assert ended.outputs.get("result", "error") == "error"


@pytest.mark.parametrize(
    ("code", "exit_code"), [("pass", 0), ("outcome = end(ExitCode.GATE_FAILED)", 10), ("1 / 0", 1)]
)
def test_verdict_stands_where_nobody_reads_along(code: str, exit_code: int, workplace: Workplace) -> None:
    with workplace.start("hash-artifacts", "--paths", code) as process:
        assert process.stderr is not None
        process.stderr.close()  # as with `2>&1 | head -1`: every line that is written fails
        assert process.wait(timeout=30) == exit_code
    written = outputs((workplace.folder / "output").read_text(encoding="utf-8"))
    assert written["result"] == {0: "passed", 10: "failed", 1: "error"}[exit_code]


def test_file_that_does_not_fit_on_the_disk_is_not_left_by_halves(workplace: Workplace) -> None:
    code = (
        "import resource; from modelseal.files import write_atomically\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))\n"
        "write_atomically(context.output_dir / 'x', bytes(1_000_000))"
    )
    ended = workplace.do(code, "--output-dir", "out")
    assert ended.code == 3
    assert ended.outputs == {"result": "error"}
    assert names(workplace.folder / "work" / "out") == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 100_000


def test_outputs_that_cannot_be_printed_are_no_pass(workplace: Workplace) -> None:
    terminal = {"GITHUB_ACTIONS": "-", "GITHUB_OUTPUT": "-"}
    process = workplace.start("hash-artifacts", "--paths", "outcome = end(digest='x' * 100_000)", **terminal)
    assert process.stdout
    process.stdout.close()
    process.stdout = None
    assert process.stderr
    stderr = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(30) == 3
    assert "cannot be printed" in stderr
    assert "lead it into a file" in stderr
    assert "Exception ignored" not in stderr


# --- stopped -------------------------------------------------------------------------------------------------------

TREE = """
folder = {folder!r}
code = f"sh -c 'echo $$ > {{folder}}/grandchild; exec sleep 60' & echo $$ > {{folder}}/child; wait"
{work}
"""
WORK = {
    "alone": "process.run(['sh', '-c', code], env=os.environ)",
    "in a thread": (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(2) as pool: pool.submit(process.run, ['sh', '-c', code], env=os.environ).result()"
    ),
    "while writing": (
        "from modelseal.files import moved_into_place\n"
        "with moved_into_place(context.output_dir / 'x') as half:\n"
        "  process.run(['sh', '-c', code], env=os.environ, stdout_file=half)"
    ),
}


def test_what_a_killed_run_left_half_written_is_removed_by_the_next_one(workplace: Workplace) -> None:
    code = WORK["while writing"].replace("['sh', '-c', code]", "['sh', '-c', given]")
    half = "echo half; echo $$ >&2; exec sleep 60"
    made = f"given = {half!r}\n" + code.replace("stdout_file=half", "stdout_file=half, on_line=ready")
    ready = f"ready = lambda pid: open({str(workplace.folder / 'ready')!r}, 'w').write(pid + '\\n')\n"
    process = workplace.start("hash-artifacts", "--output-dir", "out", "--paths", f"exec({ready + made!r})")
    writer = int(wait_for(workplace.folder / "ready"))
    whole = f"given = 'echo whole'\n{code}"
    assert workplace.do(f"exec({whole!r})", "--output-dir", "out").code == 0
    out = workplace.folder / "work" / "out"
    assert len(names(out)) == 2  # what is still being written is left alone
    process.kill()
    os.kill(writer, signal.SIGKILL)
    workplace.ended(process)
    assert workplace.do(f"exec({whole!r})", "--output-dir", "out").code == 0
    assert names(out) == ["x"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_that_is_not_heard_is_repeated(number: signal.Signals) -> None:
    """As where it comes just before the main thread begins to wait."""
    program = (
        f"import sys; sys.path.insert(0, {str(SCRIPTS)!r})\n"
        "import os, signal, time\nfrom modelseal import cli, process\nheard = []\n"
        "def hear(number, frame):\n    heard.append(number)\n    if len(heard) == 3: process.stop()\n"
        f"signal.signal({int(number)}, hear); cli._wake_up(); os.kill(os.getpid(), {int(number)})\n"
        "while not process.is_stopping():\n    time.sleep(0.01)\n"
        "print(*heard)"
    )
    argv = [sys.executable, "-I", "-c", program]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    heard = done.stdout.split()
    assert (set(heard), len(heard) >= 3) == ({str(int(number))}, True), done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("work", WORK)
@pytest.mark.slow
def test_signal_ends_everything_and_leaves_nothing(number: signal.Signals, work: str, workplace: Workplace) -> None:
    code = TREE.format(folder=str(workplace.folder), work=WORK[work])
    # Lines are stripped: indentation would be lost, so the code is given as one line.
    process = workplace.start("hash-artifacts", "--output-dir", "out", "--paths", f"exec({code!r})")
    pids = [int(wait_for(workplace.folder / name)) for name in ("child", "grandchild")]
    started = time.monotonic()
    process.send_signal(number)
    ended = workplace.ended(process)
    assert time.monotonic() - started < 30
    assert ended.code == (143 if number == signal.SIGTERM else -signal.SIGINT)
    assert all(map(is_gone, pids))
    assert names(workplace.folder / "work" / "out") == []
    assert names(workplace.folder / "temp") == []
    assert ended.outputs.get("result", "") != "passed"
    assert ended.commands == []
