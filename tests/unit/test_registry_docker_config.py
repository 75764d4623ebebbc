"""Logins of registries: where they are kept, whom they are for, and that nobody sees them."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from modelseal.errors import InputError, ModelsealError, ToolError
from modelseal.registry import Credentials, docker_config

CANARY = "canary-c0ffee-secret"
HUB = "https://index.docker.io/v1/"


def auth(user: str = "octo", password: str = CANARY) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def found(folder: Path, settings: Any, host: str = "ghcr.io", **environ: str) -> tuple[Credentials | None, list[str]]:
    content = settings if isinstance(settings, bytes) else json.dumps(settings).encode()
    (folder / "config.json").write_bytes(content)
    masked: list[str] = []
    made = docker_config.credentials(host, {"DOCKER_CONFIG": str(folder), **environ}, masked.append)
    return made, masked


@pytest.mark.parametrize(
    ("auths", "host", "expected"),
    [
        ({"ghcr.io": auth()}, "ghcr.io", Credentials("octo", CANARY)),
        ({"https://ghcr.io": auth()}, "ghcr.io", Credentials("octo", CANARY)),
        ({"https://ghcr.io/v2/": auth()}, "ghcr.io", Credentials("octo", CANARY)),
        ({"localhost:5000": auth()}, "localhost:5000", Credentials("octo", CANARY)),
        ({HUB: auth()}, "docker.io", Credentials("octo", CANARY)),
        ({HUB: auth()}, "index.docker.io", Credentials("octo", CANARY)),
        ({"docker.io": auth()}, "docker.io", Credentials("octo", CANARY)),
        ({"ghcr.io": auth(password="with:colon")}, "ghcr.io", Credentials("octo", "with:colon")),
        ({"ghcr.io": {"username": "octo", "password": CANARY}}, "ghcr.io", Credentials("octo", CANARY)),
        ({"ghcr.io": {**auth(), "identitytoken": CANARY}}, "ghcr.io", Credentials("", CANARY, is_identity_token=True)),
        ({"ghcr.io": {}}, "ghcr.io", None),
        ({}, "ghcr.io", None),
        ({"ghcr.io": auth()}, "ghcr.io.evil.example", None),
        ({"ghcr.io": auth()}, "cr.io", None),
        ({"ghcr.io": auth()}, "ghcr.io:8443", None),
        ({"localhost:5000": auth()}, "localhost:5001", None),
        ({"https://ghcr.io.evil.example": auth()}, "ghcr.io", None),
    ],
)  # fmt: skip
def test_login_of_one_registry_is_found(tmp_path: Path, auths: Any, host: str, expected: Credentials | None) -> None:
    made, masked = found(tmp_path, {"auths": auths}, host)
    assert made == expected
    assert (expected is None and not masked) or (expected is not None and expected.secret in masked)


def test_settings_are_looked_for_at_home_too(tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text(json.dumps({"auths": {"ghcr.io": auth()}}))
    assert docker_config.credentials("ghcr.io", {"HOME": str(tmp_path)}, lambda _: None)


@pytest.mark.parametrize("environ", [{}, {"HOME": "/nonexistent"}, {"DOCKER_CONFIG": "/dev/null"}])
def test_without_settings_there_is_no_login(environ: dict[str, str]) -> None:
    assert docker_config.credentials("ghcr.io", environ, lambda _: None) is None


@pytest.mark.parametrize(
    "settings",
    [
        CANARY.encode(), b"", b"[]", b'"x"', b"[" * 100_000, b"\xff", b"x" * (1024 * 1024 + 1),
        {"auths": []}, {"auths": {"ghcr.io": CANARY}}, {"auths": {"ghcr.io": {"auth": CANARY}}},
        {"auths": {"ghcr.io": {"auth": base64.b64encode(CANARY.encode()).decode()}}},
        {"auths": {"ghcr.io": {"auth": base64.b64encode(b"\xff:\xff").decode()}}},
        {"auths": {"ghcr.io": {"auth": 3}}}, {"auths": {"ghcr.io": {"identitytoken": [CANARY]}}},
        {"credHelpers": [CANARY]}, {"credHelpers": {"ghcr.io": 3}}, {"credsStore": 3}, {"credsStore": "../evil"},
        {"credsStore": "a b"}, {"credsStore": "a/b"}, {"credHelpers": {"ghcr.io": "-x"}},
    ],
)  # fmt: skip
def test_unusable_settings_are_refused_and_not_repeated(
    tmp_path: Path, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"), pytest.raises(InputError) as caught:
        found(tmp_path, settings)
    assert CANARY not in str(caught.value) + caplog.text
    assert base64.b64encode(CANARY.encode()).decode() not in str(caught.value) + caplog.text


def helper(folder: Path, script: str, name: str = "canary") -> str:
    """Put a credential helper on the path."""
    (folder / "bin").mkdir(exist_ok=True)
    program = folder / "bin" / f"docker-credential-{name}"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return f"{folder / 'bin'}:/usr/bin:/bin"


ANSWER = json.dumps({"ServerURL": "x", "Username": "octo", "Secret": CANARY})


@pytest.mark.parametrize(
    ("settings", "host", "asked"),
    [
        ({"credsStore": "canary"}, "ghcr.io", "ghcr.io"),
        ({"credHelpers": {"ghcr.io": "canary"}, "credsStore": "other"}, "ghcr.io", "ghcr.io"),
        ({"credsStore": "canary", "auths": {"ghcr.io": {}}}, "ghcr.io", "ghcr.io"),
        ({"credsStore": "canary"}, "docker.io", HUB),
    ],
)
def test_helper_is_asked_for_one_registry(tmp_path: Path, settings: Any, host: str, asked: str) -> None:
    path = helper(tmp_path, f"cat > {tmp_path}/asked; echo \"$1\" >> {tmp_path}/asked; echo '{ANSWER}'")
    made, masked = found(tmp_path, settings, host, PATH=path)
    assert made == Credentials("octo", CANARY)
    assert CANARY in masked
    assert (tmp_path / "asked").read_text() == f"{asked}get\n"


def test_helper_of_another_registry_is_not_asked(tmp_path: Path) -> None:
    path = helper(tmp_path, f"touch {tmp_path}/asked")
    made, _ = found(tmp_path, {"credHelpers": {"quay.io": "canary"}}, PATH=path)
    assert made is None
    assert not (tmp_path / "asked").exists()


def test_helper_sees_no_token_of_this_job(tmp_path: Path) -> None:
    path = helper(tmp_path, f"env > {tmp_path}/environment; echo '{ANSWER}'")
    secrets = {
        "GITHUB_TOKEN": CANARY, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": CANARY, "MODELSEAL_INPUT_PRIVATE_KEY": CANARY,
        "AWS_SECRET_ACCESS_KEY": CANARY, "LD_PRELOAD": CANARY,
    }  # fmt: skip
    found(tmp_path, {"credsStore": "canary"}, PATH=path, HOME=str(tmp_path), **secrets)
    seen = (tmp_path / "environment").read_text()
    assert CANARY not in seen
    assert f"HOME={tmp_path}" in seen


def test_identity_token_of_a_helper(tmp_path: Path) -> None:
    path = helper(tmp_path, """echo '{"Username": "<token>", "Secret": "it"}'""")
    assert found(tmp_path, {"credsStore": "canary"}, PATH=path)[0] == Credentials("", "it", is_identity_token=True)


def test_helper_that_has_no_login_is_no_error(tmp_path: Path) -> None:
    path = helper(tmp_path, "echo 'credentials not found in native keychain'; exit 1")
    assert found(tmp_path, {"credsStore": "canary"}, PATH=path) == (None, [])


@pytest.mark.parametrize(
    "script",
    [
        f"echo {CANARY}; exit 1", f"echo {CANARY} >&2; exit 2", f"echo {CANARY}", "exit 0", "echo '[]'", "echo '{}'",
        f"""echo '{{"Username": 3, "Secret": "{CANARY}"}}'""", """echo '{"Username": "x", "Secret": ""}'""",
        "kill -9 $$", f"head -c 400000 /dev/zero; echo {CANARY}",
    ],
)  # fmt: skip
def test_helper_that_fails_is_an_error_without_what_it_printed(
    tmp_path: Path, script: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = helper(tmp_path, script)
    with caplog.at_level("DEBUG"), pytest.raises(ToolError) as caught:
        found(tmp_path, {"credsStore": "canary"}, PATH=path)
    assert CANARY not in str(caught.value) + caplog.text


def test_helper_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelsealError, match="docker-credential-nowhere"):
        found(tmp_path, {"credsStore": "nowhere"}, PATH=str(tmp_path))


def test_secrets_are_in_no_representation() -> None:
    assert CANARY not in repr(Credentials("octo", CANARY)) + repr(docker_config.Given(Credentials("octo", CANARY)))
