"""A mesh as a file has it, before it is sorted: points, cells in the order of the file, arrays, and named sets."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import meshio
import numpy as np
from romlib_converters.common.reading import reading
from romlib_converters.meshio.series import Cells

from romlib.errors import FileFormatError, UnsupportedError

# what meshio says, by the way, when it leaves out a part of a file
_LOSES = re.compile(r"skip|cannot|could not|couldn't|can't|unknown|doesn't know|unsupported|ignor|not closed", re.I)
_SECONDS, _BYTES_PER_SECOND = 60.0, 2e5  # what meshio may take, and more for a large file: several times what it needs


@dataclass(eq=False)
class RawMesh:
    """points : (n_node, dimension). cells : blocks, in the order of the file. node, cell : arrays by name, over all
    nodes, over all cells. node_sets, cell_sets : positions of nodes, of cells of any dimension. node_ids : (n_node,),
    the numbers that the file gives its nodes, None where it gives none.
    """

    points: np.ndarray
    cells: Cells
    node: dict[str, np.ndarray] = field(default_factory=dict)
    cell: dict[str, np.ndarray] = field(default_factory=dict)
    node_sets: dict[str, np.ndarray] = field(default_factory=dict)
    cell_sets: dict[str, np.ndarray] = field(default_factory=dict)
    node_ids: np.ndarray | None = None


def read_by_meshio(file: Path) -> RawMesh:
    """Whatever else meshio reads, in a process of its own: some of its readers never end on a damaged file.

    Raises
    ------
    FileFormatError : meshio cannot read it, in meshio's words. UnsupportedError : it says that it left something out.
    """
    limit = _SECONDS + file.stat().st_size / _BYTES_PER_SECOND
    with tempfile.TemporaryDirectory(prefix="romlib-meshio-") as folder:
        target = Path(folder) / "mesh.npz"
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-m", "romlib_converters.meshio.worker", str(file.resolve()), str(target)],
                env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=limit)
        except subprocess.TimeoutExpired as error:
            raise FileFormatError("meshio does not come to an end with this mesh: it is damaged", file=file,
                                  found=f"nothing after {limit:.0f} s") from error
        words = " ".join(done.stdout.decode("utf-8", "replace").split())[-300:]
        if done.returncode or not target.is_file():
            known = file.suffix.lower() in meshio.extension_to_filetypes
            raise FileFormatError(
                "meshio cannot read this mesh", file=file, found=words or f"exit status {done.returncode}",
                expected=f"a whole file of the kind {file.suffix}" if known else
                "one of " + ", ".join(sorted(meshio.extension_to_filetypes)))
        if _LOSES.search(words):
            raise UnsupportedError("meshio leaves out a part of this mesh", file=file, found=words,
                                   remedy="write the mesh in another format, such as MSH 4.1, or without that part")
        with reading(file):
            return _loaded(target)


def _loaded(target: Path) -> RawMesh:
    with np.load(target, allow_pickle=False) as arrays:
        names = json.loads(str(arrays["names"]))
        found = {what: {name: arrays[f"{what}{k}"] for k, name in enumerate(names[what])}
                 for what in ("node", "cell", "node_sets", "cell_sets")}
        cells = [(kind, arrays[f"block{k}"]) for k, kind in enumerate(names["kinds"])]
        return RawMesh(arrays["points"], cells, found["node"], found["cell"], found["node_sets"], found["cell_sets"])
