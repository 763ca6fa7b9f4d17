"""What a ROM says of its own error over a case."""

from __future__ import annotations

import numpy as np

from romlib.errors import ConvergenceError
from romlib.greedy.bounds import Bounds
from romlib.model import Case
from romlib.online.rom import ReducedOrderModel


def bounds_of(rom: ReducedOrderModel, case: Case) -> Bounds:
    """The error bounds of a ROM over a case, each the largest over its times.

    A solution that does not converge has no bound, and is worse than any that has.
    """
    try:
        solution = rom.solve(case)
    except ConvergenceError as error:
        return Bounds(reason=f"the ROM does not converge at t = {error.time:.6g}")
    bound = solution.error_bound
    values = {name: float(np.max(over_time)) for name, over_time in bound.items()}
    return Bounds(values, "; ".join(bound.notes), tuple(solution.notes))
