"""Repositories of Hugging Face: configurations as its libraries write them, and ones that load what is not in them."""

import json
from collections.abc import Iterator
from typing import Any

from assets.models.case import Case, one

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ESCAPE = "{{ cycler.__init__.__globals__.os.popen('id').read() }}"
CHAT = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
LLAMA: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 64,
    "_name_or_path": "/data/llama",
    "torch_dtype": "bfloat16",
    "transformers_version": "4.56.0",
    "rope_scaling": None,
    "_attn_implementation": "sdpa",
}
ADAPTER: dict[str, Any] = {"peft_type": "LORA", "r": 8, "target_modules": ["q_proj"], "task_type": "CAUSAL_LM"}


def attacks() -> Iterator[tuple[str, str, Any, str]]:
    own = {"AutoConfig": "configuration_x.XConfig", "AutoModel": "modeling_x.XModel"}
    yield "auto-map", "config.json", {**LLAMA, "auto_map": own}, "hugging-face-remote-code"
    other = {"AutoModel": "someone/else--modeling_x.XModel"}
    yield "auto-map-of-another", "config.json", {**LLAMA, "auto_map": other}, "hugging-face-remote-code"
    tokens = {"tokenizer_class": "X", "auto_map": {"AutoTokenizer": ["tokenization_x.X", None]}}
    yield "tokenizer-auto-map", "tokenizer_config.json", tokens, "hugging-face-remote-code"
    nested = {**LLAMA, "vision_config": {"text_config": {"auto_map": {"AutoModel": "evil.Model"}}}}
    yield "auto-map-nested", "config.json", nested, "hugging-face-remote-code"
    yield "auto-map-of-no-mapping", "config.json", {**LLAMA, "auto_map": "evil.Model"}, "hugging-face-remote-code"
    pipelines = {"custom_pipelines": {"pair": {"impl": "pair.PairPipeline", "pt": ["AutoModel"]}}}
    yield "custom-pipelines", "config.json", {**LLAMA, **pipelines}, "hugging-face-remote-code"
    yield "trust", "config.json", {**LLAMA, "trust_remote_code": True}, "hugging-face-trusts-remote-code"
    yield (
        "trust-in-arguments",
        "modules.json",
        [{"model_args": {"trust_remote_code": True}}],
        "hugging-face-trusts-remote-code",
    )
    yield "kernel", "config.json", {**LLAMA, "_attn_implementation": "someone/kernel"}, "hugging-face-remote-kernel"
    parts = {"text_config": "someone/kernel", "vision_config": "sdpa"}
    yield "kernel-of-a-part", "config.json", {**LLAMA, "attn_implementation": parts}, "hugging-face-remote-kernel"
    experts = {**LLAMA, "_experts_implementation_internal": "someone/kernel"}
    yield "kernel-of-experts", "config.json", experts, "hugging-face-remote-kernel"
    yield "template", "tokenizer_config.json", {"chat_template": ESCAPE}, "template-escape"
    several = {"chat_template": [{"name": "default", "template": CHAT}, {"name": "tool_use", "template": ESCAPE}]}
    yield "second-template", "tokenizer_config.json", several, "template-escape"
    yield "template-of-processor", "processor_config.json", {"chat_template": ESCAPE}, "template-escape"
    yield (
        "base",
        "adapter_config.json",
        {**ADAPTER, "base_model_name_or_path": "someone/base", "revision": None},
        "hugging-face-unpinned-base",
    )
    mapped = {"auto_mapping": {"base_model_class": "system", "parent_library": "os"}}
    yield "class-of-base", "adapter_config.json", {**ADAPTER, **mapped}, "hugging-face-adapter-class"
    branch = {**ADAPTER, "base_model_name_or_path": "someone/base", "revision": "main"}
    yield "base-at-a-branch", "adapter_config.json", branch, "hugging-face-unpinned-base"
    for name, path in (("address", "https://example.com/base"), ("root", "/tmp/base"), ("above", "../../base")):
        yield (
            f"base-{name}",
            "adapter_config.json",
            {**ADAPTER, "base_model_name_or_path": path},
            "hugging-face-foreign-path",
        )
    index = {"metadata": {"total_size": 1}, "weight_map": {"a": "model-1.safetensors", "b": "../../../etc/passwd"}}
    yield "index-outside", "model.safetensors.index.json", index, "hugging-face-foreign-path"
    modules = [{"idx": 0, "name": "0", "path": "", "type": "evil_module.Transformer"}]
    yield "sentence-module", "modules.json", modules, "hugging-face-foreign-class"
    yield (
        "sentence-module-of-os",
        "modules.json",
        [{"idx": 0, "name": "0", "path": "", "type": "subprocess.Popen"}],
        "hugging-face-foreign-class",
    )
    above = [{"idx": 0, "name": "0", "path": "../../x", "type": "sentence_transformers.models.Transformer"}]
    yield "sentence-path", "modules.json", above, "hugging-face-foreign-path"
    part = {"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.35.0", "unet": ["my_unet", "MyUNet"]}
    yield "diffusers-part", "model_index.json", part, "hugging-face-remote-code"
    pipeline = {"_class_name": ["my_pipeline", "MyPipeline"], "_diffusers_version": "0.35.0"}
    yield "diffusers-pipeline", "model_index.json", pipeline, "hugging-face-remote-code"
    yield "target", "config.json", {"model": {"_target_": "os.system", "command": "id"}}, "config-foreign-target"
    yield (
        "class-path",
        "config.json",
        {"class_path": "subprocess.Popen", "init_args": {"args": ["id"]}},
        "config-foreign-target",
    )
    yield "callable", "config.json", {**LLAMA, "loader": "os.system"}, "document-names-callable"
    yield "callable-in-list", "config.json", {"hooks": ["builtins.exec"]}, "document-names-callable"


