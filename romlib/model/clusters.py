"""[clusters] of a study: whether a ROM has several local bases, and how its snapshots are shared out among them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from romlib.model.base import Description

OF_SNAPSHOTS = ("stress", "energy", "displacement", "l2", "time", "random")
OF_CASES = ("grassmann", "chordal")


class ClusterOptions(Description):
    """[clusters]: local bases.

    number : of clusters; "auto": what `romlib clusters` recommends. 1 is a global basis, and nothing else counts then.
    choose : what a step's basis is chosen by: the present displacement ("state", clusters of snapshots, switched in
        time), or the input of the case ("input", clusters of training runs, chosen once).
    dissimilarity : of snapshots: sine of the angle of the stresses, of the displacements in the elastic energy or in
        L2; or the L2 distance of the displacements ("l2"), the time between them ("time"), chance ("random"). Of runs:
        "grassmann" or "chordal" distance of the spaces of their displacements. By default "stress", for runs
        "grassmann".
    geodesic : shortest paths over the nearest neighbours instead of the dissimilarity itself (not of "time", "random").
    overlap : so many nearest neighbours of each member join its cluster; by default 6, for runs none.
    ends : the last snapshot of each run joins every cluster: what a history leaves behind (residual strains) is then in
        each basis, for cases that go on where the training runs ended.
    minimum_modes, points_per_mode : at least so many modes, and points for each of them, a cluster. A global basis has
        8 to 13 points a mode; a cluster whose forces are those of a large load meets the tolerance of the cubature with
        3, and misses what acts beside it.
    keep_global : the global basis is kept for what no local one can take.
    seed : of all that is drawn.
    threshold : choose = "input": below this probability the global basis is taken.
    """

    number: Annotated[int, Field(strict=True, ge=1)] | Literal["auto"] = Field(default=1, description=(
        'of local bases. 1: a global basis, and the other keys count for nothing. "auto": what `romlib clusters` '
        'recommends'))
    choose: Literal["state", "input"] = Field(default="state", description=(
        'what the basis is chosen by: "state", the displacement in each step (clusters of snapshots); "input", the '
        'case, once (clusters of training runs)'))
    dissimilarity: Literal[
        "stress", "energy", "displacement", "l2", "time", "random", "grassmann", "chordal"] = Field(
        default="stress", description=(
        'of snapshots: the sine of the angle between their stresses ("stress"), or between their displacements in '
        'the elastic energy ("energy") or in L2 ("displacement"); or, to compare with, "l2", "time", "random". Of '
        'runs, with "grassmann" as the default: the angles between the spaces of their displacements, "grassmann" '
        'or "chordal"'))
    geodesic: bool = Field(default=True, description=(
        "lengths of shortest paths over the five nearest neighbours, instead of the dissimilarity itself, which "
        "calls all features alike that are apart"))
    overlap: Annotated[int, Field(strict=True, ge=0)] = Field(default=6, description=(
        "so many nearest neighbours of each snapshot train its basis too; of runs, none by default"))
    ends: bool = Field(default=False, description=(
        'the last snapshot of each run trains every basis of snapshots: what a history leaves behind (residual '
        'strains) is then in each, for cases that go on where the training runs ended; not with `choose = "input"`'))
    minimum_modes: Annotated[int, Field(strict=True, ge=1)] = Field(default=10, description=(
        "at least so many modes a basis; a cluster that has not so many different snapshots takes in its nearest "
        "neighbours"))
    points_per_mode: Annotated[int, Field(strict=True, ge=1)] = Field(default=8, description=(
        "at least so many integration points for each mode of a basis, where its integrands need them. Where heat "
        "acts beside a large mechanical load, 3 meet the cubature's tolerance and are few: with 8 the stress error "
        "of eight bases of the strip (cases/local_bases) over the training runs is 14 % instead of 165 %"))
    keep_global: bool = Field(default=True, description=(
        "the global basis stays in the ROM, for steps that no local one can solve"))
    # scikit-learn's range
    seed: Annotated[int, Field(strict=True, ge=0, le=2**32 - 1)] = Field(default=0, description=(
        "of the search for clusters, and of classifiers"))
    threshold: Annotated[float, Field(ge=0, le=1)] = Field(default=0.5, description=(
        'with `choose = "input"`: below this probability the global basis is taken'))

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_runs(cls, value: Any) -> Any:
        if isinstance(value, dict) and value.get("choose") == "input":
            return {"dissimilarity": "grassmann", "overlap": 0, **value}
        return value

    @model_validator(mode="after")
    def _dissimilarity_of_what_is_clustered(self) -> ClusterOptions:
        allowed = OF_SNAPSHOTS if self.choose == "state" else OF_CASES
        if self.dissimilarity not in allowed:
            raise ValueError(f'dissimilarity {self.dissimilarity!r} is not one for choose = "{self.choose}": one of '
                             f"{', '.join(allowed)}")
        if self.ends and self.choose == "input":
            raise ValueError('ends is for choose = "state": a cluster of training runs has them to their ends')
        return self

    @property
    def gram(self) -> str | None:
        """Whose Gram matrix the dissimilarity is made of: "stress", "energy", "displacement"; None where of none."""
        named = {"l2": "displacement", "grassmann": "energy", "chordal": "energy", "time": None, "random": None}
        return named.get(self.dissimilarity, self.dissimilarity)
