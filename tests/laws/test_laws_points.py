import numpy as np
import pytest

from romlib.errors import InputError, LawError
from romlib.laws.elastic import ElasticLaw
from romlib.laws.points import MaterialPoints
from romlib.laws.thermal import Expansion
from romlib.model import Material

STEEL = Material(law="mises", cells="steel", parameters={
    "young": 2e5, "poisson": 0.3, "yield": 200.0, "linear_hardening": 1000.0},
    thermal_expansion={"coefficient": {"temperature": (0, 500), "value": (1e-5, 2e-5)}, "reference_temperature": 20.0})
ALLOY = Material(law="chaboche", cells="alloy", parameters={
    "young": 1e5, "poisson": 0.3, "K": 100.0, "n": 5.0, "R0": 50.0, "kinematic": [{"C": 1e4, "D": 100.0}]})
RUBBER = Material(law="elastic", cells="rubber", parameters={
    "young": {"temperature": [0, 100], "value": [10.0, 5.0]}, "poisson": 0.4})
THREE = {"steel": STEEL, "alloy": ALLOY, "rubber": RUBBER}


def points_of(index, materials=THREE, free=20.0, first=0):
    n = len(index)
    return MaterialPoints.from_arrays(
        materials, np.asarray(index), first + np.arange(n) + 100, np.arange(n) % 8, np.zeros((n, 3)),
        None if free is None else np.full(n, free))


def history(points, n_step=3, seed=0, tangent=True):
    """Results along a random history; each point's strains depend on its cell id alone."""
    strains = np.stack([np.random.default_rng((seed, cell)).normal(size=(n_step, 6)) for cell in points.cells], axis=1)
    strains = np.cumsum(strains * 3e-3, axis=0)
    n = points.n_ip
    state, out = points.virgin(0.0, np.full(n, 20.0)), []
    for k in range(n_step):
        hot = 20.0 + (k + 1) * (points.cells - 99.0)
        result = points.integrate(state, k + 1.0, strains[k], hot, tangent)
        assert result.ok and result.state.time == k + 1.0
        state = result.state
        out.append(result)
    return out


MIXED = [0, 2, 1, 1, 0, 2, 2, 0, 1, 0]


@pytest.mark.parametrize("index", [MIXED, sorted(MIXED), [0] * 4, [1] * 4])
def test_each_point_behaves_as_if_it_were_alone(index):
    together = history(points_of(index))[-1]
    for i, material in enumerate(index):
        alone = history(points_of([material], first=i))[-1]
        assert np.array_equal(alone.state.stress[0], together.state.stress[i])
        assert np.array_equal(alone.tangent[0], together.tangent[i])


def test_results_do_not_depend_on_the_tangent_and_inputs_stay_as_they_are():
    points = points_of(MIXED)
    with_tangent, without = history(points)[-1], history(points, tangent=False)[-1]
    assert without.tangent is None and np.array_equal(with_tangent.state.stress, without.state.stress)
    start, strain = points.virgin(0.0), np.full((10, 6), 1e-2)
    before = [state.copy() for state in start.states]
    points.integrate(start, 1.0, strain, np.full(10, 30.0))
    assert not start.strain.any() and not start.stress.any() and np.all(strain == 1e-2)
    assert all(np.array_equal(a, b) for a, b in zip(start.states, before))


def test_variables_are_nan_where_the_material_lacks_them():
    points = points_of(MIXED)
    states = history(points)[-1].state.states
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
    thermal = Expansion(STEEL.thermal_expansion, 60.0).strain(temperature)
    zero = np.zeros((3, 6))
    free = np.concatenate([np.repeat(thermal[:, None], 3, axis=1), np.zeros((3, 3))], axis=1)
    virgin = points.virgin(0.0, np.full(3, 60.0))
    assert np.abs(points.integrate(virgin, 1.0, free, temperature).state.stress).max() < 1e-10  # free expansion
    held = points.integrate(virgin, 1.0, zero, temperature).state.stress
    assert held[1, 0] == pytest.approx(-2e5 / (1 - 2 * 0.3) * thermal[1])  # no yield under pure pressure
    assert held[0, 0] == 0.0


@pytest.mark.parametrize("index", [[0, 0], [0, 1]])
def test_a_law_is_given_mechanical_strain_at_both_ends_and_the_state_of_its_start(index):
    """Laws in rate form, such as UMATs, take the difference."""
    seen = []

    class Watches(ElasticLaw):
        def integrate(self, increment, state0, tangent=True):
            seen.append(increment)
            return super().integrate(increment, state0, tangent)

    law = Watches.from_parameters({"young": 1.0, "poisson": 0.3})
    one = RUBBER.model_copy(update={"thermal_expansion": STEEL.thermal_expansion})
    points = MaterialPoints({"a": one, "b": one}, [law, law], np.array(index), np.arange(2), np.ones(2),
                            np.zeros((2, 3)), np.full(2, 20.0), None)
    warm, hot = np.full(2, 100.0), np.full(2, 300.0)
    start = points.virgin(1.0, warm)
    start.strain = 0.01 - points.mechanical_strain(np.zeros((2, 6)), warm)
    start.stress = np.full((2, 6), 3.0)
    points.integrate(start, 1.5, 0.02 - points.mechanical_strain(np.zeros((2, 6)), hot), hot)
    for increment in seen:
        np.testing.assert_allclose(increment.strain0, 0.01, atol=1e-15)
        np.testing.assert_allclose(increment.strain1, 0.02, atol=1e-15)
        assert (increment.stress0 == 3.0).all() and (increment.time, increment.dt) == (1.0, 0.5)
        assert (increment.temperature0 == 100.0).all() and (increment.temperature1 == 300.0).all()


