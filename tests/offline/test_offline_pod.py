"""Properties of the method of snapshots."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from romlib.errors import InputError
from romlib.offline.pod import lifting_combination, orthonormalise, pod


def snapshots(seed: int, n: int = 12, m: int = 40, decay: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    fields = (random.standard_normal((n, n)) * decay ** np.arange(n)) @ random.standard_normal((n, m))
    return fields, random.uniform(0.5, 2.0, m)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), tolerance=st.floats(1e-6, 0.5))
def test_tolerance_is_the_inequality_it_promises(seed: int, tolerance: float) -> None:
    fields, mass = snapshots(seed)
    result = pod(fields * mass @ fields.T, tolerance=tolerance)
    modes = result.combination.T @ fields
    rest = fields - (fields * mass @ modes.T) @ modes
    error = np.sqrt((rest**2 * mass).sum() / (fields**2 * mass).sum())
    assert error <= tolerance * (1 + 1e-6) + 1e-12
    assert error == pytest.approx(result.truncation_error, rel=1e-3, abs=1e-7)
    if result.n_mode > 1:  # the smallest such number
        tail = result.eigenvalues[result.n_mode - 1:].sum() / result.eigenvalues.sum()
        assert tail > tolerance**2


def test_modes_are_orthonormal_after_one_correction() -> None:
    fields, mass = snapshots(1, n=30, decay=0.45)
    result = pod(fields * mass @ fields.T, tolerance=1e-7)
    modes = result.combination.T @ fields
    before = np.abs(modes * mass @ modes.T - np.eye(len(modes))).max()
    modes = orthonormalise(modes * mass @ modes.T).T @ modes
    after = np.abs(modes * mass @ modes.T - np.eye(len(modes))).max()
    assert after < 1e-12 < before


def test_rounding_is_dropped_and_counted() -> None:
    fields, mass = snapshots(2, n=4)
    fields = np.concatenate([fields, fields[:2] + fields[2:]])
    result = pod(fields * mass @ fields.T, tolerance=1e-12)
    assert result.n_mode == 4
    assert result.n_dropped == 2


def test_the_input_is_left_alone() -> None:
    gram = np.diag([3.0, 2.0, 1.0])
    before = gram.copy()
    pod(gram, n_mode=2)
    assert np.array_equal(gram, before)


def test_more_modes_than_snapshots_have_is_refused_with_both_numbers() -> None:
    with pytest.raises(InputError, match=r"at most 2[\s\S]*5"):
        pod(np.diag([1.0, 1.0, 0.0]), n_mode=5)


def test_zero_snapshots_are_refused_by_the_name_of_the_field() -> None:
    with pytest.raises(InputError, match=r"snapshots of p are all zero[\s\S]*leave 'p' out of dual_fields"):
        pod(np.zeros((3, 3)), tolerance=1e-3, field="p")


def test_liftings_reproduce_what_the_amplitudes_generate() -> None:
    random = np.random.default_rng(0)
    amplitudes, shapes = random.standard_normal((9, 2)), random.standard_normal((2, 15))
    boundary = amplitudes @ shapes
    combination = lifting_combination(amplitudes, ["top", "side"])
    assert np.allclose(combination @ boundary, shapes, atol=1e-12)


def test_dependent_amplitudes_are_refused_by_name() -> None:
    t = np.linspace(0.0, 1.0, 8)
    with pytest.raises(InputError, match=r"top, side[\s\S]*independent"):
        lifting_combination(np.stack([t, 3.0 * t, np.sin(9.0 * t)], axis=1), ["top", "side", "free"])


def test_an_amplitude_that_never_moves_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="side"):
        lifting_combination(np.stack([np.arange(4.0), np.zeros(4)], axis=1), ["top", "side"])


def test_a_local_basis_has_a_minimum_of_modes_as_far_as_its_snapshots_have_them() -> None:
    gram = np.diag([1.0, 1e-6, 1e-10, 1e-14, 0.0])  # singular values 1, 1e-3, 1e-5, 1e-7, 0
    assert pod(gram, tolerance=1e-2).n_mode == 1
    assert [pod(gram, tolerance=1e-2, local=True, least=n).n_mode for n in (1, 2, 5)] == [1, 2, 2]
    assert pod(gram, tolerance=1e-4, local=True, least=5).n_mode == 3
    assert pod(gram, n_mode=9, local=True).n_mode == 4  # no refusal: another cluster may have them
