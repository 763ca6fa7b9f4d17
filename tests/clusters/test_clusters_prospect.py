"""Prospects: local bases of a bump that travels pay, of a structure with few modes they do not, and it is said why."""

from __future__ import annotations

import numpy as np
import pytest
from travelling import bumps, gram

from romlib.clusters.cost import CostModel, fitted
from romlib.clusters.gain import Fields
from romlib.clusters.prospect import WORTH, ProspectData, least_modes, prospects, recommend, shown
from romlib.errors import InputError
from romlib.model.clusters import ClusterOptions

COST = CostModel((3e-5, 3e-7, 5e-8, 3e-10), (2e-5, 2e-7, 2e-9))  # as measured on one machine
KINDS = [ClusterOptions(), ClusterOptions(geodesic=False), ClusterOptions(dissimilarity="random")]


def data(snapshots: np.ndarray, runs: np.ndarray) -> ProspectData:
    g = gram(snapshots)
    times = np.concatenate([np.arange(float(n)) for n in np.bincount(runs)])
    return ProspectData(Fields(g, g, np.sqrt(np.diag(g))), dict.fromkeys(("displacement", "energy", "stress"), g), runs,
                    times, 50_000, 1e-2, COST)


@pytest.fixture(scope="module")
def travelling() -> ProspectData:
    """Three runs over one way, at other places and of other widths."""
    parts = [bumps(60, width=0.02, n_point=500), bumps(60, width=0.021, n_point=500)[::-1],
             bumps(59, width=0.02, n_point=500)]
    return data(np.concatenate(parts), np.repeat([0, 1, 2], [60, 60, 59]))


def test_local_bases_of_what_travels_are_recommended(travelling):
    found = prospects(travelling, KINDS, [1, 2, 6], n_mode=20, tolerance=1e-2, hold_out=True)
    assert found.recommendation.number == 6 and "times as fast" in found.recommendation.reason
    assert found.base.number == 1 and found.base.modes > 40 and found.base.by_cluster.tolist() == [found.base.modes]
    by = {(one.dissimilarity, one.geodesic, one.number): one for one in found.local}
    best, chance = by["stress", True, 6], by["random", True, 6]
    assert best.modes < 0.4 * found.base.modes and best.gain > 5.0 and best.speed_up > 3.0
    assert chance.modes > 0.8 * found.base.modes and chance.speed_up < WORTH
    assert best.error <= 1e-2 and best.by_cluster.min() >= 10
    assert found.held_out == "each run in turn" and best.held_out < 2.0 * found.base.held_out
    assert best.points.tolist() == [8 * n for n in best.by_cluster] and best.union == best.points.sum()
    assert shown(found) is best and len(best.singular_values) == 6


def test_a_step_carries_the_points_of_the_other_bases_only_where_it_may_switch_to_them(travelling):
    state = prospects(travelling, KINDS[:1], [3], n_mode=20, tolerance=1e-2).local[0]
    case = prospects(travelling, [ClusterOptions(choose="input")], [3], n_mode=20, tolerance=1e-2).local[0]
    for one, passive in ((state, state.union - state.points), (case, np.zeros(3))):
        share = np.bincount(one.partition.labels) / len(one.partition.labels)
        assert one.seconds == pytest.approx(share @ COST.step(one.by_cluster, one.points, passive), rel=1e-9)
    assert (state.union > state.points).all()


def test_of_few_modes_one_basis_is_recommended_and_the_reason_is_said():
    draw = np.random.default_rng(1)
    smooth = np.cumsum(draw.normal(size=(120, 14)), axis=0) * 3.0 ** -np.arange(14.0) @ draw.normal(size=(14, 200))
    found = prospects(data(smooth, np.repeat([0, 1], 60)), KINDS[:1], [1, 2, 4, 8], n_mode=12)
    assert found.base.by_cluster[0] == 12 and not found.stated
    assert found.recommendation.number == 1
    assert "the global basis needs 12 modes" in found.recommendation.reason
    assert "less than 1.5 times is not worth" in found.recommendation.reason
    assert f"With fewer than {least_modes(COST, KINDS[0], 8.0)} modes" in found.recommendation.reason
    assert found.tolerance == pytest.approx(found.base.curve[12])
    assert shown(found, 4).number == 4 and shown(found).number > 1


def test_below_some_number_of_modes_two_bases_of_the_fewest_modes_are_not_worth_it():
    least = least_modes(COST, KINDS[0], 6.0)
    local = float(COST.step(10, 60, 60))
    assert COST.step(least, 6.0 * least) >= WORTH * local > COST.step(least - 1, 6.0 * (least - 1))
    assert 12 < least < 40
    assert least_modes(COST, ClusterOptions(minimum_modes=20), 6.0) > least
    assert least_modes(COST, ClusterOptions(choose="input"), 6.0) < least


