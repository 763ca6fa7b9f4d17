"""Pictures: what they show, and that they appear whole or not at all."""

from __future__ import annotations

import numpy as np
import pytest
from report_example import ELASTIC, TIMES, bar, cut, displacement, plastic_strain, scaled, write

from romlib.errors import InputError
from romlib.report.camera import Look
from romlib.report.compare import compare
from romlib.report.plot_field import FieldStyle, draw_field, step_at
from romlib.report.plot_history import plot_comparison, plot_quantity
from romlib.results.scalar import Scalar
from romlib.snapshots.reader import Snapshots
from romlib.tensors import von_mises

image = pytest.importorskip("matplotlib.image")
FIELDS = {"displacement": displacement, "p": plastic_strain}


@pytest.fixture
def snapshots(tmp_path):
    with Snapshots(write(tmp_path / "a.vtkhdf", cut(bar(), 2), FIELDS, stress_factor=1.0)) as file:
        yield file


def distinct_colours(path) -> int:
    pixels = np.rint(255 * image.imread(path)[..., :3]).astype(np.int64)
    return len(np.unique(pixels @ [1, 256, 65536]))


@pytest.mark.parametrize(("name", "style"), [
    ("p", FieldStyle()), ("p", FieldStyle(at="cells", edges=False)),
    ("displacement.z", FieldStyle(scale=0.0, look=Look((0.0, 0.0, 1.0)))),
    ("stress", FieldStyle(scale=3.0, width=700))])
def test_a_picture_of_a_field_is_written(snapshots, tmp_path, name, style):
    pytest.importorskip("pyvista")
    output = tmp_path / "picture.png"
    output.write_bytes(b"an older picture")
    picture = draw_field(snapshots, name, step=5, style=style)
    picture.write(output)
    assert image.imread(output).shape[1] == (style.width or 1586) and distinct_colours(output) > 50
    assert picture.time == TIMES[5] and picture.lowest <= picture.highest
    assert picture.scale == (20.0 if style.scale is None else style.scale)  # times 0.0109: 6 % of the diagonal
    assert {path.name for path in tmp_path.iterdir()} == {"a.vtkhdf", "picture.png"}
    assert picture._repr_png_() == output.read_bytes()


def test_scalars_of_a_tensor_and_a_vector(snapshots):
    stress, u = snapshots.read("stress", 0, 5), snapshots.read("displacement", 0, 5)
    assert Scalar.named(snapshots, "stress").values(stress) == pytest.approx(von_mises(stress))
    assert Scalar.named(snapshots, "stress").title == "von Mises stress (MPa)"
    assert Scalar.named(snapshots, "stress.xy").values(stress) == pytest.approx(stress[:, 3] / np.sqrt(2))
    assert Scalar.named(snapshots, "stress.yz").values(stress) == pytest.approx(stress[:, 5] / np.sqrt(2))
    assert Scalar.named(snapshots, "displacement").values(u) == pytest.approx(np.linalg.norm(u, axis=1))
    assert Scalar.named(snapshots, "displacement.y").values(u) == pytest.approx(u[:, 1])


@pytest.mark.parametrize(("name", "words"), [
    ("q", ["displacement, p, stress"]), ("stress.rr", ["xx", "von_mises"]),
    ("p.x", ["there are none", "leave the component out"])])
def test_an_unknown_field_or_component_is_refused_with_those_that_exist(snapshots, tmp_path, name, words):
    with pytest.raises(InputError) as error:
        plot_quantity(snapshots, name, tmp_path / "p.png")
    for word in words:
        assert word in str(error.value)
    assert not (tmp_path / "p.png").exists()


def test_a_step_is_found_by_time_or_number(snapshots):
    assert step_at(snapshots, "last") == 5 and step_at(snapshots, "0.4") == 2
    assert step_at(snapshots, "last", 3) == 3 and step_at(snapshots, "last", -1) == 5
    for time, step, words in (("0.5", None, "0.4, 0.6"), ("first", None, "a number, last"), ("last", 6, "0 to 5")):
        with pytest.raises(InputError) as error:
            step_at(snapshots, time, step)
        assert words in str(error.value)


def test_curves_of_a_quantity_and_of_errors_are_written(snapshots, tmp_path):
    plot_quantity(snapshots, "stress.xx", tmp_path / "q.png")
    worse = write(tmp_path / "b.vtkhdf", [bar()], {n: scaled(f, 1.1) for n, f in FIELDS.items()}, model=ELASTIC)
    with Snapshots(worse) as other:
        plot_comparison(compare(other, snapshots), tmp_path / "c.png")
    for name in ("q.png", "c.png"):
        assert distinct_colours(tmp_path / name) > 50
