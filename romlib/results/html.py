"""Small tables for notebooks. Whatever comes from a file or a user is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from romlib.words import shortened

_LONGEST = 300  # characters of a cell


class Table:
    """A table with a title. heads : of the columns; none: rows of a name and a value."""

    def __init__(self, title: str, heads: Sequence[str] = ()) -> None:
        self._title, self._heads = title, heads
        self._rows: list[list[str]] = []
        self._notes: list[str] = []

    def add(self, row: Iterable[object]) -> None:
        """A row."""
        self._rows.append([str(value) for value in row])

    def note(self, text: str) -> None:
        """A line below."""
        self._notes.append(text)

    def html(self) -> str:
        """The table as HTML, without styles of its own: a notebook has them."""
        parts = [f"<div><p><b>{_text(self._title)}</b></p><table>"]
        if self._heads:
            parts.append(f"<thead><tr>{_cells('th', self._heads)}</tr></thead>")
        body = "".join(f"<tr>{_cells('td', row)}</tr>" for row in self._rows)
        parts.append(f"<tbody>{body}</tbody></table>")
        parts += [f"<p>{_text(note)}</p>" for note in self._notes]
        return "".join(parts) + "</div>"


def _cells(tag: str, texts: Iterable[str]) -> str:
    return "".join(f"<{tag}>{_text(text)}</{tag}>" for text in texts)


def _text(text: str) -> str:
    return escape(shortened(text, _LONGEST))
