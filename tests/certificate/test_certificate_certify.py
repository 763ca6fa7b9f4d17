"""What a certificate says of files whose true errors are known; and of those of which it can say nothing."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stored_run import RUBBER, STEEL, TIMES, bar, held_dofs, model, noise, norm, solved, write

from romlib.certificate import Certificate, certify
from romlib.errors import InputError, LawError, UnsupportedError
from romlib.fem.piece import Piece
from romlib.fem.replay import PieceReplay
from romlib.model import Model, Omission
from romlib.model.model import started_from
from romlib.parallel import world
from romlib.parallel.comm import Comm
from romlib.snapshots.reader import Snapshots

pytest.importorskip("petsc4py")
MESH = bar()


def run(path: Path, of: Model | None = None, comm: Comm | None = None, **options: Any) -> Certificate:
    with Snapshots(path) as snapshots:
        return certify(snapshots, of, comm, **options)


@pytest.fixture(scope="module")
def plastic():
    """The bar that yields, at full order."""
    return solved(MESH, model())


@pytest.fixture(scope="module")
def harder():
    """The same with a yield stress 10 % too high: admissible displacements, as those of a ROM are."""
    return solved(MESH, model({**STEEL, "parameters": {**STEEL["parameters"], "yield": 220.0}}))


@pytest.fixture(scope="module")
def wrong(harder, tmp_path_factory) -> dict[int, Path]:
    """Files of one piece and of three, of what is too hard."""
    folder = tmp_path_factory.mktemp("wrong")
    return {n: write(folder / f"wrong{n}.vtkhdf", MESH, model(), TIMES, n, displacement=harder.displacement,
                     stress=harder.stress, p=harder.variable("p")) for n in (1, 3)}


def true_errors(right: Any, other: Any) -> dict[str, np.ndarray]:
    """max_{tau <= t} ||error||_L2 / max_t ||right||_L2, by quantity."""
    piece = Piece(MESH, model())
    pairs = {"displacement": (right.displacement, other.displacement), "stress": (right.stress, other.stress),
             "p": (right.variable("p"), other.variable("p"))}
    return {name: np.maximum.accumulate(norm(piece, b - a)) / norm(piece, a).max() for name, (a, b) in pairs.items()}


@pytest.mark.parametrize("passes", [1, 2])
def test_of_an_elastic_structure_the_estimate_is_the_error(tmp_path, passes):
    """Also where the displacement does not meet its constraints."""
    elastic, piece = model(RUBBER), Piece(MESH, model(RUBBER))
    right = solved(MESH, elastic)
    wrong = noise(right, 0.1)
    path = write(tmp_path / "elastic.vtkhdf", MESH, elastic, TIMES, displacement=right.displacement + wrong,
                 stress=1.1 * right.stress)
    found = run(path, passes=passes)
    expected = {"displacement": (norm(piece, wrong), norm(piece, right.displacement)),
                "stress": (0.1 * norm(piece, right.stress), norm(piece, right.stress))}
    for name, (error, reference) in expected.items():
        np.testing.assert_allclose(found.estimates[name].error, error, rtol=1e-9, atol=1e-9 * error.max(), err_msg=name)
        np.testing.assert_allclose(found.estimates[name].reference, reference, rtol=1e-9, atol=1e-9 * reference.max())
        assert found.estimates[name].relative == pytest.approx(error.max() / reference.max(), rel=1e-9)


def test_without_a_stored_stress_the_error_is_that_of_the_replayed_one(tmp_path):
    elastic, piece = model(RUBBER), Piece(MESH, model(RUBBER))
    right = solved(MESH, elastic)
    wrong = noise(right, 0.1)
    path = write(tmp_path / "elastic.vtkhdf", MESH, elastic, TIMES, displacement=right.displacement + wrong)
    found = run(path).estimates["stress"]
    stress = np.einsum("nij,tnj->tni", piece.virgin_tangent(), piece.operator.strain(wrong))
    np.testing.assert_allclose(found.error, norm(piece, stress), rtol=1e-9, atol=1e-6)
    assert found.replayed


def test_a_full_order_file_is_in_equilibrium_and_without_error(tmp_path, plastic):
    path = write(tmp_path / "full.vtkhdf", MESH, model(), TIMES, displacement=plastic.displacement,
                 stress=plastic.stress, p=plastic.variable("p"))
    found = run(path)
    assert plastic.variable("p").max() > 5e-4
    assert found.relative_residual.max() < 1e-9
    assert {name: one.relative < 1e-8 for name, one in found.estimates.items()} == dict.fromkeys(
        ("displacement", "stress", "p"), True)
    assert not found.beyond(1e-7) and not found.notes


def test_where_it_yields_the_bounds_hold_and_are_within_three_times_the_error(plastic, harder, wrong):
    found, true = run(wrong[1]), true_errors(plastic, harder)
    assert plastic.variable("p").max() > 5e-4 and true["displacement"][-1] > 0.02
    assert not found.notes
    for name, bound in found.bounds.items():
        assert (bound >= true[name] * (1.0 - 1e-9)).all(), name
        assert bound[-1] <= 3.0 * true[name][-1], name


def test_a_further_pass_comes_closer_and_keeps_the_bounds(plastic, harder, wrong):
    true = true_errors(plastic, harder)
    found = [run(wrong[1], passes=n) for n in (1, 2, 3)]
    estimated = [one.estimates["displacement"].relative for one in found]
    assert estimated[0] < estimated[1] < estimated[2] < true["displacement"][-1]
    assert true["displacement"][-1] < found[2].bounds["displacement"][-1] < 3.0 * true["displacement"][-1]


def test_the_errors_are_those_of_the_fields_that_the_file_has(tmp_path, plastic, harder):
    """Displacement of one computation, stress and p of the right one: their errors are what is left of the estimate."""
    mixed = write(tmp_path / "mixed.vtkhdf", MESH, model(), TIMES, displacement=plastic.displacement,
                  stress=harder.stress, p=harder.variable("p"))
    found, true = run(mixed).estimates, true_errors(plastic, harder)
    assert found["displacement"].relative < 1e-8
    for name in ("stress", "p"):
        assert found[name].relative == pytest.approx(true[name][-1], rel=1e-6), name


def test_cutting_the_mesh_changes_nothing(wrong):
    whole, cut = run(wrong[1]), run(wrong[3])
    assert cut.n_piece == 3
    _same(whole, cut, 1e-9)


def test_blocks_of_one_step_change_nothing(wrong, monkeypatch):
    expected = run(wrong[3])
    monkeypatch.setattr(sys.modules["romlib.certificate.certify"], "BLOCK_BYTES", 1)
    _same(run(wrong[3]), expected, 1e-9)


@pytest.mark.mpi
def test_every_number_of_ranks_gives_the_same_certificate(tmp_path):
    comm, right = world(), solved(MESH, model())
    folder = comm.bcast(tmp_path)
    path = comm.on_root(lambda: write(
        folder / "ranks.vtkhdf", MESH, model(), TIMES, 3, p=right.variable("p"),
        displacement=right.displacement + noise(right, 1e-4)))
    together, alone = run(path, comm=comm), run(path)
    assert together.n_rank == comm.size
    _same(together, alone, 1e-9)
    first = comm.allgather(together.to_dict()["estimates"])[0]
    assert together.to_dict()["estimates"] == first


def _same(one: Certificate, other: Certificate, tolerance: float) -> None:
    for name, estimate in other.estimates.items():
        for part in ("error", "reference"):
            expected = getattr(estimate, part)
            np.testing.assert_allclose(getattr(one.estimates[name], part), expected, rtol=tolerance,
                                       atol=tolerance * expected.max(), err_msg=f"{name} {part}")
    np.testing.assert_allclose(one.residual, other.residual, rtol=tolerance, atol=tolerance * other.force.max())
    np.testing.assert_allclose(one.force, other.force, rtol=tolerance)
    np.testing.assert_array_equal(one.residual_node, other.residual_node)
    np.testing.assert_array_equal(one.stress_cell, other.stress_cell)
    assert one.residual_cells == other.residual_cells


def test_the_node_and_the_cells_with_a_wrong_displacement_are_named(tmp_path, plastic):
    node = int(np.argmin(np.linalg.norm(MESH.points - [2.0, 0.5, 0.5], axis=1)))
    u = plastic.displacement.copy()
    u[5, node, 1] += 1e-3
    found = run(write(tmp_path / "off.vtkhdf", MESH, model(), TIMES, displacement=u))
    cells = MESH.cell_ids[(MESH.blocks[0].connectivity == node).any(axis=1)]
    assert found.worst_steps[0] == 5 and found.residual_node[5] == MESH.node_ids[node]
    assert found.residual_cells[5] == tuple(sorted(cells)) and found.stress_cell[5] in cells
    assert found.largest[5] < 0.0  # the node was moved along y, and its cells pull it back


def test_beyond_a_limit_load_there_are_no_bounds(tmp_path):
    """A bar of almost no hardening, 10 % beyond yield, and a file that has the elastic displacement for it."""
    soft = {**STEEL, "parameters": {**STEEL["parameters"], "linear_hardening": 200.0}}
    loaded = Model.model_validate({
        "materials": {"steel": soft}, "constraints": {
            axis: {"nodes": f"{axis}min", "components": [axis]} for axis in "xyz"},
        "loads": {"pull": {"kind": "traction", "faces": "xmax", "direction": [1.0, 0.0, 0.0]}},
        "amplitudes": {"pull": "220*t"}})
    strain = 220.0 * TIMES[:, None, None] / 2e5 * np.array([1.0, -0.3, -0.3])
    found = run(write(tmp_path / "limit.vtkhdf", MESH, loaded, TIMES, displacement=strain * MESH.points))
    step = int(np.searchsorted(220.0 * TIMES, 200.0))
    assert found.withheld.tolist() == [False] * step + [True] * (len(TIMES) - step)
    assert np.isnan(found.bounds["displacement"][step:]).all() and not np.isnan(found.bounds["stress"][:step]).any()
    assert found.contraction[-1] == pytest.approx(1.0, abs=0.01)
    assert f"from t = {TIMES[step]:.6g} on" in found.notes[0] and "limit load" in found.notes[0]
    assert len(found.beyond(1.0)) == 2 and "withheld" in found.beyond(1.0)[0]
    true = 20.0 / 200.0  # plastic strain of the right solution, beside which the estimate is nothing
    assert found.estimates["displacement"].error[-1] < 0.01 * true * norm(
        Piece(MESH, loaded), np.ones((1, MESH.n_node, 1)) * MESH.points * [1.0, -0.5, -0.5])[0]


def test_where_the_structure_flows_there_are_no_bounds_although_its_corrections_get_smaller(tmp_path):
    """The bar of the last test at 210 MPa, and a file that is right but for 1 MPa of load: 0.8 passes from pass to
    pass, and the error is many times the estimate.
    """
    hard, yielding = 2e3, 200.0
    of = Model.model_validate({
        "materials": {"steel": {**STEEL, "parameters": {**STEEL["parameters"], "linear_hardening": hard}}},
        "constraints": {axis: {"nodes": f"{axis}min", "components": [axis]} for axis in "xyz"},
        "loads": {"pull": {"kind": "traction", "faces": "xmax", "direction": [1.0, 0.0, 0.0]}},
        "amplitudes": {"pull": "211*t"}})
    stress = 210.0 * TIMES[:, None, None]
    p = np.maximum(0.0, (stress - yielding) / hard)
    u = (stress / 2e5 * np.array([1.0, -0.3, -0.3]) + p * np.array([1.0, -0.5, -0.5])) * MESH.points
    found = run(write(tmp_path / "flow.vtkhdf", MESH, of, TIMES, displacement=u))
    assert found.contraction[-1] < 0.9 < 1.0 < found.flow[-1]
    assert found.withheld.tolist() == [False] * (len(TIMES) - 1) + [True]
    assert "inelastic displacement" in found.notes[0]


def test_one_pass_has_estimates_and_no_bounds(wrong):
    found = run(wrong[1], passes=1)
    assert set(found.estimates) == {"displacement", "stress"}
    assert all(np.isnan(bound).all() for bound in found.bounds.values()) and "one pass" in found.notes[0]


def test_the_undeformed_body_under_the_loads_of_the_first_time_is_no_residual(tmp_path):
    """A run begins with it, whatever the loads are then: nothing was solved there."""
    loaded = model(RUBBER, push="15 + 0*t")
    right = solved(MESH, loaded)
    found = run(write(tmp_path / "loaded.vtkhdf", MESH, loaded, TIMES, displacement=right.displacement))
    assert found.at_rest.tolist() == [True] + [False] * (len(TIMES) - 1)
    assert found.residual[0] == 0.0 and found.relative_residual.max() < 1e-9


def test_points_of_a_material_without_the_state_variable_are_left_out(tmp_path):
    left = np.flatnonzero(MESH.points[MESH.blocks[0].connectivity].mean(axis=1)[:, 0] < 2.0)
    mesh = replace(MESH, cell_tags={"left": left, "right": np.setdiff1d(np.arange(MESH.n_cell), left)})
    materials = {"steel": {**STEEL, "cells": "left"}, "rubber": {**RUBBER, "cells": "right"}}
    of = model(push="150*t", pull="0.02*t", materials=materials)
    right = solved(mesh, of)
    p = right.variable("p")
    assert np.isnan(p).any() and np.nanmax(p) > 1e-4
    path = write(tmp_path / "two.vtkhdf", mesh, of, TIMES, displacement=right.displacement, p=1.25 * p)
    found = run(path).estimates["p"]
    assert found.relative == pytest.approx(0.25, rel=1e-6)


def test_a_correction_that_the_laws_cannot_follow_is_told_from_a_file_that_they_cannot(wrong, monkeypatch):
    block, calls = PieceReplay.block, []

    def fails_in_the_second_pass(self: PieceReplay, times: np.ndarray, strain: np.ndarray):
        calls.append(1)
        if len(calls) > 1:
            raise LawError("the law could not be integrated", place="cell 3")
        return block(self, times, strain)

    monkeypatch.setattr(PieceReplay, "block", fails_in_the_second_pass)
    with pytest.raises(LawError, match=r"(?s)along the corrected displacement.*cell 3.*after 1 pass.*--passes 1"):
        run(wrong[1])


@pytest.mark.parametrize("change, kind, words", [
    (dict(materials={}), InputError, r"no materials.*--study"),
    (dict(amplitudes={"pull": "t"}), InputError, "amplitude"),
    (dict(constraints={"clamp": {"nodes": "xmin", "components": ["x"]}}), InputError, "move"),
    (dict(constraints={"tie": {"nodes": "xmin", "components": ["x"], "kind": "linear"}}), UnsupportedError, "linear"),
])
def test_what_nothing_can_be_said_of_is_refused(tmp_path, plastic, change, kind, words):
    of = Model.model_validate({**model().model_dump(), **change})
    path = write(tmp_path / "sound.vtkhdf", MESH, model(), TIMES, displacement=plastic.displacement)
    with pytest.raises(kind, match=f"(?s){words}"):
        run(path, of)


def test_a_run_that_began_with_a_state_is_refused(tmp_path, plastic):
    of = model(omissions=[started_from("state.h5", 0.0)])
    path = write(tmp_path / "began.vtkhdf", MESH, of, TIMES, displacement=plastic.displacement)
    with pytest.raises(InputError, match=r"(?s)began with a state.*certify a run over the whole history"):
        run(path)


def test_a_file_without_displacement_is_refused(tmp_path, plastic):
    path = write(tmp_path / "stress.vtkhdf", MESH, model(), TIMES, stress=plastic.stress)
    with pytest.raises(InputError, match="no displacement"):
        run(path)


def test_what_the_model_lacks_of_the_solver_is_said(tmp_path, plastic):
    of = model(omissions=[Omission(name="contact", description="two faces touch", does_work=True),
                          Omission(name="printing", description="of results", does_work=False)])
    found = run(write(tmp_path / "lacks.vtkhdf", MESH, of, TIMES, displacement=plastic.displacement))
    assert len(found.notes) == 1 and "contact (two faces touch)" in found.notes[0]


def test_a_certificate_is_data(wrong):
    found = run(wrong[1])
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert set(data["estimates"]) == {"displacement", "stress", "p"} and data["units"] == "mm, N, MPa, s, degC"
    assert data["estimates"]["p"]["bound"] == pytest.approx(found.bounds["p"][-1])
    assert data["degrees_of_freedom"] == int((~held_dofs(MESH)).sum()) and len(data["times"]) == len(TIMES)
    assert data["estimates"]["stress"]["unit"] == "MPa" and data["seconds"]["total"] > 0.0
