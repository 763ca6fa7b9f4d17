"""The law `umat`: every argument that a UMAT gets, what it gives back, and what is said when it misbehaves."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from romlib_plugins.umat import UmatLaw
from umat_example import J2EVP, POISSON, YOUNG, compiled, increment

from romlib.errors import LawError
from romlib.laws.check_law import check_law
from romlib.laws.elastic import ElasticLaw
from romlib.laws.points import MaterialGroup
from romlib.laws.registry import build_law
from romlib.model import Material
from romlib.tensors import rotate, umat_strain_from_mandel, umat_stress_from_mandel

RNG = np.random.default_rng(4)
STRAIN = 1e-3 * RNG.normal(size=(5, 6))
# Writes what it is given into STATEV.
PROBE = """
    double *out[] = {stress, stran, dstran, time, dtime, temp, dtemp, predef, dpred, coords, drot, pnewdt, dfgrd0,
                     dfgrd1, sse, spd, scd, rpl, celent, props};
    int sizes[] = {6, 6, 6, 2, 1, 1, 1, 1, 1, 3, 9, 1, 9, 9, 1, 1, 1, 1, 1, 2};
    int *numbers[] = {ndi, nshr, ntens, nstatv, nprops, noel, npt, layer, kspt, kstep, kinc};
    int k = 0;
    for (int j = 0; j < 20; j++) for (int i = 0; i < sizes[j]; i++) statev[k++] = out[j][i];
    for (int j = 0; j < 11; j++) statev[k++] = *numbers[j];
    for (int i = 0; i < 80; i++) statev[k++] = cmname[i];
    statev[k++] = length;
    ELASTIC;
