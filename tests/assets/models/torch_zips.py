"""PyTorch's archives, exported programs, packages, TorchServe's and NeMo's: with attacks in them, and honest ones."""

import itertools
import json
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

from assets.models.archives import changed, tarred, zipped
from assets.models.case import Case, one
from assets.models.containers import EVIL, TEXT
from assets.models.torch_files import plain, script, state, text, torch_zip

_BENIGN = Path(__file__).parent / "benign" / "torch"
_STATE = state({"weight": ("FloatStorage", "0", 3), "bias": ("HalfStorage", "1", 2)})
_PLAIN = plain(_STATE, _0=bytes(12), _1=bytes(4))


def _array(descr: str, data: bytes, shape: str = "(1,)") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + data


def _arrays() -> Iterator[tuple]:
    """NumPy's own files."""
    data = b"\x80\x02]q\x00(K\x01K\x02e."
    yield "npy", "benign", _array("'<f4'", bytes(4)), "one number"
    yield "npy-record", "benign", _array("[('a', '<f4'), ('b', '|S3', (2,))]", bytes(10)), "a record"
    yield "npy-objects", "benign", _array("'|O'", data), "objects that are plain data"
    yield "npy-two", "benign", _array("'<f4'", bytes(4)) * 2, "two arrays in a row"
    yield "npy-attack", "malicious", _array("'|O'", EVIL), "objects that attack"
    yield "npy-record-attack", "malicious", _array("[('a', '<f4'), ('b', '|O')]", EVIL), "objects in a record"
    yield "npy-trailing", "malicious", _array("'<f4'", bytes(4) + EVIL), "a pickle behind the array", "npy-trailing"
    row = _array("'|u1'", EVIL, f"({len(EVIL)},)")
    yield "npy-bytes", "malicious", row, "a pickle as a row of bytes", "pickle-dangerous-call"
    void = _array(f"'|V{len(EVIL)}'", EVIL, "()")
    yield "npy-void", "malicious", void, "a pickle as one value", "pickle-dangerous-call"
    yield "npy-picture", "benign", _array("'|u1'", bytes(range(64)), "(64,)"), "a row of small numbers"
    twice = _array("'|O', 'descr': '<f4'", EVIL[:4])
    yield "npy-key-twice", "malicious", twice, "objects to one reader, numbers to another", "npy-header"
    code = _array("'<f4', 'shape': __import__('os').getpid() or (1,)", bytes(4))
    yield "npy-expression", "malicious", code, "a header that small readers evaluate", "npy-expression"
    yield "npy-key", "malicious", _array("'<f4', 'x': 1", bytes(4)), "a key that is none of NumPy's", "npy-header"
    yield "npy-dtype", "malicious", _array("'i4, O'", EVIL), "a type by its other notation", "npy-dtype"
    yield "npy-cut-off", "unknown", _array("'<f4'", bytes(3)), "an array that is cut off", "unread"
    for name, method in {"": zipfile.ZIP_STORED, "-packed": zipfile.ZIP_DEFLATED}.items():
        good = {"a.npy": _array("'<f4'", bytes(4)), "b.npy": _array("'|O'", data)}
        yield f"npz{name}", "benign", zipped(good, method), "numbers and plain objects"
        evil = zipped({**good, "c.npy": _array("'|O'", EVIL)}, method)
        yield f"npz{name}-attack", "malicious", evil, "objects that attack in an archive"
    yield "npz-disguised", "malicious", zipped({"a.npy": EVIL}), "a pickle by the name of an array", "disguised"


def _first(**changed_members: bytes) -> bytes:
    """Make a tar archive as the first versions of PyTorch wrote it, of one tensor."""
    storage = b"\x80\x02K\x65" + text("cpu") + b"ctorch\nFloatStorage\n\x87." + struct.pack("<q6f", 6, *range(6))
    tensor = b"\x80\x02K\x07K\x65ctorch\nFloatTensor\n\x87." + struct.pack("<i4x5q", 2, 2, 3, 3, 1, 0)
    members = {
        "sys_info": b"\x80\x02}.",
        "pickle": b"\x80\x02}" + text("a") + text("7") + b"Qs.",
        "tensors": b"\x80\x02K\x01." + tensor,
        "storages": b"\x80\x02K\x01." + storage + b"\x80\x02].",
    }
    return tarred({**members, **changed_members})


