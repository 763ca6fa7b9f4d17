"""How a solver ended is on record, also where the romlib that started it was killed before."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from romlib.errors import SolverError
from romlib.external import ExternalSolver, run, take_up
from romlib.external import process as process_module
from romlib.external.recorded import read_record, recorded, wait_for_end
from romlib.snapshots import Snapshots

# Starts a solver on a deck and is killed while it is at work.
KILLED = """
import os, pathlib, signal, subprocess, sys, threading, time
from romlib.external.recorded import read_record, recorded
record = pathlib.Path("process.json")
process = subprocess.Popen(recorded([sys.executable, "../solver.py", "cube.inp"], record), start_new_session=True,
                           stdin=subprocess.DEVNULL, stdout=open("cube.solver.log", "wb"), stderr=subprocess.STDOUT)
while read_record(record).running is None:
    time.sleep(0.01)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    return folder


@pytest.fixture
def external(command, npz) -> ExternalSolver:
    return ExternalSolver(command, npz, ["{stem}.npz"], "{stem}.npz", timeout=30.0)


def orphan(place: Path, deck: str, solver_script: Path) -> Path:
    """A solver on this deck, whose parent was killed; its deck."""
    (place / "cube.inp").write_text(deck)
    done = subprocess.run([sys.executable, "-c", KILLED], cwd=place, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    return place / "cube.inp"


def test_a_solver_that_is_still_at_work_is_waited_for_and_its_results_are_taken(place, external, solver_script) -> None:
    deck = orphan(place, "import time; time.sleep(1.0); results(0.02)", solver_script)
    assert read_record(place / "process.json").running is not None
    done = take_up(external, deck, place / "x.vtkhdf", place / "process.json")
    assert done is not None and done.seconds > 0.9 and done.log.name == "cube.solver.log"
    with Snapshots(place / "x.vtkhdf") as file:
        assert file.read("displacement", 0)[-1].max() == pytest.approx(0.02)


def test_the_end_of_a_solver_that_nobody_waited_for_is_judged_as_any_other(place, external, solver_script) -> None:
    deck = orphan(place, "print('singular'); sys.exit(7)", solver_script)
    wait_for_end(place / "process.json", None)
    with pytest.raises(SolverError, match=r"(?s)exit status 7.*singular"):
        take_up(external, deck, place / "x.vtkhdf", place / "process.json")


def test_a_solver_that_takes_too_long_is_ended_whoever_has_started_it(place, external, solver_script, monkeypatch
                                                                       ) -> None:
    deck = orphan(place, "import time; time.sleep(60)", solver_script)
    slow = ExternalSolver(external.command, external.converter, external.results, external.source, timeout=0.5)
    with pytest.raises(SolverError, match="took too long"):
        take_up(slow, deck, place / "x.vtkhdf", place / "process.json")
    assert read_record(place / "process.json").running is None


def test_an_interrupt_while_waiting_ends_the_solver(place, solver_script, monkeypatch) -> None:
    orphan(place, "import time; time.sleep(60)", solver_script)

    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    from romlib.external import recorded as module
    monkeypatch.setattr(module.time, "sleep", interrupted)
    monkeypatch.setattr(process_module, "_NAP", 0.0)
    monkeypatch.setattr(module, "end_group", lambda leader: os.killpg(leader, signal.SIGKILL))
    with pytest.raises(KeyboardInterrupt):
        wait_for_end(place / "process.json", None)
    monkeypatch.undo()
    until = time.monotonic() + 10.0
    while read_record(place / "process.json").running is not None and time.monotonic() < until:
        time.sleep(0.05)
    assert read_record(place / "process.json").running is None


def test_without_a_record_there_is_nothing_to_take_up(place, external) -> None:
    (place / "cube.inp").write_text("results()")
    note = place / "process.json"
    for text in (None, "", "{", "[]", '{"host": "here"}'):
        if text is not None:
            note.write_text(text)
        assert take_up(external, place / "cube.inp", place / "x.vtkhdf", note) is None


def test_only_the_very_process_of_this_host_is_at_work(place) -> None:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    try:
        from romlib.snapshots.leftovers import start_of, this_host
        note = {"host": this_host(), "process": process.pid, "start": start_of(process.pid), "began": time.time()}
        for change, running in (({}, process.pid), ({"start": note["start"] + 1}, None), ({"host": "elsewhere"}, None)):
            (place / "process.json").write_text(json.dumps({**note, **change}))
            assert read_record(place / "process.json").running == running
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("deck, part", [("sys.exit(3)", "exit status 3"), (
    "import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "signal 9")])
def test_a_recorded_run_ends_as_one_without_a_record(place, external, deck, part) -> None:
    (place / "cube.inp").write_text(deck)
    for record in (None, place / "process.json"):
        with pytest.raises(SolverError, match=part):
            run(external, place / "cube.inp", place / "x.vtkhdf", record=record)


def test_a_program_that_cannot_be_started_is_named(place, npz) -> None:
    (place / "broken").write_bytes(b"\x7fELF no program")
    (place / "broken").chmod(0o755)
    (place / "cube.inp").write_text("")
    solver = ExternalSolver(["./broken"], npz, ["{stem}.npz"])
    with pytest.raises(SolverError, match=r"(?s)could not be started.*broken"):
        run(solver, place / "cube.inp", place / "x.vtkhdf", record=place / "process.json")


def test_a_record_may_have_a_relative_path_and_one_that_cannot_be_written_is_named(place, external, monkeypatch
                                                                                     ) -> None:
    (place / "cube.inp").write_text("results()")
    monkeypatch.chdir(place.parent)
    done = run(external, "run/cube.inp", "run/x.vtkhdf", record=Path("run/process.json"))
    assert read_record(place / "process.json").ended is not None and done.seconds > 0
    with pytest.raises(SolverError, match=r"(?s)could not be started.*nowhere/process\.json cannot be written"):
        run(external, "run/cube.inp", "run/x.vtkhdf", record=Path("nowhere/process.json"))


def test_a_solver_is_not_started_in_a_folder_that_was_given_up(place, tmp_path) -> None:
    place.rmdir()
    command = recorded([sys.executable, "-c", f"open({str(tmp_path / 'started')!r}, 'w')"], place / "process.json")
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0
    assert not (tmp_path / "started").exists()
