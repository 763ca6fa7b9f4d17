"""Loads of a Nastran deck: FORCE, PLOAD4, GRAV and RFORCE of the sets that LOAD names, as patterns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from romlib_converters.common.solver_mesh import IdValues, SolverCells
from romlib_converters.nastran.systems import Systems

from romlib.mesh.elements import element
from romlib.mesh.ids import IdIndex
from romlib.model import BodyForce, Centrifugal, NodalForce, Omission, Pressure
from romlib.model.load import ArrayReference, Load, Vector
from romlib.words import plural

MOST_PRESSURES = 20  # different ones of a set; a profile is for the study to say


@dataclass
class Patterns:
    """Loads of sets: by name; of each the set, and whether its amplitude multiplies a speed and not a force."""

    loads: dict[str, Load] = field(default_factory=dict)
    sets: dict[str, int] = field(default_factory=dict)
    speeds: set[str] = field(default_factory=set)
    node_sets: dict[str, np.ndarray] = field(default_factory=dict)
    node_arrays: dict[str, IdValues] = field(default_factory=dict)
    face_sets: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    notes: list[Omission] = field(default_factory=list)

    def add(self, name: str, number: int, load: Load) -> None:
        """A load of a set."""
        self.loads[name], self.sets[name] = load, number

    def lack(self, what: str) -> None:
        """Something that does work and is not read."""
        self.notes.append(Omission(name="loads_not_read", does_work=True, description=what))


def patterns_of(
    data: Mapping[str, Any], numbers: list[int], systems: Systems, cells: tuple[SolverCells, ...], points: IdValues,
) -> Patterns:
    """The loads of the sets `numbers` that the subcases name. points : basic coordinates of the grid points."""
    done = Patterns()
    for number in numbers:
        parts = data["load_adds"].get(str(number), [[1.0, number]])
        _forces(done, data, number, parts, systems, points)
        _bodies(done, data, number, parts, systems, points)
        _pressures(done, data, number, parts, cells)
        known = {int(row[0]) for name in ("forces", "grav", "rforce", "pload4") for row in data[name]}
        empty = [part for factor, part in parts if part not in known and factor]
        if empty:
            done.lack(f"set {empty[0]} of LOAD {number} has no FORCE, PLOAD4, GRAV or RFORCE")
    if data["of_loads"]:
        done.lack("cards of loads are not read: "
                  + ", ".join(f"{count} {name}" for name, count in data["of_loads"].items()))
    return done


def _basic(systems: Systems, cid: int, vectors: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Vectors (n, 3) of a system at points (n, 3), in the basic one."""
    if not cid:
        return vectors
    turned: np.ndarray = np.einsum("nij,nj->ni", systems.frames(np.full(len(at), cid), at), vectors)
    return turned


def _forces(done: Patterns, data: Mapping[str, Any], number: int, parts: list, systems: Systems,
            points: IdValues) -> None:
    index = IdIndex(points.ids)
    found = np.zeros((len(points.ids), 3))
    loaded = np.zeros(len(points.ids), bool)
    for factor, part in parts:
        rows = data["forces"][data["forces"][:, 0] == part]
        for cid in np.unique(rows[:, 2]).astype(int).tolist():
            mine = rows[rows[:, 2] == cid]
            at = index.find(mine[:, 1].astype(np.int64))
            if (at < 0).any():
                done.lack(f"FORCE of set {part} at grid point {int(mine[at < 0][0, 1])}, which does not exist")
                mine, at = mine[at >= 0], at[at >= 0]
            np.add.at(found, at, factor * _basic(systems, cid, mine[:, 3:], points.values[at]))
            loaded[at] = True
    if loaded.any():
        name = f"force_{number}"
        done.node_sets[name] = points.ids[loaded]
        done.node_arrays[name] = IdValues(points.ids, found)
        done.add(name, number, NodalForce(nodes=name, direction=ArrayReference(array=name)))


