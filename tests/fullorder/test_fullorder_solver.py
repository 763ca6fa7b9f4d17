"""The full-order solver: equilibrium, constraints, cutbacks, restart; pieces and linear solvers do not matter."""

from __future__ import annotations

import numpy as np
import pytest
from fullorder_example import TIMES, bar, model

from romlib.errors import ConvergenceError, InputError, UnsupportedError
from romlib.fullorder.arrays import solve_to_arrays
from romlib.fullorder.options import SolverOptions
from romlib.fullorder.solver import solve
from romlib.loads.forces import unit_force
from romlib.mesh.operator import StrainOperator
from romlib.mesh.partition import number_shared_nodes, split
from romlib.model import Constraint, Model
from romlib.parallel.comm import serial
from romlib.parallel.pieces import Pieces

pytest.importorskip("petsc4py")
PULLED = bar()


@pytest.fixture(scope="module")
def reference():
    return solve_to_arrays(PULLED, model(), TIMES)


def test_free_dofs_are_in_equilibrium_and_reactions_balance_the_loads(reference):
    operator = StrainOperator(PULLED)
    loads = model().loads
    push = unit_force(loads["push"], PULLED, model().materials, operator)
    internal = operator.internal_force(reference.stress)
    external = 40.0 * TIMES[:, None, None] * push
    residual = internal - external - reference.reaction
    assert np.abs(residual).max() <= 1e-7 * np.abs(internal).max()
    free = np.ones((PULLED.n_node, 3), dtype=bool)
    free[PULLED.node_tags["xmin"]] = False
    free[PULLED.node_tags["xmax"], 0] = False
    assert not reference.reaction[:, free].any()
    np.testing.assert_allclose(reference.reaction.sum(axis=1), -external.sum(axis=1), atol=1e-6)


def test_prescribed_displacements_are_met_and_their_reaction_is_conjugate(reference):
    end = PULLED.node_tags["xmax"]
    np.testing.assert_allclose(reference.displacement[:, end, 0], np.outer(0.006 * TIMES, np.ones(len(end))),
                               atol=1e-15)
    np.testing.assert_allclose(reference.reactions["pull"], reference.reaction[:, end, 0].sum(axis=1), rtol=1e-12)


def test_something_yields(reference):
    assert reference.variable("p")[-1].max() > 1e-4


@pytest.mark.parametrize("solver", ["gamg", "hypre"])
def test_linear_solvers_agree(reference, solver):
    options = SolverOptions(linear_solver=solver, tolerance=1e-10)
    other = solve_to_arrays(PULLED, model(), TIMES, options=options)
    scale = np.abs(reference.displacement).max()
    np.testing.assert_allclose(other.displacement, reference.displacement, atol=1e-7 * scale)


def test_options_reach_petsc(reference):
    found = solve_to_arrays(PULLED, model(), TIMES[:2], options=SolverOptions(petsc="-ksp_type preonly"))
    assert found.report.n_linear_iteration <= found.report.n_linear  # one application of the factors a solve
    again = solve_to_arrays(PULLED, model(), TIMES[:3])
    assert again.report.n_linear_iteration > again.report.n_linear  # and do not stay there


def test_pieces_do_not_matter(reference):
    parts = split(PULLED, np.arange(PULLED.n_cell) % 3)
    steps = []
    solve(dict(enumerate(parts)), model(), TIMES, Pieces(serial(), len(parts)),
          on_step=lambda k, t, result: steps.append(result))
    order = np.argsort(PULLED.node_ids)
    scale = np.abs(reference.displacement).max()
    for step, result in enumerate(steps):
        for p, part in enumerate(parts):
            where = order[np.searchsorted(PULLED.node_ids[order], part.node_ids)]
            np.testing.assert_allclose(result.pieces[p].displacement, reference.displacement[step, where],
                                       atol=1e-12 * scale)
        assert result.reactions["pull"] == pytest.approx(reference.reactions["pull"][step], rel=1e-10, abs=1e-9)


