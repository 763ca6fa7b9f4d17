"""Every key of a study and of a case file with every kind of wrong value: a StudyError, or something that works."""

from __future__ import annotations

import copy
import json
import os
import tomllib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from romlib.errors import InputError, StudyError
from romlib.laws.registry import build_law
from romlib.loads.amplitudes import evaluate
from romlib.model import Times
from romlib.study import Study, read_case_file

STUDY = """
[study]
name = "plate"
units = "mm, N, MPa, s"
accept = ["contact"]
[mesh]
file = "plate.msh"
converter = "meshio"
pieces = 2
quadrature = { hex8 = "hex_gauss_8" }
[materials.plate]
cells = "all"
law = "mises"
density = 8e-9
parameters = { young = { temperature = [0, 100], value = [7e4, 6e4] }, poisson = 0.2, yield = 243 }
thermal_expansion = { coefficient = 1e-5, reference_temperature = 20.0, strain_free_temperature = 20.0 }
[tags.symx]
nodes = { array = "symx", value = 1 }
[tags.loaded]
faces = { plane = { point = [0, 0, 0], normal = [1, 0, 0], tolerance = 1e-6 } }
[tags.hot]
cells = { box = { min = [0, 0, 0], max = [1, 1, 1] } }
[constraints.symx]
nodes = "symx"
components = ["x"]
kind = "prescribed"
value = 1.0
description = "a plane"
[loads.traction]
kind = "traction"
faces = "loaded"
direction = [0, 1, 0]
value = { array = "pattern" }
[loads.spin]
kind = "centrifugal"
cells = "all"
center = [0, 0, 0]
axis = [0, 0, 1]
speed = 100.0
[loads.heat]
kind = "temperature"
field = 1.0
[initial]
time = 0.0
temperature = 20.0
[[training]]
snapshots = "train_A95.vtkhdf"
name = "first"
amplitudes.traction = "95*sin(2*pi*t)"
[[training]]
snapshots = "runs/train_A120.vtkhdf"
amplitudes.traction = { time = [0, 1], value = [0, 120], period = 1.0, start = 0.0, end = 5.0 }
[offline]
pod_tolerance = 1e-4
cubature_tolerance = 1e-4
dual_fields = ["stress", "p"]
[check]
stress = 1e-5
[cases.test]
description = "x"
times = { start = 0.0, stop = 1.0, step = 0.025 }
amplitudes.traction = { expression = "110*sin(2*pi*t)" }
amplitudes.heat = 20
amplitudes.spin = { csv = "load.csv", period = 2.0 }
[cases.listed]
times = [0.0, 0.5, 1.0]
amplitudes.spin = "load.csv"
"""
CASE = """
description = "x"
times = { start = 0.0, stop = 1.0, step = 0.25 }
amplitudes.traction = { time = [0, 1], value = [0, 120], period = 1.0, start = 0.0, end = 5.0 }
amplitudes.heat = 20
amplitudes.spin = "load.csv"
"""
# As TOML writes them.
HOSTILE = (
    "nan", "inf", "-inf", "-1", "0", "1", "1e308", "-1e308", "1e-300", "9223372036854775807", "1" + "0" * 30,
    "1" + "0" * 400, "true", '""', '"x"', '"a\\u0000b"', '"' + "long" * 5000 + '"', '"\\u001b[31m"', '"9**9**9"',
    '"1/t"', '"(-1)**0.5"', '"' + "(" * 200 + "t" + ")" * 200 + '"', '"' + "-" * 900 + 't"', '"load.csv"',
    '"absent.csv"', '"."', '"/dev/zero"', '"/dev/null"', '"fifo.csv"', "[]", "[nan]", "[1, 0]", "[0, 1e-320]",
    '["x"]', "[[1]]", "{}",
    "{ x = 1 }", "{ array = 1 }", "[" * 15 + "]" * 15, "1979-05-27", "07:32:00",
    "{ start = 0.0, stop = 1e300, step = 1e-300 }", "{ stop = 1.0, step = 1e-300 }", "{ stop = 1.0, step = 1e-9 }",
    "{ stop = nan, step = 1.0 }", "{ start = 1e16, stop = 1.00000001e16, step = 0.1 }", "{ time = [0], value = [nan] }",
    "{ time = [0, 1], value = [0, 1e308], period = 1e-300 }", "{ time = [0, 1], value = [-1e308, 1e308] }",
    "{ time = [1, 0], value = [0, 1] }", "{ csv = 1 }", '{ csv = "load.csv", time = [0] }', '{ expression = "t" }',
    '{ expression = "' + "9" * 900 + '" }', '{ kind = "expression" }', '{ kind = [1], time = 1 }')
KEYS = ('""', '"a.b"', '"' + "k" * 3000 + '"', '"\\u001b[31m"', '"a\\u0000b"', "nme", "kind")


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """Paths of every table, list and value below."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in items:
        yield (*path, key)
        yield from places(entry, (*path, key))


def toml(value: Any) -> str:
    """A value as inline TOML; `Raw` texts as they are."""
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, dict):
        return "{ " + document(value).replace("\n", ", ").removesuffix(", ") + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value) if isinstance(value, (str, bool)) else repr(value)


class Raw:
    """Text that goes into the file as it is."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


def document(content: dict[Any, Any]) -> str:
    return "".join(f"{key if isinstance(key, Raw) else json.dumps(key)} = {toml(value)}\n"
                   for key, value in content.items())


def at(content: Any, path: tuple) -> Any:
    for key in path:
        content = content[key]
    return content


