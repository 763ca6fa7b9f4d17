"""What cards of loads do from line to line and from step to step, where Abaqus and CalculiX have it alike."""

from __future__ import annotations

import numpy as np
import pytest
from keyword_decks import CUBE, MATERIAL, PLAIN, SECTION, TIMES, both, history, notes, read, step

from romlib.errors import FileFormatError


def forces(found, times=TIMES):
    """Nodal forces (n_time, 12, 3) by number of the node less one, from the loads on nodes of the model."""
    total = np.zeros((len(times), 12, 3))
    for name, load in found.model.loads.items():
        if load.kind == "nodal_force":
            nodes = found.mesh.node_tags[load.nodes]
            vectors = (found.mesh.node_arrays[load.direction.array][nodes] if hasattr(load.direction, "array")
                       else np.tile(load.direction, (len(nodes), 1)))
            total[:, found.mesh.node_ids[nodes] - 1] += history(found, name, times)[:, None, None] * vectors
    return total


@both
def test_forces_of_one_step_add_up_and_a_later_card_replaces_them(solver, tmp_path):
    found = read(solver, tmp_path, PLAIN + step("*CLOAD\nTIP, 3, 60.\n9, 3, 4.\n*CLOAD\n9, 1, 8.\n12, 3, 40.\n")
                 + step("*CLOAD\n9, 3, 10.\n"))
    first, second = forces(found)[3], forces(found)[7]
    assert first[[8, 9, 11], 2].tolist() == [64.0, 60.0, 100.0] and first[8, 0] == 8.0
    assert second[[8, 9, 11], 2].tolist() == [10.0, 60.0, 100.0] and second[8, 0] == 8.0
    np.testing.assert_allclose(forces(found)[:, 8, 2], [16, 32, 48, 64, 50.5, 37, 23.5, 10])
    assert not first[:8].any() and not first[:, 1].any()


@both
def test_a_load_that_is_taken_away_ramps_to_zero(solver, tmp_path):
    """OP=NEW of one kind takes away that kind, by the first card of a step that says so."""
    found = read(solver, tmp_path, PLAIN + step("*CLOAD\nTIP, 3, 100.\n*DLOAD\nLAST, P2, 5.\n")
                 + step("*CLOAD, OP=NEW\n*CLOAD, OP=NEW\n9, 1, 6.\n*CLOAD, OP=NEW\n10, 1, 2.\n"))
    np.testing.assert_allclose(forces(found)[:, 11, 2], [25, 50, 75, 100, 75, 50, 25, 0])
    np.testing.assert_allclose(forces(found)[7, [8, 9], 0], [6.0, 2.0])
    pressure = next(name for name, load in found.model.loads.items() if load.kind == "pressure")
    np.testing.assert_allclose(history(found, pressure), [1.25, 2.5, 3.75, 5, 5, 5, 5, 5])


@both
@pytest.mark.parametrize(("table", "first", "second"), [
    ("*AMPLITUDE, NAME=A\n0., 0., 0.5, 1., 1., 0.2\n", [5.0, 10.0, 6.0, 2.0], [2.0] * 4),  # its end stays
    ("*AMPLITUDE, NAME=a, TIME=TOTAL TIME\n0., 0., 2., 1.\n", [1.25, 2.5, 3.75, 5.0], [6.25, 7.5, 8.75, 10.0])])
def test_a_force_with_an_amplitude_follows_it_and_keeps_what_its_step_left(solver, tmp_path, table, first, second):
    found = read(solver, tmp_path, PLAIN + table + step("*CLOAD, AMPLITUDE=A\n9, 3, 10.\n") + step())
    np.testing.assert_allclose(forces(found)[:, 8, 2], first + second)


@both
def test_loads_act_at_once_in_visco_and_where_the_step_says_so(solver, tmp_path):
    found = read(solver, tmp_path, PLAIN + step("*CLOAD\n9, 3, 8.\n", procedure="*VISCO, CETOL=1e-3")
                 + step("*CLOAD\n9, 3, 4.\n", options=", AMPLITUDE=STEP"))
    np.testing.assert_allclose(forces(found)[:, 8, 2], [8, 8, 8, 8, 4, 4, 4, 4])
    found = read(solver, tmp_path, PLAIN + step("*CLOAD\n9, 3, 8.\n", procedure="*VISCO, CETOL=1e-3",
                                                options=", AMPLITUDE=RAMP"))
    np.testing.assert_allclose(forces(found, TIMES[:4])[:, 8, 2], [2, 4, 6, 8])


