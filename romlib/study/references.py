"""Whether what a study names exists in the snapshots file that it is used with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from romlib.errors import InputError
from romlib.files import is_file
from romlib.laws.registry import build_law
from romlib.laws.symbols import evaluated_model, parameters_of
from romlib.mesh.mesh import Mesh
from romlib.mesh.tags import add_tags
from romlib.model import ArrayReference, Case, FaceTag, Model
from romlib.snapshots.reader import Snapshots
from romlib.study.faults import Fault, refuse
from romlib.study.study import Run, Study
from romlib.words import unknown

_PREPARED_TAGS = ("skin",)  # made from the mesh where the file lacks it


class MeshFileOf(Protocol):
    """What names are looked up in: a snapshots file, or the mesh of a study."""

    path: Path
    model: Model

    @property
    def n_piece(self) -> int:
        """Number of pieces."""
        ...

    def mesh(self, piece: int) -> Mesh:
        """A piece."""
        ...


def validate_against(study: Study, snapshots: Snapshots | MeshFileOf) -> Model:
    """Check every name in the study against a snapshots file; returns the file's model completed by the study.

    Tags, arrays, laws and their parameters, loads that amplitudes belong to, and accepted omissions. Every load and
    every prescribed constraint must have an amplitude, in the file or in the training run that uses it.

    Raises
    ------
    StudyError : all unknown names, each with the list of those that exist and the closest match.
    """
    training = study.run_of(snapshots.path)
    model = study.complete(snapshots.model, training)
    names = _Names(snapshots)
    faults = [*_tag_faults(study, names), *_reference_faults(study, model, names),
              *_parameter_faults(study, training, model), *_law_faults(study, model),
              *_amplitude_faults(study, training, model), *_omission_faults(study, training, model),
              *_temperature_faults(study, model)]
    driven = driven_of(model)
    if training is not None or not study.training:
        where = "amplitudes" if training is None else next(
            f"{key}.amplitudes" for key, run in study.runs.items() if run is training)
        faults += [Fault(f"{where}.{name}", "this load has no amplitude, neither in the study nor in the file",
                         expected="an amplitude for each of " + ", ".join(driven))
                   for name in driven if name not in model.amplitudes
                   and not (training is not None and training.temperature and _is_temperature(model, name))]
    if not faults:
        faults = _empty_tags(study, snapshots)
    if faults:
        raise refuse(study.path or snapshots.path, faults)
    return model


class _Names:
    """The tags and arrays that some piece of a snapshots file has."""

    def __init__(self, snapshots: Snapshots | MeshFileOf) -> None:
        self.nodes: set[str] = set()
        self.cells: set[str] = {"all"}
        self.node_arrays: set[str] = set()
        self.cell_arrays: set[str] = set()
        self.face_arrays: dict[str, set[str]] = {name: set() for name in _PREPARED_TAGS}
        for piece in range(snapshots.n_piece):
            mesh = snapshots.mesh(piece)
            self.nodes |= set(mesh.node_tags)
            self.cells |= set(mesh.cell_tags)
            self.node_arrays |= set(mesh.node_arrays)
            self.cell_arrays |= set(mesh.cell_arrays)
            for name, faces in mesh.face_tags.items():
                self.face_arrays.setdefault(name, set()).update(faces.arrays)

    @property
    def all_face_arrays(self) -> set[str]:
        return {array for arrays in self.face_arrays.values() for array in arrays}


def _empty_tags(study: Study, snapshots: Snapshots | MeshFileOf) -> list[Fault]:
    """Tags of the study that no piece has anything of."""
    sizes: Counter[str] = Counter()
    for piece in range(snapshots.n_piece if study.tags else 0):
        mesh = add_tags(snapshots.mesh(piece), *study.tag_set)
        sizes.update({f"{name}.nodes": len(mesh.node_tags[name]) for name in study.node_tags})
        sizes.update({f"{name}.faces": mesh.face_tags[name].n_face for name in study.face_tags})
        sizes.update({f"{name}.cells": len(mesh.cell_tags[name]) for name in study.cell_tags})
    return [Fault(f"tags.{key}", f"this tag is empty: no {key.rpartition('.')[2]} of the file match it",
                  remedy="compare the value, plane or box with the mesh: `romlib info` lists the arrays")
            for key, size in sizes.items() if not size]


def _missing_tag(key: str, kind: str, tag: str, known: Iterable[str], names: _Names) -> list[Fault]:
    """A tag that does not exist; where an array has its name, as flags written by a solver have, how to make one."""
    arrays = {"nodes": names.node_arrays, "cells": names.cell_arrays, "faces": names.all_face_arrays}[kind]
    faults = _missing(key, f"there is no {kind[:-1]} tag with this name", tag, known)
    if tag not in arrays:
        return faults
    return [replace(fault, remedy=f"an array of {kind} has this name: make a tag of it, [tags.{tag}] {kind} = "
                                  f'{{ array = "{tag}" }}, where it is 1') for fault in faults]


def _missing(key: str, what: str, name: str, known: Iterable[str]) -> list[Fault]:
    known = sorted(known)
    return [] if name in known else [Fault(key, what, **unknown(name, known))]


def _tag_faults(study: Study, names: _Names) -> list[Fault]:
    faults = []
    for name, tag in study.tags.items():
        for kind, definition, arrays in (
                ("nodes", tag.nodes, names.node_arrays), ("faces", tag.faces, names.all_face_arrays),
                ("cells", tag.cells, names.cell_arrays)):
            if definition is not None and definition.array is not None:
                faults += _missing(f"tags.{name}.{kind}.array", f"the file has no array of {kind} with this name",
                                   definition.array, arrays)
    return faults


def _reference_faults(study: Study, model: Model, names: _Names) -> list[Fault]:
    """Tags and arrays that the study's own materials, constraints, loads and initial state refer to."""
    nodes, cells = names.nodes | set(study.node_tags), names.cells | set(study.cell_tags)
    faces = set(names.face_arrays) | set(study.face_tags)
    faults = []
    sections: dict[str, dict[str, Any]] = {
        "materials": study.materials, "constraints": study.constraints, "loads": study.loads}
    for section, entries in sections.items():
        for name, entry in entries.items():
            for kind, known in (("nodes", nodes), ("cells", cells), ("faces", faces)):
                tag = getattr(entry, kind, None)
                if tag is not None:
                    faults += _missing_tag(f"{section}.{name}.{kind}", kind, tag, known, names)
    for name, load in study.loads.items():
        value, tag = getattr(load, "value", None), getattr(load, "faces", None)
        if isinstance(value, ArrayReference) and tag in faces:
            own = names.face_arrays.get(tag) or _arrays_of_definition(study.face_tags.get(tag), names)
            faults += _missing(f"loads.{name}.value.array", f"the face tag {tag!r} has no array with this name",
                               value.array, own)
        field = getattr(load, "field", None)
        if isinstance(field, ArrayReference):
            faults += _missing(f"loads.{name}.field.array", "the snapshots file has no node array with this name",
                               field.array, names.node_arrays)
    for name, material in study.materials.items():
        for key in ("first", "plane"):
            vector = getattr(material.orientation, key, None)
            if isinstance(vector, ArrayReference):
                faults += _missing(f"materials.{name}.orientation.{key}.array",
                                   "the file has no cell array with this name", vector.array, names.cell_arrays)
    for name, constraint in study.constraints.items():
        if constraint.master is not None:
            faults += _missing_tag(f"constraints.{name}.master", "nodes", constraint.master, nodes, names)
        if isinstance(constraint.value, ArrayReference):
            faults += _missing(f"constraints.{name}.value.array", "the file has no node array with this name",
                               constraint.value.array, names.node_arrays)
    temperature = study.initial.temperature
    if isinstance(temperature, ArrayReference):
        faults += _missing("initial.temperature.array", "the snapshots file has no node array with this name",
                           temperature.array, names.node_arrays)
    return faults


