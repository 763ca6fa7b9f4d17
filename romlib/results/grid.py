"""The whole mesh with its fields at one time, as a grid of pyvista."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from romlib.errors import InputError
from romlib.mesh.elements import element
from romlib.mesh.kinematics import padded
from romlib.mesh.mesh import Mesh
from romlib.nodal.average import norm
from romlib.nodal.cells import cell_maxima, cell_means
from romlib.results.optional import import_optional
from romlib.results.scalar import plain
from romlib.tensors import von_mises
from romlib.words import names_of

if TYPE_CHECKING:
    from romlib.results.access import FieldAccess

STRESS, MISES = "stress", "von_mises"


def grid_of(access: FieldAccess, step: int, fields: str | Sequence[str] | None) -> Any:
    """The undeformed mesh with fields of a step as a pyvista.UnstructuredGrid, as ParaView shows a result file.

    Node data: "node_id", fields at nodes, and those at integration points taken there: extrapolated in each cell by its
    shape functions, averaged over the cells of a material (between materials the larger one). "von_mises" at nodes is
    that of the averaged stress, as solvers print it. Cell data: "cell_id", the mean over the points of the cell, and of
    scalars "NAME_max", the largest of them, which is the value that the law has computed. Tensors have the components
    xx, yy, zz, xy, yz, xz. Field data: "time".

    Parameters
    ----------
    step : negative: from the end. fields : names; by default all.

    Raises
    ------
    InputError : pyvista is not installed; no such field or step.
    """
    import_optional("pyvista", "plot")
    rows = access.rows(int(step) if isinstance(step, (int, np.integer)) else step)
    if len(rows) != 1:
        raise InputError("a grid has one step", place="step", expected="one number", found=f"{len(rows)} steps")
    source, names = access.source, names_of(access.fields if fields is None else fields)
    with source.opened():
        mesh = access.mesh
        grid = empty_grid(mesh)
        for name in names:
            spec = source.spec(name)
            values = access.field(name, rows)
            if spec.place == "node":
                grid.point_data[name] = _flat(_in_space(plain(values, spec)[0], mesh))
                continue
            grid.point_data[name] = _flat(plain(at_nodes(access, name, rows), spec)[0])
            grid.cell_data[name] = _flat(plain(cell_means(mesh, values), spec)[0])
            if spec.n_comp == 1:
                grid.cell_data[f"{name}_max"] = cell_maxima(mesh, values)[0, :, 0]
    grid.field_data["time"] = [float(source.times[rows[0]])]
    return grid


def at_nodes(access: FieldAccess, name: str, rows: np.ndarray) -> np.ndarray:
    """A field of the integration points at the nodes, (n_row, n_node, n_comp), Kelvin-Mandel: see `grid_of`."""
    source = access.source
    if source.spec(name).place == "node":
        return access.field(name, rows)
    if name == MISES and STRESS in access.fields:
        return von_mises(at_nodes(access, STRESS, rows))[..., None]
    averaging = source.places.averaging(source, [one.cells for one in source.model.materials.values()])
    return averaging.nodes(access.field(name, rows), von_mises if name == STRESS else norm)


def empty_grid(mesh: Mesh) -> Any:
    """The mesh as a pyvista.UnstructuredGrid, with the solver's ids."""
    import pyvista

    cells, types = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.uint8)]
    for block in mesh.blocks:
        nodes = block.connectivity
        cells.append(np.column_stack([np.full(len(nodes), nodes.shape[1]), nodes]).ravel())
        types.append(np.full(len(nodes), element(block.cell_type).vtk_type, dtype=np.uint8))
    grid = pyvista.UnstructuredGrid(np.concatenate(cells), np.concatenate(types), np.array(mesh.coordinates))
    grid.point_data["node_id"], grid.cell_data["cell_id"] = mesh.node_ids, mesh.cell_ids
    return grid


def _in_space(values: np.ndarray, mesh: Mesh) -> np.ndarray:
    """Vectors of a mesh of two dimensions with a third component, which filters of VTK expect."""
    return padded(values) if values.shape[-1] == mesh.dimension == 2 else values


def _flat(values: np.ndarray) -> np.ndarray:
    return values[:, 0] if values.shape[1] == 1 else values
