"""The command `external`, with a solver in Python and the converter of XDMF files."""

from __future__ import annotations

import json
import sys

import pytest
from typer.testing import CliRunner

from romlib.cli import app
from romlib.snapshots import Snapshots

runner = CliRunner()
pytest.importorskip("meshio")

# Reads the stretch from its deck and writes one VTU file a time, as meshio does.
SOLVER = """
import pathlib, sys
import meshio, numpy as np
stretch = float(pathlib.Path(sys.argv[1]).read_text())
print("stretch", stretch)
points = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]], float)
with meshio.xdmf.TimeSeriesWriter(sys.argv[2]) as writer:
    writer.write_points_cells(points, [("hexahedron", np.arange(8)[None])])
    for t in (0.0, 0.5, 1.0):
        writer.write_data(t, point_data={"displacement": t * stretch * points})
"""


@pytest.fixture
def deck(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "solver.py").write_text(SOLVER)
    (tmp_path / "cube.txt").write_text("0.02")
    return tmp_path / "cube.txt"


def call(*more, code=0):
    result = runner.invoke(app, [
        "external", "meshio", "cube.txt", "-o", "cube.vtkhdf", "--command",
        f"{sys.executable} solver.py {{deck}} {{stem}}.xdmf", "--result", "{stem}.xdmf", "--source", "{stem}.xdmf",
        "--units", "mm, N, MPa, s", *more])
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    return result


def test_the_solver_is_run_and_its_results_converted(deck):
    printed = json.loads(call("--json").stdout)
    assert printed["log"] == str(deck.parent / "cube.solver.log") and printed["seconds"] > 0
    assert printed["results"] == [str(deck.parent / "cube.xdmf")] and "solver.py" in printed["command"]
    assert (deck.parent / "cube.solver.log").read_text() == "stretch 0.02\n"
    with Snapshots("cube.vtkhdf") as file:
        assert file.n_step == 3 and file.read("displacement", 0)[-1].max() == pytest.approx(0.02)


def test_the_table_says_where_everything_is(deck):
    printed = call().stdout
    for part in ("cube.vtkhdf", "cube.solver.log", "cube.xdmf", "seconds"):
        assert part in printed


def test_a_solver_that_fails_gives_status_1_and_its_last_words(deck):
    deck.write_text("a lot")
    result = call(code=1)
    assert "could not convert string to float: 'a lot'" in result.stderr and "cube.solver.log" in result.stderr
    assert result.stdout == "" and not (deck.parent / "cube.vtkhdf").exists()


def test_what_the_user_can_put_right_gives_status_2(deck):
    deck.unlink()
    assert "no such deck" in call(code=2).stderr


def test_options_reach_solver_and_converter(deck):
    assert "reports a failure" in call("--failure", "^stretch", code=1).stderr
    assert "colour" in call("--option", "colour=red", code=1).stderr
    assert "not positive" in call("--timeout", "0", code=2).stderr
    (deck.parent / "scratch").mkdir()
    result = call("--folder", "scratch", code=1)
    assert "exit status 2" in result.stderr and str(deck.parent / "scratch" / "cube.solver.log") in result.stderr
