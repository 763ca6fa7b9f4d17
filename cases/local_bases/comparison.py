"""Dissimilarities compared as in the paper: what bases of clusters leave of the snapshots, against a basis of all.

    python cases/local_bases/comparison.py [--folder out/local_bases]

The error is that of the projection of a displacement in the elastic energy; of the snapshots of all passes the 90 %
quantile counts. A held-out snapshot takes the basis of the training snapshot that is nearest in the energy angle,
whatever the clusters were found by, as the online stage does.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from grams import Grams, grams_of
from passes import TRAINING, held_out
from rich.console import Console
from rich.table import Table

from romlib.clusters.gain import QUANTILE, modes_for
from romlib.clusters.partition import Partition, partition
from romlib.model.clusters import ClusterOptions

MOST = 150  # modes that are looked at
COUNTS = (2, 4, 6, 8, 12, 16)
SHOWN = 8  # clusters, in the figure and the large table
# name: dissimilarity, whether geodesic
WAYS = {"stress angle, geodesic": ("stress", True), "stress angle": ("stress", False),
        "energy angle, geodesic": ("energy", True), "energy angle": ("energy", False),
        "displacement angle, geodesic": ("displacement", True), "displacement angle": ("displacement", False),
        "L2, geodesic": ("l2", True), "L2": ("l2", False), "time windows": ("time", False), "random": ("random", False)}
BEST = "stress angle, geodesic"
WITH_ENDS = f"{BEST}, and ends"
GLOBAL = "global"
TRAINED, SINGLE, DOUBLE = "training", "held out, one track", "held out, both tracks"  # groups of snapshots


@dataclass(frozen=True, eq=False)
class Curve:
    """quantiles : by group of snapshots, (MOST + 1,), of the error against the number of modes.

    sizes : of the clusters, with overlap.
    """

    quantiles: dict[str, np.ndarray]
    sizes: tuple[int, ...]

    def modes(self, tolerance: float, group: str) -> int | None:
        """The fewest that reach a tolerance; None where none does."""
        return modes_for(self.quantiles[group], tolerance)


def curve_of(grams: Grams, clusters: Partition | None) -> Curve:
    """Of local bases, or of the global one."""
    n = int(grams.trained.sum())
    found = Partition(np.zeros(n, dtype=int), np.zeros(1, dtype=int), (np.arange(n),)) if clusters is None else clusters
    errors = np.full((MOST + 1, len(grams.runs)), np.nan)
    labels = found.labels[grams.nearest()]
    for cluster, members in enumerate(found.members):
        own = np.flatnonzero(grams.strained & (labels == cluster))
        if len(own):
            errors[:, own] = grams.projection_errors(members, own, MOST)
    groups = {TRAINED: grams.trained, SINGLE: ~grams.trained & (grams.runs < grams.runs.max()),
              DOUBLE: grams.runs == grams.runs.max()}
    return Curve({name: np.quantile(errors[:, mask & grams.strained], QUANTILE, axis=1)
                  for name, mask in groups.items() if mask.any()}, tuple(len(members) for members in found.members))


def clusters_of(grams: Grams, way: str, number: int, *, ends: bool = False) -> Partition:
    """The clusters of the training snapshots by one of WAYS. ends : what every run leaves behind is in all of them."""
    dissimilarity, geodesic = WAYS[way]
    options = ClusterOptions(number=number, dissimilarity=dissimilarity, geodesic=geodesic, ends=ends)
    return partition(*grams.of_training(), options)


def curves(grams: Grams, number: int, ways: Iterable[str] = WAYS) -> dict[str, Curve]:
    """The global basis, each way of so many clusters, and the best with the ends of all runs."""
    return {GLOBAL: curve_of(grams, None), WITH_ENDS: curve_of(grams, clusters_of(grams, BEST, number, ends=True)),
            **{way: curve_of(grams, clusters_of(grams, way, number)) for way in ways}}


def large_table(found: dict[str, Curve], number: int) -> Table:
    """Modes for tolerances, errors at equal modes, and sizes."""
    table = Table(title=f"{number} clusters: modes for a tolerance / error with 15 modes; snapshots of a cluster",
                  title_justify="left", box=None)
    wanted = {TRAINED: (0.02, 0.01), SINGLE: (0.05, 0.02), DOUBLE: (0.05, 0.02)}
    table.add_column("clusters by")
    for group, tolerances in wanted.items():
        table.add_column(f"{group}: {' / '.join(f'{100 * one:g} %' for one in tolerances)} / 15 modes", justify="right")
    table.add_column("snapshots", justify="right")
    for name, one in found.items():
        cells = (" / ".join([*(_count(one.modes(tolerance, group)) for tolerance in tolerances),
                             f"{100 * one.quantiles[group][15]:.2g} %"]) for group, tolerances in wanted.items())
        table.add_row(name, *cells, f"{min(one.sizes)} to {max(one.sizes)}")
    return table


def table_of_counts(grams: Grams, counts: Iterable[int] = COUNTS) -> Table:
    """Modes for 1 % of the training snapshots and 5 % of the held-out ones over one track, by number of clusters."""
    counts = list(counts)
    table = Table(title="modes for 1 % of the training / for 5 % of the held-out snapshots over one track",
                  title_justify="left", box=None)
    table.add_column("clusters by")
    rows: dict[str, list[str]] = {way: [] for way in WAYS}
    for number in counts:
        table.add_column(f"K = {number}", justify="right")
        for way in WAYS:
            one = curve_of(grams, clusters_of(grams, way, number))
            rows[way].append(f"{_count(one.modes(0.01, TRAINED))} / {_count(one.modes(0.05, SINGLE))}")
    for way, cells in rows.items():
        table.add_row(way, *cells)
    return table


def _count(number: int | None) -> str:
    return "-" if number is None else str(number)


def compare(folder: Path, console: Console) -> dict[str, Curve]:
    """Both tables; what the figure is made of."""
    grams = grams_of(folder, [one.name for one in TRAINING], [one.name for one in held_out()])
    found = curves(grams, SHOWN)
    console.print(large_table(found, SHOWN))
    console.print()
    console.print(table_of_counts(grams))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("out/local_bases"), help="with the runs of strip.py")
    compare(parser.parse_args().folder, Console(width=140))
