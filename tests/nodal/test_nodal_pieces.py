"""Averages over pieces are those of the whole mesh."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from romlib.mesh.box import box_mesh
from romlib.mesh.partition import partition
from romlib.nodal.average import Averaging, norm
from romlib.nodal.cells import materials_of_cells
from romlib.nodal.pieces import averaged_pieces

TAGS = ["hard", "soft"]


def _whole():
    mesh = box_mesh("hex8", (4, 3, 3))
    hard = np.flatnonzero(np.random.default_rng(1).random(mesh.n_cell) < 0.4)
    return replace(mesh, cell_tags={"hard": hard, "soft": np.setdiff1d(np.arange(mesh.n_cell), hard)})


@pytest.mark.parametrize("n_piece", [1, 2, 5])
def test_any_cut_of_the_mesh_gives_the_values_of_the_whole(n_piece):
    whole = _whole()
    rng = np.random.default_rng(2)
    values = {"p": rng.normal(size=(2, whole.n_cell, 8, 1)), "stress": rng.normal(size=(2, whole.n_cell, 8, 6))}
    values["p"][:, whole.cell_tags["soft"]] = np.nan
    pieces = partition(whole, n_piece)
    asked = []

    def read(name, piece, ips):
        of_piece = values[name][:, pieces[piece].cell_ids - 1].reshape(2, -1, values[name].shape[-1])
        asked.append(None if ips is None else len(ips))
        return of_piece if ips is None else of_piece[:, ips]

    seen = set()
    expected = {name: Averaging(whole, materials_of_cells(whole, TAGS)).nodes(v.reshape(2, -1, v.shape[-1]))
                for name, v in values.items()}
    for piece, mesh, name, at_points, at_nodes in averaged_pieces(pieces, TAGS, {"p": norm, "stress": norm}, read):
        seen.add((piece, name))
        np.testing.assert_array_equal(at_points, read(name, piece, None))
        np.testing.assert_allclose(at_nodes, expected[name][:, mesh.node_ids - 1], rtol=0, atol=1e-12)
    assert seen == {(piece, name) for piece in range(n_piece) for name in values}
    assert np.isnan(expected["p"]).any() and not np.isnan(expected["p"]).all()
    if n_piece == 1:
        assert set(asked) == {None}


def test_a_shared_node_without_cells_has_no_value():
    """The reference point of a constraint, the last of the shared nodes."""
    whole = box_mesh("hex8", (2, 1, 1))
    pieces = [replace(mesh, points=np.vstack([mesh.points, [[9.0, 9.0, 9.0]]]), node_ids=np.append(mesh.node_ids, 99),
                      shared_index=np.append(mesh.shared_index, 4)) for mesh in partition(whole, 2)]
    for values in averaged_pieces(pieces, [], {"p": norm}, lambda name, piece, ips: np.full(
            (1, 8 if ips is None else len(ips), 1), piece + 1.0)):
        found = values.at_nodes[0, :, 0]
        between = values.mesh.shared_index >= 0
        np.testing.assert_allclose(found[between][:-1], 1.5)
        np.testing.assert_allclose(found[~between], values.piece + 1.0)
        assert np.isnan(found[-1])
