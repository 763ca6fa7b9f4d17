"""Full-order runs of training and held-out cases, in files; those that are there already are taken."""

from __future__ import annotations

import json
import time
from pathlib import Path

from bodies import Body, Held
from commands import console

from romlib.errors import ConvergenceError
from romlib.model import Case
from romlib.parallel.comm import serial
from romlib.study import Study
from romlib.study.solve import run_solve

FIELDS = ("stress", "p")


def solve_training(body: Body, folder: Path, control_points: int) -> None:
    """Mesh, study and the full-order runs that the ROM is trained with."""
    body.prepare(folder, control_points)
    for name in body.trained:
        if not (folder / f"{name}.vtkhdf").is_file():
            _solve(folder, name, name)


def solve_held(folder: Path, held: list[Held]) -> dict[str, str]:
    """References of the held-out cases, one core second after the other; by name, why one has none.

    What cannot be solved is remembered, and not tried again.
    """
    log = folder / "failures.json"
    failures: dict[str, str] = json.loads(log.read_text()) if log.is_file() else {}
    for number, one in enumerate(held):
        if one.name in failures or (folder / f"{one.name}.vtkhdf").is_file():
            continue
        used = time.process_time()
        try:
            _solve(folder, one.case, one.name)
        except ConvergenceError as error:
            failures[one.name] = str(error).splitlines()[0]
            log.write_text(json.dumps(failures, indent=1))
        said = failures.get(one.name, f"{time.process_time() - used:.1f} core s")
        console.print(f"  {number + 1}/{len(held)} {one.name}, {one.group}: {said}", markup=False)
    return failures


def _solve(folder: Path, case: str | Case, name: str) -> None:
    run_solve(Study.read(folder / "study.toml"), case, folder / f"{name}.vtkhdf", serial(), fields=FIELDS)
