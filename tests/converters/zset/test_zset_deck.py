from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from romlib_converters.zset import ZsetConverter
from romlib_converters.zset.deck import deck_times, read_deck
from romlib_converters.zset.model import read_materials
from romlib_converters.zset.tree import read_tree
from zset_files import DECK, STEEL

from romlib.errors import FileFormatError, UnsupportedError
from romlib.loads.amplitudes import evaluate
from romlib.model import Centrifugal, Pressure

TABLES = """
 ***table
  **cycle up 0. 2.
   *time 0. 1. 2.
   *value 0. 1.
     0.5
  **name once
   *time 0. 4.
   *value 0. 8.
"""


def deck(tmp_path, text):
    path = tmp_path / "small.inp"
    path.write_text(text)
    return read_deck(path)


def with_bc(lines, more=TABLES):
    return DECK.replace("   fixed U1 0.0   % a comment\n", lines).replace(" ***material", more + " ***material")


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from("abc")), min_size=1, max_size=12))
def test_the_tree_nests_by_stars(tmp_path_factory, keywords):
    """A keyword's parent is the last one before it with more stars."""
    path = tmp_path_factory.mktemp("tree") / "deck.inp"
    path.write_text("\n".join("*" * stars + f"{name}{k}" for k, (stars, name) in enumerate(keywords)))
    parents = {}

    def walk(block):
        for child in block.children:
            parents[child.name] = (block.name, block.stars)
            walk(child)

    walk(read_tree(path))
    for k, (stars, name) in enumerate(keywords):
        above = [(f"{n}{j}", s) for j, (s, n) in enumerate(keywords[:k]) if s > stars]
        last = above[-1] if above else ("", 5)
        assert parents[f"{name}{k}"] == last


def test_comments_and_includes(tmp_path):
    (tmp_path / "more").write_text("  **impose_nodal_dof\n   top U2 0.  % or # this\n")
    found = deck(tmp_path, DECK.replace(" ***material", " @include more\n # nothing\n ***material"))
    assert set(found.constraints) == {"fixed_U1", "top_U2"}
    with pytest.raises(FileFormatError, match="include"):
        deck(tmp_path, DECK.replace(" ***material", " @include small.inp\n ***material"))


def test_zero_displacement_is_fixed_and_another_is_prescribed(tmp_path):
    found = deck(tmp_path, with_bc("   fixed U1 0.0\n   top U3 0.25 up\n   side U2 0.5 up\n   end U2 -1. once\n"))
    assert found.constraints["fixed_U1"].kind == "fixed" and "fixed_U1" not in found.amplitudes
    prescribed = found.constraints["up_top_U3"]
    assert (prescribed.kind, prescribed.value, prescribed.components) == ("prescribed", 0.25, ("z",))
    assert found.constraints["up_side_U2"].value == 0.5 and found.constraints["once"].value == -1.0
    np.testing.assert_allclose(evaluate(found.amplitudes["once"], np.array([1.0, 9.0])), [2.0, 8.0])


def test_the_end_of_a_cycle_has_the_value_of_its_end(tmp_path):
    found = deck(tmp_path, with_bc("   top U3 1. up\n"))
    values = evaluate(found.amplitudes["up"], np.array([0.0, 0.5, 1.0, 2.0, 2.5, 4.0]))
    np.testing.assert_allclose(values, [0.0, 0.5, 1.0, 0.5, 0.5, 0.5])


def test_pressure_changes_sign(tmp_path):
    """Zset's nodal force is along the outward normal, romlib's pressure pushes against it."""
    found = deck(tmp_path, with_bc("  **pressure\n   a file p.node up\n   b 3. once\n   c file q.node 2 once\n"))
    assert found.loads["up"] == Pressure(faces="a", value={"array": "p"})
    assert found.loads["once_b"] == Pressure(faces="b", value=3.0)
    assert found.loads["once_c"] == Pressure(faces="c", value={"array": "q_2"})
    assert evaluate(found.amplitudes["up"], np.array([1.0]))[0] == -1.0


