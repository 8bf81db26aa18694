"""Make an H2O server train an XGBoost model of one tree and give it as a MOJO, with the library that scores it.

``export_mojo.py CSV FOLDER PORT`` runs in the platform's venv. The table's last column is the truth, and the
MOJO describes the others as the model's columns. Afterwards FOLDER holds model.zip and h2o-genmodel.jar.
"""

import sys
from pathlib import Path

import h2o
from h2o.estimators import H2OXGBoostEstimator


def main(table: Path, folder: Path, port: int) -> None:
    h2o.init(
        ip="127.0.0.1",
        port=port,
        bind_to_localhost=True,
        nthreads=1,
        max_mem_size="1g",
        ice_root=str(folder),
        log_dir=str(folder),
    )
    try:
        frame = h2o.import_file(str(table))
        *columns, truth = frame.columns
        # A sparse matrix would read every 0 as a missing value.
        model = H2OXGBoostEstimator(ntrees=1, max_depth=1, dmatrix_type="dense")
        model.train(x=columns, y=truth, training_frame=frame)
        model.download_mojo(str(folder / "model.zip"), get_genmodel_jar=True)
    finally:
        h2o.cluster().shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
