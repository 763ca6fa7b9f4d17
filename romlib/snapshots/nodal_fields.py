"""A nodal scalar of a file as a history: of a snapshots file, or of a thermal result that a converter reads."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from scipy.sparse import csr_matrix

from romlib.errors import FileFormatError, InputError
from romlib.files import regular_file
from romlib.loads.nodal_temperature import NodalHistory, positions_of
from romlib.loads.temperature import initial_temperature, temperature_at, temperature_terms
from romlib.mesh.interpolation import interpolation
from romlib.mesh.mesh import Mesh
from romlib.model import TemperatureFile
from romlib.snapshots.converter import usable_converters
from romlib.snapshots.reader import Snapshots
from romlib.storage.opening import kind_of
from romlib.words import plural, shortlist

TEMPERATURE = "temperature"
Locate = Callable[[np.ndarray], np.ndarray]  # ids of nodes (n,) -> their points (n, 3)
_BLOCK_BYTES = 64 * 2**20


@dataclass(frozen=True, eq=False)
class NodalField:
    """A scalar at nodes, record by record, in pieces.

    times : (n_time,), increasing. n_piece : 1 where the file is not cut. node_ids : piece -> the solver's (n,).
    read : (piece, slice of the records) -> (n_record, n). mesh : piece -> its mesh, nodes in the order of the ids.
    close : the file.
    """

    times: np.ndarray
    n_piece: int
    node_ids: Callable[[int], np.ndarray]
    read: Callable[[int, slice], np.ndarray]
    mesh: Callable[[int], Mesh]
    close: Callable[[], None] = lambda: None


@runtime_checkable
class FieldReader(Protocol):
    """What a converter has too where it reads one field at nodes from results that need not be mechanical."""

    suffixes: tuple[str, ...]

    def can_read(self, path: Path) -> bool:
        """As in `romlib.snapshots.converter.Converter`."""
        ...

    def nodal_field(self, source: Path, name: str) -> NodalField:
        """The scalar of that name; "temperature" stands for what the solver calls it.

        Raises
        ------
        InputError : there is none of this name; lists those that there are. FileFormatError : with file and place.
        """
        ...


class _Part(NamedTuple):
    """Which of the wanted nodes a piece of the file gives, and the matrix by which it does."""

    piece: int
    rows: np.ndarray
    matrix: csr_matrix


class StoredTemperature:
    """A nodal temperature history in a file, read for the nodes that are asked for; see `NodalHistory`.

    times : (n_time,). notes : what a user has to know of what was read so far.
    locate : ids -> their points (n, 3), for a file of another mesh where `at` is not told the points.

    Raises
    ------
    InputError : no such file, no such field, another file than the description means, no converter that reads it.
    FileFormatError : a damaged file, or values that are not finite.
    """

    def __init__(self, source: TemperatureFile, locate: Locate | None = None) -> None:
        self.source, self.locate = source, locate
        path = regular_file(source.file, "there is no such file with a temperature",
                            remedy="give the path of a snapshots file or of a thermal result")
        if source.sha256:
            _refuse_other(path, source.sha256)
        self._field = nodal_field(path, source.field)
        self.times = np.asarray(self._field.times, dtype=float)
        if not (len(self.times) and np.isfinite(self.times).all() and (np.diff(self.times) > 0).all()):
            raise FileFormatError("the times of a temperature must increase", file=path, found=self.times[:10])
        self._ids = [np.asarray(self._field.node_ids(piece)) for piece in range(self._field.n_piece)]
        self._n_node = len(np.unique(np.concatenate(self._ids)))
        self._outside: dict[int, float] = {}  # distance by node id: pieces share nodes

    def covers(self, n_node: int) -> bool:
        """See `NodalHistory.covers`."""
        return self.source.interpolate or self._n_node >= n_node

    def at(
        self, node_ids: np.ndarray, points: np.ndarray | None = None, records: np.ndarray | None = None
    ) -> np.ndarray:
        """See `NodalHistory.at`; reads the records in blocks, of the pieces of the file that have these nodes."""
        node_ids = np.asarray(node_ids)
        wanted = np.arange(len(self.times)) if records is None else np.asarray(records)
        values = np.empty((len(wanted), len(node_ids)))
        if self.source.interpolate:
            if points is None:
                assert self.locate is not None  # whoever asks by ids alone says where they are
                points = self.locate(node_ids)
            parts = self._interpolated(node_ids, np.asarray(points))
        else:
            parts = self._by_ids(node_ids)
        for piece, rows, matrix in parts:
            for at, block in self._blocks(piece, wanted):
                values[at, rows] = (matrix @ block.T).T
        return values

    def _by_ids(self, node_ids: np.ndarray) -> list[_Part]:
        """The parts of the wanted nodes that the pieces of the file have."""
        open_, found = np.ones(len(node_ids), dtype=bool), []
        for piece, ids in enumerate(self._ids):
            rows = np.flatnonzero(open_ & np.isin(node_ids, ids))
            if len(rows):
                columns = positions_of(node_ids[rows], ids)
                found.append(_Part(piece, rows, csr_matrix(
                    (np.ones(len(rows)), (np.arange(len(rows)), columns)), shape=(len(rows), len(ids)))))
                open_[rows] = False
        if open_.any():
            missing = node_ids[open_]
            raise InputError(
                f"the file has no temperature at {len(missing)} of {plural(len(node_ids), 'node')}",
                file=self.source.file, place=shortlist("node", missing), expected="a value at every node of the mesh",
                found=plural(self._n_node, "node"), remedy=(
                    "give the temperature of this mesh; or, where the file is of another mesh, say interpolate = true"))
        return found

    def _interpolated(self, node_ids: np.ndarray, points: np.ndarray) -> list[_Part]:
        """The parts of the wanted nodes that lie in the pieces of the file, or nearest to them."""
        best, piece_of, all_of = np.full(len(points), np.inf), np.zeros(len(points), dtype=int), []
        low, high = np.full(3, np.inf), np.full(3, -np.inf)
        for piece in range(self._field.n_piece):
            mesh = self._field.mesh(piece)
            low, high = np.minimum(low, mesh.points.min(axis=0)), np.maximum(high, mesh.points.max(axis=0))
            all_of.append(interpolation(mesh, points))
            closer = all_of[-1].outside < best
            best[closer], piece_of[closer] = all_of[-1].outside[closer], piece
        size = float(np.linalg.norm(high - low))
        far = np.flatnonzero(best > self.source.within * size)
        if len(far):
            worst = far[np.argmax(best[far])]
            raise InputError(
                f"{len(far)} of {len(points)} nodes lie outside of the mesh that the temperature is interpolated from",
                file=self.source.file,
                place=f"node {node_ids[worst]} at ({', '.join(f'{x:.6g}' for x in points[worst])})",
                expected=f"at most {self.source.within * size:.4g} away (within = {self.source.within:g} of the size "
                         f"{size:.4g})", found=f"{best[worst]:.4g} away",
                remedy="give the temperature of the whole model, in the same units of length; or a larger `within`")
        self._outside.update({int(node_ids[k]): float(best[k]) for k in np.flatnonzero(best > 1e-6 * size)})
        return [_Part(piece, rows, one.matrix[rows]) for piece, one in enumerate(all_of)
                if len(rows := np.flatnonzero(piece_of == piece))]

    def blocks(self) -> Iterator[np.ndarray]:
        """See `NodalHistory.blocks`; a block is bounded in bytes, and takes a pass over its piece of the file."""
        width = max(1, _BLOCK_BYTES // (8 * len(self.times)))
        for piece, ids in enumerate(self._ids):
            for start in range(0, len(ids), width):
                nodes = slice(start, start + width)
                yield np.concatenate([block[:, nodes] for _, block in self._blocks(piece, np.arange(len(self.times)))])

    @property
    def notes(self) -> list[str]:
        """What a user has to know of what was read so far."""
        if not self._outside:
            return []
        return [f"{plural(len(self._outside), 'node')} outside of the mesh of {self.source.file.name}, by "
                f"{max(self._outside.values()):.4g} at most: they have the temperature of its border"]

    def notes_of(self, times: np.ndarray) -> list[str]:
        """Where a run goes beyond the times of the file."""
        slack = 1e-9 * max(abs(float(times[0])), abs(float(times[-1])), 1e-300)
        where = [word for word, beyond in (
            (f"before its first time {self.times[0]:g}", times[0] < self.times[0] - slack),
            (f"after its last time {self.times[-1]:g}", times[-1] > self.times[-1] + slack)) if beyond]
        return [f"the temperature of {self.source.file.name} is held {' and '.join(where)}: the run goes from "
                f"{times[0]:g} to {times[-1]:g}"] if where else []

    def _blocks(self, piece: int, wanted: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
        """Places among the wanted records and their values (n_record, n_node of the piece), a bounded number at once.

        Records that follow one another are read together.
        """
        step = max(1, _BLOCK_BYTES // (8 * max(len(self._ids[piece]), 1)))
        ends = [*(np.flatnonzero(np.diff(wanted) != 1) + 1), len(wanted)]
        for first, end in zip([0, *ends], ends):
            for start in range(first, end, step):
                at = slice(start, min(start + step, end))
                records = slice(int(wanted[at.start]), int(wanted[at.stop - 1]) + 1)
                yield at, self._read(piece, records)

    def _read(self, piece: int, records: slice) -> np.ndarray:
        block = np.asarray(self._field.read(piece, records), dtype=float)
        if not np.isfinite(block).all():
            record, node = np.argwhere(~np.isfinite(block))[0]
            raise FileFormatError("a temperature is not finite", file=self.source.file,
                                  place=f"time {self.times[records.start + record]:g}, node {self._ids[piece][node]}",
                                  found=float(block[record, node]))
        return block

    def close(self) -> None:
        """Close the file."""
        self._field.close()


def file_of(history: NodalHistory | None) -> Path | None:
    """The file that a history is read from, if it is."""
    return history.source.file if isinstance(history, StoredTemperature) else None


def notes_of(history: NodalHistory | None, times: np.ndarray) -> list[str]:
    """What a user has to know of a history in a file, for a run over these times."""
    return [*history.notes_of(times), *history.notes] if isinstance(history, StoredTemperature) else []


def _refuse_other(path: Path, sha256: str) -> None:
    with open(path, "rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != sha256:
        raise InputError("this is not the file of temperatures that belongs to the case", file=path,
                         expected=f"SHA-256 {sha256}", found=found, remedy="convert the deck again with --case")


def nodal_field(path: Path, name: str) -> NodalField:
    """The scalar of that name in a file.

    Raises
    ------
    InputError : no such field; no converter that reads it from such a file. FileFormatError : a damaged file.
    """
    if _is_snapshots(path):
        return _of_snapshots(path, name)
    return reader_of(path).nodal_field(path, name)


def _is_snapshots(path: Path) -> bool:
    import h5py

    return bool(h5py.is_hdf5(path)) and kind_of(path) == "snapshots"


def reader_of(path: Path) -> FieldReader:
    """The converter that reads a field from a file: one of its suffix that knows it by its beginning."""
    readers = []
    for candidate in usable_converters():
        if isinstance(candidate, FieldReader):
            readers.append(candidate)
            if path.suffix.lower() in candidate.suffixes and candidate.can_read(path):
                return candidate
    suffixes = sorted({suffix for one in readers for suffix in one.suffixes})
    raise InputError("no converter reads a temperature from this file", file=path,
                     expected=f"a snapshots file, or one of {', '.join(suffixes) or 'no other'}", found=path.suffix)


def _of_snapshots(path: Path, name: str) -> NodalField:
    """A field of a snapshots file; its temperature may also be that of its model's loads.

    Where the file begins after its initial time, the initial temperature that its model states comes first.
    """
    snapshots = Snapshots(path)
    model, spec = snapshots.model, snapshots.fields.get(name)
    try:
        by_model = spec is None and name == TEMPERATURE and any(
            load.kind == "temperature" for load in model.loads.values())
        if not by_model and (spec is None or spec.place != "node" or spec.n_comp != 1):
            scalars = [one for one, found in snapshots.fields.items() if found.place == "node" and found.n_comp == 1]
            raise InputError("the file has no scalar field at nodes of this name", file=path, place=f"field {name!r}",
                             expected=", ".join(scalars) or "a temperature, which this file does not have", found=name)
    except BaseException:
        snapshots.close()
        raise
    early = name == TEMPERATURE and model.initial_temperature is not None and snapshots.times[0] > model.initial_time
    times = np.concatenate([[model.initial_time], snapshots.times]) if early else snapshots.times

    def read(piece: int, records: slice) -> np.ndarray:
        if by_model:
            found = temperature_at(temperature_terms(model, snapshots.mesh(piece)), model.amplitudes, times[records])
            assert found is not None
            return found
        first = [np.asarray(initial_temperature(model, snapshots.mesh(piece)))[None]] if early and not records.start \
            else []
        shifted = slice(max(records.start - early, 0), records.stop - early)
        return np.concatenate([*first, snapshots.read(name, piece, shifted)[:, :, 0]])

    return NodalField(times, snapshots.n_piece, lambda piece: snapshots.mesh(piece).node_ids, read, snapshots.mesh,
                      snapshots.close)
