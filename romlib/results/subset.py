"""A source of which only some fields are seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from romlib.results.source import FieldSource


class FieldSubset:
    """The source with these fields only; all else is the source's. InputError for a field that it does not have."""

    def __init__(self, source: FieldSource, names: Sequence[str]) -> None:
        self._source = source
        self.fields = {name: source.spec(name) for name in names}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)
