"""Pickles with arrays and tensors: joblib's, and PyTorch's of before 1.6."""

import io
import pickle
import struct
import tarfile
from collections.abc import Iterator
from pathlib import Path

from assets.models.case import Case, one
from assets.models.pickle_writing import ATTACK, called, framed, line, several, short, stacked, whole

_BENIGN = Path(__file__).parent / "benign" / "pickles"
_CALL = "pickle-dangerous-call"
_STORAGES = "pytorch-legacy-storages"
_MAGIC = pickle.dumps(0x1950A86A20F9469CFC6C, 2)
_HEAD = _MAGIC + pickle.dumps(1001, 2) + pickle.dumps({"little_endian": True}, 2)


def cases() -> Iterator[Case]:
    for file in sorted(_BENIGN.iterdir()):
        why = "written by joblib or PyTorch: make_pickle_arrays.py"
        yield one(f"pickle/arrays-{file.stem}", "benign", file.read_bytes(), why, file=file.name)
    for name, content, why, rule in _JOBLIB:
        yield one(f"joblib/{name}", "malicious", content, why, rule, file="model.joblib")
    for name, content, why, rule in _LEGACY:
        yield one(f"pytorch-legacy/{name}", "malicious", content, why, rule, file="model.pt")
    for name, content, why, rule in _ARCHIVES:
        yield one(f"pytorch-tar/old-{name}", "malicious", content, why, rule, file="model.pt")
    yield one("pytorch-tar/old-made", "benign", old_archive(), "as PyTorch wrote it", file="model.pt")
    yield one("pytorch-legacy/made", "benign", _legacy(_tensor(), _storage()), "as PyTorch writes it", file="model.pt")
    yield one("pytorch-legacy/cut-off", "unknown", _legacy(_tensor(), _storage()[:-1]), "cut off in a tensor")
    yield one("joblib/made", "benign", whole(_array("f8", 2) + bytes(16)), "as joblib writes it")
    yield one("joblib/cut-off", "unknown", whole(_array("f8", 2000) + bytes(16)), "cut off in an array")


def _array(code: str, count: int, *, class_: bytes = stacked("joblib.numpy_pickle", "NumpyArrayWrapper")) -> bytes:
    """Write what joblib puts before an array's bytes."""
    state = several(b"K\x03", short("<"), b"N", b"N", b"N", b"J\xff\xff\xff\xff", b"J\xff\xff\xff\xff", b"K\x00")
    dtype = called(stacked("numpy", "dtype"), short(code), b"\x89", b"\x88") + state + b"b"
    shape = b"J" + struct.pack("<i", count) + b"\x85"
    fields = (
        (b"subclass", stacked("numpy", "ndarray")),
        (b"shape", shape),
        (b"order", short("C")),
        (b"dtype", dtype),
        (b"allow_mmap", b"\x88"),
    )
    return class_ + b")\x81}(" + b"".join(short(name.decode()) + value for name, value in fields) + b"ub"


def _tensor(key: str = "0", elements: int = 2, class_: bytes = line("torch", "FloatStorage")) -> bytes:
    """Write a tensor as its call, with the id of its storage."""
    identity = several(short("storage"), class_, short(key), short("cpu"), b"K" + bytes([elements]), b"N") + b"Q"
    hooks = called(line("collections", "OrderedDict"))
    rebuild = line("torch._utils", "_rebuild_tensor_v2")
    return called(rebuild, identity, b"K\x00", several(b"K\x02"), several(b"K\x01"), b"\x89", hooks)


def _storage(elements: int = 2, data: bytes = bytes(8)) -> bytes:
    return struct.pack("<q", elements) + data


def _legacy(body: bytes, tensors: bytes, keys: bytes = pickle.dumps(["0"], 2)) -> bytes:
    return _HEAD + whole(body, 2) + keys + tensors


_INNER = whole(ATTACK)
_OLD_CLASS = stacked("sklearn.externals.joblib.numpy_pickle", "NumpyArrayWrapper")

