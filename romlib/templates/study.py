"""The study to begin with, from snapshots files, from a deck, from a mesh, or from nothing."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from romlib.errors import RomlibError
from romlib.laws.registry import build_law
from romlib.mesh.kinematics import AXISYMMETRIC, SOLID, kinematics
from romlib.model import Model, Temperature
from romlib.model.library import LIBRARY
from romlib.study.case_file import toml_key, toml_value
from romlib.templates.page import Page
from romlib.templates.places import guess, materials_of
from romlib.templates.source import Source
from romlib.templates.values import amplitude_in_toml, amplitude_in_words, times_in_toml
from romlib.words import listed

_UNITS = "mm, N, MPa, s, degC"
_OTHER = 0.9  # size of the loads of the example, over those of the training


def study_page(source: Source | None, output: Path) -> Page:
    """The study of a source; without one, of a file that is not there yet. output : where it is going to be."""
    page = Page()
    if source is None:
        _blank(page, output)
    elif source.kind == "mesh":
        _of_mesh(page, source, output)
    else:
        _of_runs(page, source, output)
    return page


def _path(file: Path, output: Path) -> str:
    """A file as the study names it, relative to its own folder."""
    return os.path.relpath(file.absolute(), output.absolute().parent).replace(os.sep, "/")


def _of_runs(page: Page, source: Source, output: Path) -> None:
    """Of snapshots files, or of a deck whose results are going to be one."""
    study, stem, model = output.name, output.stem, source.model
    # What a deck is going to give is written beside the study: the deck's folder may be somebody else's.
    snapshots = [run.file.name if source.kind == "deck" else _path(run.file, output) for run in source.runs]
    page.comment(f"A study of {source.path.name}, written by `romlib init`. In its folder:")
    if source.kind == "deck":
        page.commands(f"romlib convert {source.converter} {_path(source.path, output)} -o {snapshots[0]}"
                      "    (after the solver ran)")
    page.commands(f"romlib check {snapshots[0]} --study {study}", f"romlib offline {study} -o {stem}.rom",
                  f"romlib online {stem}.rom --case example -o result.vtkhdf")
    _header(page, stem, str(model.units), "as the file has them: correct file and study if they are others")
    needs_work = [one for one in model.omissions if one.does_work]
    if needs_work:
        page.comment("The deck has what a ROM lacks, and what does virtual work. Put a name into `accept` to train "
                     "without it:")
        for one in needs_work:
            page.comment(f"{one.name}: {one.description}", hang="  ")
        page.fill("accept = []", "names of what you accept to lose", "what of the deck may be lost: "
                  + listed(one.name for one in needs_work))
    _model_in_comments(page, source)
    _libraries(page, model)
    placeholders = _placeholders(page, source)
    for run, name in zip(source.runs, snapshots):
        page.table("[[training]]")
        page.line(f"snapshots = {toml_value(name)}")
        for load in _driven(run.model):
            page.comment(f"amplitude of {load}, from the file: {amplitude_in_words(run.model.amplitudes.get(load))}")
        if placeholders:
            page.fill(f"amplitudes.{toml_key(placeholders)} = 1.0", f"what the load was in this run over time, as a "
                      f"formula, a table or a CSV file, over {_span(run.times)}")
    _offline(page, model)
    _example(page, source, placeholders)


def _header(page: Page, name: str, units: str, comment: str) -> None:
    page.table("[study]")
    page.line(f"name = {toml_value(name)}")
    page.line(f"units = {toml_value(units)}", comment)


def _model_in_comments(page: Page, source: Source) -> None:
    """What the file says, for people to know what they may replace."""
    model, mesh = source.model, source.mesh
    page.lines.append("")
    page.comment(f"What {source.path.name} has; a table of the same name here replaces the file's:")
    for name, material in model.materials.items():
        values = ", ".join(f"{key} = {_short(value)}" for key, value in material.parameters.items())
        page.comment(f"[materials.{toml_key(name)}] law {material.law} on the cells {material.cells}: {values}", "  ")
    for name, constraint in model.constraints.items():
        page.comment(f"[constraints.{toml_key(name)}] {constraint.kind}, components {listed(constraint.components)} of "
                     f"the nodes {constraint.nodes}", "  ")
    for name, load in model.loads.items():
        where = getattr(load, "faces", None) or getattr(load, "nodes", None) or getattr(load, "cells", None)
        page.comment(f"[loads.{toml_key(name)}] {load.kind}{f' on {where}' if where else ''}", "  ")
    for kind in ("nodes", "faces", "cells"):
        page.comment(f"tags of {kind}: " + listed(f"{tag.name} ({tag.count})" for tag in mesh.tags if tag.kind == kind),
                     "  ")
    if model.omissions:
        page.comment("left out, without virtual work: "
                     + listed(one.name for one in model.omissions if not one.does_work), "  ")


def _short(value: object) -> str:
    text = toml_value(value)
    return text if len(text) <= 80 else text[:80] + " ..."


def _libraries(page: Page, model: Model) -> None:
    """Materials that call code: it is called only where a study of the user's own says so."""
    for name, material in model.materials.items():
        if LIBRARY not in material.parameters:
            continue
        page.table(f"[materials.{toml_key(name)}]")
        page.comment("The file names code, and code is called only where your own study names it.")
        page.line(f"law = {toml_value(material.law)}")
        page.line(f"cells = {toml_value(material.cells)}")
        for key, value in material.parameters.items():
            if key == LIBRARY:
                page.fill(f"parameters.{key} = {toml_value(value)}", "the path of the library, which you trust",
                          f"where the library {value} of the material {name} is")
            elif key != "proof":
                page.line(f"parameters.{toml_key(key)} = {toml_value(value)}")


