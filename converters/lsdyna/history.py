"""The history of an LS-DYNA computation: displacement is the position less the one at the beginning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from romlib_converters.common.degenerate import true_shapes
from romlib_converters.common.history import IP, NODE, FieldValues, SolverCells, SolverField, SolverHistory, SolverMesh
from romlib_converters.common.solver_mesh import without_nodes
from romlib_converters.lsdyna.control import Control
from romlib_converters.lsdyna.elements import solid, stored_points
from romlib_converters.lsdyna.geometry import Geometry, native
from romlib_converters.lsdyna.states import States

from romlib.errors import FileFormatError, UnsupportedError
from romlib.model import Omission
from romlib.snapshots.schema import FieldSpec
from romlib.words import plural


class LsdynaHistory(SolverHistory):
    """Displacement, stress and plastic strain of the solids, and temperature where it is, up to the first erosion."""

    def __init__(self, files: Sequence[Path], control: Control, geometry: Geometry, states: States) -> None:
        self.solver = f"LS-DYNA {control.version}".strip()
        self.files, self._control, self._states = files, control, states
        self._node_ids, self._points = geometry.node_ids, geometry.points
        cells, notes = _cells(files[0], control, geometry)
        kept = _before_erosion(files[0], states, notes)
        if states.open_files:
            notes.append(Omission(name="unfinished_files", does_work=True, description=(
                f"{', '.join(states.open_files)}: the word -999999 that ends the states of a file is missing; if the "
                "run was stopped, later states are missing, and if a file was cut, states in between")))
        self.times = states.times[:kept]
        self.mesh = SolverMesh(
            files[0], geometry.node_ids, geometry.points, tuple(one for one, _ in cells), geometry.others,
            cell_sets={f"PART_{part}": geometry.solid_ids[geometry.parts == part]
                       for part in np.unique(geometry.parts).tolist()}, notes=tuple(notes))
        self.notes = _dynamics(control, geometry)
        self._at_points_of = [(geometry.solid_ids[rows], rows) for one, rows in cells
                              if stored_points(one.element.cell_type, control.n_point)]
        self.fields = _fields(control, states, bool(self._at_points_of))

    def read(self, step: int) -> Mapping[str, FieldValues | Sequence[FieldValues]]:
        """A state; see `SolverHistory.read`."""
        found: dict[str, FieldValues | Sequence[FieldValues]] = {"displacement": self._displacement(step)}
        if "temperature" in self.fields:
            heat = np.empty((len(self._node_ids), 1), self._points.dtype)
            for rows, values in self._states.nodal(step, "temperature", dict(self._control.nodal())["temperature"]):
                heat[rows] = values[:, :1]  # the lowest layer
            found["temperature"] = FieldValues(self._node_ids, heat)
        if "stress" in self.fields or "p" in self.fields:
            found.update(self._at_points(step))
        return found

    def mesh_is_made(self) -> None:
        """See `SolverHistory.mesh_is_made`."""
        self.mesh = without_nodes(self.mesh)

    def _displacement(self, step: int) -> FieldValues:
        found = np.empty_like(self._points)
        for rows, position in self._states.nodal(step, "position", 3):
            if not np.isfinite(position).all():
                wrong = rows.start + int(np.flatnonzero(~np.isfinite(position).all(axis=1))[0])
                raise FileFormatError("a coordinate is not a finite number", file=self.files[0],
                                      place=self._states.place(step), found=f"node {self._node_ids[wrong]}")
            np.subtract(position, self._points[rows], out=found[rows])
        return FieldValues(self._node_ids, found)

    def _at_points(self, step: int) -> dict[str, Sequence[FieldValues]]:
        """Stress and plastic strain of the shapes whose stored points are those of their rule."""
        control, stored = self._control, self._control.layout.reals
        n, width, n_point = control.n_solid, control.width, control.n_point
        columns = {name: (first, count) for name, first, count in (
            ("stress", 0, 6), ("p", control.n_stress, 1)) if name in self.fields}
        # a field of a point is copied in one piece, which is three times as fast as numbers one by one
        point = np.dtype({"names": list(columns), "formats": [f"V{count * stored.itemsize}" for _, count in
                          columns.values()], "offsets": [first * stored.itemsize for first, _ in columns.values()],
                          "itemsize": width * stored.itemsize})
        found = {name: np.empty((n, n_point), point[name]) for name in columns}
        for rows, values in self._states.solids(step):
            points = np.ascontiguousarray(values[:, :width * n_point]).view(point)
            for name, one in found.items():
                one[rows] = points[name]
        reals = {name: native(one.view(stored).reshape(n, n_point, -1)) for name, one in found.items()}
        return {name: [FieldValues(ids, values if len(mine) == n else values[mine])
                       for ids, mine in self._at_points_of] for name, values in reals.items()}


def _cells(file: Path, control: Control, geometry: Geometry) -> tuple[list[tuple[SolverCells, np.ndarray]],
                                                                      list[Omission]]:
    """Solids of each shape, with their rows, and what to say of them."""
    ids = geometry.node_ids
    found = []
    ten = np.zeros(control.n_solid, bool) if geometry.extra is None else (geometry.extra >= 0).all(axis=1)
    if ten.any() and geometry.extra is not None:
        rows = np.flatnonzero(ten)
        nodes = np.concatenate([geometry.solids[rows] - 1, geometry.extra[rows]], axis=1)
        if nodes.max() >= len(ids):
            raise FileFormatError("a solid has a node that is not there", file=file,
                                  place=f"solid {geometry.solid_ids[rows[0]]}", expected=f"nodes 1 to {len(ids)}",
                                  found=int(nodes.max()) + 1)
        found.append((SolverCells(solid("tet10", control.n_point), geometry.solid_ids[rows], ids[nodes]), rows))
    others = np.flatnonzero(~ten)
    if len(others):
        nodes = geometry.solids if len(others) == len(ten) else geometry.solids[others]
        shapes = true_shapes("hex8", _by_id(nodes, ids), geometry.solid_ids[others], file)
        for cell_type, (mine, own) in shapes.items():
            rows = others[mine]
            found.append((SolverCells(solid(cell_type, control.n_point), geometry.solid_ids[rows], own), rows))
    return found, []


def _by_id(nodes: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """The ids of nodes (n, k) by their places from 1 on; in their type, which the file has for both."""
    if ids[0] > 0 and ids[-1] - ids[0] == len(ids) - 1 and (ids[1:] > ids[:-1]).all():  # numbers without gaps
        return nodes if ids[0] == 1 else nodes + nodes.dtype.type(ids[0] - 1)
    found: np.ndarray = ids.astype(nodes.dtype)[nodes - 1]
    return found


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