_JOBLIB = (
    ("behind-array", whole(_array("f8", 2) + bytes(16) + b"0" + ATTACK), "behind the bytes of an array", _CALL),
    ("behind-fifty", whole((_array("f8", 2) + bytes(16) + b"0") * 50 + ATTACK), "behind fifty of them", _CALL),
    ("in-objects", whole(_array("O", 2) + _INNER), "in the pickle of an array of objects", _CALL),
    ("behind-objects", whole(_array("O", 2) + whole(b"N") + b"0" + ATTACK), "behind such an array", _CALL),
    ("as-array", whole(_array("u1", len(ATTACK) + 1) + ATTACK + b"."), "as an array's bytes, for `pickle.load`", _CALL),
    ("before-array", whole(ATTACK + b"0" + _array("f8", 2) + bytes(16)), "before an array", _CALL),
    ("array-over-end", whole(_array("f8", 1 << 30) + ATTACK), "an array that is longer than the file", _CALL),
    ("array-of-nothing", whole(_array("f8", 0) + ATTACK), "an array of no elements", _CALL),
    ("old-name", whole(_array("u1", 5, class_=_OLD_CLASS) + b"\0\0\0\0\xff0" + ATTACK), "the class's old name", _CALL),
    ("other-type", whole(_array("x9", 2) + ATTACK), "an array of a type that does not exist", _CALL),
    ("trailing", whole(_array("f8", 2) + bytes(16)) + _INNER, "behind the whole file", _CALL),
)

_LEGACY = (
    ("in-object", _legacy(ATTACK + b"0" + _tensor(), _storage()), "in the object's pickle", _CALL),
    ("in-magic", whole(ATTACK + b"0" + _MAGIC[2:-1]) + _HEAD[len(_MAGIC) :], "in the first pickle", _CALL),
    ("in-protocol", _MAGIC + whole(ATTACK + b"0M\xe9\x03"), "in the second", _CALL),
    ("in-system", _MAGIC + pickle.dumps(1001, 2) + whole(ATTACK + b"0}"), "in the third", _CALL),
    ("in-keys", _legacy(_tensor(), _storage(), whole(ATTACK + b"0](" + short("0") + b"e")), "in the last", _CALL),
    ("in-reference", _legacy(ATTACK + b"Q", b"", pickle.dumps([], 2)), "in a storage's id", _CALL),
    ("framed", _HEAD + framed(ATTACK + b"0N.") + pickle.dumps([], 2), "in protocol 4", _CALL),
    ("behind-tensors", _legacy(_tensor(), _storage() + _INNER), "behind the tensors", _STORAGES),
    ("bytes-behind", _legacy(_tensor(), _storage() + b"\xfehidden" * 9), "bytes that are no tensor's", _STORAGES),
    ("more-elements", _legacy(_tensor(), _storage(3, bytes(12))), "a storage larger than it says", _STORAGES),
    ("fewer-elements", _legacy(_tensor(elements=4), _storage()), "a storage smaller than it says", _STORAGES),
    ("other-class", _legacy(_tensor(class_=line("os", "system")), _storage()), "a storage of another class", _STORAGES),
)


def old_archive(
    body: bytes = line("torch", "FloatTensor") + b"0" + short("7") + b"Q", storages: bytes = b"", **more: bytes
) -> bytes:
    """Write a file as PyTorch did before 0.1.10."""
    storage = whole(b"K\x05" + short("cpu") + line("torch", "FloatStorage") + b"\x87", 2)
    tensor = whole(b"K\x07K\x05" + line("torch", "FloatTensor") + b"\x87", 2)
    members = {
        "sys_info": pickle.dumps({"little_endian": True}, 2),
        "storages": pickle.dumps(1, 2) + storage + _storage() + pickle.dumps([], 2) + storages,
        "tensors": pickle.dumps(1, 2) + tensor + struct.pack("<iiqqq", 1, 0, 2, 1, 0),
        "pickle": whole(body, 2),
    } | more
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:", format=tarfile.PAX_FORMAT) as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return archive.getvalue()


_ARCHIVES = (
    ("in-pickle", old_archive(ATTACK + b"0N"), "in the object's pickle", _CALL),
    ("behind-storages", old_archive(storages=_INNER), "behind the storages", _STORAGES),
    ("in-tensors", old_archive(tensors=whole(ATTACK + b"0K\x01")), "in the number of tensors", _CALL),
    ("in-system", old_archive(sys_info=_INNER), "in what describes the system", _CALL),
    ("in-identity", old_archive(ATTACK + b"Q"), "in a tensor's number", _CALL),
)
