"""`romlib solve`: from a study with a mesh to a snapshots file that check accepts, at any number of ranks."""

from __future__ import annotations

import shutil

import meshio
import numpy as np
import pytest
from fullorder_example import bar
from typer.testing import CliRunner

from romlib.check import check
from romlib.cli.commands import app
from romlib.errors import InputError, StudyError
from romlib.model import Model
from romlib.parallel.comm import serial, world
from romlib.snapshots import Snapshots, SnapshotsWriter
from romlib.study import Study
from romlib.study.solve import run_solve

pytest.importorskip("petsc4py")
pytest.importorskip("pymetis")
STUDY = """
[study]
name = "bar"
[mesh]
file = "{mesh}"
[materials.steel]
law = "mises"
parameters = {{ young = 2e5, poisson = 0.3, yield = 200.0, linear_hardening = 5e3 }}
{tags}
[constraints.clamp]
nodes = "xmin"
components = ["x", "y", "z"]
[constraints.pull]
nodes = "xmax"
components = ["x"]
kind = "prescribed"
value = 1.0
[loads.push]
kind = "pressure"
faces = "ymax"
[cases.ramp]
times = {{ stop = 1.0, step = 0.25 }}
amplitudes = {{ pull = "0.006*t", push = "40*t" }}
"""
PLANES = """
[tags.xmin]
nodes = { plane = { point = [0, 0, 0], normal = [1, 0, 0] } }
[tags.xmax]
nodes = { plane = { point = [2, 0, 0], normal = [1, 0, 0] } }
[tags.ymax]
faces = { plane = { point = [0, 1, 0], normal = [0, 1, 0] } }
"""


def write_study(folder, mesh="bar.vtkhdf", tags=""):
    path = folder / "study.toml"
    path.write_text(STUDY.format(mesh=mesh, tags=tags))
    return path


@pytest.fixture
def study(tmp_path):
    with SnapshotsWriter(tmp_path / "bar.vtkhdf", [bar()], Model(), [0.0], {}):
        pass
    return Study.read(write_study(tmp_path))


def test_the_file_has_all_that_the_check_needs(study, tmp_path):
    target = tmp_path / "x.vtkhdf"
    report = run_solve(study, "ramp", target, serial(), fields=["stress", "p"])
    with Snapshots(target) as file:
        assert set(file.fields) == {"displacement", "stress", "p"} and file.n_step == 5
        assert set(file.model.amplitudes) == {"pull", "push"}
        result = check(file, file.model, serial())
        last = file.read("displacement", 0, 4)
    result.raise_if_failed()
    items = {item.name: item for item in result.items}
    assert items["stress"].value <= 1e-12 and items["equilibrium"].value <= 1e-6
    np.testing.assert_array_equal(last, report.state.pieces[0].displacement)


@pytest.mark.mpi
def test_one_rank_and_two_give_the_same(tmp_path_factory):
    comm = world()
    folder = comm.on_root(lambda: tmp_path_factory.mktemp("solve"))
    try:
        def prepare():
            with SnapshotsWriter(folder / "bar.vtkhdf", [bar()], Model(), [0.0], {}):
                pass
            write_study(folder)

        comm.on_root(prepare)
        declared = Study.read(folder / "study.toml")
        run_solve(declared, "ramp", folder / "all.vtkhdf", comm, pieces=2, fields=["stress"])

        def compare():
            run_solve(declared, "ramp", folder / "one.vtkhdf", serial(), pieces=2, fields=["stress"])
            with Snapshots(folder / "all.vtkhdf") as a, Snapshots(folder / "one.vtkhdf") as b:
                assert a.fingerprint == b.fingerprint
                for name in a.fields:
                    for piece in range(2):
                        expected = b.read(name, piece)
                        np.testing.assert_allclose(a.read(name, piece), expected, atol=1e-10 * np.abs(expected).max())

        comm.on_root(compare)
    finally:
        comm.on_root(lambda: shutil.rmtree(folder))


@pytest.mark.parametrize("suffix", [".vtu", ".msh"])
def test_a_mesh_of_meshio_is_solved_as_well(study, tmp_path, suffix):
    mesh = bar()
    meshio.Mesh(mesh.points, [("hexahedron", mesh.blocks[0].connectivity)]).write(tmp_path / f"bar{suffix}")
    other = Study.read(write_study(tmp_path, f"bar{suffix}", PLANES))
    expected = run_solve(study, "ramp", tmp_path / "a.vtkhdf", serial()).state.pieces[0].displacement
    found = run_solve(other, "ramp", tmp_path / "b.vtkhdf", serial()).state.pieces[0].displacement
    np.testing.assert_allclose(found, expected, atol=1e-10 * np.abs(expected).max())


def test_nothing_is_left_of_a_run_that_fails(study, tmp_path):
    with pytest.raises(InputError, match="no law of the model has this field"):
        run_solve(study, "ramp", tmp_path / "x.vtkhdf", serial(), fields=["creep"])
    hard = study.model_copy(update={"cases": {"hard": study.cases["ramp"].model_copy(
        update={"amplitudes": {"pull": study.cases["ramp"].amplitudes["pull"]}})}})
    with pytest.raises(StudyError, match="no amplitude"):
        run_solve(hard, "hard", tmp_path / "x.vtkhdf", serial())
    assert not list(tmp_path.glob("*x.vtkhdf*"))


def test_a_study_without_mesh_and_a_case_that_is_not_there_are_named(study, tmp_path):
    with pytest.raises(StudyError, match="no case of this name"):
        run_solve(study, "rump", tmp_path / "x.vtkhdf", serial())
    with pytest.raises(StudyError, match="has no mesh"):
        run_solve(study.model_copy(update={"mesh": None}), "ramp", tmp_path / "x.vtkhdf", serial())


def test_a_file_in_pieces_is_not_cut_again(study, tmp_path):
    run_solve(study, "ramp", tmp_path / "two.vtkhdf", serial(), pieces=2)
    again = Study.read(write_study(tmp_path, "two.vtkhdf"))
    with pytest.raises(InputError, match="cut into pieces already"):
        run_solve(again, "ramp", tmp_path / "x.vtkhdf", serial(), pieces=3)


def test_the_command_prints_what_the_run_took(study, tmp_path):
    target = str(tmp_path / "x.vtkhdf")
    result = CliRunner().invoke(app, ["solve", str(study.path), "--case", "ramp", "-o", target, "--fields", "p"])
    assert result.exit_code == 0, result.output
    assert "degrees of freedom" in result.output and "law, seconds" in result.output
    with Snapshots(target) as file:
        assert "p" in file.fields
    assert CliRunner().invoke(app, ["solve", str(study.path), "--case", "no", "-o", target]).exit_code == 2
