"""A failed check names the constant, the load or the unit that explains it, and nothing where none does."""

from __future__ import annotations

import numpy as np
import pytest
from pulled_bar import STUDY, write_bar

from romlib.check.causes import Change, unit_words
from romlib.parallel import world
from romlib.parallel.comm import serial
from romlib.study import Study
from romlib.study.checking import check_file


@pytest.fixture
def hints(tmp_path):
    """Hints of the check of the bar, whose study has other words in the place of some."""
    write_bar(tmp_path / "pull.vtkhdf")

    def of(**words):
        text = STUDY
        for old, new in words.values():
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "bar.toml").write_text(text)
        return check_file(tmp_path / "pull.vtkhdf", Study.read(tmp_path / "bar.toml"), serial())

    return of


@pytest.mark.parametrize(("old", "new", "said"), [
    ("yield = 243", "yield = 200", "as if yield of 'bar' were 243 instead of 200"),
    ("linear_hardening = 2250", "linear_hardening = 4500",
     "as if linear_hardening of 'bar' were 2250 instead of 4500"),
    ("young = 70000", "young = 7e10", "as if young of 'bar' were 7e+04 instead of 7e+10 (a factor of a million: given"),
    ('"300*t"', '"3e8*t"', "as if the force of the load 'traction' were 1e-06 times as large (a factor of a million"),
    ("linear_hardening = 2250 }", "curve = { p = [0, 1], stress = [200, 2493] } }",
     "as if curve.stress[1] of 'bar' were 243 instead of 200"),
])
def test_a_wrong_number_is_named_with_the_right_one(hints, old, new, said):
    words = {"a": (old, new)} | ({"b": ("yield = 243, ", "")} if "curve" in new else {})
    report = hints(**words)
    assert report.verdict == "not reproduced"
    assert any(said in hint for hint in report.hints), report.hints


def test_two_wrong_numbers_are_not_explained_by_one(hints):
    report = hints(a=("yield = 243", "yield = 150"), b=("poisson = 0.2", "poisson = 0.4"), c=("2250", "9000"))
    assert report.verdict == "not reproduced"
    assert not [hint for hint in report.hints if hint.startswith("as if")]


def test_a_file_that_is_reproduced_has_no_hints(hints):
    report = hints()
    assert report.passed and not report.hints


def test_hints_stand_in_the_error_of_a_failed_check(hints):
    report = hints(a=("yield = 243", "yield = 200"))
    with pytest.raises(Exception, match="as if yield of 'bar' were 243 instead of 200"):
        report.raise_if_failed()
    assert report.to_dict()["hints"] == list(report.hints)


@pytest.mark.mpi
def test_all_ranks_find_the_same_cause(tmp_path):
    comm = world()
    folder = comm.bcast(tmp_path)

    def prepare():
        write_bar(folder / "pull.vtkhdf")
        (folder / "bar.toml").write_text(STUDY.replace("yield = 243", "yield = 200"))

    comm.on_root(prepare)
    report = check_file(folder / "pull.vtkhdf", Study.read(folder / "bar.toml"), comm)
    assert len({hint for hints in comm.allgather(report.hints) for hint in hints}) == len(report.hints)
    assert any("yield of 'bar' were 243 instead of 200" in hint for hint in report.hints)
    assert repr(report).startswith(f"CheckReport({report.file!r}: not reproduced, ") and "equilibrium" in repr(report)


@pytest.mark.parametrize(("factor", "words"), [(1e-6, "a million"), (1.0005e3, "a thousand"), (1e9, "a billion"),
                                               (1e5, ""), (1.0, ""), (900.0, ""), (-1e6, "")])
def test_factors_between_units_are_named(factor, words):
    assert (words in unit_words(factor)) and bool(unit_words(factor)) == bool(words)
    assert str(Change("young were 1", 0.0, factor)).startswith("young were 1")


def test_the_fit_finds_what_a_closed_form_gives():
    from romlib.check.causes import _fit

    wanted = np.array([2.0, 3.0])
    factor, left = _fit(lambda f: wanted - np.sqrt(f) * wanted / 2, wanted / 2, float(np.linalg.norm(wanted) / 2))
    assert factor == pytest.approx(4.0, rel=1e-6) and left < 1e-6
