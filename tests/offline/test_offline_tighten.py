"""The choice among levels: the first that is good enough, or the coarsest that is as good as any."""

from __future__ import annotations

import pytest

from romlib.offline.tighten import tighten


@pytest.mark.parametrize(("scores", "level", "looked_at"), [
    ((0.5, 0.1), 0, 1),  # at once
    ((5.0, 2.0, 0.9, 0.1), 2, 3),  # the first that is good enough
    ((5.0, 6.0, 0.9), 2, 3),  # one level that is worse ends nothing
    ((5.0, 4.9, 4.8, 0.1), 0, 3),  # two that gain nothing end it, and the coarsest of equals is taken
    ((9.0, 3.0, 2.9, 2.8, 0.1), 1, 4),
    ((float("inf"), float("inf"), 3.0, 0.7), 3, 4),  # levels that cannot be solved are passed over
    ((4.0, 3.0, 2.0), 2, 3),  # the end of the levels
])
def test_the_level_is_the_first_good_one_or_the_coarsest_of_the_best(
    scores: tuple[float, ...], level: int, looked_at: int
) -> None:
    chosen, found = tighten(len(scores), scores.__getitem__)
    assert (chosen, len(found)) == (level, looked_at)


def test_patience_is_how_many_levels_may_gain_nothing() -> None:
    scores = (2.0, 5.0, 4.0, 0.8)  # a coarse level that is good by chance
    assert tighten(4, scores.__getitem__)[0] == 0
    assert tighten(4, scores.__getitem__, patience=3)[0] == 3
