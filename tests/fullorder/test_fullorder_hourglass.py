"""A motion that a reduced rule does not see is named: in a warning where it passes, in the error where it does not."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
from fullorder_example import TIMES, model

from romlib.errors import ConvergenceError
from romlib.fullorder.options import SolverOptions
from romlib.fullorder.solver import solve
from romlib.mesh.box import box_mesh
from romlib.mesh.partition import number_shared_nodes, split
from romlib.model import Constraint, Model
from romlib.parallel import world
from romlib.parallel.pieces import Pieces

pytest.importorskip("petsc4py")

NAMED = r"sees no strain in a motion \(hourglass\) that moves node \d+ most, along \("


def run(cell_type, rule, divisions, load, solver="direct"):
    """A box clamped at x = 0, in two pieces, pressed at its end or pulled at a corner."""
    mesh = box_mesh(cell_type, divisions, size=tuple(float(n) for n in divisions))
    corner = np.flatnonzero(mesh.points.sum(axis=1) == mesh.points.sum(axis=1).max())
    mesh = replace(mesh, blocks=tuple(replace(block, quadrature=rule) for block in mesh.blocks),
                   node_tags={**mesh.node_tags, "corner": corner})
    loads = {"press": {"kind": "pressure", "faces": "xmax"},
             "pull": {"kind": "nodal_force", "nodes": "corner", "direction": (1.0, 2.0, 3.0)}}
    given = {**model().model_dump(), "constraints": {"clamp": Constraint(nodes="xmin", components=("x", "y", "z"))},
             "loads": {load: loads[load]}, "amplitudes": {load: "t"}}
    pieces, parts = Pieces(world(), 2), number_shared_nodes(split(mesh, np.arange(mesh.n_cell) % 2))
    solve(pieces.each(parts.__getitem__), Model.model_validate(given), TIMES[:2], pieces,
          options=SolverOptions(linear_solver=solver))


@pytest.mark.parametrize(("cell_type", "rule"), [("hex8", "hex_gauss_1"), ("hex20", "hex_gauss_8")])
def test_a_load_that_does_not_move_it_solves_with_a_warning(cell_type, rule):
    with pytest.warns(UserWarning, match=NAMED):
        run(cell_type, rule, (3, 1, 1), "press")


@pytest.mark.mpi
@pytest.mark.filterwarnings("ignore:the integration rule")
@pytest.mark.parametrize(("solver", "said"), [("direct", NAMED), ("gamg", "a reduced integration rule may not see")])
def test_a_load_that_moves_it_ends_in_an_error_that_says_so(solver, said):
    with pytest.raises(ConvergenceError, match=said):
        run("hex20", "hex_gauss_8", (3, 1, 1), "pull", solver)


@pytest.mark.parametrize(("rule", "divisions"), [("hex_gauss_8", (2, 2, 1)), ("hex_gauss_27", (3, 1, 1))])
def test_where_every_motion_is_seen_nothing_is_said(rule, divisions):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run("hex20", rule, divisions, "pull")