"""
NAMES = {"stress": 6, "stran": 6, "dstran": 6, "time": 2, "dtime": 1, "temp": 1, "dtemp": 1, "predef": 1, "dpred": 1,
         "coords": 3, "drot": 9, "pnewdt": 1, "dfgrd0": 9, "dfgrd1": 9, "sse": 1, "spd": 1, "scd": 1, "rpl": 1,
         "celent": 1, "props": 2, "ndi": 1, "nshr": 1, "ntens": 1, "nstatv": 1, "nprops": 1, "noel": 1, "npt": 1,
         "layer": 1, "kspt": 1, "kstep": 1, "kinc": 1, "cmname": 80, "length": 1}


def law_of(library, **changed):
    return UmatLaw.from_parameters({"library": str(library), **changed})


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    return compiled(tmp_path_factory.mktemp("probe"), PROBE)


def seen(law, given):
    """What the UMAT saw at each point, by argument."""
    result = law.integrate(given, law.initial_state(len(given.strain1)))
    assert result.ok
    first, out = 0, {}
    for name, size in NAMES.items():
        out[name] = result.state[:, first:first + size]
        first += size
    return out


def test_every_argument_is_what_abaqus_says(probe):
    law = law_of(probe, depvar=sum(NAMES.values()), props=[3.5, -2.0], name="STEEL")
    start, stress = 0.3 * STRAIN[::-1], 10.0 * RNG.normal(size=(5, 6))
    given = increment(STRAIN, strain0=start, stress0=stress, time=2.0, dt=0.25, temperature0=np.full(5, 20.0),
                      temperature1=np.linspace(30.0, 70.0, 5))
    got = seen(law, given)
    np.testing.assert_allclose(got["stress"], umat_stress_from_mandel(stress), rtol=1e-15)
    np.testing.assert_allclose(got["stran"], umat_strain_from_mandel(start), rtol=1e-15)
    np.testing.assert_allclose(got["dstran"], umat_strain_from_mandel(STRAIN - start), rtol=1e-14)
    assert (got["time"] == [2.0, 2.0]).all() and (got["dtime"] == 0.25).all()
    np.testing.assert_array_equal(got["temp"][:, 0], given.temperature0)
    np.testing.assert_array_equal(got["dtemp"][:, 0], given.temperature1 - 20.0)
    np.testing.assert_array_equal(got["coords"], given.coordinates)
    np.testing.assert_array_equal(got["drot"], np.tile(np.eye(3).ravel(), (5, 1)))
    identity = np.eye(3)
    for name, strain in (("dfgrd0", start), ("dfgrd1", STRAIN)):
        engineering = umat_strain_from_mandel(strain)
        for k in range(5):
            e = engineering[k]
            half = 0.5 * e[3:]
            expected = identity + np.array([[e[0], *half[:2]], [half[0], e[1], half[2]], [*half[1:], e[2]]])
            np.testing.assert_allclose(got[name][k].reshape(3, 3), expected, rtol=1e-15)
    assert (got["pnewdt"] == 1.0).all() and (got["celent"] == 1.0).all()
    assert not any(got[name].any() for name in ("predef", "dpred", "sse", "spd", "scd", "rpl"))
    np.testing.assert_array_equal(got["props"], np.tile([3.5, -2.0], (5, 1)))
    numbers = {"ndi": 3, "nshr": 3, "ntens": 6, "nstatv": law.n_state, "nprops": 2, "layer": 1, "kspt": 1, "kstep": 1,
               "kinc": 2, "length": 80}
    assert all((got[name] == value).all() for name, value in numbers.items())
    np.testing.assert_array_equal(got["noel"][:, 0], given.cells)
    np.testing.assert_array_equal(got["npt"][:, 0], given.points)
    text = bytes(got["cmname"][0].astype(np.uint8)).decode()
    assert text == "STEEL".ljust(80)


def test_calculix_gives_the_temperature_at_the_end_and_the_first_increment_is_number_one(probe):
    law = law_of(probe, depvar=sum(NAMES.values()), props=[0.0, 0.0], temperature="calculix")
    got = seen(law, increment(STRAIN, temperature0=np.full(5, 20.0), temperature1=np.full(5, 80.0)))
    assert (got["temp"] == 80.0).all() and (got["dtemp"] == 0.0).all() and (got["kinc"] == 1).all()
    assert bytes(got["cmname"][0].astype(np.uint8)).decode().strip() == "libTEST"
    none = seen(law, increment(STRAIN))
    assert not none["temp"].any() and not none["dtemp"].any()


def test_stress_and_tangent_are_those_of_the_built_in_law(elastic_library):
    ours, expected = law_of(elastic_library), ElasticLaw.from_parameters({"young": YOUNG, "poisson": POISSON})
    given = increment(STRAIN)
    found, wanted = (law.integrate(given, np.zeros((5, 0))) for law in (ours, expected))
    np.testing.assert_allclose(found.stress, wanted.stress, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(found.tangent, wanted.tangent, rtol=1e-14)
    ours.isotropic = True  # this one is
    check_law(ours)


def test_a_rate_form_umat_updates_the_stress_it_is_given(tmp_path):
    body = "double s[6]; memcpy(s, stress, 48); for (int a = 0; a < 6; a++) stran[a] = 0; ELASTIC; " \
           "for (int a = 0; a < 6; a++) stress[a] += s[a];"
    law, expected = law_of(compiled(tmp_path, body)), ElasticLaw.from_parameters({"young": YOUNG, "poisson": POISSON})
    half = law.integrate(increment(0.5 * STRAIN), np.zeros((5, 0))).stress
    whole = law.integrate(increment(STRAIN, strain0=0.5 * STRAIN, stress0=half), np.zeros((5, 0))).stress
    np.testing.assert_allclose(whole, expected.integrate(increment(STRAIN), np.zeros((5, 0))).stress, rtol=1e-12,
                               atol=1e-15)


def test_ddsdde_is_column_major(tmp_path):
    body = "for (int k = 0; k < 36; k++) ddsdde[k] = k; for (int a = 0; a < 6; a++) stress[a] = 0;"
    tangent = law_of(compiled(tmp_path, body)).integrate(increment(STRAIN), np.zeros((5, 0))).tangent
    shear = np.array([1.0, 1.0, 1.0, 2**0.5, 2**0.5, 2**0.5])
    np.testing.assert_allclose(tangent[2], np.arange(36.0).reshape(6, 6).T * np.outer(shear, shear), rtol=1e-15)


def test_a_state_variable_that_is_a_strain_has_engineering_shear_in_statev(j2evp):
    law = law_of(j2evp, **J2EVP)
    raw = law_of(j2evp, **{**J2EVP, "variables": {}})
    state = law.integrate(increment(20 * STRAIN), law.initial_state(5)).state
    statev = raw.integrate(increment(20 * STRAIN), raw.initial_state(5)).state
    assert statev[:, 0].min() > 1e-3
    np.testing.assert_allclose(umat_strain_from_mandel(state[:, 1:]), statev[:, 1:], rtol=1e-13)
    np.testing.assert_allclose(law.state_of_solver(statev), state, rtol=1e-13)
    assert law.tensor_variables == ("plastic_strain",) and raw.state_variables == {"statev": slice(0, 7)}


def test_initial_state_is_in_the_order_of_statev(j2evp):
    start = [0.01, 1e-3, -5e-4, -5e-4, 2e-3, 0.0, 0.0]
    law = law_of(j2evp, **{**J2EVP, "variables": {"plastic_strain": [2, 3, 4, 5, 6, 7], "p": 1}}, initial_state=start)
    state = law.initial_state(3)
    assert (state[:, 6] == 0.01).all() and state[0, 3] == pytest.approx(2e-3 / 2**0.5)
    with pytest.raises(LawError, match=r"initial_state.*\n.*\n.*depvar = 7"):
        law_of(j2evp, **J2EVP, initial_state=[0.0])


def test_a_law_with_material_axes_gets_and_gives_local_components(tmp_path):
    body = "for (int k = 0; k < 36; k++) ddsdde[k] = 0; " \
           "for (int a = 0; a < 6; a++) { ddsdde[7 * a] = 100. * (a + 1); " \
           "stress[a] = ddsdde[7 * a] * (stran[a] + dstran[a]); } ddsdde[6] = 30.; " \
           "stress[0] += 30. * (stran[1] + dstran[1]);"
    law = law_of(compiled(tmp_path, body))
    axes, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))
    axes *= np.sign(np.linalg.det(axes))
    check_law(law, orientation=axes)
    local = law.integrate(increment(rotate(STRAIN, axes)), np.zeros((5, 0)))
    same = law.integrate(increment(rotate(STRAIN, axes), orientation=np.tile(axes, (5, 1, 1))), np.zeros((5, 0)))
    assert np.array_equal(same.stress, local.stress)
    group = MaterialGroup("a", law, slice(0, 5), 5, np.arange(5), np.ones(5, int), np.zeros((5, 3)),
                          np.tile(axes, (5, 1, 1)), None, None)
    turned = group.integrate(np.zeros((5, 6)), STRAIN, np.zeros((5, 6)), None, None, 0.0, 1.0, np.zeros((5, 0)), True)
    np.testing.assert_allclose(rotate(turned.stress, axes), local.stress, rtol=1e-12)
    np.testing.assert_allclose(np.einsum("pij,pj->pi", turned.tangent, STRAIN), turned.stress, rtol=1e-10, atol=1e-12)


def test_threads_give_the_same_to_the_last_bit(j2evp):
    strain = 5e-3 * np.random.default_rng(1).normal(size=(1001, 6))
    one, four = (law_of(j2evp, **J2EVP, threads=n) for n in (1, 4))
    a, b = (law.integrate(increment(strain), law.initial_state(1001)) for law in (one, four))
    assert all(np.array_equal(getattr(a, name), getattr(b, name)) for name in ("stress", "tangent", "state"))


# --- failure ----------------------------------------------------------------------------------------------------------


def test_pnewdt_below_one_is_a_failed_point_and_the_factor_of_the_step(tmp_path):
    law = law_of(compiled(tmp_path, "ELASTIC; if (*npt == 2) *pnewdt = 0.3; if (*npt == 4) *pnewdt = 0.6; "
                                    "if (*npt == 5) *pnewdt = 2.0;"))
    result = law.integrate(increment(STRAIN), np.zeros((5, 0)))
    assert result.failed_points.tolist() == [1, 3] and result.dt_factor == 0.3
    assert "PNEWDT = 0.3" in result.message


@pytest.mark.parametrize("statement", [
    "stress[3] = NAN;", "ddsdde[20] = INFINITY;", "statev[1] = -INFINITY;", "*pnewdt = NAN;"])
def test_a_value_that_is_not_finite_is_a_failed_point(tmp_path, statement):
    law = law_of(compiled(tmp_path, f"ELASTIC; if (*npt == 3) {{ {statement} }}"), depvar=2)
    result = law.integrate(increment(STRAIN), np.ones((5, 2)))
    good = np.delete(result.stress, 2, axis=0)
    assert result.failed_points.tolist() == [2] and 0.0 < result.dt_factor < 1.0 and "not" in result.message
    assert np.isfinite(result.stress).all() and np.abs(good).min() > 0.0 and (result.state == 1.0).all()


def test_writing_past_depvar_is_said_with_the_point(tmp_path):
    law = law_of(compiled(tmp_path, "ELASTIC; if (*npt == 2) for (int k = 0; k < 9; k++) statev[k] = 1.0;"), depvar=7)
    with pytest.raises(LawError) as error:
        law.integrate(increment(STRAIN), np.zeros((5, 7)))
    text = str(error.value)
    assert all(word in text for word in ("STATEV(9)", "depvar = 7", "cell 100, integration point 2", "libTEST"))
    with pytest.raises(LawError):  # and again: the guard is put back
        law.integrate(increment(STRAIN), np.zeros((5, 7)))


def test_reading_past_depvar_does_not_go_unnoticed(tmp_path):
    law = law_of(compiled(tmp_path, "ELASTIC; stress[0] += statev[7];"), depvar=7)
    assert len(law.integrate(increment(STRAIN), np.zeros((5, 7))).failed_points) == 5


@pytest.mark.parametrize("guarded", [False, True])
@pytest.mark.parametrize("statement, found, place", [
    ("stress[6] = 1.0;", "STRESS, at least up to STRESS(7)", True),
    ("ddsdde[36] = 0.0;", "DDSDDE, at least up to DDSDDE(37)", True),
    ("statev[1] = 0.0;", "STATEV(2)", True),
    ("drplde[7] = 0.0;", "DRPLDE, at least up to DRPLDE(8)", False),
    ("ddsddt[6] = 0.0;", "DDSDDT(7)", False), ("sse[1] = 0.0;", "SSE(2)", False),
    ("stran[6] = 0.0;", "STRAN(7)", False), ("dstran[7] = 0.0;", "DSTRAN(8)", False),
    ("time[2] = 0.0;", "TIME(3)", False),
    ("pnewdt[1] = 1.0;", "PNEWDT(2)", False), ("dfgrd1[9] = 0.0;", "DFGRD1(10)", False),
    ("coords[3] = 0.0;", "COORDS(4)", False), ("props[1] = 0.0;", "PROPS(2)", False),
    ("props[0] = 3.0;", "changes its PROPS", False), ("drot[0] = 2.0;", "changes its DROT", False),
    ("predef[0] = 2.0;", "changes its PREDEF", False), ("*celent = 2.0;", "changes its CELENT", False),
    ("*ndi = 2;", "changes its NDI", False), ("*nprops = 0;", "changes its NPROPS", False),
    ("kstep[1] = 7;", "changes its KSTEP", False), ("*kinc = 7;", "changes its KINC", False),
    ("kinc[1] = 7;", "KINC(2)", False), ("cmname[0] = 'x';", "changes its CMNAME", False),
])
def test_what_a_umat_writes_and_must_not_is_named(tmp_path, guarded, statement, found, place):
    """Behind the end of each argument, and into what every point shares."""
    library = compiled(tmp_path, f"ELASTIC; if (*npt == 2) {{ {statement} }}")
    law = law_of(library, depvar=1, props=[1.0], guarded=guarded)
    for _ in range(2):  # the next call begins anew
        with pytest.raises(LawError) as error:
            law.integrate(increment(STRAIN), np.zeros((5, 1)))
        assert found in str(error.value) and "libTEST" in str(error.value)
        assert not place or "cell 100, integration point 2" in str(error.value)


def test_what_is_behind_an_argument_is_not_a_number(tmp_path):
    """A UMAT that reads one component too many does not get the next argument's first."""
    for read in ("stress[6]", "ddsdde[36]", "stran[6]", "props[1]", "dfgrd0[9]"):
        law = law_of(compiled(tmp_path, f"ELASTIC; stress[0] += {read};", name=f"lib{read[:-3]}.so"), props=[1.0])
        assert len(law.integrate(increment(STRAIN), np.zeros((5, 0))).failed_points) == 5


