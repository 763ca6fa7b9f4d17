"""A study on a mesh of gmsh in two dimensions: from the file to a solution and a reduced model."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import romlib
from romlib.errors import InputError, StudyError, UnsupportedError
from romlib.mesh.mesh import Mesh
from romlib.mesh.rectangle import rectangle_mesh
from romlib.model import Constraint, Material, Model, Pressure
from romlib.parallel.comm import serial
from romlib.snapshots import Snapshots
from romlib.study.solve import run_solve
from romlib.study.study import Study

pytest.importorskip("meshio")
pytest.importorskip("petsc4py", reason="the full-order solver needs petsc4py")

GMSH = {"tri3": 2, "quad4": 3, "tri6": 9, "quad8": 16, "line2": 1, "line3": 8}
SIDES = ("xmin", "xmax", "ymin", "ymax")
STEEL = {"young": 200e3, "poisson": 0.3, "yield": 200.0, "linear_hardening": 2000.0}
STUDY = """
[study]
name = "ring"
[mesh]
file = "ring.msh"
{mesh}
[materials.steel]
law = "mises"
cells = "body"
parameters = {{ young = 200e3, poisson = 0.3, yield = 200.0, linear_hardening = 2000.0 }}
[constraints.bottom]
nodes = "ymin"
components = ["y"]
[constraints.side]
nodes = "xmax"
components = ["x"]
[constraints.top]
nodes = "ymax"
components = ["y"]
kind = "prescribed"
value = 0.01
[loads.bore]
kind = "pressure"
faces = "xmin"
[cases.ramp]
times = {{ start = 0.0, stop = 1.0, step = 0.2 }}
amplitudes = {{ bore = "80*t", top = "t" }}
[cases.other]
times = {{ start = 0.0, stop = 1.0, step = 0.2 }}
amplitudes = {{ bore = "100*t", top = "0.5*t" }}
[[training]]
snapshots = "ramp.vtkhdf"
[[training]]
snapshots = "other.vtkhdf"
"""


def write_msh(path: Path, mesh: Mesh, z: float = 0.0, turned: bool = False, more: str = "") -> None:
    """MSH 2.2 with the sides as physical curves and the cells as the physical surface "body"."""
    names = [f'1 {k} "{side}"' for k, side in enumerate(SIDES, 1)] + ['2 5 "body"']
    nodes = [f"{i} {x:.17g} {y:.17g} {z * x:.17g}" for i, (x, y) in zip(mesh.node_ids, mesh.points)]
    rows = []
    for k, side in enumerate(SIDES, 1):
        for block in mesh.face_tags[side].blocks:
            rows += [f"{GMSH[block.face_type]} 2 {k} {k} " + " ".join(map(str, mesh.node_ids[face]))
                     for face in block.connectivity]
    for block in mesh.blocks:
        cells = block.connectivity[:, [0, 3, 2, 1, 7, 6, 5, 4]] if turned else block.connectivity
        rows += [f"{GMSH[block.cell_type]} 2 5 1 " + " ".join(map(str, mesh.node_ids[cell])) for cell in cells]
    rows += [more] if more else []
    path.write_text("\n".join([
        "$MeshFormat\n2.2 0 8\n$EndMeshFormat\n$PhysicalNames", str(len(names)), *names, "$EndPhysicalNames\n$Nodes",
        str(len(nodes)), *nodes, "$EndNodes\n$Elements", str(len(rows)),
        *(f"{k} {row}" for k, row in enumerate(rows, 1)), "$EndElements\n"]))


def ring(kinematics: str = "axisymmetric", thickness: float = 1.0) -> Mesh:
    return rectangle_mesh("quad8", (4, 3), (2.0, 1.5), (2.0, 0.0), kinematics, quadrature="quad_gauss_4",
                          thickness=thickness)


def study_in(folder: Path, mesh: str = 'kinematics = "axisymmetric"', **how) -> Study:
    write_msh(folder / "ring.msh", ring(), **how)
    (folder / "study.toml").write_text(STUDY.format(mesh=mesh))
    return Study.read(folder / "study.toml")


RULE = 'quadrature = { quad8 = "quad_gauss_4" }'


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(("kinematics", "thickness"), [("axisymmetric", 1.0), ("plane strain", 2.5)])
def test_a_mesh_of_gmsh_is_solved_as_the_study_says_what_it_is(kinematics, thickness, turned, tmp_path):
    from romlib.fullorder.arrays import solve_to_arrays

    said = f'kinematics = "{kinematics}"\n{RULE}' + (f"\nthickness = {thickness}" if thickness != 1.0 else "")
    study = study_in(tmp_path, said, turned=turned)
    run_solve(study, "ramp", tmp_path / "ramp.vtkhdf", serial(), pieces=2, fields=("stress",))
    mesh = ring(kinematics, thickness)
    model = Model(materials={"steel": Material(law="mises", parameters=STEEL)}, loads={"bore": Pressure(faces="xmin")},
                  constraints={"bottom": Constraint(nodes="ymin", components=("y",)),
                               "side": Constraint(nodes="xmax", components=("x",)),
                               "top": Constraint(nodes="ymax", components=("y",), kind="prescribed", value=0.01)},
                  amplitudes={"bore": "80*t", "top": "t"})
    expected = solve_to_arrays(mesh, model, np.linspace(0.0, 1.0, 6))
    with Snapshots(tmp_path / "ramp.vtkhdf") as file:
        assert (file.dimension, file.n_piece) == (2, 2)
        for piece in range(2):
            here = file.mesh(piece)
            assert (here.kinematics, here.thickness) == (kinematics, thickness)
            at = [int(np.argmin(np.linalg.norm(mesh.points - point, axis=1))) for point in here.points]
            np.testing.assert_allclose(file.read("displacement", piece), expected.displacement[:, at], atol=1e-12)


def test_a_rom_of_an_axisymmetric_study_solves_its_training_case_and_writes_two_components(tmp_path):
    study = study_in(tmp_path, f'kinematics = "axisymmetric"\n{RULE}')
    for case in ("ramp", "other"):
        run_solve(study, case, tmp_path / f"{case}.vtkhdf", serial(), pieces=2, fields=("stress", "p"))
    with romlib.train(study, output=tmp_path / "ring.rom") as trained:
        trained.write()
    rom = romlib.load(tmp_path / "ring.rom")
    assert rom.fields["displacement"].n_comp == 2
    solution = rom.solve("ramp")
    solution.write(tmp_path / "solved.vtkhdf")
    with Snapshots(tmp_path / "ramp.vtkhdf") as file, Snapshots(tmp_path / "solved.vtkhdf") as solved:
        assert solved.dimension == 2 and solved.mesh(0).kinematics == "axisymmetric"
        for field, most in (("displacement", 1e-3), ("stress", 1e-2)):
            for piece in range(file.n_piece):
                expected, found = file.read(field, piece), solved.read(field, piece)
                assert np.abs(found - expected).max() <= most * np.abs(expected).max()
    at = solution.probe("displacement.y", point=(2.5, 1.5, 0.0))
    assert at.values[-1] == pytest.approx(0.01, rel=1e-6)
    page = romlib.report(tmp_path / "ring.rom", tmp_path / "ring.html").read_text(encoding="utf-8")
    assert re.search("section</b></td><td[^>]*>axisymmetric", page)


def test_vtk_is_shown_points_and_vectors_with_a_third_component(tmp_path):
    vtk = pytest.importorskip("vtkmodules.vtkIOHDF")
    from vtkmodules.util.numpy_support import vtk_to_numpy

    study = study_in(tmp_path, f'kinematics = "axisymmetric"\n{RULE}')
    run_solve(study, "ramp", tmp_path / "ramp.vtkhdf", serial(), pieces=1, fields=("stress",), nodal=True)
    reader = vtk.vtkHDFReader()
    reader.SetFileName(str(tmp_path / "ramp.vtkhdf"))
    reader.UpdateInformation()
    reader.SetStep(5)
    reader.Update()
    grid = reader.GetOutput()
    moved = vtk_to_numpy(grid.GetPointData().GetArray("displacement"))
    with Snapshots(tmp_path / "ramp.vtkhdf") as file:
        np.testing.assert_array_equal(moved, np.pad(file.read("displacement", 0, 5), ((0, 0), (0, 1))))
        np.testing.assert_array_equal(vtk_to_numpy(grid.GetPoints().GetData())[:, :2], file.mesh(0).points)
    assert grid.GetCellType(0) == 23 and grid.GetNumberOfCells() == 12
    assert vtk_to_numpy(grid.GetPointData().GetArray("stress")).shape[1] == 6


@pytest.mark.parametrize(("said", "words"), [
    ('kinematics = "plane stress"', "a solid of one layer"),
    ('kinematics = "generalised plane strain"', "sides stay plane"),
    ('kinematics = "axisymmetric with twist"', "cyclic symmetry"),
    ('kinematics = "axisymetric"', "axisymmetric"),
    ('kinematics = "axisymmetric"\nthickness = 2.0', "plane strain alone"),
])
def test_what_is_not_supported_is_refused_in_the_study_by_name(said, words, tmp_path):
    with pytest.raises(StudyError) as error:
        study_in(tmp_path, said)
    assert words in str(error.value)


def test_a_mesh_of_surface_cells_says_how_to_solve_it(tmp_path):
    study = study_in(tmp_path, "")
    with pytest.raises(UnsupportedError, match="no solid cell") as error:
        run_solve(study, "ramp", tmp_path / "ramp.vtkhdf", serial())
    assert '[mesh] kinematics = "plane strain"' in str(error.value)


@pytest.mark.parametrize(("how", "error", "words"), [
    ({"z": 0.3}, UnsupportedError, "is not in a plane"),
    ({"more": "4 2 5 1 1 2 3 9"}, UnsupportedError, "solid cells"),
])
def test_a_mesh_that_is_not_plane_is_refused(how, error, words, tmp_path):
    study = study_in(tmp_path, **how)
    with pytest.raises(error, match=words):
        run_solve(study, "ramp", tmp_path / "ramp.vtkhdf", serial())


@pytest.mark.parametrize(("old", "new", "error", "words"), [
    ('components = ["x"]', 'components = ["x", "z"]', UnsupportedError, "no displacement z"),
    ('[loads.bore]\nkind = "pressure"', '[loads.bore]\nkind = "traction"\ndirection = [0.0, 0.0, 1.0]', InputError,
     "across the plane"),
])
def test_a_load_or_constraint_across_the_plane_is_refused(old, new, error, words, tmp_path):
    study_in(tmp_path)
    text = (tmp_path / "study.toml").read_text()
    assert old in text
    (tmp_path / "study.toml").write_text(text.replace(old, new))
    with pytest.raises(error, match=words):
        run_solve(Study.read(tmp_path / "study.toml"), "ramp", tmp_path / "ramp.vtkhdf", serial())