@both
@pytest.mark.parametrize(("line", "held"), [
    ("9, 2", {(9, "y")}), ("9, 1, 2", {(9, "x"), (9, "y")}), ("TIP, 3, 3", {(k, "z") for k in (9, 10, 11, 12)}),
    ("9, 3, 6", {(9, "z")}), ("9, 1, 1, 0.\n9, 3, 3, 0.", {(9, "x"), (9, "z")})])
def test_a_constraint_holds_from_the_first_to_the_last_degree_of_freedom_of_its_line(solver, line, held, tmp_path):
    found = read(solver, tmp_path, f"{CUBE}{MATERIAL}{SECTION}*BOUNDARY\n{line}\n{step()}")
    assert {(int(node), axis) for one in found.model.constraints.values() for axis in one.components
            for node in found.mesh.node_ids[found.mesh.node_tags[one.nodes]]} == held


@both
def test_loads_on_nodes_of_no_solid_are_counted_and_work(solver, tmp_path):
    found = read(solver, tmp_path, PLAIN.replace("*ELEMENT", "*NODE\n50, 9., 9., 9.\n51, 8., 8., 8.\n*ELEMENT", 1)
                 + step("*CLOAD\n50, 1, 3.\n51, 1, 3.\n9, 3, 5.\n50, 2, 0.\n"))
    assert "acts on nodes that are in no solid element, 2 at first" in notes(found)["cload_elsewhere"]
    assert forces(found)[3, 8].tolist() == [0.0, 0.0, 5.0] and len(found.model.loads) == 1


@both
def test_body_loads_have_unit_directions_and_add_up(solver, tmp_path):
    found = read(solver, tmp_path, PLAIN + step("*DLOAD\nEALL, GRAV, 9.81, 0., 0., -2.\nEALL, GRAV, 0.19, 0., 0., -1.\n"
                                                "EALL, CENTRIF, 400., 0.5, 0., 0., 0., 3., 0.\n"))
    kinds = {load.kind: (name, load) for name, load in found.model.loads.items()}
    name, gravity = kinds["body_force"]
    assert (np.array(gravity.direction) * history(found, name)[3]).tolist() == pytest.approx([0.0, 0.0, -10.0])
    name, spin = kinds["centrifugal"]
    assert spin.axis == (0.0, 1.0, 0.0) and spin.center == (0.5, 0.0, 0.0)
    assert history(found, name)[3] ** 2 == pytest.approx(400.0)  # CENTRIF has the square of the speed


@both
@pytest.mark.parametrize(("cards", "said"), [
    ("*CLOAD, AMPLITUDE=B\n9, 1, 1.\n", "no amplitude of this name.*expected: A.*found: B"),
    ("*DSLOAD\nNONE, P, 1.\n", "no surface of this name.*HEAD.*found: NONE"),
    ("*DLOAD\nEALL, GRAV, 1., 0., 0., 0.\n", "direction of a body load is zero.*line"),
    ("*DLOAD\nEALL, P7, 1.\n", "no such face"), ("*CLOAD\nNOWHERE, 1, 1.\n", "NOWHERE"),
])
def test_loads_on_what_is_not_there_are_refused_with_the_line(solver, cards, said, tmp_path):
    with pytest.raises(FileFormatError, match=f"(?s){said}"):
        read(solver, tmp_path, f"{PLAIN}*AMPLITUDE, NAME=A\n0., 0., 1., 1.\n{step(cards)}")


@both
def test_a_distributed_load_that_is_not_read_works_and_is_named(solver, tmp_path):
    found = read(solver, tmp_path, PLAIN + step("*DLOAD\nEALL, P1NU, 1.\nEALL, HP2, 1.\n"))
    assert not found.model.loads and all(one.does_work for one in found.model.omissions)
    assert any("P1NU" in text or "1NU" in text for text in notes(found).values())


@both
def test_a_body_load_on_one_element_acts_on_it_alone(solver, tmp_path):
    found = read(solver, tmp_path, PLAIN + step("*DLOAD\n2, GRAV, 5., 1., 0., 0.\n"))
    (load,) = found.model.loads.values()
    assert load.kind == "body_force" and found.mesh.cell_ids[found.mesh.cell_tags[load.cells]].tolist() == [2]
