"""Write plain data, NumPy, pandas and SciPy values, as their users do. Run by hand: `python data_values.py FOLDER`.

The committed files are of NumPy 1.17.5, 1.26.4 and 2.4.6, pandas 0.25.3, 2.0.3 and 3.1.1.
"""

import collections
import datetime
import decimal
import enum
import fractions
import functools
import operator
import pathlib
import pickle
import random
import re
import sys
import types
import uuid
import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import scipy
from scipy import interpolate, sparse, spatial, stats

UTC = datetime.timezone.utc


class Colour(enum.Enum):
    RED = 1


def plain():
    """Return data of the standard library's own types."""
    named = collections.OrderedDict([("weight", 0.5), ("bias", [1, 2, 3])])
    return {
        "everything": {
            "none": None,
            "truth": (True, False),
            "numbers": [0, -1, 255, 65536, 2**31, -(2**63), 2**100, 1.5, float("inf"), 3 + 4j],
            "text": ["", "plain", "\u00e4\u00f6\u00fc", "\U0001f600", "two\nlines", "back\\slash"],
            "bytes": [b"", b"\x00\xff", b"x" * 300, bytearray(b"abc")],
            "nested": [[[[[]]]], {"a": {"b": {"c": ()}}}, {1, 2}, frozenset([3])],
        },
        "ordered": named,
        "collections": [
            collections.Counter("abracadabra"),
            collections.deque([1, 2], 5),
            collections.defaultdict(list, a=[1]),
            collections.defaultdict(int),
            collections.UserDict(a=1),
            collections.UserList([1]),
        ],
        "dates": [
            datetime.date(2026, 1, 2),
            datetime.datetime(2026, 1, 2, 3, 4, 5, 6),
            datetime.datetime(2026, 1, 2, tzinfo=UTC),
            datetime.time(1, 2),
            datetime.timedelta(days=1),
            datetime.timezone(datetime.timedelta(hours=2), "there"),
        ],
        "values": [
            decimal.Decimal("1.50"),
            fractions.Fraction(1, 3),
            uuid.UUID(int=5),
            pathlib.PurePosixPath("models/a"),
            pathlib.Path("models/b"),
            re.compile("a+b", re.IGNORECASE),
            range(3),
            slice(1, 2),
            Ellipsis,
            NotImplemented,
            int,
            type(None),
            complex(1, 2),
            types.SimpleNamespace(a=1),
            ValueError("not so"),
            KeyError("k"),
        ],
        "callables": [
            functools.partial(int, base=2),
            operator.itemgetter(1),
            operator.attrgetter("shape"),
            len,
            sorted,
            max,
            str.upper,
            collections.OrderedDict.fromkeys,
        ],
        "random-state": [random.getstate(), random.Random(5)],
        "text-that-looks-bad": ["os.system", "cposix\nsystem\n", "eval(compile('1','','exec'))", "__import__('os')"],
        "shared": _shared(),
    }


def _shared():
    once = ["again"]
    cyclic = {"one": once, "two": once}
    cyclic["self"] = cyclic
    return cyclic


