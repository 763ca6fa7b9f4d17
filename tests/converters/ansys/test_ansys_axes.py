"""Axes of elements (ESYS) and directional materials of Ansys: closed forms, turned copies of one model, real records.

Stress of an .rst stands along the axes of each element, and so do the directions of its material.
"""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from cdb_files import CUBE, cdb_text
from romlib_converters.ansys import AnsysConverter
from romlib_converters.ansys.cdb import read_cdb
from romlib_converters.ansys.cdb_materials import deck_materials
from romlib_converters.ansys.directional import Property, is_directional
from romlib_converters.ansys.materials import read_materials
from romlib_converters.ansys.rst import RstFile
from romlib_converters.ansys.systems import element_frames
from rst_files import Rst, Set, constant, table
from scipy.spatial.transform import Rotation

from romlib.check import check
from romlib.laws.law import Increment
from romlib.laws.registry import build_law
from romlib.mesh.box import box_mesh
from romlib.model import Orientation
from romlib.snapshots import Snapshots

# EX EY EZ, GXY GYZ GXZ, and the major Poisson's numbers PRXY PRYZ PRXZ; slots of the properties in the file
E = {"EX": 140.0, "EY": 9.0, "EZ": 11.0, "GXY": 5.0, "GYZ": 3.0, "GXZ": 4.0, "PRXY": 0.3, "PRYZ": 0.2, "PRXZ": 0.25}
SLOTS = {"EX": 1, "EY": 2, "EZ": 3, "NUXY": 4, "NUYZ": 5, "NUXZ": 6, "GXY": 7, "GYZ": 8, "GXZ": 9, "ALPX": 10,
         "ALPY": 11, "ALPZ": 12, "PRXY": 28, "PRYZ": 29, "PRXZ": 30, "REFT": 59}
STRETCH = np.array([[1e-3, 2e-4, -1e-4], [2e-4, -3e-4, 4e-4], [-1e-4, 4e-4, 5e-4]])
GLOBAL = np.eye(3)
TURN = Rotation.from_euler("ZXY", [30.0, 20.0, -50.0], degrees=True).as_matrix()


def compliance(e=E):
    """Strain xx, yy, zz, xy, yz, xz (engineering) of stress: the theory reference's matrix with major numbers."""
    s = np.diag([1 / e["EX"], 1 / e["EY"], 1 / e["EZ"], 1 / e["GXY"], 1 / e["GYZ"], 1 / e["GXZ"]])
    s[0, 1] = s[1, 0] = -e["PRXY"] / e["EX"]
    s[0, 2] = s[2, 0] = -e["PRXZ"] / e["EX"]
    s[1, 2] = s[2, 1] = -e["PRYZ"] / e["EY"]
    return s


def local_stress(strain, frame):
    """Stress (6,) along the axes of a frame (columns) of a global strain (3, 3)."""
    own = frame.T @ strain @ frame
    voigt = [*np.diag(own), 2 * own[0, 1], 2 * own[1, 2], 2 * own[0, 2]]
    return np.linalg.solve(compliance(), voigt)


def full(stress):
    a, b, c, ab, bc, ac = stress
    return np.array([[a, ab, ac], [ab, b, bc], [ac, bc, c]])


def angles(frame):
    return Rotation.from_matrix(frame).as_euler("ZXY", degrees=True)


def bar(tmp_path, frames, *, stored=True, systems=None, esys=None, properties=E, motion=GLOBAL, **parts):
    """A bar of SOLID186 under one strain, its elements' axes those of frames; the whole turned by a motion."""
    mesh = box_mesh("hex20", (len(frames), 1, 1), (float(len(frames)), 1.0, 1.0))
    ids, strain = mesh.node_ids + 1, motion @ STRETCH @ motion.T
    points = mesh.points @ motion.T
    elements = [(k + 1, 1, 1, ids[nodes].tolist()) for k, nodes in enumerate(mesh.blocks[0].connectivity)]
    results = {k: {2: np.tile(local_stress(strain, motion @ frame), 8), 9: angles(motion @ frame)}
               for k, frame in enumerate(frames)}
    if not stored:
        results = {k: {2: one[2]} for k, one in results.items()}
    rst = Rst(dict(zip(ids.tolist(), points.tolist(), strict=True)), [(1, 186, {})], elements,
              [Set(1.0, points @ strain, results, extrapolation=0)], systems=systems or {}, esys=esys or {},
              materials={1: {SLOTS[name]: constant(value) for name, value in properties.items()}}, **parts)
    AnsysConverter().convert(rst.write(tmp_path / "bar.rst"), tmp_path / "bar.vtkhdf")
    return Snapshots(tmp_path / "bar.vtkhdf")


