"""scikit-learn and skops, imported when a dictionary is used and not before."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from romlib.errors import InputError

_REMEDY = "pip install 'romlib-mechanics[dictionary]'"


def learning() -> SimpleNamespace:
    """The classes of scikit-learn that classifiers are made of."""
    from sklearn.decomposition import PCA
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    return SimpleNamespace(
        PCA=PCA, RandomForestClassifier=RandomForestClassifier, LogisticRegression=LogisticRegression,
        StratifiedKFold=StratifiedKFold, MLPClassifier=MLPClassifier, Pipeline=Pipeline, StandardScaler=StandardScaler)


def storing() -> Any:
    """The module `skops.io`.

    Raises
    ------
    InputError : skops is not installed.
    """
    try:
        import skops.io
    except ImportError as error:
        raise InputError("a ROM whose basis is chosen by a classifier needs skops, which keeps the classifier without "
                         "pickle", found=str(error), remedy=_REMEDY) from None
    return skops.io


def versions() -> dict[str, str]:
    """Of the packages that a stored classifier depends on."""
    import sklearn
    import skops

    return {"scikit-learn": str(sklearn.__version__), "skops": str(skops.__version__)}
