"""What an image runs on: operating system, architecture and variant, spelled one way.

The names are Go's, and so are the equal ones: https://github.com/containerd/platforms/blob/v0.2.1/database.go
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from modelseal.errors import InputError

ALL = "all"

_PART = re.compile(r"[a-z0-9][a-z0-9_.-]{0,31}")
_ARCHITECTURES = {
    "x86_64": ("amd64", ""), "x86-64": ("amd64", ""), "aarch64": ("arm64", ""), "i386": ("386", ""),
    "armhf": ("arm", "v7"), "armel": ("arm", "v6"),
}  # fmt: skip
_WRITTEN_WITHOUT = {("arm64", "v8"), ("arm64", "8"), ("amd64", "v1")}
_SHORT = {"5": "v5", "6": "v6", "7": "v7"}
_OF_NO_IMAGE = "unknown"


@dataclass(frozen=True)
class Platform:
    """`linux/arm/v7` taken apart; `variant` is empty where it is the usual one or not known."""

    os: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        """As users write it."""
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))

    @property
    def is_unknown(self) -> bool:
        """Whether it is `unknown/unknown`: what BuildKit writes for documents that are no image."""
        return self.os == self.architecture == _OF_NO_IMAGE

    def contradicts(self, other: "Platform") -> bool:
        """Tell whether both cannot be of one image. Many configurations leave the variant out, which says nothing."""
        if (self.os, self.architecture) != (other.os, other.architecture):
            return True
        return bool(self.variant and other.variant) and self.variant != other.variant

    def joined(self, other: "Platform") -> "Platform":
        """Return the more exact of two that do not contradict each other."""
        return self if self.variant else other

    def meets(self, wanted: "Platform") -> bool:
        """Tell whether it is one that a user asks for; without a variant `linux/arm` asks for the usual one, v7."""
        return _usual(self) == _usual(wanted)


def _usual(platform: Platform) -> tuple[str, str, str]:
    return platform.os, platform.architecture, platform.variant or ("v7" if platform.architecture == "arm" else "")


def normal(os: str, architecture: str, variant: str = "") -> Platform:
    """Return a platform as all spellings of it are compared."""
    os, architecture, variant = os.lower(), architecture.lower(), variant.lower()
    architecture, implied = _ARCHITECTURES.get(architecture, (architecture, ""))
    variant = variant or implied
    if architecture == "arm":
        variant = _SHORT.get(variant, variant)
    return Platform(os, architecture, "" if (architecture, variant) in _WRITTEN_WITHOUT else variant)


def parse(text: str) -> Platform:
    """Take a platform apart.

    Raises:
        InputError: It is not one.
    """
    parts = text.lower().split("/")
    if len(parts) not in (2, 3) or not all(_PART.fullmatch(part) for part in parts):
        raise InputError(
            f"{text!r} is not a platform.", mend="Write os/architecture or os/architecture/variant: linux/arm64."
        )
    return normal(*parts)


@dataclass(frozen=True)
class Wanted:
    """Which platforms to look at: those named, every one, or (neither) what there is without asking."""

    every: bool = False
    named: tuple[Platform, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything was asked for."""
        return self.every or bool(self.named)


def wanted(texts: Sequence[str]) -> Wanted:
    """Read the platforms that a user asks for: none, `all`, or names.

    Raises:
        InputError: One is not a platform, is there twice, or stands beside `all`.
    """
    if ALL in texts:
        if len(texts) > 1:
            raise InputError("`all` stands beside other platforms.", mend="Write `all` alone, or name the platforms.")
        return Wanted(every=True)
    named = tuple(parse(text) for text in texts)
    for platform in named:
        if sum(platform.meets(other) for other in named) > 1:
            raise InputError(f"The platform {platform} is asked for twice.", mend="Name each platform once.")
    return Wanted(named=named)
