"""Formulas in the time t, such as ``95*sin(2*pi*t)``; see `romlib.formula`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from romlib.formula import allowed, parse

TIME = "t"
ALLOWED = allowed(TIME)


def compile_expression(text: str) -> Callable[[np.ndarray], np.ndarray]:
    """The function of time that a formula describes.

    Parameters
    ----------
    text : a formula in the variable t; `ALLOWED` says what it may contain.

    Returns
    -------
    A function of times (n,) that returns float values (n,). It does not check that they are finite: 1/t at t = 0 is
    for the caller to judge.

    Raises
    ------
    InputError : what is not a formula, or not allowed; the message has the text, the position and what is allowed.
    """
    formula = parse(text, (TIME,), TIME, "give the amplitude as a table of times and values")

    def function(times: np.ndarray) -> np.ndarray:
        times = np.asarray(times, dtype=float)
        values = formula({TIME: times})
        if np.shape(values) != times.shape:  # a constant
            values = np.broadcast_to(values, times.shape)
        return np.array(values, dtype=float)

    return function
