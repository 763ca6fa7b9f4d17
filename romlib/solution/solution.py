"""The solution of an online run: full fields on demand, probes, reactions, and a snapshots file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from romlib.archive.dictionary import Choice
from romlib.archive.fieldsfile import FieldsFile
from romlib.archive.rom import Rom
from romlib.blocks import blocks
from romlib.errors import InputError
from romlib.mesh.lazy import LazyMeshes
from romlib.model import Amplitude, Identity, Model
from romlib.results.access import FieldAccess
from romlib.results.html import Table
from romlib.results.probe import Probe
from romlib.results.probing import checked_place
from romlib.snapshots.error_bounds import ErrorBounds
from romlib.snapshots.outputs import refuse_inputs
from romlib.snapshots.writer import SnapshotsWriter
from romlib.solution.at_points import probe_selected
from romlib.solution.clusters import ClusterUse
from romlib.solution.reader import FieldsReader
from romlib.solution.reconstruction import Reconstruction, SolvedModel
from romlib.solution.timings import Timings
from romlib.states.file import StateWriter
from romlib.states.state import SavedState
from romlib.words import listed, names_of, plural

_BLOCK_BYTES = 64 * 2**20
_CACHED = ("source", "error_bound")  # made again of the rest, where a solution is sent to another process


class Run(Protocol):
    """What a solution asks of the run behind it: data, which can be sent to another process."""

    @property
    def variables(self) -> Mapping[str, int]:
        """Stress and internal variables, with their numbers of components."""

    @property
    def tensors(self) -> frozenset[str]:
        """Fields that are symmetric tensors."""

    def values(self, field: str, block: int = 0) -> np.ndarray:
        """The laws' own values, (n_step, n_point, n_comp); one block with the selected points, or one a piece."""

    def state(self, step: int) -> SavedState:
        """The state at a step."""

    def bounds(self, solution: Solution) -> ErrorBounds:
        """The bounds of its errors."""

    def solved(self, times: np.ndarray | None = None) -> SolvedModel:
        """The model of a file that the solution is written to, or of a run over other times."""


