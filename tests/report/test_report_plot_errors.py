"""Bounds in comparisons and pictures: what they say of norms and means, and when an error is above them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_example import ELASTIC, SPECS, TIMES, bar, cut, displacement, plastic_strain, scaled, write

from romlib.errors import InputError
from romlib.mesh.operator import StrainOperator
from romlib.report.compare import compare
from romlib.report.norms import norms_over_time
from romlib.report.plot_errors import largest_error, plot_errors
from romlib.report.plot_history import plot_comparison, plot_quantity
from romlib.results.scalar import Scalar
from romlib.snapshots.error_bounds import ErrorBounds
from romlib.snapshots.reader import Snapshots
from romlib.snapshots.writer import SnapshotsWriter
from romlib.tensors import von_mises

image = pytest.importorskip("matplotlib.image")


def write_bounded(path, bound, size=0.0, factor=1.0):
    """p of the example times a factor, with a bound of its error."""
    bounds = ErrorBounds({"p": np.broadcast_to(bound, TIMES.shape).astype(float)}, ("a note",),
                         np.arange(len(TIMES)) > 3, TIMES, {}, {"p": size})
    with SnapshotsWriter(path, [bar()], ELASTIC, TIMES, {"p": SPECS["p"]}, bounds=bounds) as writer:
        points = StrainOperator(bar()).coordinates
        for step, time in enumerate(TIMES):
            writer.write("p", step, 0, factor * plastic_strain(points, float(time)))
    return path


@pytest.mark.parametrize(("bound", "since"), [(0.11, None), (0.09, TIMES[1]), (np.nan, None)])
def test_compare_says_from_when_on_an_error_is_above_its_bound(tmp_path, bound, since):
    a = write_bounded(tmp_path / "a.vtkhdf", bound, factor=1.1)
    b = write(tmp_path / "b.vtkhdf", cut(bar(), 2), {"p": plastic_strain})
    with Snapshots(a) as candidate, Snapshots(b) as reference:
        result = compare(candidate, reference)
    field = result.fields["p"]
    assert field.error_so_far[1:] == pytest.approx(0.1) and field.error_so_far[0] == 0.0
    assert result.first_above(field) == since and result.bound_notes == ("a note",)
    assert result.to_dict()["fields"]["p"]["error_bound"]["above_bound_from"] == since


def test_small_fields_are_compared_with_5_per_cent_of_the_training(tmp_path):
    a = write_bounded(tmp_path / "a.vtkhdf", 1.0, size=1e3, factor=1.1)
    b = write(tmp_path / "b.vtkhdf", [bar()], {"p": plastic_strain})
    with Snapshots(a) as candidate, Snapshots(b) as reference:
        field = compare(candidate, reference).fields["p"]
    assert field.error_so_far == pytest.approx(np.maximum.accumulate(field.difference) / 50.0)
    assert field.relative == pytest.approx(0.1)


def test_bounds_are_taken_at_the_common_times(tmp_path):
    a = write_bounded(tmp_path / "a.vtkhdf", np.arange(len(TIMES)))
    b = write(tmp_path / "b.vtkhdf", [bar()], {"p": plastic_strain}, times=TIMES[[1, 4]])
    with Snapshots(a) as candidate, Snapshots(b) as reference:
        assert compare(candidate, reference).fields["p"].bound.tolist() == [1.0, 4.0]


def test_norms_over_time_are_those_of_a_comparison_whatever_the_cut(tmp_path):
    fields = {"displacement": displacement, "p": plastic_strain}
    a = write(tmp_path / "a.vtkhdf", cut(bar(), 3), fields)
    b = write(tmp_path / "b.vtkhdf", [bar()], {name: scaled(formula, 2.0) for name, formula in fields.items()})
    with Snapshots(a) as first, Snapshots(b) as second:
        found, expected = norms_over_time(first, fields), compare(second, first).fields
    for name in fields:
        np.testing.assert_allclose(found[name], expected[name].reference, rtol=1e-12)


@given(st.lists(st.tuples(st.floats(0.0, 10.0), st.floats(-1.0, 1.0)), min_size=1, max_size=6), st.floats(0.0, 0.99),
       st.floats(0.0, 20.0))
def test_no_error_within_a_bound_is_larger_than_what_is_drawn(history, bound, size):
    exact = np.array([norm for norm, _ in history])
    allowed = bound * np.maximum(np.maximum.accumulate(exact), 0.05 * size)
    error = np.array([part for _, part in history]) * allowed
    norm = np.maximum(exact + error, 0.0)
    drawn = largest_error(np.full(len(exact), bound), norm, size)
    assert (np.abs(exact - norm) <= drawn * (1 + 1e-12) + 1e-12).all()


def test_a_bound_of_one_and_more_leaves_everything_open():
    assert np.isinf(largest_error(np.array([1.0, 2.0, np.nan]), np.ones(3), 1.0)).all()


def test_the_von_mises_stress_changes_by_no_more_than_its_steepness(tmp_path):
    with Snapshots(write(tmp_path / "a.vtkhdf", [bar()], {"displacement": displacement}, stress_factor=1.0)) as file:
        whole, component = Scalar.named(file, "stress"), Scalar.named(file, "stress.xy")
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 2000, 6))
    b[0] = a[0] + [2.0, -1.0, -1.0, 0.0, 0.0, 0.0]
    a[0] = 0.0 * a[0]
    b[0] = [2.0, -1.0, -1.0, 0.0, 0.0, 0.0]
    change = np.abs(von_mises(a) - von_mises(b)) / np.linalg.norm(a - b, axis=1)
    assert change.max() == pytest.approx(whole.steepness) and change[0] == change.max()
    assert (np.abs(component.values(a) - component.values(b)) <= component.steepness * np.linalg.norm(
        a - b, axis=1)).all()


def colours_of(path) -> int:
    pixels = np.rint(255 * image.imread(path)[..., :3]).astype(np.int64)
    return len(np.unique(pixels @ [1, 256, 65536]))


@pytest.mark.parametrize("bound", [[0.0, 0.1, 0.2, 3.0, np.nan, np.nan], 0.0])
def test_bounds_are_drawn_whatever_they_are(tmp_path, bound):
    with Snapshots(write_bounded(tmp_path / "a.vtkhdf", bound, factor=1.1)) as file:
        plot_errors(file, tmp_path / "errors.png")
        plot_quantity(file, "p", tmp_path / "p.png")
    assert colours_of(tmp_path / "errors.png") > 20 and colours_of(tmp_path / "p.png") > 20


def test_a_band_is_drawn_about_the_mean_where_there_is_a_bound(tmp_path):
    with Snapshots(write_bounded(tmp_path / "a.vtkhdf", 0.3)) as file:
        plot_quantity(file, "p", tmp_path / "with.png")
    with Snapshots(write(tmp_path / "b.vtkhdf", [bar()], {"p": plastic_strain})) as file:
        plot_quantity(file, "p", tmp_path / "without.png")
    orange = []
    for name in ("with", "without"):
        pixels = image.imread(tmp_path / f"{name}.png")
        orange.append(int((pixels[..., 0] - pixels[..., 2] > 0.1).sum()))
    assert orange[0] > 2 * orange[1] > 0


def test_a_comparison_with_bounds_has_a_panel_more(tmp_path):
    b = write(tmp_path / "b.vtkhdf", [bar()], {"p": plastic_strain})
    with Snapshots(write_bounded(tmp_path / "a.vtkhdf", 0.2, factor=1.1)) as first, Snapshots(b) as second:
        plot_comparison(compare(first, second), tmp_path / "with.png")
        plot_errors(first, tmp_path / "both.png", compare(first, second))
        plot_comparison(compare(second, first), tmp_path / "without.png")
        with pytest.raises(InputError, match="no bounds of its errors"):
            plot_errors(second, tmp_path / "x.png")
    widths = [image.imread(tmp_path / f"{name}.png").shape[1] for name in ("with", "without")]
    assert widths[0] > 1.3 * widths[1] and not (tmp_path / "x.png").exists()
