"""Pickles that attack through the state that they give to an object of a framework's own class."""

import struct
from collections.abc import Iterator

from assets.models.case import Case, Expected, one
from assets.models.pickle_writing import ATTACK, called, line, raw, several, short, stacked, text, whole

_NORM = stacked("scipy.stats._continuous_distns", "norm_gen") + b")\x81"
_TEMPLATE = (
    "\ndef _parse_args(self,  loc=0, scale=1):\n    return (), loc, scale\n\n"
    "def _parse_args_rvs(self,  loc=0, scale=1, size=None):\n"
    "    return self._argcheck_rvs( loc, scale, size=size)\n\n"
    "def _parse_args_stats(self,  loc=0, scale=1, moments='mv'):\n    return (), loc, scale, moments\n"
)
_PIPELINE = stacked("sklearn.pipeline", "Pipeline") + b")\x81"
_KEEPING = stacked("sklearn.preprocessing._function_transformer", "FunctionTransformer") + b")\x81}" + short("func")
_PATH = stacked("pathlib", "PosixPath") + short("/tmp/victim") + b"\x85\x81"
_FORMULAS = {
    "import": "y ~ __import__('os').system('id')",
    "open": "y ~ open('/tmp/x', 'w')",
    "save": "y ~ np.save('/tmp/x', x)",
    "of-a-result": "y ~ (x)(1)",
    "of-an-item": "y ~ x[0]('id')",
    "method": "y ~ x.to_pickle('/tmp/x')",
}
_CREATE = stacked("dill._dill", "_create_array")
_RECONSTRUCT = stacked("numpy.core.multiarray", "_reconstruct")
_ARRAY = several(stacked("numpy", "ndarray"), several(b"K\x00"), raw(b"b"))
_LOADED = stacked("dill._dill", "_load_type")
_DILLED = {
    "program": called(_CREATE, stacked("os", "system"), several(short("id")), b")"),
    "other-class": called(_CREATE, _RECONSTRUCT, several(stacked("subprocess", "Popen"), b")", b"N"), b")"),
    "attributes": called(_CREATE, _RECONSTRUCT, _ARRAY, b")", b"}" + short("x") + stacked("os", "system") + b"s"),
    "getter": called(_CREATE, stacked("builtins", "getattr"), several(stacked("os", "path"), short("os")), b")"),
    "code": called(called(_LOADED, short("CodeType")), b"K\x00"),
    "function": called(_LOADED, short("FunctionType")),
    "name-from-call": called(_LOADED, called(stacked("builtins", "str"), short("CodeType"))),
}
_TRILLION = b"\x8a\x06" + (10**12).to_bytes(6, "little")
_AT_ONCE: tuple[tuple[str, Expected, bytes], ...] = (
    ("channel", "unknown", stacked("optuna.storages._grpc.client", "GrpcStorageProxy") + b")\x81"),
    ("client", "unknown", stacked("optuna.storages.journal._redis", "JournalRedisBackend") + b")\x81"),
    ("listener", "unknown", stacked("sklearn.callback._scoring_monitor", "ScoringMonitor") + b")\x81"),
    ("many-bytes", "unknown", called(stacked("builtins", "bytearray"), _TRILLION)),
    ("many-made", "unknown", stacked("builtins", "bytes") + _TRILLION + b"\x85\x81"),
    ("long-list", "unknown", called(stacked("builtins", "list"), called(stacked("builtins", "range"), _TRILLION))),
    ("many-elements", "unknown", called(_RECONSTRUCT, stacked("numpy", "ndarray"), several(_TRILLION), raw(b"b"))),
    ("some-elements", "benign", called(_RECONSTRUCT, _ARRAY[1:-1])),
    ("some-bytes", "benign", called(stacked("builtins", "bytearray"), b"K\x03")),
)
_PARTIAL = called(stacked("functools", "partial"), stacked("numpy", "mean"))
_REBUILD = stacked("torch._tensor", "_rebuild_from_type_v2")
_MAKE = stacked("copyreg", "__newobj__")
_KIND = stacked("scipy.stats._continuous_distns", "norm_gen")
_CODE = b"}" + short("_parse_arg_template") + text("import os; os.system('id')") + b"s"
_FRAME = stacked("pandas.core.frame", "DataFrame") + b")\x81"
_ESCAPE = "{{ cycler.__init__.__globals__.os.popen('id').read() }}"
_TOKENIZER = stacked("transformers.models.llama.tokenization_llama_fast", "LlamaTokenizerFast") + b")\x81}"
_SETTINGS = b"}" + short("hyper_parameters") + b"}"
# What loaders follow in the values of a pickle: name, program, rule.
_CONFIGURED = (
    ("template", _TOKENIZER + short("chat_template") + text(_ESCAPE) + b"sb", "template-escape"),
    ("long-template", _TOKENIZER + short("chat_template") + text("x" * 5000 + _ESCAPE) + b"sb", "template-escape"),
    ("instantiator", _SETTINGS + short("_instantiator") + short("evil.build") + b"ss", "config-imports-module"),
    ("target", _SETTINGS + short("_target_") + short("os.system") + b"ss", "config-foreign-target"),
    ("trust", _SETTINGS + short("trust_remote_code") + b"\x88ss", "hugging-face-trusts-remote-code"),
)
_LIGHTNING = _SETTINGS + short("_instantiator") + short("lightning.pytorch.cli.instantiate_module") + b"ss"
# Wrappers of joblib before 0.10 name another file, which is loaded; scikit-learn has had a joblib of its own.
_WRAPPERS = tuple(
    stacked(f"{joblib}.numpy_pickle_compat", "NDArrayWrapper")
    + b")\x81}"
    + short("filename")
    + short("../x.npy")
    + b"sb"
    for joblib in ("joblib", "sklearn.externals.joblib")
)
_WRITERS = (
    ("numpy", "ndarray.tofile"),
    ("pandas", "DataFrame.to_csv"),
    ("torch", "UntypedStorage.from_file"),
    ("tensorflow.python.ops.gen_io_ops", "write_file"),
    ("sklearn.externals.joblib.externals.loky.cloudpickle_wrapper", "_reconstruct_wrapper"),
)
# What functions do with what they are given: no opcode shows it.
_FUNCTIONS = stacked("torch._C", "_VariableFunctionsClass")
_UNSEEN = (
    ("rebuilt-with-state", called(_REBUILD, _MAKE, _KIND, several(_KIND), _CODE), "the function gives the state"),
    ("rebuilt-then-given", called(_REBUILD, _MAKE, _KIND, several(_KIND), b"N") + _CODE + b"b", "of another class"),
    (
        "rebuilt-twice",
        called(_REBUILD, _REBUILD, _KIND, several(_MAKE, _KIND, several(_KIND), b"N"), _CODE),
        "one function calls the other",
    ),
    ("tree", called(stacked("sklearn.neighbors._kd_tree", "newObj"), _KIND) + _CODE + b"b", "an object of any class"),
    ("index", called(stacked("pandas.core.indexes.base", "_new_Index"), _KIND, b"}") + _CODE + b"b", "of any class"),
    (
        "frame-evaluates",
        called(
            stacked("functools", "partial"),
            called(stacked("builtins", "getattr"), _FRAME, short("eval")),
            short("@pd.io.common.os.system('id')"),
        ),
        "a method of a frame that evaluates text",
    ),
    (
        "no-tensor",
        called(
            stacked("torch._utils", "_rebuild_parameter"),
            stacked("types", "SimpleNamespace") + b")\x81}" + short("detach") + _PARTIAL + b"sb",
            b"\x89",
            called(stacked("collections", "OrderedDict")),
        ),
        "a method is called of what only seems to be a tensor",
    ),
)
_NAMESPACE = stacked("types", "SimpleNamespace")
_NO_HOOKS = (b"\x89", called(stacked("collections", "OrderedDict")))
_STRANGE = (
    ("parameter", called(stacked("torch._utils", "_rebuild_parameter"), _NAMESPACE + b")\x81", *_NO_HOOKS)),
    (
        "parameter-rebuilt",
        called(
            stacked("torch._utils", "_rebuild_parameter"),
            called(_REBUILD, _MAKE, _NAMESPACE, several(_NAMESPACE), b"N"),
            *_NO_HOOKS,
        ),
    ),
    ("default", called(stacked("collections", "defaultdict"), _PARTIAL)),
    (
        "default-underscored",
        called(
            stacked("collections", "defaultdict"), called(stacked("_functools", "partial"), stacked("numpy", "sum"))
        ),
    ),
    ("picked", called(stacked("numpy._core", "_ufunc_reconstruct"), short("builtins"), short("getattr"))),
    ("namespace", called(stacked("types", "SimpleNamespace"), b"}" + short("keys") + _PARTIAL + b"s")),
)
_ITER = stacked("builtins", "iter")
_GONE_THROUGH = (
    ("calls", called(_ITER, _PARTIAL, b"K\x01")),
    ("of-an-object", called(_ITER, _NAMESPACE + b")\x81")),
    ("handed-on", called(stacked("functools", "partial"), _ITER) + b"(" + _ITER + b")}Ntb"),
    ("member", called(stacked("builtins", "getattr"), _FUNCTIONS, short("from_file"))),
)
_TENSOR = called(stacked("torch._utils", "_rebuild_tensor_v2"))
_NESTED = called(stacked("functools", "partial"), stacked("collections", "defaultdict"), stacked("builtins", "int"))
_KNOWN = (
    ("parameter", called(stacked("torch._utils", "_rebuild_parameter"), _TENSOR, b"\x88", b"N")),
    ("nested-defaults", called(stacked("collections", "defaultdict"), _NESTED)),
    ("default-list", called(stacked("collections", "defaultdict"), stacked("builtins", "list"))),
    ("iterator", called(stacked("builtins", "iter"), b"]" + short("a") + b"a") + b"K\x01b"),
    ("template", stacked("string", "Template") + b")\x81}" + short("template") + short("Hello $name") + b"sb"),
    ("counter", called(stacked("itertools", "count"), b"K\x03")),
    ("mathematics", called(stacked("builtins", "getattr"), _FUNCTIONS, short("tanh"))),
)


