import hashlib
import json
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import saved_images
from attestation_material import (
    GITHUB,
    IMAGE,
    IMAGE_ID,
    MODEL,
    attested,
    context,
    key,
    manifest,
    payloads,
    pem,
    project,
    public_pem,
    verdict,
)
from image_layouts import Layout
from modelseal.attestation import bundle, dsse, keys
from modelseal.commands import attest
from modelseal.errors import InputError, ModelsealError, ToolError, VerificationFailed
from modelseal.verdict import ExitCode

EVERYTHING = {
    "fraud-model.sig",
    "fraud-model.provenance.sigstore.json",
    "image.provenance.sigstore.json",
    "image.sbom-spdx.sigstore.json",
    "image.sbom-cyclonedx.sigstore.json",
    "image.vulns.sigstore.json",
}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_everything_that_was_given_is_stated_and_signed(tmp_path: Path) -> None:
    outcome = attested(tmp_path)

    assert outcome.exit_code is ExitCode.PASSED
    folder = tmp_path / "out" / "bundles"
    assert {path.name for path in folder.iterdir()} == EVERYTHING
    assert outcome.outputs == attest.Outputs(bundles=str(folder), signature=str(folder / "fraud-model.sig"))
    public_key = keys.load_public_key(public_pem(key("P-256")))
    for path in folder.iterdir():
        assert keys.verify(public_key, bundle.parse(path.read_bytes()))
        assert path.name in outcome.summary


def test_model_signature_covers_exactly_the_manifests_bytes(tmp_path: Path) -> None:
    attested(tmp_path)
    signed = bundle.parse((tmp_path / "out/bundles/fraud-model.sig").read_bytes())
    assert signed.envelope.payload == manifest()


def test_provenance_names_the_manifest_by_the_digest_of_its_bytes_and_each_file_by_its_path(tmp_path: Path) -> None:
    attested(tmp_path)
    stated = payloads(tmp_path / "out/bundles")["fraud-model.provenance.sigstore.json"]
    digest = sha256(tmp_path / "fraud-model.manifest.json")
    assert stated["subject"] == [
        {"name": "fraud-model.manifest.json", "digest": {"sha256": digest}},
        *({"name": name, "digest": {"sha256": hashlib.sha256(data).hexdigest()}} for name, data in MODEL.items()),
    ]


def test_image_statements_name_the_image_and_its_archive(tmp_path: Path) -> None:
    attested(tmp_path)
    expected = [
        {"name": IMAGE, "digest": {"sha256": IMAGE_ID.removeprefix("sha256:")}},
        {"name": "fraud.tar", "digest": {"sha256": sha256(tmp_path / "fraud.tar")}},
    ]
    for name, stated in payloads(tmp_path / "out/bundles").items():
        if name.startswith("image."):
            assert stated["subject"] == expected


def test_image_provenance_binds_the_exact_bytes_of_sboms_and_verdicts(tmp_path: Path) -> None:
    attested(tmp_path)
    stated = payloads(tmp_path / "out/bundles")["image.provenance.sigstore.json"]
    assert stated["predicate"]["runDetails"]["byproducts"] == [
        {"name": name, "digest": {"sha256": sha256(tmp_path / name)}}
        for name in ("fraud.spdx.json", "fraud.cdx.json", "fraud.verdict.json")
    ]


def test_provenance_of_a_workflow_is_of_githubs_build_type(tmp_path: Path) -> None:
    attested(tmp_path, GITHUB)
    predicate = payloads(tmp_path / "out/bundles")["fraud-model.provenance.sigstore.json"]["predicate"]
    assert predicate["buildDefinition"]["buildType"] == "https://actions.github.io/buildtypes/workflow/v1"
    assert predicate["runDetails"]["metadata"]["invocationId"].endswith("/actions/runs/1/attempts/1")


def test_provenance_outside_of_a_workflow_never_pretends_to_be_one(tmp_path: Path) -> None:
    environ = {name: value for name, value in GITHUB.items() if name != "GITHUB_ACTIONS"}
    attested(tmp_path, environ)
    for name, stated in payloads(tmp_path / "out/bundles").items():
        if "provenance" in name:
            text = json.dumps(stated)
            assert "actions.github.io" not in text
            assert "octo/model" not in text.replace(IMAGE, "")
            assert stated["predicate"]["buildDefinition"]["buildType"].endswith("/buildtypes/local/v1")


