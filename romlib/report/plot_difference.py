"""Pictures of a result beside its reference, in one scale of colours, and of their difference, in one of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from romlib.errors import InputError
from romlib.report.camera import camera
from romlib.report.colours import Colouring, colouring, difference_colouring
from romlib.report.drawn import Drawn, drawn
from romlib.report.extremes import Extremes, Spot, at_integration_points
from romlib.report.layout import BodyImage, Mark, compose, frame
from romlib.report.matching import match_times
from romlib.report.offscreen import import_pyvista
from romlib.report.picture import Picture
from romlib.report.plot_field import (
    STYLE,
    FieldPainter,
    FieldStyle,
    axis_names,
    bar_label,
    body_of,
    case_in_words,
    deformation_in_words,
    extremes_in_words,
    marks_of,
    placement_of,
    range_of,
    section_in_words,
    shown_extremes,
    step_at,
    title_of,
)
from romlib.report.source import AlignedSource, name_of, step_of_time
from romlib.report.surface import Surface, material_tags, surface_of
from romlib.results.scalar import Scalar
from romlib.results.source import StepSource

TITLES = ("ROM", "reference")


@dataclass(frozen=True, eq=False)
class Pair:
    """A scalar of a result and of its reference at one time, on the reference's surface.

    difference : result - reference, where the values of both are. on_surface, at_points : where it is largest in size,
    at the nodes that are drawn (None where others are), and at all integration points (None for a field at nodes).
    size : the largest absolute value of the reference at this time, which per cents are of.
    """

    result: Drawn
    reference: Drawn
    difference: np.ndarray
    on_surface: Spot | None
    at_points: Spot | None
    size: float

    def per_cent(self, spot: Spot) -> float:
        """Of the reference's largest value; NaN where that is zero."""
        return 100.0 * abs(spot.value) / self.size if self.size > 0 else float("nan")


@dataclass(frozen=True, eq=False)
class Differences:
    """What is compared: a result in the pieces of its reference."""

    result: AlignedSource
    reference: StepSource
    scalar: Scalar
    surface: Surface

    @classmethod
    def of(cls, result: StepSource, reference: StepSource, name: str) -> Differences:
        """For a field, or a component of one.

        Raises
        ------
        InputError : one of the files has no such field, or has it elsewhere.
        """
        scalar, other = Scalar.named(result, name), Scalar.named(reference, name)
        if (scalar.spec.place, scalar.spec.n_comp) != (other.spec.place, other.spec.n_comp):
            raise InputError(f"the field {name} is not the same in the two files", file=reference.path,
                             expected=f"{scalar.spec.n_comp} components per {scalar.spec.place}",
                             found=f"{other.spec.n_comp} per {other.spec.place}")
        tags = material_tags(result.model if result.model.materials else reference.model)  # the same places in both
        return cls(AlignedSource(result, reference), reference, scalar, surface_of(reference, tags))

    def common_steps(self) -> tuple[list[int], list[int]]:
        """Steps of result and reference at the times that both have; InputError without any."""
        match = match_times(self.result.times, self.reference.times)
        if not len(match.candidate):
            raise InputError("the two files have no time in common", file=self.result.path,
                             place=str(self.reference.path))
        return [int(k) for k in match.candidate], [int(k) for k in match.reference]

    def pairs(self, steps: Sequence[tuple[int, int]], style: FieldStyle) -> Iterator[Pair]:
        """At pairs of steps of result and reference, one after the other."""
        ours, theirs = ([pair[k] for pair in steps] for k in (0, 1))
        for a, b in zip(drawn(self.result, self.surface, self.scalar, ours, style.at),
                        drawn(self.reference, self.surface, self.scalar, theirs, style.at)):
            yield self._pair(a, b)

    def _pair(self, a: Drawn, b: Drawn) -> Pair:
        difference, surface = a.values - b.values, self.surface
        there = np.isfinite(difference)
        on_surface = None
        if there.any() and b.at == "nodes":
            k = int(np.argmax(np.where(there, np.abs(difference), -1.0)))
            x, y, z = (float(c) for c in surface.points[k])
            on_surface = Spot(float(difference[k]), f"node {surface.node_ids[k]}", (x, y, z))
        kind = b.points if self.scalar.spec.place == "ip" else b.nodal
        size = max((abs(spot.value) for spot in (kind.largest, kind.smallest) if spot is not None), default=0.0)
        return Pair(a, b, difference, on_surface, self._at_points(a.step, b.step), size)

    def _at_points(self, ours: int, theirs: int) -> Spot | None:
        if self.scalar.spec.place == "node":
            return None
        found = Extremes()
        for piece in range(self.reference.n_piece):
            difference = (self.scalar.values(self.result.read(self.scalar.field, piece, ours))
                          - self.scalar.values(self.reference.read(self.scalar.field, piece, theirs)))
            found = found.joined(at_integration_points(self.reference.mesh(piece), difference[None])[0])
        return max((spot for spot in (found.largest, found.smallest) if spot), key=lambda s: abs(s.value), default=None)


