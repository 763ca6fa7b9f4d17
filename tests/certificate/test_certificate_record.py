"""Residual and errors as fields: what they are at nodes and points, on any number of pieces and ranks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from stored_run import RUBBER, TIMES, bar, held_dofs, model, noise, solved, write

import romlib
from romlib.certificate.record import error_file
from romlib.errors import InputError
from romlib.fem.piece import Piece
from romlib.parallel import world
from romlib.parallel.comm import serial
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.reader import Snapshots

pytest.importorskip("petsc4py")
MESH, MODEL = bar(), model(RUBBER)


@pytest.fixture(scope="module")
def elastic():
    """An elastic bar at full order."""
    return solved(MESH, MODEL)


def spoiled(folder: Path, right, n_piece: int = 1) -> Path:
    return write(folder / f"spoiled{n_piece}.vtkhdf", MESH, MODEL, TIMES, n_piece, stress=1.1 * right.stress,
                 displacement=right.displacement + noise(right, 0.1))


def test_fields_are_the_solution_less_the_file(tmp_path, elastic):
    source = spoiled(tmp_path, elastic)
    found = romlib.certify(source, comm=serial(), output=tmp_path / "errors.vtkhdf")
    wrong = noise(elastic, 0.1)
    with Snapshots(tmp_path / "errors.vtkhdf") as file, Snapshots(source) as stored:
        assert set(file.fields) == {"displacement", "residual", "displacement_error", "stress_error"}
        error, residual = file.read("displacement_error", 0), file.read("residual", 0)
        np.testing.assert_array_equal(file.read("displacement", 0), stored.read("displacement", 0))
        np.testing.assert_allclose(error, -wrong, atol=1e-12)
        np.testing.assert_allclose(file.read("stress_error", 0), -0.1 * elastic.stress, atol=1e-8)
        np.testing.assert_allclose(np.linalg.norm(residual, axis=(1, 2)), found.residual, rtol=1e-9)
        assert file.model == MODEL and "certify" in file.solver
    piece = Piece(MESH, MODEL)
    stress = np.einsum("nij,tnj->tni", piece.virgin_tangent(), piece.operator.strain(wrong))
    forces = np.where(held_dofs(MESH), 0.0, -piece.operator.internal_force(stress))
    np.testing.assert_allclose(residual, forces, atol=1e-8 * np.abs(forces).max())


@pytest.mark.mpi
def test_nodes_that_pieces_share_have_the_whole_residual_on_any_ranks(tmp_path):
    comm, right = world(), solved(MESH, MODEL)
    folder = comm.bcast(tmp_path)
    paths = {n: comm.on_root(lambda n=n: spoiled(folder, right, n)) for n in (1, 3)}
    romlib.certify(paths[3], comm=comm, output=folder / "cut.vtkhdf")
    romlib.certify(paths[1], comm=serial(), output=folder / f"whole{comm.rank}.vtkhdf")
    with Snapshots(folder / "cut.vtkhdf") as cut, Snapshots(folder / f"whole{comm.rank}.vtkhdf") as whole:
        for field in ("residual", "displacement_error"):
            expected = whole.read(field, 0)
            for piece in range(3):
                np.testing.assert_allclose(cut.read(field, piece), expected[:, cut.mesh(piece).node_ids - 1],
                                           atol=1e-9 * np.abs(expected).max(), err_msg=field)


def test_what_is_read_is_not_replaced_and_a_failure_leaves_nothing(tmp_path, elastic):
    source = spoiled(tmp_path, elastic)
    before = source.read_bytes()
    with pytest.raises(InputError, match="replace an input"):
        romlib.certify(source, comm=serial(), output=source)
    with Snapshots(source) as file, pytest.raises(RuntimeError, match="stopped"):
        prepared = PreparedSnapshots.of(file)
        with error_file(tmp_path / "errors.vtkhdf", prepared, MODEL, 2, serial()):
            raise RuntimeError("stopped")
    assert source.read_bytes() == before and [path.name for path in tmp_path.iterdir()] == [source.name]
