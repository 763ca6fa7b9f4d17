from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from romlib.errors import FileFormatError
from romlib.mesh.box import box_mesh
from romlib.mesh.elements import element
from romlib.mesh.faces import face_quadrature
from romlib.mesh.mesh import FaceBlock, FaceSet, Mesh
from romlib.mesh.operator import StrainOperator
from romlib.mesh.partition import split
from romlib.mesh.skin import add_skin, orient_outward

SOLIDS = ("tet4", "tet10", "hex8", "hex20", "hex27", "wedge6", "wedge15", "pyramid5", "pyramid13")


def area_and_volume(mesh: Mesh, faces: FaceSet) -> tuple[np.ndarray, float]:
    """Sum of area vectors, and integral of x . n / 3."""
    area, volume = np.zeros(3), 0.0
    for block in faces.blocks:
        shape, vectors = face_quadrature(mesh.points, block)
        area += vectors.sum(axis=(0, 1))
        volume += np.einsum("qa,fai,fqi->", shape, mesh.points[block.connectivity], vectors) / 3.0
    return area, volume


@pytest.mark.parametrize("cell_type", SOLIDS)
def test_the_skin_is_closed_and_encloses_the_volume(distorted, cell_type: str) -> None:
    mesh = add_skin([distorted(cell_type)])[0]
    area, volume = area_and_volume(mesh, mesh.face_tags["skin"])
    np.testing.assert_allclose(area, 0.0, atol=1e-13)
    fine = {"tet10": "tet_15", "wedge15": "wedge_21", "pyramid5": "pyramid_8"}.get(cell_type, mesh.blocks[0].quadrature)
    blocks = (replace(mesh.blocks[0], quadrature=fine),)
    np.testing.assert_allclose(volume, StrainOperator(replace(mesh, blocks=blocks)).weights.sum(), rtol=1e-12)


def test_the_skin_of_a_mixed_mesh_is_closed(mixed: Mesh) -> None:
    skin = add_skin([mixed])[0].face_tags["skin"]
    area, volume = area_and_volume(mixed, skin)
    np.testing.assert_allclose(area, 0.0, atol=1e-14)
    np.testing.assert_allclose(volume, 2.0, rtol=1e-13)
    assert [block.face_type for block in skin.blocks] == ["quad4", "tri3"]
    assert [len(block.connectivity) for block in skin.blocks] == [20 + 12, 16]


def test_the_interface_between_pieces_is_no_skin(mixed: Mesh) -> None:
    owners = np.random.default_rng(0).integers(0, 3, mixed.n_cell)
    pieces = add_skin(split(mixed, owners))
    whole = add_skin([mixed])[0]
    assert sum(piece.face_tags["skin"].n_face for piece in pieces) == whole.face_tags["skin"].n_face
    sums = [area_and_volume(piece, piece.face_tags["skin"]) for piece in pieces]
    np.testing.assert_allclose(sum(area for area, _ in sums), 0.0, atol=1e-14)
    np.testing.assert_allclose(sum(volume for _, volume in sums), 2.0, rtol=1e-13)


def turned(faces: FaceSet, rng: np.random.Generator) -> FaceSet:
    """Each face seen from either side, starting from any corner: as files have them."""
    blocks = []
    for block in faces.blocks:
        n = element(block.face_type).n_corner
        rows = []
        for row in block.connectivity:
            corners, middles, own = row[:n], row[n:2 * n], row[2 * n:]
            k = int(rng.integers(n))
            corners, middles = np.roll(corners, -k), np.roll(middles, -k)
            if rng.random() < 0.5:
                corners, middles = np.roll(corners[::-1], 1), middles[::-1]
            rows.append(np.concatenate([corners, middles, own]))
        blocks.append(FaceBlock(block.face_type, np.array(rows)))
    return replace(faces, blocks=tuple(blocks))


@pytest.mark.parametrize("cell_type", SOLIDS)
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_faces_in_any_order_of_nodes_become_outward(distorted, cell_type: str, seed: int) -> None:
    mesh = add_skin([distorted(cell_type)])[0]
    skin = replace(mesh.face_tags["skin"], arrays={"n": np.arange(mesh.face_tags["skin"].n_face)})
    outward = orient_outward(mesh, turned(skin, np.random.default_rng(seed)))
    expected, found = area_and_volume(mesh, skin), area_and_volume(mesh, outward)
    np.testing.assert_allclose(found[0], 0.0, atol=1e-13)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-12)
    for before, after in zip(skin.blocks, outward.blocks):
        np.testing.assert_array_equal(np.sort(before.connectivity, axis=1), np.sort(after.connectivity, axis=1))
    np.testing.assert_array_equal(outward.arrays["n"], skin.arrays["n"])


def test_outward_faces_stay_as_they_are() -> None:
    mesh = box_mesh("hex20", (2, 2, 1))
    for before, after in zip(mesh.face_tags["skin"].blocks, orient_outward(mesh, mesh.face_tags["skin"]).blocks):
        np.testing.assert_array_equal(before.connectivity, after.connectivity)


def test_a_face_between_two_cells_leaves_the_first() -> None:
    mesh = box_mesh("hex8", (2, 1, 1))
    between = np.flatnonzero(mesh.points[:, 0] == 0.5)[[0, 1, 3, 2]]
    for nodes in (between, between[::-1]):
        outward = orient_outward(mesh, FaceSet((FaceBlock("quad4", nodes[None]),)))
        np.testing.assert_allclose(area_and_volume(mesh, outward)[0], [1.0, 0.0, 0.0], atol=1e-15)


def test_a_face_of_no_cell_is_refused_by_its_node_ids() -> None:
    mesh = box_mesh("hex8", (1, 1, 1))
    mesh = replace(mesh, node_ids=mesh.node_ids + 100)
    with pytest.raises(FileFormatError, match="101, 102, 103"):
        orient_outward(mesh, FaceSet((FaceBlock("tri3", np.array([[0, 1, 2]])),)))


def test_a_crossed_quadrangle_is_refused() -> None:
    mesh = box_mesh("hex8", (1, 1, 1))
    crossed = mesh.face_tags["zmin"].blocks[0].connectivity[:, [0, 2, 1, 3]]
    with pytest.raises(FileFormatError, match="not in order"):
        orient_outward(mesh, FaceSet((FaceBlock("quad4", crossed),)))
