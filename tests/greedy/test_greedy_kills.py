"""kill -9 at random moments of a search with a user's solver: nothing lost, nothing repeated that was finished."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("meshio")

from pulled_bars import DECK, finished, write_search
from rank_scripts import without_launcher

import romlib
from romlib.external.recorded import read_record
from romlib.greedy.journal import NAME

SLOW = DECK.replace("pass", "import time; time.sleep(0.7)")
START = [sys.executable, "-m", "romlib", "greedy", "study.toml", "-o", "x.rom", "--json"]


def start(folder: Path) -> subprocess.Popen:
    return subprocess.Popen(START, cwd=folder, env=without_launcher(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, start_new_session=True)


def prepare(folder: Path) -> Path:
    study = write_search(folder, SLOW)
    study.write_text(study.read_text().replace("tolerance = 0.05", "tolerance = 1e-9"))
    return folder


def look(folder: Path) -> dict[str, str]:
    """After a kill: whatever is there is whole. The status of each candidate."""
    journal = folder / "x.greedy" / NAME
    records = json.loads(journal.read_text())["candidates"] if journal.exists() else {}
    if (folder / "x.rom").exists():
        trained = [name for name, one in records.items() if one["status"] == "trained"]
        assert set(trained) <= set(romlib.load(folder / "x.rom").archive.cases)
    return {name: one["status"] for name, one in records.items()}


def kill_and_go_on(folder: Path, kills: int, seed: int) -> tuple[Path, dict]:
    """Searches, each killed at random moments, one after the other; the last one's folder, and what it says."""
    rng, killed, number = random.Random(seed), 0, 0
    while True:
        place = folder / str(number)
        if not place.exists():
            place.mkdir()
            prepare(place)
        process = start(place)
        if killed == kills:
            out, err = process.communicate(timeout=300)
            assert process.returncode == 1, err
            return place, json.loads(out)
        begun, wait = time.monotonic(), rng.uniform(0.5, 12.0)
        while process.poll() is None and time.monotonic() - begun < wait:
            time.sleep(0.01)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            killed += 1
        else:
            number += 1  # a search that has ended: the next one
        process.communicate()
        look(place)
        ran = finished(place)
        assert len(ran) == len(set(ran)), ran


@pytest.mark.parametrize("kills", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_a_killed_search_ends_as_one_that_was_left_alone(tmp_path, kills) -> None:
    place, said = kill_and_go_on(tmp_path, kills, seed=kills)
    assert said["end"] == "budget spent" and said["runs"] == 2, said
    trained = [name for name, one in said["candidates"].items() if one["status"] == "trained"]
    assert sorted(finished(place)) == sorted(trained) and len(trained) == 2, said
    assert set(romlib.load(place / "x.rom").archive.cases) >= {"pull", "less", *trained}
    left = [path.name for path in place.rglob("*.part")]
    assert not left or all("of_the_rom" in one for one in left)
    for record in place.rglob("process.json"):
        assert read_record(record).running is None
