"""What goes into statements: what something was made from, verdicts of every gate, predicates that fit."""

import copy
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from attestation_material import (
    GITHUB,
    IMAGE,
    IMAGE_ID,
    attested,
    context,
    cyclonedx,
    key,
    manifest,
    payloads,
    pem,
    project,
    spdx,
    verdict,
)
from modelseal import station
from modelseal.attestation import dependencies, jsontext, plan, predicates, slimming
from modelseal.attestation.rejection import Rejection
from modelseal.commands import attest
from modelseal.errors import InputError, VerificationFailed
from modelseal.verdict import ExitCode

HEX = "ab" * 32


def dependencies_of(folder: Path, file: str) -> list[dict[str, Any]]:
    made = payloads(folder / "out" / "bundles")[file]["predicate"]["buildDefinition"]["resolvedDependencies"]
    return list(made)


# --- what it was made from --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        (f"python@sha256:{HEX}", f"pkg:oci/python@sha256%3A{HEX}?repository_url=docker.io/library/python"),
        (
            f"python:3.12@sha256:{HEX}",
            f"pkg:oci/python@sha256%3A{HEX}?repository_url=docker.io/library/python&tag=3.12",
        ),
        (f"ghcr.io/o/Base=sha256:{HEX}", f"pkg:oci/base@sha256%3A{HEX}?repository_url=ghcr.io/o/Base"),
        (
            f"localhost:5000/o/base:1@sha256:{HEX}",
            f"pkg:oci/base@sha256%3A{HEX}?repository_url=localhost%3A5000/o/base&tag=1",
        ),
    ],
)
def test_base_images_have_package_urls(text: str, uri: str) -> None:
    made = dependencies.base_image(text)
    assert made["uri"] == uri
    assert made["digest"] == {"sha256": HEX}


@pytest.mark.parametrize(
    "text",
    ["python", "python:3.12", "python@sha256:12", f"@sha256:{HEX}", f"sha256:{HEX}", f"a b@sha256:{HEX}",
     f"python@sha256:{HEX.upper()}", f"python@sha256:{HEX}x", f"python@sha512:{HEX}", f"python@sha256:{HEX}\n"],
)  # fmt: skip
def test_base_images_without_a_digest_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="by its digest"):
        dependencies.base_image(text)


@pytest.mark.parametrize(
    ("text", "digest"),
    [
        (f"https://example.org/a.csv=sha256:{HEX}", {"sha256": HEX}),
        (f"git+https://github.com/o/r@refs/heads/main=gitCommit:{'c' * 40}", {"gitCommit": "c" * 40}),
        (f"pkg:pypi/torch@2?x=y=sha256:{HEX}", None),
        (f"s3://bucket/a=sha512:{'d' * 128}", {"sha512": "d" * 128}),
        ("https://example.org/a.csv", None),
        (f"example=sha256:{HEX}", None),
        (f"https://example.org/a.csv=sha256:{HEX}00", None),
        (f"https://example.org/a.csv=gitCommit:{'c' * 41}", None),
        (f"https://example.org/a.csv=md5:{'c' * 32}", None),
    ],
)
def test_materials(text: str, digest: dict[str, str] | None) -> None:
    if digest is None and "torch" not in text:
        with pytest.raises(InputError, match="not a URI with a digest"):
            dependencies.material(text)
    elif digest is not None:
        assert dependencies.material(text)["digest"] == digest
        assert str(dependencies.material(text)["uri"]) == text.rpartition("=")[0]


@pytest.mark.parametrize("environ", [{}, GITHUB], ids=["local", "workflow"])
def test_provenance_names_what_went_in(tmp_path: Path, environ: dict[str, str]) -> None:
    (tmp_path / "data.manifest.json").write_bytes(manifest({"train.csv": b"a,b"}))
    (tmp_path / "base.manifest.json").write_bytes(manifest({"base.onnx": b"base"}))
    attested(
        tmp_path,
        environ,
        base_images=(f"python:3.12@sha256:{HEX}",),
        datasets=(str(tmp_path / "data.manifest.json"),),
        base_models=(str(tmp_path / "base.manifest.json"),),
        materials=(f"https://example.org/a.csv=sha256:{HEX}",),
    )
    source = [{"uri": "git+https://github.com/octo/model@refs/heads/main", "digest": {"gitCommit": "a" * 40}}]
    model = dependencies_of(tmp_path, "fraud-model.provenance.sigstore.json")
    image = dependencies_of(tmp_path, "image.provenance.sigstore.json")
    if environ:
        assert model[:1] == image[:1] == source
        model, image = model[1:], image[1:]
    assert [item["annotations"]["modelseal_role"] for item in model] == ["base-model", "dataset", "material"]
    assert [item["annotations"]["modelseal_role"] for item in image] == ["base-image", "material", "tool"]
    data = hashlib.sha256((tmp_path / "data.manifest.json").read_bytes()).hexdigest()
    assert model[1]["digest"] == {"sha256": data}
    assert image[2] == {
        "uri": "pkg:github/aquasecurity/trivy@v0.74.0",
        "digest": {"sha256": "2" * 64},
        "annotations": {"modelseal_role": "tool"},
    }


