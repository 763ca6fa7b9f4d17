"""What holds on several ranks. Scripts are started with mpirun; tests marked `mpi` run inside `mpirun -n N pytest`."""

from __future__ import annotations

import os

import numpy as np
import pytest

from romlib.errors import ConvergenceError, InputError
from romlib.parallel import StageTimer, pieces_of_rank, serial, world

SUM = """
rng = np.random.default_rng(3)
arrays = rng.normal(size=(5, 700, 3001)) * 10.0 ** rng.integers(-9, 9, size=(5, 700, 1))  # a piece is more than a chunk
total = comm.sum_pieces({piece: arrays[piece] for piece in pieces_of_rank(5, comm)})
small = comm.sum_pieces({piece: arrays[piece, 0, 0] for piece in pieces_of_rank(5, comm)})
import hashlib
report([hashlib.sha256(total.tobytes()).hexdigest(), float(small).hex(), str(total.shape)])
"""


def test_sum_is_bitwise_the_same_for_any_ranks(run_ranks):
    results = [result for n in (1, 2, 3) for result in run_ranks(SUM, n)]
    assert len(results) == 6
    assert all(result == results[0] for result in results)


def test_first_piece_need_not_be_on_rank_0(run_ranks):
    body = """
mine = {0: [4, 1], 1: [0, 3], 2: []}[comm.rank]
values = np.array([1e16, 1.0, -1e16, 1.0, 3.0])
report(float(comm.sum_pieces({piece: values[piece] for piece in mine if piece != 2})))
"""
    expected = ((1e16 + 1.0) + 1.0) + 3.0
    assert run_ranks(body, 3) == [expected] * 3


FAILURE = """
from romlib.errors import InputError
class Foreign(Exception):
    def __init__(self, a, b):
        super().__init__(f'{a} and {b}')  # cannot be rebuilt from its args: does not survive pickling
try:
    with comm.agreement():
        if comm.rank == comm.size - 1:
            raise %s
        %s
    report('nothing')
except Exception as error:
    report([type(error).__name__, str(error), getattr(error, '__notes__', [])])
assert comm.allgather(comm.rank) == list(range(comm.size))  # and they can go on together
"""


@pytest.mark.parametrize("others", [
    "pass", "comm.gather(np.zeros(10))", "comm.sum_pieces({comm.rank: np.ones(3)})", "comm.on_root(lambda: 1)",
    "comm.on_root_for_long(lambda: 1)",
    "comm.stream_pieces([comm.rank], lambda piece: piece, lambda piece, value: None)"])
@pytest.mark.parametrize("n", [2, 3])
def test_error_on_one_rank_is_raised_on_all(run_ranks, others, n):
    answers = run_ranks(FAILURE % ("InputError('bad cell', file='a.geof', place='line 7')", others), n)
    assert {answer[0] for answer in answers} == {"InputError"}
    assert all("bad cell" in text and "a.geof" in text and "line 7" in text for _, text, _ in answers)
    assert answers[0][2] == [f"raised on rank {n - 1}"]
    assert answers[-1][2] == []


def test_error_that_cannot_be_pickled_reaches_the_others_by_its_text(run_ranks):
    answers = run_ranks(FAILURE % ("Foreign(1, 2)", "comm.barrier()"), 2)
    assert answers[0][:2] == ["RomlibError", "Foreign: 1 and 2"]
    assert answers[1][:2] == ["Foreign", "1 and 2"]


def test_first_failing_rank_wins_and_nested_agreements_agree_once(run_ranks):
    body = """
try:
    with comm.agreement():
        with comm.agreement():
            if comm.rank > 0:
                raise ValueError(f'from {comm.rank}')
except ValueError as error:
    report([str(error), comm.allgather('still together')])
"""
    assert run_ranks(body, 3) == [["from 1", ["still together"] * 3]] * 3


def test_an_error_in_cleaning_up_after_one_that_all_have_is_not_agreed_upon_again(run_ranks):
    body = """
class Closes:
    def __enter__(self):
        return self
    def __exit__(self, *error):
        if comm.rank == 1:
            raise OSError('no room to close')
try:
    with comm.agreement(), Closes(), comm.agreement():
        if comm.rank == 1:
            raise ValueError('no room to write')
except Exception as error:
    report([str(error), comm.allgather('still together')])
"""
    together = ["still together"] * 2
    assert run_ranks(body, 2) == [["no room to write", together], ["no room to close", together]]


