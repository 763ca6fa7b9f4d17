"""The bytes of an HDF5 file itself: what HDF5 would take memory for on trust is looked up here first.

A text of any length is stored as a reference that begins with its length, and a virtual dataset as a list that begins
with its number of entries; HDF5 takes memory for as many, gigabytes, before it finds that there are fewer. It has no
call that tells these numbers, so they are read from the file. Only the first version of the format is read, which
romlib writes. Source: HDF5 File Format Specification, version 3.0, III.E, IV.A.1.a, IV.A.2.i, IV.A.2.m, VII.A.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

LIBVER = ("earliest", "latest")  # of the format, for h5py: what is read here
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_LAYOUT, _ATTRIBUTE, _CONTINUATION, _SHARED, _VIRTUAL = 0x08, 0x0C, 0x10, 0x02, 3
_MAX_PART = 1 << 22  # bytes of one part of an object header: some thousand attributes
_MIN_ENTRY = 8  # bytes of an entry of a virtual dataset, and less than any


class RawFile:
    """A file read past HDF5; ValueError where its format is not the one that romlib writes."""

    def __init__(self, path: Path) -> None:
        self.size = path.stat().st_size
        self._stream = path.open("rb", buffering=0)
        start = self.read(0, 15)
        if start[:9] != _SIGNATURE + b"\0" or start[13:15] != b"\x08\x08":
            self.close()
            raise ValueError("the file is of another version of HDF5's format than romlib writes")

    def read(self, offset: int, size: int) -> bytes:
        """Bytes at a place; fewer at the end of the file."""
        self._stream.seek(offset)
        return self._stream.read(size) or b""

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def attribute(self, address: int, name: bytes) -> bytes:
        """The stored bytes of an attribute of the object whose header is at an address."""
        for kind, flags, body in self._messages(address):
            if kind != _ATTRIBUTE:
                continue
            if flags & _SHARED or len(body) < 8:
                raise ValueError("an attribute is not stored as romlib stores it")
            sizes = struct.unpack_from("<HHH", body, 2)  # of the name, the type and the shape
            begin = 9 if body[0] == 3 else 8
            padded = [-(-size // 8) * 8 for size in sizes] if body[0] == 1 else sizes
            if body[begin:begin + sizes[0]].rstrip(b"\0") == name:
                return body[begin + sum(padded):]
        raise ValueError("an attribute is not stored as romlib stores it")

    def check_dataset(self, address: int) -> None:
        """Refuse a dataset that cannot be opened without taking memory on trust: a virtual one with a false count."""
        for kind, flags, body in self._messages(address):
            if kind == _LAYOUT:
                if flags & _SHARED:
                    raise ValueError("a layout is not stored as romlib stores it")
                if body[0] >= 4 and body[1] == _VIRTUAL:
                    entries = self.heap_object(*struct.unpack_from("<QI", body, 2))
                    if struct.unpack_from("<Q", entries, 1)[0] > len(entries) // _MIN_ENTRY:
                        raise ValueError("a virtual dataset states more entries than it has")

    def heap_object(self, address: int, index: int) -> bytes:
        """An object of a global heap collection."""
        head = self.read(address, 16)
        end = address + struct.unpack("<Q", head[8:])[0] if head[:4] == b"GCOL" else 0
        position = address + 16
        while position + 16 <= min(end, self.size):
            number, _, _, size = struct.unpack("<HHIQ", self.read(position, 16))
            if number == index:
                return self.read(position + 16, min(size, self.size))
            if number == 0:
                break
            position += 16 + -(-size // 8) * 8
        raise ValueError("a part of a heap is missing")

    def _messages(self, address: int) -> Iterator[tuple[int, int, bytes]]:
        """Type, flags and body of each message in an object header."""
        head = self.read(address, 12)
        if len(head) < 12 or head[0] != 1:
            raise ValueError("an object is of another version of HDF5's format than romlib writes")
        parts, seen = [(address + 16, struct.unpack_from("<I", head, 8)[0])], set[int]()
        while parts:
            begin, size = parts.pop()
            if begin in seen or size > _MAX_PART:
                raise ValueError("an object header is damaged")
            seen.add(begin)
            data, position = self.read(begin, size), 0
            while position + 8 <= len(data):
                kind, length, flags = struct.unpack_from("<HHB", data, position)
                body = data[position + 8:position + 8 + length]
                if kind == _CONTINUATION:
                    parts.append(struct.unpack_from("<QQ", body))
                elif kind in (_LAYOUT, _ATTRIBUTE):
                    yield kind, flags, body
                position += 8 + length
