from pathlib import Path

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from modelseal.models.pickles.judgement import Outcome, judge
from modelseal.models.pickles.technique import Technique
from modelseal.models.pickles.trace import (
    Call,
    Container,
    Extension,
    Global,
    How,
    Import,
    Kind,
    Long,
    Result,
    Unresolved,
    Via,
)

LISTS = Path(__file__).parents[1] / "assets" / "model-globals"
# Published: advisories of picklescan (CVE-2025-1716, -1889, -1944, -1945, -10155 to -10157), fickling and modelscan,
# https://github.com/mmaitre314/picklescan/security/advisories and arXiv:2508.19774.
GADGETS = (LISTS / "gadgets.txt").read_text(encoding="utf-8").split()

HARMLESS = (LISTS / "harmless.txt").read_text(encoding="utf-8").split()


def imported(dotted: str) -> Import:
    module, _, name = dotted.rpartition(".")
    return Import(0, Global(module, name), Via.GLOBAL, 4)


def called(dotted: str, *arguments: object, how: How = How.REDUCE) -> Call:
    module, _, name = dotted.rpartition(".")
    return Call(0, how, Global(module, name), arguments)  # type: ignore[arg-type]


def made(dotted: str) -> Result:
    return Result(called(dotted, how=How.NEWOBJ))


def given(target: object, state: object) -> Call:
    return Call(0, How.BUILD, target, (state,))  # type: ignore[arg-type]


def dictionary(**items: object) -> Container:
    return Container(Kind.DICT, [part for pair in items.items() for part in pair])  # type: ignore[misc]


@pytest.mark.parametrize("dotted", GADGETS)
def test_what_attacks_import_is_named_as_dangerous(dotted: str) -> None:
    assert judge(imported(dotted)).outcome is Outcome.DANGEROUS
    assert judge(called(dotted, "x")).outcome is Outcome.DANGEROUS


@pytest.mark.parametrize("dotted", HARMLESS)
def test_what_frameworks_write_is_safe(dotted: str) -> None:
    assert judge(imported(dotted)).outcome is Outcome.SAFE


@pytest.mark.parametrize(
    "dotted",
    ["mypackage.models.Net", "__main__.Net", "sklearn.NoSuchThing", "numpy.random.nothing", "collections.nothing"],
)
def test_what_is_not_known_is_named(dotted: str) -> None:
    judged = judge(imported(dotted))
    assert (judged.outcome, judged.subject) == (Outcome.UNKNOWN, dotted)


def test_a_policy_allows_what_it_names_and_nothing_else() -> None:
    allowed = frozenset({"mypackage.Net"})
    assert judge(imported("mypackage.Net"), allowed).outcome is Outcome.SAFE
    assert judge(called("mypackage.Net", 1), allowed).outcome is Outcome.SAFE
    assert judge(given(made("mypackage.Net"), dictionary(a=1)), allowed).outcome is Outcome.SAFE
    assert judge(imported("mypackage.Net.build"), allowed).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("numpy", "core._internal.sys.modules"),
        ("torch.serialization", "os.system"),
        ("sklearn.utils", "os"),
        ("numpy", "__builtins__"),
        ("collections", "OrderedDict.__init__.__globals__"),
        ("pandas.io.clipboard", "subprocess.Popen"),
        ("mypackage", "Net.__class__.__base__.__subclasses__"),
        ("pandas.io.clipboard", "Popen"),
        ("builtins", "dict.__class__"),
    ],
)
def test_a_name_that_leads_through_a_harmless_module_is_followed(module: str, name: str) -> None:
    assert judge(Import(0, Global(module, name), Via.STACK_GLOBAL, 4)).outcome is Outcome.DANGEROUS


def test_names_that_only_running_tells_are_dangerous() -> None:
    assert (
        judge(Import(0, Unresolved(made("builtins.str"), "system"), Via.STACK_GLOBAL, 4)).outcome is Outcome.DANGEROUS
    )
    assert judge(Import(0, Extension(1), Via.EXTENSION, 2)).outcome is Outcome.DANGEROUS


