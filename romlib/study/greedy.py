"""[greedy] of a study: the candidate cases, the bound that is asked for, and the solver that runs them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from romlib.model.base import Description

Positive = Annotated[float, Field(gt=0)]
Sizes = Annotated[tuple[float, ...], Field(min_length=1)]
MOST_CASES = 10_000  # of a grid


class Grid(Description):
    """[greedy.grid]: cases that differ from one by the sizes of its amplitudes and its parameters; all combinations.

    case : the one, a case of the study. factors : by load, what its amplitude is multiplied by. parameters : by name,
    the values.
    """

    case: str = Field(description="the case that is varied")
    factors: dict[str, Sizes] = Field(default_factory=dict, description="by load, what its amplitude is multiplied by")
    parameters: dict[str, Sizes] = Field(default_factory=dict, description="by parameter, its values")

    @model_validator(mode="after")
    def _some_and_not_too_many(self) -> Grid:
        if not self.factors and not self.parameters:
            raise ValueError("a grid needs factors = {LOAD = [...]} or parameters = {NAME = [...]}")
        both = sorted(set(self.factors) & set(self.parameters))
        if both:
            raise ValueError(f"{both[0]!r} is a load and a parameter: the names of the cases would not tell which")
        number = 1
        for sizes in (*self.factors.values(), *self.parameters.values()):
            number *= len(sizes)
        if number > MOST_CASES:
            raise ValueError(f"{number} cases are more than a grid may have ({MOST_CASES})")
        return self


class DeckSolver(Description):
    """[greedy.solver]: a solver of the user's own, as `romlib.external.solver.ExternalSolver` has it.

    deck : its input file; {case} in the name stands for the candidate's, so that each has a deck of its own. In the
    text of the deck, {amplitude:LOAD} and the like stand for what the candidate has: see `romlib.greedy.deck`.
    files : what the deck and the command need besides, such as meshes and scripts: linked into the folder of each run.
    """

    command: str | tuple[str, ...] = Field(description="program and arguments, as `--command` of `romlib external`")
    converter: str = Field(description="the converter that reads its results")
    deck: Path = Field(description="its input file; `{case}` in it stands for the candidate's name")
    results: tuple[str, ...] = Field(description="files that it has to write, such as `{stem}.frd`")
    files: tuple[Path, ...] = Field(default=(), description=(
        "what deck and command need besides; linked into the folder of each run, from which a relative command such "
        "as `./solve.sh` begins"))
    source: str = Field(default="{deck}", description="what the converter reads")
    failure: str | None = Field(default=None, description=(
        "a line of the log in which this regular expression is found means failure; by default none"))
    timeout: Positive | None = Field(default=None, description="seconds for each run; by default no limit")
    environment: dict[str, str] = Field(default_factory=dict, description="environment variables for the solver")
    pieces: Annotated[int, Field(ge=1)] | None = Field(default=None, description=(
        "pieces that the converter cuts the mesh into; by default as the training runs"))
    units: str | None = Field(default=None, description="unit system of the converter; by default that of the files")
    options: dict[str, Any] = Field(default_factory=dict, description="options of the converter")


class Greedy(Description):
    """[greedy]: a search for the runs that a ROM needs so that its error bounds over all candidates are small.

    candidates : cases of the study; by default all that are not training runs. grid : further ones.
    tolerance : what the bound of every quantity may be at most, or by quantity ("displacement", "stress", "p", ...),
    where those that are not named do not count.
    budget : runs of the solver, failed ones included, at most. solver : by default the built-in one, on [mesh].
    """

    candidates: tuple[str, ...] | None = Field(default=None, description=(
        "cases of the study; by default all that are no training runs"))
    grid: Grid | None = Field(default=None, description=(
        "further candidates: one case with its amplitudes and parameters varied, all combinations"))
    tolerance: Positive | Annotated[dict[str, Positive], Field(min_length=1)] = Field(description=(
        "what the bounds may be at most, of all quantities, or by quantity; then those that are not named do not "
        "count"))
    budget: Annotated[int, Field(ge=1)] = Field(description="runs of the solver, failed ones included, at most")
    solver: DeckSolver | None = Field(default=None, description=(
        "your own solver; by default the built-in one, on `[mesh]`"))


def resolve_paths(raw: Any, folder: Path) -> None:
    """Make the paths of a raw [greedy.solver] paths from the folder of the study."""
    solver = raw.get("solver") if isinstance(raw, dict) else None
    if not isinstance(solver, dict):
        return
    if isinstance(solver.get("deck"), str):
        solver["deck"] = (folder / solver["deck"]).absolute()
    if isinstance(solver.get("files"), list):
        solver["files"] = [(folder / name).absolute() if isinstance(name, str) else name for name in solver["files"]]
