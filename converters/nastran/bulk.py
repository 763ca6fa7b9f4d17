"""The bulk data that a conversion needs, as the deck or the tables of an .op2 say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from romlib_converters.nastran.elements import STANDARD_DEFAULT, Integration
from romlib_converters.nastran.systems import SystemCard


@dataclass(frozen=True, eq=False)
class Grids:
    """Grid points. ids : (n,). cp, cd : (n,), the systems of coordinates and of displacement. given : (n, 3),
    coordinates in cp, as they are stored. single : whether these are of single precision."""

    ids: np.ndarray
    cp: np.ndarray
    given: np.ndarray
    cd: np.ndarray
    single: bool = False


@dataclass(frozen=True, eq=False)
class Solids:
    """Solid elements of a name (CHEXA, CPENTA, CTETRA, CPYRAM). ids, properties : (n,). nodes : (n, as many as the
    quadratic one has), zero for mid-side nodes that are not there; (n, corners) where there are none at all."""

    ids: np.ndarray
    properties: np.ndarray
    nodes: np.ndarray

    @cached_property
    def used(self) -> list[int]:
        """Numbers of their properties, increasing."""
        numbers = self.properties
        return [int(one) for one in (numbers[:1] if (numbers == numbers[:1]).all() else np.unique(numbers))]

    def of_property(self, number: int) -> np.ndarray:
        """Ids of the elements of a property."""
        return self.ids if self.used == [number] else self.ids[self.properties == number]


@dataclass(frozen=True)
class SolidProperty:
    """A property of solids. card : its name (PSOLID, PLSOLID, PCOMPS). material : number. axes : CORDM."""

    card: str
    material: int = 0
    axes: int = 0
    integration: Integration = STANDARD_DEFAULT
    function: str = "SMECH"


@dataclass(frozen=True, eq=False)
class Bulk:
    """What a deck or an .op2 says of a model.

    file : where it was read. solids : by name. others : elements that are no solids, by name. systems : by number.
    properties : of solids, by number; empty where the source has none. sets : ids of nodes, of elements, by name.
    """

    file: Path
    grids: Grids
    solids: Mapping[str, Solids]
    others: Mapping[str, int]
    systems: Mapping[int, SystemCard]
    properties: Mapping[int, SolidProperty]
    node_sets: Mapping[str, np.ndarray] = field(default_factory=dict)
    cell_sets: Mapping[str, np.ndarray] = field(default_factory=dict)
