"""Inclined planes and cyclic symmetry of the full-order solver, against CalculiX with *TRANSFORM and *EQUATION."""

from __future__ import annotations

from dataclasses import replace

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
from scipy.spatial import cKDTree
from sector_example import SECTORS, ring

from romlib.check import check
from romlib.fullorder.arrays import solve_to_arrays
from romlib.fullorder.options import SolverOptions
from romlib.model import Centrifugal, Constraint, Material, Model, Pressure
from romlib.snapshots import Snapshots

ANGLE = 2 * np.pi / SECTORS
PUSH = 90.0
TIMES = np.linspace(0.0, 1.0, 6)
STEP = "*STATIC,DIRECT\n0.2,1.\n*CONTROLS,PARAMETERS=FIELD\n1.E-10,1.E-6"


@pytest.fixture(scope="module", autouse=True)
def _tools():
    needs_ccx()
    pytest.importorskip("petsc4py")


def sector():
    """A sector whose inner face is held in all, for CalculiX: the far face has no other constraint there."""
    mesh = ring(1)
    near, far = mesh.node_tags["begin"], mesh.node_tags["end"]
    tags = {"BEGIN": near, "END": far, "FLOOR": np.setdiff1d(mesh.node_tags["bottom"], far),
            "BORE": np.setdiff1d(mesh.node_tags["inner"], far), "BOTTOM": mesh.node_tags["bottom"],
            "INNER": mesh.node_tags["inner"]}
    return replace(mesh, node_tags=tags, face_tags={"top": mesh.face_tags["top"]}, node_arrays={})


def equations(mesh) -> str:
    """u = R u_master at each node of the far face, one equation a component."""
    turn = np.array([[np.cos(ANGLE), -np.sin(ANGLE), 0], [np.sin(ANGLE), np.cos(ANGLE), 0], [0, 0, 1]])
    near, far = mesh.node_tags["BEGIN"], mesh.node_tags["END"]
    partner = near[cKDTree(mesh.points[near] @ turn.T).query(mesh.points[far])[1]]
    lines = []
    for slave, master in zip(mesh.node_ids[far], mesh.node_ids[partner]):
        for i in range(3):
            terms = [(slave, i + 1, 1.0), *((master, j + 1, -turn[i, j]) for j in range(3) if turn[i, j] != 0.0)]
            lines += [str(len(terms)), ",".join(f"{node},{dof},{value!r}" for node, dof, value in (
                (node, dof, float(value)) for node, dof, value in terms))]
    return "\n".join(["*EQUATION", *lines])


def run(folder, mesh, speed: float, cards: str, fixed: str):
    """CalculiX's run of a sector that spins, and whose top is pressed, both with the force growing in time."""
    load = f"*DLOAD\nEALL,CENTRIF,{speed**2},0.,0.,0.,0.,0.,1.\n{pressure_cards(mesh, PUSH)}"
    deck = write_deck(folder / "sector.inp", mesh, "C3D8", [f"{STEP}\n{load}"], PLASTIC, fixed)
    deck.write_text(deck.read_text().replace("*BOUNDARY", f"{cards}\n*BOUNDARY", 1))
    return solve(deck)


def model(speed: float, **constraints) -> Model:
    law = {"young": YOUNG, "poisson": POISSON, "yield": YIELD, "linear_hardening": HARDENING}
    return Model(
        materials={"steel": Material(law="mises", parameters=law, density=DENSITY)},
        constraints={"floor": Constraint(nodes="BOTTOM", components=("z",)), **constraints},
        loads={"spin": Centrifugal(center=(0, 0, 0), axis=(0, 0, 1), speed=speed),
               "push": Pressure(faces="top", value=PUSH)},
        amplitudes={"spin": "sqrt(t)", "push": "t"})


def compare(done, mesh, of: Model, name: str) -> None:
    """Displacement of both; and the check of CalculiX's file, by its own model and by the study's relations."""
    expected = solve_to_arrays(mesh, of, TIMES, options=SolverOptions(tolerance=1e-12))
    assert np.nanmax(expected.variable("p")) > 1e-3
    with Snapshots(done.snapshots) as file:
        order = np.argsort(file.mesh(0).node_ids)
        found = file.read("displacement", 0)[:, order]
        assert check(file).passed
    at_most(1e-9, **{name: difference(found, expected.displacement[1:])})


def test_a_cyclic_sector_moves_as_equations_make_it_in_calculix(tmp_path):
    mesh = sector()
    done = run(tmp_path, mesh, 9000.0, equations(mesh), "FLOOR,3\nBORE,1,2")
    compare(done, mesh, model(
        9000.0, bore=Constraint(nodes="INNER", components=("x", "y")),
        sides=Constraint(nodes="END", master="BEGIN", axis=(0, 0, 1), angle=360 / SECTORS)), "cyclic")


def test_an_inclined_plane_holds_as_transform_makes_it_in_calculix(tmp_path):
    """A sector between two planes of symmetry: the first is that of y, the other one is inclined."""
    mesh = sector()
    normal = (-np.sin(ANGLE), np.cos(ANGLE), 0.0)
    along = (np.cos(ANGLE), np.sin(ANGLE), 0.0)
    cards = f"*TRANSFORM,NSET=END\n{','.join(repr(float(x)) for x in (*normal, *along))}"
    done = run(tmp_path, mesh, 5500.0, cards, "BOTTOM,3\nBEGIN,2\nEND,1")
    compare(done, mesh, model(
        5500.0, near=Constraint(nodes="BEGIN", components=("y",)), far=Constraint(nodes="END", normal=normal)), "plane")
