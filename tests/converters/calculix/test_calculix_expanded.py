"""Plane strain and axisymmetric decks run by CalculiX itself: what it makes of their elements is undone.

Equilibrium of the forces, or of the stress, that CalculiX wrote with the loads that the converter read is the test of
elements, rules, points and of what the cards mean.
"""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest
from calculix_ccx import TABLES, names, solved, step
from romlib_converters.calculix import CalculixConverter
from romlib_converters.calculix.expanded import Expansion

import romlib
from romlib.check import check
from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.mesh.elements import element
from romlib.mesh.interpolation import interpolation
from romlib.mesh.rectangle import rectangle_mesh
from romlib.parallel.comm import serial
from romlib.report.compare import compare
from romlib.report.plots import plot
from romlib.snapshots.reader import Snapshots
from romlib.study import Study

needs_ccx = pytest.mark.skipif(shutil.which("ccx") is None, reason="no ccx on the PATH (Debian: calculix-ccx)")

CELLS = {"3": "tri3", "4": "quad4", "6": "tri6", "8": "quad8", "8R": "quad8"}
KINDS = [f"{family}{rest}" for family in ("CPE", "CAX") for rest in CELLS]
PLASTIC = ("*MATERIAL,NAME=M\n*ELASTIC\n200000.,0.3\n*PLASTIC\n240.,0.\n2240.,1.\n*DENSITY\n7.8e-9\n"
           "*SOLID SECTION,ELSET=EALL,MATERIAL=M\n{}\n")
LINEAR = ("CAX3", "CAX4")


def bent(points):
    return np.column_stack([points[:, 0] + 0.03 * points[:, 1]**1.5, points[:, 1] + 0.04 * points[:, 0] * points[:, 1]])


def plate(kind, mapped=bent, divisions=(4, 3)):
    """A bent rectangle from radius 4 on; node sets FOOT, TOP, LEFT, and E1; elements numbered backwards."""
    mesh = rectangle_mesh(CELLS[kind[3:]], divisions, (6.0, 5.0), (4.0, 0.0), mapped=mapped)
    lines = ["*NODE,NSET=NALL", *(f"{k},{x!r},{y!r}" for k, (x, y) in enumerate(mesh.points.tolist(), 1)),
             f"*ELEMENT,TYPE={kind},ELSET=EALL"]
    nodes = mesh.blocks[0].connectivity + 1
    lines += [",".join(map(str, (number, *row))) for number, row in zip(range(len(nodes), 0, -1), nodes)]
    for tag, name in (("ymin", "FOOT"), ("ymax", "TOP"), ("xmin", "LEFT")):
        lines += [f"*NSET,NSET={name}", *(f"{k + 1}," for k in mesh.node_tags[tag])]
    side = {frozenset(face[:2] + 1) for block in mesh.face_tags["xmin"].blocks for face in block.connectivity}
    lines += ["*ELSET,ELSET=E1", "1", "*SURFACE,NAME=INSIDE", *(
        f"{number},S{k}" for number, row in zip(range(len(nodes), 0, -1), nodes)
        for k, (_, face) in enumerate(element(CELLS[kind[3:]]).faces, 1) if frozenset(row[list(face[:2])]) in side)]
    return "\n".join([*lines, ""])


def closes(snapshots, kind, force=1e-8):
    """What the check has to show: in plane strain the last digits; of a wedge what `expanded` says."""
    report = check(snapshots)
    assert report.passed, [(item.name, item.value, item.detail) for item in report.failed]
    assert report["constraints"].value <= 1e-12
    if kind.startswith("CPE"):
        assert report["internal_force"].value <= 1e-12 and report["equilibrium"].value <= force
        assert report["stress"].value <= 5e-7 and report["strain"].value <= 5e-7  # printed in seven digits
    elif kind in LINEAR:
        assert report["stress"].value <= 3e-4 and report["strain"].value <= 3e-4
    else:
        assert report["stress"].value <= 3e-6 and report["strain"].value <= 1e-6
    return report


