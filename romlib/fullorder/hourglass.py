"""Motions that an integration rule does not see (hourglass): no strain at any point, so that nothing holds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from romlib.fullorder.linear import LinearSolver
from romlib.fullorder.numbering import Numbering
from romlib.fullorder.piece import SolvedPiece
from romlib.mesh.elements import element
from romlib.mesh.mean_dilatation import averaged_directions
from romlib.mesh.mesh import CellBlock, Mesh
from romlib.mesh.quadrature import rule
from romlib.parallel.pieces import Pieces

_UNSEEN = 1e-10  # strain times the size of a cell, over the largest displacement: below, it is rounding


def has_reduced_rules(meshes: Mapping[int, Mesh], pieces: Pieces) -> bool:
    """Whether a cell has fewer strains at its points than it has motions that are not rigid. Collective."""
    return any(pieces.collect(lambda p: any(
        _strains(block, meshes[p]) < meshes[p].dimension * element(block.cell_type).n_node - len(meshes[p].motion.rigid)
        for block in meshes[p].blocks)).values())


def _strains(block: CellBlock, mesh: Mesh) -> int:
    """Components of the strains at the points of a cell that are independent: what is a mean is one number."""
    shared = len(averaged_directions(block.formulation, element(block.cell_type), mesh.motion.axisymmetric))
    return (mesh.motion.n_strain - shared) * rule(block.quadrature).n_point + shared


def unseen_motion(
    linear: LinearSolver, solved: Mapping[int, SolvedPiece], motion_of: Callable[[np.ndarray], np.ndarray],
    numbering: Numbering,
) -> str:
    """In words, a motion without strain at any integration point; "" where none is found. Collective.

    It is what the factors of the tangent resist least, so that there has to be a direct solver.

    Parameters
    ----------
    motion_of : unknowns (n_owned, d) -> displacement (n_local, d), zero at constrained dofs.
    """
    weakest = linear.weakest()
    if weakest is None:
        return ""
    motion = motion_of(weakest)
    sizes = np.linalg.norm(motion, axis=1)
    node = int(np.argmax(sizes)) if len(sizes) else -1
    here = (0.0, 0, np.zeros(numbering.dimension))
    if node >= 0:
        here = (float(sizes[node]), int(numbering.ids[node]), motion[node])
    size, name, direction = max(numbering.comm.allgather(here), key=lambda one: (one[0], -one[1]))

    def strains(p: int) -> tuple[float, float, int]:
        operator = solved[p].operator
        strain = operator.strain(motion[numbering.positions[p]][None])
        size = float((operator.weights / operator.extent).sum())
        return float(np.abs(strain).max(initial=0.0)), size, solved[p].mesh.n_cell

    strain, volume, n_cell = zip(*numbering.pieces.collect(strains).values())
    cell = (sum(volume) / max(sum(n_cell), 1)) ** (1 / numbering.dimension)
    if not 0.0 < size < np.inf or max(strain) * cell > _UNSEEN * size:
        return ""
    direction = direction * np.sign(direction[np.argmax(np.abs(direction))]) / size
    direction = np.where(np.abs(direction) > 1e-6, direction, 0.0)
    return (f"the integration rule sees no strain in a motion (hourglass) that moves node {name} most, along "
            f"({', '.join(f'{x:.3g}' for x in direction)})")
