"""State variables as the solver wrote them, a list of numbers a point, told apart by the law that knows what they are.

The field `statev` of a snapshots file is the solver's own list (STATEV of a UMAT): in its order, units and shear
convention, as many columns as the material with most of them has. A law with a method `state_of_solver` turns it into
its state array, whose named variables are then compared one by one.
"""

from __future__ import annotations

import numpy as np

from romlib.laws.points import MaterialGroup, MaterialPoints

STATEV = "statev"


def split_statev(points: MaterialPoints, values: np.ndarray) -> tuple[dict[str, np.ndarray], str | None]:
    """State variables of the solver's list.

    Parameters
    ----------
    values : (n_step, n_ip, n), the field `statev`.

    Returns
    -------
    By name of the laws' variables, (n_step, n_ip, n_comp) in Kelvin-Mandel form, NaN where the material lacks it, and
    tensors, which the solver has along the material axes, in the global frame; and what is wrong, where a law has more
    state variables than the field.
    """
    widths = points.variables()
    found: dict[str, np.ndarray] = {}
    for group in points.groups:
        if not group.n_ip or not knows_statev(group):
            continue
        if group.law.n_state > values.shape[2]:
            return {}, (f"the law of material '{group.name}' has {group.law.n_state} state variables, the stored field "
                        f"{values.shape[2]}")
        part = values[:, group.selection, :group.law.n_state]
        state = group.law.state_of_solver(part)  # type: ignore[attr-defined]
        for name, columns in group.law.state_variables.items():
            if name not in found:
                found[name] = np.full((*values.shape[:2], widths[name]), np.nan)
            found[name][:, group.selection] = group.in_global_frame(name, state[..., columns])
    return found, None


def knows_statev(group: MaterialGroup) -> bool:
    """Whether the law of a material can read the solver's list."""
    return hasattr(group.law, "state_of_solver")


def points_of_statev(points: MaterialPoints, name: str) -> np.ndarray:
    """Positions of the points whose law finds this variable in the solver's list."""
    has = np.array([knows_statev(group) and name in group.law.state_variables for group in points.groups], dtype=bool)
    return np.flatnonzero(has[points.material_index])


def names_of_statev(points: MaterialPoints, n_comp: int) -> list[str]:
    """Variables that a field `statev` of this width has; none where it is a variable of that name alone.

    A full-order run of romlib writes the variable `statev`, what is left of the list when the named ones are taken:
    narrower than the list, and compared as any variable.
    """
    groups = [group for group in points.groups if group.n_ip and knows_statev(group)]
    if not groups or (points.variables().get(STATEV) == n_comp and all(g.law.n_state > n_comp for g in groups)):
        return []
    return list(dict.fromkeys(name for group in groups for name in group.law.state_variables))
