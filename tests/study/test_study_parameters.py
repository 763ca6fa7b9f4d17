"""Parameters of materials from the study to the solution, through files and commands; against full order."""

from __future__ import annotations

import json
import tomllib

import meshio
import numpy as np
import pytest
from typer.testing import CliRunner

from romlib.cli import app
from romlib.errors import StudyError
from romlib.mesh.box import box_mesh
from romlib.model import Case
from romlib.snapshots.reader import Snapshots
from romlib.study import Study, read_case_file, validate_against, write_case_file

STUDY = """
[study]
name = "plate"
units = "mm, N, MPa, s"
[mesh]
file = "bar.vtu"
pieces = 2
[materials.steel]
law = "mises"
parameters = { young = "E", poisson = 0.3, yield = "0.9*Y", linear_hardening = 2000 }
[parameters]
E = 200000
[tags.left]
nodes = { plane = { point = [0, 0, 0], normal = [1, 0, 0] } }
[tags.right]
faces = { plane = { point = [3, 0, 0], normal = [1, 0, 0] } }
[constraints.clamp]
nodes = "left"
components = ["x", "y", "z"]
[loads.pull]
kind = "traction"
faces = "right"
direction = [1, 0.1, 0]
[cases.soft]
times = { stop = 1.0, step = 0.05 }
amplitudes.pull = "280*t"
parameters = { Y = 200 }
[cases.hard]
times = { stop = 1.0, step = 0.05 }
amplitudes.pull = "280*t"
parameters = { Y = 260 }
[cases.between]
times = { stop = 1.0, step = 0.05 }
amplitudes.pull = "280*t"
parameters.Y = 230
[offline]
pod_tolerance = 1e-6
cubature_tolerance = 1e-5
dual_fields = ["stress", "p"]
dual_tolerance = 1e-5
"""
RUNS = """
[[training]]
snapshots = "soft.vtkhdf"
[[training]]
snapshots = "hard.vtkhdf"
"""


