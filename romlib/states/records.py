"""A record of a snapshots file as a state to begin with: displacement, stress and all internal variables at the points.

The strain is that of the displacement. Where the solver wrote its own list of state variables, the law that knows it
takes them from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from romlib.errors import InputError
from romlib.identity.contents import material_content
from romlib.laws.points import MaterialGroup
from romlib.loads.temperature import initial_temperature
from romlib.mesh.operator import StrainOperator
from romlib.snapshots import Snapshots
from romlib.states.state import Block, NodeState, SavedState

_STATEV = "statev"
_SAME_TIME = 1e-9


class RecordBlock:
    """The points of a piece; internal variables by name, (n_point, n_comp)."""

    temperature: np.ndarray | None = None
    origin: np.ndarray | None = None
    orientation: np.ndarray | None = None  # results are in the global frame

    def __init__(
        self, path: Path, operator: StrainOperator, nodes: NodeState, stress: np.ndarray,
        variables: Mapping[str, np.ndarray], strain_free: np.ndarray | None,
    ) -> None:
        self.strain_free = strain_free
        self.cells, self.numbers, self.coordinates = operator.cell_ids, operator.point_numbers, operator.coordinates
        self.strain, self.stress = operator.strain(nodes.displacement[None])[0], stress
        self.nodes: NodeState | None = nodes
        self._path, self._variables = path, variables

    def state_of(self, group: MaterialGroup, rows: np.ndarray, places: np.ndarray) -> np.ndarray:
        """State of the law of a material at these points.

        Raises
        ------
        InputError : an internal variable that the file does not have, or not there.
        """
        law, known = group.law, self._variables
        state = np.empty((len(rows), law.n_state))
        widths = {name: columns.stop - columns.start for name, columns in law.state_variables.items()}
        missing = [name for name, width in widths.items() if name not in known or known[name].shape[1] != width]
        if missing and _STATEV in known and hasattr(law, "state_of_solver") and (
                known[_STATEV].shape[1] >= law.n_state):
            state = np.asarray(law.state_of_solver(known[_STATEV][rows, :law.n_state]))
        elif missing:
            raise InputError(
                f"the snapshots file lacks internal variables of material '{group.name}', without which no state is "
                "known", file=self._path, place="fields", expected=", ".join(law.state_variables),
                found=", ".join(known) or "none",
                remedy="have the solver write them (romlib solve: --fields), or start from a state file")
        else:
            for name, columns in law.state_variables.items():
                state[:, columns] = group.as_in_state(name, known[name][rows], places)
        if np.isnan(state).any():
            row = rows[np.flatnonzero(np.isnan(state).any(axis=1))[0]]
            raise InputError("an internal variable has no value", file=self._path, found="NaN",
                             place=f"cell {self.cells[row]}, integration point {self.numbers[row]}, material "
                                   f"'{group.name}'", remedy="the materials of the file must be those of the run")
        return state


class _Blocks:
    def __init__(self, path: Path, record: int) -> None:
        self._path, self._record = path, record

    def __iter__(self) -> Iterator[Block]:
        with Snapshots(self._path) as file:
            others = [name for name, spec in file.fields.items() if spec.place == "ip" and name != "stress"]
            for piece in range(file.n_piece):
                mesh = file.mesh(piece)
                nodes = NodeState(np.asarray(mesh.node_ids), file.read("displacement", piece, self._record))
                operator, initial = StrainOperator(mesh), initial_temperature(file.model, mesh)
                yield RecordBlock(
                    self._path, operator, nodes, file.read("stress", piece, self._record),
                    {name: file.read(name, piece, self._record) for name in others},
                    None if initial is None else operator.interpolate(initial))


def record_state(path: str | Path, time: float | None = None) -> SavedState:
    """A record of a snapshots file; the last one without `time`.

    Raises
    ------
    InputError : no record at that time; a file without displacement, or without stress.
    """
    path = Path(path)
    with Snapshots(path) as file:
        times, fields, model = file.times, file.fields, file.model
    for name, place in (("displacement", "node"), ("stress", "ip")):
        if name not in fields or fields[name].place != place:
            raise InputError(f"a run cannot start from a file without {name}", file=path, place="fields",
                             expected="displacement, stress, and all internal variables", found=", ".join(fields),
                             remedy="have the solver write it (romlib solve: --fields), or start from a state file")
    record = len(times) - 1
    if time is not None:
        record = int(np.argmin(np.abs(times - time)))
        if abs(times[record] - time) > _SAME_TIME * max(1.0, float(np.ptp(times)), abs(time)):
            raise InputError("the snapshots file has no record at this time", file=path, place="--start-time",
                             expected=f"a time of the file, such as {times[record]:.12g}", found=f"{time:.12g}")
    materials = {name: material_content(material) for name, material in model.materials.items()}
    return SavedState(float(times[record]), model.initial_time, str(path), materials or None, _Blocks(path, record))
