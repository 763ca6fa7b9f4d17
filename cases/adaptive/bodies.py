"""The two bodies of the case, blade and plate: mesh and study in a folder, training cases, held-out cases."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.extend(str(Path(__file__).resolve().parents[1] / name) for name in ("_common", "turbine_blade", "plate_demo"))

import numpy as np
from blade import TIP, blade, hot_spot, write_mesh
from missions import Mission, missions, moved
from plate import quarter_plate
from pulls import Pull, pulls

from romlib.mesh.mesh import Mesh
from romlib.mesh.skin import add_skin
from romlib.model import Case, TemperatureFile, Times
from romlib.snapshots import FieldSpec, Snapshots, SnapshotsWriter

CASES = Path(__file__).resolve().parents[1]
PIECES = 4


@dataclass(frozen=True)
class Held:
    """A held-out case. new_shape : its temperature is no combination of trained fields."""

    name: str
    group: str
    case: Case
    new_shape: bool = False


@dataclass(frozen=True)
class Body:
    """prepare : puts mesh and study into a folder, the study with so many control points. trained : training cases.
    held : the held-out cases, whose temperature files it puts into the folder.
    """

    name: str
    prepare: Callable[[Path, int], None]
    trained: tuple[str, ...]
    held: Callable[[Path], list[Held]]


def the_blade(dofs: int = 6_000, chosen: list[Mission] | None = None) -> Body:
    """The blade of cases/turbine_blade with the study there. chosen : held-out missions, by default all of the rule."""
    def prepare(folder: Path, control_points: int) -> None:
        _study(CASES / "turbine_blade" / "study.toml", folder, control_points)
        write_mesh(folder / "mesh.vtkhdf", blade(dofs), PIECES)

    def held(folder: Path) -> list[Held]:
        return [_mission(folder, dofs, one) for one in ([*missions(), *moved()] if chosen is None else chosen)]

    return Body("blade", prepare, ("train_long", "train_hot", "train_short"), held)


def the_plate(mesh: Callable[[], Mesh] = quarter_plate, chosen: list[Pull] | None = None) -> Body:
    """The plate of cases/plate_demo. chosen : held-out loadings, by default all of the rule."""
    def prepare(folder: Path, control_points: int) -> None:
        _study(Path(__file__).resolve().parent / "plate.toml", folder, control_points)
        write_mesh(folder / "mesh.vtkhdf", add_skin([mesh()])[0], PIECES)

    def held(_: Path) -> list[Held]:
        return [Held(one.name, one.group, _case(one.times, {"traction": one.traction}))
                for one in (pulls() if chosen is None else chosen)]

    return Body("plate", prepare, ("train_100", "train_120", "train_140"), held)


def _study(source: Path, folder: Path, control_points: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = source.read_text().replace("[offline]\n", f"[offline]\ncontrol_points = {control_points}\n", 1)
    (folder / "study.toml").write_text(text)


def _case(times: np.ndarray, amplitudes: Mapping[str, str | tuple[np.ndarray, np.ndarray]],
          temperature: TemperatureFile | None = None) -> Case:
    described = {name: one if isinstance(one, str) else {"time": one[0].tolist(), "value": one[1].tolist()}
                 for name, one in amplitudes.items()}
    return Case(times=Times(values=tuple(times.tolist())), amplitudes=described,  # type: ignore[arg-type]
                temperature=temperature)


def _mission(folder: Path, dofs: int, mission: Mission) -> Held:
    """A temperature of a new shape is in a file, as from a thermal analysis; else it is the trained loads."""
    if not mission.new_shape:
        return Held(mission.name, mission.group, _case(mission.times, mission.tables))
    path = folder / f"{mission.name}.temperature.vtkhdf"
    if not path.is_file():
        _write_temperature(path, folder / "mesh.vtkhdf", partial(_temperature, mission, dofs), mission)
    mechanical = {name: mission.tables[name] for name in ("rotation", "gas")}
    return Held(mission.name, mission.group, _case(mission.times, mechanical, TemperatureFile(file=path)), True)


def _temperature(mission: Mission, dofs: int, mesh: Mesh, instants: np.ndarray) -> np.ndarray:
    """(n_time, n_node) on a piece of the blade, whose nodes have the ids 1, 2, ... of the whole."""
    warming, degrees = (np.interp(instants, *mission.tables[name]) for name in ("warming", "hot_spot"))
    spot = sum(one.part * hot_spot(dofs, one.height, one.span, one.chord, one.xi) for one in mission.spots)
    along = 1.0 + mission.slope * (2.0 * mesh.points[:, 2] / TIP - 1.0)
    # The body is cold at the initial time whatever the slope: what varies is what it is warmer than that.
    cold = warming[0]
    return cold + np.outer(warming - cold, along) + np.outer(degrees, np.asarray(spot)[mesh.node_ids - 1])


def _write_temperature(path: Path, mesh_file: Path, at: Callable[[Mesh, np.ndarray], np.ndarray],
                       mission: Mission) -> None:
    """The temperature at the knots of the mission, on the pieces of the mesh."""
    instants = np.unique(np.concatenate([mission.tables[name][0] for name in ("warming", "hot_spot")]))
    with Snapshots(mesh_file) as file:
        pieces, model = [file.mesh(piece) for piece in range(file.n_piece)], file.model
    with SnapshotsWriter(path, pieces, model, instants, {"temperature": FieldSpec("node")},
                         solver="cases/adaptive") as writer:
        for piece, mesh in enumerate(pieces):
            for step, values in enumerate(at(mesh, instants)):
                writer.write("temperature", step, piece, values[:, None])


