"""The run of a ROM brought towards equilibrium: nearer to the solution, in equilibrium, made where it is lacking."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from enrichment_example import TIMES, case, solve

import romlib
from romlib.enrichment.case import SolvedCase
from romlib.enrichment.equilibrium import write_equilibrated
from romlib.enrichment.journal import Journal, folder_of
from romlib.errors import LawError
from romlib.fem.piece import Piece
from romlib.parallel.comm import world
from romlib.report.compare import compare
from romlib.snapshots.error_bounds import ErrorBounds
from romlib.snapshots.reader import Snapshots
from romlib.solution.solution import Solution
from romlib.study.enrich import run_enrich
from romlib.study.study import Study


def equilibrated(folder: Path, name: str) -> tuple[Path, Path]:
    """The run of a mission by the ROM, and what becomes of it; files. Collective."""
    comm, run, path = world(), folder / "run.vtkhdf", folder / f"{name}_equilibrated.vtkhdf"
    solution = romlib.load(folder / "x.rom").solve(case(name))
    comm.on_root(lambda: solution.write(run))
    with SolvedCase(solution, comm) as solved:
        write_equilibrated(path, run, solved)
    return run, path


def virtual_work(file: Snapshots, piece: int, stress: np.ndarray) -> np.ndarray:
    """Of stresses (n_step, n_ip, 6) over a displacement that is zero where the bar is held, (n_step,)."""
    here = Piece(file.mesh(piece), file.model)
    x = here.mesh.points
    virtual = x[:, :1] * np.stack([np.cos(x[:, 1]), x[:, 0] * x[:, 2], 1.0 + x[:, 1]], axis=1)
    return np.einsum("tni,ni->t", here.operator.internal_force(stress), virtual)


@pytest.mark.mpi
def test_a_run_that_is_brought_towards_equilibrium_is_nearer_to_the_solution_and_its_stress_in_equilibrium(
    own_bar: Path
) -> None:
    reference = world().on_root(lambda: solve("hot", own_bar / "hot.vtkhdf", fields=("stress", "p")))
    run, path = equilibrated(own_bar, "hot")
    with Snapshots(reference) as exact, Snapshots(run) as before, Snapshots(path) as after:
        errors = [compare(one, exact).fields for one in (before, after)]
        first = int(np.argmax(TIMES > 0.0))  # later the bar flows as a whole, which the initial stiffness does not
        for name in ("displacement", "stress"):
            found, expected = (one[name] for one in (errors[1], errors[0]))
            assert found.difference[first] < 0.75 * expected.difference[first]
            assert found.relative < expected.relative
        work, size = np.zeros(len(TIMES)), np.zeros(len(TIMES))
        for piece in range(exact.n_piece):
            found, expected = (one.read("stress", piece) for one in (after, exact))
            work += virtual_work(exact, piece, found - expected)  # both carry the loads: what is between them, none
            size += np.abs(virtual_work(exact, piece, found - before.read("stress", piece)))
        assert np.abs(work).max() < 1e-5 * size.max()
        np.testing.assert_array_equal(after.times, TIMES)


def within_from(n_good: int, name: str, passing: str) -> property:
    """Error bounds whose `passing` is above 5 % until so many were asked for by a run."""
    asked: list[int] = []

    def bounds(self: Solution) -> ErrorBounds:
        asked.append(1)
        small = np.full(len(self.times), 0.01)
        large = {passing: small + 0.5} if len(asked) <= n_good else {}
        return ErrorBounds({"stress": small, "p": small, **large}, (), np.zeros(len(self.times), bool), self.times)

    return property(bounds, doc=name)


@pytest.mark.parametrize("passing, made", [("stress", True), ("p", False)])
def test_it_is_made_where_the_stress_passes_and_a_step_is_taken_where_p_alone_does(
    own_bar: Path, monkeypatch: pytest.MonkeyPatch, passing: str, made: bool
) -> None:
    monkeypatch.setattr(Solution, "error_bound", within_from(1, "bounds", passing))
    said: list[str] = []
    outcome = run_enrich(Study.read(own_bar / "study.toml"), own_bar / "x.rom", "strong", world(), tolerance=0.05,
                         budget=1, accept_errors=True, progress=said.append)
    assert outcome.within and outcome.n_step == (0 if made else 1)
    assert any("brought towards equilibrium: 8 solves" in line for line in said) == made
    files = [path.name for path in folder_of(own_bar / "x.rom").glob("equilibrated-*")]
    assert bool(files) == made
    if made:  # the ROM is the one of the folder: a second call trains nothing
        assert set(files) <= set(outcome.rom.archive.manifest.inputs)
        monkeypatch.setattr("romlib.enrichment.versions.build", None)
        again = run_enrich(Study.read(own_bar / "study.toml"), own_bar / "x.rom", "strong", world(), tolerance=0.05,
                           budget=1, accept_errors=True)
        assert again.within and not again.mine


def test_a_rom_that_was_not_written_before_its_run_was_in_equilibrium_is_trained_with_it_first(own_bar: Path) -> None:
    """As after a kill between the two."""
    study = Study.read(own_bar / "study.toml")
    former = {name: (own_bar / name).read_bytes() for name in ("x.rom", "x.fields.rom")}
    first = run_enrich(study, own_bar / "x.rom", "strong", world(), tolerance=1e-3, budget=0, accept_errors=True)
    for name, content in former.items():
        (own_bar / name).write_bytes(content)
    said: list[str] = []
    again = run_enrich(study, own_bar / "x.rom", "strong", world(), tolerance=1e-3, budget=0, accept_errors=True,
                       progress=said.append)
    assert any("lacks a run" in line for line in said)
    assert sum("solves with the initial stiffness" in line for line in said) == 0
    assert again.rom.archive.manifest.inputs.keys() == first.rom.archive.manifest.inputs.keys()


def test_laws_that_cannot_follow_the_run_leave_the_enrichment_to_full_order_steps(
    own_bar: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise LawError("the law fails")

    monkeypatch.setattr("romlib.enrichment.loop.write_equilibrated", failing)
    said: list[str] = []
    outcome = run_enrich(Study.read(own_bar / "study.toml"), own_bar / "x.rom", "strong", world(), tolerance=1e-3,
                         budget=1, accept_errors=True, progress=said.append)
    assert outcome.n_step == 1 and any("too far from equilibrium" in line for line in said)
    assert not (folder_of(own_bar / "x.rom") / "run.vtkhdf").exists()


def test_of_each_case_the_newest_counts_and_none_of_a_rom_with_more_additions(tmp_path: Path) -> None:
    journal, one, other = Journal(tmp_path), "a" * 32, "b" * 32
    for digest, number in ((one, 0), (one, 2), (other, 1), (one, 3)):
        journal.equilibrated(digest, number).touch()
    found = journal.latest_equilibrated(2)
    assert found == [journal.equilibrated(one, 2), journal.equilibrated(other, 1)]
    journal.forget_equilibrated(found)
    assert sorted(tmp_path.iterdir()) == sorted(found)
