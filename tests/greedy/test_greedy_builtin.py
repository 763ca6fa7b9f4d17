"""Searches with the built-in solver and the bounds of the ROM itself, by the command and on ranks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("petsc4py")

import romlib
from romlib.cli import app
from romlib.mesh.box import box_mesh
from romlib.mesh.partition import number_shared_nodes, partition
from romlib.model import Model
from romlib.parallel.comm import serial
from romlib.snapshots import SnapshotsWriter
from romlib.study import Study
from romlib.study.solve import run_solve

STUDY = """
[study]
name = "beam"
units = "mm, N, MPa, s"
[mesh]
file = "mesh.vtkhdf"
[materials.beam]
law = "mises"
parameters = { young = 70000, poisson = 0.2, yield = 243, linear_hardening = 2250 }
[tags.end]
faces = { box = { min = [4, 0, 0], max = [4, 1, 1] } }
[constraints.clamp]
nodes = "xmin"
components = ["x", "y", "z"]
[loads.pull]
kind = "traction"
faces = "end"
direction = [1, 0, 0]
[loads.bend]
kind = "traction"
faces = "end"
direction = [0, 1, 0]
[[training]]
snapshots = "a.vtkhdf"
[[training]]
snapshots = "b.vtkhdf"
[offline]
pod_tolerance = 1e-4
dual_fields = ["stress", "p"]
[cases.a]
times = { stop = 1.0, step = 0.1 }
amplitudes.pull = "200*t"
amplitudes.bend = "12*t"
[cases.b]
times = { stop = 1.0, step = 0.1 }
amplitudes.pull = "240*t"
amplitudes.bend = "5*t"
[cases.mission]
times = { stop = 1.0, step = 0.1 }
amplitudes.pull = "200*t"
amplitudes.bend = "8*t"
[greedy]
tolerance = { displacement = 0.2, stress = 0.01 }
budget = 1
grid = { case = "mission", factors = { bend = [0.5, 1.0, 3.0] } }
"""
runner = CliRunner()


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> Path:
    """The study with its mesh in two pieces, and its training runs."""
    return write_inputs(tmp_path_factory.mktemp("beam"), STUDY)


def write_inputs(folder: Path, text: str) -> Path:
    (folder / "study.toml").write_text(text)
    parts = list(number_shared_nodes(partition(box_mesh("hex8", (4, 1, 2), (4.0, 1.0, 1.0)), 2)))
    with SnapshotsWriter(folder / "mesh.vtkhdf", parts, Model(), np.array([0.0]), {}):
        pass
    study = Study.read(folder / "study.toml")
    for name in ("a", "b"):
        run_solve(study, name, folder / f"{name}.vtkhdf", serial())
    return folder


@pytest.fixture(scope="module")
def found(inputs: Path) -> dict:
    """What the command says of a search that spends its budget."""
    result = runner.invoke(app, ["greedy", str(inputs / "study.toml"), "--json"])
    assert result.exit_code == 1, f"{result.output}\n{result.exception!r}"
    return json.loads(result.stdout)


def test_the_command_runs_the_worst_candidate_and_leaves_with_1_while_bounds_are_above(inputs, found) -> None:
    assert found["rom"] == str(inputs / "study.rom") and found["end"] == "budget spent" and not found["reached"]
    worst = found["candidates"]["mission-bend-3.0"]
    assert worst["status"] == "trained" and worst["order"] == found["runs"] == 1
    assert worst["first"]["stress"] > max(one["first"]["stress"] for name, one in found["candidates"].items()
                                          if name != "mission-bend-3.0")
    assert worst["error"]["stress"] <= worst["chosen"]["stress"]  # the bound holds
    assert worst["last"]["stress"] < 0.05 < worst["error"]["stress"]  # and the run was worth it
    assert "mission-bend-3.0" in romlib.load(inputs / "study.rom").archive.cases


def test_the_table_says_what_became_of_each_candidate(inputs, found) -> None:
    result = runner.invoke(app, ["greedy", str(inputs / "study.toml")])  # nothing is left to do but to say so
    assert result.exit_code == 1
    for part in ("mission-bend-0.5", "mission-bend-3.0", "trained", "not run", "tolerance", "stress"):
        assert part in result.output
    assert "the budget of 1 run is spent" in result.output


def test_a_search_whose_bounds_are_low_runs_nothing_and_leaves_with_0(inputs, tmp_path) -> None:
    text = STUDY.replace('"a.vtkhdf"', f'"{inputs / "a.vtkhdf"}"').replace('"b.vtkhdf"', f'"{inputs / "b.vtkhdf"}"')
    text = text.replace("{ displacement = 0.2, stress = 0.01 }", "{ stress = 1e6 }")
    (tmp_path / "study.toml").write_text(text)
    result = runner.invoke(app, ["greedy", str(tmp_path / "study.toml"), "-o", str(tmp_path / "x.rom"), "--folder",
                                 str(tmp_path / "journal")])
    assert result.exit_code == 0, result.output
    assert "All bounds are below the tolerance, after 0 runs" in result.output
    assert (tmp_path / "journal" / "journal.json").is_file() and (tmp_path / "x.rom").is_file()


def test_a_search_with_the_built_in_solver_needs_a_mesh(inputs, tmp_path) -> None:
    (tmp_path / "study.toml").write_text(STUDY.replace('[mesh]\nfile = "mesh.vtkhdf"\n', ""))
    result = runner.invoke(app, ["greedy", str(tmp_path / "study.toml")])
    assert result.exit_code == 2 and "[mesh]" in result.output and "[greedy.solver]" in result.output


def test_two_ranks_run_the_same_candidate_and_train_as_good_a_rom(inputs, found, tmp_path, run_ranks) -> None:
    run_ranks(
        "from romlib.greedy.run import run_greedy\n"
        "from romlib.study import Study\n"
        f"found = run_greedy(Study.read({str(inputs / 'study.toml')!r}), {str(tmp_path / 'x.rom')!r}, comm)\n"
        "report([found.outcome.end, {name: one.status for name, one in found.records.items()}])\n", 2, limit=240.0)
    for rank in (0, 1):
        end, states = json.loads((tmp_path / f"rank{rank}.json").read_text())
        assert end == "budget spent" and states == {
            name: one["status"] for name, one in found["candidates"].items()}
    one, other = (romlib.load(path) for path in (inputs / "study.rom", tmp_path / "x.rom"))
    # The solver's rounding depends on its ranks, and with it, among points that are as good, which are selected.
    assert one.archive.clusters[0].n_mode == other.archive.clusters[0].n_mode
    found = [rom.solve("mission-bend-3.0").displacement(piece=0) for rom in (one, other)]
    assert np.abs(found[0] - found[1]).max() < 1e-3 * np.abs(found[0]).max()
