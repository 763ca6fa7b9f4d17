"""Training sets with more than whole runs: single steps at full order, elastic answers, replayed runs of a ROM."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_problem import bar, moved_bar, pulled_bar, solve, write

from romlib.errors import InputError
from romlib.fem.piece import Piece
from romlib.offline.dual import DualHistory
from romlib.offline.gather import gather
from romlib.offline.options import OfflineOptions
from romlib.offline.reduce import reduce
from romlib.offline.train import Trained, build, train
from romlib.offline.training import TrainingSet, bordered, gram
from romlib.parallel.comm import serial, world
from romlib.snapshots.prepared import PreparedSnapshots, Role
from romlib.snapshots.reader import Snapshots
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter

TIMES = np.linspace(0.0, 1.0, 7)
OPTIONS = OfflineOptions(pod_tolerance=1e-4, cubature_tolerance=1e-4, dual_fields=("stress", "p"), dual_tolerance=1e-3)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two runs of the moved bar in two pieces, and the fourth and sixth record of the second with stress and p."""
    comm = world()
    folder = comm.on_root(lambda: tmp_path_factory.mktemp("roles"))

    def make() -> dict[str, Path]:
        mesh, one = bar(), moved_bar()
        other = pulled_bar(constraints=one.model_dump()["constraints"], loads=one.model_dump()["loads"],
                           amplitudes={"end": "1.2*t", "shear": "sin(3*t)"})
        u, _ = solve(mesh, one, TIMES)
        v, _ = solve(mesh, other, TIMES)
        found = {"one": write(folder / "one.vtkhdf", mesh, one, TIMES, u, 2),
                 "two": write(folder / "two.vtkhdf", mesh, other, TIMES, v, 2)}
        return found | {"steps": single_steps(found["two"], folder / "steps.vtkhdf", [3, 5])}

    return comm.on_root(make)


def single_steps(run: Path, output: Path, steps: list[int]) -> Path:
    """Some records of a run, with what its laws give along the whole of it."""
    with Snapshots(run) as file:
        meshes = [file.mesh(piece) for piece in range(file.n_piece)]
        fields = {"displacement": FieldSpec("node", 3), "stress": FieldSpec.symmetric("ip"), "p": FieldSpec("ip", 1)}
        with SnapshotsWriter(output, meshes, file.model, file.times[steps], fields) as writer:
            for p, mesh in enumerate(meshes):
                piece, u = Piece(mesh, file.model), file.read("displacement", p)
                replay = piece.replay(file.model.amplitudes, ["stress", "p"])
                values = replay.block(file.times, piece.operator.strain(u))
                for k, step in enumerate(steps):
                    for name, value in {"displacement": u, **values}.items():
                        writer.write(name, k, p, value[step])
    return output


def opened(file: Path, role: Role = "run", name: str = "") -> PreparedSnapshots:
    return replace(PreparedSnapshots.of(Snapshots(file)), role=role, name=name or f"{file.stem} {role}")


def trained(runs: list[PreparedSnapshots]) -> Trained:
    return train(TrainingSet(runs), OPTIONS, world(), accept_errors=True, scratch_folder=runs[0].path.parent)


def singular(made: Trained, field: str) -> np.ndarray:
    return next(one for one in made.reduction.duals.fields if one.name == field).decomposition.singular_values


@pytest.mark.mpi
def test_files_that_are_added_to_a_training_set_give_the_rom_that_all_of_them_train_at_once(
    files: dict[str, Path]
) -> None:
    more = [opened(files["steps"], "record"), opened(files["two"], "replayed")]
    with trained([opened(files["one"]), *more]) as expected:
        found = build(gather(TrainingSet([opened(files["one"])]), OPTIONS, world(),
                             scratch_folder=files["one"].parent).extended(more[:1]).extended(more[1:]),
                      accept_errors=True)
        with found:
            here, there = found.rom.archive, expected.rom.archive
            for name in ("pieces", "ips"):
                np.testing.assert_array_equal(getattr(here.points, name), getattr(there.points, name))
            np.testing.assert_allclose(here.clusters[0].weights, there.clusters[0].weights, atol=1e-9)
            for field in ("stress", "p"):
                np.testing.assert_allclose(singular(found, field), singular(expected, field), rtol=1e-9)
            assert here.manifest.errors.keys() == there.manifest.errors.keys()


