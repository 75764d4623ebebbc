"""Write objects of classes that no framework has, as people do. Run by hand: `python own_classes.py FOLDER`."""

import pickle
import sys
from pathlib import Path

from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer


class Rounded(BaseEstimator, TransformerMixin):
    """A transformer of one's own."""

    def fit(self, values, targets=None):
        return self

    def transform(self, values):
        return values.round(1)


class Settings:
    def __init__(self):
        self.rate = 0.1


def double(values):
    return values * 2


def main():
    """Write them as from a package, which the loader needs."""
    folder = Path(sys.argv[1]) / "own"
    folder.mkdir(parents=True, exist_ok=True)
    for thing in (Rounded, Settings, double):
        thing.__module__ = "churn.features"
    sys.modules["churn"] = sys.modules["churn.features"] = sys.modules[__name__]
    sys.modules["churn"].features = sys.modules[__name__]
    made = {
        "transformer": make_pipeline(Rounded(), LogisticRegression()),
        "settings": {"settings": Settings()},
        "function": FunctionTransformer(double),
        "class": [Rounded],
    }
    for protocol, (name, value) in enumerate(sorted(made.items())):
        (folder / (name + ".pkl")).write_bytes(pickle.dumps(value, protocol))


if __name__ == "__main__":
    main()
