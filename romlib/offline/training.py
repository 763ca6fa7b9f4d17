"""The training set: the snapshots of several runs on one mesh, numbered through, read piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from romlib.blocks import blocks as blocks_of
from romlib.errors import InputError
from romlib.fem.piece import Piece
from romlib.loads.amplitudes import evaluate
from romlib.mesh.mesh import Mesh
from romlib.offline.roles import Purpose, serves
from romlib.offline.rows import Rows
from romlib.offline.union import cells_of_mesh, order_difference, union_of, with_added
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.reader import Snapshots
from romlib.words import plural

# Bytes of snapshots of one piece that are in memory at a time: what "a block of steps" means.
BLOCK_BYTES = 128 * 2**20


@dataclass(frozen=True)
class Span:
    """A run as far as snapshots of a choice go: up to the last of them.

    times : the initial time, then those of the snapshots. first : position of the first snapshot in them. rows : the
    snapshots of the span, as they count through the runs.
    """

    run: PreparedSnapshots
    times: np.ndarray
    first: int
    rows: slice


class TrainingSet:
    """Runs on one mesh; snapshot j counts through the runs in order.

    model : of the first run; loads that only other runs have are added to it, and are zero in the others. Whether the
    runs agree in what they all have is for `romlib.offline.agreement` to say. Their parameters may differ. The role of
    each says what its snapshots are good for.

    Raises
    ------
    InputError : the runs have different meshes or cuts.
    """

    def __init__(self, runs: Sequence[PreparedSnapshots]) -> None:
        self.given = tuple(runs)  # before names and amplitudes are made those of the first run
        self.runs, self.model, self._added = union_of(runs)
        self._last: tuple[int, Piece] | None = None
        self._alike: set[tuple[int, int]] = set()  # runs and pieces that were compared with the first run's
        first = runs[0].snapshots
        for run in runs[1:]:
            if _size(run.snapshots) != _size(first):
                whole = first.n_piece == run.snapshots.n_piece == 1
                here, there = (_size(one) + (f"; {cells_of_mesh(one.mesh(0))}" if whole else "")
                               for one in (first, run.snapshots))
                raise InputError(
                    "training runs must be on the same mesh, cut into the same pieces", file=run.snapshots.path,
                    expected=here, found=there,
                    remedy="train on runs of one mesh, converted with the same number of pieces")
        self.n_piece = first.n_piece
        counts = [run.snapshots.n_step for run in runs]
        self.offsets = np.concatenate([[0], np.cumsum(counts)])
        self.n_snapshot = int(self.offsets[-1])

    @property
    def run_of(self) -> np.ndarray:
        """(n_snapshot,), number of the run of each snapshot."""
        return np.repeat(np.arange(len(self.runs)), np.diff(self.offsets))

    @property
    def times(self) -> np.ndarray:
        """(n_snapshot,), time of each snapshot."""
        return np.concatenate([run.snapshots.times for run in self.runs])

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
        for k in range(1, len(self.runs)):
            added = [one for one in self._added if one.run == k]
            if not added and (k, piece) in self._alike:
                continue
            other = self.mesh_of(k, piece)
            self._refuse_another_order(k, piece, mesh, other)
            self._alike.add((k, piece))
            mesh = with_added(mesh, other, added)
        self._last = piece, Piece(mesh, self.model)
        return self._last[1]

    def refuse_another_order(self, run: int, piece: int) -> None:
        """An InputError where a piece of a run is not as the first run has it, node by node and cell by cell."""
        self._refuse_another_order(run, piece, self.mesh_of(0, piece), self.mesh_of(run, piece))

    def _refuse_another_order(self, run: int, piece: int, first: Mesh, other: Mesh) -> None:
        differs = order_difference(first, other)
        if differs is not None:
            what, here, there = differs
            raise InputError("training runs must be on the same mesh, in the same order",
                             file=self.runs[run].snapshots.path, place=f"piece {piece}: {what} differ", expected=here,
                             found=there, remedy="train on runs of one mesh, converted with the same options")

    @property
    def common_parameters(self) -> dict[str, float]:
        """Parameters that have the same value in all runs: what a case need not give."""
        return {name: value for name, value in self.model.parameters.items()
                if all(run.parameters.get(name) == value for run in self.runs if run.role != "validation")}

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

    def rows_for(self, purpose: Purpose, rows: Rows) -> Rows:
        """Those of a choice of snapshots whose role serves a purpose; InputError where there is none."""
        mask = np.array([serves(run.role, purpose) for run in self.runs])[self.run_of]
        return rows if mask.all() else Rows(np.where(mask, rows.weights, 0.0))

    def spans(self, rows: Rows) -> list[Span]:
        """The runs that have snapshots of a choice, where there is more than an initial state to run over.

        Single steps, elastic answers and replayed runs are none.

        Raises
        ------
        InputError : there is no such run.
        """
        found = self._spans(rows.kept, "cases")
        if not found:
            raise InputError("the snapshots are initial states alone: there is nothing to run over",
                             file=self.runs[0].snapshots.path, expected=f"times after {self.model.initial_time:.6g}",
                             remedy="train with runs that have increments")
        return found

    def validation_spans(self) -> list[Span]:
        """The runs that train nothing, and that a finished ROM is run over; see `spans`."""
        return self._spans(np.arange(self.n_snapshot), "validation")

    @property
    def trains(self) -> np.ndarray:
        """(n_snapshot,), 1.0 for those that a ROM may be made of, and 0.0 for those of validation runs."""
        return np.array([float(not serves(run.role, "validation")) for run in self.runs])[self.run_of]

    def _spans(self, kept: np.ndarray, purpose: Purpose) -> list[Span]:
        found = []
        for run, start, stop in zip(self.runs, self.offsets, self.offsets[1:]):
            own = kept[(kept >= start) & (kept < stop)]
            times = run.case_times
            first, n = len(times) - int(stop - start), int(own[-1] + 1 - start) if len(own) else 0
            if n and first + n > 1 and serves(run.role, purpose):
                found.append(Span(run, times[:first + n], first, slice(int(start), int(start) + n)))
        return found

    def amplitudes(self, names: list[str]) -> np.ndarray:
        """(n_snapshot, n_name) of the amplitudes of these loads or constraints at the snapshots."""
        rows = [np.stack([evaluate(run.amplitudes[name], run.times) for name in names], axis=1)
                if names else np.zeros((run.snapshots.n_step, 0)) for run in self.runs]
        return np.concatenate(rows)


def _size(snapshots: Snapshots) -> str:
    return (f"{plural(snapshots.n_piece, 'piece')}, {plural(snapshots.n_node_total, 'node')}, "
            f"{plural(snapshots.n_ip_total, 'integration point')}")


def blocks(n: int, bytes_each: int) -> Iterator[slice]:
    """Contiguous slices of range(n), each of at most `BLOCK_BYTES`."""
    return blocks_of(n, bytes_each, BLOCK_BYTES)


Weigh = Callable[[np.ndarray], np.ndarray]


def gram(read: Callable[[slice], np.ndarray], weigh: Weigh, n: int, bytes_each: int, known: int = 0) -> np.ndarray:
    """Gram matrix (n, n) of fields in one inner product; see `grams`."""
    return grams(read, {"": weigh}, n, bytes_each, known)[""]


def grams(
    read: Callable[[slice], np.ndarray], weighs: Mapping[str, Weigh], n: int, bytes_each: int, known: int = 0
) -> dict[str, np.ndarray]:
    """Gram matrices (n, n) of fields in several inner products, block by block; two blocks are in memory at a time.

    read : slice -> (n_block, ...). weighs : by name, fields -> the same shape, times the matrix of an inner product.
    known : of so many fields at the beginning the products with each other are known: (n - known, n), the other rows.
    """
    results = {name: np.zeros((n - known, n)) for name in weighs}
    old = list(blocks(known, bytes_each))
    new = [slice(known + part.start, known + part.stop) for part in blocks(n - known, bytes_each)]
    for i, rows in enumerate(new):
        left, here = read(rows), slice(rows.start - known, rows.stop - known)
        weighed = {name: weigh(left).reshape(len(left), -1) for name, weigh in weighs.items()}
        for name, result in results.items():
            result[here, rows] = weighed[name] @ left.reshape(len(left), -1).T
        for columns in (*old, *new[i + 1:]):
            right = read(columns)
            for name, result in results.items():
                result[here, columns] = weighed[name] @ right.reshape(len(right), -1).T
                if columns.start > rows.start:
                    result[columns.start - known:columns.stop - known, rows] = result[here, columns].T
    return results


def bordered(known: np.ndarray | None, rows: np.ndarray) -> np.ndarray:
    """The Gram matrix (n, n) of the known one (k, k) and the other rows (n - k, n)."""
    if known is None:
        return rows
    k = len(known)
    return np.block([[known, rows[:, :k].T], [rows[:, :k], rows[:, k:]]])


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
