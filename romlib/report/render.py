"""The body in a picture: its surface in the colours of a field, rendered by VTK without a screen."""

from __future__ import annotations

from typing import Any

import numpy as np

from romlib.mesh.elements import element
from romlib.report.camera import Camera
from romlib.report.colours import ABSENT, Colouring
from romlib.report.drawn import Placement
from romlib.report.offscreen import import_pyvista
from romlib.report.surface import Surface

INK, GREY = "#222222", "#8a8f98"
_INK_RGB, _LIGHT, _DARK = (34, 34, 34), (215, 215, 215), 0.3  # luminance below which lines are light
_NEARER = 2e-3  # of the depth of the body: lines in a face are in front of it
_MOST, _FEW, _MANY = 0.45, 4.0, 14.0  # opacity of edges; pixels between them where they begin to show, and show fully


def render(
    surface: Surface, points: np.ndarray, values: np.ndarray, colouring: Colouring, camera: Camera,
    size: tuple[int, int], *, at: Placement = "nodes", cloud: np.ndarray | None = None, undeformed: bool = False,
    edges: bool | None = None,
) -> np.ndarray:
    """Pixels (height, width, 3), uint8.

    Parameters
    ----------
    points : (n_point, 3), the surface's points where they are drawn. size : width and height.
    values : as `at` says (n_point,), (n_face,), or those of the cloud; NaN is grey.
    cloud : (n, 3), integration points where they are drawn, those only that the eye may see; of the body there are
        then the edges alone.
    undeformed : whether the sharp edges are drawn where they were, too. edges : of the elements; by default where there
        are some pixels between them.

    Raises
    ------
    InputError : pyvista is not installed.
    """
    pyvista = import_pyvista()
    plotter = pyvista.Plotter(off_screen=True, window_size=size)
    try:
        plotter.set_background("white")
        look: dict[str, Any] = {"ambient": 0.72, "diffuse": 0.33}
        if cloud is None:
            shown = _coloured(pyvista, surface, points, values, at)
        else:
            shown = pyvista.PolyData(cloud)
            shown.point_data["value"] = values
            look |= {"render_points_as_spheres": True, "point_size": max(4.0, size[1] / 90), "style": "points"}
        plotter.add_mesh(shown, scalars="value", cmap=colouring.name, clim=colouring.limits, nan_color=ABSENT,
                         show_scalar_bar=False, interpolate_before_map=True, **look)
        ink, near = _ink(surface, values, colouring, at), points + _NEARER * camera.depth * camera.axes[2]
        # edges behind the body would shine through at its rim
        seen, width = facing(surface, points, camera)[surface.beside].any(axis=1), max(1.0, size[1] / 650)
        opacity = _opacity(surface, points, camera, size[1], edges)
        if opacity > 0:
            _add_lines(pyvista, plotter, near, surface, ~surface.sharp & seen, ink, width, opacity)
        _add_lines(pyvista, plotter, near, surface, surface.sharp & seen, ink, 1.3 * width, 0.9)
        if undeformed:
            _add_lines(pyvista, plotter, surface.points, surface, surface.sharp, GREY, 1.5, 0.7)
        _aim(plotter, camera)
        plotter.enable_anti_aliasing("ssaa")
        return np.array(plotter.screenshot(return_img=True))[..., :3]
    finally:
        plotter.close()


def _coloured(pyvista: Any, surface: Surface, points: np.ndarray, values: np.ndarray, at: Placement) -> Any:
    """The faces, curved ones as the parts that VTK draws; values at points are interpolated by the shape functions."""
    cells = [np.column_stack([np.full(len(b.connectivity), b.connectivity.shape[1]), b.connectivity]).ravel()
             for b in surface.blocks]
    types = [np.full(len(b.connectivity), element(b.face_type).vtk_type, dtype=np.uint8) for b in surface.blocks]
    grid = pyvista.UnstructuredGrid(np.concatenate(cells), np.concatenate(types), points)
    (grid.point_data if at == "nodes" else grid.cell_data)["value"] = values
    return grid.extract_surface(nonlinear_subdivision=1, algorithm="dataset_surface")


def _opacity(surface: Surface, points: np.ndarray, camera: Camera, height: int, edges: bool | None) -> float:
    """Of the edges of elements: none where they would hide the colours."""
    if edges is not None:
        return _MOST if edges else 0.0
    ends = points[surface.segments] @ camera.axes[:2].T
    pixels = float(np.median(np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1))) * 0.5 * height / camera.scale
    return _MOST * float(np.clip((pixels - _FEW) / (_MANY - _FEW), 0.0, 1.0))


def facing(surface: Surface, points: np.ndarray, camera: Camera) -> np.ndarray:
    """Which faces look at the eye, (n_face,)."""
    return np.concatenate([
        np.cross(points[b.connectivity[:, 1]] - points[b.connectivity[:, 0]],
                 points[b.connectivity[:, 2]] - points[b.connectivity[:, 0]]) @ camera.axes[2] > 0
        for b in surface.blocks])


def _ink(surface: Surface, values: np.ndarray, colouring: Colouring, at: Placement) -> np.ndarray | str:
    """Colours of the segments, (n_segment, 3) uint8: light on dark colours, dark on light ones."""
    if at == "points":
        return INK
    from matplotlib import colormaps

    low, high = colouring.limits
    under = values[surface.segments].mean(axis=1) if at == "nodes" else values[surface.beside[:, 0]]
    red, green, blue, _ = colormaps[colouring.name]((under - low) / (high - low)).T
    dark = np.isfinite(under) & (0.299 * red + 0.587 * green + 0.114 * blue < _DARK)
    return np.where(dark[:, None], _LIGHT, _INK_RGB).astype(np.uint8)


def _add_lines(
    pyvista: Any, plotter: Any, points: np.ndarray, surface: Surface, chosen: np.ndarray, ink: np.ndarray | str,
    width: float, opacity: float,
) -> None:
    """Those segments of the surface that are chosen."""
    segments = surface.segments[chosen]
    if not len(segments):
        return
    lines = pyvista.PolyData(points, lines=np.column_stack([np.full(len(segments), 2), segments]).ravel())
    options: dict[str, Any] = {"color": ink}
    if not isinstance(ink, str):
        lines.cell_data["ink"] = ink[chosen]
        options = {"scalars": "ink", "rgb": True}
    plotter.add_mesh(lines, line_width=width, opacity=opacity, lighting=False, **options)


def _aim(plotter: Any, camera: Camera) -> None:
    plotter.camera.SetParallelProjection(True)
    plotter.camera.focal_point = camera.focus
    plotter.camera.position = camera.focus + 10.0 * camera.depth * camera.axes[2]
    plotter.camera.up = camera.axes[1]
    plotter.camera.parallel_scale = camera.scale
    plotter.reset_camera_clipping_range()
