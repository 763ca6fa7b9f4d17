"""What was found of the life of a run: hot spots with their cycles, fields at all points, and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from romlib.errors import InputError
from romlib.life.cycles import Cycles
from romlib.life.judge import Judged
from romlib.life.table import LifeTable
from romlib.model import UnitSystem
from romlib.snapshots.error_bounds import ErrorBounds


@dataclass(frozen=True, eq=False)
class HotSpot:
    """A place of a large value.

    piece, ip : where it is in the fields. cell, number : the solver's id of the cell, and the number of the integration
    point in it, from 1. coordinates : (3,). material : "" without one.
    values : by quantity, at the integration point. nodal : the largest nodal average at the nodes of its cell.
    strain_ranges, p_increments : (n_cycle,), of each cycle; a part of a cycle at the end of the run is the last one.
    strain, stress, p : (n_step,), the scalars over time. judged : its damaging cycles; None without a fatigue curve.
    sign_is_unsure : the strain is close to pure shear, where signed_von_mises says little.
    """

    piece: int
    ip: int
    cell: int
    number: int
    coordinates: np.ndarray
    material: str
    values: dict[str, float]
    nodal: dict[str, float]
    strain_ranges: np.ndarray
    p_increments: np.ndarray | None
    strain: np.ndarray
    stress: np.ndarray | None
    p: np.ndarray | None
    judged: Judged | None
    sign_is_unsure: bool

    @property
    def damage(self) -> float | None:
        """Miner's sum over the run; None without a fatigue curve."""
        return None if self.judged is None else float(self.judged.damage.sum())

    @property
    def repetitions(self) -> float | None:
        """How often the run can be repeated until the sum is 1: inf where it does no damage."""
        damage = self.damage
        return None if damage is None else np.inf if damage == 0.0 else 1.0 / damage

    @property
    def place(self) -> str:
        """In words."""
        where = ", ".join(f"{x:.6g}" for x in self.coordinates)
        return f"cell {self.cell}, point {self.number}, at ({where})"


