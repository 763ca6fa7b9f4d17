"""Constraints of the result sets of a .rst: what is held at zero, and what is moved by a given displacement.

A set lists the degrees of freedom that are given, with the values at the end of the load step. Where a value is not
zero, what it was at each substep is the displacement that the set has there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from romlib_converters.ansys.records import item, pointer
from romlib_converters.ansys.results import SetReader
from romlib_converters.ansys.rst import ResultSet
from romlib_converters.common.history import IdValues

from romlib.errors import FileFormatError
from romlib.mesh.ids import IdIndex
from romlib.model import Constraint, Omission
from romlib.model.amplitude import Amplitude, TableAmplitude
from romlib.model.constraint import Component
from romlib.model.load import ArrayReference
from romlib.words import plural

_COMPONENTS: tuple[Component, ...] = ("x", "y", "z")
_DOFS = (1, 2, 3)  # UX, UY, UZ; others are of no solid
_ALIKE = 1e-9  # histories that differ by less, relative to their largest value, are multiples of each other


@dataclass
class Constraints:
    """Constraints by name, their amplitudes, tags and node arrays of them, and what could not be said."""

    constraints: dict[str, Constraint] = field(default_factory=dict)
    amplitudes: dict[str, Amplitude] = field(default_factory=dict)
    node_sets: dict[str, np.ndarray] = field(default_factory=dict)
    node_arrays: dict[str, IdValues] = field(default_factory=dict)
    notes: list[Omission] = field(default_factory=list)


def stored_constraints(
    parts: Sequence[SetReader], nodes: Callable[[], np.ndarray], taken: Mapping[str, np.ndarray]
) -> Constraints:
    """The constraints of a solution.

    Parameters
    ----------
    parts : files of the solution. nodes : gives the ids of the nodes of solids, increasing; asked for where there are
        constraints. taken : node sets, whose names are not used again.
    """
    found = Constraints()
    tables = [_given(parts, number, nodes) for number in range(len(parts[0].rst.sets))]
    keys = tables[0][0]
    if any(not np.array_equal(own, keys) for own, _ in tables[1:]):
        found.notes.append(Omission(name="constraints", does_work=True, description=(
            "the constrained degrees of freedom are not the same in all result sets: they are left to the study")))
        return found
    if not len(keys):
        return found
    moved = np.any([values != 0.0 for _, values in tables], axis=0)
    turned = np.isin(keys // 3, _turned_nodes(parts))
    owners, count = np.unique(keys[~moved] // 3, return_counts=True)
    turned &= ~np.isin(keys // 3, owners[count == 3])  # all are held, whatever the axes
    if (moved & turned).any():
        n_node = len(np.unique(keys[moved & turned] // 3))
        found.notes.append(Omission(name="prescribed_in_nodal_axes", does_work=True, description=(
            f"displacements in nodes' own axes are prescribed at {plural(n_node, 'node')}, and left to the study")))
    _hold(found, keys[~moved & ~turned], taken)
    _tie(found, keys[~moved & turned], taken)
    _move(found, parts, keys[moved & ~turned], nodes(), taken)
    return found


def _given(parts: Sequence[SetReader], number: int, nodes: Callable[[], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Degrees of freedom (3 x id + component), increasing, and values that a set says are given."""
    keys, values = [np.zeros(0, np.int64)], [np.zeros(0)]
    for part in parts:
        own = _table(part, part.rst.sets[number])
        if own is None:
            continue
        ids, dofs, given = own
        keep = np.isin(dofs, _DOFS) & np.isin(ids, nodes())
        keys.append(3 * ids[keep] + dofs[keep] - 1)
        values.append(given[keep])
    unique, first = np.unique(np.concatenate(keys), return_index=True)
    return unique, np.concatenate(values)[first]


