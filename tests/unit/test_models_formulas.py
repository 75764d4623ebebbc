"""Formulas of statsmodels, which Python evaluates: what people write is plain, what calls something else is not."""

import pytest

from modelseal.models.pickles import formulas

RUN = "('touch /tmp/x')"


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ x1 + x2 - 1",
        "np.log(amount) ~ C(country, Treatment('DE')) * bs(age, df=4)",
        "y ~ I(x ** 2) + numpy.sqrt(x) +\n  Q('a column')",
        "y ~ (a + b) ** 2 + (c)",
        "survived ~ standardize(fare) + max(a, b)",
    ],
)
def test_what_people_write_is_plain(formula: str) -> None:
    assert formulas.plain(formula)


@pytest.mark.parametrize(
    "formula",
    [
        f"y ~ exec{RUN}",
        f"y ~ exec {RUN}",
        f"y ~ exec\n{RUN}",
        f"y ~ exec\\\n{RUN}",
        f"y ~ (exec # C\n{RUN})",
        f"y ~ np.log(os.system{RUN})",
        f"y ~ np.load{RUN}",
        f"y ~ C.apply{RUN}",
        f"y ~ (lambda: 0){RUN}",
        f"y ~ [exec][0]{RUN}",
        f"y ~ 'x'.format{RUN}",
        f"y ~ {{'a': exec}}['a']{RUN}",
        "y ~ x.__class__",
        f"y ~ ｅｘｅｃ{RUN}",  # noqa: RUF001 # Python takes it for the name in ASCII
        f"y ~ exec\N{NO-BREAK SPACE}{RUN}",
        "y ~ " + "x + " * 10_000,
    ],
)
def test_what_calls_something_else_is_not(formula: str) -> None:
    assert not formulas.plain(formula)
