"""A snapshots file with what a study adds to it: tags, materials, loads, amplitudes, the name of the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from romlib.errors import InputError
from romlib.loads.nodal_temperature import loads_of_history
from romlib.mesh.mesh import Mesh
from romlib.mesh.tags import NO_TAGS, TagSet, add_tags
from romlib.model import Amplitude, Model, TemperatureFile
from romlib.snapshots.nodal_fields import StoredTemperature
from romlib.snapshots.reader import Snapshots

# What a file is to a training; `romlib.offline.roles` says what each is good for.
Role = Literal["run", "record", "elastic", "equilibrated", "replayed", "validation"]


@dataclass(frozen=True, eq=False)
class PreparedSnapshots:
    """What is computed from: an open file, the model that it ran with, and the tags that the model names.

    model : with the amplitudes of the run. tags : besides those of the file. accepted : names of the omissions that are
    accepted. name : of the run. with_arrays : what else the model names, put on a mesh, such as a temperature in a file
    of its own. files : that are read besides the snapshots. notes : what a user has to know of these. role : "run", the
    whole history of a run at full order; "record", single steps at full order; "elastic", answers of the initial
    stiffness; "equilibrated", a run of a ROM that the initial stiffness has brought towards equilibrium; "replayed",
    the displacement of a run of a ROM; "validation", a run at full order that trains nothing.
    """

    snapshots: Snapshots
    model: Model
    tags: TagSet = NO_TAGS
    accepted: tuple[str, ...] = ()
    name: str = ""
    with_arrays: Callable[[Mesh], Mesh] | None = None
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    role: Role = "run"

    @classmethod
    def of(cls, snapshots: Snapshots | PreparedSnapshots, model: Model | None = None) -> PreparedSnapshots:
        """A file as it is, or as it was prepared; model : in place of its own."""
        if isinstance(snapshots, Snapshots):
            return cls(snapshots, snapshots.model if model is None else model, name=snapshots.path.stem)
        return snapshots if model is None else replace(snapshots, model=model)

    @property
    def path(self) -> Path:
        """The file."""
        return self.snapshots.path

    @property
    def amplitudes(self) -> dict[str, Amplitude]:
        """Of the run, by load or prescribed constraint."""
        return self.model.amplitudes

    @property
    def parameters(self) -> dict[str, float]:
        """Of the run: values of what its materials name in place of numbers."""
        return self.model.parameters

    @property
    def times(self) -> np.ndarray:
        """Times of the snapshots, (n_step,)."""
        return self.snapshots.times

    @property
    def case_times(self) -> np.ndarray:
        """Times of an online run over the same history: the initial time, then those of the snapshots."""
        times, start = np.asarray(self.times, dtype=float), self.model.initial_time
        return times if times[0] <= start else np.concatenate([[start], times])

    def refuse_without_history(self, what: str) -> None:
        """Raise where the laws cannot be replayed along the file's displacement. what : is to be done with it.

        Raises
        ------
        InputError : the run began with a state, or the file has no displacement.
        """
        snapshots = self.snapshots
        if snapshots.model.starts_from_state:
            raise InputError("the run of this file began with a state, and its laws cannot be replayed from it",
                             file=snapshots.path, expected="a run that began with the undeformed body",
                             found=f"a run from time {snapshots.times[0]:.6g}",
                             remedy=f"{what} a run over the whole history, from its initial time")
        if "displacement" not in snapshots.fields:
            raise InputError(
                "the file has no displacement", file=snapshots.path, expected="a node field 'displacement'",
                found=f"fields {', '.join(snapshots.fields) or 'none'}",
                remedy="tell the converter which array of the solver's file is the displacement")

    def mesh(self, piece: int) -> Mesh:
        """A piece with the tags, and the arrays that the model names."""
        mesh = add_tags(self.snapshots.mesh(piece), *self.tags)
        return mesh if self.with_arrays is None else self.with_arrays(mesh)

    def with_amplitudes(self, amplitudes: dict[str, Amplitude]) -> PreparedSnapshots:
        """The same file, driven otherwise."""
        return replace(self, model=self.model.model_copy(update={"amplitudes": amplitudes}))

    def with_names(self, names: Mapping[str, str]) -> PreparedSnapshots:
        """The same run, whose loads have other names: by the present one."""
        return replace(self, model=self.model.model_copy(update={
            key: {names.get(name, name): value for name, value in entries.items()
                  if key == "loads" or name not in names.values() or name in names}
            for key, entries in (("loads", self.model.loads), ("amplitudes", self.model.amplitudes))}))

    def with_temperature(self, source: TemperatureFile) -> PreparedSnapshots:
        """The run with the temperature of a file in place of its temperature loads.

        Raises
        ------
        InputError, FileFormatError : the file cannot be read, or has no such field.
        """
        history = StoredTemperature(source)
        given = loads_of_history(self.model, history, self.case_times, f"temperature_{self.name}")
        notes = (*self.notes, f"{source.file.name}: {given.note}") if given.note else self.notes
        return replace(self, model=given.model, with_arrays=given.with_arrays, files=(*self.files, source.file),
                       notes=notes)
