"""Configurations with dotted names that a loader follows through packages, and with names that models are made of."""

import json
from collections.abc import Iterator

from assets.models.archives import tarred
from assets.models.case import Case, one

_REACHING = (
    "torch.os.system",
    "torch.sys.modules.clear",
    "transformers.os.system",
    "transformers.utils.hub.subprocess.run",
    "torch.storage._load_from_bytes",
    "torch.serialization.pickle.loads",
    "torch.utils.collect_env.run",
    "torch.distributed.run.main",
    "numpy.testing._private.utils.runstring",
    "torch.nn.Linear.__init__.__globals__",
    "lightning.pytorch.os.system",
    "my_package.utils.os.system",
    "torch.nn." + "functional." * 60 + "relu",
)
_USUAL = (
    "torch.nn.Linear",
    "torch.optim.AdamW",
    "torch.utils.data.DataLoader",
    "torch.compile",
    "torch.jit.script",
    "torch.distributed.fsdp.FullyShardedDataParallel",
    "torch.utils.tensorboard.SummaryWriter",
    "transformers.AutoModel.from_pretrained",
    "torchvision.transforms.Compose",
    "torchvision.io.read_image",
    "lightning.pytorch.cli.LightningCLI",
    "lightning.pytorch.plugins.io.TorchCheckpointIO",
    "pytorch_lightning.callbacks.ModelCheckpoint",
    "huggingface_hub.hf_hub_download",
    "sklearn.linear_model.LogisticRegression",
    "monai.networks.nets.UNet",
    "hydra.utils.instantiate",
)


def cases() -> Iterator[Case]:
    for name in _REACHING:
        for key in ("_target_", "class_path"):
            content, why = json.dumps({"model": {key: name, "command": "id"}}).encode(), "a module leads to another"
            yield one(
                f"targets/{key}-{name[:60]}", "malicious", content, why, "config-foreign-target", file="config.json"
            )
    for name in ("torch.nn." + "functional." * 20 + "torch.os.system", "torch.nn." + "functional." * 60 + "relu"):
        config = f"target: nemo.core.X\nmodel:\n  _target_: {name}\n  command: id\n".encode()
        content = tarred({"model_config.yaml": config, "model_weights.ckpt": b""})
        why = "a name that is longer than what is shown of it"
        yield one(f"targets/nemo-{len(name)}", "malicious", content, why, "nemo-target", file="x.nemo")
    named = {"quantization_config": {"custom": "torch.os.system"}}
    why = "the name of a function, through a package"
    yield one(
        "targets/named", "malicious", json.dumps(named).encode(), why, "document-names-callable", file="config.json"
    )
    module = [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.util.os.system"}]
    yield one(
        "targets/module", "malicious", json.dumps(module).encode(), why, "document-names-callable", file="modules.json"
    )
    mapped = {"parent_library": "transformers.utils.hub.subprocess", "base_model_class": "run"}
    adapter = {"peft_type": "LORA", "auto_mapping": mapped, "base_model_name_or_path": "a/b", "revision": "a" * 40}
    content = json.dumps(adapter).encode()
    yield one("targets/adapter", "malicious", content, why, "hugging-face-adapter-class", file="adapter_config.json")
    for name in _USUAL:
        content = json.dumps({"model": {"_target_": name, "x": 1}}).encode()
        yield one(f"targets/usual-{name}", "benign", content, "what models are made of", file="config.json")
