"""The walk through the cards of a deck, of Abaqus and of CalculiX alike: what stands where it cannot, and steps."""

from __future__ import annotations

import pytest
from keyword_decks import CUBE, HELD, MATERIAL, PLAIN, SECTION, both, notes, read, step
from romlib_converters.keyword.cards import read_cards
from romlib_converters.keyword.deck import files_of

from romlib.errors import RomlibError


@both
@pytest.mark.parametrize(("text", "said"), [
    (PLAIN, "the deck has no step"),
    (PLAIN + "*STEP\n*STATIC\n0.5, 1.\n", r"the last step is not closed.*line \d+, \*STEP.*\*END STEP"),
    (PLAIN + "*STEP\n*STATIC\n0.5, 1.\n" + step(), r"begins within another one.*expected: \*END STEP.*line \d+"),
    (PLAIN + "*STATIC\n0.5, 1.\n" + step(), "STATIC stands outside of a step"),
    (PLAIN + "*STEP\n*STATIC\n0.5, 1.\n*STATIC\n0.5, 1.\n*END STEP\n", "STATIC stands outside of a step"),
    (PLAIN + "*END STEP\n" + step(), r"\*END STEP without a \*STEP"),
    (PLAIN + "*STEP\n*END STEP\n", r"expected: \*STATIC or \*VISCO"),
    (PLAIN + step(times="0.5, -1."), "positive"),
    (CUBE + "*ELASTIC\n1., 0.3\n" + MATERIAL + SECTION + HELD + step(), r"a property stands before any \*MATERIAL"),
    (CUBE + MATERIAL + MATERIAL.replace("STEEL", "Steel") + SECTION + HELD + step(), "two materials have the same"),
])
def test_what_cannot_stand_there_is_refused_with_its_place(solver, text, said, tmp_path):
    with pytest.raises(RomlibError, match=f"(?s){said}"):
        read(solver, tmp_path, text)


@both
def test_the_last_increment_of_a_step_is_shorter_where_they_do_not_divide_it(solver, tmp_path):
    times = read(solver, tmp_path, PLAIN + step(times="0.3, 1.") + step(times="5., 2.")).case.times.instants()
    assert times.tolist() == pytest.approx([0.0, 0.3, 0.6, 0.9, 1.0, 3.0])


@both
@pytest.mark.parametrize(("options", "noted"), [(", NLGEOM", True), (", NLGEOM=YES", True), (", NLGEOM=NO", False),
                                                ("", False)])
def test_finite_strain_is_noted_as_what_does_work(solver, options, noted, tmp_path):
    found = read(solver, tmp_path, PLAIN + step(options=options))
    assert [one.does_work for one in found.model.omissions if one.name == "nlgeom"] == [True] * noted
    assert not noted or "*STEP, NLGEOM (line " in notes(found)["nlgeom"]


@both
def test_the_first_temperature_is_that_of_the_card_and_of_one_node_its_own(solver, tmp_path):
    initial = "*INITIAL CONDITIONS, TYPE=TEMPERATURE\nNALL, 20.\n"
    assert read(solver, tmp_path, PLAIN + initial + step()).model.initial_temperature == 20.0
    found = read(solver, tmp_path, PLAIN + initial + "9, 35.\n" + step())
    assert found.model.initial_temperature.array == "initial_temperature"
    field = dict(zip(found.mesh.node_ids.tolist(), found.mesh.node_arrays["initial_temperature"].tolist()))
    assert field == {**dict.fromkeys(range(1, 13), 20.0), 9: 35.0}
    assert read(solver, tmp_path, PLAIN + step()).model.initial_temperature is None


def test_the_files_of_a_deck_are_those_of_its_cards_and_of_their_data(tmp_path):
    """Each once, the deck first, in the order in which they are named."""
    (tmp_path / "b.inc").write_text("1, 0., 0., 0.\n")
    (tmp_path / "a.inc").write_text("*NSET, NSET=A\n1\n")
    (tmp_path / "job.inp").write_text("*NODE\n*INCLUDE, INPUT=b.inc\n*INCLUDE, INPUT=a.inc\n*NSET, NSET=B\n1\n")
    found = files_of(tmp_path / "job.inp", read_cards(tmp_path / "job.inp"))
    assert found == [tmp_path / "job.inp", tmp_path / "a.inc", tmp_path / "b.inc"]
