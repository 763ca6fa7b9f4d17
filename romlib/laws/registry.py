"""Laws by name: the entry points of the group `romlib.laws`, loaded when they are asked for and not before."""

from __future__ import annotations

from importlib.metadata import entry_points

from romlib.errors import LawError, LawNotCalledError
from romlib.laws.law import Law
from romlib.model.library import LIBRARY
from romlib.model.material import Material
from romlib.words import unknown

GROUP = "romlib.laws"


def installed_laws() -> list[str]:
    """Names of the installed laws; none of them is imported."""
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def law_class(name: str) -> type[Law]:
    """The class of an installed law.

    Raises
    ------
    LawError : the law is not installed, two packages claim the name, or its package cannot be imported.
    """
    found = list({(e.value, e.name): e for e in entry_points(group=GROUP) if e.name == name}.values())
    if not found:
        raise LawNotCalledError(
            f"no law named '{name}' is installed", **unknown(
                name, installed_laws(), "install the package that provides it (entry points romlib.laws)"))
    if len(found) > 1:
        raise LawError(
            f"several packages provide a law named '{name}'", found=", ".join(entry.value for entry in found),
            remedy="uninstall all but one of them")
    try:
        return found[0].load()
    except Exception as error:
        raise LawError(
            f"the law '{name}' is installed but cannot be loaded: {error}", place=f"entry point {found[0].value}",
            remedy="import that module in Python to see the whole error") from error


def build_law(material: Material) -> Law:
    """The law of a material with its parameters.

    Code that a file names is for the law's class method `from_file_parameters(parameters, file)`, which makes sure that
    it is the code that the file was made with, before it calls any of it.

    Raises
    ------
    LawError : unknown law (the installed ones are listed), a wrong parameter (named, with what is allowed), or code of
        a file that the law cannot recognise.
    """
    law, parameters = law_class(material.law), dict(material.parameters)
    if material.file is None or LIBRARY not in parameters:
        return law.from_parameters(parameters)
    if not hasattr(law, "from_file_parameters"):
        raise LawNotCalledError(
            f"the file names a library for the law '{material.law}', which has no way to recognise the library",
            file=material.file, place=f"parameters, {LIBRARY}", found=parameters[LIBRARY],
            remedy="give the material in a study of your own, which may name what you trust")
    return law.from_file_parameters(parameters, material.file)
