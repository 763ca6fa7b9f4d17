"""Properties of gappy POD and its points."""

from __future__ import annotations

import numpy as np
import pytest

from romlib.offline.gappy import amplification, complete_points, interpolation_points, operator


def modes(n_dual: int = 5, n_point: int = 200, n_comp: int = 2, seed: int = 0) -> np.ndarray:
    """Orthonormal in L2 on the unit interval with equal weights."""
    random = np.random.default_rng(seed)
    x = np.linspace(0.0, 1.0, n_point)
    raw = np.stack([np.stack([np.sin((k + 1) * 3 * x + c) for c in range(n_comp)], axis=1) for k in range(n_dual)])
    raw += 0.01 * random.standard_normal(raw.shape)
    flat, _ = np.linalg.qr(raw.reshape(n_dual, -1).T)
    return flat.T.reshape(raw.shape) * np.sqrt(n_point)


def test_a_field_of_the_basis_is_recovered_exactly() -> None:
    basis = modes()
    z = np.arange(1.0, 6.0)
    points = interpolation_points(basis)
    values = np.tensordot(z, basis, axes=1)[points]
    assert np.allclose(operator(basis[:, points]) @ values.ravel(), z, atol=1e-9)


def test_interpolation_points_amplify_less_than_arbitrary_ones() -> None:
    basis = modes(n_comp=1)
    best = amplification(basis[:, interpolation_points(basis)], 1.0)
    assert best < 10.0
    assert amplification(basis[:, :5], 1.0) > 10.0 * best


def test_too_few_values_are_infinitely_unsafe() -> None:
    assert amplification(modes(n_comp=1)[:, :3], 1.0) == np.inf


def test_points_are_added_only_as_long_as_needed() -> None:
    basis = modes(n_comp=1)
    extra = interpolation_points(basis)
    everything = np.concatenate([basis[:, :4], basis[:, extra]], axis=1)
    needed = complete_points(everything, 4, 1.0)
    assert 0 < needed <= len(extra)
    assert amplification(everything[:, : 4 + needed], 1.0) <= 10.0
    assert amplification(everything[:, : 4 + needed - 1], 1.0) > 10.0
    assert complete_points(basis, basis.shape[1], 1.0) == 0


def test_noise_grows_by_no_more_than_the_amplification() -> None:
    basis = modes()
    points = interpolation_points(basis)
    noise = np.random.default_rng(1).standard_normal((len(points), 2))
    error = operator(basis[:, points]) @ noise.ravel()
    rms = np.sqrt((noise**2).sum() / len(points))
    assert np.linalg.norm(error) <= amplification(basis[:, points], 1.0) * rms * (1 + 1e-12)
    assert operator(basis[:, points]).shape == (5, 2 * len(points))
    assert pytest.approx(1.0, rel=0.1) == amplification(basis, 1.0)
