"""The hash of linear relations: equal for decks that tie alike in other words, and for no others."""

from __future__ import annotations

import numpy as np
import pytest
from calculix_solver import CUBE
from romlib_converters.calculix import CalculixConverter

REFERENCES = "*NODE\n90,2,0,0\n91,2,0,0\n92,2,0,5\n93,2,0,0\n"
TURNED = "*TRANSFORM,NSET=TOP\n1,1,0,-1,1,0\n"


def linear(folder, text):
    """The linear constraints of the cube with these cards: degrees of freedom by node, and hash."""
    (folder / "a.inp").write_text(
        f"{CUBE}{REFERENCES}*NSET,NSET=TWO\n7,8\n*NSET,NSET=ONE\n5,6\n*NSET,NSET=MIX\n5,8\n*NSET,NSET=REST\n6,7\n"
        f"*SURFACE,NAME=UP,TYPE=NODE\nTOP\n*SURFACE,NAME=DOWN,TYPE=ELEMENT\n1,S1\n*BOUNDARY\n1,1,3\n{text}"
        "*STEP\n*STATIC\n*DLOAD\nEALL,GRAV,1.,0.,0.,-1.\n*END STEP\n")
    deck = CalculixConverter().read_deck(folder / "a.inp")
    return {(tuple(deck.mesh.node_ids[deck.mesh.node_tags[one.nodes]].tolist()), one.components, one.content)
            for one in deck.model.constraints.values() if one.kind == "linear"}


RIGID = "*RIGID BODY,NSET=TOP,REF NODE={},ROT NODE={}\n"
SAME = {
    "cards and order": ("*EQUATION\n2\n5,3,1.,6,3,-1.\n2\n7,3,1.,8,3,-1.\n",
                        "*EQUATION\n2\n7,3,1.,8,3,-1.\n*EQUATION\n2\n5,3,1.,6,3,-1.\n"),
    "order and factor of terms": ("*EQUATION\n3\n5,3,1.,6,3,-2.,7,2,4.\n",
                                  "*EQUATION\n3\n6,3,1.E0,7,2,-2.,\n5,3,-.5\n"),
    "a term twice": ("*EQUATION\n2\n5,3,1.,6,3,-1.\n", "*EQUATION\n3\n5,3,1.,6,3,-.5,6,3,-.5\n"),
    "axes of an equation": (f"{TURNED}*EQUATION\n2\n5,1,1.,6,1,-1.\n",
                            "*EQUATION\n4\n5,1,1.,5,2,1.,6,1,-1.,6,2,-1.\n"),
    "axes that are turned": (f"{TURNED}*BOUNDARY\nTOP,1\n", "*TRANSFORM,NSET=TOP\n-1,1,0,1,1,0\n*BOUNDARY\nTOP,2\n"),
    "order of cards": (f"{TURNED}*BOUNDARY\nTOP,1\n", f"*BOUNDARY\nTOP,1\n{TURNED}"),
    "names": ("*TIE,NAME=A\nUP,DOWN\n", "*TIE,NAME=B\nUP,DOWN\n"),
    "reference nodes that are free": (RIGID.format(90, 91), RIGID.format(92, 90)),
    "reference nodes at one place": (RIGID.format(90, 91) + "*BOUNDARY\n90,1,3\n",
                                     RIGID.format(93, 91) + "*BOUNDARY\n93,1,3\n"),
}
OTHER = {
    "coefficient": ("*EQUATION\n2\n5,3,1.,6,3,-1.\n", "*EQUATION\n2\n5,3,1.,6,3,-1.0000001\n"),
    "sign": ("*EQUATION\n2\n5,3,1.,6,3,-1.\n", "*EQUATION\n2\n5,3,1.,6,3,1.\n"),
    "pairs": ("*EQUATION\n2\n5,3,1.,6,3,-1.\n2\n7,3,1.,8,3,-1.\n", "*EQUATION\n2\n5,3,1.,7,3,-1.\n2\n6,3,1.,8,3,-1.\n"),
    "a reference node that is held": ("*EQUATION\n2\n5,3,1.,90,3,-1.\n",
                                      "*EQUATION\n2\n5,3,1.,90,3,-1.\n*BOUNDARY\n90,3\n"),
    "direction that is held": (f"{TURNED}*BOUNDARY\nTOP,1\n", f"{TURNED}*BOUNDARY\nTOP,2\n"),
    "axes": (f"{TURNED}*BOUNDARY\nTOP,1\n", "*TRANSFORM,NSET=TOP\n1,2,0,-2,1,0\n*BOUNDARY\nTOP,1\n"),
    "cylinder": ("*TRANSFORM,NSET=TOP,TYPE=C\n2,0,0,2,0,1\n*BOUNDARY\nTOP,1\n",
                 "*TRANSFORM,NSET=TOP,TYPE=C\n2,1,0,2,1,1\n*BOUNDARY\nTOP,1\n"),
    "a node on the axis": ("*TRANSFORM,NSET=TOP,TYPE=C\n0,0,0,0,0,1\n*BOUNDARY\nTOP,1\n",
                           "*TRANSFORM,NSET=TOP,TYPE=C\n0,0,0,0,0,1\n*BOUNDARY\nTOP,2\n"),
    "sides of a tie": ("*TIE,NAME=A\nUP,DOWN\n", "*TIE,NAME=A\nDOWN,UP\n"),
    "bodies": ("".join(f"*RIGID BODY,NSET={name},REF NODE={node}\n" for name, node in (("ONE", 90), ("TWO", 91))),
               "".join(f"*RIGID BODY,NSET={name},REF NODE={node}\n" for name, node in (("MIX", 90), ("REST", 91)))),
    "a body that is held": (RIGID.format(90, 91), RIGID.format(90, 91) + "*BOUNDARY\n90,1,3\n"),
    "how a body is held": (RIGID.format(90, 91) + "*BOUNDARY\n90,1,3\n", RIGID.format(90, 91) + "*BOUNDARY\n91,1,3\n"),
    "where a body is held": (RIGID.format(90, 91) + "*BOUNDARY\n90,1,3\n",
                             RIGID.format(92, 91) + "*BOUNDARY\n92,1,3\n"),
}


@pytest.mark.parametrize("what", SAME)
def test_relations_in_other_words_are_the_same(tmp_path, what):
    one, two = (linear(tmp_path, text) for text in SAME[what])
    assert one == two and all(content for _, _, content in one) and one


@pytest.mark.parametrize("what", OTHER)
def test_other_relations_are_told_apart(tmp_path, what):
    one, two = (linear(tmp_path, text) for text in OTHER[what])
    assert one and two and one != two


def test_nodes_that_are_held_in_all_directions_are_fixed_whatever_their_axes(tmp_path):
    assert linear(tmp_path, f"{TURNED}*BOUNDARY\nTOP,1,3\n") == set()
    deck = CalculixConverter().read_deck(tmp_path / "a.inp")
    assert deck.model.constraints["TOP_xyz"].kind == "fixed"


def test_forces_in_a_local_system_are_turned(tmp_path):
    linear(tmp_path, TURNED)
    text = (tmp_path / "a.inp").read_text().replace("*DLOAD\nEALL,GRAV,1.,0.,0.,-1.", "*CLOAD\nTOP,1,3.\nTOP,3,3.")
    (tmp_path / "a.inp").write_text(text)
    deck = CalculixConverter().read_deck(tmp_path / "a.inp")
    (load,) = deck.model.loads.values()
    np.testing.assert_allclose(load.direction, [np.sqrt(0.5), np.sqrt(0.5), 1.0], atol=1e-15)
