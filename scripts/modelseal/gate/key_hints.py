"""What somebody meant who wrote a key or a word that is not known."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from modelseal.gate.mistakes import shown

_NEAR = 0.6
_NEARER = 0.8
_FEW = 10


@dataclass(frozen=True)
class Hints:
    """What a grammar knows beyond the section at hand.

    Attributes:
        sections: For every key, where it belongs: `waivers[]`, `vulnerabilities`; empty for the top level.
        also: For names from elsewhere, the keys that they stand for here.
        foreign: Names that belong somewhere else altogether, with what to do.
    """

    sections: Mapping[str, Sequence[str]]
    also: Mapping[str, Sequence[str]]
    foreign: Mapping[str, str]

    def meant(self, name: str, known: Sequence[str]) -> str:
        """Return which of a section's keys somebody meant who wrote another name; empty where that is not sure.

        Args:
            name: What is there.
            known: The section's keys.
        """
        plain = _plain(name)
        same = [key for key in known if _plain(key) == plain or key in self.also.get(plain, ())]
        return next(iter(same or difflib.get_close_matches(plain, known, 1, _NEARER)), "")

    def unknown(self, name: str, known: Sequence[str]) -> tuple[str, str]:
        """Return what is wrong with a key that its section has not, and the mend.

        Args:
            name: The key.
            known: The section's keys.
        """
        meant = self.meant(name, known)
        if meant:
            return f"There is no key `{shown(name)}` here.", f"Did you mean `{meant}`?"
        if name in self.sections:
            places = _either(f"below `{place}`" if place else "at the top level" for place in self.sections[name])
            return f"`{name}` does not belong here.", f"It belongs {places}: check the indentation."
        if _plain(name) in self.foreign:
            return f"There is no key `{shown(name)}` here.", self.foreign[_plain(name)]
        near = difflib.get_close_matches(_plain(name), known, 1, _NEAR)
        mend = f"Did you mean `{near[0]}`?" if near else f"Known here: {', '.join(known)}."
        return f"There is no key `{shown(name)}` here.", mend


def wrong_word(text: str, words: Sequence[str], also: Mapping[str, str] | None = None) -> tuple[str, str]:
    """Return what is wrong with a text that is none of some words, and the mend.

    Args:
        text: What is there.
        words: What could be.
        also: What words are called elsewhere.
    """
    known = f"one of {', '.join(words)}" if len(words) <= _FEW else f"one of the {len(words)} words that are known here"
    what = f"`{shown(text)}` is not {known}." if text else "The text is empty."
    if also and text.lower() in also:
        return what, f"Write {also[text.lower()]}."
    for word in words:
        if _plain(word) == _plain(text):
            return what, f"Write {word}."
    if "," in text:
        return what, "Write each as an item of its own."
    near = difflib.get_close_matches(text[:80].upper(), [word.upper() for word in words], 1, _NEAR)
    meant = next((word for word in words if near and word.upper() == near[0]), None)
    return what, f"Did you mean {meant}?" if meant else "Write one of them; docs/policy.md lists them."


def _plain(name: str) -> str:
    """Write a name as keys are written: kebab-case."""
    return re.sub(r"[\s_]+", "-", re.sub(r"([a-z])([A-Z])", r"\1-\2", name[:80].strip())).lower()


def _either(places: Iterable[str]) -> str:
    *most, last = places
    return f"{', '.join(most)} or {last}" if most else last
