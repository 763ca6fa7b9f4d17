"""Pictures of a field on the deformed mesh: one step, or a result, its reference and their difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from romlib.errors import InputError
from romlib.report.camera import Camera, Look, camera, hidden, look_at
from romlib.report.colours import Colouring, colouring, same, value_range
from romlib.report.drawn import Drawn, Placement, drawn
from romlib.report.extremes import Extremes, Spot
from romlib.report.layout import BodyImage, Frame, Mark, compose, frame
from romlib.report.offscreen import import_pyvista
from romlib.report.picture import Picture
from romlib.report.render import facing, render
from romlib.report.source import name_of
from romlib.report.surface import Surface, surface_of
from romlib.results.scalar import Scalar
from romlib.results.source import StepSource
from romlib.words import plural, shortened

_DEFORMATION = 0.07  # of the diagonal: the largest displacement in a picture whose scale is left open
_PLACEMENTS = {"nodes": "values at integration points extrapolated to the nodes, averaged by material",
               "cells": "mean of the integration points of each cell",
               "points": "integration points of the cells at the surface"}


@dataclass(frozen=True)
class FieldStyle:
    """How a field is drawn.

    scale : factor of the displacement; by default such that the largest one shows well (a round number).
    at : whether values at integration points are shown at nodes (extrapolated and averaged), as means of cells, or
    as points.
    limits : of the colours; by default the range of the values. edges : of the elements; by default where they do not
    hide the colours. look : where the eye is; by default where it sees the largest value. width : in pixels.
    case : its name, for the title.
    """

    scale: float | None = None
    at: Placement = "nodes"
    limits: tuple[float, float] | None = None
    edges: bool | None = None
    look: Look | None = None
    width: int | None = None
    case: str = ""

    def __post_init__(self) -> None:
        if self.scale is not None and not np.isfinite(self.scale):
            raise InputError("the scale of the displacement is not finite", place="--deformed", found=self.scale)
        if self.limits is not None and not self.limits[0] < self.limits[1]:
            raise InputError("the limits of the colours are not two growing numbers", place="--limits",
                             found=self.limits)
        if self.width is not None and not 200 <= self.width <= 8000:
            raise InputError("the width of the picture is out of range", place="--width", expected="200 to 8000 pixels",
                             found=self.width)
        if self.look is not None and not np.linalg.norm(self.look.direction) > 0:
            raise InputError("the direction of the view is zero", place="--view", found=self.look.direction)


STYLE = FieldStyle()


def draw_field(source: StepSource, name: str, *, step: int, style: FieldStyle = STYLE) -> Picture:
    """A field at a step on the deformed mesh, with its largest value marked, as a picture in memory.

    Parameters
    ----------
    name : a field, or one of its components, as `Scalar.named` takes it.

    Raises
    ------
    InputError : unknown field; pyvista or matplotlib is not installed.
    """
    import_pyvista()
    scalar, surface = Scalar.named(source, name), surface_of(source)
    values = next(drawn(source, surface, scalar, [step_at(source, "last", step)], style.at))
    lowest, highest = range_of([values], scalar)
    colours = colouring(lowest, highest, scalar.signed) if style.limits is None else Colouring(style.limits)
    return FieldPainter(source, scalar, surface, style, [values], colours).paint(values)


def range_of(steps: Sequence[Drawn], scalar: Scalar) -> tuple[float, float]:
    """Smallest and largest value of those that are shown, but of means of cells also where it is inside the body."""
    extremes = [shown_extremes(values, scalar) for values in steps if values.at != "cells"]
    inside = [np.array([spot.value]) for one in extremes for spot in (one.largest, one.smallest) if spot]
    return value_range(*(values.values for values in steps), *inside)


class FieldPainter:
    """Draws steps of one field from one place, with one scale of colours and one factor of the displacement.

    steps : those that are drawn, or the ones among them that count: what moves most, and where the largest value is.
    """

    def __init__(
        self, source: StepSource, scalar: Scalar, surface: Surface, style: FieldStyle, steps: Sequence[Drawn],
        colours: Colouring,
    ) -> None:
        self.source, self.scalar, self.surface, self.colours = source, scalar, surface, colours
        moved = max((values.displacement for values in steps), key=lambda u: float(np.abs(u).max(initial=0.0)))
        scale = round_scale(surface.points, moved) if style.scale is None else style.scale
        self.style = replace(style, scale=scale)
        self.room = frame(1, 1, 3 if scalar.spec.place == "ip" else 2, style.width)
        self.look = style.look or self._look(surface.points + scale * moved, steps)
        self.everywhere = np.concatenate([surface.points, surface.points + scale * moved])
        self.camera = camera(self.everywhere, self.look, self.room.body[0] / self.room.body[1])

    def paint(self, values: Drawn) -> Picture:
        """One step."""
        scale, surface = self.style.scale or 0.0, self.surface
        pixels = body_of(surface, values, values.values, self.colours, self.camera, self.room, self.style)
        marks = marks_of(shown_extremes(values, self.scalar), values, surface, scale, self.camera, self.room,
                         self.scalar)
        body = BodyImage(pixels, self.colours, bar_label(self.scalar), marks=marks, axes=self.camera.axes,
                         axis_names=axis_names(self.source),
                         absent=bool(np.isnan(values.values).any()))
        time = float(self.source.times[values.step])
        caption = self._caption(values)
        image = compose(self.room, [body], title_of(self.scalar, time, self.source),
                        titled(self.style.case, self.source), caption)
        lowest, highest = value_range(values.values)
        return Picture(image, self.scalar.label, self.scalar.unit, time, values.step, scale, lowest, highest,
                       placement_of(self.scalar, self.style.at), values.nodal, values.points, tuple(caption))

    def _look(self, points: np.ndarray, steps: Sequence[Drawn]) -> Look:
        spots = [spot for values in steps if (spot := shown_extremes(values, self.scalar).largest)]
        if not spots:
            return look_at(points, triangles(self.surface), None)
        place = np.array(max(spots, key=lambda spot: spot.value).coordinates)
        nearest = int(np.argmin(np.linalg.norm(self.surface.points - place, axis=1)))
        return look_at(points, triangles(self.surface), points[nearest])

    def _caption(self, values: Drawn) -> list[str]:
        return [*extremes_in_words(values, self.scalar),
                f"{deformation_in_words(self.style.scale)}; {placement_of(self.scalar, self.style.at)}"]


def title_of(scalar: Scalar, time: float, source: StepSource) -> str:
    """Field, unit and time."""
    return f"{scalar.title} at t = {time:.6g} {source.model.units.time}"


def titled(case: str, source: StepSource) -> str:
    """Case, file, and of a model of two dimensions which it is."""
    return "  ·  ".join(part for part in (case_in_words(case), name_of(source), section_in_words(source)) if part)


def section_in_words(source: StepSource) -> str:
    """What a section in the plane of x and y stands for; "" for a solid."""
    motion = source.mesh(0).motion
    if motion.axisymmetric:
        return "axisymmetric: x is the radius, y along the axis, zz round it"
    return motion.name if motion.dimension == 2 else ""


def axis_names(source: StepSource) -> tuple[str, str, str]:
    """Of the coordinates, at the small cross: of an axisymmetric body x is its radius."""
    return ("x = r", "y", "z") if source.mesh(0).motion.axisymmetric else ("x", "y", "z")


def case_in_words(case: str) -> str:
    """One line of moderate length: it may come from somebody else's file."""
    return f"case {shortened(' '.join(case.split()), 60)}" if case else ""


