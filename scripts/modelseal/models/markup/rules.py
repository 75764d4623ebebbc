"""What is looked for in XML and HTML."""

from modelseal.gate.finding import Severity
from modelseal.models.rule import Rule

ENTITY = Rule(
    id="xml-external-entity",
    title="An entity or definition that is read from elsewhere",
    severity=Severity.CRITICAL,
    happens="A parser that follows it reads files of the machine, or fetches addresses, when the model is loaded.",
    remedy="Remove the document type declaration. Parse with entities switched off: `defusedxml`.",
    atlas=("AML.T0011.000", "AML.T0037"),
    cwe=("CWE-611", "CWE-918"),
)
BOMB = Rule(
    id="xml-entity",
    title="Entities of the document's own",
    severity=Severity.HIGH,
    happens="Entities that contain entities grow to gigabytes; no model needs one.",
    remedy="Remove the document type declaration.",
    atlas=("AML.T0029",),
    cwe=("CWE-776",),
)
INCLUDES = Rule(
    id="xml-includes",
    title="A part that is included from elsewhere, or a style sheet that is run",
    severity=Severity.HIGH,
    happens="XInclude reads files and addresses; a style sheet (XSLT) is a program.",
    remedy="Remove the element or instruction.",
    atlas=("AML.T0011.000",),
    cwe=("CWE-611", "CWE-829", "CWE-94"),
)
FUNCTION = Rule(
    id="pmml-foreign-function",
    title="A function of a PMML model that is a class of Java",
    severity=Severity.HIGH,
    happens="Evaluators take a function that they do not know for the name of a Java class, and make an object of it.",
    remedy="Use the functions that PMML defines, or define the function in the document.",
    atlas=("AML.T0011.000", "AML.T0010.003"),
    cwe=("CWE-470",),
    references=("https://dmg.org/pmml/v4-4-1/BuiltinFunctions.html",),
)
EXTENSION = Rule(
    id="pmml-extension-code",
    title="Code in an extension or a text of the document",
    severity=Severity.HIGH,
    happens="PMML leaves the meaning of extensions to each evaluator: one that runs scripts in them runs this one.",
    remedy="Remove the extension.",
    atlas=("AML.T0011.000", "AML.T0010.003"),
    cwe=("CWE-94",),
)
ACTIVE = Rule(
    id="markup-active-content",
    title="Scripts in a drawing or a document, or a page for a server",
    severity=Severity.HIGH,
    happens="A browser, a notebook or a preview that shows the file runs them, with the rights of who looks at it.",
    remedy="Replace the page by a picture or by Markdown.",
    atlas=("AML.T0011", "AML.T0010.003"),
    cwe=("CWE-79", "CWE-829"),
)
CUSTOM = Rule(
    id="openvino-custom-operator",
    title="An operator of OpenVINO that nobody has vetted",
    severity=Severity.UNKNOWN,
    happens="The model runs only with a native library of extensions, which then runs in the program.",
    remedy="Find out which library has the operator and where it comes from; then allow the operator by its name.",
    atlas=("AML.T0011.000", "AML.T0010.003"),
    cwe=("CWE-829",),
    references=("https://docs.openvino.ai/2025/documentation/openvino-extensibility.html",),
)
PAGE = Rule(
    id="markup-page-script",
    title="Scripts in a page",
    severity=Severity.MEDIUM,
    happens="A browser that shows the page runs them; no loader of models does. Reports made as pages have some.",
    remedy="Keep reports apart from the model, or replace the page by a picture or by Markdown.",
    atlas=("AML.T0011",),
    cwe=("CWE-79", "CWE-829"),
)
RULES = (ENTITY, BOMB, INCLUDES, FUNCTION, EXTENSION, ACTIVE, CUSTOM, PAGE)
