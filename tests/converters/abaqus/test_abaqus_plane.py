"""Plane strain and axisymmetric decks of Abaqus: their loads, beside results that the full-order solver gives.

The solver is given the same model by hand, so that what the cards mean is tested, and the formulation of CPE4 and CAX4.
"""

from __future__ import annotations

import numpy as np
import pytest
from abaqus_decks import deck, step
from abaqus_fil import FilWriter, begin_increment, write_model, write_nodal
from romlib_converters.abaqus import AbaqusConverter

from romlib.check import check
from romlib.errors import InputError, UnsupportedError
from romlib.mesh.elements import element
from romlib.mesh.mean_dilatation import with_formulations
from romlib.mesh.operator import StrainOperator
from romlib.mesh.rectangle import rectangle_mesh
from romlib.model import BodyForce, Centrifugal, Constraint, Material, Model, NodalForce, Pressure
from romlib.snapshots.reader import Snapshots

CELLS = {"3": "tri3", "4": "quad4", "6": "tri6", "8": "quad8", "8R": "quad8"}
TIMES = np.linspace(0.0, 1.0, 5)
LAW = {"young": 200000.0, "poisson": 0.3, "yield": 240.0, "linear_hardening": 2000.0}
THICK = 0.7


def plate(kind):
    plane = kind.startswith("CPE")
    mesh = rectangle_mesh(CELLS[kind[3:]], (3, 2), (6.0, 5.0), (4.0, 0.0), "plane strain" if plane else "axisymmetric",
                          quadrature="quad_gauss_4" if kind.endswith("R") else None, thickness=THICK if plane else 1.0)
    return with_formulations(mesh, {"quad4": "B-bar in plane"}, "test") if kind.endswith("4") else mesh


def cards(mesh, kind, thickness="", part=True):
    """The mesh as a part with an instance; sets FOOT, TOP, surface INSIDE."""
    nodes = mesh.node_ids[mesh.blocks[0].connectivity]
    ids = mesh.blocks[0].cell_ids
    side = {frozenset(mesh.node_ids[face[:2]]) for block in mesh.face_tags["xmin"].blocks
            for face in block.connectivity}
    faces = [f"{number}, S{k}" for number, row in zip(ids, nodes)
             for k, (_, face) in enumerate(element(mesh.blocks[0].cell_type).faces, 1)
             if frozenset(row[list(face[:2])]) in side]
    lines = ["*NODE, NSET=NALL", *(f"{k}, {x!r}, {y!r}" for k, (x, y) in zip(mesh.node_ids, mesh.points.tolist())),
             f"*ELEMENT, TYPE={kind}, ELSET=EALL", *(", ".join(map(str, (n, *row))) for n, row in zip(ids, nodes))]
    for tag, name in (("ymin", "FOOT"), ("ymax", "TOP")):
        lines += [f"*NSET, NSET={name}", *(str(mesh.node_ids[k]) for k in mesh.node_tags[tag])]
    lines += ["*SURFACE, NAME=INSIDE", *faces, "*SOLID SECTION, ELSET=EALL, MATERIAL=STEEL", thickness]
    if part:
        lines = ["*PART, NAME=P", *lines, "*END PART", "*ASSEMBLY, NAME=A", "*INSTANCE, NAME=P-1, PART=P",
                 "*END INSTANCE", "*END ASSEMBLY"]
    return "\n".join(["*HEADING", "A plate", *lines, "*MATERIAL, NAME=STEEL\n*ELASTIC\n200000., 0.3\n*PLASTIC",
                      "240., 0.\n2240., 1.\n*DENSITY\n7.8e-9", ""])


def results(path, mesh, kind, history):
    """A .fil of displacement, and of stress in four components."""
    block = mesh.blocks[0]
    with FilWriter(path, binary=True) as writer:
        write_model(writer, mesh.node_ids, mesh.points, [
            (number, kind.ljust(8), mesh.node_ids[row]) for number, row in zip(block.cell_ids, block.connectivity)],
            {}, {}, dofs=(1, 2))
        for k, time in enumerate(TIMES[1:], 1):
            begin_increment(writer, time, time - TIMES[k - 1], number=k)
            stress = history.stress[k].reshape(mesh.n_cell, -1, 6)
            for number, rows in zip(block.cell_ids, stress):
                for q, row in enumerate(rows, 1):
                    writer.record(1, int(number), q, 0, 0, " ", 3, 1, 0, 0)
                    writer.record(11, *map(float, [*row[:3], row[3] / np.sqrt(2.0)]))
            write_nodal(writer, 101, mesh.node_ids, history.displacement[k])
            writer.end_increment()


