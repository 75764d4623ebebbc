"""Who signed, as a certificate proves it, and who may have.

A certificate of Sigstore's authority carries the claims of the token it was issued for:
https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat import asn1

from modelseal.attestation.rejection import Rejection, short
from modelseal.errors import InputError
from modelseal.gate import patterns

GITHUB_ISSUER = "https://token.actions.githubusercontent.com"
_ARC = "1.3.6.1.4.1.57264.1"
_CLAIMS = (8, 9, 11, 12, 13, 14, 15, 17, 18, 20, 21)
_NUMBER = re.compile(r"[1-9][0-9]{0,18}")
_REPOSITORY = re.compile(r"(?:(https://[A-Za-z0-9.-]+(?::[0-9]+)?)/)?([A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+)")
_WORKFLOW = re.compile(r"(https://[A-Za-z0-9.-]+(?::[0-9]+)?/)?([\w.-]+/[\w.-]+)/(\.github/workflows/[^@]+)(?:@(.+))?")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True)
class Identity:
    """What a signing certificate says; empty where it says nothing.

    Attributes:
        issuer: Who vouched for the signer: the URL of the OpenID Connect issuer.
        subject: The signer's own URI, of GitHub the workflow file that holds the job, with its ref.
        signer: The same from the claim of its own; equal to `subject` for GitHub.
        repository: URL of the repository that the run was for.
        commit: The commit the run was for.
        ref: The git ref the run was for.
        runner: `github-hosted` or `self-hosted`.
        invocation: URL of the run.
        repository_id: Number of the repository, which no other one of the same name will ever have.
        owner_id: Number of its owner.
        trigger: The event that started the run: `push`, `release`.
        config: URI of the workflow file that was started, with its ref; the one that holds the job may be another.
    """

    issuer: str
    subject: str
    signer: str
    repository: str
    commit: str
    ref: str
    runner: str
    invocation: str
    repository_id: str = ""
    owner_id: str = ""
    trigger: str = ""
    config: str = ""


@dataclass(frozen=True)
class Expected:
    """Who must have signed. Empty means: not asked for; `repository` and `issuer` are always asked for.

    Attributes:
        repository: URL, `https://github.com/owner/name`.
        issuer: URL of the OpenID Connect issuer.
        workflow: URL of the workflow file, without a ref.
        workflow_ref: The ref of that file.
        ref: The git ref the run was for, `refs/heads/main`, or a glob pattern of it: `refs/tags/v*`.
        commit: The commit the run was for.
        repository_id: Number of the repository.
        owner_id: Number of its owner.
        runner: `github-hosted` or `self-hosted`.
        triggers: The events of which one must have started the run.
        subject: The signer's own URI or mail address; then `repository` may be empty.
    """

    repository: str
    issuer: str = GITHUB_ISSUER
    workflow: str = ""
    workflow_ref: str = ""
    ref: str = ""
    commit: str = ""
    repository_id: str = ""
    owner_id: str = ""
    runner: str = ""
    triggers: tuple[str, ...] = ()
    subject: str = ""


def expected(  # noqa: PLR0913 - as many as the certificate has claims that users know
    repository: str,
    issuer: str,
    signer_workflow: str,
    source_ref: str,
    source_digest: str,
    *,
    repository_id: str = "",
    owner_id: str = "",
    runner: str = "",
    triggers: Sequence[str] = (),
) -> Expected:
    """Read the inputs that say who must have signed.

    Raises:
        InputError: One of them could never match, or `repository` is missing.
    """
    url = repository_url(repository)
    if source_ref:
        if not source_ref.startswith("refs/"):
            raise InputError(
                f"{source_ref!r} is not a full git ref.",
                where="input `source-ref`",
                mend="Write it in full: refs/heads/main, refs/tags/v1.0.",
            )
        _same_ref("", source_ref)  # a pattern that is none is said now
    for name, number in (("repository-id", repository_id), ("owner-id", owner_id)):
        if number and not _NUMBER.fullmatch(number):
            raise InputError(
                f"{number!r} is not a number as GitHub gives it.",
                where=f"input `{name}`",
                mend="`gh api repos/OWNER/NAME --jq .id` prints the repository's, `.owner.id` its owner's.",
            )
    commit = source_digest.removeprefix("sha1:")
    if commit and not _COMMIT.fullmatch(commit):
        raise InputError(
            f"{source_digest!r} is not a commit.",
            where="input `source-digest`",
            mend="Give the full commit hash, 40 lower-case hexadecimal digits.",
        )
    workflow, workflow_ref = _workflow(signer_workflow, url)
    return Expected(
        url, issuer, workflow, workflow_ref, source_ref, commit, repository_id, owner_id, runner, tuple(triggers)
    )


def repository_url(repository: str) -> str:
    """Turn `owner/name` into its URL, and leave a URL as it is.

    Raises:
        InputError: It is neither, or missing.
    """
    if not repository:
        raise InputError(
            "Input `repository` is required to verify a keyless signature: anybody can sign with Sigstore.",
            mend="Give owner/name of the repository whose workflow must have signed, or `public-key`.",
        )
    match = _REPOSITORY.fullmatch(repository.removesuffix("/"))
    if match is None or set(match[2].split("/")) & {".", ".."}:
        raise InputError(
            f"{repository!r} is not a repository.",
            where="input `repository`",
            mend="Write owner/name, or the repository's full URL where it is not on github.com.",
        )
    return f"{match[1] or 'https://github.com'}/{match[2]}"


def mismatches(found: Identity, wanted: Expected) -> tuple[str, ...]:
    """Compare the proved identity with the expected one.

    Returns:
        One sentence for each thing that does not match; nothing if all of it does.
    """
    reasons = [_differs("issuer", found.issuer, wanted.issuer, found.issuer == wanted.issuer)]
    if wanted.subject:
        reasons.append(_differs("signer", found.subject, wanted.subject, found.subject == wanted.subject))
    if wanted.repository:
        reasons += _other_workflow(found, wanted)
    if wanted.ref:
        reasons.append(_differs("source ref", found.ref, wanted.ref, _same_ref(found.ref, wanted.ref)))
    if wanted.triggers:
        either = " or ".join(wanted.triggers)
        reasons.append(_differs("build trigger", found.trigger, either, found.trigger in wanted.triggers))
    exact = (
        ("source commit", found.commit, wanted.commit),
        ("repository's number", found.repository_id, wanted.repository_id),
        ("owner's number", found.owner_id, wanted.owner_id),
        ("runner", found.runner, wanted.runner),
    )
    reasons += [_differs(what, is_, should, is_ == should) for what, is_, should in exact if should]
    return tuple(filter(None, reasons))


def _other_workflow(found: Identity, wanted: Expected) -> list[str]:
    workflow, _, workflow_ref = found.signer.partition("@")
    reasons = [
        _differs("repository", found.repository, wanted.repository, same_url(found.repository, wanted.repository)),
        _differs("signer's claim", found.signer, found.subject, found.signer == found.subject),
    ]
    if wanted.workflow:
        same = _same_workflow(workflow, wanted.workflow)
        reasons.append(_differs("signer workflow", workflow, wanted.workflow, same))
        if wanted.workflow_ref:
            same = workflow_ref == wanted.workflow_ref
            reasons.append(_differs("signer workflow's ref", workflow_ref, wanted.workflow_ref, same))
    elif not wanted.subject:
        # A reusable workflow of somebody else is another signer; whoever means it says so with `signer-workflow`.
        home = "/".join(workflow.split("/")[:5])
        own = f"a workflow of {wanted.repository}"
        reasons.append(_differs("signer", found.signer, own, same_url(home, wanted.repository)))
    return reasons


def of_certificate(certificate: x509.Certificate) -> Identity:
    """Read the identity from a certificate whose chain has been verified.

    Raises:
        Rejection: It names no signer, or more than one, or is malformed.
    """
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        subjects = list(names.get_values_for_type(x509.UniformResourceIdentifier))
        subjects += names.get_values_for_type(x509.RFC822Name)
        claims = {number: _claim(certificate, number) for number in _CLAIMS}
    except (
        ValueError, x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType
    ) as error:  # fmt: skip
        raise Rejection(f"its certificate cannot be read: {error}") from error
    if len(subjects) != 1 or len(names) != 1:
        raise Rejection(f"its certificate names {len(names)} signers instead of one")
    return Identity(
        issuer=claims[8],
        subject=subjects[0],
        signer=claims[9],
        repository=claims[12],
        commit=claims[13],
        ref=claims[14],
        runner=claims[11],
        invocation=claims[21],
        repository_id=claims[15],
        owner_id=claims[17],
        trigger=claims[20],
        config=claims[18],
    )


def is_of_sigstore(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate has claims of the kind that only Sigstore's authority puts into one."""
    return any(item.oid.dotted_string.startswith(f"{_ARC}.") for item in certificate.extensions)


