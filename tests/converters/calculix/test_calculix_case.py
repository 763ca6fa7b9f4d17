"""From a CalculiX deck to a case that a ROM of another model refuses: convert --case, online, solve, offline."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from romlib_converters.calculix import CalculixConverter
from typer.testing import CliRunner

import romlib
from romlib.cli import app
from romlib.identity.cases import model_differences
from romlib.loads.temperature import temperature_at, temperature_terms
from romlib.snapshots.reader import Snapshots
from romlib.study import read_case_file
from romlib.study.deck_case import case_of_deck

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "offline"))
from small_problem import solve, write

runner = CliRunner()

DECK = """*NODE, NSET=EVERY
{nodes}*ELEMENT, TYPE=C3D8, ELSET=BODY
1, 1, 2, 5, 4, 7, 8, 11, 10
2, 2, 3, 6, 5, 8, 9, 12, 11
*NSET, NSET=ROOT
1, 4, 7, 10
*NSET, NSET=TIP
3, 6, 9, 12
*MATERIAL, NAME=IRON
*ELASTIC
1000., 0.25
*EXPANSION
1.E-4
*DENSITY
2.
*SOLID SECTION, ELSET=BODY, MATERIAL=IRON
*INITIAL CONDITIONS, TYPE=TEMPERATURE
EVERY, 0.
*BOUNDARY
ROOT, 1, 3
*STEP
*STATIC, DIRECT
0.5, 1.
*CLOAD
TIP, 3, -0.1
*DLOAD
BODY, GRAV, 0.2, 0., 0., -1.
*TEMPERATURE
TIP, 10.
*END STEP
"""
NODES = "".join(f"{1 + i + 3 * j + 6 * k}, {float(i)}, {float(j)}, {float(k)}\n"
                for k in range(2) for j in range(2) for i in range(3))
DECK = DECK.format(nodes=NODES)


def deck_of(folder: Path, name: str = "a", *edits: tuple[str, str]) -> Path:
    """A deck with these replacements in it."""
    text = DECK
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    (folder / f"{name}.inp").write_text(text)
    return folder / f"{name}.inp"


def run(folder: Path, path: Path) -> Path:
    """The snapshots file of a deck, with the solution of a solver of the tests."""
    deck = CalculixConverter().read_deck(path)
    times = np.array(deck.case.times.values)
    return write(folder / f"{path.stem}.vtkhdf", deck.mesh, deck.model, times, solve(deck.mesh, deck.model, times)[0])


def call(*arguments: object, code: int = 0) -> str:
    result = runner.invoke(app, [str(one) for one in arguments], env={"COLUMNS": "400"})
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the ROM of the deck."""
    folder = tmp_path_factory.mktemp("trained")
    run(folder, deck_of(folder))
    (folder / "study.toml").write_text('[study]\nname = "a"\n[[training]]\nsnapshots = "a.vtkhdf"\n'
                                       "[offline]\npod_tolerance = 1e-9\ncubature_tolerance = 1e-7\n")
    call("offline", folder / "study.toml", "-o", folder / "a.rom", "--skip-check")
    return folder


CASES = {
    "gravity": (("0., 0., -1.", "0., 1., 0."), "the load 'grav_BODY' (other.inp, *DLOAD)", "(0, 1, 0)"),
    "set of a force": (("TIP, 3, -0.1", "ROOT, 3, -0.1"), "the load 'force_ROOT_z' (other.inp, *CLOAD)",
                       "resultant (0, 0, 4) on 4 nodes"),
    "young": (("1000., 0.25", "500., 0.25"), "material 'IRON' (other.inp, *MATERIAL), young", "500"),
    "expansion": (("1.E-4", "2.E-4"), "material 'IRON' (other.inp, *MATERIAL), thermal_expansion", "0.0002"),
    "density": (("*DENSITY\n2.", "*DENSITY\n4."), "material 'IRON' (other.inp, *MATERIAL), density", "4"),
    "initial temperature": (("EVERY, 0.", "EVERY, 7."), "the initial temperature", "7 in the mean"),
    "constraint": (("ROOT, 1, 3", "ROOT, 1, 2"), "constraint 'ROOT_xy' (other.inp, *BOUNDARY)", "8 of them"),
    "coordinates": (("12, 2.0, 1.0, 1.0", "12, 2.5, 1.0, 1.0"), "the nodes of the mesh, by id and coordinates", "12"),
}


