"""Write what users of dill write of plain values. Run by hand: `python dill_values.py FOLDER`.

The committed files are of dill 0.4.1, with NumPy 2.4.6, pandas 2.3.3 and scikit-learn 1.9.1.
"""

import sys
from pathlib import Path

import dill
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

X = np.random.RandomState(0).rand(10, 2)


def main():
    """Write each kind of value, with the protocols that differ."""
    folder = Path(sys.argv[1]) / f"dill-{dill.__version__}"
    folder.mkdir(parents=True, exist_ok=True)
    values = {
        "array": X,
        "frame": pd.DataFrame(X),
        "pipeline": make_pipeline(StandardScaler(), LogisticRegression()).fit(X, X[:, 0] > X[:, 0].mean()),
        "types": [int, dict, type(None), np.float64, {1, 2}],
    }
    for name, value in values.items():
        for protocol in (2, 5):
            (folder / f"{name}-{protocol}.pkl").write_bytes(dill.dumps(value, protocol=protocol))


if __name__ == "__main__":
    main()