def _firsts() -> Iterator[tuple]:
    storages = b"\x80\x02K\x01.\x80\x02K\x65" + text("cpu") + b"ctorch\nFloatStorage\n\x87."
    numbers = struct.pack("<q6f", 6, *range(6)) + b"\x80\x02]."
    yield "first", "benign", _first(), "a state as the first versions wrote it"
    yield "first-attack", "malicious", _first(pickle=EVIL), "an attack in the object"
    yield "first-info-attack", "malicious", _first(sys_info=EVIL), "an attack in the first pickle that is loaded"
    yield "first-storages-attack", "malicious", _first(storages=EVIL), "an attack where storages are counted"
    yield "first-between", "malicious", _first(storages=storages[:5] + EVIL + numbers), "an attack between the numbers"
    yield "first-tensors-attack", "malicious", _first(tensors=b"\x80\x02K\x01." + EVIL), "an attack among the tensors"
    content = _first(storages=storages + numbers + b"\1" + EVIL)
    yield "first-trailing", "malicious", content, "a pickle behind the storages", "pytorch-legacy-storages"
    yield "first-cut-off", "unknown", _first(storages=storages + numbers[:12]), "storages that are cut off", "unread"


def cases() -> Iterator[Case]:
    """Make all of them."""
    made = (_states(), _arrays(), _scripts(), _programs(), _servers(), _nemos(), _firsts())
    for name, expected, content, why, *rules in itertools.chain.from_iterable(made):
        yield one(f"torch/{name}", expected, content, why, *rules)
    for file in ("model_best.pth.tar", "last.ckpt.tar", "checkpoint.tar"):
        yield one(f"torch/{file}", "benign", torch_zip(_PLAIN), "called as in PyTorch's examples", file=file)
    why = "a pickle where an archive should be"
    yield one("torch/other.tar", "malicious", _PLAIN["data.pkl"], why, "disguised", file="weights.tar")
    for path in sorted(_BENIGN.glob("*.pt*")):
        yield one(f"torch/{path.name}", "benign", path.read_bytes(), "written by PyTorch: see make_torch_archives.py")


def _states() -> Iterator[tuple]:
    good, evil = torch_zip(_PLAIN), torch_zip({**_PLAIN, "data.pkl": EVIL})
    yield "state", "benign", good, "a plain state"
    yield "state-in-another-folder", "benign", torch_zip(_PLAIN, "model_v1.2"), "a plain state, in a folder of its name"
    yield (
        "distributed",
        "benign",
        torch_zip(_PLAIN, "archive") * 3,
        "tensors of a distributed checkpoint, each saved alone",
    )
    between = torch_zip(_PLAIN, "archive") + torch_zip({**_PLAIN, "data.pkl": EVIL}, "archive")
    yield "distributed-attack", "malicious", between + torch_zip(_PLAIN, "archive"), "one of them attacks"
    yield "state-packed", "benign", torch_zip(_PLAIN, method=zipfile.ZIP_DEFLATED), "packed again with another program"
    yield "attack", "malicious", evil, "a program is called when it is loaded"
    yield "attack-packed", "malicious", torch_zip({**_PLAIN, "data.pkl": EVIL}, method=zipfile.ZIP_DEFLATED), "packed"
    yield "attack-flag", "malicious", changed(evil, b"PK\x01\x02", 8, b"\x01\x00"), "CVE-2025-1945", "zip-encrypted"
    yield (
        "attack-checksum",
        "malicious",
        changed(evil, b"PK\x01\x02", 16, b"\0\0\0\0"),
        "CVE-2025-10156",
        "zip-checksum",
    )
    yield "attack-name", "malicious", changed(evil, b"PK\x03\x04", 30, b"x"), "CVE-2025-1944", "zip-local-header"
    others = {**_PLAIN, "payload.bin": EVIL}
    yield "attack-beside", "malicious", torch_zip(others), "CVE-2025-1889: a second pickle by another name"
    yield (
        "attack-storage",
        "malicious",
        torch_zip({**_PLAIN, "data/7": EVIL}),
        "a pickle as a storage of no tensor",
        ("pytorch-zip-unreferenced"),
    )
    yield (
        "unreferenced",
        "malicious",
        torch_zip({**_PLAIN, "data/7": b"\1" * 9}),
        "a storage of no tensor",
        ("pytorch-zip-unreferenced"),
    )
    yield "attack-version", "malicious", torch_zip({**_PLAIN, "version": EVIL}), "a pickle where a number should be"
    yield "attack-byteorder", "malicious", torch_zip({**_PLAIN, "byteorder": EVIL}), "a pickle where a word should be"
    for name, size in (("short", 8), ("long", 400)):
        content = torch_zip(plain(_STATE, _0=bytes(size), _1=bytes(4)))
        yield f"storage-{name}", "malicious", content, "a storage of another size", "pytorch-zip-storage-size"
    missing = {name: content for name, content in _PLAIN.items() if name != "data/1"}
    yield "storage-missing", "unknown", torch_zip(missing), "a storage that is not there", "unread"
    shouted = {name.replace("data.pkl", "DATA.PKL"): content for name, content in _PLAIN.items()}
    yield "case", "malicious", torch_zip(shouted), "PyTorch finds it all the same", "pytorch-zip-case"
    twice = torch_zip({**_PLAIN, "DATA.pkl": EVIL})
    yield "case-twice", "malicious", twice, "which of both PyTorch loads is a matter of sorting", "pytorch-zip-case"
    duplicate = torch_zip({"data.pkl": _STATE, "dataXpkl": EVIL, **_PLAIN})
    yield "duplicate", "malicious", duplicate.replace(b"dataXpkl", b"data.pkl"), "two of one name", "zip-duplicate"
    yield "prefix", "malicious", EVIL + good, "a pickle in front, which old loaders take", "zip-unaccounted"
    yield "cut-off", "unknown", good[:-60], "an archive that is cut off", "unread"


