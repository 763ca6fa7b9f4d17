"""UMATs for tests: the example sources of the plug-in compiled, and small ones in C that show one thing each."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from romlib.laws.law import Increment

SOURCES = Path(__file__).resolve().parent.parent.parent / "plugins" / "sources"
J2EVP = {"props": [200000.0, 0.3, 150.0, 100.0, 50.0, 1000.0, 300.0, 5.0], "depvar": 7, "symbol": "J2EVP",
         "variables": {"p": 1, "plastic_strain": [2, 3, 4, 5, 6, 7]}}
SAME_AS_J2EVP = {"young": 200000.0, "poisson": 0.3, "R0": 150.0, "isotropic": {"Q": 100.0, "b": 50.0},
                 "linear_hardening": 1000.0, "K": 300.0, "n": 5.0}

# The arguments of SUBROUTINE UMAT, and linear elasticity with E = 1000, nu = 0.25 (lame = shear = 400) as a macro.
_SIGNATURE = """
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define ELASTIC do { \\
    for (int a = 0; a < 6; a++) for (int b = 0; b < 6; b++) \\
        ddsdde[a + 6 * b] = (a < 3 && b < 3 ? 400.0 : 0.0) + (a == b ? (a < 3 ? 800.0 : 400.0) : 0.0); \\
    for (int a = 0; a < 6; a++) { stress[a] = 0.0; \\
        for (int b = 0; b < 6; b++) stress[a] += ddsdde[a + 6 * b] * (stran[b] + dstran[b]); } } while (0)
void %s(double *stress, double *statev, double *ddsdde, double *sse, double *spd, double *scd, double *rpl,
    double *ddsddt, double *drplde, double *drpldt, double *stran, double *dstran, double *time, double *dtime,
    double *temp, double *dtemp, double *predef, double *dpred, char *cmname, int *ndi, int *nshr, int *ntens,
    int *nstatv, double *props, int *nprops, double *coords, double *drot, double *pnewdt, double *celent,
    double *dfgrd0, double *dfgrd1, int *noel, int *npt, int *layer, int *kspt, int *kstep, int *kinc, long length)
{
%s
}
"""
YOUNG, POISSON = 1000.0, 0.25


def needs(compiler: str) -> str:
    """The path of a compiler; the test is skipped where it is absent."""
    found = shutil.which(compiler)
    if found is None:
        pytest.skip(f"no {compiler}: install it (make setup does) to compile UMATs")
    return found


def compiled(folder: Path, body: str, symbol: str = "umat_", name: str = "libTEST.so", before: str = "") -> Path:
    """A library with a UMAT in C that has this body."""
    source, target = folder / f"{name}.c", folder / name
    source.write_text(before + _SIGNATURE % (symbol, body))
    return link(source, target)


def link(source: Path, target: Path) -> Path:
    """Compile a C file as a shared library."""
    subprocess.run([needs("cc"), "-O1", "-shared", "-fPIC", str(source), "-o", str(target), "-lm"], check=True)
    return target


def example(folder: Path, name: str) -> Path:
    """One of the plug-in's example libraries, made by their Makefile."""
    needs("make")
    needs("cc" if name == "libJ2EVP.so" else "gfortran")
    subprocess.run(["make", "-s", "-C", str(SOURCES), name, f"OUT={folder}"], check=True)
    return folder / name


def increment(strain1: np.ndarray, **changes: object) -> Increment:
    """An increment of n points from zero strain and stress, with ids that tell the points apart."""
    n = len(strain1)
    zero = np.zeros((n, 6))
    parts = {"strain0": zero, "strain1": np.asarray(strain1, dtype=float), "stress0": zero.copy(), "temperature0": None,
             "temperature1": None, "time": 0.0, "dt": 1.0, "cells": 100 + np.arange(n) // 8,
             "points": 1 + np.arange(n) % 8, "coordinates": np.arange(3.0 * n).reshape(n, 3)}
    return Increment(**{**parts, **changes})
