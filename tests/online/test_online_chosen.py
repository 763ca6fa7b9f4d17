"""A ROM whose basis is chosen by the input of a case: which one a run is held in, and what its user learns of it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hand_made_rom import affine, clustered, hand_made_rom, with_dictionary, write_both
from typer.testing import CliRunner

from romlib.archive.romfile import read_rom
from romlib.cli import app
from romlib.errors import InputError
from romlib.mesh.box import box_mesh
from romlib.model import Case, Constraint, Material, Model, Traction
from romlib.online.rom import ReducedOrderModel

TIMES = np.linspace(0.0, 1.0, 5)


@pytest.fixture(scope="module")
def made():
    """A bar that is pulled (cluster 1) or pressed and held across (cluster 0), and the basis of both (2)."""
    pieces = [box_mesh("hex8", (2, 1, 1))]
    model = Model(
        materials={"steel": Material(law="elastic", parameters={"young": 2e5, "poisson": 0.3})},
        constraints={"held": Constraint(nodes="xmin", components=("x",))},
        loads={"pull": Traction(faces="xmax", direction=(1.0, 0.0, 0.0))})
    whole = hand_made_rom(pieces, model, [affine(0), affine(1), affine(2)], dual={"stress": (6, True)},
                          cases={"soft": Case(times=TIMES.tolist(), amplitudes={"pull": "0.1*t"})})
    rom, data = clustered(whole, pieces, [[0], [0, 1]], np.eye(2, 3), [0, 1])
    return with_dictionary(rom, ["pull"], fallback=2), data, whole[0]


@pytest.fixture
def rom(made):
    return ReducedOrderModel(made[0])


def pulled(rom, most, **more):
    return rom.solve(times=TIMES, amplitudes={"pull": f"{most}*t"}, **more)


@pytest.mark.parametrize("most, cluster", [(0.05, 0), (0.97, 1)])
def test_a_case_is_solved_in_the_basis_that_its_input_chooses(rom, most, cluster):
    solution = pulled(rom, most)
    assert (solution.clusters == cluster).all()
    choice, notes = solution.choice, "\n".join(solution.notes)
    assert choice.cluster == choice.proposed == cluster and choice.probability > 0.9
    assert f"the case is of cluster {cluster}, with a probability of {choice.probability:.2f}" in notes


def test_the_run_is_that_of_a_rom_of_the_chosen_basis_alone(made, rom):
    alone = ReducedOrderModel(replace(made[0], clusters=made[0].clusters[1:2], dictionary=None))
    np.testing.assert_array_equal(pulled(rom, 0.97).coordinates[:, :2], pulled(alone, 0.97).coordinates)


def test_below_the_threshold_a_case_is_solved_in_the_global_basis(made, rom):
    choosing = made[0].dictionary.choosing.model_copy(update={"threshold": 0.99})
    strict = ReducedOrderModel(replace(made[0], dictionary=replace(made[0].dictionary, choosing=choosing)))
    solution, reference = pulled(strict, 0.55), pulled(ReducedOrderModel(made[2]), 0.55)
    assert (solution.clusters == 2).all() and solution.choice.proposed in (0, 1)
    assert "solved in the global basis" in "\n".join(solution.notes)
    np.testing.assert_allclose(solution.coordinates, reference.coordinates, rtol=1e-12)


def test_the_user_may_say_which_basis(rom):
    solution = pulled(rom, 0.05, cluster=1)
    assert (solution.clusters == 1).all() and solution.choice.proposed is None
    assert "solved in the basis of cluster 1, as asked for" in solution.notes


@pytest.mark.parametrize("cluster", [3, -1, True, "1"])
def test_a_basis_that_the_rom_does_not_have_is_refused(rom, cluster):
    with pytest.raises(InputError, match="no such cluster"):
        pulled(rom, 0.5, cluster=cluster)


def test_a_state_of_another_basis_is_gone_on_from_in_the_chosen_one(rom):
    first = pulled(rom, 0.02)
    later = rom.solve(times=TIMES + 1.0, amplitudes={"pull": "0.02 + 0.96*(t - 1)"}, start=first)
    assert (first.clusters == 0).all() and (later.clusters == 1).all()
    assert "whose strain at the points the modes represent to" in later.notes[0]
    again = rom.solve(times=TIMES + 1.0, amplitudes={"pull": "0.02 + 0.96*(t - 1)"}, start=first, cluster=0)
    assert (again.clusters == 0).all() and "represent" not in again.notes[0]
    np.testing.assert_allclose(later.coordinates[-1, 0], pulled(rom, 0.98, cluster=1).coordinates[-1, 0], rtol=1e-8)


def test_the_state_inside_of_a_run_is_of_its_basis(rom):
    state = pulled(rom, 0.97).state(2)
    assert state.run["cluster"] == 1 and len(state.run["gamma"]) == 2


def command(*arguments, status=0):
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == status, done.output
    return done.stdout if status == 0 else str(done.stderr)


def test_the_command_chooses_shows_and_forces(made, tmp_path):
    path = write_both(tmp_path / "x.rom", made[0], made[1])
    assert read_rom(path).dictionary.choosing == made[0].dictionary.choosing
    found = json.loads(command("online", path, "--case", "soft", "--json"))
    assert found["choice"]["cluster"] == 0 and found["choice"]["probability"] > 0.9
    assert sum(found["choice"]["probabilities"].values()) == pytest.approx(1.0)
    forced = json.loads(command("online", path, "--case", "soft", "--cluster", "1", "--json"))
    assert forced["choice"] == {"cluster": 1, "proposed": None, "probability": None,
                                "sentence": "solved in the basis of cluster 1, as asked for", "probabilities": {},
                                "novelty": None}
    assert "no such cluster" in command("online", path, "--case", "soft", "--cluster", "7", status=2)
    said = command("info", path)
    assert "The basis is chosen by the input of a case" in said and "nearest case 100 %" in said
    assert "2 local bases, and the global one to fall back on" in said
    told = json.loads(command("info", path, "--json"))
    assert told["dictionary"]["clusters"] == {"a": 0, "b": 0, "c": 1, "d": 1}
    assert [row["kind"] for row in told["clusters"]] == ["local", "local", "global"]