def mandel(stress):
    root = np.sqrt(2.0)
    return np.array([*np.diag(stress), root * stress[0, 1], root * stress[0, 2], root * stress[1, 2]])


@pytest.mark.parametrize("motion", [np.eye(3), TURN @ TURN])
@pytest.mark.parametrize("frames", [[np.eye(3)] * 2, [TURN] * 2, [TURN, TURN.T]])
def test_a_bar_of_orthotropic_elements_and_its_turned_copy_pass_the_check(tmp_path, frames, motion):
    """Stress in global axes is that of the law along the axes that the file has for each element."""
    with bar(tmp_path, frames, motion=motion) as ours:
        stress = ours.read("stress", 0, 0).reshape(len(frames), -1, 6)
        for k, frame in enumerate(frames):
            own = full(local_stress(STRETCH, frame))
            assert np.allclose(stress[k], mandel(motion @ frame @ own @ frame.T @ motion.T), rtol=0.0, atol=1e-6 * 0.2)
        one = ours.model.materials["material_1"]
        assert one.law == "orthotropic" and not any(note.does_work for note in ours.model.omissions)
        report = check(ours)
        assert report["stress"].status == "pass" and report["stress"].value < 1e-6, str(report)


def test_axes_of_elements_become_vectors_or_arrays_of_the_cells(tmp_path):
    with bar(tmp_path, [TURN] * 2) as ours:
        one = ours.model.materials["material_1"].orientation
        assert np.allclose([one.first, one.plane], TURN.T[:2], atol=1e-6)
    with bar(tmp_path, [TURN, np.eye(3)]) as ours:
        one = ours.model.materials["material_1"].orientation
        assert one == Orientation.model_validate({"first": {"array": "element_axis_1"},
                                                  "plane": {"array": "element_axis_2"}})
        found = ours.mesh(0).cell_arrays
        assert np.allclose(found["element_axis_1"], [TURN[:, 0], [1, 0, 0]], atol=1e-6)
        assert np.allclose(found["element_axis_2"], [TURN[:, 1], [0, 1, 0]], atol=1e-6)
    with bar(tmp_path, [np.eye(3)]) as ours:
        assert ours.model.materials["material_1"].orientation is None and not ours.mesh(0).cell_arrays


@pytest.mark.parametrize(("kind", "frame"), [
    (0, TURN), (1, lambda r, around: np.column_stack([r, around, np.cross(r, around)])),
    (2, lambda r, around: np.column_stack([r, around, np.cross(r, around)]))])
def test_without_angles_in_the_file_the_local_system_of_esys_holds(tmp_path, kind, frame):
    """Cylindrical and spherical systems give axes at the centre of each element, here in closed form."""
    axes, origin = TURN, np.array([-3.0, -2.0, -1.0])
    centres = np.array([[0.5, 0.5, 0.5], [1.5, 0.5, 0.5]])
    frames = []
    for centre in centres:
        away = centre - origin
        if kind == 2:
            radius = away / np.linalg.norm(away)
        else:
            radius = away - axes[:, 2] * (away @ axes[:, 2])
            radius /= np.linalg.norm(radius)
        around = np.cross(axes[:, 2], radius)
        around /= np.linalg.norm(around)
        frames.append(TURN if kind == 0 else frame(radius, around))
    with bar(tmp_path, frames, stored=False, systems={12: (kind, origin, axes.T, 1.0)}, esys={1: 12, 2: 12}) as ours:
        report = check(ours)
        assert report["stress"].status == "pass" and report["stress"].value < 1e-6, str(report)
        found = ours.mesh(0).cell_arrays
        assert np.allclose(found["element_axis_1"], [one[:, 0] for one in frames], atol=1e-14)


@pytest.mark.parametrize("systems", [
    {}, {12: (1, [0.0, 0.0, 0.0], np.eye(3), 0.5)}, {12: (3, [9.0, 0, 0], np.eye(3), 1.0)}])
