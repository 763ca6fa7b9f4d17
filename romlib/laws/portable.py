"""A model as a file carries it: laws that depend on something outside of it, such as a library, say so in another way.

A law with a method `portable_parameters() -> dict` gives the parameters that a file stores in place of its own. They
name what the law needs without saying where on this machine it is, and hold what the law recognises it by.
"""

from __future__ import annotations

from romlib.laws.registry import build_law, law_class
from romlib.laws.symbols import evaluated_model
from romlib.model.material import Material
from romlib.model.model import Model


def portable_model(model: Model) -> Model:
    """The model with the parameters that a file stores; the same model where no law has any of its own.

    Raises
    ------
    LawError : a law is unknown, or cannot be built with its parameters.
    """
    numbers = evaluated_model(model).materials
    changed = {name: portable for name, material in model.materials.items()
               if (portable := _portable(material, numbers[name])) is not None}
    return model.model_copy(update={"materials": {**model.materials, **changed}}) if changed else model


def _portable(material: Material, numbers: Material) -> Material | None:
    """Of a material and of the same with numbers; what is a formula stays one."""
    if not hasattr(law_class(material.law), "portable_parameters"):
        return None
    parameters = build_law(numbers).portable_parameters()  # type: ignore[attr-defined]
    stated = {key: value for key, value in material.parameters.items() if value is not numbers.parameters[key]}
    return material.model_copy(update={"parameters": {**parameters, **stated}})