def _scripts() -> Iterator[tuple]:
    yield "script", "benign", script(), "a module in TorchScript that names what it does not call"
    yield "script-extra", "benign", script(**{"config.json": b'{"a": 1}'}), "a module with a file beside it"
    for name in ("ops", "classes"):
        loads = script(f'_1 = torch.{name}.load_library("evil.so")')
        yield f"script-library-of-{name}", "malicious", loads, "native code", "torchscript-remote-call"
    written = script("_1 = torch.ops.torchvision.nms(x, weight, 0.5)")
    yield "script-as-in-python", "benign", written, "an operator of torchvision, as it is written in Python"
    yield "script-library", "benign", script("_1 = ops.torchvision.nms(x, weight, 0.5)"), "an operator of torchvision"
    files = {
        "save": 'torch.save(x, "/tmp/x")',
        "from-file": '_1 = torch.from_file("/etc/passwd", False, 10, dtype=0)',
        "spaced": 'torch . \\\n    save(x, "/tmp/x")',
        "by-library": 'ops.aten.save(x, "/tmp/x")',
        "read-image": '_1 = ops.image.read_file("/etc/passwd")',
        "write-image": 'ops.image.write_file("/tmp/x", x)',
        "audio": '_1 = ops.torchaudio.sox_io_load_audio_file("/etc/passwd")',
    }
    for name, body in files.items():
        yield f"script-{name}", "malicious", script(body), "files are read or written", "torchscript-file-access"
    for name, body in {"rpc": 'rpc_async("w", f, ())', "aoti": '_1 = ops.aoti.run("x.so")'}.items():
        yield f"script-{name}", "malicious", script(body), "other machines, libraries", "torchscript-remote-call"
    foreign = {"import": "import os", "eval": 'eval("1")', "value": "t = torch", "hook": "y = x.__class__"}
    for name, body in foreign.items():
        yield f"script-{name}", "malicious", script(body), "no TorchScript", "torchscript-foreign-code"
    library = script("_1 = ops.elsewhere.compute(x)")
    yield "script-unknown", "unknown", library, "an operator of nobody knows what", "torchscript-unknown-operator"
    yield "script-attack", "malicious", script(notes=EVIL), "a pickle among the extra files"


def _program(target: str, **more: bytes) -> bytes:
    graph = {"graph_module": {"graph": {"nodes": [{"target": target, "inputs": [], "outputs": []}]}}}
    weights = {
        "config": {
            "w": {
                "path_name": "weight_0",
                "use_pickle": False,
                "tensor_meta": {
                    "dtype": 7,
                    "sizes": [{"as_int": 3}],
                    "strides": [{"as_int": 1}],
                    "storage_offset": {"as_int": 0},
                },
            }
        }
    }
    records = {
        "data/weights/weight_0": bytes(12),
        "data/weights/model_weights_config.json": json.dumps(weights).encode(),
        "models/model.json": json.dumps(graph).encode(),
        "archive_format": b"pt2",
        "archive_version": b"0",
        "byteorder": b"little",
    }
    return torch_zip({**records, **more}, "net")


