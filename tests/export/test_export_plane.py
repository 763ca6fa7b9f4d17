"""Results of two dimensions in the formats of other programs, read by VTK and by romlib's converters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import romlib
from romlib.export.export import export
from romlib.mesh.kinematics import AXISYMMETRIC
from romlib.mesh.mesh import CellBlock, FaceBlock, FaceSet, Mesh
from romlib.model import Model
from romlib.snapshots import FieldSpec, Snapshots, SnapshotsWriter

pyvista = pytest.importorskip("pyvista", reason="pyvista is not installed")

CORNERS = np.array([[1, 0], [2, 0], [2, 1], [1, 1], [3, 0.5]], dtype=float)
MIDDLES = {"quad8": ((0, 1), (1, 2), (2, 3), (3, 0)), "tri6": ((1, 4), (4, 2), (2, 1))}
RULES = {"quad4": "quad_gauss_4", "quad8": "quad_gauss_9", "quad9": "quad_gauss_9", "tri3": "tri_1", "tri6": "tri_3"}


def section(quad: str, tri: str | None) -> Mesh:
    """A quadrangle, and a triangle at its right edge; quad8 and tri6 share its middle node."""
    points, found = [*CORNERS], {}
    order = {"quad": [0, 1, 2, 3], "tri": [1, 4, 2]}
    blocks = []
    for number, kind in enumerate([quad] if tri is None else [quad, tri]):
        nodes = list(order[kind[:-1]])
        for a, b in MIDDLES.get("quad8" if kind == "quad9" else kind, ()):
            key = frozenset((a, b))
            if key not in found:
                found[key] = len(points)
                points.append((CORNERS[a] + CORNERS[b]) / 2)
            nodes.append(found[key])
        if kind == "quad9":
            points.append(CORNERS[:4].mean(axis=0))
            nodes.append(len(points) - 1)
        blocks.append(CellBlock(kind, np.array([nodes]), np.array([5 + number]), RULES[kind]))
    at = np.unique(np.concatenate([block.connectivity.ravel() for block in blocks]))
    place = np.full(len(points), -1)
    place[at] = np.arange(len(at))
    blocks = [CellBlock(one.cell_type, place[one.connectivity], one.cell_ids, one.quadrature) for one in blocks]
    edges = [place[3], place[0], *([place[found[frozenset((3, 0))]]] if quad in ("quad8", "quad9") else [])]
    inner = FaceSet((FaceBlock("line3" if len(edges) == 3 else "line2", np.array([edges])),))
    return Mesh(np.array(points)[at], tuple(blocks), 10 * np.arange(1, len(at) + 1), kinematics=AXISYMMETRIC,
                face_tags={"bore": inner}, node_tags={"hub": np.array([0, 3])})


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Mesh], Path]:
    def written(mesh: Mesh) -> Path:
        n_ip = int(mesh.points_of_cells.sum())
        fields = {"displacement": FieldSpec("node", 2), "stress": FieldSpec.symmetric("ip")}
        with SnapshotsWriter(tmp_path / "result.vtkhdf", [mesh], Model(), np.array([0.0, 1.0]),
                             fields) as writer:
            for step in range(2):
                writer.write("displacement", step, 0, 0.01 * step * mesh.points)
                writer.write("stress", step, 0, np.full((n_ip, 6), float(step)))
        return tmp_path / "result.vtkhdf"

    return written


KINDS = [("quad4", "tri3"), ("quad8", "tri6"), ("quad4", None), ("quad8", None), ("quad9", None)]


@pytest.mark.parametrize("kinds", KINDS)
@pytest.mark.parametrize("suffix", ["xdmf", "vtu"])
def test_a_section_is_read_by_vtk_with_its_cells_and_displacement(write, tmp_path, kinds, suffix):
    mesh = section(*kinds)
    export(write(mesh), tmp_path / f"out.{suffix}", steps=[1])
    if suffix == "xdmf":
        reader = pyvista.get_reader(tmp_path / "out.xdmf")
        reader.set_active_time_value(reader.time_values[-1])
        found = reader.read()
        found = found if isinstance(found, pyvista.UnstructuredGrid) else found[0]
    else:
        found = pyvista.read(tmp_path / "out.vtu")
    numbers = {"tri3": 5, "quad4": 9, "tri6": 22, "quad8": 23, "quad9": 28}
    assert found.celltypes.tolist() == [numbers[block.cell_type] for block in mesh.blocks]
    np.testing.assert_allclose(found.points, mesh.coordinates, atol=1e-12)
    np.testing.assert_allclose(found.point_data["displacement"], 0.01 * mesh.coordinates, atol=1e-12)


@pytest.mark.parametrize("kinds", KINDS)
def test_a_section_as_exodus_has_two_dimensions_and_comes_back(write, tmp_path, kinds):
    netcdf = pytest.importorskip("scipy.io")
    mesh = section(*kinds)
    export(write(mesh), tmp_path / "out.exo")
    with netcdf.netcdf_file(tmp_path / "out.exo", mmap=False) as file:
        assert file.dimensions["num_dim"] == 2 and "coordz" not in file.variables
        names = [row.tobytes().rstrip(b"\0").decode() for row in file.variables["name_nod_var"][:]]
        assert [name for name in names if name.startswith("displacement")] == ["displacement_x", "displacement_y"]
        assert {"stress_xx", "stress_zz"} <= set(names)
        blocks = [file.variables[f"connect{k + 1}"].elem_type.decode() for k in range(len(mesh.blocks))]
        assert blocks == [block.cell_type.upper() for block in mesh.blocks]
        corners = set(mesh.face_tags["bore"].blocks[0].connectivity[0][:2] + 1)
        side, cell = int(file.variables["side_ss1"][0]), int(file.variables["elem_ss1"][0])
        nodes, n = file.variables["connect1"][0], 4
        assert cell == 1 and {int(nodes[side - 1]), int(nodes[side % n])} == corners
    if kinds != ("quad9", None):  # which is no solid of the converter
        romlib.convert(tmp_path / "out.exo", tmp_path / "back.vtkhdf", "exodus",
                       options={"kinematics": "axisymmetric"})
        with Snapshots(tmp_path / "back.vtkhdf") as back:
            again = back.mesh(0)
            np.testing.assert_allclose(again.points, mesh.points, atol=1e-12)
            np.testing.assert_allclose(back.read("displacement", 0)[1], 0.01 * mesh.points, atol=1e-12)
            assert again.face_tags["bore"].n_face == 1


def test_tables_of_a_section_have_six_components_of_stress(write, tmp_path):
    pandas = pytest.importorskip("pandas")
    export(write(section("quad8", None)), tmp_path / "out.csv")
    found = pandas.read_csv(tmp_path / "out.csv", comment="#")
    assert any("stress.zz" in name or "stress_zz" in name for name in found.columns), list(found.columns)
