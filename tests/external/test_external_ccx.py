"""CalculiX as Debian has it, run by romlib.external, against romlib's own laws, loads and full-order solver.

The two solve the same discrete equations. What may remain is what CalculiX's convergence control leaves: with
*CONTROLS, PARAMETERS=FIELD a residual below 1e-10 of the mean force and a correction below 1e-6 of the increment end an
increment; Newton's method being quadratic, the displacement is then closer still.
"""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from ccx_example import (
    DENSITY,
    HARDENING,
    PLASTIC,
    POISSON,
    YIELD,
    YOUNG,
    at_most,
    difference,
    needs_ccx,
    pressure_cards,
    solve,
    write_deck,
)
from ccx_example import quarter_plate as plate
from romlib_converters.calculix import CalculixConverter

from romlib.check import check
from romlib.errors import SolverError
from romlib.mesh.box import box_mesh
from romlib.mesh.elements import element as reference_element
from romlib.mesh.mesh import Mesh
from romlib.model import BodyForce, Centrifugal, Constraint, Material, Model, Pressure
from romlib.snapshots import Snapshots

CONTROLS = "*CONTROLS,PARAMETERS=FIELD\n1.E-10,1.E-6"
STRETCH = 0.02


@pytest.fixture(scope="module", autouse=True)
def _ccx():
    needs_ccx()


def full_order(mesh: Mesh, model: Model, times):
    """The same problem by romlib's own solver."""
    pytest.importorskip("petsc4py")
    from romlib.fullorder.arrays import solve_to_arrays
    from romlib.fullorder.options import SolverOptions

    return solve_to_arrays(mesh, model, np.asarray(times, dtype=float), options=SolverOptions(tolerance=1e-12))


# --- plasticity, prescribed displacement ---


SYMMETRY = "XSYM,1\nYSYM,2\nZSYM,3"


def pulled_and_pushed(folder, more: str = ""):
    """A plate with a hole, loaded by its edge beyond yield; its mesh, and its run. more : output requests."""
    mesh = plate(4, 3, 1)
    fixed = f"{SYMMETRY}\n*AMPLITUDE,NAME=PULL,TIME=TOTAL TIME\n0.,0.,0.5,1.,1.,-0.5"
    step = f"*STATIC,DIRECT\n0.05,0.5\n{CONTROLS}\n*BOUNDARY,AMPLITUDE=PULL\nTOP,2,2,{STRETCH}{more}"
    return mesh, solve(write_deck(folder / "plastic.inp", mesh, "C3D20R", [step, step], PLASTIC, fixed))


@pytest.fixture(scope="module")
def plastic(tmp_path_factory):
    return pulled_and_pushed(tmp_path_factory.mktemp("plastic"))


@pytest.fixture(scope="module")
def reference(plastic):
    """The plate by romlib's own solver, with the built-in J2 law."""
    mesh, _ = plastic
    law = {"young": YOUNG, "poisson": POISSON, "yield": YIELD, "linear_hardening": HARDENING}
    symmetry = {name: Constraint(nodes=name, components=(component,))
                for name, component in (("XSYM", "x"), ("YSYM", "y"), ("ZSYM", "z"))}
    pull = Constraint(nodes="TOP", components=("y",), kind="prescribed", value=STRETCH)
    model = Model(materials={"steel": Material(law="mises", parameters=law)}, constraints={**symmetry, "pull": pull},
                  amplitudes={"pull": {"time": (0.0, 0.5, 1.0), "value": (0.0, 1.0, -0.5)}})
    return full_order(mesh, model, np.linspace(0.0, 1.0, 21))


def of_node_ids(file: Snapshots, mesh: Mesh, name: str) -> np.ndarray:
    """A nodal field of a file with one piece, in the order of the mesh's nodes."""
    piece = file.mesh(0)
    order = np.argsort(piece.node_ids)[np.searchsorted(np.sort(piece.node_ids), mesh.node_ids)]
    return file.read(name, 0)[:, order]


def test_displacement_of_the_plastic_plate_is_that_of_the_full_order_solver(plastic, reference):
    mesh, done = plastic
    assert reference.variable("p").max() > 5e-3  # far beyond yield (0.1 %), in both directions
    with Snapshots(done.snapshots) as file:
        assert file.times == pytest.approx(reference.times[1:])
        found = of_node_ids(file, mesh, "displacement")
    at_most(1e-8, displacement=difference(found, reference.displacement[1:]))


def test_internal_forces_are_the_reactions_of_the_full_order_solver(plastic, reference):
    mesh, done = plastic
    with Snapshots(done.snapshots) as file:
        found = of_node_ids(file, mesh, "internal_force")
    top = mesh.node_tags["TOP"]
    force = found[:, top, 1].sum(axis=1)
    at_most(1e-9, reaction=difference(STRETCH * force, reference.reactions["pull"][1:]))


def test_the_check_reproduces_calculix_with_the_built_in_law(plastic):
    _, done = plastic
    with Snapshots(done.snapshots) as file:
        report = check(file)
        assert next(iter(file.model.materials.values())).law == "mises"
    values = {item.name: item.value for item in report.items}
    assert report.passed
    at_most(1e-12, internal_force=values["internal_force"])  # the same radial return, to rounding
    at_most(1e-7, equilibrium=values["equilibrium"])


def test_stress_at_the_integration_points_is_that_of_calculix(tmp_path):
    """As CalculiX prints it into the .dat, in seven digits."""
    _, done = pulled_and_pushed(tmp_path, "\n*EL PRINT,ELSET=EALL\nS")
    with Snapshots(done.snapshots) as file:
        values = {item.name: item.value for item in check(file).items}
    at_most(5e-7, stress_at_points=values["stress"])


