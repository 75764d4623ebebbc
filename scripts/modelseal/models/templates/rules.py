"""What a chat template can do wrong. The rules belong to every format that carries templates."""

from modelseal.gate.finding import Severity
from modelseal.models.rule import Rule

_REPLACE = (
    "Do not load the model. Take the chat template from the model's original publisher, and compare: "
    "`python -c \"import gguf; print(gguf.GGUFReader('FILE').fields['tokenizer.chat_template'].contents())\"`."
)

ESCAPE = Rule(
    id="template-escape",
    title="A chat template that reaches for Python's internals",
    severity=Severity.CRITICAL,
    happens="Rendering the first prompt walks from a value to Python's classes and modules, and runs any command where "
    "the template is not sandboxed. A sandboxed renderer refuses it, or is being attacked.",
    remedy=_REPLACE,
    atlas=("AML.T0011.000", "AML.T0010.003"),
    cwe=("CWE-1336", "CWE-94"),
    references=(
        "CVE-2024-34359",
        "CVE-2016-10745",
        "CVE-2019-10906",
        "CVE-2024-56326",
        "CVE-2025-27516",
        "https://jinja.palletsprojects.com/en/stable/sandbox/",
    ),
)
BUILT_NAME = Rule(
    id="template-built-name",
    title="A chat template that hides which attribute it takes",
    severity=Severity.HIGH,
    happens="The name of an attribute is put together while the template runs, or reaches Jinja through a filter: "
    "the way in which templates get past filters for `__class__`.",
    remedy=_REPLACE,
    atlas=("AML.T0011.000", "AML.T0010.003"),
    cwe=("CWE-1336", "CWE-94"),
    references=("CVE-2024-34359", "CVE-2025-27516"),
)
UNUSUAL = Rule(
    id="template-unusual",
    title="A chat template that calls what has no place in one",
    severity=Severity.HIGH,
    happens="It uses an object or a function that chat templates do not need, and from which Python's modules can be "
    "reached, or which opens files and runs programs where a renderer offers it.",
    remedy=_REPLACE,
    atlas=("AML.T0011.000", "AML.T0010.003"),
    cwe=("CWE-1336",),
    references=("CVE-2024-34359",),
)
LOADS = Rule(
    id="template-loads-template",
    title="A chat template that loads other templates",
    severity=Severity.HIGH,
    happens="Where the renderer has a loader, another file becomes part of the prompt, or is run as a template.",
    remedy=_REPLACE,
    atlas=("AML.T0011.000",),
    cwe=("CWE-1336", "CWE-829"),
)
EXHAUSTS = Rule(
    id="template-exhausts",
    title="A chat template that fills memory or never ends",
    severity=Severity.HIGH,
    happens="Rendering the first prompt takes all memory or processor time of the machine that serves the model.",
    remedy=_REPLACE,
    atlas=("AML.T0029",),
    cwe=("CWE-400", "CWE-1336"),
)
REFUSED = Rule(
    id="template-refused",
    title="A chat template that a sandbox refuses to render",
    severity=Severity.HIGH,
    happens="It changes values that it is given. Sandboxed renderers, such as the one of transformers, stop there; "
    "others let it change what the program around it goes on to use.",
    remedy="Rewrite the template with `namespace()` and new values, or take it from the model's original publisher.",
    atlas=("AML.T0010.003",),
    cwe=("CWE-1336",),
)
CHANGES_OWN = Rule(
    id="template-changes-own-value",
    title="A chat template that changes a list or a dictionary of its own",
    severity=Severity.LOW,
    happens="Sandboxed renderers, such as the one of transformers, refuse to render it; nothing else comes of it.",
    remedy="Rewrite the template with `namespace()` and new values: `{% set ns.items = ns.items + [item] %}`.",
    atlas=("AML.T0010.003",),
    cwe=("CWE-1336",),
)
SENDS = Rule(
    id="template-sends-messages",
    title="A chat template that puts messages into an address",
    severity=Severity.HIGH,
    happens="What people write to the model becomes part of a URL in the prompt or the answer, and leaves with the "
    "request for it as soon as something shows or fetches it.",
    remedy=_REPLACE,
    atlas=("AML.T0010.003", "AML.T0051.001", "AML.T0077"),
    cwe=("CWE-201", "CWE-1336"),
)
MARKUP = Rule(
    id="template-markup",
    title="A chat template that writes scripts or pictures of pages",
    severity=Severity.HIGH,
    happens="The prompt has the model repeat it, or it is part of the answer: a page that shows that runs the script, "
    "or fetches the picture.",
    remedy=_REPLACE,
    atlas=("AML.T0010.003", "AML.T0051.001", "AML.T0077"),
    cwe=("CWE-79", "CWE-1336"),
)
UNVETTED = Rule(
    id="template-unvetted",
    title="A chat template that uses a function or a filter nobody has vetted",
    severity=Severity.UNKNOWN,
    happens="Jinja has none of that name, so it is the renderer's own, or rendering fails.",
    remedy="Look up what it does in the program that renders the template; then allow it by its name, or remove it.",
    atlas=("AML.T0010.003",),
    cwe=("CWE-1336",),
)
UNPARSED = Rule(
    id="template-unread",
    title="A chat template that Jinja's parser does not understand",
    severity=Severity.UNKNOWN,
    happens="Nobody can tell what another renderer makes of it.",
    remedy="Mend the template, or take it from the model's original publisher.",
    atlas=("AML.T0010.003",),
    cwe=("CWE-1336", "CWE-20"),
)
RULES = (ESCAPE, BUILT_NAME, UNUSUAL, LOADS, EXHAUSTS, REFUSED, CHANGES_OWN, SENDS, MARKUP, UNVETTED, UNPARSED)
