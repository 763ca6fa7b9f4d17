"""Views of gmsh's files: fields at nodes with times ($NodeData), on the mesh of the first file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from romlib_converters.common.reading import reading
from romlib_converters.common.records import Cursor, refuse_underscores, word_array
from romlib_converters.meshio.msh import file_format, read_msh
from romlib_converters.meshio.series import Cells, MeshTags, StepData, mesh_changes

from romlib.errors import FileFormatError
from romlib.mesh.ids import IdIndex
from romlib.words import plural

_BEGIN, _END = b"$NodeData", b"$EndNodeData"
_COMPONENTS = (1, 3, 9)


@dataclass(frozen=True)
class _View:
    """Where a field of one time is. start, end : bytes of its rows. order : of the bytes, empty for text."""

    file: Path
    name: str
    time: float
    step: int
    n_comp: int
    n_row: int
    start: int
    end: int
    order: str


class MshSeries:
    """The views at nodes of MSH files: records by the number of the time step, then by the time.

    raw : the mesh with its physical groups as sets.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self.file, self.inputs = files[0], list(files)
        self.raw = read_msh(files[0])
        assert self.raw.node_ids is not None  # those of a mesh of gmsh
        self._index = IdIndex(self.raw.node_ids)
        for file in files[1:]:
            if _has_mesh(file):
                other = read_msh(file)
                if not np.array_equal(other.points, self.raw.points):
                    raise mesh_changes(file, file.name)
        self._views = [view for file in files for view in _views(file)]
        if not self._views:
            raise FileFormatError("the file has a mesh and no fields at nodes", file=files[0], expected="$NodeData",
                                  remedy="save the views with the mesh; a mesh alone is read by `romlib solve`")
        self._use(self._views)

    @property
    def n_step(self) -> int:
        """Number of records."""
        return len(self._records)

    def mesh(self) -> tuple[np.ndarray, Cells]:
        """Points and cells."""
        return self.raw.points, self.raw.cells

    def sample(self) -> StepData:
        """Every view in its first record."""
        first: dict[str, _View] = {}
        for _, views in self._records:
            for name, view in views.items():
                first.setdefault(name, view)
        return StepData("the first views", self._records[0][0][1], {
            name: self._values(view) for name, view in first.items()}, dict(self.raw.cell))

    def keep(self, name: str) -> None:
        """Leave out the records without this view."""
        if any(view.name == name for view in self._views):
            keys = {(view.step, view.time) for view in self._views if view.name == name}
            self._use([view for view in self._views if (view.step, view.time) in keys])

    def tags(self) -> list[MeshTags]:
        """There are no grids beside its own."""
        return []

    def read(self, step: int) -> StepData:
        """One record."""
        (_, time), views = self._records[step]
        return StepData(f"step {step} (time {time:g})", time, {
            name: self._values(view) for name, view in views.items()}, dict(self.raw.cell))

    def close(self) -> None:
        """No file is open between two records."""

    def _use(self, views: Sequence[_View]) -> None:
        records: dict[tuple[int, float], dict[str, _View]] = {}
        for view in views:
            of_name = records.setdefault((view.step, view.time), {})
            if view.name in of_name:
                raise FileFormatError("a view is there twice at one time", file=view.file,
                                      place=f"view {view.name!r}, time {view.time:g}")
            of_name[view.name] = view
        self._records = sorted(records.items(), key=lambda record: record[0])

    def _values(self, view: _View) -> np.ndarray:
        """(n_node,) or (n_node, n_comp); NaN at nodes that the view has not."""
        place = f"view {view.name!r}, time {view.time:g}"
        with reading(view.file, place), open(view.file, "rb") as stream:
            stream.seek(view.start)
            body = stream.read(view.end - view.start)
            if view.order:
                dtype = np.dtype([("id", f"{view.order}i4"), ("value", f"{view.order}f8", view.n_comp)])
                cursor = Cursor(body, view.file, "a view ends early", place)
                rows = cursor.take(dtype, view.n_row)
                if body[cursor.position:].strip():
                    raise FileFormatError("a view has more than it says", file=view.file, place=place,
                                          expected=plural(view.n_row, "row"),
                                          found=plural(cursor.left, "byte") + " more")
                ids, values = rows["id"].astype(np.int64), rows["value"].astype(float)
            else:
                refuse_underscores(body, view.file, place)
                words = word_array(body, view.file, place)
                if len(words) != view.n_row * (1 + view.n_comp):
                    raise FileFormatError("a view has another number of values than it says", file=view.file,
                                          place=place, expected=view.n_row * (1 + view.n_comp), found=len(words))
                table = words.reshape(view.n_row, 1 + view.n_comp)
                ids, values = table[:, 0].astype(np.int64), table[:, 1:].astype(float)
        at = self._index.find(ids)
        if (at < 0).any() or len(np.unique(at)) != len(at):
            raise FileFormatError("a view has a node that does not exist, or one twice", file=view.file, place=place,
                                  found=plural(int((at < 0).sum()), "node") + " unknown")
        found = np.full((len(self.raw.points), view.n_comp), np.nan)
        found[at] = values.reshape(len(at), view.n_comp)
        return found[:, 0] if view.n_comp == 1 else found


def _has_mesh(file: Path) -> bool:
    with open(file, "rb") as stream:
        return b"$Nodes" in stream.read()


def _views(file: Path) -> list[_View]:
    with reading(file):
        content = file.read_bytes()
        _, binary, order = file_format(content, file)
        found, at = [], 0
        while (start := content.find(_BEGIN, at)) >= 0:
            end = content.find(_END, start)
            if end < 0:
                raise FileFormatError("a section has no end", file=file, place="$NodeData", expected="$EndNodeData")
            found.append(_header(content, start, end, file, order if binary else ""))
            at = end + len(_END)
        return found


def _header(content: bytes, start: int, end: int, file: Path, order: str) -> _View:
    at = content.index(b"\n", start) + 1

    def line() -> str:
        nonlocal at
        stop = content.find(b"\n", at, end)
        if stop < 0:
            raise FileFormatError("a view ends early", file=file, place="$NodeData")
        text, at = content[at:stop].decode("utf-8", "replace").strip(), stop + 1
        return text

    names = [line().strip('"') for _ in range(int(line()))]
    reals = [float(line()) for _ in range(int(line()))]
    integers = [int(line()) for _ in range(int(line()))]
    if not names or len(integers) < 3 or integers[1] not in _COMPONENTS or integers[2] < 0:
        raise FileFormatError("the head of a view is not as it should be", file=file, place="$NodeData",
                              expected="a name; time step, 1, 3 or 9 components, number of nodes",
                              found=f"{names[:1]}, {integers[:3]}")
    return _View(file, names[0], reals[0] if reals else 0.0, integers[0], integers[1], integers[2], at, end, order)
