"""Which cases are candidates, what a grid makes of one, and what a deck of a candidate has."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from romlib.errors import StudyError
from romlib.greedy.candidates import candidates_of, file_stem
from romlib.greedy.deck import deck_text
from romlib.greedy.extended import extended
from romlib.loads.amplitudes import evaluate
from romlib.study import Study

TIMES = "times = { stop = 1.0, step = 0.5 }\n"
CASES = f"""
[study]
name = "s"
[[training]]
snapshots = "a.vtkhdf"
amplitudes.pull = 1
[cases.a]
{TIMES}amplitudes.pull = 1
[cases.b]
{TIMES}amplitudes.pull = "100*t"
parameters = {{ E = 2.5 }}
[cases.c]
{TIMES}amplitudes.pull = {{ time = [0, 1], value = [0, 40] }}
"""
GREEDY = "[greedy]\ntolerance = 0.1\nbudget = 3\n"


@pytest.fixture
def read(tmp_path: Path):
    def make(greedy: str, cases: str = CASES) -> Study:
        (tmp_path / "study.toml").write_text(cases + greedy)
        return Study.read(tmp_path / "study.toml")
    return make


def test_all_cases_that_are_no_training_runs_are_candidates_by_default(read) -> None:
    assert list(candidates_of(read(GREEDY))) == ["b", "c"]
    assert list(candidates_of(read(GREEDY + 'candidates = ["c"]'))) == ["c"]


def test_a_grid_has_all_combinations_of_factors_and_parameters(read) -> None:
    study = read(GREEDY + 'candidates = []\ngrid = { case = "b", factors = { pull = [0.5, -2.0] }, '
                 "parameters = { E = [1.0, 3.0] } }")
    found = candidates_of(study)
    assert list(found) == ["b-pull-0.5-E-1.0", "b-pull-0.5-E-3.0", "b-pull--2.0-E-1.0", "b-pull--2.0-E-3.0"]
    case = found["b-pull--2.0-E-3.0"]
    assert evaluate(case.amplitudes["pull"], np.array([0.5])) == -100.0 and case.parameters == {"E": 3.0}
    assert list(candidates_of(read(GREEDY + 'grid = { case = "b", parameters = { E = [1.0] } }'))) == ["c", "b-E-1.0"]


@pytest.mark.parametrize("greedy, what", [
    ("", r"\[greedy\]"),
    (GREEDY + 'candidates = ["b", "b"]', "named twice"),
    (GREEDY + 'candidates = ["a"]', "training run already"),
    (GREEDY + "candidates = []", "no candidate"),
    (GREEDY + 'grid = { case = "x", factors = { pull = [1.0] } }', "no case of this name"),
    (GREEDY + 'grid = { case = "b" }', "a grid needs factors"),
    (GREEDY + 'grid = { case = "b", factors = { pull = [] } }', "pull"),
    (GREEDY + 'grid = { case = "b", factors = { E = [1.0] }, parameters = { E = [1.0] } }', "a load and a parameter"),
    (GREEDY + 'grid = { case = "b", factors = { pull = [1.0, 1.0] } }', "twice"),
    (GREEDY + "tolerances = 1", "did you mean 'tolerance'")])
def test_candidates_that_make_no_sense_are_refused(read, greedy, what) -> None:
    with pytest.raises(StudyError, match=what):
        candidates_of(read(greedy))


def test_names_that_no_file_can_have_get_another_one_and_never_the_same() -> None:
    assert file_stem("mission-1.5_b") == "mission-1.5_b"
    stems = [file_stem(name) for name in ("a/b", "a b", "a:b", "..", "", "x" * 300, "ä", "a\0b")]
    assert len(set(stems)) == len(stems)
    for stem in stems:
        assert stem.isascii() and stem[0] != "." and len(stem) <= 80 and not set(stem) & set("/\0: ")


def test_a_deck_has_what_the_candidate_has_and_keeps_all_other_braces(read, tmp_path: Path) -> None:
    deck = tmp_path / "deck.inp"
    deck.write_bytes(b"** {case} {stem} {x: 1}\n*AMPLITUDE\n{amplitude:pull}\n{values:pull}\n{times}\n"
                     b"E={parameter:E} {start} {stop} {steps} \xff")
    text = deck_text(deck, "b", "b", read("").cases["b"])
    assert text.encode(errors="surrogateescape") == (
        b"** b {stem} {x: 1}\n*AMPLITUDE\n0.0, 0.0\n0.5, 50.0\n1.0, 100.0\n0.0\n50.0\n100.0\n0.0\n0.5\n1.0\n"
        b"E=2.5 0.0 1.0 2 \xff")


@pytest.mark.parametrize("text, what", [
    ("\n{amplitude:pul}", r"(?s)an amplitude.*line 2.*did you mean 'pull'"),
    ("{parameter:F}", r"(?s)a parameter.*line 1.*expected: one of E")])
def test_a_deck_that_asks_for_what_the_candidate_has_not_is_refused_with_the_line(read, tmp_path, text, what) -> None:
    (tmp_path / "deck.inp").write_text(text)
    with pytest.raises(StudyError, match=what):
        deck_text(tmp_path / "deck.inp", "b", "b", read("").cases["b"])


def test_a_deck_may_be_one_of_each_candidate(read, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "b.inp").write_text("of b")
    assert deck_text(tmp_path / "{case}" / "{case}.inp", "b", "b", read("").cases["b"]) == "of b"


def test_the_text_of_an_extended_study_is_that_study(read, tmp_path: Path) -> None:
    heat = CASES + 'temperature = { file = "heat.vtkhdf", field = "T" }\n'
    study = read(GREEDY, heat)
    files = {"b": tmp_path / "x.greedy" / "b.vtkhdf", "c": tmp_path / "c.vtkhdf"}
    found = extended(study, candidates_of(study), files)
    assert list(found.cases) == ["a"] and extended(study, candidates_of(study), {}) is study
    (tmp_path / "again.toml").write_text(found.text)
    again = Study.read(tmp_path / "again.toml")
    assert again.training == found.training and again.training[1].parameters == {"E": 2.5}
    assert 'snapshots = "x.greedy/b.vtkhdf"' in found.text and again.training[2].temperature.field == "T"
