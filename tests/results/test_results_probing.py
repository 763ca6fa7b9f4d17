"""Probes: fields at points, nodes and tags, without the fields."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hand_made_rom import hand_made_rom, write_both
from sheared_box import MISES, TIMES, exact_displacement, meshes, shear, write_box

import romlib
from romlib.errors import InputError
from romlib.mesh.box import box_mesh
from romlib.mesh.operator import StrainOperator
from romlib.model import Model, Traction
from romlib.results.scalar import AXES
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter
from romlib.solution.reader import FieldsReader
from romlib.tensors import VTK_NAMES, von_mises


@pytest.mark.parametrize("point", [(0.3, 0.2, 0.9), (2.0, 1.0, 1.0), (0.0, 0.0, 0.0), (1.7, 0.5, 0.01)])
def test_a_displacement_probe_interpolates_in_the_cell_that_contains_the_point(solution, point):
    probe = solution.probe("displacement", point=point)
    np.testing.assert_allclose(probe.values, exact_displacement(solution, np.array([point]))[:, 0], atol=1e-14)
    assert probe.where.startswith("in cell")


def test_a_probe_outside_says_which_node_it_took_and_how_far_it_is(solution):
    probe = solution.probe("displacement", point=(2.5, 1.0, 1.0))
    np.testing.assert_allclose(probe.coordinates, [[2.0, 1.0, 1.0]])
    np.testing.assert_allclose(probe.values, exact_displacement(solution, probe.coordinates)[:, 0], atol=1e-14)
    assert "distance of 0.5" in probe.where


def test_a_probe_of_a_node_is_the_full_field_there(solution):
    for piece, mesh in enumerate(meshes(solution)):
        probe = solution.probe("displacement", node=int(mesh.node_ids[3]))
        np.testing.assert_allclose(probe.values, solution.displacement(piece=piece)[:, 3], atol=1e-15)
        np.testing.assert_allclose(probe.coordinates[0], mesh.points[3])
    with pytest.raises(InputError, match="node 99999"):
        solution.probe("displacement", node=99999)


@pytest.mark.parametrize("name", ["p", "stress", "von_mises", "strain"])
def test_a_probe_of_integration_points_takes_the_nearest_and_says_where(solution, name):
    point = np.array([1.1, 0.4, 0.3])
    probe = solution.probe(name, point=point)
    operators = [StrainOperator(mesh) for mesh in meshes(solution)]
    distances = [np.linalg.norm(operator.coordinates - point, axis=1).min() for operator in operators]
    piece = int(np.argmin(distances))
    ip = int(np.linalg.norm(operators[piece].coordinates - point, axis=1).argmin())
    expected = solution.field(name, piece=piece)[:, ip]
    np.testing.assert_allclose(probe.values, expected[:, 0] if name in ("p", "von_mises") else expected,
                               rtol=1e-12, atol=1e-16)
    assert (probe.ids[0], probe.numbers[0]) == (operators[piece].cell_ids[ip], operators[piece].point_numbers[ip])
    assert f"cell {probe.ids[0]}" in probe.where


def test_a_probe_of_a_tag_has_every_node_once(solution):
    probe = solution.probe("displacement", tag="xmax")
    expected = {tuple(point) for mesh in meshes(solution) for point in mesh.points[mesh.node_tags["xmax"]]}
    assert len(probe.ids) == len(set(probe.ids)) == len(expected)
    np.testing.assert_allclose(probe.values, exact_displacement(solution, probe.coordinates), atol=1e-14)


def test_a_probe_of_a_node_tag_at_integration_points_takes_the_nearest_ones(solution):
    probe = solution.probe("p", tag="xmax")
    assert probe.values.shape == (6, len(probe.coordinates))
    assert (probe.coordinates[:, 0] > 1.5).all()


def test_a_probe_of_all_cells_has_all_integration_points(solution):
    assert len(solution.probe("p", tag="all").ids) == solution.rom.points.n_point


def test_a_probe_needs_exactly_one_place_and_a_known_tag(solution):
    for places in ({}, {"point": (0, 0, 0), "tag": "xmax"}):
        with pytest.raises(InputError, match="exactly one"):
            solution.probe("p", **places)
    with pytest.raises(InputError, match=r"'top'[\s\S]*ymax"):
        solution.probe("displacement", tag="top")
    with pytest.raises(InputError, match="three finite"):
        solution.probe("displacement", point=(0, np.nan, 0))


def test_a_face_tag_is_probed_at_its_nodes(solution):
    skin, everywhere = solution.probe("displacement", tag="skin"), solution.probe("displacement", tag="all")
    assert set(solution.probe("displacement", tag="xmax").ids) < set(skin.ids)
    assert len(skin.ids) < len(everywhere.ids)
    np.testing.assert_allclose(skin.values, exact_displacement(solution, skin.coordinates), atol=1e-14)
    assert solution.probe("p", tag="skin").values.shape[0] == solution.n_step


def test_tags_are_probed_where_nothing_is_prescribed(tmp_path):
    model = Model(materials={"a": MISES}, loads={"push": Traction(faces="ymax", direction=(1, 0, 0))},
                  amplitudes={"push": "100*t"})
    rom, data = hand_made_rom([box_mesh("hex8", (2, 2, 2))], model, [shear], dual={"stress": (6, True)})
    free = romlib.load(write_both(tmp_path / "free.rom", rom, data)).solve(times=[0.0, 1.0])
    probe = free.probe("displacement", tag="xmax")
    np.testing.assert_allclose(probe.values[1][:, 1], free.coordinates[1, 0] * probe.coordinates[:, 0], atol=1e-15)


def test_a_place_is_found_once_for_all_fields_and_probes(solution, monkeypatch):
    first = solution.probe("p", point=(1.1, 0.4, 0.3))
    monkeypatch.setattr("romlib.results.places.Places._found", lambda *_: pytest.fail("the meshes are searched again"))
    again = solution.probe("stress", point=[1.1, 0.4, 0.3])
    assert again.where == first.where and np.array_equal(again.ids, first.ids)
    np.testing.assert_array_equal(solution.probe("p", point=np.array([1.1, 0.4, 0.3])).values, first.values)


@pytest.mark.parametrize("name", ["p", "von_mises", "stress.xx", "displacement.x", "strain.xy"])
def test_a_component_is_that_of_the_plain_tensor_or_vector(solution, name):
    field, _, component = name.partition(".")
    found = solution.probe(name, point=(1.1, 0.4, 0.3))
    whole = solution.probe(field, point=(1.1, 0.4, 0.3))
    assert found.values.shape == (solution.n_step,) and found.components == ()
    if component:
        k = whole.components.index(component)
        np.testing.assert_allclose(found.values, whole.plain_values[:, k], rtol=1e-13, atol=1e-18)
        assert whole.components == (AXES if field == "displacement" else VTK_NAMES)
    else:
        np.testing.assert_array_equal(found.values, whole.values)


@pytest.mark.parametrize("name", ["p", "von_mises", "stress", "displacement", "stress.xx", "displacement.y", "strain"])
@pytest.mark.parametrize("tag", ["all", "xmax"])
def test_the_largest_smallest_and_mean_over_a_tag_are_those_of_its_places(solution, name, tag):
    places = solution.probe(name, tag=tag)
    values = places.values
    if name in ("displacement", "strain"):
        values = np.linalg.norm(values, axis=-1)
    elif name == "stress":
        values = von_mises(values)
    largest, smallest, mean = (solution.probe(name, tag=tag, reduce=kind) for kind in ("max", "min", "mean"))
    np.testing.assert_allclose(largest.values, values.max(axis=1), rtol=1e-12, atol=1e-18)
    np.testing.assert_allclose(smallest.values, values.min(axis=1), rtol=1e-12, atol=1e-18)
    for found, of in ((largest, values.argmax(axis=1)), (smallest, values.argmin(axis=1))):
        steps = np.arange(1, solution.n_step)  # at rest all are alike
        there = np.array([np.flatnonzero((places.ids == found.ids[k]) & (
            True if places.numbers is None else places.numbers == found.numbers[k]))[0] for k in steps])
        np.testing.assert_allclose(values[steps, there], values[steps, of[steps]], rtol=1e-12)
        np.testing.assert_allclose(found.coordinates[steps], places.coordinates[there])
    mesh = solution.mesh
    weights = np.ones(len(places.ids))
    if places.numbers is not None:
        operator = StrainOperator(mesh)
        where = {key: k for k, key in enumerate(zip(operator.cell_ids, operator.point_numbers))}
        weights = operator.positive_weights[[where[key] for key in zip(places.ids, places.numbers)]]
    np.testing.assert_allclose(mean.values, values @ weights / weights.sum(), rtol=1e-12, atol=1e-18)
    assert repr(tag) in largest.where and largest.label.startswith("largest") and largest.reduced == "max"


def test_what_cannot_be_reduced_is_refused(solution):
    with pytest.raises(InputError, match=r"largest, smallest or mean[\s\S]*did you mean 'mean'"):
        solution.probe("p", tag="all", reduce="Mean")
    with pytest.raises(InputError, match=r"only the places of a tag[\s\S]*tag=\"all\""):
        solution.probe("p", node=1, reduce="max")
    with pytest.raises(InputError, match=r"no such component[\s\S]*did you mean 'xx'"):
        solution.probe("stress.XX", tag="all", reduce="max")
    with pytest.raises(InputError, match="by its name"):
        solution.probe("p", tag=7)


def test_the_places_of_a_cut_mesh_are_those_of_the_uncut_one(tmp_path):
    """Whatever the boxes of pieces leave out of a search, the nearest is found."""
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    one, three = (romlib.load(write_box(tmp_path / name, n)).solve(times=TIMES) for name, n in (("a", 1), ("b", 3)))
    generator = np.random.default_rng(3)
    for point in generator.uniform((-0.5, -0.5, -0.5), (2.5, 1.5, 1.5), (40, 3)):
        for name in ("displacement", "p"):
            here, there = one.probe(name, point=point), three.probe(name, point=point)
            assert np.linalg.norm(here.coordinates[0] - point) == pytest.approx(
                np.linalg.norm(there.coordinates[0] - point), abs=1e-12)
            np.testing.assert_allclose(here.values, there.values, rtol=1e-6, atol=1e-9)
    for node in one.mesh.node_ids[::7]:
        np.testing.assert_allclose(one.probe("displacement", node=int(node)).values,
                                   three.probe("displacement", node=int(node)).values, rtol=1e-9, atol=1e-12)


def test_later_probes_read_no_file(solution, monkeypatch):
    reader = FieldsReader(solution.rom, solution.reader.fields_path, solution.reader.path)
    fresh = replace(solution, reader=reader)
    for name in ("displacement", "strain", "stress"):
        fresh.probe(name, tag="all")
    monkeypatch.setattr(reader, "open", lambda: pytest.fail("the file is opened again"))
    for name in ("displacement", "strain", "stress", "von_mises"):
        point = (0.3, 0.2, 0.7)  # never asked for before
        np.testing.assert_array_equal(fresh.probe(name, point=point).values, solution.probe(name, point=point).values)
    fresh.probe("von_mises", tag="xmax", reduce="max")


def test_large_arrays_are_kept_at_the_places_of_probes_only(solution, monkeypatch):
    monkeypatch.setattr("romlib.solution.reader._SHARE", 2**40)
    reader = FieldsReader(solution.rom, solution.reader.fields_path, solution.reader.path)
    fresh = replace(solution, reader=reader)
    for name in ("displacement", "strain", "stress"):
        found = fresh.probe(name, point=(0.3, 0.2, 0.7)).values
        np.testing.assert_allclose(found, solution.probe(name, point=(0.3, 0.2, 0.7)).values, rtol=1e-12, atol=1e-15)


def test_a_value_that_is_not_known_at_one_time_is_left_out_at_that_time_alone(tmp_path):
    mesh, times = box_mesh("hex8", (2, 1, 1), (2.0, 1.0, 1.0)), [0.0, 1.0, 2.0]
    p = np.arange(1.0, 17.0)[:, None] * np.ones(3)[:, None, None]
    p[1, 15], p[2] = np.nan, np.nan
    with SnapshotsWriter(tmp_path / "a.vtkhdf", [mesh], Model(materials={"a": MISES}), times,
                         {"p": FieldSpec("ip", 1)}, solver="none") as writer:
        for step in range(3):
            writer.write("p", step, 0, p[step])
    with romlib.open(tmp_path / "a.vtkhdf") as results:
        for reduce, expected in (("max", (16.0, 15.0)), ("min", (1.0, 1.0)), ("mean", (8.5, 8.0))):
            found = results.probe("p", tag="all", reduce=reduce).values
            np.testing.assert_allclose(found, [*expected, np.nan])
