"""Candidates whose errors are known: the distance of a number from the numbers that trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from romlib.greedy.bounds import Bounds
from romlib.greedy.journal import Journal, Record


class Killed(BaseException):
    """A kill: nothing catches it."""


class FakeSteps:
    """Steps over candidates that are numbers. done : every step that was finished, in order.

    fails : (step, name) -> what it raises. kill_at : number of the call, from 1, in which a kill comes before it has
    an effect, or after (kill_after).
    """

    def __init__(self, places: dict[str, float], journal: Journal, start: Sequence[float] = (0.0,)) -> None:
        self.places, self.journal, self.start = places, journal, tuple(start)
        self.done: list[tuple[str, str]] = []
        self.rom: tuple[float, ...] | None = None
        self.fails: dict[tuple[str, str], Exception] = {}
        self.kill_at, self.kill_after, self.calls = 0, False, 0
        self.results: set[str] = set()

    def _do(self, step: str, name: str, effect: Callable[[], None] = lambda: None) -> None:
        self.calls += 1
        if self.calls == self.kill_at and not self.kill_after:
            raise Killed
        if (step, name) in self.fails:
            raise self.fails[step, name]
        effect()
        self.done.append((step, name))
        if self.calls == self.kill_at:
            raise Killed

    def bounds(self) -> dict[str, Bounds]:
        if self.rom is None:
            return {name: Bounds(reason="there is no ROM yet") for name in self.places}
        return {name: Bounds({"stress": min(abs(place - one) for one in self.rom)})
                for name, place in self.places.items()}

    def solve(self, name: str, record: Record) -> float | None:
        if name not in self.results:
            self._do("solve", name, lambda: self.results.add(name))
        return 1.0

    def begin_anew(self, name: str, record: Record) -> bool:
        return record.status == "chosen" and name not in self.results

    def is_solved(self, name: str, record: Record) -> bool:
        return name in self.results

    def check(self, name: str, names: Sequence[str]) -> None:
        self._do("check", name)

    def error(self, name: str, names: Sequence[str]) -> dict[str, float | None]:
        return {"stress": 0.5 * self.bounds()[name].values["stress"]} if self.rom is not None else {}

    def _wanted(self, names: Sequence[str]) -> tuple[float, ...]:
        return (*self.start, *(self.places[name] for name in names))

    def is_trained(self, names: Sequence[str]) -> bool:
        return self._wanted(names) == self.rom

    def train(self, names: Sequence[str]) -> None:
        if self._wanted(names) and not self.is_trained(names):
            self._do("train", ",".join(names), lambda: setattr(self, "rom", self._wanted(names)))

    def save(self) -> None:
        self._do("save", "", self.journal.write)