def _parameter_faults(study: Study, training: Run | None, model: Model) -> list[Fault]:
    """Parameters that no material has."""
    tables = {"parameters": study.parameters, **{f"cases.{name}.parameters": one.parameters
                                                 for name, one in study.cases.items()}}
    tables |= {f"{key}.parameters": run.parameters for key, run in study.runs.items()
               if training is None or run is training}
    known = parameters_of(model.materials)
    return [fault for key, parameters in tables.items() for name in parameters
            for fault in _missing(f"{key}.{name}", "no material has a parameter of this name", name, known)]


def _law_faults(study: Study, model: Model) -> list[Fault]:
    """Laws that are not installed, and parameters that they do not take, or that have no value in this run."""
    faults = []
    for name, material in study.materials.items():
        try:
            build_law(evaluated_model(model.model_copy(update={"materials": {name: material}})).materials[name])
        except InputError as error:
            parts = [str(part) for part in (error.file, error.place) if part]
            place = f" ({', '.join(parts)})" if parts else ""
            expected, found = (None if part is None else str(part) for part in (error.expected, error.found))
            faults.append(Fault(f"materials.{name}", error.what + place, expected, found, error.remedy))
    return faults


def _arrays_of_definition(tag: FaceTag | None, names: _Names) -> set[str]:
    """Arrays of the face sets that a tag of the study takes its faces from."""
    if tag is None:
        return set()
    sources = names.face_arrays.values() if tag.array else [names.face_arrays["skin"]]
    return {array for arrays in sources if tag.array is None or tag.array in arrays for array in arrays}


