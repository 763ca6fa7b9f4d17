"""A picture: drawn in memory, then written at once, so that what it needs is known when there is no room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from romlib.errors import InputError
from romlib.report.extremes import Extremes
from romlib.snapshots.atomic import write_atomically


@dataclass(frozen=True, eq=False)
class Picture:
    """A field at one time, as drawn; a notebook shows it.

    pixels : (height, width, 3) uint8. label, unit : of the scalar. time, step. scale : of the displacement.
    lowest, highest : of the values that are shown. placement : where these are, in words.
    nodal, points : extremes at nodes (of nodal averages) and at integration points, with their places.
    caption : the lines below the picture. differences : from a reference, by name of what is stated of them.
    """

    pixels: np.ndarray
    label: str
    unit: str
    time: float
    step: int
    scale: float
    lowest: float
    highest: float
    placement: str
    nodal: Extremes
    points: Extremes
    caption: tuple[str, ...] = ()
    differences: Mapping[str, Any] = field(default_factory=dict)

    def write(self, output: str | Path) -> None:
        """Write a PNG, as a whole or not at all."""
        write_image(output, self.pixels)

    def _repr_png_(self) -> bytes:
        return png(self.pixels)

    def __repr__(self) -> str:
        height, width = self.pixels.shape[:2]
        return f"Picture({self.label} at t = {self.time:g}, {width} x {height} pixels; {'; '.join(self.caption)})"

    def to_dict(self) -> dict[str, Any]:
        """What is in it, for JSON."""
        spots = {"largest of nodal averages" if self.points.largest else "largest at nodes": self.nodal.largest,
                 "largest at integration points": self.points.largest}
        return {"field": self.label, "unit": self.unit, "time": self.time, "step": self.step,
                "deformation scale": self.scale, "lowest": self.lowest, "highest": self.highest,
                "values": self.placement,
                **{name: spot.to_dict() for name, spot in spots.items() if spot is not None},
                **self.differences}


@dataclass(frozen=True, eq=False)
class Curves:
    """Curves, as drawn; a notebook shows them. data : PNG. figure : of matplotlib, to be changed and saved."""

    data: bytes
    figure: Any = None

    def write(self, output: str | Path) -> None:
        """Write a PNG, as a whole or not at all."""
        check_suffix(output)
        write_atomically(output, self.data)

    def _repr_png_(self) -> bytes:
        return self.data

    def __repr__(self) -> str:
        return f"Curves({len(self.data)} bytes of PNG)"


def check_suffix(output: str | Path) -> None:
    """InputError where the name of a still picture is not that of a PNG: what is written is one."""
    if Path(output).suffix.lower() not in (".png", ""):
        raise InputError("this kind of picture is not written", file=output, expected=".png",
                         found=Path(output).suffix, remedy="give a name that ends in .png (.gif and .mp4 are for "
                         "--time all)")


def png(image: np.ndarray) -> bytes:
    """Pixels (rows, columns, 3 or 4) as PNG."""
    from matplotlib.image import imsave

    drawn = BytesIO()
    imsave(drawn, image, format="png")
    return drawn.getvalue()


def write_image(output: str | Path, image: np.ndarray) -> None:
    """Write pixels (rows, columns, 3 or 4) as PNG."""
    check_suffix(output)
    write_atomically(output, png(image))


def write_figure(output: str | Path, figure: Any) -> None:
    """Write a figure of matplotlib as PNG."""
    figure_as_curves(figure).write(output)


def figure_as_curves(figure: Any) -> Curves:
    """A figure of matplotlib, drawn."""
    drawn = BytesIO()
    figure.savefig(drawn, format="png")
    return Curves(drawn.getvalue(), figure)
