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

    number: Annotated[int, Field(strict=True, ge=1)] | Literal["auto"] = 1
    choose: Literal["state", "input"] = "state"
    dissimilarity: Literal[
        "stress", "energy", "displacement", "l2", "time", "random", "grassmann", "chordal"] = "stress"
    geodesic: bool = True
    overlap: Annotated[int, Field(strict=True, ge=0)] = 6
    ends: bool = False
    minimum_modes: Annotated[int, Field(strict=True, ge=1)] = 10
    points_per_mode: Annotated[int, Field(strict=True, ge=1)] = 8
    keep_global: bool = True
    seed: Annotated[int, Field(strict=True, ge=0, le=2**32 - 1)] = 0  # scikit-learn's range
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.5

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