def _programs() -> Iterator[tuple]:
    yield "program", "benign", _program("torch.ops.aten.linear.default"), "an exported program"
    yield "program-symbols", "benign", _program("_operator.add"), "arithmetic on sizes"
    for index, target in enumerate(("torch.os.system", "torch.hub.load", "_operator.attrgetter", "builtins.eval")):
        yield f"program-target-{index}", "malicious", _program(target), "a function that is no operator", "pt2-target"
    yield "program-file", "malicious", _program("torch.ops.aten.from_file.default"), "a file is read", "pt2-file-access"
    content = _program("torch.ops.elsewhere.compute.default")
    yield "program-unknown", "unknown", content, "an operator of nobody knows what", "pt2-unknown-operator"
    content = _program("torch.ops.aten.add.Tensor", **{"data/aotinductor/model/a.so": TEXT})
    yield "program-native", "malicious", content, "a library that loading loads", "pt2-native-code"
    content = _program("torch.ops.aten.add.Tensor", **{"data/weights/weight_0": bytes(8)})
    yield "program-weight", "malicious", content, "a weight that is too short", "pt2-weight-size"
    content = _program("torch.ops.aten.add.Tensor", **{"data/sample_inputs/model.pt": torch_zip({"data.pkl": EVIL})})
    yield "program-attack", "malicious", content, "an attack in the sample inputs"
    content = _program("torch.ops.aten.add.Tensor", **{"data/weights/weight_1": EVIL})
    yield "program-weight-attack", "malicious", content, "a pickle as a weight that no list names"
    package = {".data/extern_modules": b"torch\n", ".data/version": b"6\n", "m.py": b"import os\nos.system('id')\n"}
    yield "package-attack", "malicious", torch_zip({**package, "model/model.pkl": EVIL}), "a package that attacks"


def _server(handler: str = "handler.py", requirements: bytes = b"numpy==2.0\n", **more: bytes) -> bytes:
    model = {"modelName": "m", "serializedFile": "m.pt", "handler": handler, "requirementsFile": "requirements.txt"}
    manifest = {"runtime": "python", "model": {**model, "modelVersion": "1.0"}, "archiverVersion": "0.12.0"}
    members = {
        "m.pt": torch_zip(_PLAIN),
        "handler.py": b"from ts.torch_handler import BaseHandler\n\n\nclass Handler(BaseHandler):\n    pass\n",
        "requirements.txt": requirements,
        "MAR-INF/MANIFEST.json": json.dumps(manifest).encode(),
    }
    return zipped({**members, **more}, zipfile.ZIP_DEFLATED)


def _servers() -> Iterator[tuple]:
    yield "mar", "benign", _server(), "an archive for TorchServe"
    yield "mar-built-in", "benign", _server("image_classifier"), "a handler that TorchServe has"
    yield "mar-attack", "malicious", _server(**{"m.pt": torch_zip({"data.pkl": EVIL})}), "an attack in the model"
    yield "mar-outside", "malicious", _server("../../handler.py"), "a handler from elsewhere", "mar-manifest"
    yield "mar-missing", "malicious", _server("other.py"), "a handler that is not there", "mar-manifest"
    content = _server(**{"MAR-INF/MANIFEST.json": b"{}"})
    yield "mar-no-model", "malicious", content, "a manifest without a model", "mar-manifest"
    for index, line in enumerate((b"git+https://x.example/p\n", b"--extra-index-url https://x.example\np\n")):
        yield (
            f"mar-packages-{index}",
            "malicious",
            _server(requirements=line),
            "packages from elsewhere",
            "mar-packages",
        )


def _nemo(config: str) -> bytes:
    return tarred({"./model_config.yaml": config.encode(), "./model_weights.ckpt": torch_zip(_PLAIN)})


def _nemos() -> Iterator[tuple]:
    honest = """\
target: nemo.collections.asr.models.ctc_bpe_models.EncDecCTCModelBPE
preprocessor:
  _target_: nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor
  window: hann
optim: {name: adamw, sched: {name: NoamAnnealing}}
"""
    yield "nemo", "benign", _nemo(honest), "a model of NeMo"
    targets = {
        "system": "preprocessor: {_target_: os.system, command: id}",
        "eval": "a:\n  - '_target_': builtins.eval",
        "alias": "a: &x os.system\nb:\n  _target_: *x",
        "escaped": 'a: {"\\x5ftarget_": "subprocess.Popen"}',
        "through": "target: torch.nn.os.system",
        "hub": "target: torch.hub.load",
    }
    for name, line in targets.items():
        yield f"nemo-{name}", "malicious", _nemo(f"{line}\n"), "CVE-2025-23304: any function is called", "nemo-target"
    content = tarred({"model_config.yaml": honest.encode(), "model_weights.ckpt": torch_zip({"data.pkl": EVIL})})
    yield "nemo-attack", "malicious", content, "an attack in the weights"