@pytest.mark.parametrize("text", ["ALL_ELEMENT (1. -2 3) d2 100. up", "ALL_ELEMENT ( 1. -2 3 ) (0 1 0) 100. up"])
def test_centrifugal(tmp_path, text):
    found = deck(tmp_path, with_bc(f"  **centrifugal\n   {text}\n"))
    assert found.loads["up"] == Centrifugal(cells="all", center=(1, -2, 3), axis=(0, 1, 0), speed=100.0)


def test_what_does_work_and_is_not_read_is_an_omission(tmp_path):
    found = deck(tmp_path, with_bc("  **hydro_pressure\n   a 3. up\n", TABLES + " ***contact\n  **zone a b\n"))
    assert {(o.name, o.does_work) for o in found.omissions} == {("hydro_pressure", True), ("contact", True)}
    assert "a 3. up" in found.omissions[0].description


@pytest.mark.parametrize(("old", "new", "error", "found"), [
    ("fixed U1 0.0", "fixed T 0.0", UnsupportedError, "T"),
    ("fixed U1 0.0", "fixed U1", FileFormatError, "fixed U1"),
    ("fixed U1 0.0", "fixed U1 zero", FileFormatError, "zero"),
    ("fixed U1 0.0", "fixed U1 1. nowhere", FileFormatError, "nowhere"),
    ("***mesh", "***mesh updated_lagrangian", UnsupportedError, "updated_lagrangian"),
    ("***mesh", "***mesh plane_strain", UnsupportedError, "plane_strain"),
    ("****calcul", "****calcul thermal_transient", UnsupportedError, "thermal_transient"),
    ("***material", "***init_dof_value U uniform 1.\n ***material", UnsupportedError, "1."),
    ("***material", "***parameter\n **ascii_file temperature\n ***material", UnsupportedError, "ascii_file"),
    ("***material", "***parameter\n **file temperature\n  *ip\n ***material", UnsupportedError, "ip"),
    ("*file steel", "*file steel\n   *rotation x1 x2", UnsupportedError, "rotation"),
    ("****calcul", "****mesher", FileFormatError, "mesher"),
])
def test_what_cannot_be_read_is_refused_by_name(tmp_path, old, new, error, found):
    with pytest.raises(error) as caught:
        deck(tmp_path, DECK.replace(old, new))
    assert found in str(caught.value.found) and "small.inp" in str(caught.value.file)


@pytest.mark.parametrize(("old", "new"), [
    ("0.5", "0.5 7."), ("0. 1. 2.\n", "0. 2. 1.\n"), ("0. 1. 2.\n", "0. 1. 3.\n"), ("up 0. 2.", "up 0."),
])
def test_table_that_contradicts_itself_is_refused(tmp_path, old, new):
    assert old in TABLES
    with pytest.raises(FileFormatError, match="table"):
        deck(tmp_path, with_bc("   top U3 1. up\n", TABLES.replace(old, new)))


def test_table_that_nothing_uses_does_no_harm(tmp_path):
    assert deck(tmp_path, DECK.replace(" ***material", " ***table\n  **function f sin(time);\n ***material"))
    with pytest.raises(UnsupportedError, match="function"):
        deck(tmp_path, with_bc("   top U3 1. f\n", " ***table\n  **function f sin(time);\n"))


def test_increments_of_every_cycle_and_sequence(tmp_path):
    text = DECK.replace("**cycles 1", "**cycles 3").replace("*time 1.", "*time 1. 3.").replace("*increment 2",
                                                                                              "*increment 2 1")
    np.testing.assert_allclose(deck_times(deck(tmp_path, text)), [0, 0.5, 1, 3, 3.5, 4, 6, 6.5, 7, 9])
    with pytest.raises(FileFormatError, match="increasing times"):
        deck_times(deck(tmp_path, text.replace("1. 3.", "3. 1.")))


