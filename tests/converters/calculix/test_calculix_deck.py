"""Decks: what is read, what is carried by the modes, what works and is lacking, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from calculix_solver import CUBE
from romlib_converters.calculix import CalculixConverter
from romlib_converters.calculix.deck import is_deck, read_deck
from romlib_converters.calculix.elements import SOLIDS
from romlib_converters.calculix.model import ModelBuilder
from romlib_converters.keyword.places import face_of

from romlib.errors import RomlibError, UnsupportedError
from romlib.mesh.box import box_mesh
from romlib.mesh.elements import ELEMENTS
from romlib.mesh.operator import StrainOperator
from romlib.model import UnitSystem

STEP = "*STEP\n*STATIC\n0.5,1.\n*BOUNDARY\nLEFT,1,3\n*END STEP\n"


def build(folder, text):
    path = folder / "deck.inp"
    path.write_text(text)
    deck = read_deck(path)
    return ModelBuilder(deck, np.array([0.0, 1.0])).build(UnitSystem(), [])


def omissions(model):
    return {one.name: one.does_work for one in model.omissions}


@pytest.mark.parametrize("kind", sorted(SOLIDS))
def test_elements_have_positive_volume_and_outward_faces_in_the_solvers_order(tmp_path, kind):
    """The faces of the manual, by their corners: each points away from the element's centre."""
    solid = SOLIDS[kind]
    reference = ELEMENTS[solid.cell_type]
    nodes = "".join(f"{10 * k + 3},{x},{y},{z}\n" for k, (x, y, z) in enumerate(reference.nodes))
    ids = [str(10 * k + 3) for k in range(solid.n_node)]
    lines = ",\n".join(",".join(ids[k:k + 7]) for k in range(0, len(ids), 7))
    faces = len(reference.faces)
    surfaces = "".join(f"*SURFACE,NAME=F{k}\n77,S{k}\n" for k in range(1, faces + 1))
    mesh, _ = build(tmp_path, f"*NODE,NSET=LEFT\n{nodes}*ELEMENT,TYPE={kind},ELSET=E\n77,{lines}\n{surfaces}"
                              f"*MATERIAL,NAME=M\n*ELASTIC\n1.,0.\n*SOLID SECTION,ELSET=E,MATERIAL=M\n{STEP}")
    operator = StrainOperator(mesh)
    assert operator.weights.sum() == pytest.approx({"tet": 1 / 6, "hex": 8.0, "wedge": 1.0}[reference.cell])
    assert len(operator.weights) == {"C3D4": 1, "C3D6": 2, "C3D8": 8, "C3D10": 4, "C3D15": 9, "C3D20": 27,
                                     "C3D20R": 8}[kind]
    assert mesh.blocks[0].temperature_interpolation == ("mean" if kind == "C3D8" else "shape")
    corners = {"hex": "1234 5876 1562 2673 3784 4851", "tet": "123 142 243 341",
               "wedge": "123 456 1254 2365 3146"}[reference.cell].split()
    assert sorted(face_of(solid.cell_type)) == list(range(faces))
    for number, expected in enumerate(corners, 1):
        block, = mesh.face_tags[f"F{number}"].blocks
        own = block.connectivity[0, :len(expected)]
        assert sorted(own) == sorted(int(c) - 1 for c in expected)
        a, b, c = mesh.points[own[:3]]
        assert np.cross(b - a, c - a) @ (mesh.points[own].mean(axis=0) - mesh.points.mean(axis=0)) > 0


@pytest.mark.parametrize(("kind", "said"), [
    ("C3D8I", "C3D8I cannot be reproduced: it has incompatible modes"),
    ("C3D8R", "C3D8R cannot be reproduced: it has one point and hourglass control"),
    ("CPS8", "plane stress"), ("CPE4R", "hourglass"), ("CAX4R", "hourglass"), ("CPEG8", "generalised plane strain"),
    ("CGAX8", "twist"), ("C3D27", "unknown element type")])
