"""TensorFlow graphs: as TensorFlow 2.21 writes them, and with operators that do more than compute."""

import json
from collections.abc import Iterator
from pathlib import Path

from assets.models.case import Case, one
from assets.models.protobuf import chunk, number

_REAL = Path(__file__).parent / "benign" / "tensorflow"


def attribute(name: str, field: int, value: bytes | str) -> bytes:
    return chunk(5, chunk(1, name) + chunk(2, chunk(field, value)))


def node(kind: str, *inputs: str, name: str = "n", attributes: bytes = b"") -> bytes:
    return chunk(1, name) + chunk(2, kind) + chunk(3, *inputs) + attributes


def constant(name: str, text: str) -> bytes:
    return node("Const", name=name, attributes=attribute("value", 8, number(1, 7) + chunk(8, text)))


def graph(*nodes: bytes, functions: tuple[bytes, ...] = ()) -> bytes:
    library = chunk(2, chunk(1, *(chunk(1, chunk(1, "f")) + chunk(3, each) for each in functions)))
    return chunk(1, *nodes) + (library if functions else b"") + chunk(4, number(1, 1395))


def saved(inner: bytes, rest: bytes = b"") -> bytes:
    return number(1, 1) + chunk(2, chunk(1, chunk(4, "serve")) + chunk(2, inner) + rest)


def keras_metadata(*configurations: object) -> bytes:
    nodes = [
        number(2, place) + chunk(3, f"root.layer-{place}") + chunk(4, "_tf_keras_layer") + chunk(5, json.dumps(each))
        for place, each in enumerate(configurations, 1)
    ]
    return chunk(1, *nodes)


DENSE = {"class_name": "Dense", "config": {"name": "dense", "units": 3, "activation": "relu"}}
LAMBDA = {
    "class_name": "Lambda",
    "config": {"name": "l", "function": ["4wEAAAA=", None, None], "function_type": "lambda"},
}


def cases() -> Iterator[Case]:
    yield from _benign()
    yield from _records()
    for rule, kinds in {
        "tensorflow-python-call": ("PyFunc", "PyFuncStateless", "EagerPyFunc"),
        "tensorflow-file-write": ("WriteFile", "DatasetToTFRecord", "CreateSummaryFileWriter", "SaveDatasetV2"),
        "tensorflow-file-read": ("ReadFile", "MatchingFiles", "TextLineDataset", "TFRecordReaderV2"),
        "tensorflow-network": ("RpcCall", "DataServiceDatasetV4"),
        "tensorflow-custom-operator": ("ShellExecute",),
    }.items():
        for kind in kinds:
            content = saved(graph(node("Placeholder"), node(kind, "x")))
            yield one(f"saved-model/{kind.lower()}", "malicious", content, "an operator", rule, file="saved_model.pb")
    for name, content, rule in _attacks():
        yield one(f"saved-model/{name}", "malicious", content, "hidden in a model", rule, file="saved_model.pb")
    frozen = graph(node("Placeholder", name="x"), node("ReadFile", "x"))
    yield one(
        "tensorflow-graph/read-file", "malicious", frozen, "an operator", "tensorflow-file-read", file="frozen.pb"
    )
    metadata = keras_metadata(DENSE, LAMBDA)
    yield one("keras-metadata/lambda", "malicious", metadata, "bytecode", "keras-lambda", file="keras_metadata.pb")
    custom = saved(graph(node("AcmeFastMatMul")))
    why = "needs a library"
    yield one("saved-model/custom", "unknown", custom, why, "tensorflow-custom-operator", file="saved_model.pb")
    cut = saved(graph(*[node("MatMul")] * 20))[:100]
    yield one("saved-model/cut-off", "unknown", cut, "cut in its graph", "unread", file="saved_model.pb")
    index = (_REAL / "dense.variables.index").read_bytes()
    damaged = b"\xff" * 40 + index[40:]
    yield one("tensorflow-checkpoint/damaged", "unknown", damaged, "cannot be read", "unread", file="variables.index")