@dataclass(frozen=True, eq=False)
class Life:
    """Life quantities of a run.

    name : of what was looked at. times : (n_step,). table : how cycles were counted. cycles : of the ranges.
    by : what the spots are ranked by. distance : that they are apart. spots : largest first.
    fields : by quantity, at the integration points of each piece, (n_ip,), NaN where there is none: "strain_range" and
    "stress_range", the largest of a cycle; "p", at the end; "p_per_cycle", of the last whole cycle; "damage".
    whole : whether all points of the mesh were looked at. bounds : of the run's errors. notes : sentences.
    unchecked : sentences on what the answer rests on and nothing has checked.
    """

    name: str
    times: np.ndarray
    units: UnitSystem
    table: LifeTable
    cycles: Cycles
    by: str
    distance: float
    spots: tuple[HotSpot, ...]
    fields: dict[str, list[np.ndarray]]
    whole: bool
    bounds: ErrorBounds | None
    notes: tuple[str, ...]
    unchecked: tuple[str, ...]

    def __repr__(self) -> str:
        first = f"; first: {self.spots[0].place}" if self.spots else ""
        return f"Life({len(self.spots)} hot spots by {self.by}, {self.cycles.number} cycles{first})"

    def unit(self, quantity: str) -> str:
        """Of a quantity; "" where it has none."""
        return self.units.stress if quantity == "stress_range" else ""

    def bound(self, quantity: str) -> float | None:
        """The largest bound of the relative error of the field behind a quantity, in L2 over the volume; None: none,
        or withheld at some time, after which the largest of the others says nothing.

        A strain has that of the displacement, of which it is the gradient: an indication, not a bound.
        """
        field = {"stress_range": "stress", "p": "p", "p_per_cycle": "p"}.get(quantity, "displacement")
        if self.bounds is None or field not in self.bounds:
            return None
        largest = self.bounds.largest(field)
        return float(largest.value) if largest.withheld_from is None and np.isfinite(largest.value) else None

    def rows(self) -> list[dict[str, Any]]:
        """One mapping a hot spot, with plain values: place, quantities, nodal averages, bounds, damage."""
        return [{
            "rank": k, "cell": spot.cell, "point": spot.number, **dict(zip("xyz", map(float, spot.coordinates))),
            "material": spot.material, **spot.values, **{f"{name}_nodal": value for name, value in spot.nodal.items()},
            **{f"{name}_bound": self.bound(name) for name in spot.values if name not in ("damage", "p_per_cycle")},
            **({} if spot.damage is None else {"damage": spot.damage, "repetitions": spot.repetitions}),
        } for k, spot in enumerate(self.spots, 1)]

    def to_pandas(self) -> Any:
        """A pandas.DataFrame of `rows`, the rank as its index.

        Raises
        ------
        InputError : pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise InputError("a table for pandas needs pandas", found=str(error),
                             remedy="pip install pandas") from error
        return pandas.DataFrame(self.rows()).set_index("rank")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        cycles = self.cycles
        return {
            "run": self.name, "units": str(self.units), "ranked_by": self.by, "distance": self.distance,
            "all_points": self.whole, "counting": self.table.counting, "measure": self.table.used_measure,
            "residue": self.table.residue, "cycles": {
                "number": cycles.number, "period": cycles.period, "source": cycles.source, "complete": cycles.complete,
                "times": self.times[cycles.edges].tolist()},
            "hot_spots": [{**row, "strain_range_of_each_cycle": spot.strain_ranges.tolist(),
                           "p_of_each_cycle": None if spot.p_increments is None else spot.p_increments.tolist(),
                           "counted": counted_rows(spot, self.times)}
                          for row, spot in zip(self.rows(), self.spots)],
            "notes": list(self.notes), "unchecked": list(self.unchecked)}

    def _repr_html_(self) -> str:
        from html import escape

        rows = self.rows()
        if not rows:
            return "<p>no hot spot</p>"
        head = "".join(f"<th>{escape(name)}</th>" for name in rows[0])
        body = "".join("<tr>" + "".join(
            f"<td>{escape(f'{value:.4g}' if isinstance(value, float) else str(value))}</td>" for value in row.values())
            + "</tr>" for row in rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def counted_rows(spot: HotSpot, times: np.ndarray) -> list[dict[str, float]]:
    """The damaging cycles of a hot spot, the most damaging first."""
    judged = spot.judged
    if judged is None:
        return []
    counted = judged.counted
    return [{"from": float(times[counted.first[k]]), "to": float(times[counted.last[k]]),
             "count": float(counted.count[k]), "strain_range": float(judged.strain[k]),
             "plastic_range": float(judged.plastic[k]), "stress_range": float(judged.stress[k]),
             "lowest_stress": float(judged.lowest[k]), "highest_stress": float(judged.highest[k]),
             "cycles_to_failure": float(judged.failure[k]), "damage": float(judged.damage[k])}
            for k in np.argsort(-judged.damage, kind="stable")]


def unchecked_of(spots: Sequence[HotSpot], bounds: ErrorBounds | None, table: LifeTable) -> tuple[str, ...]:
    """What an answer rests on that nothing has checked: curves and loads beyond what was measured and trained."""
    found = []
    if bounds is not None:
        found += [f"{name} is outside the training runs from time {since:.6g} on"
                  for name, since in bounds.outside.items()]
        found += [f"the error of {name} has no bound from time {one.withheld_from:.6g} on: it is withheld"
                  for name in bounds if (one := bounds.largest(name)).withheld_from is not None]
    for rank, spot in enumerate(spots, 1):
        judged = spot.judged
        if judged is None:
            continue
        valid = table.materials[spot.material].valid
        worst = judged.failure[np.argmax(judged.damage)] if len(judged.failure) else np.inf
        if spot.damage == np.inf:
            found.append(f"hot spot {rank}: the mean stress of a cycle alone is beyond the strength of the material")
        elif valid is not None and np.isfinite(worst) and not valid[0] <= worst <= valid[1]:
            found.append(f"hot spot {rank}: {worst:.3g} cycles to failure are outside of the curve's range, "
                         f"{valid[0]:g} to {valid[1]:g}")
    return tuple(found)
