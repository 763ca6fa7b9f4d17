"""A run that was solved, as data: what its solution asks it for, in this process or in another one it was sent to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from romlib.loads.nodal_temperature import LoadsOfHistory, NodalHistory
from romlib.model import Amplitude, Model, TemperatureFile
from romlib.online.history import ReducedHistory
from romlib.online.indicator import bounds_of
from romlib.online.misfits import Misfits
from romlib.online.newton import NewtonOptions
from romlib.online.problem import ReducedProblem
from romlib.online.reduced import case_histories, full_integration_problem, heated, reduced_problem
from romlib.online.solved_model import solved_model
from romlib.online.start import state_of
from romlib.online.variables import Variables
from romlib.snapshots.error_bounds import ErrorBounds
from romlib.snapshots.nodal_fields import Locate, StoredTemperature
from romlib.solution.reader import FieldsReader
from romlib.states.state import SavedState

if TYPE_CHECKING:
    from romlib.solution.solution import Solution


class _InFile(NamedTuple):
    """A temperature in a file that is not open, as another process gets it."""

    source: TemperatureFile
    locate: Locate | None


@dataclass(eq=False)
class SolvedRun:
    """All that a run was solved with, and its history: see `romlib.solution.solution.Run`.

    reader : of the ROM. model : with numbers in its materials. amplitudes : of the case and the user, by name.
    temperature : given at nodes, or None. start : what it began with, without the state itself; None: the virgin state.
    outside : what leaves the range of the training runs, and when. variables : by block.
    problem, misfits : made of the others where they are not there, which they are not in another process.
    """

    reader: FieldsReader
    model: Model
    amplitudes: Mapping[str, Amplitude]
    temperature: NodalHistory | _InFile | None
    start: SavedState | None
    options: NewtonOptions
    hyper_reduced: bool
    history: ReducedHistory
    outside: Mapping[str, float]
    problem: ReducedProblem | None = field(default=None, repr=False)
    misfits: Misfits | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.start is not None:  # its points may be in a file, and are not needed again
            self.start = replace(self.start, blocks=(), run={}, materials=None)
        assert self.problem is not None
        self.points = tuple(Variables.of(block.points) for block in self.problem.blocks)

    def __getstate__(self) -> dict[str, Any]:
        temperature = self.temperature
        if isinstance(temperature, StoredTemperature):
            temperature = _InFile(temperature.source, temperature.locate)
        return {**{name: value for name, value in self.__dict__.items() if name != "variables"},
                "problem": None, "misfits": None, "temperature": temperature}

    @cached_property
    def variables(self) -> dict[str, int]:
        """Stress and internal variables, with their numbers of components."""
        return {"stress": 6, **{name: n for block in self.points for name, n in block.sizes.items()}}

    @property
    def tensors(self) -> frozenset[str]:
        """Fields that are symmetric tensors."""
        laws = frozenset({"stress"}).union(*(block.tensors for block in self.points))
        return laws | {name for name, gappy in self.reader.archive.gappy.items() if gappy.tensor}

    def values(self, field: str, block: int = 0) -> np.ndarray:
        """Stress or an internal variable at the points of a block as the laws computed it, (n_step, n_point, n_comp).

        NaN where it does not exist.

        Raises
        ------
        InputError : no law of the block has a variable of this name.
        """
        if field == "stress":
            return self.history.stresses[block]
        return self.points[block].values(self.history.states[block], field)

    def state(self, step: int) -> SavedState:
        """The state at an output time; InputError where there is no such step."""
        archive, history = self.reader.archive, self.history
        initial = float(history.times[0]) if self.start is None else self.start.initial_time
        histories = case_histories(archive, self.model, self.amplitudes, history.times, self._temperature())
        return state_of(archive, self._problem(), histories, self.options, history, initial, step)

    def bounds(self, solution: Solution) -> ErrorBounds:
        """Bounds of the errors of the solution of this run."""
        if self.misfits is None:
            self.misfits = Misfits.of(self.reader.archive)
        return bounds_of(self.reader.archive, self.misfits, self.history, self.start, self.outside, solution)

    def solved(self, times: np.ndarray | None = None) -> LoadsOfHistory:
        """The model of a file with the solution, or of a run over other times."""
        archive = self.reader.archive
        return solved_model(archive, self.model.parameters, {**archive.model.amplitudes, **self.amplitudes},
                            self.history.times if times is None else times, self._temperature(), self.start)

    def _temperature(self) -> NodalHistory | None:
        if isinstance(self.temperature, _InFile):
            self.temperature = StoredTemperature(self.temperature.source, self.temperature.locate)
        return self.temperature

    def _problem(self) -> ReducedProblem:
        if self.problem is None:
            archive, temperature = self.reader.archive, self._temperature()
            if self.hyper_reduced:
                made = reduced_problem(archive, self.model)
                self.problem = made if temperature is None else heated(made, archive, temperature)
            else:
                with self.reader.opened() as fields:
                    self.problem = full_integration_problem(archive, self.model, fields, temperature)
        return self.problem
