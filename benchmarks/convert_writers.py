"""Writers of a block of hexahedra that moves, as `benchmarks/convert.py` reads it: one for each format.

Each takes the folder, points (n, 3), hexahedra (m, 8; positions of nodes in VTK's order) and the number of records, and
returns the files, the one to be converted first. A row of the benchmark is an entry of WRITERS and one of MODULES.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from convert_ansys import write_ansys
from convert_words import write_frd, write_lsdyna, write_nastran

# The package of romlib_converters that reads each format.
MODULES = {"exodus": "exodus", "abaqus": "abaqus", "ansys": "ansys", "xdmf": "meshio", "vtu": "meshio",
           "vtu-base64": "meshio", "vtu-zlib": "meshio", "vtkhdf": "meshio", "aster": "aster", "nastran": "nastran",
           "lsdyna": "lsdyna", "frd-text": "calculix", "frd-binary": "calculix"}

COMPRESSOR = ' compressor="vtkZLibDataCompressor"'
PACKED = 32768  # bytes that VTK packs together


def box(n_node: int) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 3) and hexahedra (m, 8), positions in VTK's order, of a cube with about so many nodes."""
    n = max(round(n_node ** (1 / 3)), 2)
    z, y, x = np.meshgrid(*3 * [np.arange(n)], indexing="ij")
    first = (x + n * y + n * n * z)[:-1, :-1, :-1].ravel()
    corners = np.array([0, 1, 1 + n, n])
    return (np.column_stack([x.ravel(), y.ravel(), z.ravel()]).astype(float),
            first[:, None] + np.concatenate([corners, corners + n * n]))


def displacement(points: np.ndarray, step: int) -> np.ndarray:
    """(n, 3), zero in the first record."""
    return 1e-4 * step * points[:, [1, 2, 0]] * (1.0 + 0.1 * np.sin(points))


def write_exodus(folder: Path, points: np.ndarray, cells: np.ndarray, steps: int) -> list[Path]:
    """By netCDF4."""
    import netCDF4

    path = folder / "box.exo"
    with netCDF4.Dataset(path, "w", format="NETCDF3_64BIT_OFFSET") as file:
        file.api_version = file.version = np.float32(8.11)
        file.floating_point_word_size, file.file_size = np.int32(8), np.int32(1)
        for name, size in (("len_string", 33), ("len_name", 33), ("time_step", None), ("num_dim", 3),
                           ("num_nodes", len(points)), ("num_elem", len(cells)), ("num_el_blk", 1),
                           ("num_el_in_blk1", len(cells)), ("num_nod_per_el1", 8), ("num_nod_var", 3)):
            file.createDimension(name, size)
        for axis, letter in enumerate("xyz"):
            file.createVariable(f"coord{letter}", "f8", ("num_nodes",))[:] = points[:, axis]
        file.createVariable("eb_prop1", "i4", ("num_el_blk",))[:] = 1
        connect = file.createVariable("connect1", "i4", ("num_el_in_blk1", "num_nod_per_el1"))
        connect.elem_type = "HEX8"
        connect[:] = cells + 1
        names = file.createVariable("name_nod_var", "S1", ("num_nod_var", "len_name"))
        for row, letter in enumerate("XYZ"):
            names[row] = np.frombuffer(f"DISPL_{letter}".encode().ljust(33, b"\0"), "S1")
        times = file.createVariable("time_whole", "f8", ("time_step",))
        values = [file.createVariable(f"vals_nod_var{k}", "f8", ("time_step", "num_nodes")) for k in (1, 2, 3)]
        for step in range(steps):
            times[step] = float(step)
            for axis, variable in enumerate(values):
                variable[step] = displacement(points, step)[:, axis]
    return [path]


def write_abaqus(folder: Path, points: np.ndarray, cells: np.ndarray, steps: int) -> list[Path]:
    """A binary .fil: words of eight bytes in blocks of 512."""
    def text(word: str) -> int:
        return int(np.frombuffer(word.ljust(8).encode(), "<i8")[0])

    def real(value: float) -> int:
        return int(np.float64(value).view(np.int64))

    def records(key: int, ids: np.ndarray, *columns: np.ndarray) -> np.ndarray:
        words = np.empty((len(ids), 3 + sum(c.shape[1] for c in columns)), dtype=np.int64)
        words[:, 0], words[:, 1], words[:, 2] = words.shape[1], key, ids
        words[:, 3:] = np.concatenate([c if c.dtype == np.int64 else c.view(np.int64) for c in columns], axis=1)
        return words.ravel()

    ids = 1 + np.arange(len(points))
    kind = np.full((len(cells), 1), text("C3D8"))
    release = np.array([9, 1921, text("6.14-1"), text("01-Jan-2"), text("026"), text("12:00:00"), len(cells),
                        len(points), real(1.0)])
    model = [release, records(1900, 1 + np.arange(len(cells)), kind, cells.astype(np.int64) + 1),
             records(1901, ids, points), np.array([5, 1902, 1, 2, 3])]
    path = folder / "box.fil"
    with open(path, "wb") as file:
        _blocks(file, model)
        for step in range(steps):
            start = np.array([23, 2000, *map(real, (step, step, 0.0, 0.0)), 1, 1, step + 1, 0,
                              *map(real, (0.0, 0.0, 1.0)), *[text("")] * 10])
            head = np.array([11, 1, 0, 0, 0, 4, text(""), 3, 3, 0, 0])
            _blocks(file, [start, head, records(101, ids, displacement(points, step))])
    return [path]


