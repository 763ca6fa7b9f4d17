"""One full-order step from the replayed state of a ROM's run, and elastic answers to what is new in a case."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from enrichment_example import TIMES, case, model, pieces_of

import romlib
from romlib.enrichment.case import SolvedCase
from romlib.enrichment.elastic import NewField, answer, new_fields, new_temperatures, temperature_at_points
from romlib.enrichment.step import at_one_time, errors_of_rom, full_order_step, write_step
from romlib.errors import InputError
from romlib.fem.piece import Piece
from romlib.fullorder.arrays import solve_to_arrays
from romlib.fullorder.elastic import elastic_answer
from romlib.model import Material, TableAmplitude
from romlib.parallel.comm import serial, world
from romlib.parallel.pieces import Pieces
from romlib.snapshots.reader import Snapshots

STEP = 3


def solved(folder: Path, name: str) -> SolvedCase:
    return SolvedCase(romlib.load(folder / "x.rom").solve(case(name)), world())


@pytest.mark.mpi
def test_a_step_from_the_state_of_a_run_that_the_rom_knows_is_the_step_of_the_solver(hot_bar: Path) -> None:
    with solved(hot_bar, "one") as run, Snapshots(hot_bar / "one.vtkhdf") as reference:
        values = full_order_step(run, STEP)
        errors = errors_of_rom(run, STEP, values)
        known = run.solution.rom.manifest.errors  # of the ROM over this very run
        assert set(errors) == {"displacement", "stress", "p"}
        assert all(0.0 < value < 3.0 * known[f"online {name}"] for name, value in errors.items())
        for piece, found in values.items():
            exact = reference.read("displacement", piece, STEP)
            assert np.abs(found["displacement"] - exact).max() < 3e-3 * np.abs(exact).max()


@pytest.mark.mpi
def test_the_record_of_a_step_is_a_snapshots_file_with_the_model_of_the_case(hot_bar: Path, tmp_path: Path) -> None:
    path = world().bcast(tmp_path) / "step.vtkhdf"
    with solved(hot_bar, "mild") as run:
        values = full_order_step(run, STEP)
        write_step(path, run, run.model, float(TIMES[STEP]), values, "a test")
        with Snapshots(path) as file:
            assert file.times.tolist() == [TIMES[STEP]] and file.model.initial_time == 0.0
            assert {"displacement", "stress", "p"} <= set(file.fields)
            for piece, found in values.items():
                for name in ("displacement", "stress", "p"):
                    np.testing.assert_allclose(file.read(name, piece, 0), found[name], atol=1e-9)


def test_a_record_has_the_temperature_loads_of_its_time_alone() -> None:
    hot, never = model("hot"), TableAmplitude(time=(0.0,), value=(0.0,))
    assert set(at_one_time(hot, 0.5).loads) == {"pull", "push", "heat", "spot"}
    cold = hot.model_copy(update={"amplitudes": {**hot.amplitudes, "spot": never}})
    assert set(at_one_time(cold, 0.5).loads) == set(at_one_time(cold, 0.5).amplitudes) == {"pull", "push", "heat"}
    none = cold.model_copy(update={"amplitudes": {**cold.amplitudes, "heat": never}})
    assert set(at_one_time(none, 0.5).loads) == {"pull", "push", "heat"}  # zero, and not unknown


def test_the_state_that_a_step_starts_from_is_one_that_the_laws_can_have(hot_bar: Path) -> None:
    with solved(hot_bar, "mild") as run:
        state, piece = run.replayed(0, 5), run.piece(0)
        replay = piece.replay(run.model.amplitudes, ["stress", "p"])
        history = replay.block(TIMES[:6], piece.operator.strain(run.solution.displacement(slice(0, 6), piece=0)))
        np.testing.assert_allclose(state.points.stress, history["stress"][-1], atol=1e-9)
        np.testing.assert_allclose(state.displacement, run.solution.displacement(5, piece=0), atol=1e-15)


def test_there_is_no_step_to_the_first_output_time(hot_bar: Path) -> None:
    with solved(hot_bar, "mild") as run, pytest.raises(InputError, match="no step to this output time"):
        full_order_step(run, 0)


def test_a_run_that_began_with_a_state_is_refused_with_the_reason(hot_bar: Path) -> None:
    rom = romlib.load(hot_bar / "x.rom")
    first = rom.solve(case("mild"), times=TIMES[:4])
    rest = rom.solve(case("mild"), times=TIMES[3:], start=first)
    with pytest.raises(InputError, match="began with a state"), SolvedCase(rest, serial()):
        pass


@pytest.mark.mpi
def test_an_elastic_answer_is_what_the_full_order_solver_finds_for_an_elastic_body(hot_bar: Path) -> None:
    pieces = Pieces(world(), 2)
    hot, time = model("hot"), 0.5
    meshes = pieces_of(2)
    found = elastic_answer({p: meshes[p] for p in range(2) if p in pieces.mine}, hot, time, pieces)
    steel = hot.materials["steel"]
    elastic = Material(law="elastic", parameters={"young": 2e5, "poisson": 0.3}, thermal_expansion=(
        steel.thermal_expansion))
    (whole,) = pieces_of(1)
    expected = solve_to_arrays(whole, hot.model_copy(update={"materials": {"steel": elastic}}), np.array([0.0, time]))
    position = {int(node): k for k, node in enumerate(whole.node_ids)}
    for piece, one in found.items():
        nodes = [position[int(node)] for node in meshes[piece].node_ids]
        size = np.abs(expected.displacement[-1]).max()
        np.testing.assert_allclose(one.displacement, expected.displacement[-1][nodes], atol=1e-7 * size)
        rows = {(cell, number): k for k, (cell, number) in enumerate(zip(
            expected.points.cells, expected.points.numbers))}
        points = Piece(meshes[piece], hot).points
        order = [rows[key] for key in zip(points.cells, points.numbers)]
        np.testing.assert_allclose(one.stress, expected.stress[-1][order], atol=1e-6 * np.abs(expected.stress).max())


@pytest.mark.mpi
def test_a_hot_spot_that_training_never_had_is_found_once_whatever_its_history_and_a_trained_field_is_not(
    hot_bar: Path
) -> None:
    with solved(hot_bar, "hot") as hot:
        (new,) = new_fields(hot)
        assert new.load is None and new.step == 4  # where it is largest
    with solved(hot_bar, "mild") as mild:
        assert new_fields(mild) == []


def test_fields_that_move_are_spanned_by_as_many_answers_as_they_have_shapes(hot_bar: Path) -> None:
    rom = romlib.load(hot_bar / "x.rom").archive
    with solved(hot_bar, "mild") as mild:
        known = temperature_at_points(mild)
    assert known is not None
    shapes = np.random.default_rng(2).normal(size=(2, rom.points.n_point))
    moving = known + np.outer(np.linspace(0, 30, 9), shapes[0]) + np.outer(np.linspace(50, 0, 9), shapes[1])
    steps = new_temperatures(rom, moving)
    assert len(steps) == 2 and steps[0] in (0, 8)


def test_a_load_that_was_zero_in_training_has_an_answer_of_its_own(hot_bar: Path) -> None:
    with solved(hot_bar, "mild") as mild:
        mild.solution.rom.manifest.trained["push"] = (0.0, 0.0)
        assert new_fields(mild) == [NewField("the load push", 8, "push")]
        used, values = answer(mild, NewField("the load push", 8, "push"), 1e9)
        assert set(used.loads) == {"push"}
        (first, *_) = values.values()
        assert np.abs(first["displacement"]).max() > 0.0 and not first["p"].any()
        at_half = used.model_copy(update={"amplitudes": {**used.amplitudes, "push": TableAmplitude(
            time=(0.0,), value=(15.0,))}})
        half = elastic_answer(mild.mine, at_half, 1.0, mild.pieces)
        np.testing.assert_allclose(first["displacement"], 2.0 * half[0].displacement, rtol=1e-6, atol=1e-12)


def test_an_answer_is_made_as_small_as_the_stresses_of_the_training(hot_bar: Path) -> None:
    with solved(hot_bar, "hot") as hot:
        (new,) = new_fields(hot)
        _, whole = answer(hot, new, 1e9)
        _, small = answer(hot, new, 1e-3)
        ratio = np.linalg.norm(small[0]["stress"]) / np.linalg.norm(whole[0]["stress"])
        np.testing.assert_allclose(small[0]["displacement"], ratio * whole[0]["displacement"], rtol=1e-9, atol=1e-15)
        weights = [hot.piece(p).operator.positive_weights for p in range(2)]
        assert np.sqrt(sum((w[:, None] * small[p]["stress"]**2).sum() for p, w in enumerate(weights))
                       ) == pytest.approx(1e-3)
