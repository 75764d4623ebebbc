"""Read a policy file, `.github/modelseal.yml`: docs/policy.md explains it, `policy_grammar` declares it.

Everything that is wrong is said at once, each with its line, its key and what to write instead. Nothing that is not
understood is passed over: a policy that is misread is a gate that nobody closed.
"""

import hashlib
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from modelseal import station
from modelseal.errors import InputError
from modelseal.gate import model_terms, policy_grammar
from modelseal.gate.deployment import Deployment
from modelseal.gate.finding import Kind, Severity
from modelseal.gate.grammar import Reading
from modelseal.gate.mistakes import Mistake, Place
from modelseal.gate.policy import DEFAULT_FAIL_ON, Licenses, Policy, Rule, Threshold, Waiver

DEFAULT_PATH = ".github/modelseal.yml"
SHOWN_MISTAKES = 10

_FIRST_POLICY = "Write at least `version: 1`, or remove the file; docs/policy.md has a first policy of five lines."


class PolicyError(InputError):
    """A policy file cannot be used.

    Attributes:
        source: The file.
        mistakes: All that is wrong with it, in the order of its lines.
    """

    def __init__(self, source: str, mistakes: tuple[Mistake, ...]) -> None:
        if len(mistakes) == 1:
            (only,) = mistakes
            where = f"{source}, line {only.place.line}, column {only.place.column}"
            super().__init__(_sentence(only), where=where, mend=only.mend)
        else:
            more = len(mistakes) - SHOWN_MISTAKES
            lines = [
                f"line {item.place.line}, column {item.place.column}: {_sentence(item)} {item.mend}"
                for item in mistakes[:SHOWN_MISTAKES]
            ]
            lines += [f"and {more} more"] if more > 0 else []
            what = "\n".join([f"There are {len(mistakes)} mistakes in the policy.", *lines])
            super().__init__(what, where=source, mend="docs/policy.md explains every key.")
        self.source = source
        self.mistakes = mistakes


def parse(content: bytes, source: str, *, today: date) -> Policy:
    """Read a policy.

    Args:
        content: The file's bytes.
        source: Its path, as messages and reports show it.
        today: The day in UTC from which on waivers may last for their maximum lifetime.

    Raises:
        InputError: It is not YAML, or not a policy; a `PolicyError` where a line can be named.
    """
    from modelseal.gate import yaml_text  # noqa: PLC0415 -- imports yaml, which most runs do without

    try:
        document = yaml_text.read(content)
    except InputError as error:
        raise InputError(error.what, where=source, mend=error.mend) from None
    if document.root is None and not document.mistakes:
        raise InputError("The policy is empty.", where=source, mend=_FIRST_POLICY)
    reading = Reading(policy_grammar.hints(), list(document.mistakes))
    values = {} if document.root is None else policy_grammar.POLICY.read(document.root, "", reading)
    if isinstance(values, dict):
        _check_lifetimes(values, reading, today)
    if reading.mistakes:
        raise PolicyError(source, tuple(sorted(reading.mistakes, key=_by_place)))
    return _policy(values, reading.places, source, hashlib.sha256(content).hexdigest())


def _check_lifetimes(values: Mapping[str, Any], reading: Reading, today: date) -> None:
    """Refuse waivers that last longer than they may; what is not known of a file with mistakes is passed over."""
    if "waiver-maximum-days" in reading.places and "waiver-maximum-days" not in values:
        return
    days = values.get("waiver-maximum-days", policy_grammar.DEFAULT_MAXIMUM_DAYS)
    try:
        last = today + timedelta(days=days)
    except OverflowError:
        last = date.max
    for number, waiver in enumerate(values.get("waivers", ())):
        if isinstance(waiver, dict) and waiver.get("expires", date.min) > last:
            key = f"waivers[{number}].expires"
            what = f"{waiver['expires']} is more than {days} days ahead."
            reading.wrong(
                reading.places[key], key, what,
                f"Write {last} or earlier; it can be renewed. `waiver-maximum-days` sets the limit.",
            )  # fmt: skip


def _policy(values: Mapping[str, Any], places: Mapping[str, Place], source: str, sha256: str) -> Policy:
    vulnerabilities = values.get("vulnerabilities", {})
    licenses = values.get("licenses", {})
    scan = values.get("scan", {})
    return Policy(
        thresholds=(
            (Kind.VULNERABILITY, _threshold(vulnerabilities)),
            (Kind.SECRET, _threshold(values.get("secrets", {}))),
            (Kind.MISCONFIGURATION, _threshold(values.get("misconfigurations", {}))),
        ),
        rules=tuple(
            _rule(rule, places[f"vulnerabilities.rules[{number}]"].line)
            for number, rule in enumerate(vulnerabilities.get("rules", ()))
        ),
        licenses=Licenses(licenses.get("denied", ()), licenses.get("allowed", ())),
        models=model_terms.read(values.get("models", {}), places),
        waivers=tuple(_waiver(waiver, number, places) for number, waiver in enumerate(values.get("waivers", ()))),
        fail_on_new_only=vulnerabilities.get("fail-on-new-only", False),
        unreadable=scan.get("unreadable", ()),
        without_system=scan.get("without-operating-system", False),
        deployments=tuple(
            (name, _deployment(demands, places[f"verify.{name}"].line)) for name, demands in values.get("verify", ())
        ),
        source=source,
        sha256=sha256,
    )


def _threshold(values: Mapping[str, Any]) -> Threshold:
    return Threshold(
        _severities(values["fail-on"]) if "fail-on" in values else DEFAULT_FAIL_ON,
        values.get("ignore-unfixed", False),
        _grace(values.get("grace-period", ())),
    )


def _rule(values: Mapping[str, Any], line: int) -> Rule:
    return Rule(
        types=values.get("types", ()),
        paths=values.get("paths", ()),
        packages=values.get("packages", ()),
        fail_on=_severities(values["fail-on"]) if "fail-on" in values else None,
        ignore_unfixed=values.get("ignore-unfixed"),
        grace_days=_grace(values["grace-period"]) if "grace-period" in values else None,
        line=line,
    )


def _waiver(values: Mapping[str, Any], number: int, places: Mapping[str, Place]) -> Waiver:
    return Waiver(
        id=values["id"],
        reason=_one_line(values["reason"]),
        owner=_one_line(values["owner"]),
        expires=values["expires"],
        package=values.get("package"),
        path=values.get("path"),
        image=values.get("image"),
        justification=values.get("justification", ""),
        line=places[f"waivers[{number}]"].line,
        expires_line=places[f"waivers[{number}].expires"].line,
    )


def _deployment(values: Mapping[str, Any], line: int) -> Deployment:
    given = {name.replace("-", "_"): value for name, value in values.items()}
    for number in ("repository_id", "owner_id"):
        if number in given:
            given[number] = str(given[number])
    if "max_age" in given:
        given["max_age"] = station.duration(given["max_age"])
    return Deployment(**given, line=line)


def _severities(words: tuple[str, ...]) -> frozenset[Severity]:
    return frozenset(map(Severity, words))


def _grace(pairs: tuple[tuple[str, int], ...]) -> tuple[tuple[Severity, int], ...]:
    return tuple((Severity(word), days) for word, days in pairs)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _sentence(mistake: Mistake) -> str:
    return f"`{mistake.key}`: {mistake.what}" if mistake.key else mistake.what


def _by_place(mistake: Mistake) -> tuple[int, int]:
    return (mistake.place.line, mistake.place.column)
