"""Histories at the integration points of a run, a block of points at a time: of a snapshots file, or of a solution."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from romlib.blocks import blocks
from romlib.laws.symbols import evaluated_model
from romlib.loads.amplitudes import evaluate
from romlib.mesh.kinematics import padded
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.model import Amplitude, Model
from romlib.nodal.cells import materials_of_cells
from romlib.snapshots.error_bounds import ErrorBounds
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.solution.solution import Solution

_BLOCK_BYTES = 64 * 2**20


@dataclass(frozen=True, eq=False)
class PointSet:
    """Integration points of a piece. coordinates : (n, 3). cell_ids, numbers : (n,), of the cell, and in it, from 1.

    material : (n,), position in the model's materials, -1 where none has the cell.
    """

    coordinates: np.ndarray
    cell_ids: np.ndarray
    numbers: np.ndarray
    material: np.ndarray

    @property
    def n(self) -> int:
        """Number of points."""
        return len(self.cell_ids)


class Source(Protocol):
    """A run whose histories are read: a name for messages, its model with numbers, times (n_step,), and its fields."""

    name: str
    model: Model
    times: np.ndarray
    fields: frozenset[str]
    bounds: ErrorBounds | None
    notes: tuple[str, ...]
    whole: bool  # whether the points are those of the mesh

    @property
    def n_piece(self) -> int:
        """Number of pieces."""

    def points(self, piece: int) -> PointSet:
        """The integration points of a piece."""

    def read(self, name: str, piece: int, steps: slice) -> np.ndarray:
        """(n_step, n, n_comp) at the integration points of a piece: "strain", or one of `fields`."""


def history(source: Source, name: str, piece: int, ips: np.ndarray) -> np.ndarray:
    """A field over all steps at some points of a piece, (n_step, n, n_comp), read in blocks of steps."""
    n_step = len(source.times)
    first = source.read(name, piece, slice(0, 1))
    parts = list(blocks(n_step, first.nbytes, _BLOCK_BYTES))
    if len(parts) == 1:
        return at_points(source.read(name, piece, parts[0]), ips)
    out = np.empty((n_step, len(ips), first.shape[2]))
    for steps in parts:
        out[steps] = at_points(source.read(name, piece, steps), ips)
    return out


def at_points(values: np.ndarray, ips: np.ndarray) -> np.ndarray:
    """values (n_step, n, ...) at some of the points, in C order; the values themselves for all of them."""
    n = values.shape[1]
    return values if len(ips) == n and np.array_equal(ips, np.arange(n)) else np.take(values, ips, axis=1)


def load_values(amplitudes: Mapping[str, Amplitude], times: np.ndarray) -> np.ndarray:
    """(n_step, n_load), the amplitudes at the times."""
    values = [evaluate(amplitude, times) for amplitude in amplitudes.values()]
    return np.array(values).reshape(len(values), len(times)).T


class MeshedSource(ABC):
    """What sources over the pieces of a mesh share; the strain operator of the last piece is kept."""

    model: Model
    whole = True

    def __init__(self) -> None:
        self._held: tuple[int, StrainOperator] | None = None

    @abstractmethod
    def mesh(self, piece: int) -> Mesh:
        """A piece of the mesh."""

    def operator(self, piece: int) -> StrainOperator:
        """Of a piece."""
        if self._held is None or self._held[0] != piece:
            self._held = piece, StrainOperator(self.mesh(piece))
        return self._held[1]

    def points(self, piece: int) -> PointSet:
        """The integration points of a piece."""
        operator = self.operator(piece)
        materials = materials_of_cells(operator.mesh, [m.cells for m in self.model.materials.values()])
        return PointSet(
            padded(operator.coordinates), operator.cell_ids, operator.point_numbers, materials[operator.cell])


class FileSource(MeshedSource):
    """A snapshots file, with what a study states over it."""

    def __init__(self, prepared: PreparedSnapshots) -> None:
        super().__init__()
        snapshots = prepared.snapshots
        self._prepared, self._snapshots = prepared, snapshots
        self.name, self.times, self.model = str(snapshots.path), snapshots.times, evaluated_model(prepared.model)
        self.bounds = snapshots.error_bounds
        self.notes: tuple[str, ...] = tuple(self.bounds.notes) if self.bounds is not None else ()
        self.fields = frozenset(name for name, spec in snapshots.fields.items() if spec.place == "ip")

    @property
    def n_piece(self) -> int:
        """Number of pieces."""
        return self._snapshots.n_piece

    def mesh(self, piece: int) -> Mesh:
        """A piece of the mesh."""
        return self._prepared.mesh(piece)

    def read(self, name: str, piece: int, steps: slice) -> np.ndarray:
        """A strain that is not in the file is that of the displacement."""
        if name == "strain" and name not in self.fields:
            return self.operator(piece).strain(self._snapshots.read("displacement", piece, steps))
        return self._snapshots.read(name, piece, steps)


class SolutionSource(MeshedSource):
    """A solution of a ROM at all integration points, by reconstruction."""

    def __init__(self, solution: Solution, name: str) -> None:
        super().__init__()
        self._solution, self.name = solution, name
        self.times, self.model = solution.times, _model_of(solution)
        self.bounds, self.notes = _bounds_and_notes(solution)
        self.fields = frozenset({"strain", *solution.rom.gappy})
        with solution.open_fields() as fields:
            self.n_piece = fields.n_piece

    def mesh(self, piece: int) -> Mesh:
        """A piece of the mesh."""
        with self._solution.open_fields() as fields:
            return fields.mesh(piece)

    def read(self, name: str, piece: int, steps: slice) -> np.ndarray:
        """By gappy POD, or as integrated."""
        return self._solution.field(name, steps, piece)


class SelectedSource:
    """A solution of a ROM at its selected points alone, as the laws computed it; needs no fields file."""

    whole = False
    n_piece = 1

    def __init__(self, solution: Solution, name: str) -> None:
        self._solution, self.name = solution, name
        self.times, self.model = solution.times, _model_of(solution)
        self.bounds, self.notes = _bounds_and_notes(solution)
        self.fields = frozenset({"strain", *solution.rom.gappy})
        self._known: dict[str, np.ndarray] = {}  # by field; selected points are few

    def points(self, piece: int) -> PointSet:
        """The selected points."""
        points = self._solution.rom.points
        return PointSet(points.coordinates, points.cell_ids, points.numbers, points.material_index)

    def read(self, name: str, piece: int, steps: slice) -> np.ndarray:
        """Strain from the modes, all else as the laws computed it."""
        if name not in self._known:
            solution = self._solution
            self._known[name] = solution.source.strain_at_points() if name == "strain" else solution.at_points(name)
        return self._known[name][steps]


def _model_of(solution: Solution) -> Model:
    """With numbers for formulas, and the amplitudes of the run."""
    model = solution.solved().model
    return evaluated_model(model.model_copy(update={"amplitudes": {**model.amplitudes, **solution.amplitudes}}))


def _bounds_and_notes(solution: Solution) -> tuple[ErrorBounds | None, tuple[str, ...]]:
    bounds = solution.error_bound
    return (bounds if len(bounds) or bounds.outside else None), (*solution.notes, *bounds.notes)
