"""Pictures as they are asked for: what is stated, what is marked and where, what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from report_example import ELASTIC, TIMES, bar, cut, displacement, plastic_strain, scaled, write

import romlib
from romlib.errors import InputError
from romlib.mesh.box import box_mesh
from romlib.mesh.operator import StrainOperator
from romlib.nodal.average import Averaging
from romlib.report.plots import plot
from romlib.report.surface import surface_of
from romlib.snapshots.reader import Snapshots
from romlib.snapshots.writer import SnapshotsWriter

pyvista = pytest.importorskip("pyvista")
Image = pytest.importorskip("PIL.Image")
FIELDS = {"displacement": displacement, "p": plastic_strain}
MARK = (224, 0, 122)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A result cut into two, a reference cut otherwise and with p and u larger by a fifth."""
    folder = tmp_path_factory.mktemp("plots")
    write(folder / "a.vtkhdf", cut(bar(), 2), FIELDS, stress_factor=1.0)
    write(folder / "b.vtkhdf", cut(bar(), 3), {name: scaled(f, 1.25) for name, f in FIELDS.items()}, stress_factor=1.0)
    return folder


@pytest.fixture
def rendered(monkeypatch):
    """What the renderer was given, in place of a renderer: limits, values, and a grey body."""
    seen = []

    def fake(surface, points, values, colouring, camera, size, **options):
        seen.append({"values": values, "limits": colouring.limits, "name": colouring.name, "camera": camera,
                     "size": size, "points": points, **options})
        return np.full((size[1], size[0], 3), 200, np.uint8)

    monkeypatch.setattr("romlib.report.plot_field.render", fake)
    return seen


def marks(pixels: np.ndarray) -> np.ndarray:
    """Rows and columns of the colour of marks."""
    return np.argwhere((pixels == MARK).all(axis=2))


def test_the_largest_value_is_stated_at_nodes_and_at_points_and_marked_in_its_place(folder, rendered):
    picture = romlib.plot(folder / "a.vtkhdf", "p", step=5, deformed=0, view=(0, 0, 1), case="pull")
    mesh = bar()
    operator = StrainOperator(mesh)
    points = plastic_strain(operator.coordinates, 1.0)
    nodal = Averaging(mesh).nodes(points[None])[0, :, 0]
    assert picture.nodal.largest.value == pytest.approx(nodal.max()) == picture.highest
    assert picture.points.largest.value == pytest.approx(points.max())
    ip = int(np.argmax(points))
    assert picture.caption[0].startswith(f"largest of the nodal averages: {nodal.max():.4g} at node ")
    place = f"cell {operator.cell_ids[ip]}, point {operator.point_numbers[ip]}"
    assert f"{points.max():.4g} at {place}" in picture.caption[1]
    assert rendered[0]["limits"] == pytest.approx((nodal.min(), nodal.max()))
    found = marks(picture.pixels)
    x, y = rendered[0]["camera"].pixels(np.array([picture.nodal.largest.coordinates]), rendered[0]["size"])[0]
    row, column = found.mean(axis=0)
    assert np.ptp(found, axis=0).max() < 30
    assert column - x == pytest.approx(0.4 * 36, abs=3) and row - y == pytest.approx(96, abs=3)  # where the body begins


def test_a_result_and_its_reference_share_colours_and_the_difference_has_its_own(folder, rendered):
    picture = plot(folder / "a.vtkhdf", "p", against=folder / "b.vtkhdf")
    ours, theirs, difference = rendered
    assert ours["limits"] == theirs["limits"] == pytest.approx((min(ours["values"]), max(theirs["values"])))
    assert difference["values"] == pytest.approx(ours["values"] - theirs["values"])
    size = np.abs(difference["values"]).max()
    assert difference["limits"] == pytest.approx((-size, size)) and difference["name"] != ours["name"]
    assert all(one["camera"] is ours["camera"] for one in rendered)
    stated = picture.to_dict()["largest difference at integration points"]
    assert stated["per cent"] == pytest.approx(20.0) and stated["value"] == pytest.approx(
        -0.25 * plastic_strain(StrainOperator(bar()).coordinates, 1.0).max())
    assert "(20 %)" in picture.caption[2] and picture.time == TIMES[-1]