def _table(part: SetReader, result: ResultSet) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Nodes, degrees of freedom and values (n,) that a set says are given; None where it says nothing."""
    records, start = part.rst.records, pointer(result.header, 110, 111, 14)
    if not start:
        return None
    start += result.base
    head = records.integers(start, "the table of constraints")
    n = item(head, 0)
    if not n or not item(head, 1) or not item(head, 2):
        return None
    at = start + int(head[1])
    ids = records.integers(at, "the nodes of constraints")
    values = records.numbers(start + int(head[2]), "the values of constraints")
    if item(head, 6):
        dofs = records.integers(records.behind(at), "the degrees of freedom of constraints")
    else:  # one number for both
        ids, dofs = ids // 32, ids % 32
    if len(ids) < n or len(dofs) < n or len(values) < 4 * n:
        raise FileFormatError("the table of constraints is not whole", file=part.rst.file, place=result.place,
                              expected=plural(n, "constraint"), found=min(len(ids), len(dofs), len(values) // 4))
    return ids[:n], dofs[:n], values[:4 * n].reshape(n, 4)[:, 0]


def _turned_nodes(parts: Sequence[SetReader]) -> np.ndarray:
    """Ids of the nodes that have axes of their own."""
    databases = [part.rst.database for part in parts]
    return np.unique(np.concatenate([one.node_ids[one.angles.any(axis=1)] for one in databases]))


def _hold(found: Constraints, keys: np.ndarray, taken: Mapping[str, np.ndarray]) -> None:
    for components, ids in _by_components(keys):
        name = _name(f"fixed_{''.join(components)}", taken)
        found.node_sets[name] = ids
        found.constraints[name] = Constraint(nodes=name, components=components)


def _tie(found: Constraints, keys: np.ndarray, taken: Mapping[str, np.ndarray]) -> None:
    """What is zero in nodes' own axes is a linear relation in the global ones, which the modes carry."""
    if not len(keys):
        return
    name = _name("held_in_nodal_axes", taken)
    found.node_sets[name] = np.unique(keys // 3)
    found.constraints[name] = Constraint(
        nodes=name, components=_COMPONENTS, kind="linear", content=hashlib.sha256(keys.tobytes()).hexdigest()[:16],
        description="zero displacement in nodes' own axes (NROTAT)")


def _move(
    found: Constraints, parts: Sequence[SetReader], keys: np.ndarray, nodes: np.ndarray,
    taken: Mapping[str, np.ndarray],
) -> None:
    if not len(keys):
        return
    times = [result.time for result in parts[0].rst.sets]
    histories = np.stack([_displacement(parts, number, keys) for number in range(len(times))])
    largest = np.abs(histories).max(axis=0)
    sign = np.sign(histories[np.abs(histories).argmax(axis=0), np.arange(len(keys))])
    shapes = histories / np.where(largest > 0.0, largest * sign, 1.0)
    groups: list[int] = []  # the first of each kind of history
    of_group = np.empty(len(keys), np.int64)
    for k in np.lexsort((keys, keys % 3)).tolist():
        same = [g for g, first in enumerate(groups)
                if keys[first] % 3 == keys[k] % 3 and np.abs(shapes[:, k] - shapes[:, first]).max() <= _ALIKE]
        of_group[k] = same[0] if same else len(groups)
        groups += [] if same else [k]
    for number in range(len(groups)):
        mine = np.flatnonzero(of_group == number)
        one = mine[np.argmax(largest[mine])]
        component = _COMPONENTS[int(keys[one] % 3)]
        name = _name(f"prescribed_{component}", {**taken, **found.node_sets})
        factors = (largest * sign)[mine] / (largest * sign)[one] if largest[one] > 0.0 else np.zeros(len(mine))
        ids = keys[mine] // 3
        value: float | ArrayReference = 1.0
        if (np.abs(factors - 1.0) > _ALIKE).any():
            found.node_arrays[f"{name}_value"] = _spread(ids, factors, nodes)
            value = ArrayReference(array=f"{name}_value")
        found.node_sets[name] = ids
        found.constraints[name] = Constraint(nodes=name, components=(component,), kind="prescribed", value=value)
        at, history = list(times), histories[:, one].tolist()
        if at[0] > 0.0:
            at, history = [0.0, *at], [0.0, *history]
        found.amplitudes[name] = TableAmplitude(time=tuple(at), value=tuple(history))


def _displacement(parts: Sequence[SetReader], number: int, keys: np.ndarray) -> np.ndarray:
    """The displacement of a set at degrees of freedom (n,)."""
    values = np.full(len(keys), np.nan)
    for part in parts:
        one = part.displacement(part.rst.sets[number])
        at = IdIndex(one.ids).find(keys // 3)
        values[at >= 0] = one.values[at[at >= 0], keys[at >= 0] % 3]
    if np.isnan(values).any():
        raise FileFormatError("a prescribed displacement has no result", file=parts[0].rst.file,
                              place=f"node {keys[np.isnan(values)][0] // 3}")
    return values


def _spread(ids: np.ndarray, values: np.ndarray, nodes: np.ndarray) -> IdValues:
    """A node array that is zero at all other nodes."""
    full = np.zeros(len(nodes))
    full[np.searchsorted(nodes, ids)] = values
    return IdValues(nodes, full)


def _by_components(keys: np.ndarray) -> list[tuple[tuple[Component, ...], np.ndarray]]:
    """Nodes (n,) that have the same components among degrees of freedom."""
    ids, number = np.unique(keys // 3, return_inverse=True)
    mask = np.zeros((len(ids), 3), bool)
    mask[number, keys % 3] = True
    return [(tuple(c for c, has in zip(_COMPONENTS, row, strict=True) if has), ids[(mask == row).all(axis=1)])
            for row in np.unique(mask, axis=0)]


def _name(name: str, taken: Mapping[str, np.ndarray]) -> str:
    """A name that no node set has."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    return found
