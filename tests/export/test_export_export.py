"""What may be exported, in which steps and fields, and what becomes of outputs."""

from __future__ import annotations

import numpy as np
import pytest
from sheared_box import TIMES, write_box

import romlib
from romlib.errors import InputError
from romlib.export.export import FORMATS, export, rows_of


@pytest.mark.parametrize("text, expected", [
    ("all", [0, 1, 2]), ("last", [2]), ("0,-1", [0, 2]), ("2, 0", [0, 2]), ("1:", [1, 2]), (":2", [0, 1]),
    ("0:3:2", [0, 2]), ([0, 2], [0, 2]), (slice(1), [0]), (-1, [2])])
def test_steps_are_chosen_by_number_range_and_name(write, text, expected):
    with romlib.open(write()) as results:
        assert rows_of(results, text).tolist() == expected


@pytest.mark.parametrize("text, found", [
    ("3", "3"), ("1:4", "1:4"), ("3:", "3:"), ("first", "first"), ("1.5", "1.5"), ("0:3:0", "0:3:0"), ("1,1", "twice"),
    ("", ""), ("2:1", "no step is chosen"), ([], "no step is chosen"), (7, "7"), ("9999999999", "9999999999")])
def test_steps_that_there_are_not_are_refused(write, tmp_path, text, found):
    with pytest.raises(InputError) as caught:
        export(write(), tmp_path / "a.pvd", steps=text)
    assert found in str(caught.value) and "step" in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["result.vtkhdf"]


def test_an_unknown_field_is_refused_with_the_closest_one(write, tmp_path):
    with pytest.raises(InputError, match="Von_Mises") as caught:
        export(write(), tmp_path / "a.vtu", ["Von_Mises"])
    assert "von_mises" in str(caught.value) and "did you mean" in str(caught.value)


@pytest.mark.parametrize("name", ["a.vtk", "a.vtuu", "a.CSVV"])
def test_an_unknown_suffix_is_refused_with_those_that_exist(write, tmp_path, name):
    with pytest.raises(InputError, match="suffix") as caught:
        export(write(), tmp_path / name)
    assert all(suffix in str(caught.value) for suffix in FORMATS)


def test_a_vtu_has_the_last_step_and_refuses_several(write, tmp_path):
    path = write()
    assert export(path, tmp_path / "a.vtu").n_step == 1
    with pytest.raises(InputError, match=r"a\.pvd"):
        export(path, tmp_path / "a.vtu", steps="all")


@pytest.mark.parametrize("target", ["result.vtkhdf.csv", "link.csv", "linked.vtu"])
def test_an_output_that_is_the_input_is_refused(write, tmp_path, target):
    path = write()
    before = path.read_bytes()
    if target == "result.vtkhdf.csv":
        target = path.rename(tmp_path / target).name
        path = tmp_path / target
    elif target == "link.csv":
        (tmp_path / target).symlink_to(path)
    else:
        (tmp_path / target).hardlink_to(path)
    with pytest.raises(InputError, match="would replace an input"):
        export(path, tmp_path / target)
    assert path.read_bytes() == before


@pytest.mark.parametrize("suffix", ["", *FORMATS])
def test_a_failure_leaves_nothing_and_what_was_there_before(write, tmp_path, suffix, monkeypatch):
    path = write()
    out = tmp_path / "out"
    out.mkdir()
    target = out / f"a{suffix}"
    if suffix:
        target.write_text("before")
    from romlib.export.content import Content

    steps = Content.steps

    def fail(self):
        yield next(steps(self))
        raise InputError("the disk is on fire")

    monkeypatch.setattr(Content, "steps", fail)
    with pytest.raises(InputError, match="on fire"):
        export(path, target, steps=0 if suffix == ".vtu" else None)
    assert [file.name for file in out.iterdir()] == ([target.name] if suffix else [])
    assert not suffix or target.read_text() == "before"


def test_a_folder_gets_a_list_and_a_file_for_each_step_and_may_exist_already(write, tmp_path):
    for _ in range(2):
        done = export(write(), tmp_path / "shown", ["p"], steps="0,2")
    assert [str(path.relative_to(tmp_path)) for path in done.files] == [
        "shown/result.pvd", "shown/result_0000.vtu", "shown/result_0002.vtu"]
    with pytest.raises(InputError, match="cannot be made"):
        export(write(), tmp_path / "absent" / "shown")


def test_fields_at_nodes_are_refused_where_rows_are_cells_or_points(write, tmp_path):
    path = write()
    with pytest.raises(InputError, match="displacement"):
        export(path, tmp_path / "a.csv", ["displacement", "p"], at="points")
    assert export(path, tmp_path / "a.csv", at="points").fields == ("p", "stress", "von_mises")
    with pytest.raises(InputError, match="only tables"):
        export(path, tmp_path / "a.vtu", at="points")
    with pytest.raises(InputError, match="--at"):
        export(path, tmp_path / "a.csv", at="edges")


def test_the_pieces_of_a_file_do_not_matter(write, tmp_path):
    """Rows of nodes are by id, in every cut; their values differ by rounding."""
    tables = []
    for n_piece in (1, 3):
        export(write(n_piece=n_piece), tmp_path / "a.csv", ["displacement"])
        tables.append(np.genfromtxt(tmp_path / "a.csv", delimiter=",", names=True))
    for name in tables[0].dtype.names:
        np.testing.assert_allclose(tables[0][name], tables[1][name], rtol=1e-13)


@pytest.mark.parametrize("n_piece", [1, 2])
def test_a_solution_is_exported_as_its_file_is(tmp_path, n_piece):
    solution = romlib.load(write_box(tmp_path, n_piece)).solve(times=TIMES)
    solution.write(tmp_path / "result.vtkhdf")
    for source, name in ((solution, "a"), (tmp_path / "result.vtkhdf", "b")):
        done = romlib.export(source, tmp_path / f"{name}.csv", ["displacement", "stress", "von_mises", "p"])
        assert done.n_step == len(TIMES)
    first, second = (np.genfromtxt(tmp_path / f"{name}.csv", delimiter=",", names=True) for name in "ab")
    for column in first.dtype.names:
        np.testing.assert_allclose(first[column], second[column], rtol=1e-9, atol=1e-9)
    assert np.ptp(first["von_mises_MPa"]) > 100.0
    (tmp_path / "link.csv").symlink_to(tmp_path / "box.fields.rom")
    with pytest.raises(InputError, match="would replace an input"):
        romlib.export(solution, tmp_path / "link.csv")


def test_a_file_without_materials_and_without_fields_of_points_is_exported(tmp_path):
    from romlib.mesh.box import box_mesh
    from romlib.model import Model
    from romlib.snapshots import FieldSpec, SnapshotsWriter

    mesh = box_mesh("hex8", (1, 1, 1))
    with SnapshotsWriter(tmp_path / "a.vtkhdf", [mesh], Model(), [0.0], {"temperature": FieldSpec("node")}) as writer:
        writer.write("temperature", 0, 0, np.arange(8.0))
    for suffix in FORMATS:
        assert export(tmp_path / "a.vtkhdf", tmp_path / f"b{suffix}").fields == ("temperature",)
    assert "temperature (degC)" in (tmp_path / "b.csv").read_text().splitlines()[0]


def test_a_rom_without_a_case_is_no_result(tmp_path):
    rom = romlib.load(write_box(tmp_path, 1))
    with pytest.raises(InputError, match=r"this is none[\s\S]*rom\.solve"):
        export(rom, tmp_path / "a.csv")
