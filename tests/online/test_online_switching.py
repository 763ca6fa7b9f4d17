"""The nearest cluster, projections and jumps, as functions of coefficients and products in the energy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from romlib.archive.switching import Switching
from romlib.online.switching import Switcher, Where

N_NODE, N_MODES, N_LIFT = 40, [4, 3, 5], 2


class Fields:
    """Random fields of 40 numbers, an energy, and what a training would store of them."""

    def __init__(self, seed: int, fallback: int | None = None, n_snapshot: int = 9, zero: int | None = None) -> None:
        rng = np.random.default_rng(seed)
        root = rng.normal(size=(N_NODE, N_NODE))
        self.stiffness = root @ root.T + 0.1 * np.eye(N_NODE)
        self.modes = [np.linalg.qr(rng.normal(size=(N_NODE, n)))[0].T for n in N_MODES]
        self.liftings = rng.normal(size=(N_LIFT, N_NODE))
        self.snapshots = rng.normal(size=(n_snapshot, N_NODE)) * 10.0 ** rng.integers(-3, 3, n_snapshot)[:, None]
        if zero is not None:
            self.snapshots[zero] = 0.0
        every = np.concatenate([*self.modes, self.liftings])
        local = [k for k in range(3) if k != fallback]
        self.labels = np.array([local[k % len(local)] for k in range(n_snapshot)])
        self.switching = Switching(
            ("a",), np.zeros(n_snapshot, dtype=int), np.arange(n_snapshot, dtype=float), self.labels,
            np.arange(len(local)), every @ self.stiffness @ every.T, every @ self.stiffness @ self.snapshots.T,
            np.sqrt(np.einsum("si,ij,sj->s", self.snapshots, self.stiffness, self.snapshots)), fallback)
        self.switcher = Switcher(self.switching, N_MODES)

    def field(self, where: Where) -> np.ndarray:
        return where.gamma @ self.modes[where.cluster] + where.lifting @ self.liftings

    def norm(self, u: np.ndarray) -> float:
        return float(np.sqrt(u @ self.stiffness @ u))


def some_where(seed: int, cluster: int, size: float = 1.0) -> Where:
    rng = np.random.default_rng(seed + 1000)
    return Where(cluster, size * rng.normal(size=N_MODES[cluster]), size * rng.normal(size=N_LIFT))


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6), cluster=st.integers(0, 2), size=st.floats(1e-4, 1e4))
def test_angles_are_those_of_the_fields_whatever_their_sizes(seed: int, cluster: int, size: float) -> None:
    fields, where = Fields(seed), some_where(seed, cluster, size)
    u = fields.field(where)
    assert fields.switcher.norm(where) == pytest.approx(fields.norm(u), rel=1e-9)
    for sine, snapshot in zip(fields.switcher.sines(where), fields.snapshots):
        least = u - (u @ fields.stiffness @ snapshot) / fields.norm(snapshot)**2 * snapshot
        assert sine == pytest.approx(fields.norm(least) / fields.norm(u), abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6), cluster=st.integers(0, 2), other=st.integers(0, 2))
def test_a_projection_is_the_nearest_field_and_the_jump_is_what_it_misses(seed: int, cluster: int, other: int) -> None:
    fields, where = Fields(seed), some_where(seed, cluster)
    gamma = fields.switcher.projected(where, other)
    there = Where(other, gamma, where.lifting)
    u, v = fields.field(where), fields.field(there)
    np.testing.assert_allclose(fields.modes[other] @ fields.stiffness @ (u - v), 0.0, atol=1e-9 * fields.norm(u))
    assert fields.switcher.jump(where, there) == pytest.approx(fields.norm(u - v) / fields.norm(u), abs=1e-7)
    back = Where(cluster, fields.switcher.projected(there, cluster), where.lifting)
    again = fields.switcher.jump(there, back) * fields.norm(v)
    assert fields.norm(fields.field(back) - u) <= fields.switcher.jump(where, there) * fields.norm(u) + again + 1e-9


@pytest.mark.parametrize("cluster", range(3))
def test_an_answer_balances_the_force_and_has_its_energy(cluster: int) -> None:
    fields, force = Fields(8), np.random.default_rng(1).normal(size=N_MODES[cluster])
    found, twice = fields.switcher.answer(cluster, force)
    u = found @ fields.modes[cluster]
    np.testing.assert_allclose(fields.modes[cluster] @ fields.stiffness @ u, force, rtol=1e-8)
    assert twice == pytest.approx(fields.norm(u) ** 2, rel=1e-8)


def test_a_field_that_the_other_basis_has_comes_back_unchanged() -> None:
    fields = Fields(5)
    fields.modes[1] = fields.modes[0][:3]  # within the first
    every = np.concatenate([*fields.modes, fields.liftings])
    fields.switching.energy = every @ fields.stiffness @ every.T
    switcher = Switcher(fields.switching, N_MODES)
    where = Where(1, np.array([1.0, -2.0, 0.5]), np.array([0.3, 0.1]))
    there = Where(0, switcher.projected(where, 0), where.lifting)
    np.testing.assert_allclose(fields.field(there), fields.field(where), atol=1e-12)
    assert switcher.jump(where, there) < 1e-7
    np.testing.assert_allclose(switcher.projected(there, 1), where.gamma, atol=1e-12)


def test_another_cluster_is_taken_where_its_snapshot_is_nearer_by_the_hysteresis() -> None:
    fields = Fields(7)
    for seed in range(40):
        where = some_where(seed, seed % 3)
        sines = fields.switcher.sines(where)
        mine = fields.labels == where.cluster
        for hysteresis in (0.0, 0.1, 0.5):
            nearer = sines[~mine].min() < (1.0 - hysteresis) * sines[mine].min()
            expected = fields.labels[np.argmin(np.where(mine, 2.0, sines))] if nearer else where.cluster
            assert fields.switcher.nearest(where, hysteresis) == expected


def test_the_basis_of_all_snapshots_is_left_for_the_nearest_and_never_chosen_as_such() -> None:
    fields = Fields(8, fallback=2)
    for seed in range(30):
        for cluster in range(3):
            where = some_where(seed, cluster)
            found = fields.switcher.nearest(where)
            assert found in (0, 1)
            if cluster == 2:
                assert found == fields.labels[np.argmin(fields.switcher.sines(where))]


def test_a_snapshot_that_strains_nothing_is_near_to_nothing_and_rest_has_no_direction() -> None:
    fields = Fields(9, zero=4)
    where = some_where(1, 0)
    sines = fields.switcher.sines(where)
    assert sines[4] == 1.0 and (np.delete(sines, 4) < 1.0).all()
    rest = Where(0, np.zeros(4), np.zeros(2))
    assert fields.switcher.at_rest(rest) and not fields.switcher.at_rest(where)
    assert fields.switcher.jump(rest, Where(1, np.zeros(3), np.zeros(2))) == 0.0
    assert fields.switcher.nearest(rest) == 0