def draw_difference(
    result: StepSource, reference: StepSource, name: str, *, time: object = "last", step: int | None = None,
    style: FieldStyle = STYLE, titles: tuple[str, str] = TITLES,
) -> Picture:
    """A field of a result, of its reference, and the difference, at a time that both have.

    Parameters
    ----------
    time, step : of the result; "last" is the last time that both have. titles : of result and reference.

    Raises
    ------
    InputError : see `Differences`; no such time in one of the files; pyvista or matplotlib is not installed.
    """
    import_pyvista()
    compared = Differences.of(result, reference, name)
    if time == "last" and step is None:
        ours, theirs = (steps[-1] for steps in compared.common_steps())
    else:
        ours = step_at(result, time, step)
        theirs = step_of_time(reference, float(result.times[ours]))
    pair = next(compared.pairs([(ours, theirs)], style))
    return DifferencePainter(compared, style, titles, [pair]).paint(pair)


class DifferencePainter:
    """Draws pairs of steps with the same scales, view and factor of the displacement.

    pairs : those that are drawn, or the ones among them that count.
    """

    def __init__(
        self, compared: Differences, style: FieldStyle, titles: tuple[str, str], pairs: Sequence[Pair]
    ) -> None:
        self.compared, self.titles = compared, titles
        both = [values for pair in pairs for values in (pair.result, pair.reference)]
        limits = range_of(both, compared.scalar)
        self.colours = (colouring(*limits, compared.scalar.signed) if style.limits is None else Colouring(style.limits))
        self.of_difference = difference_colouring(max(
            (float(np.nanmax(np.abs(pair.difference))) for pair in pairs if np.isfinite(pair.difference).any()),
            default=0.0))
        one = FieldPainter(compared.reference, compared.scalar, compared.surface, style, both, self.colours)
        self.style = one.style
        self.room = frame(3, 2, 4 if compared.scalar.spec.place == "ip" else 3, style.width, titles=True)
        self.camera = camera(one.everywhere, one.look, self.room.body[0] / self.room.body[1])

    def paint(self, pair: Pair) -> Picture:
        """One pair of steps."""
        scalar, reference = self.compared.scalar, self.compared.reference
        bodies = [self._body(pair.result, pair.result.values, self.colours, self.titles[0], False),
                  self._body(pair.reference, pair.reference.values, self.colours, self.titles[1], True),
                  self._difference(pair)]
        time = float(reference.times[pair.reference.step])
        caption = self._caption(pair)
        names = f"{self.compared.result.title} against {name_of(reference)}"
        titles = "  ·  ".join(part for part in (
            case_in_words(self.style.case), names, section_in_words(reference)) if part)
        image = compose(self.room, bodies, title_of(scalar, time, reference), titles, caption)
        return Picture(image, scalar.label, scalar.unit, time, pair.result.step, self.style.scale or 0.0,
                       *self.colours.limits, placement_of(scalar, self.style.at), pair.result.nodal,
                       pair.result.points, tuple(caption), differences=self._spots(pair))

    def _body(self, values: Drawn, shown: np.ndarray, colours: Colouring, title: str, bar: bool) -> BodyImage:
        surface, scale, scalar = self.compared.surface, self.style.scale or 0.0, self.compared.scalar
        pixels = body_of(surface, values, shown, colours, self.camera, self.room, self.style)
        marks = marks_of(shown_extremes(values, scalar), values, surface, scale, self.camera, self.room, scalar)
        return BodyImage(pixels, colours, bar_label(scalar), title, marks, bar, bool(np.isnan(shown).any()))

    def _difference(self, pair: Pair) -> BodyImage:
        title = f"{self.titles[0]} - {self.titles[1]}"
        body = self._body(pair.reference, pair.difference, self.of_difference, title, True)
        spot, scalar = pair.on_surface or pair.at_points, self.compared.scalar
        marks: tuple[Mark, ...] = ()
        if spot is not None and spot.value:
            found = marks_of(Extremes(spot, replace(spot, value=-abs(spot.value) - 1.0)), pair.reference,
                             self.compared.surface, self.style.scale or 0.0, self.camera, self.room,
                             replace(scalar, signed=False))
            marks = (replace(found[0], text=self._difference_in_words(pair, spot)),)
        return replace(body, marks=marks, label="difference\n" + bar_label(scalar).replace("\n", " "),
                       axes=self.camera.axes, axis_names=axis_names(self.compared.reference))

    def _difference_in_words(self, pair: Pair, spot: Spot) -> str:
        unit = f" {self.compared.scalar.unit}" if self.compared.scalar.unit else ""
        per_cent = f"{pair.per_cent(spot):.2g} %" if pair.size > 0 else "the reference is zero"
        return f"{spot.value:+.3g}{unit} ({per_cent}), {spot.where}"

    def _spots(self, pair: Pair) -> dict[str, object]:
        spots = {"largest difference on the surface": pair.on_surface,
                 "largest difference at integration points": pair.at_points}
        return {name: {**spot.to_dict(), "per cent": pair.per_cent(spot)} for name, spot in spots.items() if spot}

    def _caption(self, pair: Pair) -> list[str]:
        both = [f"{title}: {'; '.join(extremes_in_words(values, self.compared.scalar))}"
                for title, values in zip(self.titles, (pair.result, pair.reference))]
        places = {"at nodes of the surface": pair.on_surface, "at integration points": pair.at_points}
        spots = [f"{where} {self._difference_in_words(pair, spot)}" for where, spot in places.items() if spot]
        difference = (f"largest difference {'; '.join(spots)}; per cent are of the largest value of {self.titles[1]} "
                      "at this time" if spots else "no difference: there is no value")
        return [*both, difference,
                f"{deformation_in_words(self.style.scale)}; {placement_of(self.compared.scalar, self.style.at)}"]
