"""Every judge there is, and how a document is put to them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from modelseal.models.budget import Budget
from modelseal.models.documents import (
    boosters,
    callables,
    commands,
    diffusers,
    encoded,
    evaluated,
    hubs,
    hugging_face,
    imported,
    included,
    jsonpickle,
    keras_objects,
    langchain,
    mlflow,
    notebooks,
    packages,
    sentence_transformers,
    serving,
    targets,
    tensorflow_nodes,
    zarr,
)
from modelseal.models.event import Event, Found, Requires
from modelseal.models.skops import nodes as skops

EVERY = (
    keras_objects.JUDGE,
    boosters.JUDGE,
    commands.JUDGE,
    skops.JUDGE,
    hugging_face.JUDGE,
    diffusers.JUDGE,
    mlflow.JUDGE,
    notebooks.JUDGE,
    packages.JUDGE,
    targets.JUDGE,
    callables.JUDGE,
    sentence_transformers.JUDGE,
    langchain.JUDGE,
    evaluated.JUDGE,
    encoded.JUDGE,
    serving.JUDGE,
    tensorflow_nodes.JUDGE,
    hubs.JUDGE,
    included.JUDGE,
    imported.JUDGE,
    zarr.JUDGE,
    jsonpickle.JUDGE,
)
RULES = tuple(dict.fromkeys(rule for item in EVERY for rule in item.rules))


def judged(nodes: Iterable[Mapping[str, Any]], budget: Budget) -> Iterator[Event]:
    """Judge the objects of a document, and tell each thing once.

    Raises:
        LimitReached: There is too much in them.
    """
    told: set[tuple[str, str] | Requires] = set()
    for node in nodes:
        for item in EVERY:
            if item.keys and item.keys.isdisjoint(node):
                continue
            for event in item.judge(node, budget):
                key = (event.rule.id, event.what) if isinstance(event, Found) else event
                if isinstance(key, tuple | Requires):
                    if key in told:
                        continue
                    told.add(key)
                yield event