def test_verdict_is_stated_as_vulnerabilities_with_the_verdict_beside_them(tmp_path: Path) -> None:
    attested(tmp_path)
    stated = payloads(tmp_path / "out/bundles")["image.vulns.sigstore.json"]
    assert stated["predicateType"] == "https://in-toto.io/attestation/vulns/v0.2"
    predicate = stated["predicate"]
    assert predicate["modelseal_verdict"]["result"] == "passed"
    assert predicate["modelseal_verdict"]["policy"] == {"source": "", "sha256": ""}
    assert predicate["modelseal_verdict"]["scanners"] == ["vuln", "secret"]
    # what vulns_02.md requires
    assert predicate["scanner"]["uri"] == "pkg:github/aquasecurity/trivy"
    assert predicate["scanner"]["db"]["lastUpdate"] == "2026-11-20T00:00:00Z"
    assert predicate["metadata"] == {
        "scanStartedOn": "2026-11-21T00:00:00Z",
        "scanFinishedOn": "2026-11-21T00:01:00Z",
    }
    (finding,) = predicate["scanner"]["result"]
    assert finding["id"] == "CVE-2024-0001"
    assert finding["severity"] == [{"method": "modelseal", "score": "LOW"}]


def test_two_runs_state_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        attested(tmp_path / name, GITHUB)
    first, second = (payloads(tmp_path / name / "out/bundles") for name in ("first", "second"))
    assert first == second


def test_a_second_run_replaces_the_bundles_as_a_whole(tmp_path: Path) -> None:
    attested(tmp_path)
    attested(tmp_path, manifest=None)
    folder = tmp_path / "out" / "bundles"
    assert {path.name for path in folder.iterdir()} == {name for name in EVERYTHING if name.startswith("image.")}
    assert [path.name for path in folder.parent.iterdir()] == ["bundles"]


def test_several_sboms_and_verdicts_of_a_kind_get_a_file_each(tmp_path: Path) -> None:
    inputs = project(tmp_path)
    (tmp_path / "other.verdict.json").write_bytes(verdict())
    paths = (*inputs.verdicts, str(tmp_path / "other.verdict.json"))
    attested(tmp_path, verdicts=paths)
    assert (tmp_path / "out/bundles/image.vulns-2.sigstore.json").is_file()


@pytest.mark.parametrize("kind", ["P-384", "P-521"])
def test_larger_curves_sign_models(tmp_path: Path, kind: str) -> None:
    assert attested(tmp_path, private_key=pem(key(kind))).exit_code is ExitCode.PASSED


@pytest.mark.parametrize("kind", ["Ed25519", "RSA 2048"])
def test_other_keys_sign_statements_but_no_model(tmp_path: Path, kind: str) -> None:
    assert attested(tmp_path, private_key=pem(key(kind)), manifest=None).exit_code is ExitCode.PASSED
    with pytest.raises(InputError, match="EC keys only"):
        attested(tmp_path, private_key=pem(key(kind)))


def test_key_can_be_the_path_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(pem(key("P-256"), "canary-password"))
    outcome = attested(tmp_path, private_key=str(tmp_path / "key.pem"), private_key_password="canary-password")
    assert outcome.exit_code is ExitCode.PASSED


def test_verdict_of_a_pushed_image_is_matched_by_the_images_id(tmp_path: Path) -> None:
    assert attested(tmp_path, digest="sha256:" + "3" * 64, image_id=IMAGE_ID).exit_code is ExitCode.PASSED