def _benign() -> Iterator[Case]:
    for path in sorted(_REAL.iterdir()):
        name = f"tensorflow/{path.name.lower()}"
        yield one(name, "benign", path.read_bytes(), "written by TensorFlow 2.21", file=path.name.partition(".")[2])
    restoring = [constant("path", "variables/part"), node("SaveV2", "path:output:0"), node("RestoreV2", "path")]
    printing = node("PrintV2", attributes=attribute("output_stream", 2, "stderr"))
    tables = [constant("vocab", "/tmp/build/vocab.txt"), node("InitializeTableFromTextFileV2", "t", "vocab")]
    made = {
        "saves-and-restores": saved(graph(*restoring, node("ShardedFilename"), node("MergeV2Checkpoints"))),
        "prints": saved(graph(printing)),
        "vocabulary": saved(graph(*tables), chunk(6, chunk(1, chunk(1, "vocab:0")) + chunk(2, "vocab.txt"))),
        "text-of-a-command": saved(graph(constant("c", "os.system('id') # WriteFile PyFunc"))),
        "tensorflow-text": saved(graph(node("WordpieceTokenizeWithOffsets"), node("SentencepieceTokenizeOp"))),
        "functions": saved(graph(node("StatefulPartitionedCall"), functions=(node("MatMul"), node("Relu")))),
    }
    for name, content in made.items():
        yield one(f"saved-model/{name}", "benign", content, "ordinary", file="saved_model.pb")
    yield one("keras-metadata/dense", "benign", keras_metadata(DENSE), "as Keras 2 writes it", file="keras_metadata.pb")


def _records() -> Iterator[Case]:
    whole = (_REAL / "examples.train.tfrecord").read_bytes()
    yield one("tfrecord/cut-off", "unknown", whole[:-9], "a record that is cut off", "unread", file="a.tfrecord")
    lying = whole[:8] + bytes(4) + whole[12:16] + b"cos\nsystem\n(S'id'\ntR."
    why = "a pickle behind a length with another checksum"
    yield one("tfrecord/pickle", "malicious", lying, why, "disguised", file="a.tfrecord")


def _attacks() -> Iterator[tuple[str, bytes, str]]:
    yield "in-function", saved(graph(node("Add"), functions=(node("Mul"), node("WriteFile")))), "tensorflow-file-write"
    second = saved(graph(node("Add"))) + saved(graph(node("PyFunc")))
    yield "in-second-graph", second, "tensorflow-python-call"
    twice = number(1, 1) + chunk(2, chunk(2, graph(node("Add"))) + chunk(2, graph(node("PyFunc"))))
    yield "in-graph-that-merges", twice, "tensorflow-python-call"
    printing = node("PrintV2", attributes=attribute("output_stream", 2, "file:///root/.bashrc"))
    yield "print-to-file", saved(graph(printing)), "tensorflow-file-write"
    urls = attribute("debug_urls", 1, chunk(2, "grpc://c.example:80"))
    yield "debug-to-address", saved(graph(node("DebugIdentityV3", attributes=urls))), "tensorflow-file-write"
    for name, path in {"absolute": "/etc/cron.d/x", "parent": "../../../x", "bucket": "gs://c/x"}.items():
        content = saved(graph(constant("path", path), node("SaveV2", "path")))
        yield f"saves-to-{name}", content, "tensorflow-path"
    yield "asset-outside", saved(graph(node("Add")), chunk(6, chunk(2, "../../../etc/passwd"))), "tensorflow-path"
    table = [constant("path", "/etc/passwd"), node("InitializeTableFromTextFileV2", "t", "path")]
    yield "table-of-the-machine", saved(graph(*table)), "tensorflow-path"
    source = node("DecodeProtoV2", "x", attributes=attribute("descriptor_source", 2, "/etc/passwd"))
    yield "descriptions-from-file", saved(graph(source)), "tensorflow-file-read"
    metadata = chunk(7, chunk(1, chunk(4, chunk(1, "_tf_keras_layer") + chunk(3, json.dumps(LAMBDA)))))
    yield "lambda-in-objects", saved(graph(node("Add")), metadata), "keras-lambda"
