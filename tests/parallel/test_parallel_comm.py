"""One rank, and what does not need several: sharing, sums, errors, the choice between serial and MPI."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from romlib.errors import InputError, RomlibError
from romlib.launcher import launched_ranks
from romlib.parallel import Comm, pieces_of_rank, serial
from romlib.parallel.comm import world


class OneOf(Comm):
    """A rank of a larger run, as far as `pieces_of_rank` looks at it."""

    def __init__(self, rank: int, size: int) -> None:
        super().__init__()
        self.rank, self.size = rank, size


@given(st.integers(1, 200), st.data())
def test_every_piece_has_one_rank_and_ranks_are_balanced(n_piece, data):
    size = data.draw(st.integers(1, n_piece))
    shares = [pieces_of_rank(n_piece, OneOf(rank, size)) for rank in range(size)]
    assert [piece for pieces in shares for piece in pieces] == list(range(n_piece))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert min(map(len, shares)) >= 1


def test_more_ranks_than_pieces_is_refused():
    with pytest.raises(InputError, match=r"3 ranks cannot share 2 pieces[\s\S]*--pieces"):
        pieces_of_rank(2, OneOf(0, 3))


@given(st.permutations(range(6)))
def test_sum_is_in_piece_order_whatever_the_order_of_the_dictionary(order):
    rng = np.random.default_rng(1)
    arrays = rng.normal(size=(6, 4, 3)) * 10.0 ** rng.integers(-8, 8, size=(6, 1, 1))
    expected = arrays[0].copy()
    for array in arrays[1:]:
        expected += array
    before = arrays.copy()
    total = serial().sum_pieces({piece: arrays[piece] for piece in order})
    assert np.array_equal(total, expected)
    assert np.array_equal(arrays, before)


def test_sum_of_one_piece_is_a_new_array():
    array = np.ones(3)
    total = serial().sum_pieces({0: array})
    total[0] = 5.0
    assert array[0] == 1.0


def test_sum_of_nothing_and_of_different_shapes_is_refused():
    with pytest.raises(InputError, match="no piece"):
        serial().sum_pieces({})
    with pytest.raises(InputError, match=r"piece 7, rank 0[\s\S]*\(2,\)[\s\S]*\(3,\)"):
        serial().sum_pieces({2: np.zeros(2), 7: np.zeros(3)})


def test_errors_pass_through_unchanged():
    error = InputError("wrong", file="a.inp", place="line 3")
    with pytest.raises(InputError) as caught, serial().agreement():
        raise error
    assert caught.value is error


def test_collectives_on_root_only_are_refused():
    comm = serial()
    with pytest.raises(RuntimeError, match="on_root"):
        comm.on_root(lambda: comm.gather(1))
    with pytest.raises(RuntimeError, match="on_root"):
        comm.on_root_for_long(lambda: comm.gather(1))
    assert comm.gather(1) == [1]


def test_pieces_stream_in_order_one_at_a_time():
    log = []
    serial().stream_pieces([2, 0, 1], lambda p: log.append(("produce", p)) or 10 * p, lambda p, v: log.append((p, v)))
    assert log == [("produce", 0), (0, 0), ("produce", 1), (1, 10), ("produce", 2), (2, 20)]


@pytest.mark.parametrize(
    "environment, expected",
    [({}, None), ({"OMPI_COMM_WORLD_SIZE": "3"}, 3), ({"PMI_SIZE": "2", "PMI_RANK": "0"}, 2), ({"PMIX_RANK": "1"}, 0)])
def test_launcher_is_seen_in_the_environment(monkeypatch, environment, expected):
    for name in ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMI_RANK", "PMIX_RANK", "MPI_LOCALNRANKS", "MV2_COMM_WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert launched_ranks() == expected


def test_plain_start_does_not_import_mpi4py(plain_environment):
    script = "import sys, romlib.parallel as p; c = p.world(); print(c.size, 'mpi4py' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], env=plain_environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "False"]


def test_launched_without_mpi4py_says_what_to_install(monkeypatch):
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "2")
    monkeypatch.delitem(sys.modules, "romlib.parallel.mpi", raising=False)
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(RomlibError, match=r"2 ranks[\s\S]*romlib-mechanics\[mpi\]"):
        world.__wrapped__()
