"""SLSA provenance v1: what was built, by whom, from what.

https://slsa.dev/spec/v1.0/provenance, and for workflows https://actions.github.io/buildtypes/workflow/v1
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modelseal.attestation.workflow_run import Run

PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
WORKFLOW_BUILD_TYPE = "https://actions.github.io/buildtypes/workflow/v1"
# For what was built outside of a workflow. It claims nothing but that somebody who holds the key says so.
LOCAL_BUILD_TYPE = "https://github.com/modelseal/modelseal/buildtypes/local/v1"
LOCAL_BUILDER = "https://github.com/modelseal/modelseal/builders/local"
WORKFLOW_BUILD_TYPES = (
    WORKFLOW_BUILD_TYPE,
    "https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1",  # GitHub's attestations until mid-2024
)


@dataclass(frozen=True)
class File:
    """A file that came with the build: its name and the SHA-256 of its exact bytes."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Source:
    """Where a provenance says that something was built from; empty where it does not say.

    Attributes:
        repository: URL of the repository.
        ref: The git ref that the run was for.
        commit: The commit.
        builder: URI of the builder; of a workflow, the file that held the job.
    """

    repository: str
    ref: str
    commit: str
    builder: str


def of_run(
    run: Run, byproducts: Sequence[File], dependencies: Sequence[Mapping[str, object]] = ()
) -> dict[str, object]:
    """Return the predicate for something that a workflow run built.

    Args:
        run: The run.
        byproducts: Files that came with it.
        dependencies: What it was made from beside the source, as in-toto's resource descriptors.
    """
    repository = f"{run.server_url}/{run.repository}"
    path, _, ref = run.workflow_ref.removeprefix(f"{run.repository}/").partition("@")
    return {
        "buildDefinition": {
            "buildType": WORKFLOW_BUILD_TYPE,
            "externalParameters": {"workflow": {"ref": ref, "repository": repository, "path": path}},
            "internalParameters": {
                "github": {
                    "event_name": run.event_name,
                    "repository_id": run.repository_id,
                    "repository_owner_id": run.repository_owner_id,
                    "runner_environment": run.runner_environment,
                }
            },
            "resolvedDependencies": [
                {"uri": f"git+{repository}@{run.ref}", "digest": {"gitCommit": run.sha}},
                *dependencies,
            ],
        },
        "runDetails": {
            "builder": {"id": f"{run.server_url}/{run.job_workflow_ref}"},
            "metadata": {"invocationId": f"{repository}/actions/runs/{run.run_id}/attempts/{run.run_attempt}"},
            **_byproducts(byproducts),
        },
    }


def local(
    subject: str, byproducts: Sequence[File], dependencies: Sequence[Mapping[str, object]] = ()
) -> dict[str, object]:
    """Return the predicate for something that was built outside of any workflow, and says so.

    Args:
        subject: What was sealed, the one parameter there is.
        byproducts: Files that came with it.
        dependencies: What it was made from, as in-toto's resource descriptors.
    """
    return {
        "buildDefinition": {
            "buildType": LOCAL_BUILD_TYPE,
            "externalParameters": {"subject": subject},
            **({"resolvedDependencies": list(dependencies)} if dependencies else {}),
        },
        "runDetails": {"builder": {"id": LOCAL_BUILDER}, **_byproducts(byproducts)},
    }


def source_of(predicate: Mapping[str, object]) -> Source:
    """Return what a provenance says about its source, for workflow builds; all empty for others."""
    definition = _object(predicate.get("buildDefinition"))
    builder = _text(_object(_object(predicate.get("runDetails")).get("builder")).get("id"))
    if definition.get("buildType") not in WORKFLOW_BUILD_TYPES:
        return Source("", "", "", builder)
    workflow = _object(_object(definition.get("externalParameters")).get("workflow"))
    repository = _text(workflow.get("repository"))
    dependencies = definition.get("resolvedDependencies")
    for item in dependencies if isinstance(dependencies, list) else []:
        entry = _object(item)
        address, _, ref = _text(entry.get("uri")).removeprefix("git+").partition("@")
        commit = _text(_object(entry.get("digest")).get("gitCommit"))
        if commit and address == repository:
            return Source(repository, ref, commit, builder)
    return Source(repository, "", "", builder)


def byproducts_of(predicate: Mapping[str, object]) -> frozenset[str]:
    """Return the SHA-256 of every file that a provenance says came with the build."""
    byproducts = _object(predicate.get("runDetails")).get("byproducts")
    entries = byproducts if isinstance(byproducts, list) else []
    return frozenset(filter(None, (_text(_object(_object(entry).get("digest")).get("sha256")) for entry in entries)))


def _byproducts(files: Sequence[File]) -> dict[str, object]:
    if not files:
        return {}
    return {"byproducts": [{"name": file.name, "digest": {"sha256": file.sha256}} for file in files]}


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
