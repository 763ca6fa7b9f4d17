"""Panels beside one another: the same scale for what is compared, and a picture that shows the values."""

from __future__ import annotations

import numpy as np
import pytest
from report_example import bar, cut, displacement, write

from romlib.errors import InputError
from romlib.mesh.whole import whole_mesh
from romlib.report.camera import Look
from romlib.report.layout import frame
from romlib.report.panels import Panel, _on_surface, difference_panels, plot_panels
from romlib.report.surface import surface_of
from romlib.snapshots.reader import Snapshots

image = pytest.importorskip("matplotlib.image")
LOOK = Look((0.3, -0.2, 1.0), up=(0.0, 1.0, 0.0))


@pytest.fixture
def source(tmp_path):
    with Snapshots(write(tmp_path / "a.vtkhdf", cut(bar(), 2), {"displacement": displacement})) as file:
        yield file


def nodes(source):
    """Coordinates by ascending id."""
    return whole_mesh([source.mesh(piece) for piece in range(source.n_piece)]).points


def test_found_and_expected_share_a_scale_and_the_difference_is_symmetric():
    expected = np.array([0.1, 0.5, 0.9])
    found = expected + np.array([0.0, 0.02, -0.01])
    reduced, full, difference = difference_panels(found, expected, "p", ("reduced", "full order"))
    assert reduced.limits == full.limits == (0.0, 0.9) and [p.bar for p in (reduced, full)] == [False, True]
    assert difference.limits == pytest.approx((-0.02, 0.02))
    assert difference.values == pytest.approx([0.0, 0.02, -0.01])
    assert len({panel.title for panel in (reduced, full, difference)}) == 3


def test_equal_fields_have_a_scale_too():
    low, high = difference_panels(np.ones(3), np.ones(3), "p", ("a", "b"))[2].limits
    assert low < 0.0 < high


def test_each_panel_shows_its_values(source, tmp_path):
    pytest.importorskip("pyvista")
    n = len(nodes(source))
    low, high = np.zeros(n), np.ones(n)
    panels = [Panel("low", "value", low, (0.0, 1.0), bar=False), Panel("high", "value", high, (0.0, 1.0), bar=False),
              Panel("low", "value", low, (0.0, 1.0))]
    plot_panels(source, panels, tmp_path / "x.png", LOOK, title="three")
    room = frame(3, 1, 0, titles=True)
    pixels = image.imread(tmp_path / "x.png")[..., :3]
    assert pixels.shape == (*room.size[::-1], 3)
    first, second, third = (pixels[550, 30 + k * room.body[0] + room.body[0] // 2] for k in range(3))
    assert np.allclose(first, third, atol=0.02) and np.abs(first - second).max() > 0.2
    assert {path.name for path in tmp_path.iterdir()} == {"a.vtkhdf", "x.png"}


def test_values_belong_to_nodes_in_the_order_of_their_ids_whatever_the_cut(source, tmp_path):
    surface, points = surface_of(source), nodes(source)
    ids = np.unique(np.concatenate([source.mesh(k).node_ids for k in range(2)]))
    values = _on_surface(surface, ids, Panel("x", "x", points[:, 0] + 10 * points[:, 1], (0.0, 1.0)))
    assert values == pytest.approx(surface.points[:, 0] + 10 * surface.points[:, 1])
    with pytest.raises(InputError, match="one value a node"):
        _on_surface(surface, ids, Panel("x", "x", points[:-1, 0], (0.0, 1.0)))


def test_a_focus_magnifies(source, tmp_path):
    pytest.importorskip("pyvista")
    panel = [Panel("x", "x", nodes(source)[:, 0], (0.0, 3.0))]
    plot_panels(source, panel, tmp_path / "whole.png", LOOK)
    plot_panels(source, panel, tmp_path / "near.png", Look(LOOK.direction, LOOK.up, focus=(1.5, 1.0, 0.5), radius=0.3))
    white = [float((image.imread(tmp_path / name)[100:, :1340, :3] > 0.999).all(axis=2).mean())
             for name in ("whole.png", "near.png")]
    assert white[1] < 0.5 * white[0]
