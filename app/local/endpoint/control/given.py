"""The endpoints that the process is started with.

Each has one variant, one configuration and one model. Configuration and model are named after the endpoint
and what it serves: another place, or another single model, is another deployment.
"""

import hashlib
import time

from app.local.endpoint.artifacts.sources import ServedEndpoint
from app.local.endpoint.config import EndpointConfig
from app.local.endpoint.control.deploying import deploy
from app.local.endpoint.control.estate import Estate
from app.local.endpoint.fleets.live import LiveEndpoint

IMAGE = "sagemaker-fastapi/local-endpoint:latest"
UNCHANGED_SINCE = 1577836800.0
"""2020: a start changes nothing of a deployment, and another deployment has another name."""


def add_given(estate: Estate, config: EndpointConfig) -> None:
    """In service at once. Models are loaded at the first call: their store may be away."""
    started = time.time()
    for served in estate.served.values():
        _add(estate, config, served, started)


def _add(estate: Estate, config: EndpointConfig, served: ServedEndpoint, started: float) -> None:
    name, variant = served.endpoint.name, served.endpoint.variant
    deployed = f"{served.endpoint.artifacts} {served.state}"
    deployment = f"{name[:54]}-{hashlib.sha256(deployed.encode()).hexdigest()[:8]}"
    mode = "MultiModel" if served.endpoint.multi_model else "SingleModel"
    container = {"Image": IMAGE, "Mode": mode, "ModelDataUrl": served.model_data_url}
    if ("Model", deployment) in estate.resources:  # of another endpoint, with so long a name in common
        estate.remove("Model", deployment)
        estate.remove("EndpointConfig", deployment)
    estate.add("Model", deployment, {"ModelName": deployment, "PrimaryContainer": {**container}}, started)
    estate.add(
        "EndpointConfig",
        deployment,
        {
            "EndpointConfigName": deployment,
            "ProductionVariants": [
                {"VariantName": variant, "ModelName": deployment, "InstanceType": "local"}
            ],
        },
        started,
    )
    fleet = deploy(estate, config, deployment, started)
    estate.endpoints[name] = LiveEndpoint(name, fleet, started, UNCHANGED_SINCE)
