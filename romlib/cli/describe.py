"""The tables that commands print."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.text import Text

from romlib.cli.accuracy import accuracy_to_dict, show_accuracy, show_runs
from romlib.cli.console import STATUS_STYLE, figure, pairs, size, table
from romlib.cli.dictionary import choice_to_dict, show_dictionary
from romlib.cli.enrichment_log import show_log
from romlib.cli.error_bounds import show_bounds, show_calibration, show_compared_bounds
from romlib.cli.mesh_info import show_mesh
from romlib.words import plural

if TYPE_CHECKING:
    from romlib.check.report import CheckReport
    from romlib.offline.report import TrainingReport
    from romlib.report.compare import Comparison
    from romlib.solution.solution import Solution


_LONGEST_VALUE = 200  # characters of a parameter


def show(console: Console, description: dict[str, Any]) -> None:
    """What `romlib info` found, by its kind."""
    {"snapshots": show_snapshots, "rom": show_rom, "fields": _show_fields, "state": _show_state,
     "study": _show_study, "case": _show_case, "mesh": show_mesh}[description["kind"]](console, description)


def show_snapshots(console: Console, d: dict[str, Any], brief: bool = False) -> None:
    """A snapshots file."""
    counts, steps = d["counts"], d["steps"]
    console.print(pairs(f"Snapshots file {d['file']}", [
        ("size", size(d["file_size"])), ("written by", f"romlib {d['romlib_version']}"),
        ("solver", d["solver"] or "not stated"),
        *([("case", d["case"])] if d["case"] else []),
        ("units", d["units"]), ("mesh", _mesh_in_words(counts)),
        ("pieces", f"{counts['pieces']}, sharing {counts['shared_nodes']} nodes" if counts["pieces"] > 1 else 1),
        ("steps", f"{steps['count']}, from {steps['first']:g} to {steps['last']:g}" if steps["count"] > 1 else
         f"1, at time {steps['first']:g}"),
        *([] if d["clusters"] is None else [("local bases", _turns_in_words(d["clusters"]))]),
        *([] if brief else [("fingerprint", d["fingerprint"][:16]), ("checksums", d["checksums"])])]))
    console.print()
    console.print(table("Fields", ("name", "at", "components", "stored as", "unit", "solver's name"), [
        (f["name"], {"node": "nodes", "ip": "integration points"}[f["place"]],
         "symmetric tensor" if f["tensor"] else f["components"], f["dtype"], f["unit"],
         f["original_name"]) for f in d["fields"]]))
    if not brief:
        _mesh_tables(console, d)
    _model_table(console, d["model"], brief)
    if d["error_bounds"] is not None:
        show_bounds(console, d["error_bounds"])
    if d["omissions"]:
        console.print()
        console.print(table("In the deck, but not in the ROM", ("name", "does virtual work", "what it is"), [
            (o["name"], "yes: accept it in the study" if o["does_work"] else "no", o["description"])
            for o in d["omissions"]]))


def _turns_in_words(clusters: list[int]) -> str:
    """Of a result: the local basis of each step."""
    switches = int(np.count_nonzero(np.diff(clusters)))
    return f"{len(set(clusters[1:]))} in turn, {plural(switches, 'switch', 'switches')}"


def _mesh_in_words(counts: dict[str, Any]) -> str:
    return (f"{plural(counts['nodes'], 'node')}, {plural(counts['cells'], 'cell')}, "
            f"{plural(counts['integration_points'], 'integration point')}")


def _mesh_tables(console: Console, d: dict[str, Any]) -> None:
    console.print()
    console.print(table("Cells", ("type", "formulation", "quadrature", "cells", "points a cell"), [
        (b["cell_type"], b["formulation"], b["quadrature"], b["cells"], b["points_per_cell"])
        for b in d["blocks"]], (3, 4)))
    console.print()
    console.print(table("Tags and arrays", ("of", "tags (size)", "arrays"), [
        (kind, ", ".join(f"{name} ({n})" for name, n in d["tags"][kind].items()) or "none",
         ", ".join(d["arrays"][kind]) or "none") for kind in ("nodes", "cells", "faces")]))


def _model_table(console: Console, model: dict[str, Any], brief: bool = False) -> None:
    rows = [(kind, ", ".join(f"{name} ({what})" for name, what in model[kind].items()) or "none")
            for kind in ("materials", "constraints", "loads")]
    if "amplitudes" in model:
        rows.append(("amplitudes", ", ".join(model["amplitudes"]) or "none"))
    if model.get("values"):
        rows.append(("parameters", _values(model["values"])))
    if not brief:
        rows += [(f"material {name}", "\n".join(f"{key} = {_as_written(value)}" for key, value in _flat(stated)))
                 for name, stated in model["parameters"].items()]
    console.print()
    console.print(pairs("Model", rows))


def _values(parameters: dict[str, float]) -> str:
    return ", ".join(f"{name} = {value:g}" for name, value in parameters.items())


def _flat(stated: dict[str, Any]) -> list[tuple[str, Any]]:
    """What a material states, key by key: its parameters by their own names."""
    rest = {key: value for key, value in stated.items() if key != "parameters"}
    return [*rest.items(), *stated["parameters"].items()]


def _as_written(value: Any) -> str:
    """Close to how a study writes it; a long table is shortened."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]} ... (all of it: --json)"


