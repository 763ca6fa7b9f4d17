"""Plain, serialisable descriptions of a model: what a converter writes, a study declares and an archive stores."""

from romlib.model.amplitude import Amplitude, ExpressionAmplitude, TableAmplitude
from romlib.model.case import Case, Times
from romlib.model.constraint import Constraint
from romlib.model.identity import Identity, Part, TrainedModel
from romlib.model.load import (
    ArrayReference,
    BodyForce,
    Centrifugal,
    Load,
    NodalForce,
    Pressure,
    Temperature,
    Traction,
)
from romlib.model.material import Material, ParameterTable, ThermalExpansion
from romlib.model.model import Model, Omission
from romlib.model.orientation import Orientation
from romlib.model.tag import CellTag, FaceTag, NodeTag
from romlib.model.temperature import TemperatureFile
from romlib.model.units import UnitSystem

__all__ = [
    "Amplitude",
    "ArrayReference",
    "BodyForce",
    "Case",
    "CellTag",
    "Centrifugal",
    "Constraint",
    "ExpressionAmplitude",
    "FaceTag",
    "Identity",
    "Load",
    "Material",
    "Model",
    "NodalForce",
    "NodeTag",
    "Omission",
    "Orientation",
    "ParameterTable",
    "Part",
    "Pressure",
    "TableAmplitude",
    "Temperature",
    "TemperatureFile",
    "ThermalExpansion",
    "Times",
    "Traction",
    "TrainedModel",
    "UnitSystem",
]
