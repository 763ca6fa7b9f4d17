"""The arguments of the calls of one thread, at fixed addresses, and what of them a UMAT must not change."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from romlib_plugins import _umat_kernel as kernel

GUARD_ZONE = 1024  # numbers behind STATEV that a UMAT must leave alone; behind the others kernel.GAP
# The bits of a NaN that no arithmetic makes: a UMAT that reads beyond its arrays gets NaN, one that writes is seen.
GUARD_BITS = np.int64(0x7FF8_5A5A_0000_1717)
_INTEGER_GUARD = 0x5A5A1717
_FIXED = ("PREDEF", "DPRED", "DROT", "CELENT")
_FIXED_INTEGERS = ("NDI", "NSHR", "NTENS", "NSTATV", "NPROPS", "LAYER", "KSPT", "KSTEP", "KSTEP", "KSTEP", "KSTEP",
                   "KINC")
_SIZES = dict(kernel.REAL)
_START = {name: getattr(kernel, name) for name in _SIZES}


def _positions() -> np.ndarray:
    """Of what must stay as it is among the real arguments: the gaps, and what all points share."""
    gaps = [np.arange(_START[name] + size, _START[name] + size + kernel.GAP) for name, size in kernel.REAL]
    return np.sort(np.concatenate(
        [*gaps, *(np.arange(_START[name], _START[name] + _SIZES[name]) for name in _FIXED)])).astype(np.int64)


_REAL = _positions()
_INTEGER = np.array([k for k in range(kernel.N_INTEGER + kernel.GAP) if k not in (kernel.NOEL, kernel.NPT)])


class Workspace:
    """Work arrays of SUBROUTINE UMAT; one call at a time works in them.

    Parameters
    ----------
    depvar : number of STATEV. props : PROPS. name : CMNAME. shear : NSHR.

    Attributes
    ----------
    real : (N_REAL,). integer : (N_INTEGER + GAP,) int32. statev : (depvar + GUARD_ZONE,).
    arguments : (37,) int64, the addresses in the order of SUBROUTINE UMAT.
    """

    def __init__(self, depvar: int, props: Sequence[float], name: str, shear: int = 3) -> None:
        self._depvar, self._n_props = depvar, len(props)
        self.real = np.zeros(kernel.N_REAL)
        self.integer = np.zeros(kernel.N_INTEGER + kernel.GAP, dtype=np.int32)
        self.statev = np.zeros(depvar + GUARD_ZONE)
        self.props = np.array([*props, *np.zeros(kernel.GAP)])
        self.name = np.frombuffer(name.encode().ljust(kernel.NAME_LENGTH), dtype=np.uint8).copy()
        self.integer[:5] = 3, shear, 3 + shear, depvar, len(props)
        self.integer[kernel.LAYER] = self.integer[kernel.KSPT] = 1
        self.integer[kernel.KSTEP:kernel.KSTEP + 2] = 1, 1  # step 1, static, geometrically linear
        self.integer[kernel.N_INTEGER:] = _INTEGER_GUARD
        self.real[kernel.CELENT] = 1.0
        self.real[[kernel.DROT, kernel.DROT + 4, kernel.DROT + 8]] = 1.0
        bits = self.real.view(np.int64)
        for array, size in kernel.REAL:
            bits[_START[array] + size:_START[array] + size + kernel.GAP] = GUARD_BITS
        self.statev[depvar:].view(np.int64)[:] = GUARD_BITS
        self.props[len(props):].view(np.int64)[:] = GUARD_BITS
        self._watched = tuple(
            (array.view(kind), array.view(kind).copy(), positions) for array, kind, positions in (
                (self.statev, np.int64, np.arange(depvar, len(self.statev))), (self.real, np.int64, _REAL),
                (self.props, np.int64, np.arange(len(self.props))), (self.integer, np.int32, _INTEGER),
                (self.name, np.uint8, np.arange(len(self.name)))))
        self.arguments = self._addresses()

    def _addresses(self) -> np.ndarray:
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

    def begin(self, increment: int) -> None:
        """KINC of the calls to come."""
        self.integer[kernel.KINC] = self._watched[3][1][kernel.KINC] = increment

    def misuse(self) -> tuple[str, str | None] | None:
        """The argument that a UMAT changed and must not, and the element behind its end that it wrote to, or None."""
        for number, (values, expected, positions) in enumerate(self._watched):
            at = int(kernel.last_change(values, expected, positions))
            if at >= 0:
                return (self._statev, _real, self._props, _integer, lambda _: ("CMNAME", None))[number](at)
        return None

    def _statev(self, at: int) -> tuple[str, str | None]:
        return "STATEV", f"STATEV({at + 1})"

    def _props(self, at: int) -> tuple[str, str | None]:
        return "PROPS", None if at < self._n_props else f"PROPS({at + 1})"


def _real(at: int) -> tuple[str, str | None]:
    name = max((name for name in _START if _START[name] <= at), key=_START.__getitem__)
    return name, None if at < _START[name] + _SIZES[name] else f"{name}({at - _START[name] + 1})"


def _integer(at: int) -> tuple[str, str | None]:
    if at >= kernel.N_INTEGER:
        return "KINC", f"KINC({at - kernel.KINC + 1})"
    return _FIXED_INTEGERS[int(np.searchsorted(_INTEGER, at))], None