def test_a_difference_is_the_same_whichever_file_is_cut_how(folder, tmp_path, rendered):
    write(tmp_path / "b.vtkhdf", [bar()], {name: scaled(f, 1.25) for name, f in FIELDS.items()})
    one, other = (plot(folder / "a.vtkhdf", "displacement.x", against=b, step=3).to_dict()
                  for b in (folder / "b.vtkhdf", tmp_path / "b.vtkhdf"))
    place = "largest difference on the surface"
    assert one[place]["value"] == pytest.approx(other[place]["value"], rel=1e-12)
    assert one[place]["value"] == pytest.approx(-0.25 * 1e-3 * TIMES[3] * 9.0)


def test_the_scale_of_the_deformation_is_used_and_stated(folder, rendered):
    for given, stated in ((7.5, "displacement x 7.5"), (0, "undeformed"), (None, "displacement x 20")):
        picture = plot(folder / "a.vtkhdf", "p", deformed=given)
        assert stated in picture.caption[-1]
        factor = picture.scale
        with Snapshots(folder / "a.vtkhdf") as file:
            points = surface_of(file).points
        assert rendered[-1]["points"] == pytest.approx(points + factor * displacement(points, 1.0))


def test_limits_and_view_and_width_are_taken_as_given(folder, rendered):
    picture = plot(folder / "a.vtkhdf", "stress", limits=(0, 3), view=(1, 0, 0), width=801)
    assert rendered[0]["limits"] == (0, 3) and picture.pixels.shape[1] in (800, 802)
    assert rendered[0]["camera"].axes[2] == pytest.approx([1, 0, 0])


@pytest.mark.parametrize("formula", [
    lambda x, t: np.full((len(x), 1), 0.7), lambda x, t: np.zeros((len(x), 1)),
    lambda x, t: np.full((len(x), 1), np.nan)])
@pytest.mark.parametrize("at", ["nodes", "cells"])
def test_a_constant_field_and_one_without_values_have_a_picture(tmp_path, rendered, formula, at):
    write(tmp_path / "a.vtkhdf", [bar()], {"p": formula}, times=TIMES[:1])
    picture = plot(tmp_path / "a.vtkhdf", "p", at=at)
    low, high = rendered[0]["limits"]
    assert low < high and picture.scale == 0.0 and not len(marks(picture.pixels))
    plot(tmp_path / "a.vtkhdf", "p", tmp_path / "x.gif", time="all", at=at, width=400)
    assert (tmp_path / "x.gif").stat().st_size > 1000


def test_a_film_has_one_scale_and_view_for_all_times_and_says_where_the_largest_value_is(folder, tmp_path, rendered):
    done = []
    made = plot(folder / "a.vtkhdf", "p", tmp_path / "p.gif", time="all", width=500, frames=3,
                progress=lambda k, n: done.append((k, n)))
    assert done == [(1, 3), (2, 3), (3, 3)] and (made.n_frame, made.n_step) == (3, 6)
    assert len({one["limits"] for one in rendered}) == 1 and len({id(one["camera"]) for one in rendered}) == 1
    single = plot(folder / "a.vtkhdf", "p")
    assert made.nodal == (single.nodal.largest, 1.0) and made.limits[1] == pytest.approx(single.highest)
    with Image.open(tmp_path / "p.gif") as film:
        assert film.n_frames == 3 and film.size[0] == 500


