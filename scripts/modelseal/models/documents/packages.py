"""Packages that a model's environment has installed: `conda.yaml`, `python_env.yaml`, and lists of requirements."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from modelseal.gate.finding import Severity
from modelseal.gate.strict_json import short
from modelseal.models.budget import Budget
from modelseal.models.documents.judge import Judge
from modelseal.models.event import Event, Fetches, Found, Requires
from modelseal.models.rule import Rule

INDEX = Rule(
    id="requirements-foreign-source",
    title="Packages that are installed from an address",
    severity=Severity.HIGH,
    happens="Installing what the model says it needs fetches packages from there, and runs their set-up code.",
    remedy="Name released packages, pinned by their digests: `pip install --require-hashes`.",
    atlas=("AML.T0010.001", "AML.T0011.001"),
    cwe=("CWE-829", "CWE-494"),
)
COMMIT = re.compile(r"@[0-9a-f]{40}\b|#sha256=[0-9a-f]{64}|--hash=sha256:[0-9a-f]{64}")
OFFICIAL = re.compile(
    r"https://download\.pytorch\.org/whl/[\w./]*|https://(?:pypi\.org|files\.pythonhosted\.org)/[\w./]*"
)
_KEYS = ("pip", "dependencies", "build_dependencies", "requirements", "pip_requirements")
_ADDRESS = re.compile(r"(?:(?:git|hg|svn)\+)?(?:https?|ssh|git|file)://[^\s]{1,500}")


def judge(node: Mapping[str, Any], _: Budget) -> Iterator[Event]:
    """Judge the lists of packages in an environment's description."""
    for key in _KEYS:
        value = node.get(key)
        for line in [item for item in value if isinstance(item, str)] if isinstance(value, list) else ():
            found = _ADDRESS.search(line)
            if found is None:
                continue
            pinned = bool(COMMIT.search(line))
            if not pinned and not OFFICIAL.fullmatch(found[0]):
                yield Found(INDEX, f"packages come from {short(found[0])}", evidence=line[:300], subject=found[0][:200])
            yield Requires(Fetches.PACKAGE, found[0][:500], pinned=pinned)


JUDGE = Judge(judge, (INDEX,))
