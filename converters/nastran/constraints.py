"""Single points and relations of a Nastran deck as constraints. Components are in the frame CD of a grid point; those
that are no axis of the basic system become relations, which the modes of a ROM carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np

from romlib.mesh.ids import IdIndex
from romlib.model import Constraint, Omission
from romlib.model.constraint import Component
from romlib.words import plural

_AXES: tuple[Component, ...] = ("x", "y", "z")
_ALIGNED = 1e-6  # sine of an angle


@dataclass
class Constraints:
    """Constraints by name, the node sets (ids) that they name, and what could not be said."""

    found: dict[str, Constraint] = field(default_factory=dict)
    node_sets: dict[str, np.ndarray] = field(default_factory=dict)
    notes: list[Omission] = field(default_factory=list)

    def add(self, name: str, ids: np.ndarray, **what: Any) -> None:
        """A constraint on nodes of its own."""
        self.node_sets[name] = np.unique(ids)
        self.found[name] = Constraint(nodes=name, **what)


def constraints_of(
    data: Mapping[str, Any], spc: int | None, mpc: int | None, solid: np.ndarray, grids: np.ndarray,
    frames: np.ndarray | None,
) -> Constraints:
    """What holds the grid points of solids.

    Parameters
    ----------
    spc, mpc : the sets of the history. solid : ids of the grid points of solids. grids, frames : (n,), (n, 3, 3): ids
        and frames of all grid points; None: all basic.
    """
    done = Constraints()
    rows, values = _single_points(data, spc)
    mine = np.isin(rows[:, 0], solid) & (rows[:, 1] <= 3)  # rotations of solids have no stiffness
    rows, values = rows[mine], values[mine]
    keys, first = np.unique(3 * rows[:, 0] + rows[:, 1] - 1, return_index=True)
    values, nodes, components = values[first], keys // 3, keys % 3
    turned = np.zeros(len(keys), bool)
    if frames is not None:
        row = np.arange(len(keys))
        axis = frames[IdIndex(grids).find(nodes)][row, :, components]  # the directions that are held
        largest = np.abs(axis).argmax(axis=1)
        held, count = np.unique(nodes[values == 0.0], return_counts=True)
        wholly = np.isin(nodes, held[count == 3])  # in all directions, whatever the axes
        turned = ~wholly & (np.abs(axis).max(axis=1) < 1.0 - _ALIGNED)
        other = ~wholly & ~turned
        components = np.where(other, largest, components)
        values = np.where(other, values * np.sign(axis[row, largest]), values)
    _fixed(done, nodes, components, (values == 0.0) & ~turned)
    for value in np.unique(values[(values != 0.0) & ~turned]).tolist():
        one = (values == value) & ~turned
        for component in range(3):
            ids = nodes[one & (components == component)]
            if len(ids):
                done.add(f"moved_{_AXES[component]}_{len(done.found)}", ids, components=(_AXES[component],),
                         kind="prescribed", value=float(value))
    if turned.any():
        done.add("in_other_axes", nodes[turned], components=_AXES, kind="linear", content=_hash(keys[turned]),
                 description="components held in frames CD that are not the basic one")
    _relations(done, data, mpc, solid)
    if data["spc_others"]:
        done.notes.append(Omission(name="constraints_not_read", does_work=True, description=(
            f"{', '.join(data['spc_others'])} are not read")))
    return done


def _single_points(data: Mapping[str, Any], spc: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Rows (n, 2) of node and component, and values (n,), of the set and of the grid points' own."""
    sets = [] if spc is None else data["spc_adds"].get(str(spc), [spc])
    mine = np.isin(data["spc_rows"][:, 0], sets)
    permanent = data["grid_ps"]
    return (np.concatenate([data["spc_rows"][mine, 1:], permanent]),
            np.concatenate([data["spc_values"][mine], np.zeros(len(permanent))]))


def _fixed(done: Constraints, nodes: np.ndarray, components: np.ndarray, mine: np.ndarray) -> None:
    """Fixed constraints: one for each set of components that nodes have."""
    found, number = np.unique(nodes[mine], return_inverse=True)
    mask = np.zeros((len(found), 3), bool)
    mask[number.ravel(), components[mine]] = True
    for one in np.unique(mask, axis=0):
        names = tuple(axis for axis, has in zip(_AXES, one) if has)
        done.add(f"fixed_{''.join(names)}", found[(mask == one).all(axis=1)], components=names)


def _relations(done: Constraints, data: Mapping[str, Any], mpc: int | None, solid: np.ndarray) -> None:
    if mpc is None:
        return
    sets = data["mpc_adds"].get(str(mpc), [mpc])
    mine = np.isin(data["mpc_terms"][:, 0], sets)
    terms, factors = data["mpc_terms"][mine], data["mpc_factors"][mine]
    ids = np.intersect1d(terms[:, 2], solid)
    if len(ids):
        done.add("multi_point", ids, components=_AXES, kind="linear",
                 content=_hash(np.column_stack([terms[:, 1:], factors])),
                 description=f"{plural(len(np.unique(terms[:, :2], axis=0)), 'relation')} MPC")


def _hash(values: np.ndarray) -> str:
    return sha256(np.ascontiguousarray(values).tobytes()).hexdigest()[:16]
