"""The training set: the snapshots of several runs on one mesh, numbered through, read piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix

from romlib.errors import InputError
from romlib.laws.points import MaterialPoints
from romlib.loads.amplitudes import evaluate
from romlib.loads.temperature import initial_temperature, temperature_history, temperature_terms
from romlib.mesh.mass import mass_matrix
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.model import Amplitude, Model
from romlib.offline.union import order_difference, union_of, with_added
from romlib.snapshots.reader import Snapshots
from romlib.words import plural

# Bytes of snapshots of one piece that are in memory at a time: what "a block of steps" means.
BLOCK_BYTES = 128 * 2**20


@dataclass(frozen=True)
class TrainingRun:
    """One run of the solver: its snapshots, the amplitudes of its loads, and the model that it ran with.

    model : None where it is that of the training set.
    """

    name: str
    snapshots: Snapshots
    amplitudes: dict[str, Amplitude]
    model: Model | None = None

    def times(self, initial_time: float) -> np.ndarray:
        """Times of an online run over the same history: the initial time, then those of the snapshots."""
        times = np.asarray(self.snapshots.times, dtype=float)
        return times if times[0] <= initial_time else np.concatenate([[initial_time], times])


class PieceOperators:
    """What is built from the mesh of a piece, each when first asked for.

    model : materials and loads, the same in every run.
    """

    def __init__(self, mesh: Mesh, model: Model) -> None:
        self.mesh, self.model = mesh, model

    @cached_property
    def operator(self) -> StrainOperator:
        """Strain operator of the piece."""
        return StrainOperator(self.mesh)

    @cached_property
    def points(self) -> MaterialPoints:
        """The integration points with their laws."""
        return MaterialPoints.from_mesh(
            self.model, self.mesh, self.operator, initial_temperature(self.model, self.mesh))

    @cached_property
    def temperature_terms(self) -> dict[str, np.ndarray]:
        """Nodal field of each temperature load, (n_node,)."""
        return temperature_terms(self.model, self.mesh)

    def temperature(self, amplitudes: dict[str, Amplitude], times: np.ndarray) -> np.ndarray | None:
        """(n_step, n_ip): of the temperature loads, else the initial one, else None."""
        nodal = temperature_history(self.model, self.mesh, amplitudes, times)
        return None if nodal is None else self.operator.interpolate(nodal)

    def weigh(self, fields: np.ndarray) -> np.ndarray:
        """M u of displacement fields (n, n_node, 3), with the exact mass matrix of unit density."""
        n = len(fields)
        flat = np.ascontiguousarray(fields.transpose(1, 0, 2)).reshape(self.mesh.n_node, n * 3)
        return np.ascontiguousarray((self._mass @ flat).reshape(self.mesh.n_node, n, 3).transpose(1, 0, 2))

    @cached_property
    def _mass(self) -> csr_matrix:
        return mass_matrix(self.mesh)


class TrainingSet:
    """Runs on one mesh; snapshot j counts through the runs in order.

    model : of the first run; loads that only other runs have are added to it, and are zero in the others. Whether the
    runs agree in what they all have is for `romlib.offline.agreement` to say.

    Raises
    ------
    InputError : the runs have different meshes or cuts.
    """

    def __init__(self, runs: list[TrainingRun], model: Model, mesh_of: Callable[[Snapshots, int], Mesh]) -> None:
        self.runs, self.model, self._added = union_of(runs, model)
        self._mesh_of = mesh_of
        self._last: tuple[int, PieceOperators] | None = None
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

    def piece(self, piece: int) -> PieceOperators:
        """The operators of a piece; a mesh that differs between runs is an InputError.

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
        self._last = piece, PieceOperators(mesh, self.model)
        return self._last[1]

    def mesh_of(self, run: int, piece: int) -> Mesh:
        """A piece as a run has it, with the tags of the study."""
        return self._mesh_of(self.runs[run].snapshots, piece)

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
        rows = [np.stack([evaluate(run.amplitudes[name], run.snapshots.times) for name in names], axis=1)
                if names else np.zeros((run.snapshots.n_step, 0)) for run in self.runs]
        return np.concatenate(rows)


def _size(snapshots: Snapshots) -> str:
    return (f"{plural(snapshots.n_piece, 'piece')}, {plural(snapshots.n_node_total, 'node')}, "
            f"{plural(snapshots.n_ip_total, 'integration point')}")


def blocks(n: int, bytes_each: int, budget: int = BLOCK_BYTES) -> Iterator[slice]:
    """Contiguous slices of range(n), each of at most `budget` bytes (one item at least)."""
    size = max(1, int(budget // max(bytes_each, 1)))
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))


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
