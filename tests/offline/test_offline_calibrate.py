"""Calibration: ROMs of a sample as those of the whole offline stage, factors that cover, bounds on runs left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_problem import bar, moved_bar, pulled_bar, solve, write

import romlib
from romlib.archive.indicator import CalibrationPair
from romlib.archive.rom import Rom
from romlib.archive.romfile import read_rom
from romlib.laws.symbols import evaluated_model
from romlib.model import Model
from romlib.offline.assemble import assemble
from romlib.offline.calibrate import LEAST, SAFETY, answerable, factors, splits
from romlib.offline.options import OfflineOptions
from romlib.offline.points import PointList
from romlib.offline.reduce import reduce
from romlib.offline.rows import Rows
from romlib.offline.sample import take_sample
from romlib.offline.sampled_rom import sampled_rom
from romlib.offline.sentinels import sentinels
from romlib.offline.train import Trained, train
from romlib.offline.training import TrainingSet
from romlib.online.misfits import CONTROL, Misfits
from romlib.online.reduced import case_histories, reduced_problem
from romlib.online.run import solve as solve_reduced
from romlib.parallel.comm import world
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.reader import Snapshots
from romlib.tensors import von_mises

TIMES = np.linspace(0.0, 1.0, 13)
OPTIONS = OfflineOptions(pod_tolerance=1e-4, cubature_tolerance=1e-4, dual_fields=("stress", "p"), dual_tolerance=1e-3)
FORMULAS = ("150*sin(2*pi*t)", "180*t", "160*sin(3*t)", "-170*sin(4*t)")
HELD_OUT = ("155*sin(5*t)", "190*t*t")


def pulled(formula: str) -> Model:
    return pulled_bar(amplitudes={"pull": formula})


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Four runs of the pulled bar in two pieces, the same files for every rank."""
    comm = world()
    folder = comm.on_root(lambda: tmp_path_factory.mktemp("pulled"))

    def make() -> list[Path]:
        return [write(folder / f"run{k}.vtkhdf", bar(), pulled(formula), TIMES, solve(bar(), pulled(formula), TIMES)[0],
                      2) for k, formula in enumerate(FORMULAS)]
    return comm.on_root(make)


def points_of(rom: Rom) -> PointList:
    return PointList(rom.points.pieces, rom.points.ips)


def trained(files: list[Path], options: OfflineOptions = OPTIONS) -> Trained:
    training = TrainingSet([PreparedSnapshots.of(Snapshots(file)) for file in files])
    return train(training, options, world(), accept_errors=True, scratch_folder=files[0].parent)


@pytest.mark.mpi
def test_a_rom_of_a_sample_solves_as_the_one_that_the_whole_offline_stage_makes(files: list[Path]) -> None:
    with trained(files[:2]) as both:
        collection, reduction = both.collection, both.reduction
        sample = take_sample(collection, reduction, points_of(both.rom.archive))
        rows = (np.arange(26) < 13).astype(float)
        cheap = sampled_rom(collection, reduction, sample, Rows(rows)).rom
        whole = assemble(collection, [reduce(collection, rows)])
    model, histories = evaluated_model(whole.model), {}
    for name, rom in (("cheap", cheap), ("whole", whole)):
        run = both.collection.training.runs[1]
        histories[name] = solve_reduced(reduced_problem(rom, model),
                                        case_histories(rom, model, run.amplitudes, run.case_times))
    assert cheap.clusters[0].weights.sum() == pytest.approx(whole.manifest.volume, rel=1e-6)
    assert cheap.clusters[0].n_mode == whole.clusters[0].n_mode
    found, expected = histories["cheap"].coordinates, histories["whole"].coordinates
    signs = np.sign(np.einsum("tk,tk->k", found, expected))
    assert np.linalg.norm(found * signs - expected) <= 1e-2 * np.linalg.norm(expected)