def placement_of(scalar: Scalar, at: Placement) -> str:
    """Where the values that are shown are, in words."""
    return "values at nodes" if scalar.spec.place == "node" else _PLACEMENTS[at]


def deformation_in_words(scale: float | None) -> str:
    """The factor of the displacement."""
    return f"displacement x {scale:g}" if scale else "undeformed"


def extremes_in_words(values: Drawn, scalar: Scalar) -> list[str]:
    """One line a kind of place: the largest value, and of a signed scalar the smallest."""
    kinds = [("values at nodes" if scalar.spec.place == "node" else "nodal averages", values.nodal)]
    if scalar.spec.place == "ip":
        kinds.append(("values at integration points", values.points))
    lines = []
    for kind, extremes in kinds:
        if extremes.largest is None or extremes.smallest is None:
            lines.append(f"no {kind}")
            continue
        smallest = f"; smallest {extremes.smallest.described(scalar.unit)}" if scalar.signed else ""
        lines.append(f"largest of the {kind}: {extremes.largest.described(scalar.unit)}{smallest}")
    return lines


def shown_extremes(values: Drawn, scalar: Scalar) -> Extremes:
    """Those that belong to the values that are shown: of nodes, or (also for means of cells) of integration points."""
    return values.points if scalar.spec.place == "ip" and values.at != "nodes" else values.nodal


