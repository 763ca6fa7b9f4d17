"""The arrays of VTK's XML files: as text, in base64 or raw, appended or in place, compressed or not."""

from __future__ import annotations

import lzma
import zlib
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias
from xml.etree.ElementTree import Element

import numpy as np
from numba import njit
from romlib_converters.meshio.base64_text import decoded
from romlib_converters.meshio.vtk_xml import Document, Span
from romlib_converters.meshio.xml import text_numbers

from romlib.errors import FileFormatError, UnsupportedError
from romlib.words import plural

_TYPES = {"Int8": "i1", "UInt8": "u1", "Int16": "i2", "UInt16": "u2", "Int32": "i4", "UInt32": "u4", "Int64": "i8",
          "UInt64": "u8", "Float32": "f4", "Float64": "f8"}
_ORDERS: dict[str, Literal["<", ">"]] = {"LittleEndian": "<", "BigEndian": ">"}
_BLANKS = (b"\n", b"\r", b" ", b"\t")
Bytes: TypeAlias = "bytes | np.ndarray"  # an array of uint8


@dataclass(frozen=True)
class Stored:
    """Where a file has the values of an array, and how: of two that are equal in both, one has to be read.

    form : type, components, tuples, encoding, byte order, width of sizes, compressor.
    """

    span: Span
    form: tuple[object, ...]

    def equals(self, other: Stored) -> bool:
        """Whether the other one has the same bytes, of the same meaning."""
        return self.form == other.form and self.span.equals(other.span)


