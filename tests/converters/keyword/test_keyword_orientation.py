"""Material axes of decks: what the cards say, and how sections with different axes become materials."""

from __future__ import annotations

import numpy as np
import pytest
from romlib_converters.keyword.cards import read_cards
from romlib_converters.keyword.orientation import axes_groups, read_orientation, vectors_of

from romlib.errors import FileFormatError, UnsupportedError
from romlib.mesh.axes import axes_of_vectors, turned
from romlib.model import ArrayReference, Orientation

IDS = np.array([11, 5, 7, 3])
SETS = {"GRAIN": np.array([5, 7])}


def elements_of(name, card):
    return SETS[name]


def axes_of(folder, text, *, origin=True):
    (folder / "a.inp").write_text(text)
    cards = read_cards(folder / "a.inp")
    distributions = {card.parameter("NAME"): card for card in cards if card.keyword == "DISTRIBUTION"}
    return [read_orientation(card, distributions, origin=origin) for card in cards if card.keyword == "ORIENTATION"]


def test_two_points_are_vectors_from_the_origin_that_the_card_gives(tmp_path):
    text = "*ORIENTATION,NAME=A\n3.,2.,1.,1.,3.,1.,1.,2.,1.\n"
    (one,), (other,) = axes_of(tmp_path, text), axes_of(tmp_path, text, origin=False)
    assert one.orientation == Orientation(first=(2, 0, 0), plane=(0, 1, 0))
    assert other.orientation == Orientation(first=(3, 2, 1), plane=(1, 3, 1))  # CalculiX does not look at the third


def test_a_second_line_turns_the_axes_about_one_of_them(tmp_path):
    one, two, round_ = axes_of(tmp_path, (
        "*ORIENTATION,NAME=A\n1,0,0,0,1,0\n2,30.\n*ORIENTATION,NAME=B\n1,0,0,0,1,0\n,9.\n"
        "*ORIENTATION,NAME=C,SYSTEM=CYLINDRICAL\n1,2,3,1,2,5\n1,15\n"))
    assert (one.orientation.about, one.orientation.turn) == (2, 30.0)
    assert (two.orientation.about, two.orientation.turn) == (1, 9.0)  # about axis 1 unless the line says another
    assert round_.orientation == Orientation(center=(1, 2, 3), axis=(0, 0, 2), turn=15.0, about=1)
    np.testing.assert_allclose(vectors_of(one, IDS, elements_of), np.tile(turned(np.eye(3), 2, 30.0), (4, 1, 1)))


def test_a_distribution_says_axes_by_element_by_set_and_by_default(tmp_path):
    one, = axes_of(tmp_path, "*DISTRIBUTION,NAME=D,LOCATION=ELEMENT,TABLE=T\n,1,0,0,0,1,0\n3,0,1,0,0,0,1\n"
                             "GRAIN,1,1,0,0,0,1\n7,0,0,1,1,0,0\n*ORIENTATION,NAME=A\nD\n3,40.\n")
    expected = [axes_of_vectors(a, b) for a, b in (
        ([1, 0, 0], [0, 1, 0]), ([1, 1, 0], [0, 0, 1]), ([0, 0, 1], [1, 0, 0]), ([0, 1, 0], [0, 0, 1]))]
    np.testing.assert_allclose(vectors_of(one, IDS, elements_of), turned(np.array(expected), 3, 40.0), atol=1e-15)


@pytest.mark.parametrize(("text", "said"), [
    ("*ORIENTATION,NAME=A\n1,2,3,2,4,6\n", "no axes"), ("*ORIENTATION,NAME=A\n0,0,0,2,4,6\n", "no axes"),
    ("*ORIENTATION,NAME=A,SYSTEM=C\n1,2,3,1,2,3\n", "no axes"), ("*ORIENTATION,NAME=A\n", "one or two data lines"),
    ("*ORIENTATION,NAME=A\n1,0,0,0,1,0\n4,30\n", "about one of themselves"),
    ("*ORIENTATION,NAME=A\nX\n", "must be a number")])
def test_cards_without_axes_are_refused(tmp_path, text, said):
    with pytest.raises(FileFormatError, match=said):
        axes_of(tmp_path, text)


@pytest.mark.parametrize("text", [
    "*ORIENTATION,NAME=A,SYSTEM=SPHERICAL\n0,0,0,1,0,0\n", "*ORIENTATION,NAME=A,SYSTEM=Z RECTANGULAR\n0,0,1,1,0,0\n",
    "*ORIENTATION,NAME=A,DEFINITION=OFFSET TO NODES\n1,2,3\n",
    "*DISTRIBUTION,NAME=D\n,1,0,0,0,1,0\n*ORIENTATION,NAME=A,SYSTEM=CYLINDRICAL\nD\n"])
def test_systems_that_are_not_read_are_refused_by_name(tmp_path, text):
    with pytest.raises(UnsupportedError, match="ORIENTATION"):
        axes_of(tmp_path, text)


def test_a_distribution_without_axes_for_an_element_is_refused_with_the_element(tmp_path):
    one, = axes_of(tmp_path, "*DISTRIBUTION,NAME=D\n3,0,1,0,0,0,1\n*ORIENTATION,NAME=A\nD\n")
    with pytest.raises(FileFormatError, match=r"no axes for some elements(.|\n)*elements 11, 5, 7"):
        vectors_of(one, IDS, elements_of)


def test_sections_with_the_same_axes_are_one_group_and_others_become_cell_arrays(tmp_path):
    a, same, b, c = axes_of(tmp_path, "*ORIENTATION,NAME=A\n1,0,0,0,1,0\n*ORIENTATION,NAME=S\n1,0,0,0,1,0\n"
                                      "*ORIENTATION,NAME=B\n0,1,0,0,0,1\n*ORIENTATION,NAME=C,SYSTEM=C\n0,0,0,0,0,1\n")
    cells = [np.array([0]), np.array([1]), np.array([2, 3])]

    def groups(*axes):
        return axes_groups(list(zip(cells, axes)), "M", IDS, elements_of)

    (one,), arrays = groups(a, same, same)
    assert (one.suffix, one.cells.tolist(), one.orientation, arrays) == ("", [0, 1, 2, 3], a.orientation, {})
    (one,), arrays = groups(None, None, None)
    assert one.orientation is None and arrays == {}
    (one,), arrays = groups(None, b, a)
    assert one.orientation == Orientation(
        first=ArrayReference(array="M_axis_1"), plane=ArrayReference(array="M_axis_2"))
    np.testing.assert_array_equal(arrays["M_axis_1"], [[1, 0, 0], [0, 1, 0], [1, 0, 0], [1, 0, 0]])
    np.testing.assert_array_equal(arrays["M_axis_2"], [[0, 1, 0], [0, 0, 1], [0, 1, 0], [0, 1, 0]])
    (one, two), arrays = groups(c, b, a)
    assert (one.suffix, one.cells.tolist(), two.suffix, two.cells.tolist()) == ("", [1, 2, 3], "_C", [0])
    assert two.orientation == c.orientation and not arrays["M_axis_1"][0].any()