def test_axes_that_cannot_be_told_leave_material_and_stress_out_by_name(tmp_path, systems):
    """A system that the file does not have, an ellipse, a torus."""
    with bar(tmp_path, [TURN], stored=False, systems=systems, esys={1: 12}) as ours:
        notes = {note.name: note for note in ours.model.omissions}
        assert "ESYS" in notes["law_material_1"].description and notes["law_material_1"].does_work
        assert "stress" in notes["element_axes"].description and "stress" not in ours.fields
        assert not ours.model.materials


def test_axes_of_an_isotropic_material_are_not_needed(tmp_path):
    with bar(tmp_path, [TURN], stored=False, esys={1: 12}, properties={"EX": 200.0, "NUXY": 0.3}) as ours:
        assert ours.model.materials["material_1"].law == "elastic"
        assert ours.model.materials["material_1"].orientation is None


def test_poissons_numbers_are_major_or_minor(tmp_path):
    """PRXY is the contraction along y under a stress along x; NUXY = PRXY EY / EX."""
    minor = {name: value for name, value in E.items() if name[:2] != "PR"} | {
        "NUXY": 0.3 * 9 / 140, "NUYZ": 0.2 * 11 / 9, "NUXZ": 0.25 * 11 / 140}
    given = []
    for properties in (E, minor, E | minor):
        with bar(tmp_path, [TURN], properties=properties) as ours:
            given.append(dict(ours.model.materials["material_1"].parameters))
    assert given[0] == {"E1": 140.0, "E2": 9.0, "E3": 11.0, "nu12": 0.3, "nu13": 0.25, "nu23": 0.2, "G12": 5.0,
                        "G13": 4.0, "G23": 3.0}
    assert given[1] == pytest.approx(given[0], rel=1e-12) and given[2] == given[0]
    with bar(tmp_path, [TURN], properties=E | minor | {"NUXY": 0.3}) as ours:
        note, = [note for note in ours.model.omissions if note.does_work]
        assert "PRXY and NUXY" in note.description


LINES = [f"MP,{name},7,{value!r}" for name, value in E.items()]
MATRIX = np.linalg.inv(compliance())


def anel(matrix, option, tail=()):
    lower = [matrix[row, column] for column in range(6) for row in range(column, 6)]
    lines = [f"TB,ANEL,7,1,21,{option}", "TBTEMP,0"]
    lines += [f"TBDATA,{k + 1}," + ",".join(f"{value:.12E}" for value in lower[k:k + 6]) for k in range(0, 21, 6)]
    return [*lines, *tail]


def materials(tmp_path, lines, frames=None):
    nodes = {k + 1: point for k, point in enumerate(CUBE)}
    path = tmp_path / "deck.cdb"
    path.write_text(cdb_text(nodes, [(1, 1, 7, list(nodes))], ["ET,1,185"], tail=lines))
    return read_materials(deck_materials(read_cdb(path)), [7], 22.0, frames)


def stress_of(material, strain):
    law, one, zero = build_law(material), mandel(strain)[None], np.zeros((1, 6))
    increment = Increment(zero, one, zero, None, None, 0.0, 1.0, np.zeros(1, int), np.zeros(1, int), np.zeros((1, 3)))
    return law.integrate(increment, law.initial_state(1), False).stress[0]


@pytest.mark.parametrize("lines", [LINES, anel(MATRIX, 0), anel(compliance(), 1)])
def test_a_deck_says_orthotropic_elasticity_by_constants_by_stiffness_or_by_flexibility(tmp_path, lines):
    found, notes = materials(tmp_path, lines)
    assert not notes and found["material_7"].law == "orthotropic"
    assert np.allclose(stress_of(found["material_7"], STRETCH), mandel(full(local_stress(STRETCH, np.eye(3)))),
                       rtol=1e-9)


def test_a_cubic_crystal_is_one(tmp_path):
    lines = [f"MP,{name},7,{value}" for name, value in zip(
        ("EX", "EY", "EZ", "PRXY", "PRYZ", "PRXZ", "GXY", "GYZ", "GXZ"), [127.0] * 3 + [0.37] * 3 + [124.0] * 3)]
    found, notes = materials(tmp_path, lines, {7: TURN[None]})
    assert not notes and found["material_7"].law == "cubic"
    assert found["material_7"].parameters == {"E": 127.0, "nu": 0.37, "G": 124.0}
    assert np.allclose(found["material_7"].orientation.first, TURN[:, 0])
    stiff = np.zeros((6, 6))
    stiff[:3, :3] = 147.3
    np.fill_diagonal(stiff, [246.5] * 3 + [124.7] * 3)
    found, _ = materials(tmp_path, anel(stiff, 0))
    assert found["material_7"].law == "cubic" and found["material_7"].parameters == pytest.approx(
        {"C11": 246.5, "C12": 147.3, "C44": 124.7})


