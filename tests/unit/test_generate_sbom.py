"""The station, with a stand-in for Syft that hands out recorded documents; integration tests run the real one."""

import dataclasses
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

import saved_images
from modelseal.commands import generate_sbom
from modelseal.errors import InputError, ToolError
from modelseal.station import Context, Outcome, read_inputs
from modelseal.verdict import ExitCode

ASSETS = Path(__file__).parent.parent / "assets" / "sbom"
SPDX, CYCLONEDX = ASSETS / "small.spdx.json", ASSETS / "small.cdx.json"


@dataclasses.dataclass(frozen=True)
class Bench:
    """A folder to describe, a stand-in for Syft, and a place for what the station writes."""

    root: Path

    @property
    def out(self) -> Path:
        return self.root / "out"

    def stand_in(self, *, spdx: Path = SPDX, cyclonedx: Path = CYCLONEDX, ending: str = "exit 0") -> str:
        script = self.root / "tools" / "syft"
        script.write_text(
            f"""#!/bin/sh
env > '{self.root}/environment'; pwd > '{self.root}/folder'; ls -A > '{self.root}/beside'
printf '%s\\n' "$@" > '{self.root}/arguments'
for argument in "$@"; do
  case "$argument" in
    --output=spdx-json@2.3=*) cp '{spdx}' "${{argument#*=*=}}" ;;
    --output=cyclonedx-json@1.6=*) cp '{cyclonedx}' "${{argument#*=*=}}" ;;
  esac
done
{ending}
"""
        )
        script.chmod(0o755)
        return f"9.9.9@sha256:{hashlib.sha256(script.read_bytes()).hexdigest()}"

    def run(self, syft: str = "", environ: Mapping[str, str] | None = None, **inputs: str) -> Outcome:
        texts = {name.replace("_", "-"): value for name, value in inputs.items()}
        texts |= {"tools-dir": str(self.root / "tools"), "syft": syft or self.stand_in()}
        temp = self.root / f"temp{len(list(self.root.iterdir()))}"
        temp.mkdir()
        context = Context(self.out, {"PATH": os.environ["PATH"], "HOME": str(self.root)} | dict(environ or {}), temp)
        return generate_sbom.run(read_inputs(generate_sbom.Inputs, texts), context)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    for name in ("out", "tools", "project"):
        (tmp_path / name).mkdir()
    (tmp_path / "project" / "requirements.txt").write_text("x==1\n")
    return Bench(tmp_path)


LAYER = bytes(1024)
CONFIG = json.dumps(
    {
        "os": "linux",
        "architecture": "amd64",
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(LAYER).hexdigest()}"]},
    }
).encode()


def archive(path: Path, *, tag: str = "team/example:1.2") -> Path:
    manifest = json.dumps([{"Config": "c.json", "RepoTags": [tag] if tag else None, "Layers": ["l.tar"]}]).encode()
    with tarfile.open(path, "w") as tar:
        for name, data in (("manifest.json", manifest), ("c.json", CONFIG), ("l.tar", LAYER)):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def outputs(outcome: Outcome) -> generate_sbom.Outputs:
    assert isinstance(outcome.outputs, generate_sbom.Outputs)
    return outcome.outputs


def test_a_folder_is_described_in_both_formats(bench: Bench) -> None:
    outcome = bench.run(path=str(bench.root / "project"))
    assert outcome.exit_code is ExitCode.PASSED
    assert outputs(outcome).component_count == "10"
    assert Path(outputs(outcome).spdx).read_bytes() == SPDX.read_bytes()
    digest = hashlib.sha256((bench.root / "tools" / "syft").read_bytes()).hexdigest()
    made = json.loads(Path(outputs(outcome).cyclonedx).read_bytes())
    assert made["metadata"]["tools"]["components"][0].pop("hashes") == [{"alg": "SHA-256", "content": digest}]
    assert made == json.loads(CYCLONEDX.read_bytes())
    assert {path.name for path in bench.out.iterdir()} == {"project.spdx.json", "project.cdx.json"}
    assert outcome.headline == "project: 10 packages, in SPDX and CycloneDX."
    assert "| deb | 7 |" in outcome.summary
    assert "| pypi | 3 |" in outcome.summary
    assert "SPDX 2.3" in outcome.summary
    assert "CycloneDX 1.6" in outcome.summary
    assert hashlib.sha256((bench.root / "tools" / "syft").read_bytes()).hexdigest() in outcome.summary


