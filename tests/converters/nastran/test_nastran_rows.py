"""Rows of results, record after record, in blocks that end anywhere."""

from __future__ import annotations

import numpy as np
import pytest
from op2_writer import Op2Writer
from romlib_converters.nastran import op2 as op2_module
from romlib_converters.nastran.op2 import Op2File
from romlib_converters.nastran.results import stored_results
from romlib_converters.nastran.rows import PointRows

from romlib.errors import FileFormatError

IDS = 3 * np.arange(1, 41)
RNG = np.random.default_rng(3)


def opened(folder, records, order="<", word=4, cut=10_000):
    """A file with records (ids, values, kinds)."""
    writer = Op2Writer(order, word, cut=cut)
    writer.table("OUGV1", [part for k, (ids, values, kinds) in enumerate(records)
                           for part in (writer.ident(10, float(k)), writer.rows(ids, values, kinds))])
    op2 = Op2File(writer.write(folder / "a.op2"))
    return op2, stored_results(op2)


def values_of(n):
    return RNG.normal(size=(n, 6)).astype(np.float32)


@pytest.mark.parametrize("order, word", [("<", 4), (">", 4), ("<", 8), (">", 8)])
@pytest.mark.parametrize("cut, at_once", [(10_000, 1 << 18), (37, 1 << 18), (37, 200), (10_000, 100), (1, 64)])
def test_values_are_those_of_the_rows_wherever_blocks_and_parts_end(tmp_path, monkeypatch, order, word, cut, at_once):
    monkeypatch.setattr(op2_module, "_AT_ONCE", at_once)
    records = [(IDS, values_of(40), None) for _ in range(3)]
    op2, stored = opened(tmp_path, records, order, word, cut)
    rows = PointRows(op2, 3)
    for one, (_, values, _) in zip(stored, records, strict=True):
        ids, found = rows.read(one)
        assert np.array_equal(ids, IDS) and np.array_equal(found, values[:, :3]) and found.dtype.isnative
        assert found.dtype.itemsize == word and not rows.others
    assert rows.read(stored[0])[0] is ids  # of the same points, the same array


@pytest.mark.parametrize("change", ["one id", "order", "fewer", "more", "kinds", "nothing"])
def test_points_that_change_between_records_are_seen(tmp_path, monkeypatch, change):
    monkeypatch.setattr(op2_module, "_AT_ONCE", 8 * 32)  # eight rows
    ids, kinds = IDS.copy(), np.ones(40, int)
    if change == "one id":
        ids[37] = 118
    elif change == "order":
        ids[[5, 30]] = ids[[30, 5]]
    elif change == "fewer":
        ids, kinds = ids[:-3], kinds[:-3]
    elif change == "more":
        ids, kinds = np.append(ids, 500), np.append(kinds, 1)
    elif change == "kinds":
        kinds[20:] = 2
    records = [(IDS, values_of(40), None), (ids, values_of(len(ids)), kinds), (IDS, values_of(40), None)]
    op2, stored = opened(tmp_path, records)
    rows = PointRows(op2, 1)
    for one, (expected, values, kinds) in zip(stored, records, strict=True):
        found, got = rows.read(one)
        mine = slice(None) if kinds is None else kinds == 1
        assert np.array_equal(found, expected[mine]) and np.array_equal(got, values[mine, :1])
        assert rows.others == (0 if kinds is None else int((kinds != 1).sum()))


def test_points_without_a_number_are_refused_again_and_again(tmp_path):
    ids = IDS.copy()
    ids[11] = 0
    op2, stored = opened(tmp_path, [(IDS, values_of(40), None), (ids, values_of(40), None)])
    rows = PointRows(op2, 3)
    rows.read(stored[0])
    for _ in range(2):
        with pytest.raises(FileFormatError, match=r"no number[\s\S]*part 5"):
            rows.read(stored[1])
    assert np.array_equal(rows.read(stored[0])[0], IDS)


def test_rows_of_another_length_are_refused(tmp_path):
    writer = Op2Writer()
    writer.table("OUGV1", [writer.ident(10, 1.0, width=14), writer.rows(IDS, values_of(40)),
                           writer.ident(10, 2.0), writer.rows(IDS, values_of(40))[:-4]])
    op2 = Op2File(writer.write(tmp_path / "a.op2"))
    for one, found in zip(stored_results(op2), ("320 words in rows of 14", "319 words in rows of 8"), strict=True):
        with pytest.raises(FileFormatError, match=found):
            PointRows(op2, 3).read(one)
