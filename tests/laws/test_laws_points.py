import numpy as np
import pytest

from romlib.errors import InputError, LawError
from romlib.laws.points import MaterialPoints
from romlib.laws.thermal import thermal_strain
from romlib.mesh.mesh import CellBlock, Mesh
from romlib.mesh.operator import StrainOperator
from romlib.model import ArrayReference, Material, Model

STEEL = Material(law="mises", cells="steel", parameters={
    "young": 2e5, "poisson": 0.3, "yield": 200.0, "linear_hardening": 1000.0},
    thermal_expansion={"coefficient": {"temperature": (0, 500), "value": (1e-5, 2e-5)}, "reference_temperature": 20.0})
ALLOY = Material(law="chaboche", cells="alloy", parameters={
    "young": 1e5, "poisson": 0.3, "K": 100.0, "n": 5.0, "R0": 50.0, "kinematic": [{"C": 1e4, "D": 100.0}]})
RUBBER = Material(law="elastic", cells="rubber", parameters={
    "young": {"temperature": [0, 100], "value": [10.0, 5.0]}, "poisson": 0.4})
THREE = {"steel": STEEL, "alloy": ALLOY, "rubber": RUBBER}


def points_of(index, materials=THREE, free=20.0):
    n = len(index)
    return MaterialPoints.from_arrays(
        materials, np.asarray(index), np.arange(n) + 100, np.arange(n) % 8, np.zeros((n, 3)),
        None if free is None else np.full(n, free))


def history(points, n_step=3, seed=0, tangent=True):
    """Results along a random history; each point's strains depend on its cell id alone."""
    strains = np.stack([np.random.default_rng((seed, cell)).normal(size=(n_step, 6)) for cell in points.cells], axis=1)
    strains = np.cumsum(strains * 3e-3, axis=0)
    n = points.n_ip
    strain, stress, states, out = np.zeros((n, 6)), np.zeros((n, 6)), points.initial_state(), []
    temperature = np.full(n, 20.0)
    for k in range(n_step):
        hot = 20.0 + (k + 1) * (points.cells - 99.0)
        result = points.integrate(strain, strains[k], stress, states, temperature, hot, float(k), 1.0, tangent)
        assert result.ok
        strain, stress, states, temperature = strains[k], result.stress, result.states, hot
        out.append(result)
    return out


MIXED = [0, 2, 1, 1, 0, 2, 2, 0, 1, 0]


@pytest.mark.parametrize("index", [MIXED, sorted(MIXED), [0] * 4, [1] * 4])
def test_each_point_behaves_as_if_it_were_alone(index):
    points = points_of(index)
    together = history(points)[-1]
    for i in range(points.n_ip):
        alone = history(points.subset(np.array([i])))[-1]
        assert np.array_equal(alone.stress[0], together.stress[i])
        assert np.array_equal(alone.tangent[0], together.tangent[i])


def test_a_subset_in_another_order_keeps_materials_cells_and_results():
    points, order = points_of(MIXED), np.array([9, 1, 4, 2])
    subset = points.subset(order)
    assert list(subset.cells) == [109, 101, 104, 102]
    assert [subset.material_names[m] for m in subset.material_index] == ["steel", "rubber", "steel", "alloy"]
    assert np.array_equal(history(subset)[-1].stress, history(points)[-1].stress[order])


def test_results_do_not_depend_on_the_tangent_and_inputs_stay_as_they_are():
    points = points_of(MIXED)
    with_tangent, without = history(points)[-1], history(points, tangent=False)[-1]
    assert without.tangent is None and np.array_equal(with_tangent.stress, without.stress)
    zero, states = np.zeros((10, 6)), points.initial_state()
    strain = np.full((10, 6), 1e-2)
    before = [state.copy() for state in states]
    points.integrate(zero, strain, zero, states, None, np.full(10, 30.0), 0.0, 1.0)
    assert not zero.any() and np.all(strain == 1e-2)
    assert all(np.array_equal(a, b) for a, b in zip(states, before))


def test_variables_are_nan_where_the_material_lacks_them():
    points = points_of(MIXED)
    states = history(points)[-1].states
    p = points.variable(states, "p")
    assert p.shape == (10, 1) and np.array_equal(np.isnan(p[:, 0]), np.array(MIXED) == 2)
    assert points.variable(states, "plastic_strain").shape == (10, 6)
    assert np.array_equal(points.mask("backstrain_1"), np.array(MIXED) == 1)
    assert np.array_equal(np.isfinite(points.variable(states, "backstrain_1")).all(axis=1), np.array(MIXED) == 1)
    assert points.variables() == {"p": 1, "plastic_strain": 6, "backstrain_1": 6}
    assert points.tensor_variables() == {"plastic_strain", "backstrain_1"}
    with pytest.raises(InputError, match="'peeq'"):
        points.variable(states, "peeq")


def test_thermal_strain_is_subtracted_before_the_law():
    points = points_of([0, 0, 0], free=60.0)
    temperature = np.array([60.0, 100.0, 300.0])
    thermal = thermal_strain(STEEL.thermal_expansion, temperature, 60.0)
    zero = np.zeros((3, 6))
    free = np.concatenate([np.repeat(thermal[:, None], 3, axis=1), np.zeros((3, 3))], axis=1)
    result = points.integrate(zero, free, zero, points.initial_state(), np.full(3, 60.0), temperature, 0.0, 1.0)
    assert np.abs(result.stress).max() < 1e-10  # free expansion
    held = points.integrate(zero, zero, zero, points.initial_state(), np.full(3, 60.0), temperature, 0.0, 1.0)
    assert held.stress[1, 0] == pytest.approx(-2e5 / (1 - 2 * 0.3) * thermal[1])  # no yield under pure pressure
    assert held.stress[0, 0] == 0.0


