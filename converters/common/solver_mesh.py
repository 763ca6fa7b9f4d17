"""A mesh as a solver's files have it: by ids, before anything is sorted. What a converter fills in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from romlib_converters.common.elements import SolidElement

from romlib.mesh.kinematics import SOLID
from romlib.model import Omission


@dataclass(frozen=True, eq=False)
class SolverCells:
    """Cells of one element type of the solver, or a part of them.

    element : what they are as romlib's. ids : (n,), the solver's. nodes : (n, element.n_node), ids of nodes, in the
    solver's order. formulation : "standard", or what else the strain operator reproduces ("B-bar"); another one is
    refused at conversion.
    """

    element: SolidElement
    ids: np.ndarray
    nodes: np.ndarray
    formulation: str = "standard"


@dataclass(frozen=True, eq=False)
class IdValues:
    """Values by id. ids : (n,), integers in any order, none twice. values : (n, ...), one row an id."""

    ids: np.ndarray
    values: np.ndarray


@dataclass(frozen=True, eq=False)
class SolverMesh:
    """Nodes, cells and sets of a solver's files. Ids are any integers in any order, with gaps, and never twice.

    file : for messages. node_ids : (n_node,). points : (n_node, 3), global Cartesian; of a plane or axisymmetric model
    (n_node, 2), or with a third coordinate that is the same everywhere. cells : solids; elements that are
    none are counted in `others` by the solver's name of their type. node_sets, cell_sets : ids; those that are on no
    solid are left out. face_sets : ids of cells (n,), and of each the number of the face in
    `romlib.mesh.elements.Element.faces` (n,). face_values : values of the faces of a set (n,), by its name and theirs,
    in the order of the set. node_arrays, cell_arrays : what does not change in time, such as numbers
    of materials or axes of elements; NaN where an id has no value. notes : what was left out in reading.
    midpoints : (n, 3), for nodes that the converter invented at the middle of an edge (`romlib_converters.common.
    midsides`): the id of the node and those of the corners; its results are the mean of theirs.
    kinematics : "solid", "plane strain" or "axisymmetric" (x is the radius, forces are of the whole circumference); see
    `romlib.mesh.kinematics`, which refuses others by name. thickness : of a body in plane strain.
    """

    file: Path
    node_ids: np.ndarray
    points: np.ndarray
    cells: tuple[SolverCells, ...]
    others: Mapping[str, int] = field(default_factory=dict)
    node_sets: Mapping[str, np.ndarray] = field(default_factory=dict)
    cell_sets: Mapping[str, np.ndarray] = field(default_factory=dict)
    face_sets: Mapping[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    face_values: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)
    node_arrays: Mapping[str, IdValues] = field(default_factory=dict)
    cell_arrays: Mapping[str, IdValues] = field(default_factory=dict)
    notes: tuple[Omission, ...] = ()
    midpoints: np.ndarray = field(default_factory=lambda: np.empty((0, 3), dtype=np.int64))
    kinematics: str = SOLID
    thickness: float = 1.0


def without_nodes(mesh: SolverMesh) -> SolverMesh:
    """The mesh without the nodes of its cells, which take most of its room: see `SolverHistory.mesh_is_made`."""
    return replace(mesh, cells=tuple(replace(one, nodes=one.nodes[:0].copy()) for one in mesh.cells))
