"""Checksums of everything in a file: of each object SHA-256, of arrays that are read in parts CRC-32 a part.

The group of checksums has `objects`, JSON: by path the SHA-256 of each object, and `blocks`, the paths of the arrays
that have a table `blocks/<k>` of CRC-32. An object's SHA-256 is over its type, its shape and its values (of a group:
over its attributes; of an array with a table: over the table). The attribute `digest` is the SHA-256 of the text
`objects`: it stands for the whole file. Checksums tell of damage, not of forgery: whoever changes a file on purpose
can make them anew, which is why values are checked besides.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import h5py
import numpy as np

ALGORITHM = "sha256; crc32 of blocks"
BLOCK_BYTES = 1 << 16  # of the rows that share a checksum: few nodes are read without the others


def digest_of(kind: str, dtype: str, shape: tuple[int, ...], content: Any) -> str:
    """SHA-256 (hexadecimal) of an object: what it is, and its bytes."""
    total = sha256(f"{kind} {dtype} {shape}\n".encode())
    total.update(content)
    return total.hexdigest()


def digest_of_array(array: np.ndarray) -> str:
    """Of a dataset of numbers, with its values as they are stored."""
    array = np.ascontiguousarray(array)
    return digest_of("array", array.dtype.str, array.shape, array.reshape(-1).view(np.uint8))


def digest_of_text(text: str) -> str:
    """Of a dataset with one text."""
    return digest_of("text", "", (), text.encode())


def digest_of_blocks(dtype: np.dtype, shape: tuple[int, ...], table: np.ndarray) -> str:
    """Of a dataset whose values have a table of CRC-32."""
    return digest_of(f"blocks {dtype.str} {shape}", "<u4", table.shape, np.ascontiguousarray(table, "<u4").tobytes())


def digest_of_attributes(attributes: Mapping[str, Any]) -> str:
    """Of a group: its attributes, texts or arrays, by name."""
    total = sha256(b"group\n")
    for name in sorted(attributes):
        value = attributes[name]
        part = digest_of_text(value) if isinstance(value, str) else digest_of_array(np.asarray(value))
        total.update(f"{name!r} {part}\n".encode())
    return total.hexdigest()


def digest_of_view(dataset: h5py.Dataset) -> str:
    """Of a virtual dataset: which values of which datasets it shows."""
    properties = dataset.id.get_create_plist()
    sources = [(properties.get_virtual_filename(k), properties.get_virtual_dsetname(k),
                properties.get_virtual_vspace(k).get_select_bounds())
               for k in range(properties.get_virtual_count())]
    return digest_of("view", dataset.dtype.str, dataset.shape, repr(sources).encode())


def crc_of(array: np.ndarray, before: int = 0) -> int:
    """CRC-32 of the bytes of an array, or of those behind bytes that have the CRC-32 `before`."""
    return zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data, before)


def rows_per_block(shape: tuple[int, ...]) -> int:
    """How many rows of the second axis of (n, n_row, n_comp) share a checksum."""
    return max(1, BLOCK_BYTES // max(1, 8 * shape[0] * shape[2]))


def crcs_of_rows(array: np.ndarray) -> np.ndarray:
    """CRC-32 of each block of rows of an array (n, n_row, n_comp)."""
    step = rows_per_block(array.shape)
    return np.array([crc_of(array[:, begin:begin + step]) for begin in range(0, array.shape[1], step)], dtype=np.uint32)


def manifest_text(objects: Mapping[str, str], blocks: list[str]) -> str:
    """The text `objects` of the group of checksums."""
    return json.dumps({"objects": dict(objects), "blocks": blocks}, sort_keys=True)
