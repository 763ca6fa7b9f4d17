"""A snapshots file as a result: the same names as the solution of a run has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Any, Self

import numpy as np

from romlib.errors import InputError
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.model import Model, UnitSystem
from romlib.results.access import FieldAccess
from romlib.results.html import Table
from romlib.results.places import Places
from romlib.results.scalar import Scalar, vector_axes
from romlib.results.spots import IpSpots, NodeSpots, Spots
from romlib.snapshots.error_bounds import ErrorBounds
from romlib.snapshots.info import info
from romlib.snapshots.reader import ALL, Snapshots
from romlib.snapshots.schema import FieldSpec
from romlib.tensors import von_mises
from romlib.words import listed, unknown

_STRESS, _STRAIN, _MISES, _U = "stress", "strain", "von_mises", "displacement"


class SnapshotsSource:
    """A `romlib.results.source.FieldSource` of a snapshots file. The file is opened at the first use; threads take
    turns in reading it. In another process it is opened again.

    Besides the fields of the file there are "von_mises" of its stress, and "strain" of its displacement.
    """

    def __init__(self, path: Path) -> None:
        self._path, self.places, self._lock = path, Places(), RLock()
        self._open: Snapshots | None = None

    def __reduce__(self) -> tuple:
        return SnapshotsSource, (self._path,)

    @property
    def file(self) -> Snapshots:
        """The file itself, open."""
        with self._lock:
            if self._open is None:
                self._open = Snapshots(self._path)
            return self._open

    def close(self) -> None:
        """Close the file; it is opened again when something is read."""
        with self._lock:
            if self._open is not None:
                self._open.close()
                self._open = None

    @property
    def path(self) -> Path | None:
        """The file."""
        return self._path

    @property
    def title(self) -> str:
        """The name of the file."""
        return self._path.name

    @property
    def times(self) -> np.ndarray:
        """(n_step,)."""
        return self.file.times

    @property
    def model(self) -> Model:
        """What was solved."""
        return self.file.model

    @property
    def units(self) -> UnitSystem:
        """Of all numbers."""
        return self.file.units

    @property
    def n_step(self) -> int:
        """Number of times."""
        return self.file.n_step

    @property
    def n_piece(self) -> int:
        """Number of pieces."""
        return self.file.n_piece

    @property
    def error_bounds(self) -> ErrorBounds | None:
        """Of a result of a ROM."""
        return self.file.error_bounds

    @property
    def clusters(self) -> np.ndarray | None:
        """(n_step,) of a result of several local bases."""
        return self.file.clusters

    @cached_property
    def fields(self) -> Mapping[str, FieldSpec]:
        """Those of the file, and those that follow from them."""
        stored, derived = self.file.fields, {}
        if _U in stored and _STRAIN not in stored:
            derived[_STRAIN] = FieldSpec.symmetric("ip")
        if _STRESS in stored and stored[_STRESS].tensor and _MISES not in stored:
            derived[_MISES] = FieldSpec(stored[_STRESS].place)
        return {**stored, **derived}

    @contextmanager
    def opened(self) -> Iterator[Any]:
        """The file stays open between uses in any case."""
        yield self.file

    def mesh(self, piece: int) -> Mesh:
        """A piece of the mesh."""
        with self._lock:
            return self.file.mesh(piece)

    def solved(self) -> tuple[Model, Mesh]:
        """The model of the file, and the whole mesh."""
        return self.model, self.places.whole(self)

    def n_node(self, piece: int) -> int:
        """Nodes of a piece."""
        return self.file.n_node(piece)

    def n_ip(self, piece: int) -> int:
        """Integration points of a piece."""
        return self.file.n_ip(piece)

    def spec(self, name: str) -> FieldSpec:
        """What a field is."""
        if name not in self.fields:
            raise InputError("the file has no such field", file=self._path, place=f"field {name!r}",
                             **unknown(name, self.fields))
        return self.fields[name]

    def field(self, name: str, rows: np.ndarray, piece: int) -> np.ndarray:
        """A field of a piece at steps `rows` (n_row,), (n_row, n, n_comp); read from the first to the last of them."""
        spec = self.spec(name)
        if name not in self.file.fields:
            return self._derived(name, rows, piece)
        if not len(rows):
            return np.empty((0, self.n_node(piece) if spec.place == "node" else self.n_ip(piece), spec.n_comp))
        parts = np.split(np.arange(len(rows)), np.flatnonzero(np.diff(rows) != 1) + 1)
        with self._lock:
            blocks = [self.file.read(name, piece, slice(int(rows[part[0]]), int(rows[part[-1]]) + 1)) for part in parts]
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)

    def read(self, field: str, piece: int, steps: slice | int = ALL) -> np.ndarray:
        """As `romlib.snapshots.reader.Snapshots.read`."""
        values = self.field(field, np.atleast_1d(np.arange(self.n_step)[steps]), piece)
        return values if isinstance(steps, slice) else values[0]

    def largest(
        self, scalar: Scalar, spots: IpSpots, rows: np.ndarray, floor: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """A file has all values, and they are read."""
        return None

    def at_spots(self, name: str, spots: Spots, rows: np.ndarray) -> np.ndarray:
        """A field at some places of a piece, (n_row, n, n_comp)."""
        values = self.field(name, rows, spots.piece)
        return spots.combined(values[:, spots.nodes]) if isinstance(spots, NodeSpots) else values[:, spots.ips]

    def _derived(self, name: str, rows: np.ndarray, piece: int) -> np.ndarray:
        if name == _MISES:
            return von_mises(self.field(_STRESS, rows, piece))[..., None]
        return StrainOperator(self.mesh(piece)).strain(self.field(_U, rows, piece))


class Results(FieldAccess):
    """A snapshots file: a solver's, converted, that of `romlib solve`, or of a ROM. A context manager, and picklable.

    times : (n_step,). path : the file.
    """

    def __init__(self, path: str | Path) -> None:
        self._source = SnapshotsSource(Path(path))
        self.times = self._source.times  # which opens it: what cannot be read is refused here

    def __reduce__(self) -> tuple:
        return Results, (self._source.path,)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; it is opened again when something is asked for."""
        self._source.close()

    @property
    def source(self) -> SnapshotsSource:  # type: ignore[override]
        """The fields piece by piece, for tools that show results."""
        return self._source

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self._source.title if self._source.path is None else self._source.path)

    @property
    def stored_fields(self) -> tuple[str, ...]:
        """Those that the file has."""
        return tuple(self._source.file.fields)

    @property
    def snapshots(self) -> Snapshots:
        """The file as it is written, piece by piece."""
        return self._source.file

    @property
    def model(self) -> Model:
        """What was solved: materials, loads, constraints, amplitudes."""
        return self._source.model

    @property
    def solver(self) -> str:
        """What computed it."""
        return self._source.file.solver

    @property
    def case(self) -> str:
        """The name of the case that was solved; "" where the file does not have it."""
        return self._source.file.case

    @property
    def error_bound(self) -> ErrorBounds:
        """Bounds of the errors of a ROM's result; empty where the file has none."""
        return self._source.error_bounds or ErrorBounds()

    def info(self) -> dict[str, Any]:
        """What `romlib info` shows of the file."""
        return info(self.path)

    def __repr__(self) -> str:
        return (f"Results({str(self.path)!r}: {self.n_step} times from {self.times[0]:g} to {self.times[-1]:g}, "
                f"fields {listed(self.fields)})")

    def _repr_html_(self) -> str:
        file, table = self._source.file, Table(f"Results {self.path.name}")
        table.add(("solver", file.solver))
        table.add(("times", f"{self.n_step}, from {self.times[0]:g} to {self.times[-1]:g} {self.units.time}"))
        table.add(("nodes, cells, integration points", f"{file.n_node_total}, {file.n_cell_total}, {file.n_ip_total}"))
        table.add(("pieces", file.n_piece))
        table.add(("units", self.units))
        table.add(("materials", listed(self.model.materials)))
        table.add(("loads", listed(self.model.loads)))
        for name, spec in self.fields.items():
            kind = ("symmetric tensor" if spec.tensor else "vector" if vector_axes(spec)
                    else "scalar" if spec.n_comp == 1 else str(spec.n_comp))
            unit = self.units.of(name)
            table.add((f"field {name}", f"{kind} at {'nodes' if spec.place == 'node' else 'integration points'}"
                       + (f", {unit}" if unit else "")))
        for name in self.error_bound:
            table.add((f"bound of the error of {name}", f"{self.error_bound.largest(name).value:.2g}"))
        return table.html()
