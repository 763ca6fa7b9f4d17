"""The ROM with full integration, run over the training cases: a richer training set for the cubature.

The snapshots' stresses lie on the solver's trajectory; those of the ROM, and of its Newton iterates, are where the
cubature will be evaluated. The run is shared out over ranks by pieces. It keeps the state of all points of
the rank's pieces, and their strain modes: memory is the rank's part of the model, not a piece.
"""

from __future__ import annotations

import numpy as np

from romlib.laws.symbols import evaluated_model
from romlib.loads.forces import force_terms
from romlib.offline.displacement import DisplacementBasis
from romlib.offline.reduce_cubature import CubatureStress
from romlib.offline.rows import Rows
from romlib.offline.training import TrainingSet
from romlib.online.histories import histories_of
from romlib.online.newton import NewtonOptions
from romlib.online.problem import BlockBasis, PointBlock, ReducedProblem
from romlib.online.run import solve
from romlib.parallel.pieces import Pieces


def full_problem(
    training: TrainingSet, basis: DisplacementBasis, loads: np.ndarray, pieces: Pieces
) -> ReducedProblem:
    """The reduced problem with all integration points of the pieces of this rank.

    loads : (n_force, n_mode + n_lift), over the whole model.
    """
    def block(piece: int) -> PointBlock:
        operators = training.piece(piece)
        strains = basis.strains(training, piece)
        terms, initial = operators.temperature_terms, operators.initial_temperature
        temperature = np.stack(list(terms.values())) if terms else None if initial is None else initial[None]
        return PointBlock([BlockBasis(strains[: basis.n_mode], operators.operator.weights)], operators.points,
                          strains[basis.n_mode:], temperature, piece)

    model = training.model
    return ReducedProblem(
        list(pieces.each(block).values()), [loads[:, : basis.n_mode]],
        tuple(term.label for term in force_terms(model)), basis.lifting_names,
        tuple(name for name, load in model.loads.items() if load.kind == "temperature"),
        pieces.n, pieces.comm.sum_pieces)


def add_rom_stresses(
    training: TrainingSet, problem: ReducedProblem, stresses: CubatureStress, rows: Rows, *, iterates: bool
) -> np.ndarray:
    """Run over the cases of the rows; add the converged stresses (and those of iterates) to what trains a cubature.

    Returns
    -------
    (n_run,) law evaluations of each run.
    """
    evaluations = []
    # Without temperature loads the initial temperature, where there is one, holds: a table with one instant.
    instants = np.zeros(1) if problem.blocks[0].temperature_terms is not None else None

    def observe(time: float, iteration: int, gamma: np.ndarray, found: list[np.ndarray], committed: object) -> None:
        if committed is not None or iterates:
            for block, stress in zip(problem.blocks, found):
                stresses.add(block.piece, stress[None])

    for span in training.spans(rows):
        model = evaluated_model(training.model.model_copy(update={"parameters": span.run.parameters}))
        histories = histories_of(
            model, span.run.amplitudes, span.times, force_terms=force_terms(training.model),
            lifting_names=problem.lifting_names, temperature_names=problem.temperature_names,
            temperature_times=None if problem.temperature_names else instants)
        result = solve(problem.with_materials(model.materials), histories,
                       NewtonOptions(tolerance=1e-6, record_points=False), observe)
        evaluations.append(int(result.iterations.sum()))
    return np.array(evaluations)
