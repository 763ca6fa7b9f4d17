"""The converter of Abaqus against romlib's own conformance kit, on a file of each kind."""

from __future__ import annotations

import numpy as np
import pytest
from abaqus_fil import FilWriter, begin_increment, write_model, write_nodal, write_points
from romlib_converters.abaqus import AbaqusConverter

from romlib.mesh.box import box_mesh
from romlib.testing import check_converter

MESH = box_mesh("hex20", (2, 1, 1), (2.0, 1.0, 1.0), quadrature="hex_gauss_8")
NODES = 9 + 4 * np.random.default_rng(0).permutation(MESH.n_node)
CELLS = np.array([70, 13])


def moved(points, time):
    return 1e-3 * time * np.stack([points[:, 0] * points[:, 1], -0.3 * points[:, 1], 0.1 * points[:, 2]], axis=1)


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "ascii"])
def test_the_converter_of_abaqus_passes_the_conformance_kit(tmp_path, binary):
    block, path = MESH.blocks[0], tmp_path / "job.fil"
    with FilWriter(path, binary=binary) as writer:
        write_model(writer, NODES, MESH.points, [
            (number, "C3D20R  ", NODES[nodes]) for number, nodes in zip(CELLS, block.connectivity)],
            {"FOOT": NODES[MESH.node_tags["xmin"]]}, {"SECOND": CELLS[1:]})
        for k, time in enumerate((0.5, 1.0, 2.0), 1):
            begin_increment(writer, time, 0.5 if k < 3 else 1.0, number=k)
            p = np.full((2, 8, 1), time)
            write_points(writer, "C3D20R  ", CELLS, {73: p})
            write_nodal(writer, 101, NODES, moved(MESH.points, time))
            writer.end_increment()
    check_converter(  # it raises; a file says nothing of its end: an increment more may have been meant
        AbaqusConverter(), path, displacement=moved, times=(0.5, 1.0, 2.0), n_node=MESH.n_node, n_cell=2,
        fields={"p": lambda points, time: np.full((len(points), 1), time)}, cell_types={"hex20": 2}, node_ids=NODES,
        cell_ids=CELLS, node_tags={"FOOT": NODES[MESH.node_tags["xmin"]]}, cell_tags={"SECOND": CELLS[1:]},
        mutations=40, ends=False)
