"""Faces of cells found by their nodes: for formats whose surfaces are cells of their own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from romlib_converters.common.solver_mesh import SolverCells

from romlib.mesh.elements import element


def faces_of(cells: Sequence[SolverCells], corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The cell and the face that each surface is, by the ids of its corners; of a face of two cells, the first one's.

    Parameters
    ----------
    corners : (n, k) ids of nodes, in any order.

    Returns
    -------
    ids of cells (n,), and numbers of the faces in `Element.faces` (n,), -1 for what is no face of a cell.
    """
    wanted = np.unique(corners)
    keys, ids, numbers = [np.empty((0, corners.shape[1]), dtype=np.int64)], [np.empty(0, np.int64)], []
    for block in cells:
        order = block.element.nodes
        nodes = block.nodes if order is None else block.nodes[:, list(order)]
        known = np.isin(nodes, wanted)
        for number, (face_type, local) in enumerate(element(block.element.cell_type).faces):
            mine = list(local[:element(face_type).n_corner])
            if len(mine) != corners.shape[1]:
                continue
            rows = np.flatnonzero(known[:, mine].all(axis=1))
            keys.append(np.sort(nodes[rows][:, mine], axis=1))
            ids.append(block.ids[rows])
            numbers.append(np.full(len(rows), number))
    every, number = np.concatenate([*keys, np.sort(corners, axis=1)]), np.concatenate([np.empty(0, np.int64), *numbers])
    _, first, group = np.unique(every, axis=0, return_index=True, return_inverse=True)
    where = first[group.ravel()[len(number):]]  # of the rows alike, the first one: a cell's, if there is one
    found = where < len(number)
    cell, face = np.full(len(corners), -1), np.full(len(corners), -1)
    cell[found], face[found] = np.concatenate(ids)[where[found]], number[where[found]]
    return cell, face
