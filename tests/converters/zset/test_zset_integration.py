"""The scheme by which Zset integrates laws: romlib's own, or a note that says which it is."""

from __future__ import annotations

import shutil

import pytest
from romlib_converters.zset import ZsetConverter
from test_zset_material import VISCOPLASTIC
from zset_files import DECK, STEEL, SmallComputation

from romlib.check.check import check
from romlib.identity.cases import fit_case
from romlib.identity.contents import identity_of
from romlib.model import TrainedModel
from romlib.snapshots import Snapshots
from romlib.study.deck_case import case_of_deck

FILE = "  *file steel\n"


@pytest.fixture
def notes(tmp_path):
    def of(lines: str = FILE, steel: str = VISCOPLASTIC) -> list[str]:
        small = SmallComputation(tmp_path, "c3d8", DECK.replace(FILE, lines), {"steel": steel, "elastic": STEEL})
        return [one.description for one in ZsetConverter().read_deck(small.folder / "small.inp").model.omissions
                if one.name == "integration"]
    return of


@pytest.mark.parametrize("scheme", ["theta_method_a 0.5 1.e-9 200", "runge_kutta 1.e-3 1.e-3", "theta_auto_a 1.",
                                    "theta_method_a", ""])
@pytest.mark.parametrize("lines", [f"{FILE}  *integration {{}}\n", "  *file steel *integration {}\n",
                                   "  *integration {}\n" + FILE, "  **elset solid *file steel *integration {}\n",
                                   "  *integration {}\n  **elset solid\n" + FILE])
def test_another_scheme_than_implicit_euler_is_noted_with_its_line(notes, lines, scheme):
    note, = notes(lines.format(scheme))
    number = DECK.split(FILE)[0].count("\n") + lines.split("*integration")[0].count("\n") + 1
    assert f"*integration {scheme} (line {number} of small.inp)" in note


def test_the_scheme_of_a_material_file_is_noted_with_its_line(notes):
    note, = notes(steel=f"***material\n *integration theta_method_a 0.5 1.e-9 200\n{VISCOPLASTIC}")
    assert "theta_method_a 0.5 1.e-9 200 (line 2 of steel)" in note


def test_a_file_that_the_deck_names_twice_is_noted_once(notes):
    behavior = VISCOPLASTIC.replace("***return\n", "")
    note, = notes(f"  *this_file\n  *integration runge_kutta 1e-3 1e-3\n{behavior}")
    assert note.count("runge_kutta") == 1


@pytest.mark.parametrize("lines", [FILE, f"{FILE}  *integration theta_method_a 1. 1.e-9 200\n",
                                   "  *file steel *integration theta_method_a 1.0 1.e-9 50\n"])
def test_implicit_euler_is_not_noted(notes, lines):
    assert not notes(lines)


def test_elastic_materials_are_the_same_by_any_scheme(notes):
    assert not notes(f"{FILE}  *integration runge_kutta 1.e-3 1.e-3\n", STEEL)
    assert not notes("  **elset solid *file elastic *integration runge_kutta 1.e-3 1.e-3\n"
                     "  **elset ALL_ELEMENT *file steel\n")


@pytest.fixture
def midpoint(data_dir, tmp_path):
    """The cube, whose files say that the midpoint rule was used."""
    folder = tmp_path / "cube"
    shutil.copytree(data_dir / "zset" / "MecaSequential", folder)
    text = (folder / "mat").read_text()
    assert "theta_method_a 1. " in text
    (folder / "mat").write_text(text.replace("theta_method_a 1. ", "theta_method_a 0.5 "))
    return folder


@pytest.mark.data
def test_a_check_that_fails_names_the_scheme_and_one_that_passes_does_not(midpoint, tmp_path):
    target = tmp_path / "cube.vtkhdf"
    found = {}
    for strength in ("300.00", "330.00"):
        (midpoint / "mat").write_text((midpoint / "mat").read_text().replace("300.00", strength))
        ZsetConverter().convert(midpoint / "cube.inp", target)
        with Snapshots(target) as snapshots:
            found[strength] = {item.name: item for item in check(snapshots).items}
    assert found["300.00"]["stress"].status == "pass" and "integration" not in found["300.00"]["stress"].meaning
    assert found["330.00"]["stress"].status == "fail"
    assert "*integration theta_method_a 0.5 1.e-9 200 (line 2 of mat)" in found["330.00"]["stress"].meaning


@pytest.mark.data
def test_a_case_says_the_scheme_of_its_deck_and_needs_no_leave(midpoint):
    deck = ZsetConverter().read_deck(midpoint / "cube.inp")
    case = case_of_deck(deck)
    assert not case.accepted
    note, = fit_case(TrainedModel(identity=identity_of([deck.mesh], deck.model)), case).notes
    assert "(line 2 of mat)" in note and "may be another" in note
