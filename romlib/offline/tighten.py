"""Which of several tolerances, from coarse to fine, to take: the first that is good enough, or that nothing betters."""

from __future__ import annotations

from collections.abc import Callable

WORTH = 0.9  # finer levels that do not bring the score below this part of the best one before end the search
AS_GOOD = 1.1  # times the best score


def tighten(n: int, score: Callable[[int], float], patience: int = 2) -> tuple[int, list[float]]:
    """Number of the level to take, and the scores that were looked at.

    Errors are not monotone in tolerances: one level that is no better does not end the search, `patience` of them do.

    Parameters
    ----------
    n : levels, from coarse to fine. score : of a level, the largest ratio of an error to what it may be; at most one
        is good enough, infinite where the level cannot be solved. Called in order, as long as it is worth it.
    """
    scores: list[float] = []
    for level in range(n):
        scores.append(score(level))
        if scores[-1] <= 1.0:
            return level, scores
        if level >= patience and min(scores[-patience:]) > WORTH * min(scores[:-patience]):
            break
    best = min(scores)
    return next(level for level, one in enumerate(scores) if one <= AS_GOOD * best), scores
