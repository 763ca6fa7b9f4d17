"""A user's solver from deck to snapshots file, and what is said when it goes wrong."""

from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

from romlib.errors import InputError, SolverError
from romlib.external import ExternalSolver, convert_results, run
from romlib.external import process as process_module
from romlib.snapshots import Snapshots
from romlib.snapshots.converter import find_converter


@pytest.fixture
def external(command, npz):
    """The small solver, with other settings where they are given."""
    def make(**settings) -> ExternalSolver:
        given = {"command": command, "converter": npz, "results": ["{stem}.npz"], "source": "{stem}.npz", **settings}
        return ExternalSolver(**given)
    return make


@pytest.fixture
def deck(tmp_path):
    """Write a deck; it is what the small solver does."""
    folder = tmp_path / "a folder"
    folder.mkdir()

    def write(text: str, name: str = "cube.v1.inp") -> Path:
        (folder / name).write_text(text)
        return folder / name
    return write


def refused(solver: ExternalSolver, deck: Path, *parts: str, **more) -> str:
    """The message of a run that fails; it names the log, quotes it, and leaves no snapshots file."""
    target = deck.parent / "x.vtkhdf"
    with pytest.raises(SolverError) as caught:
        run(solver, deck, target, **more)
    message = str(caught.value)
    assert str(deck.parent / f"{deck.stem}.solver.log") in message
    assert f"{sys.executable} {deck.parents[1] / 'solver.py'} {deck}, in {deck.parent}" in message
    for part in ("to do:", *parts):
        assert part in message
    assert not list(deck.parent.glob("*.vtkhdf*")) + list(deck.parent.glob(".*"))
    assert str(pickle.loads(pickle.dumps(caught.value))) == message
    return message


def test_results_are_converted_and_everything_is_told(external, deck):
    path = deck("print('solving', stem)\nresults(0.02)")
    done = run(external(), path, path.parent / "x.vtkhdf")
    assert done.files == (path.parent / "cube.v1.npz",)
    assert done.log.read_text() == "solving cube.v1\n" and done.log == path.parent / "cube.v1.solver.log"
    assert done.command[2] == str(path) and 0 < done.seconds < 60
    with Snapshots(done.snapshots) as file:
        assert np.abs(file.read("displacement", 0)[-1]).max() == pytest.approx(0.02)


def test_results_of_an_earlier_run_are_converted_without_the_solver(external, deck):
    path, told = deck("results(0.02)"), []
    run(external(), path, path.parent / "x.vtkhdf", on_solved=lambda seconds: told.append(
        ((path.parent / "x.vtkhdf").exists(), seconds)))
    assert len(told) == 1 and told[0][0] is False and told[0][1] > 0  # what remains is the conversion
    (path.parent / "x.vtkhdf").rename(path.parent / "first.vtkhdf")
    path.write_text("sys.exit(1)")
    convert_results(external(), path, path.parent / "again.vtkhdf")
    with Snapshots(path.parent / "first.vtkhdf") as first, Snapshots(path.parent / "again.vtkhdf") as again:
        assert np.array_equal(first.read("displacement", 0), again.read("displacement", 0))
    (path.parent / "cube.v1.npz").unlink()
    with pytest.raises(SolverError, match="cannot be converted"):
        convert_results(external(), path, path.parent / "third.vtkhdf")


def test_settings_of_the_converter_reach_it(external, deck):
    path = deck("results()")
    steps = []
    run(external(units="m, N, Pa, s"), path, path.parent / "x.vtkhdf", progress=lambda *at: steps.append(at))
    with Snapshots(path.parent / "x.vtkhdf") as file:
        assert file.model.units.length == "m"
    assert steps == [(1, 3), (2, 3), (3, 3)]
    refused_options = external(options={"colour": "red"})
    (path.parent / "x.vtkhdf").unlink()
    refused(refused_options, path, "cannot be converted", "colour")


