"""What a run goes on from, an increment that it is about to solve, and what it had to solve again."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import NamedTuple

import numpy as np

from romlib.online.evaluate import Committed
from romlib.online.local import LocalRun
from romlib.online.predictor import Memory, Predictor


@dataclass(eq=False, slots=True)
class RunState:
    """All that a run goes on from: a run in two parts gives what the whole gives. Nothing in it is ever changed.

    committed : the state at the points. reference_force : the largest force so far, for the criterion of convergence;
    zero begins anew. increment : the next is not longer. memory : of the predictor. origin : temperature at the time
    of the virgin state, one a block, for the size of the elastic forces; None: that of `committed`. barred : the
    cluster that failed last, which is not taken again before another one was.
    """

    committed: Committed
    reference_force: float = 0.0
    increment: float = inf
    memory: Memory | None = None
    origin: tuple[np.ndarray | None, ...] | None = None
    barred: int | None = None


class Redone(NamedTuple):
    """An increment, or a whole step, to `time` that `failed` could not solve, and `taken` did; both are clusters."""

    time: float
    failed: int
    taken: int


class Begun(NamedTuple):
    """An increment that is about to be solved in a cluster.

    state : that it begins with. start : the same at the points of the cluster. external : (n_mode,). gamma : first
    guess. barred : see `RunState`, at its end.
    """

    local: LocalRun
    state: RunState
    start: Committed
    external: np.ndarray
    predictor: Predictor
    gamma: np.ndarray
    barred: int | None
