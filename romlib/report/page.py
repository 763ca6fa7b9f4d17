"""A page of HTML in one file: elements that escape what is put into them, a style, images as data.

What is no `Html` is text, and is escaped: names, notes and paths come from files of others. The page needs no network
and runs no script; it says so to the browser, too (Content-Security-Policy).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from html import escape
from io import BytesIO
from typing import Any

import numpy as np

# What a browser must not see in a text: control characters but tab and line feed, marks of writing direction, halves of
# surrogate pairs.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_STYLE = """
:root { color-scheme: light; --ink: #20262e; --soft: #5b6470; --line: #dfe3e8; --accent: #3b6fb6; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.5rem 4rem; max-width: 68rem; color: var(--ink); background: #fff;
       font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .2rem; overflow-wrap: anywhere; }
h2 { font-size: 1.35rem; margin: 2.6rem 0 .6rem; padding-bottom: .25rem; border-bottom: 2px solid var(--accent);
     overflow-wrap: anywhere; }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
p { margin: .4rem 0; } .soft { color: var(--soft); } .note { border-left: 4px solid #d1a32d; padding: .3rem .8rem;
     background: #fdf8ea; } .bad { border-left-color: #c0392b; background: #fcefed; }
nav ul { columns: 3; list-style: none; padding: 0; margin: .8rem 0; } nav a { color: var(--accent); }
.tiles { display: flex; flex-wrap: wrap; gap: .8rem; margin: 1rem 0; }
.tile { border: 1px solid var(--line); border-radius: 8px; padding: .6rem 1rem; min-width: 8.5rem; }
.tile b { display: block; font-size: 1.35rem; } .tile span { color: var(--soft); font-size: .85rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: .5rem 0 1rem; font-size: .92rem; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; white-space: nowrap; }
th, td { text-align: left; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top;
         overflow-wrap: break-word; max-width: 36rem; }
th { color: var(--soft); font-weight: 600; } .n { text-align: right; font-variant-numeric: tabular-nums; }
figure { margin: 1rem 0; } figure img { max-width: 100%; height: auto; border: 1px solid var(--line); }
figcaption { color: var(--soft); font-size: .9rem; }
pre { background: #f6f7f9; padding: .8rem; overflow-x: auto; font-size: .85rem; }
@media print { body { max-width: none; padding: 0; font-size: 10pt; } nav { display: none; }
  h2 { break-after: avoid; } figure, table, .tiles { break-inside: avoid; } .wide { overflow: visible; }
  pre { white-space: pre-wrap; } a { color: inherit; } }
"""


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def text(value: object) -> Html:
    """A value as text: escaped, without what steers a browser."""
    return value if isinstance(value, Html) else Html(escape(_STEERING.sub("\N{REPLACEMENT CHARACTER}", str(value))))


def element(name: str, *children: object, **attributes: object) -> Html:
    """<name ...>children</name>; a trailing _ of an attribute's name is left out."""
    given = "".join(f' {key.rstrip("_")}="{text(value)}"' for key, value in attributes.items())
    return Html(f"<{name}{given}>{''.join(text(child) for child in children)}</{name}>")


def joined(parts: Iterable[object]) -> Html:
    """One after the other."""
    return Html("".join(text(part) for part in parts))


def number(value: object, digits: int = 3) -> str:
    """A cell of a table: numbers in few digits, - for what there is not."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "-"
    if isinstance(value, float):
        return "without end" if value == np.inf else f"{value:.{digits}g}"
    return str(value)


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Html:
    """A table; numbers stand at the right of their columns."""
    rows = [list(row) for row in rows]
    numeric = [any(_is_number(row[k]) for row in rows if k < len(row)) for k in range(len(columns))]

    def cell(value: object) -> Html:
        shown = value if isinstance(value, Html) else number(value, 4)
        return element("td", shown, class_="n") if _is_number(value) else element("td", shown)

    body = [element("tr", *map(cell, row)) for row in rows]
    heads = [element("th", name, scope="col", **({"class_": "n"} if right else {}))
             for name, right in zip(columns, numeric)]
    head = element("thead", element("tr", *heads))
    named = [element("caption", caption)] if caption else []
    return element("div", element("table", *named, *([head] if any(columns) else []), element("tbody", *body)),
                   class_="wide")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def pairs(rows: Iterable[tuple[str, object]], caption: str = "") -> Html:
    """A table of two columns without header."""
    return table(caption, (), [(element("b", name), value) for name, value in rows])


def tiles(entries: Iterable[tuple[object, str]]) -> Html:
    """A row of large figures, each with what it is."""
    return element("div", *(element("div", element("b", number(value)), element("span", label), class_="tile")
                            for value, label in entries), class_="tiles")


def note(sentence: str, bad: bool = False) -> Html:
    """A sentence to be heeded."""
    return element("p", sentence, class_="note bad" if bad else "note")


def image(data: bytes, kind: str, caption: str) -> Html:
    """A picture within the page. kind : png or svg+xml. caption : below it, and for who cannot see it."""
    source = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
    return element("figure", Html(f'<img alt="{text(caption)}" src="{source}">'), element("figcaption", caption))


def drawn(figure: Any, caption: str) -> Html:
    """A figure of matplotlib within the page: lines stay sharp, letters need no font."""
    out = BytesIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return image(out.getvalue(), "svg+xml", caption)


def document(title: str, sections: Sequence[tuple[str, Html]]) -> str:
    """The whole page; each section is (heading, content), and is linked from the top."""
    links = [element("li", element("a", name, href=f"#s{k}")) for k, (name, _) in enumerate(sections)]
    parts = [joined([element("h2", name, id=f"s{k}"), content]) for k, (name, content) in enumerate(sections)]
    head = joined([
        Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
             f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
        element("title", title), Html(f"<style>{_STYLE}</style>")])
    body = joined([element("h1", title), element("nav", element("ul", *links)), element("main", *parts)])
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>{body}</body></html>\n'
