"""The mesh of a MED file with Code_Aster's results: solids with the rules that their fields have, groups as sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import h5py
import numpy as np
from romlib_converters.common.elements import SolidElement
from romlib_converters.common.faces import faces_of
from romlib_converters.common.plane import stated_kinematics
from romlib_converters.common.solver_mesh import SolverCells, SolverMesh
from romlib_converters.med.columns import first_unknown
from romlib_converters.med.fields import CELLS, MedField
from romlib_converters.med.gauss import PointRule, read_localisation, rule_of, single_point
from romlib_converters.med.mesh import MedCells, MedMesh
from romlib_converters.med.types import DIMENSIONS, SOLIDS, SURFACES, node_order

from romlib.errors import InputError, UnsupportedError
from romlib.mesh.elements import ELEMENTS, element
from romlib.mesh.kinematics import SOLID
from romlib.model import Omission
from romlib.words import plural

_FLAT = 1e-9  # of the size of the mesh
# Code_Aster's own rules of the elements of the modelling 3D (family RIGI), where no field says which.
_DEFAULTS: Mapping[str, str] = {
    "TE4": "tet_1", "T10": "tet_5_zset", "HE8": "hex_gauss_8", "H20": "hex_gauss_27", "H27": "hex_gauss_27",
    "PE6": "wedge_6_midside", "P15": "wedge_21", "PY5": "pyramid_5", "P13": "pyramid_27_aster"}


def plane_mesh(mesh: MedMesh, kinematics: object) -> MedMesh:
    """The mesh in two coordinates, where it has no volume and lies in a plane z, and the user states a plane model."""
    flat = mesh.points.shape[1] == 3 and kinematics is not None and str(kinematics) != SOLID and not any(
        block.kind not in DIMENSIONS for block in mesh.cells)
    if not flat or np.ptp(mesh.points[:, 2]) > _FLAT * max(np.ptp(mesh.points[:, :2], axis=0)):
        return mesh
    return replace(mesh, points=mesh.points[:, :2])


@dataclass(frozen=True, eq=False)
class Solids:
    """Solid cells of one type. ids : (n,), see `cell_ids`. element : with the order of the points of the file, where it
    has fields at points of this rule; `at_points` says whether it has.
    """

    block: MedCells
    ids: np.ndarray
    element: SolidElement
    at_points: bool


def cell_ids(mesh: MedMesh) -> list[np.ndarray]:
    """Ids of the cells of each block: the writer's numbers, where all blocks have some and none is there twice."""
    given = [block.ids for block in mesh.cells if block.ids is not None]
    if len(given) == len(mesh.cells) and given:
        every = np.concatenate(given)
        if len(np.unique(every)) == len(every):
            return given
    return [np.arange(block.first, block.first + len(block.nodes)) + 1 for block in mesh.cells]