def test_environment_folder_and_log_are_those_asked_for(external, deck, tmp_path):
    path = deck("import os\nprint(os.environ['FROM'], os.getcwd(), os.environ['PWD'])\nresults()")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    before = dict(os.environ)
    done = run(external(environment={"FROM": "{stem} in {folder}"}), path, tmp_path / "x.vtkhdf", folder=scratch,
               log="the.log")
    assert done.log == scratch / "the.log" and done.files == (scratch / "cube.v1.npz",)
    assert done.log.read_text() == f"cube.v1 in {scratch} {scratch} {scratch}\n"
    assert dict(os.environ) == before


def test_a_run_after_the_other_in_one_folder_takes_its_own_results(external, deck):
    """As enrichment does: the same names, other contents."""
    solver, found = external(), []
    for stretch in (0.01, 0.02, 0.03):
        path = deck(f"results({stretch})")
        run(solver, path, path.parent / "x.vtkhdf")
        with Snapshots(path.parent / "x.vtkhdf") as file:
            found.append(file.read("displacement", 0)[-1].max())
    assert found == pytest.approx([0.01, 0.02, 0.03])


def test_exit_status_is_told_with_the_end_of_the_log(external, deck):
    path = deck("results()\nfor k in range(40):\n    print('increment', k)\nraise SystemExit(3)")
    message = refused(external(), path, "the solver failed", "exit status 3", "| increment 39")
    assert "increment 9\n" not in message


def test_a_signal_is_named(external, deck):
    refused(external(), deck("import os\nos.abort()"), "killed", "signal 6 (Aborted)")


def test_time_limit_is_told(external, deck, monkeypatch):
    monkeypatch.setattr(process_module, "GRACE", 0.2)
    path = deck("import time\nprint('begin', flush=True)\ntime.sleep(600)")
    refused(external(timeout=0.5), path, "took too long", "0.5 s", "| begin")


def test_a_line_of_failure_counts_whatever_the_exit_status(external, deck):
    path = deck("results()\nprint(' *ERROR in e_c3d: nonpositive jacobian')")
    refused(external(failure=r"^ \*ERROR"), path, "reports a failure", "line 1 of the log", "nonpositive jacobian")
    path = deck("results()\nprint('no *ERROR at the beginning of a line')")
    run(external(failure=r"^ \*ERROR"), path, path.parent / "x.vtkhdf")


def test_missing_empty_and_old_results_are_refused_by_name(external, deck):
    wrong = "has not written its results"
    refused(external(), deck("pass"), wrong, "cube.v1.npz: not there", "the log is empty")
    refused(external(), deck("open(f'{stem}.npz', 'w')"), wrong, "cube.v1.npz: empty")
    both = external(results=["{stem}.npz", "{stem}.dat"])
    refused(both, deck("results()"), wrong, "cube.v1.dat: not there")
    path = deck("results()")
    run(external(), path, path.parent / "x.vtkhdf")
    (path.parent / "x.vtkhdf").unlink()
    refused(external(), deck("print('licence refused')"), wrong, "earlier", "| licence refused")


def test_an_older_snapshots_file_stays_when_the_run_fails(external, deck):
    path = deck("results()")
    target = path.parent / "x.vtkhdf"
    run(external(), path, target)
    content = target.read_bytes()
    with pytest.raises(SolverError):
        run(external(), deck("raise SystemExit(1)"), target)
    assert target.read_bytes() == content


def test_what_the_converter_refuses_is_told(external, deck):
    path = deck("open(f'{stem}.npz', 'w').write('no archive')")
    refused(external(), path, "cannot be converted", "not one NumPy archive", "the converter npz")


def test_a_converter_that_writes_nothing_is_noticed(external, deck, npz, monkeypatch):
    monkeypatch.setattr(type(find_converter(npz)), "convert", lambda self, *files, **settings: None)
    path = deck("results()")
    with pytest.raises(SolverError, match="has not written its file"):
        run(external(), path, path.parent / "x.vtkhdf")