@pytest.mark.parametrize(
    ("formats", "written"),
    [("spdx-json", {"project.spdx.json"}), ("cyclonedx-json", {"project.cdx.json"})],
)
def test_one_format_alone(bench: Bench, formats: str, written: set[str]) -> None:
    outcome = bench.run(path=str(bench.root / "project"), formats=formats)
    assert {path.name for path in bench.out.iterdir()} == written
    assert "" in (outputs(outcome).spdx, outputs(outcome).cyclonedx)
    assert (bench.root / "arguments").read_text().count("--output=") == 1


def test_an_archive_is_called_by_its_tag_and_its_image_id(bench: Bench) -> None:
    bench.run(archive=str(archive(bench.root / "saved.tar")))
    arguments = (bench.root / "arguments").read_text().splitlines()
    assert arguments[:2] == ["scan", f"docker-archive:{bench.root}/saved.tar"]
    assert "--source-name=team/example:1.2" in arguments
    assert f"--source-version=sha256:{hashlib.sha256(CONFIG).hexdigest()}" in arguments
    assert {path.name for path in bench.out.iterdir()} == {"saved.spdx.json", "saved.cdx.json"}


def test_an_image_beside_an_archive_is_only_its_name(bench: Bench) -> None:
    bench.run(archive=str(archive(bench.root / "saved.tar", tag="")), image="registry.example/team/model:7")
    assert "--source-name=registry.example/team/model:7" in (bench.root / "arguments").read_text().splitlines()
    assert {path.name for path in bench.out.iterdir()} == {"model-7.spdx.json", "model-7.cdx.json"}


def test_nothing_of_the_callers_environment_reaches_syft_but_what_it_needs(bench: Bench) -> None:
    secrets = {
        "GITHUB_TOKEN": "hidden-1",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "hidden-2",
        "AWS_SECRET_ACCESS_KEY": "hidden-3",
        "SYFT_EXCLUDE": "hidden-4",
        "SYFT_CONFIG": "hidden-5",
        "PYTHONPATH": "hidden-6",
        "HTTPS_PROXY": "http://hidden-7",
        "http_proxy": "http://hidden-8",
        "LD_PRELOAD": "hidden-9",
        "GOFLAGS": "hidden-10",
    }
    bench.run(path=str(bench.root / "project"), environ=secrets)
    environment = (bench.root / "environment").read_text()
    assert "hidden" not in environment
    assert "SYFT_CHECK_FOR_APP_UPDATE=false" in environment
    assert f"HOME={bench.root}\n" not in environment
    assert (bench.root / "beside").read_text() == ""
    assert not Path((bench.root / "folder").read_text().strip()).exists()


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"image": "a:1", "path": "."},
        {"archive": "x.tar", "path": "."},
        {"path": "nowhere"},
        {"archive": "nowhere.tar"},
        {"image": "Not An Image"},
        {"path": ".", "formats": "table"},
        {"path": ".", "formats": ","},
        {"path": "a\0b"},
    ],
)
def test_wrong_inputs_are_refused(bench: Bench, inputs: dict[str, str]) -> None:
    with pytest.raises(InputError):
        bench.run(environ=None, **inputs)
    assert list(bench.out.iterdir()) == []


def with_stale_files(bench: Bench) -> Bench:
    for suffix in ("spdx", "cdx"):
        (bench.out / f"project.{suffix}.json").write_text("stale")
    return bench


@pytest.mark.parametrize(
    "ending",
    ["exit 1", "kill -9 $$", "rm -f {root}/temp*/syft/syft.*", "for f in {root}/temp*/syft/syft.*; do : > $f; done"],
)
def test_a_syft_that_fails_leaves_no_document_behind(bench: Bench, ending: str) -> None:
    with pytest.raises(ToolError):
        with_stale_files(bench).run(
            bench.stand_in(ending=ending.format(root=bench.root)), path=str(bench.root / "project")
        )
    assert list(bench.out.iterdir()) == []


