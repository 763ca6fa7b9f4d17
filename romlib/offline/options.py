"""What a ROM is built to."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from romlib.model.base import Description
from romlib.model.clusters import ClusterOptions

USUAL_LIMIT = 0.05
Tolerance = Annotated[float, Field(gt=0, lt=1)]


class OfflineOptions(Description):
    """[offline]: what the ROM is built to.

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

    pod_tolerance: Tolerance | None = Field(default=None, description=(
        "the modes leave out at most this part of the displacement snapshots: sum_{i>n} lambda_i <= tolerance^2 sum "
        "lambda_i; by default 1e-4, where `modes` is not given"))
    modes: Annotated[int, Field(ge=1)] | None = Field(default=None, description="their number, instead of a tolerance")
    pod_norm: Literal["l2", "energy"] = Field(default="l2", description=(
        'of the displacement that the modes are the best of: "l2", or "energy", the elastic energy of the virgin '
        'state, where strains count and what only moves with them does not'))
    cubature_tolerance: Tolerance = Field(default=1e-4, description=(
        "the selected points integrate the training set to ||G^T w - b|| <= tolerance max(||b||, a / 10), with a "
        "the energy norm of the stresses: what counts where they are in equilibrium with themselves (heat alone) "
        "and b vanishes"))
    cubature_points: Annotated[int, Field(ge=1)] | None = Field(default=None, description=(
        "at most so many points, where the tolerance asks for more; by default no limit"))
    cubature_training: Literal["snapshots", "full_rom", "iterates"] = Field(default="snapshots", description=(
        '"snapshots": stresses of the snapshots. "full_rom": and of a full-integration ROM run over the training '
        'cases. "iterates": and of its Newton iterates. More points, a longer offline stage, less error that shows '
        'only online'))
    dual_fields: tuple[str, ...] = Field(default=("stress",), description=(
        "fields at integration points to reconstruct everywhere: `stress`, any internal variable of the laws, any "
        "field of the file"))
    dual_tolerance: Tolerance = Field(default=1e-4, description="as `pod_tolerance`, for the modes of each of them")
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
        if value.get("modes") is None and value.get("pod_tolerance") is None:
            return {**value, "pod_tolerance": 1e-4}
        return value

    @model_validator(mode="after")
    def _limits_of_fields(self) -> OfflineOptions:
        known = ("displacement", *self.dual_fields)
        unknown = [name for name in self.error_limits if name not in known]
        if unknown:
            raise ValueError(f"error_limits has {unknown[0]!r}, which the ROM does not give: one of {', '.join(known)}")
        return self

    def error_limit(self, field: str) -> float:
        """What "online FIELD" may be at most."""
        tolerances = [self.pod_tolerance or 0.0, self.cubature_tolerance]
        if field != "displacement":
            tolerances.append(self.dual_tolerance)
        return self.error_limits.get(field, max(USUAL_LIMIT, 10.0 * max(tolerances)))
