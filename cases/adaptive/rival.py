"""The literature's indicator on the same calibration: unweighted misfits, and a Gaussian process on their logarithms.

F. Casenave, N. Akkari, Math. Comput. Appl. 24 (2019) 41: the bound is the mean plus two standard deviations of a
Gaussian process that was fitted to pairs of misfit and true error. Errors beyond 100 % count as 100 %, as in romlib's
own calibration.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from judgement import QUANTITIES, Judged

from romlib.archive.indicator import CalibrationPair

LEAST = 1e-12  # of what a logarithm is taken of


def rival(pairs: Sequence[CalibrationPair], judged: list[Judged]) -> list[Judged]:
    """The same cases with the bounds of the Gaussian process, at the end of the run only (n_step = 1)."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

    fields = sorted(pairs[0].unweighted)
    known = _logarithms([[pair.unweighted[name] for name in fields] for pair in pairs])
    mean, scale = known.mean(axis=0), np.maximum(known.std(axis=0), LEAST)
    asked = (_logarithms([[one.features[name] for name in fields] for one in judged]) - mean) / scale
    kernel = ConstantKernel(1.0) * RBF(np.full(len(fields), 2.0), (0.3, 100.0)) + WhiteKernel(0.05)
    bounds = {}
    for quantity in QUANTITIES:
        process = GaussianProcessRegressor(kernel, normalize_y=True, n_restarts_optimizer=3, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a length scale at its limit: few pairs
            process.fit((known - mean) / scale, _logarithms([min(pair.errors[quantity], 1.0) for pair in pairs]))
        middle, deviation = process.predict(asked, return_std=True)
        bounds[quantity] = np.exp(middle + 2.0 * deviation)
    return [replace(one, times=one.times[-1:], errors={name: error[-1:] for name, error in one.errors.items()},
                    bounds={name: bound[k:k + 1] for name, bound in bounds.items()})
            for k, one in enumerate(judged)]


def _logarithms(values: Sequence) -> np.ndarray:
    return np.log(np.maximum(np.asarray(values, dtype=float), LEAST))
