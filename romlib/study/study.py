"""The study file: what the materials, constraints and loads are, where the training data lie, what is asked for.

One TOML file, validated as a whole: every wrong key and value is named with what is allowed. Where a snapshots file
already has a model (materials, constraints, loads, amplitudes), the study may leave all of them out, or override any
by its name.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, PrivateAttr, ValidationError, model_validator

from romlib.errors import StudyError
from romlib.life.table import LifeTable
from romlib.mesh.tags import TagSet
from romlib.model import (
    Amplitude,
    ArrayReference,
    Case,
    CellTag,
    Constraint,
    FaceTag,
    Load,
    Material,
    Model,
    NodeTag,
    TemperatureFile,
    UnitSystem,
)
from romlib.model.base import Description
from romlib.model.clusters import ClusterOptions
from romlib.model.library import LIBRARY, is_file_name
from romlib.model.parameters import ParameterValues
from romlib.offline.options import OfflineOptions
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.reader import Snapshots
from romlib.study.amplitudes import resolve_amplitudes
from romlib.study.case_file import resolve_temperature
from romlib.study.faults import Fault, faults_of, refuse
from romlib.study.greedy import Greedy, resolve_paths
from romlib.study.mesh_file import MeshFile
from romlib.study.toml_file import read_toml

if TYPE_CHECKING:
    from romlib.check import CheckOptions

Positive = Annotated[float, Field(gt=0)]


class Header(Description):
    """[study]: a name, the units where stated, and the omissions of the deck that the user accepts, by name."""

    name: str = Field(description="name of the study")
    units: UnitSystem | None = Field(default=None, description=(
        'unit system: "length, force, stress, time" and, if you like, temperature, such as "mm, N, MPa, s, degC"; '
        'by default that of the files. Nothing is ever converted: a study that contradicts its files is refused, '
        'and so are units that do not fit together (mm and N need MPa)'))
    accept: tuple[str, ...] = Field(default=(), description=(
        "names of omissions (`romlib info` lists them) that do virtual work in the solver and that you accept to "
        "lose. Without it `romlib check` stays undecided and `romlib offline` refuses such a file"))


class TagDefinition(Description):
    """[tags.NAME]: a tag that the file lacks, of nodes, faces or cells (one name may stand for several of them)."""

    nodes: NodeTag | None = Field(default=None, description="a tag of nodes, for constraints and nodal forces")
    faces: FaceTag | None = Field(default=None, description="a tag of faces, for tractions and pressures")
    cells: CellTag | None = Field(default=None, description="a tag of cells, for materials and body forces")

    @model_validator(mode="after")
    def _something(self) -> TagDefinition:
        if self.nodes is None and self.faces is None and self.cells is None:
            raise ValueError("a tag needs nodes = {...}, faces = {...} or cells = {...}")
        return self


class Initial(Description):
    """[initial]: the state before the first step, where it is not the one of the snapshots file."""

    time: float | None = Field(default=None, description="time of the undeformed state; by default that of the file")
    temperature: float | ArrayReference | None = Field(default=None, description=(
        "temperature of that state; by default that of the file, else what the temperature loads give at the "
        "initial time"))


class Run(Description):
    """One run of the solver: its snapshots file, the amplitudes of its loads, and its parameters.

    temperature : a history in a file of its own, in place of all temperature loads.
    """

    snapshots: Path = Field(description="the snapshots file")
    amplitudes: dict[str, Amplitude] = Field(default_factory=dict, description=(
        "amplitudes of this run, by load; by default those of the file"))
    parameters: ParameterValues = Field(default_factory=dict, description=(
        "numbers of this run for what the materials name; by default those of the file, else of `[parameters]`"))
    temperature: TemperatureFile | None = Field(default=None, description=(
        "a file with nodal temperatures, in place of all temperature loads; by default the temperature loads"))
    name: str = Field(description=(
        "for messages; of a training run, also a case of the ROM. By default the name of the file without suffix"))


class Training(Run):
    """[[training]]: a run that the ROM is made of.

    role : "run"; or what else the file is good for, see `romlib.offline.roles`: single steps at full order ("record"),
    whose stress and internal variables are read from it, answers of the initial stiffness ("elastic"), or the
    displacement of a run of a ROM ("replayed").
    """

    role: Literal["run", "record", "elastic", "equilibrated", "replayed"] = Field(default="run", description=(
        'what the file is good for. "run": the history of a run. "record": single full-order steps, whose stress '
        'and internal variables are read from the file, since there is no history to recompute them from. '
        '"elastic": answers of the initial stiffness, which train displacement, stress and cubature. '
        '"equilibrated": a run of a ROM that the initial stiffness brought towards equilibrium, which trains the '
        'same. "replayed": the displacement of a run of a ROM, which trains the cubature, and never any modes. Only '
        'runs are checked, and are cases of the ROM'))


class Validation(Run):
    """[[validation]]: a run that the ROM is not made of, and that the finished ROM is compared with."""

    @property
    def role(self) -> Literal["validation"]:
        """What the file is good for."""
        return "validation"


class CheckSettings(Description):
    """[check]: tolerances of the nonintrusivity check; `romlib.check.CheckOptions` says what each means.

    One that is left out keeps the default of the check.
    """

    strain: Positive | None = Field(default=None, description="strain from displacement against the stored strain")
    stress: Positive | None = Field(default=None, description="stress replayed by the law against the stored stress")
    state: Positive | None = Field(default=None, description="internal variables, likewise")
    internal_force: Positive | None = Field(default=None, description="B^T sigma against the stored internal force")
    constraints: Positive | None = Field(default=None, description=(
        "displacement at constrained components against the prescribed values"))
    temperature: Positive | None = Field(default=None, description="temperature of the model against the stored one")
    equilibrium: Positive | None = Field(default=None, description=(
        "largest residual component at the free degrees of freedom over the largest internal force"))
    load_balance: Positive | None = Field(default=None, description=(
        "the same residual in the l2 norm over that of the load; beyond it a warning"))
    strain_size: Positive | None = Field(default=None, description=(
        "strain beyond which small-strain theory is doubtful; a warning"))

    def options(self) -> CheckOptions:
        """The options of `romlib.check.check`."""
        from romlib.check.options import CheckOptions

        return CheckOptions(**self.model_dump(exclude_none=True))


class Study(Description):
    """A whole study. `Study.read` makes one from a file; paths in it are then relative to that file's folder.

    text : the file as it was read, for the manifest of the ROM. path : the file.
    """

    study: Header = Field(description="name, units, and what is accepted")
    mesh: MeshFile | None = Field(default=None, description="the mesh that `romlib solve` solves on")
    materials: dict[str, Material] = Field(default_factory=dict, description="constitutive laws, by name")
    tags: dict[str, TagDefinition] = Field(default_factory=dict, description="tags that the file lacks, by name")
    constraints: dict[str, Constraint] = Field(default_factory=dict, description="constraints on displacement, by name")
    loads: dict[str, Load] = Field(default_factory=dict, description="loads, by name")
    initial: Initial = Field(default=Initial(), description="the state before the first step")
    training: tuple[Training, ...] = Field(default=(), description="runs of the solver that train the ROM")
    validation: tuple[Validation, ...] = Field(default=(), description=(
        "runs of the solver that the ROM is not made of, and that it is compared with"))
    offline: OfflineOptions = Field(default=OfflineOptions(), description="what the ROM is built to")
    clusters: ClusterOptions = Field(default=ClusterOptions(), description="several local bases in place of one")
    check: CheckSettings = Field(default=CheckSettings(), description=(
        "what each measurement of `romlib check` may reach"))
    cases: dict[str, Case] = Field(default_factory=dict, description="cases that are stored with the ROM, by name")
    greedy: Greedy | None = Field(default=None, description="what `romlib greedy` searches")
    life: LifeTable | None = Field(default=None, description="how `romlib life` counts cycles, and fatigue curves")
    parameters: ParameterValues = Field(default_factory=dict, description=(
        "numbers for what the materials name, of all runs and cases that do not say otherwise"))

    _text: str = PrivateAttr("")
    _path: Path | None = PrivateAttr(None)

    @property
    def text(self) -> str:
        """The text of the study file."""
        return self._text

    @property
    def path(self) -> Path | None:
        """The study file."""
        return self._path

    @property
    def name(self) -> str:
        """Name of the study."""
        return self.study.name

    @property
    def runs(self) -> dict[str, Run]:
        """Training runs and validation runs, by what messages call them, such as "training #1"."""
        return {f"{kind} #{k}": run for kind, runs in (("training", self.training), ("validation", self.validation))
                for k, run in enumerate(runs, 1)}

    @property
    def training_options(self) -> OfflineOptions:
        """What the ROM is built to: [offline] and [clusters]."""
        return self.offline.model_copy(update={"clusters": self.clusters})

    @property
    def tag_set(self) -> TagSet:
        """Definitions of all tags."""
        return TagSet(self.node_tags, self.face_tags, self.cell_tags)

    @property
    def node_tags(self) -> dict[str, NodeTag]:
        """Definitions of node tags."""
        return {name: tag.nodes for name, tag in self.tags.items() if tag.nodes is not None}

    @property
    def face_tags(self) -> dict[str, FaceTag]:
        """Definitions of face tags."""
        return {name: tag.faces for name, tag in self.tags.items() if tag.faces is not None}

    @property
    def cell_tags(self) -> dict[str, CellTag]:
        """Definitions of cell tags."""
        return {name: tag.cells for name, tag in self.tags.items() if tag.cells is not None}

    @classmethod
    def of(cls, study: Study | str | Path) -> Study:
        """A study that is read already, or its file, read."""
        return study if isinstance(study, Study) else cls.read(study)

    @classmethod
    def read(cls, path: str | Path) -> Study:
        """Read and validate a study file; CSV amplitudes are read, paths of snapshots resolved.

        Raises
        ------
        StudyError : every wrong entry, with its key, its value, what is allowed and the closest match.
        """
        path = Path(path)
        text, raw = read_toml(path, "study")
        faults: list[Fault] = []
        _prepare(raw, path.parent, faults)
        try:
            study = cls.model_validate(raw)
        except ValidationError as error:
            faults += [fault for fault in faults_of(error, raw, cls) if not any(f.key == fault.key for f in faults)]
        if faults:
            raise refuse(path, faults)
        study._text, study._path = text, path
        return study

    def complete(self, deck: Model, training: Run | None = None) -> Model:
        """The model of a snapshots file, with what this study states put over it by name.

        deck : the model that the file has. training : the run whose amplitudes and parameters the model shall have. A
        parameter has the value of the run, else that of the file, else that of [parameters].

        Raises
        ------
        StudyError : study and file state different units.
        """
        self._agree_on_units(deck.units)
        initial: dict[str, Any] = {}
        if self.initial.time is not None:
            initial["initial_time"] = self.initial.time
        if self.initial.temperature is not None:
            initial["initial_temperature"] = self.initial.temperature
        return deck.model_copy(update={
            "materials": {**deck.materials, **self.materials},
            "constraints": {**deck.constraints, **self.constraints},
            "loads": {**deck.loads, **self.loads},
            "amplitudes": {**deck.amplitudes, **(training.amplitudes if training is not None else {})},
            "parameters": {**self.parameters, **deck.parameters,
                           **(training.parameters if training is not None else {})},
            **initial,
        })

    def prepare(self, snapshots: Snapshots, run: Training | Validation | None = None) -> PreparedSnapshots:
        """An open snapshots file with what this study adds to it.

        run : the training or validation run that it is; by default the one that names the file, if there is one.

        Raises
        ------
        StudyError : study and file state different units.
        """
        run = self.run_of(snapshots.path) if run is None else run
        prepared = PreparedSnapshots(snapshots, self.complete(snapshots.model, run), self.tag_set, self.study.accept,
                                     snapshots.path.stem if run is None else run.name,
                                     role="run" if run is None else run.role)
        if run is None or run.temperature is None:
            return prepared
        return prepared.with_temperature(run.temperature)

    def run_of(self, snapshots: str | Path) -> Training | Validation | None:
        """The training or validation run whose snapshots file this is, if it is one."""
        wanted = os.path.realpath(snapshots)  # of links that lead in a circle too
        runs: tuple[Training | Validation, ...] = (*self.training, *self.validation)
        return next((run for run in runs if os.path.realpath(run.snapshots) == wanted), None)

    def _agree_on_units(self, units: UnitSystem) -> None:
        stated = self.study.units
        if stated is None:
            return
        names = stated.model_fields_set
        if any(getattr(stated, name) != getattr(units, name) for name in names):
            raise StudyError(
                "the study and the snapshots file state different units", file=self._path, place="study.units",
                expected=f"{units} (the file)", found=f"{stated} (the study)",
                remedy="romlib never converts: correct the study, or convert the file again with --units")


def _prepare(raw: dict[str, Any], folder: Path, faults: list[Fault]) -> None:
    """Put descriptions for amplitudes, paths for file names and names for training runs into the raw study."""
    for material in _tables(raw.get("materials")).values():
        parameters = material.get("parameters")
        library = parameters.get(LIBRARY) if isinstance(parameters, dict) else None
        # A bare name is for the search path.
        if isinstance(parameters, dict) and isinstance(library, str) and library and not is_file_name(library):
            parameters[LIBRARY] = str((folder / library).absolute())
    for name, case in _tables(raw.get("cases")).items():
        resolve_temperature(case, folder)
        if "amplitudes" in case:
            case["amplitudes"] = resolve_amplitudes(case["amplitudes"], folder, f"cases.{name}.amplitudes", faults)
    mesh = raw.get("mesh")
    if isinstance(mesh, dict) and isinstance(mesh.get("file"), str):
        mesh["file"] = folder / mesh["file"]
    resolve_paths(raw.get("greedy"), folder)
    if "clusters" in (raw["offline"] if isinstance(raw.get("offline"), dict) else ()):
        faults.append(Fault("offline.clusters", "local bases have a table of their own", remedy="name it [clusters]"))
    names: list[str] = []
    for kind in ("training", "validation"):
        runs = raw.get(kind)
        for number, run in enumerate(runs if isinstance(runs, list) else [], 1):
            if isinstance(run, dict):
                _prepare_run(run, f"{kind} #{number}", folder, names, faults)


def _prepare_run(run: dict[str, Any], key: str, folder: Path, names: list[str], faults: list[Fault]) -> None:
    """One training or validation run. names : of those before it."""
    resolve_temperature(run, folder)
    if "amplitudes" in run:
        run["amplitudes"] = resolve_amplitudes(run["amplitudes"], folder, f"{key}.amplitudes", faults)
    if isinstance(run.get("snapshots"), str):
        run.setdefault("name", Path(run["snapshots"]).stem)
        run["snapshots"] = folder / run["snapshots"]
    elif "snapshots" not in run:
        run.setdefault("name", "")
    if run.get("name") in names:
        both = "training runs" if key.startswith("training") else "runs"
        faults.append(Fault(f"{key}.name", f"two {both} have the name {run['name']!r}",
                            remedy="give each run a name of its own"))
    names.append(str(run.get("name")))


def _tables(value: Any) -> dict[str, dict[str, Any]]:
    """The entries of a table that are tables themselves."""
    return {name: entry for name, entry in value.items() if isinstance(entry, dict)} if isinstance(value, dict) else {}
