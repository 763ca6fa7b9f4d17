"""A result written as the files of other programs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from romlib.errors import InputError
from romlib.export.content import Content, names_of_fields
from romlib.export.csv_tables import PLACES, write_csv
from romlib.export.exodus import write_exodus
from romlib.export.vtu import write_pvd, write_vtu
from romlib.export.xdmf import write_xdmf
from romlib.results.access import FieldAccess, Steps
from romlib.results.file import Results
from romlib.snapshots.atomic import atomic_targets
from romlib.snapshots.outputs import check_output
from romlib.snapshots.space import writing
from romlib.storage.opening import kind_of
from romlib.words import closest, listed, plural

FORMATS = {".vtu": "one time, VTK's XML", ".pvd": "a series of .vtu", ".xdmf": "a series, XML and HDF5",
           ".csv": "a table", ".exo": "a series, Exodus II"}
_OTHER_SUFFIXES = {".xmf": ".xdmf", ".ex2": ".exo", ".e": ".exo", ".exii": ".exo"}


@dataclass(frozen=True)
class Exported:
    """What was written. files : in the order of writing; open the first. fields : names. n_step, n_node, n_cell."""

    files: tuple[Path, ...]
    fields: tuple[str, ...]
    n_step: int
    n_node: int
    n_cell: int


def export(
    source: str | Path | FieldAccess, target: str | Path, fields: str | Sequence[str] | None = None,
    steps: Steps | str | None = None, *, at: str = "nodes", split_materials: bool = False,
) -> Exported:
    """Write a result for other programs: the whole mesh, its pieces merged, with fields at nodes and in cells.

        romlib.export("result.vtkhdf", "result.pvd", fields=["stress", "p"])
        romlib.export(rom.solve("mission"), "hot.csv", ["von_mises"], steps=-1, at="points")

    Fields at integration points are taken to nodes and cells as `romlib.nodal` does: node data "NAME"; cell data "NAME"
    (the mean over the points) and, of scalars, "NAME_max". Tensors have the components xx, yy, zz, xy, yz, xz. Nothing
    is rounded. The mesh is undeformed: readers have "displacement" to deform it by.

    Parameters
    ----------
    source : a snapshots file, an opened one, or a solution.
    target : by its suffix: .vtu (one time), .pvd (with a folder of .vtu beside it), .xdmf (with an .h5 beside it),
        .csv, .exo (also .e, .ex2); without a suffix a folder, with a .pvd and a .vtu for each time.
    fields : names; by default all that are stored, and the von Mises stress.
    steps : a number, a slice, a list of numbers, or a text such as "0,5,10:20", "all", "last"; by default all, of a
        .vtu the last.
    at : of a .csv, "nodes", "cells" or "points" (the integration points): a row each.
    split_materials : nodes between materials are there once for each material, with its own average.

    Raises
    ------
    InputError : no such field or step, an unknown suffix, an output that would replace an input or cannot be written.
    """
    if not isinstance(source, (str, Path, FieldAccess)):
        raise InputError("a result is exported, and this is none", expected="a snapshots file, results, or a solution",
                         found=type(source).__name__, remedy="of a ROM: romlib.export(rom.solve(case), ...)")
    if isinstance(source, FieldAccess):
        return _export(source, Path(target), fields, steps, at, split_materials)
    if (kind := kind_of(source)) in ("rom", "fields", "state"):
        raise InputError("a result is exported, and this is none", file=source, expected="a snapshots file (.vtkhdf)",
                         found={"rom": "a ROM", "fields": "the fields file of a ROM", "state": "a state"}[kind],
                         remedy="solve a case and write it: romlib online x.rom --case NAME -o result.vtkhdf")
    with Results(Path(source)) as results:
        return _export(results, Path(target), fields, steps, at, split_materials)


def _export(
    access: FieldAccess, target: Path, fields: str | Sequence[str] | None, steps: Steps | str | None, at: str,
    split: bool,
) -> Exported:
    suffix = _suffix(target)
    rows = rows_of(access, ("last" if suffix == ".vtu" else "all") if steps is None else steps)
    if suffix == ".vtu" and len(rows) > 1:
        raise InputError("a .vtu file has one time", file=target, place="--steps", expected="one step",
                         found=plural(len(rows), "step"),
                         remedy=f"choose one step, or write {target.with_suffix('.pvd').name} for all of them")
    at = _place(at, suffix)
    content = Content(access, _at_place(access, fields, at), rows, [at] if suffix == ".csv" else ["nodes", "cells"],
                      split)
    with access.source.opened():
        files = _WRITERS[suffix](content, target, at)
        return Exported(tuple(files), tuple(content.fields), len(rows), content.mesh.n_node, content.mesh.n_cell)


def rows_of(access: FieldAccess, steps: Steps | str) -> np.ndarray:
    """Numbers of steps, (n_row,), of what `export` takes.

    Raises
    ------
    InputError : no such step, or none at all; a text that says no steps.
    """
    rows = access.rows(steps) if not isinstance(steps, str) else np.concatenate(
        [_rows_of_text(part.strip(), access) for part in steps.split(",")])
    if not len(rows):
        raise InputError("no step is chosen", place="--steps", expected=f"some of 0 to {access.n_step - 1}",
                         found=repr(steps))
    if (np.diff(np.unique(rows)).size + 1) < len(rows):
        raise InputError("a step is chosen twice", place="--steps", expected="each once", found=repr(steps))
    return np.sort(rows)


def _rows_of_text(text: str, access: FieldAccess) -> np.ndarray:
    n = access.n_step
    if text in ("all", "last"):
        return np.arange(n)[-1:] if text == "last" else np.arange(n)
    if re.fullmatch(r"-?\d{1,9}", text):
        return access.rows(int(text))
    found = re.fullmatch(r"(\d{1,9})?:(\d{1,9})?(?::(\d{1,9}))?", text)
    if found is None or (found[3] is not None and int(found[3]) == 0):
        raise InputError("these are no steps", place="--steps", found=text,
                         expected="numbers (0,5,-1), ranges without their end (10:20, 0:100:5), all, or last",
                         remedy="count from 0, and separate by commas")
    first, stop, stride = int(found[1] or 0), int(found[2] or n), int(found[3] or 1)
    if first >= n or stop > n:
        raise InputError("there is no such step", file=access.source.path, place="--steps",
                         expected=f"0 to {n - 1}, so that a range ends at {n} at most", found=text)
    return np.arange(first, stop, stride)


def _suffix(target: Path) -> str:
    suffix = target.suffix.lower()
    suffix = _OTHER_SUFFIXES.get(suffix, suffix)
    if suffix in _WRITERS:
        return suffix
    if target.is_dir() or not suffix:
        return ""
    near = closest(suffix, list(FORMATS))
    raise InputError("the suffix of the output says no format", file=target, found=target.suffix,
                     expected=listed([f"{name} ({what})" for name, what in FORMATS.items()]) + ", or a folder",
                     remedy=f"did you mean {near}?" if near else "choose one of these")


def _place(at: str, suffix: str) -> str:
    if at not in PLACES:
        raise InputError("values are at nodes, in cells or at integration points", place="--at", found=at,
                         expected=" or ".join(PLACES))
    if at != "nodes" and suffix != ".csv":
        raise InputError("only tables choose between nodes, cells and points", place="--at", found=at,
                         expected="an output .csv",
                         remedy="leave it out: the other formats have values at nodes and in cells")
    return at


def _at_place(access: FieldAccess, fields: str | Sequence[str] | None, at: str) -> list[str]:
    """The fields that there are at this place; InputError where one that is asked for by name is not."""
    names = names_of_fields(access, fields)
    if at == "nodes":
        return names
    there = [name for name in names if access.source.spec(name).place == "ip"]
    missing = [name for name in names if name not in there]
    if (missing and fields is not None) or not there:
        raise InputError("a field at nodes has no values in cells or at integration points", place="--field",
                         file=access.source.path, found=listed(missing),
                         remedy="leave it out, or write a table of nodes (--at nodes)")
    return there


@contextmanager
def _outputs(content: Content, *targets: Path) -> Iterator[tuple[Path, ...]]:
    """Temporary files, which become the targets at the end, all or none; the last one refers to the others."""
    inputs = [path for path in (content.access.source.path, *getattr(content.access, "files", ())) if path is not None]
    for target in targets:
        check_output(target, inputs)
    with atomic_targets(*targets) as temporary, writing(targets[-1]):
        yield temporary


def _vtu(content: Content, target: Path, at: str) -> list[Path]:
    with _outputs(content, target) as (path,):
        for step in content.steps():
            write_vtu(path, content.mesh, step.nodes, step.cells, step.time,
                      content.materials if content.has_materials else None)
    return [target]


def _pvd(content: Content, target: Path, at: str) -> list[Path]:
    return _series(content, target, target.with_suffix(""))


def _folder(content: Content, target: Path, at: str) -> list[Path]:
    path = content.access.source.path
    return _series(content, target / f"{'solution' if path is None else path.stem}.pvd", target)


def _series(content: Content, target: Path, folder: Path) -> list[Path]:
    """A .pvd and the files that it lists, in a folder that is made where it does not exist."""
    width = max(4, len(str(int(content.rows.max()))))
    names = [f"{target.stem}_{row:0{width}d}.vtu" for row in content.rows]
    made = _make_folder(folder)
    try:
        with _outputs(content, *(folder / name for name in names), target) as (*paths, list_path):
            for path, step in zip(paths, content.steps()):
                write_vtu(path, content.mesh, step.nodes, step.cells, step.time,
                          content.materials if content.has_materials else None)
            write_pvd(list_path, [name if folder == target.parent else f"{folder.name}/{name}" for name in names],
                      content.times)
    except BaseException:
        if made:
            folder.rmdir()
        raise
    return [target, *(folder / name for name in names)]


def _make_folder(folder: Path) -> bool:
    """Whether it had to be made."""
    if folder.is_dir():
        return False
    try:
        folder.mkdir()
    except OSError as error:
        raise InputError("the folder of the output cannot be made", file=folder, found=error.strerror,
                         remedy="give the name of a folder, in one that exists") from error
    return True


def _xdmf(content: Content, target: Path, at: str) -> list[Path]:
    arrays = target.with_suffix(".h5")
    with _outputs(content, arrays, target) as (arrays_path, path):
        write_xdmf(path, arrays_path, arrays, content)
    return [target, arrays]


def _csv(content: Content, target: Path, at: str) -> list[Path]:
    with _outputs(content, target) as (path,):
        write_csv(path, content, at)
    return [target]


def _exodus(content: Content, target: Path, at: str) -> list[Path]:
    with _outputs(content, target) as (path,):
        write_exodus(path, target, content)
    return [target]


_WRITERS = {"": _folder, ".vtu": _vtu, ".pvd": _pvd, ".xdmf": _xdmf, ".csv": _csv, ".exo": _exodus}
