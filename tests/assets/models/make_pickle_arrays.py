"""Write the harmless files in `benign/pickles`: arrays by joblib, tensors by PyTorch as before 1.6.

Run once with each framework there was: `python make_pickle_arrays.py benign/pickles NAME`. The files there come from
Python 3.7 with joblib 0.14.1 and NumPy 1.17.5 (`old`), Python 3.11 with joblib 1.6.0 and NumPy 2.4.6 (`new`), and
Python 3.11 with PyTorch 2.13.0 (`torch`).
"""

import importlib.util
import sys
from pathlib import Path


def arrays(folder: Path, name: str) -> None:
    import joblib  # noqa: PLC0415 # only where it is installed
    import numpy as np  # noqa: PLC0415

    chance = np.random.RandomState(0)
    values = {
        "floats": np.arange(10.0),
        "fortran": np.asfortranarray(chance.rand(20, 5)),
        "objects": np.array(["a", None, {"x": 1}], dtype=object),
        "texts": np.array(["ab", "cdef"]),
        "records": np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        "empty": np.zeros((0, 4)),
        "dates": np.array(["2020-01-01"], dtype="M8[D]"),
        "bytes": chance.randint(0, 255, 5000).astype(np.uint8),
        "mixed": {"a": np.arange(5), "b": [np.arange(3), "x"], "c": np.array([[1, 2], [3, 4]], dtype=object)},
    }
    for kind, value in values.items():
        joblib.dump(value, folder / f"{name}-{kind}.joblib")
    joblib.dump(values["mixed"], folder / f"{name}-mixed-protocol-0.joblib", protocol=0)


def tensors(folder: Path, name: str) -> None:
    import torch  # noqa: PLC0415 # only where it is installed

    tensor = torch.arange(10.0)
    values = {
        "views": [tensor, tensor[2:5], tensor.view(2, 5)],
        "kinds": [tensor.half(), tensor.long(), tensor > 3, tensor.bfloat16(), torch.complex(tensor, tensor)],
        "empty": torch.zeros(0),
        "state": torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3)).state_dict(),
        "nothing": {"epoch": 3},
    }
    for kind, value in values.items():
        torch.save(value, folder / f"{name}-{kind}.pt", _use_new_zipfile_serialization=False)
    torch.save(tensor, folder / f"{name}-protocol-4.pt", _use_new_zipfile_serialization=False, pickle_protocol=4)


if __name__ == "__main__":
    make = tensors if importlib.util.find_spec("torch") else arrays
    make(Path(sys.argv[1]), sys.argv[2])
