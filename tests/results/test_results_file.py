"""A file has the fields, probes and orders of the solution that wrote it."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import romlib
from romlib.errors import InputError
from romlib.results.file import Results
from romlib.snapshots.reader import Snapshots

FIELDS = ("displacement", "stress", "p", "von_mises", "strain")


@pytest.fixture(scope="module")
def results(solution, tmp_path_factory):
    path = tmp_path_factory.mktemp("results") / "box.vtkhdf"
    solution.write(path)
    with romlib.open(path) as opened:
        yield opened


def test_fields_of_a_file_are_those_of_the_solution_in_the_same_order(solution, results):
    assert isinstance(results, Results) and set(results.fields) == set(solution.fields) == set(FIELDS)
    assert set(results.stored_fields) == {"displacement", "stress", "p"}
    for name in FIELDS:
        np.testing.assert_allclose(results.field(name), solution.field(name), rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(results.field(name, [3, 1]), solution.field(name)[[3, 1]], rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(results.field(name, -1, piece=0), solution.field(name, -1, piece=0), atol=1e-9)
        assert results.fields[name].place == solution.fields[name].place
    np.testing.assert_array_equal(results.mesh.node_ids, solution.mesh.node_ids)
    np.testing.assert_array_equal(results.times, solution.times)
    assert results.units == solution.units and results.n_piece == solution.n_piece


def test_probes_of_a_file_are_those_of_the_solution(solution, results):
    for name, place in (("p", {"point": (1.1, 0.4, 0.3)}), ("displacement", {"point": (0.3, 0.2, 0.9)}),
                        ("stress.xx", {"tag": "xmax"}), ("von_mises", {"tag": "all", "reduce": "max"}),
                        ("displacement", {"node": 5})):
        ours, theirs = results.probe(name, **place), solution.probe(name, **place)
        np.testing.assert_allclose(ours.values, theirs.values, rtol=1e-9, atol=1e-12)
        assert ours.where == theirs.where and ours.title == theirs.title
        np.testing.assert_array_equal(ours.ids[1:], theirs.ids[1:])


def test_a_file_can_be_sent_to_another_process(results):
    other = pickle.loads(pickle.dumps(results))
    np.testing.assert_array_equal(other.field("p"), results.field("p"))
    other.close()


def test_a_closed_file_is_opened_again_when_something_is_asked_for(results):
    with Results(results.path) as other:
        pass
    np.testing.assert_array_equal(other.von_mises(-1), results.von_mises(-1))
    other.close()


def test_a_file_shows_itself(results):
    assert "box.vtkhdf" in repr(results) and "von_mises" in repr(results)
    assert "symmetric tensor at integration points, MPa" in results._repr_html_()
    assert results.info()["steps"]["count"] == results.n_step  # what the command shows


def test_what_is_no_result_is_refused_by_what_it_is(solution, tmp_path):
    with pytest.raises(InputError, match=r"fields file of a ROM[\s\S]*open the \.rom"):
        romlib.open(solution.reader.fields_path)
    solution.write_state(tmp_path / "end.state")
    with pytest.raises(InputError, match=r"a state[\s\S]*start"):
        romlib.open(tmp_path / "end.state")
    with pytest.raises(InputError, match=r"nothing\.vtkhdf"):
        romlib.open(tmp_path / "nothing.vtkhdf")
    assert repr(romlib.open(solution.reader.path)) == repr(romlib.load(solution.reader.path))


def test_a_file_without_stress_has_no_von_mises_stress(solution, tmp_path):
    solution.write(tmp_path / "u.vtkhdf", ["displacement"])
    with romlib.open(tmp_path / "u.vtkhdf") as results:
        assert set(results.fields) == {"displacement", "strain"}
        with pytest.raises(InputError, match=r"no such field[\s\S]*displacement"):
            results.von_mises()
        with pytest.raises(InputError, match=r"made of the stress[\s\S]*displacement, strain"):
            results.reaction("stretch")


def test_steps_that_are_apart_are_read_in_their_order(results):
    with Snapshots(results.path) as file:
        whole = file.read("p", 0)
    np.testing.assert_array_equal(results.source.field("p", np.array([4, 5, 0, 2, 3]), 0), whole[[4, 5, 0, 2, 3]])
    assert results.field("p", []).shape == (0, len(results.field("p", 0)), 1)