def test_tools_and_databases_come_from_verdicts_and_sboms() -> None:
    scan = json.loads(verdict(database={"digest": f"sha256:{HEX}", "updated_at": "2026-11-20T00:00:00Z"}))
    hashes = [{"alg": "SHA-1", "content": "0" * 40}, {"alg": "SHA-256", "content": "3" * 64}]
    sbom = json.loads(
        cyclonedx(metadata={"tools": {"components": [{"name": "syft", "version": "1.50.0", "hashes": hashes}, {}, 1]}})
    )
    assert [
        (item["uri"], item["digest"]) for item in dependencies.tools([scan, scan, sbom, json.loads(spdx()), None])
    ] == [
        ("pkg:github/aquasecurity/trivy@v0.74.0", {"sha256": "2" * 64}),
        ("pkg:github/aquasecurity/trivy-db", {"sha256": HEX}),
        ("pkg:github/anchore/syft@v1.50.0", {"sha256": "3" * 64}),
    ]


def test_same_thing_with_two_digests_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="given twice, with different digests"):
        attested(tmp_path, materials=(f"https://e.org/a=sha256:{HEX}", f"https://e.org/a=sha256:{'0' * 64}"))
    assert not (tmp_path / "out" / "bundles").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"base_images": ("python",)}, "by its digest"),
        ({"materials": ("x",)}, "not a URI"),
        ({"datasets": ("/nowhere/x.json",)}, "cannot be read"),
        ({"manifest": None, "datasets": ("x",)}, "`datasets` is about a model"),
        ({"manifest": None, "base_models": ("x",)}, "`base-models` is about a model"),
        (
            {"image": "", "digest": "", "sbom": (), "archive": None, "base_images": (f"a@sha256:{HEX}",)},
            "about an image",
        ),
    ],
)
def test_wrong_dependencies(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        attested(tmp_path, **changes)
    assert not (tmp_path / "out" / "bundles").exists()


# --- subjects ---------------------------------------------------------------------------------------------------------


def subjects(files: dict[str, bytes]) -> list[str]:
    planned = plan.for_model(plan.Document("m.manifest.json", manifest(files)), None)
    return [item["name"] for item in json.loads(planned[1].payload)["subject"]]


def test_files_are_subjects_under_their_paths() -> None:
    assert subjects({"a/x": b"1", "b/y": b"2"}) == ["m.manifest.json", "a/x", "b/y"]


@pytest.mark.parametrize(
    "files",
    [
        {"a/x": b"1", "b/x": b"2"},
        {f"{number}": b"" for number in range(1024)},
        {"m.manifest.json": b"1"},
        {"a/\udcff": b"1"},
    ],
    ids=["same base name", "too many", "name of the manifest", "not UTF-8"],
)
def test_manifest_stands_for_files_that_cannot_be_subjects(files: dict[str, bytes]) -> None:
    assert subjects(files) == ["m.manifest.json"]


def test_most_files_that_can_be_subjects() -> None:
    assert len(subjects({f"{number}": b"" for number in range(1023)})) == 1024


# --- verdicts of other gates ------------------------------------------------------------------------------------------


def other_gate(result: str = "passed", **extra: Any) -> bytes:
    """Return the verdict of a gate that did not look for vulnerabilities."""
    decision = "below" if result == "passed" else "fails"
    findings = [{"kind": "secret", "id": "aws-access-key-id", "severity": "HIGH", "decision": decision}]
    given: dict[str, Any] = {
        "scanners": ["secret", "misconfig"],
        "findings": findings,
        "policy": {"source": "p.yml", "sha256": HEX},
    }
    return verdict(result, **(given | extra))


def test_gate_that_is_no_scan_for_vulnerabilities_is_a_test(tmp_path: Path) -> None:
    inputs = project(tmp_path)
    (tmp_path / "other.verdict.json").write_bytes(other_gate())
    inputs = replace(inputs, verdicts=(*inputs.verdicts, str(tmp_path / "other.verdict.json")))
    assert attest.run(inputs, context(tmp_path)).exit_code is ExitCode.PASSED
    stated = payloads(tmp_path / "out" / "bundles")["image.test-result.sigstore.json"]
    assert stated["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    predicate = stated["predicate"]
    assert predicate["result"] == "PASSED"
    assert predicate["configuration"] == [
        {"name": "p.yml", "digest": {"sha256": HEX}},
        {"uri": "pkg:github/aquasecurity/trivy@0.74.0", "digest": {"sha256": "2" * 64}},
    ]
    assert predicate["passedTests"] == ["misconfig", "secret"]
    assert (predicate["warnedTests"], predicate["failedTests"]) == ([], [])
    assert predicate["modelseal_verdict"]["result"] == "passed"
    assert predicate["modelseal_verdict"]["scanned_at"] == "2026-11-21T00:01:00Z"


def test_failed_tests_are_named() -> None:
    predicate = predicates.of_verdict(predicates.read_verdict(other_gate("failed")))
    assert predicate["result"] == "FAILED"
    assert predicate["failedTests"] == ["aws-access-key-id"]
    assert predicate["passedTests"] == []


def test_gate_without_a_policy_file_names_the_default() -> None:
    predicate = predicates.of_verdict(predicates.read_verdict(other_gate(policy={"source": "", "sha256": ""})))
    assert predicate["configuration"][0] == {"uri": predicates.DEFAULT_POLICY}  # type: ignore[index]


def test_verdict_on_a_model_is_stated_about_its_manifest(tmp_path: Path) -> None:
    project(tmp_path)
    digest = hashlib.sha256((tmp_path / "fraud-model.manifest.json").read_bytes()).hexdigest()
    subject = {"name": "fraud-model", "digest": f"sha256:{digest}"}
    (tmp_path / "model.verdict.json").write_bytes(other_gate(subject=subject))
    verdicts = (str(tmp_path / "fraud.verdict.json"), str(tmp_path / "model.verdict.json"))
    alone: dict[str, Any] = {"image": "", "digest": "", "sbom": (), "archive": None, "verdicts": verdicts[1:]}
    cases: list[dict[str, Any]] = [{"verdicts": verdicts}, alone]
    for changes in cases:
        outcome = attest.run(replace(project(tmp_path), **changes), context(tmp_path))
        assert outcome.exit_code is ExitCode.PASSED
        stated = payloads(tmp_path / "out" / "bundles")["fraud-model.test-result.sigstore.json"]
        assert stated["subject"][0]["digest"] == {"sha256": digest}
    (tmp_path / "model.verdict.json").write_bytes(other_gate(subject=subject | {"digest": f"sha256:{HEX}"}))
    with pytest.raises(InputError, match="about another"):
        attested(tmp_path, verdicts=verdicts)
    (tmp_path / "model.verdict.json").write_bytes(other_gate("failed", subject=subject))
    with pytest.raises(VerificationFailed, match="failed"):
        attested(tmp_path, verdicts=verdicts)


# --- predicates that are too large ------------------------------------------------------------------------------------


def large_spdx(**extra: Any) -> bytes:
    files = [{"SPDXID": f"SPDXRef-File-{number}", "fileName": f"/usr/{number}"} for number in range(200)]
    related = [
        {"spdxElementId": "SPDXRef-a", "relatedSpdxElement": f"SPDXRef-File-{number}", "relationshipType": "CONTAINS"}
        for number in range(200)
    ]
    kept = {"spdxElementId": "SPDXRef-DOCUMENT", "relatedSpdxElement": "SPDXRef-a", "relationshipType": "DESCRIBES"}
    packages = [{"SPDXID": "SPDXRef-a", "name": "a", "hasFiles": ["SPDXRef-File-1"], "filesAnalyzed": True,
                 "packageVerificationCode": {"packageVerificationCodeValue": "0" * 40}}]  # fmt: skip
    return spdx(files=files, relationships=[*related, kept], packages=packages, **extra)


def fit(kind: str, data: bytes, limit: int) -> Any:
    return getattr(slimming, kind)(data, json.loads(data), limit)


def test_what_fits_stays_as_it_is() -> None:
    for kind, data in (("spdx", large_spdx()), ("cyclonedx", cyclonedx())):
        size = len(jsontext.encode(json.loads(data)))
        assert fit(kind, data, size) == json.loads(data)
        assert not slimming.is_slim(data, json.loads(data))


def test_spdx_loses_its_files_first() -> None:
    data = large_spdx(comment="Ours.")
    made = fit("spdx", data, 2000)
    assert "files" not in made
    assert [item["relationshipType"] for item in made["relationships"]] == ["DESCRIBES"]
    assert made["packages"] == [{"SPDXID": "SPDXRef-a", "name": "a", "filesAnalyzed": False}]
    assert made["comment"] == (
        "Ours. Modelseal left out: files, snippets, and the relationships with them. "
        f"The full document has the SHA-256 {hashlib.sha256(data).hexdigest()}."
    )
    assert slimming.is_slim(data, made)
    assert not slimming.is_slim(data + b" ", made)
    assert len(jsontext.encode(made)) <= 2000


def test_cyclonedx_loses_evidence_then_properties_then_references() -> None:
    component = {
        "name": "a", "evidence": {"occurrences": [{"location": "x" * 300}]},
        "properties": [{"name": "p", "value": "x" * 300}],
        "externalReferences": [{"type": "website", "url": "x" * 300}],
    }  # fmt: skip
    nested = copy.deepcopy(component) | {"components": [copy.deepcopy(component)]}
    data = cyclonedx(components=[nested], metadata={"timestamp": "t", "properties": [{"name": "own", "value": "kept"}]})
    for limit, gone, kept in (
        (2100, ["evidence"], ["properties", "externalReferences"]),
        (1500, ["evidence", "properties"], ["externalReferences"]),
        (800, ["evidence", "properties", "externalReferences"], []),
    ):
        made = fit("cyclonedx", data, limit)
        for item in (made["components"][0], made["components"][0]["components"][0]):
            assert not set(gone) & set(item)
            assert set(kept) <= set(item)
        assert made["metadata"]["properties"][0] == {"name": "own", "value": "kept"}
        assert made["metadata"]["properties"][1]["value"].endswith(f"{hashlib.sha256(data).hexdigest()}.")
        assert slimming.is_slim(data, made)
        assert len(jsontext.encode(made)) <= limit


@pytest.mark.parametrize("kind", ["spdx", "cyclonedx"])
def test_what_never_fits_is_refused(kind: str) -> None:
    with pytest.raises(Rejection, match="more than 50 bytes even without"):
        fit(kind, large_spdx() if kind == "spdx" else cyclonedx(), 50)


@pytest.mark.parametrize(
    "document",
    [{"files": 1, "relationships": {}, "packages": None}, {"files": [1, None], "relationships": [1], "packages": [1]},
     {"metadata": [], "components": 1}, {"metadata": {"properties": 1}}],
)  # fmt: skip
def test_documents_of_another_shape_do_not_stop_it(document: dict[str, Any]) -> None:
    for kind in ("spdx", "cyclonedx"):
        data = json.dumps(document | {"annotations": "x" * 1000, "externalReferences": ["x" * 1000]}).encode()
        try:
            fit(kind, data, 600)
        except Rejection:
            continue


def test_full_document_is_kept_beside_the_bundles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slimming.spdx, "__defaults__", (2000,))
    monkeypatch.setattr(slimming.vulns, "__defaults__", (1000,))
    project(tmp_path)
    (tmp_path / "fraud.spdx.json").write_bytes(large_spdx())
    scan = verdict(findings=[json.loads(verdict())["findings"][0] | {"reason": "x" * 900}])
    (tmp_path / "fraud.verdict.json").write_bytes(scan)
    texts = {
        "image": IMAGE, "digest": IMAGE_ID, "sign": "key", "private-key": pem(key("P-256")),
        "sbom": str(tmp_path / "fraud.spdx.json"), "verdicts": str(tmp_path / "fraud.verdict.json"),
    }  # fmt: skip
    attest.run(station.read_inputs(attest.Inputs, texts), context(tmp_path))
    assert (tmp_path / "out" / "image.sbom-spdx.full.json").read_bytes() == large_spdx()
    assert (tmp_path / "out" / "image.vulns.full.json").read_bytes() == scan
    stated = payloads(tmp_path / "out" / "bundles")
    assert "files" not in stated["image.sbom-spdx.sigstore.json"]["predicate"]
    vulns = stated["image.vulns.sigstore.json"]["predicate"]
    assert "annotations" not in vulns["scanner"]["result"][0]
    assert hashlib.sha256(scan).hexdigest() in vulns["modelseal_verdict"]["left_out"]
    byproducts = stated["image.provenance.sigstore.json"]["predicate"]["runDetails"]["byproducts"]
    assert {item["digest"]["sha256"] for item in byproducts} >= {hashlib.sha256(large_spdx()).hexdigest()}
    assert predicates.of_sbom(large_spdx())[1] == stated["image.sbom-spdx.sigstore.json"]["predicate"]

    monkeypatch.undo()  # what is stated whole the next time has no full document beside it
    attest.run(station.read_inputs(attest.Inputs, texts), context(tmp_path))
    assert not list((tmp_path / "out").glob("*.full.json"))
