"""The case of the travelling hot spot: its passes, and what it measures, on a coarse strip and a few steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from case_scripts import scripts_of

import romlib
from romlib.clusters.partition import Partition
from romlib.parallel.comm import serial
from romlib.snapshots import Snapshots
from romlib.study.pipeline import train

MODULES = ("passes", "strip", "grams", "comparison", "duals", "roms")


@pytest.fixture(scope="module")
def case():
    """The modules of the case, which import one another as the scripts that they are."""
    with scripts_of("local_bases", *MODULES) as scripts:
        yield scripts


@pytest.fixture(scope="module")
def short(case):
    """One pass that trains and one that is held out, of 24 steps, and their names."""
    return [replace(one, steps=24) for one in (case.passes.TRAINING[0], case.passes.held_out()[0])]


@pytest.fixture(scope="module")
def folder(case, short, tmp_path_factory):
    """A coarse strip with both passes at full order."""
    folder = tmp_path_factory.mktemp("strip")
    case.strip.prepare(folder, short, case.strip.strip((20, 4, 1)), pieces=2)
    case.strip.solve(folder, [one.name for one in short], lambda _: None)
    return folder


@pytest.fixture(scope="module")
def grams(case, short, folder):
    return case.grams.grams_of(folder, [short[0].name], [short[1].name])


def test_held_out_passes_are_the_same_at_every_draw_and_within_what_was_trained(case):
    held = case.passes.held_out()
    assert held == case.passes.held_out() != case.passes.held_out(1)
    degrees = [leg.degrees for one in case.passes.TRAINING for leg in one.legs]
    pulls = [one.pull for one in case.passes.TRAINING]
    for one in held:
        assert min(pulls) <= one.pull <= max(pulls)
        assert all(min(degrees) <= leg.degrees <= max(degrees) for leg in one.legs)
    assert sum(one.steps for one in case.passes.TRAINING) >= 300


def test_the_spot_is_where_the_leg_says_and_gone_before_and_after(case):
    one = case.passes.held_out()[2]
    first, second = one.legs
    for leg in (first, second):
        middle = 0.5 * (leg.start + leg.stop)
        at = int(np.argmin(np.abs(one.instants / one.duration - middle)))
        x = np.linspace(0.0, 60.0, 601)
        track = np.column_stack([x, np.full(601, case.passes.TRACKS[leg.track]), np.zeros(601)])
        along = one.temperature(track)[at]
        assert abs(x[np.argmax(along)] - 30.0) < 1.5
        assert along.max() == pytest.approx(case.passes.WARM + leg.degrees, rel=1e-2)
    between = int(np.argmin(np.abs(one.instants / one.duration - 0.5 * (first.stop + second.start))))
    assert np.ptp(one.temperature(track)[[0, between, -1]], axis=1) == pytest.approx(0.0, abs=1e-9)


def test_a_study_of_the_case_has_its_passes_and_is_solved(case, short, folder):
    study = case.strip.Study.read(folder / "study.toml")
    assert set(study.cases) == {one.name for one in short}
    for one in short:
        assert study.cases[one.name].times.instants() == pytest.approx(one.times)
        with Snapshots(folder / f"{one.name}.vtkhdf") as file:
            assert file.n_step == one.steps + 1
            assert max(float(file.read("p", piece, slice(24, 25)).max()) for piece in range(2)) > 1e-4


def test_projection_errors_fall_with_modes_and_vanish_for_the_members(case, grams):
    own = np.flatnonzero(grams.trained & grams.strained)
    errors = grams.projection_errors(own, own, len(own))
    assert (np.diff(errors, axis=0) <= 1e-9).all() and errors[0] == pytest.approx(1.0)
    assert errors[-1].max() < 1e-5
    other = np.flatnonzero(~grams.trained & grams.strained)
    rest = grams.projection_errors(own, other, len(own))[-1]
    # by its definition: of one snapshot onto one other
    a, b = own[3], other[4]
    energy = grams.matrices["energy"]
    sine = np.sqrt(1.0 - energy[a, b] ** 2 / energy[a, a] / energy[b, b])
    assert grams.projection_errors(np.array([a]), np.array([b]), 1)[1, 0] == pytest.approx(sine, rel=1e-6)
    assert 1e-6 < rest.max() < 1.0


def test_clusters_need_fewer_modes_than_all_snapshots(case, grams):
    whole = case.comparison.curve_of(grams, None).quantiles[case.comparison.TRAINED]
    clusters = case.comparison.clusters_of(grams, case.comparison.BEST, 3)
    local = case.comparison.curve_of(grams, replace(clusters, members=tuple(
        np.flatnonzero(clusters.labels == number) for number in range(3))))
    assert (local.quantiles[case.comparison.TRAINED][4:9] < 0.95 * whole[4:9]).all()


def test_dual_bases_give_back_what_they_span_and_only_new_fits_jump(case):
    draw = np.random.default_rng(0)
    modes, weights = draw.standard_normal((4, 30, 1)), draw.uniform(0.5, 1.0, 30)
    labels = np.repeat([0, 1], 6)
    values = np.tensordot(draw.standard_normal((12, 4)), modes, 1)
    run, points = case.duals.Run(values, labels), np.arange(10)
    every = case.duals.Bases([values], weights, points, 1e-6)
    assert case.duals.by_fit(run, every, local=False).error < 1e-10
    parts = [values[:6], values[6:]]
    few = case.duals.Bases(parts, weights, points, 0.5)
    anew = case.duals.by_fit(run, few, local=True)
    assert anew.jump > 1e-3 and anew.error > 1e-3
    increments = np.diff(values, axis=0, prepend=values[:1])
    added = case.duals.by_increments(run, case.duals.Bases([increments] * 2, weights, points, 1e-6))
    assert added.error < 1e-10 and added.jump == 0.0


def test_a_field_that_is_zero_in_a_cluster_has_no_modes_there(case):
    weights, points = np.ones(5), np.arange(3)
    bases = case.duals.Bases([np.zeros((4, 5, 1)), np.ones((4, 5, 1))], weights, points, 1e-2)
    assert [len(modes) for modes in bases.modes] == [0, 1]
    run = case.duals.Run(np.concatenate([np.zeros((2, 5, 1)), np.ones((2, 5, 1))]), np.array([0, 0, 1, 1]))
    assert case.duals.by_fit(run, bases, local=True).error == pytest.approx(0.0, abs=1e-12)


def test_a_partition_of_one_cluster_is_the_global_basis(case, grams):
    n = int(grams.trained.sum())
    one = Partition(np.zeros(n, dtype=int), np.zeros(1, dtype=int), (np.arange(n),))
    found, expected = case.comparison.curve_of(grams, one), case.comparison.curve_of(grams, None)
    for group, quantiles in expected.quantiles.items():
        assert np.array_equal(found.quantiles[group], quantiles, equal_nan=True)


def test_roms_with_one_basis_and_with_two_are_judged_by_the_same_measure(case, short, folder):
    names = case.roms.variants(folder / "study.toml", [2])
    assert names == [case.roms.GLOBAL, "k2"]
    assert case.strip.Study.read(folder / "k2.toml").clusters.number == 2
    roms = {}
    for name in names:
        study = case.strip.Study.read(folder / f"{name}.toml")
        offline = study.offline.model_copy(update={"calibration": False, "pod_tolerance": 1e-3})
        declared = study.model_copy(update={"offline": offline, "training": study.training[:1]})
        with train(declared, serial(), skip_check=True, accept_errors=True, output=folder / f"{name}.rom") as trained:
            trained.write()
        roms[name] = romlib.load(folder / f"{name}.rom")
    held = [short[1].name]
    judged, histories = case.roms.judge_all(roms, held, folder)
    costs = case.roms.costs(roms, held, repeat=1)
    for name in names:
        one, history = judged[name][held[0]], histories[held[0]][name]
        assert one.bounds == dict.fromkeys(case.roms.QUANTITIES)  # it was not calibrated
        assert one.errors["displacement"] == pytest.approx(history.errors["u"].max()) and 0 < one.errors["stress"] < 1
        assert costs[name][held[0]].least <= costs[name][held[0]].median <= costs[name][held[0]].most
    assert judged[names[0]][held[0]].switches == 0 < judged["k2"][held[0]].switches
    assert judged["k2"][held[0]].modes < judged[names[0]][held[0]].modes == roms[names[0]].archive.clusters[0].n_mode
    assert case.roms.table(judged, costs, names[0]).row_count == 2
