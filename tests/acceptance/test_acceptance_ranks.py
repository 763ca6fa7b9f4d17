"""A computation of Zset on two subdomains, trained at several ranks: the ranks do not show, the cut hardly does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import romlib

pytestmark = pytest.mark.data

STUDY = """
[study]
name = "ranks"
[[training]]
name = "deck"
snapshots = "{snapshots}"
[offline]
pod_tolerance = 1e-6
cubature_tolerance = 1e-5
dual_fields = ["stress", "p"]
"""
RANKS = {2: (1, 2), 5: (1, 2, 3)}  # by the number of pieces
FIELDS = ("displacement", "stress", "p")


@dataclass(frozen=True)
class Trained:
    """A ROM, and what it gives for the loads of the deck: with the selected points, and with all."""

    rom: Path
    reduced: Path
    full: Path


@pytest.fixture(scope="module")
def trained(romlib_command, parallel_cube, tmp_path_factory):
    """By number of pieces and of ranks."""
    made = {}

    def train(pieces: int, ranks: int) -> Trained:
        if (pieces, ranks) not in made:
            folder = tmp_path_factory.mktemp(f"pieces{pieces}_ranks{ranks}")
            study, rom = folder / "study.toml", folder / "cube.rom"
            study.write_text(STUDY.format(snapshots=parallel_cube(pieces)))
            words = "offline", study, "-o", rom, "--json"
            done = romlib_command.started(*words, ranks=ranks) if ranks > 1 else romlib_command(*words)
            assert done.json()["ranks"] == ranks
            result = Trained(rom, folder / "reduced.vtkhdf", folder / "full.vtkhdf")
            made[pieces, ranks] = result
            for target, options in ((result.reduced, ()), (result.full, ("--no-hyper-reduction",))):
                solved = romlib_command("online", rom, "--case", "deck", *options, "-o", target)
                assert solved.exit_code == 0, f"{solved}"
        return made[pieces, ranks]

    return train


@pytest.fixture(scope="module")
def differences(errors_against):
    def between(a: Path, b: Path) -> dict[str, float]:
        fields = errors_against(a, b)
        return {name: fields[name]["relative_l2"] for name in FIELDS}
    return between


PAIRS = [(pieces, ranks) for pieces, all_ranks in RANKS.items() for ranks in all_ranks[1:]]


@pytest.mark.parametrize("pieces, ranks", PAIRS)
def test_ranks_select_the_same_points(trained, pieces, ranks):
    one, several = (romlib.load(trained(pieces, n).rom).archive for n in (1, ranks))
    np.testing.assert_array_equal(several.points.cell_ids, one.points.cell_ids)
    np.testing.assert_array_equal(several.points.numbers, one.points.numbers)
    np.testing.assert_allclose(several.clusters[0].weights, one.clusters[0].weights, rtol=0, atol=1e-8)


@pytest.mark.parametrize("pieces, ranks", PAIRS)
@pytest.mark.parametrize("which", ["reduced", "full"])
def test_ranks_give_the_same_solution(trained, differences, within, pieces, ranks, which):
    figures = differences(getattr(trained(pieces, ranks), which), getattr(trained(pieces, 1), which))
    within(figures, dict.fromkeys(FIELDS, 1e-8))


def test_another_cut_gives_the_same_solution_with_all_points(trained, differences, within):
    within(differences(trained(5, 1).full, trained(2, 1).full), dict.fromkeys(FIELDS, 1e-8))


def test_another_cut_gives_a_solution_within_the_reported_errors(trained, differences, within):
    """Two cuts select other points, and each ROM is within its own error of the snapshots: by the triangle
    inequality they are within the sum of these errors of each other. What is compared is therefore the error that each
    ROM reports for its displacement (and its dual fields) over the training run. The error reported for the cubature
    itself is no bound for that: it is that of the forces on the modes in the energy norm, before the Newton solve.
    """
    roms = [romlib.load(trained(pieces, 1).rom).archive for pieces in (2, 5)]
    limits = {name: sum(rom.manifest.errors[f"online {name}"] for rom in roms) for name in FIELDS}
    within(differences(trained(5, 1).reduced, trained(2, 1).reduced), limits)


@pytest.mark.parametrize("pieces", RANKS)
def test_reported_errors_are_those_of_the_solution(trained, errors_against, parallel_cube, pieces):
    """What the ROM says of itself, offline and without any field, is what a comparison of the files finds."""
    reported = romlib.load(trained(pieces, 1).rom).archive.manifest.errors
    found = errors_against(trained(pieces, 1).reduced, parallel_cube(pieces))
    for name in FIELDS:
        assert found[name]["relative_l2"] == pytest.approx(reported[f"online {name}"], rel=0.05), name


@pytest.mark.parametrize("pieces", RANKS)
def test_weights_sum_to_the_volume(trained, pieces):
    weights = romlib.load(trained(pieces, 1).rom).archive.clusters[0].weights
    assert (weights >= 0).all() and abs(weights.sum() - 1.0) <= 1e-10, f"{weights.sum():.15f} of the unit cube"


def test_check_does_not_depend_on_the_ranks(romlib_command, parallel_cube, within):
    done = romlib_command("check", parallel_cube(2), "--json"), romlib_command.started(
        "check", parallel_cube(2), "--json", ranks=2)
    one, two = ({item["name"]: item["value"] for item in each.json()["items"]} for each in done)
    for name, value in one.items():
        assert two[name] == (None if value is None else pytest.approx(value, rel=1e-9)), name
    within(one, {"strain": 1e-6, "stress": 1e-5, "internal_force": 1e-6})