@pytest.mark.parametrize(("lines", "names"), [
    ("  *file steel", {"steel": "all"}),
    ("  **elset a\n   *file steel\n  **elset b\n   *file steel", {"steel_a": "a", "steel_b": "b"}),
    ("  *elset a\n  *file steel\n  *elset b\n  *file other", {"steel": "a", "other": "b"}),
    ("  *file steel\n  **elset b\n   *file other 2", {"steel": "other_cells", "other": "b"}),
    ("  *this_file", {"small": "all"}),
])
def test_materials_on_elsets(tmp_path, lines, names):
    (tmp_path / "steel").write_text(STEEL)
    (tmp_path / "other").write_text(STEEL + STEEL)
    found = read_materials(deck(tmp_path, DECK.replace("  *file steel", lines) + STEEL))
    assert {material.name: material.cells for material in found} == names


TEMPERATURE = """ ***parameter
  **file temperature
   *node
   *rec_size 4
"""


def history(tmp_path, rows):
    np.full(4, 20.0, ">f4").tofile(tmp_path / "cold.node")
    np.array([20, 40, 60, 80], ">f4").tofile(tmp_path / "hot.node")
    (tmp_path / "small.inp").write_text(DECK.replace(" ***material", TABLES + TEMPERATURE + rows + " ***material"))
    return ZsetConverter().read_case(tmp_path / "small.inp").amplitudes


def test_both_ways_to_write_a_temperature_give_the_same_loads(tmp_path):
    table = TABLES.replace("*value 0. 1.\n     0.5", "*value 0. 1. 0.")
    assert table != TABLES
    one = history(tmp_path, "   *cycle_conversion 0. 8. 2.\n   function 0.+cycle*2.; file cold.node 1\n"
                            "   function 1.+cycle * 2. ; file hot.node\n   function 2.+cycle*2.; uniform 20.\n")
    (tmp_path / "other").mkdir()
    text = TEMPERATURE + "   *base_temperature constant 20.\n   *max_temperature file hot.node\n   *table up\n"
    np.array([20, 40, 60, 80], ">f4").tofile(tmp_path / "other" / "hot.node")
    path = tmp_path / "other" / "small.inp"
    path.write_text(DECK.replace(" ***material", table + text + " ***material"))
    two = ZsetConverter().read_case(path).amplitudes
    times = np.linspace(0.0, 8.0, 33)
    assert set(one) == set(two) == {"temperature_uniform", "hot"}
    for name in one:
        np.testing.assert_allclose(evaluate(one[name], times), evaluate(two[name], times), atol=1e-12)
    np.testing.assert_allclose(evaluate(one["hot"], np.array([0.5, 1, 3, 4])), [0.5, 1, 1, 0])
    np.testing.assert_allclose(evaluate(one["temperature_uniform"], np.array([0, 0.5, 1, 4])), [20, 10, 0, 20])


def test_fixed_times_do_not_repeat(tmp_path):
    found = history(tmp_path, "   0. uniform 10.\n   2. file hot.node 1\n")
    np.testing.assert_allclose(evaluate(found["hot"], np.array([1.0, 2.0, 5.0])), [0.5, 1.0, 1.0])


@pytest.mark.parametrize(("rows", "what"), [
    ("   *cycle_conversion 1. 8. 2.\n   function 1.+cycle*2.; uniform 3.\n", "start at time zero"),
    ("   *cycle_conversion 0. 8. 2.\n   function 1.+cycle*3.; uniform 3.\n", "advance by the period"),
    ("   *cycle_conversion 0. 8. 2.\n   function sin(cycle); uniform 3.\n", "function of the cycle"),
    ("   *cycle_conversion 0. 8. 2.\n   0. uniform 1.\n   function 1.+cycle*2.; uniform 3.\n", "mix"),
    ("   1. function x;\n", "description of a temperature"),
])
def test_temperature_that_cannot_be_read_is_refused(tmp_path, rows, what):
    with pytest.raises(UnsupportedError, match=what):
        history(tmp_path, rows)
