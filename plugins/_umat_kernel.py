"""The compiled loop that calls a UMAT at every point, whatever library it comes from.

The address of the function is an argument, so that one compiled kernel, cached on disk, serves every library. The 37
arguments are pointers into work arrays that stay where they are; the loop fills them, calls, and reads them. Inside
romlib tensors are Kelvin-Mandel; the border to UMAT order (11, 22, 33, 12, 13, 23; engineering shear strain) is here,
because converting whole arrays before and after would cost as much as a cheap law.

Arguments and their meaning: Abaqus User Subroutines Reference Guide, section UMAT.
"""

from __future__ import annotations

import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

N_ARGUMENT = 37
NAME_LENGTH = 80  # of CMNAME: passed by value after the arguments, as Fortran compilers do for a character argument

GAP = 8  # numbers behind each real argument, and behind the integers, that a UMAT must leave alone
REAL = (("STRESS", 6), ("DDSDDE", 36), ("SSE", 1), ("SPD", 1), ("SCD", 1), ("RPL", 1), ("DDSDDT", 6), ("DRPLDE", 6),
        ("DRPLDT", 1), ("STRAN", 6), ("DSTRAN", 6), ("TIME", 2), ("DTIME", 1), ("TEMP", 1), ("DTEMP", 1), ("PREDEF", 8),
        ("DPRED", 8), ("COORDS", 3), ("DROT", 9), ("PNEWDT", 1), ("CELENT", 1), ("DFGRD0", 9), ("DFGRD1", 9))


def _positions():
    at, found = 0, []
    for _, size in REAL:
        found.append(at)
        at += size + GAP
    return (*found, at)


# Positions in the array of real arguments, and its length.
(STRESS, DDSDDE, SSE, SPD, SCD, RPL, DDSDDT, DRPLDE, DRPLDT, STRAN, DSTRAN, TIME, DTIME, TEMP, DTEMP, PREDEF, DPRED,
 COORDS, DROT, PNEWDT, CELENT, DFGRD0, DFGRD1, N_REAL) = _positions()
AFTER_STRESS, AFTER_DDSDDE = STRESS + 6, DDSDDE + 36
# Positions in the array of integer arguments.
NDI, NSHR, NTENS, NSTATV, NPROPS, NOEL, NPT, LAYER, KSPT, KSTEP, KINC, N_INTEGER = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 14

NOT_FINITE, REFUSED = 1, 2  # what a failed point has in `failure`: see `integrate`
SQRT2 = np.sqrt(2.0)
HALF_SQRT2 = 1.0 / np.sqrt(2.0)


@intrinsic
def _call(typing_context, address, arguments):
    """Call the function at `address` with the pointers that the int64 array `arguments` holds, and NAME_LENGTH."""
    signature = types.void(address, arguments)

    def generate(context, builder, signature, values):
        array = context.make_array(signature.args[1])(context, builder, values[1])
        pointer = ir.IntType(8).as_pointer()
        length = ir.IntType(64)
        given = []
        for k in range(N_ARGUMENT):
            slot = builder.gep(array.data, [ir.Constant(ir.IntType(32), k)])
            given.append(builder.inttoptr(builder.load(slot), pointer))
        kind = ir.FunctionType(ir.VoidType(), [pointer] * N_ARGUMENT + [length])
        function = builder.inttoptr(values[0], kind.as_pointer())
        builder.call(function, [*given, ir.Constant(length, NAME_LENGTH)])
        return context.get_dummy_value()

    return signature, generate


