"""Loops over the records of a results file: which of them count, and which values they give."""

import numpy as np
import pytest
from romlib_converters.abaqus.gather import element_rows, flat_records, nodal_rows
from romlib_converters.abaqus.halves import in_one_row


def row(*records):
    """Records (key, values) one after the other, as words; values are whole numbers or reals."""
    words = []
    for key, *values in records:
        words += [2 + len(values), key]
        words += [value if isinstance(value, int) else int(np.float64(value).view(np.int64)) for value in values]
    return in_one_row(np.array(words))


def flat(words, n_record, n_word):
    counts, to = np.zeros(n_record, np.int64), np.zeros(n_word, np.int64)
    found = flat_records(words, 0, 1931, 1932, counts, to.view(np.int32))
    return found, counts.tolist(), to.tolist()


def test_a_record_goes_on_with_those_that_follow_at_once_and_with_no_others():
    words = row((1931, 5, 6), (1932, 7), (1932, 8), (1933, 1), (1932, 9), (1931, 4))
    assert flat(words, 2, 5) == ((2, 5), [4, 1], [5, 6, 7, 8, 4])


def test_no_more_is_taken_than_there_is_room_for():
    assert flat(row((1931, 5, 6), (1931, 7)), 1, 2) == ((1, 2), [2], [5, 6])
    assert flat(row((1931, 5, 6), (1931, 7)), 2, 2)[2] == [5, 6]


HEADER = (1, 12, 3, 0, 0, 0, 3, 3)  # element 12, point 3


def element(words, n, width):
    about, values = np.zeros((6, n), np.int64), np.full((n, width), np.nan)
    return element_rows(words, 0, 11, about, width, values.reshape(-1).view(np.int32)), about, values


def test_values_of_one_point_count_together_however_many_records_they_stand_in():
    words = row(HEADER, (11, 1.5, 2.5), (11, 3.5), (1, 13, 1, 0, 0, 0, 3, 1), (11, 4.5))
    (count, longest, orphan), about, values = element(words, 2, 3)
    assert (count, longest, orphan) == (2, 3, -1)
    np.testing.assert_array_equal(about, [[12, 13], [3, 1], [0, 0], [0, 0], [3, 3], [3, 1]])
    np.testing.assert_array_equal(values, [[1.5, 2.5, 3.5], [4.5, np.nan, np.nan]])


@pytest.mark.parametrize("before", [[], [HEADER[:5]]])
def test_values_without_a_whole_record_of_their_point_are_named_by_their_place(before):
    words = row(*before, (11, 1.5))
    assert element(words, 1, 1)[0] == (0, 0, sum(1 + len(one) for one in before))


def test_a_short_record_of_a_point_ends_the_one_before_it():
    words = row(HEADER, (11, 1.5), HEADER[:5], (11, 2.5))
    assert element(words, 2, 1)[0][2] >= 0


def test_nodes_have_the_columns_that_are_asked_for():
    ids, values = np.zeros(3, np.int64), np.full((3, 2), np.nan)
    words = row((101, 7, 1.5, 2.5, 3.5), (104, 7, 9.5), (101, 9, 4.5))
    found = nodal_rows(words, 0, 101, np.array([2, 0]), ids, values.reshape(-1).view(np.int32))
    assert found == (2, 1, 3) and ids.tolist() == [7, 9, 0]
    np.testing.assert_array_equal(values[:2], [[3.5, 1.5], [np.nan, 4.5]])