COUPLED = MATRIX + 0.1 * np.eye(6)[[0]].T @ np.eye(6)[[3]] + 0.1 * np.eye(6)[[3]].T @ np.eye(6)[[0]]


@pytest.mark.parametrize(("lines", "word"), [
    (LINES[:-1], "PRXZ or NUXZ is missing"), ([line for line in LINES if "GYZ" not in line], "GYZ is missing"),
    ([*LINES, "MP,NUXY,7,0.3"], "PRXY and NUXY"), ([*LINES, "MP,EY,7,-9"], "not positive"),
    ([*LINES, "TB,BISO,7,1,2", "TBDATA,1,280,500"], "plasticity of an orthotropic"),
    ([*LINES, "MP,ALPX,7,1e-5", "MP,ALPY,7,2e-5"], "ALPX, ALPY"), ([*LINES, "MP,CTEX,7,1e-5"], "CTEX"),
    (anel(COUPLED, 0), "couples shear"), (anel(-MATRIX, 0), "positive definite"),
    ([*LINES, *anel(MATRIX, 0)], "TB,ANEL and also"),
    (anel(MATRIX, 0, ["TBTEMP,100", "TBDATA,1,5"]), "depends on temperature")])
def test_what_is_not_orthotropic_is_left_to_the_study_by_name(tmp_path, lines, word):
    found, (note,) = materials(tmp_path, lines)
    assert not found and note.does_work and word in note.description


def test_a_shear_modulus_that_belongs_to_the_others_is_isotropic(tmp_path):
    found, notes = materials(tmp_path, ["MP,EX,7,200000", "MP,PRXY,7,0.3", "MP,GXY,7,76923"])
    assert not notes and found["material_7"].law == "elastic"


def test_expansion_has_three_coefficients_along_the_axes(tmp_path):
    lines = ["MP,EX,7,200000", "MP,NUXY,7,0.3", "MP,ALPX,7,1e-5", "MP,ALPY,7,2e-5", "MP,ALPZ,7,3e-5", "MP,REFT,7,25"]
    found, notes = materials(tmp_path, lines, {7: TURN[None]})
    one = found["material_7"]
    assert not notes and one.law == "elastic" and one.thermal_expansion.coefficient == (1e-5, 2e-5, 3e-5)
    assert one.thermal_expansion.reference_temperature == 25.0 and one.orientation is not None


def test_tables_in_temperature_give_tables_of_the_law(tmp_path):
    """A minor Poisson's number times a ratio of moduli is a straight line, or is not taken for one."""
    properties = {name: constant(value) for name, value in E.items() if name != "EX" and name[:2] != "PR"}
    tables = {"EX": table([20.0, 100.0], [140.0, 120.0]), "NUXY": constant(0.02), "PRYZ": constant(0.2),
              "PRXZ": constant(0.25)}
    for strange, expected in ((False, "orthotropic"), (True, None)):
        own = properties | tables | ({"EY": table([20.0, 100.0], [9.0, 6.0])} if strange else {})
        mesh = box_mesh("hex20", (1, 1, 1))
        ids = (mesh.node_ids + 1).tolist()
        rst = Rst(dict(zip(ids, mesh.points.tolist(), strict=True)), [(1, 186, {})], [(1, 1, 1, [
            ids[k] for k in mesh.blocks[0].connectivity[0]])], [Set(1.0, mesh.points @ STRETCH)],
            materials={1: {SLOTS[name]: values for name, values in own.items()}}).write(tmp_path / "t.rst")
        AnsysConverter().convert(rst, tmp_path / "t.vtkhdf")
        with Snapshots(tmp_path / "t.vtkhdf") as ours:
            found = ours.model.materials.get("material_1")
            assert (found and found.law) == expected
            if found:
                assert found.parameters["nu12"]["value"] == pytest.approx((0.02 * 140 / 9, 0.02 * 120 / 9))
            else:
                assert any("straight line" in note.description for note in ours.model.omissions)


