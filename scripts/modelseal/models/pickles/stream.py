"""Look into one pickle: run its program with symbols, and judge every step."""

from collections.abc import Iterator
from typing import Final

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found, Member, Traced, Unread
from modelseal.models.pickles import configured, judgement, payloads, program
from modelseal.models.pickles.judgement import Judged, Outcome
from modelseal.models.pickles.machine import Loader, Machine
from modelseal.models.pickles.rules import (
    DANGEROUS_CALL,
    DANGEROUS_IMPORT,
    HIDDEN_NAME,
    OVERWRITES,
    TORN_FRAME,
    UNFOLDS,
    UNKNOWN_GLOBAL,
)
from modelseal.models.pickles.showing import told
from modelseal.models.pickles.trace import Extension, Global, How, Import, Step, Unresolved, Value
from modelseal.models.rule import Rule

_EVIDENCE: Final = 300
_WRITES: Final = frozenset({How.BUILD, How.SETITEM, How.APPEND, How.EXTEND, How.ADD})


class Findings:
    """What has been found in a file so far: the same call ten thousand times is one finding."""

    def __init__(self) -> None:
        self._known: set[tuple[str, str, str]] = set()

    def new(self, rule: Rule, subject: str, about: str = "") -> bool:
        """Tell whether something of the kind has not been found yet, and remember it."""
        key = (rule.id, subject, about)
        if key in self._known:
            return False
        self._known.add(key)
        return True


class Stream:
    """One pickle in a file.

    Args:
        content: What it lies in.
        start: Where in it the pickle begins.
        budget: Counts what looking into it costs.
        findings: What has been found in the file so far.

    Attributes:
        end: Behind its STOP, or where it breaks; known when all events have been told.
        whole: Whether it could be run to its end.
        result: What it returns; known when it is whole.
        persistent: What it leaves to its loader: the arguments of `persistent_load`, in order.
    """

    def __init__(self, content: Content, start: int, budget: Budget, findings: Findings) -> None:
        self.end = start
        self.whole = False
        self.result: Value = None
        self.persistent: list[Value] = []
        self._content = content
        self._start = start
        self._budget = budget
        self._findings = findings
        self._judged: set[tuple[str, str, str]] = set()

    def events(self) -> Iterator[Event]:
        """Tell what it imports and calls, what of that is not safe, and whether it breaks.

        Raises:
            LimitReached: It takes more than a file may.
        """
        machine = Machine(self._content, self._start, self._budget)
        for step in program.run(machine):
            if not self._settled(step):
                yield from self._told(step)
        self.end = machine.position - machine.origin
        self.whole = machine.broken is None
        self.result = machine.result
        if machine.broken:
            yield Unread(f"{machine.broken}, as a pickle", self.end)
        if self.whole:
            yield from configured.configurations(self.result, self._content, self._start, self.end, self._budget)
        if machine.torn:
            yield from self._torn()
        if machine.unfolds and self._findings.new(UNFOLDS, ""):
            yield Found(UNFOLDS, "tuples in tuples unfold to more than 100 million", self._start)
        if machine.array is not None:
            yield from self._unwrapped(machine.array)

    def _torn(self) -> Iterator[Event]:
        """Tell that frames lie, and what the unpickler in C makes of it when it reads a file."""
        if self.whole and self._findings.new(TORN_FRAME, ""):
            yield Found(TORN_FRAME, "a frame ends elsewhere than it says", self._start)
        for step in program.run(Machine(self._content, self._start, self._budget, loader=Loader.FILE_IN_C)):
            yield from self._told(step)

    def _unwrapped(self, array: int) -> Iterator[Event]:
        """Tell what a loader does that does not know of joblib's arrays, and runs their bytes.

        By chance, such bytes do many things, but they do not name what attacks are made of.
        """
        for step in program.run(Machine(self._content, self._start, self._budget, loader=Loader.PLAIN)):
            target = step.target if isinstance(step, Import) else step.callee
            named = step.offset >= array and isinstance(target, Global)
            if named and judgement.judge(step).outcome is Outcome.DANGEROUS:
                yield from self._told(step)

    def _settled(self, step: Step) -> bool:
        """Tell whether the very same has been judged before, as far as that is quickly seen: pickles repeat much."""
        if isinstance(step, Import):
            target: Value = step.target
        elif step.arguments or step.keywords is not None:
            return False
        else:
            target = step.callee
        if not isinstance(target, Global) or self._budget.traces:
            return False
        key = target.module, target.name, "" if isinstance(step, Import) else step.how.value
        if key in self._judged:
            return True
        self._judged.add(key)
        return False

    def _told(self, step: Step) -> Iterator[Event]:
        if not isinstance(step, Import) and step.how is How.PERSISTENT:
            self.persistent.append(step.arguments[0])
        judged = judgement.judge(step)
        if self._budget.traces:
            yield Traced(step.offset, told(step), judged.outcome)
        if judged.outcome is not Outcome.SAFE:
            rule = _rule(step, judged)
            if self._findings.new(rule, judged.subject or judged.reason, judged.technique or ""):
                yield Found(rule, judged.reason, step.offset, told(step, _EVIDENCE)[:500], judged.subject)
        elif judged.nested is not None:
            yield self._nested(step, judged.nested)

    def _nested(self, step: Step, value: Value) -> Member | Unread:
        """Return bytes that are loaded in turn."""
        content = payloads.bytes_of(value, self._content)
        if content is None:
            return Unread("it loads bytes in turn that are not known before it runs", step.offset)
        return Member(f"bytes loaded at {step.offset}", content)


def _rule(step: Step, judged: Judged) -> Rule:
    if judged.outcome is Outcome.UNKNOWN:
        return UNKNOWN_GLOBAL
    if isinstance(step, Import):
        return HIDDEN_NAME if isinstance(step.target, Unresolved | Extension) else DANGEROUS_IMPORT
    return OVERWRITES if step.how in _WRITES else DANGEROUS_CALL
