import numpy as np
import pytest

from romlib.check.solver_state import names_of_statev, points_of_statev, split_statev
from romlib.laws.elastic import ElasticLaw
from romlib.laws.mises import MisesLaw
from romlib.laws.points import MaterialPoints
from romlib.model import Material


class Listed:
    """A law with variables p and statev, whose solver counts p twice and puts it last."""

    name, isotropic, n_state, tensor_variables = "listed", False, 3, ()
    state_variables = {"p": slice(0, 1), "statev": slice(1, 3)}  # noqa: RUF012

    def state_of_solver(self, values):
        return np.concatenate([values[..., 2:] / 2, values[..., :2]], axis=-1)


def points_of(index):
    laws = [Listed(), ElasticLaw.from_parameters({"young": 1.0, "poisson": 0.3}),
            MisesLaw.from_parameters({"young": 1.0, "poisson": 0.3, "yield": 1.0})]
    names, n = {name: Material(law=name) for name in ("listed", "elastic", "mises")}, len(index)
    return MaterialPoints(names, laws, np.array(index), np.arange(n), np.ones(n), np.zeros((n, 3)), None, None)


@pytest.fixture
def points():
    """Two points of a listed law, one elastic, one Mises, one listed again."""
    return points_of([0, 0, 1, 2, 0])


def test_variables_are_told_apart_where_the_law_knows_the_list(points):
    values = np.arange(2 * 5 * 4.0).reshape(2, 5, 4)
    found, wrong = split_statev(points, values)
    assert wrong is None and set(found) == {"p", "statev"}
    np.testing.assert_array_equal(found["p"][:, [0, 1, 4], 0], values[:, [0, 1, 4], 2] / 2)
    np.testing.assert_array_equal(found["statev"][:, 4], values[:, 4, :2])
    assert np.isnan(found["p"][:, 2:4]).all()  # Mises has a p, but not in this list
    assert points_of_statev(points, "p").tolist() == [0, 1, 4]


def test_a_list_that_is_too_short_is_said(points):
    found, wrong = split_statev(points, np.zeros((1, 5, 2)))
    assert found == {} and "3 state variables, the stored field 2" in wrong and "'listed'" in wrong


def test_a_field_with_the_remaining_variables_alone_is_an_ordinary_field(points):
    assert names_of_statev(points, 2) == []
    assert names_of_statev(points, 3) == ["p", "statev"]
    assert names_of_statev(points_of([1, 2]), 3) == []
