"""Blocks of steps that fit a budget of memory."""

from __future__ import annotations

from collections.abc import Iterator


def blocks(n: int, bytes_each: int, budget: int) -> Iterator[slice]:
    """Contiguous slices of range(n), each of at most `budget` bytes (one item at least)."""
    size = max(1, int(budget // max(bytes_each, 1)))
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))
