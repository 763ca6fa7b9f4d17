"""Bases of some of the snapshots: as a training on these alone, as local bases of one ROM, as what leaves one out."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from small_problem import bar, moved_runs, pulled_bar, solve, write

import romlib
from romlib.archive.fieldsfile import FieldsFile
from romlib.archive.romfile import fields_path, read_rom
from romlib.errors import InputError, UnsupportedError
from romlib.offline.assemble import assemble
from romlib.offline.displacement import DisplacementBasis, reduce_displacement
from romlib.offline.options import OfflineOptions
from romlib.offline.reduce import Local, reduce
from romlib.offline.rows import Rows
from romlib.offline.train import Trained, train
from romlib.offline.training import TrainingSet
from romlib.offline.verify import online_errors
from romlib.offline.write import write_fields
from romlib.online.reduced import case_histories, reduced_problem
from romlib.online.run import solve as solve_reduced
from romlib.parallel.comm import Comm, serial, world
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.reader import Snapshots

TIMES = np.linspace(0.0, 1.0, 13)
OPTIONS = OfflineOptions(pod_tolerance=1e-4, cubature_tolerance=1e-4, dual_fields=("stress", "p"), dual_tolerance=1e-3)


def trained(files: list[Path], comm: Comm, options: OfflineOptions = OPTIONS) -> Trained:
    training = TrainingSet([PreparedSnapshots.of(Snapshots(file)) for file in files])
    return train(training, options, comm, accept_errors=True, scratch_folder=files[0].parent)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two runs of the moved bar in two pieces, and the first half of the first; the same files for every rank."""
    comm = world()
    folder = comm.on_root(lambda: tmp_path_factory.mktemp("moved"))

    def make() -> list[Path]:
        mesh, runs = bar(), moved_runs()
        solved = {name: solve(mesh, model, TIMES)[0] for name, model in runs.items()}
        return [*(write(folder / f"{name}.vtkhdf", mesh, runs[name], TIMES, u, 2) for name, u in solved.items()),
                write(folder / "half.vtkhdf", mesh, runs["one"], TIMES[:7], solved["one"][:7], 2)]

    return comm.on_root(make)


@pytest.mark.mpi
@pytest.mark.parametrize("training", ["snapshots", "full_rom"])
def test_a_basis_of_half_of_the_snapshots_is_that_of_a_file_with_this_half_alone(
    files: list[Path], training: str
) -> None:
    options, comm = OPTIONS.model_copy(update={"cubature_training": training}), world()
    with trained(files[:2], comm, options) as all_of_them, trained(files[2:], comm, options) as alone:
        collection, rows = all_of_them.collection, np.arange(26) < 7
        part = reduce(collection, rows)
        rom, expected = assemble(collection, [part]), alone.rom.archive
        for name in ("pieces", "ips"):
            np.testing.assert_array_equal(getattr(rom.points, name), getattr(expected.points, name))
        (found,), (basis,) = rom.clusters, expected.clusters
        size = np.abs(basis.strain_modes).max(axis=(1, 2), keepdims=True)
        assert np.abs((found.strain_modes - basis.strain_modes) / size).max() <= 1e-6
        np.testing.assert_allclose(found.weights, basis.weights, atol=1e-6)
        np.testing.assert_allclose(rom.lifting.strains, expected.lifting.strains, atol=1e-9)
        assert rom.manifest.trained == expected.manifest.trained and list(rom.cases) == ["one"]
        assert rom.cases["one"].times == expected.cases["half"].times
        errors = rom.manifest.errors | online_errors(collection.training, rom, [part])
        assert errors == pytest.approx(expected.manifest.errors, rel=1e-3, abs=1e-7)


def test_what_is_left_of_a_snapshot_that_a_basis_was_not_made_of_tells_which_ones_no_other_stands_for(
    files: list[Path]
) -> None:
    with trained(files[:2], serial()) as whole:
        collection, n = whole.collection, 26
        training, amplitudes = collection.training, collection.training.amplitudes(["end"])

        def basis_of(rows: np.ndarray) -> DisplacementBasis:
            return reduce_displacement(
                training, collection.pieces, collection.displacement, Rows.of(n, rows), tolerance=1e-4)

        def left(basis: DisplacementBasis) -> np.ndarray:
            outside = basis.remainders**2 - (basis.coordinates**2).sum(axis=1)
            return np.sqrt(np.maximum(outside, 0.0)) / basis.norms.max()

        one_out = np.array([left(basis_of(np.arange(n) != k))[k] for k in range(n)])
        within, worst = left(basis_of(np.ones(n))), int(one_out.argmax())
        assert within.max() <= 2e-4 < one_out.max() and np.median(one_out) <= 0.1 * one_out.max()

        # The same from the fields themselves.
        basis, square = basis_of(np.arange(n) != worst), 0.0
        for piece in range(2):
            operators = training.piece(piece)
            fields = basis.fields(training, piece, operators.mesh.n_node)
            values = np.concatenate([basis.coordinates[worst], amplitudes[worst]])
            rest = training.read("displacement", piece, slice(worst, worst + 1)) - np.tensordot(values, fields, axes=1)
            square += float((operators.apply_mass(rest) * rest).sum())
        assert np.sqrt(square) / basis.norms.max() == pytest.approx(one_out.max(), rel=1e-6)


