"""The command `certify`: how far a result is from equilibrium, and how wrong it is by that."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from romlib.cli.commands_build import JsonOption
from romlib.words import plural

if TYPE_CHECKING:
    from romlib.certificate import Certificate

_MOST_ROWS = 5


def certify(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The snapshots file (.vtkhdf), such as a result of `romlib online`.",
                                         metavar="FILE")],
    study: Annotated[Path | None, typer.Option(help="The study, for what the file lacks: materials with libraries, "
                                               "constraints, loads and, if the file is one of its training runs, "
                                               "amplitudes.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the residual and the estimated errors "
                                                "as fields of a snapshots file (.vtkhdf).")] = None,
    tolerance: Annotated[float | None, typer.Option(min=0.0, help="End with status 1 where the bound of a relative "
                                                    "error is above this, or withheld.")] = None,
    passes: Annotated[int, typer.Option(min=1, max=10, help="How often the laws are replayed. One gives the estimate "
                                        "of an elastic structure, and no bounds.")] = 2,
    linear_solver: Annotated[str, typer.Option(help="direct (MUMPS), gamg, hypre, or auto: as for `solve`.")] = "auto",
    no_guard: Annotated[bool, typer.Option("--no-guard", help="Run libraries of laws (UMATs) in this process; see "
                                           "`romlib check`.")] = False,
    json: JsonOption = False,
) -> None:
    """How wrong is a result? Its residual of equilibrium at all integration points, and the errors behind it.

    Replays the laws along the displacement, and solves with the stiffness of the virgin material for what is out of
    balance: estimates and bounds of the errors of displacement, stress and state variables, without a reference. May
    run on several ranks: mpirun -n N romlib certify ...
    """
    from romlib.cli.console import print_json, stages, stderr
    from romlib.parallel.comm import world

    comm = world()
    context.find_root().obj = comm
    with comm.agreement():
        from romlib.certificate.certify import LINEAR_TOLERANCE
        from romlib.fullorder.options import SolverOptions
        from romlib.study.certifying import certify as certify_file

        options = SolverOptions(linear_solver=linear_solver, linear_tolerance=LINEAR_TOLERANCE)  # type: ignore[arg-type]
        with stages(comm.rank, f"certifying {file.name} on {plural(comm.size, 'rank')}") as progress:
            found = certify_file(file, study, comm, output=output, passes=passes, guard=not no_guard, options=options,
                                 progress=progress)
    beyond = [] if tolerance is None else found.beyond(tolerance)
    if comm.rank == 0:
        if json:
            print_json({**found.to_dict(), "output": None if output is None else str(output), "beyond": beyond})
        else:
            show(found, output)
        for sentence in beyond:
            stderr().print(f"{sentence}: beyond --tolerance {tolerance:g}", soft_wrap=True)
    comm.barrier()  # the launcher ends all ranks when the first one leaves: not before rank 0 has printed
    if beyond:
        raise typer.Exit(1)


def show(found: Certificate, output: Path | None) -> None:
    """The tables: errors by quantity, when and where the residual is largest, what it took."""
    from romlib.cli.console import figure, pairs, size, stdout, table

    console, bounds = stdout(), found.bounds
    console.print(table(f"Certificate of {found.file} ({plural(len(found.times), 'record')}; {found.units})",
                        ("field", "estimated error", "bound", "worst time", "of"), [
        (name, figure(one.relative), "withheld" if bounds[name][-1] != bounds[name][-1] else figure(bounds[name][-1]),
         f"{found.times[one.worst_step]:.6g}", "the replayed field" if one.replayed else "the stored field")
        for name, one in found.estimates.items()], (1, 2, 3)))
    console.print("Errors: max over time of ||error|| / max over time of ||solution||, integrals over the volume, as "
                  "`romlib compare` prints L2.", style="dim")
    console.print()
    of_stress = found.estimates["stress"].over_time
    rows = [(f"{found.times[k]:.6g}", figure(found.relative_residual[k]), _named(found.residual_node[k]),
             _cells(found.residual_cells[k]), figure(found.estimates["displacement"].over_time[k]),
             figure(of_stress[k]), _named(found.stress_cell[k]))
            for k in found.worst_steps[:_MOST_ROWS] if found.residual[k] > 0.0]
    console.print(table("Largest residual of equilibrium, over the largest force",
                        ("time", "residual", "at node", "of cells", "error of displacement", "of stress",
                         "largest in cell"), rows, (0, 1, 4, 5)))
    console.print()
    console.print(pairs("Cost", [
        ("free degrees of freedom", found.n_dof), ("integration points", found.n_ip), ("ranks", found.n_rank),
        ("passes", len(found.corrections)), ("linear solver", found.solver),
        *((f"{stage}, seconds", figure(seconds)) for stage, seconds in found.seconds.items()),
        ("peak memory of a rank", size(max(found.peak_memory)))]))
    for note in found.notes:
        console.print(f"note: {note}", style="yellow", soft_wrap=True)
    if output is not None:
        console.print(f"residual and errors written to {output}", soft_wrap=True)


def _named(number: int) -> str:
    """The id of a node or a cell; -1 is none."""
    return "none" if number < 0 else str(number)


def _cells(cells: tuple[int, ...]) -> str:
    return ", ".join(map(str, cells[:8])) + (" ..." if len(cells) > 8 else "")
