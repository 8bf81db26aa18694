"""Small models by scikit-learn and XGBoost as Core ML files, with their makers' own answers.

``fixtures.py FOLDER`` writes FOLDER/CASE.mlmodel and FOLDER/cases.json. It runs in the venv of coremltools.
"""

import json
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import coremltools
import numpy as np
import xgboost
from coremltools.models import datatypes
from coremltools.models.feature_vectorizer import create_feature_vectorizer
from coremltools.models.pipeline import PipelineRegressor
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVR
from sklearn.tree import DecisionTreeRegressor

FEATURES = ["a", "b", "c", "d"]
ROWS = 200
random = np.random.default_rng(0)
X = random.normal(size=(ROWS, 4))
HOLES = np.where(random.random(X.shape) < 0.2, np.nan, X)
CODES = random.integers(0, 3, size=(ROWS, 4)).astype(float)
Y = X @ [1.0, -2.0, 3.0, 0.5] + np.sin(5 * X[:, 0])
TWO = (Y > 0).astype(int)
THREE = np.digitize(Y, [-1.5, 1.5])
WORDS = np.array(["late", "on time", "early"])[THREE]

REGRESSORS = {
    "linear": (LinearRegression(), X),
    "scaler": (make_pipeline(StandardScaler(), LinearRegression()), X),
    "imputer": (make_pipeline(SimpleImputer(), StandardScaler(), LinearRegression()), HOLES),
    "one_hot": (make_pipeline(OneHotEncoder(), LinearRegression()), CODES),
    "decision_tree": (DecisionTreeRegressor(max_depth=6, random_state=0), X),
    "random_forest": (RandomForestRegressor(20, max_depth=6, random_state=0), X),
    "gradient_boosting": (GradientBoostingRegressor(n_estimators=50, random_state=0), X),
}
CLASSIFIERS = {
    "logistic_2": (LogisticRegression(multi_class="ovr"), TWO),
    "logistic_3": (LogisticRegression(multi_class="ovr"), WORDS),
    "random_forest_2": (RandomForestClassifier(21, max_depth=5, random_state=0), TWO),
    "random_forest_3": (RandomForestClassifier(21, max_depth=5, random_state=0), THREE),
    "gradient_boosting_2": (GradientBoostingClassifier(n_estimators=20, random_state=0), TWO),
    "gradient_boosting_3": (GradientBoostingClassifier(n_estimators=20, random_state=0), WORDS),
}
Case = dict[str, object]


def main(folder: Path) -> None:
    makers = (regressors, classifiers, boosters, others)
    cases = {name: case for maker in makers for name, case in maker(folder)}
    (folder / "cases.json").write_text(json.dumps(cases))


def regressors(folder: Path) -> Iterator[tuple[str, Case]]:
    for name, (model, rows) in REGRESSORS.items():
        model.fit(rows, Y)
        save(coremltools.converters.sklearn.convert(model, FEATURES, "y"), folder / f"{name}.mlmodel")
        yield name, {"rows": cells(rows), "outputs": model.predict(rows).tolist()}


def classifiers(folder: Path) -> Iterator[tuple[str, Case]]:
    for name, (model, labels) in CLASSIFIERS.items():
        model.fit(X, labels)
        save(coremltools.converters.sklearn.convert(model, FEATURES, "y"), folder / f"{name}.mlmodel")
        shares = model.predict_proba(X)
        if name == "random_forest_3":
            shares *= model.n_estimators  # the converter divides by it for two classes only
        yield from answers(name, model.classes_, shares, model.predict(X))


def boosters(folder: Path) -> Iterator[tuple[str, Case]]:
    """Values that are missing go their own way in XGBoost's trees."""
    convert = coremltools.converters.xgboost.convert
    regressor = xgboost.XGBRegressor(n_estimators=20, base_score=0.5).fit(HOLES, Y)
    save(convert(regressor, FEATURES, "y"), folder / "xgboost.mlmodel")
    yield "xgboost", {"rows": cells(HOLES), "outputs": regressor.predict(HOLES).tolist()}
    for name, labels in (("xgboost_2", TWO), ("xgboost_3", THREE)):
        model = xgboost.XGBClassifier(n_estimators=20, base_score=0.5).fit(X, labels)
        save(convert(model, FEATURES, "y", mode="classifier"), folder / f"{name}.mlmodel")
        yield from answers(name, model.classes_, model.predict_proba(X), model.predict(X))


def others(folder: Path) -> Iterator[tuple[str, Case]]:
    """A text and an integer as inputs, and a type that needs macOS."""
    weights = {"late": 30.0, "on time": 0.5, "early": -10.0}
    rows = [("late", 1), ("early", 2), ("on time", -3)]
    save(coremltools.models.MLModel(text_model(weights)), folder / "texts.mlmodel")
    outputs = [weights[word] + 2.0 * number + 1 for word, number in rows]
    yield "texts", {"features": ["word", "number"], "rows": rows, "outputs": outputs}
    save(coremltools.converters.sklearn.convert(SVR().fit(X, Y), FEATURES, "y"), folder / "svr.mlmodel")


def text_model(weights: dict[str, float]) -> object:
    """weights[word] + 2 * number + 1: a one-hot encoder, a feature vectorizer and a linear regression."""
    width, y = len(weights), [("y", datatypes.Double())]
    inputs = [("word", datatypes.String()), ("number", datatypes.Int64())]
    pipeline = PipelineRegressor(inputs, y)
    interface = coremltools.models._interface_management
    encoder = coremltools.proto.Model_pb2.Model(specificationVersion=1)
    interface.set_transform_interface_params(encoder, inputs[:1], [("hot", datatypes.Array(width))])
    encoder.oneHotEncoder.stringCategories.vector.extend(weights)
    pipeline.add_model(encoder)
    parts = [("hot", datatypes.Array(width)), inputs[1]]
    pipeline.add_model(create_feature_vectorizer(parts, "all")[0])
    linear = coremltools.proto.Model_pb2.Model(specificationVersion=1)
    interface.set_regressor_interface_params(linear, [("all", datatypes.Array(width + 1))], y)
    linear.glmRegressor.weights.add().value.extend([*weights.values(), 2.0])
    linear.glmRegressor.offset.append(1.0)
    pipeline.add_model(linear)
    return pipeline.spec


def save(model: coremltools.models.MLModel, path: Path) -> None:
    model.save(str(path))


def answers(
    name: str, labels: np.ndarray, shares: np.ndarray, chosen: np.ndarray
) -> Iterator[tuple[str, Case]]:
    keys = [str(label) for label in labels.tolist()]
    objects = [dict(zip(keys, line, strict=True)) for line in shares.tolist()]
    yield name, {"rows": cells(X), "outputs": objects, "labels": chosen.tolist()}


def cells(rows: np.ndarray) -> list[list[float | None]]:
    return [[None if np.isnan(cell) else cell for cell in row] for row in rows.tolist()]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]))
