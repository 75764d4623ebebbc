"""Weights and tokenizers that configurations of timm and OpenCLIP have fetched.

https://github.com/huggingface/pytorch-image-models/blob/v1.0.19/timm/models/_builder.py and
https://github.com/mlfoundations/open_clip/blob/v3.2.0/src/open_clip/factory.py
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from modelseal.models.budget import Budget
from modelseal.models.documents.judge import Judge
from modelseal.models.event import Event, Fetches, Requires

_KEYS = {
    "hf_hub_id": Fetches.MODEL,
    "hf_model_name": Fetches.MODEL,
    "hf_tokenizer_name": Fetches.TOKENIZER,
}
_HUB = re.compile(r"(?:hf[_-]hub|local-dir):(.+)")


def judge(node: Mapping[str, Any], _: Budget) -> Iterator[Event]:
    """List what an object names on a hub, and the address of weights that belong to an architecture."""
    for key, kind in _KEYS.items():
        name = node.get(key)
        if isinstance(name, str) and name:
            yield Requires(kind, name[:500])
    for name in (node.get("architecture"), node.get("model_name")):
        if isinstance(name, str) and (found := _HUB.fullmatch(name)):
            yield Requires(Fetches.MODEL, found[1][:500])
    weights = node.get("pretrained_cfg")
    if isinstance(weights, dict) and isinstance(weights.get("url"), str) and weights["url"]:
        yield Requires(Fetches.MODEL, weights["url"][:500])


JUDGE = Judge(judge, (), frozenset({"architecture", "model_name", "pretrained_cfg", *_KEYS}))