@needs_ccx
@pytest.mark.parametrize("kind", KINDS)
def test_a_plastic_body_with_all_kinds_of_loads_is_reproduced(kind, tmp_path):
    """Pressure on a surface, forces on nodes, a moved edge, gravity and rotation, with a thickness."""
    plane = kind.startswith("CPE")
    axis = "1.,-2.,0.,0.,0.,1." if plane else "0.,1.,0.,0.,1.,0."
    gravity = "0.6,-0.8,0." if plane else "0.,-1.,0."
    foot = "FOOT,1,3" if plane else "FOOT,2,3"
    loads = (f"*DLOAD,AMPLITUDE=B\nINSIDE,P,60.\nEALL,CENTRIF,3e7,{axis}\nE1,GRAV,1e9,{gravity}\n"
             "*CLOAD\n5,1,40.\n5,2,-30.\n*BOUNDARY\nTOP,2,2,0.02\n")
    text = plate(kind) + TABLES + PLASTIC.format("0.7" if plane else "") + f"*BOUNDARY\n{foot}\n"
    with solved(tmp_path, text + step(loads).replace("S,E", "S,E,PEEQ")) as snapshots:
        mesh = snapshots.mesh(0)
        assert mesh.kinematics == ("plane strain" if plane else "axisymmetric")
        assert mesh.thickness == (0.7 if plane else 1.0)
        assert ("internal_force" in snapshots.fields) == plane
        report = closes(snapshots, kind)
        assert snapshots.read("p", 0).max() > 1e-3
        if not plane:  # of the stress that CalculiX printed; its rule of edges is coarser where these are curved
            assert report["equilibrium"].value <= {"CAX8": 1e-6}.get(kind, 5e-5)
        assert ("wedges" in dict(names(snapshots))) == (kind in LINEAR)


@needs_ccx
@pytest.mark.parametrize("kind", ["CPE3", "CPE4", "CPE6", "CAX3", "CAX4", "CAX6"])
def test_a_temperature_that_varies_is_reproduced_in_elements_without_a_table_of_their_own(kind, tmp_path):
    hot = ("*MATERIAL,NAME=M\n*ELASTIC\n200000.,0.3,0.\n100000.,0.25,1000.\n*EXPANSION,ZERO=20.\n1.e-5,0.\n"
           "2.e-5,1000.\n*PLASTIC\n240.,0.\n2240.,1.\n*SOLID SECTION,ELSET=EALL,MATERIAL=M\n")
    held = "FOOT,1,2" if kind.startswith("CPE") else "FOOT,2"
    text = plate(kind) + hot + f"*INITIAL CONDITIONS,TYPE=TEMPERATURE\nNALL,20.\n*BOUNDARY\n{held}\n"
    with solved(tmp_path, text + step("*TEMPERATURE\nTOP,300.\nLEFT,150.\n")) as snapshots:
        closes(snapshots, kind)


@needs_ccx
def test_a_temperature_that_varies_over_elements_of_eight_nodes_is_refused(tmp_path):
    material = PLASTIC.format("").replace("*PLASTIC", "*EXPANSION\n1.e-5\n*PLASTIC")
    text = plate("CPE8") + material + "*INITIAL CONDITIONS,TYPE=TEMPERATURE\nNALL,20.\n*BOUNDARY\nFOOT,1,2\n"
    with pytest.raises(UnsupportedError, match="a table of its own"):
        solved(tmp_path, text + step("*TEMPERATURE\nTOP,300.\n"))


