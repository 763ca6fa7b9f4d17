"""Mid-side nodes: those that a solver left out, those that a converter puts there, those that are not on their edges.

Where one mid-side node of a quadratic element is missing, solvers let that edge be straight and linear: the shape
function of the node is dropped, and half of it added to each corner's. That is the element with a node in the middle of
the edge that moves by the mean of the two corners; so it can be reproduced exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from romlib.errors import FileFormatError
from romlib.mesh.elements import element
from romlib.model import Omission
from romlib.words import listed, plural

LINEAR = {"tet10": "tet4", "hex20": "hex8", "wedge15": "wedge6", "pyramid13": "pyramid5", "hex27": "hex8",
          "tri6": "tri3", "quad8": "quad4"}
_CELLS_AT_ONCE = 20000
_FARTHEST = 0.4  # a mid-side node is farther from the middle than this part of the edge's length: it is another node


@dataclass(frozen=True, eq=False)
class Completed:
    """Cells whose missing mid-side nodes were dealt with.

    cells : rows (n,) of the cells given, and their nodes (n, n_node), by cell type: quadratic ones, and linear ones
    where all mid-side nodes were missing. midpoints : (n, 3), for each node invented its id and those of the corners of
    its edge, for `SolverMesh.midpoints`. points : (n, 3), of these nodes. note : what to say of it, None for nothing.
    """

    cells: dict[str, tuple[np.ndarray, np.ndarray]]
    midpoints: np.ndarray
    points: np.ndarray
    note: Omission | None


def complete_midsides(
    cell_type: str, nodes: np.ndarray, missing: np.ndarray, node_ids: np.ndarray, points: np.ndarray,
    first_id: int | None = None,
) -> Completed:
    """Put a node at the middle of each edge that lacks one; an edge of several cells gets one node.

    Parameters
    ----------
    cell_type : a quadratic one. nodes : (n, n_node), ids in VTK's order. missing : (n, n_node) bool, of mid-side nodes.
    node_ids, points : (n_node,), (n_node, 3), of the file. first_id : of the invented nodes; None: beyond all others.

    Raises
    ------
    FileFormatError : a corner is missing.
    """
    kind = element(cell_type)
    n = kind.n_corner
    edges = np.array(kind.edges)
    if missing[:, :n].any():
        raise FileFormatError("a cell lacks a corner", place=f"{cell_type} cell {int(missing[:, :n].any(1).argmax())}",
                              expected=plural(n, "corner node"))
    bare = missing[:, n:n + len(edges)].all(axis=1)
    cells = {}
    if bare.any():
        cells[LINEAR[cell_type]] = np.flatnonzero(bare), nodes[bare, :n]
    full = nodes[~bare].copy()
    at = missing[~bare, n:n + len(edges)]
    row, edge = np.nonzero(at)
    ends = np.sort(full[row[:, None], edges[edge]], axis=1)
    distinct, number = np.unique(ends, axis=0, return_inverse=True)
    start = int(node_ids.max(initial=0)) + 1 if first_id is None else first_id
    new = start + np.arange(len(distinct))
    full[row, n + edge] = new[number.ravel()]
    if len(full):
        cells[cell_type] = np.flatnonzero(~bare), full
    order = np.argsort(node_ids, kind="stable")
    where = order[np.searchsorted(node_ids, distinct, sorter=order).clip(max=max(len(order) - 1, 0))]
    note = _note(cell_type, int(bare.sum()), int(at.any(axis=1).sum()), len(distinct))
    return Completed(cells, np.column_stack([new, distinct]).astype(np.int64).reshape(-1, 3),
                     points[where].mean(axis=1).reshape(-1, points.shape[1]), note)


def invented(n_node: int, why: str) -> Omission:
    """What to say where a reader's own nodes are in the mesh: results at them are the reader's too."""
    return Omission(name="invented_midside_nodes", does_work=False, description=(
        f"{plural(n_node, 'mid-side node')} not of the solver: {why}"))


def check_midsides(kind: str, points: np.ndarray, connectivity: np.ndarray, cell_ids: np.ndarray, file: Path) -> None:
    """Files in another order of nodes have a mid-side node on the wrong edge.

    Parameters
    ----------
    kind : cell type. points : (n_node, 3). connectivity : (n_cell, n_node), positions in VTK's order.

    Raises
    ------
    FileFormatError : a mid-side node is too far from the middle of its edge; names the cell.
    """
    reference = element(kind)
    edges = np.array(reference.edges)
    if reference.n_node < reference.n_corner + len(edges):
        return
    count, first = 0, None
    for start in range(0, len(connectivity), _CELLS_AT_ONCE):
        some = connectivity[start:start + _CELLS_AT_ONCE]
        corners = points[some[:, edges]]  # (n_cell, n_edge, 2, 3)
        middle = points[some[:, reference.n_corner:reference.n_corner + len(edges)]]
        offset = np.linalg.norm(middle - corners.mean(axis=2), axis=2)
        wrong = offset > _FARTHEST * np.linalg.norm(corners[:, :, 1] - corners[:, :, 0], axis=2)
        if wrong.any():
            cell, edge = (int(k) for k in np.argwhere(wrong)[0])
            first, count = first or (start + cell, edge), count + int(wrong.any(axis=1).sum())
    if first is not None:
        cell, edge = first
        raise FileFormatError(
            "mid-side nodes are not on their edges: the nodes are in another order, or the cell is badly shaped",
            file=file, place=f"cell {cell_ids[cell]} ({kind})",
            expected=f"node {reference.n_corner + edge + 1} of the cell near the middle of nodes "
                     f"{listed(edges[edge] + 1)}, in VTK's order", found=f"{count} such cells")


def _note(cell_type: str, bare: int, partly: int, new: int) -> Omission | None:
    parts = []
    if bare:
        parts.append(f"{plural(bare, f'{cell_type} cell')} without any mid-side node taken as {LINEAR[cell_type]}")
    if partly:
        parts.append(f"{plural(partly, f'{cell_type} cell')} lacked mid-side nodes: {plural(new, 'node')} put at the "
                     "middle of the edges, with the mean of the displacements of both corners, which is what the "
                     "solver's element does")
    return Omission(name="midside_nodes", does_work=False, description="; ".join(parts)) if parts else None