def numpy_values():
    """Return arrays, scalars, dtypes and random generators."""
    structured = np.array([(1, 2.0, b"x")], dtype=[("a", "i4"), ("b", "f8"), ("c", "S3")])
    made = {
        "array": np.arange(6, dtype="f4").reshape(2, 3),
        "array-fortran": np.asfortranarray(np.eye(3)),
        "array-view": np.arange(10)[::2],
        "array-object": np.array([None, "a", {"k": 1}], dtype=object),
        "array-text": np.array(["a", "bcd"]),
        "array-bytes": np.array([b"a", b"bcd"]),
        "array-structured": structured,
        "record": structured[0],
        "array-dates": np.array(["2026-01-01", "NaT"], dtype="M8[D]"),
        "array-empty": np.zeros((0, 3)),
        "array-big-endian": np.arange(3, dtype=">i8"),
        "masked": np.ma.array([1, 2, 3], mask=[0, 1, 0]),
        "matrix": np.asmatrix(np.eye(2)),
        "recarray": structured.view(np.recarray),
        "scalars": [np.float64(1.5), np.float32(2), np.int64(3), np.bool_(True), np.str_("x"), np.bytes_(b"y"),
                    np.complex128(1j), np.datetime64("2026-01-01"), np.timedelta64(1, "D"), np.uint8(1), np.float16(1)],
        "dtypes": [np.dtype("f8"), np.dtype(">i2"), structured.dtype, np.dtype("O"), np.float32, np.int64, np.ndarray],
        "ufuncs": [np.log1p, np.exp, np.add, np.mean, np.clip, np.linalg.norm],
        "random-state": np.random.RandomState(3),
        "random-get-state": np.random.get_state(),
        "poly": np.poly1d([1, 2]),
        "mgrid": np.mgrid,
    }  # fmt: skip
    if hasattr(np.random, "default_rng"):
        made["generator"] = np.random.default_rng(3)
        made["generators"] = [
            np.random.Generator(kind(1)) for kind in (np.random.MT19937, np.random.Philox, np.random.SFC64)
        ]
        made["bit-generator"] = np.random.PCG64(1)
        if hasattr(np.random, "SeedSequence"):
            made["seed-sequence"] = np.random.SeedSequence(5)
    made["polynomial"] = np.polynomial.Polynomial([1, 2])
    return made


def pandas_values():
    """Return frames, series, indexes and the scalars of pandas."""
    dates = pd.date_range("2026-01-01", periods=3, freq="D")
    frame = pd.DataFrame(
        {
            "number": [1, 2, 3],
            "real": [1.0, np.nan, 3.0],
            "text": ["a", None, "c"],
            "kind": pd.Categorical(["x", "y", "x"]),
            "date": dates,
            "zoned": dates.tz_localize("Europe/Berlin"),
            "utc": dates.tz_localize("UTC"),
            "span": pd.to_timedelta([1, 2, 3], unit="D"),
            "truth": [True, False, True],
        }
    )
    made = {
        "frame": frame,
        "frame-empty": pd.DataFrame(),
        "frame-indexed": frame.set_index(["kind", "number"]),
        "series": frame["real"],
        "series-text": frame["text"],
        "categorical": frame["kind"],
        "ordered-categories": pd.Categorical(["a", "b"], categories=["b", "a"], ordered=True),
        "multi-index": pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["x", "y"]),
        "range-index": pd.RangeIndex(5),
        "period": [pd.Period("2026-01"), pd.period_range("2026-01", periods=3, freq="M")],
        "interval": [pd.Interval(0, 1), pd.interval_range(0, 3), pd.cut([1, 2, 3], 2)],
        "timestamp": [
            pd.Timestamp("2026-01-01"),
            pd.Timestamp("2026-01-01", tz="Europe/Berlin"),
            pd.NaT,
            pd.Timedelta(1, "D"),
        ],
        "offsets": [pd.offsets.MonthEnd(2), pd.offsets.BDay(), pd.tseries.offsets.Hour(3), pd.DateOffset(months=1)],
        "index": [
            pd.Index([1, 2]),
            pd.Index(["a"]),
            pd.Index([1.5]),
            dates,
            pd.TimedeltaIndex(["1D"]),
            pd.CategoricalIndex(["a"]),
        ],
        "sparse": pd.Series(pd.arrays.SparseArray([0, 0, 1])) if hasattr(pd, "arrays") else None,
        "dtypes": [frame.dtypes, pd.CategoricalDtype(["a"]), frame["zoned"].dtype],
    }
    if hasattr(pd, "NA"):
        made["nullable"] = pd.DataFrame(
            {
                "i": pd.array([1, None], dtype="Int64"),
                "b": pd.array([True, None], dtype="boolean"),
                "s": pd.array(["a", None], dtype="string"),
                "f": pd.array([1.0, None], dtype="Float64"),
            }
        )
        made["missing"] = [pd.NA, pd.NaT]
    made["grouped"] = {"sizes": frame.groupby("text").size()}
    return made


