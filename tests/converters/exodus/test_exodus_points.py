"""The order of integration points in which a program numbers them, as the user says it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from romlib_converters.common.elements import SolidElement
from romlib_converters.exodus.points import point_order

from romlib.errors import InputError
from romlib.mesh.quadrature import rule

FILE = Path("a.exo")


@pytest.mark.parametrize("quadrature", ["hex_gauss_8", "hex_gauss_27"])
def test_a_program_whose_last_coordinate_runs_fastest_is_followed(quadrature):
    """What such a program stores, put in romlib's order, is at romlib's points."""
    points = rule(quadrature).points
    levels = np.unique(np.round(points, 12))
    program = np.array([(x, y, z) for x in levels for y in levels for z in levels])
    order = point_order("gauss_reversed", SolidElement("hex20", quadrature), "block 1", FILE)
    np.testing.assert_allclose(program[list(order)], points, atol=1e-11)
    own = point_order("gauss", SolidElement("hex20", quadrature), "block 1", FILE)
    np.testing.assert_allclose(np.array([(x, y, z) for z in levels for y in levels for x in levels])[list(own)], points,
                               atol=1e-11)


@pytest.mark.parametrize(("given", "cell_type", "quadrature", "words"), [
    ("gauss_reversed", "tet10", "tet_4", "one of hexahedra"),
    ("nodes", "hex20", "hex_gauss_27", "not one point near each corner"),
    ("backwards", "hex8", "hex_gauss_8", "order of points is not known"),
    ([1, 2, 3, 4, 5, 6, 7, 7], "hex8", "hex_gauss_8", "every number once"),
    (["a"], "tet4", "tet_1", "every number once"),
])
def test_an_order_that_does_not_fit_is_refused_with_the_block(given, cell_type, quadrature, words):
    with pytest.raises(InputError, match=words) as caught:
        point_order(given, SolidElement(cell_type, quadrature), "block 7", FILE)
    assert "block 7" in str(caught.value)


def test_one_point_has_one_order():
    for given in ("gauss", "gauss_reversed", "nodes", [1]):
        assert point_order(given, SolidElement("hex8", "hex_gauss_1"), "block 1", FILE) == (0,)
