"""Values at nodes and cells in files, and the command export."""

from __future__ import annotations

import csv

import h5py
import numpy as np
import pytest
from pulled_bar import STUDY, study_with_a_mesh, write_bar
from sheared_box import write_box
from terminal import as_json, run

import romlib

VTK = "VTKHDF"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A ROM of two pieces, and its result."""
    folder = tmp_path_factory.mktemp("box")
    write_box(folder, 2)
    run("online", folder / "box.rom", "--case", "box", "-o", folder / "result.vtkhdf")
    return folder


def test_online_shows_vtk_its_fields_unless_it_is_told_not_to(folder):
    run("online", folder / "box.rom", "--case", "box", "-o", folder / "bare.vtkhdf", "--no-nodal")
    with h5py.File(folder / "result.vtkhdf") as shown, h5py.File(folder / "bare.vtkhdf") as bare:
        assert set(shown[f"{VTK}/PointData"]) == {"displacement", "node_id", "p", "stress", "von_mises"}
        assert set(shown[f"{VTK}/CellData"]) == {"cell_id", "p", "p_max", "stress", "von_mises", "von_mises_max"}
        assert set(bare[f"{VTK}/PointData"]) == {"displacement", "node_id"}
        assert set(bare[f"{VTK}/CellData"]) == {"cell_id"}
        n = shown[f"{VTK}/CellData/von_mises_max"].shape[0] // 6
        largest = shown[f"{VTK}/CellData/von_mises_max"][-n:].max()
    with romlib.open(folder / "bare.vtkhdf") as results:
        assert largest == pytest.approx(results.von_mises(-1).max(), rel=1e-6)
    compared = as_json("compare", folder / "result.vtkhdf", folder / "bare.vtkhdf")
    assert all(field["largest_difference"] == 0.0 for field in compared["fields"].values())


def test_solve_shows_vtk_its_fields_when_it_is_asked(tmp_path, monkeypatch):
    pytest.importorskip("petsc4py", reason="petsc4py is not installed")
    monkeypatch.chdir(tmp_path)
    write_bar(tmp_path / "mesh.vtkhdf", 2)
    (tmp_path / "study.toml").write_text(study_with_a_mesh(300.0))
    case = next(line for line in STUDY.splitlines() if line.startswith("[cases.")).removeprefix("[cases.").rstrip("]")
    for name, options in (("shown", ["--nodal"]), ("bare", [])):
        run("solve", "study.toml", "--case", case, "-o", f"{name}.vtkhdf", "--fields", "stress,p", *options)
    with h5py.File("shown.vtkhdf") as file, h5py.File("bare.vtkhdf") as bare:
        # the bar is in uniform tension of 300 MPa at the end
        np.testing.assert_allclose(file[f"{VTK}/PointData/von_mises"][-40:], 300.0, rtol=1e-6)
        assert "von_mises" not in bare[f"{VTK}/PointData"]
    assert as_json("check", "shown.vtkhdf", "--study", "study.toml")["passed"]


def test_export_says_what_it_wrote(folder):
    said = as_json("export", folder / "result.vtkhdf", "-o", folder / "a.pvd", "--field", "p,stress", "--steps",
                   "0,2:4")
    assert said["fields"] == ["p", "stress"] and said["steps"] == 3 and len(said["others"]) == 3
    assert said["file"].endswith("a.pvd") and (folder / "a" / "a_0003.vtu").is_file()
    with romlib.open(folder / "result.vtkhdf") as results:
        assert (said["nodes"], said["cells"]) == (results.mesh.n_node, results.mesh.n_cell)
    words = run("export", folder / "result.vtkhdf", "-o", folder / "a.csv", "--field", "p", "--field", "von_mises",
                "--at", "points", "--steps", "last").output
    assert "Written to" in words and "p, von_mises" in words
    with (folder / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    with romlib.open(folder / "result.vtkhdf") as results:
        np.testing.assert_array_equal([float(row["p"]) for row in rows], results.field("p", -1)[:, 0])


@pytest.mark.parametrize("options, words", [
    (["-o", "x.vtu", "--field", "q"], "no such field"), (["-o", "x.pvd", "--steps", "99"], "no such step"),
    (["-o", "x.txt"], "suffix"), (["-o", "x.csv", "--at", "edges"], "edges"),
    (["-o", "absent/x.csv"], "folder")])
def test_export_refuses_what_there_is_not(folder, tmp_path, monkeypatch, options, words):
    monkeypatch.chdir(tmp_path)
    assert words in run("export", folder / "result.vtkhdf", *options, code=2).stderr
    assert not list(tmp_path.iterdir())


def test_export_of_a_rom_says_what_to_do(folder, tmp_path):
    said = run("export", folder / "box.rom", "-o", tmp_path / "x.vtu", code=2).stderr
    assert "a ROM" in said and "romlib online" in said and not list(tmp_path.iterdir())
