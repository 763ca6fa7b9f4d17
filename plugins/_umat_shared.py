"""A batch in memory that two processes share: where each of its arrays lies."""

from __future__ import annotations

import mmap

import numpy as np
from romlib_plugins._umat_call import Batch

INPUTS = ("strain0", "strain1", "stress0", "temperature", "warming", "cells", "points", "coordinates", "state0")
OUTPUTS = ("stress", "tangent", "state", "failure")
HEADER = 64  # bytes before the arrays; the counter of calls is there, at the same place for every batch


def shapes(n: int, depvar: int, tangent: bool, temperature: bool) -> dict[str, tuple[tuple[int, ...], type]]:
    """Shape and type of each array of a batch of n points."""
    warm = (n if temperature else 0,)
    return {
        "strain0": ((n, 6), np.float64), "strain1": ((n, 6), np.float64), "stress0": ((n, 6), np.float64),
        "temperature": (warm, np.float64), "warming": (warm, np.float64), "cells": ((n,), np.int64),
        "points": ((n,), np.int64), "coordinates": ((n, 3), np.float64), "state0": ((n, depvar), np.float64),
        "stress": ((n, 6), np.float64), "tangent": ((n if tangent else 0, 6, 6), np.float64),
        "state": ((n, depvar), np.float64), "failure": ((n,), np.uint8)}


def size_of(layout: dict[str, tuple[tuple[int, ...], type]]) -> int:
    """Bytes."""
    return HEADER + sum(_bytes(*entry) for entry in layout.values())


def batch_in(
    memory: mmap.mmap, layout: dict[str, tuple[tuple[int, ...], type]], time: float, dt: float
) -> Batch:
    """A batch whose arrays are parts of the memory."""
    arrays: dict[str, np.ndarray] = {}
    at = HEADER
    for name, (shape, kind) in layout.items():
        arrays[name] = np.ndarray(shape, kind, memory, at)
        at += _bytes(shape, kind)
    return Batch(**arrays, progress=np.ndarray((1,), np.int64, memory), time=time, dt=dt)


def _bytes(shape: tuple[int, ...], kind: type) -> int:
    return -(-int(np.prod(shape)) * np.dtype(kind).itemsize // 64) * 64
