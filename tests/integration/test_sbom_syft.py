"""The real Syft on real things: a saved image, an OCI archive, folders with traps in them."""

import copy
import hashlib
import io
import json
import os
import re
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import saved_images
from modelseal import tools
from modelseal.commands import generate_sbom
from modelseal.errors import ToolError
from modelseal.sbom import sources, syft, validation
from modelseal.sbom.documents import Format
from modelseal.station import Context, Outcome, read_inputs
from modelseal.verdict import ExitCode
from sbom_images import layer, oci_archive

# The version that a package registry has; the newer one of the lock comes from a release archive alone.
VERSION = "1.18.1"
FORMATS = (Format.SPDX, Format.CYCLONEDX)
IMAGE = "modelseal-test-sbom:1"
CHANGES_EACH_RUN = re.compile(rb'"(?:documentNamespace|created|serialNumber|timestamp)": ?"[^"]*"', re.ASCII)


@pytest.fixture(scope="session")
def executable() -> Path:
    return tools.provide("syft", VERSION, tools_dir=None, environ=os.environ).path


def station(root: Path, **inputs: str) -> Outcome:
    for name in ("out", "temp"):
        (root / name).mkdir(parents=True, exist_ok=True)
    texts = {name.replace("_", "-"): value for name, value in inputs.items()} | {"syft": VERSION}
    context = Context(root / "out", os.environ, root / "temp")
    return generate_sbom.run(read_inputs(generate_sbom.Inputs, texts), context)


def outputs(outcome: Outcome) -> generate_sbom.Outputs:
    assert isinstance(outcome.outputs, generate_sbom.Outputs)
    return outcome.outputs


@pytest.fixture(scope="session")
def saved_image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    archive = tmp_path_factory.mktemp("saved") / "image.tar"
    subprocess.run(["docker", "import", "-", IMAGE], input=layer({}), check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["docker", "save", "--output", str(archive), IMAGE], check=True)
    yield archive
    subprocess.run(["docker", "image", "rm", IMAGE], check=True, stdout=subprocess.DEVNULL)


def assert_documents_of_the_image(outcome: Outcome, name: str) -> None:
    assert outcome.exit_code is ExitCode.PASSED
    assert outputs(outcome).component_count == "3"
    spdx = json.loads(Path(outputs(outcome).spdx).read_bytes())
    cyclonedx = json.loads(Path(outputs(outcome).cyclonedx).read_bytes())
    assert spdx["name"] == cyclonedx["metadata"]["component"]["name"] == name
    assert "usr/share/alpha/data" in {file["fileName"] for file in spdx["files"]}
    assert {each["name"] for each in cyclonedx["components"]} == {"alpha", "beta", "gamma", "debian"}
    version = cyclonedx["metadata"]["component"]["version"]
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", version)
    root = next(each for each in spdx["packages"] if each["name"] == name)
    assert root["versionInfo"] == version


@pytest.mark.docker
def test_a_saved_image(saved_image: Path, tmp_path: Path) -> None:
    outcome = station(tmp_path, archive=str(saved_image))
    assert_documents_of_the_image(outcome, IMAGE)
    with tarfile.open(saved_image) as members:
        (entry,) = json.load(members.extractfile("manifest.json") or io.BytesIO())
        config = members.extractfile(entry["Config"]) or io.BytesIO()
        assert f"sha256:{hashlib.sha256(config.read()).hexdigest()}" in Path(outputs(outcome).spdx).read_text()


@pytest.mark.docker
@pytest.mark.usefixtures("saved_image")
def test_an_image_of_the_engine(tmp_path: Path) -> None:
    assert_documents_of_the_image(station(tmp_path, image=IMAGE), IMAGE)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "modelseal-test-sbom-1.spdx.json",
        "modelseal-test-sbom-1.cdx.json",
    }


def test_an_oci_archive(tmp_path: Path) -> None:
    archive = oci_archive(tmp_path / "looks-like-docker.tar")
    assert_documents_of_the_image(station(tmp_path, archive=str(archive), image="team/example:3"), "team/example:3")


