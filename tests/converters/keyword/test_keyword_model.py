"""romlib's model of a deck of Abaqus or CalculiX: constraints and loads, by sets and patterns, with their histories."""

from __future__ import annotations

import numpy as np
import pytest
from keyword_decks import CUBE, MATERIAL, PLAIN, SECTION, both, history, read, step
from romlib_converters.keyword.model import by_components

from romlib.errors import UnsupportedError

FREE = f"{CUBE}{MATERIAL}{SECTION}"


@both
def test_places_with_one_history_are_one_load_and_its_size_is_the_amplitudes(solver, tmp_path):
    """Decks that differ in sizes have the same pattern."""
    patterns = []
    for size in (1.0, 3.7):
        cards = "".join(f"{node}, 3, {size * k}\n" for k, node in enumerate((9, 10, 11, 12), 1))
        found = read(solver, tmp_path, PLAIN + step("*CLOAD\n" + cards))
        ((name, load),) = found.model.loads.items()
        patterns.append(found.mesh.node_arrays[load.direction.array])
        assert history(found, name)[3] == pytest.approx(4.0 * size) and np.abs(patterns[-1]).max() == 1.0
    np.testing.assert_array_equal(*patterns)


@both
def test_the_name_of_an_amplitude_is_that_of_its_load_unless_two_have_it(solver, tmp_path):
    table = "*AMPLITUDE, NAME=Wave\n0., 0., 1., 1.\n"
    cards = "*CLOAD, AMPLITUDE=WAVE\n9, 3, 10.\n"
    assert set(read(solver, tmp_path, PLAIN + table + step(cards)).model.loads) == {"Wave"}
    other = "*DLOAD, AMPLITUDE=Wave\nLAST, P2, 2.\n"
    names = set(read(solver, tmp_path, PLAIN + table + step(cards + other)).model.loads)
    assert len(names) == 2 and all(name.startswith("Wave_") for name in names)


@both
def test_whole_sets_are_held_by_their_names_and_the_rest_by_components(solver, tmp_path):
    found = read(solver, tmp_path, FREE + "*BOUNDARY\nFOOT, 1, 1\nTIP, 2, 3\n2, 3, 3\n3, 3, 3\n" + step())
    held = {name: (sorted(found.mesh.node_ids[found.mesh.node_tags[one.nodes]].tolist()), one.components, one.kind)
            for name, one in found.model.constraints.items()}
    assert held == {"FOOT_x": ([1, 4, 5, 8], ("x",), "fixed"), "TIP_yz": ([9, 10, 11, 12], ("y", "z"), "fixed"),
                    "fixed_z": ([2, 3], ("z",), "fixed")}


@both
def test_prescribed_displacements_of_any_pattern_have_one_amplitude(solver, tmp_path):
    found = read(solver, tmp_path, PLAIN + step("*BOUNDARY\nTIP, 1, 1, 0.2\n") + step("*BOUNDARY\nTIP, 1, 1, -0.1\n"))
    (name,) = [name for name, one in found.model.constraints.items() if one.kind == "prescribed"]
    one = found.model.constraints[name]
    assert (one.nodes, one.components, one.value) == ("TIP", ("x",), 1.0)
    np.testing.assert_allclose(history(found, name), [0.05, 0.1, 0.15, 0.2, 0.125, 0.05, -0.025, -0.1])
    turned = read(solver, tmp_path, PLAIN + step("*BOUNDARY\n9, 1, 1, 0.2\n10, 1, 1, 0.1\n"))
    (name,) = [name for name, one in turned.model.constraints.items() if one.kind == "prescribed"]
    values = turned.mesh.node_arrays[turned.model.constraints[name].value.array]
    by_node = dict(zip(turned.mesh.node_ids.tolist(), values[:, 0].tolist()))
    assert by_node[9] == 1.0 and by_node[10] == 0.5 and history(turned, name)[3] == pytest.approx(0.2)


@both
@pytest.mark.parametrize(("first", "second", "said"), [
    ("", "*BOUNDARY\nTIP, 1, 1\n", "from then on"),
    ("*BOUNDARY\nTIP, 1, 1\n", "*BOUNDARY, OP=NEW\nFOOT, 1, 3\n", "before"),
])
def test_a_constraint_that_begins_or_ends_is_refused_with_its_card(solver, tmp_path, first, second, said):
    with pytest.raises(UnsupportedError, match=rf"begins or ends(?s:.)*node 9(?s:.)*holds it {said}"):
        read(solver, tmp_path, PLAIN + step(first) + step(second))


@both
def test_a_pressure_on_a_surface_has_its_tag_and_others_get_one_of_their_own(solver, tmp_path):
    found = read(solver, tmp_path, PLAIN + step("*DLOAD\nEALL, P2, 3.\n"))
    (load,) = found.model.loads.values()
    assert load.faces == "HEAD" and load.value == 1.0
    found = read(solver, tmp_path, PLAIN + step("*DLOAD\nFIRST, P2, 3.\nLAST, P2, 6.\n"))
    (load,) = found.model.loads.values()
    faces = found.mesh.face_tags[load.faces]
    x = [found.mesh.points[nodes, 0].mean() for block in faces.blocks for nodes in block.connectivity]
    assert dict(zip(x, faces.arrays[load.value.array].tolist())) == {0.5: 0.5, 1.5: 1.0}


def test_nodes_are_told_apart_by_which_of_their_components_are_there():
    found = [(nodes.tolist(), mask) for nodes, mask in by_components(np.array([0, 3, 4, 5, 7, 9]))]
    assert sorted(found) == [([0, 3], (True, False, False)), ([1], (True, True, True)), ([2], (False, True, False))]
    assert by_components(np.empty(0, np.int64)) == []
