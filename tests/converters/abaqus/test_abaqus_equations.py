"""*EQUATION of Abaqus's decks: linear relations that the modes satisfy, and where they work all the same."""

from __future__ import annotations

import pytest
from abaqus_decks import CUBE, HELD, PLAIN, SECTION, assembly, deck, step
from romlib_converters.abaqus import AbaqusConverter

from romlib.errors import FileFormatError, UnsupportedError

SETS = "*NSET, NSET=ONE\n5, 6\n*NSET, NSET=TWO\n7, 8\n*NSET, NSET=2END\n8\n"
ALONE = "*NODE, NSET=REF\n99, 5., 5., 5.\n"


def read(folder, text):
    return AbaqusConverter().read_deck(deck(folder, text))


def linear(found):
    """Components that relations tie, by nodes."""
    return {(tuple(found.mesh.node_ids[found.mesh.node_tags[one.nodes]].tolist()), one.components)
            for one in found.model.constraints.values() if one.kind == "linear"}


def content(found):
    return {one.content for one in found.model.constraints.values() if one.kind == "linear"}


def omissions(found):
    return {one.name: one.does_work for one in found.model.omissions}


NUMBERS = "*EQUATION\n2\n5, 3, 1., 7, 3, -1.\n2\n6, 3, 1., 8, 3, -1.0E+00\n"


@pytest.mark.parametrize(("text", "ties"), [
    (NUMBERS, {((5, 6, 7, 8), ("z",))}), ("*EQUATION\n2\nONE, 3, 1., TWO, 3, -1.\n", {((5, 6, 7, 8), ("z",))}),
    ("*EQUATION\n2\nONE, 1, 1., 2END, 2, -1.\n", {((5, 6), ("x",)), ((8,), ("y",))}),
    ("*EQUATION\n3\n5, 3, 1.\nTWO, 3, -.5, 7, 1, 2.\n", None),
    ("*EQUATION\n5\n5, 1, 1., 6, 1, 1., 7, 1, 1., 8, 1, 1.,\n5, 2, 4.\n", {((5,), ("x", "y")), ((6, 7, 8), ("x",))})])
def test_equations_are_carried_by_the_modes(tmp_path, text, ties):
    """By nodes, by sets of as many nodes, by a set and one node, over several lines."""
    if ties is None:
        with pytest.raises(FileFormatError, match="different numbers of nodes"):
            read(tmp_path, PLAIN + SETS + text + step())
        return
    found = read(tmp_path, PLAIN + SETS + text + step())
    assert linear(found) == ties and omissions(found) == {"equation": False}


def test_sets_say_the_same_relations_as_their_nodes(tmp_path):
    by_sets = content(read(tmp_path, PLAIN + SETS + "*EQUATION\n2\nONE, 3, -2., TWO, 3, 2.\n" + step()))
    assert content(read(tmp_path, PLAIN + SETS + NUMBERS + step())) == by_sets and "" not in by_sets
    other = content(read(tmp_path, PLAIN + SETS + "*EQUATION\n2\nONE, 3, -2., TWO, 3, 1.\n" + step()))
    assert other != by_sets


def test_an_equation_works_where_a_term_is_moved_or_loaded_through_a_node_of_no_solid(tmp_path):
    found = read(tmp_path, PLAIN + SETS + NUMBERS + step("*BOUNDARY\n6, 3, 3, 0.1\n"))
    assert omissions(found) == {"equation": True}
    text = PLAIN.replace("*ELEMENT", f"{ALONE}*ELEMENT", 1) + "*EQUATION\n2\nTOP, 3, 1., REF, 3, -1.\n"
    assert omissions(read(tmp_path, text + "*BOUNDARY\nREF, 1, 3\n" + step())) == {"equation": False}
    found = read(tmp_path, text + step("*CLOAD\nREF, 3, 5.\n"))
    assert omissions(found) == {"cload_elsewhere": True, "equation": True}
    assert linear(found) == {((5, 6, 7, 8), ("z",))}
    with pytest.raises(UnsupportedError, match="begins or ends"):
        read(tmp_path, text + step("*BOUNDARY\nREF, 3, 3\n") + step("*BOUNDARY, OP=NEW\nFOOT, 1, 3\n"))


@pytest.mark.parametrize(("text", "word"), [
    ("*TRANSFORM, NSET=TOP\n1., 1., 0., -1., 1., 0.\n" + NUMBERS, "TRANSFORM"),
    ("*EQUATION, INPUT=other.inp\n", "file of its own")])
def test_an_equation_that_cannot_be_told_is_an_omission_that_works(tmp_path, text, word):
    (tmp_path / "other.inp").write_text("2\n5, 3, 1., 7, 3, -1.\n")
    found = read(tmp_path, PLAIN + SETS + text + step())
    note, = found.model.omissions
    assert note.name == "equation" and note.does_work and word in note.description and not linear(found)


def test_nodes_of_instances_are_named(tmp_path):
    """INSTANCE.NODE and sets of instances; a number alone is of the assembly, or of a part, and not told."""
    two = ("*INSTANCE, NAME=LOW, PART=CUBE\n*END INSTANCE\n"
           "*INSTANCE, NAME=HIGH, PART=CUBE\n0., 0., 2.\n*END INSTANCE\n")
    held = "*BOUNDARY\nLOW.FOOT, 1, 3\n"
    found = read(tmp_path, assembly(two, "*EQUATION\n2\nLOW.TOP, 1, 1., HIGH.FOOT, 1, -1.\n") + held + step())
    assert linear(found) == {((5, 6, 7, 8, 9, 10, 11, 12), ("x",))} and omissions(found)["equation"] is False
    found = read(tmp_path, assembly(two, "*EQUATION\n2\nLOW.5, 1, 1., HIGH.1, 1, -1.\n") + held + step())
    assert linear(found) == {((5, 9), ("x",))}
    found = read(tmp_path, assembly(two, "*EQUATION\n2\n5, 1, 1., 6, 1, -1.\n") + held + step())
    assert not linear(found) and omissions(found)["equation"] is True
    part = CUBE + SECTION + "*EQUATION\n2\nTOP, 1, 1., FOOT, 1, -1.\n"
    found = read(tmp_path, assembly(two, part=part) + held + step())
    note = next(one for one in found.model.omissions if one.name == "equation")
    assert note.does_work and "FOOT, TOP in no instance" in note.description


@pytest.mark.parametrize(("text", "word"), [
    ("*EQUATION\n3\nONE, 3, 1., TWO, 3, -1.\n", "not whole"), ("*EQUATION\n2\nONE, 3, 1., NONE, 3, -1.\n", "NONE"),
    ("*EQUATION\n2\n5, 3, 1.\n", "not whole"), ("*EQUATION\n2\nONE, x, 1., TWO, 3, -1.\n", "number")])
def test_a_damaged_equation_is_refused_with_its_line(tmp_path, text, word):
    with pytest.raises(FileFormatError, match=word) as raised:
        read(tmp_path, f"{CUBE}{SECTION}{HELD}{SETS}{text}" + step())
    assert "line" in str(raised.value.place)