def test_elements_that_cannot_be_reproduced_are_refused_with_the_reason(tmp_path, kind, said):
    with pytest.raises(UnsupportedError, match=f"(?s){said}.*line 10"):
        build(tmp_path, CUBE.replace("C3D8", kind) + STEP)


def test_surfaces_that_gmsh_writes_beside_solids_are_refused_with_what_to_give(tmp_path):
    (tmp_path / "a.inp").write_text(CUBE + "*ELEMENT, TYPE=CPS4, ELSET=Surface1\n99, 1, 2, 3, 4\n")
    with pytest.raises(UnsupportedError, match=r"plane stress[\s\S]*solids alone[\s\S]*gmsh writes"):
        CalculixConverter().read_mesh(tmp_path / "a.inp")


def test_elements_that_are_no_solids_work_and_are_counted(tmp_path):
    springs = "*ELEMENT,TYPE=SPRINGA,ELSET=S\n5,1,7\n6,2,8\n*SPRING,ELSET=S\n\n100.\n"
    mesh, model = build(tmp_path, CUBE + springs + STEP)
    assert omissions(model) == {"elements_SPRINGA": True, "spring": True}
    assert model.omissions[0].description.startswith("2 elements SPRINGA")
    assert mesh.n_cell == 1 and len(mesh.cell_tags["S"]) == 0


def test_output_and_numerics_are_ignored_and_other_cards_are_named_by_line(tmp_path):
    quiet = "*NODE FILE\nU\n*EL FILE\nS\n*CONTROLS,PARAMETERS=FIELD\n1e-6\n*EL PRINT,ELSET=EALL\nS\n*NODE OUTPUT\nU\n"
    _, model = build(tmp_path, CUBE + STEP.replace("*BOUNDARY", f"{quiet}*BOUNDARY"))
    assert model.omissions == ()
    _, model = build(tmp_path, CUBE + "*CONTACT PAIR,INTERACTION=I\nA,B\n*WARP DRIVE\n1\n" + STEP)
    assert omissions(model) == {"contact_pair": True, "warp_drive": False}  # CalculiX ignores what it does not know
    assert "*CONTACT PAIR (line 22 of deck.inp)" in model.omissions[0].description


def test_finite_strain_is_noted(tmp_path):
    _, model = build(tmp_path, CUBE + STEP + STEP.replace("*STEP", "*STEP, NLGEOM"))
    assert omissions(model) == {"nlgeom": True}
    assert "line 28 of deck.inp" in model.omissions[0].description
    assert build(tmp_path, CUBE + STEP.replace("*STEP", "*STEP, NLGEOM=NO"))[1].omissions == ()


def test_equations_are_carried_by_the_modes(tmp_path):
    mesh, model = build(tmp_path, CUBE + "*EQUATION\n2\n5,3,1.,6,3,-1.\n3\n5,1,1.,7,1,-1.0E+00\n6,2,1.\n" + STEP)
    found = {(name, tuple(mesh.node_ids[mesh.node_tags[one.nodes]]), one.components)
             for name, one in model.constraints.items() if one.kind == "linear"}
    assert found == {("equation_xz", (5,), ("x", "z")), ("equation_yz", (6,), ("y", "z")),
                     ("equation_x", (7,), ("x",))}
    assert omissions(model) == {"equation": False}


def test_multi_point_constraints_are_linear_where_they_are_known(tmp_path):
    mesh, model = build(tmp_path, CUBE + "*MPC\nPLANE,5,6,7,8\n" + STEP)
    linear, = (one for one in model.constraints.values() if one.kind == "linear")
    assert list(mesh.node_ids[mesh.node_tags[linear.nodes]]) == [5, 6, 7, 8] and omissions(model) == {
        "mpc": False, "nlgeom": True}  # CalculiX turns finite strain on
    _, model = build(tmp_path, CUBE + "*MPC\nMEANROT,5,6,7,8\n" + STEP)
    assert omissions(model) == {"mpc": True} and "MEANROT" in model.omissions[0].description


