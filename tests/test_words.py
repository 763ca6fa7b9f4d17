"""Counts, lists and names in messages, and that no message prints a Python list."""

from __future__ import annotations

import ast

import pytest
from test_imports import modules

from romlib.words import closest, closest_name, listed, one_of, placed, plural, readable, shortlist, unknown


@pytest.mark.parametrize(("said", "expected"), [
    (plural(1, "piece"), "1 piece"), (plural(0, "piece"), "0 pieces"), (plural(181, "point"), "181 points"),
    (plural(1.0, "body", "bodies"), "1 body"), (plural(2, "body", "bodies"), "2 bodies"),
    (shortlist("node", [7]), "node 7"), (shortlist("node", range(12), 3), "nodes 0, 1, 2 ..."),
    (listed(["a", "b"]), "a, b"), (listed([]), "none"), (one_of(["a", "b"]), "one of a, b"),
    (one_of([]), "nothing: there are none"),
    (placed([70.0, -8.5725e-16, -7.0]), "(70, 0, -7)"), (placed([39.39492294, 1e-9, 0.0]), "(39.3949, 1e-09, 0)"),
    (placed([0.0, 0.0, 0.0]), "(0, 0, 0)"),
])
def test_counts_and_lists_are_words(said, expected):
    assert said == expected


def test_the_closest_name_is_the_one_that_differs_in_case_alone():
    allowed = ["symx_", "symz", "symX", "symy"]
    assert closest_name("symx", allowed) == "symX"
    assert closest_name("SYMZZ", ["other", "symz"]) == "symz"
    assert closest_name("nothing like it", allowed) is None and closest_name(3, []) is None


def test_a_wrong_name_is_answered_with_the_list_and_a_remedy():
    assert unknown("tractoin", ["traction", "heat"]) == {
        "expected": "one of traction, heat", "found": "'tractoin'", "remedy": "did you mean 'traction'?"}
    assert unknown("xyz", ["traction"], "leave it out")["remedy"] == "leave it out"
    assert unknown("xyz", {"traction": 1})["remedy"] is None


def test_a_text_of_a_file_becomes_one_line_of_letters():
    assert readable("Sol\x00ver \n 2.1\x07") == "Sol ver 2.1" and readable("Ünïcode 力") == "Ünïcode 力"


def test_endless_names_and_lists_are_cut_and_not_compared():
    many = [f"load_{k}" for k in range(100_000)]
    assert closest("load_7x", many) is None and closest("x" * 10_000, ["x"], "check it") == "check it"
    assert all(len(str(part)) < 1100 for part in unknown("x" * 10_000, many).values())


def _is_list(node: ast.expr) -> bool:
    if isinstance(node, ast.BoolOp):
        return any(map(_is_list, node.values))
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in ("list", "sorted", "tuple", "set")
    return isinstance(node, (ast.List, ast.ListComp, ast.Set))


def test_no_text_prints_a_python_list():
    found = [f"{path.name}:{node.lineno}" for _, path in modules() for node in ast.walk(ast.parse(path.read_text()))
             if isinstance(node, ast.FormattedValue) and _is_list(node.value)]
    assert not found, "say lists by romlib.words.listed"
