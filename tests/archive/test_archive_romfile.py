from __future__ import annotations

from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass, replace

import h5py
import numpy as np
import pytest
from hand_made_rom import affine, enriched, hand_made_rom, with_dictionary, with_indicator, write_both
from scipy.sparse import csr_matrix, issparse

from romlib.archive.romfile import fields_path, read_rom, write_rom
from romlib.errors import FileFormatError, InputError, SchemaError
from romlib.mesh.box import box_mesh
from romlib.model import Case, Material, Model, Pressure, Temperature, ThermalExpansion, Times


@pytest.fixture(scope="module")
def made():
    """A ROM that has something of everything."""
    model = Model(
        materials={"steel": Material(
            law="mises", parameters={"young": 2e5, "poisson": 0.3, "yield": 200.0, "linear_hardening": 1e3},
            thermal_expansion=ThermalExpansion(coefficient=1e-5, reference_temperature=20.0))},
        loads={"pressure": Pressure(faces="xmax"), "heat": Temperature(field=1.0)},
        amplitudes={"pressure": "10*t", "heat": "20 + 5*t", "pull": 0.1}, initial_temperature=20.0)
    case = Case(times=Times(stop=1.0, step=0.1), amplitudes={"pressure": {"time": [0, 1], "value": [0, 3]}})
    return hand_made_rom(
        [box_mesh("hex8", (2, 1, 1))], model, [affine(0), affine(1), affine(2)], liftings={"pull": affine(0)},
        dual={"stress": (6, True), "p": (1, False)}, cases={"slow/ramp": case})


def same(a, b) -> bool:
    """Equal, arrays to the bit."""
    if is_dataclass(a):
        return type(a) is type(b) and all(same(getattr(a, f.name), getattr(b, f.name)) for f in dataclass_fields(a))
    if issparse(a):
        return a.shape == b.shape and (a != b).nnz == 0
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    return a == b


def test_a_rom_comes_back_as_it_was(made, tmp_path):
    rom = enriched(with_indicator(made[0]))
    rom.manifest.stages = [{"stage": "pod", "wall": 0.25, "ranks": [1, 2]}]
    rom.manifest.errors = {"displacement": 1e-4}
    write_rom(tmp_path / "x.rom", rom)
    assert same(rom, read_rom(tmp_path / "x.rom"))


def test_a_rom_without_temperature_liftings_and_dual_fields_comes_back(tmp_path):
    model = Model(materials={"steel": Material(law="elastic", parameters={"young": 1.0, "poisson": 0.0})})
    rom, _ = hand_made_rom([box_mesh("tet4")], model, [affine(0)])
    assert rom.temperature.initial is None and not rom.gappy and not rom.force_names
    write_rom(tmp_path / "x.rom", rom)
    assert same(rom, read_rom(tmp_path / "x.rom"))


def test_several_clusters_come_back(made, tmp_path):
    first = made[0].clusters[0]
    second = replace(first, strain_modes=first.strain_modes[:2], loads=first.loads[:, :2])
    rom = replace(made[0], clusters=[first, second])
    write_rom(tmp_path / "x.rom", rom)
    back = read_rom(tmp_path / "x.rom")
    assert [basis.n_mode for basis in back.clusters] == [3, 2]
    assert same(rom, back)


def test_a_dictionary_of_bases_comes_back(made, tmp_path):
    first = made[0].clusters[0]
    rom = with_dictionary(replace(made[0], clusters=[first, first, first]), ["pressure", "pull"], fallback=2)
    write_rom(tmp_path / "x.rom", rom)
    assert same(rom, read_rom(tmp_path / "x.rom"))


def test_a_dictionary_of_clusters_that_the_rom_does_not_have_is_refused(made, tmp_path):
    with pytest.raises(FileFormatError, match="/dictionary, labels"):
        write_rom(tmp_path / "x.rom", with_dictionary(made[0], ["pressure", "pull"]))