def test_verdict_of_an_index_is_matched_by_its_digest_alone(tmp_path: Path) -> None:
    inputs = project(tmp_path)
    document = json.loads(verdict())
    part = {"platform": "linux/amd64", "image_id": IMAGE_ID, "digest": "", "os": "debian 12", "packages": 1}
    document["subject"] = {"name": IMAGE, "digest": "sha256:" + "3" * 64, "platforms": [part]}
    Path(inputs.verdicts[0]).write_text(json.dumps(document))
    whole = replace(inputs, digest="sha256:" + "3" * 64, archive=None)
    assert attest.run(whole, context(tmp_path)).exit_code is ExitCode.PASSED
    with pytest.raises(InputError, match="another image"):
        attest.run(replace(inputs, digest=IMAGE_ID), context(tmp_path))


# --- the archive ------------------------------------------------------------------------------------------------------


def test_archive_of_another_image_is_not_attested(tmp_path: Path) -> None:
    inputs = project(tmp_path)
    other = saved_images.saved(tmp_path / "other.tar", {"evil": b""})
    not_it = "holds another image than the one that is attested: sha256:"
    for changes, message in (
        ({"archive": other}, not_it),
        ({"digest": "sha256:" + "3" * 64}, not_it),
        ({"image_id": "sha256:" + "3" * 64}, not_it),
        ({"archive": inputs.manifest}, "cannot be read"),
        ({"archive": tmp_path}, "no regular file"),
    ):
        with pytest.raises(InputError, match=message):
            attest.run(replace(inputs, **changes), context(tmp_path))
        assert list((tmp_path / "out").iterdir()) == []


def test_archive_of_a_pushed_image_is_known_by_its_id(tmp_path: Path) -> None:
    pushed = replace(project(tmp_path), digest="sha256:" + "3" * 64, image_id=IMAGE_ID)
    assert attest.run(pushed, context(tmp_path)).exit_code is ExitCode.PASSED


def test_archive_of_several_images_is_their_index(tmp_path: Path) -> None:
    layout = Layout()
    layout.top = [layout.index(layout.image({"a": b"here"}), layout.image({"a": b"there"}, "linux/arm64"))]
    (root,), archive = layout.top, layout.archive(tmp_path / "both.tar")
    inputs = replace(project(tmp_path), archive=archive, sbom=(), verdicts=())
    assert attest.run(replace(inputs, digest=root["digest"]), context(tmp_path)).exit_code is ExitCode.PASSED
    for digest in digests_in(archive) - {root["digest"]}:
        with pytest.raises(InputError, match="holds another image"):
            attest.run(replace(inputs, digest=digest), context(tmp_path))


def digests_in(archive: Path) -> set[str]:
    with tarfile.open(archive) as opened:
        return {f"sha256:{Path(name).name}" for name in opened.getnames() if name.startswith("blobs/sha256/")}


# --- what is refused, and nothing is left behind ----------------------------------------------------------------------


