"""Runs that switch between local bases: nothing changes but what is reported, and a part goes on as the whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from clustered_bar import ALL, BAR, RIGID, TIMES, bar_rom, global_rom, made, training_run
from hand_made_rom import clustered, write_both

import romlib
from romlib.archive.rom import Rom
from romlib.errors import ConvergenceError, InputError, UnsupportedError
from romlib.online.clusters import Clusters
from romlib.online.local import LocalRun
from romlib.online.newton import NewtonOptions
from romlib.online.reduced import case_histories, reduced_problem
from romlib.online.rom import ReducedOrderModel
from romlib.online.run import ReducedRun, solve
from romlib.online.switching import Switcher, Where
from romlib.stepping.newton import Failure

WHOLE = ALL[:RIGID]
PARTS = [WHOLE[:5], [0, 1, 2, 3, 5], WHOLE]


@pytest.fixture(autouse=True, params=[1, 10**6], ids=["passive points apart", "all points together"])
def apart(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Points without weight are integrated once a step, or in every iteration; nothing else differs."""
    monkeypatch.setattr("romlib.online.problem.FEWEST_APART", request.param)
    return int(request.param)


def run_of(rom: Rom, times: np.ndarray = TIMES, options: NewtonOptions | None = None) -> ReducedRun:
    return ReducedRun(reduced_problem(rom, rom.model), case_histories(rom, rom.model, {}, times), options)


def same(first, second, bound: float, steps: slice = slice(None)) -> None:
    for name in ("stress", "p", "plastic_strain"):
        of = second.at_points(name)[steps]
        np.testing.assert_allclose(first.at_points(name), of, rtol=0, atol=bound * np.abs(of).max())
    for name, values in second.reactions.items():
        np.testing.assert_allclose(first.reactions[name], values[steps], rtol=0, atol=bound * np.abs(values).max())


def test_clusters_that_all_have_the_global_basis_give_what_the_global_rom_gives() -> None:
    several = ReducedOrderModel(bar_rom([WHOLE] * 3)[0]).solve(times=TIMES, tolerance=1e-12)
    one = ReducedOrderModel(global_rom()[0]).solve(times=TIMES, tolerance=1e-12)
    assert len(set(several.clusters.tolist())) > 1 and several.at_points("p").max() > 1e-3
    assert (several.iterations <= one.iterations).all()
    same(several, one, 1e-10)
    np.testing.assert_allclose(several.coordinates, one.coordinates, rtol=0,
                               atol=1e-10 * np.abs(one.coordinates).max())
    assert several.jumps.max() < 1e-6 and one.jumps.max() == 0.0


