"""A run that enriches its ROM as it goes on: one pass, full-order steps where a bound passes, one result."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from enrichment_example import TIMES, case, small_bounds, solve
from typer.testing import CliRunner

import romlib
from romlib.cli.commands import app
from romlib.enrichment.journal import Journal, folder_of
from romlib.parallel.comm import world
from romlib.report.compare import compare
from romlib.snapshots.reader import Snapshots
from romlib.solution.solution import Solution
from romlib.study.enrich import run_stream
from romlib.study.study import Study


@pytest.mark.mpi
def test_a_run_that_is_enriched_has_the_full_order_steps_in_its_result_and_smaller_errors(own_bar: Path) -> None:
    comm, result = world(), own_bar / "result.vtkhdf"
    reference = comm.on_root(lambda: solve("strong", own_bar / "strong.vtkhdf", fields=("stress", "p")))

    def errors(path: Path) -> dict[str, float]:
        with Snapshots(path) as found, Snapshots(reference) as exact:
            return {field: one.relative for field, one in compare(found, exact).fields.items()}

    plain = own_bar / "plain.vtkhdf"
    comm.on_root(lambda: romlib.load(own_bar / "x.rom").solve(case("strong")).write(plain))
    before = comm.on_root(lambda: errors(plain))
    streamed = run_stream(Study.read(own_bar / "study.toml"), own_bar / "x.rom", "strong", result, comm,
                          tolerance=1e-3, budget=2, accept_errors=True)
    assert streamed.steps == (1, 2) and not streamed.within
    journal = Journal(folder_of(own_bar / "x.rom"))
    assert comm.on_root(lambda: [entry.step for entry in journal.finished()]) == [1, 2]
    with Snapshots(result) as file, Snapshots(journal.record(2)) as record:
        np.testing.assert_allclose(file.times, TIMES)
        for piece in range(file.n_piece):
            for field in ("displacement", "stress", "p"):
                np.testing.assert_allclose(file.read(field, piece, 2), record.read(field, piece, 0), atol=1e-12)
    after = comm.on_root(lambda: errors(result))
    assert after["stress"] < before["stress"]
    assert not comm.on_root(lambda: list(journal.folder.glob("part-*")))
    assert len(romlib.load(own_bar / "x.rom").archive.enrichments) == 2


def test_a_run_within_the_tolerance_is_that_of_the_rom(own_bar: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Solution, "error_bound", small_bounds())
    rom, plain, result = own_bar / "x.rom", own_bar / "plain.vtkhdf", own_bar / "result.vtkhdf"
    content = rom.read_bytes()
    found = CliRunner().invoke(app, ["online", str(rom), "--case", "mild", "--enrich", str(own_bar / "study.toml"),
                                     "--tolerance", "0.05", "-o", str(result), "--json"])
    assert found.exit_code == 0 and json.loads(found.stdout)["full_order_steps"] == []
    romlib.load(rom).solve(case("mild")).write(plain)
    with Snapshots(result) as one, Snapshots(plain) as two:
        for piece in range(one.n_piece):
            for field in ("displacement", "stress", "p"):
                np.testing.assert_array_equal(one.read(field, piece), two.read(field, piece))
    assert rom.read_bytes() == content


def test_options_of_a_run_of_the_rom_alone_are_refused_with_enrichment(own_bar: Path) -> None:
    words = ["online", str(own_bar / "x.rom"), "--case", "mild", "--enrich", str(own_bar / "study.toml")]
    for more, expected in (([], "needs --output, and --tolerance"), (["--no-hyper-reduction"], "does not go with"),
                           (["-o", "r.vtkhdf", "--tolerance", "p=0.1"], "needs --output, and --tolerance")):
        found = CliRunner().invoke(app, [*words, *more])
        assert found.exit_code == 2 and expected in " ".join(found.stderr.split())