def _unseen() -> Iterator[Case]:
    for name, content, why in _UNSEEN:
        yield one(f"pickle/unseen-{name}", "malicious", whole(content), why)
    for name, content in _GONE_THROUGH:
        yield one(f"pickle/iterator-{name}", "malicious", whole(content), "what is gone through, or found, acts")
    for name, content in _STRANGE:
        yield one(f"pickle/unseen-{name}", "unknown", whole(content), "what is called unseen, with arguments")
    for name, content in _KNOWN:
        yield one(f"pickle/seen-{name}", "benign", whole(content), "what frameworks write")


def _files() -> Iterator[Case]:
    for number, content in enumerate(_WRAPPERS):
        yield one(f"pickle/wrapper-{number}", "malicious", whole(content), "another file is loaded")
    for module, name in _WRITERS:
        content = whole(called(stacked(module, name), short("/tmp/x")))
        yield one(f"pickle/calls-{name}", "malicious", content, "a file is written, or loaded", "pickle-dangerous-call")


def _configured() -> Iterator[Case]:
    for name, content, rule in _CONFIGURED:
        yield one(f"pickle/holds-{name}", "malicious", whole(content), "a loader follows it", rule, file="model.ckpt")
    yield one("pickle/holds-lightning", "benign", whole(_LIGHTNING), "as Lightning writes it", file="model.ckpt")
    plain = whole(_TOKENIZER + short("chat_template") + text("{{ messages[0].content }}") + b"sb")
    yield one("pickle/holds-plain-template", "benign", plain, "a tokenizer with a template")