def _placeholders(page: Page, source: Source) -> str | None:
    """Material, constraints and a load where the file has none; the name of a load without amplitude, or None."""
    model = source.model
    if not model.materials:
        page.table("[materials.material]")
        _steel(page)
    if model.constraints and (model.loads or _driven(model)):
        return None
    return _places(page, source, with_constraints=not model.constraints,
                   with_load=not (model.loads or _driven(model)))


def _steel(page: Page, cells: str = "all") -> None:
    page.line(f"cells = {toml_value(cells)}", "a tag of cells; every cell needs exactly one material")
    page.fill('law = "elastic"', "the law that your solver used: `romlib plugins` lists them",
              f"the law of the cells {cells}")
    page.fill("parameters = { young = 210000, poisson = 0.3 }", "its parameters, in the units above; here of steel in "
              "MPa", f"the parameters of the cells {cells}: those of steel in MPa stand there")


def _places(page: Page, source: Source, with_constraints: bool = True, with_load: bool = True) -> str | None:
    places = guess(source.mesh, source.whole)
    for plane in places.planes:
        if not (with_load if plane.name == places.loaded else with_constraints):
            continue
        normal = [float(axis == plane.axis) for axis in range(3)]
        what = "faces" if plane.name == places.loaded else "nodes"
        page.table(f"[tags.{plane.name}]")
        where = toml_value({"plane": {"point": list(plane.point), "normal": normal}})
        page.line(f"{what} = {where}", f"the {what} at this end of the mesh, which has no tag that could be meant")
    if with_constraints:
        for held in places.held:
            page.table(f"[constraints.{toml_key(held.name)}]")
            page.line(f"nodes = {toml_value(held.nodes)}")
            page.fill(f"components = {toml_value(list(held.components))}", "which components of the displacement are "
                      "zero", f"how the nodes {held.nodes} are held: {listed(held.components)} stands there")
    if not with_load:
        return None
    page.table("[loads.load]")
    page.line('kind = "pressure"', "or traction, nodal_force, body_force, centrifugal, temperature")
    page.fill(f"faces = {toml_value(places.loaded)}", "where it acts",
              f"where the load acts: a pressure on {places.loaded} stands there")
    return "load"


def _driven(model: Model) -> list[str]:
    """Names of amplitudes: of loads, and of prescribed displacements."""
    return [*model.loads, *(name for name, one in model.constraints.items() if one.kind == "prescribed")]


def _offline(page: Page, model: Model) -> None:
    page.table("[offline]")
    fields = ["stress"]
    for material in model.materials.values():
        if LIBRARY in material.parameters:
            continue
        try:
            variables = build_law(material).state_variables
        except RomlibError:  # a law that is not installed here: the fields can be named later
            continue
        fields += [name for name in variables if name == "p" and name not in fields]
    page.line(f"dual_fields = {toml_value(fields)}", "fields to reconstruct everywhere, besides the displacement")
    page.comment("accuracy = { displacement = 1e-3, stress = 1e-2, p = 2e-2 } would say here which errors are allowed. "
                 "These are, when nothing is said: `romlib offline` chooses tolerances for them, and says what it "
                 "cannot meet.")


def _example(page: Page, source: Source, placeholder: str | None) -> None:
    run = source.runs[0]
    page.table("[cases.example]")
    page.comment(f"A case that is not trained on: the first run with {_OTHER:g} times its loads. A load that is not "
                 "named keeps the amplitude of the first run.")
    page.line(f"times = {times_in_toml(run.times)}")
    for name in _driven(run.model):
        amplitude = run.model.amplitudes.get(name)
        if amplitude is None or isinstance(run.model.loads.get(name), Temperature):
            continue
        written = amplitude_in_toml(amplitude, _OTHER)
        if written:
            page.line(f"amplitudes.{toml_key(name)} = {written}")
    if placeholder:
        page.fill(f"amplitudes.{toml_key(placeholder)} = {_OTHER}", "what the load is in this case")


