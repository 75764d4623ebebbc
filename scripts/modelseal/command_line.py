"""The words of the command line: which stations there are, and what each of them takes."""

import argparse
import importlib
import re
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any, NoReturn

from modelseal import __version__, station
from modelseal.errors import InputError
from modelseal.station import Option, Station

STATIONS = (
    "build-image", "generate-sbom", "scan-image", "scan-model", "hash-artifacts", "attest", "verify", "audit-log",
)  # fmt: skip
CHAIN = "chain"
_SUMMARIES = {
    "build-image": "Build an image with BuildKit and save it once",
    "generate-sbom": "Make the image's SBOMs with Syft, and check them",
    "scan-image": "Scan the image with Trivy, and gate on what it finds",
    "scan-model": "Look into model files without loading them, and gate on what would run",
    "hash-artifacts": "Hash models and datasets into a manifest, or check them against one",
    "attest": "Sign provenance, SBOMs, verdicts and models",
    "verify": "Verify all of that before anything is deployed",
    "audit-log": "Check the log of what was attested and verified",
    CHAIN: "All from build-image to verify in order: what the root action runs",
}


def arguments_of(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line. What is not understood is not repeated: it may be a secret."""
    arguments, unknown = _parser().parse_known_args(argv)
    if unknown:
        names = [word.partition("=")[0] for word in unknown]
        shown = [name for name in names if re.fullmatch(r"--?[a-z][a-z-]*", name)]
        raise InputError(
            f"{arguments.station} has no option {', '.join(shown)}." if shown else "There is a word without an option.",
            where="command line",
            mend=f"See `modelseal {arguments.station} --help`.",
        )
    return arguments


def load(name: str) -> ModuleType:
    """Return the module of a station: only what this station needs is imported."""
    if name == CHAIN:
        return importlib.import_module("modelseal.chain")
    return importlib.import_module(f"modelseal.commands.{name.replace('-', '_')}")


def _parser() -> argparse.ArgumentParser:
    """Make the parser. Only the station named on the command line is imported for its options."""
    parser = _Parser(
        prog="modelseal",
        description="Build, inventory, gate, hash, attest and verify ML releases.",
        epilog="Exit codes: 0 passed, 2 wrong input, 3 a tool or service failed, 10 the gate failed, "
        "11 verification failed, 1 a bug in Modelseal.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"modelseal {__version__}")
    stations = parser.add_subparsers(dest="station", required=True, metavar="STATION", parser_class=_StationParser)
    for name in (*STATIONS, CHAIN):
        stations.add_parser(name, help=_SUMMARIES[name], allow_abbrev=False)
    return parser


class _Parser(argparse.ArgumentParser):
    """Reports a wrong command line as every other wrong input is."""

    def error(self, message: str) -> NoReturn:
        raise InputError(
            f"{message[:1].upper()}{message[1:]}.", where="command line", mend=f"See `{self.prog} --help`."
        )


class _StationParser(_Parser):
    """Learns its options when it is the one that is used.

    A boolean option without a value is `true`, and words without an option are what the station says they are.
    """

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 # argparse's own
        declared: Station = load(self.prog.rpartition(" ")[2]).STATION
        self.description = declared.description
        self.formatter_class = argparse.RawDescriptionHelpFormatter
        for name, declared_option in station.options_of(declared.inputs).items():
            self.add_argument(f"--{name}", action="append", metavar="VALUE", help=_help(declared_option))
        self.add_argument("--output-dir", default="", metavar="FOLDER", help=station.OUTPUT_DIR_HELP)
        for answer in declared.answers:
            takes: dict[str, Any] = {"type": answer.say, "metavar": answer.takes, "help": answer.help}
            self.add_argument(f"--{answer.name}", action=_Answers, **takes)
        found, rest = super().parse_known_args(_with_values(args, declared), namespace)
        words = [word for word in rest if declared.words and not word.startswith("-")]
        if words:
            name = declared.words.replace("-", "_")
            setattr(found, name, [*(getattr(found, name) or ()), *words])
        return found, [word for word in rest if word not in words]


class _Answers(argparse.Action):
    """Prints what was asked for, as `--version` does."""

    def __call__(self, parser: argparse.ArgumentParser, _: object, values: Any, __: object = None) -> NoReturn:
        parser._print_message(values, sys.stdout)  # noqa: SLF001 # as argparse's own actions do
        parser.exit()


def _with_values(args: Sequence[str], declared: Station) -> list[str]:
    """Write `--trace` out as `--trace=true`, before another option, at the end, and before words."""
    options = station.options_of(declared.inputs).items()
    booleans = {f"--{name}" for name, option in options if option.parse is station.boolean}
    return [
        f"{word}=true" if word in booleans and _is_bare(after, declared) else word
        for word, after in zip(args, [*args, ""][1:], strict=True)
    ]


def _is_bare(after: str, declared: Station) -> bool:
    return not after or after.startswith("-") or (bool(declared.words) and after not in ("true", "false"))


def _help(declared: Option) -> str:
    notes = []
    if declared.required:
        notes.append("required")
    if declared.default:
        notes.append(f"default: {', '.join(declared.default.split())}")
    if declared.secret:
        notes.append("a file's path; the secret itself only through the environment")
    shown = f"{declared.help} ({'; '.join(notes)})" if notes else declared.help
    return shown.replace("%", "%%")


def variable(name: str) -> str:
    """Return the environment variable by which an input reaches a station."""
    return f"MODELSEAL_INPUT_{name.upper().replace('-', '_')}"