def refused(folder: Path, kind: type[ModelsealError], message: str, **changes: object) -> None:
    inputs = replace(project(folder), **changes)  # type: ignore[arg-type]
    with pytest.raises(kind, match=message):
        attest.run(inputs, context(folder))
    assert list((folder / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"manifest": None, "image": "", "digest": ""}, "nothing to attest"),
        ({"digest": ""}, "belong together"),
        ({"image": ""}, "belong together"),
        ({"image": "", "digest": ""}, "no image was given"),
        ({"digest": "latest"}, "not a digest"),
        ({"digest": "1f" * 32}, "not a digest"),
        ({"digest": "sha256:" + "1F" * 32}, "not a digest"),
        ({"digest": "sha256:" + "1f" * 31}, "not a digest"),
        ({"digest": "sha512:" + "1f" * 64}, "not a digest"),
        ({"image_id": "nonsense"}, "not a digest"),
        ({"private_key": ""}, "needs a private key"),
        ({"sign": "keyless"}, "`sign` is `keyless`"),
        ({"trust_config": Path("x")}, "for keyless signing"),
        ({"manifest": Path("missing.json")}, "cannot be read"),
        ({"archive": Path("missing.tar")}, "cannot be opened"),
        ({"sbom": ("missing.json",)}, "cannot be read"),
        ({"verdicts": ("missing.json",)}, "cannot be read"),
        ({"digest": "sha256:" + "3" * 64, "archive": None}, "about another image"),
        ({"private_key": "missing.pem"}, "neither PEM text nor the path"),
        ({"private_key": "-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----"}, "cannot be read"),
        ({"private_key": public_pem(key("P-256")).decode()}, "cannot be read"),
        ({"private_key": pem(key("RSA 1024"))}, "too weak"),
        ({"private_key": pem(key("K-256"))}, "not supported"),
        ({"private_key_password": "unneeded"}, "not encrypted"),
        ({"private_key": pem(key("P-256"), "right")}, "no password was given"),
        ({"private_key": pem(key("P-256"), "right"), "private_key_password": "wrong"}, "cannot be decrypted"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_inputs_are_refused(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    refused(tmp_path, InputError, message, **changes)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("fraud-model.manifest.json", b"", "not JSON"),
        ("fraud-model.manifest.json", b"[]", "not an object"),
        ("fraud-model.manifest.json", manifest().replace(b"https://model_signing", b"https://other"), "predicateType"),
        ("fraud-model.manifest.json", manifest().replace(b'"predicate":', b'"predicate": {}, "predicate":'), "twice"),
        ("fraud.spdx.json", b"{}", "neither SPDX 2 nor CycloneDX"),
        ("fraud.spdx.json", b'{"spdxVersion": "SPDX-3.0"}', "neither SPDX 2 nor CycloneDX"),
        ("fraud.spdx.json", b'{"spdxVersion": "SPDX-2.3", "a": 1, "a": 2}', "twice"),
        ("fraud.cdx.json", b'{"bomFormat": "CycloneDX"}', "specVersion"),
        ("fraud.cdx.json", b'{"bomFormat": "CycloneDX", "specVersion": "1.6"', "not JSON"),
        ("fraud.verdict.json", b"{}", "schema"),
        ("fraud.verdict.json", verdict("error"), "neither passed nor failed"),
        ("fraud.verdict.json", verdict("PASSED"), "neither passed nor failed"),
        ("fraud.verdict.json", verdict(image_id="fraud:latest"), "image's ID"),
        ("fraud.verdict.json", verdict(image_id="sha256:" + "4" * 64), "about another image"),
        ("fraud.verdict.json", verdict(findings=None), "list of findings"),
        ("fraud.verdict.json", verdict(database={}), "database's date"),
    ],
)  # fmt: skip
def test_wrong_files_are_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    inputs = project(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        attest.run(inputs, context(tmp_path))
    assert list((tmp_path / "out").iterdir()) == []


def test_failed_verdict_is_not_attested(tmp_path: Path) -> None:
    inputs = project(tmp_path)
    (tmp_path / "fraud.verdict.json").write_bytes(verdict("failed"))
    with pytest.raises(VerificationFailed, match="failed"):
        attest.run(inputs, context(tmp_path))
    assert list((tmp_path / "out").iterdir()) == []


def test_foreign_files_in_the_bundles_folder_are_not_removed(tmp_path: Path) -> None:
    precious = tmp_path / "out" / "bundles" / "thesis.txt"
    precious.parent.mkdir(parents=True)
    precious.write_text("mine")
    with pytest.raises(InputError, match=r"thesis\.txt"):
        attested(tmp_path)
    assert precious.read_text() == "mine"


def test_link_in_place_of_the_bundles_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "bundles").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="something else"):
        attested(tmp_path)


def test_inputs_that_contradict_each_other_are_recorded(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="belong together"):
        attested(tmp_path, digest="", audit_log=tmp_path / "audit.jsonl")
    entry = json.loads((tmp_path / "audit.jsonl").read_bytes())
    assert entry["result"] == "error"
    assert "belong together" in entry["message"]


def test_earlier_bundles_survive_a_failure(tmp_path: Path) -> None:
    attested(tmp_path)
    with pytest.raises(InputError):
        attested(tmp_path, private_key=pem(key("P-256"), "right"))
    assert {path.name for path in (tmp_path / "out" / "bundles").iterdir()} == EVERYTHING


def test_model_named_like_the_image_is_refused(tmp_path: Path) -> None:
    inputs = project(tmp_path)
    renamed = (tmp_path / "fraud-model.manifest.json").rename(tmp_path / "image.manifest.json")
    with pytest.raises(InputError, match="same file"):
        attest.run(replace(inputs, manifest=renamed), context(tmp_path))


