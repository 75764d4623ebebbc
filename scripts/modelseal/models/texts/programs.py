"""Judge a Python program by its syntax tree: what it would run, reach or hide."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from modelseal.gate.finding import Severity
from modelseal.models.budget import Budget
from modelseal.models.event import Event, Found
from modelseal.models.rule import Rule
from modelseal.models.texts import shells

ATTACKS = Rule(
    id="script-attacks",
    title="A script beside the model that runs commands or hides what it does",
    severity=Severity.HIGH,
    happens="Loaders that trust the repository's code run it, as does whoever starts it by hand: it starts programs, "
    "executes code that is made at run time, opens connections, or reaches for credentials.",
    remedy="Read the line that is named. Take the script out of the model's folder if the model needs none.",
    atlas=("AML.T0011", "AML.T0010.003"),
    cwe=("CWE-506", "CWE-94", "CWE-78"),
)
BESIDE = Rule(
    id="script-beside-model",
    title="A script beside the model",
    severity=Severity.LOW,
    happens="Nothing in it does harm as far as its syntax shows. It runs where a loader trusts the repository's code.",
    remedy="Keep scripts in a repository of code, and models in one of models.",
    atlas=("AML.T0010.003",),
    cwe=("CWE-829",),
)
_RUNS = re.compile(
    r"(?:os|posix|nt)\.(?:system|popen\w*|exec[lv]\w*|spawn\w*|posix_spawnp?|startfile|fork|forkpty)"
    r"|subprocess\.\w+|_posixsubprocess\.\w+|pty\.(?:spawn|fork)|(?:commands|popen2)\.\w+|pexpect\.(?:spawn|run)"
    r"|asyncio\.create_subprocess_\w+|(?:paramiko|fabric|plumbum|sh|invoke)\.\w+[\w.]*"
    r"|builtins\.(?:exec|execfile)|runpy\.\w+|code\.(?:interact|Interactive\w+)|marshal\.loads?|(?:types|builtins)\.(?:CodeType|FunctionType)"
    r"|importlib\.(?:util\.spec_from_loader|machinery\.SourcelessFileLoader)[\w.]*|imp\.load_\w+"
    r"|ctypes\.(?:CDLL|PyDLL|WinDLL|OleDLL|cdll|windll|pythonapi|memmove|string_at)[\w.]*|cffi\.FFI[\w.]*|_ctypes\.\w+"
    r"|socket\.(?:socket|create_connection|create_server|socketpair)|(?:telnetlib|smtplib|ftplib|poplib|imaplib|xmlrpc)\.[\w.]+"
    r"|http\.client\.HTTPS?Connection|(?:socketserver|http\.server)\.\w+|webbrowser\.\w+|pip\.main|pip\._internal[\w.]*"
    r"|ensurepip\.\w+|torch\.utils\.cpp_extension\.load\w*|os\.(?:dup2|kill|setuid|chroot)|winreg\.\w+|keyring\.\w+"
    r"|IPython\.[\w.]*(?:system|run_\w+)|sys\.(?:settrace|setprofile|addaudithook)"
    # Lines of Lua, R, PHP and JavaScript can be read as Python.
    r"|os\.execute|builtins\.(?:system2?|shell_exec|passthru)|builtins\.require\(\)\.(?:exec|spawn|fork)\w*"
)
# What is run where it is only handed to something that calls it: `map`, `Thread`, `atexit.register`.
_HANDED = re.compile(
    r"(?:os|posix|nt)\.(?:system|popen|exec[lv]\w*|spawn\w*)|pty\.spawn|builtins\.exec"
    r"|subprocess\.(?:run|call|check_call|check_output|Popen|getoutput|getstatusoutput)"
)
_ASKING = frozenset({"builtins.isinstance", "builtins.issubclass", "builtins.hasattr", "builtins.callable"})
_WEB = re.compile(
    r"(?:requests|httpx|aiohttp|urllib3)\.[\w.]+|urllib\.request\.(?:urlopen|urlretrieve|Request)|urllib2?\.(?:urlopen|urlretrieve)"
    r"|(?:wget|pycurl|websockets?)\.\w+"
)
_SENDS = re.compile(r"\.(?:post|put|patch|send|sendall)$")
_WALKS = frozenset(
    {"__subclasses__", "__globals__", "__builtins__", "__code__", "__mro__", "__bases__", "__base__", "f_globals"}
    | {"gi_frame", "cr_frame", "tb_frame", "__getattribute__", "__reduce_ex__"}
)
_MODULES = frozenset(
    {
        "os",
        "subprocess",
        "builtins",
        "sys",
        "importlib",
        "ctypes",
        "socket",
        "pty",
        "marshal",
        "runpy",
        "posix",
        "nt",
        "shutil",
    }
)
_SECRETS = re.compile(
    r"\.ssh/(?:authorized_keys|id_\w+)|/etc/(?:cron|shadow|sudoers|passwd|ld\.so\.preload)|\.bashrc|\.bash_profile|\.zshrc|\.profile\b"
    r"|\.aws/credentials|\.kube/config|\.netrc|\.git-credentials|\.docker/config\.json|/dev/tcp/|\.cache/huggingface/token|crontab|LaunchAgents"
)
_UNPICKLES = re.compile(r"(?:pickle|cPickle|_pickle|dill|cloudpickle)\.loads")
_DECODES = re.compile(
    r"(?:base64|binascii|codecs|zlib|bz2|lzma|gzip)\.\w*(?:decode|decompress|unhexlify)\w*|builtins\.bytes\.fromhex"
)
_IPYTHON = "builtins.get_ipython()."
_INTERACTIVE = frozenset(
    {"system", "system_raw", "system_piped", "getoutput", "ex", "ev", "run_cell", "run_code", "run_line_magic"}
    | {"run_cell_magic", "magic"}
)
_MAGICS = [["run"], ["sx"], ["system"], ["bash"], ["sh"], ["script"], ["%run"], ["%sx"], ["%system"]]
_REPORTED = 20


@dataclass(frozen=True, slots=True)
class _Names:
    """What names stand for in a program, as far as its imports say."""

    imported: dict[str, str]
    defined: frozenset[str]

    def dotted(self, node: ast.expr) -> str:
        """Return what an expression names, from the module on; empty when it names nothing."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if isinstance(node, ast.Name):
            root = self.imported.get(node.id)
            if root is None:
                root = node.id if parts or node.id in self.defined else f"builtins.{node.id}"
        elif isinstance(node, ast.Call):
            root = self._imported_by(node)
        elif isinstance(node, ast.Subscript) and self.dotted(node.value) == "sys.modules":
            root = str(node.slice.value) if isinstance(node.slice, ast.Constant) else "?"
        else:
            return ""
        return ".".join([root, *reversed(parts)])

    def _imported_by(self, node: ast.Call) -> str:
        """Return the module that a call imports: `__import__('os')`, `getattr(os, 'system')`."""
        called = self.dotted(node.func)
        first = node.args[0] if node.args else None
        second = node.args[1] if len(node.args) > 1 else None
        if called in {"builtins.__import__", "importlib.import_module"} and isinstance(first, ast.Constant):
            return f"{first.value!s}"
        if called == "builtins.getattr" and first is not None and isinstance(second, ast.Constant):
            return f"{self.dotted(first)}.{second.value!s}"
        return f"{called}()"


