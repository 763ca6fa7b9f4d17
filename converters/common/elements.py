"""A solver's solid elements as romlib's: cell type, order of the nodes, rule and order of its points."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from romlib.errors import InputError
from romlib.mesh.elements import element
from romlib.mesh.mesh import CellBlock
from romlib.mesh.quadrature import rule


@dataclass(frozen=True)
class SolidElement:
    """A solid element of a solver.

    nodes : VTK[i] = solver[nodes[i]], None where the order is VTK's. temperature : how that of the nodes gets to the
    points, in romlib's words. point_orders : the orders in which the solver may have stored its points, the likeliest
    first, none where it is that of romlib's rule: point q of the rule = solver's point order[q].
    """

    cell_type: str
    quadrature: str
    nodes: tuple[int, ...] | None = None
    temperature: str = "shape"
    point_orders: tuple[tuple[int, ...], ...] = ()

    @property
    def n_node(self) -> int:
        """Number of nodes."""
        return element(self.cell_type).n_node

    @property
    def n_point(self) -> int:
        """Number of integration points."""
        return rule(self.quadrature).n_point

    @property
    def point_order(self) -> tuple[int, ...]:
        """The likeliest of the orders."""
        return self.point_orders[0] if self.point_orders else tuple(range(self.n_point))

    def block(self, nodes: np.ndarray, ids: np.ndarray, temperature: str | None = None) -> CellBlock:
        """Cells of this element: nodes (n, n_node) in the solver's order, ids (n,)."""
        return CellBlock(self.cell_type, nodes if self.nodes is None else nodes[:, self.nodes], ids, self.quadrature,
                         temperature_interpolation=temperature or self.temperature)


def check_rule_option(options: Mapping[str, Any], option: str = "quadrature", of: str = "hex_gauss_8") -> None:
    """InputError where an option that names rules by cell type is no mapping of texts. of : an example of a rule."""
    given = options.get(option, {})
    if not isinstance(given, Mapping) or not all(isinstance(one, str) for one in (*given, *given.values())):
        raise InputError("rules and formulations are given by cell type", place=f"option {option}",
                         expected=f'a mapping such as {{hex8="{of}"}}', found=reprlib.repr(given),
                         remedy=f"on the command line: --option '{option}={{hex8=\"{of}\"}}'")


def check_rules(chosen: Mapping[str, str], kinds: Sequence[str], place: str) -> None:
    """What a user has chosen as rules of cell types. kinds : that the mesh has. place : of the choice.

    Raises
    ------
    InputError : a choice for cells that the mesh lacks, or a rule of another shape of cell.
    """
    for kind, name in chosen.items():
        if kind not in kinds:
            raise InputError("a quadrature rule for cells that the mesh lacks", place=f"{place}, {kind}",
                             expected=", ".join(kinds), found=kind)
        if rule(name).cell != element(kind).cell:
            raise InputError("a quadrature rule of another shape of cell", place=f"{place}, {kind}",
                             expected=f"a rule for a {element(kind).cell}", found=name)
