"""Have an H2O server train an XGBoost model of one tree; take it as a MOJO, with the library that scores it.

``export_mojo.py SERVER_URL CSV FOLDER`` runs in the platform's venv. The last column of the table is the
truth, the others are the model's columns. Afterwards FOLDER holds model.zip and h2o-genmodel.jar.
"""

import sys
from pathlib import Path

import h2o
from h2o.estimators import H2OXGBoostEstimator


def main(server: str, table: Path, folder: Path) -> None:
    h2o.connect(url=server)
    frame = h2o.import_file(str(table))
    *columns, truth = frame.columns
    # A sparse matrix would read every 0 as a missing value.
    model = H2OXGBoostEstimator(ntrees=1, max_depth=1, dmatrix_type="dense")
    model.train(x=columns, y=truth, training_frame=frame)
    mojo = model.download_mojo(str(folder), get_genmodel_jar=True)
    Path(mojo).rename(folder / "model.zip")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
