"""What a deck adds to the mesh of its results: sets, surfaces, and the arrays that its loads need."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from romlib_converters.abaqus.model import ModelBuilder
from romlib_converters.common.history import IdValues, SolverMesh
from romlib_converters.keyword.places import Places, face_of

from romlib.mesh.mesh import Mesh


def with_deck(mesh: SolverMesh, whole: Mesh, builder: ModelBuilder) -> SolverMesh:
    """The mesh of the results with the sets of the deck in place of its own.

    whole : romlib's mesh of the deck, in the numbers of the results, with tags and arrays.
    """
    places = builder.deck.places
    keys = {surface.name: places.face_keys(surface.faces) for surface in builder.deck.inp.surfaces.values()}
    return replace(
        mesh, node_sets={name: whole.node_ids[at] for name, at in whole.node_tags.items()},
        cell_sets={name: whole.cell_ids[at] for name, at in whole.cell_tags.items()},
        face_sets={name: _faces(places, found) for name, found in {**keys, **builder.face_keys}.items()},
        face_values=builder.face_values, thickness=whole.thickness,
        node_arrays={name: IdValues(whole.node_ids, values) for name, values in whole.node_arrays.items()},
        cell_arrays={name: IdValues(whole.cell_ids, values) for name, values in whole.cell_arrays.items()})


def _faces(places: Places, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ids of cells (n,), and numbers of faces in `Element.faces` (n,), of keys of `Places` (n,)."""
    cells, numbers = places.of_keys(keys)
    found, first = np.empty(len(keys), np.int64), 0
    for block in places.mesh.blocks:
        mine = (cells >= first) & (cells < first + block.n_cell)
        found[mine] = face_of(block.cell_type)[numbers[mine]]
        first += block.n_cell
    return places.mesh.cell_ids[cells], found
