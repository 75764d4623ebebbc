"""What the rest of Modelseal needs to know of an SBOM, whichever of the two formats it is written in."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

from modelseal.errors import ToolError

_PURL_TYPE = re.compile(r"pkg:/*([A-Za-z0-9.+-]+)/")
_MESSAGES_SHOWN = 5
_MESSAGE_LENGTH = 300


class Format(StrEnum):
    """The formats of an SBOM that we make, by the names that users and Syft call them."""

    SPDX = "spdx-json"
    CYCLONEDX = "cyclonedx-json"

    @property
    def spec_version(self) -> str:
        """The one version of the format's specification that is asked for and accepted."""
        return {Format.SPDX: "2.3", Format.CYCLONEDX: "1.6"}[self]

    @property
    def suffix(self) -> str:
        """How a file of this format is called, after the name of what it describes."""
        return {Format.SPDX: ".spdx.json", Format.CYCLONEDX: ".cdx.json"}[self]

    @property
    def label(self) -> str:
        """The format's name as its authors write it."""
        return {Format.SPDX: "SPDX", Format.CYCLONEDX: "CycloneDX"}[self]


@dataclass(frozen=True)
class Package:
    """One thing that an SBOM says is inside.

    Attributes:
        name: As the packaging system calls it.
        version: May be empty.
        purl: Its package URL, https://github.com/package-url/purl-spec; empty when the document has none for it.
    """

    name: str
    version: str
    purl: str

    @property
    def type(self) -> str:
        """The packaging system: `deb`, `pypi`; `other` without a package URL."""
        match = _PURL_TYPE.match(self.purl)
        return match[1].lower() if match else "other"


@dataclass(frozen=True)
class Inventory:
    """A document that was read and holds what its format demands.

    Attributes:
        format: Its format, in the version `format.spec_version`.
        name: What it says it describes.
        packages: What it lists, without the described thing itself, operating systems and single files.
    """

    format: Format
    name: str
    packages: tuple[Package, ...]

    @property
    def counts(self) -> tuple[tuple[str, int], ...]:
        """How many packages there are of each type, most first."""
        return tuple(sorted(Counter(package.type for package in self.packages).items(), key=lambda x: (-x[1], x[0])))


def read_object(data: bytes, where: str) -> dict[str, object]:
    """Read a JSON object in which no key comes twice: two readers of the document must not see different things.

    Args:
        data: The document, in UTF-8.
        where: Its name, for the error.

    Raises:
        ToolError: It is empty, no UTF-8, no JSON, nested too deeply, no object, or has a key twice.
    """
    try:
        value: object = json.loads(data.decode(), object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError as error:
        raise invalid(where, ("it is nested too deeply",)) from error
    except UnicodeDecodeError as error:
        raise invalid(where, ("it is not UTF-8 text",)) from error
    except ValueError as error:
        raise invalid(where, (f"it is not JSON: {error}",)) from error
    if not isinstance(value, dict):
        raise invalid(where, ("it is not a JSON object",))
    return value


def invalid(where: str, messages: Iterable[str]) -> ToolError:
    """Make the error for a document that cannot be used, naming the first few of its faults."""
    faults = tuple(messages)
    shown = "; ".join(fault[:_MESSAGE_LENGTH] for fault in faults[:_MESSAGES_SHOWN])
    more = f"; and {len(faults) - _MESSAGES_SHOWN} more" if len(faults) > _MESSAGES_SHOWN else ""
    return ToolError(
        f"The SBOM is not valid and was not handed on: {shown}{more}.",
        where=where,
        mend="Make it again; if the same message comes back, report it to whoever made the tool that wrote it.",
    )


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ValueError(f"the key {twice!r} comes twice in one object")
    return made


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
