"""*ORIENTATION and *DISTRIBUTION of keyword decks: the material axes of elements, as romlib's model has them.

Points a, b of a rectangular system are vectors from the origin: a is on axis 1, b in the plane of axes 1 and 2. Those
of a cylindrical system are on its axis. A second line turns the axes about one of them. Elements with different
rectangular systems, as the grains of a polycrystal, become two cell arrays; a cylindrical system becomes a material of
its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from romlib_converters.keyword.cards import Card, Row, fold
from romlib_converters.keyword.data import id_segments, ids_of

from romlib.errors import FileFormatError, UnsupportedError
from romlib.mesh.axes import axes_of_vectors, turned
from romlib.mesh.ids import IdIndex
from romlib.model import ArrayReference, Orientation
from romlib.words import shortlist

ElementsOf = Callable[[str, Card], np.ndarray]  # ids of the elements of a set, by its name in a card


@dataclass(frozen=True)
class DeckAxes:
    """What an *ORIENTATION says.

    orientation : the axes, where they are said once for all elements. distribution : the card that says the vectors
    element by element; turned by `turn` (degrees) about the axis `about`.
    """

    name: str
    card: Card
    orientation: Orientation | None
    distribution: Card | None = None
    about: int = 1
    turn: float = 0.0

    @property
    def is_cylindrical(self) -> bool:
        """Whether the axes differ from point to point within an element."""
        return self.orientation is not None and self.orientation.center is not None


@dataclass(frozen=True)
class AxesGroup:
    """Cells (n,) of a material whose axes one description says. suffix : to the material's name, "" where all have."""

    suffix: str
    cells: np.ndarray
    orientation: Orientation | None


def read_orientation(card: Card, distributions: Mapping[str, Card], *, origin: bool) -> DeckAxes:
    """The axes of a card.

    Parameters
    ----------
    distributions : *DISTRIBUTION cards by folded name. origin : a third point c, from which a and b of a rectangular
    system count, is read, as in Abaqus; CalculiX does not look at it.

    Raises
    ------
    UnsupportedError : another system, or points given by nodes. FileFormatError : data that are no axes.
    """
    system = fold(card.parameters.get("SYSTEM", "RECTANGULAR"))
    cylindrical = system.startswith("C")
    if not (cylindrical or system.startswith("R")):
        raise UnsupportedError("a system of *ORIENTATION that is not read", file=card.file, place=card.place,
                               expected="RECTANGULAR or CYLINDRICAL", found=card.parameters["SYSTEM"])
    if "DEFINITION" in card.parameters and not card.is_set("DEFINITION", "COORDINATES"):
        raise UnsupportedError("points of *ORIENTATION that are not given by coordinates", file=card.file,
                               place=card.place, expected="DEFINITION=COORDINATES", found=card.parameters["DEFINITION"])
    rows = card.rows()
    if not rows or len(rows) > 2:
        raise FileFormatError("*ORIENTATION has one or two data lines", file=card.file, place=card.place,
                              found=len(rows))
    about, turn = _turn(rows[1]) if len(rows) == 2 else (1, 0.0)
    name = card.parameter("NAME")
    if fold(rows[0].fields[0]) in distributions:
        if cylindrical:
            raise UnsupportedError("cylindrical axes that differ from element to element", file=card.file,
                                   place=card.place, expected="a rectangular system, or points in the card")
        return DeckAxes(name, card, None, distributions[fold(rows[0].fields[0])], about, turn)
    a, b, c = (np.array([rows[0].number(3 * k + j, 0.0) for j in range(3)]) if k < 2 or origin else np.zeros(3)
               for k in range(3))
    if cylindrical:
        if not np.linalg.norm(b - a) > 0.0:
            raise _no_axes(card, rows[0])
        return DeckAxes(name, card, _described(center=a, axis=b - a, turn=turn, about=about), None, about, turn)
    if np.isnan(axes_of_vectors(a - c, b - c)).any():
        raise _no_axes(card, rows[0])
    return DeckAxes(name, card, _described(first=a - c, plane=b - c, turn=turn, about=about), None, about, turn)


def _described(*, turn: float, about: int, **vectors: np.ndarray) -> Orientation:
    turning = {"turn": turn, "about": about} if turn else {}
    return Orientation.model_validate({**{name: tuple(one.tolist()) for name, one in vectors.items()}, **turning})


def _turn(row: Row) -> tuple[int, float]:
    axis = row.number(0, 1.0)
    if axis not in (1.0, 2.0, 3.0):
        raise FileFormatError("axes are turned about one of themselves", file=row.file, place=row.place,
                              expected="1, 2 or 3", found=f"{axis:g}")
    return int(axis), row.number(1, 0.0)