def test_what_syft_says_when_it_fails_is_told(bench: Bench) -> None:
    with pytest.raises(ToolError, match="no such thing") as error:
        bench.run(bench.stand_in(ending="echo no such thing >&2; exit 1"), path=str(bench.root / "project"))
    assert "syft failed with exit code 1" in error.value.what


def broken(bench: Bench, name: str, data: bytes) -> Path:
    path = bench.root / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "data", [b"{}", b"", b"{", SPDX.read_bytes()[:-100], SPDX.read_bytes().replace(b'"SPDX-2.3"', b'"SPDX-2.2"')]
)
def test_an_invalid_document_is_not_handed_on_and_neither_is_the_other(bench: Bench, data: bytes) -> None:
    syft = bench.stand_in(spdx=broken(bench, "spdx", data))
    with pytest.raises(ToolError):
        with_stale_files(bench).run(syft, path=str(bench.root / "project"))
    assert list(bench.out.iterdir()) == []


def test_an_address_that_a_format_cannot_hold_is_left_out_and_the_summary_says_so(bench: Bench) -> None:
    document = json.loads(SPDX.read_bytes())
    document["packages"][0]["downloadLocation"] = "github:a/b"
    syft = bench.stand_in(spdx=broken(bench, "spdx", json.dumps(document).encode()))
    outcome = bench.run(syft, path=str(bench.root / "project"))
    assert "Left out, because the format cannot hold it: 1 of" in outcome.summary
    assert json.loads(Path(outputs(outcome).spdx).read_bytes()) == json.loads(SPDX.read_bytes())


def test_a_document_that_lists_nothing_is_an_error(bench: Bench) -> None:
    document = json.loads(CYCLONEDX.read_bytes()) | {"components": [], "dependencies": []}
    syft = bench.stand_in(cyclonedx=broken(bench, "cdx", json.dumps(document).encode()))
    for formats in ("cyclonedx-json", "spdx-json,cyclonedx-json"):
        with pytest.raises(ToolError, match="lists no package"):
            bench.run(syft, path=str(bench.root / "project"), formats=formats)
    assert list(bench.out.iterdir()) == []


def test_documents_that_contradict_each_other_are_an_error(bench: Bench) -> None:
    document = json.loads(CYCLONEDX.read_bytes())
    document["components"].pop(0)
    syft = bench.stand_in(cyclonedx=broken(bench, "cdx", json.dumps(document).encode()))
    with pytest.raises(ToolError, match="CycloneDX document lacks 1 of the packages"):
        bench.run(syft, path=str(bench.root / "project"))
    assert list(bench.out.iterdir()) == []


def test_a_syft_with_another_digest_does_not_run(bench: Bench) -> None:
    syft = bench.stand_in()
    bench.stand_in(ending="exit 0 # changed")
    with pytest.raises(ToolError):
        with_stale_files(bench).run(syft, path=str(bench.root / "project"))
    assert not (bench.root / "arguments").exists()
    assert list(bench.out.iterdir()) == []


@pytest.mark.parametrize(
    ("folder", "file"),
    [
        ("with space", "with-space"),
        ("-rf", "rf"),
        (".hidden", "hidden"),
        ("$(touch x)", "touch-x"),
        ("a\nb", "a-b"),
        ("::set-output name=x::y", "set-output-name-x-y"),
        ("'\"`|<b>", "b"),
        ("...", "sbom"),
        ("ü", "sbom"),
        ("x" * 200, "x" * 100),
    ],
)
def test_hostile_folder_names_become_harmless_file_names(bench: Bench, folder: str, file: str) -> None:
    (bench.root / folder).mkdir()
    (bench.root / folder / "requirements.txt").write_text("x==1\n")
    outcome = bench.run(path=str(bench.root / folder))
    assert {path.name for path in bench.out.iterdir()} == {f"{file}.spdx.json", f"{file}.cdx.json"}
    assert "\n" not in outcome.headline
    assert f"--source-name={folder}" in (bench.root / "arguments").read_text()


def test_a_folder_name_that_is_not_utf_8(bench: Bench) -> None:
    folder = os.fsdecode(os.fsencode(bench.root) + b"/caf\xe9")
    Path(folder).mkdir()
    Path(folder, "requirements.txt").write_text("x==1\n")
    outcome = bench.run(path=folder)
    assert outcome.exit_code is ExitCode.PASSED
    assert "caf\\xe9" in outcome.headline
    outcome.summary.encode()


