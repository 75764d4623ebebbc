"""The rules about reading itself: what could not be read, and what is not what it seems to be."""

from modelseal.gate.finding import Severity
from modelseal.models.rule import Rule

UNREAD = Rule(
    id="unread",
    title="A part that could not be read",
    severity=Severity.UNKNOWN,
    happens="What is there is not known: a loader may read what this scan could not, and run it.",
    remedy="Write the file anew with the framework that made it. If it is as it should be, waive this finding for this "
    "file, or set `models.unread: warn` in the policy.",
    atlas=("AML.T0011.000",),
    cwe=("CWE-20",),
)
LIMIT = Rule(
    id="limit-reached",
    title="More than a scan may cost",
    severity=Severity.UNKNOWN,
    happens="The scan ended before the file did, and what follows is not known. Padding before a payload and "
    "decompression bombs are made for this.",
    remedy="Keep weights in safetensors, which can be checked whatever their size; unpack what is packed too deeply.",
    atlas=("AML.T0029", "AML.T0011.000"),
    cwe=("CWE-400", "CWE-409"),
)
UNRECOGNISED = Rule(
    id="unrecognised",
    title="Bytes of no format that is known",
    severity=Severity.UNKNOWN,
    happens="Nobody can tell what a loader would make of them.",
    remedy="Take the file out of the model's folder if no loader needs it; else waive this finding for it.",
    atlas=("AML.T0011.000",),
    cwe=("CWE-434",),
)
BOMB = Rule(
    id="decompression-bomb",
    title="A few bytes that unpack to very many",
    severity=Severity.HIGH,
    happens="Whoever unpacks it fills memory or disk with the same bytes over and over.",
    remedy="Ask what it is for. An array of zeros need not be shipped: make it where it is used.",
    atlas=("AML.T0029",),
    cwe=("CWE-409",),
)
DISGUISED = Rule(
    id="disguised",
    title="A name that promises one format, with bytes of another",
    severity=Severity.HIGH,
    happens="Who trusts the name takes the file for harmless; a loader that goes by the bytes runs what is in it.",
    remedy="Find out who made the file. Rename it to what it is, or replace it by what its name says.",
    atlas=("AML.T0074", "AML.T0011.000"),
    cwe=("CWE-434", "CWE-646"),
)
AMBIGUOUS = Rule(
    id="ambiguous",
    title="Bytes of two formats at once",
    severity=Severity.HIGH,
    happens="What one tool checks is not what another one loads.",
    remedy="Do not use the file. Write it anew with the framework that made it.",
    atlas=("AML.T0074", "AML.T0011.000"),
    cwe=("CWE-434", "CWE-436"),
    references=("https://github.com/trailofbits/fickling#pytorch-polyglots",),
)
FORMAT_DENIED = Rule(
    id="format-denied",
    title="A format that the policy does not allow there",
    severity=Severity.HIGH,
    happens="Whoever loads models from there relies on their being of formats that hold data and run nothing.",
    remedy="Convert the model to a format that the policy allows, or move it: `models` in the policy says what may be "
    "where.",
    atlas=("AML.T0011.000",),
    cwe=("CWE-434",),
)
RULES = (UNREAD, LIMIT, UNRECOGNISED, BOMB, DISGUISED, AMBIGUOUS, FORMAT_DENIED)
