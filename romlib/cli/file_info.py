"""What is in a file that romlib writes or reads, as plain values, for `romlib info`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py

from romlib.cli.accuracy import accuracy_to_dict
from romlib.cli.dictionary import dictionary_to_dict
from romlib.cli.mesh_info import describe_mesh
from romlib.files import is_file, regular_file
from romlib.model import Amplitude, Case, ExpressionAmplitude, Model
from romlib.storage.manifest import checksums_in_words, has_checksums
from romlib.storage.opening import kind_of, open_hdf5
from romlib.words import plural

if TYPE_CHECKING:
    from romlib.archive.indicator import Indicator
    from romlib.archive.rom import Rom

KINDS = ("a snapshots file (.vtkhdf), a ROM (.rom), its fields file (.fields.rom), a state file, a study or a case "
         "file (.toml), a mesh or a deck that a converter reads (.msh, .med, .vtu, .inp, ...)")


def describe(path: Path) -> dict[str, Any]:
    """Plain JSON values; the key "kind" says of what: snapshots, rom, fields, state, study, case, mesh.

    Raises
    ------
    InputError : no such file. FileFormatError : none of the kinds, or damaged. And what the readers of each raise.
    """
    path = regular_file(path, expected=KINDS)
    if path.suffix.lower() == ".toml":
        return _toml(path)
    if not h5py.is_hdf5(path):
        return describe_mesh(path, KINDS)
    kind = kind_of(path)
    if kind == "rom":
        return _rom(path)
    if kind == "fields":
        return _fields(path)
    if kind == "state":
        return _state(path)
    if kind == "":
        from romlib.study.meshes import mesh_suffixes

        if path.suffix.lower() in mesh_suffixes():
            return describe_mesh(path, KINDS)
    from romlib.snapshots.info import info

    return info(path)


def _rom(path: Path) -> dict[str, Any]:
    from romlib.archive.romfile import fields_path, read_rom
    from romlib.archive.tables import ROM

    rom = read_rom(path)
    with open_hdf5(path, "romlib offline") as file:
        checksums = checksums_in_words(has_checksums(file, ROM))
    manifest = rom.manifest
    return {
        "kind": "rom", "file": str(path), "file_size": path.stat().st_size, "fingerprint": manifest.fingerprint,
        "checksums": checksums, "romlib_version": manifest.romlib_version, "units": manifest.units,
        "full_model": {"nodes": manifest.n_node, "cells": manifest.n_cell, "integration_points": manifest.n_ip,
                       "volume": manifest.volume},
        "clusters": [_cluster(rom, k) for k in range(len(rom.clusters))],
        "switching": None if rom.switching is None else {
            "local_bases": rom.switching.n_local, "global_basis": rom.switching.fallback,
            "snapshots": len(rom.switching.labels)},
        "selected_points": rom.points.n_point, "liftings": list(rom.lifting.names),
        "fields": [{"name": name, "modes": gappy.n_dual, "points": len(gappy.points), "components": gappy.n_comp}
                   for name, gappy in rom.gappy.items()],
        "model": model_names(rom.model), "parameters": manifest.trained_parameters,
        "cases": {name: case_summary(case) for name, case in rom.cases.items()},
        "inputs": manifest.inputs, "tolerances": manifest.tolerances, "errors": manifest.errors,
        "accuracy": accuracy_to_dict(manifest.accuracy), "accepted_errors": manifest.accepted,
        "calibration": _calibration(rom.indicator), "dictionary": dictionary_to_dict(rom.dictionary),
        "enrichments": [entry.model_dump(mode="json") for entry in rom.enrichments],
        "fields_file": str(fields_path(path)) if fields_path(path).is_file() else None,
    }


def _cluster(rom: Rom, k: int) -> dict[str, Any]:
    """One basis of a ROM, as `romlib.offline.summary.cluster_rows` has it.

    Snapshots and medoid are those of a local one that a run switches to; one that the input of a case chooses has none.
    """
    basis, found = rom.clusters[k], rom.switching
    is_local = len(rom.clusters) > 1 and k != rom.fallback
    row = {"cluster": k, "modes": basis.n_mode, "points": basis.n_weighted,
           "sum_of_weights": float(basis.weights.sum()), "kind": "local" if is_local else "global"}
    if found is None or not is_local:
        return row
    middle = found.medoids[k]
    return {**row, "snapshots": int((found.labels == k).sum()),
            "run": found.run_names[found.runs[middle]], "time": float(found.times[middle])}


def _calibration(indicator: Indicator | None) -> dict[str, Any]:
    """What the bounds of a ROM's errors rest on."""
    from romlib.online.ratios import calibration_rows

    source = "the ROM has no error indicator: an older one, or [offline] calibration = false"
    if indicator is not None:
        source = indicator.source or "no run could be left out of the training"
    return {"quantities": calibration_rows(indicator), "source": source,
            "not_solved": [] if indicator is None else list(indicator.failed)}