def judge(tree: ast.Module, budget: Budget) -> Iterator[Event]:
    """Tell what a program would do that is no part of loading a model, or that it is merely there.

    Raises:
        LimitReached: It is too large.
    """
    names = _names(tree)
    told: set[tuple[int, str]] = set()
    for node, within in _walk(tree):
        budget.steps(1)
        for what in _attack(node, names, within):
            place = (getattr(node, "lineno", 0), what)
            if place not in told and len(told) < _REPORTED:
                told.add(place)
                evidence = ast.unparse(node)[:300] if isinstance(node, ast.expr) else ""
                yield Found(ATTACKS, f"line {place[0]}: {what}", evidence=evidence)
    if not told:
        yield Found(BESIDE, "it is a Python program")


def _walk(tree: ast.Module) -> Iterator[tuple[ast.AST, bool]]:
    """Return every node, each with whether it only runs when a function is called."""
    waiting: list[tuple[ast.AST, bool]] = [(tree, False)]
    while waiting:
        node, within = waiting.pop()
        yield node, within
        inner = within or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        waiting += [(child, inner) for child in ast.iter_child_nodes(node)]


def _names(tree: ast.Module) -> _Names:
    imported: dict[str, str] = {}
    defined: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for item in node.names:
                imported[item.asname or item.name.partition(".")[0]] = (
                    item.name if item.asname else item.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            imported.update({item.asname or item.name: f"{module}.{item.name}" for item in node.names})
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            defined.add(node.name)
    before = _Names(dict(imported), frozenset(defined))
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            stands = before.dotted(node.value) if isinstance(node.value, ast.Name | ast.Attribute | ast.Call) else ""
            if stands and not stands.endswith("()") and stands != f"builtins.{node.targets[0].id}":
                imported.setdefault(node.targets[0].id, stands)
    return _Names(imported, frozenset(defined))


def _attack(node: ast.AST, names: _Names, within: bool) -> Iterator[str]:  # noqa: FBT001 -- where it stands
    if isinstance(node, ast.Call):
        yield from _call(node, names, within)
    elif isinstance(node, ast.Attribute) and node.attr in _WALKS and node.attr != "__code__":
        yield f"{node.attr} leads to everything that is loaded"
    elif isinstance(node, ast.Name) and node.id == "__builtins__":
        yield "__builtins__ leads to everything that is built in"
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 2000:  # noqa: PLR2004
        found = _SECRETS.search(node.value)
        if found:
            yield f"{found[0]!r} is what attackers read or change"
    elif isinstance(node, ast.ImportFrom) and node.module in _MODULES and any(item.name == "*" for item in node.names):
        yield f"everything of {node.module} is imported by unnamed names"
    elif isinstance(node, ast.Assign | ast.FunctionDef | ast.ClassDef):
        yield from _defined(node, names)


def _defined(node: ast.Assign | ast.FunctionDef | ast.ClassDef, names: _Names) -> Iterator[str]:
    if isinstance(node, ast.Assign):
        if names.dotted(node.value) == "builtins.exec":
            yield "exec is given another name"
        return
    for decorator in node.decorator_list:
        name = names.dotted(decorator)
        if _RUNS.fullmatch(name) or name in {"builtins.eval", "builtins.exec"}:
            yield f"{name} is a decorator"


def _call(node: ast.Call, names: _Names, within: bool) -> Iterator[str]:  # noqa: FBT001 -- where it stands
    name = names.dotted(node.func)
    if _RUNS.fullmatch(name):
        yield f"{name} is called"
    elif name in {"builtins.eval", "builtins.compile"} and not _plain(node):
        yield f"{name} is called with what is made at run time"
    elif _WEB.fullmatch(name) and (not within or _SENDS.search(name)):
        yield f"{name} is called" + ("" if within else " as soon as the file is imported")
    elif name.startswith(_IPYTHON) and _interactive(node, name.removeprefix(_IPYTHON)):
        yield "get_ipython() runs a command"
    elif _UNPICKLES.fullmatch(name) and any(_embedded(argument, names) for argument in node.args):
        yield f"{name} unpickles what is in the script"
    elif name in {"builtins.__import__", "importlib.import_module"}:
        yield from _import(node, name)
    elif name not in _ASKING and (handed := _handed(node, names)):
        yield f"{handed} is handed to {name or 'a call'}"
    elif name == "builtins.getattr" and len(node.args) > 1 and _made_of_module(node, names):
        yield "an attribute of a module is taken by a name that is made at run time"


def _interactive(node: ast.Call, method: str) -> bool:
    """Tell whether IPython is given a command or code: one of the shell that is written out is judged like others."""
    given = [item.value if isinstance(item, ast.Constant) else None for item in node.args]
    if method in {"run_line_magic", "run_cell_magic", "magic"} and given and str(given[0]).split()[:1] not in _MAGICS:
        return None in given[:1]
    written = None not in given and not node.keywords
    text = " ".join(str(item) for item in given)
    return method in _INTERACTIVE and (
        not written or method.startswith(("ev", "ex", "run_code")) or shells.attacks(text)
    )


def _handed(node: ast.Call, names: _Names) -> str:
    """Return a function that runs programs or code, where it is an argument."""
    given = (names.dotted(item) for item in [*node.args, *(keyword.value for keyword in node.keywords)])
    return next((name for name in given if _HANDED.fullmatch(name)), "")


def _made_of_module(node: ast.Call, names: _Names) -> bool:
    """Tell whether a dangerous module is asked for something by a name that is not written out."""
    owner = names.dotted(node.args[0]).removeprefix("builtins.")
    return not isinstance(node.args[1], ast.Constant) and owner in _MODULES | {"__builtins__"}


def _plain(node: ast.Call) -> bool:
    """Tell whether what is evaluated is a constant that calls nothing."""
    first = node.args[0] if node.args else None
    return isinstance(first, ast.Constant) and isinstance(first.value, str) and "(" not in first.value


def _embedded(node: ast.expr, names: _Names) -> bool:
    """Tell whether bytes are written in the program itself, or decoded in it."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, bytes | str)
    return isinstance(node, ast.Call) and bool(_DECODES.fullmatch(names.dotted(node.func)))


def _import(node: ast.Call, name: str) -> Iterator[str]:
    first = node.args[0] if node.args else None
    if isinstance(first, ast.Constant) and str(first.value).partition(".")[0] in _MODULES:
        yield f"{name} imports {first.value!s}"
    elif name == "builtins.__import__" and not isinstance(first, ast.Constant | ast.Name):
        yield f"{name} imports a module by a name that is made at run time"
