"""Fields of a snapshots file that it does not store, recomputed from its displacement by the laws of its model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from romlib.errors import InputError
from romlib.laws.points import MaterialPoints
from romlib.laws.replay import replay
from romlib.loads.temperature import initial_temperature, temperature_history
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.model import Model
from romlib.snapshots.reader import Snapshots

STRESS = "stress"


@dataclass(frozen=True)
class Replay:
    """The laws on one piece, ready to recompute the dual fields of its history.

    variables : number of components of each field that can be recomputed.
    """

    points: MaterialPoints
    operator: StrainOperator
    mesh: Mesh
    model: Model

    @classmethod
    def on(cls, mesh: Mesh, operator: StrainOperator, model: Model) -> Replay:
        """Build the laws of the model on a piece."""
        points = MaterialPoints.from_mesh(model, mesh, operator, initial_temperature(model, mesh))
        return cls(points, operator, mesh, model)

    @property
    def variables(self) -> dict[str, int]:
        """Fields that can be recomputed, with their numbers of components."""
        return {STRESS: 6, **self.points.variables()}

    def blocks(
        self, snapshots: Snapshots, piece: int, fields: list[str], n_block: int
    ) -> Iterator[tuple[np.ndarray, dict[str, np.ndarray]]]:
        """All steps in order, `n_block` at a time: (steps, fields, each (n, n_ip, n_comp))."""
        if snapshots.model.starts_from_state:
            raise InputError("the run of this file began with a state, and its laws cannot be replayed from it",
                             file=snapshots.path, place=f"fields {', '.join(fields)}",
                             remedy="write them with the run (--fields), or compare what the file has")
        history = replay(self.points, self._strains(snapshots, piece, n_block), self.model.initial_time)
        for start in range(0, snapshots.n_step, n_block):
            steps = np.arange(start, min(start + n_block, snapshots.n_step))
            block = {field: np.empty((len(steps), self.operator.n_ip, self.variables[field])) for field in fields}
            for k in range(len(steps)):
                _, stress, states = next(history)
                for field in fields:
                    block[field][k] = stress if field == STRESS else self.points.variable(states, field)
            yield steps, block

    def _strains(
        self, snapshots: Snapshots, piece: int, n_block: int
    ) -> Iterator[tuple[float, np.ndarray, np.ndarray | None]]:
        for start in range(0, snapshots.n_step, n_block):
            steps = slice(start, min(start + n_block, snapshots.n_step))
            strain = self.operator.strain(snapshots.read("displacement", piece, steps))
            nodal = temperature_history(self.model, self.mesh, self.model.amplitudes, snapshots.times[steps])
            temperature = None if nodal is None else self.operator.interpolate(nodal)
            for k, time in enumerate(snapshots.times[steps]):
                yield float(time), strain[k], None if temperature is None else temperature[k]
