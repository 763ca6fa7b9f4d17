"""The content of a model on its mesh: a row of numbers for each part of it, which add up over the pieces.

A row has the projections, the count, the sum of squares, and sums of which each kind of part uses some. Volume
forces are taken per cell and for unit density: nothing is integrated, and a density counts once, as a material's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np

from romlib.errors import InputError
from romlib.identity.sketch import N_SKETCH, cell_keys, element_keys, node_keys, project
from romlib.loads.constraints import constrained_dofs, prescribed_displacement
from romlib.loads.forces import boundary_force, node_share, presence
from romlib.loads.nodal import nodal_scalar
from romlib.mesh.kinematics import KINEMATICS, PLANE_STRAIN, SOLID, padded
from romlib.mesh.material_axes import axes_in_cells
from romlib.mesh.mesh import Mesh
from romlib.mesh.quadrature import RULES
from romlib.mesh.tags import cells_of
from romlib.model import BodyForce, Centrifugal, Load, Material, Model, NodalForce, Temperature
from romlib.model.identity import Identity, Part
from romlib.model.library import LIBRARY

# In the order of the numbers in files: new ones come last.
CELL_TYPES = ("tet4", "tet10", "hex8", "hex20", "wedge6", "wedge15", "hex27", "pyramid5", "pyramid13",
              "tri3", "tri6", "quad4", "quad8", "quad9")
_PLANE = tuple(name for name in KINEMATICS if name != SOLID)
_N_SUM = len(CELL_TYPES) + len(RULES) + len(_PLANE) + 1  # at least nine, for a rotation
_WIDTH = N_SKETCH + 2 + _N_SUM
# Parameters of a law that say how it is called, not what it computes.
_NOT_CONTENT = ("name", "guarded", "proof")
Row = Callable[["_Piece"], np.ndarray]


class _Piece:
    """A piece, its keys, and the part of each of its nodes that it counts."""

    def __init__(self, mesh: Mesh, multiplicity: np.ndarray) -> None:
        self.mesh, self.share = mesh, node_share(mesh, multiplicity)
        self.nodes, self.cells = node_keys(mesh), cell_keys(mesh)

    def on_nodes(self, values: np.ndarray, where: np.ndarray | None = None) -> np.ndarray:
        """A row of a nodal field (n_node, k), of which every piece that has the node has the whole value.

        where : (n,) positions of the nodes that it has values (n, k) at, where it is zero elsewhere.
        """
        nodes, share = (self.nodes, self.share) if where is None else (self.nodes[where], self.share[where])
        shared = values if (share == 1.0).all() else values * share[:, None]  # of a mesh in one piece no copy
        return _row(project(nodes, shared), share.sum(), (shared * values).sum(), shared.sum(axis=0))

    def on_cells(self, cells: np.ndarray, vector: Sequence[float] | np.ndarray) -> np.ndarray:
        """A row of a field that has this value (k,), or these (len(cells), k), in these cells."""
        vector = np.asarray(vector, dtype=float)
        values = vector if vector.ndim == 2 else np.tile(vector, (len(cells), 1))
        return _row(project(self.cells[cells], values), len(cells), (values**2).sum(), values.sum(axis=0))


def _row(sketch: np.ndarray, count: float, squares: float, sums: np.ndarray) -> np.ndarray:
    row = np.zeros(_WIDTH)
    row[:N_SKETCH], row[N_SKETCH], row[N_SKETCH + 1] = sketch, count, squares
    row[N_SKETCH + 2:N_SKETCH + 2 + len(sums)] = sums
    return row


def _rows_of(model: Model) -> dict[tuple[str, str], Row]:
    """What computes the row of each part, by section and name."""
    rows: dict[tuple[str, str], Row] = {
        ("nodes", ""): lambda piece: piece.on_nodes(padded(piece.mesh.points)),
        ("cells", ""): _cells_row,
        ("elements", ""): lambda piece: _row(
            project(element_keys(piece.mesh), np.ones(piece.mesh.n_cell)), piece.mesh.n_cell, 0.0, np.empty(0)),
        ("held", ""): lambda piece: _dofs_row(piece, model, [
            name for name, one in model.constraints.items() if not one.is_relation]),
        ("linear", ""): lambda piece: _dofs_row(piece, model, [
            name for name, one in model.constraints.items() if one.is_relation])}
    for name, material in model.materials.items():
        rows["materials", name] = lambda piece, material=material: piece.on_cells(  # type: ignore[misc]
            cells_of(piece.mesh, material.cells), [1.0])
        if material.orientation is not None:
            rows["orientations", name] = lambda piece, material=material: _axes_row(  # type: ignore[misc]
                piece, material)
    for name, constraint in model.constraints.items():
        rows["constraints", name] = lambda piece, name=name: _dofs_row(piece, model, [name])  # type: ignore[misc]
        if constraint.kind == "prescribed":
            rows["prescribed", name] = lambda piece, name=name: _prescribed_row(  # type: ignore[misc]
                piece, model, name)
    for name, load in model.loads.items():
        rows["loads", name] = lambda piece, name=name, load=load: _load_row(piece, name, load)  # type: ignore[misc]
    if model.initial_temperature is not None:
        rows["initial_temperature", ""] = lambda piece: piece.on_nodes(
            nodal_scalar(model.initial_temperature or 0.0, piece.mesh, "initial_temperature")[:, None])
    return rows


def _cells_row(piece: _Piece) -> np.ndarray:
    row = piece.on_cells(np.arange(piece.mesh.n_cell), [1.0])
    row[-_N_SUM:] = 0.0
    for block in piece.mesh.blocks:
        if block.cell_type in CELL_TYPES:
            row[N_SKETCH + 2 + CELL_TYPES.index(block.cell_type)] += block.n_cell
        if block.quadrature in RULES:
            row[N_SKETCH + 2 + len(CELL_TYPES) + list(RULES).index(block.quadrature)] += block.n_cell
    if piece.mesh.dimension == 2:
        row[-len(_PLANE) - 1 + _PLANE.index(piece.mesh.kinematics)] = piece.mesh.n_cell
        row[-1] = piece.mesh.n_cell * piece.mesh.thickness
    return row


def _axes_row(piece: _Piece, material: Material) -> np.ndarray:
    """How the axes at the centres of a material's cells differ from those of the coordinates."""
    cells = cells_of(piece.mesh, material.cells)
    assert material.orientation is not None
    axes = axes_in_cells(material.orientation, piece.mesh, cells)
    return piece.on_cells(cells, np.nan_to_num(axes - np.eye(3)).reshape(-1, 9))


