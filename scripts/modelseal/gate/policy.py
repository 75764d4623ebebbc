"""What fails, and what is let through with a name under it. `policy_file` reads it from YAML."""

from dataclasses import dataclass, field
from datetime import date

from modelseal.gate.deployment import Deployment
from modelseal.gate.finding import SERIOUS, Kind, Severity
from modelseal.gate.model_policy import Models

DEFAULT_FAIL_ON = SERIOUS


@dataclass(frozen=True)
class Threshold:
    """What fails of one kind of finding. Everything is reported all the same.

    Attributes:
        fail_on: The severities that fail.
        ignore_unfixed: Whether a vulnerability for which there is no fixed version passes.
        grace_days: For a severity, for how many days after its publication a vulnerability does not fail yet. One whose
            date of publication is not known, or is in the future, has no grace.
    """

    fail_on: frozenset[Severity] = DEFAULT_FAIL_ON
    ignore_unfixed: bool = False
    grace_days: tuple[tuple[Severity, int], ...] = ()


@dataclass(frozen=True)
class Rule:
    """Other thresholds for some packages. Of the rules that match a finding the first counts.

    What is None is as without the rule. A rule matches when each of its lists that is not empty matches.

    Attributes:
        types: Package types as the scanner names them: `debian`, `python-pkg`, `jar`.
        paths: Glob patterns of paths.
        packages: Package URL patterns.
        line: In the policy file.
    """

    types: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    fail_on: frozenset[Severity] | None = None
    ignore_unfixed: bool | None = None
    grace_days: tuple[tuple[Severity, int], ...] | None = None
    line: int = 0


@dataclass(frozen=True)
class Waiver:
    """A finding that somebody answers for, until a day. It waives nothing but what it names.

    Attributes:
        id: The finding's id or one of its aliases, exactly.
        reason: Why, in a sentence.
        owner: Who answers for it.
        expires: The last day on which it counts, in UTC.
        package: Package URL pattern; None for any package.
        path: Glob pattern of the path; None for any.
        image: Glob pattern of the image's name; None for any.
        justification: An OpenVEX justification, when the reason is that the image is not affected; else empty.
        line: In the policy file, where the waiver begins.
        expires_line: In the policy file, where its last day stands.
    """

    id: str
    reason: str
    owner: str
    expires: date
    package: str | None = None
    path: str | None = None
    image: str | None = None
    justification: str = ""
    line: int = 0
    expires_line: int = 0


@dataclass(frozen=True)
class Licenses:
    """SPDX expressions of licences that fail. Without any, licences are only reported.

    Attributes:
        denied: A package whose licence cannot be taken without one of these fails.
        allowed: Where it is not empty, a package whose licence cannot be met by these alone fails.
    """

    denied: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Policy:
    """What fails, of every kind.

    Attributes:
        thresholds: For each kind but licences and models, of which more is to be said.
        rules: Exceptions for some packages' vulnerabilities, in both directions.
        licenses: Which licences fail.
        models: What fails of model files.
        waivers: What is let through, by whom and until when.
        fail_on_new_only: Whether vulnerabilities that the baseline has too do not fail.
        unreadable: Glob patterns of files that the scanner may fail to read.
        without_system: Whether an image without an operating system (FROM scratch) may be judged by its other packages.
        deployments: By environment, what must be proved of a release before it is deployed there.
        source: The policy file; empty when there is none.
        sha256: Of the policy file's bytes; empty when there is none.
    """

    thresholds: tuple[tuple[Kind, Threshold], ...] = field(
        default_factory=lambda: tuple((kind, Threshold()) for kind in Kind if kind not in (Kind.LICENSE, Kind.MODEL))
    )
    rules: tuple[Rule, ...] = ()
    licenses: Licenses = Licenses()
    models: Models = field(default_factory=Models)
    waivers: tuple[Waiver, ...] = ()
    fail_on_new_only: bool = False
    unreadable: tuple[str, ...] = ()
    without_system: bool = False
    deployments: tuple[tuple[str, Deployment], ...] = ()
    source: str = ""
    sha256: str = ""

    def threshold(self, kind: Kind) -> Threshold:
        """Return what fails of a kind."""
        return dict(self.thresholds)[kind]
