"""YAML beside models: configurations of frameworks, and documents that make objects."""

from collections.abc import Iterator

from assets.models.case import Case, one

NEMO = """cfg:
  encoder:
    _target_: nemo.collections.asr.modules.ConformerEncoder
    d_model: &width 176
  decoder: {_target_: nemo.collections.asr.modules.ConvASRDecoder, feat_in: *width}
  optim:
    name: adamw
    betas: [0.9, 0.98]
target: nemo.collections.asr.models.ctc_bpe_models.EncDecCTCModelBPE
"""
SPEECHBRAIN = """# Hyperparameters
sample_rate: 16000
compute_features: !new:speechbrain.lobes.features.Fbank
  n_mels: 80
modules:
  encoder: !new:torch.nn.Linear
    in_features: !ref <sample_rate>
model: !ref <modules[encoder]>
pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
  loadables:
    model: !ref <model>
"""


def attacks() -> Iterator[tuple[str, str, str]]:
    yield "object-apply", "!!python/object/apply:os.system ['id']\n", "yaml-object-tag"
    yield "object-new", "a: !!python/object/new:subprocess.Popen [['id']]\n", "yaml-object-tag"
    yield "object", "a: !!python/object:argparse.Namespace {b: 1}\n", "yaml-object-tag"
    yield "name", "f: !!python/name:os.system\n", "yaml-object-tag"
    yield "module", "f: !!python/module:subprocess\n", "yaml-object-tag"
    yield "long-tag", "f: !<tag:yaml.org,2002:python/object/apply:os.system> ['id']\n", "yaml-object-tag"
    yield (
        "tag-directive",
        "%TAG !p! tag:yaml.org,2002:python/\n---\nf: !p!object/apply:os.system ['id']\n",
        "yaml-object-tag",
    )
    yield "escaped-tag", "f: !!python%2Fobject/apply:os.system ['id']\n", "yaml-object-tag"
    yield "flow", "[!!python/object/apply:os.system ['id']]\n", "yaml-object-tag"
    yield "mapping-key", "? !!python/object/apply:os.system ['id']\n: 1\n", "yaml-object-tag"
    yield "anchored", "a: &x !!python/object/apply:os.system ['id']\nb: *x\n", "yaml-object-tag"
    yield "second-document", "a: 1\n---\nb: !!python/object/apply:os.system ['id']\n", "yaml-object-tag"
    yield "before-the-break", "a: !!python/object/apply:os.system ['id']\nb: [\n", "yaml-object-tag"
    yield (
        "front-matter",
        "---\nlicense: mit\nx: !!python/object/apply:os.system ['id']\n---\n# Model: [x\n",
        "yaml-object-tag",
    )
    yield "java", "!!javax.script.ScriptEngineManager [!!java.net.URLClassLoader [[]]]\n", "yaml-object-tag"
    yield "ruby", "--- !ruby/object:Gem::Installer\ni: x\n", "yaml-object-tag"
    yield "hyperpyyaml-apply", "x: !apply:os.system ['id']\n", "yaml-object-tag"
    yield "hyperpyyaml-new", "sample_rate: 16000\nx: !new:subprocess.Popen\n  args: [id]\n", "yaml-object-tag"
    yield "target", "model:\n  _target_: subprocess.Popen\n  args: [id]\n", "config-foreign-target"
    yield "target-load", "_target_: torch.load\nf: evil.pt\nweights_only: false\n", "config-foreign-target"
    yield "target-hub", "m:\n  _target_: torch.hub.load\n  repo_or_dir: a/b\n", "config-foreign-target"
    yield "target-builtins", "_target_: builtins.exec\n_args_: ['import os']\n", "config-foreign-target"
    yield "callable", "serving:\n  handler: os.system\n", "document-names-callable"
    yield "trust", "model:\n  trust_remote_code: true\n", "hugging-face-trusts-remote-code"
    yield "template-in-a-comment", "# {% if x %}\nmodel:\n  _target_: os.system\n", "config-foreign-target"
    yield "tag-far-below", "# a comment\n" * 20_000 + "a: !!python/object/apply:os.system ['id']\n", "yaml-object-tag"
    yield "flow-mapping", "{model: {_target_: os.system}}\n", "config-foreign-target"
    yield "readable-as-python", "_target_: os.system\nx: f(1)\n", "config-foreign-target"
    yield "key-twice", "loader: safe\nloader: other\n", "yaml-repeated-key"
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
    yield "alias-bomb", bomb, "yaml-alias-bomb"


def cases() -> Iterator[Case]:
    for name, text, rule in attacks():
        yield one(f"yaml/{name}", "malicious", text.encode(), "what a loader makes of it", rule, file="config.yaml")
    utf16 = "\ufeffa: !!python/object/apply:os.system ['id']\n".encode("utf-16-le")
    yield one("yaml/utf-16", "malicious", utf16, "two bytes a character", "yaml-object-tag", file="config.yaml")
    yield one(
        "yaml/unknown-tag",
        "unknown",
        b"a: !Secret value\n",
        "a tag of some program",
        "yaml-unknown-tag",
        file="config.yaml",
    )
    yield one("yaml/nemo", "benign", NEMO.encode(), "a configuration of NeMo", file="model_config.yaml")
    yield one(
        "yaml/speechbrain", "benign", SPEECHBRAIN.encode(), "hyperparameters of SpeechBrain", file="hyperparams.yaml"
    )
    yield one("yaml/tuple", "benign", b"size: !!python/tuple [1, 2]\n", "a tuple of PyYAML", file="hparams.yaml")
    core = b"a: !!str 1\nb: !!int '2'\nc: !!binary aGk=\nd: !!set {x, y}\ne: ! plain\n"
    yield one("yaml/core-tags", "benign", core, "tags that YAML itself defines", file="config.yaml")
    merge = b"base: &base {a: 1}\nother:\n  <<: *base\n  b: 2\nthird:\n  <<: [*base, *base]\n"
    yield one("yaml/merge", "benign", merge, "keys that are merged", file="config.yaml")
    mentioned = b"note: 'write !!python/object/apply:os.system in a text'\n"
    yield one("yaml/tag-in-a-text", "benign", mentioned, "a tag that is only mentioned", file="config.yaml")
    notes = b"Note: this is not YAML [at all\n\nTo load: use `yaml.load`. - see below: [1].\n"
    yield one("yaml/notes", "benign", notes, "notes that look like YAML", file="NOTES")
    yield one(
        "yaml/lightning",
        "benign",
        b"lr: 0.001\nlayers:\n- 64\n- 64\nname: null\n",
        "hyperparameters of Lightning",
        file="hparams.yaml",
    )
