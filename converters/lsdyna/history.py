"""The history of an LS-DYNA computation: displacement is the position less the one at the beginning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from romlib_converters.common.degenerate import true_shapes
from romlib_converters.common.history import IP, NODE, FieldValues, SolverCells, SolverField, SolverHistory, SolverMesh
from romlib_converters.lsdyna.control import Control
from romlib_converters.lsdyna.elements import solid, stored_points
from romlib_converters.lsdyna.geometry import Geometry
from romlib_converters.lsdyna.states import States

from romlib.errors import FileFormatError, UnsupportedError
from romlib.model import Omission
from romlib.snapshots.schema import FieldSpec
from romlib.words import plural


class LsdynaHistory(SolverHistory):
    """Displacement, stress and plastic strain of the solids, and temperature where it is, up to the first erosion."""

    def __init__(self, files: Sequence[Path], control: Control, geometry: Geometry, states: States) -> None:
        self.solver = f"LS-DYNA {control.version}".strip()
        self.files, self._control, self._geometry, self._states = files, control, geometry, states
        self._cells, notes = _cells(files[0], control, geometry)
        kept = _before_erosion(files[0], states, notes)
        if states.open_files:
            notes.append(Omission(name="unfinished_files", does_work=True, description=(
                f"{', '.join(states.open_files)}: the word -999999 that ends the states of a file is missing; if the "
                "run was stopped, later states are missing, and if a file was cut, states in between")))
        self.times = states.times[:kept]
        self.mesh = SolverMesh(
            files[0], geometry.node_ids, geometry.points, tuple(cells for cells, _ in self._cells), geometry.others,
            cell_sets={f"PART_{part}": geometry.solid_ids[geometry.parts == part]
                       for part in np.unique(geometry.parts).tolist()}, notes=tuple(notes))
        self.notes = _dynamics(control, geometry)
        self._points = geometry.points if control.layout.word == 8 else geometry.points.astype(np.float32)
        at_points = [rows for cells, rows in self._cells if stored_points(cells.element.cell_type, control.n_point)]
        self._at_points_of = [(geometry.solid_ids[rows], rows) for rows in at_points]
        self.fields = _fields(control, states, bool(at_points))

    def read(self, step: int) -> Mapping[str, FieldValues | Sequence[FieldValues]]:
        """A state; see `SolverHistory.read`."""
        place, geometry = self._states.place(step), self._geometry
        position = self._states.nodal(step, "position", 3)
        if not np.isfinite(position).all():
            raise FileFormatError("a coordinate is not a finite number", file=self.files[0], place=place,
                                  found=f"node {geometry.node_ids[~np.isfinite(position).all(axis=1)][0]}")
        found: dict[str, FieldValues | Sequence[FieldValues]] = {
            "displacement": FieldValues(geometry.node_ids, _native(position) - self._points)}
        if "temperature" in self.fields:
            n_comp = dict(self._control.nodal())["temperature"]
            values = self._states.nodal(step, "temperature", n_comp)
            found["temperature"] = FieldValues(geometry.node_ids, _native(values[:, :1]))  # the lowest layer
        if "stress" in self.fields or "p" in self.fields:
            found.update(self._at_points(step))
        return found

    def _at_points(self, step: int) -> dict[str, Sequence[FieldValues]]:
        """Stress and plastic strain of the shapes whose stored points are those of their rule."""
        control = self._control
        width, n_point = control.width, control.n_point
        values = self._states.solids(step)[:, :width * n_point].reshape(-1, n_point, width)
        found: dict[str, Sequence[FieldValues]] = {}
        for name, columns in (("stress", slice(0, 6)), ("p", slice(control.n_stress, control.n_stress + 1))):
            if name in self.fields:
                found[name] = [FieldValues(ids, _native(values[:, :, columns] if len(mine) == len(values)
                                                        else values[mine][:, :, columns]))
                               for ids, mine in self._at_points_of]
        return found


def _native(values: np.ndarray) -> np.ndarray:
    """A copy in the machine's byte order, of the precision that is stored."""
    return np.array(values, dtype=values.dtype.newbyteorder("="), order="C")


