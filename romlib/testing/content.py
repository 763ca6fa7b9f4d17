"""What a result says, as named values: to tell whether two of them are the same, and where they differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from romlib.snapshots.reader import Snapshots

Content = dict[str, Any]


def snapshots_content(path: Path) -> Content:
    """Every array and description of a snapshots file by name, except for its fingerprint, which tells of its inputs.

    Arrays and plain values; meant for small files: all of it is in memory.
    """
    with Snapshots(path) as file:
        content: Content = {"times": file.times, "solver": file.solver, "n_shared": file.n_shared}
        content.update(flat("model", file.model.model_dump(mode="json")))
        for piece in range(file.n_piece):
            content.update(flat(f"mesh of piece {piece}", file.mesh(piece)))
            for name, spec in file.fields.items():
                content[f"field {name}, piece {piece}"] = file.read(name, piece)
                content[f"kind of {name}"] = str(spec)
    return content


def flat(name: str, value: Any) -> Content:
    """A value with all that it holds, down to arrays and plain values."""
    return dict(_walk(name, value))


def _walk(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _walk(f"{name}.{field.name}", getattr(value, field.name))
    elif isinstance(value, dict):
        yield f"names of {name}", sorted(map(str, value))
        for key, entry in value.items():
            yield from _walk(f"{name}.{key}", entry)
    elif isinstance(value, (list, tuple)) and not all(isinstance(entry, (int, float)) for entry in value):
        yield f"length of {name}", len(value)
        for k, entry in enumerate(value):
            yield from _walk(f"{name} #{k + 1}", entry)
    else:
        yield name, np.asarray(value) if isinstance(value, (list, tuple)) and len(value) else value


def differences(given: Content, found: Content, tolerance: float = 0.0) -> dict[str, float]:
    """By name of what differs: the largest difference over the largest given value, infinite where that means nothing.

    tolerance : what is no larger than this does not differ.
    """
    names = dict.fromkeys([*given, *found])
    sizes = {name: _difference(given[name], found[name]) if name in given and name in found else np.inf
             for name in names}
    return {name: size for name, size in sizes.items() if not size <= tolerance}


def _difference(a: Any, b: Any) -> float:
    if not isinstance(a, (np.ndarray, float, int)) or isinstance(a, bool):
        return 0.0 if type(a) is type(b) and a == b else np.inf
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or a.dtype.kind != b.dtype.kind:
        return np.inf
    if a.dtype.kind not in "fc":
        return 0.0 if np.array_equal(a, b) else np.inf
    missing = np.isnan(a)
    if not np.array_equal(missing, np.isnan(b)):
        return np.inf
    with np.errstate(all="ignore"):
        size = np.abs(a[~missing]).max(initial=0.0)
        distance = np.abs(a[~missing] - b[~missing]).max(initial=0.0)
        return 0.0 if distance == 0.0 else float(distance / size) if size > 0.0 else np.inf
