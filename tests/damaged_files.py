"""Files of romlib changed on purpose, as a stranger or a failing disk would leave them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from romlib.storage.contents import Contents
from romlib.storage.headers import RawFile
from romlib.storage.manifest import Manifest, seal
from romlib.storage.schema import FileSchema

Edit = Callable[[h5py.File], None]
ATTRIBUTES = {
    "gone": None, "-1": -1, "2**40": 2**40, "nan": np.nan, "text": "x", "no text": "", "list": [1, 2, 3],
    "bytes": np.bytes_(b"\xff\xfe"), "true": True, "float": 1.5, "long": "y" * 5000}
TEXTS = ("", "{}", "[]", "null", "3", '"x"', "[" * 100_000, '{"a": ' * 50_000, "NaN", "[null]", '["x", "x"]', "[1e400]",
         "1" * 10_000)


def without_checksums(path: Path, schema: FileSchema) -> None:
    """Make a file one of version 1, which had no checksums, nor the ids that go with them."""
    group, _, attribute = schema.version_attribute.partition("@")
    with h5py.File(path, "r+") as file:
        del file[schema.checksums]
        file[group].attrs[attribute] = 1
        for name in ("id", "fields_id", "fields_digest"):
            file.attrs.pop(name, None)


def sealed_anew(path: Path, schema: FileSchema) -> None:
    """Give a file that was changed the checksums of what it has now, as a forger would; or raise what forbids it."""
    with h5py.File(path, "r") as file, closing(RawFile(path)) as raw:
        old = Manifest(file, schema, path, raw)
        tables = {place: old.table(place) for place in old.block_paths if place in file}
    with h5py.File(path, "r+") as file:
        del file[schema.checksums]
        seal(file, Contents(file, schema, path), tables)


def edits(path: Path) -> Iterator[tuple[str, Edit]]:
    """Every edit of every object of a file that a few kinds of edits give, each with its name."""
    with h5py.File(path, "r") as file:
        groups, datasets = ["/"], []
        file.visititems(lambda name, item: (datasets if isinstance(item, h5py.Dataset) else groups).append(f"/{name}"))
        for place in groups:
            yield from _edits_of_group(place, list(file[place].attrs))
        for place in datasets:
            dataset = file[place]
            text = dataset.dtype.kind == "O"
            yield from _edits_of_text(place, dataset.asstr()[()]) if text else _edits_of_numbers(place, dataset)
            yield from _edits_of_any(place)


def _edits_of_group(place: str, attributes: list[str]) -> Iterator[tuple[str, Edit]]:
    if place != "/":
        yield f"{place} gone", lambda file: file.__delitem__(place)
        yield f"{place} a number", lambda file: _replace(file, place, 3)
    yield f"{place} and more", lambda file: file[place].__setitem__("more", np.arange(3))
    yield f"{place} and a group", lambda file: file[place].create_group("7")
    yield f"{place} in itself", lambda file: file[place].__setitem__("loop", file[place])
    yield f"{place} and a type", lambda file: file[place].__setitem__("kind", np.dtype("f8"))
    yield f"{place}@more", lambda file: file[place].attrs.__setitem__("more", 1)
    for name in attributes:
        for word, value in ATTRIBUTES.items():
            yield f"{place}@{name} {word}", lambda file, n=name, v=value: _set(file[place].attrs, n, v)


def _edits_of_any(place: str) -> Iterator[tuple[str, Edit]]:
    yield f"{place} gone", lambda file: file.__delitem__(place)
    yield f"{place} a group", lambda file: (file.__delitem__(place), file.create_group(place))
    yield f"{place} soft link", lambda file: (file.move(place, "/moved"), _link(file, place, h5py.SoftLink("/moved")))
    yield f"{place} other file", lambda file: _replace_link(file, place, h5py.ExternalLink("/etc/passwd", "/x"))
    yield f"{place} twice", lambda file: file.__setitem__(f"{place}_again", file[place])
    yield f"{place}@more", lambda file: file[place].attrs.__setitem__("more", 1)
    yield f"{place} text", lambda file: _replace(file, place, "x" * 100)
    yield f"{place} references", lambda file: _replace(file, place, file.ref, dtype=h5py.ref_dtype)
    yield f"{place} pairs", lambda file: _replace(file, place, np.zeros(3, dtype=[("a", "f8"), ("b", "i4")]))
    yield f"{place} lists", lambda file: _replace(file, place, [[1, 2]], dtype=h5py.vlen_dtype(np.int64))
    yield f"{place} nothing", lambda file: _replace(file, place, h5py.Empty("f8"))
    yield f"{place} quads", lambda file: _replace(file, place, np.zeros((2, 2, 2, 2)))


def _edits_of_numbers(place: str, dataset: h5py.Dataset) -> Iterator[tuple[str, Edit]]:
    values = dataset[()]
    shape, kind = values.shape, values.dtype
    for word, number in (("zero", 0), ("-1", -1), ("huge", 2**62), ("nan", np.nan), ("inf", np.inf), ("1e300", 1e300)):
        if kind.kind == "f" or (float(number) == number and abs(number) < np.inf and kind.kind in "iu"):
            fits = kind.kind == "f" or np.iinfo(kind).min <= number <= np.iinfo(kind).max
            if fits and values.size:
                yield f"{place} all {word}", lambda file, n=number: _replace(file, place, np.full(shape, n, kind))
                yield f"{place} last {word}", lambda file, n=number: _replace(file, place, _with_last(values, n))
    yield f"{place} empty", lambda file: _replace(file, place, np.zeros((0, *shape[1:]), kind))
    yield f"{place} scalar", lambda file: _replace(file, place, kind.type(1))
    yield f"{place} flat", lambda file: _replace(file, place, values.ravel())
    yield f"{place} deeper", lambda file: _replace(file, place, values[..., None])
    yield f"{place} longer", lambda file: _replace(file, place, np.concatenate([values, values[-1:]]))
    yield f"{place} shorter", lambda file: _replace(file, place, values[:-1])
    yield f"{place} turned", lambda file: _replace(file, place, np.ascontiguousarray(values.T))
    yield f"{place} reversed", lambda file: _replace(file, place, values[::-1])
    other = {"i": "f8", "u": "i2", "f": "i8", "b": "i4"}[kind.kind]
    yield f"{place} of {other}", lambda file: _replace(file, place, np.nan_to_num(values).astype(other))
    yield f"{place} complex", lambda file: _replace(file, place, values.astype(complex))
    yield f"{place} gzip", lambda file: _replace(file, place, values, compression="gzip" if values.ndim else None)
    yield f"{place} lzf", lambda file: _replace(file, place, np.atleast_1d(values), compression="lzf")
    yield f"{place} never written", lambda file: _replace(file, place, shape=(10**5, *shape[1:]), dtype=kind,
                                                          chunks=tuple(max(1, min(n, 16)) for n in (16, *shape[1:])))
    yield f"{place} 100 GB", lambda file: _replace(file, place, shape=(10**8, 128), dtype=kind)
    yield f"{place} elsewhere", lambda file: _replace(file, place, shape=shape or (1,), dtype=kind,
                                                      external=[("/etc/passwd", 0, max(1, values.nbytes))])
    yield f"{place} a view", lambda file: _view(file, place, shape, kind, ".")
    yield f"{place} a view of a file", lambda file: _view(file, place, shape, kind, "/tmp/other.h5")


def _edits_of_text(place: str, text: str) -> Iterator[tuple[str, Edit]]:
    for other in (*TEXTS, text[: len(text) // 2]):
        yield f"{place} = {other[:20]}", lambda file, t=other: _replace(file, place, t)
    for bad in (b"\xff\xfe", b"{\x00"):
        yield f"{place} = {bad!r}", lambda file, t=bad: _replace(file, place, np.bytes_(t))
    yield f"{place} = a list of texts", lambda file: _replace(file, place, [text, text], dtype=h5py.string_dtype())
    try:
        value = json.loads(text)
    except ValueError:
        return
    for where, changed in changed_values(value):
        yield f"{place} {where}", lambda file, v=changed: _replace(file, place, json.dumps(v))


def changed_values(value: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    """A plain value with one part of it lost, or replaced by something else."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield f"{where}.{name} gone", {n: p for n, p in value.items() if n != name}
            for place, other in changed_values(part, f"{where}.{name}"):
                yield place, {**value, name: other}
        yield f"{where} and more", {**value, "more": 1}
    elif isinstance(value, list):
        for k, part in enumerate(value[:2]):
            yield f"{where}[{k}] gone", value[:k] + value[k + 1:]
            for place, other in changed_values(part, f"{where}[{k}]"):
                yield place, [*value[:k], other, *value[k + 1:]]
    for other in (None, -1, 1e308, float("nan"), "x", [], {}, 10**30):
        if type(other) is not type(value):
            yield f"{where} = {other!r}", other


def _replace(file: h5py.File, place: str, value: Any = None, **options: Any) -> None:
    if place in file:
        del file[place]
    file.create_dataset(place, data=value, **options)


def _replace_link(file: h5py.File, place: str, link: Any) -> None:
    del file[place]
    file[place] = link


def _link(file: h5py.File, place: str, link: Any) -> None:
    file[place] = link


def _with_last(values: np.ndarray, number: float) -> np.ndarray:
    values = values.copy()
    values[(-1,) * values.ndim] = number
    return values


def _view(file: h5py.File, place: str, shape: tuple[int, ...], kind: np.dtype, source: str) -> None:
    file.move(place, "/romlib/pieces/source" if source == "." else "/source")
    layout = h5py.VirtualLayout(shape or (1,), kind)
    layout[...] = h5py.VirtualSource(source, "/romlib/pieces/source" if source == "." else "/source", shape or (1,))
    file.create_virtual_dataset(place, layout)


def _set(attributes: h5py.AttributeManager, name: str, value: Any) -> None:
    if value is None:
        del attributes[name]
    else:
        attributes[name] = value
