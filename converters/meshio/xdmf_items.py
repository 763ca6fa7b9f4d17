"""The arrays of an XDMF file: in its text, in HDF5, or in a binary file beside it."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Literal
from xml.etree.ElementTree import Element

import h5py
import numpy as np
from romlib_converters.meshio.xml import beside, text_numbers

from romlib.errors import FileFormatError, UnsupportedError
from romlib.words import plural

_KINDS = {"float": {4: "f4", 8: "f8"}, "int": {1: "i1", 2: "i2", 4: "i4", 8: "i8"},
          "uint": {1: "u1", 2: "u2", 4: "u4", 8: "u8"}, "char": {1: "i1"}, "uchar": {1: "u1"}, "short": {2: "i2"}}
_ORDERS: dict[str, Literal["=", "<", ">"]] = {
    "native": "=", "little": "<", "littleendian": "<", "big": ">", "bigendian": ">"}
_HARMLESS = {"name", "id", "rank", "unit", "units", "label", "description", "comment", "version"}
_ITEM = {"itemtype", "format", "numbertype", "datatype", "precision", "dimensions", "endian", "seek", "compression"}
_MOST = 1 << 40  # entries that Dimensions may promise at all
_PACKED, _SMALL = 1100, 1 << 20  # the best ratio of HDF5's compression; below this size it does not matter


def attributes_of(element: Element, known: set[str], file: Path) -> dict[str, str]:
    """Attributes by name in lower case.

    Raises
    ------
    UnsupportedError : one that is neither known nor a mere label: it may change what the numbers mean.
    """
    found = {name.lower(): value.strip() for name, value in element.attrib.items() if ":" not in name and value.strip()}
    unknown = [name for name, value in element.attrib.items()
               if ":" not in name and value.strip() and name.lower() not in known | _HARMLESS]
    if unknown:
        raise UnsupportedError(f"an attribute of <{element.tag}> is not known, and may change what it means", file=file,
                               place=label(element), expected=", ".join(sorted(known)), found=", ".join(unknown))
    return found


def label(element: Element) -> str:
    """The element in a message."""
    name = element.get("Name")
    return f"<{element.tag}" + (f" Name={name!r}>" if name else ">")


class Items:
    """Reads the DataItems of one XDMF file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._open: dict[Path, h5py.File] = {}

    def close(self) -> None:
        """Close the HDF5 files."""
        for heavy in self._open.values():
            heavy.close()
        self._open.clear()

    def heavy_files(self, items: list[Element]) -> list[Path]:
        """The files that these DataItems name, each once, in order; all exist."""
        names: dict[str, None] = {}
        for item in items:
            kind = (item.get("Format") or "XML").lower()
            text = (item.text or "").strip()
            if kind in ("hdf", "binary"):
                names[text.rpartition(":")[0] if kind == "hdf" else text] = None
        return [beside(self.file, name, "the file of the arrays") for name in sorted(names)]

    def read(self, item: Element) -> np.ndarray:
        """The array of a DataItem, in its Dimensions and in the machine's byte order.

        Raises
        ------
        UnsupportedError : a form that is not read, by its name. FileFormatError : what is stored is not what is said.
        """
        said = attributes_of(item, _ITEM, self.file)
        kind = said.get("itemtype", "uniform").lower()
        if kind != "uniform":
            raise UnsupportedError("this form of XDMF arrays is not read", file=self.file, place=label(item),
                                   expected='DataItems of ItemType "Uniform"', found=f'ItemType "{said["itemtype"]}"',
                                   remedy="write the whole array into one DataItem")
        if len(item):
            raise UnsupportedError("a DataItem within a DataItem is not read", file=self.file, place=label(item))
        shape = self._dimensions(said, item)
        form = said.get("format", "XML").lower()
        reader = {"xml": self._text, "hdf": self._hdf, "binary": self._binary}.get(form)
        if reader is None:
            raise UnsupportedError("arrays in this format are not read", file=self.file, place=label(item),
                                   expected="XML, HDF, Binary", found=said["format"])
        if form != "binary":
            self._only(said, {"seek": "0", "compression": "raw"}, item)
        values = reader(item, said, shape)
        values = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))
        return values.reshape(shape)

    def _dimensions(self, said: Mapping[str, str], item: Element) -> tuple[int, ...]:
        words = said.get("dimensions", "").split()
        if not words or not all(word.isascii() and word.isdigit() for word in words):
            raise FileFormatError("a DataItem has no Dimensions", file=self.file, place=label(item),
                                  expected="numbers of entries", found=said.get("dimensions", "nothing"))
        shape = tuple(int(word) for word in words)
        if len(shape) > 8 or prod(shape) > _MOST:
            raise FileFormatError("a DataItem promises more than any file holds", file=self.file, place=label(item),
                                  found=said["dimensions"])
        return shape

    def _only(self, said: Mapping[str, str], allowed: Mapping[str, str], item: Element) -> None:
        for name, value in allowed.items():
            if said.get(name, value).lower() != value:
                raise UnsupportedError("an attribute that has no meaning for arrays of this format", file=self.file,
                                       place=label(item), found=f'{name}="{said[name]}"')

    def _dtype(self, said: Mapping[str, str], item: Element) -> np.dtype:
        kind = (said.get("numbertype") or said.get("datatype") or "Float").lower()
        sizes = _KINDS.get(kind)
        default = "1" if kind in ("char", "uchar") else "2" if kind == "short" else "4"
        precision = said.get("precision", default)
        if sizes is None or not precision.isdigit() or int(precision) not in sizes:
            raise UnsupportedError("numbers of this type are not read", file=self.file, place=label(item),
                                   expected="Float, Int, UInt, Char, UChar with a Precision of their bytes",
                                   found=f'NumberType "{kind}", Precision "{precision}"')
        order = _ORDERS.get(said.get("endian", "Native").lower())
        if order is None:
            raise UnsupportedError("this byte order is not known", file=self.file, place=label(item),
                                   expected="Native, Little, Big", found=said["endian"])
        return np.dtype(sizes[int(precision)]).newbyteorder(order)

    def _text(self, item: Element, said: Mapping[str, str], shape: tuple[int, ...]) -> np.ndarray:
        dtype = self._dtype(said, item).newbyteorder("=")
        if dtype.kind == "f" and "precision" not in said:
            dtype = np.dtype(np.float64)  # text has the digits that it has
        return text_numbers(item.text or "", dtype, prod(shape), self.file, label(item))

    def _binary(self, item: Element, said: Mapping[str, str], shape: tuple[int, ...]) -> np.ndarray:
        if said.get("compression", "Raw").lower() not in ("raw", "none"):
            raise UnsupportedError("compressed binary arrays are not read", file=self.file, place=label(item),
                                   expected='Compression "Raw"', found=said["compression"],
                                   remedy="write them without compression, or into HDF5")
        dtype, path = self._dtype(said, item), beside(self.file, item.text or "", "the file of an array")
        seek = said.get("seek", "0")
        if not seek.isdigit():
            raise FileFormatError("the beginning of an array cannot be read", file=self.file, place=label(item),
                                  expected="a number of bytes", found=f'Seek="{seek}"')
        there = path.stat().st_size - int(seek)
        if there < prod(shape) * dtype.itemsize:
            raise FileFormatError("a binary file ends before its array does", file=path, place=label(item),
                                  expected=plural(prod(shape) * dtype.itemsize, "byte"), found=max(there, 0))
        if "seek" not in said and there != prod(shape) * dtype.itemsize:
            raise FileFormatError("a binary file has another size than its array", file=path, place=label(item),
                                  expected=plural(prod(shape) * dtype.itemsize, "byte"), found=there)
        return np.fromfile(path, dtype=dtype, count=prod(shape), offset=int(seek))

    def _hdf(self, item: Element, said: Mapping[str, str], shape: tuple[int, ...]) -> np.ndarray:
        name, colon, inside = (item.text or "").strip().rpartition(":")
        if not colon:
            raise FileFormatError("an array in HDF5 is named by its file and its path", file=self.file,
                                  place=label(item), expected="FILE:/PATH",
                                  found=(item.text or "").strip() or "nothing")
        if "|" in inside:
            raise UnsupportedError("a part of an array in HDF5 is not read", file=self.file, place=label(item),
                                   found=(item.text or "").strip(), expected="FILE:/PATH",
                                   remedy="write the whole array into one dataset")
        self._dtype(said, item)  # HDF5 knows its own types; what is said has to be a type all the same
        path = beside(self.file, name, "the file of an array")
        try:
            if path not in self._open:
                self._open[path] = h5py.File(path, "r")
            data = self._dataset(self._open[path], inside, item)
            if data.size != prod(shape):
                raise self._size(item, prod(shape), data.size)
            if data.nbytes > _SMALL and data.nbytes > _PACKED * data.id.get_storage_size():
                raise FileFormatError("an array in HDF5 is larger than what is stored of it", file=path,
                                      place=f"{inside}, named by {self.file}", expected=plural(data.nbytes, "byte"),
                                      found=f"{data.id.get_storage_size()} stored")
            return data[()]
        except (OSError, RuntimeError) as error:
            raise FileFormatError("an array in HDF5 cannot be read", file=path, place=f"{inside}, named by {self.file}",
                                  found=str(error).splitlines()[0] if str(error) else type(error).__name__) from error

    def _dataset(self, heavy: h5py.File, inside: str, item: Element) -> h5py.Dataset:
        """A dataset that is wholly in this file."""
        at: h5py.Group = heavy
        parts = [part for part in inside.split("/") if part]
        for k, part in enumerate(parts):
            link = at.get(part, getlink=True) if isinstance(at, h5py.Group) and part in at else None
            if isinstance(link, h5py.ExternalLink):
                raise UnsupportedError("an array in HDF5 is in yet another file", file=Path(heavy.filename),
                                       place="/" + "/".join(parts[:k + 1]), found=f"a link to {link.filename}",
                                       remedy="store the arrays themselves in one file")
            at = at.get(part) if link is not None else None
        if not isinstance(at, h5py.Dataset):
            raise FileFormatError("an array is missing in the HDF5 file", file=Path(heavy.filename), place=inside,
                                  expected="a dataset", found="nothing" if at is None else "a group")
        if at.is_virtual or at.external:
            raise UnsupportedError("an array in HDF5 is in yet another file", file=Path(heavy.filename), place=inside,
                                   found="a virtual dataset" if at.is_virtual else "external storage",
                                   remedy="store the arrays themselves in one file")
        if at.dtype.kind not in "fiu":
            raise FileFormatError("an array in HDF5 does not consist of numbers", file=Path(heavy.filename),
                                  place=inside, found=at.dtype)
        return at

    def _size(self, item: Element, expected: int, found: int) -> FileFormatError:
        return FileFormatError("an array has another size than its Dimensions", file=self.file, place=label(item),
                               expected=f"{plural(expected, 'number')} ({item.get('Dimensions')})", found=found)