def test_signer_that_signs_something_else_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def sign_nonsense(_self: keys.KeySigner, statements: tuple[bytes, ...]) -> tuple[bytes, ...]:
        signature = keys.sign(key("P-384"), dsse.pae(b"{}"))
        return tuple(bundle.with_public_key(dsse.Envelope(b"{}", signature), "") for _ in statements)

    monkeypatch.setattr(keys.KeySigner, "sign", sign_nonsense)
    with pytest.raises(ToolError, match="does not verify"):
        attested(tmp_path)
    assert list((tmp_path / "out").iterdir()) == []


def test_missing_variable_of_the_run_is_refused(tmp_path: Path) -> None:
    environ = {name: value for name, value in GITHUB.items() if name != "GITHUB_SHA"}
    with pytest.raises(InputError, match="GITHUB_SHA is not set"):
        attested(tmp_path, environ)


def test_keyless_without_permission_names_the_permission(tmp_path: Path) -> None:
    trust = tmp_path / "trust.json"
    trust.write_text("{}")
    with pytest.raises(InputError, match="trust configuration"):
        attested(tmp_path, GITHUB, sign="keyless", private_key="", trust_config=trust)


# --- secrets ----------------------------------------------------------------------------------------------------------

CANARY = "canary-9d1c5f"


@pytest.mark.parametrize(
    "private_key",
    [
        CANARY,
        f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----",
        f"-----BEGIN ENCRYPTED PRIVATE KEY-----\n{CANARY}\n-----END ENCRYPTED PRIVATE KEY-----",
        f"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: {CANARY}\n\nAA\n"
        "-----END RSA PRIVATE KEY-----",
        pem(key("P-256"), "right"),
        pem(key("RSA 1024")),
    ],
)
def test_no_error_repeats_a_secret(tmp_path: Path, private_key: str, caplog: pytest.LogCaptureFixture) -> None:
    inputs = replace(project(tmp_path), private_key=private_key, private_key_password=CANARY)
    with caplog.at_level("DEBUG"), pytest.raises(InputError) as caught:
        attest.run(inputs, context(tmp_path))
    seen = caplog.text + repr(inputs) + chain(caught.value)
    assert CANARY not in seen
    assert private_key.splitlines()[-2:][0] not in seen


def test_nothing_that_passes_repeats_a_secret(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        outcome = attested(tmp_path, private_key=pem(key("P-256"), CANARY), private_key_password=CANARY)
    written = "".join(path.read_text() for path in (tmp_path / "out/bundles").iterdir())
    seen = caplog.text + repr(outcome) + written
    assert CANARY not in seen
    assert "PRIVATE" not in seen


def chain(error: BaseException | None) -> str:
    """Everything that a traceback would show of an error and those before it."""
    text = ""
    while error is not None:
        text += repr(error) + str(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return text


# --- what another run built -------------------------------------------------------------------------------------------


def test_verdict_on_what_another_run_built_comes_without_provenance(tmp_path: Path) -> None:
    outcome = attested(tmp_path, manifest=None, sbom=(), archive=None, provenance=False)
    assert outcome.exit_code is ExitCode.PASSED
    assert [path.name for path in (tmp_path / "out" / "bundles").iterdir()] == ["image.vulns.sigstore.json"]


def test_model_that_another_run_built_is_not_signed_again(tmp_path: Path) -> None:
    ed25519 = pem(key("Ed25519"))  # which no model's signature may have
    attested(tmp_path, sbom=(), archive=None, provenance=False, private_key=ed25519)
    assert [path.name for path in (tmp_path / "out" / "bundles").iterdir()] == ["image.vulns.sigstore.json"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"base_images": (f"base@{IMAGE_ID}",)}, "`base-images` is stated in provenance"),
        ({"materials": (f"git+https://example.org=gitCommit:{'a' * 40}",)}, "`materials` is stated in provenance"),
        ({"sbom": (), "verdicts": ()}, "There is nothing to attest: without provenance"),
    ],
)
def test_origin_is_not_both_stated_and_left_out(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        attested(tmp_path, provenance=False, **changes)
