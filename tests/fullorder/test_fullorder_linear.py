"""Linear systems with several right-hand sides of one matrix: by factors as one block, by multigrid one by one."""

from __future__ import annotations

import numpy as np
import pytest
from fullorder_example import bar, model

from romlib.fullorder.options import SolverOptions
from romlib.fullorder.problem import Problem
from romlib.mesh.partition import number_shared_nodes, partition
from romlib.parallel import world
from romlib.parallel.pieces import Pieces

pytest.importorskip("petsc4py")


def problem_on(comm, linear_solver, tolerance=1e-10):
    meshes, pieces = list(number_shared_nodes(partition(bar(), 2))), Pieces(comm, 2)
    mine = {p: meshes[p] for p in pieces.mine}
    options = SolverOptions(linear_solver=linear_solver, linear_tolerance=tolerance)
    problem = Problem(mine, model(), 0.0, pieces, options, None)
    stiffness = {p: piece.virgin_tangent() for p, piece in problem.pieces.items()}
    problem.assembly.update(stiffness)
    right = np.random.default_rng(comm.rank).standard_normal((5, problem.numbering.n_owned, 3))
    return problem, stiffness, np.where(problem.held, 0.0, right)


@pytest.mark.mpi
@pytest.mark.parametrize("linear_solver", ["direct", "gamg"])
def test_a_block_of_right_hand_sides_gives_what_each_gives_alone(linear_solver):
    comm = world()
    problem, _, right = problem_on(comm, linear_solver)
    together = problem.linear.solve_all(right, True)
    again = problem.linear.solve_all(right[::-1], True)[::-1]  # with factors that are there
    alone = np.stack([problem.linear.solve(one, True) for one in right])
    for found in (together, again):
        np.testing.assert_allclose(found, alone, atol=1e-7 * np.abs(alone).max())


@pytest.mark.mpi
def test_factors_of_another_matrix_are_not_taken_for_those_of_this_one():
    comm = world()
    problem, stiffness, right = problem_on(comm, "direct")
    before = problem.linear.solve_all(right, True)
    problem.assembly.update({p: 2.0 * tangent for p, tangent in stiffness.items()})
    after = problem.linear.solve_all(right, True)
    np.testing.assert_allclose(after, 0.5 * before, atol=1e-9 * np.abs(before).max())
