"""Time series that the tests of the meshio converter write, in every format that it reads."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import meshio
import numpy as np

from romlib.mesh.box import box_mesh

MESHIO_TYPE = {"tet4": "tetra", "tet10": "tetra10", "hex8": "hexahedron", "hex20": "hexahedron20", "wedge6": "wedge",
               "wedge15": "wedge15", "pyramid5": "pyramid", "pyramid13": "pyramid13", "hex27": "hexahedron27",
               "tri3": "triangle", "tri6": "triangle6", "quad4": "quad", "quad8": "quad8", "quad9": "quad9"}

for _kind in ("wedge15", "pyramid13"):  # meshio 5.3.5 writes these but forgot them in this table
    meshio._mesh.topological_dimension.setdefault(_kind, 3)


@dataclass
class Example:
    """A history: points, cells (meshio's type, connectivity), and by step the time, node arrays and cell arrays."""

    points: np.ndarray
    cells: list[tuple[str, np.ndarray]]
    times: list[float]
    node: list[dict[str, np.ndarray]]
    cell: list[dict[str, np.ndarray]] = field(default_factory=list)

    @property
    def n_cell(self) -> int:
        return sum(len(connectivity) for _, connectivity in self.cells)

    def blocks(self, values: np.ndarray) -> list[np.ndarray]:
        return np.split(values, np.cumsum([len(c) for _, c in self.cells])[:-1])


def box_example(cell_type: str = "hex8", n_step: int = 4, name: str = "displacement") -> Example:
    """A box with the faces of x = 1 turned inward, a flag a node array, a group of each cell."""
    mesh = box_mesh(cell_type, (2, 2, 1))
    faces = mesh.face_tags["xmax"].blocks
    n_corner = {"tri3": 3, "tri6": 3, "quad4": 4, "quad8": 4, "quad9": 4}
    cells = [(MESHIO_TYPE[cell_type], mesh.blocks[0].connectivity)]
    for block in faces:
        n, nodes = n_corner[block.face_type], block.connectivity
        turned = [nodes[:, n - 1::-1]] if nodes.shape[1] == n else [
            nodes[:, n - 1::-1], nodes[:, 2 * n - 2:n - 1:-1], nodes[:, 2 * n - 1:2 * n], nodes[:, 2 * n:]]
        cells.append((MESHIO_TYPE[block.face_type], np.concatenate(turned, axis=1)))
    rng = np.random.default_rng(3)
    n_node, n_solid = mesh.n_node, mesh.n_cell
    n_face = sum(len(c) for _, c in cells[1:])
    node = [{name: (rng.standard_normal((n_node, 3)) if k else np.zeros((n_node, 3))),
             "symx": (mesh.points[:, 0] == 0).astype(np.int32), "heat": rng.random(n_node)} for k in range(n_step)]
    group = np.concatenate([np.arange(n_solid) % 3, np.full(n_face, 7)])
    cell = [{"group": group, "energy": rng.random(n_solid + n_face)} for _ in range(n_step)]
    return Example(mesh.points, cells, [0.1 * k for k in range(n_step)], node, cell)


@contextmanager
def inside(folder: Path):
    """meshio's writer of time series puts its heavy files where the process runs."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def write_xdmf(example: Example, folder: Path, data_format: str = "HDF") -> Path:
    with inside(folder), meshio.xdmf.TimeSeriesWriter("series.xdmf", data_format) as writer:
        writer.write_points_cells(example.points, [(kind, c.copy()) for kind, c in example.cells])
        for k, time in enumerate(example.times):
            cell = {name: example.blocks(values) for name, values in example.cell[k].items()} if example.cell else {}
            writer.write_data(time, point_data=example.node[k], cell_data=cell)
    return folder / "series.xdmf"


def write_vtu(example: Example, folder: Path, *, stamped: bool = True) -> list[Path]:
    files = []
    for k, time in enumerate(example.times):
        cell = {name: example.blocks(values) for name, values in example.cell[k].items()} if example.cell else {}
        mesh = meshio.Mesh(example.points, example.cells, point_data=example.node[k], cell_data=cell)
        path = folder / f"out_{k * 5}.vtu"
        meshio.vtu.write(str(path), mesh)
        if stamped:  # meshio reads the field data of a file but does not write them
            text = path.read_bytes().replace(b"<UnstructuredGrid>", (
                '<UnstructuredGrid><FieldData><DataArray type="Float64" Name="TimeValue" format="ascii">'
                f"{time!r}</DataArray></FieldData>").encode(), 1)
            path.write_bytes(text)
        files.append(path)
    return files


def write_pvd(example: Example, folder: Path) -> Path:
    files = write_vtu(example, folder, stamped=False)
    rows = "".join(f'<DataSet timestep="{t!r}" part="0" file="{f.name}"/>' for t, f in zip(example.times, files))
    (folder / "series.pvd").write_text(f'<VTKFile type="Collection"><Collection>{rows}</Collection></VTKFile>')
    return folder / "series.pvd"
