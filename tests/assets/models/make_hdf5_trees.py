"""Write HDF5 files of every version and shape with h5py, and what h5py itself finds in them.

python tests/assets/models/make_hdf5_trees.py tests/assets/models/benign/hdf5    # h5py==3.16.0 (HDF5 2.0.0)
"""

import json
import random
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np

VERSIONS = ("earliest", "v108", "v110", "v112", "v114", "latest")
VALUES: tuple[Any, ...] = (
    "text" * 7,
    "",
    np.bytes_(b"fixed"),
    np.array([b"abc", b"de"], "S"),
    7,
    np.arange(30, dtype="f4"),
    np.frombuffer(b"\x01\x04abc", np.uint8),
    np.void(b"opaque"),
    h5py.Empty("S10"),
)


def main(folder: Path) -> None:
    trees = {}
    for number, version in enumerate((*VERSIONS, "earliest")):
        choice = random.Random(number)
        name = f"tree-{number:02}-{version}.h5"
        options: dict[str, Any] = {"track_order": True} if number % 3 == 0 else {}
        options |= {"userblock_size": 512 << number % 3} if number % 4 == 1 else {}
        with h5py.File(folder / name, "w", libver=version, **options) as file:
            fill(file, choice, 0)
            trees[name] = tree(file)
    (folder / "trees.json").write_text(json.dumps(trees, separators=(",", ":")) + "\n")


def fill(group: Any, choice: random.Random, depth: int) -> None:
    attributes(group, choice, (0, 3, 12) if depth else (12,))
    for number in range(choice.choice((1, 3, 12)) if depth else 14):
        name = choice.choice(("kernel:0", "ü", "a b", "w")) + str(number) + "z" * choice.choice((0, 0, 40))
        kind = choice.randrange(7)
        if kind < 2 and depth < 2:
            fill(group.create_group(name), choice, depth + 1)
        elif kind == 2:
            group[name] = h5py.SoftLink("/nowhere")
        elif kind == 3:
            packed = {"compression": "gzip", "shuffle": True, "fletcher32": True} if choice.random() < 0.5 else {}
            group.create_dataset(name, data=np.arange(24, dtype="f4"), chunks=(12,), **packed)
        elif kind == 4:
            group.create_dataset(name, data=["v1", "v22"], dtype=h5py.string_dtype())
        else:
            attributes(
                group.create_dataset(name, data=np.zeros((2, 3), choice.choice(("f8", "u1", "i4")))), choice, (0, 2)
            )


def attributes(item: Any, choice: random.Random, counts: tuple[int, ...]) -> None:
    for number in range(choice.choice(counts)):
        item.attrs[f"attribute {number}"] = VALUES[(number + choice.randrange(3)) % len(VALUES)]


def tree(file: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    waiting = [("/", file["/"])]
    while waiting:
        path, item = waiting.pop()
        names = [] if isinstance(item, h5py.Dataset) else sorted(item.keys())
        values = {name: [value.hex() for value in texts(item.attrs[name])] for name in item.attrs}
        found[path] = [names, values, list(item.shape) if isinstance(item, h5py.Dataset) else None]
        hard = [name for name in names if isinstance(item.get(name, getlink=True), h5py.HardLink)]
        waiting += [(f"{path.rstrip('/')}/{name}", item[name]) for name in hard]
    return found


def texts(value: Any) -> list[bytes]:
    if isinstance(value, h5py.Empty):
        return []
    if isinstance(value, str):
        return [value.encode()]
    if isinstance(value, np.void):
        return [value.tobytes()]
    array = np.asarray(value)
    if array.dtype.kind == "S":
        return [bytes(item).ljust(array.dtype.itemsize, b"\0") for item in array.ravel()]
    return [array.tobytes()] if array.dtype.itemsize == 1 else []


if __name__ == "__main__":
    main(Path(sys.argv[1]))
