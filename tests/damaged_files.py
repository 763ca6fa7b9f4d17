"""Files of romlib changed on purpose: as a stranger or a failing disk would leave them."""

from __future__ import annotations

from pathlib import Path

import h5py

from romlib.storage.contents import Contents
from romlib.storage.manifest import Manifest, seal
from romlib.storage.schema import FileSchema


def without_checksums(path: Path, schema: FileSchema) -> None:
    """Make a file one of version 1, which had no checksums."""
    group, _, attribute = schema.version_attribute.partition("@")
    with h5py.File(path, "r+") as file:
        del file[schema.checksums]
        file[group].attrs[attribute] = 1


def sealed_anew(path: Path, schema: FileSchema) -> None:
    """Give a file that was changed the checksums of what it has now, as a forger would; or raise what forbids it."""
    with h5py.File(path, "r") as file:
        old = Manifest(file, schema, path)
        tables = {place: old.table(place) for place in old.block_paths if place in file}
    with h5py.File(path, "r+") as file:
        del file[schema.checksums]
        seal(file, Contents(file, schema, path), tables)