@numba.njit(inline="always", error_model="numpy")
def _fill(real, i, strain0, strain1, stress0, time, dt):
    """The arguments that are the same for every UMAT: stress and strains at the start, energies and tangent zero."""
    for k in range(36):
        real[DDSDDE + k] = 0.0
    for k in range(6):
        real[DDSDDT + k] = real[DRPLDE + k] = 0.0
    real[SSE] = real[SPD] = real[SCD] = real[RPL] = real[DRPLDT] = 0.0
    for a in range(3):
        real[STRESS + a], real[STRESS + 3 + a] = stress0[i, a], stress0[i, 3 + a] * HALF_SQRT2
        real[STRAN + a], real[STRAN + 3 + a] = strain0[i, a], strain0[i, 3 + a] * SQRT2
        real[DSTRAN + a] = strain1[i, a] - strain0[i, a]
        real[DSTRAN + 3 + a] = (strain1[i, 3 + a] - strain0[i, 3 + a]) * SQRT2
        real[DFGRD0 + 4 * a], real[DFGRD1 + 4 * a] = 1.0 + strain0[i, a], 1.0 + strain1[i, a]
    real[DFGRD0 + 1] = real[DFGRD0 + 3] = strain0[i, 3] * HALF_SQRT2
    real[DFGRD0 + 2] = real[DFGRD0 + 6] = strain0[i, 4] * HALF_SQRT2
    real[DFGRD0 + 5] = real[DFGRD0 + 7] = strain0[i, 5] * HALF_SQRT2
    real[DFGRD1 + 1] = real[DFGRD1 + 3] = strain1[i, 3] * HALF_SQRT2
    real[DFGRD1 + 2] = real[DFGRD1 + 6] = strain1[i, 4] * HALF_SQRT2
    real[DFGRD1 + 5] = real[DFGRD1 + 7] = strain1[i, 5] * HALF_SQRT2
    real[TIME], real[TIME + 1], real[DTIME], real[PNEWDT] = time, time, dt, 1.0


@numba.njit(inline="always", error_model="numpy")
def _take(real, statev, position, inverse, i, stress, state):
    """Stress and state as Kelvin-Mandel; their sum, which is not finite where one of them is not."""
    total = kept = 0.0  # two sums: each addition waits for the last one of its sum
    for a in range(3):
        stress[i, a], stress[i, 3 + a] = real[STRESS + a], real[STRESS + 3 + a] * SQRT2
        total += stress[i, a] + stress[i, 3 + a]
    for c in range(len(position)):
        state[i, c] = statev[position[c]] * inverse[c]
        kept += state[i, c]
    return total + kept


@numba.njit(inline="always", error_model="numpy")
def _take_tangent(real, i, tangent):
    """DDSDDE, by columns and for engineering shear, as Kelvin-Mandel; its sum, which is not finite where it is not."""
    first = second = third = fourth = 0.0  # as above
    for a in range(3):
        for b in range(3):
            direct, across = real[DDSDDE + 6 * b + a], real[DDSDDE + 6 * (3 + b) + a] * SQRT2
            below, shear = real[DDSDDE + 6 * b + 3 + a] * SQRT2, real[DDSDDE + 6 * (3 + b) + 3 + a] * 2.0
            tangent[i, a, b], tangent[i, a, 3 + b] = direct, across
            tangent[i, 3 + a, b], tangent[i, 3 + a, 3 + b] = below, shear
            first += direct
            second += across
            third += below
            fourth += shear
    return (first + second) + (third + fourth)


@numba.njit(inline="always", error_model="numpy")
def _shut(real, around, guard):
    """Of four components (NSHR = 1): what is behind them in arrays of six is not the UMAT's."""
    for k in (STRESS, STRAN, DSTRAN, DDSDDT, DRPLDE):
        around[k + 4] = around[k + 5] = guard
    for k in range(16, 36):
        around[DDSDDE + k] = guard


@numba.njit(inline="always", error_model="numpy")
def _opened(real, around, guard):
    """Whether a UMAT of four components kept to them; its stress and tangent as of six, 13 and 23 zero."""
    kept = around[STRESS + 4] == guard and around[STRESS + 5] == guard
    for k in range(16, 36):
        kept = kept and around[DDSDDE + k] == guard
    real[STRESS + 4] = real[STRESS + 5] = 0.0
    for b in range(3, -1, -1):  # from the end: what is moved is not yet overwritten
        for a in range(3, -1, -1):
            real[DDSDDE + 6 * b + a] = real[DDSDDE + 4 * b + a]
    for b in range(6):
        for a in range(6):
            if a > 3 or b > 3:
                real[DDSDDE + 6 * b + a] = 0.0
    return kept


