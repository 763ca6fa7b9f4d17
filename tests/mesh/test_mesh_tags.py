from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from romlib.errors import InputError
from romlib.mesh.box import box_mesh
from romlib.mesh.mesh import Mesh
from romlib.mesh.skin import add_skin
from romlib.mesh.tags import add_tags, cells_of
from romlib.model.tag import Box, CellTag, FaceTag, NodeTag, Plane


@pytest.fixture(scope="module")
def mesh() -> Mesh:
    mesh = box_mesh("hex8", (4, 2, 2), (2.0, 1.0, 1.0))
    side = replace(mesh.face_tags["xmax"], arrays={"group": np.array([1, 2, 2, 3])})
    both = replace(mesh.face_tags["zmax"], arrays={"group": np.arange(8) % 3, "other": np.zeros(8)})
    return replace(mesh, node_tags={"old": np.array([1])},
                   face_tags={"side": side, "top": both, "skin": mesh.face_tags["skin"]},
                   node_arrays={"flag": (mesh.points[:, 0] == 0.0).astype(np.float32), "u": mesh.points},
                   cell_arrays={"part": np.arange(16) // 8})


def test_nodes_by_array_plane_and_box(mesh: Mesh) -> None:
    slanted = Plane(point=(1.0, 0.0, 0.0), normal=(1.0, 1.0, 0.0))
    tagged = add_tags(mesh, {
        "flag": NodeTag(array="flag"), "not": NodeTag(array="flag", value=0), "plane": NodeTag(plane=slanted),
        "thick": NodeTag(plane=Plane(point=(0, 0, 0), normal=(1, 0, 0), tolerance=0.6)),
        "box": NodeTag(box=Box(min=(0.5, 0, 0), max=(1.0, 1, 0.5)))}, {}, {})
    x, y, z = mesh.points.T
    for name, expected in {"flag": x == 0, "not": x != 0, "plane": np.isclose(x + y, 1.0), "thick": x < 0.6,
                           "box": (x >= 0.5) & (x <= 1.0) & (z <= 0.5)}.items():
        assert expected.any()
        np.testing.assert_array_equal(tagged.node_tags[name], np.flatnonzero(expected))
    np.testing.assert_array_equal(tagged.node_tags["old"], [1])
    assert list(mesh.node_tags) == ["old"]


def test_single_precision_coordinates_are_on_their_plane(mesh: Mesh) -> None:
    third = replace(mesh, points=(mesh.points / 3.0).astype(np.float32).astype(float))
    plane = Plane(point=(2.0 / 3.0, 0, 0), normal=(1, 0, 0))
    box = Box(min=(0, 0, 0), max=(2.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0))
    tagged = add_tags(third, {"end": NodeTag(plane=plane), "all": NodeTag(box=box)}, {}, {})
    assert len(tagged.node_tags["end"]) == 9
    assert len(tagged.node_tags["all"]) == mesh.n_node


def test_faces_by_plane_and_box_are_skin_faces_with_all_nodes_there(mesh: Mesh) -> None:
    tagged = add_tags(mesh, {}, {
        "left": FaceTag(plane=Plane(point=(0, 0, 0), normal=(1, 0, 0))),
        "middle": FaceTag(plane=Plane(point=(1, 0, 0), normal=(1, 0, 0))),
        "corner": FaceTag(box=Box(min=(0, 0, 0), max=(0.5, 0.5, 0.5)))}, {})
    assert {name: tagged.face_tags[name].n_face for name in ("left", "middle", "corner")} == {
        "left": 4, "middle": 0, "corner": 3}
    np.testing.assert_array_equal(mesh.points[tagged.face_tags["left"].blocks[0].connectivity, 0], 0.0)


def test_faces_by_array_are_those_of_every_set_that_has_it(mesh: Mesh) -> None:
    tagged = add_tags(mesh, {}, {"two": FaceTag(array="group", value=2), "zero": FaceTag(array="other", value=0)}, {})
    assert tagged.face_tags["two"].n_face == 2 + 2
    np.testing.assert_array_equal(tagged.face_tags["two"].arrays["group"], [2, 2, 2, 2])
    assert "other" not in tagged.face_tags["two"].arrays
    assert tagged.face_tags["zero"].n_face == 8


def test_a_face_in_two_sets_counts_once(mesh: Mesh) -> None:
    twice = replace(mesh, face_tags={**mesh.face_tags, "again": mesh.face_tags["side"]})
    tagged = add_tags(twice, {}, {"two": FaceTag(array="group", value=2)}, {})
    assert tagged.face_tags["two"].n_face == 4


def test_cells_by_array_and_box(mesh: Mesh, mixed: Mesh) -> None:
    tagged = add_tags(mesh, {}, {}, {
        "second": CellTag(array="part"), "first": CellTag(array="part", value=0),
        "box": CellTag(box=Box(min=(0, 0, 0), max=(1, 1, 0.5)))})
    np.testing.assert_array_equal(cells_of(tagged, "second"), np.arange(8, 16))
    np.testing.assert_array_equal(cells_of(tagged, "first"), np.arange(8))
    assert len(cells_of(tagged, "box")) == 4
    right = add_tags(mixed, {}, {}, {"right": CellTag(box=Box(min=(1, 0, 0), max=(2, 1, 1)))})
    np.testing.assert_array_equal(cells_of(right, "right"), 8 + np.arange(16))


def test_all_cells_always_have_a_tag(mesh: Mesh) -> None:
    np.testing.assert_array_equal(cells_of(mesh, "all"), np.arange(16))
    with pytest.raises(InputError, match="blade"):
        cells_of(mesh, "blade")


def test_a_tag_may_be_empty_on_a_piece(mesh: Mesh) -> None:
    far = Box(min=(9, 9, 9), max=(10, 10, 10))
    tagged = add_tags(mesh, {"far": NodeTag(box=far)}, {"far": FaceTag(box=far)}, {"far": CellTag(box=far)})
    assert len(tagged.node_tags["far"]) == len(cells_of(tagged, "far")) == tagged.face_tags["far"].n_face == 0
    assert add_skin([tagged])[0].face_tags["far"].n_face == 0


def test_unknown_and_vector_arrays_are_refused_with_what_there_is(mesh: Mesh) -> None:
    with pytest.raises(InputError, match="flag, u") as caught:
        add_tags(mesh, {"x": NodeTag(array="flags")}, {}, {})
    assert "node tag x" in str(caught.value)
    with pytest.raises(InputError, match="one component"):
        add_tags(mesh, {"x": NodeTag(array="u")}, {}, {})
    with pytest.raises(InputError, match="group, other"):
        add_tags(mesh, {}, {"x": FaceTag(array="groups")}, {})
    with pytest.raises(InputError, match="part"):
        add_tags(mesh, {}, {}, {"x": CellTag(array="parts")})


def test_faces_by_plane_without_a_skin_are_refused(mesh: Mesh) -> None:
    with pytest.raises(InputError, match="skin"):
        add_tags(replace(mesh, face_tags={}), {}, {"x": FaceTag(box=Box(min=(0, 0, 0), max=(1, 1, 1)))}, {})