def same_url(left: str, right: str) -> bool:
    """Tell whether two repository URLs name the same one: GitHub takes upper and lower case as equal, of ASCII only."""
    return left.isascii() and right.isascii() and left.lower() == right.lower()


def _same_ref(found: str, wanted: str) -> bool:
    """Compare git refs; no ref can have `*` or `?` in its name, so what has is a pattern."""
    return patterns.matches_name(wanted, found) if set("*?") & set(wanted) else found == wanted


def _same_workflow(found: str, wanted: str) -> bool:
    """Compare workflow files: owner and name in any case, the path exactly."""
    found_parts, wanted_parts = found.split("/"), wanted.split("/")
    return found_parts[5:] == wanted_parts[5:] and same_url("/".join(found_parts[:5]), "/".join(wanted_parts[:5]))


def _workflow(text: str, repository: str) -> tuple[str, str]:
    if not text:
        return "", ""
    match = _WORKFLOW.fullmatch(text) if text.isascii() else None
    if match is None:
        raise InputError(
            f"{text!r} is not a workflow.",
            where="input `signer-workflow`",
            mend="Write owner/name/.github/workflows/file.yml, with @ref after it if that must match too.",
        )
    server = match[1] or "/".join(repository.split("/")[:3]) + "/"
    return f"{server}{match[2]}/{match[3]}", match[4] or ""


def _claim(certificate: x509.Certificate, number: int) -> str:
    """Return the claim with this number below Fulcio's arc, a DER UTF8String; empty when it is not there."""
    try:
        extension = certificate.extensions.get_extension_for_oid(x509.ObjectIdentifier(f"{_ARC}.{number}")).value
    except x509.ExtensionNotFound:
        return ""
    if not isinstance(extension, x509.UnrecognizedExtension):
        raise Rejection(f"its certificate's claim {number} has another form than Fulcio's")
    return asn1.decode_der(str, extension.value)


def _differs(what: str, found: str, wanted: str, same: bool) -> str:  # noqa: FBT001 - private, and named by its use
    if same:
        return ""
    return f"the {what} is {short(found)}, not {wanted}" if found else f"the {what} is not stated; it must be {wanted}"
