"""k-medoids: never worse than where it begins, the best of small sets, the same for any order and every time."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from travelling import bumps, gram

from romlib.clusters.dissimilarity import geodesic, sine
from romlib.clusters.medoids import k_medoids
from romlib.errors import InputError

PLACES = st.lists(st.integers(0, 1000), min_size=4, max_size=9, unique=True)


def distances(places) -> np.ndarray:
    return np.abs(np.subtract.outer(np.array(places, dtype=float), np.array(places, dtype=float)))


@given(PLACES, st.integers(1, 4))
@settings(max_examples=80, deadline=None)
def test_no_single_swap_lowers_the_loss(places, k):
    d = distances(places)
    found = k_medoids(d, k)
    assert found.loss == pytest.approx(d[found.medoids].min(axis=0).sum())
    for out in range(k):
        for into in set(range(len(places))) - set(found.medoids.tolist()):
            medoids = [*np.delete(found.medoids, out), into]
            assert d[medoids].min(axis=0).sum() >= found.loss - 1e-9


@given(PLACES, st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_of_a_small_set_the_best_medoids_are_found(places, k):
    d = distances(places)
    best = min(d[list(medoids)].min(axis=0).sum() for medoids in combinations(range(len(places)), k))
    assert k_medoids(d, k, restarts=20).loss == pytest.approx(best)


@given(st.integers(0, 2**31), st.integers(2, 6))
@settings(max_examples=30, deadline=None)
def test_the_loss_is_never_more_than_that_of_medoids_drawn_at_the_beginning(seed, k):
    d = distances(np.random.default_rng(seed).choice(10**6, 30, replace=False))
    order = np.argsort(d.sum(axis=1), kind="stable")
    drawn = order[np.random.default_rng(7).choice(30, k, replace=False)]
    assert k_medoids(d, k, seed=7).loss <= d[drawn].min(axis=0).sum()


@given(st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_the_order_of_the_snapshots_changes_their_numbers_alone(random):
    fields = np.random.default_rng(3).normal(size=(25, 4))  # without ties, which numbers decide
    order = np.array(random.sample(range(25), 25))
    found, other = k_medoids(sine(gram(fields)), 4), k_medoids(sine(gram(fields[order])), 4)
    assert set(order[other.medoids]) == set(found.medoids)
    assert (found.medoids[found.labels[order]] == order[other.medoids][other.labels]).all()


def test_a_seed_gives_the_same_clusters_every_time():
    d = geodesic(sine(gram(bumps(50))))
    found, again = (k_medoids(d, 6, seed=4) for _ in range(2))
    assert (found.medoids == again.medoids).all() and (found.labels == again.labels).all()


def test_a_bump_that_travels_is_cut_into_parts_of_its_way():
    found = k_medoids(geodesic(sine(gram(bumps(60)))), 6)
    assert (np.diff(found.labels) >= 0).all() and (found.labels[found.medoids] == np.arange(6)).all()
    assert np.bincount(found.labels).min() >= 7


def test_as_many_clusters_as_snapshots_are_the_snapshots():
    found = k_medoids(distances([1, 5, 9]), 3)
    assert found.medoids.tolist() == [0, 1, 2] and found.labels.tolist() == [0, 1, 2] and found.loss == 0.0


def test_more_clusters_than_different_snapshots_are_refused():
    d = distances([3, 3, 3, 8, 8])
    assert k_medoids(d, 2).labels.tolist() == [0, 0, 0, 1, 1]
    with pytest.raises(InputError, match=r"1 \.\.\. 2: so many differ by the dissimilarity, of 5\n  found: 3"):
        k_medoids(d, 3)
    with pytest.raises(InputError, match=r"expected: 1 \.\.\. 1"):
        k_medoids(np.zeros((4, 4)), 2)
    with pytest.raises(InputError, match="found: 0"):
        k_medoids(d, 0)


def test_a_value_that_is_not_finite_is_refused():
    d = distances([1, 2, 3])
    d[0, 1] = np.nan
    with pytest.raises(InputError, match="finite"):
        k_medoids(d, 2)
