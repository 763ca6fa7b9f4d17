"""Texts in an HDF5 file, read only when their length is known to be possible."""

from __future__ import annotations

import struct

import h5py
import numpy as np

from romlib.storage.headers import RawFile
from romlib.words import plural

_REFERENCE = struct.Struct("<IQI")  # length of a text, address of its heap, number in it
MAX_ATTRIBUTE = 1 << 16  # bytes, HDF5's own limit of the attributes that romlib writes


def read_text(dataset: h5py.h5d.DatasetID, raw: RawFile | None) -> str:
    """The text of a scalar dataset; raw : the file that it is in, None for one that is being written.

    Raises
    ------
    ValueError : a text longer than the file, or not UTF-8, or stored as romlib does not store it.
    """
    kind = dataset.get_type()
    if raw is not None and kind.is_variable_str():
        offset = dataset.get_offset()
        if offset is None:
            raise ValueError("a text is not stored as romlib stores it")
        return _from_heap(raw, raw.read(offset, _REFERENCE.size), raw.size)
    value = np.empty((), dtype=kind.dtype)
    dataset.read(h5py.h5s.ALL, h5py.h5s.ALL, value)
    return _decoded(value)


def read_text_attribute(item: h5py.h5g.GroupID, attribute: h5py.h5a.AttrID, raw: RawFile | None) -> str:
    """The text of a scalar attribute of an object; raw as of `read_text`.

    Raises
    ------
    ValueError : a text longer than 64 KiB, or not UTF-8, or stored as romlib does not store it.
    """
    kind = attribute.get_type()
    if raw is not None and kind.is_variable_str():
        return _from_heap(raw, raw.attribute(h5py.h5o.get_info(item).addr, attribute.name), MAX_ATTRIBUTE)
    if kind.get_size() > MAX_ATTRIBUTE:
        raise ValueError(f"a text of {plural(kind.get_size(), 'byte')}")
    value = np.empty((), dtype=kind.dtype)
    attribute.read(value)
    return _decoded(value)


def _from_heap(raw: RawFile, reference: bytes, most: int) -> str:
    """The text that a reference stands for, read without HDF5, which never returns from some damaged heaps."""
    if len(reference) < _REFERENCE.size:
        raise ValueError("a text is truncated")
    length, address, index = _REFERENCE.unpack_from(reference)
    if length > most:
        raise ValueError(f"a text states a length of {plural(length, 'byte')}")
    text = raw.heap_object(address, index) if length else b""
    if len(text) < length:
        raise ValueError("a text is shorter than its length")
    return text[:length].decode("utf-8")


def _decoded(value: np.ndarray) -> str:
    found = value[()]
    return found if isinstance(found, str) else bytes(found).decode("utf-8")