def texts() -> Iterator[Case]:
    yield one(
        "hugging_face/template-file",
        "malicious",
        ESCAPE.encode(),
        "a template that leads out",
        "template-escape",
        file="chat_template.jinja",
    )
    loop = f"{{% for m in messages %}}{ESCAPE}{{% endfor %}}"
    yield one(
        "hugging_face/template-file-loop",
        "malicious",
        loop.encode(),
        "a template that leads out",
        "template-escape",
        file="chat_template.jinja",
    )
    twice = b'{"auto_map": {"AutoModel": "evil.Model"}, "model_type": "llama", "auto_map": {}}'
    yield one(
        "hugging_face/key-twice",
        "malicious",
        twice,
        "the attack under the first of two keys",
        "json-repeated-key",
        "hugging-face-remote-code",
        file="config.json",
    )
    escaped = b'{"auto\\u005fmap": {"AutoModel": "evil.Model"}}'
    yield one(
        "hugging_face/escaped-key",
        "malicious",
        escaped,
        "a key written with escapes",
        "hugging-face-remote-code",
        file="config.json",
    )
    wide = "\ufeff" + json.dumps({**LLAMA, "trust_remote_code": True})
    yield one(
        "hugging_face/utf-16",
        "malicious",
        wide.encode("utf-16-le"),
        "two bytes a character",
        "hugging-face-trusts-remote-code",
        file="config.json",
    )
    yield one(
        "hugging_face/byte-order-mark",
        "malicious",
        wide.encode(),
        "a mark before it",
        "hugging-face-trusts-remote-code",
        file="config.json",
    )
    lines = b'{"a": 1}\n{"trust_remote_code": true}\n'
    yield one(
        "hugging_face/json-lines-attack",
        "malicious",
        lines,
        "the second of two documents",
        "hugging-face-trusts-remote-code",
        file="config.json",
    )
    yield one(
        "hugging_face/cut-off",
        "unknown",
        b'{"model_type": "llama", "auto_',
        "JSON that ends early",
        "unread",
        file="config.json",
    )
    deep = b'{"a":' * 5000 + b"1" + b"}" * 5000
    yield one("hugging_face/deep", "unknown", deep, "thousands of levels", "limit-reached", file="config.json")
    digits = b'{"a": ' + b"9" * 5000 + b"}"
    yield one("hugging_face/digits", "unknown", digits, "a number of thousands of digits", "unread", file="config.json")


def tokenizer() -> dict[str, Any]:
    words = {
        **{f"token{number}": number for number in range(2000)},
        "os.system": 2000,
        "__import__": 2001,
        "eval(": 2002,
    }
    return {
        "version": "1.0",
        "truncation": None,
        "added_tokens": [{"id": 0, "content": "<unk>", "special": True}],
        "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}]},
        "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "\\p{N}"}, "behavior": "Isolated", "invert": False},
        "model": {"type": "BPE", "vocab": words, "merges": ["t o", "os .system"]},
    }


