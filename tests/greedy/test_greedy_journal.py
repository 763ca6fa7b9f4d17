"""The journal of a search: what is kept, and what is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from romlib.errors import FileFormatError, InputError, SchemaError
from romlib.greedy.bounds import Bounds
from romlib.greedy.journal import Journal, held, storable

MARKS = {"a": "1", "b": "2", "c": "3"}


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    one = Journal.read(tmp_path, MARKS)
    one.put("b", status="trained", order=1, runs=1, seconds=2.5, first={"p": 0.5, "stress": None})
    one.put("c", status="failed", stage="solver", message="exit status 1", order=2, runs=1)
    one.checked = True
    one.write()
    return one


def test_a_journal_comes_back_as_it_was_written(journal: Journal) -> None:
    again = Journal.read(journal.folder, MARKS)
    assert again.records == journal.records and again.checked and again.n_run == 2
    assert again.of("trained", "failed") == ["b", "c"] and again.of("open") == ["a"]


def test_candidates_may_be_added_and_those_that_never_ran_taken_away(journal: Journal) -> None:
    again = Journal.read(journal.folder, {"d": "4", "c": "3", "b": "2"})
    assert list(again.records) == ["d", "c", "b"] and again.of("open") == ["d"]


@pytest.mark.parametrize("marks, what", [({**MARKS, "b": "9"}, "is not the one of this study"),
                                         ({"a": "1", "c": "3"}, "is not in this study")])
def test_a_candidate_that_was_run_has_to_stay_what_it_is(journal: Journal, marks, what) -> None:
    with pytest.raises(InputError, match=what) as caught:
        Journal.read(journal.folder, marks)
    assert "'b'" in str(caught.value) and "--folder" in str(caught.value)


def test_a_failed_candidate_that_is_another_case_now_is_open_again_in_a_folder_of_its_own(journal: Journal) -> None:
    record = Journal.read(journal.folder, {**MARKS, "c": "corrected"}).records["c"]
    assert (record.status, record.attempt, record.message) == ("open", 2, "")


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(InputError, match=r"(?s)no journal.*thesis\.tex"):
        Journal.read(tmp_path, MARKS)


@pytest.mark.parametrize("text, kind", [
    ("", FileFormatError), ("{", FileFormatError), ("[]", FileFormatError), ("{}", FileFormatError),
    ('{"kind": "romlib greedy", "version": 99}', SchemaError), ('{"kind": "other", "version": 1}', SchemaError),
    ('{"kind": "romlib greedy", "version": 1, "checked": true}', FileFormatError)])
def test_a_damaged_or_newer_journal_is_refused_by_name(journal: Journal, text, kind) -> None:
    (journal.folder / "journal.json").write_text(text)
    with pytest.raises(kind, match=r"journal\.json"):
        Journal.read(journal.folder, MARKS)


def test_a_journal_with_a_key_that_is_not_known_is_refused(journal: Journal) -> None:
    path = journal.folder / "journal.json"
    content = json.loads(path.read_text())
    content["candidates"]["a"]["colour"] = "red"
    path.write_text(json.dumps(content))
    with pytest.raises(FileFormatError, match="colour"):
        Journal.read(journal.folder, MARKS)


def test_two_searches_in_one_folder_are_refused_while_the_first_lives(tmp_path: Path) -> None:
    with held(tmp_path), pytest.raises(InputError, match="another greedy search"), held(tmp_path):
        pass
    with held(tmp_path):
        pass


def test_what_is_not_known_is_stored_as_none() -> None:
    assert storable(Bounds({"p": 0.5, "u": math.nan, "stress": math.inf})) == {"p": 0.5, "u": None, "stress": None}
