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


@pytest.mark.parametrize("n_panel", [1, 3])
def test_all_of_the_mesh_is_seen_beside_the_scale(whole, tmp_path, n_panel):
    """Whatever its shape: a bar that is wider than the panel is high."""
    pytest.importorskip("pyvista")
    panels = [Panel(str(k), "x", np.ones(whole.n_node), (0.0, 1.0)) for k in range(n_panel)]
    plot_panels(whole, panels, tmp_path / "x.png", Look((0.0, 0.0, 1.0), up=(0.0, 1.0, 0.0)))
    pixels = image.imread(tmp_path / "x.png")[..., :3]
    width = pixels.shape[1] // n_panel
    coloured = np.ptp(pixels[:, :width], axis=2) > 0.2
    coloured[:, int(0.81 * width):] = False  # the scale has colours too
    rows, columns = np.flatnonzero(coloured.any(axis=1)), np.flatnonzero(coloured.any(axis=0))
    assert columns[0] > 0 and columns[-1] < 0.8 * width and rows[0] > 0 and rows[-1] < 999
    assert np.ptp(columns) > 0.7 * width  # 3 by 2: the width is what counts
    assert np.ptp(columns) / np.ptp(rows) == pytest.approx(1.5, rel=0.02)


def test_edges_of_cells_are_drawn_where_asked_for(whole, tmp_path):
    pytest.importorskip("pyvista")
    dark = []
    for edges in (False, True):
        panel = Panel("x", "x", np.zeros(whole.n_node), (0.0, 1.0), edges=edges)
        plot_panels(whole, [panel], tmp_path / "x.png", Look((0.0, 0.0, 1.0), up=(0.0, 1.0, 0.0)))
        pixels = image.imread(tmp_path / "x.png")[300:700, 150:600, :3]
        dark.append(int((pixels.max(axis=2) < 0.9).sum()))
    assert dark[1] > dark[0] + 1000
