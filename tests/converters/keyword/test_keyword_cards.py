"""Keyword decks are cut into cards as the solver does: comments, continuation, includes, case, line numbers."""

from __future__ import annotations

import pytest
from romlib_converters.keyword.cards import fold, read_cards

from romlib.errors import FileFormatError, InputError


@pytest.fixture
def deck(tmp_path):
    def write(text, name="a.inp"):
        (tmp_path / name).write_bytes(text.encode())
        return tmp_path / name
    return write


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_keywords_parameters_and_lines(deck, end):
    text = ("** a comment\n*Solid Section, ElSet = E all, Material=\"Steel 1\"\n\n*NODE\n1, 0.,0.\n** between\n\n2,1,\n"
            "*Amplitude, name=A,\n  time = total time\n0,0\n")
    cards = read_cards(deck(text.replace("\n", end)))
    assert [(card.keyword, card.line) for card in cards] == [("SOLIDSECTION", 2), ("NODE", 4), ("AMPLITUDE", 9)]
    assert cards[0].parameters == {"ELSET": "E all", "MATERIAL": "Steel 1"}
    assert cards[2].parameters == {"NAME": "A", "TIME": "total time"} and cards[2].is_set("TIME", "TOTALTIME")
    assert [(row.fields, row.line) for row in cards[1].rows()] == [(("1", "0.", "0."), 5), (("2", "1"), 8)]
    assert cards[2].rows()[0].line == 11  # the continued keyword line counts
    assert fold(' "E all" ') == fold("eALL")


def test_an_included_file_stands_in_its_place_also_between_data_lines(deck):
    deck("2,1.,0.,0.\n*ELEMENT,TYPE=C3D4\n", "part.inc")
    path = deck("*NODE\n1,0.,0.,0.\n*INCLUDE, INPUT=part.inc\n7,1,2,3,4\n*STEP\n")
    cards = read_cards(path)
    assert [card.keyword for card in cards] == ["NODE", "ELEMENT", "STEP"]
    assert [(row.fields[0], row.file.name, row.line) for row in cards[0].rows()] == [
        ("1", "a.inp", 2), ("2", "part.inc", 1)]
    assert [(row.file.name, row.line) for row in cards[1].rows()] == [("a.inp", 4)]


def test_a_missing_include_names_the_line_that_asks_for_it(deck):
    with pytest.raises(InputError, match=r"(?s)included file.*a\.inp.*line 2, \*INCLUDE.*gone\.inc"):
        read_cards(deck("*NODE\n*INCLUDE,INPUT=gone.inc\n"))


def test_a_file_that_includes_itself_is_refused(deck):
    with pytest.raises(InputError, match="includes itself"):
        read_cards(deck("*NODE\n*INCLUDE,INPUT=a.inp\n"))


def test_a_file_without_keywords_is_refused(deck, tmp_path):
    with pytest.raises(FileFormatError, match="no keyword"):
        read_cards(deck("1,2,3\n"))
    with pytest.raises(InputError, match="cannot be read"):
        read_cards(tmp_path / "none.inp")


def test_a_field_that_is_no_number_names_its_line(deck):
    row = read_cards(deck("*DENSITY\n\n7.8D-9, x\n"))[0].first_row()
    assert row.number(0) == 7.8e-9 and row.number(5, 1.5) == 1.5
    with pytest.raises(FileFormatError, match=r"(?s)field 2.*line 3.*found: x"):
        row.number(1)
    with pytest.raises(FileFormatError, match="found: nothing"):
        row.number(2)


def test_what_a_card_lacks_is_named(deck):
    card = read_cards(deck("*ELEMENT, ELSET=A\n"))[0]
    with pytest.raises(FileFormatError, match=r"(?s)lacks the parameter TYPE.*line 1.*found: ELSET"):
        card.parameter("TYPE")
    with pytest.raises(FileFormatError, match="no data line"):
        card.first_row()
