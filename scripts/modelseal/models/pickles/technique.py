"""What attackers use the callables of installed packages for."""

from enum import StrEnum


class Technique(StrEnum):
    """What a dangerous global is used for. The values are the section names of `tables/dangerous.txt`."""

    PROGRAM = "program"
    CODE = "code"
    IMPORT = "import"
    LOAD = "load"
    NETWORK = "network"
    WRITE = "write"
    READ = "read"
    NATIVE = "native"
    ATTRIBUTES = "attributes"
    CALLS = "calls"
    INSTALL = "install"
    SPAWN = "spawn"
    INTERPRETER = "interpreter"

    @property
    def happens(self) -> str:
        """What it does, a verb with its object: `runs programs`."""
        return _HAPPENS[self]


_HAPPENS = {
    Technique.PROGRAM: "runs programs",
    Technique.CODE: "evaluates or carries code",
    Technique.IMPORT: "imports modules by their names",
    Technique.LOAD: "loads models, pickles or data from elsewhere",
    Technique.NETWORK: "talks to the network",
    Technique.WRITE: "opens, writes or deletes files",
    Technique.READ: "reads files, settings or what is typed",
    Technique.NATIVE: "loads native code or touches memory",
    Technique.ATTRIBUTES: "reaches into objects by the names of their attributes",
    Technique.CALLS: "calls what it is given",
    Technique.INSTALL: "installs packages",
    Technique.SPAWN: "starts threads or processes",
    Technique.INTERPRETER: "alters the interpreter",
}
