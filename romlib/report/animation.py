"""A field over time as a film: one scale of colours, one view and one factor of the displacement for all frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from romlib.report.colours import Colouring, colouring, samples, value_range
from romlib.report.drawn import Drawn, drawn
from romlib.report.extremes import Spot
from romlib.report.film import check_film, chosen_frames, film
from romlib.report.offscreen import import_pyvista
from romlib.report.picture import Picture
from romlib.report.plot_difference import TITLES, DifferencePainter, Differences, Pair
from romlib.report.plot_field import STYLE, FieldPainter, FieldStyle, range_of
from romlib.report.surface import surface_of
from romlib.results.scalar import Scalar
from romlib.results.source import StepSource

MOST_FRAMES = 200
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Animation:
    """A film as written.

    path : of the file, or the pattern of the files. n_frame, n_step : frames, of how many steps. fps : frames a second.
    label, unit : of the scalar. scale : of the displacement. limits : of the colours. nodal, points : the largest value
    over the frames at nodes and at integration points, each with its time; None where there is none.
    """

    path: Path
    n_frame: int
    n_step: int
    fps: float
    label: str
    unit: str
    scale: float
    limits: tuple[float, float]
    nodal: tuple[Spot, float] | None
    points: tuple[Spot, float] | None

    def to_dict(self) -> dict[str, Any]:
        """What is in it, for JSON."""
        spots = {"largest of nodal averages" if self.points else "largest at nodes": self.nodal,
                 "largest at integration points": self.points}
        return {"field": self.label, "unit": self.unit, "frames": self.n_frame, "steps": self.n_step,
                "frames per second": self.fps, "deformation scale": self.scale, "colours from": self.limits[0],
                "colours to": self.limits[1],
                **{name: {**spot[0].to_dict(), "time": spot[1]} for name, spot in spots.items() if spot is not None}}


def animate_field(
    source: StepSource, name: str, output: str | Path, *, style: FieldStyle = STYLE, fps: float = 10.0,
    most: int = MOST_FRAMES, progress: Progress = lambda done, total: None,
) -> Animation:
    """Write a film of a field: GIF, MP4 or numbered PNG files, by the name of the output.

    The values are read twice: for the range of the colours, and for the frames. Held are a block of steps on the
    surface, and one frame.

    Parameters
    ----------
    most : frames; of more steps that many are shown, evenly spread. progress : called with frames done, and all.

    Raises
    ------
    InputError : unknown field; see `romlib.report.film.check_film`; pyvista or matplotlib is not installed.
    """
    import_pyvista()
    check_film(output, fps)
    scalar, surface = Scalar.named(source, name), surface_of(source)
    steps = chosen_frames(source.n_step, most)
    style = _smaller(style, 1000)
    telling, largest = _Telling[Drawn](), _Largest()
    for values in drawn(source, surface, scalar, steps, style.at):
        telling.add(values, **_scores(values, scalar))
        largest.add(values, source.times)
    kept = telling.kept
    colours = Colouring(style.limits) if style.limits else colouring(*range_of(kept, scalar), scalar.signed)
    painter = FieldPainter(source, scalar, surface, style, kept, colours)
    frames = (painter.paint(values) for values in drawn(source, surface, scalar, steps, style.at))
    keys = [painter.paint(values).pixels for values in kept]
    with film(output, painter.room.size, fps, keys, [samples(colours)]) as add:
        _add(add, frames, len(steps), progress)
    return Animation(Path(output), len(steps), source.n_step, fps, scalar.label, scalar.unit,
                     painter.style.scale or 0.0, colours.limits, largest.nodal, largest.points)


def animate_difference(
    result: StepSource, reference: StepSource, name: str, output: str | Path, *, style: FieldStyle = STYLE,
    titles: tuple[str, str] = TITLES, fps: float = 10.0, most: int = MOST_FRAMES,
    progress: Progress = lambda done, total: None,
) -> Animation:
    """Write a film of a field of a result, of its reference and of the difference, at the times that both have.

    See `animate_field`, and `romlib.report.plot_difference.draw_difference`.
    """
    import_pyvista()
    check_film(output, fps)
    compared = Differences.of(result, reference, name)
    ours, theirs = compared.common_steps()
    steps = [(ours[k], theirs[k]) for k in chosen_frames(len(ours), most)]
    style = _smaller(style, 1400)
    telling, largest, scalar = _Telling[Pair](), _Largest(), compared.scalar
    for pair in compared.pairs(steps, style):
        both = [_scores(values, scalar) for values in (pair.result, pair.reference)]
        telling.add(pair, **{name: max(scores[name] for scores in both) for name in both[0]},
                    difference=max(0.0, *(abs(v) for v in value_range(pair.difference))))
        largest.add(pair.result, result.times)
    painter = DifferencePainter(compared, style, titles, telling.kept)
    frames = (painter.paint(pair) for pair in compared.pairs(steps, style))
    keys, scales = [painter.paint(pair).pixels for pair in telling.kept], (painter.colours, painter.of_difference)
    with film(output, painter.room.size, fps, keys, [samples(scale) for scale in scales]) as add:
        _add(add, frames, len(steps), progress)
    return Animation(Path(output), len(steps), len(ours), fps, scalar.label, scalar.unit, painter.style.scale or 0.0,
                     painter.colours.limits, largest.nodal, largest.points)


Item = TypeVar("Item")


class _Telling(Generic[Item]):
    """Of many steps those that are the largest in some respect: what one scale and one view for all need to know."""

    def __init__(self) -> None:
        self._best: dict[str, tuple[float, Item]] = {}

    def add(self, item: Item, **scores: float) -> None:
        """Keep it in every respect in which it is larger than those before."""
        for name, score in scores.items():
            if name not in self._best or score > self._best[name][0]:
                self._best[name] = score, item

    @property
    def kept(self) -> list[Item]:
        """Each once."""
        return list({id(item): item for _, item in self._best.values()}.values())


def _scores(values: Drawn, scalar: Scalar) -> dict[str, float]:
    lowest, highest = range_of([values], scalar)
    return {"moved": float(np.abs(values.displacement).max(initial=0.0)), "highest": highest, "lowest": -lowest}


class _Largest:
    """The largest values over the steps, with their times."""

    def __init__(self) -> None:
        self.nodal: tuple[Spot, float] | None = None
        self.points: tuple[Spot, float] | None = None

    def add(self, values: Drawn, times: np.ndarray) -> None:
        """One step."""
        time = float(times[values.step])
        self.nodal = self._larger(self.nodal, values.nodal.largest, time)
        self.points = self._larger(self.points, values.points.largest, time)

    @staticmethod
    def _larger(held: tuple[Spot, float] | None, spot: Spot | None, time: float) -> tuple[Spot, float] | None:
        return held if spot is None or (held is not None and spot.value <= held[0].value) else (spot, time)


def _smaller(style: FieldStyle, width: int) -> FieldStyle:
    """A film is smaller than a picture, unless it is said how wide it is."""
    return style if style.width is not None else replace(style, width=width)


def _add(add: Callable[[np.ndarray], None], frames: Iterable[Picture], n: int, progress: Progress) -> None:
    for k, picture in enumerate(frames):
        add(picture.pixels)
        progress(k + 1, n)
