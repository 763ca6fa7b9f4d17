"""Calling a UMAT at all points of a batch, in this process: arguments in memory, threads, and what it must not do."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from romlib_plugins import _umat_kernel as kernel
from romlib_plugins._umat_exit import report_exits
from romlib_plugins._umat_interrupt import watch_signals
from romlib_plugins._umat_library import load_library, symbol_address
from romlib_plugins._umat_running import Call
from romlib_plugins._umat_space import GUARD_BITS, Workspace

from romlib.errors import LawError
from romlib.words import plural


@dataclass(frozen=True)
class Target:
    """What to call: everything that another process needs to know, plain data.

    library : path. sha256 : of the file, or None. props : PROPS. name : CMNAME.
    position, scale : (depvar,), where a column of the state array is in STATEV, and by what it is multiplied there.
    threads : that call it at once; with one, only one thread of the process calls the library at a time.
    of_file : a file names it, not the user. shear : NSHR.
    """

    library: str
    symbol: str
    sha256: str | None
    props: tuple[float, ...]
    name: str
    position: tuple[int, ...]
    scale: tuple[float, ...]
    threads: int = 1
    of_file: bool = False
    shear: int = 3

    @property
    def depvar(self) -> int:
        """Number of STATEV."""
        return len(self.position)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for `Target(**...)`."""
        return asdict(self)


@dataclass(eq=False)
class Batch:
    """One increment at n points: contiguous arrays as `_umat_kernel.integrate` takes them, outputs from `stress` on."""

    strain0: np.ndarray
    strain1: np.ndarray
    stress0: np.ndarray
    temperature: np.ndarray
    warming: np.ndarray
    cells: np.ndarray
    points: np.ndarray
    coordinates: np.ndarray
    state0: np.ndarray
    stress: np.ndarray
    tangent: np.ndarray
    state: np.ndarray
    failure: np.ndarray
    progress: np.ndarray
    time: float
    dt: float

    def part(self, rows: slice) -> Batch:
        """These points, with a counter of their own."""
        arrays = {name: value[rows] if name != "progress" else np.full(1, -1, dtype=np.int64)
                  for name, value in vars(self).items() if isinstance(value, np.ndarray)}
        return Batch(**arrays, time=self.time, dt=self.dt)

    def place(self, point: int) -> str:
        """Where and when, for messages."""
        if not 0 <= point < len(self.cells):
            return f"before the first of {plural(len(self.cells), 'point')}"
        return (f"cell {self.cells[point]}, integration point {self.points[point]}, increment from time "
                f"{self.time:.6g} of length {self.dt:.6g} (call {point + 1} of {len(self.cells)})")


@dataclass(frozen=True)
class Outcome:
    """Number of failed points, and the smallest PNEWDT below 1."""

    n_failed: int
    pnewdt: float


class Caller:
    """A UMAT in this process, for any number of threads: what a call works in belongs to that call alone.

    A UMAT is taken not to be thread-safe (COMMON, SAVE): one thread at a time calls a library, unless the material says
    `threads` > 1, which declares that it is.

    Raises
    ------
    LawError : see `_umat_library`.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        path = Path(target.library)
        self._library = load_library(path, target.of_file, target.sha256)
        self.address = np.int64(symbol_address(self._library, target.symbol))
        self._position = np.array(target.position, dtype=np.int64)
        self._scale = np.array(target.scale, dtype=float)
        self._guard = np.array([GUARD_BITS])
        self._free: list[Workspace] = [self._workspace()]
        self._pool = ThreadPoolExecutor(target.threads) if target.threads > 1 else None

    def _workspace(self) -> Workspace:
        target = self.target
        return Workspace(target.depvar, target.props, target.name, target.shear)

    def __call__(self, batch: Batch) -> Outcome:
        """Integrate a batch; outputs are in its arrays.

        Raises
        ------
        LawError : the UMAT writes past its arrays, changes what is not its own, or leaves the working folder.
        """
        report_exits()
        watch_signals()
        n, threads = len(batch.cells), self.target.threads
        if self._pool is None:
            with self._library.lock:
                return self._run(batch)
        if n < 2 * threads:
            return self._run(batch)
        bounds = np.linspace(0, n, threads + 1).astype(int)
        outcomes = list(self._pool.map(self._run, [batch.part(slice(a, b)) for a, b in pairwise(bounds)]))
        return Outcome(sum(one.n_failed for one in outcomes), min(one.pnewdt for one in outcomes))

    def _run(self, batch: Batch) -> Outcome:
        try:
            space = self._free.pop()
        except IndexError:  # more threads than ever before
            space = self._workspace()
        space.begin(1 if batch.time == 0.0 else 2)
        folder = _working_folder()
        with Call(self.target, batch):
            n_failed, pnewdt, wrong = kernel.integrate(
                self.address, space.arguments, space.real, space.integer, space.statev, self._guard, batch.strain0,
                batch.strain1, batch.stress0, batch.temperature, batch.warming, batch.cells, batch.points,
                batch.coordinates, batch.time, batch.dt, self._position, self._scale, batch.state0, batch.stress,
                batch.tangent, batch.state, batch.failure, batch.progress)
        if folder != (now := _working_folder()) and folder is not None:
            raise self._moved(folder, now)
        misuse = space.misuse()
        if misuse is None and wrong >= 0:  # within arrays of six, and behind the four that it has
            misuse = "STRESS or DDSDDE", "the fifth component"
        if misuse is not None:  # this workspace is not used again
            raise self._misused(misuse[0], misuse[1], batch.place(wrong) if wrong >= 0 else None)
        self._free.append(space)
        return Outcome(int(n_failed), float(pnewdt))

    def _moved(self, folder: str, now: str | None) -> LawError:
        with suppress(OSError):
            os.chdir(folder)
        return LawError("the UMAT changes the working folder, where others look for their files",
                        file=self.target.library, expected=folder, found=now or "a folder that is gone",
                        remedy="let it open files by their whole path; the folder is the former one again")

    def _misused(self, what: str, beyond: str | None, place: str | None) -> LawError:
        if beyond is None:
            return LawError(f"the UMAT changes its {what}, which every other point shares", file=self.target.library,
                            remedy="let it work on a copy")
        if what != "STATEV":
            return LawError(f"the UMAT writes past the end of its {what}, at least up to {beyond}",
                            file=self.target.library, place=place, found=beyond,
                            remedy=f"its arrays have the sizes of NDI = 3, NSHR = {self.target.shear}, NTENS = "
                                   f"{3 + self.target.shear}: let it keep to them")
        return LawError(
            f"the UMAT writes past its state variables, at least up to {beyond}", file=self.target.library, place=place,
            expected=f"depvar = {self.target.depvar}, as the material states", found=beyond,
            remedy="give the depvar of the solver's model (*DEPVAR), and all PROPS in the UMAT's order")


def _working_folder() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return None