@pytest.mark.parametrize("how", saved_images.COMPRESSIONS, ids="-".join)
def test_layers_are_read_however_they_are_compressed(tmp_path: Path, how: tuple[str, str]) -> None:
    layers = [layer({}), saved_images.tar(list(saved_images.python_packages({"delta": "6"}).items()))]
    blobs = [saved_images.packed(content, each) for content, each in zip(layers, how, strict=True)]
    members = saved_images.containerd_members(blobs, saved_images.config(layers))
    (tmp_path / "image.tar").write_bytes(saved_images.tar(members))
    made = outputs(station(tmp_path, archive=str(tmp_path / "image.tar")))
    components = json.loads(Path(made.cyclonedx).read_bytes())["components"]
    assert {each["name"] for each in components} == {"alpha", "beta", "gamma", "delta", "debian"}


def test_what_packages_say_of_themselves_does_not_make_the_documents_invalid(tmp_path: Path) -> None:
    npm: dict[str, dict[str, Any]] = {
        "a": {"repository": "github:a/b", "homepage": "not a url", "license": "SEE LICENSE IN LICENSE.md"},
        "b": {"repository": {"type": "git", "url": "git@github.com:a/b c.git"}, "homepage": "localhost:3000/#readme"},
        "c": {
            "repository": "",
            "homepage": "https://intranet/x",
            "license": {"type": "MIT*", "url": "x y"},
            "author": "",
        },
        "d": {"license": "(MIT OR", "author": {"name": "", "email": "x"}},
    }
    files = {
        f"usr/lib/node_modules/{name}/package.json": json.dumps({"name": name, "version": "1.0.0"} | fields)
        for name, fields in npm.items()
    }
    direct = {"url": "git@github.com:a/b c.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}}
    files["usr/lib/python3/dist-packages/gamma.dist-info/direct_url.json"] = json.dumps(direct)
    outcome = station(tmp_path, archive=str(oci_archive(tmp_path / "image.tar", files)))
    assert outputs(outcome).component_count == "7"
    assert "Left out" in outcome.summary


TRAP = """\
exclude: ["./**"]
file: {metadata: {selection: none}}
select-catalogers: ["-python"]
output: ["table"]
source: {name: planted}
"""


def project(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "requirements.txt").write_text("requests==2.32.3\nnumpy==2.1.0\n")
    return folder


def test_settings_planted_in_the_repository_and_the_environment_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trapped = project(tmp_path / "project")
    plain = without_what_changes(station(tmp_path / "plain", path=str(trapped)))
    for place in (trapped, tmp_path):
        for name in (".syft.yaml", ".syft/config.yaml", "syft.yaml", ".config/syft/config.yaml", "syft/config.yaml"):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(TRAP)
    (trapped / "sitecustomize.py").write_text("raise SystemExit(1)\n")
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("RUNNER_TOOL_CACHE", tools_cache())
    monkeypatch.setenv("PYTHONPATH", str(trapped))
    monkeypatch.setenv("SYFT_CONFIG", str(trapped / ".syft.yaml"))
    monkeypatch.setenv("SYFT_EXCLUDE", "./**")
    monkeypatch.setenv("SYFT_SOURCE_NAME", "planted")
    monkeypatch.setenv("SYFT_SELECT_CATALOGERS", "-python")
    monkeypatch.chdir(trapped)
    assert without_what_changes(station(tmp_path / "trapped", path=str(trapped))) == plain


def without_what_changes(outcome: Outcome) -> tuple[bytes, bytes]:
    assert outputs(outcome).component_count == "2"
    documents = (Path(path).read_bytes() for path in (outputs(outcome).spdx, outputs(outcome).cyclonedx))
    spdx, cyclonedx = (CHANGES_EACH_RUN.sub(b"", document) for document in documents)
    return spdx, cyclonedx


def tools_cache() -> str:
    """Where the executable already is, so that the changed environment does not make it be fetched again."""
    path = tools.provide("syft", VERSION, tools_dir=None, environ=os.environ).path
    return str(next(parent.parent for parent in path.parents if parent.name == "modelseal"))


def test_two_runs_differ_in_times_and_random_ids_only(executable: Path, tmp_path: Path) -> None:
    source = sources.of_archive(oci_archive(tmp_path / "image.tar"), name="example", version="sha256:1")
    made = []
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        files = syft.generate(executable, source, FORMATS, folder, environ=os.environ)
        made.append({format_: CHANGES_EACH_RUN.sub(b"", file.read_bytes()) for format_, file in files.items()})
        assert {path.name for path in folder.iterdir()} == {file.name for file in files.values()}
    assert made[0] == made[1]


def test_what_makes_syft_faster_leaves_nothing_out(executable: Path, tmp_path: Path) -> None:
    archive = oci_archive(tmp_path / "image.tar")
    source = sources.of_archive(archive, name="example", version="sha256:1")
    ours = syft.generate(executable, source, FORMATS, tmp_path, environ=os.environ)
    for format_ in FORMATS:
        plain = tmp_path / f"plain-{format_}"
        subprocess.run(
            [
                *(executable, "scan", f"oci-archive:{archive}", f"--output={format_}@{format_.spec_version}={plain}"),
                *("--source-name=example", "--source-version=sha256:1"),
            ],
            env={"HOME": str(tmp_path), "SYFT_CHECK_FOR_APP_UPDATE": "false"},
            check=True,
            capture_output=True,
        )
        assert CHANGES_EACH_RUN.sub(b"", plain.read_bytes()) == CHANGES_EACH_RUN.sub(b"", ours[format_].read_bytes())


def test_syft_convert_accepts_what_we_hand_on(executable: Path, tmp_path: Path) -> None:
    outcome = station(tmp_path, path=str(project(tmp_path / "project")))
    for path in (outputs(outcome).spdx, outputs(outcome).cyclonedx):
        converted = subprocess.run(
            [executable, "convert", path, "--output", "syft-json"],
            env={"HOME": str(tmp_path), "SYFT_CHECK_FOR_APP_UPDATE": "false"},
            check=True,
            capture_output=True,
        )
        names = {each["name"] for each in json.loads(converted.stdout)["artifacts"]}
        assert {"numpy", "requests"} <= names


@pytest.mark.parametrize("content", ["", "just some words\n"])
def test_a_folder_in_which_nothing_is_found_is_an_error(tmp_path: Path, content: str) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "README").write_text(content)
    with pytest.raises(ToolError, match="lists no package"):
        station(tmp_path, path=str(folder))
    assert list((tmp_path / "out").iterdir()) == []


