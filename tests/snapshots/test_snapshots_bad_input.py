"""Bad input is refused by name, and leaves no file behind."""

from __future__ import annotations

import os
import subprocess
import sys

import h5py
import numpy as np
import pytest
from damaged_files import without_checksums
from snapshots_example import FIELDS, MODEL, TIMES, mixed_mesh  # type: ignore[import-not-found]

from romlib.errors import FileFormatError, InputError, SchemaError
from romlib.mesh.box import box_mesh
from romlib.mesh.partition import partition
from romlib.model import Model
from romlib.snapshots import FieldSpec, Snapshots, SnapshotsWriter
from romlib.snapshots.tables import SNAPSHOTS

DISPLACEMENT = {"displacement": FieldSpec("node", 3)}


def leftovers(folder):
    return sorted(os.listdir(folder))


def test_absent_file(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        Snapshots(tmp_path / "nothing.vtkhdf")


@pytest.mark.parametrize("part", [0, 0.00001, 0.3, 0.999])
def test_truncated_file_is_refused_by_name(tmp_path, write_example, part):
    path = write_example(tmp_path / "whole.vtkhdf")["path"]
    content = path.read_bytes()
    cut = tmp_path / "cut.vtkhdf"
    cut.write_bytes(content[:int(part * len(content))])
    with pytest.raises(FileFormatError, match=r"cut\.vtkhdf"):
        Snapshots(cut)


def test_a_file_that_is_not_hdf5(tmp_path):
    (tmp_path / "text.vtkhdf").write_text("hello" * 500)
    with pytest.raises(FileFormatError, match="not HDF5"):
        Snapshots(tmp_path / "text.vtkhdf")


def test_hdf5_of_somebody_else(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["data"] = 1
    with pytest.raises(FileFormatError, match=r"not written by romlib[\s\S]*data"):
        Snapshots(tmp_path / "other.h5")


def test_another_kind_of_file_of_romlib(tmp_path):
    with h5py.File(tmp_path / "x.rom", "w") as file:
        file.create_group("romlib").attrs["kind"] = "rom"
    with pytest.raises(FileFormatError, match=r"expected: snapshots[\s\S]*found: rom"):
        Snapshots(tmp_path / "x.rom")


def test_newer_schema(example):
    with h5py.File(example["path"], "a") as file:
        file["romlib"].attrs["schema_version"] = 99
    with pytest.raises(SchemaError, match="found: schema 99"):
        Snapshots(example["path"])


@pytest.mark.parametrize("lost", ["VTKHDF/PointData/displacement", "romlib/model", "VTKHDF/Steps/Values",
                                  "romlib/pieces/0/ip_fields/p", "romlib/pieces/0"])
def test_missing_part_is_named(example, lost):
    with h5py.File(example["path"], "a") as file:
        del file[lost]
    with pytest.raises(FileFormatError, match=lost.rsplit("/", 1)[0]):
        Snapshots(example["path"])


def test_unreadable_model(example):
    with h5py.File(example["path"], "a") as file:
        del file["romlib/model"]
        file["romlib/model"] = '{"colour": "blue"}'
    with pytest.raises(FileFormatError, match=r"damaged[\s\S]*romlib/model"):
        Snapshots(example["path"])
    without_checksums(example["path"], SNAPSHOTS)
    with pytest.raises(FileFormatError, match="colour"):
        Snapshots(example["path"])


def test_unknown_field_piece_and_step_are_named(example):
    with Snapshots(example["path"]) as snapshots:
        with pytest.raises(InputError, match="displacement, p, stress, temperature"):
            snapshots.read("velocity", 0)
        with pytest.raises(InputError, match="piece below"):
            snapshots.read("stress", 7)
        with pytest.raises(InputError, match="step below 4"):
            snapshots.read("stress", 0, 4)
        with pytest.raises(InputError, match="consecutive"):
            snapshots.read("stress", 0, slice(0, 4, 2))


def test_missing_step_is_named_and_no_file_left(tmp_path):
    mesh = mixed_mesh()
    with pytest.raises(FileFormatError, match=r"'displacement', step 2 \(time 0.5\), piece 0"), \
            SnapshotsWriter(tmp_path / "a.vtkhdf", [mesh], MODEL, TIMES, DISPLACEMENT) as writer:
        for step in (3, 0, 1):
            writer.write("displacement", step, 0, np.zeros((mesh.n_node, 3)))
    assert leftovers(tmp_path) == []


def test_nan_at_a_node_is_named_with_time_and_node(tmp_path):
    mesh = mixed_mesh()
    values = np.zeros((mesh.n_node, 3))
    values[4, 1] = np.nan
    with pytest.raises(FileFormatError, match=r"step 1 \(time 0.25\), piece 0, node 50"), \
            SnapshotsWriter(tmp_path / "a.vtkhdf", [mesh], MODEL, TIMES, DISPLACEMENT) as writer:
        writer.write("displacement", 1, 0, values)
    assert leftovers(tmp_path) == []


def test_infinity_at_an_integration_point_is_refused(tmp_path):
    values = np.full((68, 1), np.nan)
    values[7] = np.inf
    with pytest.raises(FileFormatError, match="integration point 7"), \
            SnapshotsWriter(tmp_path / "a.vtkhdf", [mixed_mesh()], MODEL, TIMES, {"p": FieldSpec("ip")}) as writer:
        writer.write("p", 0, 0, values)


def test_an_error_inside_leaves_the_old_file_as_it_was(tmp_path):
    path = tmp_path / "a.vtkhdf"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), SnapshotsWriter(path, [mixed_mesh()], MODEL, TIMES, DISPLACEMENT):
        raise ZeroDivisionError
    assert leftovers(tmp_path) == ["a.vtkhdf"]
    assert path.read_text() == "old"


def test_nothing_is_under_the_final_name_while_writing(tmp_path):
    mesh = mixed_mesh()
    with SnapshotsWriter(tmp_path / "a.vtkhdf", [mesh], MODEL, [0.0], DISPLACEMENT) as writer:
        assert not (tmp_path / "a.vtkhdf").exists()
        writer.write("displacement", 0, 0, np.zeros((mesh.n_node, 3)))
    assert leftovers(tmp_path) == ["a.vtkhdf"]


def test_writing_after_the_end_is_refused(tmp_path):
    mesh = mixed_mesh()
    with SnapshotsWriter(tmp_path / "a.vtkhdf", [mesh], MODEL, [0.0], DISPLACEMENT) as writer:
        writer.write("displacement", 0, 0, np.zeros((mesh.n_node, 3)))
    with pytest.raises(InputError, match="not open"):
        writer.write("displacement", 0, 0, np.zeros((mesh.n_node, 3)))


@pytest.mark.parametrize(("call", "message"), [
    (("velocity", 0, 0, (36, 3)), "expected: one of displacement"),
    (("displacement", 4, 0, (36, 3)), "a step below 4"),
    (("displacement", 0, 1, (36, 3)), "a piece below 1"),
    (("displacement", 0, 0, (35, 3)), r"expected: \(36, 3\)\n  found: \(35, 3\)"),
])
def test_wrong_write_is_refused(tmp_path, call, message):
    field, step, piece, shape = call
    with pytest.raises(InputError, match=message), \
            SnapshotsWriter(tmp_path / "a.vtkhdf", [mixed_mesh()], MODEL, TIMES, DISPLACEMENT) as writer:
        writer.write(field, step, piece, np.zeros(shape))
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(("times", "message"), [
    ([0.0, 1.0, 1.0], "place: step 2"), ([0.0, np.nan], "not a finite"), ([], "list of times")])
def test_wrong_times_are_refused(tmp_path, times, message):
    with pytest.raises(InputError, match=message):
        SnapshotsWriter(tmp_path / "a.vtkhdf", [mixed_mesh()], MODEL, times, DISPLACEMENT)


@pytest.mark.parametrize("spec", [FieldSpec("cell"), FieldSpec("ip", 5, tensor=True), FieldSpec("ip", dtype="int32"),
                                  FieldSpec("node", 0)])
def test_wrong_description_of_a_field_is_refused(tmp_path, spec):
    with pytest.raises(InputError, match="'thing'"):
        SnapshotsWriter(tmp_path / "a.vtkhdf", [mixed_mesh()], MODEL, TIMES, {"thing": spec})


def test_pieces_without_numbered_interfaces_are_refused(tmp_path):
    pieces = [type(m)(**{**m.__dict__, "shared_index": None}) for m in partition(mixed_mesh(), 2)]
    with pytest.raises(InputError, match="number_shared_nodes"), \
            SnapshotsWriter(tmp_path / "a.vtkhdf", pieces, MODEL, TIMES, DISPLACEMENT):
        pass
    assert leftovers(tmp_path) == []


FULL_DISK = """
import resource, sys
import numpy as np
from romlib.errors import InputError
from romlib.mesh.box import box_mesh
from romlib.model import Model
from romlib.snapshots import FieldSpec, SnapshotsWriter
def limit():
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
mesh = box_mesh("hex8", (6, 6, 6))
if sys.argv[2] == "before":
    limit()
try:
    with SnapshotsWriter(sys.argv[1], [mesh], Model(), range(50), {"stress": FieldSpec.symmetric("ip")},
                         nodal=sys.argv[2] == "for VTK") as writer:
        if sys.argv[2] == "meanwhile":
            limit()
        for step in range(50):
            writer.write("stress", step, 0, np.ones((8 * 6**3, 6)))
        if sys.argv[2] in ("at the end", "for VTK"):
            limit()
except InputError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of the size of files are Unix's")
@pytest.mark.parametrize(("when", "limit"), [
    ("before", 600_000), ("before", 0), ("meanwhile", 600_000), ("meanwhile", 0), ("at the end", 0), ("for VTK", 0)])
def test_a_full_disk_is_told_once_with_what_is_needed_and_leaves_no_file(tmp_path, when, limit):
    run = subprocess.run([sys.executable, "-c", FULL_DISK, tmp_path / "a.vtkhdf", when, str(limit)],
                         capture_output=True, text=True)
    assert run.returncode == 0 and run.stderr == ""
    for words in ("may not become as large", "file: ", "a.vtkhdf", f"about {'5.1' if when == 'for VTK' else '4.3'} MB",
                  "a limit of 600.0 kB" if limit else "a limit of 0 bytes"):
        assert run.stdout.count(words) == 1, run.stdout
    assert leftovers(tmp_path) == []


def test_a_file_that_the_disk_has_no_room_for_is_refused_before_it_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr("romlib.snapshots.space.free_bytes", lambda folder: 10_000)
    with pytest.raises(InputError, match=r"not enough room on the disk[^$]*a\.vtkhdf[^$]*10\.0 kB free"), \
            SnapshotsWriter(tmp_path / "a.vtkhdf", [mixed_mesh()], MODEL, TIMES, FIELDS):
        pytest.fail("there is no room")
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(("n", "n_step", "n_piece", "nodal"), [
    (6, 50, 1, False), (8, 20, 4, False), (2, 1, 1, False), (6, 50, 1, True), (8, 20, 4, True), (2, 1, 1, True)])
def test_the_size_that_is_announced_is_the_size_of_the_file(tmp_path, caplog, n, n_step, n_piece, nodal):
    mesh = box_mesh("hex8", (n, n, n))
    pieces = [mesh] if n_piece == 1 else partition(mesh, n_piece)
    fields = {"displacement": FieldSpec("node", 3), "stress": FieldSpec.symmetric("ip"), "p": FieldSpec("ip", 1)}
    with caplog.at_level("INFO", "romlib.space"), \
            SnapshotsWriter(tmp_path / "a.vtkhdf", pieces, Model(), range(n_step), fields, nodal=nodal) as writer:
        for piece, part in enumerate(pieces):
            for step in range(n_step):
                writer.write("displacement", step, piece, np.zeros((part.n_node, 3)))
                writer.write("stress", step, piece, np.zeros((8 * part.n_cell, 6)))
                writer.write("p", step, piece, np.zeros(8 * part.n_cell))
    assert "disk: about" in caplog.text and "of output" in caplog.text
    size = (tmp_path / "a.vtkhdf").stat().st_size
    assert abs(writer.needed - size) < 0.1 * size + 20_000


def test_target_in_an_absent_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="create the folder"), \
            SnapshotsWriter(tmp_path / "no" / "a.vtkhdf", [mixed_mesh()], MODEL, TIMES, FIELDS):
        pass


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("shape", [(), (1, 1), (1, 2), (2, 1)])
@pytest.mark.parametrize("name", ["NumberOfPoints", "NumberOfCells", "NumberOfConnectivityIds"])
def test_sizes_of_pieces_that_are_no_list_are_refused_in_old_files_too(tmp_path, write_example, name, shape):
    path = write_example(tmp_path / "a.vtkhdf")["path"]
    without_checksums(path, SNAPSHOTS)
    with h5py.File(path, "a") as file:
        del file[f"VTKHDF/{name}"]
        file[f"VTKHDF/{name}"] = np.ones(shape, dtype=np.int64)
    with pytest.raises(FileFormatError, match=rf"the wrong shape[^$]*{name}"):
        Snapshots(path)
