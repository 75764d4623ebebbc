"""What a hostile review of the gate found, as cases: ways to pass without evidence, and to mislead people."""

import gzip
import io
import json
import os
from datetime import date, timedelta
from pathlib import Path

import pytest

import gate_results
import saved_images
from modelseal import station
from modelseal.commands import scan_image
from modelseal.errors import InputError, ToolError
from modelseal.gate import given, policy_file
from modelseal.gate.finding import Kind
from modelseal.github import Console, report_error
from modelseal.image import archive, platforms, targets
from modelseal.report import annotations, summary
from modelseal.vulnerabilities import database
from modelseal.vulnerabilities.inspection import Databases
from modelseal.vulnerabilities.trivy import Trivy

BAD = saved_images.tar(list(saved_images.debian({"zlib1g": ("zlib", "1:1.2.13.dfsg-1")}).items()))
GOOD = saved_images.tar(list(saved_images.debian().items()))
CONFIG = saved_images.config([BAD])
CONFIG_NAME = f"{saved_images.digest(CONFIG)[7:]}.json"
LAYER = "L/layer.tar"
END = bytes(1024)


def manifest(**others: object) -> bytes:
    return json.dumps([{"Config": CONFIG_NAME, "RepoTags": ["x:1"], "Layers": [LAYER]} | others]).encode()


def member(  # noqa: PLR0913 -- the fields of a header
    name: str, data: bytes, *, prefix: bytes = b"", magic: bytes = b"ustar\x0000", kind: bytes = b"0", size: bytes = b""
) -> bytes:
    """Return a member of a tar file as no library writes it."""
    header = bytearray(512)
    header[: len(name)] = name.encode("latin-1")
    header[100:124] = b"0000644\0" + b"0000000\0" * 2
    header[124:136] = size or b"%011o\0" % len(data)
    header[136:157] = b"00000000000\0" + b" " * 8 + kind
    header[257:265] = magic
    header[345 : 345 + len(prefix)] = prefix
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + data + bytes(-len(data) % 512)


def renamed(path: str, kind: bytes = b"x") -> bytes:
    """Return a header that gives the next member another name."""
    record = f" path={path}\n"
    length = len(record) + 2
    return member("pax", f"{length}{record}".encode(), kind=kind)


REST = member(CONFIG_NAME, CONFIG) + member("manifest.json", manifest()) + END
# Each shows a scanner that is written in Go the good layer, and Python's reader the bad one, which is the image's.
AMBIGUOUS = {
    "a prefix in a header without magic": member(LAYER, GOOD, prefix=b"junk", magic=bytes(8)) + member(LAYER, BAD),
    "a prefix in a header of GNU tar": member(LAYER, GOOD, prefix=b"junk", magic=b"ustar  \0") + member(LAYER, BAD),
    "a directory behind a prefix": member("d", b"", kind=b"5")
    + member("layer.tar", b"", prefix=b"L", magic=bytes(8), kind=b"5")
    + member(LAYER, BAD),
    "a name for all that follows": renamed("junk-name-", b"g")
    + member(LAYER, GOOD)
    + renamed(LAYER)
    + member("q", BAD),
    "two names": renamed("junk") + renamed(LAYER) + member("q", GOOD) + member(LAYER, BAD),
    "a size that is 0 to some": member("junk", member("q", GOOD), size=b"\0%010o\0" % 512) + member(LAYER, BAD),
    "a file that others take for gzip": member("\x1f\x8b\x08\x04", b"x") + member(LAYER, BAD),
    "a long name": member("././@LongLink", b"junk\0", kind=b"L") + member(LAYER, GOOD) + member(LAYER, BAD),
}


