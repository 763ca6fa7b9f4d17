"""A whole mesh solved in one process, with the history in arrays: for tests, notebooks, and small problems."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from romlib.fullorder.options import SolverOptions
from romlib.fullorder.solver import solve
from romlib.fullorder.state import SolveReport, State, StepResult
from romlib.laws.points import MaterialPoints
from romlib.mesh.mesh import Mesh
from romlib.model import Model
from romlib.parallel.comm import serial
from romlib.parallel.pieces import Pieces


@dataclass(eq=False)
class Arrays:
    """A history: displacement (n_step, n_node, dimension), stress (n_step, n_ip, 6) in Kelvin-Mandel form, reaction
    forces (n_step, n_node, dimension) at constrained dofs; reactions by prescribed constraint (n_step,), conjugate to
    its amplitude.
    """

    times: np.ndarray
    displacement: np.ndarray
    stress: np.ndarray
    reaction: np.ndarray
    reactions: dict[str, np.ndarray]
    points: MaterialPoints
    states: list[list[np.ndarray]]
    report: SolveReport

    def variable(self, name: str) -> np.ndarray:
        """An internal variable, (n_step, n_ip, n_comp); NaN at points whose material lacks it."""
        return np.stack([self.points.variable(of_step, name) for of_step in self.states])


def solve_to_arrays(
    mesh: Mesh, model: Model, times: np.ndarray, *, options: SolverOptions | None = None, start: State | None = None,
) -> Arrays:
    """`romlib.fullorder.solver.solve` on one piece in this process. What it raises is raised."""
    steps: list[StepResult] = []
    report = solve({0: mesh}, model, times, Pieces(serial(), 1), options=options, start=start,
                   on_step=lambda step, time, result: steps.append(result))
    pieces = [step.pieces[0] for step in steps]
    return Arrays(
        report.times, np.stack([piece.displacement for piece in pieces]),
        np.stack([piece.state.stress for piece in pieces]), np.stack([piece.reaction for piece in pieces]),
        report.reactions, pieces[0].points, [piece.state.states for piece in pieces], report)
