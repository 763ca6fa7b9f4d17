"""A picture put together: bodies from left to right, their scales, marks at places, title and caption."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

import numpy as np

from romlib.report.colours import ABSENT, Colouring
from romlib.report.curves import matplotlib_or_refuse, plain

INK, GREY = "#222222", "#5b6470"
_BAR, _LINE = 210, 30  # pixels of a picture at full size: width of a scale with its numbers, height of a line of text
_TITLE, _PANEL_TITLE, _EDGE = 96, 44, 36
_SEEN_LENGTH = 0.25  # of an axis of coordinates, as part of its length: a shorter one is drawn over its own letter
_AXES = ("#b5452c", "#3a8f5c", "#3b6fb6")


@dataclass(frozen=True)
class Mark:
    """A place in a body that has a name. place : pixels from the left and the top of the body. text : beside it.

    hidden : behind or inside the body, as seen here. below : the text is below the place.
    """

    place: tuple[float, float]
    text: str
    hidden: bool = False
    below: bool = False


@dataclass(frozen=True, eq=False)
class BodyImage:
    """A body as rendered. pixels : (height, width, 3). label : of the scale, which is not drawn where `bar` is false.

    title : above it. absent : whether parts have no value. numbers : format of the scale.
    axes : (3, 3), those of the camera, for a small cross of coordinates under the scale; None for none.
    axis_names : what stands at the ends of the cross.
    """

    pixels: np.ndarray
    colouring: Colouring
    label: str
    title: str = ""
    marks: tuple[Mark, ...] = ()
    bar: bool = True
    absent: bool = False
    numbers: str = "%.3g"
    axes: np.ndarray | None = None
    axis_names: tuple[str, str, str] = ("x", "y", "z")


@dataclass(frozen=True)
class Frame:
    """Pixels of a picture at full size: of the whole (width, height), and of each body."""

    size: tuple[int, int]
    body: tuple[int, int]
    factor: float


def frame(n_body: int, n_bar: int, n_caption: int, width: int | None = None, titles: bool = False) -> Frame:
    """The room for some bodies and scales. width : of the whole picture in pixels, 1600 for one body by default."""
    body = (1340, 1000) if n_body == 1 else (680, 860)
    full = (n_body * body[0] + n_bar * _BAR + _EDGE,
            body[1] + _TITLE + n_caption * _LINE + 20 + (_PANEL_TITLE if titles else 0))
    factor = 1.0 if width is None else width / full[0]
    size = (2 * round(0.5 * factor * full[0]), 2 * round(0.5 * factor * full[1]))  # even, as films have to be
    return Frame(size, (round(factor * body[0]), round(factor * body[1])), factor)


def compose(
    room: Frame, bodies: Sequence[BodyImage], title: str, subtitle: str, caption: Sequence[str]
) -> np.ndarray:
    """The whole picture, (height, width, 3) uint8."""
    matplotlib = matplotlib_or_refuse()
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # as `romlib.report.curves.with_own_settings` does, and for the same reason
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        width, height = room.size
        figure = Figure(figsize=(width / 100, height / 100), dpi=100, facecolor="white")
        canvas = FigureCanvasAgg(figure)
        draw = _Drawing(figure, room)
        x = 0.4 * _EDGE * room.factor
        for body in bodies:
            x = draw.body(body, x)
        draw.text(_EDGE, 52, title, 25, INK, weight="bold")
        draw.text(_EDGE, 86, subtitle, 17, GREY)
        for k, line in enumerate(reversed(caption)):
            draw.text(_EDGE, height / room.factor - 18 - k * _LINE, line, 16.5, INK if k == len(caption) - 1 else GREY)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., :3].copy()


@dataclass
class _Drawing:
    figure: Any
    room: Frame

    def text(self, x: float, y: float, text: str, size: float, colour: str, **options: Any) -> None:
        """Text whose foot is at y from the top, in pixels at full size; `size` too is in these pixels."""
        width, height = self.room.size
        self.figure.text(x * self.room.factor / width, 1.0 - y * self.room.factor / height, plain(text), color=colour,
                         fontsize=0.72 * size * self.room.factor, **options)

    def body(self, body: BodyImage, x: float) -> float:
        """One body with its title, marks and scale, from x on; where the next one begins."""
        width, height = self.room.size
        top = round((_TITLE + (_PANEL_TITLE if body.title else 0)) * self.room.factor)
        n_row, n_column = body.pixels.shape[:2]
        self.figure.figimage(body.pixels, xo=round(x), yo=height - top - n_row, origin="upper", zorder=-1)
        over = self.figure.add_axes((round(x) / width, 1.0 - (top + n_row) / height, n_column / width, n_row / height))
        over.set(xlim=(0, n_column), ylim=(n_row, 0))
        over.axis("off")
        for mark in body.marks:  # a close look may leave the place out; the lines below name it all the same
            if 0 <= mark.place[0] <= n_column and 0 <= mark.place[1] <= n_row:
                self._mark(over, mark, n_column)
        if body.title:
            self.text(x / self.room.factor + 0.5 * n_column / self.room.factor, top / self.room.factor - 12, body.title,
                      20, INK, ha="center")
        if not body.bar:
            return x + n_column
        self._bar(body, x + n_column, top, n_row)
        if body.axes is not None:
            self._cross(body.axes, body.axis_names, x + n_column + 10 * self.room.factor, top + n_row)
        return x + n_column + _BAR * self.room.factor

    def _cross(self, directions: np.ndarray, names: Sequence[str], x: float, bottom: float) -> None:
        """x, y and z as they are seen, under the scale; those towards the eye last, over the others. What is along the
        line of sight is not drawn: the z of a section."""
        width, height = self.room.size
        half, length = 66 * self.room.factor, 46 * self.room.factor
        axes = self.figure.add_axes((x / width, 1.0 - bottom / height, 2 * half / width, 2 * half / height))
        axes.set(xlim=(-half, half), ylim=(-half, half))
        axes.axis("off")
        seen = [k for k in np.argsort(directions[2]) if np.hypot(*directions[:2, k]) > _SEEN_LENGTH]
        for k in seen:
            right, up = length * directions[:2, k]
            axes.annotate("", (right, up), (0, 0), arrowprops={
                "arrowstyle": "-|>", "color": _AXES[k], "linewidth": 2.2 * self.room.factor, "shrinkA": 0, "shrinkB": 0,
                "mutation_scale": 13 * self.room.factor})
            axes.text(1.32 * right, 1.32 * up, names[k], color=INK, ha="center", va="center",
                      fontsize=12.5 * self.room.factor)

    def _mark(self, axes: Any, mark: Mark, width: int) -> None:
        x, y = mark.place
        size = 13 * self.room.factor
        axes.plot([x], [y], marker="o", markersize=size, markerfacecolor="none", markeredgecolor="white",
                  markeredgewidth=0.36 * size, clip_on=False)
        axes.plot([x], [y], marker="o", markersize=size, markerfacecolor="none" if mark.hidden else "#e0007a",
                  markeredgecolor=INK, markeredgewidth=0.14 * size, clip_on=False)
        left = x > 0.55 * width
        axes.annotate(
            plain("\n".join(wrap(mark.text, 30))), (x, y),
            xytext=((-1.3 if left else 1.3) * size, (-1.2 if mark.below else 1.2) * size),
            textcoords="offset points", ha="right" if left else "left",
            va="top" if mark.below else "bottom", annotation_clip=False,
            fontsize=12.5 * self.room.factor, color=INK,
            bbox={"boxstyle": "round,pad=0.3", "facecolor": "white", "edgecolor": GREY, "alpha": 0.9, "linewidth": 0.7})

    def _bar(self, body: BodyImage, x: float, top: int, n_row: int) -> None:
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import Normalize

        width, height = self.room.size
        factor = self.room.factor
        high = 0.66 * n_row
        axes = self.figure.add_axes(((x + 22 * factor) / width, 1.0 - (top + 0.16 * n_row + high) / height,
                                     34 * factor / width, high / height))
        bar = self.figure.colorbar(ScalarMappable(Normalize(*body.colouring.limits), body.colouring.name), cax=axes,
                                   ticks=np.linspace(*body.colouring.limits, 7), format=body.numbers)
        bar.outline.set_linewidth(0.6 * factor)
        axes.tick_params(labelsize=12.5 * factor, color=INK, labelcolor=INK, width=0.8 * factor, length=4 * factor)
        for k, line in enumerate(reversed(body.label.split("\n"))):
            self.text((x + 14 * factor) / factor, (top + 0.16 * n_row) / factor - 16 - 24 * k, line, 17, INK)
        if body.absent:
            self.figure.text((x + 22 * factor) / width, 1.0 - (top + 0.855 * n_row) / height, "no value",
                             fontsize=12 * factor, color=INK, bbox={"facecolor": ABSENT, "edgecolor": GREY,
                                                                    "linewidth": 0.6, "pad": 4.0 * factor})
