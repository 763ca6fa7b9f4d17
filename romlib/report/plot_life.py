"""Curves of hot spots: strain over time, the loop of stress and strain, and which cycles do the damage."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np

from romlib.life.judge import Judged
from romlib.life.table import LifeTable
from romlib.model import UnitSystem
from romlib.report.curves import curves, cycle, plain, with_own_settings
from romlib.report.picture import write_figure

_MOST = 3  # hot spots in one picture
_SMALL = 0.01  # of the largest range: cycles below do no damage that could be seen


class Spot(Protocol):
    """What a curve needs of `romlib.study.life_result.HotSpot`."""

    @property
    def place(self) -> str:
        """In words."""

    @property
    def strain(self) -> np.ndarray:
        """(n_step,)."""

    @property
    def stress(self) -> np.ndarray | None:
        """(n_step,)."""

    @property
    def judged(self) -> Judged | None:
        """Its damaging cycles."""


class Found(Protocol):
    """What a picture needs of `romlib.study.life_result.Life`."""

    @property
    def name(self) -> str:
        """Of the run."""

    @property
    def times(self) -> np.ndarray:
        """(n_step,)."""

    @property
    def units(self) -> UnitSystem:
        """Of the run."""

    @property
    def table(self) -> LifeTable:
        """How cycles were counted."""

    @property
    def spots(self) -> Any:
        """Of `Spot`s, the first one the worst."""


@with_own_settings
def plot_life(found: Found, output: Path) -> None:
    """Write a PNG of the first hot spots; `life_figure` says what is in it."""
    write_figure(output, life_figure(found))


def life_figure(found: Found) -> Any:
    """A figure of the first hot spots: strain over time; stress over strain; damage by the range of the cycles."""
    spots = list(found.spots)[:_MOST]
    stressed, judged = any(s.stress is not None for s in spots), any(s.judged is not None for s in spots)
    figure = curves(1, 1 + stressed + judged, (6.2 * (1 + stressed + judged), 5.2))
    axes = list(figure.axes)
    measure = plain(found.table.used_measure.replace("_", " "))
    for number, (colour, spot) in enumerate(zip(cycle(_MOST), spots), 1):
        label = plain(f"{number}: {spot.place}")
        axes[0].plot(found.times, spot.strain, color=colour, linewidth=1.6, label=label)
        if spot.stress is not None:
            axes[1].plot(spot.strain, spot.stress, color=colour, linewidth=1.3)
        if spot.judged is not None and len(spot.judged.damage):
            _damage(axes[-1], spot.judged, colour)
    axes[0].set_title("Strain at hot spots")
    axes[0].set_xlabel(f"time ({plain(found.units.time)})")
    axes[0].set_ylabel(f"strain, {measure}")
    if stressed:
        axes[1].set_title("Loops")
        axes[1].set_xlabel(f"strain, {measure}")
        axes[1].set_ylabel(f"stress, {measure} ({plain(found.units.stress)})")
    if judged:
        axes[-1].set_title("Damage, summed from the largest cycle down")
        axes[-1].set_xlabel("strain range of the cycles so far, at least")
        axes[-1].set_ylabel("damage of one run")
        axes[-1].invert_xaxis()
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=1, frameon=False)
    figure.suptitle(plain(Path(found.name).name), fontsize=12)
    return figure


def _damage(axes: Any, judged: Judged, colour: str) -> None:
    """A line that rises with each cycle, the largest first, without the smallest ones and what breaks at once."""
    order = np.argsort(-judged.strain, kind="stable")
    total = np.cumsum(judged.damage[order])
    seen = np.isfinite(total) & (judged.strain[order] > _SMALL * judged.strain.max())
    if seen.any():
        axes.step(judged.strain[order][seen], total[seen], where="post", color=colour, marker="o", markersize=4)
