from __future__ import annotations

from dataclasses import replace

import h5py
import numpy as np
import pytest
from hand_made_rom import affine, clustered, hand_made_rom, with_indicator, write_both
from test_archive_romfile import same

from romlib.archive.fieldsfile import FieldsFile
from romlib.archive.romfile import fields_path, read_rom, write_rom
from romlib.errors import FileFormatError
from romlib.mesh.box import box_mesh
from romlib.model import Material, Model, Pressure

GROUPS, LABELS = [[0, 1], [1, 2]], [1, 0, 0, 1]


@pytest.fixture(scope="module")
def made():
    """Two local bases with a mode in common, the global one, a lifting, four snapshots; and the fields of both."""
    model = Model(
        materials={"steel": Material(law="elastic", parameters={"young": 2e5, "poisson": 0.3})},
        loads={"pressure": Pressure(faces="xmax")}, amplitudes={"pressure": "10*t", "pull": 0.1})
    pieces = [box_mesh("hex8", (2, 1, 1))]
    whole = hand_made_rom(pieces, model, [affine(0), affine(1), affine(2)], liftings={"pull": affine(0, 1)},
                          dual={"stress": (6, True)})
    snapshots = np.array([[1.0, 0, 0, 2], [0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]])
    return clustered(whole, pieces, GROUPS, snapshots, LABELS)


def test_what_a_rom_switches_by_comes_back_as_it_was(made, tmp_path):
    rom = with_indicator(made[0], ["stress"])
    write_rom(tmp_path / "x.rom", rom)
    assert same(rom, read_rom(tmp_path / "x.rom"))
    local = replace(rom, clusters=rom.clusters[:2], indicator=None, switching=without_global(rom.switching))
    write_rom(tmp_path / "x.rom", local)
    assert same(local, read_rom(tmp_path / "x.rom"))
    assert read_rom(tmp_path / "x.rom").switching.fallback is None


def without_global(switching, n_mode: int = 4, n_global: int = 3):
    kept = np.r_[:n_mode, n_mode + n_global:len(switching.energy)]
    return replace(switching, energy=switching.energy[np.ix_(kept, kept)], products=switching.products[kept],
                   fallback=None)


def test_the_fields_file_has_the_modes_of_every_basis(made, tmp_path):
    path = write_both(tmp_path / "x.rom", *made)
    with FieldsFile(fields_path(path)) as fields:
        assert [len(modes) for modes in fields.piece(0).modes] == [2, 2, 3]
        assert fields.snapshots().weights.shape == (3, 3)


WRONG = {
    "energy of another number of modes": ({"energy": np.eye(3)}, "energy"),
    "a snapshot of no local basis": ({"labels": np.array([1, 0, 0, 2])}, "labels"),
    "a snapshot of a run that is not there": ({"runs": np.array([0, 0, 0, 1])}, "runs"),
    "a medoid of the other cluster": ({"medoids": np.array([0, 1])}, "medoids"),
    "fewer medoids than local bases": ({"medoids": np.array([1])}, "medoids"),
    "a global basis that is not the last": ({"fallback": 0}, "medoids"),
    "products beyond Cauchy and Schwarz": ({"sizes": np.full(4, 1e-3)}, "products"),
}


@pytest.mark.parametrize("change, place", WRONG.values(), ids=list(WRONG))
def test_what_cannot_be_is_refused_with_its_place(made, tmp_path, change, place):
    with pytest.raises(FileFormatError, match=f"switching/{place}"):
        write_rom(tmp_path / "x.rom", replace(made[0], switching=replace(made[0].switching, **change)))
    assert not list(tmp_path.iterdir())


def test_energies_that_are_no_product_are_refused(made, tmp_path):
    for spoil, words in ((lambda e: e + np.triu(np.ones_like(e), 1) * e.max(), "not symmetric"),
                         (lambda e: e - 2 * np.diag(np.diag(e)), "no elastic energy"),
                         (lambda e: np.full_like(e, e.max()), "not positive")):
        switching = replace(made[0].switching, energy=spoil(made[0].switching.energy))
        with pytest.raises(FileFormatError, match=words):
            write_rom(tmp_path / "x.rom", replace(made[0], switching=switching))


@pytest.mark.parametrize("name, value, words", [
    ("labels", [0, 0, 0, 7], "beyond its range"), ("sizes", [1.0, -1.0, 1.0, 1.0], "below its range"),
    ("medoids", [1, 1], "twice"), ("energy", np.full((8, 8), np.nan), "not a finite number")])
def test_a_file_with_values_that_romlib_does_not_write_is_refused(made, tmp_path, name, value, words):
    write_rom(tmp_path / "x.rom", made[0])
    with h5py.File(tmp_path / "x.rom", "r+") as file:
        del file["checksums"], file[f"switching/{name}"]
        file.attrs["schema"] = 1  # the version without checksums
        file[f"switching/{name}"] = value
    with pytest.raises(FileFormatError, match=words) as caught:
        read_rom(tmp_path / "x.rom")
    assert f"/switching/{name}" in str(caught.value)
