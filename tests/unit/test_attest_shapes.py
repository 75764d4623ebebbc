"""Whatever stands in a document that is attested, or in a statement that is verified: no crash, but an answer."""

import contextlib
import copy
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from attestation_material import (
    IMAGE,
    IMAGE_ID,
    MODEL,
    context,
    cyclonedx,
    key,
    manifest,
    public_pem,
    release,
    signed,
    spdx,
    verdict,
)
from modelseal import station
from modelseal.attestation import dependencies, plan
from modelseal.attestation.plan import Document, Image
from modelseal.attestation.rejection import Rejection
from modelseal.commands import verify
from modelseal.errors import ModelsealError
from modelseal.verdict import ExitCode

ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 10**400, "", "x", "\ud800", f"sha256:{'0' * 64}", [], {}, [1], [[]], [None], {"a": 1},
    "9999-12-31T23:59:59-23:59",
)  # fmt: skip
SPDX = spdx(
    packages=[
        {"SPDXID": "SPDXRef-i", "name": "i", "versionInfo": IMAGE_ID, "externalRefs": [{"referenceLocator": "x"}]}
    ],
    relationships=[
        {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-i"}
    ],
    documentDescribes=["SPDXRef-i"],
)
CYCLONEDX = cyclonedx(
    metadata={
        "component": {"type": "container", "version": IMAGE_ID, "properties": [{"name": "a", "value": "b"}]},
        "tools": {
            "components": [{"name": "syft", "version": "1", "hashes": [{"alg": "SHA-256", "content": "0" * 64}]}]
        },
    }
)
OF_MODEL = verdict(
    schema="https://github.com/modelseal/modelseal/verdict/model/v1",
    scanners=["model"],
    files=["x"],
    requires=["y"],
    subject={"name": "m", "digest": f"sha256:{hashlib.sha256(manifest()).hexdigest()}"},
)


def changes(document: Any) -> Iterator[bytes]:
    """Put something odd in each place in turn."""

    def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for step, item in inner:
            yield (*path, step)
            yield from places(item, (*path, step))

    for *way, last in places(document):
        for value in ODD:
            made = copy.deepcopy(document)
            place = made
            for step in way:
                place = place[step]
            place[last] = value
            yield json.dumps(made).encode()


def of_image(*sboms: bytes, verdicts: tuple[bytes, ...] = ()) -> object:
    given = tuple(tuple(Document("x", data) for data in kind) for kind in (sboms, verdicts))
    tools = dependencies.tools([json.loads(data) for data in (*sboms, *verdicts)])
    return plan.for_image(Image(IMAGE, IMAGE_ID.removeprefix("sha256:")), given[0], given[1], None, tools)


def of_model(data: bytes, *verdicts: bytes) -> object:
    return plan.for_model(Document("m.json", data), None, (), [Document("v", found) for found in verdicts])


@pytest.mark.parametrize(
    ("document", "attested"),
    [
        (SPDX, of_image),
        (CYCLONEDX, of_image),
        (verdict(decisions={"fails": 0}), lambda data: of_image(verdicts=(data,))),
        (OF_MODEL, lambda data: of_model(manifest(), data)),
        (manifest(ignore_paths=["z"]), of_model),
    ],
    ids=["spdx", "cyclonedx", "verdict", "model's verdict", "manifest"],
)
def test_documents_with_something_odd_in_any_place(document: bytes, attested: Callable[[bytes], object]) -> None:
    assert attested(document)
    for data in changes(json.loads(document)):
        with contextlib.suppress(ModelsealError, Rejection):
            attested(data)


@pytest.mark.parametrize("name", ["SPDXID", "versionInfo", "externalRefs", "primaryPackagePurpose"])
def test_package_whose_parts_are_of_another_kind(name: str) -> None:
    document = json.loads(SPDX)
    document["packages"].append({**document["packages"][0], name: [{"a": []}]})
    assert of_image(json.dumps(document).encode())


def test_names_with_bytes_that_are_no_text(tmp_path: Path) -> None:
    """A model under such a name, and a bundle: both are named in the summary, whose names are URIs."""
    said = json.loads(manifest())
    said["subject"][0]["name"] = "fraud\udcff"
    (tmp_path / "model.sig").write_bytes(signed(said))
    (tmp_path / "key.pub").write_bytes(public_pem(key("P-256")))
    for path, data in MODEL.items():
        (tmp_path / "model" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "model" / path).write_bytes(data)
    given = {
        "paths": str(tmp_path / "model"), "signature": str(tmp_path / "model.sig"), "require": "model-signature",
        "public-key": str(tmp_path / "key.pub"),
    }  # fmt: skip
    outcome = verify.run(station.read_inputs(verify.Inputs, given), context(tmp_path))
    assert outcome.exit_code is ExitCode.PASSED

    (tmp_path / "other").mkdir()
    inputs = replace(release(tmp_path / "other"), image=f"{IMAGE}\udcff")
    bundles = os.fsencode(tmp_path / "other" / "out" / "bundles")
    os.rename(bundles + b"/image.vulns.sigstore.json", bundles + b"/image\xff.sigstore.json")  # noqa: PTH104 - bytes
    assert verify.run(inputs, context(tmp_path / "other")).exit_code is ExitCode.PASSED