def test_the_virgin_tangent_is_elastic_at_any_temperature():
    points, hot = points_of([0, 2], free=20.0), np.array([20.0, 50.0])
    tangent = points.virgin_tangent(0.0, hot + 400.0)  # held, the steel would yield
    assert tangent[0, 3, 3] == pytest.approx(2e5 / 1.3) and np.array_equal(
        tangent[0], points.virgin_tangent(0.0, hot)[0])
    assert points.virgin_tangent(0.0, hot)[1, 3, 3] == pytest.approx(7.5 / 1.4)


def test_a_law_that_fails_without_strain_is_named_with_its_point():
    class Divides(ElasticLaw):
        def integrate(self, increment, state0, tangent=True):
            result = super().integrate(increment, state0, tangent)
            result.failed_points, result.message = np.array([1]), "division by the strain increment"
            return result

    law = Divides.from_parameters({"young": 1.0, "poisson": 0.3})
    points = MaterialPoints({"rubber": RUBBER}, [law], np.zeros(2, dtype=int), np.array([7, 8]), np.array([1, 4]),
                            np.zeros((2, 3)), None, None)
    with pytest.raises(LawError, match="division by the strain increment") as error:
        points.virgin_tangent(0.0)
    assert "cell 8, integration point 4" in str(error.value)


def test_a_materials_own_strain_free_temperature_takes_precedence_over_that_of_the_points():
    thermal = STEEL.thermal_expansion.model_copy(update={"strain_free_temperature": 300.0})
    points = points_of([0], {"steel": STEEL.model_copy(update={"thermal_expansion": thermal})}, free=20.0)
    assert not points.mechanical_strain(np.zeros((1, 6)), np.array([300.0])).any()


def test_expansion_without_a_strain_free_temperature_is_refused_once_there_is_a_temperature():
    points, zero = points_of([0, 0], free=None), np.zeros((2, 6))
    assert points.integrate(points.virgin(0.0), 1.0, zero, None).ok
    with pytest.raises(InputError, match="strain_free_temperature"):
        points.integrate(points.virgin(0.0, np.ones(2)), 1.0, zero, np.ones(2))


@pytest.mark.parametrize("index, bad", [(MIXED, [1, 2, 7]), ([0] * 9, [1, 2, 7])])
def test_failed_points_are_positions_among_all_points(index, bad):
    points = points_of(index)
    n = points.n_ip
    strain, warm = np.full((n, 6), 1e-4), np.full(n, 20.0)
    strain[bad] = np.nan
    result = points.integrate(points.virgin(0.0, warm), 1.0, strain, warm)
    assert list(result.failed_points) == bad and not result.ok
    assert 0 < result.dt_factor < 1 and "not finite" in result.message


def test_points_without_material_are_refused_with_their_cells():
    with pytest.raises(InputError, match="cells 101"):
        points_of([0, -1, 0])


def test_a_wrong_law_is_refused():
    with pytest.raises(LawError, match="no law named"):
        points_of([0], {"a": Material(law="nothing")})


def test_no_points_at_all_is_a_piece_like_any_other():
    points = points_of([])
    result = points.integrate(points.virgin(0.0), 1.0, np.empty((0, 6)), None)
    assert result.ok and result.state.stress.shape == (0, 6) and result.tangent.shape == (0, 6, 6)


def test_a_law_is_given_the_stress_at_the_start_along_its_axes(monkeypatch):
    """For laws in rate form. Axis 1 of the material is y, axis 2 is -x."""
    crystal = Material(law="cubic", parameters={"C11": 250e3, "C12": 150e3, "C44": 120e3},
                       orientation={"first": (0, 1, 0), "plane": (-1, 0, 0)})
    axes = np.array([[[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]]])
    points = MaterialPoints.from_arrays({"crystal": crystal}, np.zeros(1, int), np.arange(1), np.arange(1),
                                        np.zeros((1, 3)), None, axes)
    group, seen = points.groups[0], []
    law = group.law.integrate

    def integrate(increment, *rest):
        seen.append(increment)
        return law(increment, *rest)

    monkeypatch.setattr(group.law, "integrate", integrate)
    stress0 = np.array([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]])
    group.integrate(np.zeros((1, 6)), np.zeros((1, 6)), stress0, None, None, 0.0, 1.0, np.zeros((1, 0)), False)
    assert np.allclose(seen[0].stress0, [[2.0, 1.0, 3.0, -4.0, 6.0, -5.0]])
