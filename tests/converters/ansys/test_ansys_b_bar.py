"""A cube of SOLID185, heated between a fixed and a guided end: Ansys's B-bar is that of romlib, and no other is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from romlib_converters.ansys.database import ElementType
from romlib_converters.ansys.elements import formulation

import romlib
from romlib.mesh.operator import StrainOperator
from romlib.snapshots import Snapshots

STUDY = """
[study]
name = "cube"
units = "m, N, Pa, s, degC"
[[training]]
snapshots = "cube.vtkhdf"
temperature = { file = "cube.vtkhdf", field = "temperature" }
"""


@pytest.fixture(scope="module")
def cube(data_dir, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cube")
    (folder / "study.toml").write_text(STUDY)
    romlib.convert(data_dir / "ansys" / "temp_v13.rst", folder / "cube.vtkhdf", units="m, N, Pa, s, degC")
    return folder


@pytest.mark.data
def test_the_check_passes_on_stress_and_equilibrium(cube):
    report = romlib.check(cube / "cube.vtkhdf", cube / "study.toml")
    assert report.passed
    measured = {one.name: one.value for one in report.items}
    assert measured["stress"] < 1e-11 and measured["equilibrium"] < 1e-12


@pytest.mark.data
@pytest.mark.parametrize(("name", "residual", "misfit"), [
    ("B-bar", (0.0, 1e-12), (0.0, 1e-12)), ("standard", (0.01, 1.0), (0.1, 1.0))])
def test_stored_stress_is_in_equilibrium_and_thermal_strain_is_that_of_the_temperature(
    cube, name, residual, misfit
):
    """The strain of the displacement, less the elastic one of the stored stress, is alpha T at every point."""
    with Snapshots(cube / "cube.vtkhdf") as snapshots:
        mesh, model = snapshots.mesh(0), snapshots.model
        u, stress, heat = (snapshots.read(field, 0, 0) for field in ("displacement", "stress", "temperature"))
    operator = StrainOperator(replace(mesh, blocks=tuple(
        replace(block, formulation=name) for block in mesh.blocks)))
    free = np.ones((mesh.n_node, 3), dtype=bool)
    for constraint in model.constraints.values():
        for axis in constraint.components:
            free[mesh.node_tags[constraint.nodes], "xyz".index(axis)] = False
    force = operator.internal_force(stress[None])[0]
    assert residual[0] <= np.abs(force[free]).max() / np.abs(force).max() < residual[1]
    young, poisson = (model.materials["material_1"].parameters[key] for key in ("young", "poisson"))
    trace = stress[:, :3].sum(axis=1, keepdims=True) * [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    elastic = ((1.0 + poisson) * stress - poisson * trace) / young
    thermal = 2.3e-5 * operator.interpolate(heat[:, 0])[:, None] * [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    off = np.abs(operator.strain(u[None])[0] - elastic - thermal).max() / np.abs(thermal).max()
    assert misfit[0] <= off < misfit[1]


@pytest.mark.parametrize(("cell_type", "rule", "how"), [
    ("hex8", "hex_gauss_8", "B-bar"), ("wedge6", "wedge_8_hex", "B-bar"), ("pyramid5", "pyramid_8_hex", "B-bar"),
    ("tet4", "tet_1", "standard")])
def test_solid185_of_any_shape_is_the_hexahedron_that_it_is_written_as(cell_type, rule, how):
    found = formulation(ElementType(1, 185), cell_type)
    assert (found.element.quadrature, found.formulation, found.refused) == (rule, how, None)
