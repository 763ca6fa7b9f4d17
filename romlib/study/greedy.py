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

    case: str
    factors: dict[str, Sizes] = Field(default_factory=dict)
    parameters: dict[str, Sizes] = Field(default_factory=dict)

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

    command: str | tuple[str, ...]
    converter: str
    deck: Path
    results: tuple[str, ...]
    files: tuple[Path, ...] = ()
    source: str = "{deck}"
    failure: str | None = None
    timeout: Positive | None = None
    environment: dict[str, str] = Field(default_factory=dict)
    pieces: Annotated[int, Field(ge=1)] | None = None
    units: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)


class Greedy(Description):
    """[greedy]: a search for the runs that a ROM needs so that its error bounds over all candidates are small.

    candidates : cases of the study; by default all that are not training runs. grid : further ones.
    tolerance : what the bound of every quantity may be at most, or by quantity ("displacement", "stress", "p", ...),
    where those that are not named do not count.
    budget : runs of the solver, failed ones included, at most. solver : by default the built-in one, on [mesh].
    """

    candidates: tuple[str, ...] | None = None
    grid: Grid | None = None
    tolerance: Positive | Annotated[dict[str, Positive], Field(min_length=1)]
    budget: Annotated[int, Field(ge=1)]
    solver: DeckSolver | None = None


def resolve_paths(raw: Any, folder: Path) -> None:
    """Make the paths of a raw [greedy.solver] paths from the folder of the study."""
    solver = raw.get("solver") if isinstance(raw, dict) else None
    if not isinstance(solver, dict):
        return
    if isinstance(solver.get("deck"), str):
        solver["deck"] = (folder / solver["deck"]).absolute()
    if isinstance(solver.get("files"), list):
        solver["files"] = [(folder / name).absolute() if isinstance(name, str) else name for name in solver["files"]]
