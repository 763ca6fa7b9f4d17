"""What the verification of the full-order solver shares: it says what it measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Callable[[Mapping[str, tuple[float, float, float]]], None]:
    """Compare figures (value, least, most) with their limits; print all of them, for docs/verification.md."""
    def compare(measured: Mapping[str, tuple[float, float, float]]) -> None:
        table = "\n".join(f"    {name}: {value:.3g}  ({f'{least:g} ... ' if least > 0.0 else 'at most '}{most:g})"
                          for name, (value, least, most) in measured.items())
        print(f"\n{request.node.name}\n{table}")
        assert all(least <= value <= most for value, least, most in measured.values()), f"\n{table}"
    return compare
