"""Probes of a source: places found, values read, and reduced over the places of a tag in blocks of bounded memory."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from romlib.blocks import blocks
from romlib.errors import InputError
from romlib.results.places import finite_point
from romlib.results.probe import Probe
from romlib.results.scalar import Scalar, components_of
from romlib.results.source import FieldSource
from romlib.results.spots import IpSpots, NodeSpots, Spots
from romlib.words import placed, unknown

REDUCTIONS = ("max", "min", "mean")
_BLOCK_BYTES = 64 * 2**20


def checked_place(point: Any, node: Any, tag: Any) -> tuple[tuple[float, ...] | None, int | None, str | None]:
    """Exactly one of a point, the id of a node, and a tag.

    Raises
    ------
    InputError : none or several of them; no point; no id; no name.
    """
    given = [place for place in (point, node, tag) if place is not None]
    if len(given) != 1:
        raise InputError("a probe is at exactly one of point, node, tag", found=f"{len(given)} of them")
    if node is not None and (isinstance(node, bool) or not isinstance(node, (int, np.integer))):
        raise InputError("a node is probed by its id", place="node", expected="an integer", found=reprlib.repr(node))
    if tag is not None and not isinstance(tag, str):
        raise InputError("a tag is probed by its name", place="tag", expected="a text", found=reprlib.repr(tag))
    return None if point is None else finite_point(point), None if node is None else int(node), tag


def asked(point: tuple[float, ...] | None, node: int | None, tag: str | None) -> str:
    """A place in short: "point (4, 0, 0.5)", "node 7", "tag hole"."""
    if point is not None:
        return "point ({:.5g}, {:.5g}, {:.5g})".format(*point)
    return f"node {node}" if node is not None else f"tag {tag}"


def probe(
    source: FieldSource, name: str, point: Sequence[float] | None = None, node: int | None = None,
    tag: str | None = None, reduce: str | None = None,
) -> Probe:
    """See `romlib.results.access.FieldAccess.probe`."""
    where = checked_place(point, node, tag)
    if reduce is not None and reduce not in REDUCTIONS:
        raise InputError("a probe is reduced to its largest, smallest or mean value", place="reduce",
                         **unknown(reduce, REDUCTIONS))
    if reduce is not None and tag is None:
        raise InputError("only the places of a tag can be reduced to one value", place="reduce", found=reduce,
                         remedy='give tag=..., such as tag="all"')
    with source.opened():
        if not isinstance(name, str):
            source.spec(name)
        scalar = Scalar.named(source, name)
        spots = source.places.spots(source, scalar.spec.place == "node", *where)
        if reduce is not None:
            return reduced(source, name, scalar, spots, tag or "", reduce)
        whole = name == scalar.field  # all components, and not the scalar that stands for them
        values = np.concatenate([source.at_spots(scalar.field, spot, np.arange(source.n_step)) for spot in spots],
                                axis=1)
    if not whole:
        values = scalar.values(values)[..., None]
    return _joined(source, name, scalar, values, spots, tag is None, whole, asked(*where))


def _joined(
    source: FieldSource, name: str, scalar: Scalar, values: np.ndarray, spots: Sequence[Spots], single: bool,
    whole: bool, asked: str,
) -> Probe:
    coordinates = np.concatenate([spot.coordinates for spot in spots])
    ids, numbers = _named(spots)
    if not single:
        where = f"{len(coordinates)} {'nodes' if numbers is None else 'integration points'}"
    elif isinstance(spots[0], IpSpots):
        where = (f"integration point {spots[0].numbers[0]} of cell {spots[0].cell_ids[0]} at "
                 f"{placed(spots[0].coordinates[0])}")
    else:
        where = spots[0].where
    values = values[:, 0] if single else values
    plain = values[..., 0] if values.shape[-1] == 1 else values
    components = components_of(scalar.field, scalar.spec) if whole and values.shape[-1] > 1 else ()
    return Probe(plain, coordinates, ids, numbers, where, source.times, name, components,
                 whole and scalar.spec.tensor, scalar.unit, str(source.units.time), None, asked)


def _named(spots: Sequence[Spots]) -> tuple[np.ndarray, np.ndarray | None]:
    """Ids of all places, and numbers of the points in their cells; None for nodes."""
    ids = np.concatenate([spot.cell_ids if isinstance(spot, IpSpots) else spot.ids for spot in spots])
    if isinstance(spots[0], NodeSpots):
        return ids, None
    return ids, np.concatenate([spot.numbers for spot in spots if isinstance(spot, IpSpots)])


def reduced(
    source: FieldSource, name: str, scalar: Scalar, spots: Sequence[Spots], tag: str, kind: str
) -> Probe:
    """The largest, smallest or mean value over places, at each time.

    The mean over integration points is weighed with their volumes; that over nodes is of their values. Points whose
    material lacks the field, and values that are not known at a time, are left out.

    Raises
    ------
    InputError : no place has the field.
    """
    best, at = np.full(source.n_step, np.nan), np.zeros(source.n_step, dtype=np.int64)
    total, weight, first = np.zeros(source.n_step), np.zeros(source.n_step), 0
    sign, everything = -1.0 if kind == "min" else 1.0, np.arange(source.n_step)
    for spot in spots:
        if not spot.n:
            continue
        short = None
        if kind == "max" and isinstance(spot, IpSpots):
            short = source.largest(scalar, spot, everything, np.nan_to_num(best))
        if short is not None:
            _keep(best, at, everything, short[0], first + short[1])
            weight += spot.n
        else:
            weights = spot.weights if isinstance(spot, IpSpots) else np.ones(spot.n)
            for steps in blocks(source.n_step, 8 * spot.n * scalar.spec.n_comp * 2, _BLOCK_BYTES):
                rows = everything[steps]
                values = sign * scalar.values(source.at_spots(scalar.field, spot, rows))
                there = np.isfinite(values)
                if kind == "mean":
                    total[rows] += np.where(there, values, 0.0) @ weights
                elif there.any():
                    here = values if there.all() else np.where(there, values, -np.inf)
                    place = here.argmax(axis=1)
                    _keep(best, at, rows, here[np.arange(len(rows)), place], first + place)
                weight[rows] += there @ weights
        first += spot.n
    if not weight.any():
        raise InputError(f"the field {name!r} has no value there", file=source.path, place=f"tag {tag!r}",
                         remedy="take a tag of cells whose material has it")
    ids, numbers = _named(spots)
    coordinates = np.concatenate([spot.coordinates for spot in spots])
    unit, time_unit = scalar.unit, str(source.units.time)
    what = "nodes" if numbers is None else "integration points"
    label = name if scalar.component in ("", name.rpartition(".")[2]) else f"{name}.{scalar.component}"
    if kind == "mean":
        how = "of the values at" if numbers is None else "by volume, over"
        mean = np.divide(total, weight, out=np.full(source.n_step, np.nan), where=weight > 0.0)
        return Probe(mean, coordinates, ids, numbers, f"mean {how} the {len(ids)} {what} of {tag!r}",
                     source.times, label, (), False, unit, time_unit, kind, asked(None, None, tag))
    best[np.isneginf(best)] = np.nan  # not known at any place
    where = f"{'largest' if kind == 'max' else 'smallest'} of the {len(ids)} {what} of {tag!r}"
    return Probe(sign * best, coordinates[at], ids[at], None if numbers is None else numbers[at], where, source.times,
                 label, (), False, unit, time_unit, kind, asked(None, None, tag))


def _keep(best: np.ndarray, at: np.ndarray, rows: np.ndarray, found: np.ndarray, place: np.ndarray) -> None:
    """Keep values (n_row,) that are larger than those so far, and where they are."""
    better = ~(found <= best[rows])  # NaN: nothing yet
    best[rows[better]], at[rows[better]] = found[better], place[better]
