"""Online error against the number of integration points, for several training sets of the cubature.

    python benchmarks/cubature.py [--folder out/benchmark_plate] [--results benchmarks/results]

Trains a ROM of the perforated plate for each training set and tolerance of the cubature, runs it on the amplitude held
out, and writes a table and a figure. A few minutes.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from _plate import CASE, ROOT, Reference, Setting, convert, n_weighted, train
from rich.console import Console

from romlib.online.rom import ReducedOrderModel

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

TOLERANCES = (1e-3, 5e-4, 2e-4, 1e-4, 5e-5, 2e-5, 1e-5)
SWEEPS = ((9, "snapshots"), (9, "full_rom"), (9, "iterates"), (19, "snapshots"))
TRAINING_SETS = {
    "snapshots": "snapshots", "full_rom": "+ full-integration ROM", "iterates": "+ its Newton iterates"}
STYLES = {"snapshots": ("o", "#1f6fb4"), "full_rom": ("s", "#d9822b"), "iterates": ("^", "#3a923a")}


@dataclass(frozen=True)
class Peer:
    """Kratos RomApplication 10.4.4 on the same files: Gauss points of its elements, error of the displacement."""

    n_point: int
    error: float


PEERS = {9: Peer(1064, 3.2e-4), 19: Peer(2880, 1.4e-4)}


@dataclass(frozen=True)
class Row:
    """One trained ROM on the amplitude held out. errors : Frobenius, by field."""

    setting: Setting
    n_point: int
    n_added: int
    errors: dict[str, float]
    iterations: int
    offline: float


@dataclass(frozen=True)
class Limits:
    """What the cubature cannot mend: errors of full integration on the same modes, and of their span."""

    full: dict[str, float]
    projection: float


def sweep(folder: Path, console: Console) -> tuple[list[Row], dict[int, Limits]]:
    """All settings."""
    rows: list[Row] = []
    limits: dict[int, Limits] = {}
    reference: Reference | None = None
    for modes, training in SWEEPS:
        for tolerance in TOLERANCES:
            setting = Setting(modes, tolerance, training)
            start = time.perf_counter()
            rom, _ = train(folder, setting)
            seconds = time.perf_counter() - start
            reference = reference or Reference(folder, rom)
            if modes not in limits:
                limits[modes] = find_limits(rom, reference)
            rows.append(evaluate(rom, setting, reference, seconds))
            console.print(f"{modes} modes, {training}, {tolerance:g}: {rows[-1].n_point} points, "
                          f"u {rows[-1].errors['displacement']:.2e}  ({seconds:.0f} s)")
    return rows, limits


def evaluate(rom: ReducedOrderModel, setting: Setting, reference: Reference, seconds: float) -> Row:
    """Solve the case held out."""
    solution = rom.solve(CASE)
    n_point = n_weighted(rom)
    return Row(setting, n_point, rom.archive.points.n_point - n_point, reference.errors(solution),
               int(solution.iterations.sum()), seconds)


def find_limits(rom: ReducedOrderModel, reference: Reference) -> Limits:
    """Errors of the same modes without hyper-reduction."""
    return Limits(reference.errors(rom.solve(CASE, hyper_reduction=False)), reference.projection_error(rom))


def write_table(path: Path, rows: list[Row], limits: dict[int, Limits]) -> None:
    """Markdown."""
    lines = [
        "# Online error against integration points", "",
        "Written by `python benchmarks/cubature.py`: perforated plate, 7497 degrees of freedom, 15360 integration "
        "points, trained at 95 and 120 MPa, tested at 110 MPa. Errors are Frobenius norms over the 40 steps, relative "
        "to the full-order solution. Points: those with a weight; in brackets those added for the reconstruction of "
        "stress and p.", ""]
    for modes in limits:
        lines += _section(modes, [row for row in rows if row.setting.modes == modes], limits[modes])
    path.write_text("\n".join(lines) + "\n")


def _section(modes: int, rows: list[Row], limit: Limits) -> list[str]:
    peer = PEERS[modes]
    lines = [f"## {modes} modes", "",
             "| training set of the cubature | tolerance | points | u | stress | p | law evaluations | offline s |",
             "|---|--:|--:|--:|--:|--:|--:|--:|"]
    for row in rows:
        added = f" (+{row.n_added})" if row.n_added else ""
        errors = " | ".join(f"{row.errors[name]:.2e}" for name in ("displacement", "stress", "p"))
        lines.append(f"| {TRAINING_SETS[row.setting.training]} | {row.setting.tolerance:g} | {row.n_point}{added} | "
                     f"{errors} | {row.iterations} | {row.offline:.1f} |")
    full = " | ".join(f"{limit.full[name]:.2e}" for name in ("displacement", "stress", "p"))
    return [*lines, f"| none: full integration | | 15360 | {full} | | |",
            f"| none: best approximation in the modes | | | {limit.projection:.2e} | | | | |",
            f"| peer (Kratos RomApplication) | | {peer.n_point} | {peer.error:.2e} | | | | |", ""]


def draw(path: Path, rows: list[Row], limits: dict[int, Limits]) -> None:
    """One panel for each number of modes."""
    with plt.rc_context({"font.size": 9, "axes.titlesize": 10, "axes.spines.top": False, "axes.spines.right": False}):
        figure, panels = plt.subplots(1, len(limits), figsize=(9.2, 4.3), sharey=True, layout="constrained")
        for panel, modes in zip(panels, limits):
            _panel(panel, modes, [row for row in rows if row.setting.modes == modes], limits[modes])
        panels[0].set_ylabel("error of the displacement, held-out amplitude")
        figure.savefig(path, dpi=130)
        plt.close(figure)


def _panel(panel: Axes, modes: int, rows: list[Row], limit: Limits) -> None:
    for training, (marker, color) in STYLES.items():
        mine = [row for row in rows if row.setting.training == training]
        if mine:
            panel.plot([row.n_point for row in mine], [row.errors["displacement"] for row in mine], marker=marker,
                       color=color, markersize=5, linewidth=1.2, label=TRAINING_SETS[training])
    peer = PEERS[modes]
    panel.plot(peer.n_point, peer.error, marker="*", markersize=12, color="#b02a37", linestyle="none")
    panel.annotate("peer", (peer.n_point, peer.error), xytext=(0, 9), textcoords="offset points", ha="center",
                   color="#b02a37")
    panel.set(xscale="log", yscale="log", xlim=(28, 4500), xlabel="integration points", title=f"{modes} modes")
    for value, text in ((limit.full["displacement"], "ROM with full integration"),
                        (limit.projection, "best approximation in the modes")):
        panel.axhline(value, color="#666666", linewidth=0.9, linestyle="--", zorder=0)
        panel.annotate(text, (29, value), xytext=(0, -3), textcoords="offset points", va="top", ha="left",
                       color="#666666", fontsize=8)
    panel.xaxis.set_major_locator(FixedLocator([50, 100, 200, 500, 1000, 2000, 4000]))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.xaxis.set_minor_formatter(NullFormatter())
    panel.yaxis.set_major_locator(FixedLocator([1e-4, 2e-4, 5e-4, 1e-3, 2e-3]))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0e}".replace("e-0", "e-")))
    panel.yaxis.set_minor_formatter(NullFormatter())
    panel.grid(color="#e4e4e4", linewidth=0.6)
    panel.set_axisbelow(True)
    panel.legend(title="cubature trained on", frameon=False, loc="upper right", fontsize=8, title_fontsize=8)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("out/benchmark_plate"), help="for snapshots and ROMs")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results", help="for table and figure")
    arguments = parser.parse_args()
    console = Console(highlight=False)
    convert(arguments.folder)
    arguments.results.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    rows, limits = sweep(arguments.folder, console)
    table, figure = arguments.results / "cubature.md", arguments.results / "cubature.png"
    write_table(table, rows, limits)
    draw(figure, rows, limits)
    console.print(f"{table} and {figure} written after {time.perf_counter() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
