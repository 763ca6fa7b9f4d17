"""Records of an output2 file in whole, in their first words, and as rows."""

from __future__ import annotations

import numpy as np
import pytest
from op2_writer import Op2Writer
from romlib_converters.nastran import op2 as op2_module
from romlib_converters.nastran.op2 import Op2File

from romlib.errors import FileFormatError

WORDS = np.arange(100, 197)


@pytest.fixture(params=[("<", 4), (">", 8)])
def record(request, tmp_path):
    """A file and its record of 97 words, in blocks of seven."""
    writer = Op2Writer(*request.param, cut=7)
    writer.table("ANY", [WORDS.astype(f"{writer.order}i{writer.word}").tobytes()])
    op2 = Op2File(writer.write(tmp_path / "a.op2"))
    return op2, op2.tables[0].records[-1]


def test_a_record_is_its_pieces_joined(record):
    op2, one = record
    assert op2.words(one).tolist() == WORDS.tolist() and op2.n_word(one) == len(WORDS)


@pytest.mark.parametrize("count", [0, 1, 3, 7, 8, 96, 97, 500])
def test_the_first_words_are_those_of_the_whole(record, count):
    op2, one = record
    assert op2.words(one, count).tolist() == WORDS[:count].tolist()


@pytest.mark.parametrize("first", [0, 3, 7, 20, 97])
@pytest.mark.parametrize("at_once", [8, 100, 1 << 18])
def test_rows_are_the_words_behind_the_first_ones_without_those_that_fill_none(record, monkeypatch, first, at_once):
    monkeypatch.setattr(op2_module, "_AT_ONCE", at_once)
    op2, one = record
    n_row = (len(WORDS) - first) // 5
    found = np.zeros((n_row, 5), int)
    for part, rows in op2.rows(one, 5, first):
        found[part] = rows
    assert np.array_equal(found, WORDS[first:first + 5 * n_row].reshape(-1, 5))


def test_a_file_that_becomes_shorter_is_refused(record):
    op2, one = record
    data = op2.path.read_bytes()
    op2.path.write_bytes(data[:one.spans[5][0]])
    for read in (lambda: op2.words(one), lambda: list(op2.rows(one, 5))):
        with pytest.raises(FileFormatError, match="become shorter"):
            read()