def show_rom(console: Console, d: dict[str, Any]) -> None:
    """A ROM."""
    full, several = d["full_model"], len(d["clusters"]) > 1
    clusters = _bases_in_words(d["clusters"])
    console.print(pairs(f"ROM {d['file']}", [
        ("size", size(d["file_size"])), ("units", d["units"]), ("written by", f"romlib {d['romlib_version']}"),
        ("checksums", d["checksums"]), ("full model", _mesh_in_words(full)),
        ("reduced model", clusters), *([] if several else [("sum of weights / volume", _ratios(d))]),
        ("selected points", d["selected_points"]), ("prescribed displacements", ", ".join(d["liftings"]) or "none"),
        ("fields file", d["fields_file"] or "not beside it: full fields cannot be reconstructed"),
        ("trained on", ", ".join(d["inputs"]) or "unknown")]))
    console.print()
    console.print(table("Reconstructed fields", ("name", "modes", "points", "components"), [
        (f["name"], f["modes"], f["points"], f["components"]) for f in d["fields"]], (1, 2, 3)))
    if several:
        show_clusters(console, d["clusters"])
    _model_table(console, d["model"])
    if d["parameters"]:
        console.print()
        console.print(table("Parameters of the materials", ("name", "trained from", "to"), [
            (name, figure(low), figure(high)) for name, (low, high) in d["parameters"].items()], (1, 2)))
    _cases_table(console, d["cases"])
    console.print()
    console.print(table("Errors achieved in training", ("quantity", "relative error"), [
        (name, figure(value)) for name, value in d["errors"].items()], (1,)))
    show_accuracy(console, d["accuracy"])
    show_runs(console, d["accuracy"])
    show_calibration(console, d["calibration"]["quantities"])
    if not d["calibration"]["quantities"]:
        console.print(f"no bounds of the errors of its results: {d['calibration']['source']}")
    for sentence in d["accepted_errors"]:
        console.print(f"accepted beyond its limit: {sentence}", style="yellow")
    show_dictionary(console, d["dictionary"])
    show_log(console, d["enrichments"])


def _bases_in_words(rows: Sequence[Mapping[str, Any]]) -> str:
    """Of a ROM. rows : of its bases."""
    n_local = sum(row["kind"] == "local" for row in rows)
    if not n_local:
        return f"{rows[0]['modes']} modes, {rows[0]['points']} points"
    also = "" if n_local == len(rows) else ", and the global one to fall back on"
    return f"{plural(n_local, 'local basis', 'local bases')}{also}"


def _middle(row: Mapping[str, Any]) -> str:
    """Run and time of the snapshot in the middle of a local basis, where they are known."""
    return f"{row['run']}, t = {row['time']:.6g}" if "run" in row else ""