def by_hand(plane):
    """What the cards of `test_a_deck_with_its_results_passes_the_check` say."""
    ramp = {"time": (0.0, 1.0), "value": (0.0, 1.0)}
    square_root = {"time": tuple(TIMES), "value": tuple(np.sqrt(TIMES))}
    loads = {
        "press": Pressure(faces="xmin", value=100.0), "pull": NodalForce(nodes="xmax", direction=(50.0, -30.0, 0.0)),
        "weight": BodyForce(direction=(0.0, -1e9, 0.0), per="mass"),
        "outwards": BodyForce(direction=(0.5, 0.25, 0.0)),
        "spin": Centrifugal(center=(1.0, -2.0, 0.0) if plane else (0.0, 0.0, 0.0),
                            axis=(0.0, 0.0, 1.0) if plane else (0.0, 1.0, 0.0), speed=3e7**0.5)}
    return Model(
        materials={"steel": Material(law="mises", parameters=LAW, density=7.8e-9)},
        constraints={"held": Constraint(nodes="ymin", components=("x", "y") if plane else ("y",)),
                     "move": Constraint(nodes="ymax", components=("y",), kind="prescribed", value=0.015)},
        loads=loads, amplitudes={"move": ramp, **{name: square_root if name == "spin" else ramp for name in loads}})


@pytest.mark.parametrize("kind", [f"{family}{rest}" for family in ("CPE", "CAX") for rest in CELLS])
def test_a_deck_with_its_results_passes_the_check(kind, tmp_path):
    """Pressure on a surface, forces on nodes, gravity, rotation, a force per volume, a moved edge; a thickness."""
    pytest.importorskip("petsc4py")
    from romlib.fullorder.arrays import solve_to_arrays
    from romlib.fullorder.options import SolverOptions

    plane, mesh = kind.startswith("CPE"), plate(kind)
    history = solve_to_arrays(mesh, by_hand(plane), TIMES, options=SolverOptions(tolerance=1e-11))
    results(tmp_path / "job.fil", mesh, kind, history)
    axis, held = ("1., -2., 0., 0., 0., 1.", "1, 3") if plane else ("0., 0., 0., 0., 1., 0.", "YSYMM")
    volume = (", BX, 0.5", ", BY, 0.25") if plane else (", BR, 0.5", ", BZ, 0.25")
    ends = "\n".join(f"P-1.{k}, 1, 50.\nP-1.{k}, 2, -30." for k in mesh.node_ids[mesh.node_tags["xmax"]])
    loads = (f"*DSLOAD\nP-1.INSIDE, P, 100.\n*CLOAD\n{ends}\n*DLOAD\n, GRAV, 1e9, 0., -1.\n{volume[0]}\n{volume[1]}\n"
             f", CENTRIF, 3e7, {axis}\n*BOUNDARY\nP-1.TOP, 2, 2, 0.015\n")
    deck(tmp_path, cards(mesh, kind, f"{THICK}" if plane else "") + f"*BOUNDARY\nP-1.FOOT, {held}\n"
         + step(loads, times="0.25, 1."))
    AbaqusConverter().convert(tmp_path / "job.fil", tmp_path / "job.vtkhdf")
    with Snapshots(tmp_path / "job.vtkhdf") as snapshots:
        found = snapshots.mesh(0)
        assert (found.kinematics, found.thickness) == (mesh.kinematics, mesh.thickness)
        assert not snapshots.model.omissions and found.blocks[0].formulation == mesh.blocks[0].formulation
        report = check(snapshots)
    assert report.passed, report.rows()
    assert report["stress"].value < 1e-12 and report["equilibrium"].value < 1e-9
    assert report["load_balance"].value < 1e-9 and report["constraints"].value < 1e-14
    assert history.variable("p")[-1].max() > 1e-3
    said = AbaqusConverter().read_deck(tmp_path / "job.inp")
    again = solve_to_arrays(said.mesh, said.model, said.case.times.instants(), options=SolverOptions(tolerance=1e-11))
    np.testing.assert_allclose(again.displacement, history.displacement, rtol=0.0,
                               atol=1e-9 * np.abs(history.displacement).max())


def test_a_mesh_of_a_deck_says_its_kinematics_and_a_study_nothing_else(tmp_path):
    path = deck(tmp_path, cards(plate("CAX4"), "CAX4"))
    mesh = AbaqusConverter().read_mesh(path)
    assert (mesh.kinematics, mesh.blocks[0].formulation, mesh.face_tags["INSIDE"].n_face) == (
        "axisymmetric", "B-bar in plane", 2)
    assert StrainOperator(mesh).weights.sum() == pytest.approx(np.pi * (10.0**2 - 4.0**2) * 5.0)
    with pytest.raises(InputError, match="another model"):
        AbaqusConverter().read_mesh(path, kinematics="plane strain")


