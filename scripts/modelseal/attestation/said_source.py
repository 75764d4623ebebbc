"""What a provenance says of its run, compared with what was proved of it, or without proof with what is expected.

A certificate's claims: https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md; what GitHub's provenance repeats
of them: https://actions.github.io/buildtypes/workflow/v1
"""

from collections.abc import Mapping

from modelseal.attestation import identity, jsontext, provenance
from modelseal.attestation.rejection import short

# What GitHub's provenance calls the claims that a certificate has too.
_CLAIMS = {
    "repository_id": "repository_id",
    "owner_id": "repository_owner_id",
    "runner": "runner_environment",
    "trigger": "event_name",
}


def contradictions(predicate: Mapping[str, object], certified: identity.Identity) -> tuple[str, ...]:
    """Compare a provenance with the certificate it was signed with: the first is only said, the second was proved.

    Returns:
        One sentence for each thing that does not agree. Of builds that are no workflow's, only what they say in the
        words of one is compared.
    """
    build_type = jsontext.dig(predicate, "buildDefinition", "buildType")
    pairs: list[tuple[str, str, str]] = []
    if build_type in provenance.WORKFLOW_BUILD_TYPES:
        said = provenance.source_of(predicate)
        started = _started(predicate, certified.config)
        pairs += [("repository", said.repository, certified.repository), ("commit", said.commit, certified.commit)]
        pairs += [("ref", said.ref, certified.ref), ("started workflow", started, certified.config)]
        if run := _text(predicate, "runDetails", "metadata", "invocationId"):
            pairs.append(("run", run, certified.invocation))
        if build_type == provenance.WORKFLOW_BUILD_TYPE:
            pairs.append(("workflow", said.builder, certified.signer))
    return tuple(
        f"the provenance names the {what} {short(stated)}, but was signed by {short(proved)}"
        for what, stated, proved in pairs
        if stated != proved
    ) + tuple(
        f"the provenance names the {name.replace('_', ' ')} {short(said)}, but the certificate {short(is_)}"
        for name, said in _claims(predicate).items()
        if said and (is_ := getattr(certified, name)) and said != is_
    )


def mismatches(predicate: Mapping[str, object], expected: identity.Expected) -> tuple[str, ...]:
    """Compare what a provenance says, which no certificate proves, with what is expected of its source.

    Returns:
        One sentence for each thing that does not match.
    """
    said = provenance.source_of(predicate)
    workflow = said.builder if said.repository else ""
    found = identity.Identity(
        issuer=expected.issuer,
        subject=workflow,
        signer=workflow,
        repository=said.repository,
        commit=said.commit,
        ref=said.ref,
        invocation="",
        **(_claims(predicate) if said.repository else {"runner": ""}),
    )
    return identity.mismatches(found, expected)


def _started(predicate: Mapping[str, object], proved: str) -> str:
    """Return the workflow file that was started, with its ref, as a certificate would name it.

    A file of another repository, as an organization's required workflow is, has that one's name in its path. GitHub's
    own attestations end a ref before its first `@`: that is taken for the proved one.
    """
    place = ("buildDefinition", "externalParameters", "workflow")
    repository, path, ref = (_text(predicate, *place, name) for name in ("repository", "path", "ref"))
    server = "/".join(repository.split("/")[:3])
    names = [f"{home}/{path}@{ref}" for home in (repository, server)]
    file, _, whole = proved.partition("@")
    return proved if {proved, f"{file}@{whole.partition('@')[0]}"} & set(names) else names[0]


def _claims(predicate: Mapping[str, object]) -> dict[str, str]:
    """Return what a provenance says of its run beside the source; empty where it does not."""
    return {name: _text(predicate, "buildDefinition", "internalParameters", "github", claim)
            for name, claim in _CLAIMS.items()}  # fmt: skip


def _text(value: object, *path: str) -> str:
    found = jsontext.dig(value, *path)
    return found if isinstance(found, str) else ""