def show_clusters(console: Console, rows: Sequence[Mapping[str, Any]]) -> None:
    """The bases of a ROM that has several. rows : see `romlib.offline.summary.cluster_rows`."""
    if rows:
        console.print()
        console.print(table("Bases", ("cluster", "snapshots", "in the middle", "modes", "points"), [
            (row["cluster"], row.get("snapshots", ""), _middle(row), row["modes"], row["points"])
            if row["kind"] == "local" else (f"{row['cluster']} (global)", "all", "", row["modes"], row["points"])
            for row in rows], (1, 3, 4)))


def _ratios(d: dict[str, Any]) -> str:
    volume = d["full_model"]["volume"]
    return "; ".join(figure(c["sum_of_weights"] / volume if volume else None, 12) for c in d["clusters"])


def _cases_table(console: Console, cases: dict[str, Any]) -> None:
    console.print()
    with_values = any(case["parameters"] for case in cases.values())
    console.print(table("Cases", ("name", "times", "amplitudes", *(["parameters"] if with_values else [])), [
        (name, case["times"], "; ".join(f"{n} = {a}" for n, a in case["amplitudes"].items()) or "those of the model",
         *([_values(case["parameters"])] if with_values else [])) for name, case in cases.items()]))


def _show_state(console: Console, d: dict[str, Any]) -> None:
    console.print(pairs(f"State file {d['file']}", [
        ("size", size(d["file_size"])), ("of", d["of"]), ("time", f"{d['time']:.12g}"),
        ("undeformed at", f"{d['initial_time']:.12g}"), ("pieces", d["pieces"]),
        ("integration points", d["integration_points"]),
        ("materials", ", ".join(f"{name} ({law})" for name, law in d["materials"].items()))]))


def _show_fields(console: Console, d: dict[str, Any]) -> None:
    console.print(pairs(f"Fields file of a ROM {d['file']}", [
        ("size", size(d["file_size"])), ("fingerprint", d["fingerprint"][:16]), ("checksums", d["checksums"]),
        ("dual fields", ", ".join(d["dual_fields"]) or "none")]))
    console.print()
    console.print(table("Pieces", ("piece", "nodes", "cells"),
                        [(p["piece"], p["nodes"], p["cells"]) for p in d["pieces"]], (0, 1, 2)))
    console.print()
    console.print(table("Singular values", ("field", "largest ten"), [
        (name, " ".join(f"{v:.2e}" for v in values[:10])) for name, values in d["singular_values"].items()]))


def _show_study(console: Console, d: dict[str, Any]) -> None:
    console.print(pairs(f"Study {d['name']}, {d['file']}", [
        ("units", d["units"] or "those of the snapshots file"),
        ("accepted omissions", ", ".join(d["accept"]) or "none"),
        *([("parameters", _values(d["parameters"]))] if d["parameters"] else []),
        *((f"offline.{key}", _option(value)) for key, value in d["offline"].items())]))
    console.print()
    for title, key in (("Training", "training"), ("Validation", "validation")):
        if key == "training" or d[key]:
            console.print(table(title, ("name", "snapshots", "file", "amplitudes", "parameters"), [
                (run["name"], run["snapshots"], "there" if run["exists"] else "missing",
                 "; ".join(f"{n} = {a}" for n, a in run["amplitudes"].items()) or "those of the file",
                 _values(run["parameters"]) or "those of the file") for run in d[key]]))
    _model_table(console, d["model"])
    _cases_table(console, d["cases"])


def _option(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_option(one)}" for name, one in value.items()) or "-"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "none"
    return {None: "-", True: "yes", False: "no"}[value] if value is None or isinstance(value, bool) else str(value)


def _show_case(console: Console, d: dict[str, Any]) -> None:
    rows = [("times", d["times"]), *((f"amplitude of {name}", value) for name, value in d["amplitudes"].items()),
            *((name, f"{value:g}") for name, value in d["parameters"].items())]
    console.print(pairs(f"Case {d['file']}", [("description", d["description"]), *rows] if d["description"] else rows))


