"""What runs in the containers' venv, and is not imported by the tests: ``serve.py KIND PORT``.

It makes a small model in the container's folder, and serves it with the container's own WSGI application.
Without a port, of the kind xgboost, it only makes the model.
"""

import collections
import collections.abc
import os
import sys
from pathlib import Path
from wsgiref.types import WSGIApplication

import numpy as np

# As the images' Dockerfiles patch sagemaker-containers for a Python of this decade.
collections.Mapping = collections.abc.Mapping  # type: ignore[attr-defined]

MODEL = Path(os.environ["SM_MODEL_DIR"])
ROWS = np.random.default_rng(0).random((200, 3))
LABELS = (ROWS[:, 0] + ROWS[:, 1] > 1).astype(int)


def make_booster() -> None:
    """One of binary:logistic."""
    import xgboost

    booster = xgboost.train(
        {"objective": "binary:logistic", "max_depth": 2}, xgboost.DMatrix(ROWS, label=LABELS), 5
    )
    booster.save_model(MODEL / "xgboost-model.ubj")


def xgboost_application() -> WSGIApplication:
    """The built-in algorithm."""
    from sagemaker_xgboost_container.algorithm_mode import serve  # type: ignore[import-not-found]

    make_booster()
    application: WSGIApplication = serve.ScoringService.csdk_start()
    return application


def sklearn_application() -> WSGIApplication:
    """A user's model_fn; all else is the container's default."""
    import joblib
    from sagemaker_sklearn_container import serving  # type: ignore[import-not-found]
    from sklearn.linear_model import LogisticRegression

    joblib.dump(LogisticRegression().fit(ROWS, LABELS), MODEL / "model.joblib")
    application: WSGIApplication = serving.main
    return application


def main() -> None:
    from werkzeug.serving import run_simple

    if len(sys.argv) == 2:
        make_booster()
        return
    make = {"xgboost": xgboost_application, "sklearn": sklearn_application}[sys.argv[1]]
    run_simple("127.0.0.1", int(sys.argv[2]), make())


if __name__ == "__main__":
    main()
