"""Blocks of steps that fit a budget of memory, and what of it the system has free."""

from __future__ import annotations

from collections.abc import Iterator

from romlib.errors import InputError

_ALWAYS_FITS = 2**28  # bytes


def blocks(n: int, bytes_each: int, budget: int) -> Iterator[slice]:
    """Contiguous slices of range(n), each of at most `budget` bytes (one item at least)."""
    size = max(1, int(budget // max(bytes_each, 1)))
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))


def free_memory() -> int | None:
    """Bytes that the system can still give, None where it does not say."""
    try:
        with open("/proc/meminfo") as lines:
            return next((1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")), None)
    except (OSError, ValueError, IndexError):
        return None


def refuse_beyond_memory(needed: int, what: str, place: str, remedy: str) -> None:
    """InputError where an array of so many bytes would not fit into what memory is free.

    what : the array, as the message begins with it. place : of the input that asks for it.
    """
    if needed < _ALWAYS_FITS:
        return
    free = free_memory()
    if free is not None and needed > free:
        raise InputError(f"{what} does not fit into memory", place=place, found=f"{needed / 2**30:.1f} GiB",
                         expected=f"at most {free / 2**30:.1f} GiB, which are free", remedy=remedy)
