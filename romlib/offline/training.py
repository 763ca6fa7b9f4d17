"""The training set: the snapshots of several runs on one mesh, numbered through, read piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from romlib.blocks import blocks as blocks_of
from romlib.errors import InputError
from romlib.fem.piece import Piece
from romlib.loads.amplitudes import evaluate
from romlib.mesh.mesh import Mesh
from romlib.offline.union import order_difference, union_of, with_added
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.reader import Snapshots

# Bytes of snapshots of one piece that are in memory at a time: what "a block of steps" means.
BLOCK_BYTES = 128 * 2**20


class TrainingSet:
    """Runs on one mesh; snapshot j counts through the runs in order.

    model : of the first run; loads that only other runs have are added to it, and are zero in the others. Whether the
    runs agree in what they all have is for `romlib.offline.agreement` to say. Their parameters may differ.

    Raises
    ------
    InputError : the runs have different meshes or cuts.
    """

    def __init__(self, runs: Sequence[PreparedSnapshots]) -> None:
        self.runs, self.model, self._added = union_of(runs)
        self._last: tuple[int, Piece] | None = None
        first = runs[0].snapshots
        for run in runs[1:]:
            if _size(run.snapshots) != _size(first):
                raise InputError(
                    "training runs must be on the same mesh, cut into the same pieces", file=run.snapshots.path,
                    expected=_size(first), found=_size(run.snapshots), remedy="convert all runs with the same options")
        self.n_piece = first.n_piece
        counts = [run.snapshots.n_step for run in runs]
        self.offsets = np.concatenate([[0], np.cumsum(counts)])
        self.n_snapshot = int(self.offsets[-1])

    def rename(self, run: int, names: Mapping[str, str]) -> None:
        """Give loads of a run other names, by the present ones, so that they are other loads than the first run's."""
        runs = list(self.runs)
        runs[run] = runs[run].with_names(names)
        self.runs, self.model, self._added = union_of(runs)
        self._last = None

    def piece(self, piece: int) -> Piece:
        """The discretised piece; a mesh that differs between runs is an InputError.

        The last piece that was asked for is kept: what is built once serves all stages where a rank has one piece.
        """
        if self._last is not None and self._last[0] == piece:
            return self._last[1]
        self._last = None  # before the next one is built, so that one piece is in memory at a time
        mesh = self.mesh_of(0, piece)
        for k, run in enumerate(self.runs[1:], 1):
            other = self.mesh_of(k, piece)
            differs = order_difference(mesh, other)
            if differs:
                raise InputError("training runs must be on the same mesh, in the same order", file=run.snapshots.path,
                                 place=f"piece {piece}: {differs} differ",
                                 remedy="convert all runs with the same options")
            mesh = with_added(mesh, other, [one for one in self._added if one.run == k])
        self._last = piece, Piece(mesh, self.model)
        return self._last[1]

    @property
    def common_parameters(self) -> dict[str, float]:
        """Parameters that have the same value in all runs: what a case need not give."""
        return {name: value for name, value in self.model.parameters.items()
                if all(run.parameters.get(name) == value for run in self.runs)}

    def mesh_of(self, run: int, piece: int) -> Mesh:
        """A piece as a run has it, with the tags of the study."""
        return self.runs[run].mesh(piece)

    def read(self, field: str, piece: int, snapshots: slice) -> np.ndarray:
        """(n, n_node or n_ip, n_comp) of a contiguous range of snapshots."""
        start, stop, _ = snapshots.indices(self.n_snapshot)
        parts = []
        for k, run in enumerate(self.runs):
            a, b = max(start, self.offsets[k]), min(stop, self.offsets[k + 1])
            if a < b:
                steps = slice(int(a - self.offsets[k]), int(b - self.offsets[k]))
                parts.append(run.snapshots.read(field, piece, steps))
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def amplitudes(self, names: list[str]) -> np.ndarray:
        """(n_snapshot, n_name) of the amplitudes of these loads or constraints at the snapshots."""
        rows = [np.stack([evaluate(run.amplitudes[name], run.times) for name in names], axis=1)
                if names else np.zeros((run.snapshots.n_step, 0)) for run in self.runs]
        return np.concatenate(rows)


def _size(snapshots: Snapshots) -> str:
    return (f"{snapshots.n_piece} pieces, {snapshots.n_node_total} nodes, "
            f"{snapshots.n_ip_total} integration points")


def blocks(n: int, bytes_each: int) -> Iterator[slice]:
    """Contiguous slices of range(n), each of at most `BLOCK_BYTES`."""
    return blocks_of(n, bytes_each, BLOCK_BYTES)


def gram(
    read: Callable[[slice], np.ndarray], weigh: Callable[[np.ndarray], np.ndarray], n: int, bytes_each: int
) -> np.ndarray:
    """Gram matrix (n, n) of fields that are read block by block; two blocks are in memory at a time.

    read : slice -> (n_block, ...). weigh : fields -> the same shape, times the matrix of the inner product.
    """
    result = np.zeros((n, n))
    pieces = list(blocks(n, bytes_each))
    for i, rows in enumerate(pieces):
        left = read(rows)
        weighed = weigh(left).reshape(len(left), -1)
        result[rows, rows] = weighed @ left.reshape(len(left), -1).T
        for columns in pieces[i + 1:]:
            right = read(columns)
            result[rows, columns] = weighed @ right.reshape(len(right), -1).T
            result[columns, rows] = result[rows, columns].T
    return result


def combine(read: Callable[[slice], np.ndarray], combination: np.ndarray, bytes_each: int) -> np.ndarray:
    """Fields sum_t combination[t, j] field_t, shape (n_combination, ...), reading block by block."""
    n = len(combination)
    result = None
    for rows in blocks(n, bytes_each):
        block = read(rows)
        part = np.tensordot(combination[rows].T, block, axes=1)
        result = part if result is None else result + part
    assert result is not None
    return result
