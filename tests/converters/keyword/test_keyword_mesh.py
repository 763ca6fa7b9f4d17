"""Nodes, elements, sets and surfaces of a keyword deck."""

from __future__ import annotations

import pytest
from romlib_converters.keyword.cards import read_cards
from romlib_converters.keyword.mesh import read_mesh_cards

from romlib.errors import FileFormatError, UnsupportedError

NODES = {"C3D4": 4, "S3": 3}
MESH = """*NODE, NSET=Nall
1,0,0,0
2,1,0,0
3,0,1,0
4,0,0,1
9,1,1,1
*NODE
9,2,2,2
*ELEMENT,TYPE=C3D4,ELSET=Eall
1,1,2,3,4
5,2,3,4,9
*ELEMENT,TYPE=S3,ELSET=eALL
7,1,2,3
*NSET,NSET=Odd,GENERATE
1,9,2
*NSET,NSET=Some
Odd, 4
*NSET,NSET=some
2
*ELSET,ELSET=One
5
*SURFACE,NAME=Top
One,S2
1, s3
Eall,S1
*SURFACE,NAME=Nodes,TYPE=NODE
Odd
2,
"""


def read(folder, text):
    (folder / "a.inp").write_text(text)
    return read_mesh_cards(read_cards(folder / "a.inp"), NODES)


def test_everything_has_the_ids_of_the_deck(tmp_path):
    mesh = read(tmp_path, MESH)
    assert mesh.node_ids.tolist() == [1, 2, 3, 4, 9] and mesh.points[-1].tolist() == [2, 2, 2]  # the last one holds
    assert [(group.kind, group.ids.tolist()) for group in mesh.groups] == [("C3D4", [1, 5]), ("S3", [7])]
    assert mesh.groups[0].nodes.tolist() == [[1, 2, 3, 4], [2, 3, 4, 9]]
    sets = {one.name: one.ids.tolist() for one in mesh.node_sets.values()}
    assert sets == {"Nall": [1, 2, 3, 4, 9], "Odd": [1, 3, 9], "Some": [1, 2, 3, 4, 9]}  # GENERATE: of those there are
    assert {one.name: one.ids.tolist() for one in mesh.element_sets.values()} == {"Eall": [1, 5, 7], "One": [5]}
    assert mesh.surfaces["TOP"].faces.tolist() == [[1, 1], [1, 3], [5, 1], [5, 2], [7, 1]]
    assert mesh.node_surfaces["NODES"].nodes.tolist() == [1, 2, 3, 9]


def test_names_that_romlib_has_itself_are_changed(tmp_path):
    mesh = read(tmp_path, "*NODE\n1,0,0,0\n*ELEMENT,TYPE=S3,ELSET=all\n1,1,1,1\n*SURFACE,NAME=skin\nALL,S1\n")
    assert [one.name for one in mesh.element_sets.values()] == ["all_"]
    assert [one.name for one in mesh.surfaces.values()] == ["skin_"]


def test_names_that_differ_in_case_alone_are_one_set_and_stay_apart_from_surfaces(tmp_path):
    mesh = read(tmp_path, "*NODE\n1,0,0,0\n2,0,0,0\n*NSET,NSET=all_\n1\n*NSET,NSET=all\n2\n*NSET,NSET=ALL_\n2\n"
                          "*SURFACE,NAME=all_,TYPE=NODE\n2\n")
    assert {one.name: one.ids.tolist() for one in mesh.node_sets.values()} == {"all_": [1, 2], "all__": [2]}
    assert [one.name for one in mesh.node_surfaces.values()] == ["all___"]


def test_cards_are_read_in_the_order_of_the_solver(tmp_path):
    """Sets may stand before the nodes, elements and sets that they name; a huge range costs nothing."""
    mesh = read(tmp_path, "*SURFACE,NAME=F\nE,S1\n*ELSET,ELSET=E,INTERNAL\n1\n*NSET,NSET=A,GENERATE\n2,1000000000000\n"
                          "*ELEMENT,TYPE=S3\n1,1,2,3\n*NODE\n1,0,0,0\n2,1,0,0\n3,0,1,0\n")
    assert mesh.surfaces["F"].faces.tolist() == [[1, 1]] and mesh.node_sets["A"].ids.tolist() == [2, 3]


@pytest.mark.parametrize(("text", "error", "said"), [
    ("*ELEMENT,TYPE=C3D99\n1,1,2\n", UnsupportedError, r"line 1, \*ELEMENT.*C3D4.*C3D99"),
    ("*ELEMENT,TYPE=S3\n1,1,2,3\n*ELEMENT,TYPE=S3\n1,1,2,3\n", FileFormatError, r"same number.*line 3.*element 1"),
    ("*ELEMENT,TYPE=S3\n1,1,2\n", FileFormatError, "records of 4"),
    ("*NSET,NSET=A\nB\n", FileFormatError, r"line 1, \*NSET.*found: B"),
    ("*NSET,NSET=A,ELSET=B\n", UnsupportedError, "ELSET"),
    ("*SURFACE,NAME=A\nB,S1\n", FileFormatError, "no element set"),
    ("*SURFACE,NAME=A\n1,X1\n", UnsupportedError, "line 2.*S1 to S6.*X1"),
    ("*SURFACE,NAME=A,TYPE=NODE\n1\n*SURFACE,NAME=a,TYPE=NODE\n1\n", FileFormatError, "line 3.*a, also line 1"),
    ("*NODE\n1.5,0,0,0\n", FileFormatError, "whole number.*1.5"),
    ("*NODE\n1e15,0,0,0\n", FileFormatError, "whole number"),
    ("*NODE\n-1,0,0,0\n", FileFormatError, "must be positive"),
])
def test_what_cannot_be_read_is_named(tmp_path, text, error, said):
    with pytest.raises(error, match=f"(?s){said}"):
        read(tmp_path, text)
