"""A dictionary of bases for a blade with a hot spot anywhere: which basis serves a case, before it is solved.

    python cases/dictionary/run.py [--folder out/dictionary] [--spread 0.4]

Solves 60 training and 60 held-out temperature fields at full order, trains a ROM with six local bases and the global
one, and prints what these make of the held-out cases: the tables of the README. What is in the folder already is not
made again.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "_common"))

import numpy as np
from commands import console, heading
from hot_spots import SPREAD, spots
from judged import QUANTITIES, Judged, Norms, Reference, cost, judge
from rich.table import Table
from solved import CLUSTERS, OFFLINE, case_of, prepare, solve_all
from truth import true_clusters

import romlib
from romlib.model import Case
from romlib.offline import calibrate
from romlib.online.rom import ReducedOrderModel
from romlib.snapshots.nodal_fields import StoredTemperature

TOLERANCE = 0.05  # of the alarm
HELD = {"test": "of the families", "anywhere": "anywhere"}


@dataclass(frozen=True)
class Held:
    """What became of a held-out case. chosen : as the user gets it. whole : in the global basis. second, least : in the
    second and in the least probable local basis, on purpose. right : the cluster that it belongs to.
    """

    kind: str
    right: int
    chosen: Judged
    whole: Judged
    second: Judged
    least: Judged

    @property
    def rightly(self) -> bool:
        """Whether the classifier proposes the right cluster."""
        return self.chosen.proposed == self.right


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("out/dictionary"), help="for the files")
    parser.add_argument("--spread", type=float, default=SPREAD, help="of the hot spots of a family, see hot_spots.py")
    arguments = parser.parse_args()
    folder, spread = arguments.folder, arguments.spread
    heading("1. Full order of all cases")
    prepare(folder, "study.toml", f"{OFFLINE}\n{CLUSTERS}")
    full = solve_all(folder, spread)
    heading("2. Training")
    train(folder, "study.toml", "blade.rom")
    rom = romlib.load(folder / "blade.rom")
    console.print(bases(rom))
    heading("3. Held-out cases")
    held = [one for kind in HELD for one in judged_cases(rom, folder, kind, spread)]
    for table in (assigned(rom, held, folder, spread), errors(held), alarms(held),
                  costs(rom, folder, full, spread)):
        console.print(table)
        console.print()
    for one in held:
        if not one.rightly:
            console.print(f"{one.chosen.name}: proposed {one.chosen.proposed} with {one.chosen.probability:.2f}, right "
                          f"{one.right}; solved in {one.chosen.cluster}, errors {said(one.chosen.errors)}, bounds "
                          f"{said(one.chosen.bounds)}", markup=False)
    return 0


def train(folder: Path, study: str, name: str) -> None:
    """Train a ROM, if it is not there; its bounds are calibrated with four ROMs in place of sixteen."""
    if (folder / name).is_file():
        return
    calibrate.MOST_ROMS = 2
    with romlib.train(folder / study, skip_check=True, accept_errors=True,
                      progress=lambda line: console.print(f"  {line}", markup=False)) as trained:
        report = trained.write(folder / name)
    for note in report.notes:
        console.print(f"note: {note}", markup=False)


def judged_cases(rom: ReducedOrderModel, folder: Path, kind: str, spread: float) -> list[Held]:
    """All cases of a kind, in the basis that is chosen, in the global one, and in wrong ones on purpose."""
    dictionary, found = rom.archive.dictionary, []
    assert dictionary is not None
    labels = dict(zip(dictionary.choosing.cases, dictionary.labels.tolist()))
    right, norms = true_clusters(folder, kind, labels, spread), Norms(folder / "mesh.vtkhdf")
    known = rom.archive.indicator
    least = {name: 0.0 if known is None else 0.05 * known.norms[name] for name in QUANTITIES}
    for spot in spots(kind, spread):
        case, reference = case_of(spot, folder), Reference.read(folder / f"{spot.name}.vtkhdf", norms)

        solution = rom.solve(case)
        assert solution.choice is not None
        probable = solution.choice.probabilities
        wrong = sorted((k for k in probable if k != right[spot.name]), key=lambda k: -probable[k])
        runs = [solution, *(rom.solve(case, cluster=k) for k in (rom.archive.fallback, wrong[0], wrong[-1]))]
        found.append(Held(kind, right[spot.name], *(judge(one, spot.name, reference, norms, least) for one in runs)))
        console.print(f"  {spot.name}: cluster {found[-1].chosen.cluster}, errors {said(found[-1].chosen.errors)}",
                      markup=False)
    return found


def said(values: Mapping[str, float]) -> str:
    """Percentages of u, stress, p."""
    return ", ".join("withheld" if np.isnan(values[name]) else f"{100 * values[name]:.2g} %" for name in QUANTITIES)


def bases(rom: ReducedOrderModel) -> Table:
    """Modes and points of each basis."""
    table = Table("basis", "modes", "points", title="Bases", title_justify="left", box=None)
    for number, basis in enumerate(rom.archive.clusters):
        name = "global" if number == rom.archive.fallback else f"cluster {number}"
        table.add_row(name, str(basis.n_mode), str(basis.n_weighted))
    table.add_row("all of them together", "", str(rom.archive.points.n_point))
    return table


def assigned(rom: ReducedOrderModel, held: Iterable[Held], folder: Path, spread: float) -> Table:
    """How many cases the classifier assigns to the cluster that they belong to, and the nearest temperature does."""
    dictionary, table = rom.archive.dictionary, Table(
        "cases", "number", "rightly assigned", "by the nearest temperature", "in the global basis",
        "median probability", "distance from training: local basis", "global basis",
        title="Assignment", title_justify="left", box=None)
    assert dictionary is not None
    peaks = {kind: np.stack([peak_of(rom, case_of(one, folder)) for one in spots(kind, spread)])
             for kind in ("train", *HELD)}
    scores = ", ".join(f"{name} {100 * score:.0f} %" for name, score in dictionary.choosing.scores.items())
    table.add_row("training, left out", str(len(dictionary.labels)), scores,
                  f"{100 * (dictionary.choosing.nearest_temperature or 0.0):.0f} %", *[""] * 4)
    for kind, name in HELD.items():
        here = [one for one in held if one.kind == kind]
        distances = np.linalg.norm(peaks[kind][:, None] - peaks["train"], axis=2)
        nearest = dictionary.labels[distances.argmin(axis=1)]
        right = np.array([one.right for one in here])
        far = [[one.chosen.novelty for one in here if (one.chosen.cluster != one.chosen.proposed) == in_global]
               for in_global in (False, True)]
        table.add_row(
            name, str(len(here)), f"{100 * np.mean([one.rightly for one in here]):.0f} %",
            f"{100 * np.mean(nearest == right):.0f} %",
            str(sum(one.chosen.cluster != one.chosen.proposed for one in here)),
            f"{np.median([one.chosen.probability for one in here]):.2f}",
            *(f"{min(part):.2f} to {max(part):.2f}" if part else "" for part in far))
    return table


def peak_of(rom: ReducedOrderModel, case: Case) -> np.ndarray:
    """(n_point,), the rise of the temperature at the selected points when it is largest."""
    stored = rom.archive.temperature
    heat = StoredTemperature(case.temperature)  # type: ignore[arg-type]
    rise = (stored.matrix @ heat.at(stored.node_ids).T).T - stored.initial
    return rise[np.linalg.norm(rise, axis=1).argmax()]


RUNS: dict[str, Callable[[Held], Judged]] = {
    "chosen": lambda one: one.chosen, "global basis": lambda one: one.whole,
    "second most probable, on purpose": lambda one: one.second, "least probable, on purpose": lambda one: one.least}


def errors(held: Iterable[Held]) -> Table:
    """Median and largest error over the cases, of u, stress, p."""
    table = Table("cases", "basis", *(f"{name}: median" if not k else "largest" for name in ("u", "stress", "p")
                                      for k in range(2)), title="Errors", title_justify="left", box=None)
    for kind, name in HELD.items():
        for basis, of in RUNS.items():
            found, cells = [of(one) for one in held if one.kind == kind], []
            for field in QUANTITIES:
                values = np.array([one.errors[field] for one in found])
                cells += [f"{100 * np.median(values):.2g} %", f"{100 * values.max():.2g} %"]
            table.add_row(name, basis, *cells)
    return table


def alarms(held: Iterable[Held]) -> Table:
    """Bounds at the end: given and covering; and as an alarm at the tolerance: true, false, missed."""
    table = Table("cases", "basis", *(column for name in ("u", "stress", "p") for column in (
        f"{name}: given, covering", f"alarms at {100 * TOLERANCE:.0f} %: true, false, missed")), title="Bounds",
        title_justify="left", box=None)
    for kind, name in HELD.items():
        for basis, of in RUNS.items():
            found, cells = [of(one) for one in held if one.kind == kind], []
            for field in QUANTITIES:
                error = np.array([one.errors[field] for one in found])
                bound = np.array([one.bounds[field] for one in found])
                given, beyond, alarm = np.isfinite(bound), error > TOLERANCE, ~(bound <= TOLERANCE)
                cells += [f"{given.sum()}, {(error <= bound)[given].sum()}",
                          f"{(beyond & alarm).sum()}, {(~beyond & alarm).sum()}, {(beyond & ~alarm).sum()}"]
            table.add_row(name, basis, *cells)
    return table


def costs(rom: ReducedOrderModel, folder: Path, full: Mapping[str, float], spread: float) -> Table:
    """Milliseconds of one core, medians over ten test cases, against full order."""
    cases = {one.name: case_of(one, folder) for one in spots("test", spread)[:10]}
    exact = 1e3 * float(np.median([full[name] for name in cases])) if all(name in full for name in cases) else np.nan
    table = Table("solved in", "ms of one core", "full order over it", title="Cost of a case", title_justify="left",
                  box=None)
    table.add_row("full order", f"{exact:.0f}", "")
    for name, cluster in (("the basis that is chosen", None), ("the global basis", rom.archive.fallback)):
        found = float(np.median([cost(rom, case, cluster) for case in cases.values()]))
        table.add_row(name, f"{found:.1f}", f"{exact / found:.0f}")
    return table


if __name__ == "__main__":
    sys.exit(main())
