"""The flow as a user drives it: the command line, in this process or on ranks, and what the modules share."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rank_scripts import without_launcher
from typer.testing import CliRunner

from romlib.cli import app
from romlib.launcher import launched_ranks

_STYLE = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Done:
    """What a command left: exit status, and what it printed."""

    command: str
    exit_code: int
    stdout: str
    stderr: str

    def json(self) -> dict[str, Any]:
        """The result of a command with --json, which has to have succeeded."""
        assert self.exit_code == 0, f"{self}"
        return json.loads(self.stdout)

    def __str__(self) -> str:
        return f"{self.command}\nexit status {self.exit_code}\n{self.stdout[-3000:]}\n{self.stderr[-6000:]}"


class CommandLine:
    """Calls `romlib`."""

    def __call__(self, *arguments: object) -> Done:
        """In this process, which saves the start of Python; without an MPI launcher."""
        words = [str(argument) for argument in arguments]
        result = CliRunner().invoke(app, words, prog_name="romlib")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(f"romlib {' '.join(words)}", result.exit_code, result.stdout, _STYLE.sub("", result.stderr))

    def started(self, *arguments: object, ranks: int = 1, limit: float = 100.0, path: Path | None = None) -> Done:
        """In processes of its own: one without a launcher, or several ranks under mpirun.

        limit : seconds after which the test fails: that is how a rank that waits for ever shows.
        path : a folder with packages that are installed for this call only.
        """
        words = [sys.executable, "-m", "romlib", *(str(argument) for argument in arguments)]
        if ranks > 1:
            if shutil.which("mpirun") is None:
                pytest.skip("no mpirun on this machine: several ranks cannot be started")
            pytest.importorskip("mpi4py", reason="mpi4py is not installed")
            words = ["mpirun", "--oversubscribe", "-n", str(ranks), *words]
        process = subprocess.Popen(words, env=_environment(path), text=True, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, start_new_session=True)
        try:
            stdout, stderr = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGTERM)  # mpirun passes it on to the ranks
            stdout, stderr = process.communicate(timeout=20)
            pytest.fail(f"still running after {limit} s: {' '.join(words)}\n{stdout[-3000:]}\n{stderr[-3000:]}")
        return Done(" ".join(words), process.returncode, stdout, _STYLE.sub("", stderr))


def _environment(path: Path | None) -> dict[str, str]:
    """`without_launcher`, with the packages of the folder."""
    environment = without_launcher()
    if path is not None:
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(path), environment.get("PYTHONPATH")]))
    return environment


@pytest.fixture(scope="session")
def romlib_command() -> CommandLine:
    """The command line."""
    if launched_ranks() is not None:
        pytest.skip("these tests start their own ranks, and cannot do so inside an MPI run")
    return CommandLine()


@pytest.fixture(scope="session")
def within() -> Callable[[Mapping[str, float | None], Mapping[str, float]], None]:
    """Compare figures with their limits; a failure shows all of them."""
    def compare(figures: Mapping[str, float | None], limits: Mapping[str, float]) -> None:
        rows = {name: (figures[name], limit) for name, limit in limits.items()}
        table = "\n".join(f"  {name}: {value} (at most {limit:g})" for name, (value, limit) in rows.items())
        print(table)
        assert all(value is not None and value <= limit for value, limit in rows.values()), f"\n{table}"
    return compare


@pytest.fixture(scope="session")
def errors_against(romlib_command) -> Callable[..., dict[str, dict[str, Any]]]:
    """`romlib compare --json`: the errors of each field."""
    def errors(candidate: Path, reference: Path, *options: object) -> dict[str, dict[str, Any]]:
        return romlib_command("compare", candidate, reference, *options, "--json").json()["fields"]
    return errors


@pytest.fixture(scope="session")
def sequential(data_dir: Path) -> Path:
    """The folder of Zset's computation on one domain."""
    return data_dir / "zset" / "MecaSequential"


@pytest.fixture(scope="session")
def cube(romlib_command, sequential, tmp_path_factory) -> Path:
    """Its snapshots file."""
    target = tmp_path_factory.mktemp("cube") / "cube.vtkhdf"
    summary = romlib_command("convert", "zset", sequential / "cube.inp", "-o", target, "--json").json()
    assert summary["counts"] == {"nodes": 343, "cells": 216, "integration_points": 1728, "pieces": 1,
                                 "shared_nodes": 0}
    return target


CUBE_STUDY = """
[study]
name = "cube"
[[training]]
snapshots = "cube.vtkhdf"
[offline]
pod_tolerance = 1e-6
cubature_tolerance = {tolerance}
dual_fields = ["stress", "p"]
"""


@pytest.fixture(scope="session")
def train_cube(romlib_command, cube) -> Callable[[str], Path]:
    """Train a ROM of the cube with a tolerance of the cubature, once for each."""
    made: dict[str, Path] = {}

    def train(tolerance: str) -> Path:
        if tolerance not in made:
            study = cube.with_name(f"cube_{tolerance}.toml")
            study.write_text(CUBE_STUDY.format(tolerance=tolerance))
            rom = study.with_suffix(".rom")
            done = romlib_command("offline", study, "-o", rom, "--json")
            assert done.exit_code == 0, f"{done}"
            made[tolerance] = rom
        return made[tolerance]

    return train


@pytest.fixture(scope="session")
def parallel_cube(romlib_command, data_dir, tmp_path_factory) -> Callable[[int], Path]:
    """The snapshots file of Zset's computation on two subdomains: as it is, or cut anew into some pieces."""
    folder = tmp_path_factory.mktemp("parallel")
    made: dict[int, Path] = {}

    def convert(pieces: int) -> Path:
        if pieces not in made:
            target = folder / f"cube_in_{pieces}.vtkhdf"
            cut = ["--pieces", pieces] if pieces != 2 else []  # as Zset has it
            summary = romlib_command("convert", "zset", data_dir / "zset" / "MecaParallel" / "cube.inp", *cut,
                                     "-o", target, "--json").json()
            assert summary["counts"]["pieces"] == pieces
            made[pieces] = target
        return made[pieces]

    return convert
