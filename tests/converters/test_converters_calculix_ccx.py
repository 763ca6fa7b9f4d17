"""Decks run by CalculiX itself: `romlib check` closes on what its own steps, temperatures, links and elements do.

Equilibrium of the forces that CalculiX wrote with the loads that the converter read, at every increment, is the test of
what a deck's cards mean; stress at every point that of elements, rules, points, temperature and laws.
"""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from calculix_ccx import FOOT, HOT, KINDS, MATERIAL, TABLES, block, closes, names, solved, step
from romlib_converters._calculix_bare import bare_mesh
from romlib_converters._calculix_frd import read_frd

from romlib.check import check
from romlib.fem.piece import Piece
from romlib.mesh.box import box_mesh

pytestmark = pytest.mark.skipif(shutil.which("ccx") is None, reason="no ccx on the PATH (Debian: calculix-ccx)")


def yielded(snapshots):
    """The largest cumulated plastic strain."""
    piece = Piece(snapshots.mesh(0), snapshots.model)
    strain = piece.operator.strain(snapshots.read("displacement", 0))
    return piece.replay(snapshots.model.amplitudes, ["p"]).block(snapshots.times, strain)["p"].max()


def test_forces_pressures_and_body_loads_over_five_steps(tmp_path):
    """Sums within a step, OP=NEW, both kinds of amplitudes with a jump, loads at once, faces that are new in a step."""
    steps = [step("*CLOAD\nTOP,3,100.\nTOP,1,20.\n*CLOAD\nRIGHT,1,5.\n*DLOAD\nEALL,P2,3.\nE1,GRAV,1e9,0.,0.,-2.\n"),
             step("*CLOAD,AMPLITUDE=A\nTOP,3,50.\n*DLOAD,AMPLITUDE=B\nEALL,CENTRIF,4e7,0.,0.,0.,0.,0.,1.\n"),
             step("*CLOAD,OP=NEW\nRIGHT,2,-30.\n*DLOAD,OP=NEW\nEALL,P4,2.\n"),
             step("*CLOAD\nTOP,3,10.\n", ",AMPLITUDE=STEP"), step("*BOUNDARY,OP=NEW\nFOOT,1,3\n*DLOAD\nEALL,P2,1.\n",
                                                                 times="0.5,2.")]
    with solved(tmp_path, block("C3D8") + TABLES + MATERIAL + FOOT + "".join(steps)) as snapshots:
        assert snapshots.n_step == 20 and names(snapshots) == [("dload_order", False)]
        closes(snapshots)


def test_loads_that_are_taken_away_ramp_down_whatever_their_amplitude(tmp_path):
    steps = [step("*CLOAD,AMPLITUDE=A\nTOP,3,3.\n*DLOAD,AMPLITUDE=A\nEALL,P2,3.\nEALL,GRAV,1e9,0.,1.,-2.\n"
                  "E1,CENTRIF,4e7,0.,0.,0.,0.,0.,1.\n"),
             step("*CLOAD,OP=NEW\nRIGHT,1,2.\n*DLOAD,OP=NEW\nE1,P2,0.\n"), step("*DLOAD\nEALL,P2,1.\n")]
    with solved(tmp_path, block("C3D8") + TABLES + MATERIAL + FOOT + "".join(steps)) as snapshots:
        assert names(snapshots) == []
        closes(snapshots)


def test_amplitudes_in_step_time_end_with_their_step_and_those_in_total_time_go_on(tmp_path):
    """Those of temperatures begin anew in each step."""
    def act(name):
        return (f"*CLOAD,AMPLITUDE={name}\nTOP,3,3.\n*DLOAD,AMPLITUDE={name}\nEALL,P4,2.\nEALL,GRAV,1e9,0,0,1.\n"
                f"*BOUNDARY,AMPLITUDE={name}\nRIGHT,2,2,1e-4\n*TEMPERATURE,AMPLITUDE={name}\nTOP,300.\n")

    start = "*INITIAL CONDITIONS,TYPE=TEMPERATURE\nNALL,10.\n"
    last = step("*CLOAD,OP=NEW\nTOP,1,0.\n*DLOAD,OP=NEW\nE1,P4,0.\n*TEMPERATURE\nTOP,50.\n")
    for name in "AB":
        text = block("C3D8") + TABLES + HOT.replace("*SOLID", "*DENSITY\n7.8e-9\n*SOLID") + start + FOOT
        with solved(tmp_path, text + step(act(name)) + step("") + last) as snapshots:
            closes(snapshots, force=1e-9)


