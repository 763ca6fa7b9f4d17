"""Numbers of long data blocks are those of the text, whatever stands between them and however it is cut into blocks."""

from __future__ import annotations

import numpy as np
import pytest
import romlib_converters.keyword.data as data
from hypothesis import given
from hypothesis import strategies as st
from romlib_converters.keyword.cards import read_cards
from romlib_converters.keyword.data import (
    check_digits,
    id_segments,
    integer_records,
    line_lists,
    number_list,
    number_table,
)

from romlib.errors import FileFormatError


def card(folder, text, head="*NODE"):
    path = folder / "a.inp"
    path.write_text(f"{head}\n{text}")
    return read_cards(path)[0]


number = st.floats(-1e30, 1e30, allow_nan=False)
field_text = number.flatmap(lambda value: st.sampled_from(
    [repr(value), f"{value:.17e}".replace("e", "D"), f"  {value:.17E} "])).map(str)


@given(rows=st.lists(st.lists(st.one_of(field_text, st.just("")), min_size=1, max_size=4), min_size=1, max_size=12),
       block=st.integers(1, 80), trailing=st.booleans())
def test_a_table_has_the_numbers_of_its_lines(tmp_path_factory, rows, block, trailing):
    rows = [row if any(one.strip() for one in row) else ["1.5"] for row in rows]
    rows = [["2.5", *row[1:]] if not row[0].strip() else row for row in rows]
    text = "".join(",".join(row) + ("," if trailing else "") + "\n" for row in rows)
    expected = np.zeros((len(rows), 4))
    for k, row in enumerate(rows):
        expected[k, :len(row)] = [float(one.strip().replace("D", "e") or 0) for one in row]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "_BLOCK", block)
        found = number_table(card(tmp_path_factory.mktemp("t"), text), 4)
    np.testing.assert_array_equal(found, expected)


def test_numbers_and_names_of_a_list(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "_BLOCK", 5)
    numbers, names = number_list(card(tmp_path, "1, 2, Left,\n 5,\n\n** no\nRight, 7\n"))
    assert list(numbers) == [1, 2, 5, 7] and names == ["Left", "Right"]


def test_records_go_on_over_lines(tmp_path):
    found = integer_records(card(tmp_path, "1, 10,20,\n30,40\n2,11,21,31,41\n"), 5)
    assert found.tolist() == [[1, 10, 20, 30, 40], [2, 11, 21, 31, 41]]


@pytest.mark.parametrize(("text", "said"), [("1,2,\n3\n", "whole records"), ("1,2.5\n", "whole number"),
                                            ("1,99999999999\n", "whole number"), ("1,A\n", "found: A")])
def test_records_that_are_not_whole_are_refused(tmp_path, text, said):
    with pytest.raises(FileFormatError, match=said):
        integer_records(card(tmp_path, text), 2)


def test_what_stands_behind_the_fields_of_a_line_is_not_read(tmp_path):
    """CalculiX does so: a fifth field of a node, more numbers than an element has nodes."""
    np.testing.assert_array_equal(number_table(card(tmp_path, "1,0.,0.\n2,0.,1.,2.,x\n"), 3), [[1, 0, 0], [2, 0, 1]])
    found = integer_records(card(tmp_path, "1,10,20,30,99\n2,11,\n21,31,41,51\n3,1,2,3\n"), 4)
    assert found.tolist() == [[1, 10, 20, 30], [2, 11, 21, 31], [3, 1, 2, 3]]


def test_numbers_are_those_that_fortran_reads(tmp_path):
    found = number_table(card(tmp_path, "1,1.5D3,1.5+3\n2,.5,5\n3,-1.D-1,1 000.\n4,1d2,+2.E+1\n"), 3)
    assert found.tolist() == [[1, 1500, 1500], [2, 0.5, 5], [3, -0.1, 1000], [4, 100, 20]]
    assert number_table(card(tmp_path, "1,0.30000000000000004441,-1.1102230246251565e-16\n"), 3).tolist() == [
        [1, 0.30000000000000004441, -1.1102230246251565e-16]]
    for wrong in ("nan", "inf", "1e999", "1_0", "0x1", "1.e", "--1"):
        with pytest.raises(FileFormatError, match=rf"(?s)line 3.*found: {wrong}"):
            number_table(card(tmp_path, f"1,0.,0.\n2,{wrong},0.\n"), 3)


def test_a_number_that_the_solver_cuts_is_named(tmp_path):
    check_digits([card(tmp_path, "1,0.333333333333333314829616256247,-1.1102230246251e-16\n")])
    for wrong in ("1.00000000000000000000E1", "6.123233995736766e-17", "123456789012345678901"):
        with pytest.raises(FileFormatError, match=rf"(?s)20 characters.*line 3, \*NODE.*found: {wrong}"):
            check_digits([card(tmp_path, f"1,0.,0.\n2,{wrong},0.\n")])


def test_a_field_is_a_name_where_it_is_no_number(tmp_path):
    numbers, names = number_list(card(tmp_path, "2END,12,D3,\n 1 2, 3D, 1E5\n", "*NSET"))
    assert list(numbers) == [12, 12] and names == ["2END", "D3", "3D", "1E5"]
    found = list(id_segments(card(tmp_path, "2END, 3, -2.\n3,1,1.D0\n", "*CLOAD"), 3))
    assert found[0][0].fields == ("2END", "3", "-2.") and found[1][1].tolist() == [[3, 1, 1]]


def test_lines_of_a_list_are_told_apart(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "_BLOCK", 6)
    numbers, counts, starts = line_lists(card(tmp_path, "2\n1,1,1.0E+00,,2,1,-1.,\n\n3\n"))
    assert list(numbers) == [2, 1, 1, 1, 2, 1, -1, 3] and list(counts) == [1, 6, 1] and list(starts) == [0, 1, 7]


def test_lines_with_names_and_with_ids_come_in_their_order(tmp_path):
    found = list(id_segments(card(tmp_path, "1,1,1,0.5\n2,2\nTOP, 3\n\n9,GRAV,9.81\n4,1\n", "*BOUNDARY"), 4))
    assert [None if row is None else (row.fields, row.line) for row, _ in found] == [
        None, (("TOP", "3"), 4), (("9", "GRAV", "9.81"), 6), None]
    assert found[0][1].tolist() == [[1, 1, 1, 0.5], [2, 2, 0, 0]] and found[3][1].tolist() == [[4, 1, 0, 0]]


def test_what_is_no_number_names_its_line(tmp_path):
    with pytest.raises(FileFormatError, match=r"(?s)line 4.*found: 0\.x"):
        number_table(card(tmp_path, "1,0.,0.\n** comment\n2,0.x,0.\n"), 4)
