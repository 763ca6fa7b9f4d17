"""The file x.rom: all that the online stage needs. The layout follows the data classes name by name."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import h5py
import numpy as np
from pydantic import TypeAdapter
from scipy.sparse import csr_matrix

from romlib.archive.dictionaryfile import read_dictionary, write_dictionary
from romlib.archive.enrichment import Enrichment
from romlib.archive.hdf5 import SCHEMA, recognise, write_head, write_json
from romlib.archive.indicator import Indicator
from romlib.archive.manifest import Manifest
from romlib.archive.rom import (
    ControlPoints,
    FieldsReference,
    GappyOperator,
    LiftingData,
    LocalBasis,
    Rom,
    SelectedPoints,
    TemperatureAtPoints,
    TrainedTemperatures,
)
from romlib.archive.switching import Switching
from romlib.archive.tables import ROM
from romlib.errors import FileFormatError
from romlib.model import Case, Model, TrainedModel
from romlib.model.library import model_of_file, refuse_library_paths
from romlib.snapshots.atomic import atomic_target
from romlib.snapshots.hdf5_output import Hdf5Output
from romlib.storage.contents import Contents
from romlib.storage.files import open_contents
from romlib.storage.manifest import seal
from romlib.storage.opening import damage
from romlib.words import plural

_TRAINED = ("modes", "lowest", "highest")  # arrays of `TrainedTemperatures`
_POINT_FIELDS = {
    "cell_ids": int, "numbers": int, "coordinates": float, "pieces": int, "ips": int, "material_index": int}
_SWITCHING = {"runs": int, "times": float, "labels": int, "medoids": int, "energy": float, "products": float,
              "sizes": float}
_MANIFEST: TypeAdapter = TypeAdapter(Manifest)
_LOG: TypeAdapter = TypeAdapter(tuple[Enrichment, ...])
_TERMS: TypeAdapter = TypeAdapter(dict[str, tuple[str, str]])


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
    with atomic_target(path) as temporary, Hdf5Output(temporary, path) as output:
        fill_rom(output.file, Path(path), rom)


def fill_rom(file: h5py.File, path: Path, rom: Rom) -> None:
    """Write a ROM into an empty file, with its checksums; path : of the finished file, for messages.

    Raises
    ------
    FileFormatError : contents that a reader would refuse.
    """
    rom.validate(path)
    refuse_library_paths(rom.model, path)
    write_head(file, "rom", SCHEMA, rom.manifest.fingerprint)
    if rom.fields is not None:
        file.attrs["fields_id"], file.attrs["fields_digest"] = rom.fields.id, rom.fields.digest
    write_json(file, "manifest", asdict(rom.manifest))
    write_json(file, "model", rom.model.model_dump(mode="json"))
    write_json(file, "cases", {name: case.model_dump(mode="json") for name, case in rom.cases.items()})
    write_json(file, "force_names", list(rom.force_names))
    write_json(file, "density_terms", rom.density_terms)
    if rom.indicator is not None:
        write_json(file, "indicator", rom.indicator.model_dump(mode="json"))
    if rom.enrichments:
        write_json(file, "enrichments", {"log": [one.model_dump(mode="json") for one in rom.enrichments]})
    if rom.trained is not None:
        write_json(file, "identity", rom.trained.model_dump(mode="json"))
    for name in _POINT_FIELDS:
        file[f"points/{name}"] = getattr(rom.points, name)
    if rom.points.orientation is not None:
        file["points/orientation"] = rom.points.orientation
    for k, basis in enumerate(rom.clusters):
        for name in ("strain_modes", "weights", "loads"):
            file[f"clusters/{k}/{name}"] = getattr(basis, name)
    if rom.control is not None:
        _write_control(file.create_group("control"), rom.control)
    if rom.switching is not None:
        _write_switching(file.create_group("switching"), rom.switching)
    if rom.dictionary is not None:
        write_dictionary(file.create_group("dictionary"), rom.dictionary)
    lifting = file.create_group("lifting")
    write_json(lifting, "names", list(rom.lifting.names))
    lifting["strains"], lifting["loads"] = rom.lifting.strains, rom.lifting.loads
    for k, gappy in enumerate(rom.gappy.values()):
        _write_gappy(file.create_group(f"gappy/{k}"), gappy)
    _write_temperature(file.create_group("temperature"), rom.temperature)
    seal(file, Contents(file, ROM, path), {})


def read_rom(path: str | Path) -> Rom:
    """Read a ROM file, its checksums verified and every array checked: see `romlib.storage`.

    Raises
    ------
    InputError, FileFormatError, SchemaError : no such file, a damaged one, or one of another schema version.
    """
    path = Path(path)
    contents = open_contents(path, ROM, "romlib offline", recognise("rom"))
    with closing(contents), damage(path):
        contents.read_all("", keep=True)
        rom = _read(contents)
    rom.validate(path)
    return replace(rom, model=model_of_file(rom.model, path))


def _read(contents: Contents) -> Rom:
    array = contents.array
    with damage(contents.path, "/manifest"):
        manifest = _MANIFEST.validate_python(contents.json("/manifest", dict))
    with damage(contents.path, "/model"):
        model = Model.model_validate(contents.json("/model", dict))
    with damage(contents.path, "/cases"):
        cases = {name: Case.model_validate(case) for name, case in contents.json("/cases", dict).items()}
    points = SelectedPoints(
        **{name: _as(array(f"/points/{name}"), kind) for name, kind in _POINT_FIELDS.items()},
        orientation=_as(array("/points/orientation")) if contents.has("/points/orientation") else None)
    bases = [LocalBasis(*(_as(array(f"/clusters/{k}/{name}")) for name in ("strain_modes", "weights", "loads")))
             for k in range(contents.count("/clusters"))]
    lifting = LiftingData(tuple(contents.json("/lifting/names", list)), _as(array("/lifting/strains")),
                          _as(array("/lifting/loads")))
    return Rom(manifest, model, cases, points, tuple(contents.json("/force_names", list)), bases, lifting,
               _read_gappy(contents), _read_temperature(contents), _read_trained(contents), _read_reference(contents),
               _read_density_terms(contents), _read_indicator(contents), _read_control(contents),
               _read_enrichments(contents), _read_switching(contents), read_dictionary(contents))


def _write_switching(group: h5py.Group, switching: Switching) -> None:
    write_json(group, "run_names", list(switching.run_names))
    for name in _SWITCHING:
        group[name] = getattr(switching, name)
    if switching.fallback is not None:
        group.attrs["fallback"] = switching.fallback


def _read_switching(contents: Contents) -> Switching | None:
    if not contents.has("/switching"):
        return None
    arrays = {name: _as(contents.array(f"/switching/{name}"), kind) for name, kind in _SWITCHING.items()}
    fallback = contents.attributes("/switching").get("fallback")
    return Switching(tuple(contents.json("/switching/run_names", list)), **arrays,
                     fallback=None if fallback is None else int(fallback))


def _write_control(group: h5py.Group, control: ControlPoints) -> None:
    group["points"], group["weights"] = control.points, control.weights
    write_json(group, "names", list(control.bases))
    for k, basis in enumerate(control.bases.values()):
        group[f"bases/{k}"] = basis


def _read_control(contents: Contents) -> ControlPoints | None:
    if not contents.has("/control"):
        return None
    names = contents.json("/control/names", list)
    return ControlPoints(_as(contents.array("/control/points"), int), _as(contents.array("/control/weights")),
                         {name: _as(contents.array(f"/control/bases/{k}")) for k, name in enumerate(names)})


def _read_indicator(contents: Contents) -> Indicator | None:
    if not contents.has("/indicator"):
        return None
    with damage(contents.path, "/indicator"):
        return Indicator.model_validate(contents.json("/indicator", dict))


def _read_enrichments(contents: Contents) -> tuple[Enrichment, ...]:
    if not contents.has("/enrichments"):
        return ()
    with damage(contents.path, "/enrichments"):
        return _LOG.validate_python(contents.json("/enrichments", dict)["log"])


def _read_density_terms(contents: Contents) -> dict[str, tuple[str, str]]:
    if not contents.has("/density_terms"):
        return {}
    with damage(contents.path, "/density_terms"):
        return _TERMS.validate_python(contents.json("/density_terms", dict))


def _as(array: np.ndarray, kind: type = float) -> np.ndarray:
    return np.ascontiguousarray(array, dtype=kind)


def _read_trained(contents: Contents) -> TrainedModel | None:
    if not contents.has("/identity"):
        return None
    with damage(contents.path, "/identity"):
        return TrainedModel.model_validate(contents.json("/identity", dict))


def _read_reference(contents: Contents) -> FieldsReference | None:
    known = contents.attributes("/")
    if "fields_id" not in known and "fields_digest" not in known:
        return None
    return FieldsReference(str(contents.attribute("/", "fields_id")), str(contents.attribute("/", "fields_digest")))


def _write_gappy(group: h5py.Group, gappy: GappyOperator) -> None:
    group.attrs["field"], group.attrs["n_comp"], group.attrs["tensor"] = gappy.field, gappy.n_comp, gappy.tensor
    group["points"], group["operator"], group["basis"] = gappy.points, gappy.operator, gappy.basis


def _read_gappy(contents: Contents) -> dict[str, GappyOperator]:
    operators: dict[str, GappyOperator] = {}
    for k in range(contents.count("/gappy")):
        group = f"/gappy/{k}"
        field, n_comp, tensor = (contents.attribute(group, name) for name in ("field", "n_comp", "tensor"))
        if field in operators or (tensor and n_comp != 6):
            raise FileFormatError("a dual field occurs twice, or is no tensor as it says", file=contents.path,
                                  place=group, found=f"{field}, {plural(n_comp, 'component')}")
        operators[field] = GappyOperator(
            field, n_comp, _as(contents.array(f"{group}/points"), int), _as(contents.array(f"{group}/operator")),
            _as(contents.array(f"{group}/basis")), bool(tensor))
    return operators


def _write_temperature(group: h5py.Group, temperature: TemperatureAtPoints) -> None:
    write_json(group, "names", list(temperature.terms))
    for k, term in enumerate(temperature.terms.values()):
        group[f"terms/{k}"] = term
    if temperature.initial is not None:
        group["initial"] = temperature.initial
    group["node_ids"] = temperature.node_ids
    if temperature.trained is not None:
        for name in _TRAINED:
            group[f"trained/{name}"] = getattr(temperature.trained, name)
    matrix = temperature.matrix.tocsr()
    group.attrs["shape"] = matrix.shape
    group["matrix/data"], group["matrix/indices"], group["matrix/indptr"] = matrix.data, matrix.indices, matrix.indptr


def _read_temperature(contents: Contents) -> TemperatureAtPoints:
    group, matrix, array = "/temperature", "/temperature/matrix", contents.array
    terms = {name: _as(array(f"{group}/terms/{k}")) for k, name in enumerate(contents.json(f"{group}/names", list))}
    initial = _as(array(f"{group}/initial")) if contents.has(f"{group}/initial") else None
    trained = TrainedTemperatures(*(_as(array(f"{group}/trained/{name}")) for name in _TRAINED)) if contents.has(
        f"{group}/trained") else None
    shape = tuple(int(n) for n in contents.attribute(group, "shape"))
    return TemperatureAtPoints(
        terms, initial, _as(array(f"{group}/node_ids"), int),
        csr_matrix((_as(array(f"{matrix}/data")), _as(array(f"{matrix}/indices"), int),
                    _as(array(f"{matrix}/indptr"), int)), shape=shape), trained)