def test_a_film_of_a_difference_has_the_largest_difference_in_its_scale(folder, tmp_path, rendered):
    made = plot(folder / "a.vtkhdf", "p", tmp_path / "d_%d.png", time="all", against=folder / "b.vtkhdf", width=600)
    assert made.n_frame == 6 and len(list(tmp_path.iterdir())) == 6
    largest = max(np.abs(one["values"]).max() for one in rendered[2::3])
    assert {one["limits"] for one in rendered[2::3]} == {(-largest, largest)}


def test_curves_of_all_times_are_of_several_results_too(folder, tmp_path):
    curves = plot(folder / "a.vtkhdf", "stress", tmp_path / "c.png", time="all", against=folder / "b.vtkhdf")
    axes = curves.figure.axes[0]
    labels = axes.get_legend_handles_labels()[1]
    assert [label for label in labels if label.endswith("largest")] == ["a.vtkhdf: largest", "b.vtkhdf: largest"]
    assert axes.get_ylabel() == "von Mises stress (MPa)" and axes.get_xlabel() == "time (s)"
    assert curves._repr_png_() == (tmp_path / "c.png").read_bytes()


@pytest.mark.parametrize(("options", "words"), [
    ({"path": "x.jpg"}, r"\.png"), ({"path": "x.gif"}, "shows all times"), ({"time": 0.5}, "0.4, 0.6"),
    ({"deformed": float("nan")}, "--deformed"), ({"limits": (3, 3)}, "--limits"), ({"width": 10}, "200 to 8000"),
    ({"view": (0, 0, 0)}, "--view"), ({"view": (1, 2)}, "--view"), ({"field": "q"}, "displacement, p, stress")])
def test_what_cannot_be_drawn_is_refused_by_name(folder, tmp_path, options, words):
    given = {"field": "p", **options}
    if "path" in given:
        given["path"] = tmp_path / given["path"]
    with pytest.raises(InputError, match=words):
        plot(folder / "a.vtkhdf", given.pop("field"), **given)
    assert not list(tmp_path.iterdir())


def test_a_reference_without_the_time_or_the_field_is_refused(folder, tmp_path):
    write(tmp_path / "few.vtkhdf", [bar()], {"displacement": displacement}, times=TIMES[[0, 4]])
    with pytest.raises(InputError, match="no step at this time"):
        plot(folder / "a.vtkhdf", "displacement", against=tmp_path / "few.vtkhdf", step=3)
    with pytest.raises(InputError, match="no such field"):
        plot(folder / "a.vtkhdf", "p", against=tmp_path / "few.vtkhdf")
    write(tmp_path / "other.vtkhdf", [bar("tet4")], {"displacement": displacement})
    with pytest.raises(InputError, match="not on the same mesh"):
        plot(folder / "a.vtkhdf", "displacement", against=tmp_path / "other.vtkhdf")


def test_an_open_file_and_results_are_drawn_as_their_path_is(folder, rendered):
    with Snapshots(folder / "a.vtkhdf") as file:
        first = plot(file, "p")
    second = romlib.open(folder / "a.vtkhdf").plot("p")
    assert first.to_dict() == second.to_dict()
    assert romlib.open(folder / "a.vtkhdf").plot("von_mises").nodal.largest.value > 0


def test_the_body_is_rendered_in_its_colours_with_the_edges_of_quadratic_elements(tmp_path):
    """Really drawn: the lines of the elements, and none through them as the triangles of VTK would have."""
    write(tmp_path / "a.vtkhdf", [bar("hex20")], {"p": lambda x, t: np.full((len(x), 1), 0.5)})
    pixels = plot(tmp_path / "a.vtkhdf", "p", view=(0, 0, 1), limits=(0, 1), edges=True).pixels
    body = pixels[96:1096, 14:1354].astype(int)
    there = np.ptp(body, axis=2) > 25
    rows, columns = np.flatnonzero(there.any(axis=1)), np.flatnonzero(there.any(axis=0))
    inside = body[rows[0] + 20:rows[-1] - 20, columns[0] + 20:columns[-1] - 20]
    middle = inside.shape[0] // 4  # through the middle of the upper row of cells
    dark = inside[middle].sum(axis=1) < np.median(inside[middle].sum(axis=1)) - 40
    lines = np.flatnonzero(np.diff(dark.astype(int)) == 1)
    assert len(lines) == 3  # between 4 cells