@dataclass(frozen=True, eq=False)
class Storage:
    """How a file stores its arrays. order : "<" or ">". header : dtype of the sizes. compressor : VTK's name, or none.
    raw : whether appended data are bytes, instead of base64. offsets : where appended arrays begin, increasing.
    """

    document: Document
    order: Literal["<", ">"]
    header: np.dtype
    compressor: str
    raw: bool
    offsets: tuple[int, ...]

    @property
    def file(self) -> Path:
        """For messages."""
        return self.document.file

    @classmethod
    def of(cls, document: Document) -> Storage:
        """As the root element says.

        Raises
        ------
        UnsupportedError : a byte order, type of header, compressor or encoding that is not read, by its name.
        """
        root = document.root
        order, header = root.get("byte_order", "LittleEndian"), root.get("header_type", "UInt32")
        compressor = root.get("compressor", "")
        for what, found, known in (("byte order", order, tuple(_ORDERS)),
                                   ("type of header", header, ("UInt32", "UInt64")),
                                   ("compressor", compressor, ("", *_DECOMPRESS)),
                                   ("encoding", document.encoding, ("base64", "raw"))):
            if found not in known:
                raise UnsupportedError(f"this {what} is not read", file=document.file, found=found,
                                       expected=", ".join(filter(None, known)),
                                       remedy="save with one of these, or without compression")
        offsets = {int(text) for array in root.iter("DataArray") if (text := array.get("offset", "")).isascii()
                   and text.isdigit()}
        return cls(document, _ORDERS[order], np.dtype(_TYPES[header]).newbyteorder(_ORDERS[order]), compressor,
                   document.encoding == "raw", tuple(sorted(offsets)))

    def stored(self, array: Element, place: str) -> Stored:
        """Where a DataArray is; FileFormatError where it begins behind the data of the file."""
        form = array.get("format", "ascii")
        span = self._appended(array, place) if form == "appended" else self.document.text(array)
        return Stored(span, (array.get("type"), array.get("NumberOfComponents"), array.get("NumberOfTuples"), form,
                             self.order, self.header, self.compressor, self.raw))

    def read(self, array: Element, n: int | None, place: str) -> np.ndarray:
        """A DataArray of n tuples, in the machine's byte order: (n,), or (n, k) for k components.

        n : None where the array itself says how many there are.

        Raises
        ------
        UnsupportedError : a type or a format that is not read. FileFormatError : not what its header promises.
        """
        place = f"{place}, array {array.get('Name')!r}"
        kind = _TYPES.get(array.get("type", ""))
        if kind is None:
            raise UnsupportedError("numbers of this type are not read", file=self.file, place=place,
                                   expected=", ".join(_TYPES), found=array.get("type") or "no type")
        dtype = np.dtype(kind)
        n_component = _integer(array.get("NumberOfComponents", "1"), self.file, place, 1)
        if n is None and "NumberOfTuples" in array.attrib:
            n = _integer(array.get("NumberOfTuples", ""), self.file, place, 0)
        expected = None if n is None else n * n_component
        form = array.get("format", "ascii")
        if form == "ascii":
            text = self.document.text(array).read().decode("latin-1")
            values = text_numbers(text, dtype, expected, self.file, place)
        elif form in ("binary", "appended"):
            size = None if expected is None else expected * dtype.itemsize
            data = self._bytes(array, form, size, place)
            if len(data) % dtype.itemsize:
                raise FileFormatError("an array ends within a number", file=self.file, place=place, found=len(data))
            values = np.require(np.frombuffer(data, dtype=dtype.newbyteorder(self.order)), dtype, ["A", "W"])
        else:
            raise UnsupportedError("arrays in this format are not read", file=self.file, place=place,
                                   expected="ascii, binary, appended", found=form)
        if (expected is not None and len(values) != expected) or len(values) % n_component:
            raise FileFormatError("an array has the wrong length", file=self.file, place=place,
                                  expected=expected, found=len(values))
        return values if n_component == 1 else values.reshape(-1, n_component)

    def _appended(self, array: Element, place: str) -> Span:
        """From the beginning of an appended array to that of the next one."""
        data = self.document.appended
        offset = _integer(array.get("offset", ""), self.file, place, 0)
        if offset >= data.size:
            raise FileFormatError("an array begins after the end of the file's data", file=self.file, place=place,
                                  expected=f"less than {data.size}", found=offset)
        following = bisect_right(self.offsets, offset)
        end = self.offsets[following] if following < len(self.offsets) else data.size
        return Span(self.file, data.start + offset, data.start + min(end, data.size))

    def _bytes(self, array: Element, form: str, size: int | None, place: str) -> Bytes:
        raw = form == "appended" and self.raw
        span = self.document.text(array) if form == "binary" else self._appended(array, place)
        if form == "appended":  # what an array promises may go on behind the beginning of the next one
            span = replace(span, end=self.document.appended.end)
        source = _Raw(span, place) if raw else _Encoded(span, place, form == "binary")
        return self._packed(source, size, place) if self.compressor else self._plain(source, size, place)

    def _plain(self, source: _Source, size: int | None, place: str) -> Bytes:
        promised = int(np.frombuffer(source.take(self.header.itemsize), self.header)[0])
        self._promise(promised, size, place)
        return source.after_header(self.header.itemsize, promised)

    def _packed(self, source: _Source, size: int | None, place: str) -> Bytes:
        width = self.header.itemsize
        n_block = int(np.frombuffer(source.take(width), self.header)[0])
        if n_block * width > source.size:
            raise FileFormatError("an array ends before its header does", file=self.file, place=place, found=n_block)
        header = np.frombuffer(source.take(width * (3 + n_block)), self.header).astype(object)
        _, full, last, *packed = (int(entry) for entry in header)
        total = 0 if not n_block else full * n_block if not last else full * (n_block - 1) + last
        self._promise(total, size, place)
        if total > _RATIO * source.size + _RATIO:
            raise FileFormatError("an array promises more than its data can hold", file=self.file, place=place,
                                  found=f"{plural(total, 'byte')} from {source.size}")
        data, at, done = np.asarray(source.apart(width * (3 + n_block), sum(packed))), 0, 0
        found = np.empty(total, dtype=np.uint8)
        for k, length in enumerate(packed):
            wanted = last if last and k == n_block - 1 else full
            try:
                part = _DECOMPRESS[self.compressor](data[at:at + length].data, wanted)
            except (zlib.error, lzma.LZMAError, ValueError, EOFError) as error:
                raise FileFormatError("compressed data are damaged", file=self.file, place=f"{place}, block {k}",
                                      found=f"{self.compressor}: {error}") from error
            if len(part) != wanted:
                raise FileFormatError("compressed data are damaged", file=self.file, place=f"{place}, block {k}",
                                      expected=plural(wanted, "byte"), found=len(part))
            found[done:done + wanted] = np.frombuffer(part, dtype=np.uint8)
            at, done = at + length, done + wanted
        return found

    def _promise(self, promised: int, size: int | None, place: str) -> None:
        if size is not None and promised != size:
            raise FileFormatError("an array has the wrong length", file=self.file, place=place,
                                  expected=plural(size, "byte"), found=promised)


class _Source(ABC):
    """What an array is stored in, from its beginning. size : bytes that are left for it."""

    def __init__(self, span: Span, place: str) -> None:
        self._span, self._place, self.size = span, place, span.size

    @abstractmethod
    def take(self, n: int) -> Bytes:
        """The first n bytes."""

    @abstractmethod
    def after_header(self, header: int, n: int) -> Bytes:
        """n bytes after a header."""

    @abstractmethod
    def apart(self, header: int, n: int) -> Bytes:
        """n bytes after a header that is encoded by itself."""

    def _whole(self, found: Bytes, n: int) -> Bytes:
        if len(found) != n:
            raise FileFormatError("the file ends before an array does", file=self._span.file, place=self._place,
                                  expected=plural(n, "byte"), found=len(found))
        return found


