"""What is kept, and what goes when there is no room."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

from romlib.results.cache import Cache


def test_a_value_is_made_once_and_the_least_recently_used_goes_first():
    cache, made = Cache(10), []

    def get(key: str, size: int = 4) -> str:
        return cache.get(key, lambda: made.append(key) or key.upper(), lambda _: size)

    assert (get("a"), get("b"), get("a")) == ("A", "B", "A") and made == ["a", "b"]
    assert get("c") == "C" and "b" not in cache and "a" in cache  # b was used before a
    get("b")
    assert made == ["a", "b", "c", "b"] and len(cache) == 2


def test_a_value_beyond_the_budget_is_made_each_time_and_drives_nothing_out():
    cache, made = Cache(10), []
    cache.get("small", lambda: 1, lambda _: 3)
    for _ in range(2):
        assert cache.get("large", lambda: made.append(1) or 2, lambda _: 11) == 2
    assert len(made) == 2 and "small" in cache and "large" not in cache


def test_a_copy_in_another_process_begins_empty():
    cache = Cache(10)
    cache.put("a", lambda: None, 1)  # which could not be pickled
    other = pickle.loads(pickle.dumps(cache))
    assert other.budget == 10 and len(other) == 0


def test_threads_may_share_it():
    cache = Cache(50)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda k: cache.get(k % 13, lambda: k % 13, lambda _: 7), range(2000)))
    assert found == [k % 13 for k in range(2000)] and len(cache) <= 50 // 7
