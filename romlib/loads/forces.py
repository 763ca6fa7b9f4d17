"""Nodal forces of the mechanical loads: the pattern of each load at amplitude one, by the virtual work it does.

The patterns are a piece's part: faces and cells belong to one piece, so that the sum over the pieces of a mesh is the
force on the whole. The nodal force is the exception, because a node can be in several pieces: see `node_share`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from romlib.errors import InputError, UnsupportedError
from romlib.loads.plane import in_plane, refuse_other_rotations
from romlib.loads.scatter import scatter
from romlib.loads.surface import surface_force
from romlib.mesh.elements import element
from romlib.mesh.kinematics import padded
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.mesh.quadrature import rule
from romlib.mesh.tags import cells_of
from romlib.model import (
    ArrayReference,
    BodyForce,
    Centrifugal,
    Load,
    Material,
    Model,
    NodalForce,
    Pressure,
    Temperature,
    Traction,
)
from romlib.words import closest, plural

FORCES = (Traction, Pressure, NodalForce, BodyForce, Centrifugal)


def force_names(model: Model) -> list[str]:
    """Names of the loads that are forces (all but the temperatures), in the model's order."""
    return [name for name, load in model.loads.items() if isinstance(load, FORCES)]


class ForceTerm(NamedTuple):
    """A part of a force that one factor multiplies: what does not depend on densities that are formulas (material ""),
    or what the mass of one such material does, at density one.
    """

    load: str
    material: str = ""

    @property
    def label(self) -> str:
        """Its name among the parts of all forces."""
        return f"{self.load} (density of {self.material})" if self.material else self.load


def force_terms(model: Model) -> list[ForceTerm]:
    """The parts of all forces: those of `force_names`, then those of materials whose density is a formula."""
    names = force_names(model)
    heavy = [name for name, material in model.materials.items() if isinstance(material.density, str)]
    massive = [name for name in names if isinstance(load := model.loads[name], Centrifugal)
               or (isinstance(load, BodyForce) and load.per == "mass")]
    return [*map(ForceTerm, names), *(ForceTerm(load, material) for load in massive for material in heavy)]


def term_materials(term: ForceTerm, materials: Mapping[str, Material]) -> dict[str, Material]:
    """The materials with the densities that give this part of a force."""
    def density(name: str, stated: float | str | None) -> float | None:
        if term.material:
            return float(name == term.material)
        return 0.0 if isinstance(stated, str) else stated

    return {name: material.model_copy(update={"density": density(name, material.density)})
            for name, material in materials.items()}


def term_factors(terms: Sequence[ForceTerm], materials: Mapping[str, Material]) -> list[float]:
    """What multiplies each part, besides the amplitude; materials : with numbers."""
    return [float(materials[term.material].density or 0.0) if term.material else 1.0 for term in terms]


def force_factor(load: Load, amplitude: np.ndarray) -> np.ndarray:
    """What multiplies the pattern: the amplitude (n,), squared for a rotation, whose amplitude is that of the speed."""
    amplitude = np.asarray(amplitude, dtype=float)
    return amplitude**2 if isinstance(load, Centrifugal) else amplitude


def unit_force(
    load: Load,
    mesh: Mesh,
    materials: Mapping[str, Material],
    operator: StrainOperator,
    *,
    name: str | None = None,
    node_share: np.ndarray | None = None,
) -> np.ndarray:
    """Nodal forces of a load at amplitude one: this piece's part.

    Parameters
    ----------
    load : any mechanical load.
    mesh, operator : a piece and its operator. Volume loads are integrated by the solver's own rule, face loads by a
        rule that is exact on flat faces.
    materials : for the density, where the load needs one.
    name : the load's name in the model, for messages.
    node_share : (n_node,), from `node_share`; needed by a nodal force whose nodes are shared by pieces.

    Returns
    -------
    (n_node, dimension), force: in plane strain of the body's thickness, of an axisymmetric body of the circumference.

    Raises
    ------
    InputError : a tag or array that the mesh lacks, a missing density, shared nodes without `node_share`.
    UnsupportedError : a temperature, which is no force; a load that does not keep the body plane or axisymmetric.
    """
    place = f"load {name!r}" if name else f"a load of kind {load.kind!r}"
    if isinstance(load, (Traction, Pressure, NodalForce)):
        return boundary_force(load, mesh, place, node_share)
    if isinstance(load, BodyForce):
        return _body_force(load, mesh, materials, operator, place)
    if isinstance(load, Centrifugal):
        return _centrifugal(load, mesh, materials, operator, place)
    if isinstance(load, Temperature):
        raise UnsupportedError("a temperature is no force: it acts through the thermal strain", place=place)
    raise UnsupportedError(f"a load of kind {load.kind!r} is not known", place=place)


