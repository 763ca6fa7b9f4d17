import pytest

from romlib.errors import LawError
from romlib.laws import portable
from romlib.laws.elastic import ElasticLaw
from romlib.laws.portable import portable_model
from romlib.model import Material, Model

STEEL = Material(law="elastic", cells="a", density=7.8e-9, parameters={"young": 2e5, "poisson": 0.3})


class Foreign(ElasticLaw):
    """A law whose moduli come from somewhere on this machine."""

    def portable_parameters(self):
        return {"young": float(self.parameters.at(None)[0, 0]), "poisson": 0.3, "from": "there"}


def test_a_model_without_foreign_laws_is_left_as_it_is():
    model = Model(materials={"steel": STEEL})
    assert portable_model(model) is model


def test_a_law_says_what_a_file_stores_of_it(monkeypatch):
    classes = {"elastic": ElasticLaw, "foreign": Foreign}
    monkeypatch.setattr(portable, "law_class", classes.__getitem__)
    monkeypatch.setattr(portable, "build_law",
                        lambda material: classes[material.law].from_parameters(material.parameters))
    foreign = STEEL.model_copy(update={"law": "foreign"})
    model = portable_model(Model(materials={"steel": STEEL, "other": foreign}))
    assert list(model.materials) == ["steel", "other"] and model.materials["steel"] == STEEL
    assert model.materials["other"].parameters == {"young": 2e5, "poisson": 0.3, "from": "there"}
    assert (model.materials["other"].cells, model.materials["other"].density) == ("a", 7.8e-9)
    assert foreign.parameters == STEEL.parameters  # what was given is not changed


def test_an_unknown_law_is_an_error():
    with pytest.raises(LawError, match="no law named 'nothing'"):
        portable_model(Model(materials={"m": Material(law="nothing")}))
