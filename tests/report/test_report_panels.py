"""Panels beside one another: the same scale for what is compared, and a picture that shows the values."""

from __future__ import annotations

import numpy as np
import pytest
from report_example import bar, displacement, write

from romlib.report.panels import Look, Panel, difference_panels, plot_panels
from romlib.report.whole_mesh import WholeMesh
from romlib.snapshots.reader import Snapshots

image = pytest.importorskip("matplotlib.image")
LOOK = Look((0.3, -0.2, 1.0), up=(0.0, 1.0, 0.0))


@pytest.fixture
def whole(tmp_path):
    with Snapshots(write(tmp_path / "a.vtkhdf", [bar()], {"displacement": displacement})) as file:
        yield WholeMesh(file)


def test_found_and_expected_share_a_scale_and_the_difference_is_symmetric():
    expected = np.array([0.1, 0.5, 0.9])
    found = expected + np.array([0.0, 0.02, -0.01])
    reduced, full, difference = difference_panels(found, expected, "p", ("reduced", "full order"))
    assert reduced.limits == full.limits == (0.0, 0.9)
    assert difference.limits == pytest.approx((-0.02, 0.02))
    assert difference.values == pytest.approx([0.0, 0.02, -0.01])
    assert len({panel.title for panel in (reduced, full, difference)}) == 3


def test_equal_fields_have_a_scale_too():
    low, high = difference_panels(np.ones(3), np.ones(3), "p", ("a", "b"))[2].limits
    assert low < 0.0 < high


def test_each_panel_shows_its_values(whole, tmp_path):
    pytest.importorskip("pyvista")
    low, high = np.zeros(whole.n_node), np.ones(whole.n_node)
    panels = [Panel("low", "value", low, (0.0, 1.0)), Panel("high", "value", high, (0.0, 1.0)),
              Panel("low again", "value", low, (0.0, 1.0))]
    plot_panels(whole, panels, tmp_path / "x.png", LOOK)
    pixels = image.imread(tmp_path / "x.png")[..., :3]
    assert pixels.shape == (1000, 3 * 720, 3)
    first, second, third = (pixels[500, k * 720 + 300] for k in range(3))
    assert np.allclose(first, third, atol=0.02) and np.abs(first - second).max() > 0.2
    assert {path.name for path in tmp_path.iterdir()} == {"a.vtkhdf", "x.png"}


def test_a_focus_magnifies(whole, tmp_path):
    pytest.importorskip("pyvista")
    panel = [Panel("x", "x", whole.points[:, 0], (0.0, 3.0))]
    plot_panels(whole, panel, tmp_path / "whole.png", LOOK)
    plot_panels(whole, panel, tmp_path / "near.png", Look(LOOK.direction, LOOK.up, focus=(1.5, 1.0, 0.5), radius=0.3))
    white = [float((image.imread(tmp_path / name)[..., :3] > 0.999).all(axis=2).mean())
             for name in ("whole.png", "near.png")]
    assert white[1] < 0.5 * white[0]
