"""Forged HDF5 files of romlib: contents that were changed on purpose, with checksums that are right again.

Checksums tell of damage only. What somebody else writes with right checksums has to be refused for what it says, or
give an answer: it must not end in a traceback, foreign memory, or all of the machine's.
"""

from __future__ import annotations

import json
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import h5py
import numpy as np

from romlib.storage.checksums import (
    crc_of,
    crcs_of_rows,
    digest_of_array,
    digest_of_attributes,
    digest_of_blocks,
    digest_of_text,
    digest_of_view,
    manifest_text,
)
from romlib.testing import damage_hdf5

_GROUPS = ("checksums", "romlib/checksums")
_VALUES: tuple[Any, ...] = (
    None, True, False, -1, 0, 1, 2**31, 2**62, 10**40, -0.5, 1e308, float("nan"), float("inf"), "", "x", "é" * 3000,
    "\x1b[31m", "../x", [], {}, [[]] * 3, ["x"], {"x": 1}, [1.0] * 5000)
_DEEP = 60
_UNREADABLE = (LookupError, TypeError, ValueError, OSError, AttributeError, MemoryError, RuntimeError)
_MOST_BYTES = 2**26  # of an array that is looked at


def damage(rng: Random, path: Path) -> str:
    """Change one to three things in a file, and make its checksums anew; says what was done."""
    done = [_change(rng, path)]
    for _ in range(rng.choice((0, 0, 0, 1, 2))):
        with suppress(*_UNREADABLE):  # after the first change, h5py may not follow
            done.append(_change(rng, path))
    return "; ".join([*filter(None, done), "checksums anew" if reseal(path) else "no checksums to make anew"])


def _change(rng: Random, path: Path) -> str | None:
    return (_text(rng, path) if rng.random() < 0.4 else None) or damage_hdf5.damage(rng, path)


def repair_pair(rom: Path, fields: Path) -> None:
    """Let a ROM name the fields file beside it as its own, where both still say who they are."""
    with h5py.File(fields, "r") as file:
        group = _group(file)
        digest = None if group is None else group.attrs.get("digest")
        known = file.attrs.get("id")
    with h5py.File(rom, "a") as file:
        for name, value in (("fields_digest", digest), ("fields_id", known)):
            with suppress(UnicodeError):
                if name in file.attrs and isinstance(value, str):
                    file.attrs[name] = value
    reseal(rom)


def reseal(path: Path) -> bool:
    """Make the checksums of a file those of what is in it; False where it has no place for them any more."""
    with h5py.File(path, "a") as file:
        group = _group(file)
        if group is None:
            return False
        try:
            old = json.loads(group["objects"].asstr()[()])
            objects, blocks = dict(old["objects"]), list(old["blocks"])
            found: dict[str, Any] = {"/": file}
            file.visititems(lambda name, item: found.setdefault(f"/{name}", item) and None)
            own = group.name
            for place, item in found.items():
                if place == own or place.startswith(f"{own}/"):
                    continue
                digest = _digest(item, f"{own}/blocks/{blocks.index(place)}" if place in blocks else None)
                if digest is not None:
                    objects[place] = digest
            objects = {place: digest for place, digest in objects.items() if place in found}
            text = manifest_text(objects, blocks)
            del group["objects"]
            group.create_dataset("objects", data=text, dtype=h5py.string_dtype())
            group.attrs["digest"] = sha256(text.encode()).hexdigest()
        except _UNREADABLE:
            return False
    return True


def _group(file: h5py.File) -> h5py.Group | None:
    for name in _GROUPS:
        try:
            if isinstance(file.get(name), h5py.Group):
                return file[name]
        except _UNREADABLE:
            continue
    return None


def _digest(item: Any, table: str | None) -> str | None:
    """The checksum of one object; None where romlib has none for such a thing, or it is too large to look at."""
    try:
        if isinstance(item, h5py.Group):
            return digest_of_attributes({name: _plain(value) for name, value in item.attrs.items()})
        if not isinstance(item, h5py.Dataset) or item.size is None or item.nbytes > _MOST_BYTES:
            return None
        if item.is_virtual:
            return digest_of_view(item)
        value = item[()]
        if isinstance(value, bytes):
            return digest_of_text(value.decode())
        if table is None:
            return digest_of_array(np.asarray(value))
        crcs = _crcs(item, value).astype("<u4")
        del item.file[table]
        item.file[table] = crcs
        return digest_of_blocks(item.dtype, item.shape, crcs)
    except _UNREADABLE:
        return None


