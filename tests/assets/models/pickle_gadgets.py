"""Pickles that attack through callables of the standard library and of frameworks, as published since 2024."""

from collections.abc import Iterator

from assets.models.case import Case, one
from assets.models.pickle_writing import SHELL, called, line, short, stacked, whole

_RULES = "pickle-dangerous-import"
# Advisories of picklescan, fickling and modelscan, 2025 and 2026, and the papers that the scanners are measured by.
_PUBLISHED = (
    ("CVE-2025-1716", "pip", "main"),
    ("CVE-2025-1716", "pip._internal", "main"),
    ("CVE-2025-10155", "posix", "system"),
    ("CVE-2025-10157", "asyncio.unix_events", "_UnixSubprocessTransport._start"),
    ("CVE-2025-10157", "subprocess", "getoutput"),
    ("CVE-2025-46417", "ssl", "get_server_certificate"),
    ("CVE-2025-46417", "linecache", "getline"),
    ("advisory of timeit", "timeit", "timeit"),
    ("advisory of idlelib", "idlelib.pyshell", "ModifiedInterpreter.runcode"),
    ("advisory of idlelib", "idlelib.autocomplete", "AutoComplete.get_entity"),
    ("advisory of idlelib", "idlelib.calltip", "get_entity"),
    ("advisory of torch", "torch.utils._config_module", "ConfigModule.load_config"),
    ("advisory of torch", "torch.utils.bottleneck.__main__", "run_cprofile"),
    ("advisory of torch", "torch.utils.collect_env", "run"),
    ("advisory of torch", "torch.fx.experimental.symbolic_shapes", "ShapeEnv.evaluate_guards_expression"),
    ("advisory of torch", "torch.jit.unsupported_tensor_ops", "execWrapper"),
    ("advisory of torch", "torch.utils.data.datapipes.utils.decoder", "basichandlers"),
    ("advisory of torch", "torch", "load"),
    ("advisory of torch", "torch.hub", "load"),
    ("advisory of numpy", "numpy.testing._private.utils", "runstring"),
    ("advisory of numpy", "numpy.f2py.crackfortran", "getlincoef"),
    ("advisory of numpy", "numpy.f2py.crackfortran", "_eval_length"),
    ("advisory of numpy", "numpy", "load"),
    ("advisory of numpy", "numpy", "savetxt"),
    ("advisory of lib2to3", "lib2to3.pgen2.grammar", "Grammar.loads"),
    ("advisory of lib2to3", "lib2to3.pgen2.pgen", "ParserGenerator.make_label"),
    ("advisory of code", "code", "InteractiveInterpreter.runcode"),
    ("advisory of profile", "cProfile", "runctx"),
    ("advisory of profile", "profile", "Profile.run"),
    ("advisory of trace", "trace", "Trace.runctx"),
    ("advisory of doctest", "doctest", "debug_script"),
    ("advisory of pydoc", "pydoc", "pipepager"),
    ("CVE-2026-22608", "pydoc", "locate"),
    ("advisory of pty", "pty", "spawn"),
    ("advisory of runpy", "runpy", "_run_code"),
    ("advisory of runpy", "runpy", "run_path"),
    ("advisory of ensurepip", "ensurepip", "_run_pip"),
    ("advisory of logging", "logging.config", "_resolve"),
    ("advisory of bdb", "bdb", "Bdb.run"),
    ("advisory of operator", "operator", "methodcaller"),
    ("advisory of distutils", "distutils.file_util", "write_file"),
    ("advisory of io", "_io", "FileIO"),
    ("advisory of io", "io", "open"),
    ("CVE-2026-22608", "ctypes", "CDLL"),
    ("advisory of support", "_aix_support", "_read_cmd_output"),
    ("advisory of support", "_osx_support", "_read_output"),
    ("advisory of pyrepl", "_pyrepl.pager", "pipe_pager"),
    ("advisory of mock", "unittest.mock", "_importer"),
    ("advisory of urllib", "urllib.request", "urlopen"),
    ("advisory of marshal", "marshal", "loads"),
    ("advisory of types", "types", "FunctionType"),
    ("advisory of types", "types", "CodeType"),
    ("advisory of network", "socket", "create_connection"),
    ("advisory of network", "http.client", "HTTPSConnection"),
    ("advisory of network", "smtplib", "SMTP"),
    ("advisory of network", "imaplib", "IMAP4_stream"),
    ("advisory of uuid", "uuid", "_get_command_stdout"),
    ("advisory of multiprocessing", "multiprocessing.util", "spawnv_passfds"),
    ("advisory of site", "site", "execsitecustomize"),
    ("advisory of import", "importlib", "import_module"),
    ("GHSA-vvpj-8cmc-gx39", "pkgutil", "resolve_name"),
    ("advisory of import", "builtins", "__import__"),
    ("advisory of files", "shutil", "rmtree"),
    ("advisory of files", "os", "remove"),
    ("advisory of files", "pathlib", "Path.write_text"),
    ("advisory of files", "tempfile", "mktemp"),
    ("advisory of exit", "builtins", "exit"),
    ("advisory of exit", "os", "_exit"),
    ("advisory of sqlite", "sqlite3", "connect"),
    ("advisory of loaders", "joblib", "load"),
    ("advisory of loaders", "dill", "loads"),
    ("advisory of loaders", "cloudpickle", "loads"),
    ("advisory of loaders", "pandas", "read_pickle"),
    ("advisory of loaders", "pandas.io.pickle", "read_pickle"),
    ("advisory of loaders", "pandas.core.computation.eval", "eval"),
    ("advisory of loaders", "yaml", "unsafe_load"),
    ("advisory of loaders", "shelve", "open"),
    ("advisory of loaders", "mlflow.pyfunc", "load_model"),
    ("advisory of webbrowser", "webbrowser", "open"),
    ("advisory of signal", "signal", "raise_signal"),
    ("advisory of threads", "_thread", "start_new_thread"),
    ("advisory of compile", "builtins", "compile"),
    ("advisory of compile", "builtins", "exec"),
)
# Known or not: no data is called like this.
_NAMES_THAT_ACT = (
    ("transformers", "AutoModel.from_pretrained"),
    ("transformers.utils", "cached_file"),
    ("lightning.pytorch", "LightningModule.load_from_checkpoint"),
    ("catboost", "CatBoost.load_model"),
    ("peft", "PeftModel.from_pretrained"),
    ("mypackage.zoo", "load_checkpoint"),
    ("lightgbm.basic", "Booster"),
    ("numpy", "memmap"),
    ("builtins", "print"),
)


def cases() -> Iterator[Case]:
    for number, (source, module, name) in enumerate(_PUBLISHED):
        why = f"{module}.{name}, of {source}"
        content = whole(called(stacked(module, name), short(SHELL)))
        yield one(f"pickle/gadget-{number:02}-{name}", "malicious", content, why, _RULES)
    for module, name in _NAMES_THAT_ACT:
        content = whole(called(stacked(module, name), short(SHELL)))
        yield one(f"pickle/gadget-named-{module}-{name}", "malicious", content, "its name says it")
    getter = called(stacked("operator", "attrgetter"), short("system"))
    yield one("pickle/gadget-getter", "malicious", whole(getter), "takes a function out of a module, later")
    getter = called(stacked("operator", "attrgetter"), short("value.real"))
    yield one("pickle/gadget-getter-of-data", "benign", whole(getter), "takes what data has")
    for module, name in (("os", "system"), ("nt", "system"), ("builtins", "eval"), ("subprocess", "run")):
        content = called(line(module, name), short(SHELL)) + b"."
        yield one(f"pickle/gadget-plain-{module}-{name}", "malicious", content, "the plainest", "pickle-dangerous-call")
