"""A ROM on the points of a sample, solved over a run; in memory, on one rank."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from romlib.laws.symbols import evaluated_model
from romlib.offline.sampled_rom import SampledRom
from romlib.offline.training import Span
from romlib.online.history import ReducedHistory
from romlib.online.reduced import case_histories, point_values, reduced_problem
from romlib.online.run import solve


@dataclass(frozen=True, eq=False)
class SampledRun:
    """history : of the ROM, which has a record of the initial time. values : by dual field, of the laws at the points.
    found : by quantity, coordinates (n, n_mode) at the snapshots of the span.
    """

    history: ReducedHistory
    values: dict[str, np.ndarray]
    found: dict[str, np.ndarray]


def run_over(one: SampledRom, span: Span) -> SampledRun:
    """Solve the run of a span.

    Raises
    ------
    ConvergenceError : the ROM cannot.
    """
    rom = one.rom
    model = evaluated_model(rom.model.model_copy(update={"parameters": span.run.parameters}))
    problem = reduced_problem(rom, model)
    history = solve(problem, case_histories(rom, model, span.run.amplitudes, span.times))
    values = {name: point_values(problem, history, name) for name in rom.gappy}
    found = {"displacement": history.coordinates[span.first:]}
    for name, operator in rom.gappy.items():
        here = values[name][span.first:, operator.points]
        found[name] = here.reshape(len(here), -1) @ operator.operator.T
    return SampledRun(history, values, found)
