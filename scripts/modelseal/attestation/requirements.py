"""What is demanded of a release: by the station's inputs, by a policy file, or by both together.

Neither loosens the other. What both state must agree; what is a limit becomes the narrower one; what is a list of
demands becomes the longer one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

from modelseal.attestation import identity
from modelseal.errors import InputError
from modelseal.files import read_bounded
from modelseal.gate import given as given_policy
from modelseal.gate import patterns
from modelseal.gate.deployment import Deployment
from modelseal.gate.policy import Policy

_FILE_LIMIT = 16 * 1024 * 1024  # of a key or a root of trust


@dataclass(frozen=True)
class Requirements:
    """Who must have signed, and what. Empty means: not demanded.

    Attributes:
        repository: Whose workflow must have signed, `owner/name` or URL.
        repository_id: Its number.
        owner_id: Its owner's number.
        signer_workflow: The workflow file, with `@ref` after it if that must match.
        source_ref: The git ref that must have been built, or a glob pattern of it.
        source_digest: The commit that must have been built.
        issuer: Who must have vouched for the workflow.
        runner: `github-hosted` or `self-hosted`.
        triggers: The events of which one must have started the run.
        public_key: The key that must have signed.
        certificate_root: The certificates to which that of the signer must lead.
        certificate_subject: Whose certificate it must be.
        trust_config: The root of trust.
        require: What must be attested, as users write it.
        max_age: How old a verdict may be.
        ignore: Names that may be among the model's files unsigned.
        verdict_workflow: A second workflow file, with its ref, whose verdicts count; only a policy names one.
        environment: For which environment of the policy file.
        source: The policy file.
        sha256: Of the policy file's bytes.
    """

    repository: str = ""
    repository_id: str = ""
    owner_id: str = ""
    signer_workflow: str = ""
    source_ref: str = ""
    source_digest: str = ""
    issuer: str = ""
    runner: str = ""
    triggers: tuple[str, ...] = ()
    public_key: Path | None = None
    certificate_root: Path | None = None
    certificate_subject: str = ""
    trust_config: Path | None = None
    require: tuple[str, ...] = ()
    max_age: timedelta | None = None
    ignore: tuple[str, ...] = ()
    verdict_workflow: str = field(default="", kw_only=True)
    environment: str = field(default="", kw_only=True)
    source: str = field(default="", kw_only=True)
    sha256: str = field(default="", kw_only=True)

    def check(self) -> None:
        """Refuse demands for two kinds of signatures at once.

        Raises:
            InputError: There are such.
        """
        if self.public_key and self.certificate_root:
            raise InputError(
                "`public-key` is for what was signed with a key; `certificate-root` for what has a certificate.",
                mend="Give one or the other.",
            )
        if (self.public_key or self.certificate_root) and (self.trust_config or self.issuer):
            name = "public-key" if self.public_key else "certificate-root"
            raise InputError(
                f"`{name}` is for what was signed with a key; `trust-config` and `issuer` are for keyless signatures.",
                mend="Give one or the other.",
            )
        if self.certificate_subject and self.public_key:
            raise InputError(
                "`certificate-subject` is about certificates, and `public-key` is used without any.",
                mend="Give one or the other.",
            )

    def expected(self) -> identity.Expected | None:
        """Return who must have signed; None where nothing is demanded of it.

        Raises:
            InputError: A demand could never be met, or there are some but no repository.
        """
        details = (self.signer_workflow, self.source_ref, self.source_digest)
        more = (self.repository_id, self.owner_id, self.runner, *self.triggers)
        if (self.public_key or self.certificate_root) and not any((self.repository, *details, *more)):
            return None
        if self.certificate_subject and not any((self.repository, *details, *more)):
            if not self.issuer:
                raise InputError(
                    "`certificate-subject` means nothing without the one who vouched for it.",
                    mend="Give `certificate-root`; or for a keyless signature `issuer`, or `repository`.",
                )
            return identity.Expected("", self.issuer, subject=self.certificate_subject)
        wanted = identity.expected(
            self.repository,
            self.issuer or identity.GITHUB_ISSUER,
            *details,
            repository_id=self.repository_id,
            owner_id=self.owner_id,
            runner=self.runner,
            triggers=self.triggers,
        )
        return wanted if self.certificate_root else replace(wanted, subject=self.certificate_subject)

    def expected_of_verdicts(self) -> identity.Expected | None:
        """Return who else may have signed a verdict, wherever and whenever it ran; None where nobody may."""
        if not self.verdict_workflow:
            return None
        return identity.expected(
            self.repository,
            self.issuer or identity.GITHUB_ISSUER,
            self.verdict_workflow,
            "",
            "",
            repository_id=self.repository_id,
            owner_id=self.owner_id,
            runner=self.runner,
        )


def with_policy(demanded: Requirements, file: Path | None, environment: str, today: date) -> Requirements:
    """Add to the inputs' demands those of a policy file.

    Args:
        demanded: What the inputs demand.
        file: The policy file; None for the usual one.
        environment: The environment in it.
        today: The day on which it is read: waivers end.

    Raises:
        InputError: The file cannot be read, says nothing of the environment, or contradicts the inputs.
    """
    read = given_policy.policy(file or given_policy.POLICY, Path.cwd(), given_policy.Overrides(), today)
    return combined(demanded, read, environment)


def combined(given: Requirements, policy: Policy, environment: str) -> Requirements:
    """Add to the inputs' demands those that a policy file states for an environment.

    Raises:
        InputError: The policy says nothing of the environment, or inputs and policy contradict each other.
    """
    known = dict(policy.deployments)
    if not known:
        raise InputError(
            "The policy does not say what a release must prove before it is deployed.",
            where=policy.source,
            mend="Add a section `verify` with a key for each environment; docs/verify.md shows one.",
        )
    if environment not in known:
        names = ", ".join(known)
        raise InputError(
            f"The policy knows no environment {environment!r}."
            if environment
            else "The policy says what each environment demands, and none was named.",
            where=f"{policy.source}, input `environment`",
            mend=f"Name one of {names} with `environment`.",
        )
    return _both(given, known[environment], policy, environment)


def _both(given: Requirements, demanded: Deployment, policy: Policy, environment: str) -> Requirements:
    place = f"{policy.source}, line {demanded.line} ({environment})"

    def agreed(name: str, same: Callable[[str, str], bool] = str.__eq__) -> str:
        ours, theirs = getattr(given, name), getattr(demanded, name)
        if ours and theirs and not same(ours, theirs):
            raise _contradiction(name, ours, theirs, place)
        return str(ours or theirs)

    theirs = "a key" if demanded.public_key else "a root" if demanded.certificate_root else "a workflow's certificate"
    for name in ("public_key", "certificate_root"):
        if getattr(given, name) and not getattr(demanded, name):
            raise _contradiction(name, str(getattr(given, name)), theirs, place)
    triggers = given.triggers or demanded.triggers
    if given.triggers and demanded.triggers:
        triggers = tuple(item for item in given.triggers if item in demanded.triggers)
        if not triggers:
            raise _contradiction("trigger", ", ".join(given.triggers), ", ".join(demanded.triggers), place)
    if set(given.ignore) - set(demanded.ignore):
        raise _contradiction("ignore", ", ".join(given.ignore), ", ".join(demanded.ignore) or "no file unsigned", place)
    ages = [age for age in (given.max_age, demanded.max_age) if age is not None]
    return replace(
        given,
        repository=agreed("repository", _same_repository),
        repository_id=agreed("repository_id"),
        owner_id=agreed("owner_id"),
        signer_workflow=_workflow(given, demanded, place),
        source_ref=agreed("source_ref", lambda ours, theirs: ours == theirs or _matches(theirs, ours)),
        issuer=agreed("issuer"),
        runner=agreed("runner"),
        triggers=triggers,
        public_key=_same_file("public_key", given.public_key, demanded.public_key, place),
        certificate_root=_same_file("certificate_root", given.certificate_root, demanded.certificate_root, place),
        certificate_subject=agreed("certificate_subject"),
        trust_config=_same_file("trust_config", given.trust_config, demanded.trust_config, place),
        require=tuple(dict.fromkeys((*given.require, *demanded.require))),
        max_age=min(ages, default=None),
        ignore=given.ignore or demanded.ignore,
        verdict_workflow=demanded.verdict_workflow,
        environment=environment,
        source=policy.source,
        sha256=policy.sha256,
    )


def _workflow(given: Requirements, demanded: Deployment, place: str) -> str:
    """Take the workflow that says more, where one of the two leaves the ref open."""
    ours, theirs = given.signer_workflow, demanded.signer_workflow
    if not ours or not theirs:
        return ours or theirs
    (our_file, _, our_ref), (their_file, _, their_ref) = ours.partition("@"), theirs.partition("@")
    if our_file != their_file or (our_ref and their_ref and our_ref != their_ref):
        raise _contradiction("signer_workflow", ours, theirs, place)
    return ours if our_ref else theirs


def _same_repository(ours: str, theirs: str) -> bool:
    return identity.same_url(identity.repository_url(ours), identity.repository_url(theirs))


def _matches(pattern: str, ref: str) -> bool:
    """Tell whether a ref is one that a pattern allows; a pattern given as input never is."""
    return not set("*?") & set(ref) and bool(set("*?") & set(pattern)) and patterns.matches_name(pattern, ref)


def _same_file(name: str, ours: Path | None, theirs: str, place: str) -> Path | None:
    """Take either file, but of two only those with the same content: the inputs' may be a copy elsewhere."""
    if ours is None or not theirs:
        return ours or (Path(theirs) if theirs else None)
    try:
        same = read_bounded(ours, _FILE_LIMIT) == read_bounded(Path(theirs), _FILE_LIMIT)
    except OSError as error:
        raise InputError(
            f"A file that inputs and policy name cannot be read: {error.strerror or error}.",
            where=str(error.filename),
            mend=f"Check `{name.replace('_', '-')}` in both.",
        ) from error
    if not same:
        raise _contradiction(name, str(ours), theirs, place)
    return ours


def _contradiction(name: str, ours: str, theirs: str, place: str) -> InputError:
    return InputError(
        f"The input `{name.replace('_', '-')}` asks for {ours!r} where the policy asks for {theirs!r}.",
        where=place,
        mend="Leave the input out, or change the policy: neither takes the place of the other.",
    )
