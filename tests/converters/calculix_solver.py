"""What CalculiX makes of the loads of a deck, written down place by place: an independent reading of its manual.

Decks are given as lists; `text` writes them for the converter, `value_at` says what acts at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

CUBE = """*NODE,NSET=NALL
1,0,0,0
2,1,0,0
3,1,1,0
4,0,1,0
5,0,0,1
6,1,0,1
7,1,1,1
8,0,1,1
*ELEMENT,TYPE=C3D8,ELSET=EALL
1,1,2,3,4,5,6,7,8
*NSET,NSET=LEFT
1,4,5,8
*NSET,NSET=TOP
5,6,7,8
*MATERIAL,NAME=M
*ELASTIC
1000.,0.3
*DENSITY
2.
*SOLID SECTION,ELSET=EALL,MATERIAL=M
"""
SETS = {"LEFT": (1, 4, 5, 8), "TOP": (5, 6, 7, 8), "NALL": tuple(range(1, 9))}


@dataclass
class Table:
    name: str
    points: list[tuple[float, float]]
    total: bool = False

    def text(self) -> str:
        kind = ",TIME=TOTAL TIME" if self.total else ""
        return f"*AMPLITUDE,NAME={self.name}{kind}\n" + "".join(f"{t!r},{v!r}\n" for t, v in self.points)

    def at(self, step_time: float, total_time: float) -> float:
        time = total_time if self.total else step_time
        before = [k for k, (t, _) in enumerate(self.points) if t <= time + 1e-12]
        if not before:
            return self.points[0][1]
        k = before[-1]  # the last of two rows with this time
        if k == len(self.points) - 1:
            return self.points[k][1]
        (t0, v0), (t1, v1) = self.points[k:k + 2]
        return v0 + (v1 - v0) * (time - t0) / (t1 - t0)


@dataclass
class LoadCard:
    """rows : (node or set, further fields, value)."""

    rows: list[tuple[str, tuple[int, ...], float]]
    amplitude: Table | None = None
    new: bool = False


@dataclass
class SolverStep:
    length: float
    cards: list[LoadCard] = field(default_factory=list)
    at_once: bool = False


def text(keyword: str, steps: list[SolverStep], tables: list[Table], head: str = "") -> str:
    lines = [CUBE, *(table.text() for table in tables), head]
    for step in steps:
        lines.append("*STEP,AMPLITUDE=STEP\n" if step.at_once else "*STEP\n")
        lines.append(f"*STATIC,DIRECT\n{step.length / 4!r},{step.length!r}\n")
        for card in step.cards:
            lines.append(f"*{keyword}" + (f",AMPLITUDE={card.amplitude.name}" if card.amplitude else "")
                         + (",OP=NEW" if card.new else "") + "\n")
            lines += [",".join([target, *map(str, fields), repr(value)]) + "\n" for target, fields, value in card.rows]
        lines.append("*END STEP\n")
    return "".join(lines)


def history(steps: list[SolverStep], samples: list[float], *, adds: bool, removes: bool,
            initial: dict | None = None, listed: bool = False) -> list[tuple[float, dict]]:
    """(total time, {(node, *fields): value}) at shares `samples` of each step.

    listed : the values at the end of a step are kept by their number in a sorted list, as CalculiX 2.20 does it with
    pressures (seen in its results), so that a new entry gives later ones the values of others.
    initial : temperatures at rest; they keep their amplitudes from step to step, but for node 2 of a deck without body
    loads, as CalculiX 2.20 does it (seen in its results).
    adds : cards of one step add up. removes : OP=NEW removes; otherwise it sets the initial value (zero).
    """
    initial = initial or {}
    value, amplitude, old, start, found = dict(initial), {}, dict(initial), 0.0, []
    for step in steps:
        fresh: set = set()
        for number, card in enumerate(step.cards):
            if card.new and number == 0:
                value = {} if removes else {key: initial.get(key, 0.0) for key in value}
            for target, fields, amount in card.rows:
                for node in SETS.get(target, ()) or (int(target),):
                    key = (node, *fields)
                    value[key] = amount + (value[key] if adds and key in fresh else 0.0)
                    amplitude[key] = card.amplitude or ("at once" if step.at_once else None)
                    fresh.add(key)
        if listed:
            old = dict(zip(sorted(value), [old[key] for key in sorted(old)]))

        def at(share, step=step, start=start, value=value, amplitude=amplitude, old=old):
            now = {}
            for key, amount in value.items():
                kind = amplitude.get(key)
                if kind is None:
                    now[key] = old.get(key, 0.0) + (amount - old.get(key, 0.0)) * share
                elif kind == "at once":
                    now[key] = amount
                else:
                    now[key] = amount * kind.at(share * step.length, start + share * step.length)
            return now

        found += [(start + share * step.length, at(share)) for share in samples]
        old = at(1.0)
        for key, kind in amplitude.items():  # those in step time leave what they were; those of temperatures begin anew
            ends = key in value and kind is not None and (kind == "at once" or not kind.total)
            if ends and (not initial or key == (2,)):
                value[key], amplitude[key] = old[key], None
        start += step.length
    return found


def times_of(found: list[tuple[float, dict]]) -> np.ndarray:
    return np.array([time for time, _ in found])