@pytest.mark.parametrize("what", CASES)
def test_a_case_of_another_deck_is_refused_with_the_line_and_what_was_trained(trained, tmp_path, what):
    edit, named, found = CASES[what]
    path = deck_of(tmp_path, "other", edit)
    for number, line in enumerate(path.read_text().splitlines(), 1):  # the line is told with the card
        card = line.split(",")[0]
        named = named.replace(f"(other.inp, {card})", f"(line {number} of other.inp, {card})")
    call("convert", "calculix", path, "--case", "-o", tmp_path / "other.toml")
    output = call("online", trained / "a.rom", "--case-file", tmp_path / "other.toml", "-o", tmp_path / "r.vtkhdf",
                  code=2)
    assert "the case differs from what was trained (a.vtkhdf)" in output and named in output and found in output
    assert not (tmp_path / "r.vtkhdf").exists()


def test_the_same_deck_in_other_sizes_and_words_is_solved(trained, tmp_path):
    words = [("TIP", "LOADED"), ("ROOT", "WALL"), ("IRON", "STEEL"), ("-0.1", "-0.2"), ("GRAV, 0.2", "GRAV, 0.4"),
             ("LOADED, 10.", "LOADED, 20.")]
    path = deck_of(tmp_path, "words", *words)
    call("convert", "calculix", path, "--case", "-o", tmp_path / "words.toml")
    call("online", trained / "a.rom", "--case-file", tmp_path / "words.toml", "-o", tmp_path / "r.vtkhdf")
    reference = run(tmp_path, path)
    with Snapshots(tmp_path / "r.vtkhdf") as result, Snapshots(reference) as expected:
        u, full = result.read("displacement", 0), expected.read("displacement", 0)
        assert u == pytest.approx(full, abs=1e-6 * np.abs(full).max())


def test_a_deck_with_another_temperature_field_is_solved_with_that_field(trained, tmp_path):
    path = deck_of(tmp_path, "other", ("TIP, 10.", "TIP, 10.\n2, 5."))
    assert "other.temperature.vtkhdf" in call("convert", "calculix", path, "--case", "-o", tmp_path / "other.toml")
    case, reference = read_case_file(tmp_path / "other.toml"), run(tmp_path, path)
    assert case.temperature.file == tmp_path / "other.temperature.vtkhdf"
    rom = romlib.load(trained / "a.rom")
    by_case, by_file = rom.solve(case), rom.solve(case, temperature=reference)
    assert any("taken from other.temperature.vtkhdf" in note for note in by_case.notes)
    np.testing.assert_allclose(by_case.coordinates, by_file.coordinates, rtol=1e-9, atol=1e-12)
    by_case.write(tmp_path / "r.vtkhdf")
    with Snapshots(tmp_path / "r.vtkhdf") as result, Snapshots(reference) as expected:
        found, right = (temperature_at(temperature_terms(one.model, one.mesh(0)), one.model.amplitudes, expected.times)
                        for one in (result, expected))
        np.testing.assert_allclose(found, right, atol=1e-12)
        u, full = result.read("displacement", 0), expected.read("displacement", 0)
        assert u == pytest.approx(full, abs=0.1 * np.abs(full).max())  # one field trained it


def test_a_temperature_of_another_conversion_is_refused(trained, tmp_path):
    for name, edit in (("one", ("TIP, 10.", "2, 5.")), ("two", ("TIP, 10.", "2, 6."))):
        call("convert", "calculix", deck_of(tmp_path, name, edit), "--case", "-o", tmp_path / f"{name}.toml")
    (tmp_path / "one.temperature.vtkhdf").write_bytes((tmp_path / "two.temperature.vtkhdf").read_bytes())
    assert "not the file of temperatures that belongs to the case" in call(
        "online", trained / "a.rom", "--case-file", tmp_path / "one.toml", code=2)
    (tmp_path / "one.temperature.vtkhdf").unlink()
    assert "no such file with a temperature" in call(
        "online", trained / "a.rom", "--case-file", tmp_path / "one.toml", code=2)


def test_a_load_that_the_deck_lacks_is_zero_and_not_as_it_was_trained(trained, tmp_path):
    path = deck_of(tmp_path, "less", ("*CLOAD\nTIP, 3, -0.1\n", ""))
    call("convert", "calculix", path, "--case", "-o", tmp_path / "less.toml")
    output = call("online", trained / "a.rom", "--case-file", tmp_path / "less.toml", "--json")
    assert "no load or displacement 'force_TIP_z': it is zero" in json.dumps(json.loads(output[output.index("{"):]))


EQUATION = ("*BOUNDARY\n", "*EQUATION\n2\n9, 2, 1., 12, 2, -1.\n*BOUNDARY\n")


