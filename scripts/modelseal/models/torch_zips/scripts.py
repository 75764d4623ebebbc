"""Judge TorchScript by what it can call: https://docs.pytorch.org/docs/stable/jit_language_reference.html.

It has no imports and no functions of Python's own; what it can reach is operators, as `torch.add` or `ops.NAME.add`.
"""

import re
from collections.abc import Iterator

from modelseal.gate.finding import Severity
from modelseal.models.event import Event, Found
from modelseal.models.rule import Rule

FILES = Rule(
    id="torchscript-file-access",
    title="TorchScript that reads or writes files",
    severity=Severity.HIGH,
    happens="When the model runs, or is loaded, it reads files of whoever runs it, or overwrites them: no Python is "
    "needed for that.",
    remedy="Do not run the model. Where its operators are known, load weights of the same shape from safetensors.",
    atlas=("AML.T0011.000", "AML.T0018"),
    cwe=("CWE-73", "CWE-506"),
    references=("https://github.com/pytorch/pytorch/blob/main/SECURITY.md#torchscript-models",),
)
NETWORK = Rule(
    id="torchscript-remote-call",
    title="TorchScript that calls other machines, or loads native code",
    severity=Severity.HIGH,
    happens="When the model runs, it makes calls on other machines of the same group, or loads libraries.",
    remedy="Do not run the model.",
    atlas=("AML.T0011.000", "AML.T0018"),
    cwe=("CWE-506", "CWE-829"),
)
FOREIGN = Rule(
    id="torchscript-foreign-code",
    title="Code that is no TorchScript",
    severity=Severity.HIGH,
    happens="PyTorch would not load it as TorchScript. It is there for a program that runs it as Python, or for nobody "
    "to find.",
    remedy="Do not use the file. Write it anew: `torch.jit.script(model).save(FILE)`.",
    atlas=("AML.T0011.000", "AML.T0018"),
    cwe=("CWE-506", "CWE-94"),
)
UNKNOWN_OPERATOR = Rule(
    id="torchscript-unknown-operator",
    title="An operator of a library that is not known",
    severity=Severity.UNKNOWN,
    happens="The model only runs where that library was loaded before; what its operator does is not known.",
    remedy="Find out which library it is. If you trust it, allow its name in the policy, or waive this finding.",
    atlas=("AML.T0011.000",),
    cwe=("CWE-829",),
)
RULES = (FILES, NETWORK, FOREIGN, UNKNOWN_OPERATOR)

KNOWN_LIBRARIES = frozenset(
    {"aten", "prim", "prims", "quantized", "_quantized", "quantized_decomposed", "sparse", "mkldnn", "onednn", "onnx"}
    | {"mkldnn_prepacked", "prepacked", "xnnpack", "fbgemm", "cuda", "static_runtime", "tensorexpr", "internal"}
    | {"torchvision", "image", "torchaudio", "torchtext", "torch_scatter", "torch_sparse", "torch_cluster"}
    | {"torch_spline_conv", "_C", "profiler", "higher_order", "rnn"}
)
"""Of PyTorch and of the libraries around it, whose operators compute; the exceptions are below."""

_FILE_NAMES = frozenset({"save", "from_file", "_load_from_file", "read_file", "write_file"})
_REMOTE_NAMES = frozenset({"rpc_async", "rpc_sync", "rpc_remote", "load_library", "load_shared_library"})
_REMOTE_LIBRARIES = frozenset({"c10d", "_c10d_functional", "c10d_functional", "rpc", "dist", "dist_c10d", "aoti"})
_FILE_PREFIXES = ("sox_io_", "ffmpeg_", "read_video_from_file", "probe_video_from_file")

_GAP = r"(?:\s|\\\r?\n|\#[^\n]*\n)*"
_TOKEN = re.compile(
    rf"""
      (?P<text>'''.*?''' | \"\"\".*?\"\"\" | '(?:\\.|[^'\\\n])*' | "(?:\\.|[^"\\\n])*")
    | (?P<comment>\#[^\n]*)
    | (?<![\w.])(?P<root>torch|ops|aten|prim)\b(?P<path>(?:{_GAP}\.{_GAP}\w+)*)
    | (?<![\w.])(?P<call>rpc_async|rpc_sync|rpc_remote|getattr|eval|exec|open|compile|__import__|globals|vars){_GAP}\(
    | ^[ \t]*(?:import|from)[ \t]+(?P<imported>[\w.]+)
    | (?P<hook>__(?:reduce|reduce_ex|subclasses|globals|builtins|class|mro|bases)__)\b
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_COMMENT = re.compile(r"#[^\n]*\n")


def judged(name: str, source: str) -> Iterator[Event]:
    """Tell what a file of TorchScript calls that does more than compute.

    Args:
        name: The record's.
        source: What is in it.
    """
    for match in _TOKEN.finditer(source):
        place = f"line {source.count(chr(10), 0, match.start()) + 1} of {name!r}"
        if match["root"]:
            yield from _operator(match["root"], _parts(match["path"]), place)
        elif match["call"] in _REMOTE_NAMES:
            yield Found(NETWORK, f"{place} calls {match['call']}", subject=match["call"])
        elif match["imported"] and not match["imported"].startswith("__torch__"):
            yield Found(FOREIGN, f"{place} imports {match['imported']}", subject=match["imported"])
        elif match["hook"] or (match["call"] and match["call"] != "getattr"):
            word = match["hook"] or match["call"]
            yield Found(FOREIGN, f"{place} uses {word}", subject=word)


def operator(path: tuple[str, ...]) -> tuple[Rule, str] | None:
    """Judge an operator.

    Args:
        path: Its library and its name, with what follows.

    Returns:
        The rule it trips with its dotted name; None when it computes.
    """
    library, called = path[0], path[1] if len(path) > 1 else ""
    dotted = ".".join(path[:2])
    if called in _FILE_NAMES or called.startswith(_FILE_PREFIXES):
        return FILES, dotted
    if library in _REMOTE_LIBRARIES or called in _REMOTE_NAMES:
        return NETWORK, dotted
    return None if library in KNOWN_LIBRARIES else (UNKNOWN_OPERATOR, dotted)


def _operator(root: str, parts: tuple[str, ...], place: str) -> Iterator[Event]:
    """Judge what a name leads to: `torch.NAME` is an operator of `aten`, `ops.LIBRARY.NAME` one of that library."""
    if root == "torch" and parts[:1] in {("ops",), ("classes",)}:  # as it is written in Python
        path = parts[1:] if len(parts) > 2 else parts  # noqa: PLR2004 -- a library and a name
    else:
        path = parts if root == "ops" else ("aten" if root == "torch" else root, *parts)
    if len(path) < 2 and root in {"torch", "ops"}:  # noqa: PLR2004 -- a library and a name
        # A module as a value can be given another name, and then leads to any operator.
        yield Found(FOREIGN, f"{place} uses {'.'.join((root, *parts))} as a value", subject=root)
    elif len(path) > 1:
        found = operator(path)
        if found:
            yield Found(found[0], f"{place} calls {found[1]}", subject=found[1])


def _parts(path: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", _COMMENT.sub(" ", path)))