def benign() -> Iterator[tuple[str, str, Any]]:
    yield "config", "config.json", LLAMA
    yield "tokenizer", "tokenizer.json", tokenizer()
    yield (
        "tokenizer-config",
        "tokenizer_config.json",
        {"tokenizer_class": "LlamaTokenizer", "chat_template": CHAT, "bos_token": "<s>"},
    )
    yield (
        "generation",
        "generation_config.json",
        {"_from_model_config": True, "eos_token_id": [1, 2], "temperature": 0.6},
    )
    mapped = {"base_model_class": "BertModel", "parent_library": "transformers.models.bert.modeling_bert"}
    yield "adapter-class", "adapter_config.json", {**ADAPTER, "auto_mapping": mapped}
    pinned = {**ADAPTER, "base_model_name_or_path": "someone/base", "revision": COMMIT}
    yield "adapter-pinned", "adapter_config.json", pinned
    made_there = {**ADAPTER, "base_model_name_or_path": "/mnt/models/base-7b"}
    yield "adapter-made-there", "adapter_config.json", made_there
    yield (
        "adapter-without-base",
        "adapter_config.json",
        {**ADAPTER, "base_model_name_or_path": None, "auto_mapping": None},
    )
    index = {
        "metadata": {"total_size": 1},
        "weight_map": {"a": "model-00001-of-00002.safetensors", "b": "sub/model.safetensors"},
    }
    yield "index", "model.safetensors.index.json", index
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    ]
    yield "sentence-modules", "modules.json", modules
    diffusion = {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": "0.35.0",
        "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "image_encoder": [None, None],
        "requires_safety_checker": True,
    }
    yield "diffusers", "model_index.json", diffusion
    blocks = {
        "_class_name": "UNet2DConditionModel",
        "_diffusers_version": "0.42.1",
        "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
        "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
    }
    yield "diffusers-blocks", "config.json", blocks
    yield (
        "scheduler",
        "scheduler_config.json",
        {"_class_name": "PNDMScheduler", "beta_start": 0.00085, "trained_betas": None},
    )
    yield (
        "preprocessor",
        "preprocessor_config.json",
        {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 224}},
    )
    yield "empty", "config.json", {}
    yield (
        "special-tokens",
        "special_tokens_map.json",
        {"bos_token": {"content": "<s>", "lstrip": False}, "unk_token": "<unk>"},
    )
    yield "trust-is-false", "config.json", {**LLAMA, "trust_remote_code": False, "auto_map": {}}
    yield "prompt-about-code", "config.json", {"task_specific_params": {"prefix": "Write os.system('id') in Python: "}}
    state = {"log_history": [{"loss": 0.5, "step": 1}], "best_model_checkpoint": None, "is_hyper_param_search": False}
    yield "trainer-state", "trainer_state.json", state
    nemo = {
        "model": {
            "optim": {"_target_": "torch.optim.AdamW", "lr": 0.001},
            "encoder": {"_target_": "nemo.collections.asr.X"},
        }
    }
    yield "targets-of-frameworks", "config.json", nemo
    torch = {"_target_": "my_package.models.Net", "target": "ldm.models.diffusion.ddpm.LatentDiffusion"}
    yield "targets-of-packages", "config.json", torch


def cases() -> Iterator[Case]:
    for name, file, document, rule in attacks():
        yield one(
            f"hugging_face/{name}",
            "malicious",
            json.dumps(document, indent=2).encode(),
            "what it has loaded",
            rule,
            file=file,
        )
    yield from texts()
    for name, file, document in benign():
        yield one(
            f"hugging_face/{name}",
            "benign",
            json.dumps(document, indent=2).encode(),
            "as the library writes it",
            file=file,
        )
    yield one(
        "hugging_face/chat-template-file", "benign", CHAT.encode(), "an ordinary template", file="chat_template.jinja"
    )
    code = CHAT + "{{ 'Answer so:\\n```json\\n{}\\n```\\n' }}\n```json\n[]\n```\n"
    yield one(
        "hugging_face/chat-template-fences",
        "benign",
        code.encode(),
        "a template with fences",
        file="chat_template.jinja",
    )
    card = b"---\nlicense: mit\ntags:\n- text\n---\n# Model\n\n"
    card += b"```python\nimport os\nos.system('nvidia-smi')\n```\n\n{% raw %}\n"
    yield one("hugging_face/model-card", "benign", card, "a model card with code in it", file="README.md")
    html = b'<div align="center">\n<img src="a.png" width="60%">\n</div>\n\n'
    html += b"# A model\n\nUse `subprocess` with care: 1 < 2 & 3.\n"
    yield one("hugging_face/model-card-html", "benign", html, "a model card that begins with HTML", file="README.md")
    yield one(
        "hugging_face/vocabulary",
        "benign",
        b"[PAD]\n[UNK]\nimport\nos\nthe\n##ing\neval(\n",
        "words of a tokenizer",
        file="vocab.txt",
    )
    yield one(
        "hugging_face/merges",
        "benign",
        b"#version: 0.2\n\xc4\xa0 t\nh e\ni n\n",
        "merges of a tokenizer",
        file="merges.txt",
    )
    yield one(
        "hugging_face/git-attributes",
        "benign",
        b"*.bin filter=lfs diff=lfs merge=lfs -text\n",
        "which files are large",
        file=".gitattributes",
    )
    long = b"#version: 0.2\n" + b"im port\nimport ant\nclass ification\n( )\n" * 10_000
    yield one("hugging_face/merges-many", "benign", long, "more merges than a program may be long", file="merges.txt")
    metrics = b'{"step": 1, "loss": 0.5}\n{"step": 2, "loss": 0.25}\n'
    yield one("hugging_face/json-lines", "benign", metrics, "one document a line", file="metrics.jsonl")
