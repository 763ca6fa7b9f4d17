"""Where a mesh is probably held and loaded: by names, by shapes, and so that nothing is left to move."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from romlib.mesh.box import box_mesh
from romlib.mesh.mesh import Mesh
from romlib.mesh.rectangle import rectangle_mesh
from romlib.mesh.summary import summarise
from romlib.templates.places import guess, materials_of


def renamed(**names: str) -> Mesh:
    """A box of 3 x 2 x 1 whose sides are called so: renamed(xmin="symx")."""
    mesh = box_mesh("hex8", (3, 2, 1), (3.0, 2.0, 1.0))
    return replace(mesh, node_tags={new: mesh.node_tags[old] for old, new in names.items()},
                   face_tags={**{new: mesh.face_tags[old] for old, new in names.items()},
                              "skin": mesh.face_tags["skin"]})


def guessed(mesh: Mesh):
    return guess(summarise([mesh]), mesh)


def test_planes_of_symmetry_hold_what_is_normal_to_them_and_a_load_is_where_its_name_says():
    found = guessed(renamed(xmin="symmetry_a", ymin="SYM2", zmin="symz", xmax="pulled", ymax="other"))
    assert {one.nodes: one.components for one in found.held} == {
        "symmetry_a": ("x",), "SYM2": ("y",), "symz": ("z",)}
    assert found.loaded == "pulled" and found.planes == ()


def test_a_clamped_end_holds_everything():
    found = guessed(renamed(xmin="clamped", xmax="side"))
    assert [(one.nodes, one.components) for one in found.held] == [("clamped", ("x", "y", "z"))]
    assert found.loaded == "side"


def test_a_part_that_sticks_out_of_a_wall_is_held_there_and_loaded_at_its_end():
    found = guessed(renamed(ymin="cut", xmin="wall", xmax="end"))
    assert {one.nodes: one.components for one in found.held} == {"cut": ("y",), "wall": ("x", "y", "z")}
    assert found.loaded == "end" and found.planes == ()
    vessel = guessed(renamed(xmin="base", xmax="inner_wall"))
    assert [one.nodes for one in vessel.held] == ["base"] and vessel.loaded == "inner_wall"


def test_symmetry_that_leaves_a_motion_is_completed():
    found = guessed(renamed(xmin="symx", xmax="tip"))
    assert found.held[0].components == ("x",) and len(found.held) == 2
    assert found.planes[0].name == found.held[1].nodes == "held_end"


def test_a_mesh_without_tags_is_held_and_loaded_at_the_ends_of_its_longest_side():
    found = guessed(renamed())
    held, loaded = found.planes
    assert (held.name, held.axis, held.point[0]) == ("held_end", 0, 0.0)
    assert (loaded.name, loaded.axis, loaded.point[0]) == (found.loaded, 0, 3.0)


@pytest.mark.parametrize("axes", [[1], [1, 2]])
def test_an_end_that_is_a_line_or_a_point_is_not_what_holds_a_mesh(axes):
    """A wedge along x with its edge at x = 0, and a pyramid with its tip there: its longest side begins with that."""
    mesh = box_mesh("hex8", (4, 2, 2), (4.0, 1.0, 1.0))
    points = mesh.points.copy()
    points[:, axes] *= 0.01 + points[:, :1] / 4.0
    tip = points[:, 0] == 0.0
    points[np.ix_(tip, axes)] = 0.0
    kept = np.flatnonzero(~tip | (np.arange(len(tip)) == np.argmax(tip))) if len(axes) == 2 else np.arange(len(tip))
    nodes = mesh.blocks[0].connectivity
    nodes = nodes if len(axes) == 1 else np.searchsorted(kept, np.where(tip[nodes], np.argmax(tip), nodes))
    found = guessed(Mesh(points[kept], (replace(mesh.blocks[0], connectivity=nodes),), mesh.node_ids[kept]))
    (held,) = [plane for plane in found.planes if plane.name == "held_end"]
    assert held.axis == 0 and held.point[0] == 4.0


def plate(kinematics="plane strain", **names: str) -> Mesh:
    """A rectangle of 3 x 2 whose sides are called so."""
    mesh = rectangle_mesh("quad4", (3, 2), (3.0, 2.0), (1.0, 0.0), kinematics)
    return replace(mesh, node_tags={new: mesh.node_tags[old] for old, new in names.items()},
                   face_tags={**{new: mesh.face_tags[old] for old, new in names.items()},
                              "skin": mesh.face_tags["skin"]})


def test_lines_of_symmetry_hold_what_is_normal_to_them_in_two_dimensions():
    found = guessed(plate(xmin="sym_left", ymin="sym_below", ymax="pulled"))
    assert {one.nodes: one.components for one in found.held} == {"sym_left": ("x",), "sym_below": ("y",)}
    assert found.loaded == "pulled" and found.planes == ()


@pytest.mark.parametrize("name, components", [("symx", ("x",)), ("symz", ("x", "y"))])
def test_a_symmetry_whose_shape_does_not_say_it_is_held_as_its_name_says(name, components):
    """Along z nothing is held in two dimensions."""
    mesh = plate(xmax="tip")
    mesh = replace(mesh, node_tags={name: np.array([0, 1, 5, 9]), "clamp": np.array([0, 3])})
    assert guessed(mesh).held[0].components == components


def test_a_plate_without_tags_is_held_and_loaded_at_the_ends_of_its_longer_side():
    found = guessed(plate())
    held, loaded = found.planes
    assert (held.name, held.axis, held.point) == ("held_end", 0, (1.0, 0.0, 0.0))
    assert (loaded.name, loaded.axis, loaded.point[0]) == (found.loaded, 0, 4.0)
    assert [one.components for one in found.held] == [("x", "y")]


def test_a_side_that_holds_a_plate_is_taken_for_it_though_its_name_says_nothing():
    found = guessed(plate(xmin="a", xmax="b"))
    assert [(one.nodes, one.components) for one in found.held] == [("a", ("x", "y"))]
    assert found.loaded == "b" and found.planes == ()


def test_a_symmetry_that_leaves_a_motion_of_a_plate_is_completed():
    found = guessed(plate(ymin="symy", xmax="tip"))
    assert found.held[0].components == ("y",) and found.planes[0].name == found.held[1].nodes == "held_end"


def test_a_side_that_is_loaded_is_not_held():
    found = guessed(plate(xmin="load"))
    assert found.loaded == "load" and [one.nodes for one in found.held] == ["held_end"]
    found = guessed(renamed(xmin="load"))
    assert found.loaded == "load" and [one.nodes for one in found.held] == ["held_end"]


def test_of_a_plate_whose_ends_are_all_corners_the_first_is_named():
    """A square on its corner: no end holds it."""
    mesh = rectangle_mesh("quad4", (2, 2), mapped=lambda x: np.stack([x[:, 0] + x[:, 1], x[:, 1] - x[:, 0]], axis=1))
    held = guessed(replace(mesh, node_tags={}, face_tags={"skin": mesh.face_tags["skin"]})).planes[0]
    assert (held.name, held.axis) == ("held_end", 0)


def test_a_node_does_not_hold_a_plate_and_an_end_that_is_a_point_neither():
    """A triangle whose longest side begins with a corner."""
    mesh = rectangle_mesh("tri3", (3, 2), (3.0, 2.0), mapped=lambda x: np.stack(
        [x[:, 0], np.where(x[:, 0] > 0.0, x[:, 1] * x[:, 0] / 3.0, 1e-12 * x[:, 1])], axis=1))
    mesh = replace(mesh, node_tags={}, face_tags={"skin": mesh.face_tags["skin"]})
    (held,) = [plane for plane in guessed(mesh).planes if plane.name == "held_end"]
    assert held.axis == 0 and held.point[0] == 3.0
    pinned = replace(mesh, node_tags={"fixed": np.array([len(mesh.points) - 1])})
    assert [one.nodes for one in guessed(pinned).held] == ["fixed", "held_end"]


@pytest.mark.parametrize("tags, names", [
    ({}, ["all"]), ({"a": [0, 1, 2], "b": [3, 4, 5]}, ["a", "b"]), ({"a": [0, 1], "b": [3, 4, 5]}, ["all"]),
    ({"a": [0, 1, 2, 3], "b": [3, 4, 5]}, ["all"]), ({"a": [0, 1, 2, 3, 4, 5]}, ["all"])])
def test_cell_tags_that_share_out_the_mesh_are_materials(tags, names):
    mesh = replace(box_mesh("hex8", (3, 2, 1)), cell_tags={name: np.array(cells) for name, cells in tags.items()})
    assert materials_of(summarise([mesh]), mesh) == names
