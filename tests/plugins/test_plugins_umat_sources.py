"""The example UMATs: each keeps the contract of a law, and is the built-in law of the same equations."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest
from romlib_plugins.umat import UmatLaw
from umat_example import J2EVP, SAME_AS_J2EVP, SOURCES, example, increment, needs

from romlib.laws.chaboche import ChabocheLaw
from romlib.laws.check_law import check_law
from romlib.laws.elastic import ElasticLaw

TERMS = [{"C": 80000.0, "D": 400.0}, {"C": 20000.0, "D": 30.0}, {"C": 3000.0, "D": 0.0}]
CHABOCHE = {"young": 195000.0, "poisson": 0.31, "K": 250.0, "n": 9.0, "R0": 80.0, "linear_hardening": 300.0,
            "isotropic": {"Q": -40.0, "b": 20.0}}


@pytest.fixture(scope="session")
def fortran(tmp_path_factory):
    """A folder with the libraries in Fortran."""
    folder = tmp_path_factory.mktemp("fortran")
    for name in ("libELASTIC.so", "libCHABOCHE.so"):
        example(folder, name)
    return folder


def chaboche(folder, n_term):
    """The UMAT and the built-in law with the same parameters."""
    terms = TERMS[:n_term]
    props = [195000.0, 0.31, 250.0, 9.0, 80.0, 300.0, -40.0, 20.0, *(v for term in terms for v in term.values())]
    names = {"p": 1, "plastic_strain": list(range(2, 8))}
    names |= {f"backstrain_{k + 1}": list(range(8 + 6 * k, 14 + 6 * k)) for k in range(n_term)}
    ours = UmatLaw.from_parameters({"library": str(folder / "libCHABOCHE.so"), "symbol": "CHABOCHE", "props": props,
                                    "depvar": 7 + 6 * n_term, "variables": names})
    return ours, ChabocheLaw.from_parameters({**CHABOCHE, "kinematic": terms})


def compare_histories(law, expected, tolerance=1e-10):
    """Stress, tangent and state over random histories with fast, slow and hold increments."""
    n = 40
    strain = np.cumsum(4e-3 * np.random.default_rng(8).normal(size=(12, n, 6)), axis=0)
    strain[5] = strain[4]
    ends = [(np.zeros((n, 6)), np.zeros((n, 6)), one.initial_state(n)) for one in (law, expected)]
    for k, new in enumerate(strain):
        dt = (0.01, 1.0, 100.0)[k % 3]
        results = [one.integrate(increment(new, strain0=old, stress0=stress, time=float(k), dt=dt), state)
                   for one, (old, stress, state) in zip((law, expected), ends)]
        assert all(result.ok for result in results)
        for name in ("stress", "tangent", "state"):
            found, wanted = (getattr(result, name) for result in results)
            if wanted.size:
                assert np.abs(found - wanted).max() <= tolerance * np.abs(wanted).max(), f"{name}, step {k}"
        ends = [(new, result.stress, result.state) for result in results]
    return ends


def test_j2evp_is_the_built_in_law(j2evp):
    law = UmatLaw.from_parameters({"library": str(j2evp), **J2EVP})
    expected = ChabocheLaw.from_parameters(SAME_AS_J2EVP)
    law.isotropic = True
    assert check_law(law, strain=0.02, dt=0.3).tangent_error < 1e-9
    assert compare_histories(law, expected)[0][2][:, 0].max() > 0.01  # they flow


def test_the_elastic_umat_is_the_built_in_law(fortran):
    law = UmatLaw.from_parameters({"library": str(fortran / "libELASTIC.so"), "props": [210000.0, 0.29]})
    law.isotropic = True
    check_law(law)
    compare_histories(law, ElasticLaw.from_parameters({"young": 210000.0, "poisson": 0.29}))


@pytest.mark.parametrize("n_term", [0, 1, 3])
def test_the_chaboche_umat_is_the_built_in_law(fortran, n_term):
    law, expected = chaboche(fortran, n_term)
    law.isotropic = True
    report = check_law(law, strain=0.02, dt=0.3)
    assert report.tangent_error < 1e-9 and report.isotropy_error < 1e-12
    assert compare_histories(law, expected)[0][2][:, 0].max() > 0.01


def test_without_kinematic_terms_the_two_examples_agree(fortran, j2evp):
    props = [200000.0, 0.3, 300.0, 5.0, 150.0, 1000.0, 100.0, 50.0]
    ours = UmatLaw.from_parameters({"library": str(fortran / "libCHABOCHE.so"), "symbol": "CHABOCHE", "props": props,
                                    "depvar": 7, "variables": J2EVP["variables"]})
    compare_histories(ours, UmatLaw.from_parameters({"library": str(j2evp), **J2EVP}))


def test_an_increment_that_does_not_converge_asks_for_a_smaller_one(fortran, j2evp):
    """A strain whose square overflows leaves the local equation without a solution."""
    for law in (UmatLaw.from_parameters({"library": str(j2evp), **J2EVP}), chaboche(fortran, 1)[0]):
        strain = np.full((3, 6), 1e-3)
        strain[1] = 1e160 * np.arange(6.0)
        result = law.integrate(increment(strain), law.initial_state(3))
        assert result.failed_points.tolist() == [1] and result.dt_factor == 0.5 and "PNEWDT = 0.5" in result.message


def test_the_makefile_builds_all_of_them_where_it_is_told_to(tmp_path):
    needs("make")
    needs("cc")
    needs("gfortran")
    subprocess.run(["make", "-s", "-C", str(SOURCES), f"OUT={tmp_path / 'made'}"], check=True)
    assert {path.name for path in (tmp_path / "made").glob("*.so")} == {
        "libELASTIC.so", "libJ2EVP.so", "libCHABOCHE.so"}
