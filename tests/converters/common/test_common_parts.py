from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from romlib_converters.common.build import build
from romlib_converters.common.history import IdValues, SolverMesh
from romlib_converters.common.parts import in_natural_order, join_meshes, join_values, numbered_parts
from synthetic_history import IDS, POINTS, solver_mesh

from romlib.errors import FileFormatError, InputError

FILE = Path("file0.rst")


def halves() -> list[SolverMesh]:
    """The synthetic mesh in two files: bricks, and the wedge; four nodes are in both."""
    whole = solver_mesh(FILE)
    found = []
    for cells in ((whole.cells[0],), (whole.cells[1],)):
        mine = np.isin(IDS, np.concatenate([one.nodes.ravel() for one in cells]))
        found.append(replace(whole, node_ids=IDS[mine], points=POINTS[mine], cells=cells, node_sets={
            "LEFT": IDS[[0, 3, 6, 9]]} if len(found) == 0 else {"LEFT": IDS[[12]]}, face_sets={}, cell_arrays={
            "material": IdValues(np.concatenate([one.ids for one in cells]), np.ones(len(cells[0].ids)))}))
    return found


def test_parts_are_joined_by_global_ids():
    joined = join_meshes(halves(), FILE)
    mesh = build(joined).mesh
    assert (mesh.n_node, mesh.n_cell) == (14, 3)
    assert sorted(mesh.node_ids[mesh.node_tags["LEFT"]]) == sorted(IDS[[0, 3, 6, 9, 12]])
    assert joined.others == {"MASS21": 4} and (mesh.cell_arrays["material"] == 1).all()


def test_one_part_is_the_whole():
    one = solver_mesh(FILE)
    assert join_meshes([one], FILE) is one


def test_ids_that_are_not_global_are_refused():
    a, b = halves()
    with pytest.raises(FileFormatError, match="ids are not global"):
        join_meshes([a, replace(b, points=b.points + 1.0)], FILE)
    with pytest.raises(FileFormatError, match="cell 7"):
        join_meshes([a, replace(a)], FILE)


def test_values_of_parts_agree_and_what_one_lacks_another_has():
    a = IdValues(np.array([5, 2]), np.array([[1.0], [np.nan]]))
    b = IdValues(np.array([2, 9, 5]), np.array([[2.0], [3.0], [1.0]]))
    joined = join_values([a, b], FILE, "U")
    assert joined.ids.tolist() == [2, 5, 9] and joined.values.ravel().tolist() == [2.0, 1.0, 3.0]
    with pytest.raises(FileFormatError, match="id 5"):
        join_values([a, replace(b, values=b.values + 0.5)], FILE, "U")


def test_part_files_come_in_the_order_of_their_numbers_and_complete(tmp_path):
    for number in (0, 1, 2, 10):
        (tmp_path / f"file{number}.rst").touch()
    pattern = r"file(?P<number>\d+)\.rst"
    with pytest.raises(FileFormatError, match="not complete"):
        numbered_parts(tmp_path / "file0.rst", pattern)
    (tmp_path / "file10.rst").unlink()
    assert [path.name for path in numbered_parts(tmp_path / "file0.rst", pattern)] == [
        "file0.rst", "file1.rst", "file2.rst"]
    with pytest.raises(FileFormatError, match="part 3"):
        numbered_parts(tmp_path / "file0.rst", pattern, expected=4)
    (tmp_path / "file0.rst").unlink()
    (tmp_path / "file1.rst").unlink()
    with pytest.raises(FileFormatError, match="not complete"):
        numbered_parts(tmp_path / "file2.rst", pattern)
    with pytest.raises(InputError, match="no part file"):
        numbered_parts(tmp_path / "other.rst", r"other(?P<number>\d+)\.rst")
    names = [path.name for path in in_natural_order([Path("out10.vtu"), Path("out2.vtu"), Path("out1.vtu")])]
    assert names == ["out1.vtu", "out2.vtu", "out10.vtu"]
