"""The solution of an online run: full fields on demand, probes, reactions, and a snapshots file."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from romlib.archive.fieldsfile import FieldsFile
from romlib.archive.rom import Rom
from romlib.blocks import blocks
from romlib.errors import InputError
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.model import Amplitude, Identity, Model
from romlib.snapshots.error_bounds import ErrorBounds
from romlib.snapshots.outputs import refuse_inputs
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter
from romlib.solution.locate import (
    IpSpots,
    NodeSpots,
    finite_point,
    nearest_ips,
    node_spot,
    point_spot,
    tag_ips,
    tag_spots,
)
from romlib.solution.timings import Timings
from romlib.states.file import StateWriter
from romlib.states.state import SavedState
from romlib.tensors import von_mises
from romlib.words import listed, plural, unknown


class SolvedModel(Protocol):
    """What a file says was solved: its model, and the mesh of a piece with the node arrays that the model names."""

    @property
    def model(self) -> Model:
        """With amplitudes, temperatures and initial state of the run."""

    @property
    def with_arrays(self) -> Callable[[Mesh], Mesh]:
        """Adds the arrays to the mesh of a piece."""


Steps = int | slice | Sequence[int] | np.ndarray
_ALL = slice(None)
_BLOCK_BYTES = 64 * 2**20
_held: ContextVar[tuple[Any, FieldsFile] | None] = ContextVar("_held", default=None)


@dataclass(frozen=True, eq=False)
class Probe:
    """Values at one place, or at the places of a tag.

    values : (n_step, ...) at one place, (n_step, n, ...) at a tag's; the last axis has the components (Kelvin-Mandel
    for a symmetric tensor) where there are several.
    coordinates : (n, 3). ids : (n,), solver's ids of the nodes, or of the cells. numbers : (n,), numbers of the
    integration points in their cells, or None. where : in words.
    """

    values: np.ndarray
    coordinates: np.ndarray
    ids: np.ndarray
    numbers: np.ndarray | None
    where: str


@dataclass(eq=False, repr=False)
class Solution:
    """A solved case. Arrays in memory: time first; symmetric tensors Kelvin-Mandel (see `romlib.tensors`).

    rom : what was solved. times : (n_step,). coordinates : (n_step, n_mode). clusters : (n_step,).
    lifting : (n_step, n_lift). amplitudes : descriptions used, by name. reactions : by prescribed constraint,
    (n_step,), the force (or moment) conjugate to its amplitude. iterations, cuts : (n_step,). timings : seconds.
    hyper_reduced : whether the laws were integrated at the selected points only.
    point_values : (field, block) -> (n_step, n_point, n_comp), the laws' own values; one block with the selected
    points, or one a piece with all. tensors : names of the fields that are symmetric tensors.
    open_fields : opens the fields file; raises an error that says where it should be.
    notes : what the user should know, such as loads that leave the range of the training runs.
    solved : makes the model of a file that the solution is written to; by default the ROM's with these amplitudes.
    files : the files of the ROM, which `write` does not replace.
    places : of probes, found once; the solutions of a ROM share them.
    state_at : the state at a step. bounds_of : the bounds of its errors.
    """

    rom: Rom
    times: np.ndarray
    coordinates: np.ndarray
    clusters: np.ndarray
    lifting: np.ndarray
    amplitudes: dict[str, Amplitude]
    reactions: dict[str, np.ndarray]
    iterations: np.ndarray
    cuts: np.ndarray
    timings: Timings
    hyper_reduced: bool
    point_values: Callable[[str, int], np.ndarray]
    tensors: frozenset[str]
    open_fields: Callable[[], FieldsFile]
    notes: tuple[str, ...] = ()
    solved: Callable[[], SolvedModel] | None = None
    files: tuple[Path, ...] = ()
    places: dict[tuple, Sequence[NodeSpots | IpSpots]] = field(default_factory=dict)
    state_at: Callable[[int], SavedState] | None = None
    bounds_of: Callable[[Solution], ErrorBounds] | None = None

    def __repr__(self) -> str:
        """One line, for a notebook: the arrays are many."""
        kind = "selected points" if self.hyper_reduced else "all points"
        return (f"Solution({plural(len(self.times), 'time')} from {self.times[0]:g} to {self.times[-1]:g}, "
                f"{plural(self.coordinates.shape[1], 'mode')}, {kind}, "
                f"{plural(int(self.iterations.sum()), 'Newton iteration')}, "
                f"{plural(int(self.cuts.sum()), 'step')} cut, fields {listed(['displacement', *self.rom.gappy])})")

    @property
    def n_step(self) -> int:
        """Number of output times, the initial one included."""
        return len(self.times)

    @cached_property
    def error_bound(self) -> ErrorBounds:
        """Bounds of the errors by quantity and time, as a mapping: `solution.error_bound["p"]` is (n_step,)."""
        return ErrorBounds() if self.bounds_of is None else self.bounds_of(self)

    def at_points(self, field: str) -> np.ndarray:
        """Stress or an internal variable at `rom.points`, as the laws computed it: (n_step, n_point, n_comp)."""
        if self.hyper_reduced:
            return self.point_values(field, 0)
        pieces, ips = self.rom.points.pieces, self.rom.points.ips
        blocks = {piece: self.point_values(field, piece) for piece in np.unique(pieces)}
        out = np.empty((self.n_step, len(pieces), blocks[pieces[0]].shape[2]))
        for piece, values in blocks.items():
            out[:, pieces == piece] = values[:, ips[pieces == piece]]
        return out

    def displacement(self, steps: Steps = _ALL, piece: int | None = None) -> np.ndarray:
        """Displacement of the nodes of a piece, (n_step, n_node, 3); without the first axis for one step.

        piece : may be left out where there is one only.
        """
        return self._unwrap(self._displacement(self._rows(steps), self._which(piece), None), steps)

    def field(self, name: str, steps: Steps = _ALL, piece: int | None = None) -> np.ndarray:
        """A field of a piece, (n_step, n_node or n_ip, n_comp); without the first axis for one step.

        "displacement" at the nodes; at the integration points "strain" (of the displacement), "von_mises" (of the
        stress), and the dual fields of the ROM by gappy POD, or as integrated where hyper-reduction was off. NaN where
        the material lacks the field. piece : may be left out where there is one only.

        Raises
        ------
        InputError : no such field, step or piece; or several pieces, and none is named.
        """
        rows, piece = self._rows(steps), self._which(piece)
        if name == "displacement":
            return self._unwrap(self._displacement(rows, piece, None), steps)
        return self._unwrap(self._at_ips(name, rows, piece, None), steps)

    def von_mises(self, steps: Steps = _ALL, piece: int | None = None) -> np.ndarray:
        """Von Mises stress of a piece, (n_step, n_ip); without the first axis for one step.

        piece : may be left out where there is one only.
        """
        return self.field("von_mises", steps, piece)[..., 0]

    def probe(
        self, name: str, *, point: Sequence[float] | None = None, node: int | None = None, tag: str | None = None
    ) -> Probe:
        """A field over time at one place (a point, or a node by id), or at the places of a tag; no full field is built.

        Displacement: by the shape functions of the cell that contains the point, else at the nearest node. Fields of
        the integration points: at the nearest one, or all those of the tag's cells. `Probe.where` says which.

        Raises
        ------
        InputError : not exactly one of point, node, tag; no such node, tag or field.
        """
        given = [place for place in (point, node, tag) if place is not None]
        if len(given) != 1:
            raise InputError("a probe is at exactly one of point, node, tag", found=f"{len(given)} of them")
        if node is not None and (isinstance(node, bool) or not isinstance(node, (int, np.integer))):
            raise InputError("a node is probed by its id", place="node", expected="an integer",
                             found=reprlib.repr(node))
        at_nodes = name == "displacement"
        key = at_nodes, None if point is None else tuple(finite_point(point)), node, tag
        with self._fields():
            if key not in self.places:
                self.places[key] = self._spots(*key)
            spots = self.places[key]
            values = np.concatenate([self._at_spots(name, spot) for spot in spots], axis=1)
        return _probe(values, spots, single=tag is None)

    def _spots(
        self, at_nodes: bool, point: Sequence[float] | None, node: int | None, tag: str | None
    ) -> Sequence[NodeSpots | IpSpots]:
        """Where a probe is, over all pieces: their meshes are read, and their operators built."""
        with self._fields() as fields:
            if tag is not None:
                return tag_spots(fields, tag) if at_nodes else tag_ips(fields, tag)
            spot = point_spot(fields, point) if point is not None else node_spot(fields, int(node or 0))
            if at_nodes:
                return [spot]
            return nearest_ips(fields, np.asarray(point, dtype=float)[None] if point is not None else spot.coordinates)

    def write(self, path: str | Path, fields: Sequence[str] | None = None) -> None:
        """Write fields as a snapshots file; by default displacement and all dual fields of the ROM.

        Its model is what was solved: amplitudes, nodal temperatures, initial time. It has the bounds of the errors.

        Raises
        ------
        InputError : the path is that of the ROM or of its fields file, or cannot be written; an unknown field; a nodal
            temperature that is not known at every node of the mesh.
        """
        refuse_inputs(path, self.files)
        names = list(fields) if fields is not None else ["displacement", *self.rom.gappy]
        model = self.rom.model.model_copy(update={"amplitudes": {**self.rom.model.amplitudes, **self.amplitudes}})
        prepare: Callable[[Mesh], Mesh] = lambda mesh: mesh  # noqa: E731
        if self.solved is not None:
            made = self.solved()
            model, prepare = made.model, made.with_arrays
        solver = f"romlib online, {'selected points' if self.hyper_reduced else 'all integration points'}"
        with self._fields() as file:
            meshes = _LazyMeshes(file, prepare)
            specs = {name: self._spec(name) for name in names}
            with SnapshotsWriter(Path(path), meshes, model, self.times, specs, solver=solver,
                                 fingerprint=self.rom.manifest.fingerprint, identity=self._identity(model),
                                 bounds=None if self.bounds_of is None else self.error_bound) as writer:
                for piece in range(len(meshes)):
                    for name in names:
                        self._write_field(writer, name, piece)

    def state(self, step: int = -1) -> SavedState:
        """The state at a step, for `ReducedOrderModel.solve(start=...)`: a run goes on as if it had not stopped.

        Raises
        ------
        InputError : no such step; a solution that was not made by a run.
        """
        if self.state_at is None:
            raise InputError("this solution has no states", remedy="take it as ReducedOrderModel.solve returns it")
        saved = self.state_at(step)
        if self.error_bound.so_far is not None:
            saved.bounds = self.error_bound.so_far(step)
        return saved

    def write_state(self, path: str | Path, step: int = -1) -> None:
        """Write the state at a step as a file that a run may start from.

        Raises
        ------
        InputError : the path is that of the ROM or of its fields file, or cannot be written; no such step.
        """
        with self.pending_state(path, step):
            pass

    @contextmanager
    def pending_state(self, path: str | Path, step: int = -1) -> Iterator[None]:
        """`write_state`, of which the file appears at a clean exit: what is written inside appears before it, or not.

        Raises
        ------
        InputError : as `write_state`.
        """
        refuse_inputs(path, self.files)
        saved = self.state(step)
        with StateWriter(path, saved) as writer:
            for block in saved.blocks:
                writer.write(block)  # type: ignore[arg-type]
            writer.complete()
            yield

    def _identity(self, model: Model) -> Identity | None:
        """That of the trained model where it was solved, so that it need not be computed anew."""
        trained, own = self.rom.trained, self.rom.model
        if trained is None or (model.loads, model.initial_temperature) != (own.loads, own.initial_temperature):
            return None
        return trained.identity.model_copy(update={"initial_time": model.initial_time})

    def _write_field(self, writer: SnapshotsWriter, name: str, piece: int) -> None:
        """Steps in blocks of bounded size."""
        for steps in blocks(self.n_step, self.field(name, 0, piece).nbytes, _BLOCK_BYTES):
            for k, values in enumerate(self.field(name, steps, piece), steps.start):
                writer.write(name, k, piece, values)

    def _spec(self, name: str) -> FieldSpec:
        if name == "displacement":
            return FieldSpec("node", 3)
        if name == "von_mises":
            return FieldSpec("ip", 1)
        if name in ("stress", "strain") or name in self.tensors:
            return FieldSpec.symmetric("ip")
        return replace(FieldSpec("ip"), n_comp=self._n_comp(name))

    def _n_comp(self, name: str) -> int:
        return self.rom.gappy[self._known(name)].n_comp if self.hyper_reduced else self.point_values(name, 0).shape[2]

    def _known(self, name: str) -> str:
        if name not in self.rom.gappy:
            raise InputError(f"the ROM has no field {name!r}",
                             **unknown(name, ["displacement", "strain", "von_mises", *self.rom.gappy],
                                       "name it in offline.dual_fields of the study, or turn hyper-reduction off"))
        return name

    @contextmanager
    def _fields(self) -> Iterator[FieldsFile]:
        """The fields file: that which is open already where this is asked for inside, since opening looks at all of it.

        It belongs to one thread.
        """
        held = _held.get()
        if held is not None and held[0] is self:
            yield held[1]
            return
        with self.open_fields() as fields:
            token = _held.set((self, fields))
            try:
                yield fields
            finally:
                _held.reset(token)

    def _which(self, piece: int | None) -> int:
        """The piece that is asked for: never the first of several by default, which would be a part taken for all."""
        if piece is not None and (isinstance(piece, bool) or not isinstance(piece, (int, np.integer)) or piece < 0):
            raise InputError("there is no such piece", place="piece", expected="0 or more", found=reprlib.repr(piece))
        if piece is not None and self.hyper_reduced:
            return int(piece)  # the fields file refuses one that does not exist
        with self._fields() as fields:
            n_piece = fields.n_piece
        if piece is None and n_piece > 1:
            raise InputError(f"the model has {n_piece} pieces: say which", place="piece",
                             expected=f"0 to {n_piece - 1}", remedy="go through all of them, or ask for a probe")
        if not 0 <= (piece or 0) < n_piece:
            raise InputError(f"there is no piece {piece}", place="piece", expected=f"0 to {n_piece - 1}")
        return int(piece or 0)

    def _rows(self, steps: Steps) -> np.ndarray:
        try:
            return np.atleast_1d(np.arange(self.n_step)[steps])
        except IndexError:
            raise InputError("there is no such step", expected=f"0 to {self.n_step - 1}", found=steps) from None

    @staticmethod
    def _unwrap(values: np.ndarray, steps: Steps) -> np.ndarray:
        return values[0] if isinstance(steps, (int, np.integer)) else values

    def _combine(self, rows: np.ndarray, modes: Callable[[int], np.ndarray], liftings: np.ndarray) -> np.ndarray:
        """sum_k a_k L_k + Phi gamma at `rows`, of modes(cluster) (n_mode, ...) and liftings (n_lift, ...)."""
        values = np.tensordot(self.lifting[rows], liftings, axes=1)
        for cluster in np.unique(self.clusters[rows]):
            here = self.clusters[rows] == cluster
            basis = modes(int(cluster))
            values[here] += np.tensordot(self.coordinates[rows[here], :len(basis)], basis, axes=1)
        return values

    def _displacement(self, rows: np.ndarray, piece: int, nodes: np.ndarray | None) -> np.ndarray:
        with self._fields() as fields:
            return self._combine(rows, lambda k: fields.modes(piece, k, nodes), fields.liftings(piece, nodes))

    def _at_ips(self, name: str, rows: np.ndarray, piece: int, ips: np.ndarray | None) -> np.ndarray:
        """A field at integration points of a piece (all: None), (n_row, n, n_comp)."""
        if name == "von_mises":
            return von_mises(self._at_ips("stress", rows, piece, ips))[..., None]
        if name == "strain":
            return self._strain(rows, piece, ips)
        if not self.hyper_reduced:
            values = self.point_values(name, piece)[rows]
            return values if ips is None else values[:, ips]
        gappy = self.rom.gappy[self._known(name)]
        measured = self.point_values(name, 0)[rows][:, gappy.points]
        with self._fields() as fields:
            modes = fields.dual_modes(piece, name, ips)
        return np.tensordot(measured.reshape(len(rows), -1) @ gappy.operator.T, modes, axes=1)

    def _strain(self, rows: np.ndarray, piece: int, ips: np.ndarray | None) -> np.ndarray:
        with self._fields() as fields:
            operator = StrainOperator(fields.mesh(piece))

            def strain(u: np.ndarray) -> np.ndarray:
                return operator.strain(u) if ips is None else operator.strain_at(u, ips)
            return self._combine(rows, lambda k: strain(fields.modes(piece, k)), strain(fields.liftings(piece)))

    def _at_spots(self, name: str, spot: NodeSpots | IpSpots) -> np.ndarray:
        rows = np.arange(self.n_step)
        if isinstance(spot, IpSpots):
            return self._at_ips(name, rows, spot.piece, spot.ips)
        return np.einsum("sn,tni->tsi", spot.matrix, self._displacement(rows, spot.piece, spot.nodes))


def _probe(values: np.ndarray, spots: Sequence[NodeSpots | IpSpots], single: bool) -> Probe:
    coordinates = np.concatenate([spot.coordinates for spot in spots])
    ids, numbers, where = [], [], ""
    for spot in spots:
        if isinstance(spot, IpSpots):
            ids.append(spot.cell_ids)
            numbers.append(spot.numbers)
            where = f"integration point {spot.numbers[0]} of cell {spot.cell_ids[0]} at {spot.coordinates[0]}"
        else:
            ids.append(spot.ids)
            where = spot.where
    if not single:
        where = f"{len(coordinates)} {'integration points' if numbers else 'nodes'}"
    values = values[:, 0] if single else values
    return Probe(values[..., 0] if values.shape[-1] == 1 else values, coordinates, np.concatenate(ids),
                 np.concatenate(numbers) if numbers else None, where)


class _LazyMeshes(Sequence[Mesh]):
    """The meshes of a fields file, read one at a time."""

    def __init__(self, file: FieldsFile, prepare: Callable[[Mesh], Mesh]) -> None:
        self._file, self._prepare = file, prepare

    def __len__(self) -> int:
        return self._file.n_piece

    def __getitem__(self, piece):  # type: ignore[no-untyped-def, override]
        if not 0 <= piece < len(self):
            raise IndexError(piece)
        return self._prepare(self._file.mesh(piece))
