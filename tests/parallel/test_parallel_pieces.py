"""Work done piece by piece: sums and values of all pieces, whoever has them, and failures that every rank hears of."""

from __future__ import annotations

import numpy as np
import pytest

from romlib.errors import InputError
from romlib.parallel import Comm, Pieces, serial

ON_RANKS = """
from romlib.errors import InputError
from romlib.parallel import Pieces
pieces = Pieces(comm, 5)
values = np.random.default_rng(1).standard_normal(5) * 10.0 ** np.array([16, 0, 8, -8, 16])

def failing(piece):
    if piece == 3:
        raise InputError("piece 3 has no value")
    return values[piece]

streamed = []
pieces.stream(lambda piece: values[piece], lambda piece, value: streamed.append((piece, value)))
total = float(pieces.sum(lambda piece: values[piece]))
both = pieces.sums(lambda piece: {"value": values[piece], "square": values[piece] ** 2})
everywhere = pieces.collect(lambda piece: 10 * piece, only=[1, 4])
at_root = pieces.gather(lambda piece: piece ** 2)
try:
    pieces.sum(failing)
except InputError as error:
    failed = error.what
report([list(pieces.mine), total, float(both["value"]), float(both["square"]), list(everywhere.items()),
        at_root and list(at_root.items()), streamed, failed])
"""


def test_sums_and_values_are_the_same_on_any_number_of_ranks_and_a_failure_is_raised_on_all(run_ranks):
    (one,), three = run_ranks(ON_RANKS, 1), run_ranks(ON_RANKS, 3)
    assert one[0] == [0, 1, 2, 3, 4] and [rank[0] for rank in three] == [[0], [1, 2], [3, 4]]
    for rank in three:
        assert rank[1:5] == one[1:5] and rank[7] == one[7] == "piece 3 has no value"
    assert one[4] == [[1, 10], [4, 40]]
    assert three[0][5:7] == one[5:7] and one[5] == [[k, k**2] for k in range(5)]
    assert all(rank[5] is None and rank[6] == [] for rank in three[1:])


def test_what_a_pass_has_given_is_summed_without_a_second_pass():
    pieces, calls = Pieces(serial(), 3), []
    own = pieces.each(lambda piece: calls.append(piece) or np.full(2, 10.0**piece))
    assert calls == [0, 1, 2]
    np.testing.assert_array_equal(pieces.sum(own), [111.0, 111.0])
    assert calls == [0, 1, 2] and list(pieces.collect(own)) == [0, 1, 2]


def test_more_ranks_than_pieces_are_refused():
    class OneOfFour(Comm):
        rank, size = 1, 4

    with pytest.raises(InputError, match="4 ranks cannot share 3 pieces"):
        Pieces(OneOfFour(), 3)
