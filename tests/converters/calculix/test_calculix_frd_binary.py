"""Records of binary blocks: whatever the pieces are in which they are read, they are what NumPy reads at once."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from romlib_converters.calculix import frd_binary


@given(n=st.integers(0, 40), n_comp=st.integers(1, 4), single=st.booleans(), piece=st.integers(1, 300),
       seed=st.integers(0, 1000), wrong=st.sampled_from([None, np.nan, np.inf, -np.inf]), other=st.booleans())
def test_records_are_those_that_numpy_reads(n, n_comp, single, piece, seed, wrong, other):
    rng = np.random.default_rng(seed)
    records = np.empty(n, [("id", "<i4"), ("values", "<f4" if single else "<f8", (n_comp,))])
    records["id"], records["values"] = rng.permutation(n) + 5, rng.standard_normal((n, n_comp))
    if wrong is not None and n:
        records["values"][rng.integers(n), rng.integers(n_comp)] = wrong
    expected = records["id"].astype(np.int64)
    if other and n:
        expected[rng.integers(n)] += 1
    kept = np.full((n, n_comp), 7.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frd_binary, "PIECE", piece)
        stream = io.BytesIO(b"head" + records.tobytes() + b"tail")
        stream.seek(4)
        ids, values, finite = frd_binary.read_records(stream, n, n_comp, single, expected, kept)
    np.testing.assert_array_equal(ids, records["id"])
    np.testing.assert_array_equal(values, records["values"])
    assert values is kept
    assert (ids is expected) == (not other or not n)
    assert finite == bool(np.isfinite(records["values"]).all())
    assert stream.read() == b"tail"


def test_an_array_of_another_kind_is_not_filled():
    records = np.zeros(3, [("id", "<i4"), ("values", "<f8", (2,))])
    for kept in (np.ones((3, 3)), np.ones((3, 2), np.float32), np.ones((2, 3)).T):
        _, values, _ = frd_binary.read_records(io.BytesIO(records.tobytes()), 3, 2, False, np.zeros(3, int), kept)
        assert (kept == 1).all() and not values.any()


def test_a_file_that_ends_is_not_filled_up():
    with pytest.raises(frd_binary.EndOfFileError):
        frd_binary.read_records(io.BytesIO(bytes(3 * 20 - 1)), 3, 2, False, np.zeros(3, int))
