"""The result that the tests of this room export."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from export_example import write_result  # type: ignore[import-not-found]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes it, see `write_result`; gives its path."""
    return partial(write_result, tmp_path / "result.vtkhdf")