def show_check(console: Console, report: CheckReport) -> None:
    """The measurements of a check, and the verdict."""
    result = table(f"Check of {report.file} ({plural(report.n_piece, 'piece')}, {plural(report.n_step, 'step')}; "
                   f"{report.units})",
                   ("measurement", "result", "value", "at most", "what was compared"), (), (2, 3))
    for item, (name, status, value, tolerance, compared, detail) in zip(report.items, report.rows()):
        style = STATUS_STYLE[status]
        words = Text(f"not measured: {detail.splitlines()[0]}", style="dim") if status == "absent" else compared
        result.add_row(name, Text(status, style=style), value, tolerance, words)
        if item.status in ("fail", "warn"):
            result.add_row("", "", "", "", Text(detail, style=style))
    console.print(result)
    console.print()
    if report.verdict == "reproduced":
        console.print("The check passed: romlib reproduces this computation.", style="green")
    elif report.verdict == "undecided":
        console.print("The check is undecided: nothing disagrees, but too little was compared to say that romlib "
                      "reproduces this computation.", style="bold yellow")
        for line in report.undecided:
            console.print(f"  - {line}", style="yellow")
    else:
        failed = ", ".join(item.name for item in report.failed)
        console.print(f"The check failed: {failed}. A ROM trained on this file would not reproduce the solver.",
                      style="bold red")
        for line in report.undecided:
            console.print(f"  - besides, {line}", style="yellow")
    for line in report.hints:
        console.print(f"  - {line}", style="yellow")


def show_training(console: Console, output: Path, report: TrainingReport, n_rank: int) -> None:
    """Cost by stage, sizes and errors of an offline run."""
    per_rank = "" if n_rank == 1 else f", largest of {plural(n_rank, 'rank')}"
    console.print(table(f"Stages{per_rank}", ("stage", "wall (s)", "CPU (s)", "peak memory", "detail"), [
        (s.name, f"{s.wall_max:.2f}", f"{s.cpu_max:.2f}", size(s.peak_max), report.details.get(s.name, ""))
        for s in report.stages], (1, 2, 3)))
    console.print()
    console.print(table("Sizes", ("quantity", "number"), list(report.sizes.items()), (1,)))
    show_clusters(console, report.clusters)
    console.print()
    console.print(table("Errors", ("quantity", "relative error"), [
        (name, figure(value)) for name, value in report.errors.items()], (1,)))
    show_accuracy(console, accuracy_to_dict(report.accuracy))
    show_calibration(console, report.calibration)
    for note in report.notes:
        console.print(f"note: {note}", style="yellow")
    console.print()
    console.print(f"ROM written to {output}", soft_wrap=True)


def online_summary(solution: Solution, rom: Path, case: str, wall: float, output: Path | None) -> dict[str, Any]:
    """Plain values of an online run."""
    n_interval = max(solution.n_step - 1, 1)
    timings = solution.timings
    manifest = solution.rom.manifest
    used, use = set(solution.clusters.tolist()), solution.cluster_use
    return {
        "rom": str(rom), "case": case, "output": None if output is None else str(output), "steps": n_interval,
        "modes": max(solution.rom.clusters[k].n_mode for k in used), "hyper_reduction": solution.hyper_reduced,
        "integration_points": max(solution.rom.clusters[k].n_weighted for k in used)
        if solution.hyper_reduced else manifest.n_ip,
        "integration_points_full_model": manifest.n_ip, "newton_iterations": int(solution.iterations.sum()),
        "cutbacks": int(solution.cutbacks.sum()), "times": solution.times.tolist(),
        "iterations": solution.iterations.tolist(),
        "seconds": {"total": timings.total, "law": timings.law, "linear_algebra": timings.linear_algebra,
                    "rest": timings.rest, "preparation": max(wall - timings.total, 0.0)},
        "reactions": {name: values.tolist() for name, values in solution.reactions.items()}, "units": manifest.units,
        "choice": choice_to_dict(solution.choice), "notes": list(solution.notes),
        "error_bounds": solution.error_bound.to_dict(), **({} if use is None else {"clusters": use.to_dict()}),
    }


