"""Stage times and peak memory."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from romlib.parallel import StageTimer, serial


def test_wall_time_counts_sleep_and_cpu_time_does_not():
    time.sleep(0.5)  # the threads of a BLAS go on spinning for 0.1 s after their last product
    timer = StageTimer(serial())
    with timer.stage("sleep"):
        time.sleep(0.1)
    (row,) = timer.rows()
    assert 0.1 <= row.wall_max < 5.0
    assert row.cpu_max < 0.09


def test_peak_memory_grows_by_what_is_allocated_and_stays():
    script = """
import numpy as np
from romlib.parallel import peak_memory
before = peak_memory()
block = np.ones(25 * 2**20)
held = peak_memory() - before
del block
print(held, peak_memory() - before)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    held, after = map(int, done.stdout.split())
    assert held == pytest.approx(200 * 2**20, rel=0.1)
    assert after == pytest.approx(held, rel=0.01)  # the kernel counts pages in batches


def test_failed_stage_is_not_recorded():
    timer = StageTimer(serial())
    with pytest.raises(ValueError), timer.stage("bad"):
        raise ValueError
    assert timer.rows() == []
