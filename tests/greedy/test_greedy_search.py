"""Which candidates are run, in which order, and what becomes of a search that fails or is killed."""

from __future__ import annotations

import math

import pytest
from fake_steps import FakeSteps, Killed

from romlib.errors import CheckError, ConvergenceError, InputError, SolverError
from romlib.greedy.bounds import Bounds
from romlib.greedy.search import search
from romlib.snapshots.space import DiskFullError


def run(steps: FakeSteps, tolerance: float | dict = 1.0, budget: int = 8):
    said: list[str] = []
    outcome = search(steps.journal, steps, tolerance, budget, said.append)
    return outcome, said


def solved(*steps: FakeSteps) -> list[str]:
    return [name for one in steps for step, name in one.done if step == "solve"]


def test_the_candidate_with_the_largest_bound_is_run_and_no_more_than_are_needed(fake) -> None:
    steps = fake()
    outcome, said = run(steps)
    assert outcome.end == "reached" and not outcome.above
    assert solved(steps) == ["case 8", "case 4", "case 2", "case 6"]
    assert steps.rom == (0.0, 8.0, 4.0, 2.0, 6.0)
    record = steps.journal.records["case 4"]
    assert (record.status, record.order, record.seconds) == ("trained", 2, 1.0)
    assert (record.first, record.chosen, record.last) == ({"stress": 4.0}, {"stress": 4.0}, {"stress": 0.0})
    assert record.error == {"stress": 2.0}
    assert any("8 candidates above" in one or "7 candidates above" in one for one in said)


def test_a_search_that_is_done_runs_nothing_when_it_is_begun_again(fake) -> None:
    first = fake()
    run(first)
    again = fake()
    again.rom, again.results = first.rom, first.results
    outcome, _ = run(again)
    assert outcome.end == "reached" and {step for step, _ in again.done} == {"save"}


def test_the_budget_ends_it_and_more_budget_goes_on(fake) -> None:
    first = fake()
    outcome, _ = run(first, budget=2)
    assert outcome.end == "budget spent" and set(outcome.above) == {"case 2", "case 6"}
    again = fake()
    again.rom, again.results = first.rom, first.results
    outcome, _ = run(again, budget=4)
    assert outcome.end == "reached" and solved(again) == ["case 2", "case 6"]


def test_a_search_without_training_runs_begins_with_the_first_candidate(fake) -> None:
    steps = fake(start=())
    outcome, _ = run(steps, budget=2)
    assert solved(steps) == ["case 1", "case 8"] and steps.rom == (1.0, 8.0) and outcome.end == "budget spent"


@pytest.mark.parametrize("step, error, stage", [
    ("solve", SolverError("the solver failed", found="exit status 7"), "solver"),
    ("solve", ConvergenceError("no convergence", time=0.5), "solver"),
    ("check", CheckError("the check failed: equilibrium"), "check"),
    ("train", InputError("the runs are of two models"), "training")])
def test_a_candidate_that_fails_is_marked_and_the_search_goes_on(fake, step, error, stage) -> None:
    steps = fake()
    steps.fails[step, "case 8"] = error
    outcome, said = run(steps)
    record = steps.journal.records["case 8"]
    assert (record.status, record.stage, record.message) == ("failed", stage, str(error))
    assert 8.0 not in steps.rom and "case 8" not in solved(steps)[1:]
    assert outcome.end in ("nothing left", "reached") and ("case 8" in outcome.above) == (outcome.end != "reached")
    assert any(str(error) in one for one in said)
    assert solved(steps)[-1] != "case 8" and steps.journal.n_run == len(
        [one for one in steps.journal.records.values() if one.order])


def test_a_failed_run_counts_in_the_budget(fake) -> None:
    steps = fake()
    steps.fails["solve", "case 8"] = SolverError("the solver failed")
    outcome, _ = run(steps, budget=1)
    assert outcome.end == "budget spent" and steps.journal.n_run == 1


def test_results_that_cannot_be_converted_keep_their_solver_run_for_another_try(fake) -> None:
    steps = fake()
    steps.results.add("case 8")  # the solver is done, then the converter refuses
    steps.solve = lambda name, record: (_ for _ in ()).throw(SolverError("cannot be converted"))
    run(steps, budget=1)
    record = steps.journal.records["case 8"]
    assert (record.stage, record.attempt) == ("conversion", 1)
    steps.journal.try_again("case 8", keep=True)
    assert steps.journal.records["case 8"].attempt == 1 and steps.journal.records["case 8"].status == "open"


@pytest.mark.parametrize("error", [DiskFullError("the disk is full"), InputError("the program is not there")])
def test_what_is_wrong_for_all_candidates_ends_the_search(fake, error) -> None:
    steps = fake()
    steps.fails["solve", "case 8"] = error
    with pytest.raises(type(error)):
        run(steps)
    assert steps.journal.records["case 8"].status == "chosen"
    again = fake()  # after the disk was emptied
    again.rom = steps.rom
    outcome, _ = run(again)
    assert outcome.end == "reached" and solved(again)[0] == "case 8"


@pytest.mark.parametrize("after", [False, True])
def test_a_kill_anywhere_loses_nothing_and_repeats_nothing_that_was_finished(fake, tmp_path, after) -> None:
    undisturbed = fake()
    run(undisturbed)
    count, wanted = undisturbed.calls, solved(undisturbed)
    for kill_at in range(1, count + 1):
        (tmp_path / "greedy" / "journal.json").unlink(missing_ok=True)
        first = fake()
        first.kill_at, first.kill_after = kill_at, after
        with pytest.raises(Killed):
            run(first)
        again = fake()
        again.rom, again.results = first.rom, set(first.results)
        outcome, _ = run(again)
        assert outcome.end == "reached" and again.rom == undisturbed.rom
        assert solved(first, again) == wanted
        both = [one for one in first.done + again.done if one[0] == "train"]
        assert len(both) == len(set(both)) and again.journal.n_run == len(wanted)


def test_kills_at_every_step_of_one_search_end_where_none_would(fake) -> None:
    undisturbed = fake()
    run(undisturbed)
    undisturbed.journal.folder.joinpath("journal.json").unlink()
    rom, results, done = None, set(), []
    for _ in range(60):
        steps = fake()
        steps.rom, steps.results, steps.kill_at, steps.kill_after = rom, results, 1 + len(done) % 3, True
        try:
            outcome, _ = run(steps)
            break
        except Killed:
            rom, results = steps.rom, steps.results
            done += [one for one in steps.done if one[0] == "solve"] or [("none", "")]
    assert outcome.end == "reached" and steps.rom == undisturbed.rom
    assert [name for step, name in done if step == "solve"] == solved(undisturbed)


def test_unknown_bounds_come_first_and_by_what_is_known_of_them() -> None:
    low, high = Bounds({"stress": 0.01, "p": 0.02}), Bounds({"stress": 0.3, "p": 0.1})
    withheld = Bounds({"stress": 0.5, "p": 0.1, "displacement": math.nan})
    worse, diverged = Bounds({"stress": 0.9, "displacement": math.nan}), Bounds(reason="no convergence")
    ranked = sorted([worse, low, diverged, high, withheld], key=lambda one: one.key(0.05))
    assert ranked == [low, high, withheld, worse, diverged]
    assert low.excess(0.05) == pytest.approx(0.4) and withheld.excess(0.05) == math.inf
    assert withheld.excess({"p": 0.2}) == pytest.approx(0.5)  # what no tolerance is given for does not count
    assert low.excess({"p": 0.02, "alpha": 0.1}) == math.inf and Bounds().excess(0.1) == math.inf
