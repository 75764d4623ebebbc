"""The chain where it stops early; where it goes through, see the end-to-end tests."""

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from modelseal import chain, station
from modelseal.errors import InputError
from modelseal.station import Context

STALE = ("fraud-1.verdict.json", "fraud-1.spdx.json", "fraud-1.cdx.json", "fraud-1.tar", "verification.json")
KEY = (
    ec.generate_private_key(ec.SECP256R1())
    .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    .decode()
)


@pytest.fixture
def context(tmp_path: Path) -> Context:
    output, temporary = tmp_path / "out", tmp_path / "temporary"
    for folder in (output, temporary, output / "bundles"):
        folder.mkdir()
    for name in STALE:
        (output / name).write_text("{}")
    (output / "bundles" / "image.vulns.sigstore.json").write_text("{}")
    return Context(output, {"PATH": os.environ["PATH"]}, temporary)


def run(context: Context, folder: Path, **texts: str) -> None:
    chain.run(station.read_inputs(chain.Inputs, {"image": "fraud:1", "context": str(folder), **texts}), context)


@pytest.mark.parametrize(
    "texts",
    [
        {"sign": "key", "private-key": KEY},  # the Dockerfile is missing
        {"sign": "key"},  # there is no key
        {"sign": "keyless"},  # there is no token
        {"sign": "keyless", "private-key": KEY},
    ],
    ids=["no Dockerfile", "no key", "no token", "a key too many"],
)
def test_whatever_stops_it_leaves_nothing_of_an_earlier_run(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, texts: dict[str, str]
) -> None:
    monkeypatch.setattr(chain, "prepare", lambda *_: None)  # fetches tools
    with pytest.raises(InputError):
        run(context, tmp_path, **texts)
    assert list(context.output_dir.iterdir()) == []


def test_a_folder_of_somebody_else_is_not_removed(context: Context, tmp_path: Path) -> None:
    (context.output_dir / "bundles" / "thesis.pdf").write_text("years of work")
    with pytest.raises(InputError, match="something else"):
        run(context, tmp_path, sign="key", **{"private-key": KEY})
    assert (context.output_dir / "bundles" / "thesis.pdf").exists()


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"store": "file,oci"}, "it is not pushed there"),
        ({"store": "github"}, "needs a token"),
        ({"store": "file,github", "github-token": "x"}, "repository is not known"),
        ({"store": "s3"}, "not one of"),
    ],
)
def test_store_that_cannot_be_used_stops_it_at_once(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, texts: dict[str, str], message: str
) -> None:
    monkeypatch.setattr(chain, "prepare", lambda *_: pytest.fail("it has begun"))
    with pytest.raises(InputError, match=message):
        run(context, tmp_path, sign="key", **{"private-key": KEY}, **texts)
