"""What a policy file asks of a release before it may be deployed to an environment."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Deployment:
    """The demands of one environment. Empty means: not asked for here.

    Attributes:
        repository: Whose workflow must have signed, `owner/name` or URL.
        repository_id: Its number.
        owner_id: Its owner's number.
        signer_workflow: The workflow file that must have signed, with `@ref` after it if that must match.
        source_ref: The git ref that must have been built, or a glob pattern of it.
        issuer: URL of who must have vouched for the workflow.
        runner: `github-hosted` or `self-hosted`.
        triggers: The events of which one must have started the run.
        public_key: Path of the public key that must have signed, instead of a workflow.
        certificate_root: Path of the root certificates to which the signer's must lead, instead of a workflow's.
        certificate_subject: Whose certificate it must be: its subject or one of its names.
        trust_config: Path of the root of trust.
        require: What must be attested.
        max_age: How old a verdict may be.
        ignore: Names that may be among the model's files unsigned.
        verdict_workflow: A second workflow file, with its ref, whose verdicts count, and nothing else that it signs.
        line: In the policy file.
    """

    repository: str = ""
    repository_id: str = ""
    owner_id: str = ""
    signer_workflow: str = ""
    source_ref: str = ""
    issuer: str = ""
    runner: str = ""
    triggers: tuple[str, ...] = ()
    public_key: str = ""
    certificate_root: str = ""
    certificate_subject: str = ""
    trust_config: str = ""
    require: tuple[str, ...] = ()
    max_age: timedelta | None = None
    ignore: tuple[str, ...] = ()
    verdict_workflow: str = ""
    line: int = 0
