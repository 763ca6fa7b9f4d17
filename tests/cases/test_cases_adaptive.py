"""The case of the bounds: the rule of its missions, and coverage on a few loadings of a coarse plate."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from case_scripts import scripts_of

from romlib.archive.indicator import CalibrationPair
from romlib.parallel.comm import serial
from romlib.snapshots import Snapshots
from romlib.study.pipeline import train

MODULES = ("missions", "pulls", "bodies", "references", "judgement", "rival", "plate", "blade")


@pytest.fixture(scope="module")
def case():
    """The modules of the case, which import one another as the scripts that they are."""
    with scripts_of("adaptive", *MODULES) as scripts:
        yield scripts


def test_missions_are_the_same_at_every_draw_and_as_many_as_promised(case):
    first, again = case.missions.missions(), case.missions.missions()
    assert len(first) >= 60 and len(case.pulls.pulls()) >= 40
    assert len({one.name for one in first}) == len(first)
    for one, other in zip(first, again):
        assert one.spots == other.spots and one.slope == other.slope
        assert all(np.array_equal(a, b) for name in one.tables for a, b in zip(one.tables[name], other.tables[name]))


def test_missions_are_in_the_groups_that_their_numbers_say(case):
    low, high = case.missions.HOT
    for one in case.missions.missions():
        hot, speed = one.tables["hot_spot"][1].max(), one.tables["rotation"][1].max()
        if one.group in ("inside", "new shapes"):
            assert low <= hot <= high and case.missions.SPEED[0] <= speed <= case.missions.SPEED[1]
        if one.group == "other profiles":
            assert hot <= high and speed <= case.missions.SPEED[1]
        assert one.new_shape == (one.group == "new shapes")
        for time, value in one.tables.values():
            assert (np.diff(time) > 0).all() and np.isfinite(value).all()
            assert np.allclose(time / case.missions.STEP, np.round(time / case.missions.STEP))


def test_a_hot_spot_where_the_mesh_has_it_is_the_one_of_the_mesh(case):
    mesh = case.blade.blade(5_000)
    assert np.array_equal(case.blade.hot_spot(5_000), mesh.node_arrays["hot_spot"])
    moved = case.blade.hot_spot(5_000, height=40.0, xi=1.0)
    hottest = mesh.points[moved.argmax()]
    assert abs(hottest[2] - 40.0) < 5.0 and np.linalg.norm(hottest - mesh.points[mesh.node_tags["hottest"][0]]) > 15.0


def test_temperature_of_a_mission_is_what_its_tables_and_spots_say(case, tmp_path):
    chosen = [one for one in case.missions.missions() if one.new_shape and one.slope == 0.0][:1]
    body = case.bodies.the_blade(5_000, chosen)
    body.prepare(tmp_path, 0)
    (held,) = body.held(tmp_path)
    assert held.new_shape and set(held.case.amplitudes) == {"rotation", "gas"}
    (mission,) = chosen
    with Snapshots(held.case.temperature.file) as file:
        knot = int(np.searchsorted(file.times, mission.tables["hot_spot"][0][2]))
        warm, hot = mission.tables["warming"][1][2], mission.tables["hot_spot"][1][2]
        spot = sum(one.part * case.blade.hot_spot(5_000, one.height, one.span, one.chord, one.xi)
                   for one in mission.spots)
        for piece in range(file.n_piece):
            found = file.read("temperature", piece, slice(knot, knot + 1))[0, :, 0]
            assert found == pytest.approx(warm + hot * spot[file.mesh(piece).node_ids - 1])


@pytest.fixture(scope="module")
def judged(case, tmp_path_factory):
    """A coarse plate: a loading of each group, judged."""
    pytest.importorskip("petsc4py")
    folder = tmp_path_factory.mktemp("plate")
    chosen = [one for one in case.pulls.pulls() if one.name in ("inside_3", "out_1", "far_4", "profile_0")]
    body = case.bodies.the_plate(lambda: case.plate.quarter_plate(4, 6, 1), chosen)
    case.references.solve_training(body, folder, 60)
    with train(folder / "study.toml", serial()) as trained:
        trained.write(folder / "x.rom")
        rom = trained.rom
    held = body.held(folder)
    assert case.references.solve_held(folder, held) == {}
    largest = case.judgement.largest_in_training(folder / f"{name}.vtkhdf" for name in body.trained)
    found, failures = case.judgement.judge(rom, held, folder, largest)
    assert failures == {} and len(found) == 4
    return SimpleNamespace(rom=rom, cases=found)


def test_bounds_cover_the_errors_of_loadings_that_were_not_trained(case, judged):
    for quantity in case.judgement.QUANTITIES:
        found = case.judgement.coverage(judged.cases, quantity)
        assert found.given >= 2
        assert (found.end, found.always) == (found.given, found.ever), quantity


def test_bounds_tell_what_is_inside_from_what_is_far_out(case, judged):
    by_name = {one.name: one for one in judged.cases}
    for quantity in ("stress", "p"):
        inside, far = by_name["inside_3"], by_name["far_4"]
        assert far.errors[quantity][-1] > 3.0 * inside.errors[quantity][-1]
        assert far.bounds[quantity][-1] > 3.0 * inside.bounds[quantity][-1]
        assert np.median([one.ratio(quantity) for one in judged.cases]) < 30.0


def test_an_alarm_that_does_not_come_is_named(case):
    one = case.judgement.Judged("late", "far out", False, np.arange(2.0), {"p": np.array([0.0, 0.06])},
                                {"p": np.array([0.0, 0.04])})
    found = case.judgement.alarms([one], "p", 0.05)
    assert found.missed == ("late",) and (found.true, found.false, found.quiet) == (0, 0, 0)
    assert case.judgement.coverage([one], "p").end == 0
    assert case.judgement.alarms([one], "p", 0.01).true == 1
    assert case.judgement.alarms([one], "p", 0.1).quiet == 1


def test_the_gaussian_process_of_the_literature_follows_a_power_law(case):
    rng = np.random.default_rng(3)
    misfits = 10.0 ** rng.uniform(-3.0, -1.0, (30, 2))
    pairs = [CalibrationPair(left_out="", run="", misfits={}, errors=dict.fromkeys(case.judgement.QUANTITIES, 2.0 * p),
                             unweighted={"stress": s, "p": p}) for s, p in misfits]
    one = case.judgement.Judged("", "", False, np.zeros(1), dict.fromkeys(case.judgement.QUANTITIES, np.array([0.02])),
                                {}, {"stress": 0.01, "p": 0.01})
    (found,) = case.rival.rival(pairs, [one])
    assert 0.02 < found.bounds["p"][0] < 0.05
