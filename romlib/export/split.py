"""A mesh whose nodes between materials are there once for each material, so that a file has a value of each."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from romlib.mesh.mesh import Mesh
from romlib.nodal.average import Averaging


@dataclass(frozen=True, eq=False)
class Split:
    """mesh : with more nodes. node : (n_node of `mesh`,), the node of the whole mesh that each was.

    n_place : the first so many nodes are the places of the average; the others belong to no cell.
    """

    mesh: Mesh
    node: np.ndarray
    n_place: int

    def at_nodes(self, values: np.ndarray) -> np.ndarray:
        """Values (n_step, n, n_comp) at the nodes of the whole mesh, at those of `mesh`."""
        return values[:, self.node]

    def at_places(self, values: np.ndarray) -> np.ndarray:
        """Averages (n_step, n_place, n_comp) at the nodes of `mesh`; NaN at those without cells."""
        out = np.full((len(values), len(self.node), values.shape[2]), np.nan)
        out[:, :self.n_place] = values
        return out


def split_by_material(mesh: Mesh, averaging: Averaging, materials: np.ndarray) -> Split:
    """The whole mesh with a node for each place of the average, in its order; then the nodes without cells.

    Tags of nodes and faces are left out: they would not be clear. materials : (n_cell,), as the average has them.
    """
    lowest = int(materials.min(initial=0))
    n_material = int(materials.max(initial=0)) - lowest + 1
    keys = averaging.node * n_material + averaging.material - lowest
    blocks, first = [], 0
    for block in mesh.blocks:
        material = materials[first:first + block.n_cell, None] - lowest
        blocks.append(replace(block, connectivity=np.searchsorted(keys, block.connectivity * n_material + material)))
        first += block.n_cell
    alone = np.ones(mesh.n_node, dtype=bool)
    alone[averaging.node] = False
    node = np.concatenate([averaging.node, np.flatnonzero(alone)])
    return Split(replace(mesh, points=mesh.points[node], node_ids=mesh.node_ids[node], blocks=tuple(blocks),
                         node_tags={}, face_tags={}, node_arrays={}, shared_index=None), node, len(keys))
