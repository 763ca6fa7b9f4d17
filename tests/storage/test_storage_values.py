"""Every range that a table of a file states is held to, on both sides."""

from __future__ import annotations

import numpy as np
import pytest

from romlib.archive.tables import FIELDS, ROM
from romlib.errors import FileFormatError
from romlib.snapshots.tables import SNAPSHOTS
from romlib.storage.schema import Item
from romlib.storage.values import check_values

KINDS = {"integer": np.int64, "real": np.float64, "number": np.float64}
ROWS = [item for schema in (ROM, FIELDS, SNAPSHOTS) for item in schema.items if item.kind in KINDS]


def refused(item: Item, values: list, words: str, high: int | None = None) -> None:
    with pytest.raises(FileFormatError, match=words) as error:
        check_values(item, np.array(values, dtype=KINDS[item.kind]), item.path, "x", high)
    assert item.path in str(error.value)


def test_a_value_below_the_range_of_its_row_is_refused():
    rows = [item for item in ROWS if item.low is not None]
    assert len(rows) > 30
    for item in rows:
        inside = np.array([item.low, item.low + 1], dtype=KINDS[item.kind])
        check_values(item, inside, item.path, "x")
        refused(item, [item.low + 1, item.low - 1], r"below its range[\s\S]*\[1\]")
        refused(item, [np.iinfo(np.int64).min], "below its range")


def test_a_value_beyond_the_range_of_its_row_is_refused():
    rows = [item for item in ROWS if item.high is not None]
    assert len(rows) > 8
    for item in rows:
        refused(item, [int(item.low or 0), 5], r"beyond its range[\s\S]*\[1\]", high=5)


def test_numbers_are_finite_and_nan_only_where_it_says_no_value():
    for item in (item for item in ROWS if item.kind != "integer"):
        refused(item, [1.0, np.inf], "not a finite number|infinite")
        if item.nan:
            check_values(item, np.array([1.0, np.nan]), item.path, "x")
        else:
            refused(item, [1.0, np.nan], "not a finite number")


def test_ids_are_unique_and_times_increase():
    for item in ROWS:
        if item.unique:
            refused(item, [7, 3, 7], "occurs twice")
        if item.increasing:
            refused(item, [1, 1], "must increase")
    assert any(item.unique for item in ROWS) and any(item.increasing for item in ROWS)


def test_unsigned_numbers_that_no_index_can_hold_are_refused():
    item = Item("/x", "integer", ("n",))
    with pytest.raises(FileFormatError, match=r"less than 2\^63"):
        check_values(item, np.array([2**63], dtype=np.uint64), "/x", "x")
