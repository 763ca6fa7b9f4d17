"""Dissimilarities: sines of angles as projection errors, distances, paths, spaces of runs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.linalg import subspace_angles
from sklearn.manifold import Isomap
from travelling import bumps, gram

from romlib.clusters.dissimilarity import (
    ROUNDING,
    alike,
    by_chance,
    euclidean,
    geodesic,
    in_time,
    norms,
    of_cases,
    sine,
)
from romlib.errors import InputError

NOISE = ROUNDING**0.5
FIELDS = arrays(float, st.tuples(st.integers(2, 8), st.integers(2, 6)), elements=st.floats(-10.0, 10.0, width=16))
ANGLES = st.lists(st.floats(0.0, 3.0), min_size=2, max_size=7)


@given(FIELDS)
@settings(max_examples=60, deadline=None)
def test_the_sine_is_the_relative_error_of_the_projection_onto_the_other(fields):
    found, sizes = sine(gram(fields)), np.linalg.norm(fields, axis=1)
    for i, j in np.argwhere((sizes[:, None] > 1e-3) & (sizes > 1e-3)):
        onto = fields[j] * (fields[i] @ fields[j]) / sizes[j] ** 2
        assert found[i, j] == pytest.approx(np.linalg.norm(fields[i] - onto) / sizes[i], abs=2 * NOISE)


@given(FIELDS, st.lists(st.floats(0.1, 10.0), min_size=8, max_size=8), st.lists(st.booleans(), min_size=8, max_size=8))
@settings(max_examples=60, deadline=None)
def test_the_sine_is_zero_for_parallel_fields_alone_whatever_their_size_and_sign(fields, sizes, turned):
    factor = np.where(turned, -1.0, 1.0)[:len(fields)] * np.array(sizes)[:len(fields)]
    both = np.concatenate([fields, factor[:, None] * fields])
    found, n = sine(gram(both)), len(fields)
    there = (norms(gram(both)) > 0.0).reshape(2, n).all(axis=0)
    assert (np.diag(found[:n, n:])[there] == 0.0).all()
    np.testing.assert_allclose(found[:n, :n][np.ix_(there, there)], found[n:, n:][np.ix_(there, there)],
                               atol=2 * NOISE)
    unit = fields[there] / np.linalg.norm(fields[there], axis=1)[:, None]
    apart = np.minimum(np.linalg.norm(unit[:, None] - unit, axis=2), np.linalg.norm(unit[:, None] + unit, axis=2))
    assert (found[:n, :n][np.ix_(there, there)][apart > 1e-5] > 0.0).all()


@given(FIELDS)
@settings(max_examples=40, deadline=None)
def test_sines_and_distances_are_metrics(fields):
    for found in (sine(gram(fields)), euclidean(gram(fields)), geodesic(sine(gram(fields)), 2)):
        assert (found == found.T).all() and (np.diag(found) == 0.0).all() and np.isfinite(found).all()
        longest = (found[:, :, None] + found[None]).min(axis=1)  # through any third
        assert (found <= longest + 3 * NOISE * max(1.0, np.abs(fields).max())).all()


def test_a_field_of_zero_is_at_one_from_all_but_its_like():
    fields = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0], [1.0, 1.0], [1e-12, 0.0]])
    found = sine(gram(fields))
    zero = np.array([True, False, True, False, True])
    assert (found[zero][:, ~zero] == 1.0).all() and (found[zero][:, zero] == 0.0).all()
    assert (sine(np.zeros((3, 3))) == 0.0).all()


def test_the_distance_is_the_euclidean_one():
    fields = np.random.default_rng(1).normal(size=(6, 9))
    expected = np.linalg.norm(fields[:, None] - fields, axis=2)
    np.testing.assert_allclose(euclidean(gram(fields)), expected, atol=1e-12)


def test_of_a_bump_that_travels_only_the_way_along_it_says_how_far_apart_two_places_are():
    plain = sine(gram(bumps()))
    far, way = plain[0, 20:], geodesic(plain)[0]
    assert np.ptp(far) < 1e-3  # the sine has long been one
    assert (np.diff(way) > 0.01).all() and way[-1] > 3.0
    assert (geodesic(plain) >= plain - 1e-12).all()


def test_paths_are_as_long_as_scikit_learn_finds_them():
    places = np.random.default_rng(4).uniform(size=(80, 2))
    far = np.linalg.norm(places[:, None] - places, axis=2)
    other = Isomap(n_neighbors=5, metric="precomputed").fit(far)
    np.testing.assert_allclose(geodesic(far), other.dist_matrix_, rtol=1e-12, atol=1e-14)


def test_parallel_snapshots_do_not_fill_their_own_neighbourhood():
    """Eight snapshots of one direction, as a proportional load has, before a bump that goes on travelling."""
    fields = bumps(30)
    many = np.concatenate([np.outer(np.arange(1.0, 9.0), fields[0]), fields])
    found = geodesic(sine(gram(many)))
    np.testing.assert_allclose(found[8:, 8:], geodesic(sine(gram(fields))), atol=1e-12)
    assert (found[:8, :9] == 0.0).all()


def two_ways(n: int = 60) -> np.ndarray:
    """Two bumps that travel along lines of their own, n places each."""
    fields = np.zeros((2 * n, 800))
    fields[:n, :400], fields[n:, 400:] = bumps(n), bumps(n)
    return fields


def test_parts_that_neighbours_do_not_connect_are_linked_where_they_are_nearest():
    fields = two_ways()
    fields[59, 401] = 0.5
    plain = sine(gram(fields))
    found = geodesic(plain)
    i, j = np.unravel_index(np.argmin(plain[:60, 60:]), (60, 60))
    assert found[i, 60 + j] == pytest.approx(plain[i, 60 + j]) and 0.9 < found[i, 60 + j] < 1.0
    np.testing.assert_allclose(found[:60, 60:], found[:60, [i]] + plain[i, 60 + j] + found[[60 + j], 60:])


def test_a_steady_state_is_as_far_from_the_way_to_it_as_it_is():
    """A dozen snapshots that hardly differ, at the end of a way: enough neighbours of one another."""
    fields = bumps(30)
    steady = fields[-1] + 1e-4 * np.random.default_rng(4).normal(size=(12, fields.shape[1]))
    plain = sine(gram(np.concatenate([fields[:-1], steady])))
    found = geodesic(plain)
    assert found[28, 29:].max() < 1.1 * plain[28, 29:].max()


def test_parts_that_nothing_connects_are_twice_the_longest_path_apart():
    fields = two_ways()
    found = geodesic(sine(gram(fields)))
    longest = max(found[:60, :60].max(), found[60:, 60:].max())
    assert longest == pytest.approx(found[0, 59]) and longest > 3.0
    np.testing.assert_allclose(found[:60, 60:], 2.0 * longest)


def test_snapshots_that_are_all_orthogonal_stay_as_far_apart_as_they_are():
    np.testing.assert_allclose(geodesic(sine(np.diag([1.0, 4.0, 9.0, 16.0, 25.0, 36.0, 49.0]))), 1.0 - np.eye(7))


@given(ANGLES, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_snapshots_does_not_matter(angles, random):
    fields = np.array([[np.cos(a), np.sin(a)] for a in angles])
    order = random.sample(range(len(angles)), len(angles))
    for kind in (sine, euclidean):
        found = geodesic(kind(gram(fields)), len(angles))
        np.testing.assert_allclose(geodesic(kind(gram(fields[order])), len(angles)), found[np.ix_(order, order)],
                                   atol=3 * NOISE)


def test_those_at_zero_from_each_other_have_one_number():
    assert alike(sine(gram(np.array([[1.0, 0], [0, 1.0], [2.0, 0], [0, 3.0], [1.0, 1.0]])))).tolist() == [0, 1, 0, 1, 2]


def test_runs_follow_one_another_in_time():
    found = in_time(np.array([0, 0, 0, 1, 1, 2]), np.array([0.0, 1.0, 3.0, 0.0, 2.0, 5.0]))
    assert found[0].tolist() == [0.0, 1.0, 3.0, 5.0, 7.0, 7.0]


def test_chance_is_seeded_and_symmetric():
    found = by_chance(7, 3)
    assert (found == by_chance(7, 3)).all() and (found == found.T).all() and (found != by_chance(7, 4)).any()
    assert (np.diag(found) == 0.0).all() and (found[~np.eye(7, dtype=bool)] > 0.0).all()


def planes(angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Six snapshots of each of three runs: of a plane twice, and of one turned by this angle about an axis in it."""
    draw = np.random.default_rng(5)
    first = np.eye(4)[:2]
    turned = np.array([[1.0, 0, 0, 0], [0, np.cos(angle), np.sin(angle), 0]])
    fields = np.concatenate([draw.normal(size=(6, 2)) @ plane for plane in (first, first, turned)])
    return fields, np.repeat([0, 1, 2], 6)


