"""The house's rules, read from its code: which way imports go, who starts processes, how long things get."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "scripts" / "modelseal"
FILES = sorted(PACKAGE.rglob("*.py"))
ROOMS = ("artifacts", "attestation", "audit", "image", "models", "report", "sbom", "vulnerabilities")
# From the top to the ground: a module imports only what is below it.
LEVELS = (
    ("cli",),
    ("command_line",),
    ("chain",),
    ("chain_interface",),
    ("commands",),
    ROOMS,
    ("gate",),
    ("tools", "registry"),
    ("environment",),
    ("installation",),
    ("process", "github", "station", "files", "memory"),
    ("errors", "tail"),
    ("verdict",),
)
LEVEL_OF = {part: level for level, parts in enumerate(LEVELS) for part in parts}
# What a room lets other rooms use of it. Markdown and file formats, not judgements.
PUBLIC = {
    "modelseal.attestation.jsontext",  # a manifest is an in-toto statement, and is read as strictly as one
    "modelseal.attestation.rejection",
    "modelseal.report.markdown",
    "modelseal.artifacts.manifest",
    "modelseal.artifacts.checksums",
    "modelseal.image.archive",
    "modelseal.image.digests",
    "modelseal.image.platform",
    "modelseal.image.platforms",
    "modelseal.image.reference",
}
CARRIES_ERRORS = {PACKAGE / "attestation" / "time_limit.py"}  # from a thread to the one that waits for it
STARTS_PROCESSES = {"process.py"}
PROCESS_MODULES = {"subprocess", "multiprocessing", "pty", "popen2"}
PROCESS_CALLS = {"system", "popen", "fork", "forkpty", "posix_spawn", "spawnv", "spawnl", "execv", "execve", "execvp"}
READS_ENVIRONMENT = {"cli.py", "environment.py", "installation.py"}
LOGGING_ONLY = "print() has no place here: logging goes through the console, which escapes it"


@functools.cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_bytes())


def module_name(file: Path) -> str:
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part_of(module: str) -> str:
    return [*module.split("."), ""][1]


def imported(file: Path) -> Iterator[str]:
    """Name every module of ours that a file imports, wherever in it."""
    known = {module_name(path) for path in FILES}
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "modelseal")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "modelseal":
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in known else str(node.module)


def calls(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node.lineno


def names(files: list[Path]) -> list[str]:
    return [str(file.relative_to(PACKAGE)) for file in files]


each_file = pytest.mark.parametrize("file", FILES, ids=names(FILES))


def test_every_part_has_its_level() -> None:
    parts = {part_of(module_name(file)) for file in FILES} - {""}
    assert parts <= set(LEVEL_OF)


@each_file
def test_imports_go_down(file: Path) -> None:
    own = part_of(module_name(file))
    for module in imported(file):
        other = part_of(module)
        if other not in ("", own):
            assert LEVEL_OF[own] < LEVEL_OF[other] or {own, other} <= set(ROOMS), f"{own} imports {module}"


@each_file
def test_no_imports_are_relative(file: Path) -> None:
    nodes = [node for node in ast.walk(parsed(file)) if isinstance(node, ast.ImportFrom)]
    assert [node.lineno for node in nodes if node.level] == []


@pytest.mark.parametrize("command", names([file for file in FILES if file.parent.name == "commands"]))
def test_command_imports_no_command(command: str) -> None:
    others = [name for name in imported(PACKAGE / command) if part_of(name) == "commands"]
    assert others == []


@pytest.mark.parametrize("room", ROOMS)
def test_room_keeps_out_of_other_rooms(room: str) -> None:
    for file in (PACKAGE / room).rglob("*.py"):
        foreign = {name for name in imported(file) if part_of(name) in ROOMS and part_of(name) != room}
        assert foreign <= PUBLIC, file


@each_file
def test_only_the_process_module_starts_programs(file: Path) -> None:
    if file.name in STARTS_PROCESSES:
        return
    tree = parsed(file)
    modules = {
        alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    } | {(node.module or "").split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not modules & PROCESS_MODULES
    started = [name for name, _ in calls(tree) if name.startswith("os.") and name.removeprefix("os.") in PROCESS_CALLS]
    assert started == (["os.execv"] if file.name == "environment.py" else [])
    assert not [name for name, _ in calls(tree) if name.endswith("ProcessPoolExecutor")]


@each_file
def test_environment_is_read_at_the_edge_only(file: Path) -> None:
    if file.name in READS_ENVIRONMENT and file.parent == PACKAGE:
        return
    read = [
        node.lineno
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.Attribute)
        and ast.unparse(node) in ("os.environ", "os.environb", "os.getenv", "os.putenv")
    ]
    assert read == []


@each_file
def test_nothing_is_printed_past_the_console(file: Path) -> None:
    tree = parsed(file)
    assert [line for name, line in calls(tree) if name in ("print", "pprint", "pprint.pprint")] == [], LOGGING_ONLY
    written = [
        name for name, _ in calls(tree) if name in ("sys.stdout.write", "sys.stderr.write", "sys.__stdout__.write")
    ]
    assert written == [] or file == PACKAGE / "cli.py"


@each_file
def test_no_error_is_swallowed_whole(file: Path) -> None:
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else ""
            broad = caught in ("", "Exception", "BaseException")
            goes_on = isinstance(node.body[-1], ast.Raise) or file in CARRIES_ERRORS
            assert not broad or (caught == "BaseException" and goes_on), f"line {node.lineno}"
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "contextlib.suppress":
            assert not {ast.unparse(item) for item in node.args} & {"Exception", "BaseException"}


@each_file
def test_nothing_is_run_that_came_as_data(file: Path) -> None:
    dangerous = {"eval", "exec", "compile", "__import__", "pickle.load", "pickle.loads", "yaml.load", "marshal.loads"}
    assert [name for name, _ in calls(parsed(file)) if name in dangerous] == []


@each_file
def test_shell_is_never_used(file: Path) -> None:
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Call):
            assert not [word for word in node.keywords if word.arg == "shell"]


@each_file
def test_file_and_functions_are_short(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 300
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.FunctionDef):
            documented = len((ast.get_docstring(node, clean=False) or "").splitlines())
            assert (node.end_lineno or 0) - node.lineno - documented < 50, node.name


@each_file
def test_data_are_frozen(file: Path) -> None:
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.ClassDef):
            for decorator in map(ast.unparse, node.decorator_list):
                assert decorator != "dataclass", node.name
                assert not decorator.startswith("dataclass(") or "frozen=True" in decorator, node.name


@each_file
def test_names_say_what_they_are(file: Path) -> None:
    vague = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
    assert not set(file.relative_to(PACKAGE).with_suffix("").parts) & vague
    classes = [node.name for node in ast.walk(parsed(file)) if isinstance(node, ast.ClassDef)]
    assert not [name for name in classes if name.endswith(("Manager", "Helper", "Util", "Utils"))]


def test_what_runs_before_the_environment_needs_the_standard_library_only() -> None:
    import sys  # noqa: PLC0415 -- for this list

    seen: set[str] = set()
    waiting = {"modelseal.environment", "modelseal"}
    while waiting:
        module = waiting.pop()
        seen.add(module)
        path = PACKAGE.parent / Path(*module.split("."))
        file = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"
        for node in ast.walk(parsed(file)):
            found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            found += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            foreign = {name.split(".")[0] for name in found} - set(sys.stdlib_module_names) - {"modelseal"}
            assert not foreign, file
        waiting |= set(imported(file)) - seen


def test_every_station_has_its_module_and_the_same_name_everywhere() -> None:
    from modelseal import cli  # noqa: PLC0415 -- the rest of this file reads and does not import

    modules = {file.stem.replace("_", "-") for file in (PACKAGE / "commands").glob("*.py")} - {"--init--"}
    assert modules == set(cli.STATIONS)
    assert {folder.name for folder in (ROOT / "actions").iterdir()} == set(cli.STATIONS)
