"""What an Exodus file has: numbers and names of nodes, blocks, sets, variables and times, from its NetCDF variables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from romlib_converters.exodus.netcdf import Netcdf

from romlib.errors import FileFormatError, UnsupportedError

_MOST = 1 << 20  # blocks, sets or variables of one kind
_AXES = "xyz"
# What NetCDF fills a variable with that was never written (NC_FILL_DOUBLE, NC_FILL_FLOAT, to single precision).
_UNWRITTEN = 0.999999 * 9.969209968386869e36


@dataclass(frozen=True, eq=False)
class Block:
    """Elements of one type. number : of its variables, from 1. id : what its writer calls it. first : position of its
    first element in the file. nodes : (n, k) positions in the file, in the order of Exodus; None for polyhedra.
    """

    number: int
    id: int
    name: str
    type: str
    first: int
    count: int
    nodes: np.ndarray | None

    @property
    def place(self) -> str:
        """For messages."""
        return f"element block {self.id}" + (f" ({self.name})" if self.name else "")

    @property
    def elements(self) -> np.ndarray:
        """(n,) positions in the file."""
        return np.arange(self.first, self.first + self.count)


class ExodusContent:
    """The mesh of an Exodus file, and where its results are.

    Raises
    ------
    FileFormatError : a part that is missing or contradicts another. UnsupportedError : no elements.
    """

    def __init__(self, netcdf: Netcdf) -> None:
        self.netcdf, self.file = netcdf, netcdf.file
        if "num_nodes" not in netcdf.dimensions or "num_el_blk" not in netcdf.dimensions:
            raise UnsupportedError("this NetCDF file is no Exodus file with a mesh", file=self.file,
                                   expected="the dimensions num_nodes and num_el_blk",
                                   found=", ".join(list(netcdf.dimensions)[:8]) or "no dimension")
        self.points = self._points()
        self.n_node, self.dimension = self.points.shape
        self.blocks = list(self._blocks())
        self.n_element = sum(block.count for block in self.blocks)
        announced = netcdf.dimensions.get("num_elem", self.n_element)
        if announced != self.n_element:
            raise FileFormatError("the blocks have another number of elements than the file says", file=self.file,
                                  place="num_elem", expected=announced, found=self.n_element)
        self.node_ids = self._map("node_num_map", self.n_node)
        self._plain: bool | None = None  # whether these are 1, 2, ...
        self.element_ids = self._map("elem_num_map", self.n_element)

    @cached_property
    def times(self) -> np.ndarray:
        """(n_record,) as stored."""
        if not self.netcdf.has("time_whole"):
            return np.empty(0)
        return self._reals("time_whole").ravel()

    @cached_property
    def node_variables(self) -> list[str]:
        """Names of the variables at nodes, in the order of the file."""
        return self._names("name_nod_var")

    @cached_property
    def element_variables(self) -> list[str]:
        """Names of the variables in elements, in the order of the file."""
        return self._names("name_elem_var")

    @cached_property
    def global_variables(self) -> list[str]:
        """Names of the variables of the whole model."""
        return self._names("name_glo_var")

    def node_dtype(self, name: str) -> str:
        """"float32" or "float64"."""
        if self.netcdf.has("vals_nod_var"):
            return _precision(self.netcdf.dtype("vals_nod_var"))
        return _precision(self.netcdf.dtype(f"vals_nod_var{self.node_variables.index(name) + 1}"))

    def element_dtype(self, name: str, block: Block) -> str:
        """"float32" or "float64"."""
        return _precision(self.netcdf.dtype(self._element_variable(name, block)))

    def node_values(self, names: Sequence[str], record: int) -> np.ndarray:
        """(n_node, k) of variables at a time; NaN where nothing was written."""
        numbers = [self.node_variables.index(name) for name in names]
        if not self.netcdf.has("vals_nod_var"):
            return self._columns([f"vals_nod_var{number + 1}" for number in numbers], record, self.n_node, "nodes")
        every = self.netcdf.read("vals_nod_var", record)  # files before 1998: all variables in one
        if every.ndim != 2 or every.shape[1] != self.n_node or max(numbers) >= len(every):
            raise FileFormatError("a variable is missing, or has the wrong length", file=self.file,
                                  place=f"record {record + 1}, variables {', '.join(names)}", found=every.shape,
                                  expected=(max(numbers) + 1, self.n_node))
        found = every[numbers].T.astype(float)
        return np.where(found >= _UNWRITTEN, np.nan, found)

    def ids_of(self, nodes: np.ndarray) -> np.ndarray:
        """Numbers of nodes by their positions in the file."""
        if self._plain is None:
            self._plain = bool((self.node_ids == np.arange(1, self.n_node + 1)).all())
        return nodes + 1 if self._plain else self.node_ids[nodes]

    def has_element_values(self, name: str, block: Block) -> bool:
        """Whether a variable is stored for a block."""
        return self.netcdf.has(self._element_variable(name, block))

    def element_values(self, names: Sequence[str], block: Block, record: int) -> np.ndarray:
        """(n, k) of variables in the elements of a block at a time; NaN where nothing was written."""
        return self._columns([self._element_variable(name, block) for name in names], record, block.count, block.place)

    def node_sets(self) -> Iterator[tuple[str, np.ndarray]]:
        """Name of each set of nodes, and positions of its nodes (n,)."""
        for variable, name in self._sets("num_node_sets", "ns", "nodeset", "node_ns", "num_nod_ns"):
            yield name, self._positions(variable, self.n_node)

    def element_sets(self) -> Iterator[tuple[str, np.ndarray]]:
        """Name of each set of elements, and positions of its elements (n,)."""
        for variable, name in self._sets("num_elem_sets", "els", "elemset", "elem_els", "num_ele_els"):
            yield name, self._positions(variable, self.n_element)

    def side_sets(self) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
        """Name of each set of sides, positions of the elements (n,), and numbers of the sides (n,), from 1."""
        for variable, name in self._sets("num_side_sets", "ss", "sideset", "elem_ss", "num_side_ss"):
            elements = self._positions(variable, self.n_element)
            sides = self._integers(variable.replace("elem", "side"))
            if len(sides) != len(elements):
                raise FileFormatError("a set of sides has more elements than sides, or fewer", file=self.file,
                                      place=f"side set {name}", expected=len(elements), found=len(sides))
            yield name, elements, sides

    def _points(self) -> np.ndarray:
        dimension = self.netcdf.dimensions.get("num_dim", 3)
        n_node = self.netcdf.dimensions["num_nodes"]
        if dimension not in (1, 2, 3):
            raise FileFormatError("an Exodus file has one, two or three dimensions", file=self.file, place="num_dim",
                                  found=dimension)
        if self.netcdf.has("coord"):
            points = self._reals("coord").T
        else:
            names = [f"coord{axis}" for axis in _AXES[:dimension]]
            wrong = [shape for shape in map(self.netcdf.shape, names) if shape != (n_node,)]
            points = np.empty(wrong[0]) if wrong else self._columns(names, None, n_node, "the coordinates", np.inf)
        if points.shape != (n_node, dimension):
            raise FileFormatError("the coordinates are not those of the nodes", file=self.file,
                                  expected=(n_node, dimension), found=points.shape)
        return points

    def _blocks(self) -> Iterator[Block]:
        n_block = self._count("num_el_blk")
        ids, names = self._ids("eb_prop1", n_block), self._texts("eb_names", n_block)
        first = 0
        for k in range(n_block):
            variable = f"connect{k + 1}"
            if not self.netcdf.has(variable):  # an empty block, or polyhedra, which are stored otherwise
                count = self.netcdf.dimensions.get(f"num_el_in_blk{k + 1}", 0)
                if count:
                    yield Block(k + 1, ids[k], names[k], "NFACED", first, count, None)
                    first += count
                continue
            kind = self.netcdf.attribute(variable, "elem_type")
            polyhedra = self.netcdf.shape(variable)
            if len(polyhedra) != 2:
                yield Block(k + 1, ids[k], names[k], kind or "NSIDED", first,
                            self.netcdf.dimensions.get(f"num_el_in_blk{k + 1}", 0), None)
            else:
                nodes = self._positions(variable, self.n_node).reshape(polyhedra)
                if len(nodes):
                    yield Block(k + 1, ids[k], names[k], kind, first, len(nodes), nodes)
            first += polyhedra[0] if len(polyhedra) == 2 else self.netcdf.dimensions.get(f"num_el_in_blk{k + 1}", 0)

    def _map(self, variable: str, count: int) -> np.ndarray:
        """The numbers that the writer gives nodes or elements; from 1 where the file has none."""
        if not self.netcdf.has(variable):
            return np.arange(1, count + 1)
        found = self._integers(variable)
        if len(found) != count:
            raise FileFormatError("a list of numbers has the wrong length", file=self.file, place=variable,
                                  expected=count, found=len(found))
        if not found.any():  # a map that was defined and never written
            return np.arange(1, count + 1)
        if found.min() < 1:
            raise FileFormatError("the number of a node or an element is not positive", file=self.file, place=variable,
                                  expected="1 or more", found=int(found.min()))
        return found

    def _positions(self, variable: str, count: int) -> np.ndarray:
        found = self._integers(variable)
        if len(found) and (found.min() < 1 or found.max() > count):
            wrong = found[(found < 1) | (found > count)][0]
            raise FileFormatError("a node or element does not exist", file=self.file, place=variable,
                                  expected=f"1 to {count}", found=int(wrong))
        return np.subtract(found, 1, out=found) if found.flags.writeable else found - 1

    def _sets(self, dimension: str, short: str, words: str, variable: str, size: str) -> Iterator[tuple[str, str]]:
        """Variable and name of each set that is not empty. size : the dimension that says how much a set has.

        Raises
        ------
        FileFormatError : a set has a size and no members, or members and is none of those that the file counts.
        """
        count = self._count(dimension)
        ids, names = self._ids(f"{short}_prop1", count), self._texts(f"{short}_names", count)
        for k in range(1, count + 1):
            if self.netcdf.has(f"{variable}{k}"):
                yield f"{variable}{k}", names[k - 1] or f"{words}_{ids[k - 1]}"
            elif self.netcdf.dimensions.get(f"{size}{k}", 0):
                raise FileFormatError("the Exodus file lacks a variable", file=self.file, place=f"{variable}{k}",
                                      expected=f"{self.netcdf.dimensions[f'{size}{k}']} members of a set")
        if self.netcdf.has(f"{variable}{count + 1}"):
            raise FileFormatError("the file has more sets than it says", file=self.file, place=dimension,
                                  expected=count, found=f"{variable}{count + 1}")

    def _count(self, dimension: str) -> int:
        count = self.netcdf.dimensions.get(dimension, 0)
        if count > _MOST:
            raise FileFormatError("the file says that it has more blocks or sets than it can", file=self.file,
                                  place=dimension, expected=f"at most {_MOST}", found=count)
        return count

    def _ids(self, variable: str, count: int) -> list[int]:
        if not self.netcdf.has(variable):
            return list(range(1, count + 1))
        found = self._integers(variable)
        return [int(one) for one in found[:count]] + list(range(len(found) + 1, count + 1))

    def _names(self, variable: str) -> list[str]:
        if not self.netcdf.has(variable):
            return []
        return self._texts(variable, max((0, *self.netcdf.shape(variable)[:1])))

    def _texts(self, variable: str, count: int) -> list[str]:
        """Texts, whatever they are encoded in: UTF-8 where that is valid, else Latin-1."""
        if not self.netcdf.has(variable):
            return [""] * count
        rows = self.netcdf.read(variable)
        if rows.dtype.kind != "S" or rows.ndim != 2:
            raise FileFormatError("names are not texts", file=self.file, place=variable,
                                  found=f"{rows.dtype}, shape {rows.shape}")
        texts = [_text(b"".join(one or b"\0" for one in row)) for row in rows[:count]]
        return texts + [""] * (count - len(texts))

    def _element_variable(self, name: str, block: Block) -> str:
        return f"vals_elem_var{self.element_variables.index(name) + 1}eb{block.number}"

    def _reals(self, variable: str, row: int | None = None) -> np.ndarray:
        found = self.netcdf.read(variable, row)
        if found.dtype.kind not in "iuf":
            raise FileFormatError("a variable has no numbers", file=self.file, place=variable, found=found.dtype)
        return found.astype(float, copy=False)

    def _integers(self, variable: str) -> np.ndarray:
        found = self.netcdf.read(variable)
        if found.dtype.kind not in "iu":
            raise FileFormatError("a variable has no whole numbers", file=self.file, place=variable, found=found.dtype)
        return (found if found.dtype.kind == "i" else found.astype(np.int64)).ravel()

    def _columns(
        self, variables: Sequence[str], record: int | None, count: int, place: str, unwritten: float = _UNWRITTEN
    ) -> np.ndarray:
        """Variables of numbers (count,), or one record of each, as columns."""
        axes = 1 if record is None else 2
        for variable in variables:
            shape, dtype = self.netcdf.shape(variable), self.netcdf.dtype(variable)
            if dtype.kind not in "iuf":
                raise FileFormatError("a variable has no numbers", file=self.file, place=variable, found=dtype)
            if len(shape) != axes or shape[-1] != count:
                raise FileFormatError("a variable has the wrong length", file=self.file, place=f"{variable}, {place}",
                                      expected=count, found=shape[axes - 1:])
        return self.netcdf.columns(variables, record, unwritten)


def _text(data: bytes) -> str:
    data = data.split(b"\0")[0].strip()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _precision(dtype: np.dtype) -> str:
    return "float32" if dtype.itemsize == 4 and dtype.kind == "f" else "float64"


def is_exodus(path: Path) -> bool:
    """Whether a file is NetCDF with the dimensions of Exodus; never raises, reads its beginning only."""
    from romlib_converters.exodus.netcdf import HDF5

    try:
        with open(path, "rb") as stream:
            start = stream.read(1 << 16)
    except OSError:
        return False
    if start.startswith((b"CDF\1", b"CDF\2", b"CDF\5")):
        return b"num_nodes" in start and b"num_el_blk" in start
    return start.startswith(HDF5) and _has_dimensions(path)


def _has_dimensions(path: Path) -> bool:
    import h5py

    try:
        with h5py.File(path, "r") as content:
            return "num_nodes" in content and "num_el_blk" in content
    except (OSError, RuntimeError, ValueError):
        return False
