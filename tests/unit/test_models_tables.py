import builtins
import pkgutil
import sys
from pathlib import Path

from modelseal.models.pickles import arguments, dangerous, known
from modelseal.models.pickles.technique import Technique


def test_tables_are_only_read_by_the_names_they_have() -> None:
    for package in ("../judgement", "dangerous", "", "a/b", "\0"):
        assert known.use(package, "x") is None


def test_whatever_the_standard_library_has_is_dangerous_or_unknown_unless_it_is_listed() -> None:
    modules = {info.name for info in pkgutil.iter_modules() if info.name in sys.stdlib_module_names}
    listed = {name for name in modules | set(sys.builtin_module_names) if dangerous.technique(name, "anything")}
    assert len(listed) > 100
    assert {"os", "subprocess", "sys", "socket", "ctypes", "pickle", "importlib", "shutil", "code"} <= listed
    acting = {
        "eval",
        "exec",
        "compile",
        "open",
        "__import__",
        "getattr",
        "setattr",
        "delattr",
        "vars",
        "globals",
        "input",
    }
    assert all(dangerous.technique("builtins", name) for name in acting & set(vars(builtins)))


def lines() -> list[tuple[str, str, str, list[str]]]:
    """Return all lines of all tables: the package, the module, the kind and the names."""
    folder = Path(known.__file__).parent / "tables"
    return [
        (path.stem, *line.split(" ", 2)[:2], line.split(" ")[2:])  # type: ignore[misc]
        for path in sorted(folder.glob("*.txt"))
        if path.stem != "dangerous"
        for line in path.read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    ]


def test_tables_say_what_can_be_read() -> None:
    for package, module, kind, names in lines():
        assert package == "python" or module.split(".")[0] == package
        assert kind in set("vicoes!"), (module, kind)
        if kind == "!":
            assert Technique(names[0])
            continue
        for name in names:
            use = known.use(module, name.partition("=")[0])
            assert use is not None
            for check in (use.call, use.state):
                assert not check or arguments.refused(check, ("x", "y", "z", "z")) in {None, *reasons(check)}


def reasons(check: str) -> set[str]:
    return {f"it is given other arguments than any file needs ({check})"}


def test_every_table_names_the_releases_it_was_made_from_or_says_that_it_was_written_by_hand() -> None:
    for path in (Path(known.__file__).parent / "tables").glob("*.txt"):
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        assert path.stem == "dangerous" or first.startswith(f"# {path.stem} "), path.name