@pytest.mark.parametrize("angle", [0.3, 1.2, np.pi / 2])
def test_runs_are_as_far_apart_as_the_planes_of_their_snapshots(angle):
    fields, runs = planes(angle)
    grassmann, chordal = of_cases(gram(fields), runs, "grassmann"), of_cases(gram(fields), runs, "chordal")
    assert grassmann[0, 1] == 0.0 and chordal[0, 1] == 0.0
    assert grassmann[0, 2] == pytest.approx(angle, abs=1e-6) and chordal[1, 2] == pytest.approx(np.sin(angle), abs=1e-6)


@pytest.mark.parametrize("kind, length", [("grassmann", lambda angle: angle), ("chordal", np.sin)])
def test_principal_angles_of_runs_are_those_that_scipy_has_from_the_fields_themselves(kind, length):
    fields = np.random.default_rng(6).normal(size=(4, 3, 9))
    expected = [[np.linalg.norm(length(subspace_angles(a.T, b.T))) for b in fields] for a in fields]
    found = of_cases(gram(fields.reshape(12, 9)), np.repeat(np.arange(4), 3), kind)
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_runs_of_one_snapshot_are_as_far_apart_as_their_angle():
    fields = np.random.default_rng(2).normal(size=(4, 6))
    np.testing.assert_allclose(of_cases(gram(fields), np.arange(4), "chordal"), sine(gram(fields)), atol=1e-9)
    np.testing.assert_allclose(of_cases(gram(fields), np.arange(4), "grassmann"), np.arcsin(sine(gram(fields))),
                               atol=1e-9)


