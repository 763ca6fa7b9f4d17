"""Exodus files written by netCDF4, the library that their writers use, and not by romlib."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import netCDF4
import numpy as np

LENGTH = 33


@dataclass
class ExodusFile:
    """points : (n, dimension). blocks : name, type, connectivity from 0 in the order of Exodus. nodal : by name,
    (n_time, n_node). elemental : by name, of each block (n_time, n), or None where the block lacks it.
    """

    points: np.ndarray
    blocks: list[tuple[str, str, np.ndarray]]
    times: np.ndarray = field(default_factory=lambda: np.empty(0))
    nodal: dict[str, np.ndarray] = field(default_factory=dict)
    elemental: dict[str, list[np.ndarray | None]] = field(default_factory=dict)
    globals: tuple[str, ...] = ()
    node_sets: dict[str, np.ndarray] = field(default_factory=dict)
    side_sets: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    node_ids: np.ndarray | None = None
    element_ids: np.ndarray | None = None
    title: bytes = b"a test"

    def write(self, path: Path, format: str = "NETCDF3_64BIT_OFFSET", kind: str = "f8") -> Path:
        """In one of netCDF4's formats; coordinates and values in `kind`."""
        n_node, dimension = self.points.shape
        with netCDF4.Dataset(path, "w", format=format) as file:
            if format.startswith("NETCDF3"):
                file.title = self.title.decode("latin-1").encode("utf-8", "surrogateescape")
            file.api_version = file.version = np.float32(8.11)
            file.floating_point_word_size, file.file_size = np.int32(8), np.int32(1)
            for name, size in (("len_string", LENGTH), ("len_name", LENGTH), ("time_step", None),
                               ("num_dim", dimension), ("num_nodes", n_node),
                               ("num_elem", sum(len(nodes) for _, _, nodes in self.blocks)),
                               ("num_el_blk", len(self.blocks))):
                file.createDimension(name, size)
            file.createVariable("time_whole", "f8", ("time_step",))[:] = self.times
            for axis in range(dimension):
                file.createVariable(f"coord{'xyz'[axis]}", kind, ("num_nodes",))[:] = self.points[:, axis]
            for name, ids, size in (("node_num_map", self.node_ids, "num_nodes"),
                                    ("elem_num_map", self.element_ids, "num_elem")):
                if ids is not None:
                    file.createVariable(name, "i4", (size,))[:] = ids
            self._blocks(file)
            self._sets(file)
            self._variables(file, kind)
        return path

    def _blocks(self, file: netCDF4.Dataset) -> None:
        file.createVariable("eb_prop1", "i4", ("num_el_blk",))[:] = 10 * (1 + np.arange(len(self.blocks)))
        _names(file, "eb_names", "num_el_blk", [name for name, _, _ in self.blocks])
        for k, (_, kind, nodes) in enumerate(self.blocks, 1):
            file.createDimension(f"num_el_in_blk{k}", len(nodes))
            file.createDimension(f"num_nod_per_el{k}", nodes.shape[1])
            variable = file.createVariable(f"connect{k}", "i4", (f"num_el_in_blk{k}", f"num_nod_per_el{k}"))
            variable.elem_type = kind
            variable[:] = nodes + 1

    def _sets(self, file: netCDF4.Dataset) -> None:
        if self.node_sets:
            file.createDimension("num_node_sets", len(self.node_sets))
            file.createVariable("ns_prop1", "i4", ("num_node_sets",))[:] = 1 + np.arange(len(self.node_sets))
            _names(file, "ns_names", "num_node_sets", list(self.node_sets))
            for k, nodes in enumerate(self.node_sets.values(), 1):
                file.createDimension(f"num_nod_ns{k}", len(nodes))
                file.createVariable(f"node_ns{k}", "i4", (f"num_nod_ns{k}",))[:] = nodes + 1
        if self.side_sets:
            file.createDimension("num_side_sets", len(self.side_sets))
            file.createVariable("ss_prop1", "i4", ("num_side_sets",))[:] = 1 + np.arange(len(self.side_sets))
            _names(file, "ss_names", "num_side_sets", list(self.side_sets))
            for k, (elements, sides) in enumerate(self.side_sets.values(), 1):
                file.createDimension(f"num_side_ss{k}", len(sides))
                file.createVariable(f"elem_ss{k}", "i4", (f"num_side_ss{k}",))[:] = elements + 1
                file.createVariable(f"side_ss{k}", "i4", (f"num_side_ss{k}",))[:] = sides

    def _variables(self, file: netCDF4.Dataset, kind: str) -> None:
        if self.globals:
            file.createDimension("num_glo_var", len(self.globals))
            _names(file, "name_glo_var", "num_glo_var", list(self.globals))
        if self.nodal:
            file.createDimension("num_nod_var", len(self.nodal))
            _names(file, "name_nod_var", "num_nod_var", list(self.nodal))
            for k, values in enumerate(self.nodal.values(), 1):
                file.createVariable(f"vals_nod_var{k}", kind, ("time_step", "num_nodes"))[:] = values
        if self.elemental:
            file.createDimension("num_elem_var", len(self.elemental))
            _names(file, "name_elem_var", "num_elem_var", list(self.elemental))
            for j, of_blocks in enumerate(self.elemental.values(), 1):
                for k, values in enumerate(of_blocks, 1):
                    if values is not None:
                        file.createVariable(f"vals_elem_var{j}eb{k}", kind,
                                            ("time_step", f"num_el_in_blk{k}"))[:] = values


def _names(file: netCDF4.Dataset, variable: str, dimension: str, names: list[str]) -> None:
    rows = np.array([name.encode("latin-1") for name in names], dtype=f"S{LENGTH}")
    file.createVariable(variable, "S1", (dimension, "len_name"))[:] = rows.view("S1").reshape(len(names), LENGTH)


def motion(points: np.ndarray, time: float) -> np.ndarray:
    """A displacement (n, 3) that is not the same in any two nodes."""
    x, y, z = points[:, :3].T
    return 1e-3 * time * np.column_stack([x + 0.5 * y * z, 0.3 * y - x * x, 0.2 * z + 0.1 * x * y])


def column(n: int = 3) -> ExodusFile:
    """A column of n HEX8 along z, with motion at times 0, 1, 2 as disp_x, disp_y, disp_z, and sets."""
    z = np.arange(n + 1.0)
    square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    points = np.array([[x, y, height] for height in z for x, y in square])
    nodes = np.array([[*range(4 * k, 4 * k + 8)] for k in range(n)])
    times = np.array([0.0, 1.0, 2.0])
    moved = np.array([motion(points, time) for time in times])
    return ExodusFile(
        points, [("steel", "HEX8", nodes)], times, {f"disp_{axis}": moved[:, :, k] for k, axis in enumerate("xyz")},
        node_sets={"bottom": np.arange(4)}, side_sets={"top": (np.array([n - 1]), np.array([6]))},
        node_ids=100 + 3 * np.arange(len(points)), element_ids=7 + 5 * np.arange(n))