@pytest.mark.parametrize("lines", [
    ["LOCAL,12,1,-3,-2,-1,30,20,-50"], ["local,12,CYLIN,-3.,-2.,-1.,30.,20.,-50.,1.,1."],
    ["LOCAL,R5.0,LOC,       12,  1, -3.00000000    , -2.00000000    , -1.00000000    ",
     "LOCAL,R5.0,ANG,       12,  1,  30.0000000    ,  20.0000000    , -50.0000000    ",
     "LOCAL,R5.0,PRM,       12,  1,  1.00000000    ,  1.00000000    ", "CSCIR,R5.0,   12, 0, 0", "CSYS,0"]])
def test_the_mesh_of_a_deck_has_the_axes_of_its_elements(tmp_path, lines):
    nodes = {k + 1: point for k, point in enumerate(CUBE)}
    nodes |= dict(enumerate(CUBE + np.array([2.0, 0.0, 0.0]), start=11))
    path = tmp_path / "deck.cdb"
    path.write_text(cdb_text(nodes, [(5, 1, 7, list(range(1, 9))), (6, 1, 7, list(range(11, 19)))], ["ET,1,185"],
                             tail=lines, esys={6: 12}))
    found = AnsysConverter().read_mesh(path).cell_arrays
    away = np.array([5.5, 2.5, 1.5])
    radius = away - TURN[:, 2] * (away @ TURN[:, 2])
    radius /= np.linalg.norm(radius)
    assert np.allclose(found["element_axis_1"], [[1, 0, 0], radius])
    assert np.allclose(found["element_axis_2"], [[0, 1, 0], np.cross(TURN[:, 2], radius)])


@pytest.mark.parametrize("lines", [["CS,12,1,1,2,3"], ["LOCAL,12,1,X0,0,0"], [], ["LOCAL,12,1,0,0,0", "CLOCAL,12,1"]])
def test_a_system_of_a_deck_that_cannot_be_told_gives_no_axes(tmp_path, lines):
    """By nodes, by a parameter, not at all, relative to another one."""
    nodes = {k + 1: point for k, point in enumerate(CUBE)}
    path = tmp_path / "deck.cdb"
    path.write_text(cdb_text(nodes, [(5, 1, 7, list(nodes))], ["ET,1,185"], tail=lines, esys={5: 12}))
    assert not AnsysConverter().read_mesh(path).cell_arrays["element_axis_1"].any()


def test_axes_along_an_edge_are_not_taken_for_the_global_ones(tmp_path):
    """SOLID95 with KEYOPT(1) = 1, SOLID45 with KEYOPT(4) = 1."""
    nodes = {k + 1: point for k, point in enumerate(CUBE)}
    for types, lost in ((["ET,1,45"], False), (["ET,1,45", "KEYOPT,1,4,1"], True)):
        path = tmp_path / "deck.cdb"
        path.write_text(cdb_text(nodes, [(5, 1, 7, list(nodes))], types))
        assert np.isnan(element_frames(read_cdb(path).database, np.array([0]))).all() == lost


@pytest.mark.data
def test_local_systems_of_a_real_file_are_those_of_ansys_own_reader(data_dir):
    """Systems 5 and 6 are cylinders around the global y and x axes, which only axes in rows give."""
    pytest.importorskip("ansys.mapdl.reader")
    path = data_dir / "ansys" / "cyc_stress.rst"
    code = ("import json, sys; from ansys.mapdl.reader import read_binary; r = read_binary(sys.argv[1]); "
            "print(json.dumps([[int(c['reference num']), int(c['type']), c['transformation matrix'].tolist(), "
            "c['origin'].tolist()] for c in r.parse_coordinate_system().values() if c]))")
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    found = RstFile(path).database.systems
    theirs = json.loads(done.stdout.splitlines()[-1])
    assert len(theirs) == len(found) == 6
    for number, kind, rows, origin in theirs:
        assert found[number].kind == kind and found[number].axes.T.tolist() == rows
        assert found[number].origin.tolist() == origin
    assert found[5].axes[:, 2].tolist() == [0, 1, 0] and found[6].axes[:, 2].tolist() == [1, 0, 0]


def test_constants_that_repeat_those_of_x_say_no_direction():
    given = {label: Property((0.0,), (value,)) for labels, value in (
        (("EX", "EY", "EZ"), 2e5), (("PRXY", "PRYZ", "PRXZ"), 0.3), (("GXY", "GYZ", "GXZ"), 2e5 / 2.6))
        for label in labels}
    assert not is_directional(given)
    for label in ("EY", "PRYZ", "GXZ"):
        assert is_directional({**given, label: Property((0.0,), (1.01 * given[label].values[0],))})