def _cells(file: Path, control: Control, geometry: Geometry) -> tuple[list[tuple[SolverCells, np.ndarray]],
                                                                      list[Omission]]:
    """Solids of each shape, with their rows, and what to say of them."""
    ids = geometry.node_ids
    found = []
    ten = np.zeros(control.n_solid, bool) if geometry.extra is None else (geometry.extra >= 0).all(axis=1)
    if ten.any() and geometry.extra is not None:
        rows = np.flatnonzero(ten)
        nodes = np.concatenate([geometry.solids[rows], geometry.extra[rows]], axis=1)
        if nodes.max() >= len(ids):
            raise FileFormatError("a solid has a node that is not there", file=file,
                                  place=f"solid {geometry.solid_ids[rows[0]]}", expected=f"nodes 1 to {len(ids)}",
                                  found=int(nodes.max()) + 1)
        found.append((SolverCells(solid("tet10", control.n_point), geometry.solid_ids[rows], ids[nodes]), rows))
    others = np.flatnonzero(~ten)
    if len(others):
        shapes = true_shapes("hex8", ids[geometry.solids[others]], geometry.solid_ids[others], file)
        for cell_type, (mine, nodes) in shapes.items():
            rows = others[mine]
            found.append((SolverCells(solid(cell_type, control.n_point), geometry.solid_ids[rows], nodes), rows))
    return found, []


def _before_erosion(file: Path, states: States, notes: list[Omission]) -> int:
    """Number of states before the first one that has lost elements."""
    lost = next((k for k in range(len(states.places)) if not states.alive(k)), None)
    if lost is None:
        return len(states.places)
    if not lost:
        raise UnsupportedError("elements are eroded in the first state: the mesh changes in time", file=file,
                               place=states.place(0), expected="all elements of the geometry",
                               remedy="compute without erosion")
    notes.append(Omission(name="erosion", does_work=False, description=(
        f"elements are eroded from time {states.times[lost]:.6g} on ({states.place(lost)}): the last "
        f"{plural(len(states.places) - lost, 'state')} are left out")))
    return lost


def _dynamics(control: Control, geometry: Geometry) -> list[Omission]:
    points = ("eight points of a solid are stored: fully integrated elements are assumed (ELFORM 2 has a constant "
              "pressure, 3 and others have not)" if control.n_point == 8 else
              "one point of a solid is stored: one-point elements (ELFORM 1) are assumed, whose hourglass forces "
              "romlib lacks; fully integrated ones look the same unless *DATABASE_EXTENT_BINARY has NINTSLD = 8")
    notes = [
        Omission(name="inertia", does_work=True, description=(
            "LS-DYNA's states are mostly of explicit dynamics: forces of inertia, damping and contact are in its "
            "balance and not in romlib's; of a quasi-static, implicit or slow computation, accept this omission")),
        Omission(name="finite_strain", does_work=True, description=(
            "solids of LS-DYNA have finite strain, and equilibrium on the deformed shape; romlib has small strain: the "
            "disagreement grows with the square of the displacement")),
        Omission(name="formulation", does_work=True, description=(
            f"the element formulation is not in the database; {points}. State the rule, if it is another, by the "
            "option quadrature, and B-bar in the study"))]
    if len(geometry.rigid):
        notes.append(Omission(name="rigid_parts", does_work=True, description=(
            f"parts {', '.join(map(str, geometry.rigid.tolist()))} are rigid (material type 20): romlib would deform "
            "them")))
    return notes


def _fields(control: Control, states: States, at_points: bool) -> dict[str, SolverField]:
    dtype = "float32" if control.layout.word == 4 else "float64"
    found = {"displacement": SolverField(FieldSpec(NODE, 3, dtype=dtype, original_name="position less the first one"))}
    if states.has("temperature"):
        found["temperature"] = SolverField(FieldSpec(NODE, 1, dtype=dtype, original_name="temperature"))
    whole = control.width and control["nv3d"] // control.width >= control.n_point
    if at_points and whole and control.n_stress:
        found["stress"] = SolverField(FieldSpec.symmetric(IP, dtype=dtype, original_name="stress"))
    if at_points and whole and control.has_plastic_strain:
        found["p"] = SolverField(FieldSpec(IP, 1, dtype=dtype, original_name="effective plastic strain"))
    return found
