"""PyTorch's archives made byte by byte: the records that `torch.save` and `torch.jit.save` write, and others."""

from collections.abc import Mapping

from assets.models.archives import zipped

Tensors = Mapping[str, tuple[str, str, int]]
"""For the name of a tensor the class of its storage, the storage's key, and the number of elements."""


def text(value: str) -> bytes:
    """Write a text as pickles of protocol 2 have it."""
    content = value.encode()
    return b"X" + len(content).to_bytes(4, "little") + content


def number(value: int) -> bytes:
    """Write a whole number."""
    return b"J" + value.to_bytes(4, "little", signed=True)


def state(tensors: Tensors) -> bytes:
    """Pickle a state as `torch.save` does, with a line of numbers for each tensor."""
    return b"\x80\x02}q\x00(" + b"".join(text(name) + _tensor(*what) for name, what in tensors.items()) + b"u."


def _tensor(kind: str, key: str, elements: int) -> bytes:
    storage = text("storage") + f"ctorch\n{kind}\n".encode() + text(key) + text("cpu") + number(elements)
    shape = number(elements) + b"\x85" + number(1) + b"\x85"
    hooks = b"ccollections\nOrderedDict\n)R"
    return b"ctorch._utils\n_rebuild_tensor_v2\n((" + storage + b"tQ" + number(0) + shape + b"\x89" + hooks + b"tR"


def torch_zip(records: Mapping[str, bytes], folder: str = "archive", method: int = 0) -> bytes:
    """Make an archive with records in a folder."""
    return zipped({f"{folder}/{name}": content for name, content in records.items()}, method)


def plain(pickled: bytes, **storages: bytes) -> dict[str, bytes]:
    """Make the records of a plain state, the storages by their keys: `_0` for `data/0`."""
    data = {f"data/{key.lstrip('_')}": content for key, content in storages.items()}
    rest = {"version": b"3\n", ".data/serialization_id": b"01" * 20}
    return {"data.pkl": pickled, "byteorder": b"little", **data, **rest}


SCRIPT = """class Net(Module):
  __parameters__ = ["weight", ]
  __buffers__ = []
  weight : Tensor
  training : bool
  def forward(self: __torch__.Net,
    x: Tensor) -> Tensor:
    # torch.save is only named in this comment
    _0 = "torch.save(x, 'file')"
    weight = self.weight
    if bool(torch.gt(torch.sum(x), 0)):
      ops.prim.RaiseException(_0)
    else:
      pass
    {body}
    return torch.add(torch.mul(x, weight), 1)
"""


def script(body: str = "pass", code: str = SCRIPT, **more: bytes) -> bytes:
    """Make a module in TorchScript with a statement in it."""
    weight = text("weight") + _tensor("FloatStorage", "0", 3)
    module = b"\x80\x02c__torch__\nNet\n)\x81}(" + text("training") + b"\x88" + weight + b"ub."
    return torch_zip(
        {
            "data.pkl": module,
            "code/__torch__.py": code.replace("{body}", body).encode(),
            "constants.pkl": b"\x80\x02).",
            "data/0": bytes(12),
            "version": b"3\n",
            "byteorder": b"little",
            **{f"extra/{name}": content for name, content in more.items()},
        },
        "net",
    )
