"""What users give a gate beside what it judges: a policy, VEX documents, an earlier run. Only here are files read."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from modelseal.errors import InputError
from modelseal.gate.finding import Kind, Severity
from modelseal.gate.policy import Policy, Threshold

if TYPE_CHECKING:
    from modelseal.gate.baseline import Baseline
    from modelseal.gate.vex import Vex

logger = logging.getLogger(__name__)

POLICY = Path(".github/modelseal.yml")
_POLICY_BYTES = 1 << 20
_VEX_BYTES = 32 << 20
_BASELINE_BYTES = 512 << 20
# What the inputs speak of. Misconfigurations and licences have their bars in the policy alone.
_BY_INPUT = (Kind.VULNERABILITY, Kind.SECRET)


@dataclass(frozen=True)
class Overrides:
    """What the inputs say in place of the policy; None where they say nothing.

    Attributes:
        fail_on: The severities of vulnerabilities and secrets that fail.
        ignore_unfixed: Whether vulnerabilities that nobody has mended pass.
        models: The severities that fail of what is in models.
    """

    fail_on: frozenset[Severity] | None = None
    ignore_unfixed: bool | None = None
    models: frozenset[Severity] | None = None


@dataclass(frozen=True)
class Rules:
    """What findings are judged by."""

    policy: Policy
    vex: "Vex | None"
    baselines: "tuple[Baseline, ...]"

    def baseline_of(self, image: str, *, only: bool) -> "Baseline | None":
        """Return the baseline of an image: the one of its name, whatever its tag; with a warning where there is none.

        Args:
            image: What it is called.
            only: Whether it is the only image: a single baseline is then its own, whatever it is called.
        """
        named = [baseline for baseline in self.baselines if _repository(baseline.name) == _repository(image)]
        if len(named) == 1:
            return named[0]
        if only and len(self.baselines) == 1:
            logger.warning("The baseline is of %s, not of %s.", self.baselines[0].name or "no named image", image)
            return self.baselines[0]
        if self.baselines:
            count = f"{len(named)} baselines are" if named else "no baseline is"
            logger.warning("Of the image %s %s given: nothing of it counts as known.", image, count)
        return None


def policy(file: Path | None, folder: Path, overrides: Overrides, today: date) -> Policy:
    """Return the policy that a run is judged by.

    Args:
        file: The policy file that was asked for; without it `.github/modelseal.yml`, if it is there.
        folder: Where a relative path starts, and the usual file is looked for.
        overrides: What counts in place of the file's thresholds for vulnerabilities, secrets and models.
        today: The day in UTC.

    Raises:
        InputError: The file that was asked for is not there, or one that is there cannot be used.
    """
    read = Policy()
    path = folder / (file or POLICY)
    if file is not None or path.is_symlink() or path.exists():
        from modelseal.gate import policy_file  # noqa: PLC0415 # it is large, and most runs have none

        source = str(file or POLICY)
        mend = "Name a policy file with `policy`; docs/policy.md says how to write one."
        if file is None and not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
            # Whoever may change the repository may not have this machine's files read, and repeated in messages.
            raise InputError("The policy is a link that leads out of the repository.", where=source, mend=mend)
        read = policy_file.parse(_content(path, source, "policy", _POLICY_BYTES, mend), source, today=today)
    models = read.models if overrides.models is None else replace(read.models, fail_on=overrides.models)
    thresholds = tuple((kind, _changed(kind, bar, overrides)) for kind, bar in read.thresholds)
    return replace(read, thresholds=thresholds, models=models)


def vex(files: Sequence[Path]) -> "Vex | None":
    """Read VEX documents; None when there are none.

    Raises:
        InputError: One cannot be used.
    """
    if not files:
        return None
    from modelseal.gate import vex as documents  # noqa: PLC0415 # it imports what most runs do without

    mend = "Give the path of an OpenVEX or CycloneDX document as `vex`; docs/vex.md says how to write one."
    return documents.read([(str(file), _content(file, str(file), "VEX document", _VEX_BYTES, mend)) for file in files])


def baselines(files: Sequence[Path]) -> "tuple[Baseline, ...]":
    """Read earlier runs' verdicts.

    Raises:
        InputError: One cannot be used.
    """
    if not files:
        return ()
    from modelseal.gate import baseline  # noqa: PLC0415 # as above

    mend = "Give the verdict that an earlier scan-image wrote as `baseline`, or leave it out."
    return tuple(
        baseline.read(_content(file, str(file), "baseline", _BASELINE_BYTES, mend), source=str(file)) for file in files
    )


def _changed(kind: Kind, bar: Threshold, overrides: Overrides) -> Threshold:
    if kind in _BY_INPUT and overrides.fail_on is not None:
        bar = replace(bar, fail_on=overrides.fail_on)
    if kind is Kind.VULNERABILITY and overrides.ignore_unfixed is not None:
        bar = replace(bar, ignore_unfixed=overrides.ignore_unfixed)
    return bar


def _repository(image: str) -> str:
    head, slash, last = image.partition("@")[0].rpartition("/")
    return head + slash + last.partition(":")[0]


def _content(path: Path, source: str, what: str, limit: int, mend: str) -> bytes:
    try:
        if path.exists() and not path.is_file():  # a named pipe would be waited for, a device read for ever
            raise InputError(f"The {what} is not a file.", where=source, mend=mend)
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise InputError(f"The {what} cannot be read: {reason}.", where=source, mend=mend) from error
    if len(content) > limit:
        raise InputError(f"The {what} is larger than {limit >> 20} MiB.", where=source, mend=mend)
    return content
