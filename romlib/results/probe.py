"""Values over time at one place or at those of a tag, or their largest, smallest or mean, with where they are."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from romlib.results.html import Table
from romlib.snapshots.atomic import write_atomically
from romlib.tensors import vtk_from_mandel
from romlib.words import shortened

if TYPE_CHECKING:
    import pandas

AXES = ("x", "y", "z")
_MOST_SHOWN = 12  # rows of a table in a notebook


@dataclass(frozen=True, eq=False)
class Probe:
    """Values at one place, or at the places of a tag, or the largest, smallest or mean of these.

    values : (n_step, ...) at one place, (n_step, n, ...) at a tag's, (n_step,) of the largest, smallest or mean; the
    last axis has the components (Kelvin-Mandel for a symmetric tensor) where there are several.
    coordinates : (n, 3). ids : (n,), solver's ids of the nodes, or of the cells. numbers : (n,), numbers of the
    integration points in their cells, or None. Of a largest or smallest value n is n_step: where it is at each time; of
    a mean: over which. where : in words.
    times : (n_step,). name : of the quantity, as it was asked for. components : their names, those of a tensor
    as `to_pandas` and `to_csv` have them (plain, xx yy zz xy yz xz); none for a scalar. unit, time_unit : "" where not
    known.
    reduced : "max", "min", "mean", "sum" (of a reaction), or None.
    asked : the place that was asked for, in short.
    """

    values: np.ndarray
    coordinates: np.ndarray
    ids: np.ndarray
    numbers: np.ndarray | None
    where: str
    times: np.ndarray
    name: str
    components: tuple[str, ...] = ()
    tensor: bool = False
    unit: str = ""
    time_unit: str = ""
    reduced: str | None = None
    asked: str = ""

    @property
    def plain_values(self) -> np.ndarray:
        """`values`, tensors with plain components (xx, yy, zz, xy, yz, xz) instead of Kelvin-Mandel ones."""
        return vtk_from_mandel(self.values) if self.tensor else self.values

    @property
    def label(self) -> str:
        """Quantity, and what was made of it: "p", "largest von_mises"."""
        words = {"max": "largest ", "min": "smallest ", "mean": "mean "}
        return words.get(self.reduced or "", "") + self.name

    @property
    def title(self) -> str:
        """The label with its unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    @property
    def step_of_largest(self) -> int:
        """The step at which the value is the largest; of several places or components, the largest of any."""
        values = self.plain_values.reshape(len(self.times), -1)
        return int(np.nanargmax(np.nanmax(values, axis=1))) if np.isfinite(values).any() else 0

    @property
    def is_of_places(self) -> bool:
        """Whether `values` has an axis of places."""
        return self.reduced is None and self.values.ndim == 2 + bool(self.components)

    def place(self, k: int) -> str:
        """Place k in words: "node 7", "cell 12, point 3"."""
        return f"node {self.ids[k]}" if self.numbers is None else f"cell {self.ids[k]}, point {self.numbers[k]}"

    def columns(self) -> Iterator[tuple[str, str, np.ndarray]]:
        """Name, unit and values (n_step,) of each column of a table: the time, the values, where they are."""
        yield "time", self.time_unit, self.times
        values = self.plain_values
        if not self.is_of_places:
            yield from self._components(self.label.replace(" ", "_"), values)
        else:
            for k in range(values.shape[1]):
                yield from self._components(f"{self.name} at {self.place(k)}", values[:, k])
        if self.reduced in ("max", "min"):
            yield "node" if self.numbers is None else "cell", "", self.ids
            if self.numbers is not None:
                yield "point", "", self.numbers
            for axis, along in zip(AXES, self.coordinates.T):
                yield axis, "", along

    def _components(self, name: str, values: np.ndarray) -> Iterator[tuple[str, str, np.ndarray]]:
        if not self.components:
            yield name, self.unit, values
        for component, along in zip(self.components, np.moveaxis(values, -1, 0) if self.components else ()):
            yield f"{name}.{component}", self.unit, along

    def to_pandas(self) -> pandas.DataFrame:
        """A table with the times as index, a column a component and place; units in `attrs["units"]`.

        Tensors have plain components (xx, yy, zz, xy, yz, xz), not Kelvin-Mandel ones.

        Raises
        ------
        InputError : pandas is not installed.
        """
        from romlib.results.optional import import_optional

        pandas = import_optional("pandas", "data")
        (_, _, times), *columns = self.columns()
        frame = pandas.DataFrame({name: values for name, _, values in columns}, index=pandas.Index(times, name="time"))
        frame.attrs.update(units={"time": self.time_unit, **{name: unit for name, unit, _ in columns}},
                           quantity=self.label, where=self.where)
        return frame

    def to_csv(self, path: str | Path) -> None:
        """Write the table of `to_pandas` as comma-separated values; the first line has names with units.

        Raises
        ------
        InputError : the file cannot be written.
        """
        write_csv(path, list(self.columns()))

    def plot(self, path: str | Path | None = None) -> Any:
        """A curve over time: a PNG at `path`, else a matplotlib figure. See `romlib.report.plot_probe`."""
        import romlib

        return romlib.plot_probes([self], path)

    def __repr__(self) -> str:
        """One line."""
        shape = "x".join(map(str, self.values.shape))
        return f"Probe({self.title}, {shape} values, {shortened(self.where, 80)})"

    def _repr_html_(self) -> str:
        rows = list(self.columns())
        shown = np.unique(np.linspace(0, len(self.times) - 1, _MOST_SHOWN).round().astype(int))
        shown = np.unique(np.append(shown, self.step_of_largest))
        few = rows[:1 + _MOST_SHOWN]
        table = Table(f"{self.title}: {self.where}", [header(name, unit) for name, unit, _ in few])
        for k in shown:
            table.add([f"{values[k]:.6g}" if values.dtype.kind == "f" else str(values[k]) for _, _, values in few])
        if len(rows) > len(few):
            table.note(f"and {len(rows) - len(few)} more columns")
        return table.html()


def header(name: str, unit: str) -> str:
    """What stands above a column."""
    return f"{name} ({unit})" if unit else name


def write_csv(path: str | Path, columns: list[tuple[str, str, np.ndarray]]) -> None:
    """Columns of one length as comma-separated values, the first line their names with units.

    Raises
    ------
    InputError : the file cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([header(name, unit) for name, unit, _ in columns])
    writer.writerows(zip(*(values.tolist() for _, _, values in columns)))
    write_atomically(path, text.getvalue().encode())
