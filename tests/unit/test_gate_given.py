"""What users give a gate: which file is read, which is refused, and what an input says in place of it."""

import logging
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

import gate_results
import vex_documents
import vulnerability_reports
from modelseal.errors import InputError
from modelseal.gate import baseline, document, given
from modelseal.gate.finding import Kind, Severity
from modelseal.gate.given import Overrides, Rules
from modelseal.gate.policy import DEFAULT_FAIL_ON, Policy

TODAY = date(2026, 6, 1)
POLICY = b"version: 1\nvulnerabilities: {fail-on: [LOW], ignore-unfixed: true}\nmisconfigurations: {fail-on: [LOW]}\n"
LOW = frozenset({Severity.LOW})


def policy(folder: Path, file: str | None = None, **overrides: object) -> Policy:
    return given.policy(Path(file) if file else None, folder, Overrides(**overrides), TODAY)  # type: ignore[arg-type]


def verdict(name: str = "registry.example/team/fraud:1.4") -> bytes:
    return document.write(gate_results.result([gate_results.finding()], name=name))


def read_policy(path: Path) -> object:
    return given.policy(path, Path("/nowhere"), Overrides(), TODAY)


def read_vex(path: Path) -> object:
    return given.vex([path])


def read_baseline(path: Path) -> object:
    return given.baselines([path])


Read = Callable[[Path], object]
GOOD: dict[Read, bytes] = {
    read_policy: POLICY,
    read_vex: vex_documents.packed(vex_documents.openvex(vex_documents.said())),
    read_baseline: verdict(),
}


