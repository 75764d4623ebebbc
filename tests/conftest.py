"""What every test run shares."""

import pytest


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name a case of bytes after its argument: bytes can hold a time (gzip's do), and workers must agree on the names."""
    del config
    return argname if isinstance(val, bytes) else None
