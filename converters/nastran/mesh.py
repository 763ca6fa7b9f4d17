"""The solid mesh of bulk data, in the basic system, with what of its formulation romlib does not reproduce."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from romlib_converters.common.axes import axes_arrays
from romlib_converters.common.midsides import complete_midsides
from romlib_converters.common.solver_mesh import SolverCells, SolverMesh
from romlib_converters.nastran.axes import CellAxes, cell_axes
from romlib_converters.nastran.bulk import Bulk, SolidProperty, Solids
from romlib_converters.nastran.elements import CORNERS, TYPES, Integration, rule_of, solid
from romlib_converters.nastran.systems import Systems

from romlib.errors import FileFormatError, UnsupportedError
from romlib.model import Omission
from romlib.words import listed, plural

_FLUID = ("PFLUID", "FFLUID", "PFLU", "FFLU", "PORO", "PSLDSHL", "PSLD")


@dataclass(frozen=True, eq=False)
class BasicMesh:
    """The mesh, and the frames of displacement. frames : (n_node, 3, 3) of grid points, None where all are basic.

    axes : of the solids' materials, None where all are basic.
    """

    mesh: SolverMesh
    frames: np.ndarray | None
    axes: CellAxes | None = None


def build_mesh(bulk: Bulk, notes: tuple[Omission, ...] = ()) -> BasicMesh:
    """The mesh of the solids.

    Raises
    ------
    UnsupportedError : no solids, or fluid ones. FileFormatError : a coordinate system or a node that is not defined.
    """
    if not any(len(one.ids) for one in bulk.solids.values()):
        raise UnsupportedError("the model has no solid elements", file=bulk.file, expected=listed(list(CORNERS)),
                               found=", ".join(f"{count} {name}" for name, count in bulk.others.items()) or "none")
    grids = bulk.grids
    sorted_already = bool((grids.ids[1:] > grids.ids[:-1]).all())
    order = slice(None) if sorted_already else np.argsort(grids.ids, kind="stable")
    systems = Systems(bulk.systems, grids.ids[order], grids.cp[order], grids.given[order], bulk.file)
    points = systems.positions(grids.cp, grids.given) if grids.cp.any() else grids.given
    frames = systems.frames(grids.cd, points) if grids.cd.any() else None
    cells, midpoints, extra, omissions = _cells(bulk, points)
    node_ids = grids.ids
    if len(midpoints):
        points, node_ids = np.concatenate([points, extra]), np.concatenate([node_ids, midpoints[:, 0]])
    axes = cell_axes(bulk, systems, grids.ids[order], points[order])
    mesh = SolverMesh(
        bulk.file, node_ids, points, cells, bulk.others, bulk.node_sets,
        bulk.cell_sets, notes=(*notes, *omissions), midpoints=midpoints,
        cell_arrays={} if axes is None else axes_arrays(axes.ids, axes.frames))
    return BasicMesh(mesh, frames, axes)


def _cells(bulk: Bulk, points: np.ndarray) -> tuple[tuple[SolverCells, ...], np.ndarray, np.ndarray, list[Omission]]:
    """Cells, invented nodes (n, 3) as `SolverMesh.midpoints` has them, their points, and notes."""
    cells: list[SolverCells] = []
    midpoints, extra = [np.empty((0, 3), np.int64)], [np.empty((0, 3))]
    notes: list[Omission] = []
    instead: dict[tuple[str, str, str], int] = {}
    first_id = int(bulk.grids.ids.max()) + 1
    for name, one in bulk.solids.items():
        _refuse_fluids(bulk, name, one.used)
        for chosen, mine in _by_integration(bulk, one):
            for cell_type, rows, nodes, new, at in _complete(bulk, name, one.nodes[mine], points, first_id, notes):
                rule, formulation = rule_of(cell_type, chosen)
                if formulation is not None:
                    key = (name, cell_type, formulation)
                    instead[key] = instead.get(key, 0) + len(nodes)
                cells.append(SolverCells(solid(cell_type, rule), one.ids[mine][rows], nodes))
                midpoints.append(new)
                extra.append(at)
                first_id += len(new)
    notes += [_formulation(name, cell_type, what, count) for (name, cell_type, what), count in instead.items()]
    return (*_merged(cells, np.concatenate(midpoints), np.concatenate(extra)), notes)


def _merged(
    cells: list[SolverCells], midpoints: np.ndarray, extra: np.ndarray
) -> tuple[tuple[SolverCells, ...], np.ndarray, np.ndarray]:
    """One invented node an edge, where elements of several names have put one there."""
    _, first, number = np.unique(midpoints[:, 1:], axis=0, return_index=True, return_inverse=True)
    if len(first) == len(midpoints):
        return tuple(cells), midpoints, extra
    new = midpoints[first][number.ravel(), 0]
    return tuple(replace(one, nodes=_renamed(one.nodes, midpoints[:, 0], new)) for one in cells), midpoints[
        first], extra[first]


def _renamed(nodes: np.ndarray, old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Ids (n, k) with those of old (m,), which increase, as new (m,)."""
    at = np.searchsorted(old, nodes).clip(max=len(old) - 1)
    return np.where(old[at] == nodes, new[at], nodes)


