"""The state file: written block by block, read block by block; nothing in it is believed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from math import inf
from pathlib import Path
from types import TracebackType
from typing import Self

import h5py
import numpy as np
from pydantic import ValidationError

from romlib import __version__
from romlib.errors import FileFormatError
from romlib.snapshots.atomic import atomic_target
from romlib.snapshots.error_bounds import BoundsSoFar
from romlib.snapshots.hdf5_output import Hdf5Output
from romlib.states.state import NodeState, SavedState, StateBlock
from romlib.states.tables import ARRAYS, KIND, STATE, VERSION
from romlib.storage.contents import Contents
from romlib.storage.files import open_contents
from romlib.storage.headers import RawFile
from romlib.storage.manifest import seal
from romlib.storage.opening import LOST, damage, integer_attribute, text_attribute

_OF_POINTS = ("cells", "numbers", "coordinates", "material_index", "strain", "stress")
_OPTIONAL = ("temperature", "origin", "strain_free", "orientation")


class StateWriter:
    """A context manager that writes a state; the file appears under its name at a clean exit.

    After `complete`, what can go wrong has not: other files that belong to it may then appear before it does.

    saved : everything but the blocks, which come by `write`, in order.
    """

    def __init__(self, path: str | Path, saved: SavedState) -> None:
        self._path, self._saved, self._stack, self._n = Path(path), saved, ExitStack(), 0
        self._complete = False

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            temporary = stack.enter_context(atomic_target(self._path))
            self._output = stack.enter_context(Hdf5Output(temporary, self._path))
            self._file = self._output.file
            self._write_head()
            self._stack = stack.pop_all()
        return self

    def _write_head(self) -> None:
        saved, file = self._saved, self._file
        file.attrs["romlib_kind"], file.attrs["schema"] = KIND, VERSION
        header = {
            "romlib_version": __version__, "rom": saved.rom, "time": saved.time, "initial_time": saved.initial_time,
            "reference_force": saved.reference_force, "materials": saved.materials or {},
            "increment": None if saved.increment == inf else saved.increment, "names": list(saved.names),
            "bounds": None if saved.bounds is None else saved.bounds.model_dump(mode="json")}
        file.create_dataset("header", data=json.dumps(header), dtype=h5py.string_dtype())
        for name, array in saved.run.items():
            file[f"run/{name}"] = array
        file.create_group("blocks")

    def write(self, block: StateBlock) -> None:
        """The next block."""
        group = self._file.create_group(f"blocks/{self._n}")
        group.attrs["piece"] = block.piece
        for name in _OF_POINTS:
            group[name] = getattr(block, name)
        for name in _OPTIONAL:
            if getattr(block, name) is not None:
                group[name] = getattr(block, name)
        for m, state in enumerate(block.states):
            group[f"states/{m}"] = state
        if block.nodes is not None:
            group["nodes/ids"], group["nodes/displacement"] = block.nodes.ids, block.nodes.displacement
            if block.nodes.increment is not None:
                group["nodes/increment"] = block.nodes.increment
        self._n += 1
        self._output.check()

    def complete(self) -> None:
        """The last block is written; raise whatever the disk has to say of it."""
        seal(self._file, Contents(self._file, STATE, self._path), {})
        self._output.close()
        self._complete = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._stack.__exit__(kind, error, trace)
            return
        with self._stack:
            if not self._complete:
                self.complete()


def read_state(path: str | Path) -> SavedState:
    """A state from a file, its checksums verified and every array checked; the file is opened for each round of blocks.

    Raises
    ------
    InputError, FileFormatError, SchemaError : no such file, a damaged one, or one of another kind or version.
    """
    path = Path(path)
    contents = open_contents(path, STATE, "romlib solve --write-state", _recognise)
    try:
        with damage(path):
            contents.read_all("", keep=True)
            header = contents.json("/header", dict)
            increment = header["increment"]
            run = {name: contents.array(f"/run/{name}") for name in ARRAYS if contents.has(f"/run/{name}")}
            saved = SavedState(
                float(header["time"]), float(header["initial_time"]), str(path), dict(header["materials"]),
                _Blocks(path, tuple(header["materials"])), header["rom"], run, float(header["reference_force"]),
                inf if increment is None else float(increment), tuple(header["names"]), _bounds(header, path))
    finally:
        contents.close()
    if not all(isinstance(content, dict) and isinstance(content.get("law"), str)
               for content in (saved.materials or {}).values()):
        raise FileFormatError("a material of the state has no law", file=path, place="/header, materials",
                              found=saved.materials, remedy=LOST)
    numbers = (saved.time, saved.initial_time, saved.reference_force)
    if not (np.isfinite(numbers).all() and saved.reference_force >= 0.0 and saved.increment > 0.0):
        raise FileFormatError("the header of the state is not finite, or negative", file=path, place="/header",
                              found=numbers, remedy=LOST)
    return saved


def _bounds(header: dict, path: Path) -> BoundsSoFar | None:
    """What the bounds of a run go on from; states of older versions have none."""
    try:
        return None if header.get("bounds") is None else BoundsSoFar.model_validate(header["bounds"])
    except ValidationError as error:
        raise FileFormatError("what the state says of error bounds cannot be read", file=path,
                              place="/header, bounds", found=str(error), remedy=LOST) from error


class _Blocks:
    """The blocks of a file, read one at a time."""

    def __init__(self, path: Path, material_names: tuple[str, ...]) -> None:
        self._path, self._names = path, material_names

    def __iter__(self) -> Iterator[StateBlock]:
        contents = open_contents(self._path, STATE, "romlib solve --write-state", _recognise)
        try:
            contents.read_all("")
            for k in range(contents.count("/blocks")):
                with damage(self._path, f"/blocks/{k}"):
                    block = self._read(contents, f"/blocks/{k}")
                yield block
        finally:
            contents.close()

    def _read(self, contents: Contents, unit: str) -> StateBlock:
        contents.check_unit(unit)

        def array(name: str) -> np.ndarray | None:
            return np.ascontiguousarray(contents.array(f"{unit}/{name}")) if contents.has(f"{unit}/{name}") else None

        nodes = None
        if contents.has(f"{unit}/nodes/ids"):
            nodes = NodeState(contents.array(f"{unit}/nodes/ids"), contents.array(f"{unit}/nodes/displacement"),
                              array("nodes/increment"))
        states = [contents.array(f"{unit}/states/{m}") for m in range(contents.count(f"{unit}/states"))]
        points = {name: contents.array(f"{unit}/{name}") for name in _OF_POINTS}
        counts = np.bincount(points["material_index"], minlength=len(self._names)).tolist()
        if [len(state) for state in states] != counts:
            raise FileFormatError("the states of a block do not fit its points", file=self._path,
                                  place=f"{unit}/states", expected=counts, found=[len(state) for state in states],
                                  remedy=LOST)
        return StateBlock(
            int(contents.attribute(unit, "piece")), points["cells"], points["numbers"], points["coordinates"],
            points["material_index"], self._names, points["strain"], points["stress"], states,
            array("temperature"), array("origin"), array("strain_free"), nodes, array("orientation"))


def _recognise(file: h5py.File, raw: RawFile, path: Path) -> int | None:
    """The schema version of a state file; FileFormatError where it is another file."""
    found = text_attribute(file.id, "romlib_kind", raw)
    if found != KIND:
        raise FileFormatError("the file is not a state of a run", file=path, expected=f"romlib_kind = {KIND!r}",
                              found=found or None, remedy="give a file that `romlib solve --write-state` or "
                              "Solution.write_state wrote, or a snapshots file")
    return integer_attribute(file.id, "schema")