def test_viscous_steps_apply_loads_at_once_unless_they_say_ramp(tmp_path):
    text = block("C3D8") + TABLES + HOT.replace("*SOLID", "*DENSITY\n7.8e-9\n*SOLID") + FOOT
    first = ("*CLOAD\nTOP,3,3.\n*DLOAD\nEALL,P4,2.\nE1,GRAV,1e9,0,0,1.\n*BOUNDARY\nRIGHT,2,2,1e-4\n*TEMPERATURE\n"
             "TOP,50.\n")
    steps = [step(first), step("*CLOAD,OP=NEW\nTOP,1,4.\n*DLOAD,OP=NEW\nEALL,P2,1.\n*TEMPERATURE,OP=NEW\nRIGHT,20.\n"),
             step("*CLOAD\nTOP,2,4.\n*DLOAD\nEALL,P2,3.\nE1,GRAV,2e9,0,0,1.\n*BOUNDARY\nRIGHT,2,2,2e-4\n*TEMPERATURE\n"
                  "TOP,70.\n", ",AMPLITUDE=RAMP"),
             step("*CLOAD\nTOP,2,1.\n"), step("*CLOAD,AMPLITUDE=A\nTOP,2,1.\n"),
             step("*DLOAD\nE1,P2,0.\n")]
    viscous = [one.replace("*STATIC", "*VISCO,CETOL=1.") if k != 3 else one for k, one in enumerate(steps)]
    start = "*INITIAL CONDITIONS,TYPE=TEMPERATURE\nNALL,10.\n"
    with solved(tmp_path, text + start + "".join(viscous)) as snapshots:
        closes(snapshots, force=1e-9)


@pytest.mark.parametrize(("bodies", "node"), [(0, 2), (2, 8)])
def test_temperatures_that_later_steps_do_not_give_again(tmp_path, bodies, node):
    """Their amplitude begins anew, but at one node; an empty OP=NEW gives the initial ones, times that amplitude."""
    text = block("C3D8") + TABLES + HOT.replace("*SOLID", "*DENSITY\n7.8e-9\n*SOLID")
    start = "*INITIAL CONDITIONS,TYPE=TEMPERATURE\nNALL,20.\n" + FOOT
    loads = "".join(["*DLOAD\nEALL,CENTRIF,4e7,0.,0.,0.,0.,0.,1.\n", "E1,GRAV,1e9,0,0,1.\n"][:bodies])
    steps = [step(f"*TEMPERATURE,AMPLITUDE=A\nNALL,300.\nTOP,400.\n{loads}"), step("*CLOAD\nTOP,1,1.\n"),
             step("*TEMPERATURE,OP=NEW\n"), step("*TEMPERATURE,AMPLITUDE=B\nRIGHT,100.\n")]
    with solved(tmp_path, text + start + "".join(steps)) as snapshots:
        assert names(snapshots) == [("temperature_held", False)]
        report = closes(snapshots, force=1e-8)
        printed = snapshots.read("temperature", 0, 4)  # at 1.25, by the solver
    assert report["temperature"].value <= 1e-12
    assert printed[node - 1] == pytest.approx(1.5 * 300.0) and printed[2] == pytest.approx(1.25 * 300.0)


