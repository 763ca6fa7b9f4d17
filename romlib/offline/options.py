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

    pod_tolerance: Tolerance | None = None
    modes: Annotated[int, Field(ge=1)] | None = None
    pod_norm: Literal["l2", "energy"] = "l2"
    cubature_tolerance: Tolerance = 1e-4
    cubature_points: Annotated[int, Field(ge=1)] | None = None
    cubature_training: Literal["snapshots", "full_rom", "iterates"] = "snapshots"
    dual_fields: tuple[str, ...] = ("stress",)
    dual_tolerance: Tolerance = 1e-4
    stress: Literal["auto", "read", "replay"] = "auto"
    error_limits: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    calibration: bool = True
    control_points: Annotated[int, Field(ge=0)] = 0
    skip_check: bool = False
    clusters: ClusterOptions = ClusterOptions()

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
