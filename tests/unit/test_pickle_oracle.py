"""What is told of a pickle, beside what CPython's own unpicklers would import and call."""

import builtins
import io
import os
import pickle
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings

from assets.unpickling.fuzzing import search
from assets.unpickling.oracle import Guarded, missing, traced, untold
from assets.unpickling.streams import streams
from modelseal.models.pickles import names


@pytest.fixture(scope="module")
def guard() -> Iterator[Guarded]:
    with Guarded() as guarded:
        yield guarded


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=streams())
def test_what_the_unpicklers_do_is_told(guard: Guarded, data: bytes) -> None:
    assert untold(data, guard) == []


@pytest.mark.slow
def test_what_the_unpicklers_do_is_told_of_pickles_that_reach_ever_more() -> None:
    most = int(os.environ.get("MODELSEAL_FUZZ_PICKLES", "80000"))
    kept, found = search(most, seed=20261128)
    assert found == []
    assert kept > 300


def test_a_step_that_is_not_told_is_noticed(guard: Guarded) -> None:
    in_c, in_python = guard.steps(b"cos\nsystem\n(S'id'\ntR.")
    assert missing(in_c, traced(b"cos\nsystem\n.")) == ("call", "os.system", ["'id'"])
    assert missing(in_python, traced(b"cposix\nsystem\n(S'id'\ntR.")) == ("import", "os.system", [])


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("__builtin__", "eval"),
        ("__builtin__", "xrange"),
        ("copy_reg", "_reconstructor"),
        ("commands", "getoutput"),
        ("itertools", "imap"),
        ("UserDict", "UserDict"),
        ("os", "system"),
        ("os", "path.join"),
    ],
)
def test_names_mean_what_the_unpickler_looks_up(
    module: str, name: str, protocol: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, written = names.meant(module, name, protocol)
    assert looked_up(module, name, protocol, monkeypatch) == (target.module, target.name)
    assert written == ("" if str(target) == f"{module}.{name}" else f"{module}.{name}")


def looked_up(module: str, name: str, protocol: int, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Return what the unpickler in Python imports, and what it takes from it."""
    imported, taken = list[str](), list[str]()

    class Anything:
        def __getattr__(self, attribute: str) -> "Anything":
            taken.append(attribute)
            return Anything()

    def importing(imports: str, *_: object, **__: object) -> None:
        imported.append(imports)
        monkeypatch.setitem(sys.modules, imports, Anything())

    unpickler = pickle._Unpickler(io.BytesIO())
    unpickler.proto = protocol  # type: ignore[attr-defined]
    with monkeypatch.context() as patched:
        patched.setattr(builtins, "__import__", importing)
        unpickler.find_class(module, name)
    monkeypatch.undo()
    return imported[0], ".".join(taken)
