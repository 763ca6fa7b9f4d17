"""What both blades go through once mesh and training runs are there: check, offline, online, full order, tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from commands import console, heading
from flow import ROM, Flow
from judge import Judgement, hottest, judge
from pictures import plot_cycles
from tables import CYCLES, MISSION, errors, sizes
from timing import online_time

from romlib.online.rom import ReducedOrderModel

LONG = {"mission_hot": "inside", CYCLES: "20 cycles", "beyond": "5 % beyond"}


@dataclass(frozen=True)
class Outcome:
    """The ROM, each case against full order, and the hot spot (3,)."""

    rom: ReducedOrderModel
    judgements: Mapping[str, Judgement]
    point: np.ndarray


def solve_and_judge(flow: Flow, long: bool, own: Mapping[str, str] | None = None) -> Outcome:
    """Stages 2 to 5 and the tables.

    long : the other missions and all cycles at full order too. own : of these, missions of this blade alone, and where
    they are.
    """
    heading("2. Does romlib recompute what the solver computed?")
    flow.run("romlib check train_hot.vtkhdf --study study.toml")

    heading(f"3. Offline, on {flow.ranks} rank{'s' * (flow.ranks > 1)}")
    flow.run(f"{flow.launcher}romlib offline study.toml -o {ROM}")

    heading("4. Online: a mission that it was not trained on, and twenty of them")
    flow.run(f"romlib online {ROM} --case {MISSION} -o result.vtkhdf")
    rom = flow.rom()
    timings = {case: online_time(rom, case, 9 if case == MISSION else 3) for case in (MISSION, CYCLES)}
    for case, timing in timings.items():
        console.print(f"  {case}: {timing.steps} steps in {1e3 * timing.wall:.1f} ms")

    heading("5. Full order, for comparison")
    full = flow.reference(MISSION)
    references = {MISSION: "inside", **({**LONG, **(own or {})} if long else {})}
    for case in [case for case in references if case != MISSION]:
        flow.solve(case, ("stress", "p"))
    point = hottest(flow.folder / "mesh.vtkhdf")
    judgements = {case: judge(rom.solve(case), flow.folder / f"{case}.vtkhdf", point) for case in references}

    heading("What came out")
    console.print(sizes(rom, full, timings, flow.ranks))
    console.print()
    console.print(errors(judgements, references))
    console.print("max over time of the L2 norm in space; at the hot spot, on the leading edge: max over time")
    return Outcome(rom, judgements, point)


def draw_cycles(outcome: Outcome, target: Path) -> None:
    """p at the hot spot over twenty cycles, beside full order as far as it was solved."""
    one = outcome.judgements.get(CYCLES, outcome.judgements[MISSION])
    probe = outcome.rom.solve(CYCLES)
    plot_cycles(probe.times, probe.probe("p", point=outcome.point.tolist()).values,
                (one.times, one.critical.full["p"]), float(outcome.judgements[MISSION].times[-1]), target)