def run(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    return result.stdout if "--json" in arguments else result.output


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two runs of the full-order solver with two yield stresses, and the ROM of both."""
    pytest.importorskip("petsc4py")
    pytest.importorskip("pymetis")
    path = tmp_path_factory.mktemp("parameters")
    mesh = box_mesh("hex8", (6, 2, 2), size=(3.0, 1.0, 1.0))
    meshio.write(path / "bar.vtu", meshio.Mesh(mesh.points, [("hexahedron", mesh.blocks[0].connectivity)]))
    (path / "solve.toml").write_text(STUDY)
    for case in ("soft", "hard", "between"):
        run("solve", path / "solve.toml", "--case", case, "-o", path / f"{case}.vtkhdf", "--fields", "stress,p")
    (path / "study.toml").write_text(STUDY + RUNS)
    run("offline", path / "study.toml", "-o", path / "bar.rom")
    return path


def errors(found, reference) -> dict[str, float]:
    compared = json.loads(run("compare", found, reference, "--json"))["fields"]
    return {name: entry["relative_l2"] for name, entry in compared.items()}


def test_a_rom_of_two_yield_stresses_interpolates_a_third_within_two_percent_and_five_in_stress(folder, tmp_path):
    run("online", folder / "bar.rom", "--case", "between", "-o", tmp_path / "x.vtkhdf")
    found = errors(tmp_path / "x.vtkhdf", folder / "between.vtkhdf")
    assert found["displacement"] <= 0.02 and found["stress"] <= 0.05
    other = errors(folder / "soft.vtkhdf", folder / "between.vtkhdf")
    assert other["displacement"] > 3 * found["displacement"]  # the parameter does something
    run("check", folder / "between.vtkhdf", "--study", folder / "study.toml")


def test_files_keep_formulas_and_values(folder):
    with Snapshots(folder / "soft.vtkhdf") as file:
        assert file.model.materials["steel"].parameters["yield"] == "0.9*Y"
        assert file.model.parameters == {"E": 200000.0, "Y": 200.0}
    described = json.loads(run("info", folder / "bar.rom", "--json"))
    assert described["parameters"] == {"E": [200000.0, 200000.0], "Y": [200.0, 260.0]}
    assert described["cases"]["hard"]["parameters"] == {"E": 200000.0, "Y": 260.0}
    assert described["cases"]["between"]["parameters"] == {"Y": 230.0}
    shown = run("info", folder / "bar.rom")
    assert "trained from" in shown and "Y = 230" in shown
    assert "Y = 200" in run("info", folder / "soft.vtkhdf") and "Y = 260" in run("info", folder / "study.toml")


def test_a_value_on_the_command_line_takes_the_place_of_the_cases(folder, tmp_path):
    run("online", folder / "bar.rom", "--case", "soft", "--parameter", "Y=230", "-o", tmp_path / "x.vtkhdf")
    assert errors(tmp_path / "x.vtkhdf", folder / "between.vtkhdf")["displacement"] <= 0.02
    with Snapshots(tmp_path / "x.vtkhdf") as file:
        assert file.model.parameters == {"E": 200000.0, "Y": 230.0}
    run("solve", folder / "solve.toml", "--case", "soft", "--parameter", "Y=230", "-o", tmp_path / "y.vtkhdf")
    assert errors(tmp_path / "y.vtkhdf", folder / "between.vtkhdf")["displacement"] <= 1e-9
    notes = json.loads(run("online", folder / "bar.rom", "--case", "soft", "--parameter", "Y=300", "--json"))["notes"]
    assert any("the parameter Y is 300" in note and "extrapolates" in note for note in notes)


@pytest.mark.parametrize("given, words", [("Y", "NAME=NUMBER"), ("Y=x", "NAME=NUMBER"), ("Z=1", "no material"),
                                          ("Y=nan", "no finite"), ("y=1", "did you mean 'Y'"), ("Y=-5", "must be > 0")])
@pytest.mark.parametrize("command", ["online", "solve"])
def test_a_wrong_value_on_the_command_line_is_refused(folder, tmp_path, command, given, words):
    file = folder / ("bar.rom" if command == "online" else "solve.toml")
    output = run(command, file, "--case", "soft", "--parameter", given, "-o", tmp_path / "x.vtkhdf", code=2)
    assert words in " ".join(output.split()) and not list(tmp_path.iterdir())


def test_the_value_of_the_run_goes_before_that_of_the_file_and_this_before_the_studys(folder):
    text = STUDY.replace("E = 200000", "E = 200000\nY = 1").replace('snapshots = "hard.vtkhdf"', "") + RUNS
    (folder / "order.toml").write_text(text + "parameters.Y = 255\n")
    study = Study.read(folder / "order.toml")
    for name, value in (("soft", 200.0), ("hard", 255.0)):
        with Snapshots(folder / f"{name}.vtkhdf") as file:
            assert study.prepare(file).parameters == {"E": 200000.0, "Y": value}


WRONG = {
    "[parameters]\nE = 200000": ("[parameters]\nEE = 200000", "parameters.EE", "no material has a parameter"),
    'young = "E"': ('young = "E*Q"', "materials.steel", "the parameter 'Q' has no value"),
    '"0.9*Y"': ('"0.9 Y"', "materials.steel", "cannot be read"),
    "parameters.Y = 230": ("parameters.y = 230", "cases.between.parameters.y", "no material has a parameter"),
    "parameters = { Y = 260 }": ('parameters = { Y = "soft" }', "cases.hard.parameters.Y", "a valid number"),
    "parameters = { Y = 200 }": ("parameters = { sin = 200 }", "cases.soft.parameters", "cannot be the name")}


@pytest.mark.parametrize("old", WRONG)
def test_what_is_wrong_with_parameters_is_named_by_its_key(folder, old):
    new, key, words = WRONG[old]
    (folder / "wrong.toml").write_text((STUDY + RUNS).replace(old, new))
    with pytest.raises(StudyError) as caught, Snapshots(folder / "soft.vtkhdf") as file:
        validate_against(Study.read(folder / "wrong.toml"), file)
    assert key in str(caught.value) and words in str(caught.value)


def test_a_case_file_keeps_parameters(tmp_path):
    case = Case(times=[0, 1], parameters={"Y": 230.0, "alpha_1": 1e-5})
    write_case_file(tmp_path / "a.toml", case)
    assert read_case_file(tmp_path / "a.toml") == case
    assert tomllib.loads((tmp_path / "a.toml").read_text())["parameters"] == {"Y": 230.0, "alpha_1": 1e-5}
    assert "alpha_1" in run("info", tmp_path / "a.toml")


def test_a_case_without_its_value_is_refused_before_training(folder, tmp_path):
    (folder / "lacking.toml").write_text((STUDY + RUNS).replace("parameters.Y = 230", ""))
    output = run("offline", folder / "lacking.toml", "--skip-check", "-o", tmp_path / "x.rom", code=2)
    assert "'Y' has no value" in output and "cases.between.parameters" in output
    assert not np.any([*tmp_path.iterdir()])
