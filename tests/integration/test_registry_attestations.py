"""Statements in a real registry (Debian's docker-registry), read back by us, by `gh` and by skopeo."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import referencing
import referencing.jsonschema

import local_sigstore
import loopback_registry
from attestation_material import GITHUB, context, project, verdict
from modelseal import station
from modelseal.attestation import registry_store
from modelseal.commands import attest, verify
from modelseal.registry import Writer, parse, referrers
from modelseal.station import Context, Outcome
from modelseal.verdict import ExitCode

PEERS = Path(sys.executable).parent
SCHEMAS = Path(__file__).parents[1] / "assets" / "oci-image-spec"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
WORKFLOW = "octo/model/.github/workflows/release.yml"
STATEMENTS = 4


@dataclass(frozen=True)
class Released:
    """An image in a registry, attested there keyless."""

    folder: Path
    sigstore: local_sigstore.LocalSigstore
    name: str
    digest: str
    inputs: attest.Inputs
    outcome: Outcome

    @property
    def environ(self) -> dict[str, str]:
        return GITHUB | self.sigstore.environ()


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Released]:
    folder = tmp_path_factory.mktemp("release")
    with loopback_registry.running(folder) as address, local_sigstore.running(folder) as sigstore:
        name = f"{address}/octo/fraud"
        digest = push_image(name)
        inputs = project(folder)
        (folder / "fraud.verdict.json").write_bytes(verdict(image_id=digest))
        inputs = replace(
            inputs, image=f"{name}:1.0", digest=digest, archive=None, sign="keyless", private_key="",
            trust_config=sigstore.trust_config, store=("file", "oci"),
        )  # fmt: skip
        made = context(folder)
        outcome = attest.run(inputs, Context(made.output_dir, GITHUB | sigstore.environ(), made.temp_dir))
        yield Released(folder, sigstore, name, digest, inputs, outcome)


def push_image(name: str, label: str = "1.0") -> str:
    writer, reference = Writer({}), parse(f"{name}:{label}")
    settings = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}, "config": {
        "Labels": {"label": label}}}  # fmt: skip
    config = writer.put_blob(reference, json.dumps(settings).encode(), "application/vnd.oci.image.config.v1+json")
    document = {
        "schemaVersion": 2, "mediaType": MANIFEST, "layers": [],
        "config": {"mediaType": config.media_type, "digest": config.digest, "size": config.size},
    }  # fmt: skip
    writer.put_manifest(reference, json.dumps(document).encode(), MANIFEST, tag=label)
    return writer.resolve(reference)


def verified(released: Released, folder: Path, **changes: Any) -> Outcome:
    given: dict[str, Any] = {
        "image": released.name, "digest": released.digest, "bundles_from": "oci", "repository": "octo/model",
        "trust_config": released.sigstore.trusted_root, "require": ("provenance", "spdx", "cyclonedx", "vulns"),
    }  # fmt: skip
    return verify.run(replace(station.read_inputs(verify.Inputs, {}), **(given | changes)), context(folder))


def gh(released: Released, *flags: str | Path) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "HOME": str(released.folder), "GH_TOKEN": "none", "NO_COLOR": "1"}
    return subprocess.run(
        [PEERS / "gh", "attestation", "verify", *flags, "--custom-trusted-root", released.sigstore.trusted_root],
        env=environ, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_what_was_attested_in_the_registry_is_verified_from_there(released: Released, tmp_path: Path) -> None:
    assert released.outcome.exit_code is ExitCode.PASSED
    assert len(released.outcome.outputs.referrers.split("\n")) == STATEMENTS
    outcome = verified(released, tmp_path)
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline


@pytest.mark.parametrize(
    "changes",
    [
        {"repository": "octo/other"},
        {"source_ref": "refs/heads/other"},
        {"require": ("https://example.org/never",)},
        {"digest": f"sha256:{'0' * 64}"},
    ],
    ids=str,
)
def test_what_does_not_hold_is_refused_from_there(released: Released, tmp_path: Path, changes: dict[str, Any]) -> None:
    assert verified(released, tmp_path, **changes).exit_code is ExitCode.VERIFICATION_FAILED


@pytest.mark.parametrize(
    ("flags", "accepted"),
    [
        (["--repo", "octo/model"], True),
        (["--repo", "octo/model", "--signer-workflow", WORKFLOW], True),
        (["--repo", "octo/model", "--predicate-type", "https://cyclonedx.org/bom"], True),
        (["--repo", "octo/model", "--predicate-type", "https://spdx.dev/Document/v2.3"], True),
        (["--repo", "octo/other"], False),
        (["--repo", "octo/model", "--signer-workflow", "octo/model/.github/workflows/other.yml"], False),
        (["--repo", "octo/model", "--predicate-type", "https://example.org/never"], False),
    ],
    ids=str,
)
def test_gh_finds_and_judges_what_is_in_the_registry(released: Released, flags: list[str], *, accepted: bool) -> None:
    done = gh(released, f"oci://{released.name}@{released.digest}", "--bundle-from-oci", *flags)
    assert (done.returncode == 0) == accepted, done.stderr


def test_gh_accepts_each_bundle_that_is_read_back(released: Released, tmp_path: Path) -> None:
    found = registry_store.read(released.name, released.digest, {}, lambda _: None)
    assert len(found) == STATEMENTS
    kept = {path.read_bytes() for path in (released.folder / "out" / "bundles").glob("image.*")}
    assert set(found.values()) == kept
    (tmp_path / "all.jsonl").write_bytes(b"".join(data + b"\n" for data in found.values()))
    done = gh(
        released, f"oci://{released.name}@{released.digest}", "--bundle", tmp_path / "all.jsonl", "--repo", "octo/model"
    )
    assert done.returncode == 0, done.stderr


def test_skopeo_reads_the_list_and_copies_what_is_in_it(released: Released, tmp_path: Path) -> None:
    tag = released.digest.replace(":", "-")
    argv = ["skopeo", "inspect", "--tls-verify=false", "--raw", f"docker://{released.name}:{tag}"]
    index = json.loads(subprocess.run(argv, capture_output=True, check=True, timeout=60).stdout)
    assert {item["digest"] for item in index["manifests"]} == {
        name.partition("@")[2] for name in released.outcome.outputs.referrers.split("\n")
    }
    for number, item in enumerate(index["manifests"]):
        subprocess.run(
            ["skopeo", "copy", "--src-tls-verify=false", f"docker://{released.name}@{item['digest']}",
             f"dir:{tmp_path / str(number)}"],
            capture_output=True, check=True, timeout=60,
        )  # fmt: skip


def schema_errors(name: str, document: object) -> list[str]:
    """Judge a document by a schema of the OCI image specification."""
    places = ("", "image/", "image/descriptor/", "image/manifest/", "image/index/", "descriptor/")
    resources = [
        (f"https://opencontainers.org/schema/{place}{file.name}",
         referencing.jsonschema.DRAFT4.create_resource(json.loads(file.read_bytes())))
        for file in SCHEMAS.glob("*.json") for place in places
    ]  # fmt: skip
    schema = json.loads((SCHEMAS / name).read_bytes())
    registry = referencing.Registry().with_resources(resources)
    return [error.message for error in jsonschema.Draft4Validator(schema, registry=registry).iter_errors(document)]


def test_manifests_and_list_are_as_the_specification_says(released: Released) -> None:
    client, image = Writer({}), parse(released.name).at(released.digest)
    index = referrers.of_tag(client, image)
    assert index is not None
    assert schema_errors("image-index-schema.json", index.fields()) == []
    for entry in referrers.referrers(index):
        manifest = client.manifest(image.at(entry.descriptor.digest)).fields()
        assert schema_errors("image-manifest-schema.json", manifest) == []
        assert schema_errors("image-manifest-schema.json", manifest | {"layers": []})
        assert schema_errors("image-manifest-schema.json", manifest | {"subject": {"digest": "x"}})
    assert schema_errors("image-index-schema.json", {"schemaVersion": 2, "manifests": [{"digest": "sha256:1"}]})


def test_promotion_to_another_repository_needs_no_key(released: Released, tmp_path: Path) -> None:
    """The bundles that were stored once are stored beside the same image elsewhere; nothing is signed again."""
    other = released.name.replace("octo/fraud", "production/fraud")
    assert push_image(other) == released.digest
    given: dict[str, Any] = {
        "bundles": released.folder / "out" / "bundles", "store": ("oci",), "registry_images": (other,),
        "digest": released.digest, "trust_config": released.sigstore.trust_config,
    }  # fmt: skip
    outcome = attest.run(replace(station.read_inputs(attest.Inputs, {}), **given), context(tmp_path))
    assert outcome.exit_code is ExitCode.PASSED
    assert verified(released, tmp_path, image=other).exit_code is ExitCode.PASSED


def test_jobs_that_store_at_once_lose_nothing(released: Released, tmp_path: Path) -> None:
    other = released.name.replace("octo/fraud", "matrix/fraud")
    digest = push_image(other, "2.0")
    folders = []
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        inputs = project(folder)
        (folder / "fraud.verdict.json").write_bytes(verdict(image_id=digest))
        folders.append((replace(inputs, image=other, digest=digest, archive=None, store=("oci",)), context(folder)))
    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(lambda given: attest.run(*given), folders))
    assert all(outcome.exit_code is ExitCode.PASSED for outcome in outcomes)
    stored = {name.partition("@")[2] for outcome in outcomes for name in outcome.outputs.referrers.split("\n")}
    found = registry_store.read(other, digest, {}, lambda _: None)
    assert {name.partition("@")[2] for name in found} == stored
