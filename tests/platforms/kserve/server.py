"""KServe's own REST server with the sample's booster: PORT BOOSTER, on this machine only.

It runs in KServe's venv. ``transit`` reads and answers as KServe's own servers do, ``versioned`` names its
version and has two outputs, ``loading`` never becomes ready.
"""

import asyncio
import sys

import numpy as np
import xgboost
from kserve import InferOutput, InferRequest, InferResponse, Model, ModelServer
from kserve.protocol.rest.server import RESTServer
from kserve.utils.utils import get_predict_input, get_predict_response

V1 = dict[str, list[list[float | None]]]
Values = np.ndarray[tuple[int, ...], np.dtype[np.floating]]


class Transit(Model):  # type: ignore[misc]  # KServe says nothing of its types
    """Minutes of transit; what is None or NaN is missing."""

    def __init__(self, name: str, booster: xgboost.Booster, *, ready: bool = True) -> None:
        super().__init__(name)
        self._booster = booster
        self.ready = ready

    def predict(
        self, payload: V1 | InferRequest, headers: dict[str, str] | None = None
    ) -> V1 | InferResponse:
        return get_predict_response(payload, self.minutes(payload), self.name)

    def minutes(self, payload: V1 | InferRequest) -> Values:
        rows = np.asarray(get_predict_input(payload), dtype=float)
        return self._booster.inplace_predict(rows, validate_features=False)


class Versioned(Transit):
    """The minutes as a column, and once more beside their double."""

    def predict(self, payload: InferRequest, headers: dict[str, str] | None = None) -> InferResponse:
        column = self.minutes(payload).reshape(-1, 1)
        return InferResponse(
            "1",
            self.name,
            [_tensor("minutes", column), _tensor("both", np.hstack([column, 2 * column]))],
            model_version="2",
            requested_outputs=payload.request_outputs,
        )


def _tensor(name: str, values: Values) -> InferOutput:
    return InferOutput(name, list(values.shape), "FP32", values.ravel().tolist())


def main(port: int, booster_file: str) -> None:
    """Serve until killed."""
    booster = xgboost.Booster(model_file=booster_file)
    server = ModelServer(http_port=port, enable_grpc=False)
    server.register_model(Transit("transit", booster))
    server.register_model(Versioned("versioned", booster))
    server.register_model(Transit("loading", booster, ready=False))
    rest = RESTServer("kserve.model_server:app", server.dataplane, server.model_repository_extension, port)
    rest.config.host = "127.0.0.1"  # ModelServer.start would listen to everybody
    asyncio.run(rest.start())


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