def test_local_bases_share_points_liftings_and_dual_fields_and_the_solve_refuses_to_switch(
    files: list[Path], tmp_path: Path
) -> None:
    with trained(files[:2], serial()) as whole, ExitStack() as stack:
        collection, first = whole.collection, np.arange(26) < 13
        parts = [reduce(collection, rows, Local(whole.reduction.common)) for rows in (first, ~first)]
        rom = assemble(collection, parts)
        pair = write_fields(tmp_path / "two.rom", collection, parts, rom.manifest.fingerprint, stack)
        assert pair is not None
        pair.finish(rom)
        with pytest.raises(ValueError, match="share"):
            assemble(collection, [parts[0], reduce(collection, ~first)])
    back = read_rom(tmp_path / "two.rom")
    volumes = [basis.weights.sum() for basis in back.clusters]
    assert volumes == pytest.approx([back.manifest.volume] * 2, rel=1e-9)
    selections = [{*zip(part.selection.pieces.tolist(), part.selection.ips.tolist())} for part in parts]
    assert {*zip(back.points.pieces.tolist(), back.points.ips.tolist())} >= selections[0] | selections[1]
    assert [basis.n_weighted for basis in back.clusters] == [len(one) for one in selections]
    assert "modes" in repr(romlib.load(tmp_path / "two.rom"))
    with FieldsFile(fields_path(tmp_path / "two.rom"), back) as fields:
        assert [len(fields.modes(0, k)) for k in (0, 1)] == [basis.n_mode for basis in back.clusters]
        np.testing.assert_array_equal(fields.snapshots().weights, np.stack([first, ~first]))
    with pytest.raises(UnsupportedError, match="2 clusters"):
        romlib.load(tmp_path / "two.rom").solve("one")
    with pytest.raises(UnsupportedError, match="nothing to choose among them"):
        solve_reduced(reduced_problem(back, back.model), case_histories(back, back.model, back.model.amplitudes, TIMES))


def test_a_choice_of_no_snapshots_is_refused(files: list[Path]) -> None:
    with trained(files[2:], serial()) as whole:
        with pytest.raises(InputError, match="no snapshot is left"):
            reduce(whole.collection, np.zeros(7))
        with pytest.raises(InputError, match="7 snapshots"):
            reduce(whole.collection, np.ones(8))


def test_initial_states_alone_are_no_training(files: list[Path], tmp_path: Path) -> None:
    u, _ = solve(bar(), pulled_bar(), TIMES[:3])
    with pytest.raises(InputError, match=r"nothing to run over[\s\S]*times after 0"):
        trained([write(tmp_path / "start.vtkhdf", bar(), pulled_bar(), TIMES[:1], u[2:])], serial(),
                OPTIONS.model_copy(update={"dual_fields": ("stress",)}))
    with trained(files[:1], serial()) as whole, pytest.raises(InputError, match="zero amplitude in all"):
        reduce(whole.collection, np.arange(13) < 1)


def test_a_rom_in_memory_solves_is_written_once_and_again_and_leaves_no_scratch(
    files: list[Path], tmp_path: Path
) -> None:
    with trained(files[2:], serial()) as made:
        with pytest.raises(InputError, match="no name"):
            made.write()
        before = made.rom.solve("half")
        with pytest.raises(InputError, match="fields file"):
            before.displacement()
        with pytest.raises(InputError, match="would replace an input"):
            made.write(files[2])
        for name in ("a.rom", "b.rom"):
            report = made.write(tmp_path / name)
            assert "archive" in [stage.name for stage in report.stages]
        after = made.rom.solve("half")
        np.testing.assert_array_equal(after.coordinates, before.coordinates)
        assert after.displacement(-1, piece=0).any()
    assert not list(files[0].parent.glob(".romlib-scratch*"))
    with pytest.raises(InputError, match="closed"):
        made.write(tmp_path / "c.rom")
    assert {path.name for path in tmp_path.iterdir()} == {"a.rom", "a.fields.rom", "b.rom", "b.fields.rom"}


def test_the_fields_file_keeps_the_gram_matrices_and_which_snapshot_is_which(files: list[Path], tmp_path: Path) -> None:
    with trained(files[:2], serial()) as made:
        made.write(tmp_path / "a.rom")
        collection = made.collection
    with FieldsFile(tmp_path / "a.fields.rom", read_rom(tmp_path / "a.rom")) as fields:
        kept = fields.snapshots()
    assert kept.run_names == ("one", "two") and list(kept.grams) == ["displacement", "stress", "p"]
    np.testing.assert_array_equal(kept.runs, np.repeat([0, 1], 13))
    np.testing.assert_array_equal(kept.times, np.tile(TIMES, 2))
    np.testing.assert_array_equal(kept.grams["displacement"], collection.displacement)
    np.testing.assert_array_equal(kept.weights, np.ones((1, 26)))
