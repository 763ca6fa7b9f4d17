"""Tells apart the orders in which Zset may have stored the integration points of an element, by the strain itself."""

from __future__ import annotations

import numpy as np
from romlib_converters.zset.elements import SOLIDS
from romlib_converters.zset.fields import Field, PieceReader
from romlib_converters.zset.source import Source

from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator

MAX_CELLS = 200


def find_point_orders(
    sources: list[Source], meshes: list[Mesh], strain: Field | None, displacement: Field
) -> dict[str, tuple[int, ...]]:
    """By element type with several possible orders: the one in which stored strains agree best with displacements.

    A few elements of the last record decide. Without stored strains, or without any strain, the likeliest is taken.
    """
    orders: dict[str, tuple[int, ...]] = {}
    if strain is None:
        return orders
    for source, mesh in zip(sources, meshes):
        for block, name in zip(mesh.blocks, source.mesh.connectivity):
            if len(SOLIDS[name].point_orders) < 2 or name in orders:
                continue
            every = np.linspace(0, block.n_cell - 1, min(block.n_cell, MAX_CELLS)).astype(int)
            sample = Mesh(mesh.points, (type(block)(
                block.cell_type, block.connectivity[every], block.cell_ids[every], block.quadrature),), mesh.node_ids)
            record = source.header.n_record - 1
            errors = []
            for order in SOLIDS[name].point_orders:
                reader = PieceReader(sample, [source], {}, {name: order})
                computed = StrainOperator(sample).strain(reader.read(displacement, record)[None])[0]
                errors.append(np.linalg.norm(computed - reader.read(strain, record)))
            orders[name] = SOLIDS[name].point_orders[int(np.argmin(errors))]
    return orders