def test_numbers_of_clusters_that_there_are_not_are_left_out_and_named(travelling):
    one = data(np.outer(np.arange(1.0, 9.0), np.ones(5)), np.zeros(8, dtype=int))
    found = prospects(one, KINDS[:1], [1, 2, 99], n_mode=1, hold_out=True)
    assert found.local == [] and found.recommendation.number == 1 and shown(found) is found.base
    assert [text[:19] for text in found.left_out] == ["2 by stress, geodes", "99 by stress, geode"]
    assert "do not give more than one cluster" in found.recommendation.reason


def test_a_tolerance_that_no_mode_reaches_is_said(travelling):
    noisy = travelling.fields
    fields = Fields(noisy.pod, noisy.energy, 1e-3 * noisy.sizes)  # as if the liftings were large, and inexact
    found = prospects(ProspectData(**{**travelling.__dict__, "fields": fields}), KINDS[:1], [2], 5, tolerance=1e-9)
    assert found.base.modes is None and "even all modes of the snapshots leave more" in found.recommendation.reason


def test_snapshots_without_energy_are_refused(travelling):
    nothing = Fields(travelling.fields.pod, 0.0 * travelling.fields.energy, 0.0 * travelling.fields.sizes)
    with pytest.raises(InputError, match="no elastic energy"):
        prospects(ProspectData(**{**travelling.__dict__, "fields": nothing}), KINDS, [2], 5)


def test_clusters_that_miss_what_was_held_out_are_not_recommended(travelling):
    found = prospects(travelling, KINDS[:1], [6], n_mode=20, tolerance=1e-2)
    one = found.local[0]
    bad = type(one)(**{**one.__dict__, "held_out": 0.9})
    base = type(one)(**{**found.base.__dict__, "held_out": 0.1})
    said = recommend(base, [bad], 1e-2)
    assert said.number == 1 and "miss what was held out" in said.reason
    assert said.notes == ["6 clusters: 9.0e-01 of held-out snapshots, where the global basis has 1.0e-01: not "
                          "recommended"]
    assert recommend(base, [bad, type(one)(**{**one.__dict__, "held_out": 0.15})], 1e-2).number == 6


def test_of_nearly_equal_speeds_the_smallest_number_is_recommended(travelling):
    found = prospects(travelling, KINDS[:1], [6], n_mode=20, tolerance=1e-2)
    some = [type(one)(**{**one.__dict__, "number": number, "speed_up": speed})
            for one in found.local for number, speed in ((4, 3.0), (8, 4.8), (16, 5.0))]
    assert recommend(found.base, some, 1e-2).number == 8


def test_clusters_of_runs_have_no_points_besides_their_own():
    whole = bumps(60, width=0.02)
    starts = [0, 4, 8, 30, 34, 38]
    fields = np.concatenate([whole[start:start + 20] for start in starts])
    runs = np.repeat(np.arange(6), 20)
    options = ClusterOptions(choose="input", minimum_modes=1)
    found = prospects(data(fields, runs), [options], [2], n_mode=30, tolerance=1e-2, hold_out=True)
    one = found.local[0]
    assert one.partition.labels[::20].tolist() == [0, 0, 0, 1, 1, 1]
    share = COST.step(one.by_cluster, one.points, [0, 0]).mean()
    assert one.seconds == pytest.approx(float(share)) and one.held_out is not None


def test_a_cost_model_gives_back_what_it_was_fitted_to():
    n, m = (x.ravel() for x in np.meshgrid([5, 20, 60], [40, 150, 500]))
    active = 3e-5 + (3e-7 + 5e-8 * n) * m + 3e-10 * n**3
    passive = 2e-5 + (2e-7 + 2e-9 * n) * m
    found = fitted(n, m, active, passive)
    assert found.error < 1e-6
    np.testing.assert_allclose(found.iteration, COST.iteration, rtol=1e-5)
    assert found.step(10, 100) == pytest.approx(2.0 * (3e-5 + 8e-7 * 100 + 3e-7))
    assert found.step(10, 100, 300) - found.step(10, 100) == pytest.approx(2e-5 + 2.2e-7 * 300)


def test_no_part_of_a_cost_model_is_negative_however_uneven_the_times_are():
    n, m = (x.ravel() for x in np.meshgrid([5, 20, 60], [40, 150, 500]))
    times = np.random.default_rng(0).uniform(1e-4, 1e-2, 9)
    found = fitted(n, m, times, times)
    assert min(*found.iteration, *found.passive) >= 0.0 and found.error > 0.1
