"""Studies to begin with: valid as written, and they solve and train."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from pulled_bar import STUDY, write_bar
from terminal import as_json, run

from romlib.mesh.box import box_mesh
from romlib.mesh.rectangle import rectangle_mesh
from romlib.model import Constraint, Material, Model, Omission, Pressure, TableAmplitude, Temperature
from romlib.snapshots import FieldSpec, Snapshots, SnapshotsWriter
from romlib.study import Study
from romlib.templates.source import Run, Source, read_source
from romlib.templates.study import study_page
from romlib.templates.values import amplitude_in_toml, amplitude_in_words, times_in_toml

TIMES = np.linspace(0.0, 2.0, 11)
MODEL = Model(
    materials={"steel": Material(law="mises", parameters={"young": 2e5, "poisson": 0.3, "yield": 200.0})},
    constraints={"clamp": Constraint(nodes="xmin", components=("x", "y", "z")),
                 "pull": Constraint(nodes="xmax", components=("x",), kind="prescribed", value=1.0)},
    loads={"push": Pressure(faces="ymax"), "heat": Temperature(field=1.0)},
    amplitudes={"pull": "0.006*t", "push": {"time": [0, 1, 2], "value": [0, 50, 0]}, "heat": 20.0},
    omissions=(Omission(name="spring", does_work=True, description="a spring\nat node 7 \x1b[31m"),))


@pytest.fixture
def solved(tmp_path):
    """A file with a model, as converters of decks write them."""
    path = tmp_path / "bar 1.vtkhdf"
    mesh = box_mesh("hex8", (2, 1, 1))
    with SnapshotsWriter(path, [mesh], MODEL, TIMES, {"displacement": FieldSpec("node", 3)}) as writer:
        for step in range(len(TIMES)):
            writer.write("displacement", step, 0, np.zeros((mesh.n_node, 3)))
    return path


def test_the_study_of_a_file_with_a_model_names_what_it_has_and_leaves_it_there(solved, tmp_path):
    page = study_page(read_source([solved]), tmp_path / "study.toml")
    (tmp_path / "study.toml").write_text(page.text())
    study = Study.read(tmp_path / "study.toml")
    assert not study.materials and not study.constraints and not study.loads
    assert [run.snapshots for run in study.training] == [solved]
    assert study.offline.dual_fields == ("stress", "p")
    case = study.cases["example"]
    np.testing.assert_allclose(case.times.instants(), TIMES)
    assert case.amplitudes["push"] == TableAmplitude(time=(0, 1, 2), value=(0, 45, 0))
    assert case.amplitudes["pull"].expression == "0.9*(0.006*t)" and "heat" not in case.amplitudes
    for word in ("xmin (4)", "ymax (2)", "law mises", "pressure on ymax", "between 0 and 50", "0.006*t"):
        assert word in page.text().replace("\n# ", " "), word
    assert "spring: a spring at node 7 [31m" in page.text() and any("spring" in one for one in page.open)


def test_a_file_without_a_model_gets_one_to_correct(tmp_path):
    write_bar(tmp_path / "pull.vtkhdf")
    found = as_json("init", "study", tmp_path / "pull.vtkhdf", "-o", tmp_path / "study.toml")
    study = Study.read(tmp_path / "study.toml")
    assert study.materials["material"].law == "elastic" and len(study.loads) == 1 and study.constraints
    text = (tmp_path / "study.toml").read_text()
    assert text.count("FILL IN") == len(found["fill_in"]) >= 5
    assert [line.split()[1] for line in found["next"]] == ["check", "offline", "online"]


def test_several_files_are_several_runs(tmp_path):
    for name in ("a", "b"):
        write_bar(tmp_path / f"{name}.vtkhdf")
    run("init", "study", tmp_path / "a.vtkhdf", tmp_path / "b.vtkhdf", "-o", tmp_path / "both.toml")
    assert [one.name for one in Study.read(tmp_path / "both.toml").training] == ["a", "b"]


def test_the_study_of_nothing_is_a_study(tmp_path):
    run("init", "study", "-o", tmp_path / "s.toml")
    study = Study.read(tmp_path / "s.toml")
    assert study.training and study.cases and study.materials


def test_a_library_that_a_file_names_stands_in_the_study_for_the_user_to_trust(solved, tmp_path):
    material = Material(law="umat", parameters={"library": "libX.so", "props": [1.0], "depvar": 2})
    source = read_source([solved])
    model = MODEL.model_copy(update={"materials": {"@X": material}})
    source = replace(source, model=model, runs=[Run(solved, TIMES, model)])
    page = study_page(source, tmp_path / "study.toml")
    (tmp_path / "study.toml").write_text(page.text())
    stated = Study.read(tmp_path / "study.toml").materials["@X"]
    assert stated.parameters["props"] == [1.0] and stated.parameters["depvar"] == 2
    assert any("libX.so" in one for one in page.open)


@pytest.mark.parametrize("words, message", [
    (("init", "study", "x.rom"), "romlib init case x.rom"), (("init", "study", "absent.msh"), "absent.msh"),
    (("init", "study", "a.msh", "b.msh"), "one deck, one mesh, or several snapshots files"),
    (("init", "studdy"), "study"), (("init", "study", "--like", "x"), "--like")])
def test_what_no_study_can_be_written_from_is_refused(tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    for name in ("x.rom", "a.msh", "b.msh"):
        (tmp_path / name).write_text("nothing")
    result = run(*words, code=2)
    assert message in re.sub(r"\s+", " ", result.stderr) and not (tmp_path / "study.toml").exists()


def test_what_is_there_is_never_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.toml").write_text(STUDY)
    (tmp_path / "romlib_my_law").mkdir()
    for kind in ("study", "law"):
        assert "is not replaced" in run("init", kind, code=2).stderr
    assert (tmp_path / "study.toml").read_text() == STUDY and not list((tmp_path / "romlib_my_law").iterdir())


def test_times_and_amplitudes_are_written_short():
    assert times_in_toml(np.linspace(0.0, 0.7, 8)) == "{ start = 0.0, stop = 0.7, step = 0.1 }"
    assert times_in_toml(np.array([0.0, 0.1, 0.3])) == "[0.0, 0.1, 0.3]"
    assert times_in_toml(np.cumsum(np.r_[0.0, np.tile([0.1, 0.2, 0.1], 40)])).endswith("step = 0.1 }")
    long = TableAmplitude(time=tuple(range(100)), value=tuple(range(100)))
    assert amplitude_in_toml(long) is None and "between 0 and 99" in amplitude_in_words(long)
    assert amplitude_in_toml(TableAmplitude(time=(0,), value=(3.0,)), 0.1) == "0.3"


def mesh_file(path):
    """A bar as gmsh writes it, with surfaces "fixed" and "load"."""
    meshio = pytest.importorskip("meshio", reason="meshio is not installed")
    mesh = box_mesh("hex8", (4, 1, 1), (4.0, 1.0, 1.0))
    cells = [("quad", mesh.face_tags["xmin"].blocks[0].connectivity),
             ("quad", mesh.face_tags["xmax"].blocks[0].connectivity), ("hexahedron", mesh.blocks[0].connectivity)]
    groups = [np.full(len(nodes), k + 1) for k, (_, nodes) in enumerate(cells)]
    meshio.write(path, meshio.Mesh(
        mesh.points, cells, cell_data={"gmsh:physical": groups, "gmsh:geometrical": groups},
        field_data={"fixed": np.array([1, 2]), "load": np.array([2, 2]), "body": np.array([3, 3])}), "gmsh22",
        binary=False)
    return path


def test_info_lists_the_tags_of_a_mesh_with_sizes_and_boxes(tmp_path):
    path = mesh_file(tmp_path / "bar.msh")
    found = as_json("info", path)
    assert found["kind"] == "mesh" and found["counts"] == {"nodes": 20, "cells": 4, "integration_points": 32}
    tags = {(tag["of"], tag["name"]): tag for tag in found["tags"]}
    assert tags["faces", "load"]["count"] == 1 and tags["nodes", "load"]["count"] == 4
    assert tags["cells", "body"]["count"] == 4
    assert tags["nodes", "load"]["box"] == {"min": [4.0, 0.0, 0.0], "max": [4.0, 1.0, 1.0]}
    shown = run("info", path).stdout
    assert "not stated" in shown and "fixed" in shown and "romlib init study" in shown


def test_the_study_of_a_mesh_in_a_plane_is_one_of_plane_strain_that_solves_as_written(tmp_path, monkeypatch):
    meshio = pytest.importorskip("meshio", reason="meshio is not installed")
    pytest.importorskip("petsc4py", reason="romlib solve needs petsc4py")
    monkeypatch.chdir(tmp_path)
    mesh = rectangle_mesh("quad4", (4, 1), (4.0, 1.0))
    meshio.write("plate.vtu", meshio.Mesh(np.column_stack([mesh.points, np.zeros(mesh.n_node)]),
                                          [("quad", mesh.blocks[0].connectivity)]))
    found = as_json("init", "study", "plate.vtu", "-o", "plate.toml")
    study, text = Study.read(tmp_path / "plate.toml"), (tmp_path / "plate.toml").read_text()
    assert study.mesh.kinematics == "plane strain" and 'or "axisymmetric"' in text
    assert any("plane strain stands there" in one for one in found["fill_in"])
    assert "# box: x from 0 to 4, y from 0 to 1\n" in text.replace("#   box", "# box") and "z from" not in text
    assert study.constraints["held_end"].components == ("x", "y")
    run(*found["next"][0].split()[1:])
    steel = study.materials["material"].parameters
    shorter = (1.0 - steel["poisson"]**2) * 100.0 * 4.0 / steel["young"]  # of a plate under a pressure, free along y
    with Snapshots(tmp_path / "first.vtkhdf") as first:
        u = first.read("displacement", 0)[-1]
        assert u.shape == (10, 2) and not u[mesh.points[:, 0] == 0.0].any()
        np.testing.assert_allclose(-u[mesh.points[:, 0] == 4.0, 0], shorter, rtol=0.1)


@pytest.mark.slow
def test_the_study_of_a_mesh_solves_as_written_and_its_runs_train(tmp_path, monkeypatch):
    pytest.importorskip("petsc4py", reason="romlib solve needs petsc4py")
    monkeypatch.chdir(tmp_path)
    mesh_file(tmp_path / "bar.msh")
    found = as_json("init", "study", "bar.msh", "-o", "bar.toml")
    study = Study.read(tmp_path / "bar.toml")
    assert study.constraints["fixed"].nodes == "fixed" and study.loads["load"].faces == "load"
    for line in found["next"]:
        run(*line.split()[1:])
    text = (tmp_path / "bar.toml").read_text()
    (tmp_path / "bar.toml").write_text(re.sub(r"^# (\[\[training|snapshots =|\[offline|dual_fields)", r"\1", text,
                                              flags=re.MULTILINE))
    run("offline", "bar.toml", "-o", "bar.rom")
    # A file that `romlib solve` wrote has the model, and its study needs nothing.
    found = as_json("init", "study", "first.vtkhdf", "second.vtkhdf", "-o", "trained.toml")
    assert found["fill_in"] == []
    run("offline", "trained.toml", "-o", "trained.rom")
    run("init", "case", "trained.rom", "-o", "case.toml")
    assert as_json("online", "trained.rom", "--case-file", "case.toml")["steps"] == 10


@pytest.mark.data
def test_the_study_of_a_converted_deck_trains_as_written(data_dir, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    deck = data_dir / "zset" / "MecaSequential" / "cube.inp"
    run("convert", "zset", deck, "-o", "cube.vtkhdf")
    found = as_json("init", "study", "cube.vtkhdf")
    assert found["fill_in"] == []
    for line in found["next"]:
        run(*line.split()[1:])
    assert (tmp_path / "result.vtkhdf").is_file()
    of_deck = as_json("init", "study", deck, "-o", "deck.toml")
    assert of_deck["next"][0].startswith("romlib convert zset ") and of_deck["fill_in"] == []
    assert Study.read(tmp_path / "deck.toml").cases == Study.read(tmp_path / "study.toml").cases


@pytest.mark.data
def test_info_shows_what_decks_say(data_dir):
    zset = as_json("info", data_dir / "zset" / "MecaSequential" / "cube.inp")
    assert zset["reader"] == "zset" and zset["model"]["materials"] == {"mat": "chaboche"}
    calculix = as_json("info", data_dir / "calculix" / "plate_train.inp")
    assert calculix["model"]["constraints"]["CYC"] == "prescribed" and calculix["counts"]["cells"] == 180
    assert "romlib convert calculix" in run("info", data_dir / "calculix" / "plast.frd", code=2).stderr


def test_a_source_says_what_it_is(tmp_path):
    found = read_source([mesh_file(tmp_path / "bar.msh")])
    assert isinstance(found, Source) and (found.kind, found.converter, found.runs) == ("mesh", "meshio", [])
