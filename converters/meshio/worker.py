"""Reads one mesh by meshio and stores it as plain arrays: `python -m romlib_converters.meshio.worker FILE TARGET`."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path

import meshio
import numpy as np

for _kind in ("wedge15", "pyramid13"):  # meshio 5.3.5 reads these but forgot them in this table
    meshio._mesh.topological_dimension.setdefault(_kind, 3)
_BASE, _TIMES = 4 << 30, 200  # bytes of address space, and more for a large file


def main(file: Path, target: Path) -> None:
    """Read and store; what meshio says goes to the output, its errors too."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # where the system has no such limit
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = _BASE + _TIMES * file.stat().st_size
        resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    try:
        data = meshio.read(file)
        store(data, target)
    except Exception as error:  # whatever a reader of a damaged file raises
        text = str(error)
        sys.exit(type(error).__name__ + (f": {text}" if text else ""))


def store(data: meshio.Mesh, target: Path) -> None:
    """Points, blocks, arrays of numbers over all cells, and sets as positions, with their names as JSON."""
    cells = [np.asarray(block.data) for block in data.cells]
    first = np.cumsum([0, *map(len, cells)])
    cell = {name: np.concatenate([np.asarray(part) for part in parts]) for name, parts in data.cell_data.items()
            if parts and all(_numeric(part) for part in parts)}
    cell_sets = {name: np.concatenate([np.empty(0, dtype=np.int64), *(
        start + np.asarray(part, dtype=np.int64) for start, part in zip(first, parts) if part is not None)])
        for name, parts in data.cell_sets.items()}
    groups = {"node": {name: np.asarray(values) for name, values in data.point_data.items() if _numeric(values)},
              "cell": cell,
              "node_sets": {name: np.asarray(where, dtype=np.int64) for name, where in data.point_sets.items()},
              "cell_sets": cell_sets}
    names = {"kinds": [block.type for block in data.cells],
             **{what: [str(name) for name in arrays] for what, arrays in groups.items()}}
    if any(nodes.dtype.kind not in "iu" for nodes in cells):
        raise TypeError("cells of one block have different numbers of nodes")
    np.savez(target, points=np.asarray(data.points, dtype=float), names=json.dumps(names),
             **{f"block{k}": nodes for k, nodes in enumerate(cells)},
             **{f"{what}{k}": values for what, arrays in groups.items() for k, values in enumerate(arrays.values())})


def _numeric(values: object) -> bool:
    return np.issubdtype(np.asarray(values).dtype, np.number)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
