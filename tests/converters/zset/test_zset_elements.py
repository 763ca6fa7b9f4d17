from __future__ import annotations

import numpy as np
import pytest
from romlib_converters.zset import ZsetConverter
from romlib_converters.zset.elements import SOLIDS
from zset_files import SmallComputation, reference_points

from romlib.mesh.elements import ELEMENTS
from romlib.mesh.operator import StrainOperator
from romlib.mesh.quadrature import RULES
from romlib.snapshots.reader import Snapshots

QUADRATIC = ["c3d10", "c3d15", "c3d20"]


def convert(folder):
    target = folder / "small.vtkhdf"
    ZsetConverter().convert(folder, target)
    return target


@pytest.mark.parametrize("kind", QUADRATIC)
def test_nodes_and_points_are_put_in_order(kind, tmp_path):
    """The stored strain of a quadratic displacement, known at each of Zset's points, is B u at romlib's."""
    SmallComputation(tmp_path, kind)
    with Snapshots(convert(tmp_path)) as snapshots:
        mesh = snapshots.mesh(0)
        computed = StrainOperator(mesh).strain(snapshots.read("displacement", 0))
        stored = snapshots.read("strain", 0)
    assert np.abs(stored[1]).max() > 1e-3
    np.testing.assert_allclose(computed, stored, atol=1e-6 * np.abs(stored).max())


def test_tetrahedra_stored_in_vtk_order_are_recognised(tmp_path):
    """Readers disagree on the order of the points of c3d10; the strain tells which one a file has."""
    SmallComputation(tmp_path, "c3d10", point_order=[2, 0, 1, 3, 4])
    with Snapshots(convert(tmp_path)) as snapshots:
        computed = StrainOperator(snapshots.mesh(0)).strain(snapshots.read("displacement", 0))
        np.testing.assert_allclose(computed, snapshots.read("strain", 0), atol=1e-8)


@pytest.mark.parametrize("kind", ["c3d4", "c3d6", "c3d8"])
def test_linear_elements_keep_their_order(kind, tmp_path):
    """Zset's points, mapped by the nodes as converted, are where romlib's operator has them."""
    computation = SmallComputation(tmp_path, kind)
    assert len(reference_points(kind)) == SOLIDS[kind].n_point
    with Snapshots(convert(tmp_path)) as snapshots:
        mesh = snapshots.mesh(0)
    frame = np.array([[2.0, 0.1, 0.2], [0.0, 1.5, 0.3], [0.1, 0.0, 1.2]])
    np.testing.assert_allclose(StrainOperator(mesh).coordinates, reference_points(kind) @ frame, atol=1e-12)
    assert mesh.node_ids.tolist() == computation.ids.tolist()
    assert mesh.cell_ids.tolist() == [42]


@pytest.mark.parametrize("name", SOLIDS)
def test_catalogue_agrees_with_the_reference_elements(name):
    kind = SOLIDS[name]
    element, rule = ELEMENTS[kind.cell_type], RULES[kind.quadrature]
    assert (element.n_node, rule.n_point) == (kind.n_node, kind.n_point)
    assert rule.cell == element.cell
    for order in (kind.point_order, *kind.point_orders):
        assert sorted(order) == list(range(kind.n_point))
    if kind.nodes is not None:
        assert sorted(kind.nodes) == list(range(kind.n_node))
