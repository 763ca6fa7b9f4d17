"""How a dataset is stored: its type of numbers, its size against what the file has, its filters, its sources."""

from __future__ import annotations

import math
from pathlib import Path

import h5py
import numpy as np

from romlib.errors import FileFormatError
from romlib.storage.opening import LOST, damage
from romlib.storage.schema import Item
from romlib.words import plural

FILTERS = {h5py.h5z.FILTER_DEFLATE: "gzip", h5py.h5z.FILTER_SHUFFLE: "shuffle",
           h5py.h5z.FILTER_FLETCHER32: "fletcher32"}
MAX_RATIO = 100  # of a compressed dataset, declared to stored
SMALL = 1 << 20  # bytes: below, no ratio is asked for
MAX_AXES = 3
TEXT_REFERENCE = 16  # bytes in which a dataset says where in the file a text is
_INSIDE = "/romlib/pieces/"  # what the views of a snapshots file show
_ENUM, _STRING = h5py.h5t.ENUM, h5py.h5t.STRING
_CLASSES = {"integer": {h5py.h5t.INTEGER}, "real": {h5py.h5t.FLOAT}, "boolean": {_ENUM}, "text": {_STRING},
            "json": {_STRING}, "number": {h5py.h5t.INTEGER, h5py.h5t.FLOAT, _ENUM}}


def check_dataset(dataset: h5py.h5d.DatasetID, item: Item, path: str, file: Path) -> tuple[np.dtype, tuple[int, ...]]:
    """Type and shape of a dataset, once everything about its storage was found in order; nothing of it is read.

    path, file : for messages.

    Raises
    ------
    FileFormatError : what is wrong, with what was expected.
    """
    with damage(file, path):
        dtype = checked_type(dataset.get_type(), item, path, file)
        shape = tuple(int(n) for n in dataset.shape or ())
        if dataset.get_space().get_simple_extent_type() == h5py.h5s.NULL:
            raise _refused("an array has no values", path, file, "numbers", "an empty dataset")
        if h5py.h5a.get_num_attrs(dataset):
            raise _refused("a dataset has attributes, which romlib does not write", path, file)
        if len(shape) > MAX_AXES:
            raise _refused("an array has too many axes", path, file, f"at most {MAX_AXES}", shape)
        _check_storage(dataset, item, shape, path, file)
    return dtype, shape


def checked_type(kind: h5py.h5t.TypeID, item: Item, path: str, file: Path) -> np.dtype:
    """The type of the numbers or texts of a dataset or attribute, as NumPy has it.

    Raises
    ------
    FileFormatError : another type than the table says.
    """
    number = kind.get_class()
    if number not in _CLASSES[item.kind]:
        raise _refused("an array or attribute has the wrong type", path, file, item.kind, _type_in_words(kind))
    dtype = kind.dtype
    right = {"i": dtype.itemsize <= 8, "u": dtype.itemsize <= 8, "f": dtype.itemsize in (4, 8), "b": True,
             "O": number == _STRING, "S": number == _STRING}.get(dtype.kind, False)
    if not right or (number == _ENUM and dtype.kind != "b"):
        raise _refused("an array or attribute has the wrong type", path, file, item.kind, _type_in_words(kind))
    return dtype


def _type_in_words(kind: h5py.h5t.TypeID) -> str:
    names = {h5py.h5t.COMPOUND: "compound", h5py.h5t.REFERENCE: "references", h5py.h5t.VLEN: "lists", _STRING: "text",
             h5py.h5t.OPAQUE: "opaque bytes", h5py.h5t.ARRAY: "arrays", h5py.h5t.BITFIELD: "bits"}
    name = names.get(kind.get_class())
    if name is None:
        try:
            name = str(kind.dtype)
        except (TypeError, ValueError):
            name = "a type that NumPy has not"
    return name


def _check_storage(
    dataset: h5py.h5d.DatasetID, item: Item, shape: tuple[int, ...], path: str, file: Path
) -> None:
    """Whether the file has what the dataset declares, so that reading takes no more memory than it is worth."""
    properties = dataset.get_create_plist()
    layout = properties.get_layout()
    if properties.get_external_count():
        raise _refused("the values of an array are in another file; they were not read", path, file,
                       "values inside the file", _text(properties.get_external(0)[0]))
    if layout == h5py.h5d.VIRTUAL:
        _check_view(properties, item, path, file)
        return
    _check_filters(properties, path, file)
    kind = dataset.get_type()
    varies = kind.get_class() == _STRING and kind.is_variable_str()
    size_of_one = TEXT_REFERENCE if varies else kind.get_size()
    declared, stored = math.prod(shape) * size_of_one, dataset.get_storage_size()
    size = h5py.h5i.get_file_id(dataset).get_filesize()
    if stored > size:
        raise _refused("an array declares more than the file has", path, file, f"at most {size} bytes", stored)
    if layout == h5py.h5d.CHUNKED:
        _check_chunks(dataset, properties, size_of_one, shape, path, file)
        if declared > max(SMALL, MAX_RATIO * stored):
            raise _refused("an array declares far more than the file stores", path, file,
                           f"at most {MAX_RATIO} times {plural(stored, 'byte')}", f"{declared} bytes, shape {shape}",
                           "store it uncompressed, as romlib does (h5repack -f NONE)")
    elif stored != declared:
        raise _refused("an array declares another size than the file stores", path, file, plural(declared, "byte"),
                       f"{plural(stored, 'byte')}, shape {shape}")


def _check_view(properties: h5py.h5p.PropDCID, item: Item, path: str, file: Path) -> None:
    if not item.virtual:
        raise _refused("the values of an array are those of other datasets (a virtual dataset); they were not read",
                       path, file, "values of its own")
    for k in range(properties.get_virtual_count()):
        source, name = (_text(get(k)) for get in (properties.get_virtual_filename, properties.get_virtual_dsetname))
        if source != "." or not name.startswith(_INSIDE) or "%" in name.replace("%%", ""):
            raise _refused("a view shows something that is not in its place; it was not followed", path, file,
                           f"a dataset under {_INSIDE} of the file itself", f"{name} of {source}")


def _check_filters(properties: h5py.h5p.PropDCID, path: str, file: Path) -> None:
    for k in range(properties.get_nfilters()):
        number, _, _, name = properties.get_filter(k)
        if number not in FILTERS:
            raise _refused("an array needs a filter that is not built in; no code is loaded for a file", path, file,
                           ", ".join(FILTERS.values()), f"filter {number} {_text(name)}".strip(),
                           "store it without filters (h5repack -f NONE)")


def _check_chunks(
    dataset: h5py.h5d.DatasetID, properties: h5py.h5p.PropDCID, size: int, shape: tuple[int, ...], path: str,
    file: Path,
) -> None:
    chunk = tuple(properties.get_chunk())
    if math.prod(chunk) * size > max(SMALL, math.prod(shape) * size):
        raise _refused("the pieces in which an array is stored are larger than the array", path, file, shape, chunk)
    expected = math.prod(-(-n // c) for n, c in zip(shape, chunk))
    found = dataset.get_num_chunks()
    if found != expected:
        raise _refused("an array was not written whole", path, file, f"{expected} stored pieces", found)


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


def _refused(
    what: str, path: str, file: Path, expected: object = None, found: object = None, remedy: str = LOST
) -> FileFormatError:
    return FileFormatError(what, file=file, place=path, expected=expected, found=found, remedy=remedy)