class _Raw(_Source):
    """Bytes as they are."""

    def take(self, n: int) -> Bytes:
        return self._whole(self._span.read(0, n), n)

    def after_header(self, header: int, n: int) -> Bytes:
        return self._whole(self._span.array(header, n), n)

    apart = after_header


class _Encoded(_Source):
    """Bytes in base64. in_place : as the text of an element, which may have line ends and indentation."""

    def __init__(self, span: Span, place: str, in_place: bool) -> None:
        super().__init__(span, place)
        self._text = _without_blanks(span.read()) if in_place else None

    def take(self, n: int) -> Bytes:
        return self._decode(0, n)

    def after_header(self, header: int, n: int) -> Bytes:
        if n and self._characters(_encoded(header) - 1, 1) == b"=":  # as some writers encode it: by itself
            return self.apart(header, n)
        return self._decode(0, header + n)[header:]

    def apart(self, header: int, n: int) -> Bytes:
        return self._decode(_encoded(header), n)

    def _decode(self, start: int, n: int) -> Bytes:
        try:
            found = decoded(self._characters(start, _encoded(n)))
        except ValueError as error:
            raise FileFormatError("an array is not in base64", file=self._span.file, place=self._place,
                                  found=str(error)) from error
        return self._whole(found[:n], n)

    def _characters(self, start: int, n: int) -> bytes:
        return self._span.read(start, n) if self._text is None else self._text[start:start + n]


def _without_blanks(text: bytes) -> bytes:
    text = text.strip()
    return b"".join(text.split()) if any(text.find(blank) >= 0 for blank in _BLANKS) else text


_RATIO = 5000  # no compressor of VTK packs better on data that are not all the same, by far


def _encoded(n: int) -> int:
    """Characters that base64 needs for n bytes."""
    return 4 * ((n + 2) // 3)


def _integer(text: str, file: Path, place: str, low: int) -> int:
    if not text.strip().isascii() or not text.strip().isdigit() or int(text) < low:
        raise FileFormatError("a number cannot be read", file=file, place=place, found=text or "nothing")
    return int(text)


def _zlib(data: memoryview | bytes, size: int) -> bytes:
    return zlib.decompressobj().decompress(data, size + 1)


def _lzma(data: memoryview | bytes, size: int) -> bytes:
    return lzma.LZMADecompressor().decompress(data, size + 1)


def _lz4(data: memoryview | bytes, size: int) -> bytes:
    found = np.empty(size, dtype=np.uint8)
    n = _lz4_block(np.frombuffer(data, dtype=np.uint8), found)
    if n < 0:
        raise ValueError("a block that ends early, or refers to what is not there")
    return found[:n].tobytes()


@njit(cache=True)
def _long_length(data: np.ndarray, at: int, length: int) -> tuple[int, int]:
    """A length that goes on in further bytes, up to the first below 255, and where they end; -1 beyond the data."""
    while at < len(data):
        byte = int(data[at])
        at += 1
        length += byte
        if byte != 255:
            return length, at
    return length, -1


@njit(cache=True)
def _lz4_block(data: np.ndarray, out: np.ndarray) -> int:
    """Decompress one block of LZ4 (its block format, without a frame); bytes written, or -1 where it is damaged."""
    n, size, at, to = len(data), len(out), 0, 0
    while at < n:
        token = int(data[at])
        at += 1
        length = token >> 4
        if length == 15:
            length, at = _long_length(data, at, length)
            if at < 0:
                return -1
        if at + length > n or to + length > size:
            return -1
        for k in range(length):
            out[to + k] = data[at + k]
        at += length
        to += length
        if at == n:  # the last sequence has literals only
            return to
        if at + 2 > n:
            return -1
        offset = int(data[at]) + (int(data[at + 1]) << 8)
        at += 2
        length = (token & 15) + 4
        if length == 19:
            length, at = _long_length(data, at, length)
            if at < 0:
                return -1
        if offset == 0 or offset > to or to + length > size:
            return -1
        for k in range(length):  # may overlap: byte by byte
            out[to + k] = out[to - offset + k]
        to += length
    return -1


_DECOMPRESS: dict[str, Callable[[memoryview, int], bytes]] = {
    "vtkZLibDataCompressor": _zlib, "vtkLZMADataCompressor": _lzma, "vtkLZ4DataCompressor": _lz4}