@pytest.mark.mpi
def test_a_calibration_is_the_same_on_any_number_of_ranks_and_its_factors_cover_its_pairs(files: list[Path]) -> None:
    with trained(files[:3]) as made:
        found = made.rom.archive.indicator
    assert found is not None and not found.failed
    assert len(found.pairs) == 9  # three that leave a run out, three of one run over the two others
    assert set(found.factors) == {"displacement", "stress", "p"}
    assert world().allgather(found.model_dump_json()) == [found.model_dump_json()] * world().size
    for pair in found.pairs:
        for field in ("stress", "p"):
            unit = pair.misfits[field] + {"stress": 2e-4, "p": 2e-3}[field]
            assert pair.errors[field] <= found.factors[field] * unit / SAFETY * (1 + 1e-12)


def test_bounds_hold_on_runs_that_were_left_out_and_survive_the_file(files: list[Path], tmp_path: Path) -> None:
    with trained(files[:3]) as made:
        made.write(tmp_path / "a.rom")
    rom, known = romlib.load(tmp_path / "a.rom"), read_rom(tmp_path / "a.rom").indicator
    assert known == rom.archive.indicator
    assert made.report.details["calibration"].startswith("9 pairs")
    for formula in (FORMULAS[3], *HELD_OUT):
        exact, _ = solve(bar(), pulled(formula), TIMES)
        solution = rom.solve(times=TIMES, amplitudes={"pull": formula})
        nodes = np.concatenate([solution.displacement(piece=piece) for piece in range(2)], axis=1)
        with solution.open_fields() as fields:
            ids = np.concatenate([fields.mesh(piece).node_ids for piece in range(2)])
        expected = exact[:, np.searchsorted(bar().node_ids, ids)]
        error = np.linalg.norm((nodes - expected).reshape(len(TIMES), -1), axis=1).max() / np.linalg.norm(
            expected.reshape(len(TIMES), -1), axis=1).max()
        found = solution.error_bound["displacement"]
        assert np.isnan(found[-1]) or found[-1] >= error
        assert set(solution.error_bound) == {"displacement", "stress", "p"}
        assert all(values.shape == (13,) for values in solution.error_bound.values())


def test_a_run_far_outside_the_training_has_larger_bounds_than_one_inside(files: list[Path]) -> None:
    with trained(files[:3]) as made:
        inside = made.rom.solve(times=TIMES, amplitudes={"pull": "150*sin(2*pi*t)"}).error_bound
        outside = made.rom.solve(times=TIMES, amplitudes={"pull": "290*t"}).error_bound
    assert outside["stress"][-1] > 2 * inside["stress"][-1]


@pytest.mark.parametrize("n, expected", [(1, 2), (2, 6), (4, 16)])
def test_few_runs_are_left_out_by_halves_too(files: list[Path], n: int, expected: int) -> None:
    training = TrainingSet([PreparedSnapshots.of(Snapshots(file)) for file in files[:n]])
    found, source = splits(training, Rows.of(training.n_snapshot, None))
    assert sum(len(split.spans) for split in found) == expected
    for split in found:
        assert 0 < np.count_nonzero(split.weights) < training.n_snapshot
    assert ("halves" in source) == (n < 3)


def test_a_calibration_can_be_left_out_and_the_bounds_then_say_why_there_are_none(files: list[Path]) -> None:
    with trained(files[:1], OPTIONS.model_copy(update={"calibration": False})) as made:
        found = made.rom.solve(times=TIMES, amplitudes={"pull": "100*t"}).error_bound
    assert not found and "train it again" in found.notes[0]


def test_a_run_with_prescribed_displacements_is_calibrated_too(tmp_path: Path) -> None:
    one = moved_bar()
    file = write(tmp_path / "moved.vtkhdf", bar(), one, TIMES, solve(bar(), one, TIMES)[0])
    with trained([file]) as made:
        found = made.rom.archive.indicator
    assert found is not None and len(found.pairs) == 2 and set(found.factors) == {"displacement", "stress", "p"}


def test_a_factor_is_never_below_one_since_a_misfit_is_an_error_already() -> None:
    pair = CalibrationPair(left_out="a", run="b", errors={"stress": 1e-9}, misfits={"stress": 1e-3})
    assert factors([pair]) == {"stress": LEAST}
    large = pair.model_copy(update={"errors": {"stress": 2.0 * (1e-3 + 2e-4)}})
    assert factors([pair, large])["stress"] == pytest.approx(SAFETY * 2.0)
    new = large.model_copy(update={"temperature_is_new": True})
    assert factors([new])["stress"] == pytest.approx(SAFETY * 2.0 / 1.5)


