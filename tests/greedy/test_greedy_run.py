"""Searches with a user's solver, from the study to the ROM: which runs are made, and what becomes of failures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("meshio")

from pulled_bars import DECK, bounds_by_load, finished, write_search

import romlib
from romlib.errors import CheckError, InputError, RomlibError, StudyError
from romlib.greedy import full_order
from romlib.greedy.run import GreedyReport, run_greedy
from romlib.parallel.comm import serial
from romlib.snapshots import Snapshots
from romlib.study import Study


def search(study: Path, change: tuple[str, str] = ("", ""), **options) -> tuple[GreedyReport, list[str]]:
    said: list[str] = []
    study.write_text(study.read_text().replace(*change))
    report = run_greedy(Study.read(study), study.parent / "x.rom", serial(), progress=said.append,
                        bounds_of=options.pop("bounds_of", bounds_by_load), **options)
    return report, said


def status(report: GreedyReport) -> dict[str, str]:
    return {name: record.status for name, record in report.records.items()}


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> tuple[Path, GreedyReport, list[str]]:
    """A search that reached its tolerance; nobody changes its folder."""
    study = write_search(tmp_path_factory.mktemp("done"))
    return study, *search(study, ("tolerance = 0.05", "tolerance = 0.2"))


def test_the_candidate_with_the_largest_bound_is_run_and_trains_the_rom(done) -> None:
    study, report, said = done
    assert report.reached and status(report) == {"pull270": "open", "pull280": "open", "pull340": "trained"}
    assert finished(study.parent) == ["pull340"]
    record = report.records["pull340"]
    assert record.first == record.chosen == {"stress": 0.4} and record.last == {"stress": 0.0}
    assert set(record.error) >= {"displacement", "stress"} and record.seconds > 0
    assert any("the next one is pull340" in one for one in said) and any("passes the check" in one for one in said)
    rom = romlib.load(study.parent / "x.rom")
    assert rom.solve("pull340").times[-1] == 1.0 and set(rom.archive.cases) >= {"pull", "less", "pull340", "pull270"}
    assert rom.archive.manifest.trained["traction"] == (0.0, 340.0)
    with Snapshots(report.folder / "pull340" / "1" / "pull340.vtkhdf") as run:
        assert run.n_step == 11


def test_the_rom_has_a_study_that_trains_the_same_rom(done, tmp_path) -> None:
    study, _, _ = done
    text = romlib.load(study.parent / "x.rom").archive.manifest.study
    (study.parent / "whole.toml").write_text(text)
    whole = Study.read(study.parent / "whole.toml")
    assert [run.name for run in whole.training] == ["pull", "less", "pull340"]
    with romlib.train(whole, output=tmp_path / "y.rom") as trained:
        again, found = trained.rom.archive, romlib.load(study.parent / "x.rom").archive
    assert np.array_equal(again.clusters[0].weights, found.clusters[0].weights)


def test_a_search_goes_on_where_it_was_and_repeats_nothing(done, tmp_path, monkeypatch) -> None:
    study = write_search(tmp_path)
    search(study, ("tolerance = 0.05", "tolerance = 0.2"))
    before = (study.parent / "x.rom").stat().st_mtime_ns
    report, said = search(study, ("budget = 2", "budget = 1"))
    assert report.reached and finished(study.parent) == ["pull340"]  # another budget trains nothing anew either
    assert (study.parent / "x.rom").stat().st_mtime_ns == before and not any("POD" in one for one in said)
    report, said = search(study, ("tolerance = 0.2", "tolerance = 0.15"))
    assert report.outcome.end == "budget spent" and report.outcome.above == ["pull270", "pull280"]
    report, said = search(study, ("budget = 1", "budget = 3"))
    assert report.reached and finished(study.parent) == ["pull340", "pull270"]
    assert not any("check of pull" in one for one in said)  # the runs of before have passed it


BAD = """{case}
!lines[0] == "pull340" and sys.exit(3)
!factor = {"pull270": 1.3, "pull280": float("nan")}.get(lines[0], 1.0)
{amplitude:traction}
"""


def test_candidates_that_fail_are_marked_with_the_reason_and_tried_again_when_that_is_asked_for(tmp_path) -> None:
    study = write_search(tmp_path, BAD)
    report, said = search(study, ("budget = 2", "budget = 3"))
    assert {name: one.stage for name, one in report.records.items()} == {
        "pull340": "solver", "pull270": "check", "pull280": "conversion"}
    for name, part in ("pull340", "exit status 3"), ("pull270", "check failed"), ("pull280", "cannot be converted"):
        assert part in report.records[name].message and any(one.startswith(f"{name}: ") and part in one for one in said)
    assert report.outcome.end == "nothing left" and report.outcome.above == ["pull270", "pull280", "pull340"]
    assert list(romlib.load(study.parent / "x.rom").archive.manifest.inputs) == ["pull.vtkhdf", "less.vtkhdf"]
    assert (report.folder / "pull340" / "1" / "bar.solver.log").is_file()
    (study.parent / "bar.inp").write_text(DECK)
    assert set(status(search(study)[0]).values()) == {"failed"}  # not unless asked for
    report, _ = search(study, ("budget = 3", "budget = 5"), retry=True)
    assert status(report) == {"pull340": "trained", "pull270": "trained", "pull280": "open"}
    record = report.records["pull340"]
    assert (record.attempt, record.runs, record.message) == (2, 2, "") and report.outcome.end == "budget spent"


def test_results_whose_conversion_failed_are_converted_later_without_the_solver(tmp_path) -> None:
    study = write_search(tmp_path)
    report, _ = search(study, ("# more", "options = { colour = 'red' }"))
    assert {one.stage for one in report.records.values()} == {"", "conversion"}
    assert "colour" in report.records["pull340"].message
    ran = finished(study.parent)
    report, _ = search(study, ("options = { colour = 'red' }", "# more"), retry=True)
    assert report.records["pull340"].status == "open" and len(ran) == 2  # the budget counts the tries
    report, _ = search(study, ("budget = 2", "budget = 4"))
    assert report.outcome.above == ["pull280"] and finished(study.parent) == ran
    assert {name for name, one in report.records.items() if one.status == "trained"} == set(ran)


def test_a_run_that_failed_the_check_is_checked_again_without_the_solver(tmp_path, monkeypatch) -> None:
    from romlib.greedy import run as module

    study, check = write_search(tmp_path, n_piece=2), module.check_file
    monkeypatch.setattr(module, "check_file", lambda *arguments: (_ for _ in ()).throw(CheckError("a wrong study")))
    report, _ = search(study, ("budget = 2", "budget = 1"))
    assert (report.records["pull340"].stage, report.records["pull340"].message) == ("check", "a wrong study")
    monkeypatch.setattr(module, "check_file", check)
    report, _ = search(study, ("budget = 1", "budget = 2"), retry=True)
    assert report.records["pull340"].status == "trained" and finished(tmp_path) == ["pull340"]
    with Snapshots(report.folder / "pull340" / "1" / "pull340.vtkhdf") as run:
        assert run.n_piece == 2  # cut as the training runs are, though the study does not say so


def test_a_run_that_cannot_be_trained_with_is_left_out_and_the_former_rom_stays(tmp_path, monkeypatch) -> None:
    from romlib.greedy import run as module

    train = module.train_study

    def refuse(study, *more, **options):
        if any(run.name == "pull340" for run in study.training):
            raise InputError("the runs are of two models", found="pull340")
        return train(study, *more, **options)

    monkeypatch.setattr(module, "train_study", refuse)
    study = write_search(tmp_path)
    report, _ = search(study, ("tolerance = 0.05", "tolerance = 0.25"))
    assert report.records["pull340"].stage == "training" and report.outcome.end == "nothing left"
    assert list(romlib.load(study.parent / "x.rom").archive.manifest.inputs) == ["pull.vtkhdf", "less.vtkhdf"]


def test_a_full_disk_ends_the_search_and_the_candidate_is_taken_up_again(tmp_path, monkeypatch) -> None:
    from romlib.snapshots.space import DiskFullError

    study = write_search(tmp_path)
    convert = full_order.run

    def full(*arguments, **options):
        raise DiskFullError("the disk is full", file="x")

    monkeypatch.setattr(full_order, "run", full)
    with pytest.raises(DiskFullError):
        search(study)
    monkeypatch.setattr(full_order, "run", convert)
    report, said = search(study, ("tolerance = 0.05", "tolerance = 0.2"))
    assert report.reached and report.records["pull340"].runs == 1 and any("taken up again" in one for one in said)


def test_a_search_begins_without_training_runs(tmp_path) -> None:
    study = write_search(tmp_path)
    text = study.read_text()
    first, rest = text.split("[[training]]", 1)
    study.write_text(first + rest[rest.index("[offline]"):].replace('"stress", "p"', '"stress"'))
    report, _ = search(study)
    assert status(report) == {"pull270": "trained", "pull280": "open", "pull340": "trained"}
    assert report.outcome.end == "budget spent" and report.records["pull270"].reason == ""
    assert report.records["pull270"].chosen == {} and report.records["pull340"].chosen == {"stress": 0.7}


@pytest.mark.parametrize("change, what", [
    (('files = ["solver.py", ', 'files = ["solver.txt", '), "is not there"),
    (('converter = "meshio"', 'converter = "mesho"'), "did you mean 'meshio'"),
    (('"{stem}.xdmf"]', '"{stm}.xdmf"]'), "placeholder"),
    (('deck = "bar.inp"', 'deck = "{case}.inp"'), "no deck for the candidate 'pull270'"),
    (("budget = 2", "budget = 2\ngrid = {case = 'pull270', factors = {traktion = [1, 2]}}"), "did you mean 'traction'"),
    (('["pull270"', '["pul270"'), "did you mean 'pull270'"),
    (('["pull270"', '["pull"'), "training run already"),
    (("[offline]", "[offline]\ncalibration = false"), "needs error bounds"),
    (("tolerance = 0.05", "tolerance = -1"), "greater than 0"),
    (("budget = 2", "budgt = 2"), "budgt")])
def test_what_cannot_be_is_refused_before_any_run(tmp_path, change, what) -> None:
    study = write_search(tmp_path)
    with pytest.raises(RomlibError, match="(?s)" + what):
        search(study, change)
    assert not (tmp_path / "x.greedy").exists() and not finished(tmp_path)


def test_candidates_with_the_same_deck_are_refused(tmp_path) -> None:
    study = write_search(tmp_path, "bar\n0, 0\n1, 300\n")
    with pytest.raises(StudyError, match=r"(?s)'pull270' and 'pull280' have the same deck.*\{amplitude:LOAD\}"):
        search(study)


def test_a_program_that_is_not_there_ends_the_search_at_once(tmp_path) -> None:
    study = write_search(tmp_path)
    text = study.read_text()
    start = text.index("command = ")
    study.write_text(text[:start] + 'command = "no-such-solver {deck}"' + text[text.index("\n", start):])
    with pytest.raises(InputError, match=r"(?s)program is not there.*no-such-solver"):
        search(study)
    journal = json.loads((tmp_path / "x.greedy" / "journal.json").read_text())
    assert journal["candidates"]["pull340"]["status"] == "chosen"


def test_a_candidate_that_no_rom_of_the_study_can_solve_is_named(tmp_path) -> None:
    study = write_search(tmp_path)

    def refuse(rom, case):
        raise InputError("the ROM has no load 'x'")

    with pytest.raises(StudyError, match=r"(?s)candidate 'pull270' cannot be solved.*no load 'x'"):
        search(study, bounds_of=refuse)
    assert not finished(tmp_path)
