"""A field over time at one place, or at the places of a tag, without building the field."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from romlib.archive.fieldsfile import FieldsFile
from romlib.errors import InputError
from romlib.solution.locate import (
    IpSpots,
    NodeSpots,
    finite_point,
    nearest_ips,
    node_spot,
    point_spot,
    tag_ips,
    tag_spots,
)
from romlib.solution.reconstruction import Reconstruction

Places = dict[tuple, Sequence[NodeSpots | IpSpots]]


@dataclass(frozen=True, eq=False)
class Probe:
    """Values at one place, or at the places of a tag.

    values : (n_step, ...) at one place, (n_step, n, ...) at a tag's; the last axis has the components (Kelvin-Mandel
    for a symmetric tensor) where there are several.
    coordinates : (n, 3). ids : (n,), solver's ids of the nodes, or of the cells. numbers : (n,), numbers of the
    integration points in their cells, or None. where : in words.
    """

    values: np.ndarray
    coordinates: np.ndarray
    ids: np.ndarray
    numbers: np.ndarray | None
    where: str


def probe(
    fields: Reconstruction, places: Places, name: str, point: Sequence[float] | None, node: int | None, tag: str | None
) -> Probe:
    """See `romlib.solution.solution.Solution.probe`.

    places : those found before, by what was asked for; what is found is added.
    """
    given = [place for place in (point, node, tag) if place is not None]
    if len(given) != 1:
        raise InputError("a probe is at exactly one of point, node, tag", found=f"{len(given)} of them")
    if node is not None and (isinstance(node, bool) or not isinstance(node, (int, np.integer))):
        raise InputError("a node is probed by its id", place="node", expected="an integer", found=reprlib.repr(node))
    key = name == "displacement", None if point is None else tuple(finite_point(point)), node, tag
    with fields.opened() as file:
        if key not in places:
            places[key] = _spots(file, *key)
        spots = places[key]
        values = np.concatenate([fields.at_spots(name, spot) for spot in spots], axis=1)
    return _joined(values, spots, single=tag is None)


def _spots(
    file: FieldsFile, at_nodes: bool, point: Sequence[float] | None, node: int | None, tag: str | None
) -> Sequence[NodeSpots | IpSpots]:
    """Where a probe is, over all pieces: their meshes are read, and their operators built."""
    if tag is not None:
        return tag_spots(file, tag) if at_nodes else tag_ips(file, tag)
    spot = point_spot(file, point) if point is not None else node_spot(file, int(node or 0))
    if at_nodes:
        return [spot]
    return nearest_ips(file, np.asarray(point, dtype=float)[None] if point is not None else spot.coordinates)


def _joined(values: np.ndarray, spots: Sequence[NodeSpots | IpSpots], single: bool) -> Probe:
    coordinates = np.concatenate([spot.coordinates for spot in spots])
    ids, numbers, where = [], [], ""
    for spot in spots:
        if isinstance(spot, IpSpots):
            ids.append(spot.cell_ids)
            numbers.append(spot.numbers)
            where = f"integration point {spot.numbers[0]} of cell {spot.cell_ids[0]} at {spot.coordinates[0]}"
        else:
            ids.append(spot.ids)
            where = spot.where
    if not single:
        where = f"{len(coordinates)} {'integration points' if numbers else 'nodes'}"
    values = values[:, 0] if single else values
    return Probe(values[..., 0] if values.shape[-1] == 1 else values, coordinates, np.concatenate(ids),
                 np.concatenate(numbers) if numbers else None, where)