def scipy_values():
    """Return sparse matrices, distributions, interpolators and trees of SciPy."""
    matrix = sparse.random(4, 4, 0.3, random_state=0)
    made = {
        "sparse-" + kind: getattr(matrix, "to" + kind)() for kind in ("csr", "csc", "coo", "lil", "dok", "bsr", "dia")
    }
    made["distributions"] = [
        stats.norm(0, 1),
        stats.uniform(0, 1),
        stats.randint(1, 5),
        stats.loguniform(1e-3, 1) if hasattr(stats, "loguniform") else None,
    ]
    made["distribution"] = stats.norm
    made["kde"] = stats.gaussian_kde([1.0, 2.0, 3.0])
    made["interpolation"] = interpolate.interp1d([1, 2, 3], [1, 4, 9])
    made["spline"] = interpolate.CubicSpline([1, 2, 3], [1, 4, 9])
    made["univariate-spline"] = interpolate.UnivariateSpline([1, 2, 3, 4], [1, 4, 9, 16])
    made["b-spline"] = interpolate.make_interp_spline([1, 2, 3, 4], [1, 4, 9, 16])
    made["interpolator"] = interpolate.RegularGridInterpolator(([1, 2], [1, 2]), np.eye(2))
    made["kd-tree"] = spatial.cKDTree(np.eye(3))
    made["python-kd-tree"] = spatial.KDTree(np.eye(3))
    made["rotation"] = spatial.transform.Rotation.from_euler("z", 90, degrees=True)
    made["optimum"] = scipy.optimize.OptimizeResult(x=np.zeros(2), success=True)
    made["test-result"] = stats.ttest_ind([1, 2, 3], [2, 3, 5])
    if hasattr(sparse, "csr_array"):
        made["sparse-array"] = sparse.csr_array(matrix)
    return made


def main():
    """Write each family; plain data with every protocol."""
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1])
    python = "python-{}.{}".format(*sys.version_info)
    for name, value in plain().items():
        for protocol in (
            range(pickle.HIGHEST_PROTOCOL + 1)
            if name in ("everything", "ordered", "shared")
            else [2, pickle.HIGHEST_PROTOCOL]
        ):
            _write(folder / python, "{}-{}".format(name, protocol), value, protocol)
    for family, version, values in (
        ("numpy", np.__version__, numpy_values),
        ("pandas", pd.__version__, pandas_values),
        ("scipy", scipy.__version__, scipy_values),
    ):
        for place, (name, value) in enumerate(sorted(values().items())):
            _write(folder / "{}-{}".format(family, version), name, value, [2, 4, 3, 5, 0, 1][place % 6])
    compressed = folder / "joblib-{}".format(joblib.__version__)
    compressed.mkdir(exist_ok=True)
    value = {"weights": np.arange(50.0), "object": np.array([None, 1], dtype=object), "name": "model"}
    for compress in (0, 3, ("zlib", 1), ("gzip", 9), ("bz2", 3), ("xz", 3), ("lzma", 3), ("lz4", 3)):
        named = compress[0] if isinstance(compress, tuple) else "raw" if compress == 0 else "default"
        try:
            joblib.dump(value, compressed / (named + ".joblib"), compress=compress)
        except ValueError as fault:
            print(named, fault)


def _write(folder, name, value, protocol):
    folder.mkdir(parents=True, exist_ok=True)
    try:
        (folder / (name + ".pkl")).write_bytes(pickle.dumps(value, min(protocol, pickle.HIGHEST_PROTOCOL)))
    except Exception as fault:
        print(folder.name, name, "cannot be pickled:", repr(fault)[:100])


if __name__ == "__main__":
    main()
