"""The group of checksums in a file: written when everything else is there, read before everything else."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np

from romlib.errors import FileFormatError
from romlib.storage.checksums import (
    ALGORITHM,
    digest_of_array,
    digest_of_attributes,
    digest_of_blocks,
    digest_of_text,
    digest_of_view,
    manifest_text,
)
from romlib.storage.headers import RawFile
from romlib.storage.layout import check_dataset
from romlib.storage.opening import LOST, child, damage, text_attribute
from romlib.storage.schema import FileSchema, Item, parse_json
from romlib.storage.texts import read_text

if TYPE_CHECKING:
    from romlib.storage.contents import Contents


class Manifest:
    """The checksums of a file.

    objects : SHA-256 by path. digest : SHA-256 of all of them, which stands for the file.

    Raises
    ------
    FileFormatError : they are missing, or damaged themselves.
    """

    def __init__(self, file: h5py.File, schema: FileSchema, path: Path, raw: RawFile) -> None:
        self._file, self._path, self._group = file, path, schema.checksums
        self._table_item = Item(f"{schema.checksums}/blocks/<k>", "integer", None, low=0)
        with damage(path, schema.checksums):
            group = _group_at(file, schema.checksums)
            if group is None:
                raise FileFormatError("the checksums of the file are missing", file=path, place=schema.checksums,
                                      remedy=LOST)
            self.digest = text_attribute(group, "digest", raw)
            algorithm = text_attribute(group, "algorithm", raw)
            text = self._read_text(group, raw)
        if algorithm != ALGORITHM or sha256(text.encode()).hexdigest() != self.digest:
            raise FileFormatError("the file is damaged: its list of checksums is not what was written", file=path,
                                  place=f"{schema.checksums}/objects", expected=self.digest or "attribute digest",
                                  found=f"another, of {algorithm or 'an unknown algorithm'}", remedy=LOST)
        with damage(path, f"{schema.checksums}/objects"):
            content = parse_json(text)
            objects, blocks = content["objects"], content["blocks"]  # type: ignore[index, call-overload]
            self.objects = {str(place): str(value) for place, value in objects.items()}
            self._blocks = {str(place): k for k, place in enumerate(blocks)}

    def _read_text(self, group: h5py.h5g.GroupID, raw: RawFile) -> str:
        links = group.links
        if not links.exists(b"objects") or links.get_info(b"objects").type != h5py.h5l.TYPE_HARD:
            raise ValueError("no dataset objects")
        item = Item(f"{self._group}/objects", "json")
        raw.check_dataset(h5py.h5o.get_info(group, b"objects").addr)
        found = h5py.h5o.open(group, b"objects")
        if not isinstance(found, h5py.h5d.DatasetID):
            raise ValueError("objects is no dataset")
        check_dataset(found, item, item.path, self._path)
        if found.shape != ():
            raise ValueError("no single text")
        return read_text(found, raw)

    def owns(self, path: str) -> bool:
        """Whether an object is part of the checksums themselves."""
        return path == self._group or path.startswith(f"{self._group}/")

    @property
    def block_paths(self) -> list[str]:
        """The arrays whose checksums are taken block by block."""
        return list(self._blocks)

    def own_paths(self) -> set[str]:
        """The objects that the checksums consist of."""
        tables = {f"{self._group}/blocks/{k}" for k in range(len(self._blocks))}
        return {self._group, f"{self._group}/objects", *tables, *({f"{self._group}/blocks"} if tables else ())}

    def table(self, path: str) -> np.ndarray:
        """The CRC-32 of the blocks of an array, as stored."""
        if path not in self._blocks:
            raise FileFormatError("an array has no checksums", file=self._path, place=path, remedy=LOST)
        place = f"{self._group}/blocks/{self._blocks[path]}"
        with damage(self._path, place):
            dataset = self._file[place]
            check_dataset(dataset.id, self._table_item, place, self._path)
            return np.asarray(dataset[()])


def _group_at(file: h5py.File, path: str) -> h5py.h5g.GroupID | None:
    group = file.id
    for name in path.strip("/").split("/"):
        group = child(group, name)
        if group is None:
            return None
    return group


def checksums_in_words(there: bool) -> str:
    """What a description of a file says of its checksums."""
    return "verified when read" if there else "no checksums (written by an older romlib)"


def has_checksums(file: h5py.File, schema: FileSchema) -> bool:
    """Whether a file has a group of checksums."""
    return _group_at(file, schema.checksums) is not None


def seal(file: h5py.File, contents: Contents, tables: Mapping[str, np.ndarray]) -> str:
    """Write the checksums of a file that has everything else, after the checks that a reader will make.

    Parameters
    ----------
    contents : of the same file. tables : CRC-32 of the blocks of the arrays that are read in parts, by path.

    Returns
    -------
    The digest that stands for the file.
    """
    objects: dict[str, str] = {}
    blocks: list[str] = []
    for unit in ("", *contents.units()):
        contents.check_unit(unit)
        contents.read_all(unit, lambda path, value: objects.update(
            {path: digest_of_text(value) if isinstance(value, str) else digest_of_array(value)}))
        for path in contents.paths(unit):
            if path in tables:
                objects[path] = digest_of_blocks(contents.dtype(path), contents.shape(path), tables[path])
                blocks.append(path)
            elif path not in objects:
                is_group = isinstance(file[path], h5py.Group)
                objects[path] = (digest_of_attributes(contents.attributes(path)) if is_group
                                 else digest_of_view(file[path]))
    text = manifest_text(objects, blocks)
    group = file.create_group(contents.schema.checksums)
    group.create_dataset("objects", data=text, dtype=h5py.string_dtype())
    for k, path in enumerate(blocks):
        group.create_dataset(f"blocks/{k}", data=np.asarray(tables[path], dtype="<u4"))
    digest = sha256(text.encode()).hexdigest()
    group.attrs["algorithm"], group.attrs["digest"] = ALGORITHM, digest
    return digest
