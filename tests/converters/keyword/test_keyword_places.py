"""Where nodes, elements and faces of a deck are among the solids: faces by the solvers' numbers, sets, what is none."""

from __future__ import annotations

import numpy as np
import pytest
from keyword_decks import CONVERTERS, CUBE, MATERIAL, SECTION, both, notes, read, step
from romlib_converters.keyword.places import Places, face_of

from romlib.errors import FileFormatError, UnsupportedError
from romlib.mesh.box import box_mesh
from romlib.mesh.elements import element
from romlib.mesh.mesh import Mesh


@pytest.mark.parametrize("cell_type", ["hex8", "tet4", "wedge6", "wedge15"])
def test_faces_of_a_set_are_those_of_their_keys_with_values_in_the_order_of_the_keys(cell_type):
    """All faces of all cells, in any order."""
    mesh = box_mesh(cell_type, (2, 1, 1), (2.0, 1.0, 1.0))
    mesh = Mesh(mesh.points, mesh.blocks, mesh.node_ids)
    places, n_face = Places(mesh), len(element(cell_type).faces)
    table = np.array([(cell, number) for cell in mesh.cell_ids for number in range(1, n_face + 1)])
    table = np.random.default_rng(0).permutation(table)
    keys = places.face_keys(table)
    cells, numbers = places.of_keys(keys)
    np.testing.assert_array_equal(np.column_stack([mesh.cell_ids[cells], numbers + 1]), table)
    found = places.face_set(keys, {"cell": table[:, 0].astype(float), "number": table[:, 1].astype(float)})
    assert found.n_face == len(table)
    row = 0
    for block in found.blocks:
        for nodes in block.connectivity:
            cell, number = int(found.arrays["cell"][row]), int(found.arrays["number"][row])
            own = element(cell_type).faces[face_of(cell_type)[number - 1]][1]
            assert nodes.tolist() == mesh.blocks[0].connectivity[cell - 1, list(own)].tolist()
            row += 1


def test_faces_that_no_element_or_not_this_one_has_are_refused_and_those_of_others_left_out():
    places = Places(box_mesh("tet4"))
    assert len(places.face_keys(np.array([[999, 1], [1, 4]]))) == 1
    for number in (0, 7):
        with pytest.raises(FileFormatError, match=rf"no such face(?s:.)*element 1(?s:.)*found: {number}"):
            places.face_keys(np.array([[1, number]]))
    with pytest.raises(FileFormatError, match=r"no such face(?s:.)*element 2(?s:.)*faces 1 to 4(?s:.)*found: 5"):
        places.face_set(places.face_keys(np.array([[2, 5]])))


@both
def test_sets_and_surfaces_are_tags_as_far_as_they_are_on_solids(solver, tmp_path):
    more = "*NODE\n50, 9., 9., 9.\n*NSET, NSET=SOME\n50, 9, 2\n*SURFACE, NAME=POINTS, TYPE=NODE\nSOME\n12,\n"
    (tmp_path / "job.inp").write_text(CUBE + more)
    mesh = CONVERTERS[solver]().read_mesh(tmp_path / "job.inp")
    tags = {name: sorted(mesh.node_ids[nodes].tolist()) for name, nodes in mesh.node_tags.items()}
    assert mesh.n_node == 12 and tags["SOME"] == [2, 9] and tags["POINTS"] == [2, 9, 12]
    assert tags["NALL"] == list(range(1, 13))


@both
def test_elements_that_are_no_solids_are_counted_and_their_nodes_left_out(solver, tmp_path):
    springs = "*NODE\n50, 9., 9., 9.\n*ELEMENT, TYPE=SPRINGA, ELSET=S\n7, 9, 50\n8, 10, 50\n"
    found = read(solver, tmp_path, CUBE + springs + MATERIAL + SECTION + "*BOUNDARY\nFOOT, 1, 3\n" + step())
    assert found.mesh.n_node == 12 and found.mesh.cell_ids.tolist() == [1, 2]
    line = (CUBE + springs).splitlines().index("*ELEMENT, TYPE=SPRINGA, ELSET=S") + 1
    assert notes(found)["elements_SPRINGA"].startswith(f"2 elements SPRINGA (line {line}, *ELEMENT) are no solids")


@both
@pytest.mark.parametrize(("elements", "error", "said"), [
    ("C3D8, ELSET=E\n1, 1, 2, 3, 4, 5, 6, 7, 99\n", FileFormatError,
     r"does not define.*line \d+, \*ELEMENT.*found: node 99"),
    ("SPRINGA, ELSET=E\n1, 1, 2\n", UnsupportedError, r"no solid elements.*line \d+.*expected: .*C3D8.*found: SPRINGA"),
    ("C3D8I, ELSET=E\n1, 1, 2, 3, 4, 5, 6, 7, 8\n", UnsupportedError, "C3D8I"),
])
def test_elements_that_cannot_be_are_refused_with_their_line(solver, elements, error, said, tmp_path):
    (tmp_path / "job.inp").write_text(CUBE[:CUBE.index("*ELEMENT")] + "*ELEMENT, TYPE=" + elements)
    with pytest.raises(error, match=f"(?s){said}"):
        CONVERTERS[solver]().read_mesh(tmp_path / "job.inp")
