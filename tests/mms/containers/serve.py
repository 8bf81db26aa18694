"""What runs in the containers' venv, and is not imported by the tests: ``serve.py KIND PORT``.

It makes a small model in the container's folder, and serves it with the container's own WSGI application.
"""

import collections
import collections.abc
import os
import sys
from pathlib import Path

import numpy as np

# As the images' Dockerfiles patch sagemaker-containers for a Python of this decade.
collections.Mapping = collections.abc.Mapping  # type: ignore[attr-defined]

MODEL = Path(os.environ["SM_MODEL_DIR"])
ROWS = np.random.default_rng(0).random((200, 3))
LABELS = (ROWS[:, 0] + ROWS[:, 1] > 1).astype(int)


def xgboost_application() -> object:
    """The built-in algorithm: a booster of binary:logistic."""
    import xgboost
    from sagemaker_xgboost_container.algorithm_mode import serve  # type: ignore[import-not-found]

    booster = xgboost.train(
        {"objective": "binary:logistic", "max_depth": 2}, xgboost.DMatrix(ROWS, label=LABELS), 5
    )
    booster.save_model(MODEL / "xgboost-model.ubj")
    return serve.ScoringService.csdk_start()


def sklearn_application() -> object:
    """A user's model_fn; all else is the container's default."""
    import joblib
    from sagemaker_sklearn_container import serving  # type: ignore[import-not-found]
    from sklearn.linear_model import LogisticRegression

    joblib.dump(LogisticRegression().fit(ROWS, LABELS), MODEL / "model.joblib")
    return serving.main


def main() -> None:
    from werkzeug.serving import run_simple

    make = {"xgboost": xgboost_application, "sklearn": sklearn_application}[sys.argv[1]]
    run_simple("127.0.0.1", int(sys.argv[2]), make())


if __name__ == "__main__":
    main()
