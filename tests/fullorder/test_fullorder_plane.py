"""The full-order solver in two dimensions: rigid motions, hinges, hourglasses, inclined planes, solvers, ranks."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest

from romlib.errors import ConvergenceError, InputError
from romlib.fullorder.arrays import solve_to_arrays
from romlib.fullorder.options import SolverOptions
from romlib.fullorder.solver import solve
from romlib.mesh.mesh import CellBlock, Mesh
from romlib.mesh.partition import partition
from romlib.mesh.rectangle import rectangle_mesh
from romlib.model import Constraint, Material, Model, NodalForce, Pressure, Traction
from romlib.parallel import world
from romlib.parallel.pieces import Pieces

pytest.importorskip("petsc4py")

J2 = {"steel": Material(law="mises", parameters={
    "young": 200e3, "poisson": 0.3, "yield": 200.0, "linear_hardening": 2000.0})}
TIMES = np.linspace(0.0, 1.0, 5)


def model(kinematics: str, **changes) -> Model:
    held = {"below": Constraint(nodes="ymin", components=("y",))}
    if kinematics == "plane strain":
        held["side"] = Constraint(nodes="xmin", components=("x",))
    return Model(**{"materials": J2, "constraints": held, "loads": {"p": Pressure(faces="xmax", value=150.0),
                    "q": Traction(faces="ymax", direction=(0.3, 1.0, 0.0), value=100.0)},
                    "amplitudes": {"p": "t", "q": "t"}, **changes})


def body(kinematics: str, cell: str = "quad8", **how) -> Mesh:
    return rectangle_mesh(cell, (6, 4), (3.0, 2.0), (1.0, 0.0), kinematics, **how)


both = pytest.mark.parametrize("kinematics", ["plane strain", "axisymmetric"])


@pytest.mark.parametrize(("kinematics", "free", "held"), [
    ("plane strain", ["translation along x", "translation along y", "rotation about z"], []),
    ("axisymmetric", ["translation along y"], ["translation along x", "rotation"]),
])
def test_free_motions_are_those_of_the_kinematics(kinematics, free, held):
    with pytest.raises(InputError, match="free to move without strain") as error:
        solve_to_arrays(body(kinematics), model(kinematics, constraints={}), TIMES)
    said = str(error.value).split("to do:")[0]
    assert all(words in said for words in free) and not any(words in said for words in held)


def test_a_rotation_that_nothing_holds_is_named_with_its_place():
    one = Constraint(nodes="foot", components=("x", "y"))
    mesh = body("plane strain")
    corner = int(np.argmin(np.linalg.norm(mesh.points - [1.0, 0.0], axis=1)))
    mesh = replace(mesh, node_tags={**mesh.node_tags, "foot": np.array([corner])})
    with pytest.raises(InputError, match=r"rotation about z through \(1, 0, 0\)"):
        solve_to_arrays(mesh, model("plane strain", constraints={"one": one}), TIMES)


def hinged(kinematics: str) -> Mesh:
    """Two squares that share one corner."""
    points = np.array([[1, 0], [2, 0], [2, 1], [1, 1], [3, 1], [3, 2], [2, 2]], dtype=float)
    block = CellBlock("quad4", np.array([[0, 1, 2, 3], [2, 4, 5, 6]]), np.array([1, 2]), "quad_gauss_4")
    return Mesh(points, (block,), np.arange(1, 8), {"ymin": np.array([0, 1]), "xmin": np.array([0, 3])},
                kinematics=kinematics)


def test_a_node_is_a_hinge_in_plane_strain_and_none_in_a_ring():
    pull = {"loads": {"f": NodalForce(nodes="xmin", direction=(0.0, 1.0, 0.0))}, "amplitudes": {"f": "t"}}
    with pytest.raises(InputError, match=r"can move without strain[\s\S]*rotation about z through \(2, 1, 0\)"):
        solve_to_arrays(hinged("plane strain"), model("plane strain", **pull), TIMES)
    found = solve_to_arrays(hinged("axisymmetric"), model("axisymmetric", **pull), TIMES)
    assert np.isfinite(found.displacement).all() and found.displacement.any()


def test_an_hourglass_of_one_point_is_no_silent_answer():
    mesh = body("plane strain", "quad4", quadrature="quad_gauss_1")
    held = {"foot": Constraint(nodes="foot", components=("x", "y")),
            "side": Constraint(nodes="hand", components=("y",))}
    mesh = replace(mesh, node_tags={**mesh.node_tags, "foot": np.array([0]), "hand": np.array([6])})
    with pytest.raises(ConvergenceError, match="a reduced integration rule may not see a motion"):
        solve_to_arrays(mesh, model("plane strain", constraints=held, loads={
            "p": Pressure(faces="xmax", value=1e-3)}, amplitudes={"p": "t"}), TIMES[:2])


def test_an_inclined_plane_is_the_straight_problem_turned():
    turn = np.radians(25.0)
    R = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    straight = body("plane strain")
    turned = replace(straight, points=straight.points @ R.T)
    sides = {name: Constraint(nodes=name, normal=(*(R @ axis), 0.0)) for name, axis in
             (("ymin", np.array([0.0, 1.0])), ("xmin", np.array([1.0, 0.0])))}
    loads = {"p": Pressure(faces="xmax", value=150.0)}
    expected = solve_to_arrays(straight, model("plane strain", loads=loads, amplitudes={"p": "t"}), TIMES)
    found = solve_to_arrays(turned, model("plane strain", loads=loads, amplitudes={"p": "t"}, constraints=sides), TIMES)
    np.testing.assert_allclose(found.displacement, expected.displacement @ R.T,
                               atol=1e-9 * np.abs(expected.displacement).max())


@both
def test_multigrid_finds_what_factors_do(kinematics):
    found, expected = (solve_to_arrays(body(kinematics), model(kinematics), TIMES, options=SolverOptions(
        linear_solver=name, tolerance=1e-10)) for name in ("gamg", "direct"))
    assert expected.variable("p")[-1].max() > 1e-5
    np.testing.assert_allclose(found.displacement, expected.displacement,
                               atol=1e-8 * np.abs(expected.displacement).max())


@both
@pytest.mark.mpi
def test_pieces_on_ranks_move_as_the_whole(kinematics):
    whole = solve_to_arrays(body(kinematics), model(kinematics), TIMES)
    pieces, parts = Pieces(world(), 3), partition(body(kinematics), 3)
    report = solve(pieces.each(parts.__getitem__), model(kinematics), TIMES, pieces)
    for p, state in report.state.pieces.items():
        at = parts[p].node_ids - 1
        np.testing.assert_allclose(state.displacement, whole.displacement[-1][at],
                                   atol=1e-9 * np.abs(whole.displacement).max())


def test_a_free_node_on_the_axis_is_warned_of_and_a_held_one_is_not():
    mesh = rectangle_mesh("quad8", (3, 3), (1.0, 1.0), (0.0, 0.0), "axisymmetric")
    loads = {"loads": {"p": Pressure(faces="xmax", value=10.0)}, "amplitudes": {"p": "t"}}
    with pytest.warns(UserWarning, match="7 nodes on the axis"):
        solve_to_arrays(mesh, model("axisymmetric", **loads), TIMES[:2])
    held = {"below": Constraint(nodes="ymin", components=("y",)), "axis": Constraint(nodes="xmin", components=("x",))}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = solve_to_arrays(mesh, model("axisymmetric", constraints=held, **loads), TIMES[:2])
    # a full cylinder under pressure: u_r = -(1 - nu) p r / E
    np.testing.assert_allclose(found.displacement[-1][:, 0], -0.7 * 2.5 / 200e3 * mesh.points[:, 0], atol=1e-14)


ARCH = [(x, 0) for x in range(3)] + [(-1, 1), (-1, 2), (0, 2), (1, 2), (2, 2), (3, 2), (3, 1)]


def squares(places, **tags) -> Mesh:
    """Squares of edge 1 with their low corners there, in plane strain; corners of equal places are one node.

    tags : masks of nodes by their points (n_node, 2).
    """
    corners = np.array([[(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)] for x, y in places], dtype=float)
    points, nodes = np.unique(corners.reshape(-1, 2), axis=0, return_inverse=True)
    block = CellBlock("quad4", nodes.reshape(-1, 4), np.arange(1, len(places) + 1), "quad_gauss_4")
    return Mesh(points, (block,), np.arange(len(points)), kinematics="plane strain",
                node_tags={name: np.flatnonzero(of(points)) for name, of in tags.items()})


def test_two_nodes_apart_hold_parts_together_in_plane_strain():
    """An arch that stands on two corners of a beam: no face is shared, and nothing turns."""
    mesh = squares(ARCH, ymin=lambda x: x[:, 1] == 0, xmin=lambda x: (x == 0).all(axis=1), top=lambda x: x[:, 1] == 3)
    push = {"loads": {"f": NodalForce(nodes="top", direction=(0.0, -1.0, 0.0))}, "amplitudes": {"f": "t"}}
    found = solve_to_arrays(mesh, model("plane strain", **push), TIMES)
    assert np.isfinite(found.displacement).all() and found.displacement.any()


def test_parts_that_two_nodes_hold_together_turn_as_one():
    """The same beam and arch, which hang by one corner from a square that is held."""
    mesh = squares([*ARCH, (3, -1)], base=lambda x: x[:, 1] == -1)
    held = {"base": Constraint(nodes="base", components=("x", "y"))}
    with pytest.raises(InputError, match="without strain") as error:
        solve_to_arrays(mesh, model("plane strain", constraints=held, loads={}, amplitudes={}), TIMES)
    assert str(error.value).count("the part with node") == 1 and "rotation about z through (3, 0" in str(error.value)