@pytest.mark.mpi
def test_control_points_take_no_part_in_what_they_control(files: list[Path], tmp_path: Path) -> None:
    with trained(files[:3], OPTIONS.model_copy(update={"control_points": 40})) as made, trained(files[:3]) as without:
        rom, plain = made.rom.archive, without.rom.archive
        made.write(world().on_root(lambda: tmp_path) / "a.rom")
        read = read_rom(world().on_root(lambda: tmp_path) / "a.rom")
    assert rom.control is not None and read.control is not None and list(rom.control.bases) == ["p"]
    n = plain.points.n_point
    np.testing.assert_array_equal(rom.control.points, np.arange(n, rom.points.n_point))
    assert 20 <= len(rom.control.points) <= 40 and np.all(rom.clusters[0].weights[n:] == 0.0)
    assert all(not np.isin(rom.control.points, gappy.points).any() for gappy in rom.gappy.values())
    np.testing.assert_allclose(rom.clusters[0].weights[:n], plain.clusters[0].weights)
    for name in ("points", "weights"):
        np.testing.assert_array_equal(getattr(read.control, name), getattr(rom.control, name))
    assert read.indicator == rom.indicator and set(read.indicator.factors) == {"displacement", "stress", "p"}


def test_a_fifth_of_the_control_points_watches_where_stress_is_large_and_nothing_flowed(tmp_path: Path) -> None:
    model = pulled("95*t")
    file = write(tmp_path / "little.vtkhdf", bar(), model, TIMES, solve(bar(), model, TIMES)[0], 2)
    with trained([file], OPTIONS.model_copy(update={"calibration": False})) as made:
        watched, volumes = sentinels(made.collection, ["p"], 8)
        stress, p = (np.concatenate([made.collection.history.read(name, piece, slice(0, 13)) for piece in range(2)],
                                    axis=1) for name in ("stress", "p"))
        n_first = made.collection.history.read("p", 0, slice(0, 1)).shape[1]
    chosen = np.where(watched.pieces == 0, watched.ips, n_first + watched.ips)
    still = p[..., 0].max(axis=0) <= 1e-3 * p.max()
    size = von_mises(stress).max(axis=0)
    assert len(chosen) == 8 and still[chosen].all() and np.all(volumes > 0.0)
    others = np.setdiff1d(np.flatnonzero(still), chosen)
    assert size[chosen].min() >= size[others].max()


def test_a_rom_of_a_sample_keeps_its_control_points_out_of_all_that_they_control(files: list[Path]) -> None:
    with trained(files[:2], OPTIONS.model_copy(update={"control_points": 60})) as made:
        rom, collection, reduction = made.rom.archive, made.collection, made.reduction
        sample = take_sample(collection, reduction, points_of(rom))
        one = sampled_rom(collection, reduction, sample, Rows((np.arange(26) < 13).astype(float)), rom.control).rom
    assert rom.control is not None and one.control is not None
    held = set(zip(rom.points.pieces[rom.control.points], rom.points.ips[rom.control.points]))
    there = list(zip(one.points.pieces, one.points.ips))
    assert {there[k] for k in one.control.points} == held and len(set(there)) == len(there)
    fitted = np.setdiff1d(np.arange(len(there)), one.control.points)
    assert not {there[k] for k in fitted} & held
    assert np.all(one.clusters[0].weights[one.control.points] == 0.0)


def test_a_variable_that_hardly_moved_in_a_training_is_in_no_pair_of_its_rom(tmp_path: Path) -> None:
    files = []
    for k, formula in enumerate(("180*t", "66*t", "170*sin(3*t)")):  # at 66 hardly anything flows
        model = pulled(formula)
        files.append(write(tmp_path / f"run{k}.vtkhdf", bar(), model, TIMES, solve(bar(), model, TIMES)[0]))
    with trained(files) as made:
        indicator = made.rom.archive.indicator
    assert indicator is not None
    alone = [pair for pair in indicator.pairs if "'run0', 'run2'" in pair.left_out]
    assert {pair.run for pair in alone} == {"run0", "run2"} and all(set(pair.errors) == {"displacement", "stress"}
                                                                    for pair in alone)
    assert any("p" in pair.errors for pair in indicator.pairs)


