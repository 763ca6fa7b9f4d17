"""Packages that export one converter and import it when it is first asked for, so that no module costs all others."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any


def lazily(package: str, name: str) -> Callable[[str], Any]:
    """The `__getattr__` of a package that exports the class `name` of its module `converter`."""

    def look_up(asked: str) -> Any:
        if asked != name:
            raise AttributeError(f"module {package!r} has no attribute {asked!r}")
        return getattr(importlib.import_module(f"{package}.converter"), name)

    return look_up
