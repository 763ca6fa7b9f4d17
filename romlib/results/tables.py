"""Fields as labelled arrays of xarray: with times, ids, coordinates, names of components, and units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from romlib.mesh.mesh import Mesh
from romlib.model import Model
from romlib.nodal.cells import materials_of_cells
from romlib.results.finder import PieceFinder
from romlib.results.optional import import_optional
from romlib.results.scalar import AXES, plain, vector_axes
from romlib.snapshots.schema import FieldSpec
from romlib.tensors import VTK_NAMES
from romlib.words import names_of

if TYPE_CHECKING:
    import xarray

    from romlib.results.access import FieldAccess, Steps

TENSOR = "plain tensor components (xx, yy, zz, xy, yz, xz); the shear of a strain is the tensor's, half of gamma"


def dataset_of(
    access: FieldAccess, fields: str | Sequence[str] | None, steps: Steps, piece: int | None
) -> xarray.Dataset:
    """Fields as an xarray.Dataset: `data["stress"].sel(component="xx")`.

    Dimensions: "time"; "node" for fields at nodes, "point" for those at integration points; "direction" (x, y, z) for
    vectors, "component" (xx, yy, zz, xy, yz, xz) for symmetric tensors. Their components are plain ones, not
    Kelvin-Mandel. Coordinates: time; node_id, x, y, z of nodes; cell_id, number (of the point in its cell), point_x,
    point_y, point_z, and material ("" where none has the cell) of points. Attribute "units" where it is known.

    Parameters
    ----------
    fields : names; by default all that `fields` lists. steps, piece : as for `FieldAccess.field`.

    Raises
    ------
    InputError : xarray is not installed; no such field, step or piece; it does not fit into memory.
    """
    xarray = import_optional("xarray", "data")
    names, known, units = names_of(access.fields if fields is None else fields), access.fields, access.units
    rows = access.rows(steps)
    places = {access.source.spec(name).place for name in names}
    with access.source.opened():
        mesh = access.mesh if piece is None else access.source.mesh(access.checked_piece(piece))
        variables = {name: _variable(access.field(name, rows, piece), name, known[name], units.of(name))
                     for name in names}
    coordinates: dict[str, Any] = {"time": ("time", access.source.times[rows], _unit(str(units.time)))}
    if "node" in places:
        coordinates |= _of_nodes(mesh, units.length)
    if "ip" in places:
        coordinates |= _of_points(mesh, units.length, access.source.model)
    if any(known[name].tensor for name in names):
        coordinates["component"] = "component", list(VTK_NAMES), {"description": TENSOR}
    axes = max((len(vector_axes(known[name])) for name in names), default=0)
    if axes:
        coordinates["direction"] = "direction", list(AXES[:axes])
    return xarray.Dataset(variables, coordinates, {"source": access.source.title, "unit_system": str(units)})


def _variable(values: np.ndarray, name: str, spec: FieldSpec, unit: str) -> tuple[Any, ...]:
    dims = ("time", "node" if spec.place == "node" else "point")
    attributes = _unit(unit)
    if spec.n_comp == 1:
        return dims, values[..., 0], attributes
    if spec.tensor:
        return (*dims, "component"), plain(values, spec), {**attributes, "components": TENSOR}
    return (*dims, "direction" if vector_axes(spec) else f"{name}_component"), values, attributes


def _of_nodes(mesh: Mesh, length: str) -> Mapping[str, Any]:
    return {"node_id": ("node", mesh.node_ids),
            **{axis: ("node", along, _unit(length)) for axis, along in zip(AXES, mesh.coordinates.T)}}


def _of_points(mesh: Mesh, length: str, model: Model) -> Mapping[str, Any]:
    finder = PieceFinder(mesh, 0)
    cell_ids, numbers = finder.names
    names = np.array([*model.materials, ""])  # -1, the last one: without material
    of_cells = names[materials_of_cells(mesh, [one.cells for one in model.materials.values()])]
    return {"cell_id": ("point", cell_ids), "number": ("point", numbers),
            "material": ("point", np.repeat(of_cells, mesh.points_of_cells)),
            **{f"point_{axis}": ("point", along, _unit(length))
               for axis, along in zip(AXES, finder.ip_coordinates.T)}}


def _unit(unit: str) -> dict[str, str]:
    return {"units": unit} if unit else {}