def test_what_calculix_says_of_its_failure_is_quoted(tmp_path):
    mesh = plate(4, 3, 1)
    step = f"*STATIC,DIRECT\n0.5,1.\n{CONTROLS}\n*BOUNDARY\nTOP,2,2,0.1"
    deck = write_deck(tmp_path / "diverges.inp", mesh, "C3D20R", [step], PLASTIC, SYMMETRY)
    with pytest.raises(SolverError, match=r"solver reports a failure[\s\S]*diverge[\s\S]*best solution and residuals"):
        solve(deck)
    assert not deck.with_suffix(".vtkhdf").exists()


# --- elasticity, loads ---

ELEMENTS = {"C3D8": ("hex8", None), "C3D20R": ("hex20", "hex_gauss_8"), "C3D10": ("tet10", None),
            "C3D15": ("wedge15", None)}


def block(element: str) -> Mesh:
    """A box that is bent a little, with straight edges; node tag FOOT, face tag of its top.

    On curved six-node faces CalculiX integrates a pressure by three points, and so not exactly.
    """
    cell_type, quadrature = ELEMENTS[element]
    mesh = box_mesh(cell_type, (2, 2, 3), (2.0, 2.0, 4.0), quadrature=quadrature)
    x, y, z = mesh.points.T
    points = np.column_stack([x + 0.02 * z * z, y + 0.03 * x * z, z + 0.05 * x * y])
    nodes, kind = mesh.blocks[0].connectivity, reference_element(cell_type)
    if kind.n_node > kind.n_corner:
        points[nodes[:, kind.n_corner:]] = points[nodes[:, np.array(kind.edges)]].mean(axis=2)
    return Mesh(points, mesh.blocks, mesh.node_ids, node_tags={"FOOT": mesh.node_tags["zmin"]},
                face_tags={"top": mesh.face_tags["zmax"]})


PRESSURE, GRAVITY, SPEED, AXIS = 30.0, 9810.0, 800.0, (0.0, 0.6, 0.8)
LOADS = {
    "pressure": (lambda mesh: pressure_cards(mesh, PRESSURE), Pressure(faces="top", value=PRESSURE)),
    "gravity": (lambda mesh: f"*DLOAD\nEALL,GRAV,{GRAVITY},0.6,0.,-0.8",
                BodyForce(direction=(0.6 * GRAVITY, 0.0, -0.8 * GRAVITY), per="mass")),
    "rotation": (lambda mesh: f"*DLOAD\nEALL,CENTRIF,{SPEED**2},-5.,1.,0.,{AXIS[0]},{AXIS[1]},{AXIS[2]}",
                 Centrifugal(center=(-5.0, 1.0, 0.0), axis=AXIS, speed=SPEED)),
}


@pytest.mark.parametrize("element", ELEMENTS)
def test_loads_are_those_of_calculix(tmp_path, element):
    """Pressure, gravity and rotation in one step each; linear, so that only rounding may remain."""
    mesh = block(element)
    for name, (cards, load) in LOADS.items():
        deck = write_deck(tmp_path / f"{name}.inp", mesh, element, [f"*STATIC\n{cards(mesh)}"], fixed="FOOT,1,3")
        done = solve(deck)
        model = Model(
            materials={"steel": Material(law="elastic", parameters={"young": YOUNG, "poisson": POISSON},
                                         density=DENSITY)},
            constraints={"foot": Constraint(nodes="FOOT", components=("x", "y", "z"))},
            loads={"load": load}, amplitudes={"load": 1.0})
        expected = full_order(mesh, model, [0.0, 1.0]).displacement[-1]
        with Snapshots(done.snapshots) as file:
            found = of_node_ids(file, mesh, "displacement")[-1]
            report = check(file)
        at_most(1e-11, **{f"{element}_{name}": difference(found, expected)})
        assert report.passed, name


@pytest.mark.parametrize(("old", "new", "said"), [
    (f"*ELASTIC\n{YOUNG}", "*ELASTIC\n190000.", "as if young of 'STEEL' were 2e+05 instead of 1.9e+05"),
    (f"*ELASTIC\n{YOUNG}", "*ELASTIC\n2.E11",
     "as if young of 'STEEL' were 2e+05 instead of 2e+11 (a factor of a million"),
    (f"{YIELD},0.\n{YIELD + HARDENING},1.", f"{1.2 * YIELD},0.\n{1.2 * (YIELD + HARDENING)},1.",
     "as if curve.stress of 'STEEL' were 0.8333 times as large"),
])
def test_a_wrong_constant_of_a_deck_is_named_with_the_one_that_calculix_had(plastic, tmp_path, old, new, said):
    _, done = plastic
    deck = done.snapshots.with_suffix(".inp")
    for suffix in (".frd", ".sta"):
        shutil.copyfile(deck.with_suffix(suffix), tmp_path / f"wrong{suffix}")
    text = deck.read_text()
    assert old in text
    (tmp_path / "wrong.inp").write_text(text.replace(old, new))
    CalculixConverter().convert(tmp_path / "wrong.inp", tmp_path / "wrong.vtkhdf")
    with Snapshots(tmp_path / "wrong.vtkhdf") as file:
        report = check(file)
    assert [item.name for item in report.failed] == ["internal_force"]
    assert any(said in hint for hint in report.hints), report.hints