def test_arrays_that_do_not_fit_are_refused_before_anything_is_written(made, tmp_path):
    rom = replace(made[0], clusters=[replace(made[0].clusters[0], weights=made[0].clusters[0].weights[1:])])
    with pytest.raises(FileFormatError, match="clusters/0/weights"):
        write_rom(tmp_path / "x.rom", rom)
    matrix = made[0].temperature.matrix
    rom = replace(made[0], temperature=replace(made[0].temperature, matrix=csr_matrix(matrix[:, 1:])))
    with pytest.raises(FileFormatError, match="temperature/matrix"):
        write_rom(tmp_path / "x.rom", rom)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_keeps_the_old_file_and_leaves_no_other(made, tmp_path, monkeypatch):
    write_rom(tmp_path / "x.rom", made[0])
    before = (tmp_path / "x.rom").read_bytes()
    monkeypatch.setattr("romlib.archive.romfile._write_temperature", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_rom(tmp_path / "x.rom", made[0])
    assert [path.name for path in tmp_path.iterdir()] == ["x.rom"]
    assert (tmp_path / "x.rom").read_bytes() == before


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"not_there\.rom"):
        read_rom(tmp_path / "not_there.rom")


@pytest.mark.parametrize("fraction", [0.0, 0.02, 0.5, 0.99])
def test_a_truncated_file_is_refused_by_name(made, tmp_path, fraction):
    write_rom(tmp_path / "x.rom", made[0])
    content = (tmp_path / "x.rom").read_bytes()
    (tmp_path / "x.rom").write_bytes(content[:int(len(content) * fraction)])
    with pytest.raises(FileFormatError, match="truncated") as caught:
        read_rom(tmp_path / "x.rom")
    assert "x.rom" in str(caught.value)


@pytest.mark.parametrize("schema, words", [(99, "newer"), (0, "older")])
def test_another_schema_version_is_refused_with_both_versions_and_the_remedy(made, tmp_path, schema, words):
    write_rom(tmp_path / "x.rom", made[0])
    with h5py.File(tmp_path / "x.rom", "r+") as file:
        file.attrs["schema"] = schema
    with pytest.raises(SchemaError) as caught:
        read_rom(tmp_path / "x.rom")
    text = str(caught.value)
    assert all(part in text for part in (words, "x.rom", "schema 1 to 3", f"schema {schema}", "to do"))


@pytest.mark.parametrize("place", ["points/coordinates", "manifest", "clusters/0/loads", "temperature/matrix/data"])
def test_a_missing_part_is_a_format_error(made, tmp_path, place):
    write_rom(tmp_path / "x.rom", made[0])
    with h5py.File(tmp_path / "x.rom", "r+") as file:
        del file[place]
    with pytest.raises(FileFormatError, match=r"x\.rom"):
        read_rom(tmp_path / "x.rom")


def test_the_fields_file_is_not_taken_for_a_rom(made, tmp_path):
    path = write_both(tmp_path / "x.rom", *made)
    with pytest.raises(FileFormatError, match="fields"):
        read_rom(fields_path(path))


def test_the_fields_file_lies_beside_the_rom(tmp_path):
    assert fields_path(tmp_path / "plate.v2.rom") == tmp_path / "plate.v2.fields.rom"


def test_more_modes_than_the_points_can_tell_apart_are_refused(made, tmp_path):
    """Empty arrays may have any length, and memory goes with the square of the number of modes."""
    rom = made[0]
    none, many = np.zeros(0, dtype=int), 2**40
    gappy = {name: replace(one, points=none, operator=np.zeros((many, 0)), basis=np.zeros((many, 0)))
             for name, one in rom.gappy.items()}
    with pytest.raises(FileFormatError, match="more modes than its selected points"):
        write_rom(tmp_path / "x.rom", replace(rom, gappy=gappy))
    basis = rom.clusters[0]
    n = 6 * rom.points.n_point + 1
    wide = replace(basis, strain_modes=np.zeros((n, rom.points.n_point, 6)), loads=np.zeros((len(rom.force_names), n)))
    with pytest.raises(FileFormatError, match="more modes than its selected points"):
        write_rom(tmp_path / "x.rom", replace(rom, clusters=[wide]))


def test_a_point_of_a_piece_that_cannot_be_is_refused_without_the_fields_file(made, tmp_path):
    """No model has more pieces than integration points."""
    points = replace(made[0].points, pieces=np.full(made[0].points.n_point, 2**40))
    with pytest.raises(FileFormatError, match=r"beyond its range[^$]*/points/pieces"):
        write_rom(tmp_path / "x.rom", replace(made[0], points=points))


def test_control_points_of_a_field_without_a_size_are_refused(made, tmp_path):
    rom = with_indicator(made[0])
    indicator = rom.indicator.model_copy(update={"norms": {"stress": 1.0}})
    with pytest.raises(FileFormatError, match="norms"):
        write_rom(tmp_path / "x.rom", replace(rom, indicator=indicator))
