"""A rigid motion that nothing holds is named, with its body, before anything is solved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fullorder_example import TIMES, bar, model
from hypothesis import given, settings
from hypothesis import strategies as st

from romlib.errors import InputError
from romlib.fullorder.rigid import describe, free_motions
from romlib.fullorder.solver import solve
from romlib.mesh.box import box_mesh
from romlib.mesh.partition import number_shared_nodes, split
from romlib.model import Constraint
from romlib.parallel import world
from romlib.parallel.pieces import Pieces

pytest.importorskip("petsc4py")


def held_by(*fixed):
    """The bar's model with these (node tag, components) fixed, and no loads."""
    constraints = {f"{nodes} {components}": Constraint(nodes=nodes, components=tuple(components))
                   for nodes, components in fixed}
    return model().model_copy(update={"constraints": constraints, "loads": {}, "amplitudes": {}})


def run(mesh, fixed, n_piece=1):
    """Solve on all ranks; pieces cut across the length."""
    pieces, parts = Pieces(world(), n_piece), number_shared_nodes(split(mesh, np.arange(mesh.n_cell) % n_piece))
    solve(pieces.each(parts.__getitem__), held_by(*fixed), TIMES[:2], pieces)


@pytest.mark.mpi
@pytest.mark.parametrize("n_piece", [2, 3])
@pytest.mark.parametrize(("fixed", "motions"), [
    ([("xmin", "x"), ("zmin", "z")], ["translation along y\n"]),
    ([("xmin", "yz")], ["translation along x; rotation about y through (0, ", "; rotation about z through (0, "]),
    ([("xmin", "x")], ["translation along y; translation along z; rotation about x through (", ", 0.5, 0.5)"]),
    ([("line", "xyz")], ["rotation about y through (0, ", ", 0)\n"]),
    ([("corner", "xyz")], ["rotation about x through (", "; rotation about y", "; rotation about z"]),
])
def test_what_is_not_held_is_named(fixed, motions, n_piece):
    mesh = bar()
    at = np.flatnonzero((mesh.points[:, 0] == 0) & (mesh.points[:, 2] == 0))
    mesh = replace(mesh, node_tags={**mesh.node_tags, "line": at, "corner": at[mesh.points[at, 1] == 0]})
    with pytest.raises(InputError, match="free to move without strain") as error:
        run(mesh, fixed, n_piece)
    text = str(error.value)
    assert "add a constraint " in text
    assert "the body with node 1 (45 nodes about (1, 0.5, 0.5))" in text
    for motion in motions:
        assert motion in text
    assert text.count("translation") + text.count("rotation") == sum(m.count("ation") for m in motions)


@pytest.mark.mpi
def test_what_is_held_solves():
    run(bar(), [("xmin", "x"), ("ymin", "y"), ("zmin", "z")], 2)


@pytest.mark.mpi
@pytest.mark.parametrize("n_piece", [2, 4])
def test_each_body_needs_constraints_of_its_own(n_piece):
    one, other = bar(), box_mesh("hex8", (4, 2, 2), size=(2.0, 1.0, 1.0), origin=(0.0, 0.0, 5.0))
    n, block = one.n_node, one.blocks[0]
    both = replace(
        one, points=np.concatenate([one.points, other.points]), node_ids=np.arange(1, 2 * n + 1),
        blocks=(replace(block, connectivity=np.concatenate([block.connectivity, other.blocks[0].connectivity + n]),
                        cell_ids=np.arange(2 * block.n_cell)),),
        node_tags={"left": one.node_tags["xmin"], "both": np.concatenate([one.node_tags["xmin"],
                                                                          other.node_tags["xmin"] + n])},
        face_tags={})
    with pytest.raises(InputError, match=r"the body with node 46 \(45 nodes about \(1, 0.5, 5.5\)\): every rigid"):
        run(both, [("left", "xyz")], n_piece)
    run(both, [("both", "xyz")], n_piece)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(-3, 3), st.floats(1e-3, 1e3))
def test_a_body_held_on_a_line_turns_about_it(seed, offset, size):
    """Wherever the line is, in whatever units."""
    rng = np.random.default_rng(seed)
    axis = rng.standard_normal(3)
    axis /= np.linalg.norm(axis)
    origin = offset * rng.standard_normal(3)
    points = origin + np.linspace(-1, 1, 5)[:, None] * axis  # relative to the centre, over the radius
    held = np.zeros((6, 6))
    for x in points:
        rows = np.concatenate([np.eye(3), np.cross(np.eye(3), x)])  # (6, 3): the motions at x
        held += rows @ rows.T
    motions = free_motions(held)
    assert motions.shape == (6, 1)
    centre = np.array([1.0, 2.0, 3.0])
    text, = describe(motions, centre, size)
    assert text.startswith("rotation about ")
    through = np.array([float(x) for x in text.split("through (")[1].rstrip(")").split(",")])
    away = np.cross(axis, through - (centre + size * origin))
    assert np.linalg.norm(away) <= 2e-3 * (np.abs(centre).max() + size * np.abs(origin).max() + size)
