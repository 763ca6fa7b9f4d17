"""The largest value of a field over places and times, without all values where a shorter way is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from romlib.blocks import blocks
from romlib.errors import InputError
from romlib.results.scalar import Scalar
from romlib.results.source import FieldSource
from romlib.results.spots import IpSpots, Spots
from romlib.words import placed

_BLOCK_BYTES = 64 * 2**20


@dataclass(frozen=True, eq=False)
class Maximum:
    """value : the largest. step, time : when. coordinates : (3,), where. id : of the node, or of the cell. number : of
    the integration point in its cell, None at a node. name, unit : of the field.
    """

    value: float
    step: int
    time: float
    coordinates: np.ndarray
    id: int
    number: int | None
    name: str
    unit: str

    @property
    def where(self) -> str:
        """Such as "cell 7, point 3 (4, 0, 0.5)"."""
        place = f"node {self.id}" if self.number is None else f"cell {self.id}, point {self.number}"
        return f"{place} {placed(self.coordinates)}"

    def __repr__(self) -> str:
        return f"Maximum({self.name} = {self.value:.6g}{f' {self.unit}' if self.unit else ''} at time " \
               f"{self.time:g}, {self.where})"


def maximum(source: FieldSource, name: str, tag: str) -> Maximum:
    """See `romlib.results.access.FieldAccess.maximum`."""
    with source.opened():
        scalar = Scalar.named(source, name)
        spots = [one for one in source.places.spots(source, scalar.spec.place == "node", None, None, tag) if one.n]
        found = _search(source, scalar, spots)
    if found is None:
        raise InputError(f"the field {name!r} has no value there", file=source.path, place=f"tag {tag!r}",
                         remedy="take a tag of cells whose material has it")
    value, step, spot, at = found
    is_ip = isinstance(spot, IpSpots)
    return Maximum(value, step, float(source.times[step]), np.array(spot.coordinates[at]),
                   int(spot.cell_ids[at] if is_ip else spot.ids[at]),  # type: ignore[union-attr]
                   int(spot.numbers[at]) if is_ip else None, name, scalar.unit)  # type: ignore[union-attr]


def _search(source: FieldSource, scalar: Scalar, spots: Sequence[Spots]) -> tuple[float, int, Spots, int] | None:
    """Value, step, spots, position in them. Some steps first: what is largest there says where not to look after."""
    n_step = len(source.times)
    some = np.unique(np.linspace(0, n_step - 1, max(2, int(np.sqrt(n_step)))).astype(np.int64))
    rest = np.setdiff1d(np.arange(n_step), some)
    best: tuple[float, int, Spots, int] | None = None
    for rows in (some, rest):
        for spot in spots:
            for part in blocks(len(rows), 8 * spot.n * scalar.spec.n_comp * 2, _BLOCK_BYTES):
                values, at = _largest(source, scalar, spot, rows[part], 0.0 if best is None else best[0])
                if len(values) and not np.isnan(values).all():
                    k = int(np.nanargmax(values))
                    if best is None or values[k] > best[0]:
                        best = float(values[k]), int(rows[part][k]), spot, int(at[k])
    return best


def _largest(
    source: FieldSource, scalar: Scalar, spot: Spots, rows: np.ndarray, floor: float
) -> tuple[np.ndarray, np.ndarray]:
    """At each of the steps the largest value and where it is, (n_row,); anything below the floor will do."""
    if isinstance(spot, IpSpots):
        short = source.largest(scalar, spot, rows, np.full(len(rows), floor))
        if short is not None:
            return short
    values = scalar.values(source.at_spots(scalar.field, spot, rows))
    values = np.where(np.isnan(values), -np.inf, values)
    at = values.argmax(axis=1)
    largest = values[np.arange(len(rows)), at]
    return np.where(np.isneginf(largest), np.nan, largest), at
