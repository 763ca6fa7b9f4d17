from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from romlib_converters.common.times import distinct_times, initial_time

from romlib.errors import FileFormatError, InputError

FILE = Path("job.results")


def test_times_that_increase_are_all_kept():
    kept, note = distinct_times(np.array([0.0, 0.5, 1.0]), FILE)
    assert kept.tolist() == [0, 1, 2] and note is None


def test_the_first_of_records_at_one_time_is_kept_also_where_rounding_moves_it():
    kept, note = distinct_times(np.array([0.0, 1.0, 1.0, 1.0 - 1e-16, 2.0]), FILE)
    assert kept.tolist() == [0, 1, 4] and "2 records" in note.description and not note.does_work


@pytest.mark.parametrize("times, words", [([], "no record"), ([0.0, np.nan], "record 2"), ([0.0, 2.0, 1.0], "record 3"),
                                          ([np.inf], "record 1")])
def test_times_that_are_no_history_are_refused(times, words):
    with pytest.raises(FileFormatError, match=words):
        distinct_times(np.array(times), FILE)


def test_the_structure_was_at_rest_at_the_first_record_or_at_zero_before_it_or_as_stated():
    assert initial_time(0.25, True, {}, FILE) == 0.25
    assert initial_time(0.25, False, {}, FILE) == 0.0
    assert initial_time(0.25, False, {"initial_time": "0.1"}, FILE) == 0.1
    with pytest.raises(FileFormatError, match="increments are missing"):
        initial_time(0.0, False, {}, FILE)


@pytest.mark.parametrize("stated", ["soon", None, float("nan"), 0.25, 1.0])
def test_an_initial_time_that_is_none_is_refused(stated):
    with pytest.raises(InputError, match="initial time"):
        initial_time(0.25, False, {"initial_time": stated}, FILE)