@pytest.mark.parametrize(("kind", "why"), [
    ("CPS4", "plane stress"), ("CPE4R", "hourglass"), ("CAX4R", "hourglass"), ("CPE4I", "incompatible modes"),
    ("CPE8H", "hybrid"), ("CAX8RH", "hybrid"), ("CPEG8", "generalised plane strain"), ("CGAX4", "twist"),
    ("CAXA8R1", "bending"), ("CPE6M", "modified"), ("CAX8P", "unknowns besides")])
def test_elements_in_two_dimensions_that_cannot_be_reproduced_are_refused_by_name(kind, why, tmp_path):
    path = deck(tmp_path, cards(plate("CPE4"), "CPE4", part=False).replace("TYPE=CPE4", f"TYPE={kind}") + step())
    with pytest.raises(UnsupportedError, match=f"{kind} cannot be reproduced.*{why}") as caught:
        AbaqusConverter().read_deck(path)
    assert "line" in caught.value.place and caught.value.remedy


@pytest.mark.parametrize(("load", "why"), [
    (", BZ, 1.", "a direction in the plane"), (", CENTRIF, 9., 0., 0., 0., 1., 0., 0.", "an axis along z"),
    (", GRAV, 9.81, 0., 0., -1.", "a direction in the plane")])
def test_body_loads_across_the_plane_are_refused_by_line(load, why, tmp_path):
    path = deck(tmp_path, cards(plate("CPE8"), "CPE8", part=False) + "*BOUNDARY\nFOOT, PINNED\n"
                + step(f"*DLOAD\n{load}\n"))
    with pytest.raises(UnsupportedError, match="a body load that") as caught:
        AbaqusConverter().read_deck(path)
    assert why in caught.value.expected


def write_at_rest(path, mesh, kind):
    """Results of one increment in which nothing moves."""
    with FilWriter(path, binary=True) as writer:
        write_model(writer, mesh.node_ids, mesh.points, [
            (number, kind.ljust(8), mesh.node_ids[row]) for number, row in zip(
                mesh.blocks[0].cell_ids, mesh.blocks[0].connectivity)], {}, {}, dofs=(1, 2))
        begin_increment(writer, 1.0, 1.0)
        write_nodal(writer, 101, mesh.node_ids, np.zeros((mesh.n_node, 2)))
        writer.end_increment()


def test_elements_that_run_clockwise_are_refused(tmp_path):
    """As Abaqus and CalculiX do."""
    path = deck(tmp_path, cards(plate("CPE4"), "CPE4", part=False).replace("1, 1, 2, 6, 5", "1, 1, 5, 6, 2"))
    with pytest.raises(InputError, match="Jacobian"):
        StrainOperator(AbaqusConverter().read_mesh(path))


def test_without_its_deck_the_thickness_is_what_the_user_says(tmp_path):
    mesh = plate("CPE3")
    write_at_rest(tmp_path / "job.fil", mesh, "CPE3")
    for options, thickness, notes in (({}, 1.0, ["thickness"]), ({"thickness": THICK}, THICK, [])):
        AbaqusConverter().convert(tmp_path / "job.fil", tmp_path / "job.vtkhdf", options=options)
        with Snapshots(tmp_path / "job.vtkhdf") as snapshots:
            assert snapshots.mesh(0).thickness == thickness
            assert [one.name for one in snapshots.model.omissions] == notes
    deck(tmp_path, cards(mesh, "CPE3", "2.") + step())
    with pytest.raises(InputError, match="the deck says"):
        AbaqusConverter().convert(tmp_path / "job.fil", tmp_path / "other.vtkhdf", options={"thickness": THICK})


def test_a_user_material_is_called_with_four_components(tmp_path):
    mesh = plate("CAX8R")
    write_at_rest(tmp_path / "job.fil", mesh, "CAX8R")
    text = cards(mesh, "CAX8R")
    text = text[:text.index("*ELASTIC")] + "*USER MATERIAL, CONSTANTS=1\n5.\n*DEPVAR\n1\n"
    deck(tmp_path, text + "*BOUNDARY\nP-1.FOOT, 2\n" + step(times="1., 1."))
    AbaqusConverter().convert(tmp_path / "job.fil", tmp_path / "job.vtkhdf", options={"umat": "libX.so:X"})
    with Snapshots(tmp_path / "job.vtkhdf") as snapshots:
        assert snapshots.model.materials["STEEL"].parameters["shear_components"] == 1