def use(read, path) -> None:
    """Read the file, and go on as far as costs little; anything but a romlib error is raised."""
    try:
        declared = read(path)
        cases = declared.cases.values() if isinstance(declared, Study) else [declared]
        for case in cases:
            times = case.times.instants()
            assert len(times) <= 5_000_001 and np.isfinite(times).all() and (np.diff(times) > 0).all()
            for amplitude in case.amplitudes.values():
                assert np.isfinite(evaluate(amplitude, times[:1000])).all()
        if isinstance(declared, Study):
            for material in declared.materials.values():
                build_law(material)
            for run in declared.training:
                for amplitude in run.amplitudes.values():
                    evaluate(amplitude, np.linspace(0, 1, 5))
            declared.run_of(path)
    except InputError as error:
        message = str(error)
        assert len(message) < 20_000 and "\0" not in message
        if isinstance(error, StudyError):
            assert str(path) in message


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "load.csv").write_text("0,0\n1,2.5\n")
    os.mkfifo(tmp_path / "fifo.csv")
    return tmp_path


def raw(text: str) -> dict[str, Any]:
    return tomllib.loads(text)


@pytest.mark.parametrize(("read", "text"), [(Study.read, STUDY), (read_case_file, CASE)], ids=["study", "case"])
def test_every_key_with_hostile_values_is_refused_or_works(folder, read, text):
    path, content = folder / "file.toml", raw(text)
    path.write_text(document(content))
    use(read, path)  # the writer of this test writes what the reader reads
    assert read(path)
    for row, place in enumerate(places(content)):
        for hostile in HOSTILE[row % 5::5]:  # a fifth of them, another fifth at the next key
            changed = copy.deepcopy(content)
            at(changed, place[:-1])[place[-1]] = Raw(hostile)
            path.write_text(document(changed))
            use(read, path)


@pytest.mark.parametrize(("read", "text"), [(Study.read, STUDY), (read_case_file, CASE)], ids=["study", "case"])
def test_keys_removed_added_and_misspelt_are_refused_or_harmless(folder, read, text):
    path, content = folder / "file.toml", raw(text)
    for place in [(), *places(content)]:
        tables = [place] if isinstance(at(content, place), dict) else []
        for table in tables:
            for key in KEYS:
                changed = copy.deepcopy(content)
                at(changed, table)[Raw(key)] = 1
                path.write_text(document(changed))
                use(read, path)
        if place:
            changed = copy.deepcopy(content)
            del at(changed, place[:-1])[place[-1]]
            path.write_text(document(changed))
            use(read, path)


@pytest.mark.parametrize("content", [
    b"", b"\xef\xbb\xbf", b"\xff\xfe[\0s\0", b"\0", b"a = 1\na = 2\n", b"[a]\n[a]\n", b"[" * 100_000,
    b"a = " + b"[" * 100_000,
    b"a = " + b"{b=" * 5000, b".".join([b"a"] * 100_000) + b" = 1", b"a" * 10**6, b"a = 1" + b"0" * 10_000,
    b"".join(b"k%d = 1\n" % k for k in range(30_000)), b"[study]\r\nname = \"x\"\r\n[mesh]\r\nfil = 1\r\n",
    b"a = \"\\ud800\"",
    b"[study]\nname = 'x'\n[cases]\n" + b"".join(b"c%d = 1\n" % k for k in range(20_000)),
], ids=range(16))
def test_a_file_that_is_no_study_is_refused(folder, content):
    path = folder / "file.toml"
    path.write_bytes(content)
    for read in (Study.read, read_case_file):
        with pytest.raises(StudyError) as error:
            read(path)
        assert str(path) in str(error.value) and len(str(error.value)) < 20_000


def test_an_integer_of_thousands_of_digits_is_refused_however_it_is_written(folder):
    for number in ("0x" + "f" * 6000, "0b" + "1" * 20000, "1" * 5000, "0x" + "f" * 20):
        path = folder / "file.toml"
        path.write_text(f"[study]\nname = 'a'\nlevel = {number}\n")
        with pytest.raises(StudyError, match=r"integer that is too large|too many digits"):
            Study.read(path)


def test_a_byte_order_mark_and_line_ends_of_other_systems_are_read(folder):
    path = folder / "case.toml"
    path.write_bytes(b"\xef\xbb\xbf" + CASE.replace("\n", "\r\n").encode())
    assert read_case_file(path).times == Times(start=0.0, stop=1.0, step=0.25)


@pytest.mark.parametrize(("content", "words"), [
    (b"0,0\n1,nan\n", "line 2"), (b"0,0\n1,1e400\n", "line 2"), (b"1,0\n0,1\n", "decrease"), (b"", "no lines"),
    (b"\0\0\0", "line 1"), (b"\xff\xfe0\0", "not a text file"), (b"0;1,5\n", "line 1"), (b"0,1,2\n", "line 1"),
    (b'"0,1\n', "line 1"), (b"0\t1\t2\n", "line 1"), (b"a,b\nc,d\n", "line 2"), (b"1" * 200_000 + b",1\n", "line 1")])
def test_a_damaged_csv_file_is_refused_by_line(folder, content, words):
    (folder / "load.csv").write_bytes(content)
    path = folder / "case.toml"
    path.write_text(CASE)
    with pytest.raises(StudyError) as error:
        read_case_file(path)
    assert words in str(error.value) and "amplitudes.spin" in str(error.value) and len(str(error.value)) < 2000


def test_a_large_csv_file_is_read(folder):
    (folder / "load.csv").write_text("".join(f"{k},{k % 7}\n" for k in range(100_000)))
    path = folder / "case.toml"
    path.write_text(CASE)
    assert len(read_case_file(path).amplitudes["spin"].time) == 100_000
