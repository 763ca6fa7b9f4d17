"""What the full-order solver starts from, and what it gives: states, results of a step, the report of a run."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from romlib.laws.points import MaterialPoints
from romlib.laws.state import PointState


@dataclass(eq=False)
class PieceState:
    """The state of a piece at one time.

    displacement : (n_node, k). points : its integration points. origin : temperature at the time of the virgin state,
    (n_ip,), for the size of thermal forces; None: that of now. increment : (n_node, k), the last one of the
    displacement, from which the next is predicted, or None.
    """

    displacement: np.ndarray
    points: PointState
    origin: np.ndarray | None = None
    increment: np.ndarray | None = None


@dataclass(eq=False)
class Drive:
    """Amplitudes of what drives a history. now, largest : at the last converged time, and in absolute value so far.

    change, dt : of the last increment; None and 0 after one that failed.
    """

    now: np.ndarray
    largest: np.ndarray
    change: np.ndarray | None = None
    dt: float = 0.0


@dataclass(eq=False)
class State:
    """The state of this rank's pieces at a time: where a run ended, or where one shall start.

    reference_force : the largest force of the run so far, for the criterion of convergence; zero to start anew.
    increment : the next increment is not longer. drive : for the first guess of the next increment; None to start anew.
    """

    time: float
    pieces: dict[int, PieceState]
    reference_force: float = 0.0
    increment: float = np.inf
    drive: Drive | None = None


@dataclass(eq=False)
class PieceResult:
    """A piece at an output time. displacement : (n_node, k). reaction : (n_node, k), force of the constraints on the
    body at constrained dofs (of the whole model, not of the piece alone), zero elsewhere.
    """

    displacement: np.ndarray
    state: PointState
    points: MaterialPoints
    reaction: np.ndarray

    def variable(self, name: str) -> np.ndarray:
        """An internal variable, (n_ip, n_comp); NaN at points whose material lacks it."""
        return self.points.variable(self.state.states, name)


@dataclass(eq=False)
class StepResult:
    """An output time: the pieces of this rank, and what the step took.

    reactions : prescribed constraint -> force conjugate to its amplitude, the same on every rank.
    iterations : law evaluations. cutbacks : failed attempts. increments : in how many the interval was solved.
    residual : of the converged state, relative (see `SolverOptions.tolerance`).
    """

    time: float
    pieces: dict[int, PieceResult]
    reactions: dict[str, float]
    iterations: int = 0
    cutbacks: int = 0
    increments: int = 1
    residual: float = 0.0


@dataclass(eq=False)
class SolveReport:
    """What a run did; one entry a time in `iterations`, `cutbacks`, `increments` and `reactions`,
    the initial one included.

    seconds : wall time of this rank by stage (assembly, law, solve, other, total). n_dof : without those constrained.
    solver : name of the linear solver. n_factorisation, n_linear : set-ups and solves. state : at the end of the run.
    peak_memory : bytes, one entry a rank.
    """

    times: np.ndarray
    n_dof: int
    n_node: int
    n_cell: int
    n_ip: int
    solver: str
    iterations: np.ndarray
    cutbacks: np.ndarray
    increments: np.ndarray
    reactions: dict[str, np.ndarray]
    state: State
    n_setup: int = 0
    n_linear: int = 0
    n_linear_iteration: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    peak_memory: tuple[int, ...] = ()