@dataclass(eq=False, repr=False)
class Solution(FieldAccess):
    """A solved case: data, and a reader of the ROM's fields file. It can be pickled, and used by several threads.

    Fields are those of `romlib.results.access.FieldAccess`: of the whole mesh, in the order of `mesh`.

    reader : of the ROM's fields file. times : (n_step,). coordinates : (n_step, n_mode), with several local bases
    those of the cluster of the time, padded with zeros. clusters : (n_step,).
    lifting : (n_step, n_lift). amplitudes : descriptions used, by name. reactions : by prescribed constraint,
    (n_step,), the force (or moment) conjugate to its amplitude. iterations, cutbacks : (n_step,). timings : seconds.
    hyper_reduced : whether the laws were integrated at the selected points only.
    run : what was solved, and the laws' own values.
    notes : what the user should know, such as loads that leave the range of the training runs.
    files : the files of the ROM and of its case, which `write` does not replace.
    jumps : (n_step,), what the switch to another cluster on the way to a time has lost of the displacement, in the
    elastic energy and relative to it; zero without one.
    choice : of the cluster, where one was chosen for the whole run. case : the name of the case, "" without one.
    """

    reader: FieldsReader
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
    run: Run
    notes: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    jumps: np.ndarray = field(default_factory=lambda: np.zeros(0))
    choice: Choice | None = None
    case: str = ""

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in _CACHED}

    def __repr__(self) -> str:
        """One line, for a notebook: the arrays are many."""
        return (f"Solution({plural(len(self.times), 'time')} from {self.times[0]:g} to {self.times[-1]:g}, "
                f"{plural(self.coordinates.shape[1], 'mode')}, {self._kind}, "
                f"{plural(int(self.iterations.sum()), 'Newton iteration')}, "
                f"{plural(int(self.cutbacks.sum()), 'cutback')}, fields {listed(['displacement', *self.rom.gappy])})")

    def _repr_html_(self) -> str:
        table, unit = Table("Solution"), self.units.time
        table.add(("times", f"{len(self.times)}, from {self.times[0]:g} to {self.times[-1]:g} {unit}"))
        table.add(("fields", listed(self.fields)))
        table.add(("laws integrated at", self._kind))
        table.add(("modes", self.coordinates.shape[1]))
        table.add(("Newton iterations, cutbacks", f"{int(self.iterations.sum())}, {int(self.cutbacks.sum())}"))
        table.add(("time", f"{1e3 * self.timings.total:.1f} ms"))
        for name, forces in self.reactions.items():
            table.add((f"reaction of {name}", f"{forces.min():.5g} to {forces.max():.5g} {self.units.force}"))
        for name in self.error_bound:
            largest = self.error_bound.largest(name)
            table.add((f"bound of the error of {name}", "withheld" if np.isnan(largest.value) else
                       f"{largest.value:.2g}, at time {largest.time:g}"))
        for note in self.notes:
            table.note(note)
        return table.html()

    @property
    def rom(self) -> Rom:
        """The data of the ROM."""
        return self.reader.archive

    @property
    def stored_fields(self) -> tuple[str, ...]:
        """Those that `write` writes: displacement, and the dual fields of the ROM."""
        return "displacement", *self.rom.gappy

    @property
    def _kind(self) -> str:
        return "selected points" if self.hyper_reduced else "all points"

    @cached_property
    def source(self) -> Reconstruction:  # type: ignore[override]
        """The fields piece by piece, for tools that show results."""
        return Reconstruction(self)

    @property
    def values(self) -> Callable[..., np.ndarray]:
        """See `Run.values`."""
        return self.run.values

    @property
    def variables(self) -> Mapping[str, int]:
        """What `at_points` knows, with the numbers of components."""
        return self.run.variables

    @property
    def tensors(self) -> frozenset[str]:
        """Names of the fields that are symmetric tensors."""
        return self.run.tensors

    def open_fields(self) -> FieldsFile:
        """Open the fields file of the ROM; raises an error that says where it should be."""
        return self.reader.open()

    @property
    def cluster_use(self) -> ClusterUse | None:
        """How the run has used its local bases; None where the ROM has one basis."""
        if len(self.rom.clusters) == 1:
            return None
        jumps = self.jumps if self.jumps.size else np.zeros(self.n_step)
        return ClusterUse(self.times, self.clusters, jumps, len(self.rom.clusters), self.rom.fallback)

    @cached_property
    def error_bound(self) -> ErrorBounds:
        """Bounds of the errors by quantity and time, as a mapping: `solution.error_bound["p"]` is (n_step,)."""
        return self.run.bounds(self)

    def at_points(self, field: str) -> np.ndarray:
        """Stress or an internal variable at `rom.points`, as the laws computed it: (n_step, n_point, n_comp)."""
        return self.source.at_points(field)

    def probe(
        self, name: str, *, point: Sequence[float] | None = None, node: int | None = None, tag: str | None = None,
        reduce: str | None = None,
    ) -> Probe:
        """See `romlib.results.access.FieldAccess.probe`.

        Where the fields file of the ROM is not there, a point gets the value of the nearest integration point that the
        ROM itself has, and `Probe.where` says how far that is.
        """
        if self.reader.has_file or not self.hyper_reduced:
            return super().probe(name, point=point, node=node, tag=tag, reduce=reduce)
        place, _, _ = checked_place(point, node, tag)
        try:
            self.reader.open().close()
        except InputError as lacking:
            return probe_selected(self.source, name, place, lacking)
        return super().probe(name, point=point, node=node, tag=tag, reduce=reduce)

    def reaction(self, name: str) -> Probe:
        """See `romlib.results.access.FieldAccess.reaction`.

        Without the fields file of the ROM: the force that is conjugate to a prescribed displacement, see `reactions`.
        """
        if self.reader.has_file or name not in self.reactions:
            return super().reaction(name)
        return Probe(self.reactions[name], np.empty((0, 3)), np.empty(0, dtype=np.int64), None,
                     f"force conjugate to the amplitude of {name!r}", self.times, f"reaction of {name}", (), False,
                     self.units.force, str(self.units.time), "sum", name)

    def solved(self, times: np.ndarray | None = None) -> SolvedModel:
        """The model of what was solved, or of a run over other times."""
        return self.run.solved(times)

    def write(self, path: str | Path, fields: str | Sequence[str] | None = None, *, nodal: bool = True) -> None:
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
        names = names_of(self.stored_fields if fields is None else fields)
        made = self.solved()
        solver = f"romlib online, {'selected points' if self.hyper_reduced else 'all integration points'}"
        with self.reader.opened() as file:
            meshes = LazyMeshes(file.n_piece, lambda piece: made.with_arrays(file.mesh(piece)))
            specs = {name: self.source.spec(name) for name in names}
            with SnapshotsWriter(Path(path), meshes, made.model, self.times, specs, solver=solver,
                                 fingerprint=self.rom.manifest.fingerprint, identity=self._identity(made.model),
                                 bounds=self.error_bound, clusters=self.source.clusters,
                                 nodal=nodal, case=self.case) as writer:
                for piece in range(len(meshes)):
                    for name in names:
                        self._write_field(writer, name, piece)

    def state(self, step: int = -1) -> SavedState:
        """The state at a step, for `ReducedOrderModel.solve(start=...)`: a run goes on as if it had not stopped.

        Raises
        ------
        InputError : no such step.
        """
        saved = self.run.state(step)
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