@pytest.mark.parametrize("where", ["produce", "consume"])
def test_error_while_pieces_stream_is_raised_on_all(run_ranks, where):
    body = f"""
def fail(piece):
    if piece == 3:
        raise ValueError('piece 3')
seen = []
produce = lambda piece: (fail(piece) if '{where}' == 'produce' else None, np.full(5, piece))[1]
consume = lambda piece, value: (seen.append(value.tolist()), fail(piece) if '{where}' == 'consume' else None)
try:
    comm.stream_pieces(pieces_of_rank(5, comm), produce, consume)
except ValueError as error:
    report([str(error), len(seen)])
"""
    answers = run_ranks(body, 2)
    assert [text for text, _ in answers] == ["piece 3"] * 2
    assert answers[0][1] == (3 if where == "produce" else 4)
    assert answers[1][1] == 0


def test_more_ranks_than_pieces_is_refused_on_every_rank(run_ranks):
    body = """
from romlib.errors import InputError
try:
    pieces_of_rank(2, comm)
except InputError as error:
    report(str(error))
"""
    assert all("3 ranks cannot share 2 pieces" in answer for answer in run_ranks(body, 3))


def test_abort_ends_every_rank_with_a_code(run_ranks):
    body = """
report(comm.rank)
comm.barrier()
if comm.rank == 1:
    comm.abort(3)
comm._mpi.Barrier()  # rank 0 waits for a rank that never comes
"""
    assert run_ranks(body, 2, code=3) == [0, 1]


@pytest.mark.mpi
def test_world_has_the_ranks_that_were_launched():
    comm = world()
    assert comm.size == int(os.environ.get("OMPI_COMM_WORLD_SIZE", "1"))
    assert comm.allgather(comm.rank) == list(range(comm.size))


@pytest.mark.mpi
def test_values_and_arrays_arrive_on_every_rank():
    comm = world()
    expected = {"a": np.arange(200_000.0).reshape(2, -1), "b": ["x", None]}
    value = comm.bcast(expected if comm.rank == 0 else None)
    gathered = comm.gather(value["a"] + comm.rank)
    with comm.agreement():
        assert value["b"] == expected["b"] and np.array_equal(value["a"], expected["a"])
        assert (gathered is None) == (comm.rank != 0)
        if gathered is not None:
            assert all(np.array_equal(part, expected["a"] + rank) for rank, part in enumerate(gathered))


@pytest.mark.mpi
@pytest.mark.parametrize("name", ["on_root", "on_root_for_long"])
def test_root_runs_alone_and_all_get_its_result_or_its_error(name):
    comm = world()
    on_root = getattr(comm, name)
    assert on_root(lambda: ("rank", comm.rank)) == ("rank", 0)

    def fail() -> None:
        raise ConvergenceError("no equilibrium", time=0.5, residuals=[1.0, 0.5], cell=7, point=2)

    with pytest.raises(ConvergenceError, match="cell 7, integration point 2") as caught:
        on_root(fail)
    assert caught.value.time == 0.5 and caught.value.residuals == (1.0, 0.5)


def test_ranks_that_wait_for_long_sleep(run_ranks):
    body = """
import time
comm.barrier()
start, used = time.perf_counter(), time.process_time()
comm.on_root_for_long(lambda: time.sleep(1.0))
report([time.perf_counter() - start, time.process_time() - used])
"""
    for wall, cpu in run_ranks(body, 3):
        assert wall >= 0.9 and cpu < 0.3 * wall


@pytest.mark.mpi
def test_sum_over_ranks_equals_the_serial_sum():
    comm = world()
    arrays = np.random.default_rng(5).normal(size=(7, 40)) * np.logspace(-6, 6, 7)[:, None]
    total = comm.sum_pieces({piece: arrays[piece] for piece in pieces_of_rank(7, comm)})
    assert np.array_equal(total, serial().sum_pieces(dict(enumerate(arrays))))


@pytest.mark.mpi
def test_pieces_of_different_shapes_are_refused_on_every_rank():
    comm = world()
    with pytest.raises(InputError, match="different shapes"):
        comm.sum_pieces({piece: np.zeros(2 + (piece == 3)) for piece in pieces_of_rank(4, comm)})


@pytest.mark.mpi
def test_usage_has_a_row_per_stage_and_a_column_per_rank():
    comm = world()
    timer = StageTimer(comm)
    for name in ("read", "POD", "read"):
        with timer.stage(name):
            np.linalg.norm(np.random.default_rng(0).normal(size=200_000))
    rows = timer.rows()
    assert [row.name for row in rows] == ["read", "POD"]
    assert all(len(row.wall) == len(row.cpu) == len(row.peak) == comm.size for row in rows)
