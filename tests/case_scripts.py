"""The modules of a case in cases/, which import one another as the scripts that they are."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

CASES = Path(__file__).resolve().parents[1] / "cases"


@contextmanager
def scripts_of(case: str, *names: str) -> Iterator[SimpleNamespace]:
    """Modules of cases/CASE by name; what they put on Python's path is off it afterwards."""
    before = list(sys.path)
    sys.path.insert(0, str(CASES / case))
    try:
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in names})
    finally:
        sys.path[:] = before