@pytest.mark.parametrize("content", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_an_archive_that_shows_the_scanner_other_layers_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "image.tar"
    file.write_bytes(content + REST)
    with pytest.raises(InputError, match=r"different|twice"):
        archive.read(file)


def test_a_link_that_readers_follow_differently_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "image.tar"
    plain = [("L/b", GOOD), ("b", BAD), (CONFIG_NAME, CONFIG), ("manifest.json", manifest())]
    file.write_bytes(saved_images.tar([saved_images.link(LAYER, "/b"), *plain]))
    with pytest.raises(InputError, match="leads out"):
        archive.read(file)


def doubled_name() -> bytes:
    return manifest().replace(b'"RepoTags"', b'"Layers": ["other"], "RepoTags"')


@pytest.mark.parametrize("document", [manifest(layers=["other"]), manifest(config="other"), doubled_name()])
def test_a_manifest_that_others_read_differently_is_refused(tmp_path: Path, document: bytes) -> None:
    file = tmp_path / "image.tar"
    file.write_bytes(saved_images.tar([(LAYER, BAD), (CONFIG_NAME, CONFIG), ("manifest.json", document)]))
    with pytest.raises(InputError, match=r"two cases|twice"):
        archive.read(file)


def test_a_configuration_that_others_read_differently_is_refused(tmp_path: Path) -> None:
    config = saved_images.config([BAD], Rootfs={"type": "layers", "diff_ids": [saved_images.digest(GOOD)]})
    file = tmp_path / "image.tar"
    file.write_bytes(saved_images.tar(saved_images.docker_members([BAD], config)))
    with pytest.raises(InputError, match="Rootfs"):
        archive.read(file)


def test_layers_that_the_scanner_would_not_uncompress_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "image.tar"
    plain, packed = saved_images.tar([("a", b"a")]), gzip.compress(BAD)
    members = saved_images.docker_members([plain, packed], saved_images.config([plain, BAD]))
    file.write_bytes(saved_images.tar(members))
    with pytest.raises(InputError, match="compressed in different ways"):
        platforms.of_archive(file, tmp_path)


def test_an_index_beside_the_image_that_holds_another_one_is_refused(tmp_path: Path) -> None:
    """Layers that are compressed in different ways are read by the OCI layout: it must be of the same image."""
    plain, packed = saved_images.tar([("a", b"a")]), gzip.compress(BAD)
    described = saved_images.config([plain, BAD])
    other = saved_images.config([plain, BAD], created="2026-01-01T00:00:00Z")
    beside = saved_images.oci_members([plain, packed], other, nested=True)
    file = tmp_path / "image.tar"
    file.write_bytes(saved_images.tar([*saved_images.docker_members([plain, packed], described), *beside]))
    with pytest.raises(InputError, match="two layouts hold different images"):
        platforms.of_archive(file, tmp_path)


def test_what_tar_writers_do_is_not_refused(tmp_path: Path) -> None:
    file = tmp_path / "image.tar"
    time = member("pax", b"30 mtime=1700000000.123456789\n", kind=b"x")
    file.write_bytes(member("L", b"", kind=b"5") + time + member(LAYER, BAD) + time + REST)
    assert archive.read(file).layers == (LAYER,)


def test_the_usual_policy_is_no_way_to_have_other_files_read(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    (repository / ".github").mkdir(parents=True)
    (tmp_path / "token").write_text("not to be repeated")
    usual = repository / ".github/modelseal.yml"
    usual.symlink_to("../../token")
    with pytest.raises(InputError, match="leads out") as caught:
        given.policy(None, repository, given.Overrides(), date(2026, 6, 1))
    assert "not to be repeated" not in str(caught.value)
    usual.unlink()
    (repository / "policy.yml").write_text("version: 1\n")
    usual.symlink_to("../policy.yml")
    assert given.policy(None, repository, given.Overrides(), date(2026, 6, 1)).source == ".github/modelseal.yml"


# --- what people are told ------------------------------------------------------------------------------------------


def test_an_archive_that_is_not_there_is_noticed_before_anything_is_fetched(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such archive"):
        targets.require(targets.given((), (tmp_path / "image.tar",)))


def test_each_mistake_of_a_policy_has_a_line_in_the_job_summary(tmp_path: Path) -> None:
    file = tmp_path / "summary"
    with pytest.raises(InputError) as caught:
        policy_file.parse(b"version: 1\nwaiver: []\nscans: {}\n", "own.yml", today=date(2026, 6, 1))
    report_error(caught.value, Console(io.StringIO(), runner=True), {"GITHUB_STEP_SUMMARY": str(file)})
    lines = file.read_text(encoding="utf-8").splitlines()
    assert [line.split(":")[0] for line in lines if line.startswith("line ")] == [
        "line 2, column 1",
        "line 3, column 1",
    ]


def test_an_expired_waiver_is_told_once_with_line_key_and_mend() -> None:
    waiver = "{id: CVE-2024-0001, expires: 2026-05-31, reason: old, owner: ada}"
    policy = policy_file.parse(f"version: 1\nwaivers:\n  - {waiver}\n".encode(), "own.yml", today=date(2026, 6, 1))
    (told,) = annotations.of(gate_results.result(policy=policy, expired=policy.waivers))
    assert "own.yml, line 3, `expires: 2026-05-31`: CVE-2024-0001" in told.message
    assert "take it out, or agree on a new date" in told.message


@pytest.mark.parametrize(
    ("policy", "mend"),
    [
        ("version: 1\nvulnerabilities:\n  fail-on: critical\n", "Write [CRITICAL]."),
        ("version: 1\nvulnerabilities:\n  fail-on: high, Critical\n", "Write [HIGH, CRITICAL]."),
        ("CVE-2024-0001\n", "in the first column, each as `key: value`: `version`"),
    ],
)
def test_the_mend_of_a_policy_is_right_the_first_time(policy: str, mend: str) -> None:
    with pytest.raises(InputError) as caught:
        policy_file.parse(policy.encode(), "own.yml", today=date(2026, 6, 1))
    assert mend in caught.value.mend


def test_the_headline_is_one_line_whatever_a_file_is_called() -> None:
    finding = gate_results.finding(kind=Kind.SECRET, package="a\n::error::x\x1b[31m", path="a\n::error::x\x1b[31m")
    assert summary.headline(gate_results.result([finding], name="image\u202e")).isprintable()


def test_when_trivy_is_killed_its_own_last_words_are_told_and_not_its_details(tmp_path: Path) -> None:
    executable = tmp_path / "trivy"
    executable.write_text("#!/bin/sh\nprintf 't\\tINFO\\tat work\\nt\\tDEBUG\\t[x] detail\\n' >&2\nkill -9 $$\n")
    executable.chmod(0o755)
    with pytest.raises(ToolError) as caught:
        Trivy(executable, {"PATH": os.environ["PATH"]}, tmp_path).run("image", timeout=20)
    assert "SIGKILL" in caught.value.what
    assert caught.value.where == "t INFO at work"


def test_a_database_that_is_replaced_while_it_is_in_use_is_no_evidence(tmp_path: Path) -> None:
    (tmp_path / "db").mkdir()
    (tmp_path / "db/trivy.db").write_bytes(b"db")
    metadata = tmp_path / "db/metadata.json"
    metadata.write_text('{"Version": 2, "UpdatedAt": "2026-06-01T00:00:00Z"}')
    used = database.read(tmp_path)
    databases = Databases(tmp_path, (), tmp_path, timedelta(days=1), {})
    databases.check_unchanged(used)
    metadata.write_text('{"Version": 2, "UpdatedAt": "2026-06-01T06:00:00Z"}')
    with pytest.raises(ToolError, match="replaced while it was in use"):
        databases.check_unchanged(used)


def test_a_severity_in_lower_case_is_told_how_it_is_written() -> None:
    with pytest.raises(InputError) as caught:
        station.read_inputs(scan_image.Inputs, {"fail-on": "high"})
    assert caught.value.mend == "Write HIGH."
