"""`romlib info` of a mesh: in two dimensions, of results without a mesh of their own, of a deck that is half read."""

from __future__ import annotations

import re

import numpy as np
import pytest
from terminal import as_json, run

from romlib.mesh.rectangle import rectangle_mesh

meshio = pytest.importorskip("meshio", reason="meshio is not installed")
PLATE = rectangle_mesh("quad4", (4, 2), (4.0, 1.0), (1.0, 0.0))
DECK = """*NODE
11, 0, 0, 0
13, 2, 0, 0
15, 0, 1, 0
17, 0, 0, 1
*ELEMENT, TYPE=C3D4, ELSET=body
10, 11, 13, 15, 17
"""


def words(*arguments):
    return re.sub(r"\s+", " ", run(*arguments).stdout)


@pytest.fixture
def plate(tmp_path):
    """Quadrilaterals of a rectangle from (1, 0) to (5, 1), with its ends as groups."""
    ends = [PLATE.face_tags[name].blocks[0].connectivity for name in ("xmin", "xmax")]
    cells = [("line", ends[0]), ("line", ends[1]), ("quad", PLATE.blocks[0].connectivity)]
    groups = [np.full(len(nodes), k + 1) for k, (_, nodes) in enumerate(cells)]
    points = np.column_stack([PLATE.points, np.zeros(PLATE.n_node)])
    meshio.write(tmp_path / "plate.msh", meshio.Mesh(
        points, cells, cell_data={"gmsh:physical": groups, "gmsh:geometrical": groups},
        field_data={"fixed": np.array([1, 1]), "load": np.array([2, 1]), "plate": np.array([3, 2])}), "gmsh22",
        binary=False)
    return tmp_path / "plate.msh"


def test_a_mesh_in_a_plane_is_taken_as_plane_strain_and_it_is_said_that_a_study_decides(plate):
    found = as_json("info", plate)
    assert found["kinematics"] == "plane strain"
    assert found["counts"] == {"nodes": 15, "cells": 8, "integration_points": 32}
    assert found["volume"] == pytest.approx(4.0) and found["quality"]["faults"] == []
    assert found["box"] == {"min": [1.0, 0.0, 0.0], "max": [5.0, 1.0, 0.0]}
    tags = {(tag["of"], tag["name"]): tag for tag in found["tags"]}
    assert tags["faces", "load"]["count"] == 2 and tags["nodes", "fixed"]["count"] == 3
    assert tags["nodes", "load"]["box"] == {"min": [5.0, 0.0, 0.0], "max": [5.0, 1.0, 0.0]}
    said = words("info", plate)
    assert "kinematics not stated: all cells are in a plane, taken as plane strain" in said
    assert "1 to 5, 0 to 1, 0" in said


def test_a_mesh_of_solids_says_nothing_of_kinematics(tmp_path):
    (tmp_path / "a.inp").write_text(DECK)
    found = as_json("info", tmp_path / "a.inp")
    assert found["kinematics"] == "solid" and found["volume"] == pytest.approx(1.0 / 3.0)
    assert found["blocks"][0]["cell_type"] == "tet4" and "body" in {tag["name"] for tag in found["tags"]}
    assert "kinematics" not in words("info", tmp_path / "a.inp")


def test_a_mesh_that_is_no_plane_is_refused_for_what_it_lacks_as_a_solid(tmp_path):
    points = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0.5], [0, 1, 0]], dtype=float)
    meshio.write(tmp_path / "shell.vtu", meshio.Mesh(points, [("quad", [[0, 1, 2, 3]])]))
    said = run("info", tmp_path / "shell.vtu", code=2).stderr
    assert "the mesh has no solid cell" in said and "found: 1 quad" in said


def test_a_deck_whose_model_cannot_be_used_still_shows_its_mesh(tmp_path):
    (tmp_path / "a.inp").write_text(DECK + "*STEP\n*FREQUENCY\n10\n*END STEP\n")
    found = as_json("info", tmp_path / "a.inp")
    assert found["counts"]["cells"] == 1 and found["model"] is None and "FREQUENCY" in found["unread"]
    said = words("info", tmp_path / "a.inp")
    assert "note: what the deck says besides its mesh cannot be used" in said and "FREQUENCY" in said


def test_a_tag_of_nothing_has_no_box(tmp_path):
    """A set of a node that no element has."""
    (tmp_path / "a.inp").write_text(DECK.replace("*ELEMENT", "50, 9, 9, 9\n*NSET, NSET=far\n50\n*ELEMENT"))
    far = next(tag for tag in as_json("info", tmp_path / "a.inp")["tags"] if tag["name"] == "far")
    assert far["count"] == 0 and far["box"] is None
    assert re.search(r"far\s*.\s*nodes\s*.\s*0\s*.\s*empty", run("info", tmp_path / "a.inp").stdout)


def test_what_is_no_mesh_is_refused_with_the_suffix(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing")
    assert "suffix '.txt'" in re.sub(r"\s+", " ", run("info", tmp_path / "notes.txt", code=2).stderr)
