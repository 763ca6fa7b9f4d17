"""Damaged files are refused with an error of romlib, or give what they gave, or values that differ and are counted."""

from __future__ import annotations

import contextlib
import os
import warnings
from pathlib import Path
from random import Random

import numpy as np
import pytest

from romlib.errors import RomlibError
from romlib.mesh.box import box_mesh
from romlib.snapshots import Snapshots
from romlib.testing.damage_bytes import damage

meshio = pytest.importorskip("meshio", reason="meshio is not installed")

from meshio_example import (  # type: ignore[import-not-found]  # noqa: E402
    MESHIO_TYPE,
    box_example,
    write_pvd,
    write_vtu,
    write_xdmf,
)
from romlib_converters.meshio import MeshioConverter  # noqa: E402
from test_meshio_msh import END, LEFT, RIGHT, med, msh2, msh4  # type: ignore[import-not-found]  # noqa: E402

COUNT = int(os.environ.get("ROMLIB_FUZZ_COUNT", "40"))


def small():
    example = box_example("tet4", n_step=2)
    example.node = [{name: np.round(values, 2) for name, values in arrays.items()} for arrays in example.node]
    return example


def vtu(folder):
    return write_vtu(small(), folder)[1]


def ascii_vtu(folder):
    mesh = meshio.Mesh(small().points, small().cells, point_data=small().node[1])
    meshio.vtu.write(str(folder / "a.vtu"), mesh, binary=False)
    return folder / "a.vtu"


def by_meshio(name, form, **keys):
    def write(folder):
        mesh = box_mesh("tet4", (2, 1, 1))
        cells = [(MESHIO_TYPE["tet4"], mesh.blocks[0].connectivity)]
        one = [np.ones(mesh.n_cell, dtype=int)]
        data = {"gmsh:physical": one, "gmsh:geometrical": one} if form.startswith("gmsh") else {}
        meshio.write(folder / name, meshio.Mesh(mesh.points, cells, cell_data=data), form, **keys)
        return folder / name
    return write


# the file that is read, the file that is damaged
SERIES = {
    "xdmf": lambda folder: [write_xdmf(small(), folder, "XML")] * 2,
    "xdmf-h5": lambda folder: [write_xdmf(small(), folder, "HDF"), folder / "series.h5"],
    "pvd": lambda folder: [write_pvd(small(), folder)] * 2,
    "pvd-vtu": lambda folder: [write_pvd(small(), folder), folder / "out_5.vtu"],
}
MESHES = {
    "vtu": vtu, "ascii vtu": ascii_vtu, "msh4": lambda folder: msh4(folder / "a.msh"),
    "msh2": lambda folder: msh2(folder / "a.msh", (3, 2, END), (5, 1, LEFT), (5, 1, RIGHT), (5, 3, LEFT)),
    "binary msh2": by_meshio("a.msh", "gmsh22", binary=True), "binary msh4": by_meshio("a.msh", "gmsh", binary=True),
    "med": lambda folder: med(folder / "a.med", box_mesh("tet4", (2, 1, 1))),
    "xdmf mesh": lambda folder: write_xdmf(small(), folder, "XML"),
}
OTHERS = {"vtk": by_meshio("a.vtk", "vtk"), "ascii vtk": by_meshio("a.vtk", "vtk42", binary=False),
          "nastran": by_meshio("a.bdf", "nastran"), "medit": by_meshio("a.mesh", "medit")}
MESHES |= OTHERS


def run(read, target: Path, count: int, seed: int) -> dict[str, int]:
    """Outcomes of reading damaged copies. Anything but a result or an error of romlib is a failure of the test."""
    content, expected = target.read_bytes(), read()
    rng, found = Random(seed), {"refused": 0, "equal": 0, "another": 0}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for _ in range(count):
            damaged, words = damage(rng, content)
            target.write_bytes(damaged)
            try:
                result = read()
            except RomlibError:
                found["refused"] += 1
                continue
            except BaseException as error:
                kept = Path(f"{target}.damaged")
                kept.write_bytes(damaged)
                raise AssertionError(f"{type(error).__name__} for {kept}: {words}") from error
            same = len(result) == len(expected) and all(
                a.shape == b.shape and np.array_equal(a, b) for a, b in zip(result, expected))
            found["equal" if same else "another"] += 1
    target.write_bytes(content)
    return found


@pytest.mark.parametrize("kind", SERIES)
def test_damaged_series(tmp_path, kind, capsys):
    source, target = SERIES[kind](tmp_path)

    def read():
        MeshioConverter().convert(source, tmp_path / "out.vtkhdf")
        with contextlib.closing(Snapshots(tmp_path / "out.vtkhdf")) as file:
            mesh = file.mesh(0)
            return [file.times, file.read("displacement", 0), mesh.points, mesh.blocks[0].connectivity]

    outcome = run(read, target, COUNT, 1)
    with capsys.disabled():
        print(f"\n{kind}: {outcome}", end="")
    assert outcome["refused"] > 0


@pytest.mark.parametrize("kind", MESHES)
def test_damaged_meshes(tmp_path, kind, capsys):
    target = MESHES[kind](tmp_path)

    def read():
        mesh = MeshioConverter().read_mesh(target)
        tags = [tag for name, tag in sorted(mesh.cell_tags.items())]
        return [mesh.points, *(block.connectivity for block in mesh.blocks), *tags]

    slow = kind in OTHERS  # a process for each
    outcome = run(read, target, COUNT // 10 if slow else COUNT, 2)
    with capsys.disabled():
        print(f"\n{kind}: {outcome}", end="")
    assert outcome["refused"] > 0