def show_online(console: Console, d: dict[str, Any]) -> None:
    """Summary of an online run."""
    seconds, several = d["seconds"], "clusters" in d
    most = "at most " if several else ""
    points = f"{most}{d['integration_points']} of {d['integration_points_full_model']}"
    rows: list[tuple[str, object]] = [
        ("steps", f"{d['steps']}, from {d['times'][0]:g} to {d['times'][-1]:g}"), ("modes", f"{most}{d['modes']}"),
        *(_cluster_rows(d["clusters"]) if several else ()),
        ("integration points", points + ("" if d["hyper_reduction"] else " (no hyper-reduction)")),
        ("Newton iterations", f"{d['newton_iterations']}, {d['newton_iterations'] / d['steps']:.1f} a step"),
        ("cutbacks", d["cutbacks"]),
        ("wall time", f"{seconds['total']:.3g} s, {1e3 * seconds['total'] / d['steps']:.3g} ms a step"),
        ("of which", f"law {seconds['law']:.2g} s, linear algebra {seconds['linear_algebra']:.2g} s, rest "
                     f"{seconds['rest']:.2g} s (in a new process: loading compiled code)"),
        ("preparation", f"{seconds['preparation']:.2g} s (loads and temperature over time, reduced problem)"),
        *((f"reaction {name}", f"from {min(values):.6g} to {max(values):.6g}")
          for name, values in d["reactions"].items()),
        ("written to", d["output"] or "nothing (give --output for full fields)")]
    console.print(pairs(f"Case {d['case']} of {d['rom']}", rows))
    for note in d["notes"]:
        console.print(f"note: {note}", style="yellow")
    show_bounds(console, d["error_bounds"])


def _cluster_rows(use: dict[str, Any]) -> list[tuple[str, object]]:
    """How a run has used its local bases, see `romlib.solution.clusters.ClusterUse`."""
    names = ["all snapshots" if k == use["fallback"] else str(k) for k in range(len(use["steps"]))]
    switches = plural(use["switches"], "switch", "switches")
    return [("local bases", f"{switches}, largest jump {100 * use['largest_jump']:.2g} % of the displacement at time "
                            f"{use['time_of_largest_jump']:g}"),
            ("steps in each", ", ".join(f"{name}: {n}" for name, n in zip(names, use["steps"])))]


def show_comparison(console: Console, result: Comparison, picture: Path | None) -> None:
    """Errors per field."""
    console.print(table(f"{result.candidate} against {result.reference}, {len(result.times)} common times",
                        ("field", "L2", "Frobenius", "worst time", "largest difference", "reference"), [
        (name, figure(f.relative), figure(f.frobenius), f"{result.times[int(f.difference.argmax())]:.6g}",
         f"{figure(f.largest)} {f.unit}".strip(), "replayed by the law" if f.replayed else "stored")
        for name, f in result.fields.items()],
        (1, 2, 3, 4)))
    console.print("L2: max over time of ||a-b|| / max over time of ||b||, integrals over the volume. "
                  "Frobenius: over all steps and values.", style="dim")
    show_compared_bounds(console, result)
    notes = [f"{name} was not compared: {reason}" for name, reason in result.left_out.items()]
    for whose, times in (("A", result.match.unmatched_candidate), ("B", result.match.unmatched_reference)):
        if len(times):
            shown = ", ".join(f"{t:.6g}" for t in times[:8]) + (" ..." if len(times) > 8 else "")
            notes.append(f"times that are only in {whose}, {len(times)}: {shown}")
    notes += [f"{name}: {plural(f.skipped, 'integration point')} with a value in one of the files only"
              for name, f in result.fields.items() if f.skipped]
    if picture is not None:
        notes.append(f"picture written to {picture}")
    for note in notes:
        console.print(note, soft_wrap=True)