def body_of(
    surface: Surface, values: Drawn, shown: np.ndarray, colours: Colouring, eye: Camera, room: Frame, style: FieldStyle
) -> np.ndarray:
    """The body in the colours of `shown`, which are where the values are, as pixels."""
    scale, cloud = style.scale or 0.0, None
    points = surface.points + scale * values.displacement
    if values.cloud is not None:
        seen = np.isin(values.cloud.cells, surface.cells[facing(surface, points, eye)])
        cloud, shown = values.cloud.deformed(scale)[seen], shown[seen]
    return render(surface, points, shown, colours, eye, room.body, at=values.at, cloud=cloud, undeformed=scale != 0,
                  edges=style.edges)


def marks_of(
    extremes: Extremes, values: Drawn, surface: Surface, scale: float, eye: Camera, room: Frame, scalar: Scalar
) -> tuple[Mark, ...]:
    """The largest value, and where the scalar has both signs the smallest, as places in the picture."""
    spots: list[tuple[str, Spot]] = []
    largest, smallest = extremes.largest, extremes.smallest
    if largest is None or smallest is None or same(smallest.value, largest.value):
        return ()
    if scalar.signed and smallest.value < 0:
        spots.append(("min", smallest))
    if not scalar.signed or largest.value > 0:
        spots.append(("max", largest))
    marks = []
    for word, spot in spots:
        place = np.array(spot.coordinates)
        nearest = int(np.argmin(np.linalg.norm(surface.points - place, axis=1)))
        points = surface.points + scale * values.displacement
        moved = place + scale * values.displacement[nearest]
        x, y = eye.pixels(moved[None], room.body)[0]
        inside = float(np.linalg.norm(surface.points[nearest] - place)) > 1e-9 * eye.depth
        if values.at == "points":  # drawn as they are, not behind faces
            inside = False
        marks.append(Mark((float(x), float(y)), f"{word} {spot.value:.4g}{' ' + scalar.unit if scalar.unit else ''}, "
                          f"{spot.where}", inside or hidden(points, triangles(surface), points[nearest], eye.axes[2]),
                          below=word == "min"))
    return tuple(marks)


def triangles(surface: Surface) -> np.ndarray:
    """The faces as flat triangles between their corners, (n, 3)."""
    parts = []
    for block in surface.blocks:
        nodes = block.connectivity
        parts.append(nodes[:, :3])
        if block.face_type.startswith("quad"):
            parts.append(nodes[:, [0, 2, 3]])
    return np.concatenate(parts)


def bar_label(scalar: Scalar) -> str:
    """Label and unit on two lines."""
    first, _, last = scalar.label.rpartition(" ")
    unit = f" ({scalar.unit})" if scalar.unit else ""
    return f"{first}\n{last}{unit}" if first else f"{last}{unit}"


def step_at(source: StepSource, time: Any, step: int | None = None) -> int:
    """The number of a step: `step` itself where given (negative: from the end), else that of a time, or of "last".

    Raises
    ------
    InputError : no such step; no such time (the nearest ones are named).
    """
    times, n = np.asarray(source.times), source.n_step
    if step is not None:
        if not -n <= step < n:
            raise InputError("there is no such step", file=source.path, expected=f"0 to {n - 1}", found=step)
        return step % n
    if time == "last":
        return n - 1
    try:
        wanted = float(time)
    except (TypeError, ValueError):
        raise InputError("this is no time", place="--time", expected="a number, last, or all", found=time) from None
    nearest = int(np.argmin(np.abs(times - wanted)))
    if not abs(times[nearest] - wanted) <= 1e-6 * max(float(np.ptp(times)), 1e-300):  # so that NaN is no time either
        close = sorted(float(t) for t in times[np.argsort(np.abs(times - wanted))[:2]])
        raise InputError("the file has no step at this time", file=source.path, place="--time", found=wanted,
                         expected=f"{plural(n, 'time')} from {times[0]:.6g} to {times[-1]:.6g}",
                         remedy="take one of " + ", ".join(f"{t:.6g}" for t in close))
    return nearest


def round_scale(points: np.ndarray, displacement: np.ndarray) -> float:
    """A factor 1, 2 or 5 times a power of ten that makes the largest displacement show; 0 where nothing moves."""
    largest = float(np.linalg.norm(displacement, axis=1).max(initial=0.0))
    diagonal = float(np.linalg.norm(np.ptp(points, axis=0)))
    if largest <= 1e-12 * diagonal:
        return 0.0
    wanted = _DEFORMATION * diagonal / largest
    power = 10.0 ** np.floor(np.log10(wanted))
    return float(power * max(step for step in (1, 2, 5) if step * power <= wanted * (1 + 1e-9)))
