"""The solution of an online run: full fields on demand, probes, reactions, and a snapshots file."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np

from romlib.archive.dictionary import Choice
from romlib.archive.fieldsfile import FieldsFile
from romlib.archive.rom import Rom
from romlib.blocks import blocks
from romlib.errors import InputError
from romlib.mesh.lazy import LazyMeshes
from romlib.mesh.mesh import Mesh
from romlib.model import Amplitude, Identity, Model
from romlib.snapshots.error_bounds import ErrorBounds
from romlib.snapshots.outputs import refuse_inputs
from romlib.snapshots.writer import SnapshotsWriter
from romlib.solution.clusters import ClusterUse
from romlib.solution.probe import Places, Probe, probe
from romlib.solution.reconstruction import Reconstruction
from romlib.solution.timings import Timings
from romlib.states.file import StateWriter
from romlib.states.state import SavedState
from romlib.words import listed, plural


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


@dataclass(eq=False, repr=False)
class Solution:
    """A solved case. Arrays in memory: time first; symmetric tensors Kelvin-Mandel (see `romlib.tensors`).

    rom : what was solved. times : (n_step,). coordinates : (n_step, n_mode), with several local bases
    those of the cluster of the time, padded with zeros. clusters : (n_step,).
    lifting : (n_step, n_lift). amplitudes : descriptions used, by name. reactions : by prescribed constraint,
    (n_step,), the force (or moment) conjugate to its amplitude. iterations, cutbacks : (n_step,). timings : seconds.
    hyper_reduced : whether the laws were integrated at the selected points only.
    point_values : (field, block) -> (n_step, n_point, n_comp), the laws' own values; one block with the selected
    points, or one a piece with all. tensors : names of the fields that are symmetric tensors.
    open_fields : opens the fields file; raises an error that says where it should be.
    notes : what the user should know, such as loads that leave the range of the training runs.
    solved : makes the model of a file that the solution is written to, or of a run over other times (times=...); by
    default the ROM's with these amplitudes.
    files : the files of the ROM, which `write` does not replace.
    places : of probes, found once; the solutions of a ROM share them.
    state_at : the state at a step. bounds_of : the bounds of its errors.
    jumps : (n_step,), what the switch to another cluster on the way to a time has lost of the displacement, in the
    elastic energy and relative to it; zero without one.
    choice : of the cluster, where one was chosen for the whole run.
    """

    rom: Rom
    times: np.ndarray
    coordinates: np.ndarray
    clusters: np.ndarray
    lifting: np.ndarray
    amplitudes: dict[str, Amplitude]
    reactions: dict[str, np.ndarray]
    iterations: np.ndarray
    cutbacks: np.ndarray
    timings: Timings
    hyper_reduced: bool
    point_values: Callable[[str, int], np.ndarray]
    tensors: frozenset[str]
    open_fields: Callable[[], FieldsFile]
    notes: tuple[str, ...] = ()
    solved: Callable[..., SolvedModel] | None = None
    files: tuple[Path, ...] = ()
    places: Places = field(default_factory=dict)
    state_at: Callable[[int], SavedState] | None = None
    bounds_of: Callable[[Solution], ErrorBounds] | None = None
    jumps: np.ndarray = field(default_factory=lambda: np.zeros(0))
    choice: Choice | None = None

    def __repr__(self) -> str:
        """One line, for a notebook: the arrays are many."""
        kind = "selected points" if self.hyper_reduced else "all points"
        return (f"Solution({plural(len(self.times), 'time')} from {self.times[0]:g} to {self.times[-1]:g}, "
                f"{plural(self.coordinates.shape[1], 'mode')}, {kind}, "
                f"{plural(int(self.iterations.sum()), 'Newton iteration')}, "
                f"{plural(int(self.cutbacks.sum()), 'cutback')}, fields {listed(['displacement', *self.rom.gappy])})")

    @cached_property
    def _fields(self) -> Reconstruction:
        return Reconstruction(self.rom, self.coordinates, self.clusters, self.lifting, self.hyper_reduced,
                              self.point_values, self.tensors, self.open_fields)

    @property
    def cluster_use(self) -> ClusterUse | None:
        """How the run has used its local bases; None where the ROM has one basis."""
        if len(self.rom.clusters) == 1:
            return None
        jumps = self.jumps if self.jumps.size else np.zeros(self.n_step)
        return ClusterUse(self.times, self.clusters, jumps, len(self.rom.clusters), self.rom.fallback)

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
        return self._fields.at_points(field)

    def displacement(self, steps: Steps = _ALL, piece: int | None = None) -> np.ndarray:
        """Displacement of the nodes of a piece, (n_step, n_node, 3); without the first axis for one step.

        piece : may be left out where there is one only.
        """
        return self.field("displacement", steps, piece)

    def field(self, name: str, steps: Steps = _ALL, piece: int | None = None) -> np.ndarray:
        """A field of a piece, (n_step, n_node or n_ip, n_comp); without the first axis for one step.

        "displacement" at the nodes; at the integration points "strain" (of the displacement), "von_mises" (of the
        stress), and the dual fields of the ROM by gappy POD, or as integrated where hyper-reduction was off. NaN where
        the material lacks the field. piece : may be left out where there is one only.

        Raises
        ------
        InputError : no such field, step or piece; or several pieces, and none is named.
        """
        values = self._fields.field(name, self._rows(steps), self._which(piece))
        return values[0] if isinstance(steps, (int, np.integer)) else values

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
        return probe(self._fields, self.places, name, point, node, tag)

    def write(self, path: str | Path, fields: Sequence[str] | None = None, *, nodal: bool = True) -> None:
        """Write fields as a snapshots file; by default displacement and all dual fields of the ROM.

        Its model is what was solved: amplitudes, nodal temperatures, initial time. It has the bounds of the errors.

        nodal : whether ParaView and other programs of VTK are shown the fields at integration points as values at
        nodes and of cells.

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
        with self._fields.opened() as file:
            meshes = LazyMeshes(file.n_piece, lambda piece: prepare(file.mesh(piece)))
            specs = {name: self._fields.spec(name) for name in names}
            with SnapshotsWriter(Path(path), meshes, model, self.times, specs, solver=solver,
                                 fingerprint=self.rom.manifest.fingerprint, identity=self._identity(model),
                                 bounds=None if self.bounds_of is None else self.error_bound,
                                 clusters=self.clusters if len(self.rom.clusters) > 1 else None,
                                 nodal=nodal) as writer:
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

    def _which(self, piece: int | None) -> int:
        """The piece that is asked for: never the first of several by default, which would be a part taken for all."""
        if piece is not None and (isinstance(piece, bool) or not isinstance(piece, (int, np.integer)) or piece < 0):
            raise InputError("there is no such piece", place="piece", expected="0 or more", found=reprlib.repr(piece))
        if piece is not None and self.hyper_reduced:
            return int(piece)  # the fields file refuses one that does not exist
        with self._fields.opened() as fields:
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
