"""Documents, scripts and texts beside models: what they are, and that no damage to them ends a scan."""

import json
import random
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.models import configurations, hugging_face, keras_v3, mlflow, pmml, scripts, skops, yaml
from assets.models.case import Case
from modelseal.models import walking
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.documents import parsing
from modelseal.models.event import Fetches
from modelseal.models.texts import kind
from modelseal.models.texts.kind import Kind
from modelseal.models.walking import Report

FAMILIES: tuple[Callable[[], Iterator[Case]], ...] = (
    configurations.cases,
    hugging_face.cases,
    keras_v3.cases,
    mlflow.cases,
    pmml.cases,
    scripts.cases,
    skops.cases,
    yaml.cases,
)


def scan(content: bytes, name: str = "file") -> Report:
    return walking.inspect(Content(content), name, Budget())


def required(content: bytes) -> set[tuple[Fetches, str, str, bool]]:
    return {(item.kind, item.reference, item.revision, item.pinned) for item, _ in scan(content).requires}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1}', Kind.JSON),
        ("[]", None),
        ("[1, 2]", Kind.JSON),
        ("  \n[true]", Kind.JSON),
        ("[PAD]\n[UNK]\nimport\n", Kind.YAML),
        ("[tool.ruff]\nline-length = 120\n", Kind.YAML),
        ("a: 1\nb: 2\n", Kind.YAML),
        ("- a\n- b\n", Kind.YAML),
        ("x: !!python/tuple [1]", Kind.YAML),
        ("[!!python/object/apply:os.system ['id']]", Kind.YAML),
        ("import os\n", Kind.PYTHON),
        ("\ufeffimport os\n", Kind.PYTHON),
        ("x = [os.system('id')]\n", Kind.PYTHON),
        ("import os\nprint 'python 2'\nos.system('id')\n", Kind.PYTHON),
        ("#!/usr/bin/env python3\nx\n", Kind.PYTHON),
        ("#!/bin/sh\nls\n", Kind.SHELL),
        ("#!/usr/bin/env -S bash\nls\n", Kind.SHELL),
        ("@echo off\r\ndir\r\n", Kind.BATCH),
        ("<?xml version='1.0'?><a/>", Kind.MARKUP),
        ("<!-- a page --><p>x</p>", Kind.MARKUP),
        ("{% if x %}{{ x }}{% endif %}", Kind.JINJA),
        ("{{ messages }}", Kind.JINJA),
        ("# A model\n\nIt runs `import os`.\n", Kind.TEXT),
        ("```python\nimport os\n```\nA text.\n", Kind.TEXT),
        ("# x\nimport os\nprint 1\nf()\n", Kind.PYTHON),
        ("im port\nimport ant\n( )\n", Kind.TEXT),
        ("<?note?><!DOCTYPE a>", Kind.MARKUP),
        ("{a: 1}", Kind.YAML),
        ("MIT License\n\nCopyright\n", Kind.TEXT),
        ("a\0b", None),
    ],
)
def test_language_of_a_text(text: str, expected: Kind | None) -> None:
    found = kind.of(Content(text.encode()))
    assert found == expected or (expected is None and found not in {Kind.PYTHON, Kind.SHELL})


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_language_does_not_depend_on_the_encoding(encoding: str) -> None:
    assert kind.of(Content('{"a": "ü"}'.encode(encoding))) is Kind.JSON


def test_bytes_of_weights_are_no_text() -> None:
    assert kind.of(Content(bytes(range(256)) * 4)) is None


@settings(max_examples=60, deadline=None)
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
        max_leaves=30,
    )
)
def test_every_object_of_a_document_is_judged_once(value: object) -> None:
    def count(item: object) -> int:
        if isinstance(item, dict):
            return 1 + sum(map(count, item.values()))
        return sum(map(count, item)) if isinstance(item, list) else 0

    document = parsing.parse(json.dumps(value).encode())
    assert document.value == value
    assert sum(1 for _ in parsing.nodes(document, Budget())) == count(value)