def _crcs(item: h5py.Dataset, values: np.ndarray) -> np.ndarray:
    """CRC-32 of the blocks that the writers take: rows, steps, pieces, or pieces of steps."""
    place = item.name.split("/")
    if place[1] != "VTKHDF":
        return np.array([crc_of(step) for step in values]) if "ip_fields" in place else crcs_of_rows(values)
    steps = len(item.file["VTKHDF/Steps/Values"])
    counts = {name: item.file[f"VTKHDF/NumberOf{name}"][()] for name in ("Points", "Cells", "ConnectivityIds")}
    if "PointData" in place:
        return np.array([[crc_of(piece) for piece in _split(step, counts["Points"])]
                         for step in values.reshape(steps, -1, *values.shape[1:])])
    lengths = {"Points": counts["Points"], "Types": counts["Cells"], "Offsets": counts["Cells"] + 1,
               "Connectivity": counts["ConnectivityIds"]}
    return np.array([crc_of(piece) for piece in _split(values, lengths[place[-1]])])


def _split(values: np.ndarray, lengths: np.ndarray) -> list[np.ndarray]:
    return np.split(values, np.cumsum(lengths)[:-1])


def _plain(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value if isinstance(value, str) else np.asarray(value)


def _text(rng: Random, path: Path) -> str | None:
    """Change one value in one of the descriptions (JSON)."""
    with h5py.File(path, "a") as file:
        texts: list[str] = []
        file.visititems(lambda name, item: texts.append(name) if (
            isinstance(item, h5py.Dataset) and item.shape == () and item.dtype.kind == "O"
            and "checksums" not in name) else None)
        if not texts:
            return None
        name = rng.choice(texts)
        try:
            value = json.loads(file[name].asstr()[()])
        except _UNREADABLE:
            return None
        value, where = _edited(rng, value, f"/{name}")
        text = json.dumps(value)
        if rng.random() < 0.03:
            text, where = "[" * 100_000, f"/{name}, nested deep"
        del file[name]
        file.create_dataset(name, data=text, dtype=h5py.string_dtype())
    return where


def _edited(rng: Random, value: Any, where: str, depth: int = 0) -> tuple[Any, str]:
    """A copy with one thing in it changed, and where."""
    if isinstance(value, dict) and value and depth < _DEEP and rng.random() < 0.93:
        key = rng.choice(sorted(value))
        kind = rng.random()
        if kind < 0.08:
            return {k: v for k, v in value.items() if k != key}, f"{where}.{key} removed"
        if kind < 0.14:
            return {(f"{k}x" if k == key else k): v for k, v in value.items()}, f"{where}.{key} renamed"
        if kind < 0.18:
            return {**value, "unknown": 1}, f"{where}: unknown key"
        changed, where = _edited(rng, value[key], f"{where}.{key}", depth + 1)
        return {**value, key: changed}, where
    if isinstance(value, list) and value and depth < _DEEP and rng.random() < 0.9:
        k, kind = rng.randrange(len(value)), rng.random()
        if kind < 0.1:
            return value[:k] + value[k + 1:], f"{where}[{k}] removed"
        if kind < 0.2:
            return [*value, value[k]], f"{where}[{k}] twice"
        if kind < 0.25:
            return value[::-1], f"{where} reversed"
        changed, where = _edited(rng, value[k], f"{where}[{k}]", depth + 1)
        return [*value[:k], changed, *value[k + 1:]], where
    if isinstance(value, (int, float)) and not isinstance(value, bool) and rng.random() < 0.3:
        factor = rng.choice((-1, 2, 1e6, 1e-6, 1.01))
        return value * factor, f"{where} times {factor}"
    new = rng.choice(_VALUES)
    return new, f"{where} set to {new!r:.40}"