@pytest.mark.parametrize(
    "step",
    [
        called("numpy.mean", 1),
        called("sklearn.svm._classes.SVC", 1),
        called("builtins.getattr", Global("sklearn.svm._classes", "SVC"), "__init__"),
        called("builtins.getattr", "text", "format"),
        called("builtins.type", "Name", (), dictionary()),
        called("_codecs.encode", "text", "rot13"),
        called("copyreg._reconstructor", Global("os", "PathLike"), Global("builtins", "object"), None),
        called("copyreg._reconstructor", Global("builtins", "dict"), Global("subprocess", "Popen"), "id"),
        called("numpy.random._pickle.__bit_generator_ctor", Global("collections", "OrderedDict")),
        called("numpy.random._pickle.__generator_ctor", "id", Global("numpy", "mean")),
        called("numpy.core._ufunc_reconstruct", "os", "system"),
        called(
            "torch._tensor._rebuild_from_type_v2", Global("builtins", "len"), Global("torch", "Tensor"), ("x",), None
        ),
        called("torch._tensor._rebuild_from_type_v2", Global("os", "system"), Global("torch", "Tensor"), ("x",), None),
        called("torch.storage._load_from_bytes", dictionary()),
        called("functools.reduce", Global("operator", "add"), ("a", "b")),
        called("dateutil.tz.tz.tzfile", "/etc/passwd"),
        called("operator.attrgetter", Global("builtins", "dict")),
        called("numpy.memmap", "/etc/passwd", how=How.NEWOBJ),
        called("numpy.mean", how=How.NEWOBJ),
        called("torch.nn.modules.linear.Linear", 1, how=How.OBJ),
        Call(0, How.REDUCE, Result(called("functools.partial", Global("numpy", "mean"))), (1,)),
        Call(0, How.REDUCE, Result(called("operator.itemgetter", 0)), ((),)),
        Call(0, How.REDUCE, made("numpy.vectorize"), (1,)),
        Call(0, How.NEWOBJ, Result(called("builtins.type", None)), ()),
        Call(0, How.REDUCE, "text", ()),
        Call(0, How.PERSISTENT, None, ("os.system",)),
        given(Global("numpy", "mean"), dictionary(a=1)),
        given(Result(called("builtins.type", None)), dictionary(a=1)),
        given(Result(called("logging.getLogger", "root")), dictionary(disabled=True)),
        given("text", dictionary()),
        given(
            Result(called("builtins.getattr", Global("scipy.spatial.kdtree", "KDTree"), "leafnode")), dictionary(a=1)
        ),
        given(made("sklearn.pipeline.Pipeline"), dictionary(__setstate__=Result(called("functools.partial")))),
        given(made("sklearn.pipeline.Pipeline"), (None, dictionary(__class__=Global("numpy", "ndarray")))),
        given(made("sklearn.pipeline.Pipeline"), Container(Kind.LIST, [("append", Global("numpy", "mean"))])),
        Call(0, How.SETITEM, Global("collections", "OrderedDict"), ("a", 1)),
        Call(0, How.SETITEM, Result(called("collections.OrderedDict"), (dictionary(a=1),)), ("a", 1)),
        given(Result(called("sklearn.pipeline.Pipeline", how=How.NEWOBJ), (dictionary(), dictionary())), dictionary()),
        Call(0, How.EXTEND, Result(called("mypackage.make")), (1,)),
    ],
)
def test_a_known_name_that_is_used_as_no_framework_does_is_not_safe(step: Call) -> None:
    assert judge(step).outcome is not Outcome.SAFE


@pytest.mark.parametrize(
    "step",
    [
        called("copyreg._reconstructor", Global("sklearn.svm._classes", "SVC"), Global("builtins", "object"), None),
        called("builtins.type", None),
        called("_codecs.encode", "\x80", "latin1"),
        called("numpy.core._ufunc_reconstruct", "numpy", "log1p"),
        called("functools.reduce", Global("operator", "or_"), (Global("builtins", "int"), Global("builtins", "str"))),
        called("functools.partial", Global("numpy", "clip")),
        called("numpy.random._pickle.__randomstate_ctor", "MT19937"),
        called(
            "numpy.random._pickle.__generator_ctor",
            Result(called("numpy.random._pickle.__bit_generator_ctor", "PCG64")),
        ),
        called(
            "torch._tensor._rebuild_from_type_v2",
            Global("torch._utils", "_rebuild_tensor_v2"),
            Global("torch", "Tensor"),
            (),
            None,
        ),
        given(made("sklearn.pipeline.Pipeline"), dictionary(steps=(), append=True)),
        given(
            Result(
                called(
                    "copyreg._reconstructor", Global("sklearn.pipeline", "Pipeline"), Global("builtins", "object"), None
                )
            ),
            dictionary(a=1),
        ),
        Call(0, How.SETITEM, Result(called("collections.OrderedDict")), ("a", 1)),
        Call(0, How.PERSISTENT, None, (("storage", Global("torch", "FloatStorage"), "0", "cpu", 1),)),
        called("__torch__.Net", how=How.NEWOBJ),
    ],
)
def test_what_frameworks_do_is_safe(step: Call) -> None:
    assert judge(step).outcome is Outcome.SAFE


