"""Names of images, as the OCI distribution specification spells them."""

import re
from dataclasses import dataclass

from modelseal.errors import InputError
from modelseal.station import lines

# https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests, and Docker's host part.
_REFERENCE = re.compile(
    r"(?P<repository>(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?/)?"
    r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Reference:
    """An image's name, taken apart; `tag` and `digest` are empty where the name has none."""

    text: str
    repository: str
    tag: str
    digest: str

    @property
    def exact(self) -> str:
        """The name of one image: the engine takes a name without a tag for all tags when it saves."""
        return self.text if self.tag or self.digest else f"{self.text}:latest"

    @property
    def file_name(self) -> str:
        """A name for files about this image: its repository's last part and its tag."""
        last = self.repository.rpartition("/")[2]
        return f"{last}-{self.tag}" if self.tag and self.tag != "latest" else last


def parse(value: str) -> Reference:
    """Take an image's name apart.

    Raises:
        InputError: It is not one.
    """
    match = _REFERENCE.fullmatch(value)
    if match is None:
        raise InputError(
            f"{value!r} is not the name of an image.",
            mend="Write it as name:tag, or with its registry: registry.example/team/name:tag; letters are lower case.",
        )
    return Reference(value, match["repository"], match["tag"] or "", match["digest"] or "")


def several(value: str) -> tuple[Reference, ...]:
    """Take names of images, one a line.

    Raises:
        InputError: One of them is none.
    """
    return tuple(map(parse, lines(value)))


def digest(value: str) -> str:
    """Take a digest as it is; nothing when empty.

    Raises:
        InputError: It is not one.
    """
    if value and not _DIGEST.fullmatch(value):
        raise InputError(
            f"{value!r} is not a digest.", mend="Write it as sha256: and 64 hexadecimal digits, in lower case."
        )
    return value
