"""The utility routines of Abaqus: a UMAT that calls them loads, and they compute what the manual says."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import numpy as np
import pytest
from romlib_plugins import _umat_shim
from romlib_plugins._umat_elf import read_elf
from romlib_plugins.umat import UmatLaw
from umat_example import SOURCES, compiled, increment, needs

from romlib.errors import LawError
from romlib.tensors import matrix_from_mandel, von_mises

STRESS = np.array([120.0, -40.0, 15.0, 60.0, -25.0, 33.0])
MATRIX = np.array([[120.0, 60.0, -25.0], [60.0, -40.0, 33.0], [-25.0, 33.0, 15.0]])
DECLARED = """void sinv_(double *, double *, double *, int *, int *); void xit_(void);
void stdb_abqerr_(int *, char *, int *, double *, char *, long, long);
"""


@pytest.fixture(scope="module")
def routines(tmp_path_factory):
    """The compiled routines, called with pointers."""
    needs("cc")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield ctypes.CDLL(str(_umat_shim._compiled(_umat_shim.SOURCE, ["xit_"])))


def call(function, *arguments):
    """Arrays by pointer, integers as Fortran passes them; lengths of characters (`bytes`) at the end."""
    pointers, lengths = [], []
    for argument in arguments:
        if isinstance(argument, np.ndarray):
            pointers.append(argument.ctypes.data_as(ctypes.c_void_p))
        elif isinstance(argument, ctypes.Array):
            pointers.append(argument)
            lengths.append(ctypes.c_long(len(argument)))
        else:
            pointers.append(ctypes.byref(ctypes.c_int(argument)))
    return function(*pointers, *lengths)


def test_everything_promised_is_there(routines):
    elf = read_elf(type(_umat_shim.SOURCE)(routines._name))
    assert elf is not None and set(elf.functions) == set(_umat_shim.PROVIDED)


def test_invariants(routines):
    first, second = np.zeros(1), np.zeros(1)
    call(routines.sinv_, STRESS, first, second, 3, 3)
    deviator = MATRIX - np.eye(3) * np.trace(MATRIX) / 3
    assert first[0] == pytest.approx(np.trace(MATRIX) / 3)
    assert second[0] == pytest.approx(np.sqrt(1.5 * np.sum(deviator**2)))


@pytest.mark.parametrize("kind", [1, 2])
def test_principal_values_and_directions(routines, kind):
    tensor = STRESS * np.array([1, 1, 1, kind, kind, kind])  # of a strain the shear is engineering
    values, again, directions = np.zeros(3), np.zeros(3), np.zeros((3, 3))
    call(routines.sprinc_, tensor, values, kind, 3, 3)
    call(routines.sprind_, tensor, again, directions, kind, 3, 3)
    np.testing.assert_allclose(np.sort(values), np.linalg.eigvalsh(MATRIX), rtol=1e-13)
    np.testing.assert_array_equal(again, values)
    vectors = directions.T  # AN(K, I) column-major: row K is direction K
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(3), atol=1e-14)
    np.testing.assert_allclose(vectors @ MATRIX, values[:, None] * vectors, atol=1e-11)


@pytest.mark.parametrize("kind", [1, 2])
def test_rotation(routines, kind):
    rotation, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    factor, out = np.array([1, 1, 1, kind, kind, kind]), np.zeros(6)
    call(routines.rotsig_, STRESS * factor, np.asfortranarray(rotation).ravel(order="F").copy(), out, kind, 3, 3)
    turned = rotation @ MATRIX @ rotation.T
    np.testing.assert_allclose(out / factor, turned[[0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2]], rtol=1e-12)


def test_names_are_padded_with_blanks(routines):
    job, n = ctypes.create_string_buffer(b"?" * 20, 20), np.zeros(1, dtype=np.int32)
    routines.getjobname_(job, n.ctypes.data_as(ctypes.c_void_p), ctypes.c_long(20))
    assert job.raw == b"romlib".ljust(20) and n[0] == 6
    folder = ctypes.create_string_buffer(b"?" * 512, 512)
    routines.getoutdir_(folder, n.ctypes.data_as(ctypes.c_void_p), ctypes.c_long(512))
    assert folder.raw[:n[0]].decode() == os.getcwd() and not folder.raw[n[0]:].strip()


def test_mutexes_exclude_and_release(routines):
    for function in (routines.mutexinit_, routines.mutexlock_, routines.mutexunlock_, routines.mutexlock_):
        call(function, 7)
    call(routines.mutexunlock_, 7)


def test_a_umat_that_uses_them_loads_and_computes(tmp_path):
    body = "double mean, mises; ELASTIC; sinv_(stress, &mean, &mises, ndi, nshr); statev[0] = mises;"
    law = UmatLaw.from_parameters({"library": str(compiled(tmp_path, body, before=DECLARED)), "depvar": 1})
    strain = 1e-3 * np.random.default_rng(5).normal(size=(4, 6))
    result = law.integrate(increment(strain), np.zeros((4, 1)))
    deviator = result.stress - result.stress[:, :3].mean(axis=1)[:, None] * [1, 1, 1, 0, 0, 0]
    np.testing.assert_allclose(result.state[:, 0], np.sqrt(1.5 * np.sum(deviator**2, axis=1)), rtol=1e-12)


ABAQUS_STYLE = """\
      SUBROUTINE UMAT(STRESS,STATEV,DDSDDE,SSE,SPD,SCD,
     1 RPL,DDSDDT,DRPLDE,DRPLDT,
     2 STRAN,DSTRAN,TIME,DTIME,TEMP,DTEMP,PREDEF,DPRED,CMNAME,
     3 NDI,NSHR,NTENS,NSTATV,PROPS,NPROPS,COORDS,DROT,PNEWDT,
     4 CELENT,DFGRD0,DFGRD1,NOEL,NPT,LAYER,KSPT,JSTEP,KINC)
      INCLUDE 'ABA_PARAM.INC'
      CHARACTER*(*) CMNAME
      CHARACTER*8 WORDS(2)
      CHARACTER*256 JOB
      DIMENSION STRESS(NTENS),STATEV(NSTATV),DDSDDE(NTENS,NTENS),
     1 DDSDDT(NTENS),DRPLDE(NTENS),STRAN(NTENS),DSTRAN(NTENS),
     2 TIME(2),PREDEF(1),DPRED(1),PROPS(NPROPS),COORDS(3),DROT(3,3),
     3 DFGRD0(3,3),DFGRD1(3,3),JSTEP(4),EELAS(6),PS(3),AN(3,3),
     4 NUMBERS(2),VALUES(1)
      CALL ROTSIG(STATEV(1),DROT,EELAS,2,NDI,NSHR)
      DO K=1,NTENS
        EELAS(K)=EELAS(K)+DSTRAN(K)
        STATEV(K)=EELAS(K)
        DDSDDE(K,K)=PROPS(1)
        IF (K.GT.NDI) DDSDDE(K,K)=PROPS(1)/2
        STRESS(K)=DDSDDE(K,K)*EELAS(K)
      END DO
      CALL SINV(STRESS,S1,S2,NDI,NSHR)
      CALL SPRIND(EELAS,PS,AN,2,NDI,NSHR)
      CALL GETJOBNAME(JOB,LENJOB)
      STATEV(7)=S2
      STATEV(8)=MAXVAL(PS)
      STATEV(9)=LEN(CMNAME)
      STATEV(10)=LENJOB
      IF (NOEL.EQ.101) THEN
        NUMBERS(1)=NOEL
        NUMBERS(2)=NPT
        VALUES(1)=TIME(2)
        WORDS(1)=CMNAME(1:5)
        CALL STDB_ABQERR(-3,'ELEMENT %I POINT %I AT %R IN %S',
     1   NUMBERS,VALUES,WORDS)
      END IF
      RETURN
      END
