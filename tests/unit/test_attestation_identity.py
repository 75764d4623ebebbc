from dataclasses import replace
from typing import Any

import pytest

from attestation_material import GITHUB
from modelseal.attestation import identity, provenance, said_source, workflow_run
from modelseal.attestation.identity import Expected, Identity
from modelseal.errors import InputError

WORKFLOW = "https://github.com/octo/model/.github/workflows/release.yml"
FOUND = Identity(
    issuer=identity.GITHUB_ISSUER,
    subject=f"{WORKFLOW}@refs/heads/main",
    signer=f"{WORKFLOW}@refs/heads/main",
    repository="https://github.com/octo/model",
    commit="a" * 40,
    ref="refs/heads/main",
    runner="github-hosted",
    invocation="https://github.com/octo/model/actions/runs/1/attempts/1",
    config=f"{WORKFLOW}@refs/heads/main",
)
CLAIMS: dict[str, object] = {
    "repository": "octo/model", "repository_id": "1", "repository_owner_id": "2", "ref": "refs/heads/main",
    "sha": "a" * 40, "event_name": "push", "workflow_ref": GITHUB["GITHUB_WORKFLOW_REF"],
    "job_workflow_ref": "octo/shared/.github/workflows/seal.yml@" + "c" * 40,
    "runner_environment": "github-hosted", "run_id": "1", "run_attempt": "1",
}  # fmt: skip


def wanted(**changes: Any) -> Expected:
    return replace(Expected("https://github.com/octo/model"), **changes)


@pytest.mark.parametrize(
    "expected",
    [
        wanted(),
        wanted(repository="https://github.com/OCTO/Model"),
        wanted(workflow=WORKFLOW),
        wanted(workflow=WORKFLOW.replace("octo/model", "Octo/Model")),
        wanted(workflow=WORKFLOW, workflow_ref="refs/heads/main", ref="refs/heads/main", commit="a" * 40),
    ],
)
def test_expected_identity_is_accepted(expected: Expected) -> None:
    assert identity.mismatches(FOUND, expected) == ()


@pytest.mark.parametrize(
    "found",
    [
        replace(FOUND, repository="https://github.com/octo/mode"),
        replace(FOUND, repository="https://github.com/octo/model2"),
        replace(FOUND, repository="https://github.com/octo/model/"),
        replace(FOUND, repository="https://github.com/octo/model.git"),
        replace(FOUND, repository="https://github.com/xocto/model"),
        replace(FOUND, repository="https://github.com.example/octo/model"),
        replace(FOUND, repository="http://github.com/octo/model"),
        replace(FOUND, repository="https://github.com/octo/m\u043edel"),  # a Cyrillic letter
        replace(FOUND, repository="https://github.com/octo/mode\u217c"),  # a Roman numeral that folds to l
        replace(FOUND, repository="https://\u212aithub.com/octo/model"),
        replace(FOUND, repository=""),
        replace(FOUND, issuer=""),
        replace(FOUND, issuer=identity.GITHUB_ISSUER + "/"),
        replace(FOUND, issuer=identity.GITHUB_ISSUER.upper()),
        replace(FOUND, issuer="https://token.actions.githubusercontent.com.example"),
        replace(FOUND, signer=""),
        replace(FOUND, signer=WORKFLOW.replace("octo/model", "octo/model2") + "@refs/heads/main"),
        replace(FOUND, subject="somebody@example.org"),
        replace(FOUND, subject=f"{WORKFLOW}@refs/heads/other"),
        replace(FOUND, subject=(other := WORKFLOW.replace("octo", "else") + "@refs/heads/main"), signer=other),
        replace(FOUND, subject="https://github.com/octo", signer="https://github.com/octo"),
    ],
    ids=str,
)
def test_other_identities_are_refused(found: Identity) -> None:
    assert identity.mismatches(found, wanted())


@pytest.mark.parametrize(
    "expected",
    [
        wanted(workflow=WORKFLOW.replace("release", "Release")),
        wanted(workflow=WORKFLOW.removesuffix("l")),
        wanted(workflow=WORKFLOW + "2"),
        wanted(workflow=WORKFLOW.replace("octo/model", "octo/other")),
        wanted(workflow=WORKFLOW, workflow_ref="refs/heads/mai"),
        wanted(workflow=WORKFLOW, workflow_ref="refs/tags/main"),
        wanted(ref="refs/heads/mai"),
        wanted(ref="refs/heads/main2"),
        wanted(ref="refs/heads/Main"),
        wanted(commit="b" * 40),
        wanted(issuer="https://example.org"),
    ],
    ids=str,
)
def test_other_expectations_are_not_met(expected: Expected) -> None:
    assert identity.mismatches(FOUND, expected)


