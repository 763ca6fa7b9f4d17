"""Nodes of no cell, such as reference nodes of a deck: they have no stiffness, stay at rest, and carry no load."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from romlib.errors import InputError
from romlib.fullorder.numbering import Numbering
from romlib.mesh.mesh import Mesh


def loose_nodes(pieces: Mapping[int, Mesh], numbering: Numbering) -> np.ndarray:
    """Whether each node of this rank (n_local,) is of no cell of any piece. Collective."""
    used = np.zeros((len(numbering.ids), numbering.dimension))
    for p, mesh in pieces.items():
        for block in mesh.blocks:
            used[numbering.positions[p][block.connectivity]] = 1.0
    return numbering.spread(numbering.add(used))[:, 0] == 0.0


def refuse_loads_on(loose: np.ndarray, patterns: np.ndarray, names: list[str], numbering: Numbering) -> None:
    """Refuse a load on a node of no cell: nothing could carry it. Collective.

    Parameters
    ----------
    loose : of `loose_nodes`. patterns : (n_load, n_owned, d), of the loads with these names.

    Raises
    ------
    InputError : on every rank; names the load and the node.
    """
    owned = loose[numbering.owned]
    ids = numbering.ids[numbering.owned][owned]
    found = [(name, int(ids[np.argmax(hit)])) for name, pattern in zip(names, patterns)
             if (hit := pattern[owned].any(axis=1)).any()]
    everywhere = [entry for of_rank in numbering.comm.allgather(found) for entry in of_rank]
    if everywhere:
        name, node = everywhere[0]
        raise InputError("a load acts on a node of no cell", place=f"load {name!r}", found=f"node {node}",
                         expected="nodes of the structure", remedy="apply the load to nodes of cells")
