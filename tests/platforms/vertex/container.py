"""The model container: Google's own server for custom prediction routines, with its own XGBoost predictor.

It runs in the platform's venv, configured by the variables a Vertex AI container gets (AIP_STORAGE_URI,
AIP_HTTP_PORT, AIP_HEALTH_ROUTE, AIP_PREDICT_ROUTE). Its own command would listen on every interface.
"""

import os

import uvicorn
from google.cloud.aiplatform.prediction.model_server import CprModelServer

os.environ |= {
    "HANDLER_MODULE": "google.cloud.aiplatform.prediction.handler",
    "HANDLER_CLASS": "PredictionHandler",
    "PREDICTOR_MODULE": "google.cloud.aiplatform.prediction.xgboost.predictor",
    "PREDICTOR_CLASS": "XgboostPredictor",
}

if __name__ == "__main__":
    server = CprModelServer()
    uvicorn.run(server.app, host="127.0.0.1", port=server.http_port, access_log=False)