def test_what_ramps_by_its_step_s_amplitude_does_so_when_a_viscous_step_takes_it_away(tmp_path):
    steps = [step("*TEMPERATURE\nTOP,300.\n"),
             step("*TEMPERATURE\nRIGHT,200.\n", ",AMPLITUDE=RAMP").replace("*STATIC", "*VISCO,CETOL=1."),
             step("*TEMPERATURE,OP=NEW\n").replace("*STATIC", "*VISCO,CETOL=1.")]
    start = "*INITIAL CONDITIONS,TYPE=TEMPERATURE\nNALL,20.\n" + FOOT
    with solved(tmp_path, block("C3D8") + HOT + start + "".join(steps)) as snapshots:
        assert closes(snapshots, force=1e-9)["temperature"].value <= 1e-12


def plastic_cycle(folder, curves):
    """A block pulled, pushed and pulled, hot where the curves depend on temperature."""
    material = f"*MATERIAL,NAME=M\n*ELASTIC\n200000.,0.3\n*PLASTIC\n{curves}*SOLID SECTION,ELSET=EALL,MATERIAL=M\n"
    heat = "*TEMPERATURE\nTOP,900.\nRIGHT,500.\n" if "1000" in curves else ""
    steps = [step(f"*BOUNDARY\nTOP,3,3,{size}\n{heat}", times="0.1,1.") for size in (0.03, -0.03, 0.12)]
    start = "*INITIAL CONDITIONS,TYPE=TEMPERATURE\nNALL,300.\n"
    return solved(folder, block("C3D8") + material + start + FOOT + "".join(steps))


COLD, HOTTER = "200.,0.,0.\n260.,0.002,0.\n300.,0.02,0.\n", "100.,0.,1000.\n130.,0.005,1000.\n140.,0.02,1000.\n"


@pytest.mark.parametrize("curves", [
    "200.,0.\n260.,0.002\n300.,0.01\n280.,0.03\n320.,0.06\n",
    f"{COLD}160.,0.,500.\n200.,0.001,500.\n230.,0.01,500.\n210.,0.02,500.\n{HOTTER}",
    "".join(f"{200 + 150 * (1 - np.exp(-60 * p)):.9g},{p:.9g}\n" for p in (np.arange(250) / 250)**3)],
    ids=["one", "in temperature", "of 250 rows"])
def test_hardening_curves(tmp_path, curves):
    """Several knots within an increment and beyond the last, falling parts; between temperatures the union of knots."""
    with plastic_cycle(tmp_path, curves) as snapshots:
        assert names(snapshots) == []
        closes(snapshots, force=1e-8)
        assert yielded(snapshots) > 0.1


def test_a_check_that_fails_names_curves_that_end_at_different_strains(tmp_path):
    with plastic_cycle(tmp_path, COLD + HOTTER.replace("0.02", "0.01")) as snapshots:
        assert names(snapshots) == [("hardening", False)]
        item = check(snapshots)["stress"]
    assert item.status == "fail" and 1e-5 < item.value < 1e-2
    assert "known of this file: hardening (material M, *PLASTIC" in item.meaning and "from p = 0.01" in item.meaning


def test_prescribed_displacements_over_four_steps(tmp_path):
    steps = [step("*BOUNDARY\nTOP,3,3,0.01\nTOP,1,1,0.002\n"), step("*BOUNDARY,AMPLITUDE=A\nTOP,3,3,0.004\n"),
             step("*BOUNDARY,OP=NEW\nFOOT,1,3\nTOP,1,1,-0.001\nTOP,3,3,0.003\n"),
             step("*BOUNDARY,AMPLITUDE=B\nTOP,1,1,0.01\n", ",AMPLITUDE=STEP")]
    with solved(tmp_path, block("C3D8") + TABLES + MATERIAL + FOOT + "".join(steps)) as snapshots:
        closes(snapshots)


