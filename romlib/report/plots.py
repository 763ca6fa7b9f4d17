"""Pictures, films and curves in one call, for Python and for the command: `romlib.plot`, `romlib.plot_probes`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from romlib.errors import InputError
from romlib.report.animation import MOST_FRAMES, Animation, Progress, animate_difference, animate_field
from romlib.report.camera import Look
from romlib.report.drawn import Placement
from romlib.report.film import is_film
from romlib.report.picture import Curves, Picture, check_suffix
from romlib.report.plot_difference import TITLES, draw_difference
from romlib.report.plot_field import FieldStyle, draw_field, step_at
from romlib.report.plot_history import draw_quantities
from romlib.results.file import Results
from romlib.results.source import StepSource


def plot(
    result: Any, field: str = "displacement", path: str | Path | None = None, *, time: float | str = "last",
    step: int | None = None, against: Any = None, deformed: float | None = None, at: Placement = "nodes",
    limits: tuple[float, float] | None = None, edges: bool | None = None, view: Sequence[float] | Look | None = None,
    width: int | None = None, case: str = "", titles: tuple[str, str] = TITLES, fps: float = 10.0,
    frames: int = MOST_FRAMES, progress: Progress = lambda done, total: None,
) -> Picture | Curves | Animation:
    """A picture of a field on the deformed mesh, beside a reference, over time, or as a film.

    Parameters
    ----------
    result : a snapshots file (its path, or open), or a solution.
    field : "stress" (von Mises), "p", "displacement" (its length), or a component: "stress.xx", "displacement.y".
    path : where it is written: .png; .gif, .mp4 or frame_%03d.png for a film of all times (time="all"). Without one a
        picture or curves are returned only, and a notebook shows them.
    time : a time of the result, "last", or "all": a film where `path` is one, else curves of largest, mean and smallest
        value. step : its number instead (negative: from the end).
    against : a reference on the same mesh: the result, the reference and the difference are shown beside one another.
    deformed : factor of the displacement; 0 draws the undeformed mesh; by default a round number that shows it well.
    at : values at integration points are shown at "nodes" (extrapolated, averaged by material), as means of "cells", or
        as "points".
    limits : of the colours. edges : of the elements; by default where they do not hide the colours. view : direction in
        which the eye is, or a `Look`; by default one from which the largest value is seen.
    width : in pixels. case : its name; by default as the result knows it. titles : of result and reference.
    fps, frames : of a film, frames a second, and at most that many of them. progress : called with frames done and all.

    Returns
    -------
    Picture (values, places and pixels), Curves or Animation.

    Raises
    ------
    InputError : no such field, time or step; a name of a file that is not one of those above; pyvista or matplotlib is
        not installed.
    """
    film = path is not None and is_film(path)
    everything = time == "all" and step is None
    if film and not everything:
        raise InputError("a film shows all times", file=path, place="--time", expected="all", found=time,
                         remedy="ask for all times, or give a name that ends in .png")
    if path is not None and not film:
        check_suffix(path)
    style = FieldStyle(deformed, at, limits, edges, _look(view), width)
    with _opened(result) as source, _opened(against) as reference:
        style = replace(style, case=case or str(getattr(result, "case", "") or getattr(source, "case", "")))
        drawn: Picture | Curves
        if path is not None and film:
            options: dict[str, Any] = {"style": style, "fps": fps, "most": frames, "progress": progress}
            if reference is None:
                return animate_field(_given(source), field, path, **options)
            return animate_difference(_given(source), reference, field, path, titles=titles, **options)
        if everything:
            drawn = draw_quantities([_given(source), *([] if reference is None else [reference])], field)
        elif reference is not None:
            drawn = draw_difference(_given(source), reference, field, time=time, step=step, style=style, titles=titles)
        else:
            drawn = draw_field(_given(source), field, step=step_at(_given(source), time, step), style=style)
    if path is not None:
        drawn.write(path)
    return drawn


def _look(view: Sequence[float] | Look | None) -> Look | None:
    if view is None or isinstance(view, Look):
        return view
    direction = np.asarray(view, dtype=float)
    if direction.shape != (3,) or not np.isfinite(direction).all():
        raise InputError("the direction of the view is not three numbers", place="--view", found=view)
    x, y, z = direction.tolist()
    return Look((x, y, z))


def _given(source: StepSource | None) -> Any:
    if source is None:
        raise InputError("there is nothing to plot", expected="a snapshots file or a solution")
    return source


@contextmanager
def _opened(result: Any) -> Iterator[Any]:
    """What has fields: of a path the open file, of a solution or results what they read from."""
    with ExitStack() as stack:
        if isinstance(result, (str, Path)):
            result = stack.enter_context(Results(Path(result)))
        source = getattr(result, "source", result)
        if hasattr(source, "opened"):
            stack.enter_context(source.opened())
        yield source
