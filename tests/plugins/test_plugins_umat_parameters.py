"""Constants of a UMAT that are formulas of parameters: in files, which recognise the library at any of their values."""

from __future__ import annotations

import numpy as np
import pytest
from romlib_plugins.umat import UmatLaw
from umat_example import compiled, increment, needs

from romlib.errors import LawError
from romlib.laws.portable import portable_model
from romlib.laws.registry import build_law
from romlib.laws.symbols import evaluated_model
from romlib.model import Model
from romlib.model.library import model_of_file

# Stress = PROPS(1) x strain.
BODY = "for (int i = 0; i < 6; i++) { stress[i] = props[0] * (stran[i] + dstran[i]); " \
       "for (int j = 0; j < 6; j++) ddsdde[6*i + j] = i == j ? props[0] : 0.0; }"


@pytest.fixture
def stored(tmp_path, monkeypatch) -> Model:
    """The model as a file has it, and the library where files look for it."""
    needs("cc")
    library = compiled(tmp_path, BODY, name="libLINE.so")
    monkeypatch.setenv("ROMLIB_LIBRARY_PATH", str(tmp_path))
    model = Model.model_validate({"parameters": {"E": 1000.0}, "materials": {"a": {
        "law": "umat", "parameters": {"library": str(library), "props": ["2*E"]}}}})
    return model_of_file(portable_model(model), tmp_path / "x.rom")


def at(model: Model, value: float) -> Model:
    return evaluated_model(model.model_copy(update={"parameters": {"E": value}}))


def test_a_file_keeps_the_formula_and_the_constants_of_its_histories(stored):
    parameters = stored.materials["a"].parameters
    assert parameters["props"] == ["2*E"] and parameters["library"] == "libLINE.so"
    assert {tuple(proof["props"]) for proof in parameters["proof"]} == {(2000.0,)}


@pytest.mark.parametrize("value", [1000.0, 1300.0])
def test_the_library_is_recognised_and_called_with_the_values_of_the_run(stored, value):
    law = build_law(at(stored, value).materials["a"])
    assert isinstance(law, UmatLaw)
    strain = np.array([[1e-3, 0.0, 0.0, 0.0, 0.0, 0.0]])
    result = law.integrate(increment(strain), law.initial_state(1))
    assert result.stress[0, 0] == pytest.approx(2.0 * value * 1e-3)


def test_another_library_is_refused_at_every_value(stored, tmp_path):
    proofs = [{**proof, "stress": (2.0 * np.array(proof["stress"])).tolist()}
              for proof in stored.materials["a"].parameters["proof"]]
    material = stored.materials["a"]
    wrong = material.model_copy(update={"parameters": {**material.parameters, "proof": proofs}})
    for value in (1000.0, 1300.0, 2000.0):
        with pytest.raises(LawError, match="other stresses"):
            build_law(at(stored.model_copy(update={"materials": {"a": wrong}}), value).materials["a"])