def test_a_materials_own_strain_free_temperature_goes_before_that_of_the_points():
    thermal = STEEL.thermal_expansion.model_copy(update={"strain_free_temperature": 300.0})
    points = points_of([0], {"steel": STEEL.model_copy(update={"thermal_expansion": thermal})}, free=20.0)
    assert not points.mechanical_strain(np.zeros((1, 6)), np.array([300.0])).any()


def test_expansion_without_a_strain_free_temperature_is_refused_once_there_is_a_temperature():
    points, zero = points_of([0, 0], free=None), np.zeros((2, 6))
    assert points.integrate(zero, zero, zero, points.initial_state(), None, None, 0.0, 1.0).ok
    with pytest.raises(InputError, match="strain_free_temperature"):
        points.integrate(zero, zero, zero, points.initial_state(), np.ones(2), np.ones(2), 0.0, 1.0)


@pytest.mark.parametrize("index, bad", [(MIXED, [1, 2, 7]), ([0] * 9, [1, 2, 7])])
def test_failed_points_are_positions_among_all_points(index, bad):
    points = points_of(index)
    n = points.n_ip
    zero, strain = np.zeros((n, 6)), np.full((n, 6), 1e-4)
    strain[bad] = np.nan
    warm = np.full(n, 20.0)
    result = points.integrate(zero, strain, zero, points.initial_state(), warm, warm, 0.0, 1.0)
    assert list(result.failed_points) == bad and not result.ok
    assert 0 < result.dt_factor < 1 and "not finite" in result.message


def test_points_without_material_are_refused_with_their_cells():
    with pytest.raises(InputError, match="cells 101"):
        points_of([0, -1, 0])


def test_a_wrong_law_is_refused():
    with pytest.raises(LawError, match="no law named"):
        points_of([0], {"a": Material(law="nothing")})


def test_no_points_at_all_is_a_piece_like_any_other():
    points, none = points_of([]), np.empty((0, 6))
    result = points.integrate(none, none, none, points.initial_state(), None, None, 0.0, 1.0)
    assert result.ok and result.stress.shape == (0, 6) and result.tangent.shape == (0, 6, 6)


SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


def two_cells(cell_tags):
    points = np.concatenate([np.column_stack([SQUARE, np.full(4, z)]) for z in (0.0, 1.0, 2.0)])
    connectivity = np.array([np.arange(8), np.arange(4, 12)])
    block = CellBlock("hex8", connectivity, np.array([11, 12]), "hex_gauss_8")
    tags = {name: np.array(cells) for name, cells in cell_tags.items()}
    return Mesh(points, (block,), np.arange(12), cell_tags=tags, node_arrays={"T": points[:, 2]})


def test_points_of_a_mesh_follow_its_cell_tags():
    mesh = two_cells({"steel": [1], "rubber": [0]})
    model = Model(materials={"rubber": RUBBER, "steel": STEEL})
    points = MaterialPoints.from_mesh(model, mesh, StrainOperator(mesh))
    assert list(points.material_index) == [0] * 8 + [1] * 8
    assert list(points.cells) == [11] * 8 + [12] * 8 and points.coordinates.shape == (16, 3)
    assert points.strain_free_temperature is None


def test_the_strain_free_temperature_is_interpolated_from_the_nodes():
    mesh = two_cells({})
    steel = STEEL.model_copy(update={"cells": "all"})
    model = Model(materials={"steel": steel}, initial_temperature=ArrayReference(array="T"))
    points = MaterialPoints.from_mesh(model, mesh, StrainOperator(mesh))
    assert np.allclose(points.strain_free_temperature, points.coordinates[:, 2])
    given = MaterialPoints.from_mesh(model, mesh, StrainOperator(mesh), initial_temperature=np.full(12, 7.0))
    assert np.allclose(given.strain_free_temperature, 7.0)
    constant = Model(materials={"steel": steel}, initial_temperature=3.0)
    assert np.allclose(MaterialPoints.from_mesh(constant, mesh, StrainOperator(mesh)).strain_free_temperature, 3.0)


@pytest.mark.parametrize("tags, materials, message", [
    ({"steel": [0]}, {"steel": STEEL}, "cells 12"),
    ({"steel": [0, 1], "rubber": [1]}, {"steel": STEEL, "rubber": RUBBER}, "two materials, 'steel' and 'rubber'"),
    ({"steal": [0, 1]}, {"steel": STEEL}, "one of all, steal"),
])
def test_cells_have_exactly_one_material(tags, materials, message):
    mesh = two_cells(tags)
    with pytest.raises(InputError, match=message):
        MaterialPoints.from_mesh(Model(materials=materials), mesh, StrainOperator(mesh))


def test_an_initial_temperature_array_that_the_mesh_lacks_is_named():
    mesh = two_cells({})
    model = Model(materials={"steel": STEEL.model_copy(update={"cells": "all"})},
                  initial_temperature=ArrayReference(array="T0"))
    with pytest.raises(InputError, match="T0"):
        MaterialPoints.from_mesh(model, mesh, StrainOperator(mesh))
