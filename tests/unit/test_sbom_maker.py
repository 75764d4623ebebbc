import json

import pytest

from modelseal.sbom import maker

SHA256 = "ab" * 32
MADE = {
    "bomFormat": "CycloneDX",
    "metadata": {
        "timestamp": "2026-11-22T23:16:09Z",
        "tools": {"components": [{"type": "application", "author": "anchore", "name": "syft", "version": "1.54.1"}]},
    },
    "components": [{"name": "syft"}],
}


@pytest.mark.parametrize("indent", [None, 1, 2])
def test_digest_of_the_executable_is_added(indent: int | None) -> None:
    made = json.loads(maker.with_digest(json.dumps(MADE, indent=indent).encode(), SHA256))
    tool = made["metadata"]["tools"]["components"][0]
    assert tool.pop("hashes") == [{"alg": "SHA-256", "content": SHA256}]
    assert made == MADE


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"components": MADE["components"], "metadata": {}},
        {"metadata": {"tools": {"components": [{"name": "other"}]}}, "components": [{"name": "syft"}]},
        {"metadata": {"tools": {"components": []}}, "components": [{"metadata": {}, "name": "syft"}]},
    ],
)
def test_documents_of_another_form_stay_as_they_are(document: object) -> None:
    data = json.dumps(document).encode()
    assert maker.with_digest(data, SHA256) == data