def test_a_load_that_turns_back_is_predicted_elastically_in_a_basis_that_was_just_entered(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the tangent of the virgin state: a run has no other elastic one of a basis that it enters where all yields."""
    strong, count = {"push": "150*sin(5*t)"}, [0]

    def nearest(self: Switcher, where: Where, hysteresis: float = 0.1) -> int:
        count[0] += 1
        return count[0] // 3 % 3
    monkeypatch.setattr(Switcher, "nearest", nearest)
    several = ReducedOrderModel(bar_rom([WHOLE] * 3)[0]).solve(times=TIMES, amplitudes=strong)
    one = ReducedOrderModel(global_rom()[0]).solve(times=TIMES, amplitudes=strong)
    assert np.count_nonzero(np.diff(several.clusters)) >= 3 and several.cutbacks.sum() <= one.cutbacks.sum()
    assert several.iterations.sum() <= 1.2 * one.iterations.sum()


def test_a_basis_of_larger_modes_converges_where_the_others_do() -> None:
    """Forces in it are larger by as much, and so is the reference that it takes over; nothing else tells them apart."""
    rom = bar_rom([WHOLE, WHOLE], keep_global=False)[0]
    large, n, switching = rom.clusters[1], len(WHOLE), rom.switching
    factors = np.concatenate([np.ones(n), np.full(n, 100.0), np.ones(1)])
    scaled = replace(
        rom, clusters=[rom.clusters[0], replace(large, strain_modes=100.0 * large.strain_modes,
                                                loads=100.0 * large.loads)],
        switching=replace(switching, energy=factors[:, None] * switching.energy * factors,
                          products=factors[:, None] * switching.products))
    histories = case_histories(scaled, scaled.model, {}, TIMES)
    found = solve(reduced_problem(scaled, scaled.model), histories)
    one = solve(reduced_problem(global_rom()[0], scaled.model), histories)
    assert len(set(found.clusters.tolist())) == 2 and np.count_nonzero(np.diff(found.clusters)) >= 3
    assert (found.iterations <= one.iterations).all()
    np.testing.assert_allclose(found.stresses[0], one.stresses[0], rtol=0, atol=1e-6 * np.abs(one.stresses[0]).max())
    assert found.ended is not None and one.ended is not None
    factor = 100.0 if found.clusters[-1] == 1 else 1.0
    assert found.ended.reference_force == pytest.approx(factor * one.ended.reference_force, rel=1e-7)


def test_the_clusters_of_a_run_are_those_of_its_states_and_each_switch_has_its_jump(tmp_path: Path) -> None:
    run = run_of(bar_rom(PARTS)[0])
    clusters, jumps = [], []
    while not run.done:
        run.advance()
        clusters.append(run.state.committed.cluster)
        jumps.append(run.jump)
    changes = np.flatnonzero(np.diff(clusters)) + 1
    assert len(changes) >= 3 and 3 not in clusters
    assert 1e-3 < max(jumps) < 0.5
    assert (np.delete(jumps, [0, *changes]) == 0.0).all()
    solution = ReducedOrderModel(bar_rom(PARTS)[0]).solve(times=TIMES)
    np.testing.assert_array_equal(solution.clusters, [clusters[0], *clusters])
    np.testing.assert_array_equal(solution.jumps, [0.0, *jumps])


def alternating(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Have a run change between two clusters at every step, from a step on."""
    count = [0]

    def nearest(self: Switcher, where, hysteresis: float = 0.1) -> int:
        count[0] += 1
        return where.cluster if count[0] < after else 1 - where.cluster if where.cluster < 2 else 0
    monkeypatch.setattr(Switcher, "nearest", nearest)


def test_to_and_fro_under_a_load_that_stays_changes_no_more_than_the_projection_errors_say(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    times = np.linspace(0.0, 2.0, 41)
    held = {name: {"time": [0.0, 1.0, 2.0], "value": [start, value, value]} for name, start, value in (
        ("pull", 0.0, 0.003), ("push", 0.0, 60.0), ("heat", 20.0, 80.0))}
    for groups, bound in (([WHOLE, WHOLE], 1e-7), ([WHOLE[:5], WHOLE], None)):
        alternating(monkeypatch, 22)
        rom = bar_rom(groups, keep_global=False)[0]
        found = ReducedOrderModel(rom).solve(times=times, amplitudes=held, tolerance=1e-12)
        assert np.count_nonzero(np.diff(found.clusters[21:])) >= 18
        stress = found.at_points("stress")
        # once both bases have answered to the load, it is the same state again and again
        for start in (24, 25):
            again = stress[start:41:2]
            scale = np.abs(stress).max()
            assert np.abs(again - again[0]).max() <= 1e-9 * scale
        limit = 1e-9 if bound is not None else 3.0 * found.jumps[25:].max()
        assert np.abs(stress[26:] - stress[25]).max() <= max(limit, 1e-9) * np.abs(stress).max()
        if bound is not None:
            assert found.jumps.max() < bound


@pytest.mark.parametrize("half", [1, 7, 12])
@pytest.mark.parametrize("strict", [{}, {"max_iterations": 3, "max_cutbacks": 20}], ids=["plain", "with cuts"])
def test_a_run_in_two_halves_is_the_whole_also_where_it_switches(
    tmp_path: Path, half: int, strict: dict[str, int]
) -> None:
    rom = romlib.load(write_both(tmp_path / "bar.rom", *bar_rom(PARTS)))
    whole = rom.solve(times=TIMES, **strict)
    assert np.count_nonzero(np.diff(whole.clusters[half:])) >= 1
    first = rom.solve(times=TIMES[:half + 1], **strict)
    first.write_state(tmp_path / "half.state")
    for start in (first, tmp_path / "half.state", whole.state(half)):
        second = rom.solve(times=TIMES[half:], start=start, **strict)
        same(second, whole, 1e-12, slice(half, None))
        for name in ("clusters", "iterations", "cutbacks", "jumps"):
            np.testing.assert_allclose(getattr(second, name)[1:], getattr(whole, name)[half + 1:], atol=1e-9)


def test_a_step_that_is_taken_back_is_taken_again_in_the_same_clusters() -> None:
    run = run_of(bar_rom(PARTS)[0])
    for _ in range(5):
        run.advance()
    before = run.state
    first, then = run.advance(), run.state
    run.rollback()
    assert run.state is before
    assert run.advance() == first and run.state.committed.cluster == then.committed.cluster
    np.testing.assert_array_equal(run.state.committed.gamma, then.committed.gamma)


def test_full_integration_switches_too_and_agrees_where_all_points_have_weights(tmp_path: Path) -> None:
    rom = romlib.load(write_both(tmp_path / "bar.rom", *bar_rom(PARTS)))
    selected, everywhere = rom.solve(times=TIMES), rom.solve(times=TIMES, hyper_reduction=False)
    np.testing.assert_array_equal(selected.clusters, everywhere.clusters)
    same(everywhere, selected, 1e-9)
    for step in (4, 17):
        np.testing.assert_allclose(everywhere.displacement(step), selected.displacement(step), atol=1e-12)


def broken(monkeypatch: pytest.MonkeyPatch, *clusters: int) -> None:
    """Have these clusters fail whatever is asked of them."""
    complete = LocalRun.complete

    def failing(self: LocalRun, *arguments):
        return Failure("it is broken", 0.5, 1, 1) if self.cluster in clusters else complete(self, *arguments)
    monkeypatch.setattr(LocalRun, "complete", failing)


def test_a_basis_that_cannot_take_a_step_gives_it_back_and_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    rom = bar_rom([WHOLE, WHOLE[:4]])[0]
    broken(monkeypatch, 1)
    found = ReducedOrderModel(rom).solve(times=TIMES)
    np.testing.assert_array_equal(found.clusters, 0)
    assert any("could not be solved in the local basis" in note and "cluster 1, taken by" in note
               for note in found.notes)
    redone = solve(reduced_problem(rom, rom.model), case_histories(rom, rom.model, {}, TIMES)).redone
    assert len(redone) >= 2 and {(one.failed, one.taken) for one in redone} == {(1, 0)}
    assert np.diff([one.time for one in redone]).min() > 1.5 * TIMES[1]  # not step after step
    run = run_of(rom)
    while not run.redone:
        run.advance()
    first = list(run.redone)
    run.rollback()
    assert run.redone == []
    run.advance()
    assert run.redone == first
    for half in range(2, len(TIMES) - 1):  # and not by a run that goes on either
        second = ReducedOrderModel(rom).solve(times=TIMES[half:], start=found.state(half))
        np.testing.assert_array_equal(second.iterations[1:], found.iterations[half + 1:])
    one = ReducedOrderModel(global_rom()[0]).solve(times=TIMES)
    same(found, one, 1e-6)


def test_the_basis_of_all_snapshots_takes_what_no_local_one_can(monkeypatch: pytest.MonkeyPatch) -> None:
    one = ReducedOrderModel(global_rom()[0]).solve(times=TIMES)
    broken(monkeypatch, 0, 1)
    found = ReducedOrderModel(bar_rom(PARTS[:2])[0]).solve(times=TIMES)
    np.testing.assert_array_equal(found.clusters, 2)
    same(found, one, 1e-9)
    assert any("basis of all snapshots" in note for note in found.notes)
    with pytest.raises(ConvergenceError, match="broken"):
        ReducedOrderModel(bar_rom(PARTS[:2], keep_global=False)[0]).solve(times=TIMES)


def test_a_basis_that_failed_is_left_alone_in_that_of_all_snapshots_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Switcher, "nearest", lambda self, where, hysteresis=0.1: 1)
    broken(monkeypatch, 0, 1)
    run = run_of(bar_rom(PARTS[:2])[0])
    while not run.done:
        run.advance()
        assert (run.state.committed.cluster, run.state.barred) == (2, 1)
    assert [(one.failed, one.taken) for one in run.redone] == [(1, 2)]


def test_a_step_that_cannot_be_shortened_further_is_solved_in_the_basis_of_all_snapshots(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    from romlib.online import clusters as module
    begun, until = module.Clusters.begun, [1.0]

    def stubborn(self, state, predictor, level):
        """Local bases begin steps after a time so far off that they do not converge."""
        found = begun(self, state, predictor, level)
        far = level.time > until[0] and state.committed.cluster != 3
        return found._replace(gamma=found.gamma + 1e3) if far else found
    monkeypatch.setattr(module.Clusters, "begun", stubborn)
    monkeypatch.setattr(Switcher, "nearest", lambda self, where, hysteresis=0.1: 0)
    monkeypatch.setattr(Switcher, "jump", lambda self, where, other: 0.25)
    rom = ReducedOrderModel(bar_rom(PARTS)[0])
    found = rom.solve(times=TIMES, max_cutbacks=1, max_iterations=6)
    first = int(np.argmax(TIMES > 1.0))
    assert np.flatnonzero(found.jumps).tolist() == [first] and found.jumps[first] == 0.25
    assert (found.clusters[2:first] == 0).all() and (found.clusters[first:] == 3).all()
    assert any(f"1 step could not be solved in the local basis that was to be taken: to time {TIMES[first]:g} (cluster "
               "0, taken by the basis of all snapshots)" in note for note in found.notes)


def test_the_first_basis_is_that_of_the_snapshot_nearest_to_what_the_structure_answers() -> None:
    rom = bar_rom(PARTS)[0]
    one = ReducedOrderModel(global_rom()[0]).solve(times=TIMES[:2])
    switcher = Switcher(rom.switching, [basis.n_mode for basis in rom.clusters])
    sines = switcher.sines(Where(3, one.coordinates[1], one.lifting[1]))
    found = ReducedOrderModel(rom).solve(times=TIMES[:2])
    assert found.clusters[0] == found.clusters[1] == rom.switching.labels[np.argmin(sines)]


def test_without_a_global_basis_the_first_one_is_that_which_answers_best() -> None:
    for local, best in (([[2, 5], WHOLE[:4], [4]], 1), ([WHOLE[:4], [2, 5], [4]], 0)):
        found = ReducedOrderModel(bar_rom(local, keep_global=False)[0]).solve(times=TIMES[:2])
        assert found.clusters[0] == found.clusters[1] == best


@pytest.mark.parametrize("keep_global", [True, False])
def test_a_basis_that_cannot_show_what_it_lacks_is_left_all_the_same(
    monkeypatch: pytest.MonkeyPatch, keep_global: bool
) -> None:
    """The displacement in a basis without bending is for ever nearest to snapshots without bending."""
    snapshots = np.concatenate([training_run(), np.eye(1, len(ALL) + 1, len(ALL)) * 1e-3])  # the last: lifting alone
    labels = np.append(np.ones(len(snapshots) - 1, dtype=int), 0)
    groups = [[5], WHOLE[:5]] + ([WHOLE] if keep_global else [])
    rom, _ = clustered(made(), [BAR], groups, snapshots, np.append(labels[:-2], [2, 0] if keep_global else [1, 0]),
                       keep_global=False)
    rom.switching.labels, rom.switching.fallback = labels, 2 if keep_global else None
    problem, histories = reduced_problem(rom, rom.model), case_histories(rom, rom.model, {}, TIMES)
    begun = solve(problem, histories, cluster=0)
    assert (begun.clusters == 0).all()
    start = replace(begun.began, committed=replace(begun.began.committed, cluster=0))
    run = ReducedRun(problem, histories, start=start)
    run._clusters._at_rest = lambda switcher, committed, level: 0
    run.advance()
    assert run.state.committed.cluster == 0
    run.advance()
    assert run.state.committed.cluster == 1
    monkeypatch.setattr(Clusters, "_missing", lambda self, switcher, committed, level: None)
    run = ReducedRun(problem, histories, start=start)
    run._clusters._at_rest = lambda switcher, committed, level: 0
    for _ in range(5):
        run.advance()
    assert run.state.committed.cluster == 0


def test_a_body_at_rest_stays_in_its_cluster_until_something_acts() -> None:
    late = {"pull": {"time": [0.0, 1.0, 2.0], "value": [0.0, 0.0, 0.003]}, "push": 0.0, "heat": 20.0}
    found = ReducedOrderModel(bar_rom([[4], WHOLE[:4]])[0]).solve(times=TIMES, amplitudes=late)
    assert (found.clusters[:11] == 0).all() and found.clusters[11] == 1 and not found.coordinates[:11].any()


def test_a_full_field_is_a_start_in_the_basis_that_is_nearest_to_it(tmp_path: Path) -> None:
    for groups in ([WHOLE] * 3, [WHOLE[:3], WHOLE, WHOLE[:2]]):
        rom = romlib.load(write_both(tmp_path / "bar.rom", *bar_rom(groups, keep_global=False)))
        exact = rom.solve(times=TIMES, tolerance=1e-13)
        if groups[0] is WHOLE:
            half = rom.solve(times=TIMES[:11], tolerance=1e-13, hyper_reduction=False)
            half.write(tmp_path / "half.vtkhdf", ["displacement", "stress", "p", "plastic_strain"])
        second = rom.solve(times=TIMES[10:], start=tmp_path / "half.vtkhdf", tolerance=1e-13)
        assert "represent to" in second.notes[0] and float(second.notes[0].split()[-1]) < 1e-6
        if groups[0] is WHOLE:
            same(second, exact, 1e-8, slice(10, None))
        else:
            assert second.clusters[0] == 1


def test_a_state_of_a_cluster_that_is_not_there_is_refused(tmp_path: Path) -> None:
    rom = romlib.load(write_both(tmp_path / "bar.rom", *bar_rom(PARTS)))
    state = rom.solve(times=TIMES[:4]).state()
    for value in (7, -1, 0.5):
        state.run["cluster"] = np.array([value])
        with pytest.raises(InputError, match="another reduced problem"):
            rom.solve(times=TIMES[3:], start=state)


def test_bases_that_nothing_chooses_among_are_refused_and_one_of_them_can_be_asked_for() -> None:
    rom = replace(bar_rom(PARTS)[0], switching=None)
    with pytest.raises(UnsupportedError, match="nothing to choose among them"):
        ReducedOrderModel(rom).solve(times=TIMES)
    problem, histories = reduced_problem(rom, rom.model), case_histories(rom, rom.model, {}, TIMES)
    for cluster in range(4):
        assert (solve(problem, histories, cluster=cluster).clusters == cluster).all()
    with pytest.raises(InputError, match="no such cluster"):
        solve(problem, histories, cluster=4)


def test_sizes_beyond_what_can_be_squared_leave_a_run_where_it_is() -> None:
    """As a file may state them: nothing is as large as them, and a body is at rest for ever."""
    rom = bar_rom(PARTS)[0]
    rom.switching = replace(rom.switching, sizes=1e300 * np.maximum(rom.switching.sizes, 1.0))
    assert (ReducedOrderModel(rom).solve(times=TIMES[:4]).clusters == 0).all()
