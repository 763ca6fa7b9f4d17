"""Nodal averages over a mesh in pieces: what the pieces have at the nodes that they share is summed first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from romlib.mesh.mesh import Mesh
from romlib.nodal.average import Averaging, Size, Sums, norm, one_value
from romlib.nodal.cells import materials_of_cells

Read = Callable[[str, int, np.ndarray | None], np.ndarray]


class PieceValues(NamedTuple):
    """A field on a piece: values at the points (n_step, n_ip, n_comp) and at the nodes (n_step, n_node, n_comp)."""

    piece: int
    mesh: Mesh
    field: str
    at_points: np.ndarray
    at_nodes: np.ndarray


def averaged_pieces(
    meshes: Sequence[Mesh], tags: Sequence[str], fields: Mapping[str, Size], read: Read
) -> Iterator[PieceValues]:
    """Fields at some steps, averaged at the nodes: piece by piece, field by field.

    The values at an interface node are those of all cells around it, as if the mesh were whole; how it is cut changes
    rounding only. Held at a time: a piece, and the sums of all fields at the interface nodes. The pieces are run
    through twice, the first time at the cells of interface nodes only.

    Parameters
    ----------
    meshes : with `shared_index`; may be lazy. tags : the cells of each material (`materials_of_cells`).
    fields : by name, what is compared at nodes between materials, see `Averaging.nodes`.
    read : (field, piece, ips) -> (n_step, n, n_comp), ips increasing; None: all points of the piece.
    """
    shared, n_shared = {name: SharedSums(len(tags)) for name in fields}, 0
    if len(meshes) > 1:
        for piece, mesh in enumerate(meshes):
            n_shared = max(n_shared, int(shared_index_of(mesh).max(initial=-1)) + 1)
            _add_shared(piece, mesh, tags, shared, read)
    at_shared = {name: sums.nodes(n_shared, fields[name]) for name, sums in shared.items()}
    for piece, mesh in enumerate(meshes):
        averaging, index = Averaging(mesh, materials_of_cells(mesh, tags)), shared_index_of(mesh)
        inside = index >= 0
        for name, size in fields.items():
            values = read(name, piece, None)
            at_nodes, common = averaging.nodes(values, size), at_shared[name]
            if common is not None:
                at_nodes[:, inside] = common[:, index[inside]]
            yield PieceValues(piece, mesh, name, values, at_nodes)


def _add_shared(piece: int, mesh: Mesh, tags: Sequence[str], shared: Mapping[str, SharedSums], read: Read) -> None:
    index = shared_index_of(mesh)
    cells = cells_at(mesh, index >= 0)
    if not len(cells):
        return
    averaging = Averaging(mesh, materials_of_cells(mesh, tags), cells)
    for name, sums in shared.items():
        sums.add(averaging, index, averaging.sums(read(name, piece, averaging.ips)))


class SharedSums:
    """Sums of one field at the nodes that several pieces share, material by material, while pieces are added.

    n_material : the materials are numbered below it; -1 is one without material.
    """

    def __init__(self, n_material: int) -> None:
        self._n = n_material + 1
        self._total = self._count = np.zeros((1, 0, 1))

    def add(self, averaging: Averaging, shared_index: np.ndarray, sums: Sums) -> None:
        """Add what a piece has. shared_index : (n_node,) of the piece, -1 inside it. sums : at `averaging`'s places."""
        of_place = shared_index[averaging.node]
        here = of_place >= 0
        row = of_place[here] * self._n + averaging.material[here] + 1
        n_row = (int(of_place.max(initial=-1)) + 1) * self._n
        if n_row > self._total.shape[1]:
            self._grow(n_row, *sums.total.shape[::2])
        self._total[:, row] += sums.total[:, here]  # a place is there once in a piece
        self._count[:, row] += sums.count[:, here]

    def nodes(self, n_shared: int, size: Size = norm) -> np.ndarray | None:
        """One value a shared node, (n_step, n_shared, n_comp), chosen as `Averaging.nodes` does; None without any.

        NaN at one that no cell has, such as the reference point of a constraint.
        """
        n_row = self._total.shape[1]
        if not n_row:
            return None
        return one_value(Sums(self._total, self._count).mean, np.arange(n_row) // self._n, n_shared, size)

    def _grow(self, n_row: int, n_step: int, n_comp: int) -> None:
        total, count = np.zeros((n_step, n_row, n_comp)), np.zeros((n_step, n_row, n_comp))
        held = self._total.shape[1]
        if held:
            total[:, :held], count[:, :held] = self._total, self._count
        self._total, self._count = total, count


def shared_index_of(mesh: Mesh) -> np.ndarray:
    """`Mesh.shared_index`, (n_node,); -1 everywhere where it is left out."""
    return np.full(mesh.n_node, -1) if mesh.shared_index is None else np.asarray(mesh.shared_index)


def cells_at(mesh: Mesh, nodes: np.ndarray) -> np.ndarray:
    """Positions of the cells that have one of the nodes; nodes : (n_node,), true or false."""
    parts = [np.asarray(nodes)[block.connectivity].any(axis=1) for block in mesh.blocks]
    return np.flatnonzero(np.concatenate([np.empty(0, dtype=bool), *parts]))