def cases() -> Iterator[Case]:
    yield from _unseen()
    yield from _configured()
    yield from _files()
    for name, content, why in _ATTACKS:
        yield one(f"pickle/state-{name}", "malicious", whole(content), why)
    for name, content, why in _TYPES:
        yield one(f"pickle/type-{name}", "malicious", whole(content), why, "pickle-overwrites")
    yield one("pickle/type-objects", "benign", whole(_dtype("O8")), "as NumPy writes it")
    yield one("pickle/type-record", "benign", whole(_RECORD), "as NumPy writes it")
    for name, content in _UNFOLDING:
        yield one(f"pickle/unfolds-{name}", "malicious", whole(content), "hashing ends in years", "pickle-unfolds")
    yield one("pickle/state-cache", "malicious", whole(_cache(short("/tmp"))), "a folder of pickles")
    yield one("pickle/state-no-cache", "benign", whole(_cache(b"N")), "as hdbscan keeps it: switched off")
    yield one("pickle/state-scipy", "benign", whole(_NORM + _state(_TEMPLATE) + b"b"), "as SciPy writes it")
    for module, name in (("numpy", "nan_to_num"), ("sklearn.feature_selection._mutual_info", "mutual_info_classif")):
        kept = whole(_PIPELINE + b"}" + short("func") + stacked(module, name) + b"sb")
        yield one(f"pickle/state-{name}", "benign", kept, "a function that transformers are often given")
    cyclic = stacked("torch.optim.lr_scheduler", "CyclicLR")
    kept = called(stacked("builtins", "getattr"), cyclic, short("_triangular_scale_fn"))
    cycle = whole(cyclic + b")\x81}" + short("_scale_fn_ref") + kept + b"sb")
    yield one("pickle/state-cyclic", "benign", cycle, "a scheduler that keeps a function of its class")
    option = whole(_PIPELINE + b"}" + short("func") + _PARTIAL + b"sb")
    yield one("pickle/state-function", "benign", option, "a function that a transformer keeps")
    for name, content in _DILLED.items():
        yield one(f"pickle/dilled-{name}", "malicious", whole(content), "what dill calls, with other arguments")
    for name, formula in _FORMULAS.items():
        yield one(f"pickle/state-formula-{name}", "malicious", whole(_data(formula)), "a formula that runs code")
    for formula in ("y ~ x + C(g, Treatment(reference='b'))", "np.log(y) ~ bs(x, df=4) - 1 + (a + b) ** 2"):
        kept = whole(_data(formula))
        yield one(f"pickle/state-formula-{len(formula)}", "benign", kept, "as statsmodels keeps it")
    for name in ("unlink", "write_text", "symlink_to", "rename"):
        kept = _KEEPING + called(stacked("builtins", "getattr"), _PATH, short(name)) + b"sb"
        yield one(f"pickle/state-path-{name}", "malicious", whole(kept), "what is called acts on a file")
    missing = called(
        stacked("collections", "defaultdict"), called(stacked("builtins", "getattr"), _PATH, short("unlink"))
    )
    kept = stacked("pandas.core.dtypes.dtypes", "PeriodDtype") + b")\x81" + missing + b"b"
    yield one("pickle/state-missing-key", "malicious", whole(kept), "what is not there deletes a file when asked for")
    for name, kind, content in _AT_ONCE:
        yield one(f"pickle/state-{name}", kind, whole(content), "it connects, or listens, or takes all memory")
    yield one(
        "pickle/state-append", "benign", whole(_PIPELINE + b"}" + short("append") + b"\x88sb"), "an option's name"
    )


