"""The data of a reduced order model: what the offline stage produces and the online stage needs. Data only.

Symbols: Phi are the displacement modes, L_k the lifting fields of prescribed displacements, gamma the reduced
coordinates: u = sum_k a_k(t) L_k + Phi gamma. Tensors are Kelvin-Mandel; "selected points" are the integration points
of the cubature (and those that only carry state for the reconstruction, with zero weight).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from romlib.archive.dictionary import Dictionary
from romlib.archive.enrichment import Enrichment
from romlib.archive.indicator import Indicator
from romlib.archive.manifest import Manifest
from romlib.archive.switching import Switching
from romlib.errors import FileFormatError
from romlib.model import Case, Model, TrainedModel

WEIGHT_TOLERANCE = 1e-6  # relative, of their sum; written, they agree to rounding
_SAME_AXES = 1e-9  # of products of unit vectors


@dataclass(frozen=True)
class FieldsReference:
    """The fields file that was written with a ROM. id : drawn at random. digest : its checksum, of everything in it."""

    id: str
    digest: str


@dataclass(eq=False)
class SelectedPoints:
    """The integration points that the online stage keeps.

    cell_ids, numbers : (n_point,), the solver's cell id, and the number of the point in its cell (from 1).
    coordinates : (n_point, 3). pieces, ips : (n_point,), the piece, and the position among the piece's points.
    material_index : (n_point,), position in the list of `Model.materials`.
    orientation : (n_point, 3, 3), rows are the material axes; None where no material has any.
    """

    cell_ids: np.ndarray
    numbers: np.ndarray
    coordinates: np.ndarray
    pieces: np.ndarray
    ips: np.ndarray
    material_index: np.ndarray
    orientation: np.ndarray | None = None

    @property
    def n_point(self) -> int:
        """Number of selected points."""
        return len(self.cell_ids)


@dataclass(eq=False)
class LocalBasis:
    """What one cluster's displacement modes are at the selected points. A global basis is the only cluster.

    strain_modes : (n_mode, n_point, 6), eps(Phi_j). weights : (n_point,), non-negative; they sum to the volume.
    loads : (n_force, n_mode), Phi^T f of each mechanical load at amplitude 1, in the order of `Rom.force_names`.
    """

    strain_modes: np.ndarray
    weights: np.ndarray
    loads: np.ndarray

    @property
    def n_mode(self) -> int:
        """Number of displacement modes."""
        return len(self.strain_modes)

    @property
    def n_weighted(self) -> int:
        """Number of points of the cubature: those of weight zero serve the reconstruction only."""
        return int(np.count_nonzero(self.weights))


@dataclass(eq=False)
class LiftingData:
    """The lifting fields at the selected points.

    names : (n_lift), the prescribed constraints, whose amplitudes multiply the fields (`value` included in the field).
    strains : (n_lift, n_point, 6), eps(L_k). loads : (n_force, n_lift), L_k . f of each load at amplitude 1.
    """

    names: tuple[str, ...]
    strains: np.ndarray
    loads: np.ndarray

    @classmethod
    def none(cls, n_point: int, n_force: int) -> LiftingData:
        """No prescribed displacement other than zero."""
        return cls((), np.zeros((0, n_point, 6)), np.zeros((n_force, 0)))


@dataclass(eq=False)
class GappyOperator:
    """Least squares of the modes of a dual field at the selected points that have it.

    points : (m,), positions in `SelectedPoints`. basis : (n_dual, m * n_comp), the modes there, in the order
    (point, component). operator : (n_dual, m * n_comp), its pseudo-inverse: z = operator @ values.ravel().
    tensor : whether the six components are a symmetric tensor (Kelvin-Mandel).
    """

    field: str
    n_comp: int
    points: np.ndarray
    operator: np.ndarray
    basis: np.ndarray
    tensor: bool = False

    @property
    def n_dual(self) -> int:
        """Number of modes of the field."""
        return len(self.basis)


@dataclass(eq=False)
class ControlPoints:
    """Selected points that take no part in cubature and reconstruction: there the reconstruction is compared with the
    laws.

    points : (n,), positions in `SelectedPoints`. weights : (n,), of a rule for the volume. bases : by field,
    (n_dual, n, n_comp), the modes there, NaN where a point does not have the field.
    """

    points: np.ndarray
    weights: np.ndarray
    bases: dict[str, np.ndarray]


@dataclass(eq=False)
class TrainedTemperatures:
    """What the temperatures of the training runs less the initial one span at the selected points, and how far.

    modes : (n_mode, n_point), orthonormal. lowest, highest : (n_run, n_mode), coordinates of each run.
    """

    modes: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray


@dataclass(eq=False)
class TemperatureAtPoints:
    """Temperature at the selected points: sum over the temperature loads of amplitude x term.

    terms : by load name, (n_point,). initial : T_0 where the model states one, (n_point,).
    node_ids : (k,), ids of the nodes that the interpolation needs. matrix : (n_point, k), for new nodal temperatures.
    trained : of the training runs; None without temperature loads, and in files of older versions.
    """

    terms: dict[str, np.ndarray]
    initial: np.ndarray | None
    node_ids: np.ndarray
    matrix: csr_matrix
    trained: TrainedTemperatures | None = None


@dataclass(eq=False)
class Rom:
    """A reduced order model: everything that the online stage needs to solve new cases.

    force_names : of the rows of the reduced loads: the mechanical loads, then the parts of them in `density_terms`.
    clusters : one local basis a cluster (one: a global basis); all on the same selected points.
    gappy : by field name; what can be reconstructed away from the selected points.
    trained : mesh, materials, constraints and patterns by their content; None in a ROM that does not have it.
    fields : the fields file that belongs to it; None in files of older versions, and without one.
    density_terms : rows of the reduced loads that the density of a material, which is a formula, multiplies besides the
    amplitude: name of the row -> load and material.
    indicator : what bounds the errors of its runs; None in files of older versions. control : None without.
    enrichments : what was added to its training, in order.
    switching : what a basis is chosen by in time; None with one basis. dictionary : what it is chosen by once for a
    case, from its input; None where it is not.
    """

    manifest: Manifest
    model: Model
    cases: dict[str, Case]
    points: SelectedPoints
    force_names: tuple[str, ...]
    clusters: list[LocalBasis]
    lifting: LiftingData
    gappy: dict[str, GappyOperator]
    temperature: TemperatureAtPoints
    trained: TrainedModel | None = None
    fields: FieldsReference | None = None
    density_terms: dict[str, tuple[str, str]] = field(default_factory=dict)
    indicator: Indicator | None = None
    control: ControlPoints | None = None
    enrichments: tuple[Enrichment, ...] = ()
    switching: Switching | None = None
    dictionary: Dictionary | None = None

    @property
    def dimension(self) -> int:
        """Components of the displacement: what is known of the mesh says whether it is plane or axisymmetric."""
        plane = self.trained is not None and "kinematics" in self.trained.identity.cells.content
        return 2 if plane else 3

    @property
    def fallback(self) -> int | None:
        """The cluster whose basis is made of all snapshots, beside local ones; None without."""
        if self.dictionary is not None:
            return self.dictionary.choosing.fallback
        return None if self.switching is None else self.switching.fallback

    @property
    def force_terms(self) -> list[tuple[str, str]]:
        """Load and material ("" for none) of each row of the reduced loads."""
        return [self.density_terms.get(name, (name, "")) for name in self.force_names]

    def validate(self, file: object = None) -> None:
        """Check that shapes and names agree with each other, and that the weights sum to the volume.

        Raises
        ------
        FileFormatError : the first that does not, with what was expected and found.
        """
        n_point, n_force, n_lift = self.points.n_point, len(self.force_names), len(self.lifting.names)
        expected: dict[str, tuple[np.ndarray, tuple[int, ...]]] = {
            "points/coordinates": (self.points.coordinates, (n_point, 3)),
            "lifting/strains": (self.lifting.strains, (n_lift, n_point, 6)),
            "lifting/loads": (self.lifting.loads, (n_force, n_lift)),
            "temperature/matrix": (self.temperature.matrix, (n_point, len(self.temperature.node_ids))),
        }
        for name in ("numbers", "pieces", "ips", "material_index"):
            expected[f"points/{name}"] = getattr(self.points, name), (n_point,)
        if self.points.orientation is not None:
            expected["points/orientation"] = self.points.orientation, (n_point, 3, 3)
        for k, basis in enumerate(self.clusters):
            expected[f"clusters/{k}/strain_modes"] = basis.strain_modes, (basis.n_mode, n_point, 6)
            expected[f"clusters/{k}/weights"] = basis.weights, (n_point,)
            expected[f"clusters/{k}/loads"] = basis.loads, (n_force, basis.n_mode)
        for name, term in self.temperature.terms.items():
            expected[f"temperature/terms/{name}"] = term, (n_point,)
        if self.temperature.initial is not None:
            expected["temperature/initial"] = self.temperature.initial, (n_point,)
        for name, gappy in self.gappy.items():
            size = gappy.n_dual, len(gappy.points) * gappy.n_comp
            expected[f"gappy/{name}/operator"] = gappy.operator, size
            expected[f"gappy/{name}/basis"] = gappy.basis, size
        if self.control is not None:
            n = len(self.control.points)
            expected["control/weights"] = self.control.weights, (n,)
            for name, basis_there in self.control.bases.items():
                known = self.gappy.get(name)
                expected[f"control/{name}"] = basis_there, (0,) if known is None else (known.n_dual, n, known.n_comp)
        for place, (array, shape) in expected.items():
            if array.shape != shape:
                raise FileFormatError("an array of the ROM has the wrong shape", file=str(file) if file else None,
                                      place=place, expected=shape, found=array.shape)
        if not self.clusters:
            raise FileFormatError("the ROM has no basis", file=str(file) if file else None, place="clusters")
        if self.switching is not None:
            self.switching.validate([basis.n_mode for basis in self.clusters], n_lift, str(file) if file else None)
        if self.dictionary is not None:
            self.dictionary.validate(len(self.clusters), n_point, file)
        self._validate_counts(file)
        self._validate_axes(file)
        self._validate_weights(file)
        self._validate_names(file)

    def _validate_axes(self, file: object) -> None:
        """Axes where a material has them, of unit length and orthogonal: a law computes with them."""
        oriented = [name for name, material in self.model.materials.items() if material.orientation is not None]
        axes, place = self.points.orientation, "points/orientation"
        if axes is None:
            names = list(self.model.materials)
            if any((self.points.material_index == names.index(name)).any() for name in oriented):
                raise FileFormatError("the ROM lacks the axes of a material at its points", place=place, found="none",
                                      file=str(file) if file else None, expected=f"axes of {', '.join(oriented)}")
            return
        products = axes @ np.swapaxes(axes, 1, 2)
        off = float(np.abs(products - np.eye(3)).max(initial=0.0))
        if not off <= _SAME_AXES or (np.linalg.det(axes) < 0.0).any():
            raise FileFormatError("the material axes of the ROM are not orthogonal unit vectors, right-handed",
                                  file=str(file) if file else None, place=place, expected="a rotation at each point",
                                  found=f"products that are off by {off:.2g}, or left-handed axes")

    def _validate_counts(self, file: object) -> None:
        """No more modes than the points have strains, and values: memory goes with the square of their number."""
        counts = {f"clusters/{k}/strain_modes": (basis.n_mode, 6 * self.points.n_point)
                  for k, basis in enumerate(self.clusters)}
        sizes = {} if self.indicator is None else self.indicator.largest
        for name, found_sizes in sizes.items():
            if len(found_sizes) != len(self.clusters):
                raise FileFormatError("the sizes of an indicator are one a cluster", file=str(file) if file else None,
                                      place=f"indicator, {name}", expected=len(self.clusters), found=len(found_sizes))
        counts |= {f"gappy/{name}/basis": (gappy.n_dual, len(gappy.points) * gappy.n_comp)
                   for name, gappy in self.gappy.items()}
        for place, (found, most) in counts.items():
            if found > most:
                raise FileFormatError("the ROM has more modes than its selected points can tell apart",
                                      file=str(file) if file else None, place=place, expected=f"at most {most}",
                                      found=found)

    def _validate_weights(self, file: object) -> None:
        volume = self.manifest.volume
        for k, basis in enumerate(self.clusters):
            total = float(basis.weights.sum())
            if not abs(total - volume) <= WEIGHT_TOLERANCE * abs(volume):
                raise FileFormatError("the weights of the integration points do not sum to the volume",
                                      file=str(file) if file else None, place=f"clusters/{k}/weights",
                                      expected=f"{volume:.9g}", found=f"{total:.9g}")

    def _validate_names(self, file: object) -> None:
        """Every load that an array belongs to is one of the model."""
        loads = {name: load.kind for name, load in self.model.loads.items()}
        known = {
            "force_names": ([load for load, _ in self.force_terms],
                            [name for name, kind in loads.items() if kind != "temperature"]),
            "density_terms": ([name for _, name in self.density_terms.values()], list(self.model.materials)),
            "temperature/names": (self.temperature.terms, [n for n, kind in loads.items() if kind == "temperature"])}
        if self.indicator is not None:
            known["indicator"] = list(self.indicator.largest), list(self.gappy)
        if self.indicator is not None and self.control is not None:  # whose misfit is relative to the norm of the field
            compared = [name for name in self.control.bases if name in self.indicator.largest]
            known["indicator, norms"] = compared, list(self.indicator.norms)
        for place, (names, right) in known.items():
            for name in names:
                if name not in right:
                    raise FileFormatError("a name of the ROM is not in its model", file=str(file) if file else None,
                                          place=place, expected=", ".join(right) or "none", found=name)


@dataclass(eq=False)
class SnapshotGrams:
    """Inner products of the training snapshots over the whole model: what a basis of any of them begins with.

    run_names : (n_run). runs : (n_snapshot,), position of the run of each. times : (n_snapshot,).
    weights : (n_cluster, n_snapshot), which snapshots the basis of each cluster was made of; zero: not of this one.
    grams : by field, (n_snapshot, n_snapshot): displacement in L2 with unit density, before the liftings are taken out;
    dual fields with the volume of each integration point, zero where no material has the field.
    """

    run_names: tuple[str, ...]
    runs: np.ndarray
    times: np.ndarray
    weights: np.ndarray
    grams: dict[str, np.ndarray]


@dataclass(eq=False)
class PieceFields:
    """The full fields of one piece.

    mesh : romlib.mesh.mesh.Mesh, with its tags and skin. modes : one array (n_mode, n_node, d) a cluster.
    liftings : (n_lift, n_node, d). dual_modes : by field, (n_dual, n_ip, n_comp), NaN where no material has the field.
    """

    mesh: Any
    modes: list[np.ndarray]
    liftings: np.ndarray
    dual_modes: dict[str, np.ndarray]
