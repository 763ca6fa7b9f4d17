"""Maps of snapshots: distances in a plane are kept, and nothing is left to chance."""

from __future__ import annotations

import numpy as np
import pytest
from travelling import bumps, gram

from romlib.clusters.dissimilarity import geodesic, sine
from romlib.clusters.mapping import plane_map


def test_what_lies_in_a_plane_is_mapped_as_it_is():
    places = np.random.default_rng(2).normal(size=(12, 2))
    apart = np.linalg.norm(places[:, None] - places, axis=2)
    found = plane_map(apart)
    np.testing.assert_allclose(np.linalg.norm(found[:, None] - found, axis=2), apart, atol=1e-6)
    np.testing.assert_array_equal(found, plane_map(apart))


def test_a_bump_that_travels_is_a_way():
    found = plane_map(geodesic(sine(gram(bumps(40)))))
    steps = np.linalg.norm(np.diff(found, axis=0), axis=1)
    assert steps.max() < 0.2 * np.linalg.norm(found[0] - found[-1])


@pytest.mark.parametrize("n", [1, 2])
def test_one_and_two_snapshots_have_a_map(n):
    assert plane_map(1.0 - np.eye(n)).shape == (n, 2)