def test_a_replayed_run_of_a_rom_trains_the_cubature_and_no_modes(
    files: dict[str, Path]
) -> None:
    with trained([opened(files["one"])]) as alone, trained(
            [opened(files["one"]), opened(files["two"], "replayed")]) as both:
        np.testing.assert_allclose(singular(both, "stress"), singular(alone, "stress"), rtol=1e-9)
        np.testing.assert_allclose(both.reduction.basis.decomposition.singular_values,
                                   alone.reduction.basis.decomposition.singular_values, rtol=1e-9)
        np.testing.assert_allclose(singular(both, "p"), singular(alone, "p"), rtol=1e-9)
        assert both.reduction.reference.stress > 1.01 * alone.reduction.reference.stress  # of the cubature's stresses
        assert both.rom.archive.manifest.trained == alone.rom.archive.manifest.trained
        assert list(both.rom.archive.cases) == ["one run"]


def test_an_equilibrated_run_trains_displacement_stress_and_cubature_and_not_the_internal_variables(
    files: dict[str, Path]
) -> None:
    with trained([opened(files["one"])]) as alone, trained(
            [opened(files["one"]), opened(files["steps"], "equilibrated")]) as both:
        assert singular(both, "stress").sum() > 1.001 * singular(alone, "stress").sum()
        assert len(both.reduction.basis.decomposition.singular_values) > len(
            alone.reduction.basis.decomposition.singular_values)
        np.testing.assert_allclose(singular(both, "p"), singular(alone, "p"), rtol=1e-9)
        assert both.rom.archive.manifest.trained == alone.rom.archive.manifest.trained
        assert list(both.rom.archive.cases) == ["one run"]


def test_single_steps_enrich_all_bases_and_neither_widen_the_trained_range_nor_are_cases_of_the_rom(
    files: dict[str, Path]
) -> None:
    with trained([opened(files["one"])]) as alone, trained(
            [opened(files["one"]), opened(files["steps"], "record")]) as both:
        assert singular(both, "stress").sum() > 1.001 * singular(alone, "stress").sum()
        assert both.reduction.basis.coordinates.shape[0] == 9
        assert list(both.rom.archive.cases) == ["one run"]
        assert both.rom.archive.manifest.trained == alone.rom.archive.manifest.trained
        # The step itself is in the span of the modes of stress and displacement.
        outside = both.reduction.basis.remainders**2 - (both.reduction.basis.coordinates**2).sum(axis=1)
        assert np.sqrt(np.abs(outside[7:])).max() < 1e-3 * both.reduction.basis.norms.max()


def test_a_basis_may_leave_the_runs_out_one_by_one_and_keep_the_single_steps(files: dict[str, Path]) -> None:
    with trained([opened(files["one"]), opened(files["two"]), opened(files["steps"], "record")]) as made:
        rows = np.ones(16)
        rows[:7] = 0.0
        part = reduce(made.collection, rows)
        assert part.rows.kept.tolist() == list(range(7, 16))
        assert [span.run.name for span in made.collection.training.spans(part.rows)] == ["two run"]


def test_an_elastic_answer_has_no_internal_variables_to_train(files: dict[str, Path]) -> None:
    with trained([opened(files["one"])]) as alone, trained(
            [opened(files["one"]), opened(files["steps"], "elastic")]) as both:
        np.testing.assert_allclose(singular(both, "p"), singular(alone, "p"), rtol=1e-9)
        assert singular(both, "stress").sum() > 1.001 * singular(alone, "stress").sum()
        assert both.rom.archive.manifest.trained == alone.rom.archive.manifest.trained


def test_a_single_step_without_its_stress_is_refused_with_its_file(files: dict[str, Path], tmp_path: Path) -> None:
    training = TrainingSet([opened(files["one"]), opened(files["two"], "record")])
    with pytest.raises(InputError) as caught:
        DualHistory(training, ["stress", "p"], "auto", None)  # type: ignore[arg-type]
    assert caught.value.file == files["two"] and "stress is not stored" in caught.value.what
    assert "single step" in caught.value.remedy


def test_single_steps_alone_are_no_training_set(files: dict[str, Path]) -> None:
    with pytest.raises(InputError, match="initial states alone"):
        train(TrainingSet([opened(files["steps"], "record")]), OPTIONS, serial(), scratch_folder=files["one"].parent)


@pytest.mark.parametrize("known", [0, 1, 4, 5])
def test_a_gram_matrix_grows_by_its_border(known: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("romlib.offline.training.BLOCK_BYTES", 2 * 24)  # two fields a block
    fields = np.random.default_rng(1).normal(size=(5, 3))
    first = gram(lambda rows: fields[rows], lambda f: 2.0 * f, known, 24) if known else None
    rows = gram(lambda rows: fields[rows], lambda f: 2.0 * f, 5, 24, known)
    np.testing.assert_allclose(bordered(first, rows), 2.0 * fields @ fields.T, rtol=1e-14)
