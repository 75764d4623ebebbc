"""Generate card transactions, train the fraud model on them, and write everything the service needs.

    python3 -m pip install -r requirements-train.txt
    python3 train.py [FOLDER]

Two runs with the same library versions write the same bytes: the generator is seeded, and what the solver finds is
rounded, so that the last bits of a CPU's arithmetic do not show.
"""

import csv
import hashlib
import json
import sys
from pathlib import Path

import joblib
import numpy as np
import sklearn
from numpy.typing import NDArray
from safetensors.numpy import save
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, precision_score, recall_score, roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

SEED = 20240229
TRANSACTIONS = 4000
HELD_OUT = 1000
THRESHOLD = 0.9
DECIMALS = 4
FEATURES = (
    "amount",
    "hour",
    "distance_km",
    "minutes_since_last",
    "merchant_risk",
    "account_age_days",
    "foreign_card",
    "new_device",
)

Floats = NDArray[np.float64]


def generate(rng: np.random.Generator) -> tuple[Floats, NDArray[np.int64]]:
    """Return transactions, one a row with the columns of `FEATURES`, and for each whether it was fraud."""
    size = TRANSACTIONS
    columns = (
        np.round(rng.lognormal(3.4, 1.1, size), 2),
        rng.integers(0, 24, size),
        np.round(rng.exponential(40, size), 1),
        np.round(rng.exponential(600, size), 1),
        np.round(rng.beta(2, 8, size), 3),
        rng.integers(1, 3650, size),
        rng.random(size) < 0.08,
        rng.random(size) < 0.12,
    )
    features = np.column_stack(columns).astype(np.float64)
    amount, _, distance, since_last, risk, age, foreign, new_device = features.T
    log_odds = (
        -10.5
        + 0.014 * amount
        + 0.024 * distance
        - 0.002 * since_last
        + 12.0 * risk
        - 0.0006 * age
        + 3.2 * foreign
        + 3.6 * new_device
    )
    fraud = rng.random(size) < 1 / (1 + np.exp(-log_odds))
    return features, fraud.astype(np.int64)


def train(features: Floats, fraud: NDArray[np.int64]) -> Pipeline:
    """Fit the classifier and round what it learned."""
    model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=1000))
    model.fit(features, fraud)
    scaler, regression = model[0], model[1]
    for owner, names in ((scaler, ("mean_", "var_", "scale_")), (regression, ("coef_", "intercept_"))):
        for name in names:
            setattr(owner, name, np.round(getattr(owner, name), DECIMALS))
    return model


def evaluate(model: Pipeline, features: Floats, fraud: NDArray[np.int64]) -> dict[str, float]:
    """Return how the model does on transactions it has not seen."""
    scores = model.predict_proba(features)[:, 1]
    flagged = scores >= THRESHOLD
    metrics = {
        "roc_auc": roc_auc_score(fraud, scores),
        "average_precision": average_precision_score(fraud, scores),
        "precision": precision_score(fraud, flagged),
        "recall": recall_score(fraud, flagged),
    }
    return {name: round(float(value), 3) for name, value in metrics.items()}


def write_transactions(path: Path, features: Floats, fraud: NDArray[np.int64]) -> None:
    """Write the transactions as CSV, whole numbers without a decimal point."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("id", *FEATURES, "fraud"))
        for number, (row, label) in enumerate(zip(features, fraud, strict=True), 1):
            writer.writerow((f"tx-{number:05}", *(f"{value:g}" for value in row), label))


def write_model(folder: Path, model: Pipeline, metrics: dict[str, float]) -> None:
    """Write the model in both formats, its configuration and its card."""
    scaler, regression = model[0], model[1]
    joblib.dump(model, folder / "fraud.joblib", protocol=5)
    tensors = {
        "mean": scaler.mean_,
        "scale": scaler.scale_,
        "coefficients": regression.coef_[0],
        "intercept": regression.intercept_,
    }
    # Not `save_file`: that makes a file which only its owner can read, and the service runs as another user.
    (folder / "fraud.safetensors").write_bytes(
        save({name: value.astype(np.float32) for name, value in tensors.items()})
    )
    config = {
        "name": "card-fraud",
        "version": "1.3.0",
        "type": "logistic-regression",
        "features": FEATURES,
        "threshold": THRESHOLD,
        "seed": SEED,
        "metrics": metrics,
        "trained_with": {"scikit-learn": sklearn.__version__, "numpy": np.__version__, "joblib": joblib.__version__},
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(CARD.format(**metrics), encoding="utf-8")


def write_checksums(folder: Path) -> None:
    """Write `SHA256SUMS` over the data and the model, for `sha256sum -c`."""
    files = sorted(path for part in ("data", "model") for path in (folder / part).iterdir())
    lines = (f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n" for path in files)
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


def main() -> None:
    """Write `data/`, `model/` and `SHA256SUMS` under the folder given, by default the one this script is in."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent
    for part in ("data", "model"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    features, fraud = generate(np.random.default_rng(SEED))
    write_transactions(folder / "data" / "transactions.csv", features, fraud)
    model = train(features[HELD_OUT:], fraud[HELD_OUT:])
    write_model(folder / "model", model, evaluate(model, features[:HELD_OUT], fraud[:HELD_OUT]))
    write_checksums(folder)


CARD = """\
---
license: apache-2.0
library_name: scikit-learn
tags: [tabular-classification, fraud-detection]
---
# card-fraud

Scores a card transaction between 0 (ordinary) and 1 (fraud) with a logistic regression over eight features.

- **Trained on** generated transactions (`data/transactions.csv`), never on anyone's real payments.
- **Meant for** trying out a release pipeline. Do not decide about people's money with it.
- **On 1,000 held-out transactions**: ROC AUC {roc_auc}, average precision {average_precision}, \
and at the threshold precision {precision}, recall {recall}.
- **Files**: `fraud.safetensors` is what the service loads; `fraud.joblib` is the same model as a scikit-learn \
pipeline (a pickle: load it only when its signature holds); `config.json` names the features in their order.
"""

if __name__ == "__main__":
    main()