def test_an_archive_whose_layer_is_cut_off_is_an_error(tmp_path: Path) -> None:
    archive = oci_archive(tmp_path / "image.tar")
    data = archive.read_bytes()
    archive.write_bytes(data.replace(b"\x1f\x8b", b"\x00\x00", 1))
    with pytest.raises(ToolError):
        station(tmp_path, archive=str(archive))
    assert list((tmp_path / "out").iterdir()) == []


def test_checking_seven_thousand_files_takes_less_than_a_second_and_a_half(executable: Path, tmp_path: Path) -> None:
    """The documents of an image as large as a small real one: about 120 packages, 7,400 files, 7,900 relationships."""
    data = tmp_path / "root"
    info = data / "var/lib/dpkg/info"
    info.mkdir(parents=True)
    (data / "etc").mkdir()
    (data / "etc/os-release").write_text('ID=debian\nVERSION_ID="12"\n')
    status = []
    for package in range(120):
        status.append(f"Package: p{package}\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n\n")
        names = [f"usr/share/p{package}/file{number}" for number in range(62)]
        for name in names:
            (data / name).parent.mkdir(parents=True, exist_ok=True)
            (data / name).write_text(name)
        (info / f"p{package}.md5sums").write_text(
            "".join(f"{hashlib.md5(name.encode()).hexdigest()}  {name}\n" for name in names)
        )
    (data / "var/lib/dpkg/status").write_text("".join(status))
    files = syft.generate(executable, sources.of_path(data), FORMATS, tmp_path, environ=os.environ)
    validation.preload()
    document = json.loads(files[Format.SPDX].read_bytes())
    taken = []
    for _ in range(5):
        start = time.process_time()
        copy.deepcopy(document)
        # As much as half a second only takes a machine that is being slowed down by others: the limit is for none such.
        slowness = max(1.0, (time.process_time() - start) / 0.5)
        start = time.process_time()
        inventories = [validation.validate(file, format_) for format_, file in files.items()]
        validation.require_same_packages(inventories)
        taken.append((time.process_time() - start) / slowness)
    assert len(document["relationships"]) > 7400
    assert min(taken) < 1.5
