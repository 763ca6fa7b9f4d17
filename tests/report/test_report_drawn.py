"""What pictures show: nodal averages on the surface, means of cells, and extremes with their places."""

from __future__ import annotations

import numpy as np
import pytest
from report_example import ELASTIC, SPECS, TIMES, bar, cut, displacement, plastic_strain, write
from test_report_surface import two_materials

from romlib.mesh.operator import StrainOperator
from romlib.nodal.average import Averaging
from romlib.report import drawn as drawn_module
from romlib.report.drawn import drawn
from romlib.report.extremes import Extremes, Spot
from romlib.report.surface import surface_of
from romlib.results.scalar import Scalar
from romlib.snapshots.reader import Snapshots
from romlib.snapshots.writer import SnapshotsWriter
from romlib.tensors import von_mises


def hump(x: np.ndarray, t: float) -> np.ndarray:
    return (t * np.exp(-((x - [2.2, 1.6, 0.8]) ** 2).sum(axis=1)))[:, None]


@pytest.mark.parametrize("cell_type", ["hex8", "tet10"])
@pytest.mark.parametrize("n_piece", [1, 3])
def test_values_and_extremes_are_those_of_the_whole_mesh_whatever_the_cut(tmp_path, cell_type, n_piece):
    fields = {"p": hump, "displacement": displacement}
    path = write(tmp_path / "a.vtkhdf", cut(bar(cell_type), n_piece), fields, stress_factor=1.0)
    mesh = bar(cell_type)
    operator = StrainOperator(mesh)
    p = hump(operator.coordinates, 1.0)
    expected = Averaging(mesh, np.zeros(mesh.n_cell, int)).nodes(p[None])[0, :, 0]
    with Snapshots(path) as file:
        surface = surface_of(file)
        found = next(drawn(file, surface, Scalar.named(file, "p"), [5]))
    order = np.argsort(mesh.node_ids)
    at = order[np.searchsorted(mesh.node_ids[order], surface.node_ids)]
    assert found.values == pytest.approx(expected[at], rel=1e-12)
    assert found.displacement == pytest.approx(displacement(surface.points, 1.0))
    assert found.nodal.largest.value == pytest.approx(expected.max(), rel=1e-12)
    assert found.nodal.smallest.value == pytest.approx(expected.min(), rel=1e-12)
    node = int(found.nodal.largest.where.removeprefix("node "))
    assert expected[mesh.node_ids == node] == pytest.approx(expected.max(), rel=1e-12)
    ip = int(np.argmax(p))
    assert found.points.largest == Spot(
        pytest.approx(p.max()), f"cell {operator.cell_ids[ip]}, point {operator.point_numbers[ip]}",
        pytest.approx(tuple(operator.coordinates[ip])))
    assert found.points.smallest.value == pytest.approx(p.min())


def test_the_von_mises_stress_of_nodes_is_that_of_the_averaged_stress(tmp_path):
    with Snapshots(write(tmp_path / "a.vtkhdf", [bar()], {"displacement": displacement}, stress_factor=1.0)) as file:
        surface, scalar = surface_of(file), Scalar.named(file, "stress")
        found = next(drawn(file, surface, scalar, [3]))
        averages = Averaging(bar()).nodes(file.read("stress", 0, slice(3, 4)))[0]
    assert found.nodal.largest.value == pytest.approx(von_mises(averages).max())


def test_means_of_cells_are_shown_on_the_faces_of_the_cells(tmp_path):
    with Snapshots(write(tmp_path / "a.vtkhdf", cut(bar(), 2), {"p": plastic_strain})) as file:
        surface = surface_of(file)
        found = next(drawn(file, surface, Scalar.named(file, "p"), [5], "cells"))
        means = np.concatenate([file.read("p", k, 5)[:, 0].reshape(-1, 8).mean(axis=1) for k in range(2)])
    assert found.values == pytest.approx(means[surface.cells]) and len(found.values) == len(surface.cells)
    assert not found.displacement.any()


def test_a_field_that_one_material_lacks_is_drawn_up_to_the_border_and_has_no_value_behind_it(tmp_path):
    pieces, model = two_materials()
    with SnapshotsWriter(tmp_path / "a.vtkhdf", pieces, model, TIMES, {"p": SPECS["p"]}) as writer:
        for piece, mesh in enumerate(pieces):
            x = StrainOperator(mesh).coordinates
            for step in range(len(TIMES)):
                writer.write("p", step, piece, np.where(x[:, :1] < 1.5, 3.0, np.nan))
    with Snapshots(tmp_path / "a.vtkhdf") as file:
        surface = surface_of(file)
        found = next(drawn(file, surface, Scalar.named(file, "p"), [2]))
    assert np.array_equal(np.isnan(found.values), surface.materials == 1)
    assert found.values[surface.materials == 0] == pytest.approx(3.0)
    assert found.points.largest.value == found.points.smallest.value == 3.0


def test_steps_are_the_same_one_by_one_in_blocks_and_with_gaps(tmp_path, monkeypatch):
    with Snapshots(write(tmp_path / "a.vtkhdf", cut(bar(), 2), {"p": hump, "displacement": displacement})) as file:
        surface, scalar = surface_of(file), Scalar.named(file, "p")
        together = list(drawn(file, surface, scalar, range(6)))
        gaps = list(drawn(file, surface, scalar, [1, 4]))
        monkeypatch.setattr(drawn_module, "_BLOCK_BYTES", 1)
        single = list(drawn(file, surface, scalar, range(6)))
    for step, (a, b) in enumerate(zip(together, single)):
        assert a.step == b.step == step and np.array_equal(a.values, b.values) and a.nodal == b.nodal
    assert [g.step for g in gaps] == [1, 4] and np.array_equal(gaps[1].values, together[4].values)


def test_without_any_value_there_are_no_extremes(tmp_path):
    nowhere = write(tmp_path / "a.vtkhdf", [bar()], {"p": lambda x, t: np.full((len(x), 1), np.nan)}, model=ELASTIC)
    with Snapshots(nowhere) as file:
        found = next(drawn(file, surface_of(file), Scalar.named(file, "p"), [0]))
    assert found.nodal == found.points == Extremes() and np.isnan(found.values).all()