def test_a_field_that_one_material_lacks_says_so_in_the_picture(tmp_path, rendered):
    with SnapshotsWriter(tmp_path / "a.vtkhdf", [bar()], ELASTIC, TIMES[:1], {
            "p": romlib.snapshots.schema.FieldSpec("ip", 1)}) as writer:
        x = StrainOperator(bar()).coordinates
        writer.write("p", 0, 0, np.where(x[:, :1] > 1.5, x[:, :1], np.nan))
    picture = plot(tmp_path / "a.vtkhdf", "p")
    assert np.isnan(rendered[0]["values"]).any()
    grey = (picture.pixels == (0xd9, 0xd9, 0xd9)).all(axis=2)
    assert grey[:, 1340:].sum() > 500  # the patch beside "no value"


def test_values_of_cells_are_never_taken_for_those_of_nodes(tmp_path, monkeypatch):
    """On the surface of a ring there are as many quadrangles as nodes."""
    mesh = box_mesh("hex8", (3, 3, 1), (3.0, 3.0, 1.0))
    block = mesh.blocks[0]
    around = np.array([k for k in range(9) if k != 4])
    ring = replace(mesh, blocks=(replace(block, connectivity=block.connectivity[around],
                                         cell_ids=block.cell_ids[around]),), cell_tags={}, cell_arrays={})
    write(tmp_path / "ring.vtkhdf", [ring], {"p": plastic_strain})
    shown = []
    monkeypatch.setattr(pyvista.Plotter, "add_mesh", lambda self, data, **options: shown.append((data, options)))
    for at in ("cells", "nodes"):
        plot(tmp_path / "ring.vtkhdf", "p", at=at)
    with Snapshots(tmp_path / "ring.vtkhdf") as file:
        surface = surface_of(file)
    assert len(surface.cells) == surface.n_point == 32
    bodies = [data for data, options in shown if options.get("scalars") == "value"]
    assert "value" in bodies[0].cell_data and "value" not in bodies[0].point_data
    assert "value" in bodies[1].point_data and "value" not in bodies[1].cell_data


def test_points_are_shown_where_they_are_in_the_cells_that_face_the_eye(folder, rendered):
    picture = plot(folder / "a.vtkhdf", "p", at="points", step=5, deformed=10, view=(1, 0, 0))
    shown, = rendered
    operator = StrainOperator(bar())
    inside = np.repeat(bar().points[bar().blocks[0].connectivity].mean(axis=1)[:, 0] > 2.25, 8)  # the cells at x = 3
    assert len(shown["cloud"]) == inside.sum() == 32 and shown["at"] == "points"
    exact = operator.coordinates[inside] + 10 * (operator.interpolation_matrix(np.flatnonzero(inside))
                                                 @ displacement(bar().points, 1.0))
    order = [np.lexsort(np.round(points, 9).T) for points in (shown["cloud"], exact)]
    assert shown["cloud"][order[0]] == pytest.approx(exact[order[1]])
    assert shown["values"][order[0]] == pytest.approx(plastic_strain(operator.coordinates[inside], 1.0)[order[1], 0])
    assert picture.points.largest.value == pytest.approx(shown["limits"][1])


def test_fields_that_follow_from_others_are_drawn_of_a_path_as_of_results(folder, rendered):
    stress, strain = (plot(folder / "a.vtkhdf", name) for name in ("von_mises", "strain"))
    assert stress.highest == plot(folder / "a.vtkhdf", "stress").highest > 0.0
    with romlib.open(folder / "a.vtkhdf") as results:
        assert strain.points.largest.value == pytest.approx(np.linalg.norm(results.field("strain", -1), axis=1).max())
