"""Agents of Stable-Baselines3: a pickle in base64 for each setting that JSON cannot say."""

import base64
import json
from collections.abc import Iterator

from assets.models.archives import zipped
from assets.models.case import Case, one
from assets.models.pickle_writing import ATTACK, called, short, stacked, whole

_OWN = called(stacked("robots.policies", "Policy"), short("x"))


def settings(packed: str, name: str = "policy_class") -> bytes:
    """Write the member `data` of an agent."""
    value = {":type:": "<class 'abc.ABCMeta'>", ":serialized:": packed}
    return json.dumps({name: value, "verbose": 0, "seed": None, "learning_rate": 0.0003}).encode()


def agent(packed: str) -> bytes:
    """Write an agent without weights."""
    return zipped({"data": settings(packed), "_stable_baselines3_version": b"2.9.2"})


def _packed(body: bytes) -> str:
    return base64.b64encode(whole(body)).decode()


def cases() -> Iterator[Case]:
    why = "a setting runs a program when the agent is loaded"
    rule = "pickle-dangerous-call"
    yield one("agents/setting", "malicious", agent(_packed(ATTACK)), why, rule, file="ppo-walker.zip")
    yield one("agents/settings-alone", "malicious", settings(_packed(ATTACK)), why, rule, file="data.json")
    spaced = "\n".join(f"{part}!" for part in (_packed(ATTACK)[:30], _packed(ATTACK)[30:]))
    yield one(
        "agents/lenient", "malicious", agent(spaced), "the loader leaves out what is no base64", rule, file="a.zip"
    )
    yield one("agents/no-pickle", "malicious", agent("aGVsbG8="), "no pickle is there", "disguised", file="a.zip")
    yield one("agents/cut-off", "unknown", agent("aGVsb"), "base64 that ends early", "unread", file="a.zip")
    yield one("agents/own-policy", "unknown", agent(_packed(_OWN)), "a class of somebody's own", file="a.zip")
    plain = agent(_packed(called(stacked("collections", "deque"), b")", b"Kd")))
    yield one("agents/plain", "benign", plain, "a buffer of a hundred", file="a.zip")
