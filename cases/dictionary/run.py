"""A dictionary of bases for a blade with a hot spot anywhere: which basis serves a case, before it is solved.

    python cases/dictionary/run.py [--folder out/dictionary] [--seed-free]

Solves 60 training and 60 held-out temperature fields at full order, trains a ROM with six local bases that the input of
a case chooses among and one with a global basis alone, and prints what both make of the held-out cases: the tables of
the README. What is in the folder already is not made again.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "_common"))

import numpy as np
from commands import Commands, console, heading
from fields import Spot, spots
from judgement import QUANTITIES, Judged, Norms, Reference, judge, seconds
from references import OFFLINE, CLUSTERS, case_of, prepare, solve_all
from rich.table import Table
from truth import true_clusters

import romlib
from romlib.dictionary.features import drivers_of, input_of
from romlib.online.rom import ReducedOrderModel

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
    folder = parser.parse_args().folder
    heading("1. Full order of all cases")
    prepare(folder, "study.toml", f"{OFFLINE}\n{CLUSTERS}")
    prepare(folder, "global.toml", OFFLINE)
    full = solve_all(folder)
    heading("2. Training")
    for study, rom in (("study.toml", "blade.rom"), ("global.toml", "global.rom")):
        if not (folder / rom).is_file():
            Commands(folder, 1).run(f"romlib offline {study} -o {rom}")
    rom, alone = romlib.load(folder / "blade.rom"), romlib.load(folder / "global.rom")
    console.print(bases(rom, alone))
    heading("3. Held-out cases")
    held = [one for kind in HELD for one in judged(rom, folder, kind)]
    for table in (assigned(rom, held, folder), errors(held), alarms(held), costs(rom, alone, folder, full)):
        console.print(table)
        console.print()
    for one in held:
        if not one.rightly:
            console.print(f"{one.chosen.name}: proposed {one.chosen.proposed} with {one.chosen.probability:.2f}, right "
                          f"{one.right}; solved in {one.chosen.cluster}, errors {said(one.chosen.errors)}, bounds "
                          f"{said(one.chosen.bounds)}", markup=False)
    return 0


def judged(rom: ReducedOrderModel, folder: Path, kind: str) -> list[Held]:
    """All cases of a kind, in the basis that is chosen, in the global one, and in wrong ones on purpose."""
    dictionary, found = rom.rom.dictionary, []
    assert dictionary is not None
    labels = dict(zip(dictionary.choosing.cases, dictionary.labels.tolist()))
    right, norms = true_clusters(folder, kind, labels), Norms(folder / "mesh.vtkhdf")
    least = {name: 0.05 * value for name, value in rom.rom.indicator.norms.items()}
    for spot in spots(kind):
        case, reference = case_of(spot, folder), Reference.read(folder / f"{spot.name}.vtkhdf", norms)

        def of(cluster: int | None, spot: Spot = spot, case=case, reference: Reference = reference) -> Judged:  # type: ignore[no-untyped-def]
            return judge(rom.solve(case, cluster=cluster), spot.name, reference, norms, least)

        order = np.argsort(-rom.cluster_probabilities(case), kind="stable")
        wrong = [int(dictionary.clusters[k]) for k in order if dictionary.clusters[k] != right[spot.name]]
        found.append(Held(kind, right[spot.name], of(None), of(rom.rom.fallback), of(wrong[0]), of(wrong[-1])))
        console.print(f"  {spot.name}: cluster {found[-1].chosen.cluster}, errors {said(found[-1].chosen.errors)}",
                      markup=False)
    return found


def said(values: Mapping[str, float]) -> str:
    """Percentages of u, stress, p."""
    return ", ".join("withheld" if np.isnan(values[name]) else f"{100 * values[name]:.2g} %" for name in QUANTITIES)


def bases(rom: ReducedOrderModel, alone: ReducedOrderModel) -> Table:
    """Modes and points of each basis."""
    table = Table("basis", "modes", "points", title="Bases", title_justify="left", box=None)
    for number, basis in enumerate(rom.rom.clusters):
        name = "global" if number == rom.rom.fallback else f"cluster {number}"
        table.add_row(name, str(basis.n_mode), str(basis.n_weighted))
    table.add_row("all of them together", "", str(rom.rom.points.n_point))
    table.add_row("global, a ROM of its own", str(alone.rom.clusters[0].n_mode), str(alone.rom.clusters[0].n_weighted))
    return table