def test_a_second_run_replaces_the_first(bench: Bench) -> None:
    first = bench.run(path=str(bench.root / "project"))
    second = bench.run(path=str(bench.root / "project"))
    assert first.outputs == second.outputs
    assert len(list(bench.out.iterdir())) == 2


@pytest.mark.slow
class TestModels:
    ADAPTER = '{"base_model_name_or_path": "acme/base", "peft_type": "LORA", "revision": "main"}'

    def described(self, bench: Bench, monkeypatch: pytest.MonkeyPatch, **inputs: str) -> Any:
        model = bench.root / "fraud"
        model.mkdir()
        (model / "adapter_config.json").write_text(self.ADAPTER)
        (model / "notes\udcff.txt").write_bytes(b"Trained on generated transactions.\n")
        monkeypatch.chdir(bench.root)
        outcome = bench.run("", None, path=str(bench.root / "project"), models="fraud", **inputs)
        return json.loads(Path(outputs(outcome).cyclonedx).read_bytes())

    def test_a_model_is_in_the_cyclonedx_document_with_its_files(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        document = self.described(bench, monkeypatch)
        (model,) = [item for item in document["components"] if item.get("bom-ref") == "modelseal:model:fraud"]
        assert (model["type"], model["name"]) == ("machine-learning-model", "fraud")
        files = {item["name"]: item for item in model["components"]}
        assert sorted(files) == ["adapter_config.json", "notes\\udcff.txt"]
        digest = hashlib.sha256(self.ADAPTER.encode()).hexdigest()
        assert files["adapter_config.json"]["hashes"] == [{"alg": "SHA-256", "content": digest}]
        assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document)) is None

    def test_what_loading_it_would_fetch_is_a_component_that_it_depends_on(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        document = self.described(bench, monkeypatch)
        (base,) = [item for item in document["components"] if item["name"] == "acme/base"]
        assert base["type"] == "machine-learning-model"
        properties = {item["name"]: item["value"] for item in base["properties"]}
        assert properties["modelseal:model:pinned"] == "false"
        assert properties["modelseal:model:stated-in"] == "adapter_config.json"
        (edge,) = [item for item in document["dependencies"] if item["ref"] == "modelseal:model:fraud"]
        assert base["bom-ref"] in edge["dependsOn"]

    def test_the_two_documents_count_the_same_packages(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        self.described(bench, monkeypatch)
        monkeypatch.undo()
        without = bench.run(path=str(bench.root / "project"))
        both = bench.run(path=str(bench.root / "project"), models=str(bench.root / "fraud"))
        assert outputs(both).component_count == outputs(without).component_count

    def test_spdx_alone_has_no_words_for_it(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(InputError, match="no words for models"):
            self.described(bench, monkeypatch, formats="spdx-json")

    def test_a_model_that_is_not_there_is_no_model(self, bench: Bench) -> None:
        with pytest.raises(InputError, match="does not exist"):
            bench.run(path=str(bench.root / "project"), models=str(bench.root / "missing"))
        assert list(bench.out.iterdir()) == []


@pytest.mark.parametrize(("how", "nested", "scheme"), [
    (("", "gzip"), True, ""), (("gzip", "zstd"), True, ""),
    (("", "gzip"), False, "oci-archive"), (("gzip", "gzip"), False, "docker-archive"),
])  # fmt: skip
def test_an_image_is_described_by_the_layout_that_says_what_its_layers_are(
    bench: Bench, how: tuple[str, str], scheme: str, *, nested: bool
) -> None:
    """Where that layout is an index, nobody here knows which of its images Syft would take."""
    layers = [saved_images.tar([("a", b"a")]), saved_images.tar([("b", b"b")])]
    blobs = [saved_images.packed(layer, each) for layer, each in zip(layers, how, strict=True)]
    members = saved_images.containerd_members(blobs, saved_images.config(layers), nested=nested)
    archive = bench.root / "image.tar"
    archive.write_bytes(saved_images.tar(members))
    if scheme:
        bench.run(archive=str(archive))
        assert f"{scheme}:{archive}" in (bench.root / "arguments").read_text()
    else:
        with pytest.raises(InputError, match="compressed in different ways"):
            bench.run(archive=str(archive))
        assert not list(bench.out.iterdir())