def test_an_equation_with_a_prescribed_term_works(tmp_path):
    moved = STEP.replace("LEFT,1,3", "LEFT,1,3\n6,3,3,0.1")
    _, model = build(tmp_path, CUBE + "*EQUATION\n2\n5,3,1.,6,3,-1.\n" + moved)
    assert omissions(model) == {"equation": True}


def test_a_loaded_reference_node_outside_of_the_solids_works(tmp_path):
    text = CUBE.replace("8,0,1,1\n", "8,0,1,1\n99,5,5,5\n") + "*RIGID BODY,NSET=TOP,REF NODE=99\n"
    _, model = build(tmp_path, text + STEP)
    assert omissions(model) == {"rigid_body": False}
    mesh, model = build(tmp_path, text + STEP.replace("*END", "*CLOAD\n99,1,5.\n*END"))
    assert omissions(model) == {"cload_elsewhere": True, "rigid_body": True}
    assert [sorted(mesh.node_ids[mesh.node_tags[one.nodes]]) for one in model.constraints.values()
            if one.kind == "linear"] == [[5, 6, 7, 8]]


def test_a_local_system_makes_a_zero_constraint_linear_and_refuses_another(tmp_path):
    turn = "*TRANSFORM,NSET=TOP,TYPE=R\n1,1,0,-1,1,0\n"
    mesh, model = build(tmp_path, CUBE + turn + STEP.replace("LEFT,1,3", "1,1,3\n5,1\n6,1"))
    linear = [one for one in model.constraints.values() if one.kind == "linear"]
    assert [(list(mesh.node_ids[mesh.node_tags[one.nodes]]), one.components) for one in linear] == [
        ([5, 6], ("x", "y", "z"))]
    fixed = [one for one in model.constraints.values() if one.kind == "fixed"]
    assert [list(mesh.node_ids[mesh.node_tags[one.nodes]]) for one in fixed] == [[1]]
    with pytest.raises(UnsupportedError, match=r"(?s)local system.*node 5"):
        build(tmp_path, CUBE + turn + STEP.replace("LEFT,1,3", "5,1,1,0.1"))


TEMPERATURE = "*INITIAL CONDITIONS,TYPE=TEMPERATURE\nNALL,20.\n"
HEATED = STEP.replace("*END", "*TEMPERATURE\nTOP,500.\n*END")


def hex20(expansion="*EXPANSION\n1e-5\n"):
    mesh = box_mesh("hex20", (1, 1, 1))
    nodes = "".join(f"{k + 1},{x},{y},{z}\n" for k, (x, y, z) in enumerate(mesh.points))
    element = ",".join(str(k + 1) for k in mesh.blocks[0].connectivity[0])
    return (f"*NODE,NSET=NALL\n{nodes}*ELEMENT,TYPE=C3D20R,ELSET=EALL\n1,{element}\n*NSET,NSET=TOP\n1,2\n"
            f"*NSET,NSET=LEFT\n1,2,3\n*MATERIAL,NAME=M\n*ELASTIC\n1.,0.\n{expansion}"
            "*SOLID SECTION,ELSET=EALL,MATERIAL=M\n")


def test_a_temperature_that_varies_in_space_is_refused_in_twenty_node_elements_where_it_acts(tmp_path):
    with pytest.raises(UnsupportedError, match=r"(?s)C3D20R.*table of its own"):
        build(tmp_path, hex20() + TEMPERATURE + HEATED)
    build(tmp_path, hex20() + TEMPERATURE + HEATED.replace("TOP", "NALL"))
    build(tmp_path, hex20(expansion="") + TEMPERATURE + HEATED)
    again = HEATED.replace("*TEMPERATURE\nTOP", "*TEMPERATURE,AMPLITUDE=A\nNALL")  # uniform, but for what a step keeps
    with pytest.raises(UnsupportedError, match=r"(?s)varies in space.*to do: step 2 .*\*TEMPERATURE.*not at node 2.*in "
                                               "each step"):
        build(tmp_path, hex20() + "*AMPLITUDE,NAME=A\n0.,0.,1.,2.\n" + TEMPERATURE + again + STEP)
    build(tmp_path, hex20() + "*AMPLITUDE,NAME=A\n0.,0.,1.,2.\n" + TEMPERATURE + again + again)
    build(tmp_path, CUBE.replace("*DENSITY", "*EXPANSION\n1e-5\n*DENSITY") + TEMPERATURE + HEATED)


