"""A ROM enriched on a mission outside its training: fewer errors, a log, no step that is solved twice."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from enrichment_example import TIMES, case, small_bounds, solve
from typer.testing import CliRunner

import romlib
from romlib.archive.enrichment import Enrichment
from romlib.cli.commands import app
from romlib.enrichment.journal import Journal, folder_of
from romlib.enrichment.loop import Outcome, Run
from romlib.errors import ConvergenceError, FileFormatError, InputError
from romlib.online.rom import ReducedOrderModel
from romlib.parallel.comm import world
from romlib.report.compare import compare
from romlib.snapshots.reader import Snapshots
from romlib.solution.solution import Solution
from romlib.study.enrich import run_enrich
from romlib.study.study import Study


def enriched(folder: Path, name: str, tolerance: float = 0.05, budget: int = 1) -> Outcome:
    return run_enrich(Study.read(folder / "study.toml"), folder / "x.rom", name, world(), tolerance=tolerance,
                      budget=budget, accept_errors=True)


def true_errors(folder: Path, name: str, reference: Path) -> dict[str, float]:
    result = folder / "result.vtkhdf"
    romlib.load(folder / "x.rom").solve(case(name)).write(result)
    with Snapshots(result) as found, Snapshots(reference) as exact:
        return {field: one.relative for field, one in compare(found, exact).fields.items()}


@pytest.mark.mpi
def test_a_mission_with_a_new_hot_spot_gets_an_elastic_answer_and_a_step_and_smaller_errors(own_bar: Path) -> None:
    comm, said = world(), []
    reference = comm.on_root(lambda: solve("hot", own_bar / "hot.vtkhdf", fields=("stress", "p")))
    before = comm.on_root(lambda: true_errors(own_bar, "hot", reference))
    outcome = run_enrich(Study.read(own_bar / "study.toml"), own_bar / "x.rom", "hot", comm, tolerance=1e-3, budget=1,
                         accept_errors=True, progress=said.append)
    after = comm.on_root(lambda: true_errors(own_bar, "hot", reference))
    assert not outcome.within and outcome.n_step == 1
    assert [entry.kind for entry in outcome.log] == ["elastic", "step"]
    assert after["stress"] < 0.9 * before["stress"] and all(
        after[name] < bound for name, bound in outcome.run.largest.items())
    first, step = outcome.log
    assert first.after["stress"] < 0.5 * first.before["stress"]
    assert step.after["stress"] < step.before["stress"] and step.found["stress"] > 0.01 and step.modes > 0
    stored = romlib.load(own_bar / "x.rom").archive
    assert stored.enrichments == tuple(outcome.log) and list(stored.cases)[:2] == ["one", "two"]
    assert comm.rank != 0 or any("full-order step to time" in line for line in said)


def test_what_was_solved_is_never_solved_again_and_a_larger_budget_goes_on_from_there(own_bar: Path) -> None:
    former = {name: (own_bar / name).read_bytes() for name in ("x.rom", "x.fields.rom")}
    first = enriched(own_bar, "strong", tolerance=1e-3)
    one = first.run.solution.displacement(piece=0)
    record = Journal(folder_of(own_bar / "x.rom")).record(1)
    made, step = record.stat().st_mtime_ns, record.read_bytes()
    for name, content in former.items():  # as if the process had ended before the ROM was written
        (own_bar / name).write_bytes(content)
    again = enriched(own_bar, "strong", tolerance=1e-3)
    assert again.log == first.log and again.mine == [] and record.stat().st_mtime_ns == made
    assert [entry.number for entry in romlib.load(own_bar / "x.rom").archive.enrichments] == [1]
    np.testing.assert_allclose(again.run.solution.displacement(piece=0), one, atol=1e-4 * np.abs(one).max())
    record.unlink()
    nothing = enriched(own_bar, "strong", tolerance=1e-3, budget=0)  # who removes the records wants a ROM without them
    assert nothing.log == [] and romlib.load(own_bar / "x.rom").archive.enrichments == ()
    record.write_bytes(step)
    more = enriched(own_bar, "strong", tolerance=1e-3, budget=2)
    assert [entry.number for entry in more.log] == [1, 2] and more.mine == [2]
    assert more.log[0].step != more.log[1].step


def test_a_rom_that_is_within_the_tolerance_is_left_as_it_is(own_bar: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Solution, "error_bound", small_bounds())
    content = (own_bar / "x.rom").read_bytes()
    outcome = enriched(own_bar, "strong", tolerance=0.05)
    assert outcome.within and outcome.log == [] and (own_bar / "x.rom").read_bytes() == content


def test_a_fields_file_of_another_version_is_made_anew(own_bar: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with romlib.train(own_bar / "study.toml", world(), output=own_bar / "y.rom", skip_check=True) as trained:
        trained.write()
    (own_bar / "y.fields.rom").replace(own_bar / "x.fields.rom")
    monkeypatch.setattr(Solution, "error_bound", small_bounds())
    assert enriched(own_bar, "mild").within
    romlib.load(own_bar / "x.rom").open_fields().close()


def test_a_rom_without_bounds_is_refused_with_what_to_do(own_bar: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rom = romlib.load(own_bar / "x.rom")
    rom.archive.indicator = None
    monkeypatch.setattr("romlib.study.enrich.load", lambda path: rom)
    with pytest.raises(InputError, match="have no bound") as caught:
        enriched(own_bar, "mild")
    assert "calibration = true" in caught.value.remedy


def test_a_rom_that_fails_on_the_way_is_enriched_where_it_fails(
    own_bar: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, calls = ReducedOrderModel.solve, []

    def failing(self: ReducedOrderModel, *arguments: object, times: np.ndarray, **options: object) -> object:
        calls.append(len(times))
        if len(calls) == 1:
            raise ConvergenceError("it does not converge", time=0.99 * TIMES[4])
        return whole(self, *arguments, times=times, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(ReducedOrderModel, "solve", failing)
    outcome = enriched(own_bar, "mild", tolerance=1e-3)
    assert calls[1] == 4  # as far as it got
    (entry,) = outcome.log
    assert entry.step == 4 and entry.found == {} and "fails" in entry.what


def test_the_step_is_where_the_bound_is_largest_and_never_the_beginning_nor_one_that_was_done() -> None:
    bounds = {"stress": np.array([9.0, 0.1, 0.4, 0.4, 0.4]), "displacement": np.array([0.0, 0.2, np.nan, np.nan, 0.1])}
    run = Run(None, None, bounds)  # type: ignore[arg-type]
    assert run.worst([]) == 2 and run.worst([2]) == 3 and run.worst([1, 2, 3, 4]) is None
    assert not run.within(10.0)  # a bound that is withheld is none
    assert run.largest == {"stress": 9.0}
    assert Run(None, 3, {"stress": np.array([0.0, 0.1, 0.2, np.inf, np.inf])}).worst([]) == 3  # type: ignore[arg-type]


@pytest.mark.parametrize("content", ["", "{}", '{"number": 2, "kind": "step", "case": "c", "digest": "d", "step": 1, '
                                             '"time": 0.5}', "[1]"])
def test_a_record_whose_description_is_damaged_is_refused_with_its_file(tmp_path: Path, content: str) -> None:
    journal = Journal(tmp_path)
    journal.record(1).write_bytes(b"whole")
    (tmp_path / "0001.json").write_text(content)
    with pytest.raises(FileFormatError) as caught:
        journal.finished()
    assert caught.value.file == tmp_path / "0001.json"


def test_a_description_without_its_record_is_no_addition(tmp_path: Path) -> None:
    journal, entry = Journal(tmp_path), Enrichment(number=1, kind="step", case="c", digest="d", step=1, time=0.5)
    journal.write(entry)
    assert journal.finished() == []
    journal.record(1).write_bytes(b"whole")
    assert journal.finished() == [entry]


def test_the_command_says_what_was_added_and_that_the_budget_is_spent(own_bar: Path) -> None:
    arguments = ["enrich", str(own_bar / "study.toml"), str(own_bar / "x.rom"), "--case", "strong", "--budget", "1",
                 "--accept-errors", "--tolerance", "1e-3"]
    result = CliRunner().invoke(app, [*arguments, "--plot", str(own_bar / "log.png")])
    assert result.exit_code == 1
    assert "full-order step" in result.stdout and "strong" in result.stdout
    assert "budget of 1 full-order step is spent" in " ".join(result.stderr.split())
    assert (own_bar / "log.png").stat().st_size > 10_000
    again = CliRunner().invoke(app, [*arguments, "--json"])
    found = json.loads(again.stdout)
    assert again.exit_code == 1 and not found["within"] and found["steps"] == len(found["log"]) == 1


def test_the_command_refuses_a_case_that_the_study_does_not_have(own_bar: Path) -> None:
    result = CliRunner().invoke(app, ["enrich", str(own_bar / "study.toml"), str(own_bar / "x.rom"), "--case", "hott"])
    assert result.exit_code == 2 and "no case of this name" in result.stderr and "'hot'" in result.stderr
