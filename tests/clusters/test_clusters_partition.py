"""Partitions: labels, medoids and members by every dissimilarity, zero snapshots, runs, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from travelling import bumps, gram

from romlib.clusters.partition import partition
from romlib.errors import InputError
from romlib.model.clusters import OF_SNAPSHOTS, ClusterOptions

N = 40
RUNS, TIMES = np.repeat([0, 1], N), np.tile(np.linspace(0.0, 1.0, N), 2)
FIELDS = np.concatenate([bumps(N), bumps(N, size=2.0)[::-1]])  # forth, and back
GRAMS = {name: gram(FIELDS) for name in ("stress", "energy", "displacement")}


@pytest.mark.parametrize("kind", OF_SNAPSHOTS)
def test_every_cluster_has_its_medoid_its_own_snapshots_and_enough_members(kind):
    options = ClusterOptions(number=4, dissimilarity=kind, overlap=2, minimum_modes=12)
    found = partition(GRAMS, RUNS, TIMES, options)
    assert found.labels.shape == (2 * N,) and (found.labels[found.medoids] == np.arange(4)).all()
    for number, members in enumerate(found.members):
        assert np.isin(np.flatnonzero(found.labels == number), members).all()
        assert (np.diff(members) > 0).all() and len(members) >= 12


@pytest.mark.parametrize("kind", ["stress", "energy", "displacement"])
def test_places_of_a_bump_are_together_whichever_way_it_goes(kind):
    found = partition(GRAMS, RUNS, TIMES, ClusterOptions(number=4, dissimilarity=kind))
    assert (found.labels[:N] == found.labels[:N - 1:-1]).all() and (np.diff(found.labels[:N]) >= 0).all()


def test_windows_of_time_are_not():
    found = partition({}, RUNS, TIMES, ClusterOptions(number=4, dissimilarity="time"))
    assert (np.diff(found.labels) >= 0).all() and np.bincount(found.labels).min() > 10


def test_the_neighbours_of_each_member_join_its_cluster():
    alone, more = (partition(GRAMS, RUNS, TIMES, ClusterOptions(number=4, overlap=n, minimum_modes=1))
                   for n in (0, 6))
    d = 1.0 - (GRAMS["stress"] / np.sqrt(np.outer(*[np.diag(GRAMS["stress"])] * 2))) ** 2
    for number in range(4):
        own = np.flatnonzero(alone.labels == number)
        assert alone.members[number].tolist() == own.tolist()
        extra = np.setdiff1d(more.members[number], own)
        sixth = np.sort(d[own], axis=1)[:, 6]  # besides itself
        assert len(extra) and (d[own][:, extra] <= sixth[:, None] + 1e-9).any(axis=0).all()


def test_a_cluster_of_few_takes_in_what_is_nearest_to_its_medoid_up_to_the_minimum():
    found = partition(GRAMS, RUNS, TIMES, ClusterOptions(number=16, overlap=0, minimum_modes=12))
    sizes = np.sqrt(np.diag(GRAMS["stress"]))
    cosines = np.abs(GRAMS["stress"]) / np.outer(sizes, sizes)
    assert np.bincount(found.labels).max() < 12 and [len(part) for part in found.members] == [12] * 16
    for number, members in enumerate(found.members):
        own, of = np.flatnonzero(found.labels == number), cosines[found.medoids[number]]
        others = np.setdiff1d(np.arange(2 * N), members)
        assert of[np.setdiff1d(members, own)].min() >= of[others].max() - 1e-9


def test_a_state_at_rest_where_a_run_begins_is_of_its_own_run_and_not_of_the_end_of_the_one_before():
    fields = np.concatenate([bumps(N), np.zeros((2, bumps(N).shape[1])), bumps(N)])
    found = partition({"stress": gram(fields)}, np.repeat([0, 1], [N, N + 2]),
                      np.concatenate([np.arange(float(N)), np.arange(N + 2.0)]), ClusterOptions(number=4))
    assert found.labels[N] == found.labels[N + 1] == found.labels[N + 2] != found.labels[N - 1]


def test_the_end_of_each_run_joins_every_cluster_where_that_is_asked_for():
    without, found = (partition(GRAMS, RUNS, TIMES, ClusterOptions(number=4, ends=ends)) for ends in (False, True))
    assert found.labels.tolist() == without.labels.tolist()
    for members, former in zip(found.members, without.members):
        assert members.tolist() == sorted({*former.tolist(), N - 1, 2 * N - 1})
    assert any(len(members) > len(former) for members, former in zip(found.members, without.members))


def test_a_zero_snapshot_is_with_the_nearest_of_its_run():
    fields = FIELDS.copy()
    fields[[0, 1, N]] = 0.0
    options = ClusterOptions(number=4)
    found = partition({"stress": gram(fields)}, RUNS, TIMES, options)
    assert found.labels[0] == found.labels[1] == found.labels[2] and found.labels[N] == found.labels[N + 1]
    assert not np.isin([0, 1, N], found.medoids).any()
    assert all(np.isin(np.flatnonzero(found.labels == k), part).all() for k, part in enumerate(found.members))


def test_one_cluster_has_everything():
    found = partition(GRAMS, RUNS, TIMES, ClusterOptions())
    assert (found.labels == 0).all() and found.members[0].tolist() == list(range(2 * N))


def test_a_number_may_be_given_besides_the_options():
    assert len(partition(GRAMS, RUNS, TIMES, ClusterOptions(number="auto"), 3).medoids) == 3
    with pytest.raises(ValueError, match="has to be found before"):
        partition(GRAMS, RUNS, TIMES, ClusterOptions(number="auto"))


@pytest.mark.parametrize("kind", ["grassmann", "chordal"])
def test_clusters_of_runs_have_whole_runs(kind):
    """Six runs, each a stretch of the way; runs 0 to 2 lie on its first half, the others on the second."""
    whole = bumps(60)
    starts = [0, 5, 9, 30, 36, 40]
    fields = np.concatenate([whole[start:start + 15] for start in starts])
    runs, times = np.repeat(np.arange(6), 15), np.tile(np.arange(15.0), 6)
    found = partition({"energy": gram(fields)}, runs, times,
                      ClusterOptions(number=2, choose="input", dissimilarity=kind))
    assert found.labels[::15].tolist() == [0, 0, 0, 1, 1, 1]
    assert (found.labels[found.medoids] == [0, 1]).all()
    assert [len(part) for part in found.members] == [45, 45]
    with pytest.raises(InputError, match=r"training runs as clusters[\s\S]*1 \.\.\. 6\n  found: 7"):
        partition({"energy": gram(fields)}, runs, times, ClusterOptions(number=7, choose="input"))


def test_parallel_snapshots_are_one_cluster_and_no_more():
    fields = np.outer(np.arange(1.0, 9.0), np.ones(3))
    grams = {"stress": gram(fields)}
    runs, times = np.zeros(8, dtype=int), np.arange(8.0)
    assert partition(grams, runs, times, ClusterOptions(number=1)).members[0].tolist() == list(range(8))
    with pytest.raises(InputError, match=r"1 \.\.\. 1: so many differ"):
        partition(grams, runs, times, ClusterOptions(number=2))


def test_one_snapshot_is_one_cluster():
    found = partition({"stress": np.array([[4.0]])}, np.zeros(1, dtype=int), np.ones(1), ClusterOptions())
    assert found.labels.tolist() == [0] and found.medoids.tolist() == [0] and found.members[0].tolist() == [0]


def test_zero_snapshots_alone_are_refused():
    with pytest.raises(InputError, match="stress are all zero"):
        partition({"stress": np.zeros((4, 4))}, np.zeros(4, dtype=int), np.arange(4.0), ClusterOptions(number=2))


def test_options_of_runs_have_defaults_of_their_own_and_dissimilarities_of_the_other_kind_are_refused():
    options = ClusterOptions(choose="input")
    assert (options.dissimilarity, options.overlap, options.gram) == ("grassmann", 0, "energy")
    assert (ClusterOptions().dissimilarity, ClusterOptions().overlap, ClusterOptions().gram) == ("stress", 6, "stress")
    for choose, kind in (("input", "stress"), ("state", "chordal")):
        with pytest.raises(ValidationError, match=f"{kind!r} is not one for choose"):
            ClusterOptions(choose=choose, dissimilarity=kind)