def test_a_uniform_temperature_is_one_load_whose_amplitude_is_the_temperature(tmp_path):
    _, model = build(tmp_path, CUBE + TEMPERATURE + HEATED.replace("TOP", "NALL"))
    assert model.amplitudes["temperature_uniform"].value == (20.0, 500.0) and model.initial_temperature == 20.0


@pytest.mark.parametrize(("old", "new", "error", "said"), [
    ("*STEP", "*STEP,PERTURBATION", UnsupportedError, "perturbation"),
    ("*STEP", "*RESTART,READ\n*STEP", UnsupportedError, "another one"),
    ("*NODE,", "*PART,NAME=P\n*NODE,", UnsupportedError, "parts"),
])
def test_contradictions_are_refused_with_their_place(tmp_path, old, new, error, said):
    assert old in CUBE + STEP
    with pytest.raises(error, match=f"(?s){said}"):
        build(tmp_path, (CUBE + STEP).replace(old, new, 1))


def test_a_load_that_is_not_read_works(tmp_path):
    _, model = build(tmp_path, CUBE + STEP.replace("*BOUNDARY", "*DLOAD\nEALL,P1NU,1.\nEALL,BX,1.\n*BOUNDARY"))
    assert omissions(model) == {"dload_1nu": True, "dload_bx": True}


def test_decks_are_told_from_other_files(tmp_path):
    for text, expected in ((CUBE, True), ("** x\n*Heading\n", True), ("****calcul\n***mesh\n", False), ("", False),
                           ("/COM,ANSYS\n*SET,A,1\n", False), ("\n\n  *Node\n", True),
                           ("****simulate\n  ***test 1.\n    *time 1.\n****return\n", False)):
        (tmp_path / "a.inp").write_text(text)
        assert is_deck(tmp_path / "a.inp") is expected
        assert CalculixConverter().can_read(tmp_path / "a.inp") is expected


def test_the_history_of_a_deck_that_never_ran_is_a_case(tmp_path):
    table = "*AMPLITUDE,NAME=A,TIME=TOTAL TIME\n0,0,2,4\n"
    step = STEP.replace("LEFT,1,3", "LEFT,1,3").replace("*END", "*CLOAD,AMPLITUDE=A\nTOP,3,2.\n*END")
    (tmp_path / "a.inp").write_text(CUBE + table + step.replace("*STATIC", "*STATIC,DIRECT") + step)
    case = CalculixConverter().read_case(tmp_path / "a.inp")
    assert case.times.values == (0.0, 0.5, 1.0, 1.5, 2.0)
    assert case.amplitudes["A"].model_dump(include={"time", "value"}) == {"time": (0.0, 2.0), "value": (0.0, 8.0)}
    assert "increments" in case.description
    with pytest.raises(RomlibError, match="read from a deck"):
        CalculixConverter().read_case(tmp_path / "a.frd")


def test_included_files_belong_to_the_deck(tmp_path):
    head, tail = (CUBE + STEP).split("*ELEMENT", 1)
    (tmp_path / "nodes.inc").write_text(head.split("\n", 1)[1])
    (tmp_path / "deck.inp").write_text(f"*NODE,NSET=NALL\n*INCLUDE,INPUT=nodes.inc\n*ELEMENT{tail}")
    deck = read_deck(tmp_path / "deck.inp")
    assert [file.name for file in deck.files] == ["deck.inp", "nodes.inc"]
    assert deck.places.mesh.n_node == 8
