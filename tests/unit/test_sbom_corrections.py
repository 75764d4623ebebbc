import copy
import json
from pathlib import Path
from typing import Any

import pytest

from modelseal.errors import ToolError
from modelseal.sbom import validation
from modelseal.sbom.corrections import correct
from modelseal.sbom.documents import Format

ASSETS = Path(__file__).parent.parent / "assets" / "sbom"
SPDX: dict[str, Any] = json.loads((ASSETS / "small.spdx.json").read_bytes())
CYCLONEDX: dict[str, Any] = json.loads((ASSETS / "small.cdx.json").read_bytes())


def spdx(**fields: object) -> bytes:
    return json.dumps(SPDX | {"packages": [SPDX["packages"][0] | fields, *SPDX["packages"][1:]]}).encode()


def cyclonedx(*urls: str) -> bytes:
    document = copy.deepcopy(CYCLONEDX)
    document["components"][0]["externalReferences"] = [{"type": "vcs", "url": url} for url in urls]
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("field", "value", "instead"),
    [
        ("homepage", "not a url", None),
        ("homepage", "https://intranet/x", None),
        ("homepage", "localhost:3000/#readme", None),
        ("downloadLocation", "github:a/b", "NOASSERTION"),
        ("downloadLocation", "file:../x y", "NOASSERTION"),
    ],
)
def test_a_value_that_spdx_cannot_hold_is_left_out_and_named(field: str, value: str, instead: str | None) -> None:
    data = spdx(**{field: value})
    with pytest.raises(ToolError, match="must be a valid URL"):
        validation.inspect(data, Format.SPDX, where="x")
    corrected, inventory, left_out = validation.inspect_corrected(data, Format.SPDX, where="x")
    assert len(inventory.packages) == 10
    assert len(left_out) == 1
    assert repr(value) in left_out[0]
    expected = json.loads(data)
    expected["packages"][0].pop(field)
    if instead:
        expected["packages"][0][field] = instead
    assert json.loads(corrected) == expected


def test_a_reference_that_cyclonedx_cannot_hold_is_left_out_and_the_others_stay() -> None:
    data = cyclonedx("https://example.org/", "git@github.com:a/b c.git")
    corrected, inventory, left_out = validation.inspect_corrected(data, Format.CYCLONEDX, where="x")
    assert left_out == ("adduser: its vcs 'git@github.com:a/b c.git'",)
    assert json.loads(corrected) == json.loads(cyclonedx("https://example.org/"))
    assert len(inventory.packages) == 10


@pytest.mark.parametrize("value", ["NONE", "NOASSERTION", "https://example.org/x", "git+https://example.org/x.git@v1"])
def test_what_is_valid_stays_byte_for_byte(value: str) -> None:
    data = spdx(downloadLocation=value)
    assert correct(data, Format.SPDX, "x") == (data, ())
    assert validation.inspect_corrected(data, Format.SPDX, where="x")[0] is data
    whole = (ASSETS / "small.cdx.json").read_bytes()
    assert correct(whole, Format.CYCLONEDX, "x") == (whole, ())


@pytest.mark.parametrize(
    "fields", [{"licenseDeclared": "No-Such-Licence"}, {"homepage": "no url", "SPDXID": "SPDXRef-a_b"}, {"homepage": 5}]
)
def test_every_other_fault_is_an_error_still(fields: dict[str, object]) -> None:
    with pytest.raises(ToolError):
        validation.inspect_corrected(spdx(**fields), Format.SPDX, where="x")


@pytest.mark.parametrize("format_", Format)
@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b'{"packages": 5, "components": 5}', b'{"packages": [5], "components": [5]}']
)
def test_what_is_no_document_is_an_error_still(format_: Format, data: bytes) -> None:
    with pytest.raises(ToolError):
        validation.inspect_corrected(data, format_, where="x")
