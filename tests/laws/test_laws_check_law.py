"""`check_law` must pass good laws and catch a law that is broken in any one respect."""

from dataclasses import replace

import numpy as np
import pytest

from romlib.errors import LawError
from romlib.laws.check_law import check_law
from romlib.laws.law import Law, LawResult
from romlib.laws.mises import MisesLaw

PARAMETERS = {"young": 2e5, "poisson": 0.3, "yield": 200.0, "linear_hardening": 1000.0, "kinematic": 5000.0}


def changed(**fields):
    """A law whose result is changed: each field is a function of (result, increment, state0, tangent)."""
    class Broken(MisesLaw):
        def integrate(self, increment, state0, tangent=True):
            result = super().integrate(increment, state0, tangent)
            return replace(result, **{name: new(result, increment, state0, tangent) for name, new in fields.items()})

    return Broken.from_parameters(PARAMETERS)


class WritesIntoTheStrain(MisesLaw):
    def integrate(self, increment, state0, tangent=True):
        increment.strain1[0, 0] += 1e-9
        return super().integrate(increment, state0, tangent)


class WritesIntoTheState(MisesLaw):
    def integrate(self, increment, state0, tangent=True):
        result = super().integrate(increment, state0, tangent)
        state0[:] = result.state
        return result


class Remembers(MisesLaw):
    calls = 0

    def integrate(self, increment, state0, tangent=True):
        result = super().integrate(increment, state0, tangent)
        self.calls += 1
        return replace(result, stress=result.stress * (1 + 1e-8 * self.calls))


class RaisesForBadStrain(MisesLaw):
    def integrate(self, increment, state0, tangent=True):
        if not np.isfinite(increment.strain1).all():
            raise FloatingPointError("bad strain")
        return super().integrate(increment, state0, tangent)


class FailsEverywhereForOneBadPoint(MisesLaw):
    def integrate(self, increment, state0, tangent=True):
        result = super().integrate(increment, state0, tangent)
        return result if result.ok else replace(result, failed_points=np.arange(len(state0)))


class BadStateVariables(MisesLaw):
    def __init__(self, parameters):
        super().__init__(parameters)
        self.state_variables = {"p": slice(0, 1), "plastic_strain": slice(2, 7)}


class WrongInitialState(MisesLaw):
    def initial_state(self, n_ip):
        return np.zeros((n_ip, 6))


class NotQuiteIsotropic(MisesLaw):
    """The stiffness along 1 is a little larger, stress and tangent alike."""

    def integrate(self, increment, state0, tangent=True):
        result = super().integrate(increment, state0, tangent)
        result.stress[:, 0] += 10.0 * increment.strain1[:, 0]
        if tangent:
            result.tangent[:, 0, 0] += 10.0
        return result


class DropsThePlasticTangent(MisesLaw):
    def integrate(self, increment, state0, tangent=True):
        result = super().integrate(increment, state0, tangent)
        if tangent:
            result.tangent[:] = super().integrate(
                replace(increment, strain1=increment.strain1 * 0), self.initial_state(len(state0))).tangent
        return result


def wrong_at_many(result, increment, state0, tangent):
    return result.stress * (1 + 1e-6 * (len(state0) > 1))


BROKEN = {
    "purity: integrate modifies its input strain1": WritesIntoTheStrain.from_parameters(PARAMETERS),
    "purity: integrate modifies its input state0": WritesIntoTheState.from_parameters(PARAMETERS),
    "purity: state shares memory": changed(state=lambda r, i, s, t: s),
    "purity: the same increment": Remembers.from_parameters(PARAMETERS),
    "shape: stress": changed(stress=lambda r, i, s, t: r.stress[:, :5]),
    "shape: state": changed(state=lambda r, i, s, t: r.state.astype(np.float32)),
    "shape: tangent": changed(tangent=lambda r, i, s, t: None),
    "values: ": changed(stress=lambda r, i, s, t: r.stress * np.nan),
    "tangent: it is computed": changed(tangent=lambda r, i, s, t: np.zeros((len(s), 6, 6))),
    "tangent: stress or state differ": changed(stress=lambda r, i, s, t: r.stress * (1.0 if t else 1.001)),
    "tangent: differs": DropsThePlasticTangent.from_parameters(PARAMETERS),
    "isotropy: ": NotQuiteIsotropic.from_parameters(PARAMETERS),
    "batch: ": changed(stress=wrong_at_many),
    "convergence: failure at 1 point": changed(failed_points=lambda r, i, s, t: np.array([0])),
    "failure: a strain that is not a number raises FloatingPointError": RaisesForBadStrain.from_parameters(PARAMETERS),
    "failure: a strain that is not a number at point 1": FailsEverywhereForOneBadPoint.from_parameters(PARAMETERS),
    "failure: expected 0 < dt_factor < 1": changed(dt_factor=lambda r, i, s, t: 1.0),
    "state_variables do not cover": BadStateVariables.from_parameters(PARAMETERS),
    "initial_state: expected": WrongInitialState.from_parameters(PARAMETERS),
}


def test_a_sound_law_passes_and_its_figures_are_returned():
    law = MisesLaw.from_parameters(PARAMETERS)
    assert isinstance(law, Law)
    report = check_law(law)
    assert report.law == "mises" and report.n_tangent_points > 30
    assert max(report.tangent_error, report.isotropy_error, report.batch_error) < 1e-8


@pytest.mark.parametrize("property_", BROKEN, ids=lambda text: text.rstrip(": "))
def test_a_law_broken_in_one_respect_is_caught(property_):
    with pytest.raises(LawError) as error:
        check_law(BROKEN[property_])
    assert f"- {property_}" in str(error.value)


def test_isotropy_is_not_asked_of_a_law_that_does_not_claim_it():
    law = NotQuiteIsotropic.from_parameters(PARAMETERS)
    law.isotropic = False
    assert check_law(law).isotropy_error is None


def test_the_orientation_reaches_the_law():
    seen = []

    class Looks(MisesLaw):
        isotropic = False

        def integrate(self, increment, state0, tangent=True):
            seen.append(increment.orientation.shape)
            return super().integrate(increment, state0, tangent)

    check_law(Looks.from_parameters(PARAMETERS), orientation=np.eye(3), n_ip=4)
    assert {shape[1:] for shape in seen} == {(3, 3)}


def test_something_that_is_no_law_is_told_what_it_lacks():
    with pytest.raises(LawError, match=r"it lacks .*integrate"):
        check_law(object())


def test_a_result_is_ok_without_failed_points():
    assert LawResult(np.zeros((1, 6)), None, np.zeros((1, 0))).ok
