"""Cases to begin with: those of a ROM are solved as they are written."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hand_made_rom import affine, hand_made_rom, write_both
from terminal import as_json, run

from romlib.mesh.box import box_mesh
from romlib.model import Case, Constraint, Material, Model, TableAmplitude, Traction
from romlib.study import read_case_file

SIDES = (("x", "xmin"), ("y", "ymin"), ("z", "zmin"))
MODEL = Model(
    materials={"bar": Material(law="mises", parameters={"young": "E", "poisson": 0.3, "yield": 200.0})},
    constraints={name: Constraint(nodes=tag, components=(name,)) for name, tag in SIDES},
    loads={"pull": Traction(faces="xmax", direction=(1, 0, 0)),
           "long name": Traction(faces="ymax", direction=(0, 1, 0))},
    amplitudes={"pull": "100*t", "long name": {"time": [0, 1, 2], "value": [0, 20, 0]}}, parameters={"E": 2e5})
CASES = {"first": Case(times=[0.0, 0.1, 0.2, 0.30000000000000004], amplitudes=MODEL.amplitudes,
                       parameters={"E": 2.1e5}),
         "second": Case(times={"stop": 1.0, "step": 0.25}, amplitudes={
             "pull": TableAmplitude(time=tuple(range(100)), value=tuple(range(100)))})}


@pytest.fixture
def rom(tmp_path):
    found, data = hand_made_rom([box_mesh("hex8", (2, 1, 1))], MODEL, [affine(0), affine(1), affine(2)], cases=CASES)
    manifest = replace(found.manifest, trained_parameters={"E": (1.9e5, 2.1e5)})
    return write_both(tmp_path / "bar.rom", replace(found, manifest=manifest), data)


def test_a_case_of_a_rom_has_its_loads_times_and_parameters_and_is_solved(rom, tmp_path):
    path = tmp_path / "case.toml"
    found = as_json("init", "case", rom, "-o", path)
    case = read_case_file(path)
    assert case.amplitudes == CASES["first"].amplitudes and case.parameters == {"E": 2.1e5}
    np.testing.assert_allclose(case.times.instants(), [0, 0.1, 0.2, 0.3])
    text = path.read_text()
    assert "trained from 190000 to 210000" in text and "0.30000000000000004" not in text and found["fill_in"] == []
    assert as_json("online", rom, "--case-file", path)["steps"] == 3


def test_another_case_of_the_rom_may_be_the_beginning_and_a_long_table_is_left_where_it_is(rom, tmp_path):
    path = tmp_path / "case.toml"
    run("init", "case", rom, "-o", path, "--like", "second")
    case = read_case_file(path)
    assert "pull" not in case.amplitudes and "long name" in case.amplitudes
    assert "between 0 and 99" in path.read_text()
    assert "did you mean 'second'" in run("init", "case", rom, "--like", "Second", "-o", tmp_path / "c", code=2).stderr


def test_a_case_of_nothing_is_a_case_and_says_what_is_missing(tmp_path):
    found = as_json("init", "case", "-o", tmp_path / "case.toml")
    assert list(read_case_file(tmp_path / "case.toml").amplitudes) == ["load"] and len(found["fill_in"]) == 1


def test_a_case_is_of_one_rom(tmp_path):
    (tmp_path / "x.vtkhdf").write_text("nothing")
    assert "one ROM" in run("init", "case", "a.rom", "b.rom", "-o", tmp_path / "c.toml", code=2).stderr
    assert "x.vtkhdf" in run("init", "case", tmp_path / "x.vtkhdf", "-o", tmp_path / "c.toml", code=2).stderr
    assert not (tmp_path / "c.toml").exists()