def _span(times: np.ndarray) -> str:
    return f"t = {times[0]:g} to {times[-1]:g}"


def _of_mesh(page: Page, source: Source, output: Path) -> None:
    """For `romlib solve`, and for the training on what it has solved."""
    name, study = output.stem, output.name
    page.comment(f"A study of the mesh {source.path.name}, written by `romlib init`. It solves as it stands; what is "
                 "marked FILL IN is a guess, and yours to correct. In its folder:")
    page.commands(f"romlib solve {study} --case first -o first.vtkhdf --fields stress",
                  f"romlib solve {study} --case second -o second.vtkhdf --fields stress")
    page.comment(f"and with [[training]] below: romlib offline {study} -o {name}.rom")
    page.table("[study]")
    page.line(f"name = {toml_value(name)}")
    page.fill(f"units = {toml_value(_UNITS)}", "of the coordinates, the material and the loads", "the units: a mesh "
              f"has none, {_UNITS} stands there")
    page.table("[mesh]")
    page.line(f"file = {toml_value(_path(source.path, output))}")
    if source.mesh.kinematics != SOLID:
        page.fill(f"kinematics = {toml_value(source.mesh.kinematics)}", f'or "{AXISYMMETRIC}": x is the radius then, y '
                  "runs along the axis", f"what the mesh of two dimensions is: {source.mesh.kinematics} stands there")
    page.comment("tags: " + listed(f"{tag.name} ({tag.count} {tag.kind})" for tag in source.mesh.tags), "  ")
    low, high, axes = source.mesh.low, source.mesh.high, kinematics(source.mesh.kinematics).axes
    page.comment("box: " + ", ".join(f"{axis} from {a:.4g} to {b:.4g}" for axis, a, b in zip(axes, low, high)), "  ")
    for cells in materials_of(source.mesh, source.whole):
        page.table(f"[materials.{toml_key('material' if cells == 'all' else cells)}]")
        _steel(page, cells)
    _places(page, source)
    for case, factor in (("first", 100.0), ("second", 150.0)):
        page.table(f"[cases.{case}]")
        page.line("times = { stop = 1.0, step = 0.1 }", "the initial time is 0")
        page.fill(f'amplitudes.load = "{factor:g}*t"', "its size over the time t, in the unit of stress",
                  f"the load of the case {case}: {factor:g}*t stands there")
    page.lines.append("")
    page.comment("When both cases are solved, they train a ROM:")
    for case in ("first", "second"):
        page.lines += ["# [[training]]", f'# snapshots = "{case}.vtkhdf"']
    page.lines += ["# [offline]", '# dual_fields = ["stress"]']


def _blank(page: Page, output: Path) -> None:
    """Of nothing: every table that a study of a file with mesh and displacement alone needs."""
    page.comment("A study, written by `romlib init`. `romlib init study FILE` writes one for a deck, a mesh or a "
                 "snapshots file, with its tags and loads. In its folder:")
    page.commands(f"romlib check run.vtkhdf --study {output.name}", f"romlib offline {output.name} -o structure.rom",
                  "romlib online structure.rom --case example -o result.vtkhdf")
    _header(page, "structure", _UNITS, "length, force, stress, time, temperature; nothing is ever converted")
    page.table("[materials.material]")
    _steel(page)
    page.table("[tags.held]")
    page.fill("nodes = { plane = { point = [0, 0, 0], normal = [1, 0, 0] } }", "a plane, a box = { min = [...], max = "
              '[...] }, or an array = "NAME" of the file', "where the structure is held")
    page.table("[tags.loaded]")
    page.fill("faces = { plane = { point = [1, 0, 0], normal = [1, 0, 0] } }", "the same", "where it is loaded")
    page.table("[constraints.held]")
    page.line('nodes = "held"')
    page.line('components = ["x", "y", "z"]')
    page.table("[loads.load]")
    page.line('kind = "pressure"', "or traction, nodal_force, body_force, centrifugal, temperature")
    page.line('faces = "loaded"')
    page.table("[[training]]")
    page.fill('snapshots = "run.vtkhdf"', "what `romlib convert` wrote", "the snapshots file")
    page.fill('amplitudes.load = "100*sin(2*pi*t)"', "what the load was in this run", "the amplitudes of the runs")
    page.table("[offline]")
    page.line('dual_fields = ["stress"]', "fields to reconstruct everywhere, besides the displacement")
    page.table("[cases.example]")
    page.line("times = { stop = 1.0, step = 0.025 }")
    page.line('amplitudes.load = "90*sin(2*pi*t)"')
