"""More ranks than the files have pieces: check and offline cut them on the way, and find the same."""

from __future__ import annotations

import numpy as np
import pytest
from pulled_bar import STUDY, write_bar

import romlib
from romlib.parallel import world
from romlib.parallel.comm import serial
from romlib.snapshots import Snapshots
from romlib.study import Study
from romlib.study.checking import check_file

pytestmark = pytest.mark.mpi


def written(folder, n_piece=1, more=""):
    write_bar(folder / "pull.vtkhdf", n_piece)
    (folder / "bar.toml").write_text(STUDY + more)
    return folder / "bar.toml"


def test_the_check_of_one_piece_is_the_same_on_all_ranks(tmp_path):
    comm = world()
    folder = comm.bcast(tmp_path)
    path = comm.on_root(lambda: written(folder))
    study = Study.read(path)
    found, expected = (check_file(folder / "pull.vtkhdf", study, ranks) for ranks in (comm, serial()))
    assert found.passed and found.n_piece == comm.size
    for name in ("equilibrium", "load_balance", "elements", "strain size"):
        assert found[name].value == pytest.approx(expected[name].value, rel=1e-6, abs=1e-12)


def test_a_rom_of_one_piece_trains_on_all_ranks(tmp_path):
    comm = world()
    folder = comm.bcast(tmp_path)
    path = comm.on_root(lambda: written(folder))
    with romlib.train(path, comm) as trained:
        trained.write(folder / "many.rom")
        sizes = trained.report.sizes
    with romlib.train(path, serial(), output=folder / f"one{comm.rank}.rom") as trained:
        trained.write(folder / f"one{comm.rank}.rom")
        assert trained.report.sizes["modes"] == sizes["modes"]
    values = []
    for name in ("many", f"one{comm.rank}"):
        target = folder / f"{name}{comm.rank}.vtkhdf"
        romlib.load(folder / f"{name}.rom").solve("harder").write(target)
        with Snapshots(target) as file:
            values.append({int(i): u for p in range(file.n_piece) for i, u in zip(
                file.mesh(p).node_ids, np.moveaxis(file.read("displacement", p), 1, 0))})
    assert values[0].keys() == values[1].keys()
    size = max(np.abs(u).max() for u in values[1].values())
    assert max(np.abs(values[0][i] - values[1][i]).max() for i in values[1]) < 1e-6 * size


def test_runs_cut_into_other_numbers_of_pieces_train_together(tmp_path):
    comm = world()
    folder = comm.bcast(tmp_path)

    def prepare():
        write_bar(folder / "more.vtkhdf", 3, load=330.0)
        return written(folder, 1, '[[training]]\nsnapshots = "more.vtkhdf"\nname = "more"\n'
                                  'amplitudes.traction = "330*t"\n')

    with romlib.train(comm.on_root(prepare), comm) as trained:
        assert trained.report.errors["online displacement"] < 1e-4
