"""Credentials of registries, where `docker login` and credential helpers keep them.

The file: https://docs.docker.com/reference/cli/docker/#docker-cli-configuration-file-configjson-properties;
the helpers: https://github.com/docker/docker-credential-helpers. Only what belongs to the registry that is asked for is
taken out, and nothing of it is ever shown.
"""

import base64
import binascii
import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from modelseal import process
from modelseal.errors import InputError, ToolError
from modelseal.registry.authorization import Credentials

logger = logging.getLogger(__name__)

_FILE_BYTES = 1024 * 1024
_ANSWER_BYTES = 256 * 1024
_HELPER_SECONDS = 60.0
_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
# What a helper needs to find its own store; the tokens of this job are none of its business.
_HELPER_VARIABLES = ("HOME", "DOCKER_CONFIG", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "GNUPGHOME")
_HUB_KEY = "https://index.docker.io/v1/"
_HUBS = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_TOKEN_USER = "<token>"  # noqa: S105 - the name that helpers give where a secret is an identity token


@dataclass(frozen=True)
class Given:
    """What the settings say of a registry: credentials, or who is to be asked for them."""

    credentials: Credentials | None = None
    helper: str = ""


def credentials(host: str, environ: Mapping[str, str], mask: Callable[[str], None]) -> Credentials | None:
    """Return the user's credentials for one registry; None if there are none.

    Args:
        host: The registry's host, with its port if it has one.
        environ: For `DOCKER_CONFIG` and `HOME`.
        mask: Called with every secret that is found.

    Raises:
        InputError: The settings cannot be read.
        ToolError: A credential helper fails.
    """
    folder = environ.get("DOCKER_CONFIG") or (f"{environ['HOME']}/.docker" if environ.get("HOME") else "")
    if not folder:
        return None
    file = Path(folder) / "config.json"
    try:
        with file.open("rb") as opened:
            content = opened.read(_FILE_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unusable(file, f"cannot be read: {error.strerror or error}") from error
    if len(content) > _FILE_BYTES:
        raise _unusable(file, "is larger than such a file is")
    try:
        given = read(content, host)
    except ValueError:  # what is wrong with it repeats it
        raise _unusable(file, f"has no usable entry for {host}") from None
    found = _of_helper(given.helper, host, environ) if given.helper else given.credentials
    if found is not None:
        mask(found.secret)
        if not found.is_identity_token:
            mask(found.header.removeprefix("Basic "))
    return found


def read(content: bytes, host: str) -> Given:
    """Read what the settings say of one registry.

    Raises:
        ValueError: They are malformed.
    """
    try:
        settings = json.loads(content)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    helper = _entry(settings.get("credHelpers"), host) if isinstance(settings, dict) else None
    if not isinstance(settings, dict) or not isinstance(helper, str | None):
        raise ValueError("not such settings")  # noqa: TRY004 - one kind of error for all that is malformed
    helper = helper or settings.get("credsStore") or ""
    if not isinstance(helper, str) or (helper and not _HELPER.fullmatch(helper)):
        raise ValueError("not a helper's name")
    if helper:
        return Given(helper=helper)
    entry = _entry(settings.get("auths"), host)
    if entry is None:
        return Given()
    if not isinstance(entry, dict):
        raise ValueError("not an entry")  # noqa: TRY004 - as above
    return Given(_of_entry(entry))


def of_answer(content: bytes) -> Credentials:
    """Read what a credential helper gave.

    Raises:
        ValueError: It is malformed.
    """
    try:
        answer = json.loads(content)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    user, secret = (answer.get("Username"), answer.get("Secret")) if isinstance(answer, dict) else (None, None)
    if not isinstance(user, str) or not isinstance(secret, str) or not secret:
        raise ValueError("no credentials")
    return Credentials("", secret, is_identity_token=True) if user == _TOKEN_USER else Credentials(user, secret)


def _entry(entries: object, host: str) -> object:
    """Return the entry of a registry, whose key is its host or an old way to write its address."""
    if entries is None:
        return None
    if not isinstance(entries, dict):
        raise ValueError("not a table")  # noqa: TRY004 - as above
    hosts = (_HUB_KEY, *sorted(_HUBS)) if host in _HUBS else (host,)
    keys = [
        f"{scheme}{name}{end}" for name in hosts for scheme in ("", "https://") for end in ("", "/", "/v1/", "/v2/")
    ]
    return next((entries[key] for key in keys if key in entries), None)


def _of_entry(entry: Mapping[str, object]) -> Credentials | None:
    user, password = entry.get("username", ""), entry.get("password", "")
    auth, token = entry.get("auth", ""), entry.get("identitytoken", "")
    if not all(isinstance(text, str) for text in (user, password, auth, token)):
        raise ValueError("not texts")
    if token:
        return Credentials("", str(token), is_identity_token=True)
    if auth:
        try:
            decoded = base64.b64decode(str(auth), validate=True).rstrip(b"\0").decode()
        except (binascii.Error, UnicodeDecodeError):
            raise ValueError("not base64") from None
        user, separator, password = decoded.partition(":")
        if not separator:
            raise ValueError("no password")
    return Credentials(str(user), str(password)) if user and password else None


def _of_helper(name: str, host: str, environ: Mapping[str, str]) -> Credentials | None:
    program = f"docker-credential-{name}"
    server = _HUB_KEY if host in _HUBS else host
    own = {variable: environ[variable] for variable in _HELPER_VARIABLES if environ.get(variable)}
    done = process.run(
        [program, "get"],
        env=process.scrubbed_environment(environ, **own),
        stdin=server.encode(),
        timeout=_HELPER_SECONDS,
        check=False,
    )
    if done.exit_code != 0:
        if b"credentials not found" in done.stdout:
            return None
        raise ToolError(  # nothing of what it printed: it may hold what it should not
            f"{program} failed with exit code {done.exit_code}.",
            where=host,
            mend=f"Try it: echo {server} | {program} get; or log in again.",
        )
    try:
        return of_answer(done.stdout[:_ANSWER_BYTES])
    except ValueError:
        raise ToolError(f"{program} gave nothing that can be used.", where=host, mend="Log in again.") from None


def _unusable(file: Path, why: str) -> InputError:
    return InputError(
        f"The file with Docker's settings and logins {why}.",
        where=str(file),
        mend="Log in again with docker login, or name another folder with DOCKER_CONFIG.",
    )
