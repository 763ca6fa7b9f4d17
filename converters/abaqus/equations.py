"""*EQUATION of an Abaqus deck, whose terms stand at nodes or at sets of nodes: homogeneous linear relations.

A line with the number of terms, then up to four terms a line: node or set, component, coefficient. A set as the first
term makes an equation of each of its nodes; another term is one node for all of them, or a set of as many.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
from romlib_converters.keyword.assembly import FlatMesh
from romlib_converters.keyword.cards import Card, Row, fold
from romlib_converters.keyword.links import numbered_terms

from romlib.errors import FileFormatError
from romlib.words import listed

_NAME = re.compile(rb"(?:^|,)[ \t]*(?![ \t]|[-+]?[\d.]+(?:[EeDd][-+]?\d+)?[ \t]*(?:,|\r?$))[^,\s]", re.MULTILINE)

def equation_terms(card: Card, inp: FlatMesh) -> tuple[np.ndarray, np.ndarray]:
    """Node, component and coefficient (n, 3) of all terms, and how many each equation has.

    Raises
    ------
    FileFormatError : an equation that is not whole, a set that is not there, or sets of different lengths.
    """
    if not any(_NAME.search(chunk.text) for chunk in card.chunks):
        return numbered_terms(card)
    found = [_equations(row, terms, inp, card) for row, terms in _blocks(card)]
    return np.concatenate([terms for terms, _ in found]), np.concatenate([sizes for _, sizes in found])


def unnamed_nodes(card: Card, inp: FlatMesh) -> str | None:
    """Why it cannot be told which nodes the terms are at; None where it can.

    In a deck of instances a number, or a set of a part that is there twice, does not say which instance it is of.
    """
    if "INPUT" in card.parameters:
        return "in a file of its own"
    if not inp.scopes:
        return None
    names = {name for _, terms in _blocks(card) for name, _, _ in terms}
    if not all(map(_is_name, names)):
        return "nodes of an assembly by their numbers"
    known = {*inp.node_sets, *inp.node_surfaces}
    lost = [name for name in names if fold(name) not in known and fold(name).rpartition(".")[0] not in inp.scopes]
    return f"{listed(sorted(lost))} in no instance" if lost else None


def _is_name(field: str) -> bool:
    return not field.strip().lstrip("+").replace(".", "", 1).isdigit() and bool(field.strip())


def _blocks(card: Card) -> Iterator[tuple[Row, list[tuple[str, float, float]]]]:
    """The line of each equation's number of terms, and its terms."""
    head: Row | None = None
    left: int = 0
    terms: list[tuple[str, float, float]] = []
    for row in card.rows():
        if head is None:
            head, left, terms = row, int(row.number(0)), []
            if left < 1:
                break
            continue
        for k in range(0, min(len(row.fields) // 3, left) * 3, 3):
            terms.append((row.fields[k].strip(), row.number(k + 1), row.number(k + 2)))
        left -= min(len(row.fields) // 3, left)
        if left == 0:
            yield head, terms
            head = None
    if head is not None:
        raise FileFormatError("an equation is not whole", file=card.file, place=head.place,
                              expected=f"{head.fields[0]} terms of node, component, coefficient",
                              found=f"{left} are missing")


def _equations(
    head: Row, terms: list[tuple[str, float, float]], inp: FlatMesh, card: Card
) -> tuple[np.ndarray, np.ndarray]:
    nodes = [inp.nodes_of(name, card) if _is_name(name) else np.array([int(float(name))]) for name, _, _ in terms]
    n = len(nodes[0])
    wrong = [name for (name, _, _), ids in zip(terms, nodes) if len(ids) not in (1, n)]
    if wrong or not n:
        raise FileFormatError("the sets of an equation have different numbers of nodes", file=card.file,
                              place=head.place, expected=f"as many as in {terms[0][0]}, or one node",
                              found=", ".join(f"{name}: {len(ids)}" for (name, _, _), ids in zip(terms, nodes)))
    table = np.empty((n, len(terms), 3))
    for k, ((_, component, factor), ids) in enumerate(zip(terms, nodes)):
        table[:, k] = np.column_stack([np.broadcast_to(ids, n), np.full(n, component), np.full(n, factor)])
    return table.reshape(-1, 3), np.full(n, len(terms))