def _fields(path: Path) -> dict[str, Any]:
    from romlib.archive.fieldsfile import FieldsFile

    with FieldsFile(path) as fields:
        pieces = []
        for piece in range(fields.n_piece):
            mesh = fields.mesh(piece)
            pieces.append({"piece": piece, "nodes": mesh.n_node, "cells": mesh.n_cell})
        return {"kind": "fields", "file": str(path), "file_size": path.stat().st_size,
                "fingerprint": fields.fingerprint, "checksums": checksums_in_words(fields.checksums),
                "pieces": pieces, "dual_fields": fields.dual_names(),
                "singular_values": {name: values.tolist() for name, values in fields.singular_values.items()}}


def _state(path: Path) -> dict[str, Any]:
    from romlib.states.file import read_state

    saved = read_state(path)
    n_block = n_point = 0
    for block in saved.blocks:
        n_block, n_point = n_block + 1, n_point + len(block.cells)
    return {"kind": "state", "file": str(path), "file_size": path.stat().st_size, "time": saved.time,
            "initial_time": saved.initial_time, "of": "a full-order run" if saved.rom is None else "a ROM",
            "rom": saved.rom, "pieces": n_block, "integration_points": n_point,
            "materials": {name: content["law"] for name, content in (saved.materials or {}).items()}}


def _toml(path: Path) -> dict[str, Any]:
    from romlib.study.case_file import read_case_file
    from romlib.study.study import Study
    from romlib.study.toml_file import read_toml

    _, raw = read_toml(path, "file")
    if "times" in raw or "amplitudes" in raw:
        return {"kind": "case", "file": str(path), **case_summary(read_case_file(path))}
    study = Study.read(path)
    return {
        "kind": "study", "file": str(path), "name": study.name,
        "units": None if study.study.units is None else str(study.study.units), "accept": list(study.study.accept),
        "model": model_names(Model(materials=study.materials, constraints=study.constraints, loads=study.loads)),
        "parameters": study.parameters,
        "tags": {name: tag.model_dump(exclude_none=True) for name, tag in study.tags.items()},
        "training": [{"name": run.name, "snapshots": str(run.snapshots), "exists": is_file(run.snapshots),
                      "amplitudes": {n: amplitude_in_words(a) for n, a in run.amplitudes.items()},
                      "parameters": run.parameters}
                     for run in study.training],
        "validation": [{"name": run.name, "snapshots": str(run.snapshots), "exists": is_file(run.snapshots),
                        "amplitudes": {n: amplitude_in_words(a) for n, a in run.amplitudes.items()},
                        "parameters": run.parameters}
                       for run in study.validation],
        "offline": study.offline.model_dump(exclude={"clusters"}), "clusters": study.clusters.model_dump(),
        "check": study.check.model_dump(exclude_none=True),
        "cases": {name: case_summary(case) for name, case in study.cases.items()},
    }


def model_names(model: Model) -> dict[str, Any]:
    """What a model has, by name: law and parameters of each material, the kind of each constraint and load."""
    from romlib.snapshots.info import parameters_of

    return {"materials": {name: material.law for name, material in model.materials.items()},
            "parameters": parameters_of(model),
            "constraints": {name: constraint.kind for name, constraint in model.constraints.items()},
            "loads": {name: load.kind for name, load in model.loads.items()}}


def case_summary(case: Case) -> dict[str, Any]:
    """Times and amplitudes of a case in words, and its parameters."""
    return {"times": times_in_words(case), "description": case.description, "parameters": case.parameters,
            "amplitudes": {name: amplitude_in_words(amplitude) for name, amplitude in case.amplitudes.items()}}


def times_in_words(case: Case) -> str:
    """Such as "from 0 to 1 by 0.025"."""
    times = case.times
    if times.values is not None:
        return f"{len(times.values)} from {times.values[0]:g} to {times.values[-1]:g}"
    return f"from {times.start:g} to {times.stop:g} by {times.step:g}"


def amplitude_in_words(amplitude: Amplitude) -> str:
    """The formula, or the extent of the table."""
    if isinstance(amplitude, ExpressionAmplitude):
        return amplitude.expression
    if len(amplitude.time) == 1:
        return f"{amplitude.value[0]:g}"
    cycles = f", period {amplitude.period:g}" if amplitude.period is not None else ""
    return (f"table of {plural(len(amplitude.time), 'time')} from {amplitude.time[0]:g} to {amplitude.time[-1]:g}, "
            f"values from {min(amplitude.value):g} to {max(amplitude.value):g}{cycles}")
