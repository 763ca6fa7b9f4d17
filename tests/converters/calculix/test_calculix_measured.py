"""What CalculiX does with decks that say a thing twice, in local axes, or with more fields than it reads: measured.

It is run on each deck; the check closes to rounding only where the converter reads the deck as CalculiX does.
"""

from __future__ import annotations

import re
import shutil
import subprocess

import numpy as np
import pytest
from calculix_ccx import FOOT, HOT, MATERIAL, block, closes, names, solved, step
from romlib_converters.calculix import CalculixConverter

from romlib.check import check
from romlib.errors import UnsupportedError
from romlib.snapshots.reader import Snapshots

pytestmark = pytest.mark.skipif(shutil.which("ccx") is None, reason="no ccx on the PATH (Debian: calculix-ccx)")
LOADED = "*CLOAD\nTOP,3,100.\n"
OTHER = "*MATERIAL,NAME=N\n*ELASTIC\n90000.,0.2\n*PLASTIC\n1.e5,0.\n*DENSITY\n1.e-9\n"


@pytest.mark.parametrize("system", ["TYPE=R\n1.,2.,0.,-2.,1.,0.5", "TYPE=C\n-1.,-1.,-1.,-1.5,-1.,3."])
def test_displacement_and_force_in_local_systems_are_turned_to_the_global_one(tmp_path, system):
    """Only in steps that ask for it, and at nodes that have a system: the rest is global already."""
    text = block("C3D8") + f"*TRANSFORM,NSET=RIGHT,{system}\n" + MATERIAL + FOOT
    pressed = "*DLOAD\nEALL,P2,50.\n"
    for output in ("*NODE OUTPUT,DOUBLE,GLOBAL=NO", "*NODE OUTPUT,GLOBAL=NO,DOUBLE,FREQUENCY=1"):
        both = step(pressed, output=output) + step("*DLOAD\nEALL,P2,20.\n")
        with solved(tmp_path, text + both) as snapshots:
            closes(snapshots)
    silent = step("*DLOAD\nEALL,P2,20.\n").replace("*NODE OUTPUT,DOUBLE\nU,RF,NT\n", "")
    with solved(tmp_path, text + step(pressed, output="*NODE OUTPUT,DOUBLE,GLOBAL=NO") + silent) as snapshots:
        assert snapshots.n_step == 8  # a request holds in the next step
        closes(snapshots)


def test_printed_stress_in_the_axes_of_a_section_is_turned(tmp_path):
    """One half of the block has axes, the other has none: rows with a name and rows without."""
    sections = MATERIAL.replace("*SOLID SECTION,ELSET=EALL,MATERIAL=M\n", (
        "*ORIENTATION,NAME=2Tilt\n1.,2.,0.5,-2.,1.,0.\n*ELSET,ELSET=HALF,GENERATE\n1,4\n*ELSET,ELSET=REST,GENERATE\n5,8\n"
        "*SOLID SECTION,ELSET=HALF,MATERIAL=M,ORIENTATION=TILT\n*SOLID SECTION,ELSET=REST,MATERIAL=M\n"))
    text = block("C3D8") + sections.replace("2Tilt", "Tilt") + FOOT
    with solved(tmp_path, text + step(LOADED)) as snapshots:
        assert re.search(r" TILT *$", (tmp_path / "job.dat").read_text(), re.MULTILINE)
        closes(snapshots)


def test_printed_stress_in_axes_that_turn_from_point_to_point_is_turned_at_each(tmp_path):
    axes = "*ORIENTATION,NAME=RING,SYSTEM=CYLINDRICAL\n-1.,-1.,0.,-1.,-1.,1.\n"
    text = block("C3D8") + axes + MATERIAL.replace("MATERIAL=M\n", "MATERIAL=M,ORIENTATION=RING\n") + FOOT
    for own, printed in (("", True), (",GLOBAL=YES", False)):
        with solved(tmp_path, text + step(LOADED).replace("ELSET=EALL\nS,E", f"ELSET=EALL{own}\nS,E")) as snapshots:
            assert ("RING" in (tmp_path / "job.dat").read_text()) is printed
            closes(snapshots)


