"""Each command says the next one, as a line that can be typed."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from romlib.cli import app
from romlib.cli.next_steps import after_check, after_convert, after_offline, convert_line


def run(*arguments, code=0):
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == code, done.output
    return done.output


def test_results_without_materials_need_a_study_before_the_check():
    with_model = {"model": {"materials": {"steel": "mises"}}}
    assert after_convert(Path("a.vtkhdf"), with_model) == ["romlib check a.vtkhdf"]
    assert after_convert(Path("a.vtkhdf"), {"model": {"materials": {}}}) == [
        "romlib init study a.vtkhdf -o a.toml", "romlib check a.vtkhdf --study a.toml"]


def test_a_check_that_has_passed_leads_to_training_and_training_to_a_case():
    assert after_check(Path("a.vtkhdf"), None)[-1] == "romlib offline a.toml -o a.rom"
    assert after_check(Path("a.vtkhdf"), Path("s.toml")) == ["romlib offline s.toml -o s.rom"]
    assert after_offline(Path("a.rom"), ["run", "mission"])[0] == (
        "romlib online a.rom --case mission -o result.vtkhdf")
    assert after_offline(Path("a.rom"), []) == ["romlib init case a.rom -o case.toml"]


def test_a_path_with_a_space_is_one_word_of_the_line():
    words = shlex.split(convert_line("ansys", Path("my runs/the job.rst")))
    assert words[3] == "my runs/the job.rst" and words[5] == "the job.vtkhdf" and words[7] == "mm, N, MPa, s, degC"


def test_results_that_are_taken_for_a_mesh_are_said_to_be_results(tmp_path, monkeypatch):
    meshio = pytest.importorskip("meshio")
    monkeypatch.chdir(tmp_path)
    meshio.Mesh(np.vstack([np.zeros(3), np.eye(3)]), [("tetra", [[0, 1, 2, 3]])],
                point_data={"displacement": np.zeros((4, 3))}).write("job.vtu")
    shown = run("info", "job.vtu")
    assert "from this mesh" in shown and "romlib convert meshio job.vtu -o job.vtkhdf" in shown
    assert "Next:\n  romlib init study job.vtkhdf" in run("convert", "auto", "job.vtu", "-o", "job.vtkhdf",
                                                          "--option", "initial_time=-1", "--option", "times=[0]")


def test_results_without_a_mesh_of_their_own_are_led_to_their_converter(tmp_path, monkeypatch, data_dir):
    monkeypatch.chdir(tmp_path)
    states = data_dir / "lsdyna" / "d3plot_solid_int" / "d3plot"
    assert f"romlib convert lsdyna {states}" in run("info", states, code=2)
    assert f"romlib convert lsdyna {states}" in run("init", "study", states, code=2)
