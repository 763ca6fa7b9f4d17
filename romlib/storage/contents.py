"""What an open HDF5 file has, read by the table of its kind: nothing is believed that the table does not promise."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from romlib.errors import FileFormatError
from romlib.storage.checksums import (
    crc_of,
    digest_of_array,
    digest_of_attributes,
    digest_of_blocks,
    digest_of_text,
    digest_of_view,
)
from romlib.storage.headers import RawFile
from romlib.storage.layout import check_dataset, checked_type
from romlib.storage.manifest import Manifest
from romlib.storage.opening import LOST, damage, objects_of
from romlib.storage.schema import ANY, FileSchema, Item, Place, evaluate, parse_json, symbols_of
from romlib.storage.texts import MAX_ATTRIBUTE, read_text, read_text_attribute
from romlib.storage.values import check_values


class Contents:
    """The contents of an open file.

    Everything is checked before it is given away: links and objects of the whole file at once, types and declared sizes
    of a unit when it is first looked at, values and checksums of an array when it is read.

    Parameters
    ----------
    file : open for reading (or, by the writer, with everything written). schema : of its kind. path : for messages.
    manifest : the file's checksums; None for a file that has none. raw : the same file's bytes; None for one that is
        being written.

    Raises
    ------
    FileFormatError : an object that romlib does not write, one that is lost, or what the head of the file has wrong.
    """

    def __init__(
        self, file: h5py.File, schema: FileSchema, path: Path, manifest: Manifest | None = None,
        raw: RawFile | None = None,
    ) -> None:
        self.file, self.schema, self.path, self.manifest = file, schema, path, manifest
        self._raw = raw
        self._places: dict[str, Place] = {}
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._dtypes: dict[str, np.dtype] = {}
        self._symbols: dict[tuple[str, ...], int] = {}
        self._attributes: dict[str, dict[str, Any]] = {}
        self._tables: dict[str, np.ndarray] = {}
        self._ids: dict[str, h5py.h5d.DatasetID] = {}
        self._kept: dict[str, Any] = {}
        self._checked: set[str] = set()
        self._objects = objects_of(file, path)
        self._children: dict[str, list[str]] = defaultdict(list)
        self._units: dict[str, list[str]] = defaultdict(list)
        for place in self._objects:
            if place != "/":
                parent, _, name = place.rpartition("/")
                self._children[parent or "/"].append(name)
            if manifest is None or not manifest.owns(place):
                self._units[schema.unit(place)].append(place)
        if manifest is not None:
            self._compare_with_manifest(manifest)
        self.check_unit("")

    def close(self) -> None:
        """Close the file."""
        self.file.close()
        if self._raw is not None:
            self._raw.close()

    # What there is

    def has(self, path: str) -> bool:
        """Whether the file has this object."""
        return path in self._objects

    def names(self, path: str) -> list[str]:
        """The names in a group, sorted; FileFormatError where it is missing or no group."""
        self._expect(path, h5py.Group)
        return sorted(self._children[path])

    def count(self, path: str) -> int:
        """The number of entries of a group whose entries are numbered from 0; 0 where there is no such group."""
        if not self.has(path):
            return 0
        names = self.names(path)
        if set(names) != {str(k) for k in range(len(names))}:
            raise self._wrong("the entries of a group are not numbered from 0", path, f"0 to {len(names) - 1}",
                              ", ".join(names[:10]))
        return len(names)

    def units(self) -> list[str]:
        """The groups that are looked at only when asked for."""
        return [unit for unit in self._units if unit]

    def symbol(self, name: str, /, **values: object) -> int | None:
        """The value of a symbol of the table, for these values of its placeholders; None where it is not known yet."""
        return self._symbols.get(self.schema.key(name, {k: str(v) for k, v in values.items()}))

    def bind(self, name: str, value: int, place: str, /, **values: object) -> None:
        """Give a symbol its value, or compare the value that it has."""
        key = self.schema.key(name, {k: str(v) for k, v in values.items()})
        known = self._symbols.setdefault(key, value)
        if known != value:
            raise self._wrong("the file contradicts itself", place, f"{name} = {known}", f"{name} = {value}")

    # Reading

    def array(self, path: str) -> np.ndarray:
        """A whole dataset of numbers, contiguous, its checksum and its values checked."""
        if path in self._kept:
            return self._kept[path]
        item = self._item(path)
        array = self._read(path)
        if self.manifest is not None and not item.blocks:
            self._compare(path, digest_of_array(array))
        self.check_values(path, array)
        return array

    def text(self, path: str) -> str:
        """A dataset with one text."""
        if path in self._kept:
            return self._kept[path]
        self._item(path)
        if self._shapes[path] != ():
            raise self._wrong("a text is no single text", path, "shape ()", self._shapes[path])
        with damage(self.path, path):
            text = read_text(self._ids[path], self._raw)
        if self.manifest is not None:
            self._compare(path, digest_of_text(text))
        return text

    def _read(self, path: str) -> np.ndarray:
        values = np.empty(self._shapes[path], dtype=self._dtypes[path])
        if values.size:
            with damage(self.path, path):
                self._ids[path].read(h5py.h5s.ALL, h5py.h5s.ALL, values)
        return values

    def json(self, path: str, kind: type = object) -> Any:
        """The value of a dataset with JSON, of one type: dict, or list (of texts)."""
        with damage(self.path, path):
            value = parse_json(self.text(path))
        names = value if isinstance(value, list) and kind is list else []
        if not isinstance(value, kind) or not all(isinstance(name, str) for name in names):
            raise self._wrong("a description has the wrong form", path,
                              "a list of names" if kind is list else kind.__name__, type(value).__name__)
        if len(set(names)) != len(names):
            raise self._wrong("a name occurs twice", path, "each once", ", ".join(names)[:200])
        return value

    def attribute(self, path: str, name: str) -> Any:
        """An attribute: int, bool, str, or an array."""
        attributes = self.attributes(path)
        if name not in attributes:
            raise self._wrong("a part of the file is missing", path, f"attribute {name}",
                              ", ".join(attributes) or "none")
        value = attributes[name]
        if isinstance(value, str) or value.shape:
            return value
        return value.item()

    def attributes(self, path: str) -> dict[str, Any]:
        """All attributes of a group as texts and arrays, checked."""
        if path not in self._attributes:
            self._expect(path, h5py.Group)
            with damage(self.path, path):
                found = self._read_attributes(path)
            if self.manifest is not None:
                self._compare(path, digest_of_attributes(found))
            self._attributes[path] = found
        return self._attributes[path]

    def dataset(self, path: str) -> h5py.Dataset:
        """A dataset to read in parts, its storage checked; what is read of it has to be given to `check_block`."""
        self._item(path)
        return h5py.Dataset(self._ids[path])

    def shape(self, path: str) -> tuple[int, ...]:
        """The shape of a dataset."""
        self._item(path)
        return self._shapes[path]

    def dtype(self, path: str) -> np.dtype:
        """The type of the numbers of a dataset."""
        self._item(path)
        return self._dtypes[path]

    def check_block(self, path: str, index: int | tuple[int, ...], block: np.ndarray) -> None:
        """Compare the checksum of a block that was read, contiguous and as stored; nothing in a file without any."""
        if self.manifest is None:
            return
        table = self._table(path)
        with damage(self.path, path):
            right = int(table[index])
        if crc_of(block) != right:
            raise self._damaged(f"{path}, block {index}")

    def check_values(self, path: str, array: np.ndarray) -> None:
        """Check the values of a dataset, or of a part of it, against its row of the table."""
        item, values = self._item(path), self._places[path].values
        high = item.high if not isinstance(item.high, str) else self._evaluate(item.high, values)
        check_values(item, array, path, self.path, high)

    # Checks

    def check_unit(self, unit: str) -> None:
        """Check the attributes, types and sizes of a unit; "" is the head of the file."""
        if unit in self._checked:
            return
        self._checked.add(unit)
        try:
            for path in self._units.get(unit, ()):
                self._look_at(path)
            if self.schema.relations is not None:
                with damage(self.path, unit or "/"):
                    self.schema.relations(self, unit)
            for path in self._units.get(unit, ()):
                if path in self._shapes:
                    self._check_shape(path)
        except BaseException:
            self._checked.discard(unit)
            raise

    def _look_at(self, path: str) -> None:
        """Find an object in the table, and take what its sizes say of the symbols."""
        place = self.schema.find(path)
        if place is None or (place.item is None) != (self._objects[path].kind is h5py.Group):
            raise self._wrong("the file has something that romlib does not write", path, found="an unknown object"
                              if place is None else self._objects[path].kind.__name__.lower(),
                              remedy="ask for the file as romlib wrote it")
        self._places[path] = place
        if place.item is None:
            for name, value in self.attributes(path).items():
                if place.attributes[name].binds:
                    self.bind(place.attributes[name].binds, int(value), f"{path}, attribute {name}", **place.values)
            return
        with damage(self.path, path):
            if self._raw is not None:
                self._raw.check_dataset(self._objects[path].address)
            dataset = self._ids[path] = h5py.h5d.open(self.file.id, path.encode())
        self._dtypes[path], self._shapes[path] = check_dataset(dataset, place.item, path, self.path)
        self._bind_shape(place.item, path, place)

    def _bind_shape(self, item: Item, path: str, place: Place) -> None:
        if item.kind == "json":
            if item.shape:
                self.bind(str(item.shape[0]), len(self.json(path, list)), path, **place.values)
            return
        rank = len(self._shapes[path])
        if item.shape is None or rank not in (len(item.shape), len(item.shape) - (ANY in item.shape)):
            return
        for size, found in zip(item.shape, self._shapes[path]):
            if isinstance(size, str) and size != ANY and symbols_of(size) == [size]:
                self._symbols.setdefault(self.schema.key(size, place.values), found)

    def _check_shape(self, path: str) -> None:
        place = self._places[path]
        item, found = place.item, self._shapes[path]
        if item is None or item.shape is None or item.kind == "json":
            return
        sizes = item.shape if len(found) == len(item.shape) else tuple(s for s in item.shape if s != ANY)
        right = [None if size == ANY else self._evaluate(size, place.values) for size in sizes]
        if len(right) != len(found) or any(r is not None and r != f for r, f in zip(right, found)):
            expected = ", ".join(str(size) if r is None or isinstance(size, int) else f"{size} = {r}"
                                 for size, r in zip(sizes, right))
            raise self._wrong("an array has the wrong shape", path, f"({expected})", found)

    def _evaluate(self, size: int | str, values: Any) -> int | None:
        """The number of a formula; None where one of its symbols is not known."""
        keys = {name: self.schema.key(name, values) for name in symbols_of(size)}
        if any(key not in self._symbols for key in keys.values()):
            return None
        return evaluate(size, lambda name: self._symbols[keys[name]])

    def _read_attributes(self, path: str) -> dict[str, Any]:
        place = self.schema.find(path)
        known = {} if place is None else place.attributes
        item = h5py.h5o.open(self.file.id, path.encode())
        found: dict[str, Any] = {}
        for k in range(h5py.h5a.get_num_attrs(item)):
            attribute = h5py.h5a.open(item, index=k)
            name = attribute.name.decode("utf-8")
            if name not in known:
                raise self._wrong("the file has something that romlib does not write", path, found=f"attribute {name}")
            found[name] = self._read_attribute(item, attribute, known[name], f"{path}, attribute {name}")
        return dict(sorted(found.items()))

    def _read_attribute(
        self, owner: h5py.h5o.ObjectID, attribute: h5py.h5a.AttrID, item: Item, place: str
    ) -> Any:
        dtype = checked_type(attribute.get_type(), item, place, self.path)
        shape = tuple(int(n) for n in attribute.shape)
        if shape != item.shape or math.prod(shape) * dtype.itemsize > MAX_ATTRIBUTE:
            raise self._wrong("an attribute has the wrong shape", place, item.shape, shape)
        if item.kind == "text":
            return read_text_attribute(owner, attribute, self._raw)
        value = np.empty(shape, dtype=dtype)
        attribute.read(value)
        check_values(item, np.atleast_1d(value), place, self.path)
        return value

    def _table(self, path: str) -> np.ndarray:
        assert self.manifest is not None
        if path not in self._tables:
            table = self.manifest.table(path)
            self._compare(path, digest_of_blocks(self._dtypes[path], self._shapes[path], table))
            self._tables[path] = table
        return self._tables[path]

    def verify_view(self, path: str) -> None:
        """Compare the checksum of a virtual dataset: what it shows, not the values."""
        if self.manifest is not None:
            with damage(self.path, path):
                self._compare(path, digest_of_view(self.dataset(path)))

    def is_view(self, path: str) -> bool:
        """Whether a dataset is virtual: a view of others."""
        return self._item(path).virtual and self.dataset(path).is_virtual

    def read_all(
        self, unit: str, each: Callable[[str, Any], None] | None = None, *, keep: bool = False
    ) -> None:
        """Read and check everything of a unit that has no blocks.

        each : gets path and value. keep : what was read is given again without reading and checking it twice.
        """
        self.check_unit(unit)
        for path in self._units.get(unit, ()):
            item = self._places[path].item
            if item is None:
                continue
            if self.is_view(path):
                self.verify_view(path)
            elif not item.blocks:
                value = self.text(path) if item.kind in ("text", "json") else self.array(path)
                if each is not None:
                    each(path, value)
                if keep:
                    self._kept[path] = value

    def paths(self, unit: str) -> list[str]:
        """The paths of a unit."""
        return self._units.get(unit, [])

    # Failures

    def _expect(self, path: str, kind: type) -> None:
        found = self._objects.get(path)
        if found is None or found.kind is not kind:
            raise self._wrong("a part of the file is missing", path, f"a {kind.__name__.lower()}",
                              "nothing" if found is None else f"a {found.kind.__name__.lower()}")

    def _item(self, path: str) -> Item:
        self._expect(path, h5py.Dataset)
        self.check_unit(self.schema.unit(path))
        item = self._places[path].item
        assert item is not None
        return item

    def _compare_with_manifest(self, manifest: Manifest) -> None:
        here = {path for path in self._objects if not manifest.owns(path)}
        for path in sorted(set(self._objects) - here - manifest.own_paths()):
            raise self._wrong("the file has something that romlib did not write", path, found="no checksum")
        for path in sorted(set(manifest.objects) - here):
            raise self._wrong("a part of the file is missing", path, "what the file's list of checksums names")
        for path in sorted(here - set(manifest.objects)):
            raise self._wrong("the file has something that romlib did not write", path, found="no checksum")

    def _compare(self, path: str, digest: str) -> None:
        assert self.manifest is not None
        if self.manifest.objects[path] != digest:
            raise self._damaged(path)

    def _damaged(self, place: str) -> FileFormatError:
        return self._wrong("the file is damaged: a part of it is not what was written", place,
                           "the checksum that the file states", "another")

    def _wrong(
        self, what: str, place: str, expected: object = None, found: object = None, remedy: str = LOST
    ) -> FileFormatError:
        return FileFormatError(what, file=self.path, place=place, expected=expected, found=found, remedy=remedy)