def test_printed_stress_in_axes_that_the_deck_lacks_says_what_to_write(tmp_path):
    axes = "*ORIENTATION,NAME=RING\n1.,2.,0.5,-2.,1.,0.\n"
    text = block("C3D8") + axes + MATERIAL.replace("MATERIAL=M\n", "MATERIAL=M,ORIENTATION=RING\n") + FOOT
    with solved(tmp_path, text + step(LOADED)):
        pass
    deck = tmp_path / "job.inp"
    deck.write_text(deck.read_text().replace(axes, "").replace(",ORIENTATION=RING", ""))
    CalculixConverter().convert(deck, tmp_path / "job.vtkhdf")
    with Snapshots(tmp_path / "job.vtkhdf") as snapshots:
        notes = {one.name: one.description for one in snapshots.model.omissions}
        assert set(notes) == {"dat_stress", "dat_strain"}
        assert "axes of *ORIENTATION RING, which the deck does not have" in notes["dat_stress"]
        assert "GLOBAL=YES" in notes["dat_stress"]


def test_stress_at_nodes_in_the_axes_of_sections_is_left_out(tmp_path):
    axes = "*ORIENTATION,NAME=TILT\n1.,2.,0.5,-2.,1.,0.\n"
    text = block("C3D8") + axes + MATERIAL.replace("MATERIAL=M\n", "MATERIAL=M,ORIENTATION=TILT\n") + FOOT
    shown = step(LOADED + "*ELEMENT OUTPUT,DOUBLE,GLOBAL=NO\nS\n")
    with solved(tmp_path, text + shown) as snapshots:
        assert names(snapshots) == [("frd_STRESS", False)] and "nodal_stress" not in snapshots.fields
        closes(snapshots)


def test_tables_of_a_deck_without_temperature_give_their_first_row(tmp_path):
    text = block("C3D8") + HOT.replace("*SOLID", "*DENSITY\n7.8e-9,0.\n1.e-9,1000.\n*SOLID") + FOOT
    with solved(tmp_path, text + step("*CLOAD\nTOP,3,500.\n*DLOAD\nEALL,GRAV,1e9,0.,0.,-1.\n")) as snapshots:
        assert names(snapshots) == [("temperature_tables", False)] * 2
        assert snapshots.model.materials["M"].parameters["young"] == 200000.0
        assert closes(snapshots)["replay"].status == "pass"


def test_an_element_in_two_sections_belongs_to_the_last_one(tmp_path):
    some = "*ELSET,ELSET=SOME\n2,3,7\n"
    text = block("C3D8") + MATERIAL + OTHER + some + "*SOLID SECTION,ELSET=SOME,MATERIAL=N\n" + FOOT
    with solved(tmp_path, text + step(LOADED + "*DLOAD\nEALL,GRAV,1e9,0.,0.,-1.\n")) as snapshots:
        assert names(snapshots) == [("sections", False)]
        note = snapshots.model.omissions[0].description
        lines = [k for k, line in enumerate((text).splitlines(), 1) if line.startswith("*SOLID SECTION")]
        assert all(f"line {line} of job.inp" in note for line in lines) and note.startswith("3 elements")
        closes(snapshots)


def test_body_loads_of_later_steps_and_of_several_sets(tmp_path):
    """Loads of one direction on one set replace each other or add up; those of other directions or sets stay."""
    steps = [step("*DLOAD\nEALL,GRAV,1e9,0.,0.,-2.\nEALL,GRAV,5e8,0.,0.,-1.\nE1,GRAV,3e8,0.,0.,-1.\n"
                  "1,GRAV,2e8,0.,0.,-1.\n"),
             step("*DLOAD\nEALL,GRAV,2e9,0.,1.,0.\n"), step("*DLOAD\nEALL,GRAV,4e8,0.,0.,-1.\n"),
             step("*DLOAD,OP=NEW\nEALL,GRAV,1e9,1.,0.,0.\n"), step("*DLOAD\nE1,CENTRIF,4e7,0.,0.,0.,0.,0.,1.\n")]
    with solved(tmp_path, block("C3D8") + MATERIAL + FOOT + "".join(steps)) as snapshots:
        assert names(snapshots) == [("dload_order", False)] * 2
        closes(snapshots)


