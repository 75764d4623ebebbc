"""Code, prompts and other configurations that a configuration has read, from wherever it says.

fairseq imports its `user_dir`: https://github.com/facebookresearch/fairseq/blob/v0.12.2/fairseq/utils.py,
`import_user_module`. LangChain reads prompts so, Detectron2 what a configuration builds upon, Ray the folder in which
it serves; TorchServe and Prompt flow run the scripts that they name.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from modelseal.gate.strict_json import short
from modelseal.models.budget import Budget
from modelseal.models.documents.hugging_face import ELSEWHERE, REMOTE_CODE, outside
from modelseal.models.documents.judge import Judge
from modelseal.models.event import Event, Fetches, Found, Requires

_READ = ("template_path", "prefix_path", "suffix_path", "prompt_path", "llm_path", "llm_chain_path")


def judge(node: Mapping[str, Any], _: Budget) -> Iterator[Event]:
    """Judge the paths and addresses that an object names."""
    imported = node.get("user_dir")
    if isinstance(imported, str) and imported:
        yield Found(REMOTE_CODE, f"user_dir has {short(imported)} imported", subject=imported[:200])
        yield Requires(Fetches.CODE, imported[:500])
    for key in _READ:
        path = node.get(key)
        if isinstance(path, str) and outside(path):
            yield Found(ELSEWHERE, f"{key} is {short(path)}", subject=path[:200])
    built_upon = node.get("_BASE_")
    for path in built_upon if isinstance(built_upon, list) else [built_upon]:
        if isinstance(path, str) and "://" in path:
            yield Found(ELSEWHERE, f"it builds upon {short(path)}", subject=path[:200])
    yield from _served(node)


def _served(node: Mapping[str, Any]) -> Iterator[Event]:
    """Judge what a server runs."""
    environment = node.get("runtime_env")
    for value in environment.values() if isinstance(environment, dict) else ():
        for path in value if isinstance(value, list) else [value]:
            if isinstance(path, str) and "://" in path:
                yield Found(ELSEWHERE, f"its code is {short(path)}", subject=path[:200])
    handler, path = node.get("handler"), node.get("path")
    if isinstance(handler, str) and "modelName" in node:
        script = handler.partition(":")[0].removesuffix(".py")
        yield Requires(Fetches.CODE, f"../{script[:400]}.py")  # from the folder MAR-INF
    if node.get("type") == "code" and isinstance(path, str) and path.endswith(".py"):
        yield Requires(Fetches.CODE, path[:500])


_KEYS = frozenset({"user_dir", "_BASE_", "runtime_env", "handler", "path", *_READ})
JUDGE = Judge(judge, (REMOTE_CODE, ELSEWHERE), _KEYS)