def _blocks(file: Any, parts: list[np.ndarray]) -> None:
    """Words up to record 2001, which fills the block."""
    words = np.concatenate(parts)
    padding = -(len(words) + 2) % 512
    words = np.concatenate([words, [2 + padding, 2001], np.zeros(padding, dtype=np.int64)]).reshape(-1, 512)
    blocks = np.empty(len(words), dtype=[("begin", "<i4"), ("words", "<i8", 512), ("end", "<i4")])
    blocks["begin"] = blocks["end"] = 4096
    blocks["words"] = words
    blocks.tofile(file)


def write_rst(folder: Path, points: np.ndarray, cells: np.ndarray, steps: int) -> list[Path]:
    """Ansys."""
    return write_ansys(folder, points, cells, steps, displacement)


def write_xdmf(folder: Path, points: np.ndarray, cells: np.ndarray, steps: int) -> list[Path]:
    """An XDMF file beside an HDF5 file."""
    item = '<DataItem DataType="{}" Dimensions="{}" Format="HDF" Precision="8">box.h5:/{}</DataItem>'
    shape = f"{len(points)} 3"
    mesh = (f'<Topology TopologyType="Hexahedron" NumberOfElements="{len(cells)}">'
            + item.format("Int", f"{len(cells)} 8", "cells") + '</Topology><Geometry GeometryType="XYZ">'
            + item.format("Float", shape, "points") + "</Geometry>")
    grids = []
    with h5py.File(folder / "box.h5", "w") as file:
        file["points"], file["cells"] = points, cells
        for step in range(steps):
            file[f"u{step}"] = displacement(points, step)
            grids.append(f'<Grid Name="s{step}"><Time Value="{step}"/>{mesh}<Attribute Name="displacement" '
                         'AttributeType="Vector" Center="Node">' + item.format("Float", shape, f"u{step}")
                         + "</Attribute></Grid>")
    path = folder / "box.xdmf"
    path.write_text('<?xml version="1.0"?><Xdmf Version="3.0"><Domain><Grid GridType="Collection" '
                    f'CollectionType="Temporal">{"".join(grids)}</Grid></Domain></Xdmf>')
    return [path, folder / "box.h5"]


def write_vtkhdf(folder: Path, points: np.ndarray, cells: np.ndarray, steps: int) -> list[Path]:
    """A VTKHDF file with the mesh once."""
    path, n, m = folder / "box.hdf", len(points), len(cells)
    with h5py.File(path, "w") as file:
        grid = file.create_group("VTKHDF")
        grid.attrs["Version"] = (2, 0)
        grid.attrs.create("Type", b"UnstructuredGrid", dtype=h5py.string_dtype("ascii", 16))
        for name, values in (("NumberOfPoints", [n]), ("NumberOfCells", [m]), ("NumberOfConnectivityIds", [8 * m]),
                             ("Points", points), ("Connectivity", cells.ravel()), ("Offsets", 8 * np.arange(m + 1)),
                             ("Types", np.full(m, 12, dtype=np.uint8))):
            grid[name] = values
        values = grid.create_dataset("PointData/displacement", (n * steps, 3), "f8")
        for step in range(steps):
            values[step * n:(step + 1) * n] = displacement(points, step)
        times, none = grid.create_group("Steps"), np.zeros(steps, dtype=int)
        times.attrs["NSteps"] = steps
        times["Values"], times["NumberOfParts"] = np.arange(steps, dtype=float), none + 1
        for name, offsets in (("PartOffsets", none), ("PointOffsets", none), ("CellOffsets", none[:, None]),
                              ("ConnectivityIdOffsets", none[:, None]),
                              ("PointDataOffsets/displacement", n * np.arange(steps))):
            times[name] = offsets
    return [path]


