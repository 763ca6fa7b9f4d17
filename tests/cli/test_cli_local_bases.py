"""What the commands say of a result that several local bases have made."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from clustered_bar import ALL, RIGID, TIMES, bar_rom
from hand_made_rom import write_both
from terminal import run

import romlib
from romlib.model import Case, Times
from romlib.snapshots import Snapshots

WHOLE = ALL[:RIGID]


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ROM with three local bases and the global one, and a result of it."""
    folder = tmp_path_factory.mktemp("clusters")
    rom, data = bar_rom([WHOLE[:5], [0, 1, 2, 3, 5], WHOLE])
    rom.cases = {"pull": Case(times=Times(values=tuple(TIMES.tolist())))}
    write_both(folder / "bar.rom", rom, data)
    return folder


def test_online_says_and_writes_which_local_basis_solved_which_step(solved: Path) -> None:
    found = romlib.load(solved / "bar.rom").solve("pull")
    use = found.cluster_use
    assert use is not None and use.n_switch >= 3 and sum(use.steps) == len(TIMES) - 1
    table = run("online", solved / "bar.rom", "--case", "pull", "-o", solved / "result.vtkhdf").stdout
    assert f"{use.n_switch} switches, largest jump" in table
    assert f"0: {use.steps[0]}, 1: {use.steps[1]}, 2: {use.steps[2]}, all snapshots: 0" in table
    told = json.loads(run("online", solved / "bar.rom", "--case", "pull", "--json").stdout)["clusters"]
    assert told["of_each_time"] == found.clusters.tolist() and told["steps"] == use.steps
    assert told["largest_jump"] == pytest.approx(found.jumps.max()) and told["fallback"] == 3
    with Snapshots(solved / "result.vtkhdf") as file:
        np.testing.assert_array_equal(file.clusters, found.clusters)


def test_info_and_plot_show_the_local_bases_of_a_result(solved: Path) -> None:
    result = solved / "again.vtkhdf"
    run("online", solved / "bar.rom", "--case", "pull", "-o", result)
    table = run("info", result).stdout
    assert "local bases" in table and "in turn" in table and "switches" in table
    assert json.loads(run("info", result, "--json").stdout)["clusters"][1:]
    pytest.importorskip("matplotlib")
    run("plot", result, "--field", "p", "--time", "all", "-o", solved / "p.png")
    assert (solved / "p.png").stat().st_size > 1000


def test_a_rom_with_one_basis_says_nothing_of_clusters(tmp_path: Path) -> None:
    from clustered_bar import global_rom

    rom, data = global_rom()
    rom.cases = {"pull": Case(times=Times(values=tuple(TIMES.tolist())))}
    write_both(tmp_path / "one.rom", rom, data)
    run_ = run("online", tmp_path / "one.rom", "--case", "pull", "-o", tmp_path / "one.vtkhdf")
    assert "local bases" not in run_.stdout and romlib.load(tmp_path / "one.rom").solve("pull").cluster_use is None
    assert "clusters" not in json.loads(run("online", tmp_path / "one.rom", "--case", "pull", "--json").stdout)
    with Snapshots(tmp_path / "one.vtkhdf") as file:
        assert file.clusters is None
