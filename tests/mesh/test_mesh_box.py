from __future__ import annotations

import numpy as np
import pytest

from romlib.errors import UnsupportedError
from romlib.mesh.box import box_mesh
from romlib.mesh.elements import element
from romlib.mesh.operator import StrainOperator

# cells in eight hexahedra, nodes of 3 x 2 x 4
COUNTS = {"hex8": (8, 60), "hex20": (8, 193), "tet4": (48, 60), "tet10": (48, 315), "wedge6": (16, 60),
          "wedge15": (16, 223), "hex27": (8, 315), "pyramid5": (48, 84), "pyramid13": (48, 84 + 133 + 192)}


@pytest.mark.parametrize("cell_type", list(COUNTS))
def test_a_box_has_the_cells_nodes_and_volume_of_its_divisions(cell_type: str) -> None:
    mesh = box_mesh(cell_type, (3, 2, 4), (3.0, 4.0, 0.5), (1.0, -1.0, 2.0))
    per_eight, n_node = COUNTS[cell_type]
    assert mesh.n_cell == 3 * per_eight
    assert mesh.n_node == n_node
    np.testing.assert_allclose(mesh.points.min(axis=0), [1.0, -1.0, 2.0])
    np.testing.assert_allclose(mesh.points.max(axis=0), [4.0, 3.0, 2.5])
    np.testing.assert_allclose(StrainOperator(mesh).weights.sum(), 6.0, rtol=1e-13)
    assert len(np.unique(np.round(mesh.points, 9), axis=0)) == mesh.n_node


@pytest.mark.parametrize("cell_type", list(COUNTS))
def test_midside_nodes_follow_the_edges_of_the_element(cell_type: str) -> None:
    mesh, kind = box_mesh(cell_type, (2, 1, 1)), element(cell_type)
    connectivity = mesh.blocks[0].connectivity
    for k, edge in enumerate(kind.edges[:kind.n_midside]):
        np.testing.assert_allclose(mesh.points[connectivity[:, kind.n_corner + k]],
                                   mesh.points[connectivity[:, list(edge)]].mean(axis=1))


@pytest.mark.parametrize("cell_type", list(COUNTS))
def test_the_sides_are_tagged(cell_type: str) -> None:
    mesh = box_mesh(cell_type, (2, 2, 2))
    for axis, letter in enumerate("xyz"):
        for name, value in ((f"{letter}min", 0.0), (f"{letter}max", 1.0)):
            np.testing.assert_array_equal(mesh.node_tags[name], np.flatnonzero(mesh.points[:, axis] == value))
            on_side = [mesh.points[block.connectivity, axis] for block in mesh.face_tags[name].blocks]
            assert on_side and all(np.all(x == value) for x in on_side)
    sides = [mesh.face_tags[f"{letter}{end}"].n_face for letter in "xyz" for end in ("min", "max")]
    assert sum(sides) == mesh.face_tags["skin"].n_face


def test_an_element_without_a_box_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="quad4"):
        box_mesh("quad4")
