"""kill -9 at random moments of a search with the built-in solver on two ranks: nothing lost, no run made twice."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("petsc4py")

from rank_scripts import kill_session, under_ranks, without_launcher
from test_greedy_builtin import STUDY, write_inputs
from test_greedy_kills import look

import romlib

KILLS, BUDGET = 20, 2


def start(folder: Path, ranks: int) -> subprocess.Popen:
    words = [*under_ranks(ranks), sys.executable, "-m", "romlib", "greedy", "study.toml", "-o", "x.rom", "--json"]
    return subprocess.Popen(words, cwd=folder, env=without_launcher(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, start_new_session=True)


def runs(folder: Path) -> dict[str, int]:
    """The finished runs at full order by their place, and when each was made."""
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns
            for path in (folder / "x.greedy").glob("*/[0-9]*/*.vtkhdf")}


@pytest.mark.slow
@pytest.mark.parametrize("ranks", [1, 2])
def test_twenty_kills_of_a_search_lose_no_run_and_repeat_none(tmp_path: Path, ranks: int) -> None:
    text = STUDY.replace("budget = 1", f"budget = {BUDGET}").replace(
        "{ displacement = 0.2, stress = 0.01 }", "{ stress = 1e-9 }")
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    write_inputs(inputs, text)
    rng, killed, number, whole = random.Random(ranks), 0, 0, 60.0
    while killed < KILLS:
        folder = tmp_path / str(number)
        if not folder.exists():
            shutil.copytree(inputs, folder)
        before, process, begun = runs(folder), start(folder, ranks), time.monotonic()
        try:
            _, said = process.communicate(timeout=rng.uniform(0.1, 0.7) * whole)
        except subprocess.TimeoutExpired:
            kill_session(process.pid)
            process.communicate()
            killed += 1
        else:
            assert process.returncode == 1, said  # a search that has ended: the next one
            whole, number = min(whole, max(time.monotonic() - begun, 5.0)), number + 1
        look(folder)
        now = runs(folder)
        assert before.items() <= now.items()  # none is lost, and none was made again
        candidates = [Path(place).parts[1] for place in now]
        assert len(candidates) == len(set(candidates)) <= BUDGET, now
    out, said = start(folder, ranks).communicate(timeout=600.0)
    found = json.loads(out)
    assert found["end"] == "budget spent" and found["runs"] == BUDGET, said
    trained = [name for name, one in found["candidates"].items() if one["status"] == "trained"]
    assert {Path(place).parts[1] for place in runs(folder)} == set(trained) and len(trained) == BUDGET
    assert set(trained) <= set(romlib.load(folder / "x.rom").archive.cases)