def test_linear_relations_of_the_same_degrees_of_freedom_are_told_apart(tmp_path):
    def identity(name: str, *edits: tuple[str, str]):
        return case_of_deck(CalculixConverter().read_deck(deck_of(tmp_path, name, EQUATION, *edits))).identity

    tied = identity("tied")
    same = identity("same", ("9, 2, 1., 12, 2, -1.", "9,2,1.00,\n12,2,-1"))
    assert not any(model_differences(tied, same).values())
    (found,) = model_differences(tied, identity("half", ("12, 2, -1.", "12, 2, -0.5")))["constraints"]
    assert found.what.startswith("the linear relations constraint 'equation_y' (line ")
    (found,) = model_differences(tied, identity("other", ("12, 2, -1.", "6, 2, -1.")))["constraints"]
    assert "tied by linear relations" in found.what


SPRING = ("*STEP\n", "*NODE\n99, 2., 0., -1.\n*ELEMENT, TYPE=SPRINGA, ELSET=S\n9, 3, 99\n*SPRING, ELSET=S\n\n50.\n"
          "*STEP\n")


def test_what_the_deck_has_that_works_is_refused_unless_accepted(trained, tmp_path):
    for edit, name in ((SPRING, "spring"), (("*STEP\n", "*STEP, NLGEOM\n"), "nlgeom")):
        path, target = deck_of(tmp_path, name, edit), tmp_path / f"{name}.toml"
        output = call("convert", "calculix", path, "--case", "-o", target, code=2)
        assert "virtual work" in output and f"--accept {name}" in output and not target.exists()
        accepting = [part for one in CalculixConverter().read_deck(path).model.omissions if one.does_work
                     for part in ("--accept", one.name)]
        output = call("convert", "calculix", path, "--case", "-o", target, *accepting)
        assert "yes: accepted" in output and name in read_case_file(target).accepted
        assert f"has {name}, which is left out" in call("online", trained / "a.rom", "--case-file", target)
        target.write_text(target.read_text().replace("accepted = [", "accepted = [] # ["))
        assert "virtual work" in call("online", trained / "a.rom", "--case-file", target, code=2)
    assert "no omission of this name" in call("convert", "calculix", path, "--case", "-o", target, "--accept", "x",
                                              code=2)


def test_options_of_a_conversion_are_not_taken_and_ignored(tmp_path):
    path = deck_of(tmp_path)
    for option in (("--pieces", 2), ("--option", "dat=false")):
        assert "the deck alone" in call("convert", "calculix", path, "--case", "-o", tmp_path / "c.toml", *option,
                                        code=2)
    assert "--case" in call("convert", "calculix", path, "-o", tmp_path / "c.vtkhdf", "--accept", "x", code=2)


def test_units_of_a_case_are_compared_where_they_are_stated(trained, tmp_path):
    path = deck_of(tmp_path)
    call("convert", "calculix", path, "--case", "-o", tmp_path / "c.toml", "--units", "m, N, Pa, s")
    assert "the units" in call("online", trained / "a.rom", "--case-file", tmp_path / "c.toml", code=2)


def test_runs_of_decks_that_differ_do_not_train_one_rom(tmp_path):
    for name, edit in (("a", ("TIP", "TIP")), ("b", ("1000., 0.25", "500., 0.25"))):
        run(tmp_path, deck_of(tmp_path, name, edit))
    study = tmp_path / "study.toml"
    runs = "".join(f'[[training]]\nsnapshots = "{name}.vtkhdf"\n' for name in "ab")
    study.write_text(f'[study]\nname = "a"\n{runs}')
    output = call("offline", study, "-o", tmp_path / "a.rom", "--skip-check", code=2)
    assert "material 'IRON', young" in output and "a.vtkhdf" in output and "b.vtkhdf" in output
    assert "1000" in output and "500" in output and not (tmp_path / "a.rom").exists()


def test_a_tie_lets_the_solver_move_nodes_so_that_coordinates_are_not_the_decks(tmp_path):
    tied = ("*BOUNDARY\n", "*SURFACE, NAME=ONE, TYPE=NODE\nTIP\n*SURFACE, NAME=TWO, TYPE=ELEMENT\n1, S1\n"
                           "*TIE, NAME=T{adjust}\nONE, TWO\n*BOUNDARY\n")
    for adjust, tolerance in (("", 0.01), (", ADJUST=NO", 0.0)):
        path = deck_of(tmp_path, "tied", (tied[0], tied[1].format(adjust=adjust)))
        assert CalculixConverter().read_deck(path).tolerance == tolerance
