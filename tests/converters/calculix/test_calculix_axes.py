"""Material axes of decks: CalculiX itself computes with them, and `romlib check` closes on its stresses and forces."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest
from calculix_ccx import FOOT, block, closes, names, solved, step
from romlib_converters.calculix.deck import read_deck
from romlib_converters.calculix.sections import SectionAxes, section_materials

from romlib.fem.piece import Piece
from romlib.mesh.axes import axes_of_vectors
from romlib.model import Material

ccx = pytest.mark.skipif(shutil.which("ccx") is None, reason="no ccx on the PATH (Debian: calculix-ccx)")

ORTHO = ("*MATERIAL,NAME=M\n*ELASTIC,TYPE=ORTHO\n250000.,120000.,200000.,90000.,80000.,180000.,60000.,50000.,\n"
         "40000.,0.\n200000.,100000.,150000.,80000.,60000.,150000.,50000.,40000.,\n30000.,1000.\n"
         "*EXPANSION,TYPE=ORTHO,ZERO=100.\n1.e-5,2e-5,-1e-5,0.\n2.e-5,1e-5,0.,1000.\n")
ENGINEERING = ("*MATERIAL,NAME=M\n*ELASTIC,TYPE=ENGINEERING CONSTANTS\n150000.,120000.,100000.,0.3,0.2,0.25,60000.,"
               "50000.,\n40000.,0.\n90000.,80000.,50000.,0.2,0.25,0.3,30000.,40000.,\n30000.,1000.\n")
CUBIC = ("*MATERIAL,NAME=M\n*ELASTIC,TYPE=ORTHO\n246500.,147300.,246500.,147300.,147300.,246500.,124700.,124700.,\n"
         "124700.\n")
SECTION = "*SOLID SECTION,ELSET=EALL,MATERIAL=M,ORIENTATION=OR\n"
AXES = {
    "rectangular": "*ORIENTATION,NAME=OR\n1.,0.5,0.2,0.1,1.,-0.3\n",
    "turned": "*ORIENTATION,NAME=OR,SYSTEM=RECTANGULAR\n1.,0.5,0.2,0.1,1.,-0.3\n2,30.\n",
    "cylindrical": "*ORIENTATION,NAME=OR,SYSTEM=CYLINDRICAL\n-1.,-2.,0.,-1.2,-2.3,1.\n",
    "distributed": "*DISTRIBUTION,NAME=D,LOCATION=ELEMENT,TABLE=T\n,1.,0.,0.,0.,1.,0.\n3,1.,1.,0.,0.,0.,1.\n"
                   "E1,0.3,1.,0.,0.,0.5,1.\n5,1.,-1.,0.2,0.,0.,1.\n*ORIENTATION,NAME=OR\nD\n"}
WARM = "*INITIAL CONDITIONS,TYPE=TEMPERATURE\nNALL,10.\n"


@ccx
@pytest.mark.parametrize("kind", ["C3D8", "C3D10"])
@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("material", [ORTHO, ENGINEERING], ids=["stiffness", "constants"])
def test_orthotropic_materials_along_all_kinds_of_axes_have_the_stress_of_calculix(tmp_path, kind, axes, material):
    """Constants and expansion in tables, at a temperature that varies; the .dat has components along the axes."""
    steps = [step("*CLOAD\nTOP,3,100.\nTOP,1,20.\n*TEMPERATURE\nTOP,300.\n"),
             step("*CLOAD\nRIGHT,2,30.\n*TEMPERATURE\nRIGHT,20.\n")]
    with solved(tmp_path, block(kind) + material + AXES[axes] + SECTION + WARM + FOOT + "".join(steps)) as snapshots:
        assert snapshots.model.materials["M"].law == "orthotropic" and names(snapshots) == []
        assert "OR" in (tmp_path / "job.dat").read_text()
        closes(snapshots)


@ccx
def test_a_cubic_crystal_at_no_temperature_has_the_stress_of_calculix(tmp_path):
    text = block("C3D20R") + CUBIC + AXES["turned"] + SECTION + FOOT + step("*CLOAD\nTOP,3,100.\nTOP,1,20.\n")
    with solved(tmp_path, text) as snapshots:
        assert snapshots.model.materials["M"].parameters["C44"] == 124700.0
        closes(snapshots)


@ccx
def test_sections_of_one_material_with_different_axes_and_none(tmp_path):
    """Two grains and elements without axes are one material with cell arrays; the cylinder is one of its own."""
    sets = "*ELSET,ELSET=E2\n2,3\n*ELSET,ELSET=E3\n4,5,6\n*ELSET,ELSET=E4\n7,8\n"
    two = ("*ORIENTATION,NAME=OR\n1.,0.5,0.2,0.1,1.,-0.3\n*ORIENTATION,NAME=TWO\n0.,1.,1.,1.,0.,0.\n1,20.\n"
           "*ORIENTATION,NAME=ROUND,SYSTEM=C\n-1.,-2.,0.,-1.,-2.,1.\n")
    sections = "".join(f"*SOLID SECTION,ELSET={elset},MATERIAL=M{axes}\n" for elset, axes in (
        ("E1", ""), ("E2", ",ORIENTATION=OR"), ("E3", ",ORIENTATION=TWO"), ("E4", ",ORIENTATION=ROUND")))
    text = block("C3D8") + sets + CUBIC + two + sections + FOOT + step("*CLOAD\nTOP,3,100.\nTOP,1,20.\n")
    with solved(tmp_path, text) as snapshots:
        assert {name: one.cells for name, one in snapshots.model.materials.items()} == {"M": "M", "M_ROUND": "E4"}
        mesh = snapshots.mesh(0)
        row = {int(k): n for n, k in enumerate(mesh.cell_ids)}
        np.testing.assert_array_equal(mesh.cell_arrays["M_axis_1"][row[1]], [1.0, 0.0, 0.0])
        np.testing.assert_allclose(mesh.cell_arrays["M_axis_1"][row[4]], np.array([0.0, 1.0, 1.0]) / 2**0.5)
        closes(snapshots)


@ccx
def test_an_isotropic_material_has_no_axes_whatever_its_section_says(tmp_path):
    text = (block("C3D8") + "*MATERIAL,NAME=M\n*ELASTIC\n2e5,0.3\n*PLASTIC\n1e5,0.\n" + AXES["cylindrical"] + SECTION
            + FOOT + step("*CLOAD\nTOP,3,100.\n"))
    with solved(tmp_path, text) as snapshots:
        assert snapshots.model.materials["M"].orientation is None
        closes(snapshots)


@ccx
@pytest.mark.parametrize(("kind", "axes"), [("C3D8", "cylindrical"), ("C3D10", "turned"), ("C3D20R", "distributed")])
def test_the_full_order_solver_moves_the_nodes_as_calculix_does(tmp_path, kind, axes):
    pytest.importorskip("petsc4py", reason="the full-order solver needs petsc4py")
    from romlib.fullorder.arrays import solve_to_arrays

    steps = step("*CLOAD\nTOP,3,100.\nTOP,1,20.\n*DLOAD\nEALL,P2,3.\n", times="0.5,1.")
    with solved(tmp_path, block(kind) + ORTHO + AXES[axes] + SECTION + FOOT + steps) as snapshots:
        found = solve_to_arrays(snapshots.mesh(0), snapshots.model, np.array([0.0, *snapshots.times]))
        expected = np.stack([snapshots.read("displacement", 0, k) for k in range(snapshots.n_step)])
        error = np.abs(found.displacement[1:] - expected).max() / np.abs(expected).max()
        print(f"{kind}, {axes} axes: displacement {error:.1e}")
        assert error < 1e-11


UMAT = """
void crystal_(double *stress, double *statev, double *ddsdde, double *sse, double *spd, double *scd, double *rpl,
  double *ddsddt, double *drplde, double *drpldt, double *stran, double *dstran) {
  double c[6][6] = {{246.5e3, 147.3e3, 147.3e3}, {147.3e3, 246.5e3, 147.3e3}, {147.3e3, 147.3e3, 246.5e3}};
  for (int i = 3; i < 6; i++) c[i][i] = 124.7e3;
  for (int i = 0; i < 6; i++) {
    stress[i] = 0;
    for (int j = 0; j < 6; j++) { ddsdde[i + 6 * j] = c[i][j]; stress[i] += c[i][j] * (stran[j] + dstran[j]); }
    statev[i] = stress[i];
  }
}
"""


@ccx
@pytest.mark.skipif(shutil.which("gcc") is None, reason="no C compiler on the PATH")
def test_a_umat_along_axes_has_the_stress_of_calculix_and_results_in_the_global_frame(tmp_path):
    """A UMAT that is the cubic crystal, in its place (Debian's CalculiX loads none); it keeps its stress as a variable.
    """
    text = block("C3D8") + CUBIC + AXES["cylindrical"] + SECTION + FOOT + step("*CLOAD\nTOP,3,100.\nTOP,1,20.\n")
    (tmp_path / "umat.c").write_text(UMAT)
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", tmp_path / "libC.so", tmp_path / "umat.c"], check=True)
    with solved(tmp_path, text) as snapshots:
        material = Material(law="umat", orientation=snapshots.model.materials["M"].orientation, parameters={
            "library": str(tmp_path / "libC.so"), "symbol": "crystal_", "depvar": 6,
            "variables": {"inner_stress": [1, 2, 3, 4, 5, 6]}})
        model = snapshots.model.model_copy(update={"materials": {"M": material}})
        piece = Piece(snapshots.mesh(0), model)
        strain = piece.operator.strain(snapshots.read("displacement", 0))
        found = piece.replay(model.amplitudes, ["stress", "inner_stress"]).block(snapshots.times, strain)
        expected = snapshots.read("stress", 0)
        np.testing.assert_allclose(found["stress"], expected, atol=5e-7 * np.abs(expected).max())
        np.testing.assert_allclose(found["inner_stress"], found["stress"], atol=1e-9 * np.abs(expected).max())


def deck_of(folder, text):
    (folder / "a.inp").write_text(block("C3D8") + text + FOOT + step("*CLOAD\nTOP,3,1.\n"))
    return read_deck(folder / "a.inp")


@pytest.mark.parametrize(("axes", "said"), [
    ("*ORIENTATION,NAME=OR,SYSTEM=SPHERICAL\n0,0,0,1,0,0\n", "a system of *ORIENTATION that is not read"),
    ("*ORIENTATION,NAME=OR,DEFINITION=NODES\n1,2,3\n", "points of *ORIENTATION that are not given by coordinates"),
    ("*DISTRIBUTION,NAME=D\n,1.,0.,0.,0.,1.,0.\n*ORIENTATION,NAME=OR,SYSTEM=C\nD\n", "cylindrical axes that differ"),
    ("*DISTRIBUTION,NAME=D\n,1.,0.,0.,0.,1.,0.\n*ORIENTATION,NAME=OR\nD\n3,20.\n",
     "CalculiX turns each of its entries by another angle")])
def test_axes_that_romlib_cannot_say_leave_the_material_to_the_study(tmp_path, axes, said):
    deck = deck_of(tmp_path, CUBIC + axes + SECTION)
    materials, _, (note,) = section_materials(deck, {"EALL": np.arange(8)}, {})
    assert materials == {} and note.does_work and note.name == "orientation_M" and said in note.description


def test_axes_of_results_are_those_of_the_points(tmp_path):
    deck = deck_of(tmp_path, CUBIC + "".join(AXES[name].replace("=OR", f"={name}") for name in AXES) + SECTION.replace(
        "=OR", "=turned"))
    axes = SectionAxes(deck, deck.places.mesh)
    ips = np.arange(0, 64, 7)
    np.testing.assert_allclose(axes.at("RECTANGULAR", ips), np.tile(
        axes_of_vectors([1.0, 0.5, 0.2], [0.1, 1.0, -0.3]), (len(ips), 1, 1)))
    for name in AXES:
        found = axes.at(name, ips)
        np.testing.assert_allclose(found @ np.swapaxes(found, 1, 2), np.tile(np.eye(3), (len(ips), 1, 1)), atol=1e-14)