def test_what_is_wrong_beforehand_is_told_before_anything_runs(external, deck, tmp_path):
    path = deck("open('ran', 'w')")
    cases = [
        ("no such deck", external(), path.with_name("absent.inp"), path.parent / "x.vtkhdf", {}),
        ("folder of the output", external(), path, path.parent / "absent" / "x.vtkhdf", {}),
        ("folder for the solver", external(), path, path.parent / "x.vtkhdf", {"folder": tmp_path / "absent"}),
        ("no converter", external(converter="npx"), path, path.parent / "x.vtkhdf", {}),
        ("program is not there", external(command="absent_solver {stem}"), path, path.parent / "x.vtkhdf", {}),
        ("program is not there", external(command=f"./{path.name}"), path, path.parent / "x.vtkhdf", {}),
    ]
    for words, solver, deck_path, target, more in cases:
        with pytest.raises(InputError, match=words) as caught:
            run(solver, deck_path, target, **more)
        assert not isinstance(caught.value, SolverError)
    assert sorted(file.name for file in path.parent.iterdir()) == [path.name]


def test_a_program_of_the_folder_is_started_there(external, deck):
    path = deck("unused")
    script = path.parent / "solve.sh"
    script.write_text("#!/bin/sh\necho \"$0 $1\"\nexit 4\n")
    script.chmod(0o755)
    with pytest.raises(SolverError, match=r"exit status 4[\s\S]*\./solve.sh cube.v1"):
        run(external(command="./solve.sh {stem}"), path, path.parent / "x.vtkhdf")


def test_a_program_that_the_system_cannot_run_is_told(external, deck):
    path = deck("unused")
    script = path.parent / "solve"
    script.write_bytes(b"\x00\x01no program")
    script.chmod(0o755)
    with pytest.raises(SolverError, match="could not be started"):
        run(external(command="./solve"), path, path.parent / "x.vtkhdf")


@pytest.mark.parametrize("settings, words", [
    ({"results": []}, "not stated"), ({"results": "{stem}.npz"}, "not stated"), ({"timeout": 0.0}, "not positive"),
    ({"timeout": float("nan")}, "not positive"), ({"failure": "*ERROR"}, "regular expression"),
    ({"command": "ccx {steam}"}, "steam"), ({"results": ["{steam}"]}, "steam"), ({"source": "{steam}"}, "steam"),
    ({"environment": {"A": "{steam}"}}, "environment A"), ({"command": ""}, "empty")])
def test_wrong_settings_are_refused_when_they_are_made(external, settings, words):
    with pytest.raises(InputError, match=words):
        external(**settings)


RANKS = """
import sys, time
sys.path.insert(0, {site!r})
from romlib.errors import SolverError
from romlib.external import ExternalSolver, convert_results, run
solver = ExternalSolver([sys.executable, {script!r}, '{{deck}}'], 'npz', ['{{stem}}.npz'], source='{{stem}}.npz')
start, used = time.perf_counter(), time.process_time()
done = run(solver, {good!r}, {target!r}, comm)
waited, used = time.perf_counter() - start, time.process_time() - used
try:
    run(solver, {bad!r}, {target!r}, comm)
except SolverError as error:
    report([done.seconds, str(done.snapshots), str(error), waited, used])
"""


def test_one_rank_runs_the_solver_and_all_have_the_result_or_the_error(run_ranks, solver_script, deck, site):
    good = deck("import os, time\ntime.sleep(1.0)\nprint([n for n in os.environ if 'COMM_WORLD' in n])\n"
                "with open('runs', 'a') as file:\n    file.write('x')\nresults()", "good.inp")
    bad = deck("raise SystemExit(9)", "bad.inp")
    target = str(good.parent / "x.vtkhdf")
    body = RANKS.format(site=str(site), script=str(solver_script), good=str(good), bad=str(bad), target=target)
    first, second = run_ranks(body, 2)
    assert first[:3] == second[:3] and first[1] == target and "exit status 9" in first[2]
    assert (good.parent / "runs").read_text() == "x"
    assert (good.parent / "good.solver.log").read_text() == "[]\n"  # no trace of the launcher above
    assert second[4] < 0.5 * second[3]  # the rank that waits sleeps
