"""How far values at points are from the span of modes: what vanishes, what does not, what clusters and gaps change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from bounded_bar import MODEL
from hand_made_rom import affine, hand_made_rom, with_indicator

from romlib.archive.rom import ControlPoints, GappyOperator, LocalBasis, Rom
from romlib.mesh.box import box_mesh
from romlib.offline.gappy import operator
from romlib.online.misfits import CONTROL, Fit, Misfits, Watch

RANDOM = np.random.default_rng(7)


def gappy(n_dual: int, n_point: int, n_comp: int) -> GappyOperator:
    basis = RANDOM.standard_normal((n_dual, n_point, n_comp))
    return GappyOperator("x", n_comp, np.arange(1, n_point + 1), operator(basis), basis.reshape(n_dual, -1))


def values_of(one: GappyOperator, coordinates: np.ndarray) -> np.ndarray:
    """A combination of the modes at the points of the field; another value at a point that does not have it."""
    at = (coordinates @ one.basis).reshape(len(coordinates), len(one.points), one.n_comp)
    return np.concatenate([np.full((len(at), 1, one.n_comp), 9.0), at], axis=1)


def test_a_combination_of_the_modes_has_no_misfit_and_another_field_has_what_it_has_besides() -> None:
    one = gappy(3, 8, 6)
    fit, weights = Fit.of(one), np.append(0.0, RANDOM.uniform(0.5, 2.0, 8))
    values = values_of(one, RANDOM.standard_normal((5, 3)))
    misfit, size = fit.misfit(values, weights)
    assert np.all(misfit <= 1e-12 * size) and np.all(size > 0)
    aside = RANDOM.standard_normal((8 * 6,))
    aside -= one.basis.T @ (one.operator @ aside)
    values[:, 1:] += aside.reshape(8, 6)
    expected = np.sqrt(np.sum(weights[1:, None] * aside.reshape(8, 6)**2))
    np.testing.assert_allclose(fit.misfit(values, weights)[0], expected, rtol=1e-12)


def test_a_fit_has_no_more_modes_than_a_third_of_its_values_since_else_it_leaves_no_misfit() -> None:
    full = gappy(8, 9, 1)
    fit = Fit.of(full)
    assert fit.basis.shape == (3, 9)
    np.testing.assert_array_equal(fit.basis, full.basis[:3])
    values = values_of(full, np.eye(8)[[7]])  # the last mode alone
    weights = np.ones(10)
    assert fit.misfit(values, weights)[0] > 0.1 * fit.misfit(values, weights)[1]
    assert Fit.of(gappy(2, 9, 1)).basis.shape == (2, 9)


def watched_rom() -> tuple[Rom, dict[str, np.ndarray]]:
    dual = {"stress": (6, True), "p": (1, False)}
    rom, _ = hand_made_rom([box_mesh("hex8", (2, 1, 1))], MODEL, (affine(0),), dual=dual)
    values = {"stress": RANDOM.standard_normal((4, 16, 6)), "p": RANDOM.uniform(1.0, 2.0, (4, 16, 1))}
    return with_indicator(rom), values


def test_each_step_is_measured_by_the_weights_of_its_own_cluster() -> None:
    rom, values = watched_rom()
    first = rom.clusters[0]
    second = LocalBasis(first.strain_modes, RANDOM.permutation(first.weights * np.linspace(0.5, 1.5, 16)), first.loads)
    both = Misfits.of(replace(rom, clusters=[first, second]))
    clusters = np.array([1, 0, 0, 1])
    found = both.found(values, clusters)
    for number, basis in enumerate((first, second)):
        alone = Misfits.of(replace(rom, clusters=[basis])).found(values, np.zeros(4, dtype=int))
        for name, pair in found.items():
            for mixed, expected in zip(pair, alone[name]):
                np.testing.assert_allclose(mixed[clusters == number], expected[clusters == number], rtol=1e-12)


def test_control_points_are_measured_with_all_modes_of_the_field_also_where_its_fit_has_fewer() -> None:
    rom, values = watched_rom()
    watch = rom.control
    assert watch is not None
    basis = RANDOM.standard_normal((8, 9))  # more modes than a third of the values
    points = np.arange(9)
    rom.gappy["p"] = GappyOperator("p", 1, points, operator(basis[..., None]), basis)
    rom.control = ControlPoints(watch.points, watch.weights, {"p": RANDOM.standard_normal((8, len(watch.points), 1))})
    found = Misfits.of(rom).found(values, np.zeros(4, dtype=int))
    z = values["p"][:, points].reshape(4, -1) @ rom.gappy["p"].operator.T
    aside = np.tensordot(z, rom.control.bases["p"], 1) - values["p"][:, watch.points]
    misfit, size = found["p" + CONTROL]
    np.testing.assert_allclose(misfit, np.sqrt((aside[..., 0] ** 2) @ watch.weights), rtol=1e-12)
    np.testing.assert_allclose(size, np.linalg.norm(z, axis=1), rtol=1e-12)
    for mine, expected in zip(found["p"], Fit.of(rom.gappy["p"]).misfit(values["p"], rom.clusters[0].weights)):
        np.testing.assert_allclose(mine, expected, rtol=1e-12)


def test_a_control_point_that_lacks_a_field_does_not_count() -> None:
    rom, values = watched_rom()
    watch = rom.control
    assert watch is not None
    lacks = watch.bases["p"].copy()
    lacks[:, 0] = np.nan
    one = replace(gappy(len(lacks), 8, 1), field="p")  # without the control points
    values["p"][:, watch.points[0]] = np.nan
    with_gap = ControlPoints(watch.points, watch.weights, {"p": lacks})
    without = ControlPoints(watch.points[1:], watch.weights[1:], {"p": watch.bases["p"][:, 1:]})
    z = values["p"][:, one.points].reshape(4, -1) @ one.operator.T
    found, expected = (Watch.of(control, "p").misfit(values["p"], z)[0] for control in (with_gap, without))
    assert np.all(expected > 0)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
