"""What a ROM is built to."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from romlib.model.base import Description
from romlib.model.clusters import ClusterOptions
from romlib.words import closest

USUAL_LIMIT = 0.05
Tolerance = Annotated[float, Field(gt=0, lt=1)]

# What is asked for where nothing is; of internal variables the last.
USUAL_ACCURACY = {"displacement": 1e-3, "stress": 1e-2}
USUAL_ACCURACY_OF_STATE = 2e-2
_USUAL_POD = 1e-4
_BY_HAND = ("pod_tolerance", "modes", "cubature_tolerance", "cubature_points", "dual_tolerance")


class OfflineOptions(Description):
    """[offline]: what the ROM is built to.

    accuracy : by quantity ("displacement", or one of dual_fields), the relative error that the ROM is to have over its
        training runs, and over each of them when it is left out and within the others; max_t ||a - b||_L2 / max_t
        ||b||_L2. By default 1e-3 of the displacement, 1e-2 of the stress, 2e-2 of internal variables. Tolerances are
        chosen to meet it (`romlib.offline.accuracy`), unless one of them is given: then it is only judged.
    pod_tolerance : relative error of the displacement snapshots that the modes leave out,
        sum_{i>n} lambda_i <= tolerance^2 sum lambda_i; or `modes`, their number.
    pod_norm : of the displacement that the modes are the best of: "l2", or "energy", the elastic energy of the virgin
        state, where strains count more than what moves with them.
    cubature_tolerance : ||G^T w - b|| <= tolerance max(||b||, a / 10) on the integrands of the training set, a the
        energy norm of its stresses.
    cubature_points : at most so many points, where the tolerance asks for more; None: no limit of its own.
    cubature_training : stresses that train the cubature: those of the snapshots; and of a full-integration ROM run
        over the training cases ("full_rom"); and of its Newton iterates ("iterates").
    dual_fields : fields at integration points that the online stage reconstructs everywhere.
    dual_tolerance : as pod_tolerance, for the modes of each of them.
    stress : "read" from the file, "replay" from the displacement by the law, "auto": read where the file has it.
    error_limits : by field ("displacement", or one of dual_fields), what the error of the finished ROM over its own
        training cases may be at most; by default 5 %, or ten times the tolerances where that is more. Beyond it no
        ROM is written, unless the errors are accepted.
    calibration : calibrate the error indicator, so that online results have bounds of their errors.
    control_points : so many integration points besides, that take no part in the reconstruction: bounds of internal
        variables compare it with the laws there. A fifth is where the stress is large and nothing flowed in training,
        the others half evenly and half where the internal variables are.
    skip_check : build the ROM without the nonintrusivity check.
    clusters : one basis or several; in a study a table of its own, [clusters].
    """

    accuracy: dict[str, Tolerance] = Field(default_factory=dict, description=(
        "by quantity (`displacement`, or one of `dual_fields`), the relative error that the ROM is to have over all "
        "points and times of each run: tolerances are chosen to meet it, unless one of them is given; then it is only "
        "judged. By default 1e-3 of the displacement, 1e-2 of the stress, 2e-2 of internal variables, where no "
        "tolerance is given"))
    pod_tolerance: Tolerance | None = Field(default=None, description=(
        "the modes leave out at most this part of the displacement snapshots: sum_{i>n} lambda_i <= tolerance^2 sum "
        "lambda_i; by default chosen to meet `accuracy`, and 1e-4 where another tolerance is given"))
    modes: Annotated[int, Field(ge=1)] | None = Field(default=None, description="their number, instead of a tolerance")
    pod_norm: Literal["l2", "energy"] = Field(default="l2", description=(
        'of the displacement that the modes are the best of: "l2", or "energy", the elastic energy of the virgin '
        'state, where strains count and what only moves with them does not'))
    cubature_tolerance: Tolerance = Field(default=1e-4, description=(
        "the selected points integrate the training set to ||G^T w - b|| <= tolerance max(||b||, a / 10), with a "
        "the energy norm of the stresses: what counts where they are in equilibrium with themselves (heat alone) "
        "and b vanishes; by default chosen to meet `accuracy`, and 1e-4 where another tolerance is given"))
    cubature_points: Annotated[int, Field(ge=1)] | None = Field(default=None, description=(
        "at most so many points, where the tolerance asks for more; by default no limit"))
    cubature_training: Literal["snapshots", "full_rom", "iterates"] = Field(default="snapshots", description=(
        '"snapshots": stresses of the snapshots. "full_rom": and of a full-integration ROM run over the training '
        'cases. "iterates": and of its Newton iterates. More points, a longer offline stage, less error that shows '
        'only online'))
    dual_fields: tuple[str, ...] = Field(default=("stress",), description=(
        "fields at integration points to reconstruct everywhere: `stress`, any internal variable of the laws, any "
        "field of the file"))
    dual_tolerance: Tolerance = Field(default=1e-4, description=(
        "as `pod_tolerance`, for the modes of each of them; by default chosen to meet `accuracy`, and 1e-4 where "
        "another tolerance is given"))
    stress: Literal["auto", "read", "replay"] = Field(default="auto", description=(
        '"read" from the file, "replay" from the displacement by the law, "auto": read where the file has it'))
    error_limits: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict, description=(
        "by field (`displacement`, or one of `dual_fields`): what the error of the finished ROM over its own "
        "training cases may be. By default 5 %, or ten times the largest of the tolerances. Beyond it `romlib "
        "offline` writes no ROM and ends with exit status 1, unless `--accept-errors` is given: the ROM, `romlib "
        "info` and every run of `romlib online` then say so"))
    calibration: bool = Field(default=True, description=(
        "calibrate the error indicator, from which online results have bounds of their errors"))
    control_points: Annotated[int, Field(ge=0)] = Field(default=0, description=(
        "points besides that make bounds of internal variables safer, at the cost of as many points online; 100 is "
        "a good number"))
    skip_check: bool = Field(default=False, description="train without the check")
    clusters: ClusterOptions = Field(default=ClusterOptions(), description=(
        "one basis or several; in a study a table of its own, `[clusters]`"))

    @model_validator(mode="before")
    @classmethod
    def _tolerance_or_modes(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        if value.get("modes") is not None and value.get("pod_tolerance") is not None:
            raise ValueError("give pod_tolerance or modes, not both")
        return value

    @model_validator(mode="after")
    def _usual_pod_tolerance(self) -> OfflineOptions:
        if self.pod_tolerance is None and self.modes is None:
            # Past the frozen model, so that it does not count as given.
            object.__setattr__(self, "pod_tolerance", _USUAL_POD)
        return self

    @model_validator(mode="after")
    def _limits_of_fields(self) -> OfflineOptions:
        for key in ("accuracy", "error_limits"):
            unknown = [name for name in getattr(self, key) if name not in self.quantities]
            if unknown:
                more = "[" + ", ".join(f'"{name}"' for name in (*self.dual_fields, unknown[0])) + "]"
                meant = closest(unknown[0], self.quantities,
                                f"a field that the laws compute has to stand in dual_fields too: dual_fields = {more}")
                raise ValueError(f"{key} has {unknown[0]!r}, which the ROM does not give: one of "
                                 f"{', '.join(self.quantities)}; {meant}")
        return self

    @property
    def quantities(self) -> tuple[str, ...]:
        """What the ROM gives: the displacement, and dual_fields."""
        return ("displacement", *self.dual_fields)

    @property
    def by_hand(self) -> tuple[str, ...]:
        """Those of the tolerances and numbers that were given."""
        return tuple(name for name in _BY_HAND if name in self.model_fields_set and getattr(self, name) is not None)

    @property
    def chooses(self) -> bool:
        """Whether tolerances are chosen to meet the accuracy."""
        return not self.by_hand

    @property
    def asked(self) -> dict[str, float]:
        """The accuracy of each quantity; none where tolerances are given and no accuracy is."""
        if self.by_hand and not self.accuracy:
            return {}
        return {name: self.accuracy.get(name, USUAL_ACCURACY.get(name, USUAL_ACCURACY_OF_STATE))
                for name in self.quantities}

    def error_limit(self, field: str) -> float:
        """What "online FIELD" may be at most."""
        tolerances = [self.pod_tolerance or 0.0, self.cubature_tolerance]
        if field != "displacement":
            tolerances.append(self.dual_tolerance)
        usual = max(USUAL_LIMIT, 10.0 * max(tolerances), self.accuracy.get(field, 0.0))
        return self.error_limits.get(field, usual)