@needs_ccx
@pytest.mark.parametrize("kind", ["CPE4", "CPE8R"])
def test_axes_of_an_orientation_in_the_plane_and_what_is_printed_along_them(kind, tmp_path):
    material = ("*ORIENTATION,NAME=TURNED\n0.8,0.6,0.,-0.6,0.8,0.\n*MATERIAL,NAME=M\n"
                "*ELASTIC,TYPE=ENGINEERING CONSTANTS\n"
                "200000.,100000.,150000.,0.3,0.2,0.25,70000.,60000.,\n50000.\n"
                "*SOLID SECTION,ELSET=EALL,MATERIAL=M,ORIENTATION=TURNED\n2.\n")
    text = plate(kind) + material + "*BOUNDARY\nFOOT,1,2\n"
    with solved(tmp_path, text + step("*CLOAD\nTOP,1,40.\nTOP,2,-30.\n", times="1.,1.")) as snapshots:
        closes(snapshots, kind)


@needs_ccx
def test_equations_in_the_plane_are_relations_and_others_are_refused(tmp_path):
    tied = "*EQUATION\n2\n16,2,1.,18,2,-1.\n"
    text = plate("CPE4") + PLASTIC.format("") + tied + "*BOUNDARY\nFOOT,1,2\n"
    with solved(tmp_path, text + step("*CLOAD\n20,2,200.\n")) as snapshots:
        assert snapshots.model.constraints["equation_y"].kind == "linear"
        closes(snapshots, "CPE4")
    for wrong, why in ((tied.replace("16,2,1.", "16,3,1."), "across the plane"),
                       ("*TRANSFORM,NSET=TOP\n1.,1.,0.,-1.,1.,0.\n", "TRANSFORM in a plane strain")):
        (tmp_path / "job.inp").write_text(text.replace(tied, wrong) + step("*CLOAD\n20,2,200.\n"))
        with pytest.raises(UnsupportedError, match=why):
            CalculixConverter().convert(tmp_path / "job.inp", tmp_path / "other.vtkhdf")


@needs_ccx
@pytest.mark.parametrize("kind", ["CPE8R", "CAX8"])
def test_a_rom_of_plane_runs_of_the_solver_meets_a_run_that_it_has_not_seen_and_draws_it(kind, tmp_path):
    """From decks to a picture: three runs, of which two train the ROM, by its decks' own loads and constraints."""
    plane = kind.startswith("CPE")
    ramp = "*AMPLITUDE,NAME=RISE,TIME=TOTAL TIME\n0.,0.,1.,1.\n"
    text = plate(kind) + ramp + PLASTIC.format("0.7") + f"*BOUNDARY\n{'FOOT,1,2' if plane else 'FOOT,2'}\n"
    for name, (pressure, moved) in {"low": (40.0, 0.014), "high": (90.0, 0.022), "middle": (60.0, 0.018)}.items():
        (tmp_path / name).mkdir()
        loads = f"*DLOAD,AMPLITUDE=RISE\nINSIDE,P,{pressure}\n*BOUNDARY,AMPLITUDE=RISE\nTOP,2,2,{moved}\n"
        solved(tmp_path / name, text + step(loads, times="0.1,1.").replace("S,E", "S,E,PEEQ")).close()
        (tmp_path / name / "job.vtkhdf").rename(tmp_path / f"{name}.vtkhdf")
    (tmp_path / "study.toml").write_text(
        '[study]\nname = "plate"\n[[training]]\nsnapshots = "low.vtkhdf"\n[[training]]\nsnapshots = "high.vtkhdf"\n'
        '[offline]\ndual_fields = ["stress", "p"]\n')
    with romlib.train(Study.read(tmp_path / "study.toml"), serial()) as trained:
        trained.write(tmp_path / "plate.rom")
    with Snapshots(tmp_path / "middle.vtkhdf") as expected:
        amplitudes, times = expected.model.amplitudes, [0.0, *expected.times]
        romlib.load(tmp_path / "plate.rom").solve(times=times, amplitudes=amplitudes).write(tmp_path / "rom.vtkhdf")
        with Snapshots(tmp_path / "rom.vtkhdf") as found:
            errors = compare(found, expected).fields
    assert errors["displacement"].relative < 5e-3 and errors["stress"].relative < 2e-2 and errors["p"].relative < 3e-2
    plot(tmp_path / "rom.vtkhdf", "p", tmp_path / "p.png", against=tmp_path / "middle.vtkhdf")
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