def test_a_linear_step_is_one_increment_and_none_is_missing(tmp_path):
    elastic = MATERIAL.replace("*PLASTIC\n1.e5,0.\n", "")
    steps = step("*DSLOAD\nUP,P,3.\n") + step("*DSLOAD\nUP,P,-3.\n")
    with solved(tmp_path, block("C3D8") + "*SURFACE,NAME=UP\n1,S2\nE1,S4\n" + elastic + FOOT + steps) as snapshots:
        assert snapshots.n_step == 2 and names(snapshots) == []
        closes(snapshots)


@pytest.mark.parametrize("kind", KINDS)
def test_temperature_expansion_and_laws_in_every_element(tmp_path, kind):
    """Elasticity, expansion and yield stress depend on a temperature that varies in space (not in twenty-node elements)
    and follows ramps, an amplitude, OP=NEW and a jump; beyond yield."""
    varied = not kind.startswith("C3D20")
    start = "*INITIAL CONDITIONS,TYPE=TEMPERATURE\nNALL,50.\n" + ("RIGHT,80.\n" if varied else "")
    heated = [("TOP,500.\n", "", ""), ("TOP,300.\nRIGHT,200.\n", ",AMPLITUDE=A", ""), ("RIGHT,100.\n", ",OP=NEW", ""),
              ("NALL,400.\n", "", ",AMPLITUDE=STEP")] if varied else [("NALL,500.\n", "", "")]
    steps = [step(f"*TEMPERATURE{option}\n{rows}*CLOAD\nTOP,1,10.\n", of_step) for rows, option, of_step in heated]
    with solved(tmp_path, block(kind) + TABLES + HOT + start + FOOT + "".join(steps)) as snapshots:
        report = check(snapshots)
        assert report.passed, [(item.name, item.value, item.detail) for item in report.failed]
        assert yielded(snapshots) > 1e-3
        assert report["temperature"].value <= 1e-14 and report["equilibrium"].value <= 1e-8
        # CalculiX's table for the temperature of C3D20 sums to one in seven digits
        assert report["stress"].value <= 1e-6
        assert report["internal_force"].value <= (1e-6 if kind == "C3D20" else 1e-11)
        deck = snapshots.mesh(0)
    stated = {"C3D8": "he8", "C3D20": "he20", "C3D20R": "he20"}
    results = bare_mesh(read_frd(tmp_path / "job.frd"), {stated[kind]: kind} if kind in stated else None)
    by_deck, by_results = (mesh.node_ids[mesh.blocks[0].connectivity][np.argsort(mesh.blocks[0].cell_ids)]
                           for mesh in (deck, results))
    assert np.array_equal(by_deck, by_results)  # the node orders of the .frd


@pytest.mark.parametrize(("links", "name"), [
    ("".join(f"*EQUATION\n2\n{node},3,1.,19,3,-1.\n" for node in range(20, 28)), "equation"),
    ("*TRANSFORM,NSET=TOP,TYPE=R\n1.,1.,0.,-1.,1.,0.\n*BOUNDARY\nTOP,1\n", None),
    ("*NODE\n999,1.,1.,3.\n*RIGID BODY,NSET=TOP,REF NODE=999\n", "rigid_body")])
def test_linear_relations_are_left_out_of_the_equilibrium(tmp_path, links, name):
    text = block("C3D8", bent=False) + MATERIAL + FOOT + links + step("*DLOAD\nEALL,P4,100.\n")
    with solved(tmp_path, text) as snapshots:
        assert names(snapshots) == ([] if name is None else [(name, False)])
        assert [one.kind for one in snapshots.model.constraints.values()].count("linear") == 1
        closes(snapshots, force=1e-9)
        free = snapshots.model.model_copy(update={"constraints": {
            key: one for key, one in snapshots.model.constraints.items() if one.kind != "linear"}})
        assert check(snapshots, free)["equilibrium"].status == "fail"


