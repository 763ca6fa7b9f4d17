import numpy as np
import pytest

from romlib.errors import InputError, LawError
from romlib.laws.law import LawResult
from romlib.laws.mises import MisesLaw
from romlib.laws.points import MaterialPoints
from romlib.laws.replay import Replay
from romlib.model import Material

PARAMETERS = {"young": 2e5, "poisson": 0.3, "yield": 200.0, "linear_hardening": 1000.0}
STEEL = Material(law="mises", parameters=PARAMETERS, thermal_expansion={
    "coefficient": 1e-5, "reference_temperature": 0.0})
N = 5


class ImpatientLaw(MisesLaw):
    """Refuses increments of strain above a limit, at the point with the largest one."""

    limit = 1e-3

    def integrate(self, increment, state0, tangent=True):
        result = super().integrate(increment, state0, tangent)
        size = np.linalg.norm(increment.strain1 - increment.strain0, axis=1)
        if size.max() > self.limit:
            return LawResult(result.stress, result.tangent, result.state, np.array([size.argmax()]), 0.5, "impatient")
        return result


def points_of(law=None, free=None):
    arguments = (np.zeros(N, dtype=int), np.arange(N) + 50, np.arange(N), np.zeros((N, 3)))
    free = None if free is None else np.full(N, free)
    if law is None:
        return MaterialPoints.from_arrays({"steel": STEEL}, *arguments, free)
    return MaterialPoints({"steel": STEEL}, [law], *arguments, free, None)


def records(n_step=4, seed=0, temperature=None):
    strain = np.cumsum(np.random.default_rng(seed).normal(size=(n_step, N, 6)) * 2e-3, axis=0)
    return [(float(k + 1), strain[k], temperature) for k in range(n_step)]


def replayed(points, history, **options):
    """The states at all records."""
    replay = Replay(points, 0.0, **options)
    return [replay.advance(*record) for record in history]


def test_replay_is_the_chain_of_single_increments():
    points = points_of()
    state = points.virgin(0.0)
    for (time, strain, _), found in zip(records(), replayed(points, records())):
        state = points.integrate(state, time, strain, None).state
        assert found.time == time and np.array_equal(found.stress, state.stress)
        assert np.array_equal(found.states[0], state.states[0])


def test_a_record_at_the_initial_time_is_the_virgin_state():
    first = (0.0, np.zeros((N, 6)), None)
    with_first = replayed(points_of(), [first, *records()])
    assert not with_first[0].stress.any() and not with_first[0].states[0].any()
    for a, b in zip(with_first[1:], replayed(points_of(), records())):
        assert np.array_equal(a.stress, b.stress)


def test_strain_at_the_initial_time_is_answered_at_once():
    first = (0.0, np.full((N, 6), 1e-4), None)
    stress = replayed(points_of(), [first])[0].stress
    assert stress[0, 3] == pytest.approx(2e5 / 1.3 * 1e-4)


def test_a_start_away_from_the_strain_free_temperature_is_not_the_virgin_state():
    first = (0.0, np.zeros((N, 6)), np.full(N, 100.0))
    stress = replayed(points_of(free=20.0), [first])[0].stress
    assert stress[0, 0] == pytest.approx(-2e5 / (1 - 0.6) * 1e-5 * 80.0)
    at_rest = replayed(points_of(free=100.0), [first])[0].stress
    assert not at_rest.any()


def test_an_increment_that_fails_is_cut_until_it_passes():
    law, fine = ImpatientLaw.from_parameters(PARAMETERS), MisesLaw.from_parameters(PARAMETERS)
    direction = np.zeros((N, 6))
    direction[:, 3] = 1.0
    ramp = [(1.0, 0.02 * direction, None)]
    shortened, whole = replayed(points_of(law), ramp)[-1], replayed(points_of(fine), ramp)[-1]
    assert np.allclose(shortened.stress, whole.stress, rtol=1e-10)  # a proportional path: steps do not matter
    assert shortened.time == 1.0 and np.array_equal(shortened.strain, ramp[0][1])


def test_an_increment_that_cannot_be_cut_further_names_cell_point_and_time():
    law = ImpatientLaw.from_parameters(PARAMETERS)
    law.limit = 0.0
    strain = np.zeros((N, 6))
    strain[3, 0] = 1e-3
    with pytest.raises(LawError, match="impatient") as error:
        replayed(points_of(law), [(2.5, strain, None)], max_cutbacks=3)
    assert "cell 53" in str(error.value) and "point 3" in str(error.value) and "time 2.5" in str(error.value)


def test_a_strain_that_is_not_a_number_names_its_place():
    bad = records()
    bad[2][1][4, 1] = np.nan
    with pytest.raises(LawError, match="cell 54, integration point 4, increment that ends at time 3"):
        replayed(points_of(), bad)


@pytest.mark.parametrize("times", [(1.0, 1.0), (2.0, 1.0), (-1.0, 1.0)])
def test_times_must_increase_from_the_initial_time(times):
    with pytest.raises(InputError):
        replayed(points_of(), [(t, np.zeros((N, 6)), None) for t in times])


def test_strains_of_another_size_are_refused():
    with pytest.raises(InputError, match=r"\(5, 6\)"):
        replayed(points_of(), [(1.0, np.zeros((4, 6)), None)])
