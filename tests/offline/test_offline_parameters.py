"""Runs whose materials have other constants train one ROM, which interpolates between them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_problem import STEEL, bar, pulled_bar, solve, write

import romlib
from romlib.archive.romfile import read_rom
from romlib.check import check
from romlib.errors import InputError
from romlib.fem.piece import Piece
from romlib.laws.symbols import evaluated_model
from romlib.model import Case, Model
from romlib.offline.options import OfflineOptions
from romlib.offline.train import train
from romlib.offline.training import TrainingSet
from romlib.parallel.comm import serial, world
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.reader import Snapshots

TIMES = np.linspace(0.0, 1.0, 21)
OPTIONS = OfflineOptions(pod_tolerance=1e-6, cubature_tolerance=1e-5, dual_fields=("stress", "p"), dual_tolerance=1e-5)
SOFTER = {**STEEL, "parameters": {**STEEL["parameters"], "yield": "0.9*Y"}}


def yielding(limit: float, **changes: object) -> Model:
    return pulled_bar(materials={"steel": SOFTER}, parameters={"Y": limit}, **changes)


def trained(folder, models, options=OPTIONS, cases=None, n_piece=1):
    """A ROM of the runs of these models, each over its own full-order solution."""
    runs = []
    for k, model in enumerate(models):
        u, _ = solve(bar(), evaluated_model(model), TIMES)
        file = write(folder / f"run{k}.vtkhdf", bar(), model, TIMES, u, n_piece)
        runs.append(PreparedSnapshots.of(Snapshots(file)))
    with train(TrainingSet(runs), options, serial(), cases=cases) as made:
        report = made.write(folder / "a.rom")
    return report, romlib.load(folder / "a.rom")


def error(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Runs with two yield stresses."""
    folder = tmp_path_factory.mktemp("two")
    report, rom = trained(folder, [yielding(200.0), yielding(260.0)])
    return folder, report, rom


def test_two_yield_stresses_train_a_rom_that_interpolates_a_third(two):
    _, report, rom = two
    assert report.errors["online displacement"] <= 1e-3
    solution = rom.solve(times=TIMES, amplitudes={"pull": "150*sin(2*pi*t)"}, parameters={"Y": 230.0})
    u, _ = solve(bar(), evaluated_model(yielding(230.0)), TIMES)
    assert error(solution.displacement(), u) <= 0.02
    with Snapshots(two[0] / "run0.vtkhdf") as file:
        piece = PreparedSnapshots.of(file, yielding(230.0))
        fem = Piece(piece.mesh(0), piece.model)
        fields = fem.replay(piece.amplitudes, ["stress", "p"]).block(TIMES, fem.operator.strain(u))
    assert error(solution.field("stress"), fields["stress"]) <= 0.05
    other = rom.solve("run0")
    assert error(other.displacement(), u) > 0.02  # the parameter does something
    assert fields["p"].max() > 1e-4
    assert not solution.notes


def test_each_run_is_a_case_with_its_own_values_and_passes_the_check(two):
    folder, _, rom = two
    assert [case.parameters for case in rom.archive.cases.values()] == [{"Y": 200.0}, {"Y": 260.0}]
    for k, limit in enumerate((200.0, 260.0)):
        with Snapshots(folder / f"run{k}.vtkhdf") as file:
            assert file.model.parameters == {"Y": limit}
            assert file.model.materials["steel"].parameters["yield"] == "0.9*Y"
            assert check(file)["equilibrium"].value <= 1e-8
            wrong = file.model.model_copy(update={"parameters": {"Y": 230.0}})
            assert check(file, wrong)["equilibrium"].status == "fail"


def test_a_solution_is_written_with_its_values_and_is_in_equilibrium_with_them(two, tmp_path):
    solution = two[2].solve("run1", parameters={"Y": 240.0})
    solution.write(tmp_path / "x.vtkhdf")
    with Snapshots(tmp_path / "x.vtkhdf") as file:
        assert file.model.parameters == {"Y": 240.0}
        report = check(file)
        assert report["stress"].value <= 0.02
        other = check(file, file.model.model_copy(update={"parameters": {"Y": 150.0}}))
        assert other["stress"].value > 3 * report["stress"].value