def test_tied_surfaces_are_left_out_and_moved_nodes_are_where_the_solver_put_them(tmp_path):
    """Two blocks with meshes that do not match; the upper one stands a little off its place."""
    upper = box_mesh("hex8", (3, 3, 1), (2.0, 2.0, 1.0))
    nodes = "".join(f"{k},{x!r},{y!r},{z!r}\n" for k, (x, y, z) in enumerate(
        (upper.points + np.array([0.0, 0.0, 2.0001])).tolist(), 101))
    cells = "".join(f"{k}," + ",".join(map(str, row)) + "\n"
                    for k, row in enumerate(upper.blocks[0].connectivity + 101, 101))
    text = (block("C3D8", bent=False) + f"*NODE\n{nodes}*ELEMENT,TYPE=C3D8,ELSET=EALL\n{cells}*ELSET,ELSET=LOW\n"
            "1,2,3,4,5,6,7,8\n*ELSET,ELSET=HIGH,GENERATE\n101,109,1\n*SURFACE,NAME=SLAVE\nHIGH,S1\n*SURFACE,NAME=MASTER\n"
            "1,S2\n2,S2\n3,S2\n4,S2\n*TIE,NAME=T,POSITION TOLERANCE=0.1\nSLAVE,MASTER\n")
    with solved(tmp_path, text + MATERIAL + FOOT + step("*DLOAD\nHIGH,P2,5.\nHIGH,P3,3.\n")) as snapshots:
        assert names(snapshots) == [("tie", False)]
        foot = snapshots.mesh(0).points[snapshots.mesh(0).node_ids > 100, 2].min()
        assert abs(foot - 2.0) < 1e-9  # not 2.0001, as in the deck
        closes(snapshots)


def test_a_text_file_of_the_solver_itself_has_six_digits(tmp_path):
    text = block("C3D20R") + MATERIAL + FOOT + step("*CLOAD\nTOP,1,50.\n", output="*NODE FILE")
    with solved(tmp_path, text) as snapshots:
        assert snapshots.fields["displacement"].dtype == "float32"
        report = check(snapshots)
    for name in ("strain", "stress"):
        assert report[name].status == "pass" and "with 6 digits" in report[name].compared
        assert 1e-5 < report[name].value < report[name].tolerance < 1e-3


def test_a_deck_in_the_style_of_a_preprocessor_is_read(tmp_path):
    """Mixed case, names with blanks and hyphens, comments, empty cards OP=NEW before those of each step."""
    def one(face, push):
        return ("**\n*Step, Inc=100\n*Static, Solver=Spooles, Direct\n0.25, 1, 1E-05, 1E+30\n*Output, Frequency=1\n"
                "*Boundary, op=New\n** Name: Fixed-1\n*Boundary\nFoot, 1, 3, 0\n*Boundary\n"
                f"Right, 2, 2, {push}\n*Dload, op=New\n*Cload, op=New\n*Dload\nInternal_Selection-1_S2, P2, {face}\n"
                "*Dload\nEall, Grav, 9.81E8, 0, 0, -1\n*Cload\nTop, 1, 3.5\nTop, 2, -1\n"
                "*Node output, double\nRF, U\n*El Print, Elset=Eall\nS, E\n*End step\n")

    text = ("** Heading\n*Heading\nHash: xyz, Date: 1\n**\n" + block("C3D8") +
            "*Elset, Elset=Internal_Selection-1_S2\n5, 6,\n7, 8\n*Surface, Name=Surf-1, Type=Element\n"
            "Internal_Selection-1_S2, S2\n*Material, Name=Steel Bar\n*Density\n7.8E-09\n*Elastic\n210000, 0.28\n"
            "*Plastic\n500,0\n*Solid section, Elset=Eall, Material=Steel Bar\n" + one(1.0, 1e-4) + one(-2.0, -2e-4))
    with solved(tmp_path, text) as snapshots:
        model = snapshots.model
        assert names(snapshots) == [] and model.materials["Steel Bar"].law == "mises"
        assert set(model.loads) == {"force_TOP_xy", "pressure_Surf-1", "grav_EALL"}
        assert model.amplitudes["pressure_Surf-1"].value == (0.0, 1.0, -2.0)
        closes(snapshots)
