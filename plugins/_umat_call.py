"""Calling a UMAT at all points of a batch, in this process: arguments in memory, threads, and what it must not do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from romlib_plugins import _umat_kernel as kernel
from romlib_plugins._umat_exit import watched
from romlib_plugins._umat_library import check_hash, load_library, symbol_address

from romlib.errors import LawError

GUARD_ZONE = 1024  # numbers behind STATEV that a UMAT must leave alone
# The bits of a NaN that no arithmetic makes: a UMAT that reads beyond its STATEV gets NaN, one that writes is seen.
GUARD_BITS = np.int64(0x7FF8_5A5A_0000_1717)


@dataclass(frozen=True)
class Target:
    """What to call: everything that another process needs to know, plain data.

    library : path. sha256 : of the file, or None. props : PROPS. name : CMNAME.
    position, scale : (depvar,), where a column of the state array is in STATEV, and by what it is multiplied there.
    """

    library: str
    symbol: str
    sha256: str | None
    props: tuple[float, ...]
    name: str
    position: tuple[int, ...]
    scale: tuple[float, ...]
    threads: int = 1

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
            return f"before the first of {len(self.cells)} points"
        return (f"cell {self.cells[point]}, integration point {self.points[point]}, increment from time "
                f"{self.time:.6g} of length {self.dt:.6g} (call {point + 1} of {len(self.cells)})")


@dataclass(frozen=True)
class Outcome:
    """Number of failed points, and the smallest PNEWDT below 1."""

    n_failed: int
    pnewdt: float


class Workspace:
    """The arguments of the calls of one thread, at fixed addresses."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.real, self.integer = np.zeros(kernel.N_REAL), np.zeros(kernel.N_INTEGER, dtype=np.int32)
        self.statev = np.zeros(target.depvar + GUARD_ZONE)
        self.props = np.array([*target.props, 0.0])
        self.name = np.frombuffer(target.name.encode().ljust(kernel.NAME_LENGTH), dtype=np.uint8).copy()
        self.integer[:5] = 3, 3, 6, target.depvar, len(target.props)
        self.integer[kernel.LAYER] = self.integer[kernel.KSPT] = 1
        self.integer[kernel.KSTEP:kernel.KSTEP + 2] = 1, 1  # step 1, static, geometrically linear
        self.real[kernel.CELENT] = 1.0
        self.real[[kernel.DROT, kernel.DROT + 4, kernel.DROT + 8]] = 1.0
        self._fixed = self.real[kernel.PREDEF:].copy()
        self.arguments = self._addresses()
        self.restore()

    def _addresses(self) -> np.ndarray:
        """In the order of SUBROUTINE UMAT."""
        def of(array: np.ndarray, at: int) -> int:
            return array.ctypes.data + at * array.itemsize

        k = kernel
        real = [of(self.real, at) for at in (k.SSE, k.SPD, k.SCD, k.RPL, k.DDSDDT, k.DRPLDE, k.DRPLDT, k.STRAN,
                                             k.DSTRAN, k.TIME, k.DTIME, k.TEMP, k.DTEMP, k.PREDEF, k.DPRED)]
        sizes = [of(self.integer, at) for at in (k.NDI, k.NSHR, k.NTENS, k.NSTATV)]
        rest = [of(self.real, at) for at in (k.COORDS, k.DROT, k.PNEWDT, k.CELENT, k.DFGRD0, k.DFGRD1)]
        numbers = [of(self.integer, at) for at in (k.NOEL, k.NPT, k.LAYER, k.KSPT, k.KSTEP, k.KINC)]
        return np.array([of(self.real, k.STRESS), of(self.statev, 0), of(self.real, k.DDSDDE), *real, of(self.name, 0),
                         *sizes, of(self.props, 0), of(self.integer, k.NPROPS), *rest, *numbers], dtype=np.int64)

    def restore(self) -> None:
        """The guard zone, and everything that a UMAT must not change."""
        self.statev[self.target.depvar:].view(np.int64)[:] = GUARD_BITS
        self.props[:-1] = self.target.props
        self.real[kernel.PREDEF:kernel.COORDS] = 0.0
        self.real[kernel.DROT:kernel.PNEWDT] = self._fixed[kernel.DROT - kernel.PREDEF:kernel.PNEWDT - kernel.PREDEF]

    def misuse(self) -> str | None:
        """What the UMAT changed and must not, in words."""
        changed = np.flatnonzero(self.statev[self.target.depvar:].view(np.int64) != GUARD_BITS)
        if len(changed):
            return f"STATEV({self.target.depvar + int(changed[-1]) + 1})"
        if not np.array_equal(self.props[:-1], self.target.props):
            return "PROPS"
        return None


class Caller:
    """A UMAT in this process.

    Raises
    ------
    LawError : see `_umat_library`.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        path = Path(target.library)
        check_hash(path, target.sha256)
        self.address = np.int64(symbol_address(load_library(path), target.symbol))
        self._position = np.array(target.position, dtype=np.int64)
        self._scale = np.array(target.scale, dtype=float)
        self._guard = np.array([GUARD_BITS])
        self._workspaces = [Workspace(target) for _ in range(target.threads)]
        self._pool = ThreadPoolExecutor(target.threads) if target.threads > 1 else None

    def __call__(self, batch: Batch) -> Outcome:
        """Integrate a batch; outputs are in its arrays.

        Raises
        ------
        LawError : the UMAT writes past its STATEV or changes its PROPS.
        """
        n = len(batch.cells)
        if self._pool is None or n < 2 * len(self._workspaces):
            return self._run(self._workspaces[0], batch)
        cuts = np.linspace(0, n, len(self._workspaces) + 1).astype(int)
        parts = [batch.part(slice(a, b)) for a, b in pairwise(cuts)]
        outcomes = list(self._pool.map(self._run, self._workspaces, parts))
        return Outcome(sum(one.n_failed for one in outcomes), min(one.pnewdt for one in outcomes))

    def _run(self, space: Workspace, batch: Batch) -> Outcome:
        space.integer[kernel.KINC] = 1 if batch.time == 0.0 else 2
        with watched(self.target, batch):
            n_failed, pnewdt, wrong = kernel.integrate(
                self.address, space.arguments, space.real, space.integer, space.statev, self._guard, batch.strain0,
                batch.strain1, batch.stress0, batch.temperature, batch.warming, batch.cells, batch.points,
                batch.coordinates, batch.time, batch.dt, self._position, self._scale, batch.state0, batch.stress,
                batch.tangent, batch.state, batch.failure, batch.progress)
        misuse = space.misuse()
        if misuse is not None:
            space.restore()
            raise self._misused(misuse, batch.place(wrong) if wrong >= 0 else None)
        return Outcome(int(n_failed), float(pnewdt))

    def _misused(self, what: str, place: str | None) -> LawError:
        if what == "PROPS":
            return LawError("the UMAT changes its PROPS, which every other point shares", file=self.target.library,
                            remedy="let it work on a copy of them")
        return LawError(
            f"the UMAT writes past its state variables, at least up to {what}", file=self.target.library, place=place,
            expected=f"depvar = {self.target.depvar}, as the material states", found=what,
            remedy="give the depvar of the solver's model (*DEPVAR), and all PROPS in the UMAT's order")
