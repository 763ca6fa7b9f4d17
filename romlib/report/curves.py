"""The look of curves over time, and matplotlib as it is without the settings of the working folder."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from romlib.errors import InputError

COLOURS = ("#3b6fb6", "#d1662d", "#3a8f5c", "#8c5fa8", "#b0892e", "#5b6470")


Drawn = TypeVar("Drawn")


def with_own_settings(function: Callable[..., Drawn]) -> Callable[..., Drawn]:
    """Draw with matplotlib's defaults: a matplotlibrc in the working folder, which matplotlib reads by itself, may have
    come with somebody else's files, and can ask for programs to be run (text.usetex).
    """
    @functools.wraps(function)
    def drawn(*arguments: Any, **options: Any) -> Drawn:
        matplotlib = matplotlib_or_refuse()
        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            return function(*arguments, **options)

    return drawn


def matplotlib_or_refuse() -> Any:
    """matplotlib; InputError where it is not installed."""
    try:
        import matplotlib
    except ImportError as error:
        raise InputError("curves need matplotlib", found=str(error),
                         remedy="pip install 'romlib-mechanics[plot]'") from error
    return matplotlib


def plain(text: object) -> str:
    """A name for a picture: its dollar signs are no mathematics."""
    return str(text).replace("$", r"\$")


def cycle(n: int) -> list[str]:
    """Colours of n curves."""
    return [COLOURS[k % len(COLOURS)] for k in range(n)]


def legend_below(axes: Any) -> None:
    """A legend that covers no curve, where there is something to say."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3, frameon=False)


def finish(axes: Any, label: str) -> None:
    """The axis of times, and a legend outside the curves."""
    axes.set_xlabel(label)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, fontsize=9)


def curves(rows: int, columns: int, size: tuple[float, float]) -> Any:
    """A figure of its own, without the global state of pyplot."""
    matplotlib_or_refuse()
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, dpi=150, layout="constrained")
    for axes in np.atleast_1d(figure.subplots(rows, columns)).ravel():
        axes.grid(True, color="#e3e5e8", linewidth=0.8)
        axes.set_axisbelow(True)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    return figure
