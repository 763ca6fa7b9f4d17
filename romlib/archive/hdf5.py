"""What the two files of a ROM have in common: how they are recognised, and how descriptions are kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py

from romlib.errors import FileFormatError
from romlib.storage.files import Recognise
from romlib.storage.headers import RawFile
from romlib.storage.opening import child, integer_attribute, text_attribute

SCHEMA = 3  # of a ROM; 2 before its manifest had accuracy, pace and checks, which an older romlib takes for damage
FIELDS_SCHEMA = 3
FIELDS_OF_SOLIDS = 2  # of a fields file whose mesh has three dimensions: an older romlib reads it
CHECKSUMS = "/checksums"


def recognise(kind: str) -> Recognise:
    """The function that gives the schema version of a file of a kind, "rom" or "fields", or refuses another file."""

    def version(file: h5py.File, raw: RawFile, path: Path) -> int | None:
        found = text_attribute(file.id, "romlib_kind", raw)
        if found != kind:
            other = " (a snapshots file?)" if child(file.id, "VTKHDF") is not None else ""
            raise FileFormatError(f"the file is not a ROM archive of this kind{other}", file=path,
                                  expected=f"romlib_kind = {kind!r}", found=found or None,
                                  remedy="name the .rom file; its .fields.rom is found beside it")
        return integer_attribute(file.id, "schema")

    return version


def write_head(file: h5py.File, kind: str, schema: int, fingerprint: str) -> None:
    """Write what a file of a kind is recognised by."""
    file.attrs["romlib_kind"] = kind
    file.attrs["schema"] = schema
    file.attrs["fingerprint"] = fingerprint


def write_json(group: h5py.Group, name: str, value: Any) -> None:
    """Keep a plain value as JSON text (a dataset: attributes are limited to 64 KiB)."""
    group.create_dataset(name, data=json.dumps(value, allow_nan=True), dtype=h5py.string_dtype())