@pytest.mark.parametrize("guarded", [False, True])
def test_a_umat_that_changes_the_folder_is_noticed(tmp_path, guarded, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    law = law_of(compiled(tmp_path, 'ELASTIC; if (*npt == 4 && chdir("/")) abort();'), guarded=guarded)
    for _ in range(2):
        with pytest.raises(LawError, match="changes the working folder") as error:
            law.integrate(increment(STRAIN), np.zeros((5, 0)))
        assert str(tmp_path / "here") in str(error.value)
        assert os.getcwd() == str(tmp_path / "here")


def test_arrays_of_other_shapes_never_reach_the_compiled_loop(j2evp):
    law, good = law_of(j2evp, **J2EVP), increment(STRAIN)
    for name, wrong in (("strain0", STRAIN[:3]), ("strain1", STRAIN[:, :5]), ("stress0", STRAIN[:4]),
                        ("cells", np.arange(3)), ("points", np.arange(6)), ("coordinates", np.zeros((5, 2))),
                        ("temperature1", np.zeros(4))):
        with pytest.raises(LawError, match="wrong shape"):
            law.integrate(replace(good, **{name: wrong}), law.initial_state(5))
    for state in (np.zeros((5, 6)), np.zeros((4, 7)), np.zeros(35)):
        with pytest.raises(LawError, match="wrong shape"):
            law.integrate(good, state)


def test_a_umat_that_changes_its_props_is_refused(tmp_path):
    law = law_of(compiled(tmp_path, "ELASTIC; props[1] *= 3.14 / 180.0;"), props=[1.0, 30.0])
    for _ in range(2):
        with pytest.raises(LawError, match="changes its PROPS"):
            law.integrate(increment(STRAIN), np.zeros((5, 0)))


@pytest.mark.parametrize("changed, words", [
    ({"variables": {"p": 8}}, ("variables.p", "1 to depvar = 7", "8")),
    ({"variables": {"p": 1, "q": [1, 2]}}, ("variables.q", "1 twice")),
    ({"variables": {"stress": [1, 2, 3, 4, 5, 6]}}, ("variables.stress", "another name")),
    ({"variables": {"p": 1}, "tensors": {"p": "strain"}}, ("tensors.p", "six positions")),
    ({"tensors": {"x": "stretch"}}, ("tensors.x", "strain")),
    ({"depvr": 7}, ("depvr", "did you mean 'depvar'")),
    ({"depvar": -1}, ("depvar", "greater than or equal to 0")),
    ({"name": "X" * 81}, ("name", "80")),
])
def test_a_wrong_parameter_is_named(j2evp, changed, words):
    with pytest.raises(LawError) as error:
        law_of(j2evp, **{"depvar": 7, "symbol": "J2EVP", **changed})
    assert all(word in str(error.value) for word in words), str(error.value)


def test_the_law_is_found_by_its_name(elastic_library):
    law = build_law(Material(law="umat", parameters={"library": str(elastic_library)}))
    assert law.name == "umat" and law.n_state == 0
