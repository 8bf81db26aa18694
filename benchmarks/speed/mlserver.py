"""MLServer with the example's model inside it: what another server adds to an inference."""

import json
from contextlib import ExitStack
from pathlib import Path

import xgboost

from benchmarks.speed.guests import Target, venv
from benchmarks.speed.programs import running
from examples.transit import train
from examples.transit.preprocess import FEATURES, preprocess
from tests.support.ports import free_ports

NAME = "MLServer, the model inside it"


def mlserver(folder: Path, stack: ExitStack) -> Target:
    """Its server and one row's request; without its own workers, which would be a second process."""
    programs = venv("mlserver", NAME, beside_tests=True)
    grpc, metrics = free_ports(2)
    home = folder / "mlserver"
    (home / "transit").mkdir(parents=True)
    booster = xgboost.Booster()
    booster.load_model(bytearray(train.train("2")))
    booster.save_model(home / "transit" / "booster.json")
    parameters = {"uri": str(home / "transit" / "booster.json"), "version": "2"}
    runtime = {"name": "transit", "implementation": "mlserver_xgboost.XGBoostModel", "parameters": parameters}
    (home / "transit" / "model-settings.json").write_text(json.dumps(runtime))
    (home / "settings.json").write_text(json.dumps({"debug": False}))
    variables = {
        **{"MLSERVER_HOST": "127.0.0.1", "MLSERVER_HTTP_PORT": "{port}", "MLSERVER_GRPC_PORT": str(grpc)},
        **{"MLSERVER_METRICS_PORT": str(metrics), "MLSERVER_PARALLEL_WORKERS": "0", "HOME": str(home)},
    }
    command = [str(programs / "mlserver"), "start", str(home)]
    program = stack.enter_context(
        running(NAME, command, variables, folder, ready="/v2/health/ready", below=300)
    )
    requests = folder / "mlserver-requests.txt"
    requests.write_text(f"/v2/models/transit/infer\t{json.dumps(_request())}\n")
    return Target(program, requests)


def _request() -> dict[str, object]:
    [row] = preprocess([train.orders()[0].item])
    cells = [row[FEATURES.index(name)] or 0 for name in train.VERSIONS["2"]]
    tensor = {"name": "rows", "shape": [1, len(cells)], "datatype": "FP32", "data": cells}
    return {"inputs": [tensor]}