def _data(formula: str) -> bytes:
    told = short("restore_design_info") + b"\x88" + short("frame") + b"}" + short("formula") + short(formula)
    return stacked("statsmodels.base.data", "PandasData") + b")\x81}(" + told + b"ub"


def _dtype(code: str, fields: bytes = b"N", names: bytes = b"N", size: int = -1, flags: int = 63) -> bytes:
    made = called(stacked("numpy", "dtype"), short(code), b"\x89", b"\x88")
    numbers = b"".join(b"J" + struct.pack("<i", number) for number in (size, size, flags))
    return made + several(b"K\x03", short("|"), b"N", names, fields, numbers) + b"b"


def _record(offset: int, flags: int = 27) -> bytes:
    field = several(_dtype("O8"), b"J" + struct.pack("<i", offset))
    return _dtype("V8", b"}" + short("a") + field + b"s", short("a") + b"\x85", 8, flags)


def _cache(location: bytes) -> bytes:
    fields = short("location") + location + short("store_backend") + b"N" + short("depth") + b"K\x03"
    return stacked("joblib.memory", "Memory") + b")\x81}(" + fields + b"ub"


def _state(template: str) -> bytes:
    return b"}(" + short("_parse_arg_template") + text(template) + short("numargs") + b"K\x00u"


