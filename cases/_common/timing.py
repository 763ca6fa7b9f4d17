"""What an online run costs."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from romlib.model import Case
from romlib.online.rom import ReducedOrderModel


@dataclass(frozen=True)
class Online:
    """An online run in one process on one core: median seconds, wall and CPU, and the run's counts."""

    wall: float
    core: float
    steps: int
    iterations: int


def online_time(rom: ReducedOrderModel, case: str | Case, repeat: int = 9) -> Online:
    """Median over several runs in a process that has solved before, so that compiled code is loaded."""
    solution = rom.solve(case)
    wall, core = np.empty(repeat), np.empty(repeat)
    for k in range(repeat):
        start, used = time.perf_counter(), time.process_time()
        solution = rom.solve(case)
        wall[k], core[k] = time.perf_counter() - start, time.process_time() - used
    return Online(float(np.median(wall)), float(np.median(core)), solution.n_step - 1, int(solution.iterations.sum()))
