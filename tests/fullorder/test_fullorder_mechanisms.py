"""A part that hangs by a hinge is named before anything is solved, however the mesh is cut; what is joined solves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fullorder_example import TIMES, model
from hypothesis import given, settings
from hypothesis import strategies as st

from romlib.errors import InputError
from romlib.fullorder.mechanisms import refuse_mechanisms
from romlib.fullorder.numbering import Numbering
from romlib.fullorder.solver import solve
from romlib.mesh.box import box_mesh
from romlib.mesh.mesh import Mesh
from romlib.mesh.partition import number_shared_nodes, split
from romlib.model import Constraint
from romlib.parallel import serial, world
from romlib.parallel.pieces import Pieces

pytest.importorskip("petsc4py")


def joined(cell_type, *corners, n=1):
    """Cubes of edge 1 with their low corners there; nodes of equal places are one."""
    one = box_mesh(cell_type, (n, n, n))
    points = np.concatenate([one.points + np.array(corner) for corner in corners])
    _, first, node = np.unique(np.round(4 * n * points).astype(int), axis=0, return_index=True, return_inverse=True)
    cells = np.concatenate([one.blocks[0].connectivity + k * one.n_node for k in range(len(corners))])
    block = replace(one.blocks[0], connectivity=node.ravel()[cells], cell_ids=np.arange(len(cells)))
    x = points[first]
    tags = {"base": x[:, 0] == 0, "end": x[:, 0] == x[:, 0].max(), "tip": x.sum(axis=1) == x.sum(axis=1).max()}
    return Mesh(x, (block,), np.arange(1, len(x) + 1), {name: np.flatnonzero(at) for name, at in tags.items()})


def held_by(*fixed):
    constraints = {f"{nodes} {axes}": Constraint(nodes=nodes, components=tuple(axes)) for nodes, axes in fixed}
    return model().model_copy(update={"constraints": constraints, "loads": {}, "amplitudes": {}})


def run(mesh, owners, *fixed):
    pieces, parts = Pieces(world(), int(owners.max()) + 1), number_shared_nodes(split(mesh, owners))
    solve(pieces.each(parts.__getitem__), held_by(*fixed), TIMES[:2], pieces)


EDGE = ((0, 0, 0), (1, 0, 1))  # two cubes that share the edge x = z = 1
CORNER = ((0, 0, 0), (1, 1, 1))


@pytest.mark.mpi
@pytest.mark.parametrize("n_piece", [2, 3])
@pytest.mark.parametrize(("cell_type", "corners", "motion"), [
    ("hex8", EDGE, r"rotation about y through \(1, .+, 1\)\n"),
    ("hex20", EDGE, r"rotation about y through \(1, .+, 1\)\n"),
    ("tet4", CORNER, r"rotation about x through \(.+, 1, 1\); rotation about y through \(1, .+, 1\); rotation"),
], ids=["edge", "quadratic edge", "corner"])
def test_a_part_that_hangs_by_a_line_or_a_point_is_named_with_its_rotation(cell_type, corners, motion, n_piece):
    mesh = joined(cell_type, *corners, n=2)
    for owners in (np.arange(mesh.n_cell) % n_piece, np.arange(mesh.n_cell) * n_piece // mesh.n_cell):
        with pytest.raises(InputError, match=r"can move without strain[\s\S]*: the part with node \d+: " + motion):
            run(mesh, owners, ("base", "xyz"))


@pytest.mark.mpi
def test_a_hinge_that_a_constraint_stops_solves():
    run(joined("hex8", *EDGE, n=2), np.arange(16) % 2, ("base", "xyz"), ("tip", "z"))


def test_parts_that_hang_on_each_other_in_a_ring_are_free_only_where_they_are():
    """Four hinges with parallel axes: a linkage, until one part more is held."""
    ring = joined("hex8", (0, 0, 0), (1, 0, 1), (2, 0, 0), (1, 0, -1))
    with pytest.raises(InputError, match="without strain") as error:
        run(ring, np.zeros(4, dtype=int), ("base", "xyz"))
    assert str(error.value).count("the part with node") == 3
    run(ring, np.zeros(4, dtype=int), ("base", "xyz"), ("end", "xyz"))


def test_of_a_long_chain_the_first_parts_are_named():
    chain = joined("hex8", *((k, 0, k) for k in range(210)))
    with pytest.raises(InputError, match=r"rotation[\s\S]*and \d+ parts more"):
        run(chain, np.zeros(210, dtype=int), ("base", "xyz"))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["hex8", "tet4", "wedge6", "hex20"]), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_a_box_is_one_part_however_it_is_cut(cell_type, n_piece, seed):
    mesh = box_mesh(cell_type, (3, 2, 2), size=(300.0, 1.0, 0.01))
    owners = np.random.default_rng(seed).integers(0, n_piece, mesh.n_cell)
    owners[:n_piece] = np.arange(n_piece)
    pieces = dict(enumerate(number_shared_nodes(split(mesh, owners))))
    numbering = Numbering(pieces, Pieces(serial(), len(pieces)))
    clamped = np.repeat((numbering.points[:, 0] == 0)[:, None], 3, axis=1)
    refuse_mechanisms(pieces, clamped, numbering)
