"""Largest and smallest values of a scalar, and where they are: at an integration point, or at a node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from romlib.mesh.elements import element
from romlib.mesh.mesh import Mesh
from romlib.mesh.quadrature import rule


@dataclass(frozen=True)
class Spot:
    """A value and its place. where : "node 12", or "cell 5, point 3" (the points of a cell count from 1)."""

    value: float
    where: str
    coordinates: tuple[float, float, float]

    def described(self, unit: str = "") -> str:
        """Value, unit and place in words."""
        return f"{self.value:.4g}{' ' + unit if unit else ''} at {self.where}"

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        return {"value": self.value, "where": self.where, "coordinates": list(self.coordinates)}


@dataclass(frozen=True)
class Extremes:
    """The largest and the smallest value at one time; None where there is no value at all."""

    largest: Spot | None = None
    smallest: Spot | None = None

    def joined(self, other: Extremes) -> Extremes:
        """Of two parts; of equal ones the first."""
        return Extremes(_better(self.largest, other.largest, 1.0), _better(self.smallest, other.smallest, -1.0))


def _better(one: Spot | None, other: Spot | None, sign: float) -> Spot | None:
    if one is None or other is None:
        return one or other
    return other if sign * other.value > sign * one.value else one


def at_integration_points(mesh: Mesh, values: np.ndarray) -> list[Extremes]:
    """Of values (n_step, n_ip) of a piece, by step; NaN is no value."""
    return _extremes(values, lambda ip: _ip_spot(mesh, ip))


def at_nodes(ids: np.ndarray, coordinates: np.ndarray, values: np.ndarray) -> list[Extremes]:
    """Of values (n_step, n) at nodes: ids (n,), coordinates (n, 3); by step. NaN is no value."""
    return _extremes(values, lambda k: (f"node {ids[k]}", coordinates[k]))


def _extremes(values: np.ndarray, place: Callable[[int], tuple[str, np.ndarray]]) -> list[Extremes]:
    there = np.isfinite(values)
    some = there.any(axis=1)
    if not values.shape[1]:
        return [Extremes()] * len(values)
    high = np.argmax(np.where(there, values, -np.inf), axis=1)
    low = np.argmin(np.where(there, values, np.inf), axis=1)

    def spot(step: int, k: int) -> Spot:
        where, coordinates = place(k)
        x, y, z = (float(c) for c in coordinates)
        return Spot(float(values[step, k]), where, (x, y, z))

    return [Extremes(spot(step, int(high[step])), spot(step, int(low[step]))) if some[step] else Extremes()
            for step in range(len(values))]


def _ip_spot(mesh: Mesh, ip: int) -> tuple[str, np.ndarray]:
    """Name and coordinates of one integration point of a piece."""
    for block in mesh.blocks:
        points = rule(block.quadrature).points
        if ip < block.n_cell * len(points):
            cell, number = divmod(ip, len(points))
            shape = element(block.cell_type).shape(points[number][None])[0]
            return (f"cell {block.cell_ids[cell]}, point {number + 1}",
                    shape @ np.asarray(mesh.coordinates, dtype=float)[block.connectivity[cell]])
        ip -= block.n_cell * len(points)
    raise IndexError(ip)