def test_a_run_of_fewer_directions_is_a_right_angle_away_for_each_that_it_lacks():
    fields = np.concatenate([np.eye(3)[:2], np.eye(3)[1::-1], np.eye(3)[:1], np.zeros((1, 3))])
    runs = np.array([0, 0, 1, 1, 2, 3])
    found = of_cases(gram(fields), runs, "grassmann")
    assert found[0, 1] == 0.0 and found[0, 2] == pytest.approx(np.pi / 2)
    assert found[0, 3] == pytest.approx(np.pi / 2 * 2**0.5)


def test_runs_are_compared_by_as_many_directions_as_most_of_them_need():
    """One run that needs three is not far from those of one for that."""
    fields = np.concatenate([np.eye(3)[:1], np.diag([10.0, 1.0, 1.0]), np.eye(3)[:1]])
    assert not of_cases(gram(fields), np.array([0, 1, 1, 1, 2]), "grassmann").any()


def test_values_that_are_not_finite_are_refused_by_their_snapshot():
    bad = np.eye(3)
    bad[1, 2] = bad[2, 1] = np.nan
    for kind in (sine, euclidean, norms, lambda g: of_cases(g, np.arange(3), "grassmann")):
        with pytest.raises(InputError, match=r"not finite[\s\S]*snapshot 1"):
            kind(bad)
    with pytest.raises(InputError, match="square"):
        sine(np.zeros((2, 3)))
