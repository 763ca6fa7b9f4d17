"""The file x.rom: all that the online stage needs. The layout follows the data classes name by name."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import h5py
from scipy.sparse import csr_matrix

from romlib.archive.hdf5 import PartialFile, contents_of, open_file, read_array, read_json, write_json
from romlib.archive.rom import (
    GappyOperator,
    LiftingData,
    LocalBasis,
    Manifest,
    Rom,
    SelectedPoints,
    TemperatureAtPoints,
)
from romlib.model import Case, Model
from romlib.model.library import model_of_file, refuse_library_paths

_POINT_FIELDS = {
    "cell_ids": int, "numbers": int, "coordinates": float, "pieces": int, "ips": int, "material_index": int}


def fields_path(path: str | Path) -> Path:
    """The fields file that belongs beside a ROM file: x.rom -> x.fields.rom."""
    path = Path(path)
    return path.with_name(f"{path.stem}.fields.rom" if path.suffix == ".rom" else f"{path.name}.fields.rom")


def write_rom(path: str | Path, rom: Rom) -> None:
    """Write a ROM; the file appears under its name only when it is whole.

    Raises
    ------
    FileFormatError : the arrays of the ROM do not fit each other, or a material names a library with a folder: see
        `romlib.laws.portable`.
    """
    rom.validate()
    refuse_library_paths(rom.model, path)
    with PartialFile(path, "rom", rom.manifest.fingerprint) as file:
        write_json(file, "manifest", asdict(rom.manifest))
        write_json(file, "model", rom.model.model_dump(mode="json"))
        write_json(file, "cases", {name: case.model_dump(mode="json") for name, case in rom.cases.items()})
        write_json(file, "force_names", list(rom.force_names))
        for name in _POINT_FIELDS:
            file[f"points/{name}"] = getattr(rom.points, name)
        for k, basis in enumerate(rom.clusters):
            for name in ("strain_modes", "weights", "loads"):
                file[f"clusters/{k}/{name}"] = getattr(basis, name)
        lifting = file.create_group("lifting")
        write_json(lifting, "names", list(rom.lifting.names))
        lifting["strains"], lifting["loads"] = rom.lifting.strains, rom.lifting.loads
        for k, gappy in enumerate(rom.gappy.values()):
            _write_gappy(file.create_group(f"gappy/{k}"), gappy)
        _write_temperature(file.create_group("temperature"), rom.temperature)


def read_rom(path: str | Path) -> Rom:
    """Read a ROM file.

    Raises
    ------
    InputError, FileFormatError, SchemaError : no such file, a damaged one, or one of another schema version.
    """
    with open_file(path, "rom") as file, contents_of(path):
        rom = Rom(
            Manifest(**read_json(file, "manifest")),
            Model.model_validate(read_json(file, "model")),
            {name: Case.model_validate(case) for name, case in read_json(file, "cases").items()},
            SelectedPoints(**{name: read_array(file["points"], name, kind) for name, kind in _POINT_FIELDS.items()}),
            tuple(read_json(file, "force_names")),
            [_read_basis(file[f"clusters/{k}"]) for k in range(len(file["clusters"]))],
            LiftingData(tuple(read_json(file["lifting"], "names")), read_array(file["lifting"], "strains"),
                        read_array(file["lifting"], "loads")),
            _read_gappy(file),
            _read_temperature(file["temperature"]))
    rom.validate(path)
    return replace(rom, model=model_of_file(rom.model, path))


def _read_basis(group: h5py.Group) -> LocalBasis:
    return LocalBasis(read_array(group, "strain_modes"), read_array(group, "weights"), read_array(group, "loads"))


def _write_gappy(group: h5py.Group, gappy: GappyOperator) -> None:
    group.attrs["field"], group.attrs["n_comp"], group.attrs["tensor"] = gappy.field, gappy.n_comp, gappy.tensor
    group["points"], group["operator"], group["basis"] = gappy.points, gappy.operator, gappy.basis


def _read_gappy(file: h5py.File) -> dict[str, GappyOperator]:
    operators = {}
    for k in range(len(file.get("gappy", ()))):
        group = file[f"gappy/{k}"]
        operators[group.attrs["field"]] = GappyOperator(
            str(group.attrs["field"]), int(group.attrs["n_comp"]), read_array(group, "points", int),
            read_array(group, "operator"), read_array(group, "basis"), bool(group.attrs["tensor"]))
    return operators


def _write_temperature(group: h5py.Group, temperature: TemperatureAtPoints) -> None:
    write_json(group, "names", list(temperature.terms))
    for k, term in enumerate(temperature.terms.values()):
        group[f"terms/{k}"] = term
    if temperature.initial is not None:
        group["initial"] = temperature.initial
    group["node_ids"] = temperature.node_ids
    matrix = temperature.matrix.tocsr()
    group.attrs["shape"] = matrix.shape
    group["matrix/data"], group["matrix/indices"], group["matrix/indptr"] = matrix.data, matrix.indices, matrix.indptr


def _read_temperature(group: h5py.Group) -> TemperatureAtPoints:
    matrix = group["matrix"]
    return TemperatureAtPoints(
        {name: read_array(group, f"terms/{k}") for k, name in enumerate(read_json(group, "names"))},
        read_array(group, "initial") if "initial" in group else None, read_array(group, "node_ids", int),
        csr_matrix((read_array(matrix, "data"), read_array(matrix, "indices", int), read_array(matrix, "indptr", int)),
                   shape=tuple(int(n) for n in group.attrs["shape"])))
