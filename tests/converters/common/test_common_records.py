from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from romlib_converters.common.records import LONGEST_WORD, Cursor, check_finite, word_array

from romlib.errors import FileFormatError

FILE = Path("job.bin")


def test_a_cursor_takes_what_is_there_and_refuses_what_is_not():
    cursor = Cursor(np.arange(5, dtype=">i4").tobytes(), FILE, "the file is truncated")
    assert cursor.take(">i4", 2).tolist() == [0, 1] and cursor.take(">i4", 0).size == 0 and cursor.left == 12
    for count in (4, -1, 2**62):
        with pytest.raises(FileFormatError, match=r"truncated[\s\S]*byte 8[\s\S]*12 bytes"):
            cursor.take(">i4", count)
    assert cursor.take(">i4", 3).tolist() == [2, 3, 4] and cursor.left == 0


def test_a_word_that_no_number_needs_is_refused_before_it_makes_all_words_as_long():
    assert word_array(b" 1 22\n333 ", FILE, "line 1").tolist() == [b"1", b"22", b"333"]
    assert word_array(b"x" * LONGEST_WORD, FILE, "line 1").itemsize == LONGEST_WORD
    with pytest.raises(FileFormatError, match=r"too long[\s\S]*line 7"):
        word_array(b"1 " * 1000 + b"x" * (LONGEST_WORD + 1), FILE, "line 7")


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_the_first_row_that_is_not_finite_is_named(wrong):
    values = np.zeros((4, 3))
    check_finite(values, FILE, str)
    values[2, 1] = values[3, 0] = wrong
    with pytest.raises(FileFormatError, match=r"not a finite number[\s\S]*node 102"):
        check_finite(values, FILE, lambda row: f"node {100 + row}")
