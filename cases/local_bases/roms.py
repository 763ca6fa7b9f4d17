"""ROMs with one basis and with several, trained on the same runs and judged on the held-out passes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from rich.table import Table

from romlib.online.rom import ReducedOrderModel
from romlib.report.compare import compare
from romlib.snapshots import Snapshots

QUANTITIES = {"displacement": "u", "stress": "stress", "p": "p"}
GLOBAL = "k1"  # the ROM with one basis
CLUSTERS = "ends = true\n"  # what past passes leave is in every basis


@dataclass(frozen=True)
class Judged:
    """One ROM on one pass.

    errors : by quantity, the largest L2 norm of the error over time over that of the reference. bounds : by quantity,
    whether the bound of the error so far held at every time that has one; None where it is withheld throughout.
    modes, points : means over the steps. switches : of the basis. jump : the largest relative change of the
    displacement at one. fallback : steps in the global basis, beside local ones.
    """

    errors: dict[str, float]
    bounds: dict[str, bool | None]
    modes: float
    points: float
    switches: int
    jump: float
    fallback: int


@dataclass(frozen=True, eq=False)
class History:
    """Of a ROM on a pass: relative errors over time by quantity, and the basis of each step, (n_step,)."""

    times: np.ndarray
    errors: dict[str, np.ndarray]
    clusters: np.ndarray


def variants(study: Path, numbers: Sequence[int], *, bounds: bool = False) -> list[str]:
    """Studies with one basis and with so many clusters beside a study, and their names. bounds : calibrated."""
    text, names = study.read_text(), [GLOBAL]
    if bounds:
        text = text.replace("calibration = false", "calibration = true")
    study.with_name(f"{GLOBAL}.toml").write_text(text)
    for number in numbers:
        names.append(f"k{number}")
        study.with_name(f"k{number}.toml").write_text(f"{text}\n[clusters]\nnumber = {number}\n{CLUSTERS}")
    return names


def judge_all(
    roms: Mapping[str, ReducedOrderModel], cases: Sequence[str], folder: Path
) -> tuple[dict[str, dict[str, Judged]], dict[str, dict[str, History]]]:
    """By ROM and case, how it does; by case and ROM, its errors over time."""
    judged: dict[str, dict[str, Judged]] = {name: {} for name in roms}
    histories: dict[str, dict[str, History]] = {case: {} for case in cases}
    for name, rom in roms.items():
        for case in cases:
            judged[name][case], histories[case][name] = judge(rom, case, folder)
    return judged, histories


def judge(rom: ReducedOrderModel, case: str, folder: Path, hyper_reduction: bool = True) -> tuple[Judged, History]:
    """The ROM on a pass whose reference is in the folder."""
    solution = rom.solve(case, hyper_reduction=hyper_reduction)
    with TemporaryDirectory(dir=folder) as scratch:
        candidate = Path(scratch) / "candidate.vtkhdf"
        solution.write(candidate)
        with Snapshots(candidate) as found, Snapshots(folder / f"{case}.vtkhdf") as expected:
            fields = compare(found, expected, fields=list(QUANTITIES)).fields
    bounds = {quantity: None if one.bound is None or not np.isfinite(one.bound).any() else not one.above_bound.any()
              for quantity, one in fields.items()}
    bases, use = [rom.archive.clusters[k] for k in solution.clusters[1:]], solution.cluster_use
    switched = (0, 0.0, 0) if use is None else (
        use.n_switch, use.largest_jump[0], 0 if use.fallback is None else use.steps[use.fallback])
    one = Judged({quantity: field.relative for quantity, field in fields.items()}, bounds,
                 float(np.mean([basis.n_mode for basis in bases])),
                 float(np.mean([basis.n_weighted for basis in bases])), *switched)
    return one, History(solution.times, {QUANTITIES[q]: f.over_time for q, f in fields.items()}, solution.clusters)


@dataclass(frozen=True)
class Cost:
    """Of a step of an online run, in seconds: median over the repeats, and the smallest and largest.

    call : the same median of the whole call, which also reads the temperatures and looks for what is untrained.
    """

    median: float
    least: float
    most: float
    call: float


def costs(roms: Mapping[str, ReducedOrderModel], cases: Sequence[str], repeat: int = 7) -> dict[str, dict[str, Cost]]:
    """By ROM and case, in one process, the ROMs taking turns, once before the clock runs: compiled code is loaded."""
    result: dict[str, dict[str, Cost]] = {name: {} for name in roms}
    for case in cases:
        runs: dict[str, list[tuple[float, float]]] = {name: [] for name in roms}
        for _ in range(repeat + 1):
            for name, rom in roms.items():
                start = time.perf_counter()
                solution = rom.solve(case)
                call, n_step = time.perf_counter() - start, solution.n_step - 1
                runs[name].append((solution.timings.total / n_step, call / n_step))
        for name, measured in runs.items():
            seconds, calls = np.array(measured[1:]).T
            result[name][case] = Cost(float(np.median(seconds)), float(seconds.min()), float(seconds.max()),
                                      float(np.median(calls)))
    return result


def table(judged: Mapping[str, Mapping[str, Judged]], cost: Mapping[str, Mapping[str, Cost]], reference: str) -> Table:
    """A row for each ROM and pass; errors and times also as parts of those of the ROM `reference`."""
    result = Table(title="the held-out passes", title_justify="left", box=None)
    for name in ("pass", "ROM", "modes", "points", *QUANTITIES.values(), "ms a step", "times faster", "whole call",
                 "switches", "largest jump", "global steps", "bounds hold"):
        result.add_column(name, justify="left" if name in ("pass", "ROM") else "right")
    for case in judged[reference]:
        for name, of_rom in judged.items():
            one, base, spent = of_rom[case], judged[reference][case], cost[name][case]
            errors = (f"{100 * one.errors[q]:.2g} % ({one.errors[q] / base.errors[q]:.2f})" for q in QUANTITIES)
            held = ", ".join({True: "yes", False: "no", None: "-"}[one.bounds[q]] for q in QUANTITIES)
            result.add_row(case, name, f"{one.modes:.0f}", f"{one.points:.0f}", *errors, f"{1e3 * spent.median:.2f}",
                           f"{cost[reference][case].median / spent.median:.1f}",
                           f"{cost[reference][case].call / spent.call:.1f}", str(one.switches),
                           f"{100 * one.jump:.2g} %", str(one.fallback), held)
    return result