def test_a_partial_that_is_called_is_judged_by_what_it_calls() -> None:
    made_of = called("functools.partial", Global("pandas.core.internals.blocks", "new_block"))
    state = (Global("pandas.core.internals.blocks", "new_block"), (), dictionary(ndim=2), None)
    block = Result(made_of, (state,))
    assert judge(Call(0, How.REDUCE, block, (made("numpy.ndarray"), made("builtins.slice")))).outcome is Outcome.SAFE
    block = Result(made_of, (state, (Global("os", "system"), ("id",), dictionary(), None)))
    assert judge(Call(0, How.REDUCE, block, ())).outcome is Outcome.DANGEROUS


def test_a_partial_that_brings_keywords_is_only_called_where_any_arguments_are_harmless() -> None:
    maker = Global("numpy.random._pickle", "__bit_generator_ctor")
    state = (maker, (), dictionary(bit_generator=Global("collections", "OrderedDict")), None)
    partial = Result(called("functools.partial", maker), (state,))
    assert judge(Call(0, How.REDUCE, partial, ())).outcome is Outcome.DANGEROUS


def test_a_distribution_may_only_be_given_the_code_that_scipy_writes() -> None:
    written = (
        "\ndef _parse_args(self, a, b, loc=0, scale=1):\n    return (a, b), loc, scale\n\n"
        "def _parse_args_rvs(self, a, b, loc=0, scale=1, size=None):\n"
        "    return self._argcheck_rvs(a, b, loc, scale, size=size)\n\n"
        "def _parse_args_stats(self, a, b, loc=0, scale=1, moments='mv'):\n    return (a, b), loc, scale, moments\n"
    )
    beta = made("scipy.stats._continuous_distns.beta_gen")
    assert judge(given(beta, dictionary(_parse_arg_template=written, numargs=2))).outcome is Outcome.SAFE
    attacks = [
        dictionary(_parse_arg_template="import os\nos.system('id')"),
        dictionary(_parse_arg_template=written + "import os"),
        dictionary(_parse_arg_template=written.replace("loc=0", "loc=print()")),
        dictionary(_parse_arg_template=made("builtins.str")),
        Container(Kind.LIST, [("_parse_arg_template", "import os")]),
        (Container(Kind.DICT, ["_parse_arg_template", 1, "import os", 2]), ()),
        (dictionary(a=1), ("_parse_arg_template", "import os")),
        Result(called("collections.OrderedDict")),
    ]
    for state in attacks:
        judged = judge(given(beta, state))
        assert (judged.outcome, judged.technique) == (Outcome.DANGEROUS, Technique.CODE)


def test_what_is_loaded_in_turn_is_handed_on() -> None:
    assert judge(called("torch.storage._load_from_bytes", b"\x80\x02.")).nested == b"\x80\x02."
    long = Long("bytes", 10, 500, "")
    assert judge(called("torch.storage._load_from_bytes", long)).nested is long


def test_values_without_end_are_not_spelled_out() -> None:
    endless = Container(Kind.LIST, [])
    endless.items.append(endless)
    deep = Result(called("mypackage.f"))
    for _ in range(5000):
        deep = Result(Call(0, How.REDUCE, deep, (endless,)))
    for step in (given(deep, endless), Call(0, How.REDUCE, deep, (endless,)), given(endless, (endless, endless))):
        assert judge(step).outcome is not Outcome.SAFE


names = st.sampled_from(["__setstate__", "append", "system", "numpy", "os", "_parse_arg_template", "latin1", ""])
imports = st.sampled_from(
    [*HARMLESS, "os.system", "mypackage.Net", "builtins.getattr", "functools.partial", "copyreg._reconstructor"]
)
values = st.recursive(
    st.one_of(
        st.none(),
        st.integers(),
        names,
        st.binary(max_size=3),
        imports.map(lambda dotted: Global(*dotted.rsplit(".", 1))),
        st.just(Extension(1)),
        st.just(Long("str", 0, 500, "")),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(tuple),
        st.builds(Container, st.sampled_from(Kind), st.lists(inner, max_size=5)),
        st.builds(Unresolved, inner, inner),
        st.builds(
            Result,
            st.builds(Call, st.just(0), st.sampled_from(How), inner, st.lists(inner, max_size=4).map(tuple), st.none()),
            st.lists(inner, max_size=2).map(tuple),
        ),
    ),
    max_leaves=12,
)


@given_any(
    st.builds(Call, st.just(0), st.sampled_from(How), values, st.lists(values, max_size=4).map(tuple), st.none())
)
def test_whatever_is_called_is_judged(step: Call) -> None:
    judged = judge(step)
    if judged.outcome is Outcome.SAFE and step.how is not How.PERSISTENT:
        assert isinstance(step.callee, Global | Result)
    if isinstance(step.callee, Global) and str(step.callee) in {"os.system", "mypackage.Net"}:
        assert judged.outcome is not Outcome.SAFE
