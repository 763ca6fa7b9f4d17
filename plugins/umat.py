"""The law `umat`: any shared library with the user material interface of Abaqus (SUBROUTINE UMAT).

Small strain. In plane strain and axisymmetry Abaqus calls a UMAT with NDI = 3, NSHR = 1, that is with the components
11, 22, 33, 12, and so does romlib with `shear_components = 1`; CalculiX calls it with all six always. What romlib
cannot know is passed as follows: PREDEF, DPRED zero; DROT the identity; DFGRD0, DFGRD1 the identity plus the mechanical
strain (rotation is not known; CalculiX passes the identity plus the gradient of displacement); CELENT 1; LAYER, KSPT 1;
energies, RPL and their derivatives zero, and not read; TIME(1) and TIME(2) both the total time at the start; KSTEP (1,
1, 0, 0), one static step; KINC 1 in an increment that starts at time zero, else 2. TEMP and DTEMP are zero where the
problem has no temperature.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field
from romlib_plugins import _umat_kernel as kernel
from romlib_plugins._umat_call import Batch, Caller, Outcome, Target
from romlib_plugins._umat_guard import GuardedCaller
from romlib_plugins._umat_library import check_hash, find_library
from romlib_plugins._umat_proof import Proof, record, verify
from romlib_plugins._umat_state import StateLayout

from romlib.errors import LawError, LawNotCalledError
from romlib.laws.law import Increment, LawResult
from romlib.laws.parameters import read_parameters
from romlib.model.base import Description
from romlib.words import plural

_REASON = {
    kernel.NOT_FINITE: "the strain, the temperature or the state is not finite, or the UMAT returned a stress, STATEV, "
                       "DDSDDE or PNEWDT that is not",
    kernel.REFUSED: "the UMAT asked for a smaller increment (PNEWDT = {:.3g})",
}
SMALLEST_FACTOR, FACTOR_NOT_FINITE = 0.01, 0.25
_ACROSS = 1e-9  # of the largest strain: what rounding of material axes leaves of 13 and 23
MOST, MOST_THREADS, MOST_PROOFS = 10_000, 64, 32  # PROPS and STATEV, threads, histories: far above any UMAT


Count = Annotated[int, Field(ge=0, le=MOST)]
Numbers = Annotated[tuple[float, ...], Field(max_length=MOST)]


class UmatParameters(Description):
    """What a material with law = "umat" may state; docs/reference/study.md has the table."""

    library: Annotated[str, Field(max_length=4096)] = Field(description=(
        "shared library: a path, relative to the study; or a bare file name, looked up on the search path"))
    symbol: Annotated[str, Field(pattern=r"\A[A-Za-z_][A-Za-z0-9_.$]*\z", max_length=255)] = Field(default="umat_",
        description=(
        "name of the function in the library; Fortran compilers write SUBROUTINE UMAT as `umat_`"))
    props: Numbers = Field(default=(), description="PROPS")
    depvar: Count = Field(default=0, description="number of STATEV. A UMAT that writes past them is refused")
    variables: Annotated[dict[str, int | Annotated[tuple[int, ...], Field(max_length=MOST)]],
                         Field(max_length=MOST)] = Field(
        default_factory=dict, description=(
        "name = position in STATEV, from 1, or a list of positions; six of them are a symmetric tensor (11, 22, 33, "
        "12, 13, 23)"))
    tensors: Annotated[dict[str, Literal["strain", "stress", "none"]],
                       Field(max_length=MOST)] = Field(
        default_factory=dict, description=(
        'of a variable with six positions: "strain" (its shear is engineering), "stress", or "none" (six numbers). '
        'Without it: strain where the name has "strain" in it, else stress'))
    initial_state: Numbers | None = Field(default=None, description="STATEV of the virgin material; by default zeros")
    temperature: Literal["abaqus", "calculix"] = Field(default="abaqus", description=(
        '"abaqus": TEMP is that at the start, DTEMP its increment. "calculix": TEMP is that at the end, DTEMP zero'))
    shear_components: Literal[1, 3] = Field(default=3, description=(
        "NSHR: 3; or 1 for a plane or axisymmetric mesh whose solver calls the UMAT with four components, as Abaqus "
        "does (NTENS = 4: 11, 22, 33, 12)"))
    name: Annotated[str, Field(max_length=kernel.NAME_LENGTH)] | None = Field(default=None, description=(
        "CMNAME; by default the stem of the library's name"))
    guarded: bool = Field(default=False, description=(
        "call it in a process of its own, so that a crash is a message; `romlib check` does so anyway"))
    threads: Annotated[int, Field(ge=1, le=MOST_THREADS)] = Field(default=1, description=(
        "threads that call it; more than one declares that the UMAT is thread-safe. Guarded calls use one"))
    sha256: Annotated[str, Field(pattern=r"\A[0-9a-f]{64}\z")] | None = Field(default=None, description=(
        "refuse a library with another hash; required in a file, and files that romlib writes have it"))
    proof: Annotated[tuple[Proof, ...], Field(max_length=MOST_PROOFS)] = Field(default=(), description=(
        "strain histories with their stresses, replayed before use; required in a file, and files that romlib "
        "writes have it"))


class UmatLaw:
    """A UMAT: SUBROUTINE UMAT of Abaqus in a shared library, called in a compiled loop.

    Isotropy is not claimed, because only the library knows. With `guarded` the calls are made in a process of their
    own, so that a crash is a LawError. State variables are those that the parameters name; what remains is `statev`.
    """

    name = "umat"
    isotropic = False
    text_parameters = ("library", "symbol", "variables", "tensors", "temperature", "name", "sha256", "proof")

    def __init__(self, parameters: UmatParameters, of_file: bool = False) -> None:
        self.parameters = parameters
        self.layout = StateLayout(parameters.depvar, parameters.variables, parameters.tensors)
        self.state_variables: Mapping[str, slice] = self.layout.columns
        self.tensor_variables = self.layout.tensor_variables
        self.n_state = parameters.depvar
        start = parameters.initial_state
        if start is not None and len(start) != parameters.depvar:
            raise LawError("wrong parameter of the law 'umat': initial_state", place="parameters, initial_state",
                           expected=f"depvar = {plural(parameters.depvar, 'number')}",
                           found=plural(len(start), "number"))
        self._initial = self.layout.from_statev(np.zeros(parameters.depvar) if start is None else np.array(start))
        self.path = find_library(parameters.library, of_file)
        self.sha256 = check_hash(self.path, parameters.sha256)
        target = Target(str(self.path), parameters.symbol, self.sha256, parameters.props,
                        parameters.name or Path(parameters.library).stem, tuple(self.layout.position.tolist()),
                        tuple(self.layout.scale.tolist()), 1 if parameters.guarded else parameters.threads, of_file,
                        parameters.shear_components)
        self._call = GuardedCaller(target) if parameters.guarded else Caller(target)
        for props in dict.fromkeys(proof.props for proof in parameters.proof):  # a parameter of a run may have changed
            mine = props is None or props == parameters.props
            verify(self if mine else UmatLaw(parameters.model_copy(update={"props": props, "proof": ()}), of_file),
                   [proof for proof in parameters.proof if proof.props == props], self.path)

    @classmethod
    def from_parameters(cls, parameters: dict[str, Any]) -> UmatLaw:
        """The law with the keys of `UmatParameters`.

        Raises
        ------
        LawError : a wrong key or value; a library that is missing, not loadable, without the symbol, or not the one
            that an archive was made with.
        """
        return cls(read_parameters(UmatParameters, parameters, cls.name))

    @classmethod
    def from_file_parameters(cls, parameters: dict[str, Any], file: str) -> UmatLaw:
        """The law as a snapshots file or a ROM states it: only with what its library is recognised by.

        The library is on ROMLIB_LIBRARY_PATH and its SHA-256 is right before it is loaded, which runs code of it; its
        own table defines the symbol; and the histories of the file give their stresses before anything else is called.

        Raises
        ------
        LawError : what `from_parameters` raises; or the file lacks the SHA-256 or the histories.
        """
        read = read_parameters(UmatParameters, parameters, cls.name)
        lacking = [key for key in ("sha256", "proof") if not getattr(read, key)]
        if lacking:
            raise LawNotCalledError(
                "the file names a library without what romlib recognises it by, so that nothing of it is called",
                file=file, place=f"parameters, {' and '.join(lacking)}",
                expected="the library's SHA-256, and strain histories with its stresses",
                found=f"library = {read.library!r}, symbol = {read.symbol!r}",
                remedy="if you trust this library, state the material in a study of your own, under the same name and "
                       "with the parameters that `romlib info` shows; of a ROM: train it again")
        return cls(read, of_file=True)

    @classmethod
    def guarded_parameters(cls, parameters: dict[str, Any]) -> dict[str, Any]:
        """The same material with its calls in a process of their own, unless it says that it wants none."""
        return {"guarded": True, **parameters}

    def portable_parameters(self) -> dict[str, Any]:
        """What a file stores of the law: the library by name and hash, and histories to recognise it by.

        Raises
        ------
        LawError : the UMAT fails at every history, so that no file could recognise it.
        """
        proof = self.parameters.proof or tuple(
            one.model_copy(update={"props": self.parameters.props})
            for one in record(lambda: UmatLaw(self.parameters.model_copy(update={"guarded": True})),
                              self.parameters.shear_components))
        if not proof:
            raise LawError(
                "the UMAT fails at every short strain history, so that no file could recognise it later",
                file=self.path, place=f"symbol {self.parameters.symbol}",
                expected="stresses for strains of 1e-8 to 4e-3, with or without a temperature",
                remedy="give histories of your own in the parameter `proof` of the material")
        changed = self.parameters.model_copy(update={
            "library": self.path.name, "sha256": self.sha256, "proof": proof, "guarded": False,
            "name": self.parameters.name or Path(self.parameters.library).stem})
        return changed.model_dump(mode="json", exclude_defaults=True)

    def initial_state(self, n_ip: int) -> np.ndarray:
        """`initial_state` of the parameters, else zero, at every point: (n_ip, depvar)."""
        return np.tile(self._initial, (n_ip, 1))

    def state_of_solver(self, statev: np.ndarray) -> np.ndarray:
        """The state array (..., depvar) of STATEV as the solver writes it: in its order, units and shear convention."""
        return self.layout.from_statev(statev)

    def integrate(self, increment: Increment, state0: np.ndarray, tangent: bool = True) -> LawResult:
        """Stress, tangent and state at the end of the increment; see `romlib.laws.law.Law.integrate`.

        Of a material with axes (`Increment.orientation`) all components are along them, as a UMAT has them in a solver
        with *ORIENTATION; its STATEV, and so the state here, stay along them.

        Raises
        ------
        LawError : the UMAT writes past its STATEV, changes its PROPS or, guarded, crashes; shear 13 or 23 where it has
            none.
        """
        self._refuse_out_of_plane(increment)
        batch = self._batch(increment, state0, tangent)
        outcome = self._call(batch)
        result = LawResult(batch.stress, batch.tangent if tangent else None, batch.state)
        if outcome.n_failed:
            self._report_failure(result, batch.failure, outcome)
        return result

    def _refuse_out_of_plane(self, increment: Increment) -> None:
        strain = increment.strain1
        if self.parameters.shear_components == 3 or not strain[:, 4:].any():
            return
        across = np.abs(strain[:, 4:]).max(axis=1)
        if (wrong := across > _ACROSS * np.abs(strain).max()).any():
            at = int(np.argmax(wrong))
            raise LawError(
                "the UMAT is called with one shear component, and the strain has others", file=self.path,
                place=f"cell {increment.cells[at]}, integration point {increment.points[at]}",
                expected="shear_components = 1 on plane and axisymmetric meshes alone, with material axes 1 and 2 in "
                         "the plane", found=f"13 or 23 of {across[at]:.3g}", remedy="leave shear_components out")

    def _batch(self, increment: Increment, state0: np.ndarray, tangent: bool) -> Batch:
        """Contiguous arrays of the right shapes: compiled code goes through them without looking."""
        n_ip, none = len(increment.strain1), np.empty(0)

        def real(values: np.ndarray, *shape: int) -> np.ndarray:
            array = np.ascontiguousarray(values, dtype=float)
            if array.shape != shape:
                raise _wrong_shape(array.shape, shape)
            return array

        def whole(values: np.ndarray) -> np.ndarray:
            array = np.ascontiguousarray(values, dtype=np.int64)
            if array.shape != (n_ip,):
                raise _wrong_shape(array.shape, (n_ip,))
            return array

        temperature = warming = none
        if increment.temperature1 is not None:
            temperature, warming = real(increment.temperature1, n_ip), np.zeros(n_ip)
            if self.parameters.temperature == "abaqus":
                start = increment.temperature0 if increment.temperature0 is not None else temperature
                start = real(start, n_ip)
                temperature, warming = start, temperature - start
        return Batch(
            real(increment.strain0, n_ip, 6), real(increment.strain1, n_ip, 6), real(increment.stress0, n_ip, 6),
            temperature, warming, whole(increment.cells), whole(increment.points),
            real(increment.coordinates, n_ip, 3), real(state0, n_ip, self.n_state),
            np.empty((n_ip, 6)), np.empty((n_ip if tangent else 0, 6, 6)), np.empty((n_ip, self.n_state)),
            np.zeros(n_ip, dtype=np.uint8), np.full(1, -1, dtype=np.int64), float(increment.time), float(increment.dt))

    def _report_failure(self, result: LawResult, failure: np.ndarray, outcome: Outcome) -> None:
        result.failed_points = np.flatnonzero(failure)
        codes = [code for code in _REASON if (failure == code).any()]
        result.message = "; ".join(_REASON[code].format(outcome.pnewdt) for code in codes)
        result.dt_factor = max(outcome.pnewdt, SMALLEST_FACTOR)
        if kernel.NOT_FINITE in codes:
            result.dt_factor = min(result.dt_factor, FACTOR_NOT_FINITE)


def _wrong_shape(found: tuple[int, ...], expected: tuple[int, ...]) -> LawError:
    return LawError("an array for the UMAT has the wrong shape", expected=expected, found=found)
