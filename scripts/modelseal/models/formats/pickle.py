"""Pickles: programs that make Python objects, which is what scikit-learn, joblib and old PyTorch files are."""

from modelseal.models.format import Format
from modelseal.models.pickles import inspection, recognition, rules

FORMAT = Format(
    name="pickle",
    title="a pickle",
    recognises=recognition.begins,
    inspect=inspection.inspect,
    rules=rules.RULES,
)
