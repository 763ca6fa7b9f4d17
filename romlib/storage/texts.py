"""Texts in an HDF5 file: their length is looked up in the file's own bytes before HDF5 takes memory for it.

A text of any length is stored as a reference that begins with its length, and HDF5 takes that much memory, up to 4 GiB,
before it finds that the text is shorter. HDF5 has no call that tells the length, so the reference is read here: of a
dataset where its values are, of an attribute in the object header (version 1, which romlib's files have; source: HDF5
File Format Specification, version 3.0, IV.A.1.a and IV.A.2.m).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

MAX_ATTRIBUTE = 1 << 16  # bytes, HDF5's own limit of the attributes that romlib writes
LIBVER = ("earliest", "latest")  # of HDF5's format, for h5py: what is read below
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_ATTRIBUTE, _CONTINUATION, _SHARED = 0x0C, 0x10, 0x02
_MAX_HEADER = 1 << 22  # bytes of one part of an object header: some thousand attributes


def read_text(dataset: h5py.h5d.DatasetID, source: Path | None) -> str:
    """The text of a scalar dataset; source : the file that it is in, None for one that is being written.

    Raises
    ------
    ValueError : a text longer than the file, or not UTF-8, or stored as romlib does not store it.
    """
    kind = dataset.get_type()
    if source is not None and kind.is_variable_str():
        offset = dataset.get_offset()
        if offset is None:
            raise ValueError("a text is not stored as romlib stores it")
        with source.open("rb") as stream:
            stream.seek(offset)
            _check_length(stream.read(4), source.stat().st_size)
    value = np.empty((), dtype=kind.dtype)
    dataset.read(h5py.h5s.ALL, h5py.h5s.ALL, value)
    return _decoded(value)


def read_text_attribute(item: h5py.h5o.ObjectID, attribute: h5py.h5a.AttrID, source: Path | None) -> str:
    """The text of a scalar attribute of an object; source as of `read_text`.

    Raises
    ------
    ValueError : a text longer than 64 KiB, or not UTF-8, or stored as romlib does not store it.
    """
    kind = attribute.get_type()
    if source is not None and kind.is_variable_str():
        _check_length(_stored_attribute(source, h5py.h5o.get_info(item).addr, attribute.name), MAX_ATTRIBUTE)
    elif kind.get_size() > MAX_ATTRIBUTE:
        raise ValueError(f"a text of {kind.get_size()} bytes")
    value = np.empty((), dtype=kind.dtype)
    attribute.read(value)
    return _decoded(value)


def _check_length(reference: bytes, most: int) -> None:
    length, = struct.unpack_from("<I", reference)
    if length > most:
        raise ValueError(f"a text states a length of {length} bytes")


def _decoded(value: np.ndarray) -> str:
    found = value[()]
    return found if isinstance(found, str) else bytes(found).decode("utf-8")


def _stored_attribute(source: Path, address: int, name: bytes) -> bytes:
    """The stored bytes of an attribute of the object whose header is at this address."""
    for version, body in _attribute_messages(source, address):
        sizes = struct.unpack_from("<HHH", body, 2)  # of the name, the type and the shape
        begin = 9 if version == 3 else 8
        padded = [-(-size // 8) * 8 for size in sizes] if version == 1 else list(sizes)
        if body[begin:begin + sizes[0]].rstrip(b"\0") == name:
            return body[begin + sum(padded):]
    raise ValueError("an attribute is not stored as romlib stores it")


def _attribute_messages(source: Path, address: int) -> Iterator[tuple[int, bytes]]:
    """Version and body of each attribute in an object header of version 1."""
    with source.open("rb") as stream:
        superblock = stream.read(15)
        if superblock[:9] != _SIGNATURE + b"\0" or superblock[13:15] != b"\x08\x08":
            raise ValueError("the file is of another version of HDF5's format than romlib writes")
        stream.seek(address)
        version, _, _, _, size = struct.unpack("<BBHII", stream.read(12))
        if version != 1:
            raise ValueError("an object is of another version of HDF5's format than romlib writes")
        parts, seen = [(address + 16, size)], set[int]()
        while parts:
            begin, size = parts.pop()
            if begin in seen or size > _MAX_HEADER:
                raise ValueError("an object header is damaged")
            seen.add(begin)
            stream.seek(begin)
            data, position = stream.read(size), 0
            while position + 8 <= len(data):
                kind, length, flags = struct.unpack_from("<HHB", data, position)
                body = data[position + 8:position + 8 + length]
                if kind == _CONTINUATION:
                    parts.append(struct.unpack_from("<QQ", body))
                elif kind == _ATTRIBUTE:
                    if flags & _SHARED or len(body) < 8:
                        raise ValueError("an attribute is not stored as romlib stores it")
                    yield body[0], body
                position += 8 + length
