"""A node of no cell stays at rest and changes nothing; a load on it is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fullorder_example import TIMES, bar, model

from romlib.errors import InputError
from romlib.fullorder.arrays import solve_to_arrays
from romlib.fullorder.options import SolverOptions
from romlib.fullorder.solver import solve
from romlib.mesh.partition import split
from romlib.model import Model
from romlib.parallel import world
from romlib.parallel.pieces import Pieces

pytest.importorskip("petsc4py")


def with_a_loose_node():
    mesh = bar()
    return replace(mesh, points=np.append(mesh.points, [[9.0, 9.0, 9.0]], axis=0),
                   node_ids=np.append(mesh.node_ids, 999), node_tags={**mesh.node_tags, "far": np.array([mesh.n_node])})


@pytest.mark.parametrize("solver", ["direct", "gamg"])
def test_it_changes_nothing(solver):
    options = SolverOptions(linear_solver=solver, tolerance=1e-9)
    found = solve_to_arrays(with_a_loose_node(), model(), TIMES, options=options).displacement
    expected = solve_to_arrays(bar(), model(), TIMES, options=options).displacement
    np.testing.assert_allclose(found[:, :-1], expected, atol=1e-7 * np.abs(expected).max())
    assert not found[:, -1].any()


@pytest.mark.mpi
def test_a_load_on_it_is_refused_on_every_rank():
    base = model().model_dump()
    base["loads"]["point"] = {"kind": "nodal_force", "nodes": "far", "direction": [1.0, 0.0, 0.0]}
    base["amplitudes"]["point"] = "t"
    loaded = Model.model_validate(base)
    mesh = with_a_loose_node()
    pieces, parts = Pieces(world(), 2), split(mesh, np.arange(mesh.n_cell) % 2)
    with pytest.raises(InputError, match=r"on a node of no cell[\s\S]*'point'[\s\S]*node 999"):
        solve(pieces.each(parts.__getitem__), loaded, TIMES[:2], pieces)
