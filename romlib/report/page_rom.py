"""What a report says of a ROM: what it was trained on, its check, errors, cubature, singular values, bounds."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import numpy as np

from romlib.archive.accuracy import Accuracy
from romlib.archive.indicator import Indicator
from romlib.archive.manifest import Manifest
from romlib.archive.rom import Rom
from romlib.model import Model
from romlib.report.curves import curves, cycle, plain, with_own_settings
from romlib.report.page import Html, drawn, element, joined, note, number, pairs, table, tiles

_TRAINING = "over the runs that the ROM was trained with"
_HELD_OUT = ("left out ", "validation ")  # of errors of the manifest: runs that it was not trained with
_LONGEST_VALUE = 200
_MOST_PAIRS = 30


def rom_sections(rom: Rom, singular_values: Mapping[str, np.ndarray] | None) -> list[tuple[str, Html]]:
    """Sections on a ROM. singular_values : by field, from its fields file; None without one."""
    return [("The reduced model", _summary(rom)), ("What it was made of", _training(rom)),
            ("The check of the runs", _check(rom.manifest)), ("Errors", errors_of(rom)),
            ("Cubature", _cubature(rom)), ("Singular values", singular_section(singular_values)),
            ("What bounds of errors rest on", _calibration(rom.indicator))]


def held_out_errors(rom: Rom) -> dict[str, float]:
    """By quantity, the largest error over a run that the ROM, or one of all runs but that, was not trained with."""
    found: dict[str, float] = {}
    if rom.manifest.accuracy is not None:
        accuracy = rom.manifest.accuracy
        between = accuracy.largest("left out") or accuracy.largest("left out", outside=True)
        for errors in (between, accuracy.largest("validation")):
            found |= {name: max(value, found.get(name, 0.0)) for name, value in errors.items()}
        return found
    pairs_ = rom.indicator.pairs if rom.indicator is not None else ()
    alone = [one for one in pairs_ if not one.left_out.startswith("the runs ")]  # without two, a ROM is a poorer one
    for pair in alone:
        for name, value in pair.errors.items():
            found[name] = max(found.get(name, 0.0), value)
    return found


def _summary(rom: Rom) -> Html:
    manifest, bases = rom.manifest, rom.clusters
    cells = {} if rom.trained is None else rom.trained.identity.cells.content
    shown = [(", ".join(str(b.n_mode) for b in bases), "modes" if len(bases) == 1 else "modes of the bases"),
             (", ".join(str(b.n_weighted) for b in bases), f"integration points of {manifest.n_ip}"),
             *((value, f"largest held-out error of {name}") for name, value in held_out_errors(rom).items())]
    return joined([tiles(shown), pairs([
        ("units", manifest.units), ("full model", f"{manifest.n_node} nodes, {manifest.n_cell} cells, "
                                                  f"{manifest.n_ip} integration points, volume {manifest.volume:.6g}"),
        *((("section", cells["kinematics"]),) if "kinematics" in cells else ()),
        ("fields", ", ".join(["displacement", *rom.gappy])), ("written by", f"romlib {manifest.romlib_version}"),
        ("fingerprint", manifest.fingerprint)]), *(note(f"accepted beyond its limit: {one}", bad=True)
                                                   for one in manifest.accepted)])


def _validation_files(study: str) -> set[str]:
    """Names of the files of a study that train nothing."""
    try:
        runs = tomllib.loads(study).get("validation", [])
        return {PurePath(run["snapshots"]).name for run in runs}
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError):  # the ROM of somebody else
        return set()


def _training(rom: Rom) -> Html:
    manifest = rom.manifest
    judged = _validation_files(manifest.study)
    parts = [table("Files", ("file", "what for", "fingerprint"), [
                 (name, "validation only" if name in judged else "training", mark[:16])
                 for name, mark in manifest.inputs.items()]),
             model_tables(rom.model),
             table("Range of the loads in the training runs", ("load", "lowest", "highest"),
                   [(name, *(float(end) + 0.0 for end in ends)) for name, ends in manifest.trained.items()])]
    if manifest.trained_parameters:
        parts.append(table("Range of the parameters", ("parameter", "lowest", "highest"), [
            (name, *map(float, ends)) for name, ends in manifest.trained_parameters.items()]))
    parts.append(table("Cost of training", ("stage", "wall, slowest rank (s)", "peak memory (MiB)", "detail"), [
        (row.get("name", ""), _largest(row.get("wall")), _largest(row.get("peak_memory"), 2.0**20),
         row.get("detail", "")) for row in manifest.stages]))
    if manifest.study:
        parts.append(element("details", element("summary", "The study"), element("pre", manifest.study)))
    return joined(parts)


def _largest(values: Any, unit: float = 1.0) -> float | None:
    try:
        return float(np.max(values)) / unit
    except (TypeError, ValueError):
        return None


def model_tables(model: Model) -> Html:
    """Materials, loads and constraints of a model."""
    rows = []
    for name, material in model.materials.items():
        stated = json.dumps({k: v for k, v in material.model_dump(mode="json")["parameters"].items() if k != "proof"},
                            ensure_ascii=False)
        rows.append((name, material.law, material.cells,
                     stated if len(stated) <= _LONGEST_VALUE else f"{stated[:_LONGEST_VALUE]} ..."))
    return joined([table("Materials", ("name", "law", "cells", "parameters"), rows),
                   table("Loads and constraints", ("name", "kind"), [
                       *((name, load.kind) for name, load in model.loads.items()),
                       *((name, one.kind) for name, one in model.constraints.items())])])


def _check(manifest: Manifest) -> Html:
    if not manifest.checks:
        return note("The ROM does not say how its training runs were checked: it was trained without the check, or by "
                    "an older romlib. The command romlib check measures them.")
    return joined([table(f"{name}: {one.get('verdict', '')}", ("measurement", "result", "value", "at most"), [
        (item.get("name"), item.get("status"), item.get("value"), item.get("tolerance"))
        for item in one.get("items", []) if item.get("status") != "absent"])
        for name, one in manifest.checks.items()])


def _accuracy(accuracy: Accuracy) -> list[Html]:
    """Errors over each run beside what was asked for, and what was not met."""
    names = list(dict.fromkeys([*accuracy.asked, *(name for run in accuracy.runs for name in run.errors)]))
    order = {"validation": 0, "left out": 1, "trained": 2}
    rows: list[tuple[Any, ...]] = [
        (run.run, run.how, *(run.errors.get(name) for name in names), run.failure or "; ".join(run.outside))
        for run in sorted(accuracy.runs, key=lambda run: order[run.how])]
    if accuracy.asked:
        rows.append(("asked for", "", *(accuracy.asked.get(name) for name in names), ""))
    attempts = [(_in_words(one.tolerances), one.modes, one.points, one.failed or _in_words(one.trained),
                 _in_words(one.left_out)) for one in accuracy.attempts]
    return [table("Over each run, at all points", ("run", "", *names, "outside the other runs"), rows),
            *(note(f"Accuracy not met: {one}", bad=True) for one in accuracy.not_met),
            *(note(one) for one in accuracy.notes),
            *([table("How the tolerances were chosen", (
                "tolerances", "modes", "points", "largest errors over the training", "over runs left out"), attempts)]
              if attempts else [])]


def _in_words(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {number(value)}" for name, value in values.items())


def errors_of(rom: Rom) -> Html:
    """Errors over runs that were held out, and apart from them those over the training."""
    parts: list[Html] = []
    pairs_ = rom.indicator.pairs if rom.indicator is not None else ()
    held = {k: v for k, v in rom.manifest.errors.items() if k.startswith(_HELD_OUT)}
    if rom.manifest.accuracy is not None:
        parts += _accuracy(rom.manifest.accuracy)
    elif held:
        parts.append(table("Over runs that the ROM was not trained with", ("what", "relative error"),
                           [(name, float(value)) for name, value in held.items()]))
    if pairs_:
        names = list(dict.fromkeys(name for pair in pairs_ for name in pair.errors))
        parts.append(table(
            "Over runs that a ROM of the others was not trained with, at the end of the run",
            ("without", "solved", *names),
            [(p.left_out, p.run, *(p.errors.get(name) for name in names)) for p in pairs_[:_MOST_PAIRS]]))
        if len(pairs_) > _MOST_PAIRS:
            parts.append(element("p", f"and {len(pairs_) - _MOST_PAIRS} more", class_="soft"))
    if not held_out_errors(rom):
        parts.append(note("No run was held out: how far this ROM carries beyond its training is not known. "
                          "The command romlib compare says so, with a reference that it was not trained with."))
    parts.append(table(f"{_TRAINING[0].upper()}{_TRAINING[1:]}, step by step", ("what", "relative error"), [
        (name, float(value)) for name, value in rom.manifest.errors.items() if name not in held]))
    return joined(parts)


def _cubature(rom: Rom) -> Html:
    manifest = rom.manifest
    rows = [(k, b.n_mode, b.n_weighted, float(b.weights.sum()) / manifest.volume if manifest.volume else None,
             float(b.weights[b.weights > 0].min(initial=np.inf)), float(b.weights.max(initial=0.0)))
            for k, b in enumerate(rom.clusters)]
    return joined([
        table("Selected points with their weights", ("basis", "modes", "points", "sum of weights / volume",
                                                     "smallest weight", "largest weight"), rows),
        table("Points that each field is reconstructed from", ("field", "modes", "points"), [
            (name, gappy.n_dual, len(gappy.points)) for name, gappy in rom.gappy.items()]),
        table("Tolerances that were asked for", ("of", "tolerance"), [
            (name, float(value)) for name, value in manifest.tolerances.items()])])


def singular_section(values: Mapping[str, np.ndarray] | None) -> Html:
    """Curves of the singular values of the modes."""
    if values is None:
        return note("The singular values are in the fields file (.fields.rom), which is not beside the ROM.")
    return singular_figure({name: np.asarray(one) for name, one in values.items()})


def singular_figure(values: Mapping[str, np.ndarray]) -> Html:
    """Relative to the largest of each field, logarithmic."""
    out: list[Html] = []
    _draw_singular(values, out)
    return out[0]


@with_own_settings
def _draw_singular(values: Mapping[str, np.ndarray], out: list[Html]) -> None:
    figure = curves(1, 1, (8.5, 4.4))
    axes = figure.axes[0]
    for colour, (name, one) in zip(cycle(len(values)), values.items()):
        kept = one[one > 0.0]
        if len(kept):
            axes.semilogy(np.arange(1, len(kept) + 1), kept / kept[0], marker="o", markersize=3.5, color=colour,
                          label=f"{plain(name)}: {len(kept)} modes")
    axes.set_xlabel("mode")
    axes.set_ylabel("singular value / the largest")
    axes.legend(frameon=False)
    out.append(drawn(figure, "Singular values of the modes that were kept, relative to the largest of each field."))


def _calibration(indicator: Indicator | None) -> Html:
    if indicator is None:
        return note("The ROM bounds no errors of its results: it was trained by an older romlib, or without "
                    "calibration.")
    if not indicator.factors:
        return note(f"The ROM bounds no errors of its results: {indicator.source or 'no run could be left out'}.")
    return joined([
        element("p", f"Each result has bounds of its errors; their factors come from {indicator.source}."),
        table("", ("quantity", "factor", "runs", "largest error among them"), [
            (name, factor, sum(name in p.errors for p in indicator.pairs),
             max((p.errors[name] for p in indicator.pairs if name in p.errors), default=None))
            for name, factor in indicator.factors.items()]),
        *(note(f"not solved in calibration: {one}") for one in indicator.failed)])
