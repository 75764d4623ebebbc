"""The part of the policy file's grammar that is about model files."""

from modelseal.gate import patterns
from modelseal.gate.finding import Severity
from modelseal.gate.grammar import Demand, Key, ListOf, Section
from modelseal.gate.grammar_types import Choice, Text

FAIL, WARN = "fail", "warn"

_SEVERITY = Choice(
    tuple(item for item in Severity if item is not Severity.UNKNOWN), "severity",
    (("unknown", "it as a key of its own, `unknown: fail`"),),
)  # fmt: skip
_OUTCOME = Choice((FAIL, WARN), "outcome", (("error", FAIL), ("true", FAIL), ("false", WARN), ("ignore", WARN)))
_GLOB = Text(
    "path pattern", patterns.GLOB, "Write it like `production/**`.", patterns.MAX_LENGTH, patterns.compile_path
)
_FORMAT = Text("format's name", r"^[a-z0-9][a-z0-9-]*$", "Write it as the report has it: safetensors, onnx.", 60)
_GLOBAL = Text(
    "name of a global", r"^[^\s.,;:*?!()\[\]{}<>'\"/\\]+(\.[^\s.,;:*?!()\[\]{}<>'\"/\\]+)+$",
    "Copy it from the report, with its module and without `*`: acme.features.Scaler.", 300,
)  # fmt: skip
_NO_GATE = "Name the least severity that fails: a gate that cannot fail is none. For single findings use `waivers`."
_NOTHING_ALLOWED = "Name a format, or take the line out: without it any may be."

_FORMATS = (
    Key("allowed-formats", ListOf(_FORMAT, 1, _NOTHING_ALLOWED), "What files may be, by their bytes; what is packed in "
        "them does not count. Any other fails.", "[safetensors, onnx]", "any",
        also=("allow-formats", "formats", "allowed-format")),
    Key("denied-formats", ListOf(_FORMAT, 1, "Name a format, or take the line out."), "What neither files nor anything "
        "packed in them may be.", "[pickle]", "none", also=("deny-formats", "forbidden-formats", "denied-format")),
)  # fmt: skip
_TERMS = (
    Key("fail-on", ListOf(_SEVERITY, 1, _NO_GATE), "Severities that fail: CRITICAL, HIGH, MEDIUM, LOW. What is worse "
        "than one of them fails, too. All are reported.", "[HIGH]", "[CRITICAL, HIGH]",
        also=("severity", "severities", "threshold", "fail", "failon", "maximum-severity", "max-severity")),
    Key("unknown", _OUTCOME, "Whether a pickle's imports that nobody has vetted fail, such as your own classes.",
        WARN, FAIL, also=("unknown-globals", "unknowns")),
    Key("unread", _OUTCOME, "Whether what could not be read wholly, or not at all, fails.", WARN, FAIL,
        also=("unreadable", "limits")),
)  # fmt: skip

_RULE = Section(
    (
        Key("paths", ListOf(_GLOB, 1, "Name a path."), "Patterns of files' paths, as the report or the "
            "repository has them; see [patterns](#patterns).", '["production/**"]', required=True,
            also=("path", "files", "file")),
        *_FORMATS,
        *(Key(key.name, key.type, key.help, key.example, also=key.also) for key in _TERMS),
    ),
    (
        Demand("", lambda values: len(values) > 1, {"minProperties": 2}, "The rule changes nothing.",
               "Add `allowed-formats`, `denied-formats`, `fail-on`, `unknown` or `unread`."),
    ),
)  # fmt: skip

MODELS = Key(
    "models",
    Section((
        *_TERMS,
        Key("allowed-globals", ListOf(_GLOBAL), "Imports of pickles that somebody has vetted, each by its whole name. "
            "What is known to be dangerous is not allowed by this.", "[acme.features.Scaler]", "[]",
            also=("allow-globals", "allowed-global", "globals", "allowed-imports")),
        *_FORMATS,
        Key("rules", ListOf(_RULE), "Other terms for some files. Of the rules that match a file the first counts; what "
            "it leaves out is as without it.", '[{paths: ["production/**"], allowed-formats: [safetensors]}]', "[]",
            also=("rule", "overrides", "paths")),
    )),
    "What fails of model files.", "{unknown: warn}", also=("model", "model-files"),
)  # fmt: skip