def write_aster(folder: Path, points: np.ndarray, cells: np.ndarray, steps: int) -> list[Path]:
    """A MED file with DEPL."""
    path = folder / "box.rmed"
    with h5py.File(path, "w") as file:
        mesh = file.create_group("ENS_MAA/MAIL")
        mesh.attrs["ESP"] = mesh.attrs["DIM"] = 3
        state = mesh.create_group("-0000000000000000001-0000000000000000001")
        state["NOE/COO"], state["MAI/HE8/NOD"] = points.T.ravel(), (cells[:, [0, 3, 2, 1, 4, 7, 6, 5]] + 1).T.ravel()
        state["NOE/COO"].attrs["NBR"], state["MAI/HE8/NOD"].attrs["NBR"] = len(points), len(cells)
        field = file.create_group("CHA/RESU____DEPL")
        field.attrs["MAI"], field.attrs["NCO"] = b"MAIL", 3
        field.attrs["NOM"] = b"".join(name.ljust(16) for name in (b"DX", b"DY", b"DZ"))
        for step in range(steps):
            at = field.create_group(f"{step + 1:020d}{step + 1:020d}")
            at.attrs["NDT"] = at.attrs["NOR"] = step + 1
            at.attrs["PDT"] = float(step)
            values = at.create_group("NOE/MED_NO_PROFILE_INTERNAL")
            values.attrs["NGA"], values.attrs["GAU"], values.attrs["NBR"] = 1, b"", len(points)
            values["CO"] = displacement(points, step).T.ravel()
    return [path]


def write_vtu(folder: Path, points: np.ndarray, cells: np.ndarray, steps: int, how: str = "raw") -> list[Path]:
    """VTU files with data at their ends, and a PVD file. how : "raw", "base64" or "zlib"."""
    files, sets = [folder / "box.pvd"], []
    for step in range(steps):
        arrays = [("Float64", 3, "displacement", displacement(points, step)), ("Float64", 3, "Points", points),
                  ("Int64", 1, "connectivity", cells.astype(np.int64)),
                  ("Int64", 1, "offsets", 8 * (1 + np.arange(len(cells)))),
                  ("UInt8", 1, "types", np.full(len(cells), 12, dtype=np.uint8))]
        tags, stored, offset = [], [], 0
        for kind, width, name, values in arrays:
            tags.append(f'<DataArray type="{kind}" NumberOfComponents="{width}" Name="{name}" format="appended" '
                        f'offset="{offset}"/>')
            stored.append(_stored(values, how))
            offset += len(stored[-1])
        path = folder / f"box_{step}.vtu"
        packed, encoding = COMPRESSOR if how == "zlib" else "", "base64" if how == "base64" else "raw"
        with open(path, "wb") as file:
            file.write((
                '<VTKFile type="UnstructuredGrid" version="1.0" byte_order="LittleEndian" '
                f'header_type="UInt64"{packed}><UnstructuredGrid><Piece NumberOfPoints="{len(points)}" '
                f'NumberOfCells="{len(cells)}"><PointData>{tags[0]}</PointData><Points>{tags[1]}</Points>'
                f'<Cells>{"".join(tags[2:])}</Cells></Piece></UnstructuredGrid><AppendedData encoding="{encoding}">_'
            ).encode())
            file.writelines(stored)
            file.write(b"</AppendedData></VTKFile>")
        files.append(path)
        sets.append(f'<DataSet timestep="{step}" file="{path.name}"/>')
    files[0].write_text('<?xml version="1.0"?><VTKFile type="Collection" version="1.0"><Collection>'
                        f'{"".join(sets)}</Collection></VTKFile>')
    return files


def _stored(values: np.ndarray, how: str) -> bytes:
    """An array as VTK stores it, with the sizes before it."""
    data = np.ascontiguousarray(values).tobytes()
    if how == "zlib":
        blocks = [zlib.compress(data[at:at + PACKED], 5) for at in range(0, len(data), PACKED)]
        sizes = [len(blocks), PACKED, len(data) % PACKED, *map(len, blocks)]
        return np.array(sizes, dtype=np.uint64).tobytes() + b"".join(blocks)
    data = np.array([len(data)], dtype=np.uint64).tobytes() + data
    return base64.b64encode(data) if how == "base64" else data


WRITERS: dict[str, Callable[[Path, np.ndarray, np.ndarray, int], list[Path]]] = {
    "exodus": write_exodus, "abaqus": write_abaqus, "ansys": write_rst, "xdmf": write_xdmf, "vtu": write_vtu,
    "vtu-base64": partial(write_vtu, how="base64"), "vtu-zlib": partial(write_vtu, how="zlib"),
    "vtkhdf": write_vtkhdf, "aster": write_aster, "nastran": partial(write_nastran, displacement=displacement),
    "lsdyna": partial(write_lsdyna, displacement=displacement),
    "frd-text": partial(write_frd, displacement=displacement, form=1),
    "frd-binary": partial(write_frd, displacement=displacement, form=3)}