def boundary_force(
    load: Traction | Pressure | NodalForce, mesh: Mesh, place: str, node_share: np.ndarray | None = None
) -> np.ndarray:
    """Nodal forces (n_node, k) of a load on faces or nodes, which needs no integration over cells; see `unit_force`."""
    if isinstance(load, NodalForce):
        return _nodal_force(load, mesh, node_share, place)
    return surface_force(load, mesh, place)


def node_share(mesh: Mesh, pieces_of_shared_node: np.ndarray) -> np.ndarray:
    """The part of each node that this piece counts, so that sums over pieces count every node once.

    Parameters
    ----------
    mesh : a piece.
    pieces_of_shared_node : (n_shared,), in how many pieces each shared node is: the sum over all pieces of
        `presence(mesh, n_shared)`.

    Returns
    -------
    (n_node,): one inside the piece, one over the number of pieces at a shared node.
    """
    share = np.ones(mesh.n_node)
    if mesh.shared_index is not None:
        shared = mesh.shared_index >= 0
        share[shared] = 1.0 / pieces_of_shared_node[mesh.shared_index[shared]]
    return share


def presence(mesh: Mesh, n_shared: int) -> np.ndarray:
    """One at each shared node that this piece has, else zero: (n_shared,)."""
    present = np.zeros(n_shared)
    if mesh.shared_index is not None:
        present[mesh.shared_index[mesh.shared_index >= 0]] = 1.0
    return present


def cell_density(load_cells: np.ndarray, mesh: Mesh, materials: Mapping[str, Material], place: str) -> np.ndarray:
    """Density of each cell (n_cell,), zero outside `load_cells`; a cell of the load without one is an InputError."""
    density = np.full(mesh.n_cell, np.nan)
    owner = np.full(mesh.n_cell, -1)
    names = list(materials)
    for number, material in enumerate(materials.values()):
        cells = cells_of(mesh, material.cells)
        owner[cells] = number
        density[cells] = np.nan if material.density is None else material.density
    missing = load_cells[np.isnan(density[load_cells])]
    if missing.size:
        cell, number = int(mesh.cell_ids[missing[0]]), owner[missing[0]]
        if number < 0:
            raise InputError(
                "cells of this load have no material",
                place=f"{place}, {plural(missing.size, 'cell')}, the first is {cell}",
                expected="a material with a density", found=f"materials {', '.join(names) or 'none'}")
        raise InputError(
            f"the material {names[number]!r} has no density", place=f"{place}, cell {cell}", expected="a density",
            found="none", remedy=f"give materials.{names[number]}.density")
    result = np.zeros(mesh.n_cell)
    result[load_cells] = density[load_cells]
    return result


def _nodal_force(load: NodalForce, mesh: Mesh, share: np.ndarray | None, place: str) -> np.ndarray:
    if load.nodes not in mesh.node_tags:
        raise InputError(
            f"the node tag {load.nodes!r} does not exist", place=place, expected="a node tag of the mesh",
            found=f"node tags {', '.join(mesh.node_tags) or 'none'}",
            remedy=closest(load.nodes, list(mesh.node_tags), "correct the tag, or define it in the study"))
    nodes = mesh.node_tags[load.nodes]
    if share is None:
        if mesh.shared_index is not None and (mesh.shared_index[nodes] >= 0).any():
            raise InputError(
                "nodes of this load are shared by pieces: who counts them is not known", place=place,
                expected="the argument node_share", found="None",
                remedy="compute it with romlib.loads.forces.node_share")
        share = np.ones(mesh.n_node)
    force = np.zeros((mesh.n_node, mesh.dimension))
    directions = _directions(load, mesh, place)[nodes]
    bad = np.flatnonzero(~np.isfinite(directions).all(axis=1))
    if len(bad):
        raise InputError("a load has a value that is not finite", place=f"{place}, node {mesh.node_ids[nodes[bad[0]]]}",
                         found=directions[bad[0]].tolist(), remedy="load nodes at which the array has values")
    force[nodes] = share[nodes, None] * directions
    return force


