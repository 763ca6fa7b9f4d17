"""Where the fields of a result come from, piece by piece: what a run and a file have in common."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from romlib.mesh.mesh import Mesh
from romlib.model import Model, UnitSystem
from romlib.results.places import Places
from romlib.results.scalar import Scalar
from romlib.results.spots import IpSpots, Spots
from romlib.snapshots.error_bounds import ErrorBounds
from romlib.snapshots.schema import FieldSpec


class StepSource(Protocol):
    """Fields over time on pieces of a mesh, read when asked for: what whatever draws needs. A snapshots file
    (`romlib.snapshots.reader.Snapshots`) is one, and so is every `FieldSource`.
    """

    @property
    def path(self) -> Path | None:
        """The file, or that of the ROM, for messages."""

    @property
    def times(self) -> np.ndarray:
        """(n_step,)."""

    @property
    def model(self) -> Model:
        """What was solved."""

    @property
    def units(self) -> UnitSystem:
        """Of the model."""

    @property
    def n_step(self) -> int:
        """Number of times."""

    @property
    def n_piece(self) -> int:
        """Number of pieces."""

    @property
    def fields(self) -> Mapping[str, FieldSpec]:
        """By name; of a `FieldSource` those that follow from others included."""

    def mesh(self, piece: int) -> Mesh:
        """A piece of the mesh."""

    def read(self, field: str, piece: int, steps: slice | int = ...) -> np.ndarray:
        """(n_step, n, n_comp), or (n, n_comp) for one step; symmetric tensors in Kelvin-Mandel form."""


class FieldSource(StepSource, Protocol):
    """Fields by name, steps and piece, and at single places: what a user asks of a run or of a file.

    places : of probes, which results of one mesh share.
    """

    places: Places

    @property
    def title(self) -> str:
        """In a few words, for pictures and tables."""

    @property
    def error_bounds(self) -> ErrorBounds | None:
        """Of a ROM's run, where there are any."""

    @property
    def clusters(self) -> np.ndarray | None:
        """(n_step,), the local basis of each step; None where there is one."""

    def opened(self) -> AbstractContextManager[Any]:
        """Inside, files stay open."""

    def solved(self) -> tuple[Model, Mesh]:
        """The model of what was solved, and the whole mesh with the arrays that it names."""

    def n_node(self, piece: int) -> int:
        """Nodes of a piece."""

    def n_ip(self, piece: int) -> int:
        """Integration points of a piece."""

    def spec(self, name: str) -> FieldSpec:
        """What a field is; InputError, with those that exist, for one that does not."""

    def field(self, name: str, rows: np.ndarray, piece: int) -> np.ndarray:
        """A field of a piece at steps `rows` (n_row,): (n_row, n, n_comp), Kelvin-Mandel.

        NaN where a material lacks it.

        Raises
        ------
        InputError : no such field, or piece.
        """

    def largest(
        self, scalar: Scalar, spots: IpSpots, rows: np.ndarray, floor: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """The largest value of a scalar over integration points, and the position of the point, (n_row,) each, where
        there is a way that is shorter than all values; else None. floor : (n_row,), what is known to be elsewhere:
        where nothing here is larger, anything smaller will do.
        """

    def at_spots(self, name: str, spots: Spots, rows: np.ndarray) -> np.ndarray:
        """A field at some places of a piece, (n_row, n, n_comp)."""
