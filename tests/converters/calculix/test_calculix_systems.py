"""Local systems of nodes and sections, and what output cards say about them."""

from __future__ import annotations

import numpy as np
import pytest
from calculix_solver import CUBE
from romlib_converters.calculix.deck import read_deck
from romlib_converters.calculix.output import Output
from romlib_converters.keyword.cards import read_cards
from romlib_converters.keyword.systems import node_systems, turned_tensors

from romlib.errors import FileFormatError


def cards(folder, text):
    (folder / "a.inp").write_text(text)
    return read_cards(folder / "a.inp")


def test_a_tensor_turns_as_its_matrix_does():
    draw = np.random.default_rng(3)
    axes, _ = np.linalg.qr(draw.normal(size=(3, 3)))
    local = draw.normal(size=(5, 6))
    full = np.array([[[a, d, e], [d, b, f], [e, f, c]] for a, b, c, d, e, f in local])
    found = turned_tensors(local, axes.T)  # rows of a rotation, and the same for all
    expected = np.einsum("ij,njk,lk->nil", axes, full, axes)
    np.testing.assert_allclose(found, [[m[0, 0], m[1, 1], m[2, 2], m[0, 1], m[0, 2], m[1, 2]] for m in expected])


def test_nodes_have_the_axes_of_their_last_system(tmp_path):
    (tmp_path / "deck.inp").write_text(
        CUBE + "*TRANSFORM,NSET=TOP\n0,1,0,-1,0,0\n*NSET,NSET=ONE\n7\n*TRANSFORM,NSET=ONE,TYPE=C\n0,0,0,0,0,2\n"
        "*STEP\n*STATIC\n*BOUNDARY\nLEFT,1,3\n*END STEP\n")
    deck = read_deck(tmp_path / "deck.inp")
    transforms = [link.card for link in deck.links.found if link.card.keyword == "TRANSFORM"]
    systems = node_systems(transforms, deck.inp, deck.places)
    assert deck.places.mesh.node_ids[systems.nodes].tolist() == [5, 6, 7, 8]
    turned = systems.turned(np.tile([1.0, 0.0, 0.0], (8, 1)))  # the first axis of each node's system
    half = np.sqrt(0.5)
    np.testing.assert_allclose(turned, [[1, 0, 0]] * 4 + [[0, 1, 0], [0, 1, 0], [half, half, 0], [0, 1, 0]], atol=1e-15)
    on_axis = node_systems(cards(tmp_path, "*TRANSFORM,NSET=LEFT,TYPE=C\n0,0,0,0,0,2\n"), deck.inp, deck.places)
    with pytest.raises(FileFormatError, match="on the axis"):
        on_axis.turned(np.ones((8, 3)))
    assert on_axis.turned(np.zeros((8, 3))).tolist() == np.zeros((8, 3)).tolist()
    with pytest.raises(FileFormatError, match="no axes"):
        node_systems(cards(tmp_path, "*TRANSFORM,NSET=LEFT\n1,0,0,2,0,0\n"), deck.inp, deck.places)


def test_a_request_holds_until_a_card_of_its_kind_stands_there_again(tmp_path):
    own, other, all_of_it, nothing, element = cards(tmp_path, (
        "*NODE FILE,GLOBAL=NO\nU\n*NODE OUTPUT\nRF\n*NODE FILE\nU,RF\n*NODE FILE,GLOBAL=NO,FREQUENCY=0\nU\n"
        "*EL FILE,GLOBAL=NO\nS\n"))
    output = Output()
    for step in ([own, other], [], [element], [all_of_it], [nothing], [other, own]):
        output.begin_step()
        for card in step:
            output.take(card)
        output.end_step()
    assert [sorted(one) for one in output.local] == [["DISP"], ["DISP"], ["DISP"], [], [], ["DISP"]]
    assert output.elements is element
