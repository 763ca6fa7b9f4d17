"""Runs of which some have loads that others lack: the model and the mesh with the loads of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from romlib.errors import InputError
from romlib.mesh.mesh import Mesh
from romlib.model import Amplitude, ArrayReference, Load, Model, TableAmplitude
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.words import plural

_ZERO = TableAmplitude(time=(0.0,), value=(0.0,))
_TAGS = {"nodes": "node_tags", "cells": "cell_tags", "faces": "face_tags"}


@dataclass(frozen=True)
class Added:
    """Something of the mesh that a load of another run needs.

    run : position of the run. kind : attribute of the mesh. name, new_name : there, and in the mesh of the training.
    """

    run: int
    kind: str
    name: str
    new_name: str


def union_of(runs: Sequence[PreparedSnapshots]) -> tuple[list[PreparedSnapshots], Model, list[Added]]:
    """Runs with an amplitude for every load, the first one's model with the loads of all, and what its mesh needs.

    A load that a run does not have is zero in it, and so is a displacement that it fixes. Tags and arrays get names of
    their own, because the first run may have others under theirs.
    """
    own = {*runs[0].model.loads, *runs[0].model.constraints}
    model = runs[0].model.model_copy(update={"amplitudes": {
        name: one for name, one in runs[0].model.amplitudes.items() if name in own}})
    loads, added = dict(model.loads), []
    for k, run in enumerate(runs):
        for name, load in run.model.loads.items():
            if name not in loads:
                loads[name], needed = _renamed(load, k, run.name)
                added += needed
    driven = [*loads, *(name for name, one in model.constraints.items() if one.kind == "prescribed")]
    filled = [run.with_amplitudes(_filled(run.model, driven)) for run in runs]
    return filled, model.model_copy(update={"loads": loads}), added


def _filled(model: Model, driven: Sequence[str]) -> dict[str, Amplitude]:
    own = [*model.loads, *(name for name, one in model.constraints.items() if one.kind == "prescribed")]
    stated = {name: one for name, one in model.amplitudes.items() if name in own or name in driven}
    return {**{name: _ZERO for name in driven if name not in own}, **stated}


def _renamed(load: Load, k: int, run: str) -> tuple[Load, list[Added]]:
    """The load on tags and node arrays with names of their own."""
    update: dict[str, Any] = {}
    added = []
    for field, kind in _TAGS.items():
        tag = getattr(load, field, None)
        if tag is not None and tag != "all":
            update[field] = f"{tag} ({run})"
            added.append(Added(k, kind, tag, update[field]))
    for field in ("direction", "field"):
        value = getattr(load, field, None)
        if isinstance(value, ArrayReference):
            update[field] = ArrayReference(array=f"{value.array} ({run})")
            added.append(Added(k, "node_arrays", value.array, update[field].array))
    value = getattr(load, "value", None)
    if isinstance(value, ArrayReference):  # of the face set, or else of the nodes
        added.append(Added(k, "node_arrays", value.array, value.array))
    return load.model_copy(update=update), added


def with_added(mesh: Mesh, other: Mesh, added: Sequence[Added]) -> Mesh:
    """The mesh with what loads of another run need, from that run's mesh.

    Raises
    ------
    InputError : a node array that gives the values of faces has the name of another array.
    """
    for one in added:
        entries, there = getattr(mesh, one.kind), getattr(other, one.kind)
        if one.name not in there:
            continue  # an array of the faces themselves
        if one.new_name == one.name and one.name in entries and not np.array_equal(entries[one.name], there[one.name]):
            raise InputError("two training runs have different arrays of one name, and a load needs one of them",
                             place=f"node array {one.name!r}", remedy="give them different names")
        update: dict[str, Any] = {one.kind: {**entries, one.new_name: there[one.name]}}
        mesh = replace(mesh, **update)
    return mesh


def order_difference(one: Mesh, two: Mesh) -> tuple[str, str, str] | None:
    """What of two pieces is not in the same order, and what either has; results are matched by position."""
    if not np.array_equal(one.node_ids, two.node_ids):
        same = len(one.node_ids) == len(two.node_ids)
        k = int((one.node_ids != two.node_ids).argmax()) if same else 0
        here, there = (f"node {mesh.node_ids[k]}" if same else plural(mesh.n_node, "node") for mesh in (one, two))
        return "node ids", here, there
    here, there = cells_of_mesh(one), cells_of_mesh(two)
    if here != there:
        return "types of cells", here, there
    for a, b in zip(one.blocks, two.blocks):
        differ = (a.cell_ids != b.cell_ids) | (a.connectivity != b.connectivity).any(axis=1)
        if differ.any():
            k = int(differ.argmax())
            here, there = (f"cell {block.cell_ids[k]} on nodes {one.node_ids[block.connectivity[k]].tolist()}"
                           for block in (a, b))
            return "cells", here, there
    return None


def cells_of_mesh(mesh: Mesh) -> str:
    """The cells by type, rule and formulation, in words."""
    return ", ".join(f"{block.n_cell} {block.cell_type} with rule {block.quadrature}"
                     + ("" if block.formulation == "standard" else f" ({block.formulation})") for block in mesh.blocks)
