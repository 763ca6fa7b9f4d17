"""The solids of a database as cells: true shapes, mid-side nodes, components, formulations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from romlib_converters.ansys.database import Database, ElementType, distinct
from romlib_converters.ansys.elements import Formulation, formulation, shape_of, type_name
from romlib_converters.ansys.unpack import any_repeated
from romlib_converters.common.degenerate import true_shapes
from romlib_converters.common.elements import SolidElement
from romlib_converters.common.midsides import complete_midsides
from romlib_converters.common.solver_mesh import SolverCells, SolverMesh

from romlib.errors import FileFormatError, UnsupportedError
from romlib.mesh.elements import element
from romlib.model import Omission
from romlib.words import listed, plural, shortlist


@dataclass(frozen=True, eq=False)
class TypedCells:
    """Cells of one type and true shape.

    positions : (n,) of the elements in the database. nodes : (n, n_node), VTK's order; 0 for a mid-side node left
    out. corners : (n, n_corner), which corners of Ansys' element those of the cell are.
    """

    kind: ElementType
    cell_type: str
    positions: np.ndarray
    nodes: np.ndarray
    corners: np.ndarray


Typed = tuple[list[TypedCells], Counter[str]]


def solid_mesh(
    database: Database, *, mesh_only: bool, accepted: bool = False, typed: Typed | None = None
) -> SolverMesh:
    """The mesh of a database.

    Parameters
    ----------
    mesh_only : no results are read: cells get romlib's full rule and the standard formulation, whatever Ansys would do.
    accepted : the user's word for formulations that romlib does not reproduce: standard ones take their place, and an
        omission that does work says so.
    typed : what `typed_cells` has found, where it was called before.

    Raises
    ------
    FileFormatError : an element of no type, without a corner, or with a node that does not exist.
    UnsupportedError : no solids, or a formulation that is not reproduced, with element type and key options.
    """
    groups, others = typed or typed_cells(database)
    if not groups:
        raise UnsupportedError("the file has no solid elements", file=database.file, expected="SOLID185, 186, 187, ...",
                               found=listed(f"{n} {name}" for name, n in others.items()))
    cells, notes, midpoints, invented = [], [], [], []
    next_id = int(database.node_ids.max(initial=0)) + 1
    for group in groups:
        missing = group.nodes == 0
        parts = {group.cell_type: (np.arange(len(group.nodes)), group.nodes)}
        if missing.any():
            done = complete_midsides(group.cell_type, group.nodes.astype(np.int64), missing, database.node_ids,
                                     database.points, next_id)
            next_id += len(done.midpoints)
            midpoints.append(done.midpoints)
            invented.append(done.points)
            parts = done.cells
            notes += [done.note] if done.note else []
        for cell_type, (rows, nodes) in parts.items():
            how = Formulation(_full(cell_type)) if mesh_only else formulation(group.kind, cell_type)
            ids = database.elements.ids[group.positions[rows]]
            if how.refused is not None:
                if not accepted:
                    _refuse(database, group.kind, cell_type, how, ids)
                notes.append(_accepted(group.kind, cell_type, how, len(ids)))
                how = replace(how, formulation="standard")
            cells.append(SolverCells(how.element, ids, nodes, how.formulation))
    node_sets = _existing(database.node_components, database.node_ids, "nodes", notes)
    cell_sets = _existing(database.element_components, database.elements.ids, "elements", notes)
    ids, points, midpoints_all = _with_invented(database, invented, midpoints)
    return SolverMesh(database.file, ids, points, tuple(cells), dict(others), node_sets,
                      {**cell_sets, **_materials(database)}, notes=tuple(_merged(notes)), midpoints=midpoints_all)


def material_tag(number: int) -> str:
    """The cell set of a material number."""
    return f"material_{number}"


def typed_cells(database: Database) -> Typed:
    """Cells of each type and true shape; what is no solid, counted by the name of its type.

    Raises
    ------
    FileFormatError : an element of no type, or without a corner.
    """
    others: Counter[str] = Counter()
    return list(_typed_cells(database, others)), others


def _typed_cells(database: Database, others: Counter[str]) -> Iterator[TypedCells]:
    elements = database.elements
    for number in distinct(elements.types).tolist():
        positions = np.flatnonzero(elements.types == number)
        kind = database.types.get(number)
        if kind is None:
            raise FileFormatError("an element has a type that is not defined", file=database.file,
                                  place=f"element {elements.ids[positions[0]]}", found=f"type {number}",
                                  expected=f"one of {listed(database.types)}")
        shape = shape_of(kind)
        if shape is None:
            others[type_name(kind)] += len(positions)
            continue
        nodes = elements.rows(positions, element(shape).n_node)
        n_corner = element(shape).n_corner
        if (nodes[:, :n_corner] == 0).any():
            bare = np.flatnonzero((nodes[:, :n_corner] == 0).any(axis=1))
            raise FileFormatError("a solid element lacks a corner", file=database.file, found="node 0",
                                  place=f"element {elements.ids[positions[bare[0]]]} ({type_name(kind)})",
                                  expected=plural(n_corner, "node"))
        _refuse_more(database, kind, shape, positions)
        yield from _true_cells(database, kind, shape, positions, nodes)


def _refuse_more(database: Database, kind: ElementType, shape: str, positions: np.ndarray) -> None:
    """Nodes beyond those of the shape: the element is of another type than the file says."""
    elements, n_node = database.elements, element(shape).n_node
    longest = int(elements.counts[positions].max(initial=0))
    if longest <= n_node:
        return
    more = np.flatnonzero(elements.rows(positions, longest)[:, n_node:].any(axis=1))
    if len(more):
        raise FileFormatError("an element has more nodes than its type", file=database.file,
                              place=f"element {elements.ids[positions[more[0]]]} ({type_name(kind)})",
                              expected=plural(n_node, "node"),
                              found=plural(int(elements.counts[positions[more[0]]]), "node"))


def _true_cells(
    database: Database, kind: ElementType, shape: str, positions: np.ndarray, nodes: np.ndarray
) -> Iterator[TypedCells]:
    """Bricks with repeated nodes by the shape that they have."""
    n_corner = element(shape).n_corner
    if shape not in ("hex8", "hex20") or not any_repeated(nodes, n_corner):
        yield TypedCells(kind, shape, positions, nodes, np.broadcast_to(np.arange(n_corner), (len(nodes), n_corner)))
        return
    for cell_type, (rows, own) in true_shapes(shape, nodes, database.elements.ids[positions], database.file).items():
        mine = own[:, :element(cell_type).n_corner]
        corners = np.argmax(nodes[rows][:, None, :n_corner] == mine[:, :, None], axis=2)
        yield TypedCells(kind, cell_type, positions[rows], own, corners)


def _full(cell_type: str) -> SolidElement:
    return SolidElement(cell_type, element(cell_type).default_rule)


def _refuse(database: Database, kind: ElementType, cell_type: str, how: Formulation, ids: np.ndarray) -> None:
    raise UnsupportedError(
        f"{type_name(kind)} has a formulation that romlib does not reproduce", file=database.file,
        place=f"element type {kind.number}, {shortlist('element', ids[:11])} ({cell_type})", found=_found(kind, how),
        expected="a formulation that recomputes the solver's forces from its displacements",
        remedy=f"{how.remedy}; or the option formulation = \"standard\", to take displacement elements in its place "
               "(romlib check then says how far off they are)")


def _found(kind: ElementType, how: Formulation) -> str:
    options = ", ".join(f"KEYOPT({key}) = {value}" for key, value in sorted(kind.keyopts.items())) or "all KEYOPT zero"
    return f"{how.refused} ({options})"


def _accepted(kind: ElementType, cell_type: str, how: Formulation, n: int) -> Omission:
    return Omission(name=f"formulation_{type_name(kind)}_{cell_type}", does_work=True, description=(
        f"{plural(n, f'{cell_type} cell')} of {type_name(kind)} with {_found(kind, how)} taken as displacement "
        "elements, as the option formulation asks: forces and stress differ from the solver's"))


def _existing(
    components: Mapping[str, np.ndarray], ids: np.ndarray, what: str, notes: list[Omission]
) -> dict[str, np.ndarray]:
    """Components without what the file does not have: a part of a model keeps the components of the whole one."""
    found = {name: own[np.isin(own, ids)] for name, own in components.items()}
    lost = {name: len(own) - len(found[name]) for name, own in components.items() if len(own) > len(found[name])}
    if lost:
        notes.append(Omission(name=f"{what}_of_components", does_work=False, description=(
            f"components name {what} that the file does not have: "
            + listed(f"{name} ({plural(n, what[:-1])})" for name, n in lost.items()))))
    return found


def _materials(database: Database) -> dict[str, np.ndarray]:
    """Elements of each material number."""
    elements, numbers = database.elements, distinct(database.elements.materials).tolist()
    if len(numbers) == 1:
        return {material_tag(numbers[0]): elements.ids}
    return {material_tag(number): elements.ids[elements.materials == number] for number in numbers}


def _with_invented(database: Database, points: list[np.ndarray], midpoints: list[np.ndarray]) -> tuple:
    if not midpoints:
        return database.node_ids, database.points, np.empty((0, 3), np.int64)
    new = np.concatenate(midpoints)
    return (np.concatenate([database.node_ids, new[:, 0]]), np.concatenate([database.points, *points]), new)


def _merged(notes: list[Omission]) -> list[Omission]:
    """Omissions, those of one name as one."""
    found: dict[str, Omission] = {}
    for note in notes:
        old = found.get(note.name)
        found[note.name] = note if old is None else old.model_copy(
            update={"description": f"{old.description}; {note.description}"})
    return list(found.values())
