"""A discretised piece: what it makes of the model's temperatures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from romlib.fem.piece import Piece
from romlib.mesh.box import box_mesh
from romlib.model import ArrayReference, Material, Model, TableAmplitude, Temperature

MESH = box_mesh("hex8", (1, 1, 2), (1.0, 1.0, 2.0))
MESH = replace(MESH, node_arrays={"hot": MESH.points[:, 2]})
STEEL = {"steel": Material(law="elastic", parameters={"young": 2e5, "poisson": 0.3})}
TIMES, RAMP = np.array([0.0, 0.5, 1.0]), TableAmplitude(time=(0.0, 1.0), value=(0.0, 100.0))


def test_without_temperature_loads_the_initial_temperature_holds():
    assert Piece(MESH, Model(materials=STEEL)).temperature({}, TIMES) is None
    piece = Piece(MESH, Model(materials=STEEL, initial_temperature=300.0))
    np.testing.assert_allclose(piece.temperature({}, TIMES), np.full((3, piece.operator.n_ip), 300.0), rtol=1e-15)


def test_temperature_loads_take_the_place_of_the_initial_temperature():
    model = Model(materials=STEEL, initial_temperature=300.0, amplitudes={"flow": RAMP},
                  loads={"flow": Temperature(field=ArrayReference(array="hot"))})
    piece = Piece(MESH, model)
    np.testing.assert_allclose(piece.temperature(model.amplitudes, TIMES),
                               100.0 * np.outer(TIMES, piece.operator.coordinates[:, 2]), rtol=1e-13)
    np.testing.assert_allclose(piece.initial_temperature, 300.0, rtol=1e-15)
