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
        _strains(block) < 3 * element(block.cell_type).n_node - 6 for block in meshes[p].blocks)).values())


def _strains(block: CellBlock) -> int:
    """Components of the strains at the points of a cell that are independent: what is a mean is one number."""
    n, shared = rule(block.quadrature).n_point, len(averaged_directions(block.formulation, element(block.cell_type)))
    return (6 - shared) * n + shared


def unseen_motion(
    linear: LinearSolver, solved: Mapping[int, SolvedPiece], motion_of: Callable[[np.ndarray], np.ndarray],
    numbering: Numbering,
) -> str:
    """In words, a motion without strain at any integration point; "" where none is found. Collective.

    It is what the factors of the tangent resist least, so that there has to be a direct solver.

    Parameters
    ----------
    motion_of : unknowns (n_owned, 3) -> displacement (n_local, 3), zero at constrained dofs.
    """
    weakest = linear.weakest()
    if weakest is None:
        return ""
    motion = motion_of(weakest)
    sizes = np.linalg.norm(motion, axis=1)
    node = int(np.argmax(sizes)) if len(sizes) else -1
    here = (float(sizes[node]), int(numbering.ids[node]), motion[node]) if node >= 0 else (0.0, 0, np.zeros(3))
    size, name, direction = max(numbering.comm.allgather(here), key=lambda one: (one[0], -one[1]))

    def strains(p: int) -> tuple[float, float, int]:
        operator = solved[p].operator
        strain = operator.strain(motion[numbering.positions[p]][None])
        return float(np.abs(strain).max(initial=0.0)), float(operator.weights.sum()), solved[p].mesh.n_cell

    strain, volume, n_cell = zip(*numbering.pieces.collect(strains).values())
    cell = (sum(volume) / max(sum(n_cell), 1)) ** (1 / 3)
    if not 0.0 < size < np.inf or max(strain) * cell > _UNSEEN * size:
        return ""
    direction = direction * np.sign(direction[np.argmax(np.abs(direction))]) / size
    direction = np.where(np.abs(direction) > 1e-6, direction, 0.0)
    return (f"the integration rule sees no strain in a motion (hourglass) that moves node {name} most, along "
            "({:.3g}, {:.3g}, {:.3g})".format(*direction))
