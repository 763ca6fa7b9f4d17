"""Nodal temperature: T(x, t) = sum over the temperature loads of amplitude(t) x field(x)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from romlib.errors import InputError
from romlib.loads.amplitudes import evaluate
from romlib.loads.nodal import nodal_scalar
from romlib.mesh.mesh import Mesh
from romlib.model import Amplitude, Model, Temperature


def temperature_terms(model: Model, mesh: Mesh) -> dict[str, np.ndarray]:
    """Spatial fields of the temperature loads.

    Returns
    -------
    Load name to (n_node,), in the model's order; empty where the model has no temperature.

    Raises
    ------
    InputError : a field names a node array that the mesh lacks, or that is not one finite number a node.
    """
    return {
        name: nodal_scalar(load.field, mesh, f"load {name!r}")
        for name, load in model.loads.items() if isinstance(load, Temperature)
    }


def temperature_at(
    terms: Mapping[str, np.ndarray], amplitudes: Mapping[str, Amplitude], times: np.ndarray
) -> np.ndarray | None:
    """Temperature at times.

    Parameters
    ----------
    terms : from `temperature_terms`, or those fields at other points (n_point,).
    amplitudes : by load name; others than those of the terms are left aside.
    times : (n_step,).

    Returns
    -------
    (n_step, n_node), or None where there are no terms.

    Raises
    ------
    InputError : a term without an amplitude, naming it.
    """
    if not terms:
        return None
    missing = [name for name in terms if name not in amplitudes]
    if missing:
        raise InputError(
            "a temperature load has no amplitude", place=f"load {missing[0]!r}", expected="an amplitude of that name",
            found=f"amplitudes of {', '.join(amplitudes) or 'none'}", remedy=f"give amplitudes.{missing[0]}")
    factors = np.stack([evaluate(amplitudes[name], np.asarray(times, dtype=float)) for name in terms], axis=1)
    return factors @ np.stack(list(terms.values()))


def initial_temperature(model: Model, mesh: Mesh) -> np.ndarray | None:
    """Temperature of the initial, strain-free state.

    Returns
    -------
    (n_node,): the model's initial temperature, else the temperature loads at the model's initial time, else None.
    """
    if model.initial_temperature is not None:
        return nodal_scalar(model.initial_temperature, mesh, "initial_temperature")
    field = temperature_at(temperature_terms(model, mesh), model.amplitudes, np.array([model.initial_time]))
    return None if field is None else field[0]
