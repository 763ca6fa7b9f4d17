"""What holds a body at a constraint: internal minus external force, summed over its nodes."""

from __future__ import annotations

import numpy as np

from romlib.blocks import blocks
from romlib.errors import InputError
from romlib.fem.piece import Piece
from romlib.loads.amplitudes import evaluate
from romlib.loads.forces import force_factor, force_names
from romlib.mesh.mesh import Mesh
from romlib.model import Model
from romlib.nodal.pieces import cells_at
from romlib.results.probe import Probe
from romlib.results.scalar import AXES
from romlib.results.source import FieldSource
from romlib.words import plural, unknown

STRESS = "stress"
_BLOCK_BYTES = 64 * 2**20


def reaction(source: FieldSource, name: str) -> Probe:
    """The force that a constraint exerts on the body over time, in the directions that it holds.

        R = sum over its nodes of (sum_q w_q B_q^T sigma_q - f_ext)

    from the stress at all integration points and the loads of the model. Of a node tag all three directions. NaN at a
    time at which the stress of a cell at these nodes is not known.

    Raises
    ------
    InputError : no such constraint or node tag; no stress; a load without amplitude.
    """
    if STRESS not in source.fields or not source.fields[STRESS].tensor:
        raise InputError("a reaction is made of the stress, which is not there", file=source.path, place=name,
                         expected="stress at the integration points", found=", ".join(source.fields),
                         remedy="have the solver write stress (romlib solve --fields stress)")
    with source.opened():
        model, mesh = source.solved()
        nodes, components = held(model, mesh, name, source)
        piece = Piece(mesh, model)
        internal, unknown_at = np.zeros((source.n_step, mesh.dimension)), np.zeros(source.n_step, dtype=bool)
        around = points_around(piece, mesh, nodes)
        for steps in blocks(source.n_step, 8 * (6 * piece.operator.n_ip + mesh.dimension * mesh.n_node), _BLOCK_BYTES):
            rows = np.arange(steps.start, steps.stop)
            stress = np.concatenate([source.field(STRESS, rows, p) for p in range(source.n_piece)], axis=1)
            unknown_at[steps] = np.isnan(stress[:, around]).any(axis=(1, 2))
            internal[steps] = piece.operator.internal_force(np.nan_to_num(stress))[:, nodes].sum(axis=1)
        values = internal - external(piece, nodes, source.times)
    if unknown_at.all():
        raise InputError("the stress is not known in all cells at these nodes", file=source.path, place=name,
                         remedy="have the solver write the stress of all materials")
    at_rest = (internal == 0.0).all(axis=1) & (source.times <= model.initial_time)  # before anything acts
    values[at_rest] = 0.0
    values[unknown_at] = np.nan
    components = components[:mesh.dimension] if components == AXES else components
    chosen = [AXES.index(component) for component in components]
    kind = f"constraint {name!r}" if name in model.constraints else f"the nodes of {name!r}"
    return Probe(values[:, chosen], mesh.coordinates[nodes], mesh.node_ids[nodes], None,
                 f"reaction of {kind}: the sum over {plural(len(nodes), 'node')}", source.times,
                 f"reaction of {name}", tuple(components), False, source.units.force, str(source.units.time), "sum",
                 name)


def points_around(piece: Piece, mesh: Mesh, nodes: np.ndarray) -> np.ndarray:
    """(n,), the integration points of the cells that have some of the nodes."""
    chosen = np.zeros(mesh.n_node, dtype=bool)
    chosen[nodes] = True
    return np.flatnonzero(np.isin(piece.operator.cell, cells_at(mesh, chosen)))


def held(model: Model, mesh: Mesh, name: str, source: FieldSource) -> tuple[np.ndarray, tuple[str, ...]]:
    """Positions of the nodes of a constraint, or of a node tag, and the directions that it holds."""
    constraint = model.constraints.get(name)
    tag = name if constraint is None else constraint.nodes
    if tag not in mesh.node_tags:
        raise InputError("there is no such constraint, and no such node tag", file=source.path, place="reaction",
                         **unknown(name, dict.fromkeys([*model.constraints, *mesh.node_tags])))
    relation = constraint is None or constraint.is_relation
    return np.unique(mesh.node_tags[tag]), AXES if relation or constraint is None else constraint.components


def external(piece: Piece, nodes: np.ndarray, times: np.ndarray) -> np.ndarray:
    """(n_step, dimension), the external force on some nodes."""
    total = np.zeros((len(times), piece.mesh.dimension))
    names = force_names(piece.model)
    if not names:
        return total
    unit = piece.unit_forces(None)[:, nodes].sum(axis=1)
    for name, force in zip(names, unit):
        amplitude = piece.model.amplitudes.get(name)
        if amplitude is None:
            raise InputError("a load of the file has no amplitude, so that reactions are not known", place=name,
                             remedy="state its amplitude in the study that the file is made with")
        total += force_factor(piece.model.loads[name], evaluate(amplitude, times))[:, None] * force
    return total
