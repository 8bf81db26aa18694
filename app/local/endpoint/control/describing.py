"""An endpoint as DescribeEndpoint tells it."""

from collections.abc import Iterator

from app.local.endpoint.control.asked import Shape
from app.local.endpoint.control.estate import arn
from app.local.endpoint.fleets.fleet import Fleet, FleetVariant
from app.local.endpoint.fleets.live import LiveEndpoint


def described(live: LiveEndpoint) -> Shape:
    """All that is known of it. While an update is under way, the old fleet is what it has."""
    said: Shape = {
        "EndpointName": live.name,
        "EndpointArn": arn("Endpoint", live.name),
        "EndpointConfigName": live.fleet.config,
        "EndpointStatus": live.status,
        "CreationTime": live.created,
        "LastModifiedTime": live.changed,
        "ProductionVariants": [_variant(each) for each in live.fleet.variants],
        **live.fleet.about,
    }
    if live.reason:
        said["FailureReason"] = live.reason
    if live.deployment:
        said["LastDeploymentConfig"] = live.deployment
    if live.coming is not None and live.status in ("Creating", "Updating", "RollingBack"):
        said["PendingDeploymentSummary"] = {
            "EndpointConfigName": live.coming.config,
            "StartTime": live.coming.started,
            "ProductionVariants": [*_pending(live.coming, live.share)],
        }
    return said


def _variant(each: FleetVariant) -> Shape:
    weights: Shape = {"CurrentWeight": each.weight, "DesiredWeight": each.weight}
    if each.environments is not None:
        return {"VariantName": each.name, **each.about, **weights}
    counts: Shape = {"CurrentInstanceCount": each.instances, "DesiredInstanceCount": each.instances}
    return {"VariantName": each.name, **each.about, **counts, **weights}


def _pending(fleet: Fleet, share: float) -> Iterator[Shape]:
    status = "Creating" if not share else "Baking" if share >= 1 else "ActivatingTraffic"
    for each in fleet.variants:
        yield {**_variant(each), "VariantStatus": [{"Status": status, "StartTime": fleet.started}]}