def test_a_run_goes_on_with_the_values_that_it_began_with_and_no_others(two, tmp_path):
    _, _, rom = two
    pull = {"pull": "150*sin(2*pi*t)"}
    whole = rom.solve(times=TIMES, amplitudes=pull, parameters={"Y": 230.0})
    half = len(TIMES) // 2
    first = rom.solve(times=TIMES[:half + 1], amplitudes=pull, parameters={"Y": 230.0})
    first.write_state(tmp_path / "half.state")
    second = rom.solve(times=TIMES[half:], amplitudes=pull, parameters={"Y": 230.0}, start=tmp_path / "half.state")
    assert error(second.displacement()[-1], whole.displacement()[-1]) <= 1e-12
    with pytest.raises(InputError, match="steel"):
        rom.solve(times=TIMES[half:], amplitudes=pull, parameters={"Y": 260.0}, start=tmp_path / "half.state")


def test_beyond_the_trained_values_a_rom_says_that_it_extrapolates(two):
    note, = two[2].solve("run0", parameters={"Y": 300.0}).notes
    assert note == ("the parameter Y is 300; the training runs had from 200 to 260: the ROM extrapolates")


@pytest.mark.parametrize("parameters, words", [
    ({}, "the parameter 'Y' has no value"), ({"y": 1.0}, "did you mean 'Y'"), ({"Y": 230.0, "E": 1.0}, "no material"),
    ({"Y": "230"}, "no finite number"), ({"Y": float("nan")}, "no finite number"), ([230.0], "cannot be understood"),
    ({"Y": -1.0}, "must be > 0")])
def test_a_value_that_is_missing_unknown_or_wrong_is_refused_by_name(two, parameters, words):
    with pytest.raises(InputError, match=words):
        two[2].solve(times=TIMES, parameters=parameters)


def test_a_case_of_the_study_without_a_value_is_refused_before_anything_is_trained(tmp_path):
    cases = {"third": Case(times={"stop": 1.0, "step": 0.05})}
    with pytest.raises(InputError, match="'Y' has no value") as caught:
        trained(tmp_path, [yielding(200.0), yielding(260.0)], cases=cases)
    assert "cases.third.parameters" in caught.value.place
    cases = {"third": Case(times={"stop": 1.0, "step": 0.05}, parameters={"Y": 230.0, "Q": 1.0})}
    with pytest.raises(InputError, match="no material has a parameter 'Q'"):
        trained(tmp_path, [yielding(200.0), yielding(260.0)], cases=cases)


def test_a_parameter_that_all_runs_have_alike_need_not_be_given(tmp_path):
    _, rom = trained(tmp_path, [yielding(200.0)], OPTIONS.model_copy(update={"pod_tolerance": 1e-4}))
    assert rom.archive.model.parameters == {"Y": 200.0}
    solution = rom.solve(times=TIMES[:3], amplitudes={"pull": "t"})
    assert solution.displacement().shape[0] == 3


@pytest.mark.parametrize("training", ["full_rom", "iterates"])
def test_the_full_integration_rom_has_the_law_of_each_run(tmp_path, training):
    options = OPTIONS.model_copy(update={"cubature_training": training})
    report, _ = trained(tmp_path, [yielding(200.0), yielding(260.0)], options, n_piece=2)
    assert report.errors["online displacement"] <= 1e-3 and report.errors["online p"] <= 1e-2