def _dofs_row(piece: _Piece, model: Model, names: Sequence[str]) -> np.ndarray:
    """The degrees of freedom that these constraints have, each once."""
    dofs = [constrained_dofs(name, model.constraints[name], piece.mesh) for name in names]
    where = np.unique(np.concatenate([np.empty(0, np.int64), *(nodes for nodes, _ in dofs)]))
    held = np.zeros((len(where), 3))
    for nodes, axes in dofs:
        held[np.ix_(np.searchsorted(where, nodes), axes)] = 1.0
    row = piece.on_nodes(held, where)
    row[N_SKETCH] = row[N_SKETCH + 1]
    return row


def _prescribed_row(piece: _Piece, model: Model, name: str) -> np.ndarray:
    nodes, axes = constrained_dofs(name, model.constraints[name], piece.mesh)
    where = np.unique(nodes)
    values = np.zeros((len(where), 3))
    values[np.ix_(np.searchsorted(where, nodes), axes)] = prescribed_displacement(
        name, model.constraints[name], piece.mesh)
    return piece.on_nodes(values, where)


def _load_row(piece: _Piece, name: str, load: Load) -> np.ndarray:
    if isinstance(load, Temperature):
        return piece.on_nodes(nodal_scalar(load.field, piece.mesh, f"load {name!r}")[:, None])
    if isinstance(load, BodyForce):
        return piece.on_cells(cells_of(piece.mesh, load.cells), load.direction)
    if isinstance(load, Centrifugal):
        return piece.on_cells(cells_of(piece.mesh, load.cells), _rotation(load))
    force = boundary_force(load, piece.mesh, f"load {name!r}", piece.share)
    loaded = force.any(axis=1)
    numbers = float((piece.share * piece.mesh.node_ids)[loaded].sum()) if isinstance(load, NodalForce) else 0.0
    # A sum over pieces is the force on a node; the squares of parts are not, and the norm is taken from the sketch.
    return _row(project(piece.nodes, force), piece.share[loaded].sum(), 0.0,
                np.append(padded(force.sum(axis=0)), numbers))


