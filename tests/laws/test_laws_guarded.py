from romlib.laws import guarded
from romlib.laws.elastic import ElasticLaw
from romlib.laws.guarded import guarded_materials, guarded_model
from romlib.model import Material, Model

STEEL = Material(law="elastic", parameters={"young": 2e5, "poisson": 0.3})


class Foreign(ElasticLaw):
    alive = 0

    @classmethod
    def guarded_parameters(cls, parameters):
        return {"guarded": True, **parameters}

    @classmethod
    def from_parameters(cls, parameters):
        parameters = dict(parameters)
        assert parameters.pop("guarded")
        cls.alive += 1
        return super().from_parameters(parameters)

    def __del__(self):
        type(self).alive -= 1


def patched(monkeypatch):
    classes = {"elastic": ElasticLaw, "foreign": Foreign}
    monkeypatch.setattr(guarded, "law_class", classes.__getitem__)
    monkeypatch.setattr(guarded, "build_law",
                        lambda material: classes[material.law].from_parameters(material.parameters))


def test_only_laws_that_know_how_are_guarded(monkeypatch):
    patched(monkeypatch)
    foreign = STEEL.model_copy(update={"law": "foreign"})
    found = guarded_materials({"steel": STEEL, "foreign": foreign})
    assert found["steel"] is STEEL and found["foreign"].parameters == {"guarded": True, **STEEL.parameters}
    assert "guarded" not in foreign.parameters


def test_their_processes_live_as_long_as_the_context(monkeypatch):
    patched(monkeypatch)
    model = Model(materials={"steel": STEEL, "foreign": STEEL.model_copy(update={"law": "foreign"})})
    with guarded_model(model) as used:
        assert used.materials["foreign"].parameters["guarded"] and Foreign.alive == 1
    assert Foreign.alive == 0


def test_a_law_that_cannot_be_built_is_left_to_whoever_uses_it():
    model = Model(materials={"m": Material(law="nothing"), "steel": Material(law="elastic", parameters={"young": -1})})
    with guarded_model(model) as used:
        assert used.materials == model.materials
