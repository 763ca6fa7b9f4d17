"""Damaged files of a computation: refused by one of romlib's errors, or read; nothing else, and in little memory."""

from __future__ import annotations

import random
import shutil
import subprocess
import tracemalloc

import pytest
from calculix_solver import CUBE
from romlib_converters.calculix import CalculixConverter

from romlib.errors import RomlibError
from romlib.testing.damage_bytes import damage

pytestmark = pytest.mark.skipif(shutil.which("ccx") is None, reason="no ccx on the PATH (Debian: calculix-ccx)")
MODEL = """*AMPLITUDE,NAME=A
0.,0.,1.,1.
*EQUATION
2
5,1,1.,6,1,-1.
*NSET,NSET=ONE,GENERATE
2,3,2
*TRANSFORM,NSET=ONE
1,0,0,0,1,0
*ORIENTATION,NAME=OR
0,1,0,-1,0,0
*INITIAL CONDITIONS,TYPE=TEMPERATURE
NALL,10.
*SURFACE,NAME=S
EALL,S2
*BOUNDARY
1,1,3
4,1
8,1
4,3,3
"""
STEP = """*STEP
*STATIC,DIRECT
0.5,1.
*CLOAD,AMPLITUDE=A
TOP,3,.1
7,1,.2
*DLOAD
EALL,GRAV,.1,0,0,1
EALL,CENTRIF,.01,0,0,0,0,0,1
*DSLOAD
S,P,.1
*TEMPERATURE
NALL,30.
5,40.
{}
U,RF,NT
*EL PRINT,ELSET=EALL
S,E,PEEQ
*END STEP
"""
OUTPUTS = {"text": "*NODE FILE", "double": "*NODE OUTPUT,DOUBLE,GLOBAL=NO"}


@pytest.fixture(scope="module", params=OUTPUTS)
def computed(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("computed")
    material = CUBE.replace("MATERIAL=M\n", "MATERIAL=M,ORIENTATION=OR\n").replace(
        "*DENSITY", "*PLASTIC\n5.,0.\n20.,.1\n*EXPANSION,ZERO=10.\n1e-5\n*DENSITY")
    (folder / "job.inp").write_text(material + MODEL + 2 * STEP.format(OUTPUTS[request.param]))
    subprocess.run(["ccx", "job"], cwd=folder, check=False, capture_output=True, timeout=60)
    CalculixConverter().convert(folder / "job.inp", folder / "whole.vtkhdf")
    return folder


@pytest.mark.parametrize("suffix", [".inp", ".frd", ".dat", ".sta"])
def test_damage_is_refused_by_name_or_read(computed, tmp_path, suffix):
    for whole in computed.glob("job.*"):
        shutil.copy(whole, tmp_path)
    data, draw, refused = (computed / f"job{suffix}").read_bytes(), random.Random(f"{computed.name}{suffix}"), 0
    for _ in range(20):
        content, words = damage(draw, data)
        (tmp_path / f"job{suffix}").write_bytes(content)
        try:
            CalculixConverter().convert(tmp_path / "job.inp", tmp_path / "x.vtkhdf")
        except RomlibError:
            refused += 1
        except Exception as error:
            raise AssertionError(f"{type(error).__name__} after {words}") from error
    assert refused > 0 or suffix == ".sta"  # without the times of the .sta those of the .frd are taken


@pytest.mark.parametrize(("head", "column"), [(b"    2C", 24), (b"    3C", 24), (b"  100C", 24)])
@pytest.mark.parametrize("count", [b"999999999999", b"          -5", b"           0"])
def test_a_count_that_cannot_be_is_refused_before_anything_is_made_of_it(computed, tmp_path, head, column, count):
    for whole in computed.glob("job.*"):
        shutil.copy(whole, tmp_path)
    data = (computed / "job.frd").read_bytes()
    at = data.index(head) + column
    (tmp_path / "job.frd").write_bytes(data[:at] + count + data[at + len(count):])
    tracemalloc.start()
    try:
        with pytest.raises(RomlibError):
            CalculixConverter().convert(tmp_path / "job.inp", tmp_path / "x.vtkhdf")
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()
