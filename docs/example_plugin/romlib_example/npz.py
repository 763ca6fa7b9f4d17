"""A converter of NumPy archives: points, hexahedra, times, a displacement, and sets of nodes."""

from pathlib import Path
from typing import Any

import numpy as np
from romlib_converters.common.elements import SolidElement
from romlib_converters.common.history import (
    FieldValues,
    SolverCells,
    SolverField,
    SolverHistory,
    SolverMesh,
    convert_history,
    history_options,
)

from romlib.errors import FileFormatError
from romlib.snapshots.converter import Progress
from romlib.snapshots.schema import FieldSpec

NEEDED = ("points", "hex8", "times", "displacement")  # (n, 3), (m, 8) ids of nodes, (k,), (k, n, 3)
HEX8 = SolidElement("hex8", "hex_gauss_8")  # VTK's order of nodes; the rule that the solver has


class NpzHistory(SolverHistory):
    """An archive as romlib wants a history. Ids are those of node_ids and cell_ids, or positions where it has none."""

    solver = "NumPy"

    def __init__(self, file: Path) -> None:
        arrays = _arrays(file)
        n_node, n_cell = len(arrays["points"]), len(arrays["hex8"])
        self.node_ids = arrays.get("node_ids", np.arange(n_node))
        cells = SolverCells(HEX8, arrays.get("cell_ids", np.arange(n_cell)), arrays["hex8"])
        sets = {name.removeprefix("nodes_"): ids for name, ids in arrays.items() if name.startswith("nodes_")}
        self.files, self.times = [file], arrays["times"]
        self.mesh = SolverMesh(file, self.node_ids, arrays["points"], (cells,), node_sets=sets)
        self.displacement = arrays["displacement"]
        self.fields = {"displacement": SolverField(FieldSpec("node", 3, dtype=str(self.displacement.dtype)))}

    def read(self, step: int) -> dict[str, FieldValues]:
        """One record. (A large file would be read here, step by step, and not before.)"""
        return {"displacement": FieldValues(self.node_ids, self.displacement[step])}


class NpzConverter:
    """Eight-node hexahedra in VTK's node order, integrated by eight Gauss points."""

    name = "npz"
    suffixes = (".npz",)
    reads = "NumPy archives with points, hex8, times and displacement"
    reader = extra = None  # the library that it reads with, and the extra that installs it: none but NumPy

    def can_read(self, path: Path) -> bool:
        """Whether the file is a zip archive with this suffix, as NumPy writes them."""
        path = Path(path)
        return path.suffix == ".npz" and path.is_file() and path.open("rb").read(2) == b"PK"

    def convert(
        self, source: Path | list[Path], target: Path, *, pieces: int | None = None, units: str | None = None,
        options: dict[str, Any] | None = None, progress: Progress | None = None,
    ) -> None:
        """Write the snapshots file; see `romlib.snapshots.converter.Converter`."""
        options = history_options(self.name, options)  # those of all converters; others would be named here
        if isinstance(source, list) or not self.can_read(source):
            raise FileFormatError("this is not one NumPy archive", file=str(source), expected="a file NAME.npz")
        convert_history(NpzHistory(Path(source)), target, pieces=pieces, units=units, options=options,
                        progress=progress)


def _arrays(source: Path) -> dict[str, np.ndarray]:
    """The arrays, with shapes that fit together. What a mesh and a history must be besides, romlib checks."""
    try:
        with np.load(source) as archive:
            arrays = dict(archive.items())
    except Exception as error:  # what zipfile, zlib and NumPy raise on a damaged archive has no common class
        raise FileFormatError("the archive is damaged", file=source, found=f"{type(error).__name__}: {error}") from None
    lacking = [name for name in NEEDED if name not in arrays]
    if lacking:
        raise FileFormatError("the archive lacks an array", file=source, expected=", ".join(NEEDED),
                              found=f"without {', '.join(lacking)}")
    n, m, k = (len(arrays[name]) if arrays[name].ndim else 0 for name in ("points", "hex8", "times"))
    shapes = {"points": ((n, 3), "fiu"), "hex8": ((m, 8), "iu"), "times": ((k,), "fiu"), "node_ids": ((n,), "iu"),
              "cell_ids": ((m,), "iu"), "displacement": ((k, n, 3), "f")}
    for name, array in arrays.items():
        shape, kinds = shapes.get(name, ((array.size,), "iu"))
        if array.shape != shape or array.dtype.kind not in kinds or array.dtype.itemsize < 4 * (kinds == "f"):
            raise FileFormatError(f"the array {name} does not fit the others", file=source, expected=shape,
                                  found=f"{array.dtype} of shape {array.shape}")
    return arrays
