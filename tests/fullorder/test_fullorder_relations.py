"""Inclined planes and cyclic symmetry: a turned structure is the turned solution, a sector is a part of the ring."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fullorder_example import TIMES, bar, model
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation
from sector_example import SECTORS, STEEL, ring, spinning, turned

from romlib.errors import InputError
from romlib.fullorder.arrays import solve_to_arrays
from romlib.fullorder.options import SolverOptions
from romlib.fullorder.solver import solve
from romlib.mesh.mesh import CellBlock, Mesh
from romlib.mesh.partition import number_shared_nodes, split
from romlib.model import BodyForce, Constraint, Model
from romlib.parallel import world
from romlib.parallel.pieces import Pieces

pytest.importorskip("petsc4py")
STEPS = np.linspace(0.0, 1.0, 4)
TURN = Rotation.from_rotvec([0.3, -0.5, 0.7]).as_matrix()


@pytest.fixture(scope="module")
def whole():
    """Mesh and history of the whole ring."""
    mesh = ring(SECTORS)
    return mesh, solve_to_arrays(mesh, spinning(False), STEPS)


def by_pieces(mesh, of, times, n_piece, **options):
    """Displacement (n_step, n_node, 3) of the mesh cut into pieces across its cells, on all ranks."""
    pieces, parts = Pieces(world(), n_piece), number_shared_nodes(split(mesh, np.arange(mesh.n_cell) % n_piece))
    found = np.full((len(times), mesh.n_node, 3), np.nan)

    def keep(step, _, result):
        for p, values in pieces.collect(lambda p: result.pieces[p].displacement).items():
            found[step, np.searchsorted(mesh.node_ids, parts[p].node_ids)] = values

    solve(pieces.each(parts.__getitem__), of, times, pieces, options=SolverOptions(**options), on_step=keep)
    return found


@pytest.mark.mpi
@pytest.mark.parametrize(("n_piece", "linear_solver"), [(2, "direct"), (3, "gamg")])
def test_a_sector_moves_as_in_the_whole_ring(whole, n_piece, linear_solver):
    everything, expected = whole
    assert np.nanmax(expected.variable("p")) > 5e-4
    mesh = ring(1)
    of = cKDTree(everything.points).query(mesh.points)[1]
    found = by_pieces(mesh, spinning(True), STEPS, n_piece, linear_solver=linear_solver, tolerance=1e-11)
    difference = np.abs(found - expected.displacement[:, of]).max()
    assert difference < (1e-10 if linear_solver == "direct" else 1e-8) * np.abs(expected.displacement).max()


def test_the_force_that_turns_a_sector_is_its_part_of_the_rings(whole):
    _, expected = whole
    found = solve_to_arrays(ring(1), spinning(True), STEPS)
    np.testing.assert_allclose(SECTORS * found.reactions["twist"], expected.reactions["twist"], rtol=1e-7)
    assert abs(expected.reactions["twist"][-1]) > 1e3


def test_a_sector_may_be_counted_the_other_way_round(whole):
    everything, expected = whole
    given = spinning(True)
    other = Constraint(nodes="begin", master="end", axis=(0, 0, 1), angle=-360 / SECTORS)
    model = given.model_copy(update={"constraints": {**given.constraints, "sides": other}})
    found = solve_to_arrays(ring(1), model, STEPS)
    of = cKDTree(everything.points).query(ring(1).points)[1]
    np.testing.assert_allclose(found.displacement, expected.displacement[:, of], atol=1e-9)


@pytest.mark.mpi
@pytest.mark.parametrize("n_piece", [2, 3])
def test_planes_turned_in_space_turn_the_solution(n_piece):
    """Three planes of symmetry, some of whose nodes are on two of them, or on one and on the end that is moved."""
    mesh, given = bar(), model()
    ends = np.zeros((mesh.n_node, 3))
    ends[mesh.node_tags["xmax"], 0] = 1.0
    pull = Constraint(nodes="xmax", components=("x", "y", "z"), kind="prescribed", value={"array": "end"})
    inside = {name: np.setdiff1d(mesh.node_tags[name], mesh.node_tags["xmax"]) for name in ("ymin", "zmin")}
    straight = replace(mesh, node_tags={**mesh.node_tags, **inside}, node_arrays={"end": ends})
    held = {f"{a}min": Constraint(nodes=f"{a}min", components=(a,)) for a in "xyz"}
    expected = solve_to_arrays(straight, given.model_copy(update={"constraints": {**held, "pull": pull}}), TIMES,
                               options=SolverOptions(tolerance=1e-11))
    assert np.nanmax(expected.variable("p")) > 1e-3
    inclined = replace(turned(mesh, TURN), node_arrays={"end": ends @ TURN.T})
    planes = {f"{a}min": Constraint(nodes=f"{a}min", normal=tuple(2.0 * TURN[:, k])) for k, a in enumerate("xyz")}
    found = by_pieces(inclined, given.model_copy(update={"constraints": {**planes, "pull": pull}}), TIMES, n_piece,
                      tolerance=1e-11)
    assert np.abs(found - expected.displacement @ TURN.T).max() < 1e-10 * np.abs(expected.displacement).max()


def test_a_plane_along_an_axis_is_a_fixed_component():
    mesh, given = bar(), model()
    held = {f"{a}min": Constraint(nodes=f"{a}min", components=(a,)) for a in "xyz"}
    planes = {name: Constraint(nodes=name, normal=tuple(3.0 * np.eye(3)[k])) for k, name in enumerate(held)}
    pull = given.constraints["pull"]
    first, second = (solve_to_arrays(mesh, given.model_copy(update={"constraints": {**one, "pull": pull}}), TIMES)
                     for one in (held, planes))
    np.testing.assert_allclose(second.displacement, first.displacement, atol=1e-13)
    np.testing.assert_allclose(second.reactions["pull"], first.reactions["pull"], rtol=1e-8)


def fan(n_sector: int, per_sector: int = 2) -> Mesh:
    """Wedges around the z axis, with nodes on it; node tags rim, begin, end."""
    n = n_sector * per_sector
    angles = np.arange(n + (n_sector < SECTORS)) * 2 * np.pi / (SECTORS * per_sector)
    rim = np.column_stack([np.cos(angles), np.sin(angles)])
    plane = np.vstack([[0, 0], 10 * rim, 5 * rim])
    layers = [np.column_stack([plane, np.full(len(plane), z)]) for z in (0.0, 1.0)]
    size, m = len(layers[0]), len(rim)
    k = np.arange(n)
    inner, outer = 1 + m + np.array([k, (k + 1) % m]), 1 + np.array([k, (k + 1) % m])
    triangles = np.concatenate([np.column_stack([0 * k, *inner]), np.column_stack([inner[0], outer[0], outer[1]]),
                                np.column_stack([inner[0], outer[1], inner[1]])])
    block = CellBlock("wedge6", np.column_stack([triangles, triangles + size]), np.arange(3 * n) + 1, "wedge_6")
    points = np.concatenate(layers)
    on = {"rim": outer[0], "begin": np.array([0, 1, 1 + m]), "end": np.array([0, m, 2 * m])}
    if n_sector < SECTORS:
        on["rim"] = np.append(on["rim"], m)
    return Mesh(points, (block,), np.arange(len(points)) + 1,
                node_tags={name: np.concatenate([nodes, nodes + size]) for name, nodes in on.items()})


def test_a_node_on_the_axis_moves_along_it_as_in_the_whole_disc():
    rim = Constraint(nodes="rim", components=("x", "y", "z"))
    given = Model(materials=STEEL, constraints={"rim": rim}, loads={"weight": BodyForce(direction=(0, 0, -30.0))},
                  amplitudes={"weight": "t"})
    sides = Constraint(nodes="end", master="begin", axis=(0, 0, 1), angle=360 / SECTORS)
    expected = solve_to_arrays(fan(SECTORS), given, STEPS)
    found = solve_to_arrays(fan(1), given.model_copy(update={"constraints": {"rim": rim, "sides": sides}}), STEPS)
    of = cKDTree(fan(SECTORS).points).query(fan(1).points)[1]
    assert np.nanmax(expected.variable("p")) > 1e-4
    assert expected.displacement[-1, 0, 2] < -1e-2
    np.testing.assert_allclose(found.displacement, expected.displacement[:, of], atol=1e-11)
    np.testing.assert_array_equal(found.displacement[:, 0, :2], 0.0)


@pytest.mark.mpi
@pytest.mark.parametrize(("axis", "free"), [((0, 0, 1), ["translation along z", "rotation about z through (0, 0, "])])
def test_motions_that_a_sector_leaves_free_are_named(axis, free):
    given = spinning(True)
    sides = {"sides": given.constraints["sides"]}
    loose = given.model_copy(update={"constraints": sides, "loads": {}, "amplitudes": {}})
    with pytest.raises(InputError, match="free to move without strain") as error:
        by_pieces(ring(1), loose, STEPS[:2], 2)
    for words in free:
        assert words in str(error.value)
    assert str(error.value).count("translation") + str(error.value).count("rotation") == len(free)


def test_motions_that_inclined_planes_leave_free_are_named():
    mesh = turned(bar(), TURN)
    held = {name: Constraint(nodes=name, normal=tuple(TURN[:, k])) for k, name in enumerate(("xmin", "ymin"))}
    with pytest.raises(InputError, match="translation along") as error:
        solve_to_arrays(mesh, Model(materials=STEEL, constraints=held), STEPS[:2])
    direction = "({:.4g}, {:.4g}, {:.4g})".format(*TURN[:, 2] * np.sign(TURN[0, 2]))
    assert f"translation along {direction}\n" in str(error.value)


def test_a_prescribed_displacement_out_of_a_plane_is_refused():
    given = model()
    held = {**given.constraints, "plane": Constraint(nodes="xmax", normal=(1, 1, 0)),
            "also": Constraint(nodes="xmax", components=("y",))}
    with pytest.raises(InputError, match="a prescribed displacement and a relation contradict") as error:
        solve_to_arrays(bar(), given.model_copy(update={"constraints": held}), TIMES)
    assert "constraint 'pull'" in str(error.value)


def test_faces_of_two_sectors_with_common_nodes_are_refused():
    given = spinning(True)
    again = Constraint(nodes="begin", master="end", axis=(0, 0, 1), angle=-360 / SECTORS)
    both = given.model_copy(update={"constraints": {**given.constraints, "again": again}})
    with pytest.raises(InputError, match="of two cyclic symmetries, as slave and as master"):
        solve_to_arrays(ring(1), both, STEPS)
