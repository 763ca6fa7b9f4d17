from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hand_made_rom import affine, hand_made_rom, write_both

import romlib
from romlib.errors import InputError
from romlib.mesh.box import box_mesh
from romlib.mesh.operator import StrainOperator
from romlib.mesh.partition import partition
from romlib.model import Constraint, Material, Model, Traction
from romlib.snapshots.reader import Snapshots
from romlib.tensors import von_mises

MISES = Material(law="mises", parameters={"young": 2e5, "poisson": 0.3, "yield": 200.0, "linear_hardening": 4e3})
ELASTIC = Material(law="elastic", cells="stiff", parameters={"young": 2e5, "poisson": 0.3})


def shear(points):
    return affine(0, 1)(points) + affine(1, 0)(points)


@pytest.fixture(scope="module", params=[1, 3], ids=["one piece", "three pieces"])
def solution(request, tmp_path_factory):
    """A sheared and stretched plastic box; the stretch is prescribed."""
    mesh = box_mesh("hex20", (4, 2, 1), (2.0, 1.0, 1.0))
    pieces = partition(mesh, request.param) if request.param > 1 else [mesh]
    model = Model(
        materials={"a": MISES}, loads={"push": Traction(faces="ymax", direction=(1, 0, 0))},
        constraints={"stretch": Constraint(nodes="xmax", components=("x",), kind="prescribed")},
        amplitudes={"push": "100*t", "stretch": "0.004*t"})
    rom, data = hand_made_rom(
        pieces, model, [shear, affine(1), affine(2)], liftings={"stretch": lambda x: 0.5 * affine(0)(x)},
        dual={"stress": (6, True), "p": (1, False)})
    path = write_both(tmp_path_factory.mktemp("rom") / "box.rom", rom, data)
    return romlib.load(path).solve(times=np.linspace(0.0, 1.0, 6))


def exact_displacement(solution, points):
    """The lifting and the three modes, written out: (n_step, n, 3)."""
    g, a = solution.coordinates.T[:, :, None], solution.lifting[:, 0, None]
    x, y, z = points.T
    return np.stack([0.5 * a * x + g[0] * y, g[0] * x + g[1] * y, g[2] * z], axis=-1)


def meshes(solution):
    with solution.open_fields() as fields:
        return [fields.mesh(piece) for piece in range(fields.n_piece)]


def test_the_displacement_is_lifting_plus_modes(solution):
    for piece, mesh in enumerate(meshes(solution)):
        np.testing.assert_allclose(
            solution.displacement(piece=piece), exact_displacement(solution, mesh.points), atol=1e-15)
    assert np.abs(solution.coordinates[-1]).min() > 1e-5


def test_steps_are_chosen_like_rows_of_an_array(solution):
    full = solution.field("stress", piece=0)
    for steps in (-1, slice(1, 3), [4, 0]):
        np.testing.assert_allclose(solution.field("stress", steps, 0), full[steps], rtol=1e-12, atol=1e-9)
    with pytest.raises(InputError, match="no such step"):
        solution.displacement(6, piece=0)


def test_the_strain_is_that_of_the_displacement(solution):
    for piece, mesh in enumerate(meshes(solution)):
        expected = StrainOperator(mesh).strain(exact_displacement(solution, mesh.points))
        np.testing.assert_allclose(solution.field("strain", piece=piece), expected, atol=1e-14)


def test_gappy_fields_agree_with_the_law_at_the_selected_points(solution):
    pieces, ips = solution.rom.points.pieces, solution.rom.points.ips
    for name in ("stress", "p"):
        own = solution.at_points(name)
        for piece in np.unique(pieces):
            np.testing.assert_allclose(solution.field(name, piece=piece)[:, ips[pieces == piece]],
                                       own[:, pieces == piece], atol=1e-6)
    assert solution.at_points("p").max() > 1e-4


def test_von_mises_is_that_of_the_stress(solution):
    np.testing.assert_allclose(solution.von_mises(2, 0), von_mises(solution.field("stress", 2, 0)))


def test_reactions_do_the_work_that_the_loads_do_not(solution):
    """Virtual work along the lifting: stress x strain of the lifting over the volume, less the load's."""
    stress = solution.at_points("stress")
    internal = np.einsum("tpk,p,pk->t", stress, solution.rom.clusters[0].weights, solution.rom.lifting.strains[0])
    # the traction along x on y = 1 moves by 0.5 x: its work is 100 t x the integral of 0.5 x over the face
    np.testing.assert_allclose(solution.reactions["stretch"], internal - 100.0 * solution.times * 1.0, rtol=1e-9)


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


