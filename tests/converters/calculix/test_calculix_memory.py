"""Converting holds the mesh and one step: a longer history needs no more memory."""

from __future__ import annotations

import tracemalloc

import calculix_files as files
import numpy as np
import pytest
from calculix_files import FLOAT64, LONG, Content
from romlib_converters.calculix import CalculixConverter

from romlib.mesh.box import box_mesh


@pytest.mark.parametrize("form", [LONG, FLOAT64])
def test_memory_does_not_grow_with_the_number_of_steps(tmp_path, form):
    mesh = box_mesh("hex8", (14, 14, 14))
    elements = [(k, 1, list(row)) for k, row in enumerate((mesh.blocks[0].connectivity + 1).tolist(), 1)]
    ids, values = np.arange(1, mesh.n_node + 1), np.random.default_rng(0).standard_normal((mesh.n_node, 3))

    def peak(n_step):
        records = [(1, k, 0.1 * k, {"DISP": (["D1", "D2", "D3"], values), "FORC": (["F1", "F2", "F3"], values)})
                   for k in range(1, n_step + 1)]
        source = files.write_frd(tmp_path / "a.frd", Content(ids, mesh.points, elements, records), form)
        tracemalloc.start()
        try:
            CalculixConverter().convert(source, tmp_path / "a.vtkhdf", options={"elements": {"he8": "C3D8"}})
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1)  # what is loaded once
    few, many = peak(2), peak(20)
    assert many - few < 0.2 * 18 * 2 * values.nbytes  # of what the further steps hold
