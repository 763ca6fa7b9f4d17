"""Foreign code at arm's length: laws that can run in a process of their own do so while a file is checked.

A law class with a class method `guarded_parameters(parameters) -> dict` can be asked for parameters with which a crash
of foreign code becomes a LawError instead of the end of this process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from romlib.errors import LawError
from romlib.laws.registry import build_law, law_class
from romlib.model.material import Material
from romlib.model.model import Model

GUARDED = "guarded"  # by convention the parameter with which a study asks for this, or against it


def guarded_materials(materials: Mapping[str, Material]) -> dict[str, Material]:
    """The materials, guarded where their laws know how; a law that is not installed is left as it is."""
    return {name: _guarded(material) for name, material in materials.items()}


@contextmanager
def guarded_model(model: Model) -> Iterator[Model]:
    """The model with guarded materials; their processes serve every piece of a mesh and end with this context."""
    materials = guarded_materials(model.materials)
    laws = []
    for name, material in materials.items():
        if material is not model.materials[name]:
            try:
                laws.append(build_law(material))
            except LawError:
                continue  # whoever uses the model meets it again, where it can say what it was doing
    yield model.model_copy(update={"materials": materials})
    laws.clear()


def _guarded(material: Material) -> Material:
    try:
        law = law_class(material.law)
    except LawError:
        return material
    if not hasattr(law, "guarded_parameters"):
        return material
    parameters = dict(material.parameters)
    if material.file is not None:
        parameters.pop(GUARDED, None)  # whether its code is kept at arm's length is not for a file to say
    return material.model_copy(update={"parameters": law.guarded_parameters(parameters)})
