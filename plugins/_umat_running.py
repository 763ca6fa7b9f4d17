"""The calls of UMATs that are under way in this process, one a thread: for whoever has to say what was being called."""

from __future__ import annotations

from dataclasses import dataclass
from threading import get_ident
from types import TracebackType
from typing import Any, Self


@dataclass(eq=False)
class Call:
    """While a UMAT is called: target has `symbol` and `library`, batch `place` and `progress`."""

    target: Any
    batch: Any

    def __enter__(self) -> Self:
        _calls[get_ident()] = self
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        del _calls[get_ident()]

    @property
    def progress(self) -> int:
        """Number of the point that is being called."""
        return int(self.batch.progress[0])

    def place(self) -> str:
        """Where and when, for messages."""
        return self.batch.place(self.progress)


_calls: dict[int, Call] = {}


def running() -> list[Call]:
    """Those under way."""
    return list(_calls.values())