def test_the_reconstruction_at_control_points_is_off_by_what_the_laws_have_besides_the_modes(files: list[Path]) -> None:
    with trained(files[:3], OPTIONS.model_copy(update={"control_points": 40})) as made:
        rom = made.rom.archive
    control, gappy = rom.control, rom.gappy["p"]
    values = np.zeros((2, rom.points.n_point, 1))
    coordinates = np.random.default_rng(1).standard_normal((2, gappy.n_dual))
    values[:, gappy.points] = (coordinates @ gappy.basis).reshape(2, -1, 1)
    values[:, control.points] = np.tensordot(coordinates, control.bases["p"], axes=1)
    misfits, clusters = Misfits.of(rom), np.zeros(2, dtype=int)
    aside, size = misfits.found({"p": values}, clusters)["p" + CONTROL]
    assert np.all(aside <= 1e-9 * size)
    np.testing.assert_allclose(size, np.linalg.norm(coordinates, axis=1), rtol=1e-9)
    values[:, control.points] += 2.0
    aside, _ = misfits.found({"p": values}, clusters)["p" + CONTROL]
    np.testing.assert_allclose(aside, 2.0 * np.sqrt(control.weights.sum()))


def test_an_error_beyond_all_use_counts_as_a_whole_one() -> None:
    pair = CalibrationPair(left_out="a", run="b", errors={"p": 6.0}, misfits={"p": 0.2})
    assert factors([pair])["p"] == pytest.approx(SAFETY * 1.0 / (0.2 + 2e-3))


def test_a_load_that_never_acted_in_training_has_no_bounds_and_is_named(tmp_path: Path) -> None:
    loads = pulled_bar().model_dump()["loads"] | {"push": {"kind": "pressure", "faces": "ymax"}}
    model = pulled_bar(loads=loads, amplitudes={"pull": "150*sin(2*pi*t)", "push": 0.0})
    file = write(tmp_path / "two.vtkhdf", bar(), model, TIMES, solve(bar(), model, TIMES)[0])
    with trained([file]) as made:
        inside = made.rom.solve(times=TIMES, amplitudes={"pull": "140*t"}).error_bound
        found = made.rom.solve(times=TIMES, amplitudes={"pull": "140*t", "push": {
            "time": [0.0, 0.5, 1.0], "value": [0.0, 0.0, 50.0]}}).error_bound
    assert np.isfinite(inside["stress"]).all()
    late = TIMES > 0.5
    for values in found.values():
        assert np.isnan(values[late]).all()
    assert np.isfinite(found["stress"][~late]).all()
    assert any("push never acted" in note for note in found.notes)


def test_a_run_with_a_load_that_the_rest_does_not_have_is_no_pair(tmp_path: Path) -> None:
    loads = pulled_bar().model_dump()["loads"] | {"push": {"kind": "pressure", "faces": "ymax"}}
    files = []
    for k, (pull, push) in enumerate((("150*sin(2*pi*t)", 0.0), ("160*t", 0.0), ("120*t", "20*t"))):
        model = pulled_bar(loads=loads, amplitudes={"pull": pull, "push": push})
        files.append(write(tmp_path / f"run{k}.vtkhdf", bar(), model, TIMES, solve(bar(), model, TIMES)[0]))
    training = TrainingSet([PreparedSnapshots.of(Snapshots(file)) for file in files])
    found, _ = splits(training, Rows.of(training.n_snapshot, None))
    kept = [answerable(training, split) for split in found]
    for split, one in zip(found, kept):
        has_push = bool(split.weights[26:].any())  # the third run is in the ROM's own training
        assert [span.run.name for span in one.spans] == [
            span.run.name for span in split.spans if has_push or span.run.name != "run2"]
    assert sum(len(one.spans) for one in kept) == 6 < sum(len(split.spans) for split in found) == 9
