"""What a time series of this converter is: a mesh, records on it one at a time, and tags on grids of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from romlib.errors import UnsupportedError

Cells = list[tuple[str, np.ndarray]]


@dataclass(frozen=True, eq=False)
class StepData:
    """One record.

    place : for messages. time : None where the file has none. node : arrays (n_node, ...) by name. cell : arrays over
    all cells of the file, in its order.
    """

    place: str
    time: float | None
    node: dict[str, np.ndarray]
    cell: dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class MeshTags:
    """Cells of a further grid on the points of the mesh: volumes, faces, edges or points, with values by name."""

    name: str
    cells: Cells
    arrays: dict[str, np.ndarray] = field(default_factory=dict)


class Series(Protocol):
    """A time series. file : for messages. inputs : every file that it reads."""

    file: Path
    inputs: list[Path]
    n_step: int

    def mesh(self) -> tuple[np.ndarray, Cells]:
        """Points (n_node, dimension), and (meshio's type, connectivity) of each block of cells."""
        ...

    def sample(self) -> StepData:
        """Every array that there is, each in its first record, to choose among."""
        ...

    def keep(self, name: str) -> None:
        """Leave out records that are of other functions only: those whose grids never have this node array."""
        ...

    def tags(self) -> list[MeshTags]:
        """Further grids on the same points."""
        ...

    def read(self, step: int) -> StepData:
        """One record; UnsupportedError where its mesh differs from that of `mesh`."""
        ...

    def close(self) -> None:
        """Close the files."""
        ...


def plain(values: np.ndarray) -> np.ndarray:
    """In the machine's byte order; (n, 1) becomes (n,), and (n, 3, 3) (n, 9)."""
    values = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))
    values = values.reshape(len(values), -1) if values.ndim > 2 and len(values) else values
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def mesh_changes(file: Path, place: str) -> UnsupportedError:
    """The error of a record on another mesh."""
    return UnsupportedError("the mesh is not that of the first record", file=file, place=place,
                            remedy="write the undeformed mesh at every step, without remeshing")
