"""Tables of time of Zset as amplitudes."""

from __future__ import annotations

import numpy as np
from romlib_converters.zset.tables import CONSTANT, Table

from romlib.loads.amplitudes import evaluate


def test_an_amplitude_is_the_table_times_a_factor():
    """-1 of a pressure, which pulls in Zset; zero keeps no sign."""
    found = Table((0.0, 1.0, 3.0), (0.0, 2.0, -4.0)).amplitude(-1.0)
    assert found.value == (0.0, -2.0, 4.0) and not np.signbit(found.value[0])
    assert [evaluate(found, time) for time in (0.5, 2.0, 9.0)] == [-1.0, 1.0, 4.0]


def test_a_cyclic_table_repeats_from_its_start():
    found = Table((1.0, 2.0, 3.0), (0.0, 5.0, 0.0), 1.0, 2.0).amplitude(2.0)
    assert [evaluate(found, time) for time in (1.5, 2.0, 3.5, 4.0, 10.0)] == [5.0, 10.0, 5.0, 10.0, 10.0]


def test_no_table_is_one_throughout():
    assert [evaluate(CONSTANT.amplitude(), time) for time in (0.0, 7.0)] == [1.0, 1.0]
