"""How a registry wants to be asked: nothing, a user name and a password, or a token that another server gives.

Tokens: https://distribution.github.io/distribution/spec/auth/token/; challenges: RFC 9110, section 11.6.1.
"""

import base64
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from modelseal.registry.connection import Question
from modelseal.registry.faults import RegistryError

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = re.compile(rf'({_WORD})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_SCHEME = re.compile(rf"({_WORD})(?=[ \t,]|\Z)")
_GAP = re.compile(r"[\s,]*")
_TOKEN = re.compile(r"[!-~]{1,65536}")
_FORM = "application/x-www-form-urlencoded"
_HUB = ("registry-1.docker.io", "auth.docker.io")


@dataclass(frozen=True)
class Credentials:
    """A user name and a password or token, meant for one registry and sent to no other host.

    Attributes:
        username: Empty with an identity token.
        secret: The password or token.
        is_identity_token: Whether it can only be exchanged for an access token, as some registries' logins give it.
    """

    username: str
    secret: str = field(repr=False)
    is_identity_token: bool = False

    @property
    def header(self) -> str:
        """The value of an `Authorization` header."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.secret}".encode()).decode()


@dataclass(frozen=True)
class Challenge:
    """What a server asks for; names of schemes and parameters are in lower case."""

    scheme: str
    parameters: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str:
        """Return a parameter; nothing if there is none."""
        return dict(self.parameters).get(name, "")


def challenges(headers: Iterable[str]) -> tuple[Challenge, ...]:
    """Take `WWW-Authenticate` headers apart. What cannot be read ends the reading: it can only cost an answer."""
    found: list[tuple[str, list[tuple[str, str]]]] = []
    for header in headers:
        position, started = 0, False
        while (position := _end(_GAP.match(header, position))) < len(header):
            if started and (match := _PARAMETER.match(header, position)):
                value = re.sub(r"\\(.)", r"\1", match[2]) if match[2] is not None else match[3]
                found[-1][1].append((match[1].lower(), value))
            elif match := _SCHEME.match(header, position):
                found.append((match[1].lower(), []))
                started = True
            else:
                break
            position = match.end()
    return tuple(Challenge(scheme, tuple(parameters)) for scheme, parameters in found)


def token_question(challenge: Challenge, scope: str, credentials: Credentials | None) -> Question:
    """Return what to ask the server that gives tokens.

    The scope is ours, not the one of the challenge: whoever asks to read gets nothing that can write. An identity
    token travels in a form's body: https://distribution.github.io/distribution/spec/auth/oauth/.
    """
    given = {"service": challenge.get("service"), "scope": scope}
    asked = {name: value for name, value in given.items() if value}
    realm = challenge.get("realm")
    if credentials and credentials.is_identity_token:
        form = {**asked, "grant_type": "refresh_token", "client_id": "modelseal", "refresh_token": credentials.secret}
        return Question("POST", realm, {"Content-Type": _FORM}, content=urlencode(form).encode())
    joint = "&" if "?" in realm else "?"
    return Question("GET", f"{realm}{joint}{urlencode(asked)}", {}, credentials.header if credentials else "")


def may_see_credentials(realm: str, origin: str) -> bool:
    """Tell whether the server of a realm may see the credentials of a registry.

    It may if it is the registry itself, or of the registry's own domain (registry.gitlab.com asks for a token of
    gitlab.com), or Docker Hub's. Any other one gets none, whatever the registry says.
    """
    there, here = urlsplit(realm), urlsplit(origin)
    host, own = there.hostname or "", here.hostname or ""
    if there.scheme != here.scheme or not host:
        return False
    if host == own:
        return here.scheme == "https" or there.port == here.port
    parent = "." in host and not re.fullmatch(r"[0-9.]+", host) and own.endswith(f".{host}")
    return (parent or (own, host) == _HUB) and there.port in (None, 443)


def token(content: bytes, where: str) -> str:
    """Read a token server's answer, as the value of an `Authorization` header.

    Raises:
        RegistryError: There is no token in it.
    """
    try:
        read = json.loads(content)
        value = read.get("token") or read.get("access_token")
    except (ValueError, AttributeError, RecursionError):
        value = None
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise RegistryError("The server that gives tokens gave none that can be used.", where=where)
    return f"Bearer {value}"


def _end(match: re.Match[str] | None) -> int:
    return match.end() if match else 0