@pytest.mark.parametrize(("first", "second"), [("AB", "A"), ("A", "AB"), ("EALL", "8"), ("EALL", "Z"), ("Z", "A")])
def test_a_body_load_of_a_later_step_begins_where_another_one_ended(tmp_path, first, second):
    """The one before which it comes in a list that is sorted by names with an E behind them."""
    sets = "".join(f"*ELSET,ELSET={name}\n{ids}\n" for name, ids in (("A", "1,2,3"), ("AB", "2,5"), ("Z", "7,8")))
    text = block("C3D8") + sets + MATERIAL + FOOT + step(f"*DLOAD\n{first},GRAV,8e9,0.,0.,1.\n")
    text += step(f"*DLOAD\n{second},GRAV,2e9,0.,1.,0.\n{second},GRAV,3e9,1.,0.,0.\n") + step("*DLOAD,OP=NEW\n")
    with solved(tmp_path, text) as snapshots:
        closes(snapshots)


def test_two_centrifugal_loads_add_up_on_one_axis_and_are_refused_on_two(tmp_path):
    one = "EALL,CENTRIF,4e7,0.,0.,0.,0.,0.,1.\n"
    with solved(tmp_path, block("C3D8") + MATERIAL + FOOT + step(f"*DLOAD\n{one}{one}")
                + step(f"*DLOAD\n{one}")) as snapshots:
        closes(snapshots)
    for other in ("EALL,CENTRIF,1e7,3.,0.,0.,0.,0.,1.\n", "E1,CENTRIF,1e7,0.,0.,0.,0.,0.,1.\n"):
        text = block("C3D8") + MATERIAL + FOOT + step(f"*DLOAD\n{one}") + step(f"*DLOAD,OP=NEW\n{other}")
        first, second = (k for k, line in enumerate(text.splitlines(), 1) if line.startswith("*DLOAD"))
        (tmp_path / "job.inp").write_text(text)
        with pytest.raises(UnsupportedError, match=rf"(?s)two centrifugal.*line {second}.*line {first} of job"):
            CalculixConverter().read_case(tmp_path / "job.inp")


@pytest.mark.parametrize("kind", ["PLANE", "STRAIGHT", "BEAM"])
def test_a_multi_point_constraint_turns_finite_strain_on(tmp_path, kind):
    """Its nodes may be a set. With it the check does not close at strains of percents, and says why."""
    ids = "*NSET,NSET=LINE\n21,24,27\n" if kind != "BEAM" else "*NSET,NSET=LINE\n21,27\n"
    text = block("C3D8") + ids + MATERIAL + FOOT + f"*MPC\n{kind},LINE\n"
    (tmp_path / "job.inp").write_text(text + step("*CLOAD\nTOP,1,500.\n"))
    run = subprocess.run(["ccx", "job"], cwd=tmp_path, check=False, capture_output=True, text=True, timeout=60)
    assert "Nonlinear geometric effects are taken into account" in run.stdout
    CalculixConverter().convert(tmp_path / "job.inp", tmp_path / "job.vtkhdf")
    with Snapshots(tmp_path / "job.vtkhdf") as snapshots:
        assert names(snapshots) == [("mpc", False), ("nlgeom", True)]
        line = next(k for k, one in enumerate(text.splitlines(), 1) if one.startswith("*MPC"))
        assert f"*MPC (line {line} of job.inp)" in snapshots.model.omissions[1].description
        assert not check(snapshots).passed