def test_a_run_that_starts_from_a_state_goes_on_as_if_it_had_not_stopped():
    exact = SolverOptions(tolerance=1e-11)  # the first guesses differ: what Newton's method leaves must not count
    whole = solve_to_arrays(PULLED, model(), TIMES, options=exact)
    first = solve_to_arrays(PULLED, model(), TIMES[:4], options=exact)
    second = solve_to_arrays(PULLED, model(), TIMES[3:], start=first.report.state, options=exact)
    scale = np.abs(whole.displacement).max()
    np.testing.assert_allclose(second.displacement, whole.displacement[3:], rtol=0, atol=1e-9 * scale)
    np.testing.assert_allclose(second.variable("p"), whole.variable("p")[3:], rtol=0, atol=1e-11)
    with pytest.raises(InputError, match="another time"):
        solve_to_arrays(PULLED, model(), TIMES, start=first.report.state)


def test_a_step_that_fails_is_cut_and_output_times_are_met():
    times = np.array([0.0, 0.4, 1.0])
    hard = model(pull="0.2*t", hardening=50.0)
    found = solve_to_arrays(PULLED, hard, times, options=SolverOptions(max_iterations=5, max_cutbacks=12))
    assert found.report.cutbacks.sum() > 0 and (found.report.increments[1:] > 1).any()
    np.testing.assert_array_equal(found.times, times)
    end = PULLED.node_tags["xmax"]
    np.testing.assert_allclose(found.displacement[-1, end, 0], 0.2)


def test_a_step_that_cannot_be_cut_further_names_time_and_worst_point():
    ids = set(PULLED.cell_ids.tolist())
    with pytest.raises(ConvergenceError, match="cannot be shortened further") as caught:
        solve_to_arrays(PULLED, model(pressure="5e4*t", hardening=0.0), TIMES, options=SolverOptions(max_cutbacks=2))
    assert caught.value.cell in ids and 1 <= caught.value.point <= 8
    assert 0.0 < caught.value.time <= 0.2 and caught.value.residuals


def test_a_body_that_nothing_holds_is_refused():
    loose = model().model_copy(update={"constraints": {}})
    with pytest.raises(InputError, match=r"free to move without strain[\s\S]*every rigid motion: no constraint"):
        solve_to_arrays(PULLED, loose, TIMES)


def with_constraint(**keys) -> Model:
    base = model()
    return base.model_copy(update={"constraints": {**base.constraints, "more": Constraint(**keys)}})


def test_constraints_that_cannot_be_are_refused_by_name():
    with pytest.raises(UnsupportedError, match="linear relations"):
        solve_to_arrays(PULLED, with_constraint(nodes="ymin", components=("y",), kind="linear"), TIMES)
    with pytest.raises(InputError, match="two constraints hold the same dof"):
        solve_to_arrays(PULLED, with_constraint(nodes="xmax", components=("x",)), TIMES)
    with pytest.raises(InputError, match="does not exist"):
        solve_to_arrays(PULLED, with_constraint(nodes="nowhere", components=("x",)), TIMES)


def test_times_that_do_not_increase_are_refused():
    with pytest.raises(InputError, match="increase"):
        solve_to_arrays(PULLED, model(), np.array([0.0, 1.0, 0.5]))


def test_pieces_are_given_with_their_shared_nodes_numbered():
    """Two halves solved together are one body: the interface is continuous."""
    parts = number_shared_nodes(split(PULLED, (np.arange(PULLED.n_cell) >= PULLED.n_cell // 2).astype(int)))
    report = solve(dict(enumerate(parts)), model(), TIMES[:2], Pieces(serial(), len(parts)))
    common = np.intersect1d(parts[0].node_ids, parts[1].node_ids)
    assert len(common)
    left, right = (report.state.pieces[p].displacement[np.searchsorted(parts[p].node_ids, common)] for p in (0, 1))
    np.testing.assert_array_equal(left, right)


def test_multigrid_that_converges_badly_gives_way_to_factors(reference, monkeypatch):
    monkeypatch.setattr("romlib.fullorder.linear.DIRECT_UP_TO", 0)
    monkeypatch.setattr("romlib.fullorder.linear._SLOW", 0)
    found = solve_to_arrays(PULLED, model(), TIMES)
    assert found.report.solver == "GAMG, then MUMPS"
    scale = np.abs(reference.displacement).max()
    np.testing.assert_allclose(found.displacement, reference.displacement, atol=1e-7 * scale)
