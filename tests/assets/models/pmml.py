"""PMML and other XML: models and drawings, and documents that have something fetched or run."""

from collections.abc import Iterator

from assets.models.case import Case, one

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
BODY = """<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4">
<Header><Application name="SkLearn2PMML package" version="0.110"/><Timestamp>2026-01-01T00:00:00Z</Timestamp></Header>
<DataDictionary><DataField name="y" optype="continuous" dataType="double"/></DataDictionary>
<TransformationDictionary><DerivedField name="z" optype="continuous" dataType="double">
<Apply function="ln"><FieldRef field="y"/></Apply></DerivedField></TransformationDictionary>
<RegressionModel functionName="regression"><Extension name="author" value="me"/>
<MiningSchema><MiningField name="y" usageType="target"/></MiningSchema>
<RegressionTable intercept="1.0"/></RegressionModel>
</PMML>
"""


def doctype(inner: str) -> str:
    return HEAD + f"<!DOCTYPE PMML {inner}>\n" + BODY


def attacks() -> Iterator[tuple[str, str, str]]:
    yield "xxe-file", doctype('[<!ENTITY x SYSTEM "file:///etc/passwd">]').replace("me", "&x;"), "xml-external-entity"
    yield "xxe-address", doctype('[<!ENTITY x SYSTEM "http://example.com/x">]'), "xml-external-entity"
    yield "xxe-public", doctype('[<!ENTITY x PUBLIC "a" "file:///etc/passwd">]'), "xml-external-entity"
    yield "xxe-parameter", doctype('[<!ENTITY % x SYSTEM "http://example.com/x.dtd"> %x;]'), "xml-external-entity"
    yield "external-type", doctype('SYSTEM "http://example.com/pmml.dtd"'), "xml-external-entity"
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 9))
    yield "billion-laughs", doctype(f'[<!ENTITY l0 "ha">{laughs}]').replace("me", "&l8;"), "xml-entity"
    included = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'
    yield "xinclude", HEAD + BODY.replace("<Header>", f"{included}<Header>"), "xml-includes"
    yield (
        "style-sheet",
        HEAD + '<?xml-stylesheet type="text/xsl" href="http://example.com/x.xsl"?>\n' + BODY,
        "xml-includes",
    )
    late = doctype('[<!ENTITY x SYSTEM "file:///etc/passwd">]').replace(HEAD, "<?note x?>")
    yield "xxe-after-an-instruction", late, "xml-external-entity"
    yield "java-function", HEAD + BODY.replace('function="ln"', 'function="com.example.Evil"'), "pmml-foreign-function"
    code = '<Extension name="script" value="java.lang.Runtime.getRuntime().exec(&quot;id&quot;)"/>'
    yield "extension-java", HEAD + BODY.replace("<MiningSchema>", f"{code}<MiningSchema>"), "pmml-extension-code"
    text = "<Extension name='x'>__import__('os').system('id')</Extension>"
    yield "extension-python", HEAD + BODY.replace("<MiningSchema>", f"{text}<MiningSchema>"), "pmml-extension-code"


def cases() -> Iterator[Case]:
    for name, text, rule in attacks():
        yield one(
            f"pmml/{name}", "malicious", text.encode(), "what a parser or evaluator does", rule, file="model.pmml"
        )
    wide = doctype('[<!ENTITY x SYSTEM "file:///etc/passwd">]').replace("UTF-8", "UTF-16").encode("utf-16")
    yield one("pmml/xxe-utf-16", "malicious", wide, "two bytes a character", "xml-external-entity", file="model.pmml")
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    yield one(
        "pmml/drawing-script", "malicious", drawing, "a drawing with a script", "markup-active-content", file="logo.svg"
    )
    onload = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
    yield one(
        "pmml/drawing-onload", "malicious", onload, "a drawing with a handler", "markup-active-content", file="logo.svg"
    )
    page = b"<!DOCTYPE html><html><body><script src='http://example.com/x.js'></script></body></html>"
    yield one("pmml/page-script", "malicious", page, "a page with a script", "markup-page-script", file="report.html")
    served = b"<!DOCTYPE html><html><script>draw()</script><?php system('id'); ?></html>"
    yield one("pmml/page-served", "malicious", served, "a server runs it", "markup-active-content", file="report.html")
    drawn = b"<!-- <!DOCTYPE html> --><svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    yield one(
        "pmml/drawing-as-page", "malicious", drawn, "it calls itself a page", "markup-active-content", file="a.svg"
    )
    yield one(
        "pmml/broken", "unknown", (HEAD + BODY)[:300].encode(), "XML that ends early", "unread", file="model.pmml"
    )
    network = '<net name="m" version="11"><layers><layer id="0" name="x" type="{}" version="{}"/></layers></net>'
    for name, version in (("MatMul", "opset1"), ("StringTensorUnpack", "extension")):
        written = (HEAD + network.format(name, version)).encode()
        yield one(f"openvino/{name.lower()}", "benign", written, "as OpenVINO writes it", file="openvino_model.xml")
    foreign, why = (HEAD + network.format("AcmeOp", "extension")).encode(), "needs a library"
    yield one("openvino/custom", "unknown", foreign, why, "openvino-custom-operator", file="openvino_model.xml")
    yield one("pmml/regression", "benign", (HEAD + BODY).encode(), "an ordinary model", file="model.pmml")
    kind = b'"-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd"'
    drawing = (
        b'<?xml version="1.0"?>\n<!DOCTYPE svg PUBLIC '
        + kind
        + b'>\n<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>'
    )
    yield one("pmml/drawing", "benign", drawing, "a drawing of matplotlib", file="plot.svg")
    graph = b'<?xml version="1.0"?>\n'
    graph += b'<net name="m" version="11"><layers><layer id="0" name="x" type="Parameter"/></layers></net>'
    yield one("pmml/openvino", "benign", graph, "a graph of OpenVINO", file="openvino_model.xml")
    yield one(
        "pmml/page", "benign", b"<!DOCTYPE html><html><body><p>A report</p></body></html>", "a page", file="report.html"
    )
