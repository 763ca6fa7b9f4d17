"""A UMAT with one shear component, as Abaqus calls it in plane strain and axisymmetry."""

from __future__ import annotations

import numpy as np
import pytest
from romlib_plugins.umat import UmatLaw
from umat_example import POISSON, YOUNG, compiled, increment

from romlib.errors import LawError
from romlib.laws.elastic import ElasticLaw

# Elastic of any NTENS, E = 1000, nu = 0.25; STATEV has NDI, NSHR, NTENS and what is behind the four components.
ELASTIC = """
    int n = *ntens;
    for (int a = 0; a < n; a++) for (int b = 0; b < n; b++)
        ddsdde[a + n * b] = (a < 3 && b < 3 ? 400.0 : 0.0) + (a == b ? (a < 3 ? 800.0 : 400.0) : 0.0);
    for (int a = 0; a < n; a++) { stress[a] = 0.0;
        for (int b = 0; b < n; b++) stress[a] += ddsdde[a + n * b] * (stran[b] + dstran[b]); }
    statev[0] = *ndi; statev[1] = *nshr; statev[2] = *ntens; statev[3] = stran[4] == stran[4] ? 1.0 : 0.0;
"""
STRAIN = 1e-3 * np.random.default_rng(2).normal(size=(2, 6, 6))
STRAIN[..., 4:] = 0.0


def law_of(folder, body: str = ELASTIC, **parameters) -> UmatLaw:
    return UmatLaw.from_parameters({
        "library": str(compiled(folder, body)), "depvar": 4, "shear_components": 1, **parameters})


@pytest.mark.parametrize("guarded", [False, True])
def test_four_components_go_to_the_umat_and_come_back_as_six(guarded, tmp_path):
    law, elastic = law_of(tmp_path, guarded=guarded), ElasticLaw.from_parameters({"young": YOUNG, "poisson": POISSON})
    step = increment(STRAIN[1], strain0=STRAIN[0])
    found, expected = law.integrate(step, law.initial_state(6)), elastic.integrate(step, elastic.initial_state(6))
    np.testing.assert_allclose(found.stress, expected.stress, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(found.tangent[:, :4, :4], expected.tangent[:, :4, :4], rtol=1e-13)
    assert not found.tangent[:, 4:].any() and not found.tangent[:, :, 4:].any()
    np.testing.assert_array_equal(found.state, np.tile([3.0, 1.0, 4.0, 0.0], (6, 1)))  # NaN behind STRAN(4)


@pytest.mark.parametrize("beyond", ["stress[4] = 0.0;", "ddsdde[16] = 1.0;", "ddsdde[35] = 0.0;", "stress[6] = 1.0;"])
def test_a_umat_that_takes_it_for_six_components_is_named(beyond, tmp_path):
    law = law_of(tmp_path, ELASTIC + beyond)
    with pytest.raises(LawError, match="past the end") as error:
        law.integrate(increment(STRAIN[1], strain0=STRAIN[0]), law.initial_state(6))
    assert "NSHR = 1, NTENS = 4" in str(error.value)


def test_a_solid_is_refused_because_its_other_shear_would_be_lost(tmp_path):
    law, strain = law_of(tmp_path), STRAIN[1].copy()
    strain[3, 5] = 1e-5
    with pytest.raises(LawError, match="one shear component") as error:
        law.integrate(increment(strain, strain0=STRAIN[0]), law.initial_state(6))
    assert "leave shear_components out" in str(error.value)


def test_a_file_recognises_the_library_by_histories_of_four_components(tmp_path, monkeypatch):
    law = law_of(tmp_path)
    stored = law.portable_parameters()
    strains = np.array([one["strain"] for one in stored["proof"]])
    assert stored["shear_components"] == 1 and not strains[..., 4:].any() and strains[..., 3].any()
    monkeypatch.setenv("ROMLIB_LIBRARY_PATH", str(tmp_path))
    again = UmatLaw.from_file_parameters(stored, "x.rom")
    assert again.parameters.shear_components == 1


def test_the_strain_of_an_axisymmetric_mesh_goes_through_it(tmp_path):
    from romlib.mesh.operator import StrainOperator
    from romlib.mesh.rectangle import rectangle_mesh

    operator = StrainOperator(rectangle_mesh("quad8", (2, 2), (1.0, 1.0), (1.0, 0.0), "axisymmetric"))
    strain = operator.strain(1e-3 * np.random.default_rng(0).normal(size=(1, operator.n_node, 2)))[0]
    law, elastic = law_of(tmp_path), ElasticLaw.from_parameters({"young": YOUNG, "poisson": POISSON})
    step = increment(strain)
    np.testing.assert_allclose(law.integrate(step, law.initial_state(len(strain))).stress,
                               elastic.integrate(step, elastic.initial_state(len(strain))).stress, atol=1e-13)
