"""Where the eye is, and where a place of the model is in the picture, compared with VTK's projection."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from romlib.report.camera import Look, camera, hidden, look_at, usual_look
from romlib.report.render import _aim

BOX = np.array([[x, y, z] for x in (0.0, 3.0) for y in (0.0, 2.0) for z in (0.0, 1.0)])
FACES = np.array([[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1], [2, 3, 7], [2, 7, 6], [0, 2, 6],
                  [0, 6, 4], [1, 5, 7], [1, 7, 3]])
numbers = st.floats(-1.0, 1.0)


@given(st.tuples(numbers, numbers, numbers).filter(lambda d: np.linalg.norm(d) > 0.1), st.floats(0.3, 3.0))
def test_all_of_the_body_is_in_the_picture_and_fills_one_direction(direction, aspect):
    size = (int(1000 * aspect), 1000)
    places = camera(BOX, Look(direction), size[0] / size[1]).pixels(BOX, size)
    assert (places >= 0).all() and (places <= size).all()
    filled = np.ptp(places, axis=0) / size
    assert filled.max() == pytest.approx(1 / 1.06, rel=1e-6)


def test_a_place_in_the_picture_is_where_vtk_draws_it():
    pyvista = pytest.importorskip("pyvista")
    from romlib.report.offscreen import import_pyvista

    import_pyvista()
    eye = camera(BOX, Look((0.5, -0.8, 0.4)), 1.4)
    plotter = pyvista.Plotter(off_screen=True, window_size=(700, 500))
    plotter.set_background("white")
    point = np.array([2.2, 1.4, 0.3])
    plotter.add_mesh(pyvista.Sphere(radius=0.05, center=point), color="black", lighting=False)
    _aim(plotter, eye)
    pixels = np.asarray(plotter.screenshot(return_img=True))
    plotter.close()
    rows, columns = np.nonzero(pixels[..., 0] < 128)
    assert eye.pixels(point[None], (700, 500))[0] == pytest.approx([columns.mean() + 0.5, rows.mean() + 0.5], abs=1.0)


def test_a_place_is_hidden_behind_the_body_and_not_on_the_side_of_the_eye():
    front, back = np.array([1.5, 1.0, 1.0]), np.array([1.5, 1.0, 0.0])
    up = np.array([0.0, 0.0, 1.0])
    assert not hidden(BOX, FACES, front, up) and hidden(BOX, FACES, back, up)
    assert hidden(BOX, FACES, front, -up) and not hidden(BOX, FACES, back, -up)


@pytest.mark.parametrize("place", [(3.0, 1.0, 0.5), (0.0, 1.0, 0.5), (1.5, 0.0, 0.5), (1.5, 1.0, 0.0)])
def test_the_view_shows_the_place_that_matters(place):
    look = look_at(BOX, FACES, np.array(place))
    assert not hidden(BOX, FACES, np.array(place), np.array(look.direction))
    assert np.abs(look.direction) == pytest.approx(np.abs(usual_look(BOX).direction))


def test_a_view_along_the_upward_direction_has_a_picture_too():
    eye = camera(BOX, Look((0.0, 0.0, 1.0), up=(0.0, 0.0, 1.0)), 1.0)
    assert eye.axes @ eye.axes.T == pytest.approx(np.eye(3)) and np.linalg.det(eye.axes) == pytest.approx(1.0)
