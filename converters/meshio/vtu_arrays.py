"""The arrays of VTK's XML files: as text, in base64 or raw, appended or in place, compressed or not."""

from __future__ import annotations

import base64
import binascii
import lzma
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.etree.ElementTree import Element

import numpy as np
from numba import njit
from romlib_converters.meshio.xml import text_numbers

from romlib.errors import FileFormatError, UnsupportedError
from romlib.words import plural

_TYPES = {"Int8": "i1", "UInt8": "u1", "Int16": "i2", "UInt16": "u2", "Int32": "i4", "UInt32": "u4", "Int64": "i8",
          "UInt64": "u8", "Float32": "f4", "Float64": "f8"}
_ORDERS: dict[str, Literal["<", ">"]] = {"LittleEndian": "<", "BigEndian": ">"}


@dataclass(frozen=True, eq=False)
class Storage:
    """How a file stores its arrays. order : "<" or ">". header : dtype of the sizes. compressor : VTK's name, or none.
    appended : what follows the underscore of AppendedData. raw : whether that is bytes, instead of base64.
    """

    file: Path
    order: Literal["<", ">"]
    header: np.dtype
    compressor: str
    appended: bytes
    raw: bool

    @classmethod
    def of(cls, root: Element, file: Path, appended: bytes, encoding: str) -> Storage:
        """As the root element says.

        Raises
        ------
        UnsupportedError : a byte order, type of header, compressor or encoding that is not read, by its name.
        """
        order, header = root.get("byte_order", "LittleEndian"), root.get("header_type", "UInt32")
        compressor = root.get("compressor", "")
        for what, found, known in (("byte order", order, tuple(_ORDERS)),
                                   ("type of header", header, ("UInt32", "UInt64")),
                                   ("compressor", compressor, ("", *_DECOMPRESS)),
                                   ("encoding", encoding, ("base64", "raw"))):
            if found not in known:
                raise UnsupportedError(f"this {what} is not read", file=file, found=found,
                                       expected=", ".join(filter(None, known)),
                                       remedy="save with one of these, or without compression")
        return cls(file, _ORDERS[order], np.dtype(_TYPES[header]).newbyteorder(_ORDERS[order]), compressor, appended,
                   encoding == "raw")

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
            values = text_numbers(array.text or "", dtype, expected, self.file, place)
        elif form in ("binary", "appended"):
            size = None if expected is None else expected * dtype.itemsize
            data = self._bytes(array, form, size, place)
            if len(data) % dtype.itemsize:
                raise FileFormatError("an array ends within a number", file=self.file, place=place, found=len(data))
            values = np.frombuffer(data, dtype=dtype.newbyteorder(self.order)).astype(dtype)
        else:
            raise UnsupportedError("arrays in this format are not read", file=self.file, place=place,
                                   expected="ascii, binary, appended", found=form)
        if (expected is not None and len(values) != expected) or len(values) % n_component:
            raise FileFormatError("an array has the wrong length", file=self.file, place=place,
                                  expected=expected, found=len(values))
        return values if n_component == 1 else values.reshape(-1, n_component)

    def _bytes(self, array: Element, form: str, size: int | None, place: str) -> bytes:
        raw = form == "appended" and self.raw
        if form == "binary":
            text = "".join((array.text or "").split()).encode("latin-1", "replace")
        else:
            offset = _integer(array.get("offset", ""), self.file, place, 0)
            if offset >= len(self.appended):
                raise FileFormatError("an array begins after the end of the file's data", file=self.file, place=place,
                                      expected=f"less than {len(self.appended)}", found=offset)
            text = self.appended[offset:]
        source = _Source(text, raw, self.file, place)
        return self._packed(source, size, place) if self.compressor else self._plain(source, size, place)

    def _plain(self, source: _Source, size: int | None, place: str) -> bytes:
        promised = int(np.frombuffer(source.take(self.header.itemsize), self.header)[0])
        self._promise(promised, size, place)
        return source.after_header(self.header.itemsize, promised)

    def _packed(self, source: _Source, size: int | None, place: str) -> bytes:
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
        data, parts, at = source.apart(width * (3 + n_block), sum(packed)), [], 0
        for k, length in enumerate(packed):
            wanted = last if last and k == n_block - 1 else full
            try:
                part = _DECOMPRESS[self.compressor](data[at:at + length], wanted)
            except (zlib.error, lzma.LZMAError, ValueError, EOFError) as error:
                raise FileFormatError("compressed data are damaged", file=self.file, place=f"{place}, block {k}",
                                      found=f"{self.compressor}: {error}") from error
            if len(part) != wanted:
                raise FileFormatError("compressed data are damaged", file=self.file, place=f"{place}, block {k}",
                                      expected=plural(wanted, "byte"), found=len(part))
            parts.append(part)
            at += length
        return b"".join(parts)

    def _promise(self, promised: int, size: int | None, place: str) -> None:
        if size is not None and promised != size:
            raise FileFormatError("an array has the wrong length", file=self.file, place=place,
                                  expected=plural(size, "byte"), found=promised)


class _Source:
    """What an array is stored in, from its beginning; bytes, or base64 of them."""

    def __init__(self, text: bytes, raw: bool, file: Path, place: str) -> None:
        self._text, self._raw, self._file, self._place = text, raw, file, place
        self.size = len(text)

    def take(self, n: int) -> bytes:
        """The first n bytes."""
        return self._decode(0, n)

    def after_header(self, header: int, n: int) -> bytes:
        """n bytes after a header, encoded together with it, or, as some writers do, by itself."""
        if not self._raw and self._text[_encoded(header) - 1:_encoded(header)] == b"=" and n:
            return self.apart(header, n)
        return self._decode(0, header + n)[header:]

    def apart(self, header: int, n: int) -> bytes:
        """n bytes after a header that is encoded by itself."""
        return self._decode(header if self._raw else _encoded(header), n)

    def _decode(self, start: int, n: int) -> bytes:
        if self._raw:
            found = self._text[start:start + n]
        else:
            try:
                found = base64.b64decode(self._text[start:start + _encoded(n)], validate=True)[:n]
            except binascii.Error as error:
                raise FileFormatError("an array is not in base64", file=self._file, place=self._place,
                                      found=str(error)) from error
        if len(found) != n:
            raise FileFormatError("the file ends before an array does", file=self._file, place=self._place,
                                  expected=plural(n, "byte"), found=len(found))
        return found


_RATIO = 5000  # no compressor of VTK packs better on data that are not all the same, by far


def _encoded(n: int) -> int:
    """Characters that base64 needs for n bytes."""
    return 4 * ((n + 2) // 3)


def _integer(text: str, file: Path, place: str, low: int) -> int:
    if not text.strip().isascii() or not text.strip().isdigit() or int(text) < low:
        raise FileFormatError("a number cannot be read", file=file, place=place, found=text or "nothing")
    return int(text)


def _zlib(data: bytes, size: int) -> bytes:
    return zlib.decompressobj().decompress(data, size + 1)


def _lzma(data: bytes, size: int) -> bytes:
    return lzma.LZMADecompressor().decompress(data, size + 1)


def _lz4(data: bytes, size: int) -> bytes:
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


_DECOMPRESS: dict[str, Callable[[bytes, int], bytes]] = {
    "vtkZLibDataCompressor": _zlib, "vtkLZMADataCompressor": _lzma, "vtkLZ4DataCompressor": _lz4}
