"""Chat templates: what reaches out of them is told, what today's model families write is left alone."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import TemplateError, Undefined
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from assets.models.chat_templates import HOSTILE, ORDINARY, UNKNOWN
from modelseal.gate.finding import Severity
from modelseal.models.budget import Budget
from modelseal.models.event import Found
from modelseal.models.templates.chat import judge
from modelseal.models.templates.parsing import Generation

ALL = [*ORDINARY.values(), *(text for text, _ in (*HOSTILE.values(), *UNKNOWN.values()))]


def judged(source: str) -> list[Found]:
    return list(judge(source, Budget()))


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_template_is_left_alone(name: str) -> None:
    assert {item.rule.severity for item in judged(ORDINARY[name])} <= {Severity.LOW}


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_template_compiles_where_transformers_compiles_it(name: str) -> None:
    environment = ImmutableSandboxedEnvironment(extensions=["jinja2.ext.loopcontrols", Generation])
    assert environment.from_string(ORDINARY[name])


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_template_is_told_by_its_rule(name: str) -> None:
    source, rule = HOSTILE[name]
    found = judged(source)
    assert rule in {item.rule.id for item in found}
    assert {item.rule.severity for item in found} & {Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_nobody_vetted_is_unknown_and_no_attack(name: str) -> None:
    source, rule = UNKNOWN[name]
    found = judged(source)
    assert {item.rule.id for item in found} == {rule}
    assert {item.rule.severity for item in found} == {Severity.UNKNOWN}


class Watchful(ImmutableSandboxedEnvironment):
    """A renderer that notes whether it refused anything."""

    refused = False

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        self.refused = True
        return super().unsafe_undefined(obj, attribute)


NAMES = ["role", "content", "__class__", "_x", "mro", "items", "format", "append", "upper", "pop", "__init__"]
BASES = ["messages", "messages[0]", "''", "[]", "{}", "messages[0]['content']", "namespace(a=1)"]


@st.composite
def expressions(draw: st.DrawFn) -> str:
    made = draw(st.sampled_from(BASES))
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3)):
        cut = draw(st.integers(0, len(name)))
        ways = [f".{name}", f"['{name}']", f"['{name[:cut]}' ~ '{name[cut:]}']", f"['{name[::-1]}'[::-1]]"]
        ways += [f"|attr('{name}')", f"|map(attribute='{name}')|list", f".{name}()", f"|sort(attribute='{name}')"]
        made = f"({made}{draw(st.sampled_from(ways))})"
    return made


@pytest.mark.slow
@given(expressions())
@settings(max_examples=80, deadline=None)
def test_whatever_a_sandbox_refuses_is_told(expression: str) -> None:
    environment = Watchful()
    source = "{{ " + expression + " }}"
    try:
        environment.from_string(source).render(messages=[{"role": "user", "content": "hello"}])
    except SecurityError:
        environment.refused = True
    except (TemplateError, TypeError, AttributeError, KeyError, IndexError):
        pass
    assert judged(source) or not environment.refused


def test_unvetted_function_can_be_allowed_by_its_name() -> None:
    assert [item.subject for item in judged("{{ lookup_customer(messages) }}")] == ["lookup_customer"]


@pytest.mark.parametrize(
    "source",
    [
        "".join(f"{{% set a{i} = a{i + 1} ~ a{i + 1} ~ a{i + 1} %}}" for i in range(200))
        + "{% set a200 = 'x' %}{{ x[a0] }}",
        "{{ " + "a+" * 50_000 + "a }}",
        "{{ x[" + "~".join(["'aaaaaaaaaa'"] * 2000) + "] }}",
        "{{ " + "9" * 100_000 + " }}",
        "{{ " + "(" * 5_000,
        "{#" * 50_000,
        "http://?" * 10_000 + "{{ x }}",
    ],
    ids=["names of names", "long sum", "long text", "long number", "deep", "comments", "addresses"],
)
def test_no_template_takes_long(source: str) -> None:
    before = time.process_time()
    judged(source)
    assert time.process_time() - before < 5


@given(st.sampled_from(ALL), st.integers(0, 400), st.integers(0, 40), st.text(max_size=5))
@settings(max_examples=100, deadline=None)
def test_no_change_to_a_template_breaks_its_reader(source: str, start: int, size: int, put: str) -> None:
    for item in judged(source[:start] + put + source[start + size :]):
        assert item.what
        assert len(item.evidence) <= 500