def _directions(load: NodalForce, mesh: Mesh, place: str) -> np.ndarray:
    """The force at amplitude one on each node, (n_node, dimension)."""
    if not isinstance(load.direction, ArrayReference):
        return np.broadcast_to(in_plane(load.direction, mesh, f"{place}, direction"), (mesh.n_node, mesh.dimension))
    array = mesh.node_arrays.get(load.direction.array)
    if array is None or array.shape not in ((mesh.n_node, mesh.dimension), (mesh.n_node, 3)):
        raise InputError(
            f"the node array {load.direction.array!r} does not exist or is no vector field", place=place,
            expected=f"a node array of shape ({mesh.n_node}, {mesh.dimension})",
            found=f"node arrays {', '.join(mesh.node_arrays) or 'none'}" if array is None else f"shape {array.shape}",
            remedy=closest(load.direction.array, list(mesh.node_arrays), "correct the name of the array"))
    return in_plane(array, mesh, f"{place}, node array {load.direction.array!r}")


def _body_force(
    load: BodyForce, mesh: Mesh, materials: Mapping[str, Material], operator: StrainOperator, place: str
) -> np.ndarray:
    cells, direction = cells_of(mesh, load.cells), in_plane(load.direction, mesh, f"{place}, direction")
    if load.per == "mass" and mesh.motion.axisymmetric and direction[0] != 0.0:
        raise UnsupportedError(
            "an acceleration across the axis is not axisymmetric", place=f"{place}, direction", found=load.direction,
            expected="zero along x, the radius", remedy="leave it out; a force that acts outwards everywhere is one "
            'per = "volume", or a rotation')
    if load.per == "mass":
        intensity = cell_density(cells, mesh, materials, place)
    else:
        intensity = np.zeros(mesh.n_cell)
        intensity[cells] = 1.0
    return volume_force(mesh, operator, intensity[operator.cell][:, None] * direction)


def _centrifugal(
    load: Centrifugal, mesh: Mesh, materials: Mapping[str, Material], operator: StrainOperator, place: str
) -> np.ndarray:
    length = float(np.linalg.norm(load.axis))
    if length == 0.0:
        raise InputError("the axis of a rotation has no direction", place=place, expected="a vector that is not zero",
                         found=load.axis)
    refuse_other_rotations(load, mesh, place)
    axis = np.array(load.axis) / length
    arm = padded(operator.coordinates) - np.array(load.center)
    arm -= np.outer(arm @ axis, axis)
    arm = arm[:, :mesh.dimension]
    density = cell_density(cells_of(mesh, load.cells), mesh, materials, place)
    return volume_force(mesh, operator, (density[operator.cell] * load.speed**2)[:, None] * arm)


def volume_force(mesh: Mesh, operator: StrainOperator, intensity: np.ndarray) -> np.ndarray:
    """Consistent nodal forces (n_node, k) of a force per unit volume at the integration points (n_ip, k).

    f_a = sum_q w_q N_a(xi_q) b(x_q), with the solver's rule of each cell block.
    """
    force = np.zeros((mesh.n_node, intensity.shape[1]))
    weighted = operator.weights[:, None] * intensity
    start = 0
    for block in mesh.blocks:
        shape = element(block.cell_type).shape(rule(block.quadrature).points)  # (n_q, n_a)
        stop = start + block.n_cell * len(shape)
        per_cell = shape.T @ weighted[start:stop].reshape(block.n_cell, len(shape), -1)  # (n_cell, n_a, k)
        scatter(force, block.connectivity, per_cell)
        start = stop
    return force