def solids_of(
    content: h5py.File, mesh: MedMesh, at_points: Sequence[MedField], rules: Mapping[str, str], file: Path
) -> tuple[list[Solids], list[Omission]]:
    """The solid cells, by type.

    Parameters
    ----------
    at_points : fields at Gauss points, of which each type has one rule. rules : by cell type, as the user says.

    Raises
    ------
    UnsupportedError : no solid, a volume that romlib lacks, points that are those of none of romlib's rules.
    """
    found, assumed = [], []
    dimension = mesh.points.shape[1]
    shapes = SOLIDS if dimension == 3 else SURFACES
    for block, ids in zip(mesh.cells, cell_ids(mesh)):
        if block.kind not in shapes:
            if block.kind not in DIMENSIONS:
                raise UnsupportedError("the mesh has cells that romlib lacks", file=file, expected=", ".join(shapes),
                                       found=f"{plural(len(block.nodes), 'cell')} {block.kind}")
            continue
        cell_type = shapes[block.kind]
        if cell_type not in ELEMENTS or block.nodes.shape[1] != element(cell_type).n_node:
            raise UnsupportedError("the mesh has cells that romlib lacks", file=file, expected=", ".join(shapes),
                                   found=f"{plural(len(block.nodes), 'cell')} {block.kind}")
        order = node_order(block.kind, block.nodes, mesh.points)
        rule = None if cell_type in rules and not at_points else _rule(
            content, block.kind, cell_type, order, at_points, file, strict=cell_type not in rules)
        chosen = rules.get(cell_type) or (rule.quadrature if rule else _DEFAULTS.get(block.kind) or element(
            cell_type).default_rule)
        own = rule is not None and rule.quadrature == chosen
        if rule is None and cell_type not in rules:
            assumed.append(f"{block.kind} {chosen}")
        found.append(Solids(block, ids, SolidElement(cell_type, chosen, order, point_orders=(
            (rule.order,) if rule is not None and own else ())), own))
    if not found:
        raise UnsupportedError("the mesh has no solid cell", file=file, expected=", ".join(shapes), found=", ".join(
            f"{len(block.nodes)} {block.kind}" for block in mesh.cells) or "no cell", remedy=None if dimension == 2 else
            "for D_PLAN and AXIS say which: --option kinematics=\"plane strain\" or \"axisymmetric\"")
    notes = [Omission(name="integration_points", does_work=False, description=(
        f"no field at Gauss points says which rule the elements have; those of the modelling 3D are taken "
        f"({', '.join(assumed)}): for 3D_SI say it with the option quadrature"))] if assumed else []
    return found, notes


def _rule(
    content: h5py.File, kind: str, cell_type: str, order: tuple[int, ...] | None, fields: Sequence[MedField],
    file: Path, *, strict: bool,
) -> PointRule | None:
    """The rule that the fields at Gauss points have for a type of cells; None where they have no values there."""
    supports = {support: field for field in fields for support in field.supports
                if (support.place, support.kind) == (CELLS, kind)}
    found: dict[PointRule, str] = {}
    for support, field in supports.items():
        if support.gauss:
            place = read_localisation(content, support.gauss, element(cell_type).n_node, file)
            rule = rule_of(place, cell_type, order)
        else:
            rule = single_point(cell_type) if support.n_point == 1 else None
        if rule is not None:
            found[rule] = field.name
        elif strict:
            raise UnsupportedError(
                "the Gauss points of a field are those of no rule of romlib's", file=file,
                place=f"field {field.name}, cells {kind}", found=(
                    f"localisation {support.gauss or 'without a name'}, {plural(support.n_point, 'point')}"),
                remedy=f"say which rule to take: --option quadrature={{{cell_type}=\"...\"}}; fields at points of "
                       "these cells are then left out")
    if len(found) > 1:
        raise UnsupportedError("fields have different Gauss points in one type of cells", file=file, place=kind,
                               found=", ".join(f"{rule.quadrature} in {name}" for rule, name in found.items()),
                               remedy="print those of one family, or of one model")
    return next(iter(found), None)