def _rotation(load: Centrifugal) -> np.ndarray:
    """The force per mass is P x - P c with P = speed^2 (1 - a a^T): the nine numbers that it depends on."""
    length = float(np.linalg.norm(load.axis))
    if length == 0.0:
        raise InputError("the axis of a rotation has no direction", found=load.axis)
    axis = np.array(load.axis) / length
    matrix = load.speed**2 * (np.eye(3) - np.outer(axis, axis))
    return np.concatenate([matrix[np.triu_indices(3)], matrix @ np.array(load.center)])


def contribution(mesh: Mesh, model: Model, multiplicity: np.ndarray) -> np.ndarray:
    """What a piece adds to the rows of a model, (n_part, width); NaN for a part that the mesh does not have.

    multiplicity : (n_shared,), in how many pieces each shared node is: the sum of `presence` over the pieces.
    """
    piece = _Piece(mesh, multiplicity)
    rows = []
    for compute in _rows_of(model).values():
        try:
            rows.append(compute(piece))
        except InputError:  # a tag or array that only a study will add
            rows.append(np.full(_WIDTH, np.nan))
    return np.array(rows)


def identity_from(
    model: Model, total: np.ndarray, *, sources: Mapping[str, str] | None = None, units: str | None = None,
    tolerance: float = 0.0,
) -> Identity:
    """The identity of a model from the sum of the contributions of all pieces.

    Parameters
    ----------
    sources : file and line of materials, constraints and loads, by "section.name". units : "" for not stated; by
    default the model's. tolerance : see `Identity`.
    """
    found: dict[str, dict[str, Part]] = {}
    for ((section, name), _), row in zip(_rows_of(model).items(), total):
        source = (sources or {}).get(f"{section}.{name}" if name else section, "")
        found.setdefault(section, {})[name] = _part(section, name, model, row, source)
    cells = found["cells"][""]
    cells = cells.model_copy(update={"content": {**cells.content, "elements": list(found["elements"][""].sketch)}})
    return Identity(
        units=str(model.units) if units is None else units, initial_time=model.initial_time, tolerance=tolerance,
        nodes=found["nodes"][""], cells=cells, held=found["held"][""], linear=found["linear"][""],
        initial_temperature=found.get("initial_temperature", {}).get(""), materials=found.get("materials", {}),
        orientations=found.get("orientations", {}),
        constraints=found.get("constraints", {}), prescribed=found.get("prescribed", {}), loads=found.get("loads", {}))


def identity_of(
    pieces: Sequence[Mesh], model: Model, *, sources: Mapping[str, str] | None = None, units: str | None = None,
    tolerance: float = 0.0,
) -> Identity:
    """The identity of a model on a mesh in pieces, run through twice, one at a time; see `identity_from`.

    pieces : with `shared_index` filled where there are several.
    """
    multiplicity = np.zeros(0)
    for mesh in pieces:
        last = -1 if mesh.shared_index is None else int(mesh.shared_index.max(initial=-1))
        n_shared = max(len(multiplicity), last + 1)
        multiplicity = np.pad(multiplicity, (0, n_shared - len(multiplicity))) + presence(mesh, n_shared)
    total = sum(contribution(mesh, model, multiplicity) for mesh in pieces)
    return identity_from(model, np.asarray(total), sources=sources, units=units, tolerance=tolerance)