_RECORD = _record(0)
_TYPES = (
    ("no-objects", _dtype("O8", flags=0), "the bytes of an array are taken for addresses of objects"),
    ("no-objects-in-record", _record(0, flags=0), "the same in a record"),
    ("field-outside", _record(64), "an object outside of the record"),
    ("field-before", _record(-8), "an object before the record"),
    ("other-name", _dtype("object", flags=0), "a name for it that NumPy does not write"),
)
_AGAIN = b"".join(b"h%ch%c\x86\x94" % (number, number) for number in range(60))
_UNFOLDING = (
    ("key", b"})" + b"2\x86" * 60 + b"Ns"),
    ("memo", b"})\x940" + _AGAIN + b"Ns"),
    ("set", b"\x8f()" + b"2\x86" * 60 + b"\x90"),
)
_PICKS = stacked("builtins", "getattr")
_ATTACKS = (
    (
        "own-method",
        stacked("pmdarima.arima.arima", "ARIMA") + b")\x81}" + short("_warn_for_older_version") + _PARTIAL + b"sb",
        "a method that the object calls on itself when it is given its state",
    ),
    (
        "address",
        called(
            stacked("numpy.ma", "MaskedArray"),
            stacked("types", "SimpleNamespace") + b")\x81}" + short("__array_interface__") + b"}sb",
        ),
        "an object that says which memory it is an array of",
    ),
    ("hands-on", _PIPELINE + b"}" + short("steps") + _PICKS + b"sb", "getattr, for somebody to call it"),
    ("hands-on-partial", called(stacked("functools", "partial"), _PICKS, stacked("numpy", "mean")), "the same"),
    (
        "hands-on-import",
        _PIPELINE + b"}" + short("memory") + stacked("numpy.core", "_ufunc_reconstruct") + b"sb",
        "what imports anything, for somebody to call it",
    ),
    ("calls-in-turn", called(stacked("difflib", "SequenceMatcher"), stacked("numpy", "mean")), "it calls it"),
    ("scipy-code", _NORM + _state("print()") + b"b", "SciPy evaluates a text of the state"),
    ("scipy-more-code", _NORM + _state(_TEMPLATE + "print()\n") + b"b", "SciPy's own text, and a line more"),
    ("scipy-default", _NORM + _state(_TEMPLATE.replace("loc=0", "loc=print()")) + b"b", "code in a default"),
    (
        "scipy-pairs",
        _NORM + b"](" + several(short("_parse_arg_template"), text("print()")) + b"eb",
        "a dictionary is updated from pairs, too",
    ),
    (
        "hook",
        _PIPELINE + b"}" + short("__setstate__") + _PARTIAL + b"sb" + b"}b",
        "the second state is given to what the first one put there",
    ),
    (
        "class",
        _PIPELINE + several(b"N", b"}" + short("__class__") + stacked("numpy", "ndarray") + b"s") + b"b",
        "the object becomes one of another class",
    ),
    (
        "bound",
        called(called(stacked("builtins", "getattr"), _PIPELINE, short("fit")), short("x")),
        "a method of an object is called",
    ),
    (
        "partial",
        called(_PARTIAL + several(stacked("os", "system"), b")", b"}", b"N") + b"b"),
        "a state replaces the function",
    ),
    ("nested", called(stacked("torch.storage", "_load_from_bytes"), raw(whole(ATTACK))), "a pickle in a pickle"),
    (
        "relayed",
        called(
            stacked("torch._tensor", "_rebuild_from_type_v2"),
            line("os", "system"),
            stacked("torch", "Tensor"),
            several(short("x")),
            b"N",
        ),
        "PyTorch calls the first argument with the third",
    ),
)
