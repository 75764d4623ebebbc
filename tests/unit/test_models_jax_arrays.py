"""What puts an array of JAX together may be given nothing but what NumPy's own arrays are pickled as."""

import pytest

from modelseal.models.pickles.judgement import Outcome, judge
from modelseal.models.pickles.trace import Call, Container, Global, How, Kind, Result, Value

MAKES = Global("numpy._core.multiarray", "_reconstruct")
EMPTY = (Global("numpy", "ndarray"), (0,), b"b")
FLOAT = Result(Call(0, How.REDUCE, Global("numpy", "dtype"), ("f4", False, True)))
STATE = (1, (2,), FLOAT, False, bytes(8))
WEAK = Container(Kind.DICT, ["weak_type", False])
NAMESPACE = Result(Call(0, How.NEWOBJ, Global("types", "SimpleNamespace"), ()))


def outcome(*arguments: Value) -> Outcome:
    return judge(Call(0, How.REDUCE, Global("jax._src.array", "_reconstruct_array"), arguments)).outcome


def test_an_array_as_jax_pickles_it_is_safe() -> None:
    assert outcome(MAKES, EMPTY, STATE, WEAK) is Outcome.SAFE


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        (MAKES, EMPTY, STATE),
        (Global("builtins", "getattr"), EMPTY, STATE, WEAK),
        (Global("os", "system"), ("echo harmless",), STATE, WEAK),
        (Global("functools", "partial"), EMPTY, STATE, WEAK),
        (MAKES, (Global("types", "SimpleNamespace"), (0,), b"b"), STATE, WEAK),
        (MAKES, (*EMPTY, 1), STATE, WEAK),
        (MAKES, EMPTY, Container(Kind.DICT, ["shape", 1]), WEAK),
        (MAKES, EMPTY, (1, (2,), NAMESPACE, False, bytes(8)), WEAK),
        (MAKES, EMPTY, (1, (NAMESPACE,), FLOAT, False, bytes(8)), WEAK),
        (MAKES, EMPTY, (1, (2,), FLOAT, False, Container(Kind.LIST, [NAMESPACE])), WEAK),
        (MAKES, EMPTY, STATE, Container(Kind.DICT, ["weak_type", NAMESPACE])),
        (MAKES, EMPTY, STATE, Container(Kind.DICT, [NAMESPACE, False])),
        (MAKES, EMPTY, STATE, NAMESPACE),
    ],
)
def test_anything_else_is_not_safe(arguments: tuple[Value, ...]) -> None:
    assert outcome(*arguments) is not Outcome.SAFE
