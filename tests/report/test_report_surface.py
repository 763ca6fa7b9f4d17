"""The surface of a mesh in pieces: its faces, points, edges, and what is sharp, compared with VTK's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from report_example import ELASTIC, bar, cut, displacement, write

from romlib.mesh.mesh import Mesh
from romlib.mesh.whole import whole_mesh
from romlib.model import Material, Model
from romlib.report.surface import Surface, surface_of
from romlib.results.grid import empty_grid
from romlib.snapshots.reader import Snapshots

TYPES = ("tet4", "tet10", "hex8", "hex20", "hex27", "wedge6", "wedge15", "pyramid5", "pyramid13")


def surface(tmp_path, pieces: list[Mesh], model: Model = ELASTIC, name: str = "a") -> tuple[Surface, Snapshots]:
    file = Snapshots(write(tmp_path / f"{name}.vtkhdf", pieces, {"displacement": displacement}, model=model))
    return surface_of(file), file


def faces_by_id(found: Surface) -> set[frozenset[int]]:
    return {frozenset(found.node_ids[face].tolist()) for block in found.blocks for face in block.connectivity}


@pytest.mark.parametrize("cell_type", TYPES)
def test_the_surface_is_that_of_vtk_whatever_the_cut(tmp_path, cell_type):
    pyvista = pytest.importorskip("pyvista")
    sets = []
    for n_piece in (1, 3):
        found, file = surface(tmp_path, cut(bar(cell_type), n_piece), name=str(n_piece))
        with file:
            whole = whole_mesh([file.mesh(piece) for piece in range(n_piece)])
            reference = empty_grid(whole).extract_surface(nonlinear_subdivision=0, algorithm="dataset_surface")
            assert len(found.cells) == reference.n_cells
            assert isinstance(reference, pyvista.PolyData)
        sets.append(faces_by_id(found))
        area = sum(face_area(found.points[b.connectivity[:, :3]]) * (2 if b.face_type.startswith("quad") else 1)
                   for b in found.blocks)
        assert area == pytest.approx(2 * (3 * 2 + 3 * 1 + 2 * 1))
    assert sets[0] == sets[1]


def face_area(corners: np.ndarray) -> float:
    """Of triangles (n, 3, 3)."""
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return float(0.5 * np.linalg.norm(normal, axis=1).sum())


@pytest.mark.parametrize("cell_type", TYPES)
def test_edges_are_those_of_the_elements_and_the_twelve_of_the_box_are_sharp(tmp_path, cell_type):
    found, file = surface(tmp_path, cut(bar(cell_type), 2))
    file.close()
    length = np.linalg.norm(np.diff(found.points[found.segments], axis=1)[:, 0], axis=1)
    assert length[found.sharp].sum() == pytest.approx(4 * (3 + 2 + 1))
    if cell_type in ("hex8", "hex20", "hex27"):  # 4 x 2 x 2 cells: every line of the grid on the faces, each once
        lines = {"x": 3.0 * 2 * (2 + 2), "y": 2.0 * 2 * (4 + 2), "z": 1.0 * 2 * (4 + 2)}
        assert length.sum() == pytest.approx(sum(lines.values()))
    if cell_type in ("tet10", "hex20", "wedge15"):  # corner to middle to corner
        assert len(found.segments) % 2 == 0 and length.max() < 1.1


def test_a_curved_side_of_few_quadratic_elements_is_smooth(tmp_path):
    """Their faces meet at an angle where they are taken as flat; as they are curved, they do not."""
    mesh = bar("hex20")
    x, y, z = mesh.points.T
    angle = (1.0 - x / 3.0) * np.pi  # half a turn by four elements: 45 degrees each
    bent = np.stack([(3 + y) * np.cos(angle), (3 + y) * np.sin(angle), z], axis=1)
    found, file = surface(tmp_path, [replace(mesh, points=bent)])
    file.close()
    middle = found.points[found.segments].mean(axis=1)
    radius = np.hypot(middle[:, 0], middle[:, 1])
    along_z = np.abs(np.diff(found.points[found.segments], axis=1)[:, 0, 2]) > 1e-9
    inside = along_z & (np.abs(middle[:, 1]) > 0.2) & (radius > 2.9)
    assert inside.sum() > 6 and not found.sharp[inside].any()
    assert found.sharp[along_z & (np.abs(middle[:, 1]) < 1e-6)].any()  # the ends


def two_materials() -> tuple[list[Mesh], Model]:
    mesh = bar()
    left = np.array([mesh.points[cell, 0].mean() < 1.5 for cell in mesh.blocks[0].connectivity])
    tagged = replace(mesh, cell_tags={"left": np.flatnonzero(left), "right": np.flatnonzero(~left)})
    parameters = ELASTIC.materials["bar"].parameters
    return cut(tagged, 2), Model(materials={name: Material(law="elastic", parameters=parameters, cells=name)
                                            for name in ("left", "right")})


def test_a_node_between_materials_is_there_once_for_each(tmp_path):
    pieces, model = two_materials()
    found, file = surface(tmp_path, pieces, model)
    file.close()
    twice = found.node_ids[:-1][np.diff(found.node_ids) == 0]
    between = np.abs(found.points[:, 0] - 1.5) < 1e-9
    assert set(twice) == set(found.node_ids[between]) and len(twice) == 8  # the rim of 2 x 2 faces
    assert np.array_equal(found.find(twice, np.ones(len(twice), int)), np.searchsorted(found.node_ids, twice) + 1)
    assert (found.find(np.array([-5, twice[0]]), np.array([0, 7])) == -1).all()
    rim = found.sharp & (np.abs(found.points[found.segments][..., 0] - 1.5) < 1e-9).all(axis=1)
    assert rim.sum() == 2 * 8  # the border of the materials is drawn, from either side
