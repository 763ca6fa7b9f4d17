"""Placeholders of commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from romlib.errors import InputError
from romlib.external.template import MEANING, arguments, fill, values_for

VALUES = values_for(Path("/work dir/plate.v2.inp"), Path("/scratch"))


def test_every_placeholder_has_a_value_and_a_meaning():
    assert set(VALUES) == set(MEANING)


def test_placeholders_are_filled_in():
    assert fill("{stem}.frd", VALUES, "results") == "plate.v2.frd"
    assert fill("-i={deck} in {folder}", VALUES, "command") == "-i=/work dir/plate.v2.inp in /scratch"


def test_what_is_filled_in_is_not_read_again():
    values = values_for(Path("/a/{folder}.inp"), Path("/b"))
    assert fill("{deck} {stem}", values, "command") == "/a/{folder}.inp {folder}"


def test_doubled_braces_are_braces():
    assert fill("awk {{print}} {stem}", VALUES, "command") == "awk {print} plate.v2"


@pytest.mark.parametrize("text", ["{stme}.frd", "{}", "{0}", "{deck.name}"])
def test_unknown_placeholder_lists_those_that_exist(text):
    with pytest.raises(InputError, match=r"results: [\s\S]*\{deck\}[\s\S]*\{stem\}[\s\S]*\{folder\}"):
        fill(text, VALUES, "results")


def test_a_text_is_split_at_blanks_and_quotes_before_it_is_filled_in():
    parts = arguments("ccx -i '{stem} of 1' {deck}")
    assert parts == ["ccx", "-i", "{stem} of 1", "{deck}"]
    assert fill(parts[3], VALUES, "command") == "/work dir/plate.v2.inp"


@pytest.mark.parametrize("text", ["", "   ", []])
def test_empty_command_is_refused(text):
    with pytest.raises(InputError, match="empty"):
        arguments(text)


def test_open_quote_is_refused():
    with pytest.raises(InputError, match="quot"):
        arguments("ccx '{stem}")
