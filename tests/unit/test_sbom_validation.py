import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from modelseal.errors import ToolError
from modelseal.sbom import validation
from modelseal.sbom.documents import Format, Inventory, Package, invalid, read_object

ASSETS = Path(__file__).parent.parent / "assets" / "sbom"
FILES = {Format.SPDX: ASSETS / "small.spdx.json", Format.CYCLONEDX: ASSETS / "small.cdx.json"}

BROKEN = {
    "empty": b"",
    "blank": b" \n",
    "no JSON": b"SPDXVersion: SPDX-2.3\n",
    "an array": b"[]",
    "null": b"null",
    "an empty object": b"{}",
    "a key twice": b'{"bomFormat": "CycloneDX", "bomFormat": "CycloneDX"}',
    "a key twice, inside": b'{"name": {"a": [{"b": 1, "b": 1}]}}',
    "no number": b'{"version": NaN}',
    "an infinite number": b'{"version": -Infinity}',
    "two documents": b"{}{}",
    "nested beyond measure": b'{"a":' * 100_000,
    "nested beyond measure, closed": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "not UTF-8": b'{"name": "\xff"}',
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
}


@pytest.mark.parametrize("format_", Format)
def test_a_good_document_passes_with_evidence(format_: Format) -> None:
    inventory = validation.validate(FILES[format_], format_)
    assert inventory.format is format_
    assert len(inventory.packages) == 10


@pytest.mark.parametrize("format_", Format)
@pytest.mark.parametrize("case", BROKEN)
def test_what_is_no_document_is_an_error(format_: Format, case: str) -> None:
    with pytest.raises(ToolError):
        validation.inspect(BROKEN[case], format_, where="x")


@pytest.mark.parametrize("format_", Format)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_document_is_an_error(format_: Format, share: float) -> None:
    data = FILES[format_].read_bytes()
    with pytest.raises(ToolError, match="not JSON"):
        validation.inspect(data[: int(len(data) * share)], format_, where="x")


@pytest.mark.parametrize("format_", Format)
def test_a_document_of_the_other_format_is_an_error(format_: Format) -> None:
    (other,) = set(Format) - {format_}
    with pytest.raises(ToolError):
        validation.validate(FILES[other], format_)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="no SBOM to check"):
        validation.validate(tmp_path / "none", Format.SPDX)
    with pytest.raises(ToolError, match="no SBOM to check"):
        validation.validate(tmp_path, Format.SPDX)


@pytest.mark.parametrize("format_", Format)
def test_a_key_that_comes_twice_is_named(format_: Format) -> None:
    data = FILES[format_].read_bytes().replace(b'"name"', b'"name": "x", "name"', 1)
    with pytest.raises(ToolError, match="'name' comes twice"):
        validation.inspect(data, format_, where="x")


def inventory(format_: Format, *purls: str) -> Inventory:
    return Inventory(format_, "x", tuple(Package(purl or "unnamed", "1", purl) for purl in purls))


def test_two_documents_of_one_run_agree() -> None:
    validation.require_same_packages([validation.validate(path, format_) for format_, path in FILES.items()])
    one = inventory(Format.SPDX, "pkg:deb/a@1", "pkg:deb/b@1", "")
    validation.require_same_packages([one, inventory(Format.CYCLONEDX, "pkg:deb/b@1", "pkg:deb/a@1", "pkg:deb/a@1")])


def test_packages_of_one_document_that_the_other_lacks_are_named() -> None:
    one = inventory(Format.SPDX, "pkg:deb/a@1", "pkg:deb/b@1")
    other = inventory(Format.CYCLONEDX, "pkg:deb/a@1")
    for documents in ((one, other), (other, one)):
        with pytest.raises(ToolError, match=r"CycloneDX document lacks 1 .* SPDX document lists, such as pkg:deb/b@1"):
            validation.require_same_packages(documents)


@pytest.mark.parametrize("format_", Format)
def test_no_package_at_all_is_an_error(format_: Format) -> None:
    (other,) = set(Format) - {format_}
    for documents in (
        [inventory(format_)],
        [inventory(format_), inventory(other)],
        [inventory(format_, "pkg:deb/a@1"), inventory(other)],
    ):
        with pytest.raises(ToolError, match="lists no package"):
            validation.require_same_packages(documents)


def test_many_faults_are_counted_and_long_ones_cut() -> None:
    text = str(invalid("x", ["a" * 1000, *(f"fault {number}" for number in range(9))]))
    assert "fault 3" in text
    assert "fault 4" not in text
    assert "and 5 more" in text
    assert "a" * 301 not in text


@pytest.mark.parametrize(
    ("purl", "type_"),
    [
        ("pkg:deb/debian/apt@2", "deb"),
        ("pkg:PyPI/x@1", "pypi"),
        ("pkg://npm/x", "npm"),
        ("", "other"),
        ("nonsense", "other"),
    ],
)
def test_a_package_is_of_the_type_of_its_package_url(purl: str, type_: str) -> None:
    assert Package("x", "1", purl).type == type_


def test_an_object_keeps_its_values() -> None:
    assert read_object(b'{"a": [{"b": 1}], "c": "\\u00e9"}', "x") == {"a": [{"b": 1}], "c": "é"}


def test_nothing_heavy_is_imported_before_it_is_needed_and_the_grammar_not_even_then() -> None:
    heavy = ("spdx_tools", "cyclonedx", "jsonschema", "rfc3987_syntax")
    program = (
        "import sys\n"
        "from modelseal.sbom import validation, syft\n"
        "from modelseal.sbom.documents import Format\n"
        f"print([name in sys.modules for name in {heavy!r}])\n"
        "validation.preload()\n"
        f"validation.validate(__import__('pathlib').Path({str(FILES[Format.CYCLONEDX])!r}), Format.CYCLONEDX)\n"
        f"print([name in sys.modules for name in {heavy!r}])\n"
    )
    scripts = Path(__file__).parent.parent.parent / "scripts"
    result = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": str(scripts)}, capture_output=True, text=True, check=True
    )
    assert [json.loads(line.lower()) for line in result.stdout.splitlines()] == [
        [False, False, False, False],
        [True, True, True, False],
    ]


def test_threads_may_preload_at_the_same_time() -> None:
    program = (
        "import threading\n"
        "from pathlib import Path\n"
        "from modelseal.sbom import validation\n"
        "from modelseal.sbom.documents import Format\n"
        "threads = [threading.Thread(target=validation.preload) for _ in range(4)]\n"
        "[thread.start() for thread in threads]\n"
        f"print(len(validation.validate(Path({str(FILES[Format.CYCLONEDX])!r}), Format.CYCLONEDX).packages))\n"
        f"print(len(validation.validate(Path({str(FILES[Format.SPDX])!r}), Format.SPDX).packages))\n"
        "[thread.join() for thread in threads]\n"
    )
    scripts = Path(__file__).parent.parent.parent / "scripts"
    result = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(scripts)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert result.stdout == "10\n10\n"
    assert result.stderr == ""
    assert threading.active_count() >= 1
