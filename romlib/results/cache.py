"""What is costly to find and small to keep, up to a budget of bytes: the least recently used goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

Value = TypeVar("Value")


class Cache:
    """Values by key. Threads may share it: two may make the same value, of which one is kept.

    budget : bytes. A value that is larger than the budget is made anew at each use.
    """

    def __init__(self, budget: int) -> None:
        self.budget, self._used, self._lock = budget, 0, Lock()
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Value], size: Callable[[Value], int]) -> Value:
        """The value of a key, made where it is not there. size : its bytes."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key][0]
        value = make()
        self.put(key, value, size(value))
        return value

    def put(self, key: Hashable, value: Any, n_byte: int) -> None:
        """Keep a value, where it fits."""
        with self._lock:
            self._used -= self._kept.pop(key, (None, 0))[1]
            if n_byte <= self.budget:
                self._kept[key] = value, n_byte
                self._used += n_byte
            while self._used > self.budget:
                self._used -= self._kept.popitem(last=False)[1][1]

    def __contains__(self, key: Hashable) -> bool:
        with self._lock:
            return key in self._kept

    def __len__(self) -> int:
        return len(self._kept)

    def __reduce__(self) -> tuple:
        """What is kept can be found again: a copy in another process begins without it."""
        return Cache, (self.budget,)