@numba.njit(cache=True, nogil=True, error_model="numpy")
def integrate(
    address, arguments, real, integer, statev, guard, strain0, strain1, stress0, temperature, warming, cells, points,
    coordinates, time, dt, position, scale, state0, stress, tangent, state, failure, progress,
):
    """Call the UMAT at every point, in order.

    Parameters
    ----------
    address : of the function. arguments : (37,) int64, addresses of its arguments, which are parts of the next three.
    real : (N_REAL,). integer : (N_INTEGER,) int32. statev : (depvar + guard zone,).
    Where NSHR is 1 the UMAT has four components.
    guard : (1,) int64, bits of the numbers behind STATEV, STRESS and DDSDDE: a UMAT that changes one writes past them.
    strain0, strain1, stress0 : (n, 6), Kelvin-Mandel. temperature, warming : (n,), TEMP and DTEMP, or (0,).
    cells, points : (n,). coordinates : (n, 3).
    position, scale : (depvar,), where a column of the state array is in STATEV, and by what to multiply it there.
    state0 : (n, depvar). stress, tangent, state, failure : outputs; `tangent` has no rows where it is not wanted.
    progress : (1,) int64, set to the number of the point before each call.

    Returns
    -------
    (failed points, smallest PNEWDT of those that refused, point that wrote past one of these or -1)
    """
    bits, around, inverse = statev.view(np.int64), real.view(np.int64), 1.0 / scale
    n_state, n_failed, smallest, plane = len(position), 0, 1.0, integer[NSHR] == 1
    for i in range(len(strain0)):
        total = kept = 0.0
        for a in range(3):
            total += (strain0[i, a] + strain1[i, a]) + (strain0[i, 3 + a] + strain1[i, 3 + a])
        real[TEMP], real[DTEMP] = 0.0, 0.0
        if len(temperature) > 0:
            real[TEMP], real[DTEMP] = temperature[i], warming[i]
            total += temperature[i] + warming[i]
        for c in range(n_state):
            statev[position[c]] = state0[i, c] * scale[c]
            kept += state0[i, c]
        pnewdt = 1.0
        if np.isfinite(total + kept):
            _fill(real, i, strain0, strain1, stress0, time, dt)
            for a in range(3):
                real[COORDS + a] = coordinates[i, a]
            integer[NOEL], integer[NPT] = cells[i], points[i]
            progress[0] = i
            if plane:
                _shut(real, around, guard[0])
            _call(address, arguments)  # type: ignore[call-arg]
            if plane and not _opened(real, around, guard[0]):
                return n_failed, smallest, i
            if bits[n_state] != guard[0] or around[AFTER_STRESS] != guard[0] or around[AFTER_DDSDDE] != guard[0]:
                return n_failed, smallest, i
            total = _take(real, statev, position, inverse, i, stress, state)
            if len(tangent) > 0:
                kept = _take_tangent(real, i, tangent)
            pnewdt = real[PNEWDT]
        if pnewdt < 1.0:
            failure[i] = REFUSED
            smallest = min(smallest, pnewdt)
        elif not (np.isfinite(total + kept) and pnewdt >= 1.0):
            failure[i] = NOT_FINITE
        if failure[i] != 0:  # what is there means nothing, but it must not spoil the sums of a caller
            n_failed += 1
            stress[i], state[i] = 0.0, state0[i]
            if len(tangent) > 0:
                tangent[i] = 0.0
    return n_failed, smallest, -1


@numba.njit(cache=True, error_model="numpy")
def last_change(values, expected, positions):
    """The last of these positions at which two arrays of integers differ, -1 where they do not."""
    for k in range(len(positions) - 1, -1, -1):
        if values[positions[k]] != expected[positions[k]]:
            return positions[k]
    return -1
