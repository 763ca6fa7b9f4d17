"""romlib's mesh of a solver's: ids to positions, blocks, tags and arrays, all of it checked."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from romlib_converters.common.elements import SolidElement, check_rules
from romlib_converters.common.midsides import check_midsides
from romlib_converters.common.solver_mesh import IdValues, SolverCells, SolverMesh

from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.mesh.elements import element
from romlib.mesh.ids import IdIndex, used_of
from romlib.mesh.kinematics import kinematics
from romlib.mesh.merge import bodies, representatives
from romlib.mesh.mesh import FaceBlock, FaceSet, Mesh
from romlib.mesh.operator import StrainOperator
from romlib.mesh.skin import SKIN
from romlib.mesh.validity import check_mesh
from romlib.model import Omission
from romlib.words import plural, shortlist

_FARTHEST = 1e15  # in any unit of length that anybody uses
_CELLS_AT_ONCE = 20000  # whose Jacobians are checked at one time
_AT_ONE_PLACE = 1e-9  # of the size of the mesh
_log = logging.getLogger("romlib.mesh")


@dataclass(frozen=True, eq=False)
class Built:
    """mesh : whole, without pieces and skin. elements : of each block. omissions : what the solver's mesh had besides.

    nodes : finds positions among the file's nodes. cells : finds positions of cells in the mesh. new_node : (n_node of
    the file,), where each of its nodes is in the mesh, -1 for those of no solid.
    """

    mesh: Mesh
    elements: tuple[SolidElement, ...]
    omissions: tuple[Omission, ...]
    nodes: IdIndex
    cells: IdIndex
    new_node: np.ndarray

    def positions(self, ids: np.ndarray) -> np.ndarray:
        """Where nodes are in the mesh, by id: -1 for nodes of no solid, -2 for ids that the file has no node of."""
        at = self.nodes.find(ids)
        return np.where(at >= 0, self.new_node[at], -2)


def mesh_of(solver: SolverMesh, quadrature: Mapping[str, str] | None = None, *, quiet: bool = False) -> Mesh:
    """The mesh alone, for `read_mesh` of a converter; see `build`. Cells may be badly shaped: a study says what becomes
    of them (`romlib.mesh.bad_cells`). What is left out has no place in a mesh, and is logged, unless `quiet`."""
    built = build(solver, quadrature, shapes=False)
    for one in () if quiet else built.omissions:
        _log.warning("%s: %s", solver.file.name, one.description)
    return built.mesh


def build(solver: SolverMesh, quadrature: Mapping[str, str] | None = None, *, shapes: bool = True) -> Built:
    """Sort a solver's mesh.

    Parameters
    ----------
    quadrature : rule by cell type (hex8, ...), where it is not that of the solver's element. shapes : refuse cells that
        are badly shaped; no solver has computed with them.

    Raises
    ------
    FileFormatError : ids that are there twice, nodes that do not exist, points that are not finite, mid-side nodes off
        their edges, cells there twice. InputError : a cell whose Jacobian is not positive. UnsupportedError : no solid
        cell, an element or formulation that the operator lacks.
    """
    index, points = _checked_nodes(solver)
    groups = _grouped(solver, quadrature or {})
    blocks = [replace(group.element, nodes=None).block(_positions(group, index, solver), group.ids) for group in groups]
    nodes, new_node = used_of([block.connectivity for block in blocks], len(solver.node_ids))
    if len(nodes) < len(points):
        for block in blocks:
            for rows in _some_cells(block.n_cell):
                block.connectivity[rows] = new_node[block.connectivity[rows]]
        points, node_ids = points[nodes], solver.node_ids[nodes]
    else:
        node_ids = solver.node_ids
    mesh = Mesh(np.ascontiguousarray(points, dtype=float), tuple(
        replace(block, formulation=group.formulation) for block, group in zip(blocks, groups)), node_ids,
        kinematics=solver.kinematics, thickness=solver.thickness)
    for block in mesh.blocks:
        check_midsides(block.cell_type, mesh.points, block.connectivity, block.cell_ids, solver.file)
    check_mesh(mesh, solver.file)
    if shapes:
        check_shapes(mesh, solver.file)
    built = Built(mesh, tuple(group.element for group in groups), (), index, IdIndex(mesh.cell_ids), new_node)
    tagged, lost = _with_tags(built, solver)
    check_mesh(tagged, solver.file)
    return replace(built, mesh=tagged, omissions=_omissions(solver, mesh) + lost)


def _positions(group: SolverCells, index: IdIndex, solver: SolverMesh) -> np.ndarray:
    """Where the nodes of cells are among the file's, (n_cell, n_node), in VTK's order."""
    found = np.empty(group.nodes.shape, dtype=np.int64)
    order = slice(None) if group.element.nodes is None else list(group.element.nodes)
    for rows in _some_cells(len(found)):
        at = index.find(group.nodes[rows])
        if (at < 0).any():
            cell, node = np.argwhere(at < 0)[0]
            raise FileFormatError("a cell has a node that the file does not define", file=solver.file,
                                  place=f"cell {group.ids[rows][cell]}", found=f"node {group.nodes[rows][cell, node]}")
        found[rows] = at[:, order]
    return found


def _some_cells(n: int) -> Iterator[slice]:
    """So many cells in parts, of which what is made of them may be in memory."""
    for first in range(0, n, _CELLS_AT_ONCE):
        yield slice(first, first + _CELLS_AT_ONCE)


def _checked_nodes(solver: SolverMesh) -> tuple[IdIndex, np.ndarray]:
    """The index of the ids, and coordinates (n_node, dimension)."""
    ids, points, dimension = solver.node_ids, solver.points, _dimension(solver)
    if ids.ndim != 1 or ids.dtype.kind not in "iu" or points.shape not in {(len(ids), 3), (len(ids), dimension)}:
        raise FileFormatError("nodes and coordinates do not fit together", file=solver.file,
                              expected=f"one integer id and {dimension} coordinates a node",
                              found=f"{ids.shape}, {points.shape}")
    index = IdIndex(ids)
    if len(index.twice):
        raise FileFormatError("two nodes have the same id", file=solver.file, place=f"node {index.twice[0]}",
                              found=plural(len(index.twice), "such id"))
    with np.errstate(invalid="ignore"):
        wrong = np.flatnonzero(~(np.abs(points) < _FARTHEST).all(axis=1))
    if len(wrong):
        raise FileFormatError("a coordinate is not a number, or out of all proportion", file=solver.file,
                              place=f"node {ids[wrong[0]]}", found=points[wrong[0]],
                              expected=f"finite numbers below {_FARTHEST:g}")
    across = points[:, dimension:]
    if across.size and np.ptp(across) > _AT_ONE_PLACE * np.ptp(points[:, :dimension], axis=0).max():
        far = int(np.abs(across[:, 0] - across[0, 0]).argmax())
        raise FileFormatError(f"a {solver.kinematics} model is not plane", file=solver.file,
                              place=f"node {ids[far]}", expected=f"z = {across[0, 0]:.6g} as at node {ids[0]}",
                              found=f"z = {across[far, 0]:.6g}")
    return index, points[:, :dimension]


def _dimension(solver: SolverMesh) -> int:
    try:
        return kinematics(solver.kinematics).dimension
    except UnsupportedError as error:
        raise UnsupportedError(error.what, file=solver.file, place=error.place, expected=error.expected,
                               found=error.found, remedy=error.remedy) from error


def _grouped(solver: SolverMesh, quadrature: Mapping[str, str]) -> list[SolverCells]:
    """The cells of each element and formulation in one, in the order of the file; rules as the user has chosen."""
    found: dict[tuple[SolidElement, str], list[SolverCells]] = {}
    for cells in solver.cells:
        if cells.nodes.shape != (len(cells.ids), cells.element.n_node) or cells.nodes.dtype.kind not in "iu":
            raise FileFormatError("cells have another number of nodes than their type", file=solver.file,
                                  place=f"cells of type {cells.element.cell_type}",
                                  expected=f"({len(cells.ids)}, {cells.element.n_node}) integers",
                                  found=f"{cells.nodes.shape} {cells.nodes.dtype}")
        if element(cells.element.cell_type).dimension != _dimension(solver):
            raise UnsupportedError(f"a {solver.kinematics} model has cells of another dimension", file=solver.file,
                                   place=f"cell {cells.ids[0]}" if len(cells.ids) else None,
                                   found=cells.element.cell_type, expected="solids alone, or plane cells alone")
        if len(cells.ids):
            found.setdefault((cells.element, cells.formulation), []).append(cells)
    if not found:
        raise UnsupportedError("the mesh has no solid cell", file=solver.file, expected="solid elements",
                               found=", ".join(f"{n} {kind}" for kind, n in solver.others.items()) or "no element")
    check_rules(quadrature, list(dict.fromkeys(kind.cell_type for kind, _ in found)), "quadrature")
    groups = [SolverCells(replace(kind, quadrature=quadrature[kind.cell_type], point_orders=())
                          if kind.cell_type in quadrature else kind, _joined([one.ids for one in parts]),
                          _joined([one.nodes for one in parts]), formulation)
              for (kind, formulation), parts in found.items()]
    twice = IdIndex(_joined([group.ids for group in groups])).twice
    if len(twice):
        raise FileFormatError("two cells have the same id", file=solver.file, place=f"cell {twice[0]}",
                              found=plural(len(twice), "such id"))
    return groups


def check_shapes(mesh: Mesh, file: Path) -> None:
    """Positive Jacobians at all points, of some thousand cells at a time; InputError names the cells."""
    for block in mesh.blocks:
        for rows in _some_cells(block.n_cell):
            part = replace(block, connectivity=block.connectivity[rows], cell_ids=block.cell_ids[rows])
            try:
                StrainOperator(replace(mesh, blocks=(part,)))
            except InputError as error:
                raise type(error)(error.what, file=error.file or file, place=error.place,
                                  expected=error.expected, found=error.found, remedy=error.remedy) from error


def _joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Arrays one after another, a single one without a copy."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _with_tags(built: Built, solver: SolverMesh) -> tuple[Mesh, tuple[Omission, ...]]:
    mesh, empty = built.mesh, []
    node_tags, cell_tags, face_tags = {}, {}, {}
    for name, ids in solver.node_sets.items():
        node_tags[_name(name)] = at = _known(built.positions(ids), ids, f"node set {name!r}", "node", solver)
        empty += [name] * (len(ids) > 0 and not len(at))
    for name, ids in solver.cell_sets.items():
        found = built.cells.find(ids)
        cell_tags[_name(name)] = np.unique(found[found >= 0])
        empty += [name] * (len(ids) > 0 and not len(cell_tags[_name(name)]))
    for name, (ids, numbers) in solver.face_sets.items():
        face_tags[_name(name)] = face_set(mesh, built.cells.find(ids), numbers, f"face set {name!r}", solver,
                                          solver.face_values.get(name, {}))
        empty += [name] * (len(ids) > 0 and not face_tags[_name(name)].n_face)
    for tags in (node_tags, cell_tags, face_tags):
        for name in [name for name, tag in tags.items() if name in empty]:
            del tags[name]
    node_arrays = {name: _spread(array, built.positions(array.ids), mesh.n_node, f"node array {name!r}", solver)
                   for name, array in solver.node_arrays.items()}
    cell_arrays = {name: _spread(array, built.cells.find(array.ids), mesh.n_cell, f"cell array {name!r}", solver)
                   for name, array in solver.cell_arrays.items()}
    lost = () if not empty else (Omission(name="sets_without_solids", does_work=False, description=(
        f"{shortlist('set', empty)} on no solid cell left out")),)
    return replace(mesh, node_tags=node_tags, cell_tags=cell_tags, face_tags=face_tags, node_arrays=node_arrays,
                   cell_arrays=cell_arrays), lost


def face_set(
    mesh: Mesh, cells: np.ndarray, numbers: np.ndarray, place: str, solver: SolverMesh,
    values: Mapping[str, np.ndarray] | None = None,
) -> FaceSet:
    """Faces of cells, outward.

    Parameters
    ----------
    cells : (n,), positions, -1 for those left out. numbers : (n,), in `Element.faces`. values : arrays (n,) by name; a
        face that is there twice has that of the first.

    Raises
    ------
    FileFormatError : a number that the cell's type does not have.
    """
    keep = np.flatnonzero(cells >= 0)
    pairs, first_of = np.unique(np.column_stack([cells[keep], np.asarray(numbers)[keep]]), axis=0, return_index=True)
    found: dict[str, list[np.ndarray]] = {}
    order: dict[str, list[np.ndarray]] = {}
    first = 0
    for block in mesh.blocks:
        kind = element(block.cell_type)
        inside = np.flatnonzero((pairs[:, 0] >= first) & (pairs[:, 0] < first + block.n_cell))
        mine = pairs[inside]
        wrong = np.flatnonzero((mine[:, 1] < 0) | (mine[:, 1] >= len(kind.faces)))
        if len(wrong):
            raise FileFormatError("a cell has no such face", file=solver.file,
                                  place=f"{place}, cell {block.cell_ids[mine[wrong[0], 0] - first]}",
                                  expected=f"faces 1 to {len(kind.faces)}", found=int(mine[wrong[0], 1]) + 1)
        for number, (face_type, nodes) in enumerate(kind.faces):
            has = mine[:, 1] == number
            if has.any():
                found.setdefault(face_type, []).append(block.connectivity[mine[has, 0] - first][:, nodes])
                order.setdefault(face_type, []).append(keep[first_of[inside[has]]])
        first += block.n_cell
    rows = np.concatenate([np.empty(0, np.int64), *(part for kind in sorted(order) for part in order[kind])])
    return FaceSet(tuple(FaceBlock(kind, np.concatenate(found[kind])) for kind in sorted(found)),
                   {name: np.asarray(array)[rows] for name, array in (values or {}).items()})


def _name(name: str) -> str:
    """The solver's name of a set; "skin" is romlib's own, and an empty name no name."""
    return f"{name}_of_the_solver" if name == SKIN else name or "unnamed"


def _known(at: np.ndarray, ids: np.ndarray, place: str, what: str, solver: SolverMesh) -> np.ndarray:
    """Positions (n,) of those that are in the mesh, each once."""
    if (at == -2).any():
        raise FileFormatError(f"a {what} that the file does not define", file=solver.file, place=place,
                              found=f"{what} {ids[at == -2][0]}")
    return np.unique(at[at >= 0])


def _spread(array: IdValues, at: np.ndarray, n: int, place: str, solver: SolverMesh) -> np.ndarray:
    """Values (n, ...) in the order of the mesh; NaN, or -1 for integers, where there is none."""
    if len(array.values) != len(array.ids):
        raise FileFormatError("an array has the wrong length", file=solver.file, place=place, expected=len(array.ids),
                              found=len(array.values))
    keep = at >= 0
    lacking: float = -1 if array.values.dtype.kind in "iu" else np.nan
    found = np.full((n, *array.values.shape[1:]), lacking, dtype=array.values.dtype)
    found[at[keep]] = array.values[keep]
    return found


def _omissions(solver: SolverMesh, mesh: Mesh) -> tuple[Omission, ...]:
    found = [Omission(name=f"elements_{kind}", does_work=True, description=(
        f"{plural(count, 'element')} {kind} {'is no solid: its' if count == 1 else 'are no solids: their'} forces are "
        "not in the reduced model"))
        for kind, count in solver.others.items() if count]
    loose = len(solver.node_ids) - mesh.n_node
    if loose:
        found.append(Omission(name="nodes_without_solids", does_work=False,
                              description=f"{plural(loose, 'node')} of no solid cell left out"))
    return (*found, *solver.notes, *_touching(mesh, solver))


def _touching(mesh: Mesh, solver: SolverMesh) -> tuple[Omission, ...]:
    """Bodies that touch without sharing nodes: contact, ties or a crack; refused where every cell is a body."""
    found = bodies(mesh)
    if found.number < 2:
        return ()
    size = float(np.max(np.ptp(mesh.points, axis=0)))
    first = representatives(mesh.points, max(_AT_ONE_PLACE * size, float(np.finfo(float).tiny)))
    lowest, highest = np.full(mesh.n_node, found.number), np.full(mesh.n_node, -1)
    np.minimum.at(lowest, first, found.of_node)
    np.maximum.at(highest, first, found.of_node)
    places = int((highest > lowest).sum())
    if not places:
        return ()
    if found.number == mesh.n_cell:
        raise UnsupportedError("cells that touch share no nodes", file=solver.file, expected="one node at one place",
                               found=f"{found.number} bodies, every cell is one of its own",
                               remedy="write the mesh with nodes that cells share")
    return (Omission(name="bodies_that_touch", does_work=False, description=(
        f"{found.number} bodies share no nodes and touch at {plural(places, 'place')}: what holds them together "
        "(contact, ties) is not in the mesh")),)