def test_all_mismatches_are_named() -> None:
    expected = wanted(issuer="https://example.org", workflow=WORKFLOW + "2", ref="refs/heads/x", commit="b" * 40)
    assert len(identity.mismatches(FOUND, replace(expected, repository="https://github.com/a/b"))) == 5


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("octo/model", "https://github.com/octo/model"),
        ("octo/model/", "https://github.com/octo/model"),
        ("https://github.example:8443/octo/model", "https://github.example:8443/octo/model"),
        ("octo/.github", "https://github.com/octo/.github"),
    ],
)
def test_repositories(text: str, url: str) -> None:
    assert identity.repository_url(text) == url


@pytest.mark.parametrize(
    "text",
    ["", "octo", "/model", "octo/", "octo//model", "octo/model/x", "octo/..", "../model", "octo/mod el", "octo/model\n",
     "http://github.com/octo/model", "https://github.com/octo", "https://evil@github.com/octo/model", "octo/m\u043edel",
     "octo/model?x", "octo/model#x", "octo/*", "https://github.com//octo/model"],
)  # fmt: skip
def test_what_is_no_repository(text: str) -> None:
    with pytest.raises(InputError):
        identity.repository_url(text)


@pytest.mark.parametrize(
    "text",
    ["release.yml", "octo/model", "octo/model/release.yml", "octo/model/.github/workflows/", "/.github/workflows/x.yml",
     "octo/model/.github/workflows/x.yml@", "octo/m\u043edel/.github/workflows/x.yml",
     "http://github.com/octo/model/.github/workflows/x.yml"],
)  # fmt: skip
def test_what_is_no_workflow(text: str) -> None:
    with pytest.raises(InputError):
        identity.expected("octo/model", identity.GITHUB_ISSUER, text, "", "")


def test_workflow_is_on_the_repositorys_server() -> None:
    text = "octo/model/.github/workflows/x.yml@refs/heads/main"
    read = identity.expected("https://git.example/octo/model", "https://issuer.example", text, "", "")
    assert read.workflow == "https://git.example/octo/model/.github/workflows/x.yml"
    assert read.workflow_ref == "refs/heads/main"


# --- the run ----------------------------------------------------------------------------------------------------------


def test_environment_tells_of_the_run() -> None:
    run = workflow_run.from_environment(GITHUB)
    assert run is not None
    assert run.repository == "octo/model"
    assert run.job_workflow_ref == run.workflow_ref


@pytest.mark.parametrize("missing", sorted(set(GITHUB) - {"GITHUB_ACTIONS", "GITHUB_SERVER_URL"}))
def test_incomplete_environment_is_refused(missing: str) -> None:
    for value in ({}, {missing: ""}):
        environ = {name: text for name, text in GITHUB.items() if name != missing} | value
        with pytest.raises(InputError, match=missing):
            workflow_run.from_environment(environ)


@pytest.mark.parametrize("environ", [{}, {"GITHUB_ACTIONS": ""}, {"GITHUB_ACTIONS": "1"}, {"GITHUB_REPOSITORY": "a/b"}])
def test_no_workflow_is_no_run(environ: dict[str, str]) -> None:
    assert workflow_run.from_environment(environ) is None


def test_claims_win_where_the_environment_is_silent() -> None:
    run = workflow_run.from_claims(CLAIMS, {})
    assert run is not None
    assert run.job_workflow_ref == CLAIMS["job_workflow_ref"]
    assert workflow_run.from_claims(CLAIMS, GITHUB) == run


@pytest.mark.parametrize("variable", sorted(set(GITHUB) - {"GITHUB_ACTIONS", "GITHUB_SERVER_URL"}))
def test_contradiction_is_refused(variable: str) -> None:
    with pytest.raises(InputError, match=variable):
        workflow_run.from_claims(CLAIMS, GITHUB | {variable: "other"})


@pytest.mark.parametrize("claim", sorted(set(CLAIMS) - {"job_workflow_ref"}))
@pytest.mark.parametrize("value", [None, "", 1, ["x"]])
def test_missing_claim_is_refused(claim: str, value: object) -> None:
    with pytest.raises(InputError, match=f"no claim `{claim}`"):
        workflow_run.from_claims(CLAIMS | {claim: value}, {})


def test_token_of_somebody_else_is_refused_in_a_workflow() -> None:
    assert workflow_run.from_claims({"iss": "x"}, {}) is None
    with pytest.raises(InputError, match="not one of this workflow run"):
        workflow_run.from_claims({"iss": "x"}, GITHUB)


# --- provenance -------------------------------------------------------------------------------------------------------