"""


def test_a_fortran_umat_as_written_for_abaqus(tmp_path):
    """Fixed form, ABA_PARAM.INC, names and lengths of characters as the Fortran compiler passes them."""
    (tmp_path / "umat.f").write_text(ABAQUS_STYLE)
    library = tmp_path / "libABQ.so"
    subprocess.run([needs("gfortran"), "-O2", "-shared", "-fPIC", "-I", str(SOURCES), str(tmp_path / "umat.f"), "-o",
                    str(library)], check=True)
    parameters = {"library": str(library), "props": [1000.0], "depvar": 10, "name": "STEEL"}
    law = UmatLaw.from_parameters({**parameters, "variables": {"elastic_strain": list(range(1, 7))}})
    strain = 1e-3 * np.random.default_rng(6).normal(size=(8, 6))
    half = law.integrate(increment(0.5 * strain), law.initial_state(8))
    result = law.integrate(increment(strain, strain0=0.5 * strain, stress0=half.stress), half.state)
    np.testing.assert_allclose(result.stress, 1000.0 * strain, rtol=1e-12)
    np.testing.assert_allclose(result.state[:, :6], strain, rtol=1e-12)
    np.testing.assert_allclose(result.state[:, 6], von_mises(result.stress), rtol=1e-12)
    largest = np.linalg.eigvalsh(matrix_from_mandel(strain)).max(axis=1)
    np.testing.assert_allclose(result.state[:, 7], largest, rtol=1e-12)
    assert (result.state[:, 8] == 80).all() and (result.state[:, 9] == len("romlib")).all()
    guarded = UmatLaw.from_parameters({**parameters, "guarded": True})
    with pytest.raises(LawError, match=r"ended the analysis \(XIT\)") as error:
        guarded.integrate(increment(np.zeros((12, 6)), time=0.25), guarded.initial_state(12))
    assert "UMAT error: ELEMENT 101 POINT 1 AT 0.25 IN STEEL" in str(error.value)


def test_xit_is_an_error_with_the_message_of_the_umat(tmp_path):
    body = """int lop = 1, n[] = {*noel}; double r[] = {2.5}; char *c = "WARMLY  ", *text = "E %I, factor %R, %S  ";
    ELASTIC; if (*npt == 2) { stdb_abqerr_(&lop, text, n, r, c, strlen(text), 8); xit_(); }"""
    law = UmatLaw.from_parameters({"library": str(compiled(tmp_path, body, before=DECLARED)), "guarded": True})
    with pytest.raises(LawError, match=r"ended the analysis \(XIT\)") as error:
        law.integrate(increment(np.zeros((3, 6))), np.zeros((3, 0)))
    assert "UMAT note: E 100, factor 2.5, WARMLY" in str(error.value)
    assert "cell 100, integration point 2" in str(error.value)


def test_without_a_compiler_the_message_says_what_is_missing(tmp_path, monkeypatch):
    library = compiled(tmp_path, "ELASTIC; if (*noel < 0) xit_();", before=DECLARED)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    script = f"from romlib_plugins.umat import UmatLaw\nUmatLaw.from_parameters({{'library': {str(library)!r}}})"
    done = subprocess.run([sys.executable, "-c", script], env={**os.environ, "PATH": str(tmp_path)}, text=True,
                          capture_output=True, check=False)
    assert "needs utility routines of Abaqus (xit_)" in done.stderr and "no C compiler" in done.stderr
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and len(list((tmp_path / "cache").rglob("*.so"))) == 1
    done = subprocess.run([sys.executable, "-c", script], env={**os.environ, "PATH": str(tmp_path)}, check=False)
    assert done.returncode == 0  # what was compiled once is there