def _bodies(done: Patterns, data: Mapping[str, Any], number: int, parts: list, systems: Systems,
            points: IdValues) -> None:
    for k, (factor, part) in enumerate(parts):
        for row in data["grav"][data["grav"][:, 0] == part]:
            direction = factor * _basic(systems, int(row[1]), row[None, 2:], np.zeros((1, 3)))[0]
            done.add(f"gravity_{number}_{k}", number, BodyForce(direction=_vector(direction), per="mass"))
        for row in data["rforce"][data["rforce"][:, 0] == part]:
            if row[7] or factor != 1.0:
                done.lack(f"RFORCE of set {part} with an angular acceleration or a factor in LOAD")
                continue
            at = IdIndex(points.ids).find(np.array([int(row[1])]))[0]
            center = points.values[at] if row[1] and at >= 0 else np.zeros(3)
            axis = _basic(systems, int(row[2]), row[None, 4:7], center[None])[0]
            size = float(np.linalg.norm(axis))
            if not size:
                continue
            name = f"rotation_{number}_{k}"
            done.speeds.add(name)
            done.add(name, number, Centrifugal(center=_vector(center), axis=_vector(axis / size),
                                               speed=2.0 * np.pi * abs(float(row[3])) * size))


def _pressures(done: Patterns, data: Mapping[str, Any], number: int, parts: list,
               cells: tuple[SolverCells, ...]) -> None:
    rows = np.concatenate([np.empty((0, 12)), *(
        np.column_stack([mine[:, :8], factor * mine[:, 8:]])
        for factor, part in parts for mine in [data["pload4"][data["pload4"][:, 0] == part]])])
    if not len(rows):
        return
    directed = rows[:, 5:8].any(axis=1)
    uneven = (rows[:, 8:] != rows[:, 8:9]).any(axis=1)
    if directed.any() or uneven.any() or data["pload4_line"]:
        done.lack(f"{plural(int((directed | uneven).sum()), 'PLOAD4')} of LOAD {number} with a direction, or with "
                  "another pressure at each corner")
    rows = rows[~directed & ~uneven]
    ids, faces, kept = _faces(rows, cells)
    if (~kept).any():
        done.lack(f"{plural(int((~kept).sum()), 'PLOAD4')} of LOAD {number} on no face of a solid")
    values = np.unique(rows[kept, 8])
    if len(values) > MOST_PRESSURES:
        done.lack(f"PLOAD4 of LOAD {number} with {len(values)} different pressures")
        return
    for k, value in enumerate(values.tolist()):
        mine = rows[kept, 8] == value
        name = f"pressure_{number}" + (f"_{k}" if len(values) > 1 else "")
        done.face_sets[name] = ids[mine], faces[mine]
        done.add(name, number, Pressure(faces=name, value=value))


def _faces(rows: np.ndarray, cells: tuple[SolverCells, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cell ids and numbers of faces of the rows that are on one, and which rows are (n,) bool.

    A face has the corner G1 and its opposite one G3; in a tetrahedron it has G1 and not G4; a triangle of a wedge has
    G1 alone.
    """
    eid, first, second = (rows[:, k].astype(np.int64) for k in (1, 2, 3))
    ids, faces = np.zeros(len(rows), np.int64), np.full(len(rows), -1)
    for one in cells:
        at = IdIndex(one.ids).find(eid)
        mine = np.flatnonzero(at >= 0)
        if not len(mine):
            continue
        kind = element(one.element.cell_type)
        nodes = one.nodes if one.element.nodes is None else one.nodes[:, one.element.nodes]
        nodes = nodes[at[mine]]
        for number, (_, local) in enumerate(kind.faces):
            corners = nodes[:, [node for node in local if node < kind.n_corner]]
            has = (corners == first[mine, None]).any(axis=1)
            if kind.cell == "tet":
                fits = has & (second[mine] > 0) & ~(corners == second[mine, None]).any(axis=1)
            elif corners.shape[1] == 4:
                opposite = np.roll(corners, 2, axis=1)
                fits = ((corners == first[mine, None]) & (opposite == second[mine, None])).any(axis=1)
            else:
                fits = has & ((second[mine] == 0) | (corners == second[mine, None]).any(axis=1))
            ids[mine[fits]], faces[mine[fits]] = eid[mine[fits]], number
    kept = faces >= 0
    return ids[kept], faces[kept], kept


def _vector(values: np.ndarray) -> Vector:
    x, y, z = (float(one) for one in values)
    return x, y, z
