"""Damage to the structure of an HDF5 file: datasets, attributes and links removed, retyped, reshaped or led astray."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import h5py
import numpy as np

HOSTILE = (np.nan, np.inf, -np.inf, -1.0, 0.0, 1e308, 2.0**63, 1.0, -1e-3)
HOSTILE_INTEGERS = (-1, 0, 1, 2**31 - 1, -2**31, 2**62, 10**6)
_HUGE = 2**40  # elements of a dataset that stores none of them


def damage(rng: Random, path: Path) -> str:
    """Damage one object of the file in place; says what was done."""
    with h5py.File(path, "r") as file:
        datasets, groups, attributes = _objects(file)
    links = [*datasets, *groups]
    kinds = (["dataset"] * 3 if datasets else []) + (["attribute"] * 2 if attributes else []) + ["link"] * bool(links)
    for _ in range(20 if kinds else 0):
        kind = rng.choice(kinds)
        if kind == "dataset":
            done = _edit(path, rng, rng.choice(datasets))
        elif kind == "attribute":
            done = _edit_attribute(path, rng, *rng.choice(attributes))
        else:
            done = _edit_link(path, rng, rng.choice(links), links)
        if done is not None:
            return done
    with h5py.File(path, "a") as file:
        file.attrs["unknown"] = 1
    return "an attribute added to /"


def _objects(file: h5py.File) -> tuple[list[str], list[str], list[tuple[str, str]]]:
    datasets: list[str] = []
    groups: list[str] = []
    attributes = [("/", key) for key in file.attrs]

    def visit(name: str, item: Any) -> None:
        (datasets if isinstance(item, h5py.Dataset) else groups).append(name)
        attributes.extend((name, key) for key in item.attrs)

    file.visititems(visit)
    return datasets, groups, attributes


def _edit(path: Path, rng: Random, name: str) -> str | None:
    kind = rng.choice(list(_DATASET))
    with h5py.File(path, "a") as file:
        item = file[name]
        try:
            words = _DATASET[kind](rng, file, name, item)
        except (TypeError, ValueError, OSError, OverflowError):  # this edit is none for this type
            if name not in file:
                return f"dataset /{name} removed"
            return None
    return None if words is None else f"dataset /{name}: {words}"


def _replace(file: h5py.File, name: str, data: Any, **options: Any) -> None:
    attributes = dict(file[name].attrs)
    del file[name]
    dataset = file.create_dataset(name, data=data, **options)
    for key, value in attributes.items():
        dataset.attrs[key] = value


def _value(rng: Random, file: h5py.File, name: str, item: h5py.Dataset) -> str | None:
    if item.dtype.kind == "f" and item.size:
        value: float = rng.choice(HOSTILE)
    elif item.dtype.kind in "iu" and item.size:
        value = rng.choice(HOSTILE_INTEGERS)
    else:
        return None
    values = item[()]
    if not item.shape:
        item[()] = np.array(value).astype(item.dtype)
        return f"value set to {value}"
    k = rng.randrange(item.size)
    with np.errstate(all="ignore"):
        values.reshape(-1)[k] = value if item.dtype.kind == "f" else np.array(value).astype(item.dtype)
    item[...] = values
    return f"entry {k} set to {value}"


def _scaled(rng: Random, file: h5py.File, name: str, item: h5py.Dataset) -> str | None:
    if item.dtype.kind not in "fiu" or not item.size:
        return None
    kind = rng.choice(("one entry times 1.01", "all entries negated", "entries reversed", "two entries swapped",
                       "all entries zero", "one bit of an entry flipped"))
    values = np.array(item[()])
    flat = values.reshape(-1)
    k, other = rng.randrange(flat.size), rng.randrange(flat.size)
    with np.errstate(all="ignore"):
        if kind == "one entry times 1.01":
            flat[k] = flat[k] * 1.01 if item.dtype.kind == "f" else flat[k] + 1
        elif kind == "all entries negated":
            flat[:] = -flat
        elif kind == "entries reversed":
            flat[:] = flat[::-1].copy()
        elif kind == "two entries swapped":
            flat[[k, other]] = flat[[other, k]]
        elif kind == "all entries zero":
            flat[:] = 0
        else:
            raw = flat.view(np.uint8)
            raw[k * item.dtype.itemsize + rng.randrange(item.dtype.itemsize)] ^= 1 << rng.randrange(8)
    if item.shape:
        item[...] = values
    else:
        item[()] = values[()]
    return f"{kind} ({k})"


def _dtype(rng: Random, file: h5py.File, name: str, item: h5py.Dataset) -> str | None:
    target = rng.choice((">f8", "<f4", "<i8", ">i4", "<u2", "<c16", "S8", "vlen string", "compound", "bool"))
    data = item[()]
    if target == "vlen string":
        _replace(file, name, np.array(["x"] * max(1, item.size or 1), dtype=object), dtype=h5py.string_dtype())
    elif target == "compound":
        _replace(file, name, np.zeros(item.shape, [("a", "<f8"), ("b", "<i4")]))
    else:
        with np.errstate(all="ignore"):
            _replace(file, name, np.asarray(data).astype(target))
    return f"type replaced by {target}"


def _shape(rng: Random, file: h5py.File, name: str, item: h5py.Dataset) -> str | None:
    data, kind = np.asarray(item[()]), rng.choice((
        "scalar", "empty", "one row less", "one row more", "flat", "an axis more", "transposed", "huge", "null",
        "no rows"))
    if kind == "huge":
        _replace_huge(file, name, item)
        return f"shape replaced by {_HUGE} in the first axis, nothing of it stored"
    if kind == "null":
        dtype = item.dtype
        del file[name]
        file.create_dataset(name, data=h5py.Empty(dtype))
        return "replaced by a null dataset"
    if data.dtype.kind == "O" or (not data.shape and kind not in ("an axis more",)):
        return None
    shapes: dict[str, Callable[[], np.ndarray]] = {
        "scalar": lambda: data.reshape(-1)[0], "empty": lambda: data[:0], "one row less": lambda: data[:-1],
        "one row more": lambda: np.concatenate([data, data[-1:]]), "flat": lambda: data.reshape(-1),
        "an axis more": lambda: data[..., None], "transposed": lambda: data.T.copy(),
        "no rows": lambda: np.empty((0, 7), data.dtype)}
    new = shapes[kind]() if data.size or kind in ("an axis more", "flat") else None
    if new is None or np.shape(new) == data.shape:
        return None
    _replace(file, name, new)
    return f"shape {data.shape} replaced by {np.shape(new)}"


def _replace_huge(file: h5py.File, name: str, item: h5py.Dataset) -> None:
    shape, dtype = (_HUGE, *item.shape[1:]), item.dtype
    attributes = dict(item.attrs)
    del file[name]
    dataset = file.create_dataset(name, shape=shape, dtype=dtype, chunks=(64, *(max(1, n) for n in shape[1:])))
    for key, value in attributes.items():
        dataset.attrs[key] = value


def _external_storage(rng: Random, file: h5py.File, name: str, item: h5py.Dataset) -> str | None:
    """The same values, kept in another file."""
    if item.dtype.kind not in "fiu" or not item.size or not item.shape:
        return None
    data, raw = item[()], Path(file.filename).with_name("stranger.raw")
    raw.write_bytes(np.ascontiguousarray(data).tobytes())
    shape, dtype = item.shape, item.dtype
    del file[name]
    file.create_dataset(name, shape=shape, dtype=dtype, external=[(raw.name, 0, raw.stat().st_size)])
    return "its values moved into an external file"


def _virtual(rng: Random, file: h5py.File, name: str, item: h5py.Dataset) -> str | None:
    """The same values, as a virtual dataset over another file."""
    if item.dtype.kind not in "fiu" or not item.size or not item.shape:
        return None
    other = Path(file.filename).with_name("stranger.h5")
    with h5py.File(other, "w") as stranger:
        stranger["data"] = item[()]
    layout = h5py.VirtualLayout(shape=item.shape, dtype=item.dtype)
    layout[...] = h5py.VirtualSource(str(other), "data", shape=item.shape)
    del file[name]
    file.create_virtual_dataset(name, layout)
    return "replaced by a virtual dataset over another file"


_DATASET: dict[str, Callable] = {
    "value": _value, "scaled": _scaled, "dtype": _dtype, "shape": _shape, "external": _external_storage,
    "virtual": _virtual}


def _edit_attribute(path: Path, rng: Random, owner: str, key: str) -> str | None:
    with h5py.File(path, "a") as file:
        attributes = file[owner].attrs
        kind = rng.choice(("removed", -1, 0, 2**62, 1, np.nan, 1e308, "", "x", "y" * 60000, "\x1b[31m", b"\xff\xfe",
                           np.zeros(3), np.array([], float), np.array([1, 2]), h5py.Empty("f"), 3.5, True))
        place = f"attribute {key} of /{owner.strip('/')}"
        try:
            if isinstance(kind, str) and kind == "removed":
                del attributes[key]
                return f"{place} removed"
            attributes[key] = kind
        except (TypeError, ValueError, OSError):
            return None
        shown = repr(kind)
        return f"{place} set to {shown[:40]}"


def _edit_link(path: Path, rng: Random, name: str, links: list[str]) -> str | None:
    kind = rng.choice(("removed", "renamed", "a soft link to itself", "a dangling soft link", "an external link",
                       "a hard link to another object", "a group", "a dataset", "a link to its parent", "a named type"))
    with h5py.File(path, "a") as file:
        if kind == "renamed":
            file.move(name, f"{name}_")
            return f"/{name} renamed"
        other = rng.choice(links)
        if kind == "a hard link to another object":
            target = file[other]
            if other == name or other.startswith(f"{name}/") or name.startswith(f"{other}/"):
                return None
            del file[name]
            file[name] = target
            return f"/{name} replaced by a hard link to /{other}"
        if kind == "an external link":
            stranger = path.with_name("stranger.h5")
            with h5py.File(stranger, "w") as copy:
                file.copy(name, copy, "data")
            del file[name]
            file[name] = h5py.ExternalLink(stranger.name, "/data")
            return f"/{name} moved to another file, behind an external link"
        del file[name]
        if kind == "a soft link to itself":
            file[name] = h5py.SoftLink(f"/{name}")
        elif kind == "a dangling soft link":
            file[name] = h5py.SoftLink("/nowhere")
        elif kind == "a group":
            file.create_group(name)
        elif kind == "a dataset":
            file[name] = 1.0
        elif kind == "a named type":
            file[name] = np.dtype("f8")
        elif kind == "a link to its parent":
            file[name] = file[name.rpartition("/")[0] or "/"]
    return f"/{name} removed" if kind == "removed" else f"/{name} replaced by {kind}"
