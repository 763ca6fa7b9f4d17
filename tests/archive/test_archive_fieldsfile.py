from __future__ import annotations

import h5py
import numpy as np
import pytest
from damaged_files import without_checksums
from hand_made_rom import SNAPSHOTS, affine, hand_made_rom, write_both

from romlib.archive.fieldsfile import FieldsFile
from romlib.archive.hdf5 import FIELDS_SCHEMA
from romlib.archive.pair import PairWriter
from romlib.archive.romfile import fields_path, read_rom
from romlib.archive.tables import FIELDS
from romlib.errors import FileFormatError, InputError, SchemaError
from romlib.mesh.box import box_mesh
from romlib.mesh.partition import partition
from romlib.model import Material, Model

MODEL = Model(materials={"a": Material(law="elastic", parameters={"young": 1.0, "poisson": 0.0})})


@pytest.fixture
def made(tmp_path):
    pieces = partition(box_mesh("hex8", (4, 2, 1)), 2)
    rom, data = hand_made_rom(pieces, MODEL, [affine(0), affine(1, 2)], liftings={"pull": affine(2)},
                              dual={"stress": (6, True), "a/b": (1, False)})
    return write_both(tmp_path / "x.rom", rom, data), data, rom


def test_pieces_come_back_as_they_were(made):
    path, data, _ = made
    with FieldsFile(fields_path(path)) as file:
        assert file.n_piece == 2 and file.fingerprint == "abc"
        np.testing.assert_array_equal(file.singular_values["displacement"], [2.0, 1.0])
        for piece, (mesh, modes, liftings, dual) in enumerate(data):
            back = file.piece(piece)
            np.testing.assert_array_equal(back.mesh.points, mesh.points)
            np.testing.assert_array_equal(back.mesh.blocks[0].connectivity, mesh.blocks[0].connectivity)
            assert set(back.mesh.face_tags) == set(mesh.face_tags)
            np.testing.assert_array_equal(back.modes[0], modes[0])
            np.testing.assert_array_equal(back.liftings, liftings)
            assert list(back.dual_modes) == list(dual)
            for name in dual:
                np.testing.assert_array_equal(back.dual_modes[name], dual[name])


def test_rows_are_read_alone_in_the_order_asked_for(made):
    path, data, _ = made
    rows = np.array([5, 1, 5, 0])
    with FieldsFile(fields_path(path)) as file:
        np.testing.assert_array_equal(file.modes(1, 0, rows), data[1][1][0][:, rows])
        np.testing.assert_array_equal(file.liftings(1, rows), data[1][2][:, rows])
        np.testing.assert_array_equal(file.dual_modes(1, "stress", rows), data[1][3]["stress"][:, rows])


def test_inner_products_of_the_snapshots_come_back_and_older_files_have_none(made, tmp_path):
    path, data, rom = made
    with FieldsFile(fields_path(path), read_rom(path)) as file:
        back = file.snapshots()
    assert back.run_names == SNAPSHOTS.run_names and list(back.grams) == ["displacement", "stress"]
    for name in ("runs", "times", "weights"):
        np.testing.assert_array_equal(getattr(back, name), getattr(SNAPSHOTS, name))
    for name, gram in SNAPSHOTS.grams.items():
        np.testing.assert_array_equal(back.grams[name], gram)
    without = write_both(tmp_path / "old.rom", rom, data, snapshots=None)
    with FieldsFile(fields_path(without), read_rom(without)) as file:
        assert file.snapshots() is None and file.modes(0).any()


@pytest.mark.parametrize("damage", ["runs", "gram_names", "grams/1"])
def test_inner_products_that_do_not_fit_each_other_are_refused_when_asked_for(made, damage):
    path, *_ = made
    with h5py.File(fields_path(path), "r+") as file:
        del file[f"snapshots/{damage}"]
        if damage == "runs":
            file["snapshots/runs"] = np.array([0, 1, 2])  # of two runs
    without_checksums(fields_path(path), FIELDS)
    with FieldsFile(fields_path(path)) as file:
        assert file.modes(0).any()
        with pytest.raises(FileFormatError, match=r"/snapshots"):
            file.snapshots()


def test_unknown_pieces_and_fields_are_named(made):
    path, *_ = made
    with FieldsFile(fields_path(path)) as file:
        with pytest.raises(InputError, match="piece 2"):
            file.mesh(2)
        with pytest.raises(InputError, match=r"'backstress'[\s\S]*stress"):
            file.dual_modes(0, "backstress")


def test_a_newer_schema_is_refused(made):
    path, *_ = made
    with h5py.File(fields_path(path), "r+") as file:
        file.attrs["schema"] = FIELDS_SCHEMA + 1
    with pytest.raises(SchemaError, match="newer"):
        FieldsFile(fields_path(path))


def test_a_damaged_piece_is_a_format_error_that_names_the_file(made):
    path, *_ = made
    with h5py.File(fields_path(path), "r+") as file:
        del file["pieces/0/modes"]
    with pytest.raises(FileFormatError, match=r"fields\.rom"):
        FieldsFile(fields_path(path))
    without_checksums(fields_path(path), FIELDS)
    with FieldsFile(fields_path(path)) as file, pytest.raises(FileFormatError, match=r"fields\.rom"):
        file.modes(0)


@pytest.mark.parametrize("pieces, words", [([0], "not complete"), ([0, 0], "written twice"), ([0, 2], "out of range")])
def test_each_piece_is_written_once_or_no_file_is_left(made, tmp_path, pieces, words):
    path = tmp_path / "new" / "y.rom"
    path.parent.mkdir()
    rom, data = made[2], made[1]
    with pytest.raises(InputError, match=words), PairWriter(path, "f", 2, {}) as pair:
        for piece in pieces:
            pair.write_piece(piece, *data[0])
        pair.finish(rom)
    assert list(path.parent.iterdir()) == []


def test_arrays_that_do_not_fit_the_mesh_or_the_other_pieces_are_refused(made, tmp_path):
    mesh, modes, liftings, dual = made[1][0]
    with pytest.raises(InputError, match="modes of cluster 0"), PairWriter(tmp_path / "y.rom", "f", 1, {}) as pair:
        pair.write_piece(0, mesh, [modes[0][:, 1:]], liftings, dual)
    with pytest.raises(InputError, match="differ"), PairWriter(tmp_path / "y.rom", "f", 2, {}) as pair:
        pair.write_piece(0, mesh, modes, liftings, dual)
        pair.write_piece(1, made[1][1][0], [made[1][1][1][0][:1]], made[1][1][2], made[1][1][3])
    assert not list(tmp_path.glob("y*"))
