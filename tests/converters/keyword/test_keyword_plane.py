"""Elements in two dimensions in decks of both solvers: kinematics, thickness, edges, and what leaves the plane."""

from __future__ import annotations

import numpy as np
import pytest
from keyword_decks import CONVERTERS, MATERIAL, both, notes, read, step
from romlib_converters.keyword.places import Places, face_of
from romlib_converters.keyword.plane import PLANE, kinematics_of

from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.mesh.elements import element
from romlib.mesh.operator import StrainOperator
from romlib.mesh.rectangle import rectangle_mesh

# Two squares in a row, from x = 1 to x = 3.
NODES = "*NODE, NSET=NALL\n1, 1., 0.\n2, 2., 0.\n3, 2., 1.\n4, 1., 1.\n5, 3., 0.\n6, 3., 1.\n"
SETS = ("*NSET, NSET=FOOT\n1, 2, 5\n*NSET, NSET=TIP\n5, 6\n*ELSET, ELSET=FIRST\n1\n*ELSET, ELSET=LAST\n2\n"
        "*SURFACE, NAME=INSIDE\nFIRST, S4\n*SURFACE, NAME=OUTSIDE\nLAST, S2\n")


def squares(kind="CPE4", thickness="", nodes=NODES):
    return (f"{nodes}*ELEMENT, TYPE={kind}, ELSET=EALL\n1, 1, 2, 3, 4\n2, 2, 5, 6, 3\n{SETS}{MATERIAL}"
            f"*SOLID SECTION, ELSET=EALL, MATERIAL=STEEL\n{thickness}\n*BOUNDARY\nFOOT, 2\n")


@pytest.mark.parametrize("cell_type", ["tri3", "tri6", "quad4", "quad8"])
def test_edges_are_numbered_from_the_first_node_on(cell_type):
    mesh = rectangle_mesh(cell_type, (2, 1))
    faces, places = element(cell_type).faces, Places(mesh)
    n = element(cell_type).n_corner
    assert [set(faces[k][1][:2]) for k in face_of(cell_type)] == [{k, (k + 1) % n} for k in range(n)]
    keys = places.face_keys(np.array([[2, 1], [1, n]]))
    block, = places.face_set(keys, {"number": np.array([1.0, float(n)])}).blocks
    first, last = mesh.blocks[0].connectivity[1], mesh.blocks[0].connectivity[0]
    assert block.connectivity[:, :2].tolist() == [[first[0], first[1]], [last[n - 1], last[0]]]


def test_the_names_of_elements_say_the_kinematics():
    assert {kinematics_of(kind) for kind in PLANE if kind.startswith("CPE")} == {"plane strain"}
    assert {kinematics_of(kind) for kind in PLANE if kind.startswith("CAX")} == {"axisymmetric"}
    assert kinematics_of("C3D8") == "solid"


@both
@pytest.mark.parametrize(("kind", "thickness", "volume"), [
    ("CPE4", "", 2.0), ("CPE4", "0.25", 0.5), ("CAX4", "0.25", np.pi * (3.0**2 - 1.0))])
def test_a_body_is_as_thick_as_its_section_or_goes_all_round(solver, kind, thickness, volume, tmp_path):
    found = read(solver, tmp_path, squares(kind, thickness) + step("*DLOAD\nLAST, P2, 3.\n"))
    assert found.mesh.dimension == 2 and found.mesh.points.shape == (6, 2)
    assert StrainOperator(found.mesh).weights.sum() == pytest.approx(volume)
    assert not notes(found)
    tag, = (load.faces for load in found.model.loads.values())
    edge, = found.mesh.face_tags[tag].blocks
    assert found.mesh.node_ids[edge.connectivity].tolist() == [[5, 6]]
    mesh = CONVERTERS[solver]().read_mesh(tmp_path / "job.inp")
    assert (mesh.kinematics, mesh.thickness) == (found.mesh.kinematics, found.mesh.thickness)


@both
@pytest.mark.parametrize(("text", "error", "why"), [
    (squares().replace("*NSET, NSET=FOOT", "*ELEMENT, TYPE=CAX4\n3, 1, 2, 3, 4\n*NSET, NSET=FOOT"), UnsupportedError,
     "different models"),
    (squares(nodes=NODES.replace("6, 3., 1.", "6, 3., 1., 0.5")), FileFormatError, "a plane of constant z"),
    (squares(thickness="0."), FileFormatError, "not positive"),
    (squares().replace("*BOUNDARY", "*SOLID SECTION, ELSET=LAST, MATERIAL=STEEL\n2.\n*BOUNDARY"), UnsupportedError,
     "several thicknesses"),
    (squares().replace("*SOLID SECTION,", "*SOLID SECTION, NODAL THICKNESS,"), UnsupportedError, "from node to node")])
def test_what_is_no_model_of_one_plane_and_thickness_is_refused_with_its_place(solver, text, error, why, tmp_path):
    with pytest.raises(error, match=why) as caught:
        read(solver, tmp_path, text + step())
    assert caught.value.file and caught.value.place


@both
def test_what_is_held_across_the_plane_says_nothing_and_what_acts_there_is_not_read(solver, tmp_path):
    found = read(solver, tmp_path, squares() + "*BOUNDARY\nTIP, 3\n" + step(
        "*CLOAD\nTIP, 3, 2.\nTIP, 1, 5.\n*BOUNDARY\n4, 3, 3, 0.1\n"))
    assert sorted(notes(found)) == ["boundary_across", "cload_across"]
    assert "2 nodes" in notes(found)["cload_across"] and "1 node " in notes(found)["boundary_across"]
    assert all(one.does_work for one in found.model.omissions)
    assert {name: one.components for name, one in found.model.constraints.items()} == {"FOOT_y": ("y",)}
    force, = found.model.loads.values()
    assert force.direction == (1.0, 0.0, 0.0)


@both
@pytest.mark.parametrize(("kind", "load", "expected"), [
    ("CPE4", "EALL, GRAV, 9.81, 0., 1., 1.", "a direction in the plane"),
    ("CPE4", "EALL, CENTRIF, 9., 0., 0., 0., 0., 1., 1.", "an axis along z"),
    ("CAX4", "EALL, GRAV, 9.81, 1., 1., 0.", "a direction along y"),
    ("CAX4", "EALL, CENTRIF, 9., 0., 0., 1., 0., 1., 0.", "the axis x = 0"),
    ("CAX4", "EALL, CENTRIF, 9., 0., 0., 0., 0., 0., 1.", "the axis x = 0")])
def test_body_loads_that_leave_the_model_are_refused_by_line(solver, kind, load, expected, tmp_path):
    with pytest.raises(UnsupportedError, match="a body load that") as caught:
        read(solver, tmp_path, squares(kind) + step(f"*DLOAD\n{load}\n"))
    assert expected in caught.value.expected and "line" in caught.value.place


@both
def test_a_study_that_says_another_model_or_thickness_is_refused(solver, tmp_path):
    path = tmp_path / "job.inp"
    path.write_text(squares("CPE4", "0.25"))
    reader = CONVERTERS[solver]()
    assert reader.read_mesh(path, kinematics="plane strain", thickness=0.25).thickness == 0.25
    for wrong in ({"kinematics": "axisymmetric"}, {"kinematics": "plane strain", "thickness": 2.0}):
        with pytest.raises(InputError, match=r"another (model|thickness)"):
            reader.read_mesh(path, **wrong)
