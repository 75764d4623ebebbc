"""How a station declares what it takes and gives: once, for the action, the command line, Python and the README.

A command module holds a frozen dataclass of inputs, whose fields are made by `option`; one of outputs, whose fields are
made by `output`; a `Station`; and a function `run` from inputs and a `Context` to an `Outcome`.
An input's text is the same wherever it comes from: `MODELSEAL_INPUT_<NAME>` or the option `--<name>`.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from modelseal.errors import InputError
from modelseal.verdict import Annotation, ExitCode

T = TypeVar("T")

# Every station has it beside its own inputs.
OUTPUT_DIR_HELP = (
    "Folder for everything the station writes. Without it: a fresh folder under the runner's temporary folder on "
    "GitHub, `modelseal-out` in the current directory elsewhere."
)
RESULT_HELP = "`passed`, `failed` or `error`; anything but `passed`, an empty value included, is not a pass."


@dataclass(frozen=True)
class Option:
    """One input as a user sees it."""

    help: str
    parse: Callable[[str], object]
    default: str
    required: bool
    secret: bool
    default_on_github: str = ""


@dataclass(frozen=True)
class Answer:
    """Something that the command line alone answers, without running the station: `--explain RULE`."""

    name: str
    takes: str
    help: str
    say: Callable[[str], str]


@dataclass(frozen=True)
class Station:
    """One command: what it is called, what it is for, and what it needs.

    Attributes:
        name: Kebab-case; the action's folder and the command's name.
        summary: One sentence for tables and `--help`.
        description: What it does and refuses, for `--help` and the README; may be several paragraphs.
        inputs: A frozen dataclass whose fields are made by `option`.
        outputs: A frozen dataclass whose fields are made by `output`; all `str`, empty when there is nothing to name.
        permissions: GitHub token permissions with the reason for each, `("id-token: write", "to sign keyless")`.
        words: The input that words of the command line without an option belong to; empty for none.
        answers: What the command line answers instead of running it.
        conclusions: Files in the output folder that say how it ended, whatever its inputs; those of an earlier run are
            gone even where the inputs cannot be read.
    """

    name: str
    summary: str
    description: str
    inputs: type[Any]
    outputs: type[Any]
    permissions: tuple[tuple[str, str], ...] = ()
    words: str = ""
    answers: tuple[Answer, ...] = ()
    conclusions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Context:
    """What a station may know about where it runs.

    Attributes:
        output_dir: An existing folder to write to.
        environ: The environment, for what tools need of it.
        temp_dir: A private folder that is removed when the station ends.
        mask: Hides a secret that only turned up while the station ran from everything printed later.
    """

    output_dir: Path
    environ: Mapping[str, str] = field(repr=False)  # holds tokens
    temp_dir: Path
    mask: Callable[[str], None] = field(default=lambda _secret: None, repr=False)


@dataclass(frozen=True)
class Outcome:
    """How a station ended, when it ended with a conclusion.

    Attributes:
        exit_code: `PASSED` only where evidence was read and holds.
        outputs: An instance of the station's `outputs`.
        summary: Markdown for the job summary; every text from outside already escaped.
        headline: The conclusion in one plain line.
        annotations: What to show on the run's page beside the headline; at most nine, of ten that the runner shows.
    """

    exit_code: ExitCode
    outputs: Any
    summary: str
    headline: str
    annotations: tuple[Annotation, ...] = ()

    def __post_init__(self) -> None:
        """Refuse to call a mishap an outcome: those are raised."""
        if self.exit_code not in (ExitCode.PASSED, ExitCode.GATE_FAILED, ExitCode.VERIFICATION_FAILED):
            raise ValueError(self.exit_code)


def option(  # noqa: PLR0913 # what there is to say of an input
    help_: str,
    parse: Callable[[str], T],
    *,
    default: str = "",
    required: bool = False,
    secret: bool = False,
    default_on_github: str = "",
) -> T:
    """Declare an input.

    Args:
        help_: What it means, its unit and what happens without it; Markdown.
        parse: Turns its text into a value, or raises `InputError`. Also gets `default`.
        default: The text it has when nobody gives one.
        required: Whether an empty text is refused.
        secret: Whether its value is masked, hidden from `repr`, and refused on the command line.
        default_on_github: What an action gives when nobody does, an expression such as `${{ toJSON(matrix) }}`.
    """
    # What a dataclass field is to a type checker is its value, not the field; hence the untyped hop.
    declared = Option(help_, parse, default, required, secret, default_on_github)
    made: Any = field(repr=not secret, metadata={"option": declared})
    value: T = made
    return value


def redeclared(inputs: type[Any], name: str) -> Any:
    """Declare an input as another station has declared it."""
    (declared,) = (item for item in dataclasses.fields(inputs) if item.name == name)
    return field(repr=declared.repr, metadata=dict(declared.metadata))


def output(help_: str) -> str:
    """Declare an output; empty until the station sets it."""
    made: Any = field(default="", metadata={"help": help_})
    value: str = made
    return value


def options_of(inputs: type[Any]) -> dict[str, Option]:
    """Return the declared inputs by their kebab-case names, in order."""
    return {kebab(item.name): item.metadata["option"] for item in dataclasses.fields(inputs)}


def outputs_of(outputs: type[Any]) -> dict[str, str]:
    """Return the help texts of the declared outputs by their kebab-case names, in order."""
    return {kebab(item.name): item.metadata["help"] for item in dataclasses.fields(outputs)}


def read_inputs(inputs: type[T], texts: Mapping[str, str]) -> T:
    """Parse the texts of a station's inputs into its dataclass.

    Raises:
        InputError: An input is required and empty, or its text cannot be parsed; `where` names it.
    """
    values: dict[str, object] = {}
    for name, declared in options_of(inputs).items():
        given = texts.get(name, "")
        # A password may begin or end with a space; the line break at its end is the file's or the YAML's.
        text = (given.strip("\r\n") if declared.secret else given.strip()) or declared.default
        if declared.required and not text:
            raise InputError(f"Input `{name}` is required.", mend=f"Give it: {declared.help}")
        try:
            values[name.replace("-", "_")] = declared.parse(text)
        except InputError as error:
            if declared.secret:  # what is wrong with it repeats it
                raise InputError(f"Input `{name}` cannot be used.", mend=error.mend) from None
            raise InputError(error.what, where=error.where or f"input `{name}`", mend=error.mend) from None
    return inputs(**values)


def kebab(name: str) -> str:
    """Turn a Python name into the one that users write."""
    return name.replace("_", "-")


# --- what an input's text can mean ---------------------------------------------------------------------------------


def text(value: str) -> str:
    """Take the text as it is, one line of it.

    Raises:
        InputError: The text has a line break or another control character in it.
    """
    if any(ord(character) < ord(" ") or character == "\x7f" for character in value):
        raise InputError(f"{value!r} has a control character in it.", mend="Give one line of plain text.")
    return value


def path(value: str) -> Path | None:
    """Take the text as a path; nothing when it is empty.

    Raises:
        InputError: The text cannot be a path.
    """
    if "\0" in value:
        raise InputError(f"{value!r} is not a path.", mend="Remove the NUL character.")
    return Path(value) if value else None


def lines(value: str) -> tuple[str, ...]:
    """Take one item a line; blank lines do not count."""
    return tuple(stripped for line in value.split("\n") if (stripped := line.strip()))


def paths(value: str) -> tuple[Path, ...]:
    """Take one path a line."""
    return tuple(found for line in lines(value) if (found := path(line)))


def items(value: str) -> tuple[str, ...]:
    """Take one item a line or between commas, each once.

    Raises:
        InputError: There are separators and nothing between them, as where a variable in a workflow is empty.
    """
    found = lines(value.replace(",", "\n"))
    if value and not found:
        raise InputError("The list is empty.", mend="Name at least one, or leave the input out.")
    return tuple(dict.fromkeys(found))


def maybe(parse: Callable[[str], T]) -> Callable[[str], T | None]:
    """Take nothing as None, and anything else as another parser does."""
    return lambda value: parse(value) if value else None


def boolean(value: str) -> bool:
    """Take `true` or `false` and nothing else: `yes`, `1` and `True` have meant their opposite elsewhere.

    Raises:
        InputError: It is neither.
    """
    if value not in ("true", "false"):
        raise InputError(f"{value!r} is neither `true` nor `false`.", mend="Write one of the two, in lower case.")
    return value == "true"


def choice(*allowed: str) -> Callable[[str], str]:
    """Take one of the given words."""

    def parse(value: str) -> str:
        if value not in allowed:
            meant = next((word for word in allowed if word.lower() == value.lower()), "")
            mend = f"Write {meant}." if meant else "Give one of them."
            raise InputError(f"{value!r} is not one of {', '.join(filter(None, allowed))}.", mend=mend)
        return value

    return parse


def choices(*allowed: str) -> Callable[[str], tuple[str, ...]]:
    """Take several of the given words, at least one."""
    return lambda value: tuple(map(choice(*allowed), items(value or ",")))


def count(value: str) -> int | None:
    """Take a whole number from 1 up; nothing when empty.

    Raises:
        InputError: It is not one.
    """
    if not value:
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,5}", value):
        raise InputError(f"{value!r} is not a whole number from 1 up.", mend="Give a number such as 4.")
    return int(value)


def duration(value: str) -> timedelta:
    """Take a number with its unit: `90m`, `48h`, `7d`.

    Raises:
        InputError: It is not of that form.
    """
    match = re.fullmatch(r"([1-9][0-9]{0,5})([mhd])", value)
    if match is None:
        raise InputError(f"{value!r} is not a duration.", mend="Give minutes, hours or days: 90m, 48h, 7d.")
    unit = {"m": "minutes", "h": "hours", "d": "days"}[match[2]]
    return timedelta(**{unit: int(match[1])})
