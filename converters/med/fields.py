"""Fields of a MED file: components, times, and where the values of a time are, read when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import h5py
import numpy as np
from romlib_converters.common.hdf5 import group_of
from romlib_converters.med.columns import has_larger
from romlib_converters.med.file import FIELDS, NO_PROFILE, array, groups, integer, number, positions, text, words

from romlib.errors import FileFormatError, UnsupportedError

Kept: TypeAlias = MutableMapping[tuple[str, str, str], np.ndarray]
NODES, CELLS = "NOE", "MAI"  # with a type of cells, the first means their nodes
_WIDTH = 16  # characters of a component's name
_UNKNOWN = 1e300  # Code_Aster's number for no value is the largest of float64


@dataclass(frozen=True)
class Support:
    """Where a field has values. place : `NODES` or `CELLS`. kind : MED's type of the cells, empty for nodes.

    With a kind, `NODES` means the nodes of each cell. gauss : name of the localisation, empty for none. n_point :
    values a node or cell.
    """

    place: str
    kind: str
    gauss: str
    n_point: int


@dataclass(frozen=True, eq=False)
class MedField:
    """A field. name : as stored. mesh : its name. components : their names. steps : by (number of the time step,
    number of iteration), the time and the name of the group. dtype : "float32" or "float64".
    """

    name: str
    mesh: str
    components: tuple[str, ...]
    steps: Mapping[tuple[int, int], tuple[float, str]]
    dtype: str
    supports: tuple[Support, ...]

    def times(self) -> list[tuple[float, tuple[int, int]]]:
        """Times with the keys of their steps, in the order of the steps' numbers."""
        return [(self.steps[key][0], key) for key in sorted(self.steps)]


def read_fields(content: h5py.File, file: Path) -> dict[str, MedField]:
    """Descriptions of the fields of a file, by name.

    Raises
    ------
    UnsupportedError : a file of MED 2, whose fields are stored otherwise. FileFormatError : damaged.
    """
    if FIELDS not in content:
        return {}
    found = {}
    for name, entry in groups(group_of(content, FIELDS, file), file):
        if "MAI" not in entry.attrs:
            raise UnsupportedError("fields of this version of MED are not read", file=file, place=f"field {name}",
                                   expected="MED 3 or 4", remedy="convert the file with MED's tool medimport")
        components = tuple(words(entry.attrs.get("NOM"), _WIDTH))
        n = integer(entry, "NCO", file)
        if len(components) != n:
            components = tuple(components[k] if k < len(components) else f"{k + 1}" for k in range(n))
        steps: dict[tuple[int, int], tuple[float, str]] = {}
        supports: dict[Support, None] = {}
        dtype = "float64"
        for step, content_of in groups(entry, file):
            key = integer(content_of, "NDT", file), integer(content_of, "NOR", file)
            steps[key] = number(content_of, "PDT", file), step
            for support, profile in _supports(content_of, file):
                supports[support] = None
                if profile is not None and profile.dtype.itemsize == 4 and profile.dtype.kind == "f":
                    dtype = "float32"
        if steps:
            found[name] = MedField(name, text(entry.attrs["MAI"]), components, steps, dtype, tuple(supports))
    return found


def read_values(
    content: h5py.File, field: MedField, key: tuple[int, int], support: Support, count: int, file: Path,
    kept: Kept | None = None,
) -> list[tuple[np.ndarray | slice, np.ndarray]]:
    """Positions (n,) among all nodes, or all cells of the type, a slice for all, and values (n, n_point, n_comp), NaN
    for no value.

    count : how many there are of them. Several parts where the field has several profiles. kept : arrays that are
    filled again, where the values of one record need not outlive the reading of another.

    Raises
    ------
    FileFormatError : a step or an array is missing or has the wrong length.
    """
    if key not in field.steps:
        raise FileFormatError("a field has no values at this step", file=file,
                              place=f"field {field.name}, step {key[0]}", found=f"{len(field.steps)} steps")
    step = group_of(group_of(group_of(content, FIELDS, file), field.name, file), field.steps[key][1], file)
    entity = f"{support.place}.{support.kind}" if support.kind else support.place
    if entity not in step or not any(True for _ in groups(group_of(step, entity, file), file)):
        if not _supports(step, file):
            raise FileFormatError("a field has no values at this step", file=file, expected="those of other steps",
                                  place=f"field {field.name}, step {key[0]}", found="nothing")
        return []
    parts = []
    for profile, entry in groups(group_of(step, entity, file), file):
        if _gauss(entry) != support.gauss or _n_point(entry, file) != support.n_point:
            continue
        where = positions(content, "" if profile == NO_PROFILE else profile, count, file)
        n_where = count if isinstance(where, slice) else len(where)
        place, used = f"field {field.name}, step {key[0]}, {entity}", (field.name, entity, profile)
        flat = array(entry, "CO", file, None if kept is None else kept.get(used))
        n_comp, n = len(field.components), support.n_point
        if flat.size != n_comp * n_where * n or flat.dtype.kind != "f":
            raise FileFormatError("a field has the wrong number of values, or none that are real", file=file,
                                  place=place, expected=f"{n_where} x {n} x {n_comp}",
                                  found=f"{flat.size} of type {flat.dtype}")
        if kept is not None:
            kept[used] = flat
        values = flat.reshape(-1)
        if has_larger(values, _UNKNOWN):
            if flat.dtype.itemsize == 8 and np.isinf(flat).any():  # in single precision it means no value
                raise FileFormatError("a value is infinite", file=file, place=place, expected="finite numbers")
            with np.errstate(invalid="ignore"):
                values = np.where(np.abs(values) > _UNKNOWN, np.nan, values)
        parts.append((where, values.reshape(n_comp, n_where, n).transpose(1, 2, 0)))
    return parts


def _supports(step: h5py.Group, file: Path) -> list[tuple[Support, h5py.Dataset | None]]:
    found = []
    for entity, entry in groups(step, file):
        place, _, kind = entity.partition(".")
        for _, of_profile in groups(entry, file):
            values = of_profile.get("CO")
            found.append((Support(place, kind, _gauss(of_profile), _n_point(of_profile, file)),
                          values if isinstance(values, h5py.Dataset) else None))
    return found


def _gauss(entry: h5py.Group) -> str:
    return text(entry.attrs.get("GAU", b""))


def _n_point(entry: h5py.Group, file: Path) -> int:
    n = integer(entry, "NGA", file)
    if not 1 <= n <= 1 << 16:
        raise FileFormatError("a field has an impossible number of points", file=file, place=entry.name, found=n)
    return n
