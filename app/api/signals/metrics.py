"""What a monitoring system asks for."""

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.api.access.scopes import READ
from app.api.http.problems import responses
from app.api.http.strict_route import StrictRoute
from app.services.signals.telling import ExposedMetrics

router = APIRouter(tags=["health"], route_class=StrictRoute)

OPENMETRICS = re.compile(r"(?:^|,)\s*application/openmetrics-text\s*(?:;|,|$)", re.IGNORECASE)
EXAMPLE = """\
# HELP sagemaker_fastapi_workers Workers that live.
# TYPE sagemaker_fastapi_workers gauge
sagemaker_fastapi_workers 2.0
"""
TEXT: dict[int | str, dict[str, object]] = {
    200: {
        "content": {"text/plain": {"schema": {"type": "string"}, "example": EXAMPLE}},
        "description": "Prometheus' text format",
    }
}


async def _metrics(request: Request) -> ExposedMetrics:
    metrics: ExposedMetrics = request.app.state.metrics
    return metrics


@router.get(
    "/metrics",
    summary="What the service has done, for Prometheus",
    response_class=Response,
    responses=TEXT | responses(),
    dependencies=[READ],
)
async def get_metrics(request: Request, metrics: Annotated[ExposedMetrics, Depends(_metrics)]) -> Response:
    """Counters, gauges and histograms of all processes behind this port, and of the database; in OpenMetrics'
    format if `Accept` names it. Nothing of records. Where keys are demanded it takes one that is bound to
    nothing."""
    accepted = ",".join(request.headers.getlist("accept"))
    found = await metrics.exposed(openmetrics=OPENMETRICS.search(accepted) is not None)
    return Response(found.text, headers={"Content-Type": found.media_type})
