"""The ROM with full integration, run over the training cases: a richer training set for the quadrature.

The snapshots' stresses lie on the solver's trajectory; those of the ROM, and of its Newton iterates, are where the
reduced quadrature will be evaluated. The run is shared out over ranks by pieces. It keeps the state of all points of
the rank's pieces, and their strain modes: memory is the rank's share of the model, not a piece.
"""

from __future__ import annotations

import numpy as np

from romlib.laws.symbols import evaluated_model
from romlib.loads.forces import force_terms
from romlib.offline.displacement import DisplacementBasis
from romlib.offline.dual import DualHistory
from romlib.offline.training import TrainingSet
from romlib.online.histories import histories_of
from romlib.online.newton import NewtonOptions, solve
from romlib.online.problem import BlockBasis, PointBlock, ReducedProblem
from romlib.parallel.comm import Comm


def full_problem(
    training: TrainingSet, basis: DisplacementBasis, loads: np.ndarray, pieces: range, comm: Comm
) -> ReducedProblem:
    """The reduced problem with all integration points of the pieces of this rank.

    loads : (n_force, n_mode + n_lift), over the whole model.
    """
    blocks = []
    with comm.agreement():
        for piece in pieces:
            operators = training.piece(piece)
            strains = operators.operator.strain(basis.fields(training, piece, operators.mesh.n_node))
            terms, initial = operators.temperature_terms, operators.initial_temperature
            temperature = np.stack(list(terms.values())) if terms else None if initial is None else initial[None]
            blocks.append(PointBlock(
                [BlockBasis(strains[: basis.n_mode], operators.operator.weights)], operators.points,
                strains[basis.n_mode:], temperature, piece))
    model = training.model
    return ReducedProblem(
        blocks, [loads[:, : basis.n_mode]], tuple(term.label for term in force_terms(model)), basis.lifting_names,
        tuple(name for name, load in model.loads.items() if load.kind == "temperature"),
        training.n_piece, comm.sum_pieces)


def add_rom_stresses(
    training: TrainingSet, problem: ReducedProblem, history: DualHistory, *, iterates: bool
) -> np.ndarray:
    """Run over every training case; add the converged stresses (and the iterates') to the quadrature's training set.

    Returns
    -------
    (n_run,) law evaluations of each run.
    """
    evaluations = []
    # Without temperature loads the initial temperature, where there is one, holds: a table with one instant.
    instants = np.zeros(1) if problem.blocks[0].temperature_terms is not None else None

    def observe(time: float, iteration: int, gamma: np.ndarray, stresses: list[np.ndarray], converged: bool) -> None:
        if converged or iterates:
            for block, stress in zip(problem.blocks, stresses):
                history.add_stress(block.piece, stress[None])

    for run in training.runs:
        model = evaluated_model(training.model.model_copy(update={"parameters": run.parameters}))
        histories = histories_of(
            model, run.amplitudes, run.case_times, force_terms=force_terms(training.model),
            lifting_names=problem.lifting_names, temperature_names=problem.temperature_names,
            temperature_times=None if problem.temperature_names else instants)
        result = solve(problem.with_materials(model.materials), histories,
                       NewtonOptions(tolerance=1e-6, record_points=False), observe)
        evaluations.append(int(result.iterations.sum()))
    return np.array(evaluations)