def test_unknown_fields_are_refused_with_those_that_exist(solution):
    with pytest.raises(InputError, match=r"'backstress'[\s\S]*stress"):
        solution.field("backstress", piece=0)


def test_a_written_solution_reads_back_as_a_snapshots_file(solution, tmp_path):
    solution.write(tmp_path / "out.vtkhdf", ["displacement", "stress", "p", "von_mises", "strain"])
    with Snapshots(tmp_path / "out.vtkhdf") as file:
        np.testing.assert_allclose(file.times, solution.times)
        assert file.fields["stress"].tensor and not file.fields["p"].tensor
        for piece in range(file.n_piece):
            for name in file.fields:
                np.testing.assert_allclose(file.read(name, piece), solution.field(name, piece=piece), atol=1e-12)
        assert file.model.amplitudes["push"].expression == "100*t"


def test_by_default_displacement_and_all_dual_fields_are_written(solution, tmp_path):
    solution.write(tmp_path / "out.vtkhdf")
    with Snapshots(tmp_path / "out.vtkhdf") as file:
        assert set(file.fields) == {"displacement", "stress", "p"}


def test_an_unknown_field_leaves_no_file(solution, tmp_path):
    with pytest.raises(InputError, match="backstress"):
        solution.write(tmp_path / "out.vtkhdf", ["displacement", "backstress"])
    assert list(tmp_path.iterdir()) == []


def test_a_field_is_nan_where_the_material_lacks_it(tmp_path):
    mesh = box_mesh("hex8", (2, 1, 1))
    mesh.cell_tags.update(soft=np.array([0]), stiff=np.array([1]))
    model = Model(materials={"soft": MISES.model_copy(update={"cells": "soft"}), "stiff": ELASTIC},
                  loads={"pull": Traction(faces="xmax", direction=(1, 0, 0))}, amplitudes={"pull": "300*t"})
    rom, data = hand_made_rom([mesh], model, [affine(0), affine(1), affine(2)], dual={"p": (1, False)})
    rom.gappy["p"].points = np.arange(8)
    rom.gappy["p"].operator, rom.gappy["p"].basis = np.full((1, 8), 1 / 8), np.ones((1, 8))
    data[0][3]["p"][:, 8:] = np.nan
    solution = romlib.load(write_both(tmp_path / "two.rom", rom, data)).solve(times=[0.0, 0.5, 1.0])
    p = solution.field("p")
    assert np.isfinite(p[:, :8]).all() and np.isnan(p[:, 8:]).all()
    assert np.isnan(solution.at_points("p")[:, 8:]).all()
    solution.write(tmp_path / "out.vtkhdf", ["p"])


def test_a_solution_shows_itself_in_one_line(solution):
    shown = repr(solution)
    assert len(shown) < 250 and "\n" not in shown
    assert "6 times from 0 to 1" in shown and "3 modes" in shown


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


def test_one_piece_of_several_is_never_taken_for_all(solution):
    """The largest von Mises stress of piece 0 is not that of the structure."""
    with solution.open_fields() as fields:
        n_piece = fields.n_piece
    for call in (solution.von_mises, solution.displacement, lambda: solution.field("stress")):
        if n_piece == 1:
            call()
        else:
            with pytest.raises(InputError, match=r"3 pieces: say which[\s\S]*0 to 2"):
                call()
    with pytest.raises(InputError, match="no piece 7"):
        solution.von_mises(steps=1, piece=7)


def test_a_place_is_found_once_for_all_fields_and_probes(solution, monkeypatch):
    first = solution.probe("p", point=(1.1, 0.4, 0.3))
    monkeypatch.setattr("romlib.solution.probe.nearest_ips", lambda *_: pytest.fail("the meshes are searched again"))
    again = solution.probe("stress", point=[1.1, 0.4, 0.3])
    assert again.where == first.where and np.array_equal(again.ids, first.ids)
    np.testing.assert_array_equal(solution.probe("p", point=np.array([1.1, 0.4, 0.3])).values, first.values)


def test_the_fields_file_is_opened_once_a_probe_and_once_for_a_whole_file(solution, tmp_path):
    """Opening it looks at every object of every piece."""
    opened, open_fields = [], solution.open_fields
    solution = replace(solution, open_fields=lambda: opened.append(1) or open_fields())
    for call in (lambda: solution.probe("displacement", point=(0.3, 0.2, 0.1)), lambda: solution.probe("p", tag="skin"),
                 lambda: solution.write(tmp_path / "a.vtkhdf")):
        opened.clear()
        call()
        assert len(opened) == 1
    opened.clear()
    solution.displacement(0, piece=0)
    assert opened  # nothing stays open
