"""Tell formulas that only name and transform columns from those that run code.

A formula is Python between its own operators: patsy and formulaic evaluate each of its terms, and statsmodels has them
do so while a model is unpickled. https://patsy.readthedocs.io/en/latest/formulas.html
"""

import re
from typing import Final

from modelseal.models.pickles.trace import Container, Kind, Value

_LONGEST: Final = 10_000
# What stands before a bracket that opens: a name, or the end of something that is called, too.
_CALL: Final = re.compile(r"([\w.]*|[\])}'\"`])\s*\(")
# What formulas call: codings of categories, splines, and arithmetic on columns.
_PLAIN: Final = frozenset(
    {"C", "Q", "I", "bs", "cr", "cc", "te", "cs", "poly", "center", "scale", "standardize", "lag", "hashed"}
    | {"Treatment", "Sum", "Poly", "Helmert", "Diff", "contr.treatment", "contr.sum", "contr.poly", "contr.helmert"}
    | {"contr.diff", "contr.SAS", "contr.custom", "abs", "bool", "float", "int", "len", "max", "min", "pow", "round"}
    | {"exp", "exp10", "exp2", "log", "log10", "log2", "sqrt"}
)
_ARITHMETIC: Final = re.compile(
    r"(?:np|numpy)\.(?:a?(?:rc)?(?:sin|cos|tan)h?|abs|absolute|cbrt|ceil|clip|diff|exp|exp2|expm1|fabs|floor|isnan|log"
    r"|log10|log1p|log2|maximum|mean|median|minimum|multiply|nan_to_num|power|reciprocal|rint|round|sign|sqrt|square|std"
    r"|subtract|add|divide|where)"
)


def plain(formula: str) -> bool:
    """Tell whether a formula calls nothing but what formulas are made of, and reaches for nothing internal."""
    # A line that goes on, or a comment, could stand between a name and its bracket.
    if len(formula) > _LONGEST or any(part in formula for part in ("__", "\\", "#")):
        return False
    called = [match[1] for match in _CALL.finditer(formula)]
    return all(not name or name in _PLAIN or _ARITHMETIC.fullmatch(name) for name in called)


def accepted(arguments: tuple[Value, ...]) -> bool:
    """Accept the state of a model's data in statsmodels: told to, it evaluates the formula in it.

    https://github.com/statsmodels/statsmodels/blob/v0.14.4/statsmodels/base/data.py: ModelData.__setstate__
    """
    state = arguments[0] if arguments else None
    if not isinstance(state, Container) or state.kind is not Kind.DICT or state.dropped:
        return False
    pairs = list(zip(state.items[::2], state.items[1::2], strict=False))
    if all(type(key) is str and not key.startswith("restore_") for key, _ in pairs):
        return True
    given = [value for key, value in pairs if type(key) is not str or key == "formula"]
    return all(isinstance(value, str) and plain(value) for value in given)