@needs_ccx
def test_results_at_the_nodes_of_the_solids_are_refused_with_what_to_write(tmp_path):
    text = plate("CAX8") + PLASTIC.format("") + "*BOUNDARY\nFOOT,2\n"
    with pytest.raises(UnsupportedError, match="nodes of the solids") as caught:
        solved(tmp_path, text + step("*CLOAD\n5,1,40.\n", output="*NODE FILE,OUTPUT=3D"))
    assert "OUTPUT=2D" in caught.value.remedy


@needs_ccx
def test_without_its_deck_a_plane_model_is_read_as_the_user_says(tmp_path):
    text = plate("CPE8R") + PLASTIC.format("0.7") + "*BOUNDARY\nFOOT,1,2\n"
    with solved(tmp_path, text + step("*CLOAD\n5,1,40.\n")) as snapshots:
        force = snapshots.read("internal_force", 0)
    (tmp_path / "job.frd").rename(tmp_path / "bare.frd")
    bare, target = tmp_path / "bare.frd", tmp_path / "bare.vtkhdf"
    with pytest.raises(InputError, match="which elements the qu8 are"):
        CalculixConverter().convert(bare, target)
    with pytest.raises(UnsupportedError, match="plane stress"):
        CalculixConverter().convert(bare, target, options={"elements": {"qu8": "CPS8"}})
    with pytest.raises(InputError, match="thickness"):
        CalculixConverter().convert(bare, target, options={"elements": {"qu8": "CAX8R"}, "thickness": 2.0})
    CalculixConverter().convert(bare, target, options={"elements": {"qu8": "CPE8R"}, "thickness": 0.7})
    with Snapshots(target) as snapshots:
        assert snapshots.mesh(0).thickness == 0.7 and snapshots.mesh(0).blocks[0].quadrature == "quad_gauss_4"
        assert np.array_equal(snapshots.read("internal_force", 0), force)


@pytest.mark.parametrize(("kind", "cards", "error", "why"), [
    ("CPE8", "*ELEMENT,TYPE=CAX8,ELSET=EALL\n99,1,2,3,4,5,6,7,8\n", UnsupportedError, "different models"),
    ("CPE8", "*NODE\n1,0.,0.,3.\n", FileFormatError, "a plane of constant z"),
    ("CPE8", "*ELSET,ELSET=E2\n2\n*SOLID SECTION,ELSET=E2,MATERIAL=M\n2.\n", UnsupportedError, "several thicknesses"),
    ("CPE8", "*ELSET,ELSET=E2\n2\n*SOLID SECTION,ELSET=E2,MATERIAL=M\n-2.\n", FileFormatError, "not positive")])
def test_decks_that_are_no_plane_model_are_refused_by_line(kind, cards, error, why, tmp_path):
    text = plate(kind) + PLASTIC.format("1.") + cards + "*BOUNDARY\nFOOT,1,2\n" + step("*CLOAD\n5,1,40.\n")
    (tmp_path / "job.inp").write_text(text)
    with pytest.raises(error, match=why) as caught:
        CalculixConverter().read_deck(tmp_path / "job.inp")
    assert caught.value.file and caught.value.place


@pytest.mark.parametrize(("kind", "load", "why"), [
    ("CPE8", "*DLOAD\nEALL,GRAV,9.81,0.,1.,1.\n", "a direction in the plane"),
    ("CPE8", "*DLOAD\nEALL,CENTRIF,9.,0.,0.,0.,0.,1.,0.\n", "an axis along z"),
    ("CAX8", "*DLOAD\nEALL,GRAV,9.81,1.,0.,0.\n", "along y, the axis"),
    ("CAX8", "*DLOAD\nEALL,CENTRIF,9.,1.,0.,0.,0.,1.,0.\n", "the axis x = 0")])
