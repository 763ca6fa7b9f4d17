"""A mesh as a file has it, before it is sorted: points, cells in the order of the file, arrays, and named sets."""

from __future__ import annotations

import contextlib
import io
import re
from dataclasses import dataclass, field
from pathlib import Path

import meshio
import numpy as np
from romlib_converters._meshio_series import Cells

from romlib.errors import FileFormatError, UnsupportedError

meshio._mesh.topological_dimension.setdefault("wedge15", 3)  # meshio 5.3.5 reads these but forgot them in this table
# what meshio says, by the way, when it leaves out a part of a file
_LOSES = re.compile(r"skip|cannot|could not|couldn't|can't|unknown|doesn't know|unsupported|ignor|not closed", re.I)


@dataclass(eq=False)
class RawMesh:
    """points : (n_node, dimension). cells : blocks, in the order of the file. node, cell : arrays by name, over all
    nodes, over all cells. node_sets, cell_sets : positions of nodes, of cells of any dimension.
    """

    points: np.ndarray
    cells: Cells
    node: dict[str, np.ndarray] = field(default_factory=dict)
    cell: dict[str, np.ndarray] = field(default_factory=dict)
    node_sets: dict[str, np.ndarray] = field(default_factory=dict)
    cell_sets: dict[str, np.ndarray] = field(default_factory=dict)


def read_by_meshio(file: Path) -> RawMesh:
    """Whatever else meshio reads.

    Raises
    ------
    FileFormatError : meshio cannot read it, in meshio's words. UnsupportedError : it says that it left something out.
    """
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):  # meshio's readers print
            data = meshio.read(file)
            return _raw(data)
    except (Exception, SystemExit, RecursionError) as error:  # whatever a reader of a damaged file raises
        words = " ".join(said.getvalue().split()) or str(error)
        known = file.suffix.lower() in meshio.extension_to_filetypes
        raise FileFormatError(
            "meshio cannot read this mesh", file=file,
            found=type(error).__name__ if words in ("", "0", "1") else f"{type(error).__name__}: {words[:300]}",
            expected=f"a whole file of the kind {file.suffix}" if known else
            "one of " + ", ".join(sorted(meshio.extension_to_filetypes))) from error
    finally:
        if _LOSES.search(said.getvalue()) and "data" in locals():
            raise UnsupportedError("meshio leaves out a part of this mesh", file=file,
                                   found=" ".join(said.getvalue().split())[:300],
                                   remedy="write the mesh in another format, such as MSH 4.1, or without that part")


def _raw(data: meshio.Mesh) -> RawMesh:
    cells = [(block.type, np.asarray(block.data)) for block in data.cells]
    first = np.cumsum([0, *(len(nodes) for _, nodes in cells)])
    cell = {name: np.concatenate([np.asarray(part) for part in parts]) for name, parts in data.cell_data.items()
            if parts and all(_numeric(part) for part in parts)}
    sets = {name: np.concatenate([np.empty(0, dtype=np.int64), *(
        start + np.asarray(part, dtype=np.int64) for start, part in zip(first, parts) if part is not None)])
        for name, parts in data.cell_sets.items()}
    return RawMesh(
        np.asarray(data.points, dtype=float), cells,
        {name: np.asarray(values) for name, values in data.point_data.items() if _numeric(values)}, cell,
        {str(name): np.asarray(where, dtype=np.int64) for name, where in data.point_sets.items()}, sets)


def _numeric(values: object) -> bool:
    return np.issubdtype(np.asarray(values).dtype, np.number)
