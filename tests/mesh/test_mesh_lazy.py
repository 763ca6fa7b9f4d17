"""Pieces that are read when they are asked for."""

from __future__ import annotations

import pytest

from romlib.mesh.box import box_mesh
from romlib.mesh.lazy import LazyMeshes


def test_pieces_are_read_in_order_one_at_a_time_and_no_piece_twice_behind_ones_back():
    pieces = [box_mesh("hex8", (n, 1, 1), (1.0, 1.0, 1.0)) for n in (1, 2, 3)]
    read: list[int] = []

    def one(piece):
        read.append(piece)
        return pieces[piece]

    lazy = LazyMeshes(3, one)
    assert len(lazy) == 3 and read == []
    assert lazy[2].n_cell == 3 and read == [2]
    assert [mesh.n_cell for mesh in lazy] == [1, 2, 3] and read == [2, 0, 1, 2]
    for outside in (-1, 3):
        with pytest.raises(IndexError):
            lazy[outside]