def test_provenance_has_the_shape_of_githubs() -> None:
    # https://github.com/actions/toolkit/blob/main/packages/attest/src/provenance.ts
    run = workflow_run.from_claims(CLAIMS, {})
    assert run is not None
    assert provenance.of_run(run, ()) == {
        "buildDefinition": {
            "buildType": "https://actions.github.io/buildtypes/workflow/v1",
            "externalParameters": {
                "workflow": {
                    "ref": "refs/heads/main",
                    "repository": "https://github.com/octo/model",
                    "path": ".github/workflows/release.yml",
                }
            },
            "internalParameters": {
                "github": {
                    "event_name": "push",
                    "repository_id": "1",
                    "repository_owner_id": "2",
                    "runner_environment": "github-hosted",
                }
            },
            "resolvedDependencies": [
                {"uri": "git+https://github.com/octo/model@refs/heads/main", "digest": {"gitCommit": "a" * 40}}
            ],
        },
        "runDetails": {
            "builder": {"id": f"https://github.com/octo/shared/.github/workflows/seal.yml@{'c' * 40}"},
            "metadata": {"invocationId": "https://github.com/octo/model/actions/runs/1/attempts/1"},
        },
    }


def test_refs_with_an_at_sign_stay_whole() -> None:
    ref = "refs/tags/@scope/model@1.0"
    claims = CLAIMS | {"ref": ref, "workflow_ref": f"octo/model/.github/workflows/release.yml@{ref}"}
    run = workflow_run.from_claims(claims, {})
    assert run is not None
    source = provenance.source_of(provenance.of_run(run, ()))
    assert (source.ref, source.commit) == (ref, "a" * 40)


def test_contradictions_between_provenance_and_certificate() -> None:
    run = workflow_run.from_environment(GITHUB)
    assert run is not None
    predicate = provenance.of_run(run, ())
    assert said_source.contradictions(predicate, FOUND) == ()
    for name in ("repository", "commit", "signer", "ref", "config", "invocation"):
        assert len(said_source.contradictions(predicate, replace(FOUND, **{name: "other"}))) == 1, name
    for broken in ({}, {"buildDefinition": 1}, {"buildDefinition": {"buildType": provenance.WORKFLOW_BUILD_TYPE}}):
        found = said_source.contradictions(broken, FOUND)
        assert bool(found) == ("buildType" in str(broken))


@pytest.mark.parametrize(
    ("workflow", "said", "agrees"),
    [
        ("octo/model/.github/workflows/a.yml@refs/heads/main", (".github/workflows/a.yml", "refs/heads/main"), True),
        ("octo/model/.github/workflows/a.yml@refs/heads/main", (".github/workflows/a.yml", "refs/heads/other"), False),
        ("octo/model/.github/workflows/a.yml@refs/heads/main", (".github/workflows/b.yml", "refs/heads/main"), False),
        ("octo/model/.github/workflows/a.yml@refs/tags/a@1.0", (".github/workflows/a.yml", "refs/tags/a@1.0"), True),
        ("octo/model/.github/workflows/a.yml@refs/tags/a@1.0", (".github/workflows/a.yml", "refs/tags/a"), True),
        ("octo/model/.github/workflows/a.yml@refs/tags/a@1.0", (".github/workflows/a.yml", "refs/tags/a@2.0"), False),
        ("octo/rules/.github/workflows/a.yml@refs/heads/main",
         ("octo/rules/.github/workflows/a.yml", "refs/heads/main"), True),
        ("octo/rules/.github/workflows/a.yml@refs/heads/main", (".github/workflows/a.yml", "refs/heads/main"), False),
        ("octo/model/.github/workflows/a.yml@refs/heads/main", ("", ""), False),
    ],
)  # fmt: skip
def test_started_workflow_is_that_of_the_certificate(workflow: str, said: tuple[str, str], agrees: bool) -> None:  # noqa: FBT001
    run = workflow_run.from_environment(GITHUB)
    assert run is not None
    predicate: Any = provenance.of_run(run, ())
    path, ref = said
    predicate["buildDefinition"]["externalParameters"]["workflow"].update(path=path, ref=ref)
    found = said_source.contradictions(predicate, replace(FOUND, config=f"https://github.com/{workflow}"))
    assert [reason[:43] for reason in found] == ([] if agrees else ["the provenance names the started workflow '"])


def test_byproducts_are_read_from_whatever_is_there() -> None:
    made = provenance.local("x", [provenance.File("a", "1" * 64), provenance.File("b", "2" * 64)])
    assert provenance.byproducts_of(made) == {"1" * 64, "2" * 64}
    shapes: tuple[dict[str, object], ...] = (
        {},
        {"runDetails": []},
        {"runDetails": {"byproducts": {}}},
        {"runDetails": {"byproducts": [1, {}]}},
    )
    for odd in shapes:
        assert provenance.byproducts_of(odd) == frozenset()