def named_pipe(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def terminal(path: Path) -> None:
    path.symlink_to("/dev/null")


def nothing(path: Path) -> None:
    assert not path.exists()


def dangling(path: Path) -> None:
    path.symlink_to("nothing/here")


def circle(path: Path) -> None:
    path.symlink_to(path.name)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def garbage(path: Path) -> None:
    path.write_bytes(b"\x00\xff" * 50)


def deep(path: Path) -> None:
    path.write_bytes(b"[" * 200_000)


@pytest.mark.parametrize("read", GOOD, ids=lambda read: read.__name__)
@pytest.mark.parametrize(
    "make", [named_pipe, device, terminal, Path.mkdir, nothing, dangling, circle, empty, garbage, deep],
    ids=lambda make: make.__name__,
)  # fmt: skip
def test_what_is_no_such_file_is_refused_by_name(read: Read, make: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / "given"
    make(path)
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(path) in caught.value.where
    assert caught.value.mend


@pytest.mark.parametrize(
    ("read", "constant", "mebibytes"),
    [(read_policy, "_POLICY_BYTES", 1), (read_vex, "_VEX_BYTES", 32), (read_baseline, "_BASELINE_BYTES", 512)],
)
def test_what_is_too_large_is_not_kept(
    read: Read, constant: str, mebibytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert getattr(given, constant) == mebibytes << 20
    monkeypatch.setattr(given, constant, 1 << 20)
    path = tmp_path / "given"
    with path.open("wb") as file:
        file.truncate((1 << 20) + 1)
    with pytest.raises(InputError, match="larger than 1 MiB"):
        read(path)


@pytest.mark.parametrize("read", GOOD, ids=lambda read: read.__name__)
def test_what_may_not_be_read_is_refused(read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "given"
    path.write_bytes(GOOD[read])

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))  # root, who may run these tests, may read everything

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        read(path)


@pytest.mark.parametrize("read", GOOD, ids=lambda read: read.__name__)
def test_a_link_to_a_good_file_is_followed(read: Read, tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(GOOD[read])
    (tmp_path / "given").symlink_to("real")
    assert read(tmp_path / "given")


@pytest.mark.parametrize("read", [read_vex, read_baseline], ids=lambda read: read.__name__)
def test_one_bad_file_among_good_ones_is_refused(read: Read, tmp_path: Path) -> None:
    (tmp_path / "good").write_bytes(GOOD[read])
    (tmp_path / "bad").write_bytes(GOOD[read][:-20])
    read_all = given.vex if read is read_vex else given.baselines
    with pytest.raises(InputError) as caught:
        read_all([tmp_path / "good", tmp_path / "bad"])
    assert str(tmp_path / "bad") in caught.value.where


class TestPolicy:
    def test_without_a_file_the_defaults_count(self, tmp_path: Path) -> None:
        assert policy(tmp_path) == Policy()

    @pytest.mark.parametrize("make", [named_pipe, Path.mkdir, dangling, empty, garbage], ids=lambda make: make.__name__)
    def test_a_policy_that_is_there_is_never_passed_over(
        self, tmp_path: Path, make: Callable[[Path], None]
    ) -> None:  # fmt: skip
        (tmp_path / ".github").mkdir()
        make(tmp_path / ".github" / "modelseal.yml")
        with pytest.raises(InputError) as caught:
            policy(tmp_path)
        assert ".github/modelseal.yml" in caught.value.where

    @pytest.mark.parametrize("name", ["modelseal.yml", ".github/modelseal.yaml", ".github/Modelseal.yml"])
    def test_other_names_are_not_looked_for(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"this: is wrong")
        assert policy(tmp_path) == Policy()

    def test_the_usual_file_is_found(self, tmp_path: Path) -> None:
        (tmp_path / ".github").mkdir()
        (tmp_path / ".github" / "modelseal.yml").write_bytes(POLICY)
        found = policy(tmp_path)
        assert (found.source, len(found.sha256)) == (".github/modelseal.yml", 64)
        assert found.threshold(Kind.VULNERABILITY).fail_on == LOW
        assert found.threshold(Kind.SECRET).fail_on == DEFAULT_FAIL_ON

    def test_the_one_that_was_asked_for_counts_alone(self, tmp_path: Path) -> None:
        (tmp_path / ".github").mkdir()
        (tmp_path / ".github" / "modelseal.yml").write_bytes(b"this: is wrong")
        (tmp_path / "own.yml").write_bytes(POLICY)
        assert policy(tmp_path, "own.yml").source == "own.yml"
        with pytest.raises(InputError, match="cannot be read"):
            policy(tmp_path, "missing.yml")

    def test_a_mistake_is_told_with_file_line_and_mend(self, tmp_path: Path) -> None:
        (tmp_path / "own.yml").write_bytes(b"version: 1\nvulnerabilities:\n  fail_on: [HIGH]\n")
        with pytest.raises(InputError) as caught:
            policy(tmp_path, "own.yml")
        assert "own.yml, line 3" in caught.value.where
        assert "fail-on" in str(caught.value)

    def test_inputs_count_in_place_of_the_file(self, tmp_path: Path) -> None:
        (tmp_path / "own.yml").write_bytes(POLICY)
        high = frozenset({Severity.HIGH})
        found = policy(tmp_path, "own.yml", fail_on=high, ignore_unfixed=False)
        assert found.threshold(Kind.VULNERABILITY).fail_on == found.threshold(Kind.SECRET).fail_on == high
        assert found.threshold(Kind.MISCONFIGURATION).fail_on == LOW  # no input speaks of these
        assert not found.threshold(Kind.VULNERABILITY).ignore_unfixed
        assert not policy(tmp_path, "own.yml", fail_on=high).threshold(Kind.SECRET).ignore_unfixed
        assert policy(tmp_path, "own.yml", fail_on=high).threshold(Kind.VULNERABILITY).ignore_unfixed
        assert policy(tmp_path, "own.yml", ignore_unfixed=False).threshold(Kind.VULNERABILITY).fail_on == LOW

    def test_an_expired_waiver_is_read_and_named_by_the_reports_only(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        waiver = "{id: CVE-2024-0001, expires: 2026-05-31, reason: old, owner: ada}"
        (tmp_path / "own.yml").write_text(f"version: 1\nwaivers:\n  - {waiver}\n")
        assert [(item.id, item.expires_line) for item in policy(tmp_path, "own.yml").waivers] == [("CVE-2024-0001", 3)]
        assert not caplog.records


class TestBaselines:
    @staticmethod
    def rules(*names: str) -> Rules:
        return Rules(Policy(), None, tuple(baseline.read(verdict(name)) for name in names))

    @pytest.mark.parametrize(
        ("was", "is_"),
        [
            ("team/fraud:1.4", "team/fraud:1.5"),
            ("team/fraud", "team/fraud:1.5"),
            ("localhost:5000/fraud:1", f"localhost:5000/fraud@sha256:{'0' * 64}"),
            ("localhost:5000/fraud:1", "localhost:5000/fraud"),
        ],
    )
    def test_another_tag_is_the_same_image(self, was: str, is_: str, caplog: pytest.LogCaptureFixture) -> None:
        found = self.rules(was).baseline_of(is_, only=True)
        assert found is not None
        assert found.name == was
        assert not caplog.records

    @pytest.mark.parametrize(
        ("was", "is_"),
        [
            ("team/fraud:1", "team/frauds:1"),
            ("localhost:5000/fraud", "localhost:5001/fraud"),
            ("localhost:5000/fraud", "localhost"),
            ("fraud", "team/fraud"),
            ("", "team/fraud"),
        ],
    )
    def test_another_name_is_a_warning(self, was: str, is_: str, caplog: pytest.LogCaptureFixture) -> None:
        rules = Rules(Policy(), None, (baseline.of_findings(was, ()),))
        found = rules.baseline_of(is_, only=True)
        assert found is rules.baselines[0]
        assert [record.levelno for record in caplog.records] == [logging.WARNING]
        assert is_ in caplog.text

    @pytest.mark.parametrize("is_", ["team/fraud", "team/churn:2"])
    def test_of_several_images_each_has_its_own(self, is_: str, caplog: pytest.LogCaptureFixture) -> None:
        found = self.rules("team/churn:1", "team/fraud:1").baseline_of(is_, only=False)
        assert found is not None
        assert found.name.partition(":")[0] == is_.partition(":")[0]
        assert not caplog.records

    @pytest.mark.parametrize("names", [("team/churn:1",), ("team/churn:1", "team/spam:1"), ("fraud:1", "fraud:2")])
    def test_of_several_images_none_gets_anothers(self, names: tuple[str, ...],
                                                  caplog: pytest.LogCaptureFixture) -> None:  # fmt: skip
        assert self.rules(*names).baseline_of("fraud", only=False) is None
        assert "counts as known" in caplog.text

    def test_without_any_nothing_is_said(self, caplog: pytest.LogCaptureFixture) -> None:
        assert given.baselines(()) == ()
        assert self.rules().baseline_of("fraud", only=True) is None
        assert not caplog.records

    def test_a_report_of_trivy_is_one_too(self, tmp_path: Path) -> None:
        file = tmp_path / "report.json"
        file.write_bytes(vulnerability_reports.report([vulnerability_reports.vulnerability()]))
        (found,) = given.baselines([file])
        assert (found.name, len(found.found)) == ("small.tar", 1)


def test_without_files_there_is_nothing_to_judge_by() -> None:
    assert given.vex(()) is None
    assert given.baselines(()) == ()
