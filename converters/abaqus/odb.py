"""What `export_odb.py` wrote of an output database: a folder with an overview, odb.json, and arrays .npy.

Nodes and elements of an instance keep their labels, those of a later one are moved on past the ones before. The folder
comes from elsewhere: names of files, shapes and numbers are checked, and nothing in it is executed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from romlib_converters.abaqus.fil import FilElements, FilModel, PointRows
from romlib_converters.abaqus.points import PointMap, plain_tensors
from romlib_converters.common.history import IP, NODE, FieldValues, SolverField, SolverHistory, SolverMesh
from romlib_converters.common.kinds import refuse_no_history
from romlib_converters.common.omissions import missing_increments
from romlib_converters.common.streams import Given

from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.files import regular_file
from romlib.mesh.kinematics import kinematics
from romlib.model import Model, Omission
from romlib.snapshots.schema import FieldSpec

OVERVIEW = "odb.json"
FORMAT, VERSION = "romlib export of an Abaqus output database", 1
_NAME = re.compile(r"a\d{6,9}\.npy")
_TENSORS = {"S": ("stress", False), "E": ("strain", True), "PE": ("plastic_strain", True)}
_COMPONENTS = ("11", "22", "33", "12", "13", "23")
_NODAL = ("U", "RF", "NT11", "NT")
_MOST = 1 << 28  # bytes of the overview


@dataclass(frozen=True)
class OdbFrame:
    """A frame: total time, and blocks of values by the name of the field."""

    place: str
    total_time: float
    step: int
    increment: int
    fields: Mapping[str, Sequence[Mapping[str, Any]]]


def is_export(path: Path) -> bool:
    """Whether a folder was written by `export_odb.py`."""
    overview = path / OVERVIEW
    if not overview.is_file():
        return False
    with open(overview, "rb") as stream:
        stream.seek(max(overview.stat().st_size - (1 << 20), 0))
        end = stream.read()
        stream.seek(0)
        return FORMAT.encode() in end or FORMAT.encode() in stream.read(1 << 20)


class OdbExport:
    """A folder. model : its mesh, as that of a results file. frames : in the order of time.

    Raises
    ------
    FileFormatError : it is none, or damaged. UnsupportedError : a procedure that is no history, by its name.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / OVERVIEW
        text = regular_file(self.path, "No such file").read_bytes()[:_MOST]
        try:
            self.content = json.loads(text)
            if self.content["format"] != FORMAT or self.content["version"] != VERSION:
                raise self._wrong("the overview", f"{FORMAT}, version {VERSION}", self.content.get("version"))
            self.offsets: list[tuple[int, int]] = []
            self.model = self._model()
            self.frames = self._frames()
        except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
            raise self._wrong("the overview", "what export_odb.py writes", repr(error)) from error

    def _wrong(self, place: str, expected: str, found: object) -> FileFormatError:
        return FileFormatError("the export of an output database is damaged", file=self.path, place=place,
                               expected=expected, found=found, remedy="run export_odb.py again")

    def array(self, name: object, kind: str, n_axis: int, what: str) -> np.ndarray:
        """An array of the folder, of whole ("i") or real ("f") numbers.

        Raises
        ------
        FileFormatError : it is not there, or another one.
        """
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise self._wrong(what, "the name of an array", name)
        try:
            found = np.load(regular_file(self.folder / name, "No such file"), allow_pickle=False)
        except (ValueError, EOFError, OSError, InputError) as error:
            raise self._wrong(f"{what}, {name}", "an array", error) from error
        if found.ndim != n_axis or found.dtype.kind != kind:
            raise self._wrong(f"{what}, {name}", f"{n_axis} axes of kind {kind}", f"{found.shape} {found.dtype}")
        return found

    def _model(self) -> FilModel:
        """All instances in one mesh."""
        ids, points, elements = [], [], []
        nodes = cells = 0
        for one in self.content["instances"]:
            what = f"instance {one['name']}"
            labels, places = self.array(one["labels"], "i", 1, what), self.array(one["points"], "f", 2, what)
            if places.shape[0] != len(labels) or (len(labels) and places.shape[1] not in (2, 3)):
                raise self._wrong(what, f"({len(labels)}, 3) coordinates", places.shape)
            self.offsets.append((nodes, cells))
            whole = np.zeros((len(labels), 3))
            whole[:, :places.shape[1]] = places
            ids.append(labels + nodes)
            points.append(whole)
            for part in one["elements"]:
                numbers = self.array(part["labels"], "i", 1, what)
                table = self.array(part["nodes"], "i", 2, what)
                if len(table) != len(numbers):
                    raise self._wrong(what, f"{len(numbers)} elements", table.shape)
                elements.append(FilElements(str(part["type"]), numbers + cells, table + nodes))
            nodes = max([nodes, *(int(one.max(initial=0)) for one in ids[-1:])])
            cells = max([cells, *(int(one.ids.max(initial=0)) for one in elements)])
        sets = [{str(name): np.unique(np.concatenate([np.empty(0, np.int64), *(
            self.array(part["labels"], "i", 1, f"set {name}") + self._offset(part["instance"], f"set {name}")[k]
            for part in parts)]))
            for name, parts in self.content[kind].items()} for k, kind in enumerate(("node_sets", "element_sets"))]
        return FilModel(str(self.content["abaqus"]), str(self.content["odb"]),
                        np.concatenate([np.empty(0, np.int64), *ids]), np.concatenate([np.empty((0, 3)), *points]), 3,
                        tuple(elements), np.arange(1, 4), sets[0], sets[1])

    def _check_blocks(self, fields: Any, place: str) -> None:
        """That each field is a list of blocks with what a block has."""
        for name, blocks in fields.items():
            for block in blocks:
                known = (block["position"] in ("NODAL", "INTEGRATION_POINT") and isinstance(block["components"], list)
                         and isinstance(block.get("section_point", 0), int)
                         and (block["position"] == "NODAL") == (name in _NODAL))
                if not known:
                    raise self._wrong(f"{place}, {name}", "a block of values", block)
            if not blocks:
                raise self._wrong(f"{place}, {name}", "blocks of values", "none")

    def _frames(self) -> list[OdbFrame]:
        if not all(isinstance(why, str) for why in self.content["left_out"].values()):
            raise self._wrong("left_out", "reasons", self.content["left_out"])
        found = []
        for number, step in enumerate(self.content["steps"], 1):
            self._check_procedure(step)
            for frame in step["frames"]:
                place = f"step {number} ({step['name']}), increment {int(frame['increment'])}"
                if frame["load_case"]:
                    refuse_no_history("load combination", self.path, place=place)
                self._check_blocks(frame["fields"], place)
                found.append(OdbFrame(place, float(step["start"]) + float(frame["time"]), number,
                                      int(frame["increment"]), frame["fields"]))
        return found

    def _check_procedure(self, step: Mapping[str, Any]) -> None:
        procedure, domain = str(step["procedure"]), str(step["domain"])
        if domain == "MODAL":
            refuse_no_history("modal", self.path, place=f"step {step['name']}", found=procedure)
        if domain == "FREQUENCY":
            refuse_no_history("harmonic", self.path, place=f"step {step['name']}", found=procedure)
        words = procedure.upper().replace("*", "").split(",")
        if words[0].strip() not in ("STATIC", "VISCO") or "RIKS" in procedure.upper():
            raise UnsupportedError("this kind of computation is not reduced", file=self.path,
                                   place=f"step {step['name']}", expected="*STATIC or *VISCO", found=procedure)
        if "PERTURBATION" in procedure.upper():
            raise UnsupportedError("a linear perturbation step is no part of the history", file=self.path,
                                   place=f"step {step['name']}", expected="general steps", found=procedure)

    def rows(self, block: Mapping[str, Any], what: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Ids (n,), points (n,) from one (zero at nodes), and values (n, k) of a block."""
        nodal = block["position"] == "NODAL"
        labels, data = self.array(block["labels"], "i", 1, what), self.array(block["data"], "f", 2, what)
        points = np.zeros(len(labels), np.int64) if nodal else self.array(block["points"], "i", 1, what)
        if not len(labels) == len(points) == len(data):
            raise self._wrong(what, f"{len(data)} rows", f"{len(labels)} labels, {len(points)} points")
        return labels + self._offset(block["instance"], what)[0 if nodal else 1], points, data

    def _offset(self, instance: object, what: str) -> tuple[int, int]:
        """What is added to the labels of nodes and of elements of an instance."""
        if not isinstance(instance, int) or not 0 <= instance < len(self.offsets):
            raise self._wrong(what, f"an instance from 0 to {len(self.offsets) - 1}", instance)
        return self.offsets[instance]


class OdbHistory(SolverHistory):
    """The frames of an export.

    Raises
    ------
    FileFormatError : no displacement.
    """

    def __init__(self, export: OdbExport, mesh: SolverMesh, *, model: Model | None = None,
                 files: Sequence[Path] = (), small_strain: bool = True) -> None:
        self.export, self.mesh, self.model = export, mesh, model
        self.solver = f"Abaqus {export.model.release}".strip()
        self.files = (export.path, *files)
        self.frames = export.frames
        if not self.frames or any("U" not in one.fields for one in self.frames):
            raise FileFormatError("the output database has no displacement", file=export.path,
                                  expected="U in each frame", found=next(
                                      (one.place for one in self.frames if "U" not in one.fields), "no frame"),
                                  remedy="ask for U: *OUTPUT, FIELD, FREQUENCY=1 and *NODE OUTPUT")
        self.times = np.array([one.total_time for one in self.frames])
        self._map = PointMap(mesh.cells, export.path)
        self._dimension = kinematics(mesh.kinematics).dimension
        self.fields = self._describe(small_strain and not any(
            bool(step["nlgeom"]) for step in export.content["steps"]))
        self.notes = self._notes()

    def _describe(self, small_strain: bool) -> dict[str, SolverField]:
        keys = set.intersection(*(set(one.fields) for one in self.frames))
        found = {field: SolverField(FieldSpec(NODE, self._dimension, dtype=self._dtype(name), original_name=name))
                 for field, name in (("displacement", "U"), ("reaction_force", "RF")) if name in keys}
        self._temperature = next((name for name in ("NT11", "NT") if name in keys), "")
        if self._temperature:
            found["temperature"] = SolverField(FieldSpec(NODE, 1, dtype=self._dtype(self._temperature),
                                                         original_name=self._temperature))
        for name, (field, _) in _TENSORS.items():
            if name in keys and (small_strain or name == "S"):
                found[field] = SolverField(FieldSpec.symmetric(IP, dtype=self._dtype(name), original_name=name))
        if "PEEQ" in keys:
            found["p"] = SolverField(FieldSpec(IP, 1, dtype=self._dtype("PEEQ"), original_name="PEEQ"))
        numbers = sorted(int(name[3:]) for name in keys if name.startswith("SDV"))
        self._n_state = len(numbers) if numbers == list(range(1, len(numbers) + 1)) else 0
        if self._n_state:
            found["statev"] = SolverField(FieldSpec(IP, self._n_state, dtype=self._dtype("SDV1"), original_name="SDV"))
        return found

    def _dtype(self, name: str) -> str:
        blocks = self.frames[0].fields[name]
        single = any(self.export.rows(block, name)[2].dtype == np.float32 for block in blocks)
        return "float32" if single else "float64"

    def _notes(self) -> tuple[Omission, ...]:
        notes = [Omission(name=f"odb_{name}", does_work=False, description=f"{name} is left out: {why}")
                 for name, why in sorted(self.export.content["left_out"].items()) if name not in self._taken()]
        if self.fields["displacement"].spec.dtype == "float32":
            notes.append(Omission(name="digits", does_work=False, description=(
                "the output database is in single precision, its coordinates too: `romlib check` says what stress and "
                "forces that resolves. For float64 run Abaqus with output_precision=full, or write a .fil")))
        gaps = [(a, b) for a, b in zip(self.frames, self.frames[1:])
                if a.step == b.step and b.increment > a.increment + 1]
        if gaps:
            notes.append(missing_increments(
                sum(b.increment - a.increment - 1 for a, b in gaps), f" ({gaps[0][0].place}, and then "
                f"{gaps[0][1].increment})", "Write every increment: *OUTPUT, FIELD, FREQUENCY=1", does_work=False))
        return tuple(notes)

    def _taken(self) -> set[str]:
        return {one.spec.original_name for one in self.fields.values()}

    def read(self, step: int) -> Mapping[str, Given]:
        """The fields of a frame; see `SolverHistory.read`."""
        frame = self.frames[step]
        found: dict[str, Given] = {"displacement": self._nodal("U", frame, self._dimension)}
        if "reaction_force" in self.fields:
            found["reaction_force"] = self._nodal("RF", frame, self._dimension)
        if "temperature" in self.fields:
            found["temperature"] = self._nodal(self._temperature, frame, 1)
        for name, (field, engineering) in _TENSORS.items():
            if field in self.fields:
                rows = self._points(name, frame)
                plain = plain_tensors(rows, engineering=engineering, file=self.export.path, place=frame.place,
                                      n_shear=2 * self._dimension - 3)
                found[field] = self._map.parts(self._map.spread(rows, plain, name, frame.place))
        if "p" in self.fields:
            rows = self._points("PEEQ", frame)
            found["p"] = self._map.parts(self._map.spread(rows, rows.values[:, :1], "PEEQ", frame.place))
        if "statev" in self.fields:
            columns = []
            for k in range(1, self._n_state + 1):
                rows = self._points(f"SDV{k}", frame)
                columns.append(self._map.spread(rows, rows.values[:, :1], f"SDV{k}", frame.place))
            found["statev"] = self._map.parts(np.concatenate(columns, axis=1))
        return found

    def _nodal(self, name: str, frame: OdbFrame, n_comp: int) -> FieldValues:
        parts = [self.export.rows(block, f"{frame.place}, {name}") for block in frame.fields[name]]
        ids, values = np.concatenate([one[0] for one in parts]), np.concatenate([one[2] for one in parts])
        if values.shape[1] != n_comp:
            raise FileFormatError("a field has another number of components", file=self.export.path,
                                  place=f"{frame.place}, {name}", expected=n_comp, found=values.shape[1])
        return FieldValues(ids, values)

    def _points(self, name: str, frame: OdbFrame) -> PointRows:
        """Rows of a field at integration points, tensors in the order 11, 22, 33, 12, 13, 23, the last two not in a
        plane."""
        parts, widths = [], set()
        components = _COMPONENTS[:2 * self._dimension]
        for block in frame.fields[name]:
            ids, points, data = self.export.rows(block, f"{frame.place}, {name}")
            if name in _TENSORS:
                labels = [re.sub(r"^\D+", "", str(one)) for one in block["components"]]
                if sorted(labels) != sorted(components):
                    raise UnsupportedError("tensors do not have the components of the model", file=self.export.path,
                                           place=f"{frame.place}, {name}", expected=", ".join(components),
                                           found=", ".join(labels))
                data = data[:, [labels.index(one) for one in components]]
            widths.add(data.shape[1])
            parts.append((ids, points, np.full(len(ids), int(block.get("section_point", 0))), data))
        if len(widths) != 1:
            raise FileFormatError("blocks of a field have different components", file=self.export.path,
                                  place=f"{frame.place}, {name}", found=sorted(widths))
        ids, points, sections, values = (np.concatenate(part) for part in zip(*parts))
        direct, shear = (np.full(len(ids), n) for n in (3, len(components) - 3))
        return PointRows(ids, points, sections, np.zeros(len(ids), np.int64), direct, shear, values)
