"""What several of these tests verify against."""

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

import local_sigstore


@pytest.fixture(scope="session")
def root() -> Iterator[Path]:
    """Return the trust root of the public Sigstore, as sigstore-python ships it."""
    store = resources.files("sigstore._store")
    (found,) = (item for item in store.iterdir() if item.name.endswith("sigstore.dev"))
    with resources.as_file(found / "trusted_root.json") as path:
        yield path


@pytest.fixture(scope="module")
def sigstore(tmp_path_factory: pytest.TempPathFactory) -> Iterator[local_sigstore.LocalSigstore]:
    """Run a Sigstore of our own."""
    with local_sigstore.running(tmp_path_factory.mktemp("sigstore")) as server:
        yield server
