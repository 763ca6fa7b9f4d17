"""A choice of snapshots by mask or weights is what a training set of these snapshots alone would be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from romlib.errors import InputError
from romlib.offline.pod import pod
from romlib.offline.rows import Rows


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 9))
def test_modes_of_weighted_snapshots_are_those_of_the_snapshots_times_the_roots_of_their_weights(seed, n):
    rng = np.random.default_rng(seed)
    fields, weights = rng.standard_normal((n, 20)), rng.integers(0, 3, n).astype(float)
    weights[rng.integers(n)] = 1.0
    rows, scaled = Rows.of(n, weights), (fields.T * np.sqrt(weights)).T[weights > 0]
    modes = rows.spread(pod(rows.gram(fields @ fields.T), tolerance=1e-6).combination).T @ fields
    alone = pod(scaled @ scaled.T, tolerance=1e-6).combination.T @ scaled
    np.testing.assert_allclose(modes, alone, atol=1e-9)
    np.testing.assert_allclose(rows.weighted(fields), scaled)


def test_all_snapshots_are_taken_as_they_are():
    gram = np.eye(3)
    rows = Rows.of(3, None)
    assert rows.gram(gram) is gram and rows.spread(gram) is gram
    assert list(rows.and_more(2).kept) == [0, 1, 2, 3, 4]
    assert list(Rows.of(3, [True, False, True]).and_more(1).kept) == [0, 2, 3]


@pytest.mark.parametrize("chosen", [[1.0], [1.0, -1.0], [0.0, 0.0], [1.0, np.nan]])
def test_what_chooses_no_snapshots_is_refused(chosen):
    with pytest.raises(InputError, match="snapshot"):
        Rows.of(2, chosen)