def _by_integration(bulk: Bulk, solids: Solids) -> Iterator[tuple[Integration, np.ndarray | slice]]:
    """Rows of elements by the integration of their properties."""
    chosen = {number: bulk.properties.get(number, SolidProperty("PSOLID")).integration for number in solids.used}
    kinds = dict.fromkeys(chosen.values())
    for integration in kinds:
        numbers = [number for number, one in chosen.items() if one == integration]
        yield integration, slice(None) if len(kinds) == 1 else np.flatnonzero(np.isin(solids.properties, numbers))


def _complete(
    bulk: Bulk, name: str, nodes: np.ndarray, points: np.ndarray, first_id: int, notes: list[Omission]
) -> Iterator[tuple[str, np.ndarray | slice, np.ndarray, np.ndarray, np.ndarray]]:
    """Cell type, rows, nodes in Nastran's order, invented nodes and their points, of elements of one name."""
    linear, quadratic = TYPES[name]
    corners, nothing = CORNERS[name], (np.empty((0, 3), np.int64), np.empty((0, 3)))
    if nodes.shape[1] == corners:
        yield linear, slice(None), nodes, *nothing
        return
    bare = ~nodes[:, corners:].any(axis=1)
    if bare.any():
        yield linear, np.flatnonzero(bare), nodes[bare, :corners], *nothing
    full = nodes.all(axis=1)
    if full.any():
        yield quadratic, np.flatnonzero(full), nodes[full], *nothing
    partly = np.flatnonzero(~bare & ~full)
    if len(partly):
        order = np.array(solid(quadratic, rule_of(quadratic, Integration())[0]).nodes or range(nodes.shape[1]))
        vtk = nodes[partly][:, order].astype(np.int64)  # invented nodes may have longer numbers
        done = complete_midsides(quadratic, vtk, vtk == 0, bulk.grids.ids, points.astype(float), first_id)
        if done.note is not None:
            notes.append(done.note)
        back = np.argsort(order)
        for cell_type, (rows, found) in done.cells.items():
            yield cell_type, partly[rows], found[:, back], done.midpoints, done.points


def _refuse_fluids(bulk: Bulk, name: str, numbers: list[int]) -> None:
    for number in numbers:
        found = bulk.properties.get(number)
        if found is not None and found.function in _FLUID:
            raise UnsupportedError("solid elements of a fluid or of a porous medium", file=bulk.file,
                                   place=f"PSOLID {number} of {name}", expected="FCTN SMECH", found=found.function)
        if found is None and bulk.properties:
            raise FileFormatError("elements have a property that is not defined", file=bulk.file,
                                  place=name, found=f"property {number}")


def _formulation(name: str, cell_type: str, what: str, count: int) -> Omission:
    network = "TWO" if cell_type in ("hex8", "wedge6") else "THREE"
    return Omission(name=f"formulation_{name}_{cell_type}", does_work=True, description=(
        f"{plural(count, 'element')} {name} ({cell_type}) integrated by {what}, as PSOLID has it or leaves open: "
        "romlib has the standard element, whose forces differ; `romlib check` shows by how much. For elements that are "
        f"the same in both, compute with PSOLID, IN = {network}, ISOP = FULL, or with CTETRA"))
