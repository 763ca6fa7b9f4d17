"""The finished ROM, run over its own training cases and compared with the snapshots, without building any field."""

from __future__ import annotations

import numpy as np

from romlib.archive.rom import Rom
from romlib.offline.assemble import field_error
from romlib.offline.displacement import DisplacementBasis
from romlib.offline.reduce_dual import DualField
from romlib.offline.training import TrainingSet
from romlib.online.newton import solve
from romlib.online.reduced import case_histories, point_values, reduced_problem


def online_errors(
    training: TrainingSet, rom: Rom, basis: DisplacementBasis, duals: list[DualField]
) -> dict[str, float]:
    """Relative errors, max_t ||a - b||_L2 / max_t ||b||_L2, of displacement and dual fields over all training runs.

    Raises
    ------
    ConvergenceError : the ROM cannot even reproduce a training case.
    """
    problem = reduced_problem(rom)
    gamma: list[np.ndarray] = []
    dual_coordinates: dict[str, list[np.ndarray]] = {dual.name: [] for dual in duals}
    for run in training.runs:
        times = run.times(training.model.initial_time)
        history = solve(problem, case_histories(rom, run.amplitudes, times))
        first = len(times) - run.snapshots.n_step
        gamma.append(history.coordinates[first:])
        for dual in duals:
            operator = rom.gappy[dual.name]
            values = point_values(problem, history, dual.name)[first:, operator.points]
            dual_coordinates[dual.name].append(values.reshape(len(values), -1) @ operator.operator.T)
    found = np.concatenate(gamma)
    errors = {"online displacement": _displacement_error(found, basis)}
    for dual in duals:
        errors[f"online {dual.name}"] = field_error(
            np.concatenate(dual_coordinates[dual.name]), dual.coordinates, dual.norms)
    return errors


def _displacement_error(found: np.ndarray, basis: DisplacementBasis) -> float:
    """The liftings are the same in both, so that the difference of the remainders is that of the displacements."""
    outside = np.maximum(basis.remainders**2 - np.einsum("sk,sk->s", basis.coordinates, basis.coordinates), 0.0)
    inside = np.einsum("sk,sk->s", found - basis.coordinates, found - basis.coordinates)
    return float(np.sqrt((inside + outside).max()) / basis.norms.max())