def test_fields_and_names_that_the_solver_takes(tmp_path):
    """A fifth field of a node, more numbers than an element has nodes, a set that begins with a digit, D exponents."""
    text = block("C3D8").replace("NSET=TOP", "NSET=2End")
    lines = text.splitlines()
    lines[1:27] = [f"{line},7.,extra" for line in lines[1:27]]
    at = next(k for k, line in enumerate(lines) if line.startswith("*ELEMENT"))
    lines[at + 1:at + 9] = [f"{line},99,98" for line in lines[at + 1:at + 9]]
    deck = "\n".join(lines) + "\n" + MATERIAL.replace("200000.,0.3", "2.0D+5,3.-1,,,9") + "*BOUNDARY\nFOOT,1,3,0.,5\n"
    late = "*AMPLITUDE,NAME=LATE\n0.,0.,0.2,1.,0.4,3.,0.6,0.5,1.,100.\n"
    with solved(tmp_path, deck + step("*CLOAD,AMPLITUDE=LATE\n2END,3,1.D2,77\n") + late) as snapshots:
        assert names(snapshots) == [("amplitude_fields", False)]
        closes(snapshots)
        assert snapshots.read("displacement", 0, 3).max() > 0


def test_names_in_utf8_and_in_latin1(tmp_path):
    text = block("C3D8") + MATERIAL + FOOT + step(LOADED)
    text = text.replace("NAME=M", "NAME=Stähl").replace("MATERIAL=M", "MATERIAL=Stähl")
    for encoding in ("utf-8", "latin-1"):
        (tmp_path / "job.inp").write_bytes(text.encode(encoding))
        subprocess.run(["ccx", "job"], cwd=tmp_path, check=False, capture_output=True, timeout=60)
        CalculixConverter().convert(tmp_path / "job.inp", tmp_path / "job.vtkhdf")
        with Snapshots(tmp_path / "job.vtkhdf") as snapshots:
            assert list(snapshots.model.materials) == ["Stähl"]
            closes(snapshots)


def test_an_included_file_is_looked_for_in_the_folder_of_the_deck(tmp_path):
    """Also by a file in another folder; blanks in its name are dropped."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "mat.inc").write_text("*MATERIAL,NAME=M\n*INCLUDE,INPUT=el astic.inc\n*PLASTIC\n1.e5,0.\n")
    (tmp_path / "elastic.inc").write_text("*ELASTIC\n200000.,0.3\n")
    (tmp_path / "sub" / "elastic.inc").write_text("*ELASTIC\n70000.,0.3\n")
    (tmp_path / "el astic.inc").write_text("*ELASTIC\n1.,0.3\n")
    section = "*SOLID SECTION,ELSET=EALL,MATERIAL=M\n"
    text = block("C3D8") + '*INCLUDE, INPUT="sub/mat.inc"\n' + section + FOOT + step(LOADED)
    with solved(tmp_path, text) as snapshots:
        assert snapshots.model.materials["M"].parameters["young"] == 200000.0
        closes(snapshots)


def test_exponents_of_three_digits_are_read(tmp_path):
    """As a Windows build writes them: a number takes twelve characters, or thirteen with its sign."""
    with solved(tmp_path, block("C3D8") + MATERIAL + FOOT + step(LOADED, output="*NODE FILE")) as snapshots:
        expected = snapshots.read("displacement", 0, 3)
    data = (tmp_path / "job.frd").read_text()
    for tail in (r"(?=[ -]|$)", ):
        wide = re.sub(r" ?( ?-?\d\.\d{5}E[+-])(\d\d)" + tail, lambda m: m[1].strip() + "0" + m[2],
                      data, flags=re.MULTILINE)
    lines = [new if old.startswith((" -1", " -2")) else old for old, new in zip(data.split("\n"), wide.split("\n"))]
    assert {len(line) for line in lines if line.startswith(" -1")} > {49}
    (tmp_path / "job.frd").write_text("\n".join(lines))
    CalculixConverter().convert(tmp_path / "job.inp", tmp_path / "wide.vtkhdf")
    with Snapshots(tmp_path / "wide.vtkhdf") as snapshots:
        np.testing.assert_array_equal(snapshots.read("displacement", 0, 3), expected)