def _no_axes(card: Card, row: Row) -> FileFormatError:
    return FileFormatError("a local system has no axes", file=card.file, place=card.place, found=", ".join(row.fields),
                           expected="two points that span a plane (cylindrical: two points on the axis)")


def vectors_of(axes: DeckAxes, ids: np.ndarray, elements_of: ElementsOf) -> np.ndarray:
    """Axes (n, 3, 3), rows, of elements with these ids (n,), of an orientation that is not cylindrical.

    Raises
    ------
    FileFormatError : a distribution says nothing of an element, or no axes.
    """
    if axes.orientation is not None:
        first, plane = axes.orientation.first, axes.orientation.plane
        one = turned(axes_of_vectors(np.array(first), np.array(plane)), axes.orientation.about, axes.orientation.turn)
        return np.broadcast_to(one, (len(ids), 3, 3))
    assert axes.distribution is not None
    points = _distributed(axes.distribution, ids, elements_of)
    found = turned(axes_of_vectors(points[:, :3], points[:, 3:]), axes.about, axes.turn)
    lost = np.flatnonzero(np.isnan(found).any(axis=(1, 2)))
    if len(lost):
        raise FileFormatError("a distribution has no axes for some elements", file=axes.distribution.file,
                              place=axes.distribution.place, expected="two points that span a plane",
                              found=shortlist("element", ids[lost], 5))
    return found


def _distributed(card: Card, ids: np.ndarray, elements_of: ElementsOf) -> np.ndarray:
    """Points a, b (n, 6) of elements; those of element 0, or without a number, are the default. Later lines hold."""
    points, index = np.zeros((len(ids), 6)), IdIndex(ids)

    def put(elements: np.ndarray, values: np.ndarray) -> None:
        rows = index.find(elements)
        here = rows >= 0
        points[rows[here]] = values[here] if values.ndim == 2 else values

    for row, table in id_segments(card, 7):
        if row is not None:
            values = np.array([row.number(k, 0.0) for k in range(1, 7)])
            if row.fields[0].strip():
                put(elements_of(row.fields[0], card), values)
            else:
                points[:] = values
            continue
        elements = ids_of(table[:, 0], card)
        default = np.flatnonzero(elements == 0)
        if len(default):
            points[:] = table[default[-1], 1:]
        put(elements[elements != 0], table[elements != 0, 1:])
    return points


def axes_groups(
    sections: Sequence[tuple[np.ndarray, DeckAxes | None]], name: str, cell_ids: np.ndarray, elements_of: ElementsOf
) -> tuple[list[AxesGroup], dict[str, np.ndarray]]:
    """The sections of one material, put together by what describes their axes.

    Parameters
    ----------
    sections : cells (n,) by position, with their axes or none. name : of the material. cell_ids : (n_cell,).

    Returns
    -------
    Groups, and the cell arrays (n_cell, 3) that they name: NAME_axis_1, NAME_axis_2, zero in other cells.

    Raises
    ------
    FileFormatError : see `vectors_of`.
    """
    known = [(cells, axes) for cells, axes in sections if len(cells)]
    same = {None if axes is None else axes.orientation.model_dump_json() if axes.orientation is not None else id(axes)
            for _, axes in known}
    everything = np.sort(np.concatenate([np.empty(0, np.int64), *(cells for cells, _ in known)]))
    first = known[0][1] if known else None
    if len(same) <= 1 and (first is None or first.orientation is not None):
        return [AxesGroup("", everything, None if first is None else first.orientation)], {}
    groups: dict[str, list[np.ndarray]] = {}
    by_name: dict[str, DeckAxes] = {}
    arrays = np.zeros((2, len(cell_ids), 3))
    straight = [np.empty(0, np.int64)]
    for cells, axes in known:
        if axes is not None and axes.is_cylindrical:
            groups.setdefault(fold(axes.name), []).append(cells)
            by_name[fold(axes.name)] = axes
            continue
        straight.append(cells)
        found = np.tile(np.eye(3), (len(cells), 1, 1)) if axes is None else vectors_of(
            axes, cell_ids[cells], elements_of)
        arrays[:, cells] = found[:, :2].transpose(1, 0, 2)
    out = [AxesGroup(f"_{by_name[key].name}", np.sort(np.concatenate(cells)), by_name[key].orientation)
           for key, cells in groups.items()]
    cells = np.sort(np.concatenate(straight))
    if not len(cells):
        return out, {}
    names = [f"{name}_axis_{k}" for k in (1, 2)]
    orientation = Orientation(first=ArrayReference(array=names[0]), plane=ArrayReference(array=names[1]))
    return [AxesGroup("", cells, orientation), *out], dict(zip(names, arrays))