def test_body_loads_that_leave_the_model_are_refused_by_line(kind, load, why, tmp_path):
    held = "FOOT,1,2" if kind == "CPE8" else "FOOT,2"
    (tmp_path / "job.inp").write_text(plate(kind) + PLASTIC.format("") + f"*BOUNDARY\n{held}\n" + step(load))
    with pytest.raises(UnsupportedError, match="a body load that") as caught:
        CalculixConverter().read_deck(tmp_path / "job.inp")
    assert why in caught.value.expected and "line" in caught.value.place


def test_what_acts_across_the_plane_is_an_omission_that_works_and_what_is_held_there_is_none(tmp_path):
    (tmp_path / "job.inp").write_text(plate("CPE8") + PLASTIC.format("") + "*BOUNDARY\nFOOT,1,3\n" + step(
        "*CLOAD\n5,3,40.\n*BOUNDARY\nTOP,3,3,0.1\n"))
    model = CalculixConverter().read_deck(tmp_path / "job.inp").model
    assert [(one.name, one.does_work) for one in model.omissions] == [("cload_across", True), ("boundary_across", True)]
    assert {name: one.components for name, one in model.constraints.items()} == {"FOOT_xy": ("x", "y")}


def test_a_study_may_say_what_the_elements_say_and_nothing_else(tmp_path):
    path = tmp_path / "job.inp"
    path.write_text(plate("CPE8R") + PLASTIC.format("0.7"))
    reader = CalculixConverter()
    for said in ({}, {"kinematics": "plane strain"}, {"kinematics": "plane strain", "thickness": 0.7}):
        mesh = reader.read_mesh(path, **said)
        assert (mesh.kinematics, mesh.thickness, mesh.dimension) == ("plane strain", 0.7, 2)
        assert mesh.face_tags["INSIDE"].n_face == 3 and "skin" in mesh.face_tags
    for wrong, place in (({"kinematics": "axisymmetric"}, "kinematics"),
                         ({"kinematics": "plane strain", "thickness": 2.0}, "thickness")):
        with pytest.raises(InputError) as caught:
            reader.read_mesh(path, **wrong)
        assert caught.value.place == place


@needs_ccx
def test_a_thermal_result_of_plane_elements_is_a_temperature_of_another_mesh_too(tmp_path):
    heat = ("*MATERIAL,NAME=M\n*CONDUCTIVITY\n50.\n*SOLID SECTION,ELSET=EALL,MATERIAL=M\n*INITIAL CONDITIONS,"
            "TYPE=TEMPERATURE\nNALL,0.\n*STEP\n*HEAT TRANSFER,STEADY STATE\n1.,1.\n*BOUNDARY\nFOOT,11,11,100.\n"
            "TOP,11,11,300.\n*NODE OUTPUT,DOUBLE\nNT\n*END STEP\n")
    (tmp_path / "heat.inp").write_text(plate("CPE8", mapped=None) + heat)
    subprocess.run(["ccx", "heat"], cwd=tmp_path, check=True, capture_output=True, timeout=120)
    field = CalculixConverter().nodal_field(tmp_path / "heat.frd", "temperature")
    points = np.column_stack([np.linspace(4.0, 10.0, 5), np.linspace(0.0, 5.0, 5)])
    mesh = field.mesh(0)
    values = field.read(0, slice(None))[-1]
    assert mesh.dimension == 2
    assert values == pytest.approx(100.0 + 40.0 * mesh.points[:, 1])
    assert interpolation(mesh, points).matrix @ values == pytest.approx(100.0 + 40.0 * points[:, 1])


def test_a_body_in_plane_strain_whose_layers_differ_is_refused():
    mesh = rectangle_mesh("quad4")  # four points in the plane, two across it
    in_plane = np.random.default_rng(0).standard_normal((4, 6))
    values = np.concatenate([in_plane, in_plane])
    np.testing.assert_allclose(Expansion(mesh).reduced(values, True), in_plane, rtol=1e-15)
    values[5, 2] += 1e-2
    with pytest.raises(FileFormatError, match="different values"):
        Expansion(mesh).reduced(values, True)