def solver_mesh(
    mesh: MedMesh, solids: Sequence[Solids], with_values: set[str], kinematics: object, formulation: str, file: Path
) -> SolverMesh:
    """The mesh by ids, with groups as sets.

    Parameters
    ----------
    with_values : MED's types of the cells that fields have values in: lines and surfaces that are not among them carry
        no forces. Empty where no field is in cells, which says nothing.
    kinematics : of a mesh in two dimensions, as the user says.
    """
    dimension = mesh.points.shape[1]
    plain = np.array_equal(mesh.node_ids, np.arange(1, len(mesh.node_ids) + 1))
    nodes = (_existing(one.block, mesh, file) for one in solids)
    cells = tuple(SolverCells(one.element, one.ids, at + 1 if plain else mesh.node_ids[at], formulation)
                  for one, at in zip(solids, nodes))
    ids = np.concatenate([np.empty(0, np.int64), *cell_ids(mesh)])
    solid = np.zeros(mesh.n_cell, dtype=bool)
    for one in solids:
        solid[one.block.first:one.block.first + len(one.block.nodes)] = True
    parent, face = _faces(mesh, cells, dimension, file)
    node_sets = {name: mesh.node_ids[where] for name, where in mesh.node_groups.items()}
    cell_sets, face_sets = {}, {}
    for name, where in mesh.cell_groups.items():
        if solid[where].any():
            cell_sets[name] = ids[where[solid[where]]]
        on_faces = where[parent[where] >= 0]
        if len(on_faces):
            face_sets[name] = parent[on_faces], face[on_faces]
        if not solid[where].any():
            node_sets.setdefault(name, mesh.node_ids[_nodes_of(mesh, where, file)])
    others, notes = _others(mesh, parent, with_values, solids)
    points = mesh.points if dimension == 3 else np.pad(mesh.points, ((0, 0), (0, 3 - dimension)))
    return SolverMesh(file, mesh.node_ids, points, cells, others, node_sets, cell_sets, face_sets, notes=tuple(notes),
                      kinematics=stated_kinematics(dimension, kinematics, file))


def _faces(
    mesh: MedMesh, cells: tuple[SolverCells, ...], dimension: int, file: Path
) -> tuple[np.ndarray, np.ndarray]:
    """Of each cell of the file, the id of the solid and the number of its face that it is; -1 for others."""
    parent, face = np.full(mesh.n_cell, -1), np.full(mesh.n_cell, -1)
    for block in mesh.cells:
        if DIMENSIONS.get(block.kind) != dimension - 1 or not len(block.nodes):
            continue
        n_corner = {"TR": 3, "QU": 4, "SE": 2}.get(block.kind[:2])
        if n_corner is not None:
            corners = mesh.node_ids[_existing(block, mesh, file)[:, :n_corner]]
            rows = slice(block.first, block.first + len(block.nodes))
            parent[rows], face[rows] = faces_of(cells, corners)
    return parent, face


def _others(
    mesh: MedMesh, parent: np.ndarray, with_values: set[str], solids: Sequence[Solids]
) -> tuple[dict[str, int], list[Omission]]:
    """Cells that are neither solids nor their faces: counts by type of those that may carry forces, notes of others."""
    others, drawn = dict[str, int](), dict[str, int]()
    kinds = {one.block.kind for one in solids}
    for block in mesh.cells:
        if block.kind in kinds:
            continue
        n = int((parent[block.first:block.first + len(block.nodes)] < 0).sum())
        if n:
            (drawn if with_values & kinds and block.kind not in with_values else others)[block.kind] = n
    notes = [Omission(name="cells_without_results", does_work=False, description=(
        f"{', '.join(f'{n} {kind}' for kind, n in drawn.items())}: no field has values in them, they are taken to be "
        "geometry and no elements of the model"))] if drawn else []
    return others, notes


def _existing(block: MedCells, mesh: MedMesh, file: Path) -> np.ndarray:
    row = first_unknown(block.nodes, len(mesh.points))
    if row >= 0:
        nodes = block.nodes[row]
        raise InputError("a cell has a node that the file does not define", file=file,
                         place=f"cell {row + 1} of type {block.kind}", expected=f"1 to {len(mesh.points)}",
                         found=int(nodes[(nodes < 0) | (nodes >= len(mesh.points))][0]) + 1)
    return block.nodes


def _nodes_of(mesh: MedMesh, where: np.ndarray, file: Path) -> np.ndarray:
    """Positions of the nodes of cells, which are given by their positions in the file."""
    found = [np.empty(0, dtype=np.int64)]
    for block in mesh.cells:
        mine = where[(where >= block.first) & (where < block.first + len(block.nodes))] - block.first
        found.append(_existing(block, mesh, file)[mine].ravel())
    return np.unique(np.concatenate(found))
