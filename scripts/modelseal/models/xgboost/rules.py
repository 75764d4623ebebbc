"""What can be wrong with an XGBoost model."""

from modelseal.gate.finding import Severity
from modelseal.models.rule import Rule

_REMEDY = "Do not use the file. Save the model anew: `Booster(model_file='OLD').save_model('NEW.json')` in a sandbox."

TRAILING = Rule(
    id="xgboost-trailing",
    title="Bytes behind an XGBoost model",
    severity=Severity.HIGH,
    happens="XGBoost does not read them; they are there for something else: an archive, a pickle, a program.",
    remedy=_REMEDY,
    atlas=("AML.T0074", "AML.T0011.000"),
    cwe=("CWE-912",),
)
METADATA = Rule(
    id="xgboost-metadata-code",
    title="XGBoost attributes that are a program or a serialised object",
    severity=Severity.HIGH,
    happens="XGBoost runs no attributes; a program that evaluates or unpickles them would run this.",
    remedy=_REMEDY,
    atlas=("AML.T0011.000", "AML.T0010.003"),
    cwe=("CWE-502", "CWE-94"),
)
RULES = (TRAILING, METADATA)