def _part(section: str, name: str, model: Model, row: np.ndarray, source: str) -> Part:
    kind, content = section, {}
    if section == "materials":
        kind, content = "material", material_content(model.materials[name])
    elif section == "orientations":
        kind, content = "axes", _plain(model.materials[name].orientation.model_dump(  # type: ignore[union-attr]
            mode="json", exclude_none=True, exclude_defaults=True))
    elif section in ("constraints", "prescribed"):
        constraint = model.constraints[name]
        kind = "linear" if constraint.is_relation else constraint.kind
        content = {"relations": constraint.relation} if constraint.relation else {}
    elif section == "loads":
        load = model.loads[name]
        kind = load.kind if not isinstance(load, BodyForce) else f"{load.kind} per {load.per}"
        if isinstance(load, Centrifugal):
            content = {"center": list(load.center), "axis": list(load.axis), "speed": load.speed}
    if not np.isfinite(row).all():
        return Part(kind=kind, source=source, content=content, unknown=True)
    sketch, count, squares, sums = row[:N_SKETCH], row[N_SKETCH], row[N_SKETCH + 1], row[N_SKETCH + 2:]
    norm = float(np.sqrt(squares)) if squares else float(np.sqrt(np.mean(sketch**2)))
    value: np.ndarray = np.empty(0)
    if section == "nodes" and count:
        value = sums[:3] / count
        norm = float(np.sqrt(max(squares - count * float(value @ value), 0.0)))
    elif section == "cells":
        value = sums[:len(CELL_TYPES)]
        content = {"rules": {name: float(count) for name, count in zip(RULES, sums[len(CELL_TYPES):]) if count}}
        plane = [name for name, n in zip(_PLANE, sums[-len(_PLANE) - 1:]) if n]
        if plane:
            content["kinematics"] = ", ".join(plane)
        if plane == [PLANE_STRAIN]:
            content["thickness"] = _short(float(sums[-1]) / max(float(count), 1.0))
    elif section == "initial_temperature" or kind == "temperature":
        value = sums[:1] / max(count, 1.0)
    elif kind.startswith("body_force"):
        value = sums[:3] / max(count, 1.0)
    elif section == "loads" and kind != "centrifugal":
        value = sums[:3]
        if kind == "nodal_force" and round(float(count), 6) == 1:
            content = {"node": round(float(sums[3])), "force": [_short(one) for one in value]}
    elif section == "prescribed":
        value = sums[:3] / max(count, 1.0)
    return Part(kind=kind, source=source, content=content, norm=_short(norm), count=round(float(count), 6),
                value=tuple(_short(one) for one in value), sketch=tuple(_short(one) for one in sketch) if norm else ())


def _short(number: float) -> float:
    """Twelve digits: more are rounding, and people read case files."""
    return float(f"{number:.12g}")


def material_content(material: Material) -> dict[str, Any]:
    """Law and parameters as plain numbers, texts and lists, without what changes no result.

    A reference temperature does nothing to a constant coefficient of expansion. A library counts by its file name, and
    by its SHA-256 where that is known.
    """
    parameters = {name: value for name, value in material.parameters.items() if name not in _NOT_CONTENT}
    if isinstance(parameters.get(LIBRARY), str):
        parameters[LIBRARY] = PurePath(parameters[LIBRARY]).name
    content: dict[str, Any] = {"law": material.law, **_plain(parameters)}
    if material.density is not None:
        content["density"] = _plain(material.density)
    expansion = material.thermal_expansion
    if expansion is not None:
        described = expansion.model_dump(mode="json", exclude_none=True)
        if all(isinstance(one, (int, float, str)) for one in expansion.coefficients):
            del described["reference_temperature"]
        content["thermal_expansion"] = _plain(described)
    return content


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(entry) for name, entry in value.items() if entry is not None}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(entry) for entry in value]
    if isinstance(value, (bool, str)) or value is None:
        return value
    if isinstance(value, (int, float, np.integer, np.floating)):
        return float(value)
    return _plain(value.model_dump(mode="json")) if hasattr(value, "model_dump") else str(value)
