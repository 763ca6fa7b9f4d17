"""Fields on nodes and cells, projected on pseudo-random fields that depend on ids alone.

With r_1 ... r_m independent, of mean zero and variance one at each place, the mean of (r_j . d)^2 is |d|^2 (the second
frequency moment: Alon, Matias and Szegedy 1999). So two fields, each known by its m projections, are compared by the
difference of these: any change of one value shows, and its size is known to some ten per cent. The r_j come from a hash
of the id, not from a generator with a state: every piece, order and machine has the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

import numpy as np
from numba import njit

from romlib.mesh.mesh import Mesh

N_SKETCH = 32
_PER_HASH = 4  # a hash of 64 bits gives four numbers of 16
_CHUNK = 1 << 14
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FACTORS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_SCALE = float(np.sqrt(12.0 / (65536.0**2 - 1.0)))  # of the half-integers -32767.5 ... 32767.5, to variance one


def mixed(keys: np.ndarray) -> np.ndarray:
    """A bijective hash of unsigned 64-bit numbers (the finaliser of splitmix64)."""
    z = keys + _GOLDEN
    z = (z ^ (z >> np.uint64(30))) * _FACTORS[0]
    z = (z ^ (z >> np.uint64(27))) * _FACTORS[1]
    return z ^ (z >> np.uint64(31))


def node_keys(mesh: Mesh) -> np.ndarray:
    """A key for each node, (n_node,), from its id alone."""
    return mixed(np.asarray(mesh.node_ids, dtype=np.int64).view(np.uint64))


def cell_keys(mesh: Mesh) -> np.ndarray:
    """A key for each cell, (n_cell,): from its type, rule, formulation, temperature interpolation and node ids, and in
    two dimensions the kinematics and thickness of the mesh.

    The solver's number of the cell does not count: it changes no result.
    """
    nodes, keys = node_keys(mesh), [np.empty(0, np.uint64)]
    plane = () if mesh.dimension == 3 else (mesh.kinematics, f"{mesh.thickness:.12g}")
    for block in mesh.blocks:
        text = "|".join((block.cell_type, block.quadrature, block.formulation, block.temperature_interpolation, *plane))
        seed = int.from_bytes(sha256(text.encode()).digest()[:8], "little")
        for some in _in_parts(block.connectivity):
            key = np.full(len(some), seed, dtype=np.uint64)
            for column in some.T:
                key = mixed(key ^ nodes[column])
            keys.append(key)
    return np.concatenate(keys)


def element_keys(mesh: Mesh) -> np.ndarray:
    """A key for each cell, (n_cell,): from its type and its nodes in any order; its rule does not count."""
    nodes, keys = node_keys(mesh), [np.empty(0, np.uint64)]
    for block in mesh.blocks:
        seed = np.uint64(int.from_bytes(sha256(block.cell_type.encode()).digest()[:8], "little"))
        keys += [mixed(nodes[some].sum(axis=1, dtype=np.uint64) ^ seed) for some in _in_parts(block.connectivity)]
    return np.concatenate(keys)


def _in_parts(rows: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(rows), _CHUNK):
        yield np.asarray(rows[start:start + _CHUNK])


def project(keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Projections (N_SKETCH,) of a field (n,) or (n, k) at places with these keys (n,)."""
    values = np.asarray(values, dtype=float)
    values = values[:, None] if values.ndim == 1 else values
    acts = values.any(axis=1)
    if not acts.all():
        keys, values = keys[acts], values[acts]
    total, draws = np.zeros(N_SKETCH), np.empty((min(len(keys), _CHUNK), N_SKETCH))
    for start in range(0, len(keys), _CHUNK):
        some = values[start:start + _CHUNK]
        for column in range(values.shape[1]):
            if some[:, column].any():
                _draw(keys[start:start + _CHUNK], np.uint64(column + 1), draws)
                total += some[:, column] @ draws[:len(some)]
    return total * _SCALE


@njit(cache=True)
def _mixed(z: np.uint64) -> np.uint64:
    """`mixed`, of one number."""
    z = z + _GOLDEN
    z = (z ^ (z >> np.uint64(30))) * _FACTORS[0]
    z = (z ^ (z >> np.uint64(27))) * _FACTORS[1]
    return z ^ (z >> np.uint64(31))


@njit(cache=True)
def _draw(keys: np.ndarray, column: np.uint64, draws: np.ndarray) -> None:
    """(n, N_SKETCH) half-integers from 16 bits each, of a column of values that is counted from 1."""
    for row in range(len(keys)):
        first, number = _mixed(keys[row] ^ column), np.uint64(0)
        for k in range(0, N_SKETCH, _PER_HASH):
            number += _GOLDEN
            word = _mixed(first ^ number)
            for part in range(_PER_HASH):
                draws[row, k + part] = float(np.int64(word & np.uint64(0xFFFF))) - 32767.5
                word >>= np.uint64(16)
