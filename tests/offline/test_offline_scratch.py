"""The scratch file keeps what it was given, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from romlib.offline.scratch import Scratch


def test_blocks_come_back_in_the_order_in_which_they_were_added(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).standard_normal((7, 5, 6))
    with Scratch(tmp_path) as scratch:
        for part in (rows[:3], rows[3:4], rows[4:]):
            scratch.append("0/stress", part)
        scratch.append("1/stress", rows[:2, :0])
        assert np.array_equal(scratch.read("0/stress", slice(None)), rows)
        assert np.array_equal(scratch.read("0/stress", slice(2, 6)), rows[2:6])
        assert scratch.read("0/stress", slice(3, 3)).shape == (0, 5, 6)
        assert scratch.read("1/stress", slice(0, 2)).shape == (2, 0, 6)
        assert (scratch.length("0/stress"), scratch.length("2/stress")) == (7, 0)
        with pytest.raises(ValueError, match="rows of 0/stress"):
            scratch.append("0/stress", rows[:, :4])
    assert not list(tmp_path.iterdir())


def test_an_error_leaves_no_scratch_file(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), Scratch(tmp_path) as scratch:
        scratch.append("a", np.ones((1, 2)))
        raise RuntimeError
    assert not list(tmp_path.iterdir())