def test_values_that_a_repeated_key_hides_are_judged() -> None:
    document = parsing.parse(b'{"a": {"b": 1}, "a": {"c": 2}}')
    assert document.value == {"a": {"c": 2}}
    assert {"b": 1} in list(parsing.nodes(document, Budget()))


@pytest.mark.parametrize("depth", [450, 900, 100_000])
def test_document_that_is_nested_deeply_reaches_a_limit(depth: int) -> None:
    content = b'{"a":' * depth + b"{}" + b"}" * depth
    assert {placed.found.rule.id for placed in scan(content).findings} == {"limit-reached"}


def test_what_loading_needs_is_listed() -> None:
    config = {"auto_map": {"AutoModel": "modeling_x.X", "AutoConfig": "a/b--configuration_x.Y"}}
    assert required(json.dumps(config).encode()) == {
        (Fetches.CODE, "modeling_x.py", "", False),
        (Fetches.CODE, "a/b--configuration_x.Y", "", False),
    }


@pytest.mark.parametrize(
    ("revision", "pinned"), [("0" * 40, True), ("a" * 64, True), ("main", False), ("abc1234", False)]
)
def test_base_is_pinned_by_a_whole_commit_only(revision: str, *, pinned: bool) -> None:
    config = {"peft_type": "LORA", "base_model_name_or_path": "a/b", "revision": revision}
    assert required(json.dumps(config).encode()) == {(Fetches.MODEL, "a/b", revision, pinned)}
    assert bool(scan(json.dumps(config).encode()).findings) is not pinned


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__module__.rpartition(".")[2])
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_damaged_file_is_read_to_an_end(family: Callable[[], Iterator[Case]], seed: int) -> None:
    choice = random.Random(seed)
    name, whole = next(iter(choice.choice(list(family())).files.items()))
    content = bytearray(whole)
    for _ in range(choice.choice((1, 3, 20)) if content else 0):
        content[choice.randrange(len(content))] = choice.randrange(256)
    del content[choice.randrange(len(content) + 1) if choice.random() < 0.4 else len(content) :]
    began = time.process_time()
    scan(bytes(content), name)
    assert time.process_time() - began < 5


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "<a " * 200_000,
        "{" * 200_000,
        "[" * 200_000,
        "a: " * 100_000,
        "- " * 100_000,
        "x = " + "(" * 100_000,
        "import a\n" + "a." * 200_000 + "b()\n",
        "x = " + "not " * 100_000 + "1\nimport os\n",
        "---\n" + "a" * 1_000_000,
        "curl " + "a" * 500_000 + "\nset -e\n",
        "&a [" * 50_000,
        "{% if x %}" * 50_000,
        "<!DOCTYPE a [" + "<!ENTITY a 'b'>" * 50_000,
        "@ http://" * 50_000,
        "\n" * 60_000 + "@",
        " \n" * 30_000 + "`",
        "a\n" * 100_000 + "\n" * 60_000 + "@",
        "#" * 60_000 + "\n" + "import " * 50_000,
        "```\n" * 20_000 + "~~~",
        "\n".join(f"a{number}==1" for number in range(50_000)),
        json.dumps({"serialised": "gAI" + "A" * 20 + " " * 400_000 + "!"}),
        "{" + "/*" * 200_000,
        "node {" + 'a: "' * 200_000,
        "node {" + "a {" * 200_000,
        "[core]\n" + " " * 400_000 + "x",
        "PARAMETER x\n" + "FROM " * 100_000,
        "#!/usr/bin/perl\n" + "`" * 200_000,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_text_that_is_made_to_cost_time_does_not(text: str) -> None:
    began = time.process_time()
    scan(text.encode())
    assert time.process_time() - began < 5


def test_aliases_are_never_followed() -> None:
    text = "a0: &a0 {x: y}\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 50)}]\n" for n in range(1, 50))
    began = time.process_time()
    assert {placed.found.rule.id for placed in scan(text.encode()).findings} == {"yaml-alias-bomb"}
    assert time.process_time() - began < 1
