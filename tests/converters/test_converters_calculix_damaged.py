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

pytestmark = pytest.mark.skipif(shutil.which("ccx") is None, reason="no ccx on the PATH (Debian: calculix-ccx)")
WORDS = [b"999999999999", b"-1", b"0", b"1e30", b"1e308", b"nan", b"-", b"1.5", b"99999999999999999999", b"\x00",
         b"\xb2", b"2147483648", b",,,", b"1000000000", b"*"]
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


def damaged(data: bytes, draw: random.Random) -> bytes:
    """Cut, bits turned, bytes removed or exchanged, lines removed, repeated or exchanged, a field replaced."""
    kind, text = draw.randrange(8), bytearray(data)
    if kind == 0:
        return data[:draw.randrange(len(data))]
    if kind == 1:
        for _ in range(draw.randrange(1, 6)):
            text[draw.randrange(len(text))] ^= 1 << draw.randrange(8)
        return bytes(text)
    if kind == 2:
        at = draw.randrange(len(text))
        del text[at:at + draw.randrange(1, 40)]
        return bytes(text)
    if kind == 3:
        a, b = draw.randrange(len(text)), draw.randrange(len(text))
        text[a], text[b] = text[b], text[a]
        return bytes(text)
    lines = data.split(b"\n")
    a, b = draw.randrange(len(lines)), draw.randrange(len(lines))
    if kind == 4:
        del lines[a]
    elif kind == 5:
        lines[a:a] = [lines[a]] * draw.randrange(1, 4)
    elif kind == 6:
        lines[a], lines[b] = lines[b], lines[a]
    else:
        separator = b"," if b"," in lines[a] else b" "
        fields = lines[a].split(separator)
        fields[draw.randrange(len(fields))] = draw.choice(WORDS)
        lines[a] = separator.join(fields)
    return b"\n".join(lines)


@pytest.mark.parametrize("suffix", [".inp", ".frd", ".dat", ".sta"])
def test_damage_is_refused_by_name_or_read(computed, tmp_path, suffix):
    for whole in computed.glob("job.*"):
        shutil.copy(whole, tmp_path)
    data, draw, refused = (computed / f"job{suffix}").read_bytes(), random.Random(f"{computed.name}{suffix}"), 0
    for _ in range(20):
        (tmp_path / f"job{suffix}").write_bytes(damaged(data, draw))
        try:
            CalculixConverter().convert(tmp_path / "job.inp", tmp_path / "x.vtkhdf")
        except RomlibError:
            refused += 1
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
