"""The tables at the end of the case: what a mission costs, and the errors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from flow import FullOrder
from judge import FIELDS, Judgement
from rich.table import Table
from timing import Online

from romlib.online.rom import ReducedOrderModel

MISSION, CYCLES = "mission", "mission_20"


def sizes(rom: ReducedOrderModel, full: FullOrder, timings: Mapping[str, Online], ranks: int) -> Table:
    """Full order beside reduced order: sizes and times."""
    manifest, basis, online = rom.archive.manifest, rom.archive.clusters[0], timings[MISSION]
    n_point = int(np.count_nonzero(basis.weights))
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("", f"full order, {ranks} rank{'s' * (ranks > 1)}", "reduced, 1 core"):
        table.add_column(name, justify="right" if name else "left")
    table.add_row("unknowns (degrees of freedom, modes)", f"{3 * manifest.n_node:,}", f"{basis.n_mode}")
    table.add_row("integration points", f"{manifest.n_ip:,}", f"{n_point} ({100 * n_point / manifest.n_ip:.2f} %)")
    table.add_row("Newton iterations of a mission", f"{full.iterations}", f"{online.iterations}")
    table.add_row(f"a mission, {online.steps} steps", f"{full.wall:.1f} s", f"{1e3 * online.wall:.1f} ms")
    table.add_row(f"twenty of them, {timings[CYCLES].steps} steps", "", f"{1e3 * timings[CYCLES].wall:.0f} ms")
    table.add_row("core time of a mission", f"{full.core:.1f} s", f"{1e3 * online.core:.1f} ms")
    table.add_row("speed-up in wall time", "", f"{full.wall / online.wall:,.0f}")
    table.add_row("speed-up in core time", "", f"{full.core / online.core:,.0f}")
    table.add_row("offline, once", "", f"{sum(max(stage['wall']) for stage in manifest.stages):.0f} s")
    return table


def errors(judgements: Mapping[str, Judgement], where: Mapping[str, str]) -> Table:
    """Errors of every case that was solved at full order."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("errors", "u", "v. Mises", "p", "hot spot: v. Mises", "p"):
        table.add_column(name, justify="left" if name == "errors" else "right", no_wrap=True)
    for case, judgement in judgements.items():
        values = [judgement.error(field) for field in FIELDS]
        values += [judgement.critical.error(field) for field in ("von_mises", "p")]
        table.add_row(f"{case}: {where[case]}", *(f"{100 * value:.2g} %" for value in values))
    return table