def heavy(density: float, expansion: float) -> Model:
    """A bar under its own weight and heat, beside a traction: density and expansion are parameters."""
    return pulled_bar(
        materials={"steel": {**STEEL, "density": "rho", "thermal_expansion": {
            "coefficient": "alpha", "reference_temperature": 20.0}}},
        loads={"pull": {"kind": "traction", "faces": "xmax", "direction": [1.0, 0.2, 0.0]},
               "weight": {"kind": "body_force", "per": "mass", "direction": [0.0, 0.0, -1.0]},
               "heat": {"kind": "temperature", "field": 1.0}},
        amplitudes={"pull": "60*t", "weight": "t*t", "heat": "20 + 100*t"}, initial_temperature=20.0,
        parameters={"rho": density, "alpha": expansion})


@pytest.mark.parametrize("n_piece", [1, 2])
def test_density_and_expansion_are_parameters_too(tmp_path, n_piece):
    runs = [heavy(4.0, 1e-5), heavy(12.0, 1e-5), heavy(4.0, 3e-5)]
    _, rom = trained(tmp_path, runs, OPTIONS.model_copy(update={"dual_fields": ("stress",)}), n_piece=n_piece)
    assert read_rom(tmp_path / "a.rom").force_terms == [("pull", ""), ("weight", ""), ("weight", "steel")]
    third = heavy(8.0, 2e-5)
    expected, _ = solve(bar(), evaluated_model(third), TIMES)
    for full in (True, False):
        solution = rom.solve("run0", parameters=third.parameters, hyper_reduction=not full)
        for piece in range(n_piece):
            with rom.open_fields() as fields:
                nodes = np.searchsorted(bar().node_ids, fields.mesh(piece).node_ids)
            assert error(solution.displacement(piece=piece), expected[:, nodes]) <= 0.02


def heated(limit: float):
    """A bar with a yield stress and a temperature of its own: along x for one run, along z for another."""
    material = {**STEEL, "parameters": {**STEEL["parameters"], "yield": "Y"},
                "thermal_expansion": {"coefficient": 1e-5, "reference_temperature": 20.0}}
    model = pulled_bar(materials={"steel": material}, loads={
        **pulled_bar().model_dump()["loads"], "heat": {"kind": "temperature", "field": {"array": "hot"}}},
        amplitudes={"pull": "150*sin(2*pi*t)", "heat": "20 + 80*t"}, initial_temperature=20.0,
        parameters={"Y": limit})
    mesh = bar()
    along = mesh.points[:, 0 if limit < 250.0 else 2]
    return replace(mesh, node_arrays={"hot": 1.0 + along / np.ptp(along)}), model


@pytest.mark.mpi
def test_runs_with_values_and_temperatures_of_their_own_train_the_same_on_any_ranks(tmp_path_factory):
    comm = world()
    folder = comm.on_root(lambda: tmp_path_factory.mktemp("own"))
    runs = [heated(limit) for limit in (200.0, 260.0)]

    def make() -> None:
        for k, (mesh, model) in enumerate(runs):
            write(folder / f"run{k}.vtkhdf", mesh, model, TIMES, solve(mesh, evaluated_model(model), TIMES)[0], 3)

    comm.on_root(make)
    found = []
    for ranks in (comm, serial()):
        training = TrainingSet([PreparedSnapshots.of(Snapshots(folder / f"run{k}.vtkhdf")) for k in range(2)])
        place = folder if ranks is comm else tmp_path_factory.mktemp(f"alone{comm.rank}")
        with train(training, OPTIONS, ranks, accept_errors=True, scratch_folder=place) as made:
            found.append(made.rom)
            assert list(made.rom.archive.temperature.terms) == ["heat", "heat_run1"]
            assert made.report.errors["online displacement"] <= 0.02
    for name in ("pieces", "ips"):
        np.testing.assert_array_equal(*(getattr(rom.archive.points, name) for rom in found))
    np.testing.assert_allclose(*(rom.archive.clusters[0].weights for rom in found), rtol=1e-6)
    one, other = (rom.solve("run1").coordinates for rom in found)
    np.testing.assert_allclose(np.abs(one), np.abs(other), atol=1e-6 * np.abs(one).max())
