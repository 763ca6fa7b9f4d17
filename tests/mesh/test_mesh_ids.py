from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from romlib.mesh.ids import IdIndex, used_of

IDS = st.lists(st.integers(-50, 50), max_size=30)


EXTREME = np.iinfo(np.int64)
FAR_APART = st.lists(st.sampled_from([EXTREME.min, -3, 0, 7, 8, 10**12, EXTREME.max]), max_size=30)


@given(ids=IDS | FAR_APART | st.lists(st.integers(40, 60), min_size=8, max_size=30).map(sorted)
       | st.builds(lambda first, n: [*range(first, first + n)], st.integers(-60, 40), st.integers(1, 30)),
       wanted=IDS | FAR_APART,
       kind=st.sampled_from([np.int64, object]))
def test_an_id_is_found_where_it_first_stands_and_is_minus_one_where_it_does_not(ids, wanted, kind):
    index = IdIndex(np.array(ids, dtype=np.int64))
    found = index.find(np.array(wanted, dtype=kind))
    assert found.tolist() == [ids.index(one) if one in ids else -1 for one in wanted]
    assert index.twice.tolist() == sorted({one for one in ids if ids.count(one) > 1})


def test_what_is_found_has_the_shape_of_what_was_wanted():
    assert IdIndex(np.array([7, 3])).find(np.array([[3, 7], [4, 3]])).tolist() == [[1, 0], [-1, 1]]


@given(ids=IDS, wanted=IDS)
def test_ids_of_another_width_are_found_alike(ids, wanted):
    found = IdIndex(np.array(ids, dtype=np.int8)).find(np.array(wanted, dtype=np.int32) + 100)
    assert found.tolist() == [ids.index(one + 100) if one + 100 in ids else -1 for one in wanted]


def test_nodes_that_no_cell_has_get_no_place():
    nodes, new = used_of([np.array([[4, 1]]), np.array([[1, 2, 4]])], 6)
    assert nodes.tolist() == [1, 2, 4] and new.tolist() == [-1, 0, 1, -1, 2, -1]
