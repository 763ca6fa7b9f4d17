"""Meshes that are read one at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from romlib.mesh.mesh import Mesh


class LazyMeshes(Sequence[Mesh]):
    """The pieces of a mesh in order, each made when it is asked for and not kept.

    n_piece : how many. read : makes a piece by its number.
    """

    def __init__(self, n_piece: int, read: Callable[[int], Mesh]) -> None:
        self._n_piece, self._read = n_piece, read

    def __len__(self) -> int:
        return self._n_piece

    def __getitem__(self, piece):  # type: ignore[no-untyped-def, override]
        if not 0 <= piece < self._n_piece:
            raise IndexError(piece)
        return self._read(piece)
