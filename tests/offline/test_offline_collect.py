"""Gram matrices of the displacement: in L2 and in the elastic energy, in one pass, of any pieces and ranks."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from small_problem import bar, pulled_bar, solve, write

from romlib.fem.piece import Piece
from romlib.offline import training as training_module
from romlib.offline.collect import collect
from romlib.offline.gather import gather
from romlib.offline.options import OfflineOptions
from romlib.offline.training import TrainingSet
from romlib.parallel.comm import Comm, world
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.reader import Snapshots

TIMES = np.linspace(0.0, 1.0, 9)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[np.ndarray, dict[int, Path]]:
    """The displacement of a pulled bar, and files of it by their number of pieces; the same for every rank."""
    comm = world()
    folder = comm.on_root(lambda: tmp_path_factory.mktemp("bar"))

    def make() -> tuple[np.ndarray, dict[int, Path]]:
        mesh, model = bar(), pulled_bar()
        u, _ = solve(mesh, model, TIMES)
        return u, {n: write(folder / f"{n}.vtkhdf", mesh, model, TIMES, u, n) for n in (1, 2, 3)}

    return comm.on_root(make)


def gathered(files: list[Path], comm: Comm, stack: ExitStack):
    training = TrainingSet([PreparedSnapshots.of(stack.enter_context(Snapshots(file))) for file in files])
    found = gather(training, OfflineOptions(), comm, scratch_folder=files[0].parent)
    stack.callback(found.files.close)
    return found


def energy_of(u: np.ndarray) -> np.ndarray:
    piece = Piece(bar(), pulled_bar())
    strain = piece.operator.strain(u)
    return np.einsum("aqi,q,qij,bqj->ab", strain, piece.operator.positive_weights, piece.virgin_tangent(), strain,
                     optimize=True)


@pytest.mark.mpi
@pytest.mark.parametrize("n_piece", [2, 3])
def test_the_energy_of_any_pieces_and_ranks_is_that_of_the_strains(run, n_piece):
    u, files = run
    with ExitStack() as stack:
        collection = gathered([files[n_piece]], world(), stack).collection
        assert collection.in_energy is None
        expected = energy_of(u)
        np.testing.assert_allclose(collection.energy, expected, atol=1e-12 * np.abs(expected).max())
        assert collection.energy is collection.energy


@pytest.mark.mpi
def test_one_pass_makes_both_matrices_in_blocks_of_any_size(run, monkeypatch):
    u, files = run
    with ExitStack() as stack:
        one = gathered([files[2]], world(), stack).collection
        monkeypatch.setattr(training_module, "BLOCK_BYTES", 60_000)  # a few snapshots
        both = collect(one.training, one.options, one.history, one.room, one.pieces, one.stages, energy=True)
        np.testing.assert_allclose(both.displacement, one.displacement, rtol=1e-10, atol=1e-20)
        assert both.in_energy is not None
        expected = energy_of(u)
        np.testing.assert_allclose(both.energy, expected, atol=1e-12 * np.abs(expected).max())


def test_files_that_are_added_extend_the_energy(run):
    _, files = run
    with ExitStack() as stack:
        first = gathered([files[2]], world(), stack)
        before = first.collection.energy
        again = PreparedSnapshots.of(stack.enter_context(Snapshots(files[2])))
        extended = first.extended([again]).collection
        assert extended.in_energy is not None
        np.testing.assert_allclose(extended.energy, np.tile(before, (2, 2)), atol=1e-12 * np.abs(before).max())
