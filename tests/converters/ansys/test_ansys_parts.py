"""Part files of a distributed solution: joined by the numbers of their nodes, or refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from romlib_converters.ansys import AnsysConverter
from rst_cube import STRETCH, refused
from rst_files import Rst, Set

from romlib.errors import FileFormatError
from romlib.mesh.box import box_mesh
from romlib.snapshots.reader import Snapshots


def split(**changes):
    """A bar of two cubes in two part files: nodes and elements of each, with global numbers."""
    mesh = box_mesh("hex8", (2, 1, 1))
    ids, u = mesh.node_ids + 1, mesh.points @ STRETCH.T
    files = []
    for k, nodes in enumerate(mesh.blocks[0].connectivity):
        rows = np.sort(nodes)
        files.append(Rst({int(ids[row]): mesh.points[row].tolist() for row in rows}, [(1, 45, {1: 1})],
                         [(k + 1, 1, 1, ids[nodes].tolist())], [Set(1.0, u[rows]), Set(2.0, 2 * u[rows])],
                         components={"ENDS": (1, [int(ids[0]), int(ids[-1])])}, header={48: mesh.n_node}))
    files[0] = replace(files[0], global_nodes=ids.tolist())
    files[1] = replace(files[1], **changes)
    return mesh, files


def test_part_files_of_a_distributed_solution_are_joined(tmp_path):
    mesh, files = split()
    for k, one in enumerate(files):
        one.write(tmp_path / f"job{k}.rst")
    for start in ("job0.rst", "job1.rst"):
        AnsysConverter().convert(tmp_path / start, tmp_path / "out.vtkhdf")
        with Snapshots(tmp_path / "out.vtkhdf") as found:
            whole = found.mesh(0)
            assert (whole.n_node, whole.n_cell) == (mesh.n_node, 2)
            assert np.allclose(found.read("displacement", 0, 1), 2 * whole.points @ STRETCH.T, rtol=0, atol=1e-15)
            assert len(whole.node_tags["ENDS"]) == 2


def test_forces_of_elements_are_summed_at_their_nodes_over_all_parts(tmp_path):
    mesh, files = split()
    rng = np.random.default_rng(1)
    forces = rng.standard_normal((2, 8, 3)).astype(np.float32)
    for k, one in enumerate(files):
        sets = [replace(result, elements={0: {1: forces[k].ravel()}}) for result in one.sets]
        replace(one, sets=sets).write(tmp_path / f"job{k}.rst")
    AnsysConverter().convert(tmp_path / "job0.rst", tmp_path / "out.vtkhdf")
    with Snapshots(tmp_path / "out.vtkhdf") as found:
        given = found.read("internal_force", 0, 0)
    expected = np.zeros((mesh.n_node, 3))
    for nodes, own in zip(mesh.blocks[0].connectivity, forces, strict=True):
        expected[nodes] -= own
    assert np.allclose(given, expected, rtol=0, atol=1e-6)


def test_a_part_that_is_missing_or_of_another_solution_is_refused(tmp_path):
    _, files = split()
    path = files[0].write(tmp_path / "job0.rst")
    refused(path, tmp_path, FileFormatError, "do not have all nodes")
    _, other = split(sets=[Set(1.0, np.zeros((8, 3)))])
    other[1].write(tmp_path / "job1.rst")
    refused(path, tmp_path, FileFormatError, "different result sets")
    _, other = split(header={48: 999})
    other[1].write(tmp_path / "job1.rst")
    refused(path, tmp_path, FileFormatError, "no part of the same solution")
