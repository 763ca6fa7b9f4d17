"""A snapshots file with its pieces cut into more, on the fly: for more ranks than it has pieces."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from romlib.errors import InputError
from romlib.mesh.mesh import Mesh
from romlib.mesh.partition import cut_cells, first_at_nodes, positions_in, split, strips
from romlib.snapshots.reader import ALL, Snapshots

SUMMED = ("internal_force",)  # fields at nodes that add up over the pieces


class RecutSnapshots(Snapshots):
    """A snapshots file whose pieces are cut so that there are at least `n_piece`; as it is, where it has so many.

    Pieces of the file are cut into parts whose numbers differ by one at most, in the order of the file; a piece with
    fewer cells than parts is cut into its cells. The cut depends on the file and on `n_piece` alone. Each call reads
    the piece of the file that a part is of: memory is bounded by that.

    An internal force is known as a sum over the parts: the first part that has a node gets it.
    """

    def __init__(self, path: Path | str, n_piece: int) -> None:
        self._source: np.ndarray | None = None  # the piece of the file that each piece is of, once it is cut
        super().__init__(path)
        try:
            if n_piece > super().n_piece:
                self._cut(n_piece)
        except BaseException:
            self.close()
            raise

    def _cut(self, n_piece: int) -> None:
        n_file = super().n_piece
        wanted = np.full(n_file, n_piece // n_file)
        sizes = np.array([super(RecutSnapshots, self).n_cell(k) for k in range(n_file)])
        wanted[np.argsort(-sizes, kind="stable")[:n_piece - int(wanted.sum())]] += 1
        owners, source, parts = [], [], []
        for k in range(n_file):
            mesh = super().mesh(k)
            owners.append(_cut(mesh, int(min(wanted[k], mesh.n_cell))))
            mine = split(mesh, owners[k])
            source += [k] * len(mine)
            parts += [_Part(mesh, one, first) for one, first in zip(mine, first_at_nodes(mine))]
        ids, count = np.unique(np.concatenate([one.node_ids for one in parts]), return_counts=True)
        number = np.where(count > 1, np.cumsum(count > 1) - 1, -1)  # as `romlib.mesh.partition.number_shared_nodes`
        for one in parts:
            one.shared_index = number[np.searchsorted(ids, one.node_ids)]
        self.n_shared = int((count > 1).sum())
        self._owners, self._parts = owners, parts
        self._last: tuple[int, list[Mesh]] | None = None
        self._source = np.array(source)

    @property
    def n_piece(self) -> int:
        """Number of pieces, after the cut."""
        return super().n_piece if self._source is None else len(self._source)

    def _of_file(self, piece: int) -> tuple[int, int]:
        """The piece of the file, and the number of the part in it."""
        assert self._source is not None
        source = int(self._source[self._checked_piece(piece)])
        return source, piece - int(np.searchsorted(self._source, source))

    def n_node(self, piece: int) -> int:
        """Number of nodes of a piece."""
        return super().n_node(piece) if self._source is None else len(self._parts[self._checked_piece(piece)].nodes)

    def n_cell(self, piece: int) -> int:
        """Number of cells of a piece."""
        if self._source is None:
            return super().n_cell(piece)
        source, part = self._of_file(piece)
        return int((self._owners[source] == part).sum())

    def n_ip(self, piece: int) -> int:
        """Number of integration points of a piece."""
        return super().n_ip(piece) if self._source is None else len(self._parts[self._checked_piece(piece)].ips)

    def mesh(self, piece: int) -> Mesh:
        """A piece of the mesh; see `Snapshots.mesh`."""
        if self._source is None:
            return super().mesh(piece)
        source, part = self._of_file(piece)
        if self._last is None or self._last[0] != source:
            self._last = None  # before the next one is cut, so that one is in memory at a time
            self._last = source, split(super().mesh(source), self._owners[source])
        return Mesh(**{**self._last[1][part].__dict__, "shared_index": self._parts[piece].shared_index})

    def read(self, field: str, piece: int, steps: slice | int = ALL) -> np.ndarray:
        """A field of one piece; see `Snapshots.read`."""
        if self._source is None:
            return super().read(field, piece, steps)
        source, _ = self._of_file(piece)
        values, part = super().read(field, source, steps), self._parts[piece]
        if self.fields[field].place != "node":
            return np.take(values, part.ips, axis=-2)
        found = np.take(values, part.nodes, axis=-2)
        return found * part.first[:, None] if field in SUMMED else found


def _cut(mesh: Mesh, n_piece: int) -> np.ndarray:
    """The part of each cell; where METIS is missing, or leaves a part empty, with larger interfaces than it would."""
    try:
        return cut_cells(mesh, n_piece)
    except InputError:
        return strips(mesh, n_piece)


class _Part:
    """Where nodes and integration points of a part are in its piece, and the nodes that it is the first to have."""

    def __init__(self, mesh: Mesh, part: Mesh, first: np.ndarray) -> None:
        self.nodes, _, self.ips = positions_in(mesh, part)
        self.first, self.node_ids = first, part.node_ids
        self.shared_index = np.full(part.n_node, -1)