def driven_of(model: Model) -> list[str]:
    """Names of what an amplitude multiplies."""
    return [*model.loads, *(name for name, c in model.constraints.items() if c.kind == "prescribed")]


def _is_temperature(model: Model, name: str) -> bool:
    return name in model.loads and model.loads[name].kind == "temperature"


def _temperature_faults(study: Study, model: Model) -> list[Fault]:
    """A run or a case has one temperature."""
    tables: dict[str, Run | Case] = {f"cases.{name}": one for name, one in study.cases.items()}
    tables |= study.runs
    return [Fault(f"{key}.amplitudes.{name}", "a temperature load has an amplitude, and the temperature is in a file",
                  remedy="leave out either")
            for key, one in tables.items() if one.temperature is not None
            for name in one.amplitudes if _is_temperature(model, name)]


def _other_models(study: Study, training: Run | None) -> Iterator[Model]:
    """The models of the other training runs: a run may have loads and omissions that this one does not have."""
    for run in study.runs.values():
        if training is not None and run is not training and is_file(run.snapshots):  # a missing one is named later
            with Snapshots(run.snapshots) as other:
                yield study.complete(other.model, run)


def _amplitude_faults(study: Study, training: Run | None, model: Model) -> list[Fault]:
    """Amplitudes of loads that do not exist: of a run in its own file, of a case in any of the training."""
    tables: dict[str, dict[str, Any]] = {
        f"cases.{name}.amplitudes": one.amplitudes for name, one in study.cases.items()}
    for key, run in study.runs.items():
        if training is None or run is training:
            tables[f"{key}.amplitudes"] = run.amplitudes
    driven = driven_of(model)
    what = "no load or prescribed constraint has this name"
    if any(name not in driven for amplitudes in tables.values() for name in amplitudes):
        others = [name for other in _other_models(study, training) for name in driven_of(other)]
        known = {key: driven if key.startswith(("training", "validation")) else [*driven, *others] for key in tables}
        return [fault for key, amplitudes in tables.items() for name in amplitudes
                for fault in _missing(f"{key}.{name}", what, name, known[key])]
    return []


def _omission_faults(study: Study, training: Run | None, model: Model) -> list[Fault]:
    """Accepted omissions that no training file has."""
    known = [omission.name for omission in model.omissions]
    if any(name not in known for name in study.study.accept):
        known += [omission.name for other in _other_models(study, training) for omission in other.omissions]
    return [fault for name in study.study.accept
            for fault in _missing("study.accept", "the snapshots file has no omission with this name", name, known)]
