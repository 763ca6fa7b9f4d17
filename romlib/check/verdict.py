"""What a check without a failure leaves open: whether enough was compared to say that romlib reproduces the solver."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from romlib.check.report import CheckItem
from romlib.model import Model


def left_open(
    items: Sequence[CheckItem], model: Model, moved: float, replayed_equilibrium: bool, accept: Collection[str]
) -> tuple[str, ...]:
    """Sentences on what was not compared, and how to have it compared; none: reproduced, where nothing failed.

    Two things have to be compared with what the solver computed: the law (its stress with the stored one, or its
    forces with the stored ones or with the loads), and the balance of forces. And nothing that does work may be
    missing, unless the study accepts it by name.

    Parameters
    ----------
    moved : the largest displacement. replayed_equilibrium : whether equilibrium was measured with the law's stress.
    accept : names of omissions that the study accepts.
    """
    by_name = {item.name: item for item in items}
    measured = {name for name, item in by_name.items() if item.status in ("pass", "warn", "fail")}
    open_ = []
    if not model.materials:
        open_.append("no law was called: the model has no materials (the converter found none, or the deck was "
                     "truncated before them). State them in a study, [materials.NAME], and give it: --study")
    elif by_name["replay"].status == "absent":
        open_.append(f"no law was called: {by_name['replay'].detail}")
    elif (by_name["replay"].status == "pass" and not measured & {"stress", "internal_force"}
          and not replayed_equilibrium):
        open_.append("the law's stress was compared with nothing: have the solver write stress at the integration "
                     "points or internal forces, or state the loads in a study: --study")
    if "equilibrium" not in measured:
        open_.append(f"equilibrium was not measured: {by_name['equilibrium'].detail}. State loads, constraints and "
                     "materials in a study, and give it: --study")
    elif moved == 0.0 and not by_name["strain size"].value:
        open_.append("nothing moves: the displacement is zero at all times. Check a run with a load")
    open_ += [f"{entry.name} does virtual work, and the ROM lacks it: {entry.description}. Remove it from the solver's "
              f'model, or accept it: [study] accept = ["{entry.name}"]'
              for entry in model.omissions if entry.does_work and entry.name not in accept]
    return tuple(open_)
