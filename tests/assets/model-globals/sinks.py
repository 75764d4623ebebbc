"""What an object's methods must not reach: the table of dangerous globals, as far as it is about doing something."""

from pathlib import Path

TABLE = (
    Path(__file__).resolve().parents[3] / "scripts" / "modelseal" / "models" / "pickles" / "tables" / "dangerous.txt"
)
#: Everything reads attributes, warns and takes locks; these are what must not come of a file.
ACTING = {"program", "code", "import", "load", "network", "write", "native", "install"}
#: Named in the table because files have no use for them; harmless where a framework's own code calls them.
HARMLESS = """
    builtins.print builtins.type shutil.get_terminal_size distutils.version pandas.io.formats huggingface_hub
    transformers.integrations transformers.utils.hub
    sentence_transformers.util
    ast asyncio catalogue click codeop collections confection cython dask email fastcore fastcore.basics
    fastcore.dispatch fastcore.meta fsspec jinja2 joblib joblib.externals joblib.memory joblib.parallel
    lightning.fabric.utilities.imports lightning_utilities logging mpmath numba numexpr numpy.compat
    pandas.compat._optional plistlib pyparsing ray requests.structures safetensors six skops srsly sympy
    tensorflow.python.autograph torch._C torch._decomp torch._dynamo torch._export torch._functorch torch._guards
    torch._higher_order_ops torch._lazy torch._library torch._logging torch._ops torch._prims torch._refs
    torch._utils_internal torch.backends torch.compiler torch.distributed torch.export torch.fx torch.jit
    torch.library torch.utils._pytree transformers.utils.import_utils types typing unittest urllib weakref xml
    zipfile
    """
#: Not followed: how pandas prints, which asks the terminal for its size.
UNFOLLOWED = {"pandas.io.formats"}
#: Those that matter all the same: `joblib.load`, `types.CodeType`.
ALWAYS = {
    "FileHandler",
    "load",
    "loads",
    "FunctionType",
    "CodeType",
    "_load",
    "compile",
    "script",
    "trace",
    "load_state_dict_from_url",
}


def _read():
    table, section = {}, ""
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            module, _, names = line.partition(":")
            for name in names.split() or [""]:
                table.setdefault(module, {}).setdefault(name, section)
    return table


_TABLE = _read()


def sink(module, name):
    """Return the technique of a global that acts; None of all others."""
    dotted, end = "{}.{}".format(module, name), None
    whole_of = None
    dotted_end = len(dotted)
    while True:
        end = dotted.rfind(".", 0, dotted_end)
        if end < 0:
            break
        dotted_end = end
        entry = _TABLE.get(dotted[:end], {})
        for known, section in entry.items():
            rest = dotted[end + 1 :]
            if known and (
                rest == known or rest.startswith(known + ".") or (known[-1] == "*" and rest.startswith(known[:-1]))
            ):
                return section if section in ACTING and not harmless(module, name) else None
        if whole_of is None and "" in entry:
            whole_of = (dotted[:end], entry[""])
    if whole_of is None or whole_of[1] not in ACTING or harmless(module, name):
        return None
    return whole_of[1]


def harmless(module, name):
    """Tell whether frameworks may call something all the same."""
    dotted = "{}.{}.".format(module, name)
    return name.split(".")[-1] not in ALWAYS and any(dotted.startswith(part + ".") for part in HARMLESS.split())


def followed(module):
    """Tell whether functions of a module are followed to what they call."""
    return not any((module + ".").startswith(part + ".") for part in UNFOLLOWED)


def whole(module):
    """Tell whether all of a module is dangerous."""
    path = module
    while path:
        if "" in _TABLE.get(path, {}):
            return True
        path = path.rpartition(".")[0]
    return False
