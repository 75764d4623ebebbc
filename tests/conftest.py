"""What every test run shares."""

import gc
import os

import pytest
from hypothesis import settings

# A deadline is on the clock: on a machine that is busy with something else it fails what is well. And what is tried is
# the same each time, so that a change fails for what it changes; MODELSEAL_RANDOM_TESTS tries something else.
settings.register_profile("modelseal", deadline=None, derandomize="MODELSEAL_RANDOM_TESTS" not in os.environ)
settings.load_profile("modelseal")

# As `scripts/__main__.py` has it for the stations.
gc.set_threshold(100_000)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Let the collector of garbage look past thousands of tests each time: that is not what a test measures."""
    del session
    gc.freeze()


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name a case of bytes after its argument: gzip's hold the time, and all workers must collect the same names."""
    del config
    return argname if isinstance(val, bytes) else None
